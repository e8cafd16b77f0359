//! Every verdict of ours that differs from one of jsonwebtoken's is one of a table.
//!
//! The table is data in `table.rs` and stands in the README. What a token is made of is in
//! `draft.rs`, `cases.rs` and `members.rs` have tokens with known verdicts, `random.rs` generates
//! others, and `comparison.rs` asks both libraries.

mod cases;
mod comparison;
mod defaults;
mod draft;
mod form;
mod members;
mod random;
mod signature;
mod table;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use cases::{Expected, cases};
use comparison::{Comparison, Verdicts};
use draft::Draft;
use table::{Row, TABLE, Verdict, Why};

/// Tokens that are generated beside the cases.
const GENERATED: u32 = 4_000;

/// The rows that explain a disagreement.
fn rows_of(draft: &Draft, verdicts: &Verdicts) -> Vec<&'static Row> {
    let rows = TABLE.iter();
    rows.filter(|row| row.explains(draft, verdicts)).collect()
}

#[test]
fn every_case_has_its_verdicts_and_every_row_is_seen() {
    let comparison = Comparison::shared();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut both_accept, mut both_refuse) = (0, 0);
    let mut wrong = Vec::new();
    for case in cases() {
        let verdicts = comparison.judge(&case.draft);
        let is_as_expected = match case.expected {
            Expected::BothAccept => verdicts.ours.is_none() && verdicts.theirs.is_none(),
            Expected::BothRefuse => verdicts.ours.is_some() && verdicts.theirs.is_some(),
            Expected::WeRefuse(reason) => {
                verdicts.ours == Some(reason) && verdicts.theirs.is_none()
            }
            Expected::TheyRefuse(kind) => {
                verdicts.ours.is_none() && verdicts.theirs.as_deref() == Some(kind)
            }
        };
        if !is_as_expected {
            wrong.push(format!(
                "{verdicts:?}, not {:?}: {:?}",
                case.expected, case.draft
            ));
        }
        match rows_of(&case.draft, &verdicts)[..] {
            [row] => *seen.entry(row.token).or_default() += 1,
            [] if verdicts.agree() && verdicts.ours.is_none() => both_accept += 1,
            [] if verdicts.agree() => both_refuse += 1,
            ref rows => wrong.push(format!(
                "{} rows: {verdicts:?}: {:?}",
                rows.len(),
                case.draft
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("cases: {both_accept} accepted by both, {both_refuse} refused by both");
    for row in TABLE {
        let count = seen.get(row.token).copied().unwrap_or_default();
        println!("{count:6} {}", row.token);
        assert_ne!(count, 0, "no case for: {}", row.token);
    }
}

#[test]
fn no_generated_token_has_verdicts_outside_the_table() {
    // The same tokens in each run.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let seen = explore(TestRunner::new_with_rng(config(GENERATED), rng));
    // What was generated reaches far enough.
    assert!(seen.both_accept > 200, "{}", seen.both_accept);
    assert!(seen.both_refuse > 200, "{}", seen.both_refuse);
    assert!(seen.rows.len() > 25, "{:?}", seen.rows);
}

#[test]
#[ignore = "takes minutes; looks for new differences among other tokens in each run"]
fn no_token_of_many_has_verdicts_outside_the_table() {
    let seen = explore(TestRunner::new(config(50 * GENERATED)));
    assert_eq!(seen.rows.len(), TABLE.len(), "{:?}", seen.rows);
}

fn config(tokens: u32) -> ProptestConfig {
    ProptestConfig {
        cases: tokens,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// What was seen among generated tokens.
#[derive(Default)]
struct Seen {
    both_accept: usize,
    both_refuse: usize,
    rows: BTreeMap<&'static str, usize>,
}

/// Generates tokens and finds each disagreement in the table.
fn explore(mut runner: TestRunner) -> Seen {
    let comparison = Comparison::shared();
    let seen = RefCell::new(Seen::default());
    let outcome = runner.run(&Draft::any(), |draft| {
        let verdicts = comparison.judge(&draft);
        let rows = rows_of(&draft, &verdicts);
        let is_known = verdicts.agree() || !rows.is_empty();
        prop_assert!(is_known, "outside the table: {verdicts:?}");
        let mut seen = seen.borrow_mut();
        match (&verdicts.ours, &verdicts.theirs) {
            (None, None) => seen.both_accept += 1,
            (Some(_), Some(_)) => seen.both_refuse += 1,
            _ => {}
        }
        for row in rows {
            *seen.rows.entry(row.token).or_default() += 1;
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let seen = seen.into_inner();
    println!(
        "generated: {} accepted by both, {} refused by both",
        seen.both_accept, seen.both_refuse
    );
    for row in TABLE {
        let count = seen.rows.get(row.token).copied().unwrap_or_default();
        println!("{count:6} {}", row.token);
    }
    seen
}

#[test]
fn in_every_row_we_are_stricter_or_an_rfc_is_named() {
    let groups = "TKCSFDMOP";
    for row in TABLE {
        match row.verdict {
            Verdict::Stricter(_, Why(requirement, rfc)) => {
                let (group, number) = requirement.split_at(1);
                let is_one =
                    groups.contains(group) && number.len() == 2 && number.parse::<u8>().is_ok();
                assert!(is_one, "{}: {requirement}", row.token);
                assert!(rfc.is_empty() || names_an_rfc(rfc), "{}: {rfc}", row.token);
            }
            Verdict::Wider(_, rfc) => assert!(names_an_rfc(rfc), "{}: {rfc}", row.token),
        }
    }
}

/// Such as "RFC 7519 section 4".
fn names_an_rfc(text: &str) -> bool {
    let mut words = text.split(' ');
    let number = |word: Option<&str>| {
        word.is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
    };
    words.next() == Some("RFC")
        && number(words.next())
        && words.next() == Some("section")
        && number(words.next())
}

#[test]
fn the_readme_has_the_table() {
    let readme = include_str!("../../README.md");
    let rows = readme
        .lines()
        .skip_while(|line| !line.starts_with("| token |"))
        .skip(2);
    let shown: Vec<_> = rows.take_while(|line| line.starts_with('|')).collect();
    let expected: Vec<_> = TABLE.iter().map(Row::in_markdown).collect();
    assert_eq!(shown, expected, "it should read:\n{}", expected.join("\n"));
    let tokens: BTreeSet<_> = TABLE.iter().map(|row| row.token).collect();
    assert_eq!(tokens.len(), TABLE.len(), "two rows of one name");
}
