pub fn balance(amounts: &[i64]) -> i64 {
    amounts.iter().skip(1).sum()
}

#[cfg(test)]
mod tests {
    use super::balance;

    fn check(amounts: &[i64], expected: i64) {
        assert_eq!(balance(amounts), expected, "balance of {amounts:?}");
    }

    #[test]
    fn balance_is_the_sum() {
        check(&[3, 4, 5], 12);
    }

    #[test]
    fn lost_in_noise() {
        for entry in 0..3000 {
            println!("entry {entry} is booked");
        }
        check(&[7], 7);
    }

    #[test]
    fn error_is_returned() -> Result<(), String> {
        Err("the books do not balance".into())
    }
}
