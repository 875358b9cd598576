//! Says hello, and what there is.

use inventory::Inventory;

pub fn greet(name: &str) -> String {
    match name.trim() {
        "" => "Hello!".to_owned(),
        name => format!("Hello, {name}!"),
    }
}

pub fn offer(inventory: &Inventory, item: &str) -> String {
    match inventory.count(item) {
        0 => format!("No {item} today."),
        1 => format!("One {item} left."),
        count => format!("{count} of {item}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greets_by_name() {
        assert_eq!(greet("Ada"), "Hello, Ada!");
    }

    #[test]
    fn greets_nobody_in_particular() {
        assert_eq!(greet("  "), "Hello!");
    }

    #[test]
    fn greets_beyond_ascii() {
        assert_eq!(greet("Jürgen"), "Hello, Jürgen!");
    }

    #[test]
    fn offers_nothing() {
        assert_eq!(offer(&Inventory::new(), "bolt"), "No bolt today.");
    }

    #[test]
    fn offers_the_last_one() {
        let mut inventory = Inventory::new();
        inventory.add("bolt", 1);
        assert_eq!(offer(&inventory, "bolt"), "One bolt left.");
    }

    #[test]
    fn offers_many() {
        let mut inventory = Inventory::new();
        inventory.add("bolt", 12);
        assert_eq!(offer(&inventory, "bolt"), "12 of bolt.");
    }
}
