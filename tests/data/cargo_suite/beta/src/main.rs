fn main() {}

#[test]
fn same_name() {}

#[test]
fn sees_the_environment() {
    if let Ok(expected) = std::env::var("CARGO_SUITE_EXPECT_ROOT") {
        assert_eq!(std::env::var("OFFLOAD_ROOT").ok(), Some(expected));
    }
}
