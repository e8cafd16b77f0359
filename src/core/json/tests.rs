//! What the strict reader refuses, and its bounds.

use super::names::KEY;
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
        (r#"{"a":[true,false,null]}"#, None),
        ("", Some(Fault::NotAnObject)),
        ("null", Some(Fault::NotAnObject)),
        ("[]", Some(Fault::NotAnObject)),
        ("\u{feff}{}", Some(Fault::NotAnObject)),
        ("{", syntax),
        ("{}x", syntax),
        ("{}{}", syntax),
        (r#"{"a":1,}"#, syntax),
        (r#"{"a":1]"#, syntax),
        (r#"{"a":[1}}"#, syntax),
        (r#"{"a":[nul]}"#, syntax),
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
        assert_eq!(
            KEY.number_of(&name) >> 63,
            u64::from(length > 7),
            "{length}"
        );
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
        // Characters across the places where a word of eight bytes ends.
        (r#""aéééééé\u0061éééééé""#, "aééééééaéééééé"),
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
    let objects = |depth: usize| "{\"a\":".repeat(depth) + "0" + &"}".repeat(depth);
    assert_eq!(fault(&objects(MAX_DEPTH)), None);
    assert_eq!(fault(&objects(MAX_DEPTH + 1)), Some(Fault::TooComplex));

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
    assert_eq!(fault(&format!("{{\"a\":{{{}}}}}", names(MAX_NAMES))), None);
    assert_eq!(
        fault(&format!("{{\"a\":{{{}}}}}", names(MAX_NAMES + 1))),
        Some(Fault::TooComplex)
    );
    // What was closed counts no more.
    let closed = format!("{{{}}}", names(MAX_NAMES));
    assert_eq!(
        fault(&format!("{{\"a\":[{closed},{closed},{closed}]}}")),
        None
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
fn c05_numbers_are_in_the_range_of_a_double() {
    let nines = "9".repeat(308);
    let zeros = "0".repeat(308);
    for number in [
        "9.99e307",
        "-9.99E+307",
        "1e-400",
        "0e0",
        "-0.0e-0",
        "1e0000000000000000000000000001",
        nines.as_str(),
        &format!("-{nines}"),
        &format!("{nines}.{nines}"),
        &format!("{nines}e-99999999999999999999"),
        &format!("0.{zeros}1e308"),
        // The last power of ten.
        "1e308",
        "-1e308",
        "0e309",
        "0.1e309",
        "0.01799e308",
        "0.0170e309",
        "1.797693134862314e308",
        &format!("1.797693134862314{nines}e308"),
        &format!("1{zeros}"),
        // As other languages write their greatest number.
        "1.7976931348623157e308",
        "1.7976931348623157e+308",
        "-1.7976931348623157E308",
        "17976931348623157e292",
    ] {
        for text in [
            format!(r#"{{"a":{number}}}"#),
            format!(r#"{{"a":[{number}]}}"#),
        ] {
            let read: f64 = serde_json::from_str(number).unwrap();
            assert!(read.is_finite(), "{number}");
            assert_eq!(fault(&text), None, "{text}");
        }
    }
    for number in [
        "1.7976931348623158e308",
        "1.79769313486231571e308",
        "1.7976931348623159e308",
        "1.8e308",
        "-2e308",
        "10e308",
        "1e309",
        "1e99999999999999999999",
        "-1e400",
        &format!("1{nines}"),
        &format!("{nines}9"),
        // Only as they are spelt.
        "1.797693134862315e308",
        "1.79769313486231570e308",
        &format!("17976931348623157{}", "0".repeat(292)),
        "0.0999e309",
        "0.01e310",
        "0e310",
        "-0.00e99999999999999999999",
        &format!("1{zeros}0e-5"),
    ] {
        for text in [
            format!(r#"{{"a":{number}}}"#),
            format!(r#"{{"a":[{number}]}}"#),
        ] {
            assert_eq!(fault(&text), Some(Fault::Syntax), "{text}");
        }
    }
}

/// Every text of a few of the characters that numbers consist of, and those whose digits or exponent are near the bound.
#[test]
fn c05_numbers_are_those_of_the_grammar() {
    let is_number = |number: &str| fault(&format!(r#"{{"a":{number}}}"#)).is_none();
    let mut texts = vec![String::new()];
    for _ in 0..5 {
        let longer = |text: &String| {
            "-+01.eE"
                .chars()
                .map(|c| format!("{text}{c}"))
                .collect::<Vec<_>>()
        };
        texts = texts.iter().flat_map(longer).collect();
        for text in &texts {
            let read = serde_json::from_str::<f64>(text).is_ok();
            assert_eq!(is_number(text), read, "{text}");
        }
    }
    for digit in ["1", "9"] {
        for length in [
            1, 2, 99, 100, 208, 209, 210, 298, 299, 300, 307, 308, 309, 310,
        ] {
            for (end, exponent) in [
                ("", 0),
                (".5", 0),
                ("e0", 0),
                ("e1", 1),
                ("e9", 9),
                ("e10", 10),
                ("e98", 98),
                ("e99", 99),
                ("e100", 100),
                ("E+1", 1),
                ("e-1", 0),
                ("e-400", 0),
                (".5e1", 1),
                ("e307", 307),
                ("e308", 308),
                ("e309", 309),
            ] {
                let number = format!("{}{end}", digit.repeat(length));
                let power = length + exponent;
                let expected = power <= 308 || power == 309 && digit == "1";
                assert_eq!(is_number(&number), expected, "{number}");
                assert_eq!(is_number(&format!("-{number}")), expected, "-{number}");
            }
        }
    }
}

/// Every character behind a backslash, and every one in the place of each digit behind `\u`.
#[test]
fn c05_escapes_mean_what_they_mean_to_the_json_library() {
    for character in (0..=0xff).map(char::from) {
        for string in [
            format!(r"\{character}"),
            format!(r"\{character}0041"),
            format!(r"\u{character}6A7"),
            format!(r"\u0{character}b8"),
            format!(r"\u1C{character}f"),
            format!(r"\u00e{character}"),
        ] {
            let text = format!("\"a{string}b\"");
            let expected: Option<String> = serde_json::from_str(&text).ok();
            let mut read = None;
            let found = read_object(&format!(r#"{{"a":{text}}}"#), |_, value| {
                read = value.as_str().map(Cow::into_owned);
            });
            assert_eq!(found.is_ok(), expected.is_some(), "{text}");
            assert_eq!(read, expected, "{text}");
        }
    }
}

#[test]
fn c05_surrogates_stand_in_pairs() {
    for (string, expected) in [
        (r"\ud800\udc00", Some("\u{10000}")),
        (r"\uDBFF\uDFFF", Some("\u{10ffff}")),
        (r"\ud7ff\ue000", Some("\u{d7ff}\u{e000}")),
        (r"\ud800\udbff", None),
        (r"\ud800\ue000", None),
        (r"\ud800\u0061", None),
        (r"\ud800\n", None),
        (r"\ud800a", None),
        (r"\ud800", None),
        (r"\udbff", None),
        (r"\udc00", None),
        (r"\udfff\udc00", None),
    ] {
        let text = format!(r#"{{"{string}":"{string}"}}"#);
        let mut read = None;
        let found = read_object(&text, |name, value| {
            read = Some((name.to_owned(), value.as_str().map(Cow::into_owned)));
        });
        let expected = expected.map(str::to_owned);
        assert_eq!(found.is_ok(), expected.is_some(), "{text}");
        assert_eq!(read, expected.map(|text| (text.clone(), Some(text))));
    }
}

/// Every byte, at every place of a word and behind it, among others that could be taken for it.
#[test]
fn c05_only_quotes_backslashes_and_control_characters_are_special_in_strings() {
    for byte in 0..0x80_u8 {
        for length in 0..20 {
            for around in ["a", "!", "#", "[", "]", " ", "\u{7f}", "\u{80}", "\u{ff}"] {
                let (before, behind) = (around.repeat(length), around.repeat(20 - length));
                let text = format!("{{\"a\":\"{before}{}{behind}\"}}", char::from(byte));
                let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
                let is_refused = if byte == b'\\' {
                    serde_json::from_str::<serde_json::Value>(&text).is_err()
                } else {
                    is_special
                };
                assert_eq!(fault(&text).is_some(), is_refused, "{text:?}");
            }
        }
    }
}

#[test]
fn c02_and_c08_strings_of_an_array_are_told_one_by_one() {
    for (text, max, told, is_whole) in [
        ("[]", 0, &[][..], true),
        (r#"[ "a" , "\u0062\n" , "c" ]"#, 3, &["a", "b\n", "c"], true),
        // Up to the bound, and no further.
        (r#"["a","b","c"]"#, 2, &["a", "b"], false),
        (r#"["a"]"#, 0, &[], false),
        // What is told before something else is told.
        (r#"["a",1]"#, 9, &["a"], false),
        (r#"["a",["b"]]"#, 9, &["a"], false),
        ("[null]", 9, &[], false),
        (r#""a""#, 9, &[], false),
        ("{}", 9, &[], false),
        ("1", 9, &[], false),
    ] {
        let mut read = Vec::new();
        // Left there, so that its room serves the next one.
        let found = Value::of(text).each_string(max, |string| read.push(string.to_string()));
        assert_eq!(
            (read, found.is_some()),
            (told.iter().map(ToString::to_string).collect(), is_whole),
            "{text}"
        );
    }
}

#[test]
fn c11_kinds_of_values_are_told_apart() {
    for (text, kinds, elements) in [
        ("{}", [true, false, false], None),
        ("[]", [false, true, false], Some(&[][..])),
        (
            r#"[ "a" , {"b":[1]},2]"#,
            [false, true, false],
            Some(&["\"a\"", "{\"b\":[1]}", "2"]),
        ),
        ("1", [false, false, true], None),
        ("-1", [false, false, true], None),
        ("\"1\"", [false; 3], None),
        ("\"[1]\"", [false; 3], None),
        ("true", [false; 3], None),
        ("null", [false; 3], None),
    ] {
        let value = Value::of(text);
        assert_eq!(
            [value.is_object(), value.is_array(), value.is_number()],
            kinds,
            "{text}"
        );
        let read = value.as_array();
        let read = read.map(|all| all.into_iter().map(Value::text).collect::<Vec<_>>());
        assert_eq!(read.as_deref(), elements, "{text}");
    }
}

/// One spoilt value spoils no other one, unless the caller says so.
#[test]
fn k04_members_are_read_without_a_look_into_their_values() {
    let read = |text: &str, stops_at: &str| {
        let mut members = Vec::new();
        let found = read_members(text, |name, value| {
            members.push((name.to_owned(), value.check().err()));
            if name == stops_at {
                Err(Fault::TooComplex)
            } else {
                Ok(())
            }
        });
        (members, found)
    };
    let spoilt = r#" {"a":{"x":1,"x":2},"\u0062":["\ud800"],"c":{"x":[1,true]}} "#;
    let members = [
        ("a".to_owned(), Some(Fault::Duplicate)),
        ("b".to_owned(), Some(Fault::Syntax)),
        ("c".to_owned(), None),
    ];
    assert_eq!(read(spoilt, ""), (members.to_vec(), Ok(())));
    assert_eq!(
        read(spoilt, "b"),
        (members[..2].to_vec(), Err(Fault::TooComplex))
    );
    for (text, fault) in [
        ("[]", Fault::NotAnObject),
        ("", Fault::NotAnObject),
        ("{}x", Fault::Syntax),
        (r#"{"a":1"#, Fault::Syntax),
        (r#"{"a":1,"\u0061":1}"#, Fault::Duplicate),
    ] {
        assert_eq!(read(text, "").1, Err(fault), "{text}");
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
