//! Where the time goes: the instructions of one accepted RS256 token, by function, counted by
//! callgrind.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench instructions` prints the table. It
//! needs valgrind, under which it runs itself. Counts repeat nearly exactly; hash keys and
//! addresses make the difference.

use std::collections::BTreeMap;
use std::hint::black_box;

use resource_server::testing::TestIssuer;
use resource_server::{Algorithm, Issuer, StaticKeys, Validator};

mod counted;

use counted::{AUDIENCE, ISSUER, counted_case, instructions_by_function, run_under_callgrind};

/// What is counted begins and ends here.
const COUNTED_FUNCTION: &str = "*accept_one*";
const OUTPUT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/callgrind.out");

fn main() {
    if counted_case().is_some() {
        run();
    } else {
        count();
    }
}

#[inline(never)]
fn accept_one(validator: &Validator, token: &str) -> bool {
    validator
        .validate_cached(token)
        .is_some_and(|verdict| verdict.is_ok())
}

fn run() {
    let (issuer, validator) = issuer_and_validator();
    let token = issuer
        .token()
        .algorithm(Algorithm::RS256)
        .subject("248289761001")
        .scope("orders:read orders:write profile")
        .claim("nbf", 1_700_000_000)
        .claim("tenant", "0f8fad5b-d9cb-469f-a165-70867728950e")
        .mint();
    // Nor is what this very token does for the first time counted.
    validator
        .validate_cached(&token)
        .expect("keys")
        .expect("good");
    assert!(accept_one(black_box(&validator), black_box(&token)));
}

/// An issuer with RS256 and 2048 bits, and a Validator that has judged a token, so that what is
/// done once in a process is done.
fn issuer_and_validator() -> (TestIssuer, Validator) {
    let issuer = TestIssuer::new(ISSUER, AUDIENCE).algorithms([Algorithm::RS256]);
    let keys = StaticKeys::from_jwks(&issuer.jwks()).expect("a JWK Set");
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::new(ISSUER).keys(keys))
        .build()
        .expect("sound settings");
    let token = issuer.token().algorithm(Algorithm::RS256).mint();
    validator
        .validate_cached(&token)
        .expect("keys")
        .expect("good");
    (issuer, validator)
}

fn count() {
    run_under_callgrind("accept", COUNTED_FUNCTION, OUTPUT, &[]);
    let mut functions: Vec<_> = instructions_by_function(OUTPUT).into_iter().collect();
    functions.sort_by_key(|(_, instructions)| std::cmp::Reverse(*instructions));
    let total: u64 = functions.iter().map(|(_, instructions)| instructions).sum();
    println!("| instructions | part | function |\n| --- | --- | --- |");
    for (function, instructions) in &functions {
        if *instructions >= 50 {
            println!("| {instructions} | {} | `{function}` |", part_of(function));
        }
    }
    println!("| {total} | | all |\n");
    let mut parts = BTreeMap::<&str, u64>::new();
    for (function, instructions) in &functions {
        *parts.entry(part_of(function)).or_default() += instructions;
    }
    println!("| part | instructions |\n| --- | --- |");
    for (part, instructions) in parts {
        println!("| {part} | {instructions} |");
    }
}

fn part_of(function: &str) -> &'static str {
    let parts = [
        ("aws_lc", "signature"),
        ("bn_", "signature"),
        ("rsaz", "signature"),
        ("sha256", "signature"),
        ("base64", "base64"),
        ("resource_server::library::core::json", "JSON"),
        ("serde_json", "JSON"),
        ("memchr", "JSON"),
        ("malloc", "memory"),
        ("free", "memory"),
        ("memcpy", "memory"),
        ("memmove", "memory"),
        ("memset", "memory"),
        ("alloc", "memory"),
    ];
    let found = parts.iter().find(|(name, _)| function.contains(name));
    found.map_or("other", |(_, part)| part)
}
