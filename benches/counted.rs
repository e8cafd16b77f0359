//! Shared parts of the benches that count instructions: a program that runs itself under callgrind,
//! and the token that it judges.

use std::process::{Command, Stdio};

pub(crate) const ISSUER: &str = "https://as.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
/// The variable that marks the process under valgrind.
const COUNTED: &str = "COUNTED";

/// Whether this process is the one under valgrind.
pub(crate) fn is_counted() -> bool {
    std::env::var_os(COUNTED).is_some()
}

/// Runs this program under callgrind, which counts what is done in one function, and gives what it
/// printed.
pub(crate) fn run_under_callgrind(function: &str, output: &str, options: &[String]) -> String {
    let this = std::env::current_exe().expect("this program");
    let counted = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--dump-instr=no"])
        .arg(format!("--toggle-collect={function}"))
        .arg(format!("--callgrind-out-file={output}"))
        .args(options)
        .arg(this)
        .env(COUNTED, "1")
        .stderr(Stdio::inherit())
        .output()
        .expect("valgrind is installed");
    assert!(counted.status.success());
    String::from_utf8(counted.stdout).expect("text")
}
