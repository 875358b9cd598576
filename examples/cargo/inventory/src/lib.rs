//! Counts things.

use std::collections::BTreeMap;

#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    Unknown(String),
    TooFew { wanted: u32, present: u32 },
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Inventory {
    items: BTreeMap<String, u32>,
}

impl Inventory {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&mut self, name: &str, count: u32) {
        *self.items.entry(name.to_owned()).or_insert(0) += count;
    }

    pub fn take(&mut self, name: &str, count: u32) -> Result<u32, Error> {
        let present = self
            .items
            .get_mut(name)
            .ok_or_else(|| Error::Unknown(name.to_owned()))?;
        if *present < count {
            return Err(Error::TooFew { wanted: count, present: *present });
        }
        *present -= count;
        Ok(*present)
    }

    pub fn count(&self, name: &str) -> u32 {
        self.items.get(name).copied().unwrap_or(0)
    }

    pub fn total(&self) -> u32 {
        self.items.values().sum()
    }

    /// Reads lines of the form `name: count`; lines without a colon are left out.
    pub fn parse(text: &str) -> Result<Self, std::num::ParseIntError> {
        let mut inventory = Self::new();
        for (name, count) in text.lines().filter_map(|line| line.split_once(':')) {
            inventory.add(name.trim(), count.trim().parse()?);
        }
        Ok(inventory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_at_first() {
        assert_eq!(Inventory::new().total(), 0);
    }

    #[test]
    fn adding_adds_up() {
        let mut inventory = Inventory::new();
        inventory.add("bolt", 2);
        inventory.add("bolt", 3);
        assert_eq!(inventory.count("bolt"), 5);
    }

    #[test]
    fn names_are_kept_apart() {
        let mut inventory = Inventory::new();
        inventory.add("bolt", 2);
        inventory.add("nut", 1);
        assert_eq!((inventory.count("bolt"), inventory.count("nut")), (2, 1));
    }

    #[test]
    fn taking_leaves_the_rest() {
        let mut inventory = Inventory::new();
        inventory.add("bolt", 2);
        assert_eq!(inventory.take("bolt", 1), Ok(1));
    }

    #[test]
    fn taking_too_many_is_an_error() {
        let mut inventory = Inventory::new();
        inventory.add("bolt", 2);
        assert_eq!(inventory.take("bolt", 3), Err(Error::TooFew { wanted: 3, present: 2 }));
    }

    #[test]
    fn taking_the_unknown_is_an_error() {
        assert_eq!(Inventory::new().take("x", 1), Err(Error::Unknown("x".to_owned())));
    }

    mod parsing {
        use super::*;

        #[test]
        fn empty_text() {
            assert_eq!(Inventory::parse(""), Ok(Inventory::new()));
        }

        #[test]
        fn blanks_do_not_matter() {
            assert_eq!(Inventory::parse("  bolt :  7 ").unwrap().count("bolt"), 7);
        }

        #[test]
        fn bad_numbers_are_errors() {
            assert!(Inventory::parse("bolt: many").is_err());
        }
    }

    #[test]
    #[ignore = "takes a while; include it with --run-ignored"]
    fn a_great_many() {
        let mut inventory = Inventory::new();
        for number in 0..1_000_000 {
            inventory.add(&format!("part {}", number % 1000), 1);
        }
        assert_eq!(inventory.total(), 1_000_000);
    }
}
