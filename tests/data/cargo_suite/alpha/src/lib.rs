//! A library whose tests end in every way a test can end.

/// Doubles a number.
///
/// ```
/// assert_eq!(alpha::double(2), 4);
/// ```
pub fn double(value: i64) -> i64 {
    value * 2
}

#[cfg(test)]
mod tests {
    use super::double;

    #[test]
    fn doubles() {
        assert_eq!(double(21), 42);
    }

    #[test]
    fn same_name() {}

    #[test]
    fn panics() {
        println!("said on stdout <&>");
        assert_eq!(double(1), 3, "double is \"wrong\" <here> & there");
    }

    #[test]
    fn returns_an_error() -> Result<(), String> {
        Err("not today".into())
    }

    #[test]
    #[should_panic(expected = "on purpose")]
    fn should_panic() {
        panic!("on purpose");
    }

    #[test]
    #[should_panic]
    fn should_panic_but_does_not() {}

    #[test]
    #[ignore = "asked for by name alone"]
    fn ignored() {}

    #[test]
    #[ignore]
    fn ignored_and_failing() {
        panic!("was run");
    }

    mod nested {
        mod deeply {
            #[test]
            fn same_name() {}

            #[test]
            fn prüft_größe_日本() {}
        }

        #[test]
        fn same_name_longer() {}
    }
}
