//! Tests that take their process with them, or refuse to end.

use std::time::Duration;

#[test]
fn same_name() {}

#[test]
fn aborts() {
    eprintln!("last words");
    std::process::abort();
}

#[test]
fn segfaults() {
    unsafe { std::ptr::null_mut::<u8>().wrapping_add(1).write_volatile(1) }
}

#[test]
fn exits_with_three() {
    std::process::exit(3);
}

/// Waits for as many milliseconds as the environment says, else not at all.
#[test]
fn sleeps() {
    let millis = std::env::var("CARGO_SUITE_SLEEP_MS").ok().and_then(|text| text.parse().ok());
    std::thread::sleep(Duration::from_millis(millis.unwrap_or(0)));
}

/// Passes on its second run where a folder to remember the first one is given.
#[test]
fn flaky() {
    if let Ok(folder) = std::env::var("CARGO_SUITE_FLAKY_FOLDER") {
        let mark = std::path::Path::new(&folder).join("ran-once");
        if !mark.exists() {
            std::fs::write(&mark, "").expect("the folder can be written");
            panic!("the first run fails");
        }
    }
}
