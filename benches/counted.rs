//! Shared parts of the benches that count instructions: a program that runs itself under callgrind,
//! and the token that it judges.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

pub(crate) const ISSUER: &str = "https://as.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
/// The variable that marks the process under valgrind.
const COUNTED: &str = "COUNTED";

/// The case that this process runs, if it is the one under valgrind.
pub(crate) fn counted_case() -> Option<String> {
    std::env::var(COUNTED).ok()
}

/// Whether this system has valgrind.
pub(crate) fn has_valgrind() -> bool {
    let version = Command::new("valgrind").arg("--version").output();
    version.is_ok_and(|version| version.status.success())
}

/// Runs a case of this program under callgrind, which counts what is done in one function, and
/// gives what it printed.
pub(crate) fn run_under_callgrind(
    case: &str,
    function: &str,
    output: &str,
    options: &[String],
) -> String {
    let this = std::env::current_exe().expect("this program");
    let counted = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--dump-instr=no"])
        .arg(format!("--toggle-collect={function}"))
        .arg(format!("--callgrind-out-file={output}"))
        .args(options)
        .arg(this)
        .env(COUNTED, case)
        .stderr(Stdio::inherit())
        .output()
        .expect("valgrind is installed");
    assert!(counted.status.success());
    String::from_utf8(counted.stdout).expect("text")
}

/// What callgrind has counted, by function.
#[allow(dead_code)] // not by each program
pub(crate) fn instructions_by_function(output: &str) -> BTreeMap<String, u64> {
    let listed = Command::new("callgrind_annotate")
        .args(["--threshold=100", output])
        .output()
        .expect("callgrind_annotate is installed");
    let text = String::from_utf8_lossy(&listed.stdout);
    let mut functions = BTreeMap::new();
    for (instructions, function) in text.lines().filter_map(entry) {
        *functions.entry(function).or_default() += instructions;
    }
    functions
}

/// A line of the listing: instructions, perhaps with their share, and `file:function [object]`.
fn entry(line: &str) -> Option<(u64, String)> {
    let line = line.trim_start();
    let (count, rest) = line.split_once(' ')?;
    let instructions = count.replace(',', "").parse().ok()?;
    let rest = match rest.trim_start().strip_prefix('(') {
        Some(share) => share.split_once(')')?.1,
        None => rest,
    };
    let (_, function) = rest.trim().split_once(':')?;
    let function = function.split(" [").next()?;
    Some((instructions, function.to_owned()))
}
