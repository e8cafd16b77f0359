//! Where the time goes: the instructions of one accepted RS256 token, by function, counted by
//! callgrind; and what events and measures cost that nothing records.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench instructions` prints the tables. It
//! needs valgrind, under which it runs itself. It also runs itself with other features. Counts
//! repeat nearly exactly; hash keys and addresses make the difference.

use std::hint::black_box;
use std::process::{Command, Stdio};

use resource_server::testing::TestIssuer;
use resource_server::{Algorithm, Issuer, StaticKeys, Validator};

#[allow(dead_code)] // a part of it is used
mod cell;
mod counted;

use cell::thousands;
use counted::{
    AUDIENCE, ISSUER, counted_case, has_valgrind, instructions_by_function, run_under_callgrind,
};

/// What is counted begins and ends here.
const COUNTED_FUNCTION: &str = "*accept_one*";
const OUTPUT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/callgrind.out");

/// The variable by which only the number of all instructions is printed.
const ONLY_ALL: &str = "ONLY_ALL";
const TABLE: &str = "<!-- instructions -->";
const TABLE_OF_FEATURES: &str = "<!-- instructions/features -->";
/// Functions of less are shown together.
const LEAST_SHOWN: u64 = 250;
const WHAT_IT_DOES: [(&str, &str); 8] = [
    (
        "Payload::with",
        "the claims set: its members and their values",
    ),
    (
        "PresentedToken::parse_within",
        "dots, parts, and the same for the header",
    ),
    (
        "decode_complete_quads",
        "the ends of three parts, which SIMD leaves to plain code",
    ),
    ("decode_bulk", "the rest of the parts, by SIMD"),
    ("from_utf8", "header and claims set"),
    ("read_date", "three dates"),
    ("read_known", "which claims the members are"),
    ("One::find_raw_avx2", "dots"),
];

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
    if !has_valgrind() {
        for table in [TABLE, TABLE_OF_FEATURES] {
            println!("{table}\nskipped: valgrind is not installed");
        }
        return;
    }
    run_under_callgrind("accept", COUNTED_FUNCTION, OUTPUT, &[]);
    let mut functions: Vec<_> = instructions_by_function(OUTPUT).into_iter().collect();
    functions.sort_by_key(|(_, instructions)| std::cmp::Reverse(*instructions));
    let sum = |part: Option<Part>| -> u64 {
        let functions = functions
            .iter()
            .filter(|(function, _)| part.is_none_or(|part| part == part_of(function)));
        functions.map(|(_, instructions)| instructions).sum()
    };
    let all = sum(None);
    if std::env::var_os(ONLY_ALL).is_some() {
        println!("{all}");
        return;
    }
    println!("{TABLE}");
    println!("| instructions | function | what it does |");
    println!("| --: | --- | --- |");
    let row = |instructions, function: &str, text: &str| {
        println!("| {} | {function} | {text} |", thousands(instructions));
    };
    row(all, "all", "");
    row(
        sum(Some(Part::Signature)),
        "those of AWS-LC",
        "the signature's arithmetic and hash",
    );
    row(
        sum(Some(Part::CLibrary)),
        "`malloc`, `free`, `memset` and others of the C library",
        "mostly for the signature; three of the allocations are ours",
    );
    let ours = functions
        .iter()
        .filter(|(function, _)| part_of(function) == Part::Rust);
    let (shown, others): (Vec<_>, Vec<_>) =
        ours.partition(|(_, instructions)| *instructions >= LEAST_SHOWN);
    for (function, instructions) in shown {
        let name = short_name(function);
        let text = WHAT_IT_DOES.iter().find(|(known, _)| *known == name);
        row(
            *instructions,
            &format!("`{name}`{}", origin_of(function)),
            text.map_or("", |(_, text)| *text),
        );
    }
    let others = others.iter().map(|(_, instructions)| instructions);
    row(others.sum(), "all others in Rust", "");

    println!("\n{TABLE_OF_FEATURES}");
    println!("| feature | more instructions of an accepted token than without |");
    println!("| --- | --: |");
    for (feature, text) in [
        ("tracing", "`tracing`, without a subscriber"),
        ("metrics", "`metrics`, without a recorder"),
    ] {
        println!(
            "| {text} | {} |",
            thousands(all_with(feature).saturating_sub(all))
        );
    }
}

/// All instructions, as this bench counts them when it is built with a feature.
fn all_with(feature: &str) -> u64 {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["bench", "--bench", "instructions", "--features", feature])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env(ONLY_ALL, "1")
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    let number = text.lines().find_map(|line| line.trim().parse().ok());
    number.expect("a number")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Signature,
    CLibrary,
    Rust,
}

/// Rust's functions have paths, and those of C have none.
fn part_of(function: &str) -> Part {
    let is_of_c_library = ["malloc", "calloc", "realloc", "free"].contains(&function)
        || ["_int_", "__mem", "mem"]
            .iter()
            .any(|begin| function.starts_with(begin));
    if function.contains("::") && !function.contains("aws_lc") {
        Part::Rust
    } else if is_of_c_library && !function.contains("::") {
        Part::CLibrary
    } else {
        Part::Signature
    }
}

/// The last part of a path, after the type that it is a method of.
fn short_name(function: &str) -> String {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for character in function
        .replace("::{{closure}}", "")
        .replace("::", "\0")
        .chars()
    {
        match character {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        match (character, depth) {
            ('\0', 0) => parts.push(String::new()),
            _ => parts.last_mut().expect("a part").push(character),
        }
    }
    let method = parts.pop().unwrap_or_default();
    // `Type`, `<impl path::Type>` or `<path::Type as path::Trait>`.
    let owner = parts.pop().unwrap_or_default();
    let owner = owner.trim_matches(['<', '>']).trim_start_matches("impl ");
    let owner = owner
        .split(" as ")
        .next()
        .and_then(|path| path.rsplit('\0').next());
    match owner {
        Some(owner) if owner.starts_with(char::is_uppercase) => format!("{owner}::{method}"),
        _ => method.replace('\0', "::"),
    }
}

/// The crate of a function, if it is not this one.
fn origin_of(function: &str) -> String {
    let path = function.trim_start_matches('<').trim_start_matches("impl ");
    match path.split("::").next() {
        None | Some("resource_server") => String::new(),
        Some(origin) => format!(" ({origin})"),
    }
}
