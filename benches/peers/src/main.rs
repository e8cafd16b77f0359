//! Compares `resource-server` with other libraries that validate access tokens: all in one run,
//! with the same tokens and keys. See the README.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml` prints tables. With `-- --write`
//! it puts them into the README too, and with `-- --reasons` it shows why a peer refuses a good
//! token. Other arguments are beginnings of workers' names: only those peers take part.

mod allocations;
mod cases;
mod driver;
mod protocol;
mod roster;
mod tables;
mod workers;

use std::path::Path;

const README: &str = "README.md";
const BEGIN: &str = "<!-- The tables are written by the program. -->\n";
const END: &str = "<!-- The end of the tables. -->";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, name] = &arguments[..]
        && first == "worker"
    {
        workers::run(name);
        return;
    }
    let (options, names): (Vec<_>, Vec<_>) = arguments
        .into_iter()
        .partition(|argument| argument.starts_with("--"));
    driver::prepare();
    let outcome = driver::run(&names);
    let markdown = tables::markdown(&outcome);
    println!("{markdown}");
    if options.iter().any(|option| option == "--reasons") {
        eprintln!("{}", tables::reasons(&outcome));
    }
    if options.iter().any(|option| option == "--write") {
        write(&markdown);
    }
}

/// Puts the tables between the marks in the README.
fn write(markdown: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(README);
    let text = std::fs::read_to_string(&path).expect("the README");
    let (before, rest) = text.split_once(BEGIN).expect("the mark before the tables");
    let (_, after) = rest.split_once(END).expect("the mark after the tables");
    let text = format!("{before}{BEGIN}\n{markdown}\n{END}{after}");
    std::fs::write(&path, text).expect("the README can be written");
}
