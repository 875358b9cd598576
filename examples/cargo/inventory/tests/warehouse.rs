//! Through the public interface only.

use inventory::Inventory;

#[test]
fn round_trip() {
    let mut inventory = Inventory::parse("bolt: 3\nnut: 4").unwrap();
    inventory.take("nut", 4).unwrap();
    assert_eq!(inventory.total(), 3);
}

#[test]
fn copies_are_independent() {
    let mut first = Inventory::parse("bolt: 1").unwrap();
    let second = first.clone();
    first.add("bolt", 1);
    assert_eq!(second.count("bolt"), 1);
}
