//! A test binary with a harness of its own, whose names hold what a filter language gives meaning.

const NAMES: &[&str] = &[
    "with space",
    "a/b\\c",
    "(paren), [bracket] {brace}",
    "dollar$ and 'quote' and \"double\"",
    "tests::Vec<u8>::<T>",
    "pipe|or&and!not+plus*star?^",
    "größe=日本",
    "{tests} {result_file}",
    "#hash ~tilde =equals",
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|word| word == "--list") {
        if !arguments.iter().any(|word| word == "--ignored") {
            for name in NAMES {
                println!("{name}: test");
            }
        }
        return;
    }
    let wanted = arguments.iter().find(|word| NAMES.contains(&word.as_str()));
    match wanted {
        Some(name) => println!("ran {name}"),
        None => {
            eprintln!("unknown arguments: {arguments:?}");
            std::process::exit(9);
        }
    }
}
