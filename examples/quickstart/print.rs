//! Lines of at most 80 columns.

use std::time::Duration;

use resource_server::{AccessToken, Error};

const COLUMNS: usize = 80;

pub(crate) fn heading_of_tokens() {
    if cfg!(debug_assertions) {
        println!("Times are in microseconds, of an unoptimised build (add --release).\n");
    }
    println!(
        "{:<34} {:>6}  {:<27} {:>8}",
        "token", "status", "reason", "us"
    );
    println!("{}", "-".repeat(COLUMNS - 1));
}

/// Prints one case and returns its status.
pub(crate) fn token(case: &str, outcome: &Result<AccessToken, Error>, took: Duration) -> u16 {
    let status = outcome.as_ref().map_or_else(Error::status, |_| 200);
    let reason = match outcome {
        Err(Error::Rejected(rejection)) => rejection.reason().as_str(),
        _ => "",
    };
    let micros = took.as_secs_f64() * 1e6;
    println!("{case:<34} {status:>6}  {reason:<27} {micros:>8.1}");
    if let Err(error) = outcome {
        print_wrapped(&error.explain());
    }
    status
}

fn print_wrapped(text: &str) {
    const INDENT: &str = "    ";
    let mut line = String::from(INDENT);
    for word in text.split_whitespace() {
        if line.len() + word.len() + 1 > COLUMNS && line != INDENT {
            println!("{}", line.trim_end());
            INDENT.clone_into(&mut line);
        }
        line.push_str(word);
        line.push(' ');
    }
    println!("{}", line.trim_end());
}
