//! What the strict reader and serde_json see in the same texts, held against the model of the rules.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

use super::model::Findings;
use super::*;

/// Pieces of JSON, some of them spoilt, and what is at the edge of a rule.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\n",
    "\u{b}",
    "\u{a0}",
    "\"",
    "\"\"",
    r"\",
    r"\u",
    r"\x",
    r"\/",
    r"\ud83d",
    r"\ude00",
    r"\ud83d\ude00",
    r"\u00E9",
    r"\u0000",
    "\u{1}",
    "\u{7f}",
    "é",
    "😀",
    "a",
    "\"a\"",
    r#""\u0061""#,
    r#""a\ud83d\ude00""#,
    r#""\ud83d""#,
    r#""\ud83d\u0061""#,
    r#""\udc00""#,
    "\"12345678\"",
    "\"1234567\"",
    "\"1234567890123456\"",
    "\"é\"",
    "\"a\":",
    "{\"a\":",
    "[[",
    "]]",
    "[]",
    "{}",
    "true",
    "false",
    "null",
    "nul",
    "True",
    "0",
    "-",
    "-0",
    "00",
    "1",
    "-1",
    "1.",
    ".5",
    "1.5",
    "1e",
    "1e5",
    "1E+5",
    "1e-5",
    "1e-",
    "e9",
    "1e307",
    "1e308",
    "1e309",
    "10e308",
    "0.01e310",
    "0e999",
    "-1e400",
    "1e-999",
    "1e99999999999999999999",
    "0e99999999999999999999",
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "18446744073709551616",
    "-9223372036854775809",
    "\"$serde_json::private::Number\":",
    "\"$serde_json::private::RawValue\":",
    "/",
    "\u{feff}",
    "NaN",
];

fn a_value() -> impl Strategy<Value = String> {
    let joined = |values: Vec<String>| values.join(",");
    let name = select(vec![
        "a",
        "b",
        r"\u0061",
        "é",
        r"\n",
        "",
        "1234567",
        "12345678",
        "12345679",
        "0123456789abcdef",
        r"\ud83d\ude00",
    ]);
    let leaf = prop_oneof![
        select(PIECES).prop_map(str::to_owned),
        "[ -~é]{0,20}".prop_map(|text| format!("{text:?}")),
        (290..320_usize).prop_map(|length| "7".repeat(length)),
        (1_020..1_028_usize).prop_map(|count| format!("[{}0]", "0,".repeat(count - 1))),
        (28..36_usize).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
        (28..36_usize).prop_map(|depth| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth)),
        (125..132_usize).prop_map(|count| {
            let names: Vec<_> = (0..count).map(|name| format!("\"{name}\":0")).collect();
            format!("{{{}}}", names.join(","))
        }),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let member =
            (name.clone(), inner.clone()).prop_map(|(name, value)| format!("\"{name}\" :{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(move |all| format!("[{}]", joined(all))),
            prop::collection::vec(member, 0..6).prop_map(move |all| format!("{{{}}}", joined(all))),
        ]
    })
}

/// Where in a text, what to leave out there, and what to put there.
fn a_change() -> impl Strategy<Value = (Index, usize, &'static str)> {
    (any::<Index>(), 0..4_usize, select(PIECES))
}

#[test]
fn c05_the_reader_and_serde_json_see_the_same() {
    let members = prop::collection::vec(a_value(), 1..4).prop_map(|values| {
        let members: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    });
    let texts = (members, prop::collection::vec(a_change(), 0..3)).prop_map(|(text, changes)| {
        changes
            .into_iter()
            .fold(text, |text, (place, left_out, piece)| {
                let mut characters: Vec<char> = text.chars().collect();
                let start = place.index(characters.len() + 1);
                let end = characters.len().min(start + left_out);
                characters.splice(start..end, piece.chars());
                characters.into_iter().collect()
            })
    });
    let mut config = ProptestConfig::with_cases(4_000);
    config.failure_persistence = None;
    let accepted = Cell::new(0);
    let outcome = TestRunner::new(config).run(&texts, |text| {
        let mut members = Vec::new();
        let found = read_object(&text, |name, value| {
            members.push((name.to_owned(), value.text()));
        });
        match (found, Findings::of(&text)) {
            (Ok(()), findings) => {
                prop_assert!(findings.is_some_and(|findings| findings.are_none()));
                let other: std::collections::HashMap<String, &RawValue> =
                    serde_json::from_str(&text).unwrap();
                prop_assert_eq!(members.len(), other.len());
                for (name, value) in members {
                    prop_assert_eq!(Some(value), other.get(&name).map(|value| value.get()));
                    let string: Option<String> = serde_json::from_str(value).ok();
                    prop_assert_eq!(Value::of(value).as_str().map(Cow::into_owned), string);
                    let strings: Option<Vec<String>> = serde_json::from_str(value).ok();
                    let mut read = Vec::new();
                    let are_strings = Value::of(value).each_string(2_000, |string| {
                        read.push(std::mem::take(string).into_owned());
                    });
                    prop_assert_eq!(are_strings.map(|()| read), strings);
                }
                accepted.set(accepted.get() + 1);
            }
            // Of two faults, each may be told.
            (Err(Fault::Syntax), Some(findings)) => {
                prop_assert!(findings.allow_syntax_fault());
            }
            (Err(Fault::Duplicate), Some(findings)) => prop_assert!(findings.has_doubles),
            (Err(Fault::TooComplex), Some(findings)) => prop_assert!(findings.is_too_complex),
            (Err(Fault::NotAnObject), Some(findings)) => prop_assert!(findings.is_no_object),
            (Err(_), None) => {}
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    // Far below what is usual, 230, which varies.
    assert!(accepted.get() > 100, "{}", accepted.get());
}
