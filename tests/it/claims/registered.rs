//! Claims: rows C01 to C08, C11, C12 (clients) and C13 (identity).

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::support::{ABSENT, API, Api, ISSUER, NOW, with_members};
use resource_server::Reason::{
    AudienceMismatch, AudienceMissing, ClaimMissing, ClientNotAllowed, Expired, ExpiryMissing,
    IssuedInTheFuture, IssuerMismatch, IssuerMissing, LifetimeTooLong, MalformedClaim,
    MalformedConfirmation, MalformedPayload, MalformedScope, NotAnAccessToken, NotYetValid,
    TooLong, TooOld,
};
use resource_server::{
    AccessToken, Error, NumericDate, Policy, Profile, Validator, claims::ScopeClaim,
};
use serde_json::{Value, json};

const NO_STRINGS: &str = r#"null 1 true [] ["a"] {}"#;
const NO_NUMBERS: &str =
    r#"null "99999999999" "1700000300" "1.7e9" "" "NaN" true [] [1700000000] {}"#;
const NO_OBJECTS: &str = r#"null 1 true [] [{}] "a" "{}""#;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(time: i64) -> NumericDate {
    NumericDate::from_secs(time)
}

#[test]
fn c01_the_issuer_is_compared_byte_for_byte() {
    const OTHERS: &str = r#"
        "http://as.example.com" "HTTPS://as.example.com" "https://AS.example.com" "https://other.example.com"
        "https://as.example.com:443" "https://as.example.com:8443" "https://as.example.com/" "https://as.example.com/a"
        "https://as.example.co" "https://as.example.com.evil.example" "https://evil.example/https://as.example.com"
        "as.example.com" "\u0020https://as.example.com" "https://as.example.com\u0020" "https://as.example.com\u0000"
        "https://as.example.com#" "https://as.example.com,https://as.example.com" """#;
    let api = Api::new();
    let table = [
        (None, r#""https:\/\/as.ex\u0061mple.com""#),
        (Some(IssuerMissing), ABSENT),
        (Some(IssuerMismatch), OTHERS),
        (Some(MalformedClaim), NO_STRINGS),
        (Some(MalformedClaim), r#"["https://as.example.com"]"#),
    ];
    api.check("C01", "iss", &table);

    // explain() holds the two names against each other.
    for text in OTHERS.split_whitespace() {
        let explained = api
            .judge(&api.minted(&[("iss", text)]))
            .unwrap_err()
            .explain();
        let found: String = serde_json::from_str(text).unwrap();
        for name in [&*found, ISSUER] {
            let shown = format!("\"{}\"", name.escape_default());
            assert!(explained.contains(&shown), "C01: {explained}");
        }
    }
}

#[test]
fn c01_a_path_is_part_of_the_issuer() {
    const OTHERS: &str = r#"
        "https://as.example.com" "https://as.example.com/realms/" "https://as.example.com/realms/A"
        "https://as.example.com/realms/b" "https://as.example.com/realms/ab" "https://as.example.com/realms/a/"
        "https://as.example.com/realms/a/../a" "https://as.example.com/realms/%61""#;
    let api = Api::trusting("https://as.example.com/realms/a", Policy::builder());
    let table = [
        (None, r#""https://as.example.com/realms/a""#),
        (Some(IssuerMismatch), OTHERS),
    ];
    api.check("C01", "iss", &table);
}

#[test]
fn c02_one_audience_of_the_token_is_one_of_the_apis() {
    let api = Api::with(Policy::builder().audience("urn:orders"));
    let table = [
        (
            None,
            r#""https://api.example.com" "urn:orders" "https:\/\/api.example.com" ["https://api.example.com"]
            ["https://other.example.com","urn:orders"] ["","https://api.example.com"]"#,
        ),
        (Some(AudienceMissing), r#"absent [] "" [""] ["",""]"#),
        (
            Some(AudienceMismatch),
            r#""https://other.example.com" "https://api.example.com/" "https://api.example.com/orders"
            "https://api.example" "HTTPS://API.EXAMPLE.COM" "http://api.example.com" "api.example.com"
            "\u0020https://api.example.com" "https://api.example.com\u0020urn:orders" "urn:orders\u0000"
            "urn:orders,https://api.example.com" ["https://other.example.com","urn:orders:read"]"#,
        ),
        (
            Some(MalformedClaim),
            r#"null 1 true {} [["https://api.example.com"]] ["https://api.example.com",1]
            ["https://api.example.com",null] {"https://api.example.com":true}"#,
        ),
    ];
    api.check("C02", "aud", &table);
}

#[test]
fn c02_the_audiences_are_read_as_they_stand() {
    let api = Api::new();
    for (text, expected) in [
        (json!(API), &[API][..]),
        (json!(["urn:b", API, "urn:a"]), &["urn:b", API, "urn:a"]),
    ] {
        let token = api.judge(&api.token().claim("aud", text).mint()).unwrap();
        let audience = token.audience();
        assert!(audience.iter().eq(expected.iter().copied()), "C02");
        for entry in expected {
            assert!(audience.contains(entry), "C02: {entry}");
        }
        let (slash, case) = (format!("{API}/"), API.to_uppercase());
        for other in ["", "urn:", "urn:c", &slash, &case] {
            assert!(!audience.contains(other), "C02: {other}");
        }
    }
}

#[test]
fn c03_exp_is_a_number_within_range() {
    let table = [
        (
            None,
            "1700000300 1.7e9 17E8 1.70000030099e9 1700000300.5 1699999971.0 253402300800 9223372036854775807",
        ),
        (Some(ExpiryMissing), ABSENT),
        (Some(MalformedClaim), NO_NUMBERS),
        (
            Some(MalformedClaim),
            "9223372036854775808 1e19 1e308 -9.3e18 -1e300",
        ),
        (
            Some(MalformedPayload),
            "1e400 -1e400 NaN Infinity -Infinity 1700000300. 01700000300 +1700000300 0x6553f100 1_700_000_300",
        ),
        // Rounded down: a fraction adds nothing to 30 s ago.
        (Some(Expired), "1699999970 1699999970.999 1.69999997e9"),
        (
            Some(Expired),
            "0 -0 -1 -1.5 -1.7e9 1e-300 -9223372036854775808",
        ),
    ];
    Api::new().check("C03", "exp", &table);
}

#[test]
fn c03_the_boundary_of_exp_is_exact() {
    for skew in [0, 1, 30, 300] {
        let api = Api::with(Policy::builder().clock_skew(seconds(skew)));
        let end = 1_700_001_000 + i64::try_from(skew).unwrap();
        for exp in ["1700001000", "1700001000.9", "1.700001e9"] {
            let token = api.minted(&[("exp", exp)]);
            for (now, expected) in [
                (end - 1, None),
                (end, Some(Expired)),
                (end + 1, Some(Expired)),
                (i64::MAX, Some(Expired)),
            ] {
                api.clock.set(at(now));
                assert_eq!(
                    api.reason(&token),
                    expected,
                    "C03: skew {skew}, exp {exp}, {now}"
                );
            }
            api.clock.set(at(NOW));
        }
    }
}

#[test]
fn c04_nbf_and_iat_in_the_future_beyond_skew() {
    for (claim, refused) in [("nbf", NotYetValid), ("iat", IssuedInTheFuture)] {
        let table = [
            (
                None,
                "absent 0 -1 1700000000 1700000030 1.70000003e9 1700000029.1",
            ),
            // The time is rounded up, to the disadvantage of the token.
            (
                Some(refused),
                "1700000030.1 1700000031 1.7e10 253402300800 9223372036854775807",
            ),
            (Some(MalformedClaim), NO_NUMBERS),
            (Some(MalformedClaim), "9223372036854775808 1e19"),
            (Some(MalformedPayload), "1e400 NaN"),
        ];
        Api::new().check("C04", claim, &table);

        let api = Api::with(Policy::builder().clock_skew(Duration::ZERO));
        let table = [
            (None, "1700000000 1699999999.5"),
            (Some(refused), "1700000001 1700000000.000001"),
        ];
        api.check("C04 without skew", claim, &table);
    }
}

#[test]
fn c04_max_token_age_counts_from_iat() {
    // Off by default.
    Api::new().check("C04", "iat", &[(None, "absent 0 -9223372036854775808")]);

    let api = Api::with(Policy::builder().max_token_age(seconds(600)));
    let table = [
        (None, "1700000000 1699999371 1699999370.5"),
        (Some(TooOld), "1699999370 1699999369 0 -9223372036854775808"),
        (Some(ClaimMissing), ABSENT),
        (Some(MalformedClaim), "null"),
    ];
    api.check("C04", "iat", &table);

    let token = api.token().expires_in(seconds(86_400)).mint();
    api.clock.advance(seconds(629));
    assert_eq!(api.reason(&token), None, "C04: before the age");
    api.clock.advance(seconds(1));
    assert_eq!(api.reason(&token), Some(TooOld), "C04: at the age");

    let explained = api
        .judge(&api.token().without("iat").mint())
        .unwrap_err()
        .explain();
    assert!(explained.contains("\"iat\""), "C04: {explained}");
}

#[test]
fn c04_max_remaining_caps_what_is_left() {
    let settings = Policy::builder().max_remaining(seconds(3600));
    let table = [
        (None, "1700000300 1700003630"),
        (
            Some(LifetimeTooLong),
            "1700003631 253402300800 9223372036854775807",
        ),
    ];
    Api::with(settings.clone()).check("C04", "exp", &table);

    let table = [
        (None, "1700003600 1700003600.9"),
        (Some(LifetimeTooLong), "1700003601"),
    ];
    Api::with(settings.clock_skew(Duration::ZERO)).check("C04 without skew", "exp", &table);
}

#[test]
fn c05_what_is_no_claims_set() {
    let api = Api::new();
    let good = String::from_utf8(api.claims(&[])).unwrap();
    let not_utf8: [&[u8]; 2] = [b"{\"iss\":\"\xff\"}", b"{\"iss\":\"\xed\xa0\x80\"}"];
    let texts = [
        format!("[{good}]"),
        format!("{good}{good}"),
        format!("{good},"),
        format!("{good}\0"),
        format!("\u{feff}{good}"),
        good.replace('}', ",}"),
        good.replace('"', "'"),
    ];
    let simple = ["", " ", "null", "[]", "1", "true", "\"a\"", "{", "\0"].map(str::as_bytes);
    for payload in simple
        .into_iter()
        .chain(not_utf8)
        .chain(texts.iter().map(String::as_bytes))
    {
        let token = api.token().raw_payload(payload).mint();
        let shown = String::from_utf8_lossy(payload);
        assert_eq!(api.reason(&token), Some(MalformedPayload), "C05: {shown}");
    }
    let spaced = format!(" \t\r\n{good} \n");
    assert_eq!(
        api.reason(&api.token().raw_payload(spaced.as_bytes()).mint()),
        None,
        "C05: spaces"
    );
    let large = api.token().claim("pad", "x".repeat(16 * 1024)).mint();
    assert_eq!(api.reason(&large), Some(TooLong), "C05: over the size cap");
}

/// Members to write after a good claims set, by lines. First two members of one name, at any depth
/// and of any name, compared after unescaping; then lone surrogates, in names and values.
const UNSOUND_MEMBERS: &str = r#"
    "iss":"https://as.example.com"
    "i\u0073s":"https://as.example.com"
    "\u0065xp":1700000300
    "x":1,"x":1
    "role":"a","r\u006fle":"b"
    "":1,"":2
    "é":1,"\u00e9":2
    "😀":1,"\ud83d\ude00":2
    "x":{"a":1,"a":1}
    "x":[0,{"a":1,"\u0061":1}]
    "x":{"y":{"z":[[{"k":1,"k":1}]]}}
    "act":{"sub":"a","act":{"sub":"b","sub":"c"}}
    "cnf":{"jkt":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs","jkt":"a"}
    "cnf":{"a":1,"\u0061":1}
    "x":"\ud800"
    "x":"a\udfffb"
    "x":"\ude00\ud83d"
    "x":"\ud83d\u0041"
    "x":["\udc00"]
    "x":{"k":"\ud83d"}
    "acr":"\ud800"
    "\ud800":1
    "x":{"\udc00":1}"#;

const SOUND_MEMBERS: &str = r#"
    "x":1,"X":1,"x ":1
    "x":{"iss":1},"y":{"iss":1}
    "x":[{"a":1},{"a":1}]
    "x":"\ud83d\ude00""#;

#[test]
fn c05_doubled_names_lone_surrogates_and_depth() {
    let api = Api::new();
    let nested = |open: &str, close: &str, depth: usize| {
        // The claims set itself is one level.
        format!(
            "\"x\":{}0{}",
            open.repeat(depth - 1),
            close.repeat(depth - 1)
        )
    };
    let deep = [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")];
    let mut cases: Vec<_> = UNSOUND_MEMBERS
        .lines()
        .map(|line| (line.to_owned(), Some(MalformedPayload)))
        .chain(SOUND_MEMBERS.lines().map(|line| (line.to_owned(), None)))
        .filter(|(line, _)| !line.trim().is_empty())
        .collect();
    for (open, close) in &deep[..2] {
        cases.push((nested(open, close, 32), None));
        cases.push((nested(open, close, 33), Some(MalformedPayload)));
        cases.push((nested(open, close, 1_000), Some(MalformedPayload)));
    }
    cases.push((nested(deep[2].0, deep[2].1, 17), Some(MalformedPayload)));
    for (members, expected) in cases {
        let payload = with_members(api.claims(&[]), &members);
        let token = api.token().raw_payload(&payload).mint();
        assert_eq!(api.reason(&token), expected, "C05: {members}");
    }
}

#[test]
fn c05_every_reading_of_a_claim_is_the_same() {
    let api = Api::new();
    let members = r#""r\u006fle":"cl\u0065rk","s\u0075b":"\u0061lice""#;
    let payload = with_members(api.claims(&[("sub", ABSENT)]), members);
    let token = api
        .judge(&api.token().raw_payload(&payload).mint())
        .unwrap();
    let claims: BTreeMap<String, Value> = token.claims().unwrap();
    assert_eq!(token.subject(), Some("alice"), "C05");
    for (name, value) in [("role", "clerk"), ("sub", "alice"), ("aud", API)] {
        assert_eq!(token.claim(name), Some(json!(value)), "C05: {name}");
        assert_eq!(claims.get(name), Some(&json!(value)), "C05: {name}");
    }
    assert_eq!(token.claim(r"r\u006fle"), None, "C05");
}

#[test]
fn c06_rfc_9068_requires_its_claims() {
    let api = Api::with(Policy::builder().profile(Profile::Rfc9068));
    assert_eq!(api.reason(&api.token().mint()), None, "C06: all there");
    for (claim, missing, wrong) in [
        ("iss", IssuerMissing, NO_STRINGS),
        ("exp", ExpiryMissing, NO_NUMBERS),
        ("aud", AudienceMissing, "null 1 true {}"),
        ("sub", ClaimMissing, NO_STRINGS),
        ("client_id", ClaimMissing, NO_STRINGS),
        ("iat", ClaimMissing, NO_NUMBERS),
        ("jti", ClaimMissing, NO_STRINGS),
    ] {
        api.check(
            "C06",
            claim,
            &[(Some(missing), ABSENT), (Some(MalformedClaim), wrong)],
        );
        let explained = api
            .judge(&api.token().without(claim).mint())
            .unwrap_err()
            .explain();
        let named = if claim == "aud" { "audience" } else { claim };
        assert!(explained.contains(named), "C06: {explained}");
    }
    // The default profile does without them.
    for claim in ["sub", "client_id", "iat", "jti"] {
        Api::new().check("C06 default", claim, &[(None, ABSENT)]);
    }
}

/// Members that only other kinds of token carry: those that a policy can excuse, and those that
/// nothing excuses.
const OF_ID_TOKENS: &str =
    r#""nonce":"n" "nonce":null "at_hash":"h" "c_hash":"h" "s_hash":"h" "n\u006fnce":"n""#;
const OF_OTHERS: &str = r#"
    "events":{"http://schemas.openid.net/event/backchannel-logout":{}} "events":null
    "token_introspection":{"active":true} "typ":"ID" "typ":"id" "typ":"Refresh" "typ":"REFRESH" "typ":"Offline"
    "typ":"Logout" "typ":"\u0049D" "nonce":"n","events":{} "typ":"Refresh","nonce":"n""#;

#[test]
fn c07_other_kinds_of_jwt_are_refused_unless_typed_as_access_tokens() {
    let apis = [
        Api::new(),
        Api::with(Policy::builder().allow_id_token_claims()),
    ];
    let signs = OF_ID_TOKENS
        .split_whitespace()
        .map(|members| (members, true));
    for (members, excusable) in signs.chain(OF_OTHERS.split_whitespace().map(|m| (m, false))) {
        for typ in [None, Some("JWT"), Some("application/jwt"), Some("at+jwt")] {
            for (api, is_lifted) in apis.iter().zip([false, true]) {
                let token = api
                    .token()
                    .raw_payload(&with_members(api.claims(&[]), members));
                let token = match typ {
                    None => token.without_header("typ"),
                    Some(typ) => token.typ(typ),
                };
                let accepted = typ == Some("at+jwt") || (is_lifted && excusable);
                let expected = (!accepted).then_some(NotAnAccessToken);
                let found = api.reason(&token.mint());
                assert_eq!(
                    found, expected,
                    "C07: {members}, typ {typ:?}, lifted: {is_lifted}"
                );
            }
        }
    }
}

#[test]
fn c07_access_tokens_of_the_default_profile_pass() {
    let api = Api::new();
    for members in [
        r#""typ":"Bearer""#,
        r#""typ":"at+jwt""#,
        r#""azp":"web","sid":"s""#,
        r#""x":{"nonce":"n","events":{}}"#,
    ] {
        let token = api
            .token()
            .typ("JWT")
            .raw_payload(&with_members(api.claims(&[]), members));
        assert_eq!(api.reason(&token.mint()), None, "C07: {members}");
    }
}

#[test]
fn c08_only_well_formed_scopes() {
    let malformed = r#"
        null 1 true {} "a\tb" "a\nb" "a\u0000" "a\u007f" "a\"b" "a\\b" "é" "a\u00a0b" "a\u3000b" [1] ["a",null]
        [["a"]] ["a\u0020b"] ["a\t"] ["é"] [{"a":1}]"#;
    let string = [
        (
            None,
            r#"absent "" "\u0020" "a\u0020\u0020b\u0020a" "!#[]~""#,
        ),
        (Some(MalformedScope), malformed),
    ];
    let arrays = r#"[] ["a","b"]"#;
    for (api, array_scope) in [
        (Api::new(), Some(MalformedScope)),
        (Api::with(Policy::builder().allow_scope_array()), None),
    ] {
        api.check("C08", "scope", &string);
        api.check("C08", "scope", &[(array_scope, arrays)]);
        api.check("C08", "scp", &string);
        api.check("C08", "scp", &[(None, arrays)]);
    }
}

#[test]
fn c08_membership_is_exact() {
    let api = Api::new();
    let text = |scopes: &str| format!("\"{scopes}\"");
    let list = |scopes: &str| format!("[\"{}\"]", scopes.replace(' ', "\",\""));
    for granted in [
        "administrator orders sub:orders:read",
        "Admin ORDERS:READ orders:reads",
    ] {
        for (claim, value) in [
            ("scope", text(granted)),
            ("scp", text(granted)),
            ("scp", list(granted)),
        ] {
            let token = api.judge(&api.minted(&[(claim, &value)])).unwrap();
            for asked in ["admin", "orders:read", "", " ", granted] {
                assert!(!token.scopes().contains(asked), "C08: {asked} by {value}");
            }
            for scope in granted.split(' ') {
                assert!(token.scopes().contains(scope), "C08: {scope} by {value}");
            }
        }
    }
    for text in ["a b", "b a", "a b a", " b  a "] {
        let token = api.judge(&api.token().scope(text).mint()).unwrap();
        assert!(
            token.scopes().contains("a") && token.scopes().contains("b"),
            "C08: {text}"
        );
    }
}

#[test]
fn c08_one_claim_counts_and_never_the_union() {
    use ScopeClaim::{Scope, Scp};
    const REFUSED: Option<&str> = None;
    for (counts, scope, scp, expected) in [
        (Scope, r#""a b""#, ABSENT, Some("a b")),
        (Scope, ABSENT, r#""a b""#, Some("a b")),
        (Scope, ABSENT, r#"["a","b"]"#, Some("a b")),
        (Scope, r#"["a","b"]"#, ABSENT, Some("a b")),
        (Scope, r#""a""#, r#""b""#, Some("a")),
        (Scope, r#""""#, r#""b""#, Some("")),
        (Scope, "[]", r#""b""#, Some("")),
        (Scope, "null", r#""b""#, REFUSED),
        (Scope, ABSENT, ABSENT, Some("")),
        (Scp, r#""a""#, r#""b""#, Some("b")),
        (Scp, r#""a""#, r#"["b","c"]"#, Some("b c")),
        (Scp, r#""a""#, r#""""#, Some("")),
        (Scp, r#""a""#, "1", REFUSED),
        (Scp, r#""a""#, ABSENT, Some("a")),
    ] {
        let api = Api::with(Policy::builder().scope_claim(counts).allow_scope_array());
        let shown = format!("C08: scope {scope}, scp {scp}");
        match (
            expected,
            api.judge(&api.minted(&[("scope", scope), ("scp", scp)])),
        ) {
            (Some(expected), Ok(token)) => {
                let found: Vec<_> = token.scopes().iter().collect();
                assert_eq!(found.join(" "), expected, "{shown}");
                assert_eq!(token.scopes().is_empty(), expected.is_empty(), "{shown}");
            }
            (None, Err(rejection)) => assert_eq!(rejection.reason(), MalformedScope, "{shown}"),
            (_, verdict) => panic!("{shown}: {verdict:?}"),
        }
    }
}

#[test]
fn c11_a_registered_claim_has_its_type_in_every_profile() {
    for profile in [Profile::Default, Profile::Rfc9068] {
        let api = Api::with(Policy::builder().profile(profile));
        for (claims, wrong, reason) in [
            ("exp nbf iat", NO_NUMBERS, MalformedClaim),
            ("iss sub jti client_id", NO_STRINGS, MalformedClaim),
            ("act", NO_OBJECTS, MalformedClaim),
            ("cnf", NO_OBJECTS, MalformedConfirmation),
        ] {
            for claim in claims.split(' ') {
                api.check("C11", claim, &[(Some(reason), wrong)]);
                let rejection = api.judge(&api.minted(&[(claim, "null")])).unwrap_err();
                assert!(
                    rejection.explain().contains(claim),
                    "C11: {}",
                    rejection.explain()
                );
            }
        }
        for claim in ["exp", "nbf", "iat", "auth_time"] {
            api.check("C11", claim, &[(Some(MalformedPayload), "1e400 NaN")]);
        }
        api.check(
            "C11",
            "auth_time",
            &[(None, "absent 1699999999 -1.5 1.7e9")],
        );
        api.check(
            "C11",
            "acr",
            &[(None, r#"absent "" "urn:mace:incommon:iap:silver""#)],
        );
        api.check("C11", "act", &[(None, r#"absent {} {"sub":"a"}"#)]);
    }
}

#[test]
fn c11_the_ends_of_the_range_neither_panic_nor_wrap() {
    let ends = [
        i64::MIN,
        -253_402_300_800,
        0,
        253_402_300_799,
        253_402_300_800,
        i64::MAX,
    ];
    let longest = seconds(u64::MAX);
    for settings in [
        Policy::builder(),
        Policy::builder()
            .clock_skew(seconds(300))
            .max_token_age(longest),
        Policy::builder()
            .max_remaining(longest)
            .max_token_age(seconds(1)),
    ] {
        let api = Api::with(settings);
        for (now, time) in ends.iter().flat_map(|now| ends.map(|time| (*now, time))) {
            api.clock.set(at(now));
            for claim in ["exp", "nbf", "iat", "auth_time"] {
                match api.judge(&api.token().claim(claim, time).mint()) {
                    Ok(token) => drop((api.validator.time_left(&token), format!("{token:?}"))),
                    Err(rejection) => assert!(rejection.explain().len() > 20, "C11"),
                }
            }
        }
    }
}

#[test]
fn c11_what_the_ends_of_the_range_mean() {
    let api = Api::new();
    for (claim, time, expected) in [
        ("exp", 253_402_300_800, None),
        ("exp", i64::MAX, None),
        ("exp", i64::MIN, Some(Expired)),
        ("nbf", i64::MIN, None),
        ("nbf", i64::MAX, Some(NotYetValid)),
        ("nbf", 253_402_300_800, Some(NotYetValid)),
        ("iat", i64::MIN, None),
        ("iat", i64::MAX, Some(IssuedInTheFuture)),
        ("auth_time", i64::MIN, None),
        ("auth_time", i64::MAX, None),
    ] {
        let found = api.reason(&api.token().claim(claim, time).mint());
        assert_eq!(found, expected, "C11: {claim} {time}");
    }
    let token = api
        .judge(&api.token().claim("exp", i64::MAX).mint())
        .unwrap();
    assert_eq!(token.expires_at(), Some(at(i64::MAX)), "C11");
    let left = || api.validator.time_left(&token);
    assert_eq!(left(), Some(seconds((i64::MAX - NOW).unsigned_abs())));
    api.clock.set(at(i64::MIN));
    assert_eq!(left(), Some(seconds(i64::MAX.unsigned_abs())), "C11");
}

#[test]
fn c04_an_accepted_token_says_its_times() {
    let api = Api::new();
    let of = |token: String| api.judge(&token).unwrap();
    let times = |token: AccessToken| (token.issued_at(), token.not_before(), token.expires_at());
    let token = api.token().claim("iat", NOW - 3).claim("nbf", NOW - 2);
    let token = of(token.claim("exp", NOW + 1).mint());
    assert!(!token.is_introspected());
    assert_eq!(
        times(token),
        (Some(at(NOW - 3)), Some(at(NOW - 2)), Some(at(NOW + 1)))
    );
    let token = api.token().without("iat").without("nbf");
    let (issued_at, not_before, _) = times(of(token.mint()));
    assert_eq!((issued_at, not_before), (None, None));
}

#[test]
fn c12_only_the_allowed_clients() {
    let api = Api::with(Policy::builder().allowed_clients(["web", "batch"]));
    let table = [
        (None, r#""web" "batch" "w\u0065b""#),
        (
            Some(ClientNotAllowed),
            r#"absent "" "WEB" "we" "web\u0020" "web2" "web\u0020batch" "web,batch""#,
        ),
        (Some(MalformedClaim), NO_STRINGS),
        (Some(MalformedClaim), r#"["web"]"#),
    ];
    api.check("C12", "client_id", &table);
    // As long as none is named, any is accepted.
    Api::new().check("C12", "client_id", &[(None, r#"absent "any""#)]);
}

#[test]
fn c12_a_policy_counts_for_its_own_issuer_only() {
    let (a, b) = (
        Api::new(),
        Api::trusting("https://b.example.com", Policy::builder()),
    );
    let validator = Validator::builder()
        .audience(API)
        .issuer(
            a.issuer
                .to_issuer()
                .policy(Policy::builder().allowed_clients(["web"])),
        )
        .issuer(b.issuer.to_issuer())
        .clock(a.clock.clone())
        .build()
        .unwrap();
    for (api, client, expected) in [
        (&a, "web", None),
        (&a, "other", Some(ClientNotAllowed)),
        (&b, "other", None),
    ] {
        let found = match validator.validate_cached(&api.token().client_id(client).mint()) {
            Some(Ok(_)) => None,
            Some(Err(Error::Rejected(rejection))) => Some(rejection.reason()),
            other => panic!("C12: {other:?}"),
        };
        assert_eq!(found, expected, "C12: {client}");
    }
}

#[test]
fn c13_identity_is_issuer_and_subject_as_one() {
    let (a, b) = (
        Api::new(),
        Api::trusting("https://as.example.com/b", Policy::builder()),
    );
    let judge = |api: &Api, subject: &str| api.judge(&api.token().subject(subject).mint()).unwrap();
    let (alice_a, again) = (judge(&a, "alice"), judge(&a, "alice"));
    let (alice_b, bob_a) = (judge(&b, "alice"), judge(&a, "bob"));
    // The issuer and the subject, one after the other, are the same text as those of alice_b.
    let slashed = judge(&a, "/balice");

    let identities = [&alice_a, &again, &alice_b, &bob_a, &slashed].map(|t| t.identity().unwrap());
    assert_eq!(identities[0], identities[1], "C13: one user, two tokens");
    assert_ne!(identities[0], identities[2], "C13: another issuer's alice");
    assert_ne!(identities[2], identities[4], "C13: not one text");
    assert_eq!(identities.iter().collect::<HashSet<_>>().len(), 4, "C13");
    assert_eq!(
        (identities[0].issuer(), identities[0].subject()),
        (ISSUER, "alice"),
        "C13"
    );

    let token = a.judge(&a.token().without("sub").mint()).unwrap();
    assert!(token.identity().is_none(), "C13: no subject");
    // An empty subject would be one identity of many tokens.
    a.check("C11", "sub", &[(Some(MalformedClaim), r#""""#)]);
}
