#[test]
fn lib_and_package_differ_in_name() {}

#[cfg(feature = "extra")]
#[test]
fn only_with_the_feature() {}
