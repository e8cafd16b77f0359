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
        (r#"{"a":1e400}"#, Some(Fault::Number)),
        (r#"{"a":[1e400]}"#, Some(Fault::Number)),
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
}

#[test]
fn c05_names_that_differ_are_no_doubles() {
    for text in [
        // They differ in few bits of the last byte.
        r#"{"abcdef`":1,"abcdefh":1,"abcdefg`":1,"abcdefgh":1,"abcdefgh`":1,"abcdefghh":1}"#,
        // The beginnings of the names that serde_json reserves.
        r#"{"$serde_json":1,"$serde_json::private":1,"$serde_json::private::Raw":1}"#,
    ] {
        assert_eq!(fault(text), None, "{text}");
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

const TOO_DEEP: Option<Fault> = Some(Fault::TooDeep { limit: MAX_DEPTH });

#[test]
fn c05_the_bound_on_the_depth_is_exact() {
    let objects = |depth: usize| "{\"a\":".repeat(depth) + "0" + &"}".repeat(depth);
    for of_depth in [&nested as &dyn Fn(usize) -> String, &objects] {
        assert_eq!(fault(&of_depth(32)), None);
        assert_eq!(fault(&of_depth(33)), TOO_DEEP);
        assert_eq!(fault(&of_depth(5_000)), TOO_DEEP);
        let within = |max, depth| read_object_within(&of_depth(depth), max, |_, _| {}).err();
        assert_eq!(within(128, 128), None);
        assert_eq!(within(128, 129), Some(Fault::TooDeep { limit: 128 }));
        assert_eq!(within(1, 2), Some(Fault::TooDeep { limit: 1 }));
    }
}

/// Names of one to four characters, or escaped.
fn names(count: usize, spell: impl Fn(usize) -> String) -> String {
    let all: Vec<_> = (0..count)
        .map(|at| format!("\"{}\":0", spell(at)))
        .collect();
    all.join(",")
}

#[test]
fn c05_any_number_of_members_values_and_elements_is_read() {
    let escaped = |at: usize| format!(r"\u{:04x}{at:x}", 0x4e00 + at % 0x1000);
    for count in [0, 1, 31, 32, 33, 34, 128, 190, 257, 1_100, 20_000] {
        let ascending = names(count, |at| format!("{at:05}"));
        let descending = names(count, |at| format!("{:05}", count - at));
        for names in [ascending, descending, names(count, escaped)] {
            assert_eq!(fault(&format!("{{{names}}}")), None, "{count}");
            let closed = format!("{{{names}}}");
            let comma = if count == 0 { "" } else { "," };
            for text in [
                format!(r#"{{"x":{{{names}}}}}"#),
                // The same names in objects next to, inside and around one another.
                format!(r#"{{"x":[{closed},{closed},{{}},{closed}]}}"#),
                format!(r#"{{{names}{comma}"x":{{{names}{comma}"x":{{{names}}}}}}}"#),
                format!(r#"{{"x":{{{names}}}{comma}{names}}}"#),
            ] {
                assert_eq!(fault(&text), None, "{count}");
            }
        }
        let values = vec!["0"; count].join(",");
        assert_eq!(fault(&format!(r#"{{"a":[{values}]}}"#)), None, "{count}");
    }
}

#[test]
fn c05_a_duplicate_is_found_among_any_number_of_names() {
    for count in [1, 31, 32, 33, 34, 1_100] {
        let name = |at: usize| format!("{at:05}");
        let names = names(count, name);
        for at in [0, count / 2, count - 1] {
            let plain = name(at);
            let escaped = format!(r"\u0030{}", &plain[1..]);
            for double in [plain, escaped] {
                for text in [
                    format!(r#"{{{names},"{double}":0}}"#),
                    format!(r#"{{"{double}":0,{names}}}"#),
                    format!(r#"{{"x":[{{}},{{{names},"{double}":0}}]}}"#),
                    // After an object that has the same names.
                    format!(r#"{{{names},"x":{{{names}}},"{double}":0}}"#),
                    format!(r#"{{{names},"x":{{{names},"{double}":0}}}}"#),
                ] {
                    assert_eq!(fault(&text), Some(Fault::Duplicate), "{count}: {double}");
                }
            }
        }
    }
}

/// The reader compares names themselves wherever hashes are equal.
#[test]
fn c05_equal_hashes_alone_are_no_duplicate() {
    for (text, is_duplicate) in [
        (r#"{"a":{"b":1},"c":[{"b":1},"b"],"d":"b","b":"b"}"#, false),
        (r#"{ "b" : [{}] , "c":0,"\u0062":1}"#, true),
        (r#"{"c":{"b":0},"x":"\"b\":0","b":1}"#, false),
        (r#"{"c":{"b":[{"b":0}]},"\u0062":{"c":0},"b":1}"#, true),
    ] {
        let place = text.rfind(if is_duplicate { r#""b":1"# } else { r#""b":"# });
        let place = place.or(text.rfind(r#""\u0062":1"#)).unwrap();
        let found = scan::is_duplicate(text, 1, place);
        assert_eq!(found, is_duplicate, "{text}");
        assert_eq!(fault(text).is_some(), is_duplicate, "{text}");
    }
}

#[test]
fn c05_names_are_told_apart_whatever_their_length() {
    // Each is the beginning of the next one.
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
fn c05_numbers_have_at_most_64_bytes_and_are_finite() {
    let zeros = "0".repeat(60);
    let nines = "9".repeat(64);
    for (number, is_good) in [
        ("9.99e307", true),
        ("1e-400", true),
        ("-0.0e-0", true),
        ("0e400", true),
        ("-0.00e99999999999999999999", true),
        ("1e-99999999999999999999", true),
        ("1e0000000000000000000000000001", true),
        ("0.01e310", true),
        ("1e308", true),
        ("1e309", false),
        ("10e308", false),
        ("-1e400", false),
        ("1e99999999999999999999", false),
        ("-1.7976931348623157E+308", true),
        // The end of what rounds to the greatest double, and the first that rounds to infinity.
        ("1.7976931348623158e308", true),
        (
            "1.797693134862315807937289714053034150799341327100378269361e308",
            true,
        ),
        (
            "1.797693134862315807937289714053034150799341327100378269362e308",
            false,
        ),
        ("17976931348623158079e289", true),
        ("1797693134862315808e290", false),
        ("1.7976931348623159e308", false),
        ("2e308", false),
        (nines.as_str(), true),
        (&format!("{nines}0"), false),
        (&format!("-{}", &nines[1..]), true),
        (&format!("-{nines}"), false),
        (&format!("0.{zeros}11"), true),
        (&format!("0.{zeros}111"), false),
        (&format!("1e{zeros}05"), true),
        (&format!("1e{zeros}005"), false),
    ] {
        let read: f64 = number.parse().unwrap();
        assert_eq!(read.is_finite() && number.len() <= 64, is_good, "{number}");
        let expected = (!is_good).then_some(Fault::Number);
        for text in [
            format!(r#"{{"a":{number}}}"#),
            format!(r#"{{"a":[{number}]}}"#),
            format!(r#"{{"a":{{"b":{number}}}}}"#),
        ] {
            assert_eq!(fault(&text), expected, "{text}");
        }
    }
}

/// All texts of up to five of the characters that numbers consist of, and numbers near the bounds.
#[test]
fn c05_numbers_are_those_of_the_grammar() {
    let is_number = |number: &str| fault(&format!(r#"{{"a":{number}}}"#)).is_none();
    let is_good = |number: &str| {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(number).is_ok();
        let is_finite = number.parse::<f64>().is_ok_and(f64::is_finite);
        is_json && is_finite && number.len() <= 64
    };
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
            assert_eq!(is_number(text), is_good(text), "{text}");
        }
    }
    for digits in ["1", "9", "0", "17976931348623157", "1797693134862315807"] {
        for length in [1, 2, 3, 20, 40, 61, 62, 63, 64, 65] {
            for zeros in [0, 1, 17, 40] {
                for exponent in (285..=330).chain([-400, -1, 0, 1, 99, 100]) {
                    let digits = &digits.repeat(length)[..length];
                    for number in [
                        format!("{digits}e{exponent}"),
                        format!("-0.{}{digits}E+{exponent}", "0".repeat(zeros)),
                        format!("1{}.{digits}e{exponent}", "0".repeat(zeros)),
                    ] {
                        assert_eq!(is_number(&number), is_good(&number), "{number}");
                    }
                }
            }
        }
    }
}

/// Every character after a backslash, and every one instead of each digit after `\u`.
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

/// Every byte, at every position of a word and after it, among others that resemble it.
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
        let read = value.elements();
        let read = read.map(|all| all.map(Value::text).collect::<Vec<_>>());
        assert_eq!(read.as_deref(), elements, "{text}");
    }
}

/// One bad value affects no other one, unless the caller says so.
#[test]
fn k04_only_the_grammar_of_members_is_checked() {
    let read = |text: &str, stops_at: &str| {
        let mut members = Vec::new();
        let found = read_members(text, |name, value| {
            members.push((name.to_owned(), value.check().err()));
            if name == stops_at {
                Err(Fault::Number)
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
        (members[..2].to_vec(), Err(Fault::Number))
    );
    for (text, fault) in [
        ("[]", Fault::NotAnObject),
        ("", Fault::NotAnObject),
        ("{}x", Fault::Syntax),
        (r#"{"a":1"#, Fault::Syntax),
        (r#"{"a":1,"\u0061":1}"#, Fault::Duplicate),
        (r#"{"a":[1,{"b":}]}"#, Fault::Syntax),
        (r#"{"a":[1}}"#, Fault::Syntax),
        (r#"{"a":{"b":1,}}"#, Fault::Syntax),
        (r#"{"a":["\ud8"]}"#, Fault::Syntax),
        (r#"{"a":[1 2]}"#, Fault::Syntax),
        (r#"{"a":[tru]}"#, Fault::Syntax),
    ] {
        assert_eq!(read(text, "").1, Err(fault), "{text}");
    }
    let deep = nested(10_000);
    let (members, found) = read(&deep, "");
    assert_eq!((members, found), (vec![("a".to_owned(), TOO_DEEP)], Ok(())));
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

known_names! {
    /// Names of these tests.
    TestName {
        Iss = b"iss",
        Sub = b"sub",
    }
}

#[test]
fn c05_a_known_name_twice_is_a_duplicate_however_it_is_spelt() {
    let known = |text: &str| {
        let mut found = Vec::new();
        read_known(text, |name: TestName, value| {
            found.push((name, value.text().to_owned()));
        })
        .map(|()| found)
    };
    let found = known(r#"{"sub":"a\u0062","x":{"iss":1,"sub":2},"\u0069ss":3}"#);
    let expected = vec![
        (TestName::Sub, r#""a\u0062""#.to_owned()),
        (TestName::Iss, "3".to_owned()),
    ];
    assert_eq!(found, Ok(expected));
    for text in [
        r#"{"iss":1,"iss":1}"#,
        r#"{"iss":1,"sub":2,"\u0069\u0073\u0073":1}"#,
        r#"{"\u0069ss":1,"x":2,"iss":1}"#,
        r#"{"iss":1,"x":2,"sub":3,"x":4}"#,
        r#"{"x":{"iss":1,"iss":1}}"#,
    ] {
        assert_eq!(known(text), Err(Fault::Duplicate), "{text}");
    }
    for text in [
        r#"{"iss":1,"$serde_json::private::Number":"1"}"#,
        r#"{"iss":1,"x":{"$serde_json::private::RawValue":"1"}}"#,
        r#"{"iss":1,"\ud800":1}"#,
    ] {
        assert_eq!(known(text), Err(Fault::Syntax), "{text}");
    }
}

/// Strings with and without escapes are handed out in two ways.
#[test]
fn t04_a_string_is_read_the_same_with_and_without_escapes() {
    for (text, expected) in [
        (r#"{"iss":"plain"}"#, Some("plain")),
        (r#"{"iss":"p\u006cain"}"#, Some("plain")),
        (r#"{"iss":"\\"}"#, Some("\\")),
        (r#"{"iss":""}"#, Some("")),
        (r#"{"iss":1}"#, None),
        (r#"{"iss":["plain"]}"#, None),
    ] {
        let mut found = None;
        read_known(text, |_: TestName, value| {
            found = value.as_str().map(std::borrow::Cow::into_owned);
        })
        .unwrap();
        assert_eq!(found.as_deref(), expected, "{text}");
    }
}
