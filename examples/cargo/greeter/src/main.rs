use greeter::greet;

fn main() {
    println!("{}", greet(&std::env::args().nth(1).unwrap_or_default()));
}
