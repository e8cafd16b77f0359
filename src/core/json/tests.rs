//! What the strict reader refuses, and its bounds.

use super::*;

fn fault(text: &str) -> Option<Fault> {
    read_object(text, |_, _| {}).err()
}

fn nested(depth: usize) -> String {
    // The object itself is one level.
    format!(
        r#"{{"a":{}{}}}"#,
        "[".repeat(depth - 1),
        "]".repeat(depth - 1)
    )
}

#[test]
fn t04_and_c05_what_is_refused() {
    let syntax = Some(Fault::Syntax);
    let cases: &[(&str, Option<Fault>)] = &[
        (r#"{"a":1,"b":[{"c":null},true,"x",-1.5e3]}"#, None),
        (" {} \n", None),
        ("", Some(Fault::NotAnObject)),
        ("null", Some(Fault::NotAnObject)),
        ("[]", Some(Fault::NotAnObject)),
        ("\u{feff}{}", Some(Fault::NotAnObject)),
        ("{", syntax),
        ("{}x", syntax),
        ("{}{}", syntax),
        (r#"{"a":1,}"#, syntax),
        (r#"{"a":01}"#, syntax),
        (r#"{"a":NaN}"#, syntax),
        (r#"{"a":1e400}"#, syntax),
        (r#"{"a":[1e400]}"#, syntax),
        (r#"{"a":"\ud800"}"#, syntax),
        (r#"{"\udc00":1}"#, syntax),
        (r#"{"a":["\ud800"]}"#, syntax),
        ("{\"a\":\"\n\"}", syntax),
        (r#"{"a":1,"a":1}"#, Some(Fault::Duplicate)),
        (r#"{"role":1,"r\u006fle":1}"#, Some(Fault::Duplicate)),
        (r#"{"a":{"b":1,"b":2}}"#, Some(Fault::Duplicate)),
        (
            r#"{"a":[{"b":{"role":1,"\u0072ole":2}}]}"#,
            Some(Fault::Duplicate),
        ),
        (r#"{"a":{"b":1},"c":{"b":1}}"#, None),
    ];
    for (text, expected) in cases {
        assert_eq!(fault(text), *expected, "{text}");
    }
    assert_eq!(fault(&format!(r#"{{"a":{}}}"#, "9".repeat(400))), syntax);
}

#[test]
fn c05_names_that_differ_are_no_doubles() {
    for text in [
        // By few bits of the last byte, on both sides of the length up to which a name is its own number.
        r#"{"abcdef`":1,"abcdefh":1,"abcdefg`":1,"abcdefgh":1,"abcdefgh`":1,"abcdefghh":1}"#,
        // From the names that the JSON library keeps for itself.
        r#"{"$serde_json":1,"$serde_json::private":1,"$serde_json::private::Raw":1}"#,
    ] {
        assert_eq!(fault(text), None, "{text}");
    }
}

/// So that none of one kind is taken for one of the other.
#[test]
fn c05_only_long_names_have_the_top_bit() {
    for length in 0..64 {
        let name = "n".repeat(length);
        assert_eq!(number_of(&name) >> 63, u64::from(length > 7), "{length}");
    }
}

#[test]
fn c05_strings_are_unescaped_where_they_have_escapes() {
    for (text, expected) in [
        (r#""""#, ""),
        (r#""a""#, "a"),
        (r#""\\""#, "\\"),
        (r#""\\\\""#, "\\\\"),
        (r#""\u0061b""#, "ab"),
    ] {
        let mut read = None;
        read_object(&format!("{{\"a\":{text}}}"), |_, value| {
            read = value.as_str().map(Cow::into_owned);
        })
        .unwrap();
        assert_eq!(read.as_deref(), Some(expected), "{text}");
        assert_eq!(
            Value::of(text).as_str().as_deref(),
            Some(expected),
            "{text}"
        );
    }
}

#[test]
fn c05_bounds_are_exact() {
    assert_eq!(fault(&nested(MAX_DEPTH)), None);
    assert_eq!(fault(&nested(MAX_DEPTH + 1)), Some(Fault::TooComplex));
    assert_eq!(fault(&nested(5_000)), Some(Fault::TooComplex));

    let names = |n: usize| {
        (0..n)
            .map(|i| format!("\"{i}\":0"))
            .collect::<Vec<_>>()
            .join(",")
    };
    assert_eq!(fault(&format!("{{{}}}", names(MAX_NAMES))), None);
    assert_eq!(
        fault(&format!("{{{}}}", names(MAX_NAMES + 1))),
        Some(Fault::TooComplex)
    );
    assert_eq!(
        fault(&format!("{{\"a\":{{{}}}}}", names(MAX_NAMES + 1))),
        Some(Fault::TooComplex)
    );

    let open = |n: usize| {
        let mut text = "0".to_owned();
        for _ in 0..n {
            text = format!("{{{},\"x\":{text}}}", names(MAX_NAMES - 1));
        }
        text
    };
    assert_eq!(fault(&open(2)), None);
    assert_eq!(fault(&open(3)), Some(Fault::TooComplex));

    let values = |n: usize| vec!["0"; n].join(",");
    assert_eq!(
        fault(&format!("{{\"a\":[{}]}}", values(MAX_VALUES - 1))),
        None
    );
    assert_eq!(
        fault(&format!("{{\"a\":[{}]}}", values(MAX_VALUES))),
        Some(Fault::TooComplex)
    );
}

#[test]
fn c05_names_are_told_apart_whatever_their_length() {
    // Around the length from which they are hashed; one is the start of the other.
    let names: Vec<String> = (0..40).map(|length| "a".repeat(length)).collect();
    let all: Vec<_> = names.iter().map(|name| format!("\"{name}\":0")).collect();
    assert_eq!(fault(&format!("{{{}}}", all.join(","))), None);
    for name in &names {
        let twice = format!("{{{},\"{name}\":0}}", all.join(","));
        assert_eq!(fault(&twice), Some(Fault::Duplicate), "{name}");
    }
    let nul = r#"{"a":0,"a\u0000":0,"\u0000a":0,"":0}"#;
    assert_eq!(fault(nul), None);
}

#[test]
fn c05_names_that_the_json_library_keeps_for_itself_are_refused() {
    let syntax = Some(Fault::Syntax);
    for name in [
        "$serde_json::private::RawValue",
        r"\u0024serde_json::private::RawValue",
        "$serde_json::private::Number",
        r"$serde_json\u003a:private::Number",
    ] {
        for text in [
            format!(r#"{{"{name}":"1"}}"#),
            format!(r#"{{"a":{{"{name}":"1"}}}}"#),
            format!(r#"{{"a":[{{"b":1,"{name}":"1"}}]}}"#),
        ] {
            assert_eq!(fault(&text), syntax, "{text}");
        }
    }
}

#[test]
fn c05_a_number_that_the_json_library_can_not_read_is_malformed() {
    for number in ["1.7976931348623158e308", "17976931348623158e292", "-1e309"] {
        for text in [
            format!(r#"{{"a":{number}}}"#),
            format!(r#"{{"a":[{number}]}}"#),
        ] {
            let read = serde_json::from_str::<f64>(number);
            assert_eq!(fault(&text).is_none(), read.is_ok(), "{text}");
        }
    }
}

#[test]
fn members_come_as_they_stand() {
    let mut seen = Vec::new();
    read_object(r#"{ "a" : "x\u0041" , "b":[ 1, 2 ] }"#, |name, value| {
        seen.push((
            name.to_owned(),
            value.text().to_owned(),
            value.as_str().map(Cow::into_owned),
        ));
    })
    .unwrap();
    assert_eq!(
        seen,
        [
            ("a".into(), r#""x\u0041""#.into(), Some("xA".into())),
            ("b".into(), "[ 1, 2 ]".into(), None)
        ]
    );
}
