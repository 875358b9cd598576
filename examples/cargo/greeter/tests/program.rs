//! The program as a user runs it.

use std::process::Command;

fn output(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_greeter")).args(arguments).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn round_trip() {
    assert_eq!(output(&["Ada"]), "Hello, Ada!\n");
}

#[test]
fn slow_start_is_waited_for() {
    std::thread::sleep(std::time::Duration::from_millis(800));
    assert_eq!(output(&[]), "Hello!\n");
}
