//! What the strict reader and serde_json read in the same texts, compared with the model of the
//! rules.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::model::Findings;
use super::*;

const CASES: u32 = 4_000;

/// SplitMix64: the same cases in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

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
    "0e400",
    "1.7976931348623158e308",
    "1797693134862315807e290",
    "17976931348623158079e289",
    "17976931348623158080e289",
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

const NAMES: &[&str] = &[
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
];

/// A value of at most so many objects and arrays inside one another, most of them well-formed.
fn a_value(random: &mut Random, depth: usize) -> String {
    let count = random.below(6);
    match random.below(if depth == 0 { 7 } else { 13 }) {
        0 | 1 => random.one_of(PIECES).to_owned(),
        2 => {
            let of_text: Vec<char> = (' '..='~').chain(['é']).collect();
            let text: String = (0..random.below(20))
                .map(|_| random.one_of(&of_text))
                .collect();
            format!("{text:?}")
        }
        3 => random.one_of(&["7", "9"]).repeat(60 + random.below(8)),
        4 => {
            let (open, close) = random.one_of(&[("[", "]"), ("{\"a\":[", "]}")]);
            let depth = 28 / open.len().div_ceil(3) + random.below(8);
            open.repeat(depth) + &close.repeat(depth)
        }
        5 => {
            let names: Vec<_> = (0..28 + random.below(8))
                .map(|name| format!("\"{name}\":0"))
                .collect();
            format!("{{{}}}", names.join(","))
        }
        6 => format!("[{}0]", "0,".repeat(random.below(1_100))),
        7..=9 => {
            let elements: Vec<_> = (0..count).map(|_| a_value(random, depth - 1)).collect();
            format!("[{}]", elements.join(","))
        }
        _ => {
            let members: Vec<_> = (0..count)
                .map(|_| {
                    format!(
                        "\"{}\" :{}",
                        random.one_of(NAMES),
                        a_value(random, depth - 1)
                    )
                })
                .collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

fn a_text(random: &mut Random) -> String {
    let members: Vec<_> = (0..=random.below(3))
        .map(|name| format!("\"{name}\":{}", a_value(random, 4)))
        .collect();
    let mut text: Vec<char> = format!("{{{}}}", members.join(",")).chars().collect();
    for _ in 0..random.below(3) {
        let start = random.below(text.len() + 1);
        let end = text.len().min(start + random.below(4));
        text.splice(start..end, random.one_of(PIECES).chars());
    }
    text.into_iter().collect()
}

#[test]
fn c05_the_reader_and_serde_json_read_the_same() {
    let mut random = Random(1);
    let mut accepted = 0;
    for _ in 0..CASES {
        let text = a_text(&mut random);
        let mut members = Vec::new();
        let found = read_object(&text, |name, value| members.push((name.to_owned(), value)));
        match (found, Findings::of(&text)) {
            (Ok(()), findings) => {
                assert!(
                    findings.is_some_and(|findings| findings.are_none()),
                    "{text}"
                );
                assert_same_members(&text, &members);
                accepted += 1;
            }
            // Of two faults, either may be reported.
            (Err(Fault::Syntax), Some(findings)) => assert!(findings.has_reserved_names, "{text}"),
            (Err(Fault::Duplicate), Some(findings)) => assert!(findings.has_duplicates, "{text}"),
            (Err(Fault::Number), Some(findings)) => assert!(findings.has_bad_numbers, "{text}"),
            (Err(Fault::TooDeep { .. }), Some(findings)) => assert!(findings.is_too_deep, "{text}"),
            (Err(Fault::NotAnObject), Some(findings)) => assert!(findings.is_no_object, "{text}"),
            (Err(_), None) => {}
        }
    }
    assert!(accepted > CASES / 20, "{accepted}");
}

fn assert_same_members(text: &str, members: &[(String, Value<'_>)]) {
    let other: HashMap<String, &RawValue> = serde_json::from_str(text).unwrap();
    assert_eq!(members.len(), other.len(), "{text}");
    for (name, value) in members {
        assert_eq!(Some(value.text()), other.get(name).map(|value| value.get()));
        let string: Option<String> = serde_json::from_str(value.text()).ok();
        assert_eq!(value.as_str().map(Cow::into_owned), string, "{text}");
        let is = |text: &str| value.string().is_some_and(|string| string.is(text));
        assert_eq!(
            is(string.as_deref().unwrap_or("x")),
            string.is_some(),
            "{text}"
        );
        assert!(!is("no string of the texts"), "{text}");
        let strings: Option<Vec<String>> = serde_json::from_str(value.text()).ok();
        let read: Option<Option<Vec<String>>> = value
            .strings()
            .map(|all| all.map(|one| Some(one?.unescaped().into_owned())).collect());
        assert_eq!(read.flatten(), strings, "{text}");
        let elements: Option<Vec<&RawValue>> = serde_json::from_str(value.text()).ok();
        let elements = elements.map(|all| all.into_iter().map(RawValue::get).collect::<Vec<_>>());
        let read = value
            .elements()
            .map(|all| all.map(Value::text).collect::<Vec<_>>());
        assert_eq!(read, elements, "{text}");
        let inner: Option<HashMap<String, &RawValue>> = serde_json::from_str(value.text()).ok();
        for (name, expected) in inner.unwrap_or_default() {
            let read = value.member(&name).map(Value::text);
            assert_eq!(read, Some(expected.get()), "{text}");
        }
    }
}
