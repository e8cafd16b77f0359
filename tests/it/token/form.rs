//! Rows T01 to T10: the outer form of a token, and what its header may say.

use std::net::TcpListener;

use crate::support::form::{ALPHABET, decode, encode, value_of, with_public_keys};
use crate::support::problems_of;
use crate::support::{API, ISSUER as AS, clock, signer};
use resource_server::Reason::{
    AlgorithmMissing, AlgorithmNotAllowed, AlgorithmUnknown, BadSignature, CriticalHeader,
    EncryptedToken, MalformedHeader, MalformedKeyId, MalformedPayload, MalformedToken,
    NotBase64url, OpaqueToken, TooLong, TypeNotAccepted, UnknownKey, Unsigned, UnsupportedHeader,
};
use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{
    AccessToken, Algorithm, Error, Issuer, Policy, PolicyBuilder, PresentedToken, Profile, Reason,
    Rejection, StaticKeys, Validator, ValidatorBuilder, error::ConfigErrorKind,
};
use serde_json::{Value, json};

fn test_issuer() -> TestIssuer {
    signer(AS, &clock())
}

struct Api(Validator);

impl Api {
    fn new(issuer: Issuer, set: impl FnOnce(ValidatorBuilder) -> ValidatorBuilder) -> Self {
        let builder = Validator::builder().audience(API).clock(clock());
        Api(set(builder.issuer(issuer)).build().unwrap())
    }

    fn of(issuer: &TestIssuer) -> Self {
        Self::new(issuer.to_issuer(), |builder| builder)
    }

    fn with(issuer: &TestIssuer, policy: PolicyBuilder) -> Self {
        Self::new(issuer.to_issuer().policy(policy), |builder| builder)
    }

    fn judge(&self, token: &str) -> Result<AccessToken, Rejection> {
        match self.0.validate_cached(token).expect("the keys are at hand") {
            Ok(token) => Ok(token),
            Err(Error::Rejected(rejection)) => Err(rejection),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn verdict(&self, token: &str) -> Result<(), Reason> {
        let judged = self.judge(token);
        judged.map(drop).map_err(|rejection| rejection.reason())
    }

    fn accepts(&self, name: &str, token: &str) {
        assert_eq!(self.verdict(token), Ok(()), "{name}");
    }

    fn refuses(&self, name: &str, token: &str, expected: Reason) {
        let rejection = self.judge(token).expect_err(name);
        assert_eq!(rejection.reason(), expected, "{name}");
        assert_eq!(rejection.status(), 401, "{name}");
        assert_eq!(rejection.oauth_error(), Some("invalid_token"), "{name}");
    }
}

fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<_> = token.split('.').collect();
    parts.try_into().expect("three parts")
}

/// Good in all, and exactly this long.
fn token_of(issuer: &TestIssuer, bytes: usize) -> String {
    let padded = |in_header: usize, in_claims: usize| {
        let token = issuer.token().header("pad", "x".repeat(in_header));
        token.claim("pad", "x".repeat(in_claims)).mint()
    };
    let start = (bytes - padded(0, 0).len()) / 4 * 3;
    let tokens = (0..18).map(|i| padded(i / 6, start + i % 6 - 2));
    tokens.into_iter().find(|t| t.len() == bytes).unwrap()
}

#[test]
fn t01_parts_and_characters() {
    let issuer = test_issuer();
    let api = Api::of(&issuer);
    let good = issuer.token().mint();
    let [h, p, s] = parts(&good);
    let jwe = encode(br#"{"alg":"dir","enc":"A256GCM"}"#);
    let dots = ".".repeat(10_000);
    #[rustfmt::skip]
    let cases = [
        ("empty", String::new(), MalformedToken),
        ("one part", h.into(), OpaqueToken),
        ("two parts", format!("{h}.{p}"), OpaqueToken),
        ("two parts, trailing dot", format!("{h}.{p}."), Unsigned),
        ("four parts", format!("{good}.{s}"), OpaqueToken),
        ("trailing dot", format!("{good}."), OpaqueToken),
        ("five parts", format!("{good}.{s}.{s}"), EncryptedToken),
        ("JWE", format!("{jwe}..AAAA.AAAA.AAAA"), EncryptedToken),
        ("JWE of empty parts", format!("{jwe}...."), EncryptedToken),
        ("JWE with a space", format!("{jwe}.. .AAAA.AAAA"), MalformedToken),
        ("five parts, no object", format!("x{good}.{s}.{s}"), OpaqueToken),
        ("six parts", format!("{good}.{s}.{s}.{s}"), OpaqueToken),
        ("leading dot", format!(".{p}.{s}"), OpaqueToken),
        ("leading dot before all", format!(".{good}"), OpaqueToken),
        ("no claims set", format!("{h}..{s}"), MalformedPayload),
        ("header and two dots", format!("{h}.."), Unsigned),
        ("two dots", "..".into(), OpaqueToken),
        ("10,000 dots", dots.clone(), OpaqueToken),
        ("header, 10,000 dots", format!("{h}{dots}"), OpaqueToken),
        ("token, 10,000 dots", format!("{good}{dots}"), OpaqueToken),
        ("3,000 headers", "eyJ.".repeat(3_000), OpaqueToken),
        ("space before", format!(" {good}"), MalformedToken),
        ("space behind", format!("{good} "), NotBase64url),
        ("newline behind", format!("{good}\n"), NotBase64url),
        ("space in the header", format!("{} {}.{p}.{s}", &h[..9], &h[9..]), NotBase64url),
        ("newline in the claims", format!("{h}.{}\r\n{}.{s}", &p[..9], &p[9..]), NotBase64url),
        ("NUL in the signature", format!("{h}.{p}.{}\0{}", &s[..9], &s[9..]), NotBase64url),
        ("NUL behind", format!("{good}\0"), NotBase64url),
        ("non-ASCII in the header", format!("{h}\u{e9}.{p}.{s}"), NotBase64url),
        ("non-ASCII in the claims", format!("{h}.\u{e9}{p}.{s}"), NotBase64url),
        ("non-ASCII in the signature", format!("{good}\u{e9}"), NotBase64url),
        ("other dots", good.replace('.', "\u{ff0e}"), MalformedToken),
        ("byte order mark", format!("\u{feff}{good}"), MalformedToken),
        ("header value", format!("Bearer {good}"), MalformedToken),
        ("quoted", format!("\"{good}\""), MalformedToken),
        ("two tokens", format!("{good},{good}"), MalformedToken),
        ("opaque", "2YotnFZFEjr1zCsicMWpAA".into(), OpaqueToken),
        ("opaque, all of token68", "aZ09-._~+/==".into(), OpaqueToken),
        ("opaque with = inside", "a=b".into(), MalformedToken),
        ("only =", "==".into(), MalformedToken),
        ("opaque with NUL", "2Yotn\0FZFEjr".into(), MalformedToken),
        ("opaque, non-ASCII", "2Yotn\u{e9}".into(), MalformedToken),
    ];
    api.accepts("good", &good);
    for (name, token, expected) in cases {
        api.refuses(name, &token, expected);
    }
}

/// Two dots and a first part that decodes to text that begins with `{`: the form alone decides, and
/// no later fault changes that.
#[test]
fn t01_a_jwt_by_form_never_becomes_opaque() {
    let reason_of = |token: &str| match PresentedToken::parse(token) {
        Ok(token) if token.is_opaque() => OpaqueToken,
        Ok(parsed) => panic!("{token}: {parsed:?}"),
        Err(rejection) => rejection.reason(),
    };
    for first in ALPHABET {
        for second in ALPHABET {
            let start = String::from_utf8(vec![*first, *second]).unwrap();
            let expected = match decode(&start)[0] {
                b'{' => MalformedHeader,
                _ => OpaqueToken,
            };
            let token = format!("{start}AA.e30.AA");
            assert_eq!(reason_of(&token), expected, "{token}");
        }
    }
    for (token, expected) in [
        ("ew.e30.AA", MalformedHeader),
        ("eyJ9A.e30.AA", NotBase64url),
        ("eyJ+.e30.AA", NotBase64url),
        ("e30.A.AA", NotBase64url),
        ("e30.W10.AA", MalformedPayload),
        ("e30..AA", MalformedPayload),
        ("e30.e30.", Unsigned),
        ("e30.e30.A", NotBase64url),
        ("e30.e30.~", NotBase64url),
    ] {
        assert_eq!(reason_of(token), expected, "{token}");
    }
}

#[test]
fn t01_a_token_keeps_its_text_and_its_form() {
    let good = test_issuer().token().mint();
    for (text, is_jwt, is_opaque) in [
        (good.as_str(), true, false),
        ("eyJ9.a.b.c.d", false, false),
        ("2YotnFZFEjr1zCsicMWpAA", false, true),
    ] {
        let token = PresentedToken::parse(text).unwrap();
        assert_eq!(token.as_str(), text);
        assert_eq!(
            (token.jwt().is_some(), token.is_opaque()),
            (is_jwt, is_opaque),
            "{text}"
        );
    }
}

#[test]
fn t02_one_spelling() {
    let issuer = test_issuer();
    let api = Api::of(&issuer);
    // Parts of so many characters over a multiple of four: the last one has so many bits to spare.
    for (over, spare_bits, algorithm) in [(2, 4, Algorithm::ES256), (3, 2, Algorithm::MlDsa44)] {
        if !algorithm.is_supported() {
            continue;
        }
        let tokens = (0..9).map(|n| {
            let token = issuer.token().algorithm(algorithm);
            let token = token.header("pad", "x".repeat(n % 3));
            token.claim("pad", "x".repeat(n / 3)).mint()
        });
        let has_lengths = |token: &String| parts(token).iter().all(|part| part.len() % 4 == over);
        let token = tokens.into_iter().find(has_lengths).unwrap();
        api.accepts("in its one spelling", &token);
        for place in 0..3 {
            let part = parts(&token)[place];
            let (front, last) = part.split_at(part.len() - 1);
            let value = value_of(last.as_bytes()[0]);
            let mut spellings = vec![
                format!("{part}{}", "=".repeat(4 - over)),
                format!("{part}="),
                format!("{part}===="),
                format!("{part}%3D"),
                // A number of characters that no bytes encode to.
                format!("{part}{}", "A".repeat(5 - over)),
            ];
            for stranger in ["+", "/", "=", "~", "%2B"] {
                spellings.push(format!("{}{stranger}{}", &part[..20], &part[21..]));
            }
            for bits in 1..1 << spare_bits {
                spellings.push(format!("{front}{}", char::from(ALPHABET[value | bits])));
            }
            for spelling in spellings {
                let mut respelled = parts(&token);
                respelled[place] = &spelling;
                let name = format!("part {place} as {spelling}");
                api.refuses(&name, &respelled.join("."), NotBase64url);
            }
        }
    }
}

#[test]
fn t03_length_of_a_token_is_bounded() {
    let issuer = test_issuer();
    let api = Api::of(&issuer);
    api.accepts("16,384", &token_of(&issuer, 16_384));
    api.refuses("16,385", &token_of(&issuer, 16_385), TooLong);
    api.refuses("16,384, opaque", &"a".repeat(16_384), OpaqueToken);
    // Before anything else is looked at.
    for text in ["a", " ", ".", "\0"] {
        api.refuses(text, &text.repeat(16_385), TooLong);
    }
    for (text, limit) in [("a".repeat(16_385), None), ("abc".into(), Some(2))] {
        let parsed = match limit {
            None => PresentedToken::parse(&text),
            Some(limit) => PresentedToken::parse_within(&text, limit),
        };
        assert_eq!(parsed.unwrap_err().reason(), TooLong, "{limit:?}");
    }
    assert!(PresentedToken::parse_within("abc", 3).unwrap().is_opaque());
}

#[test]
fn t03_length_is_a_setting() {
    let issuer = test_issuer();
    for bytes in [1_000, 20_000] {
        let api = Api::new(issuer.to_issuer(), |b| b.max_token_bytes(bytes));
        api.accepts("at the limit", &token_of(&issuer, bytes));
        api.refuses("above it", &token_of(&issuer, bytes + 1), TooLong);
    }
    let api = Api::new(issuer.to_issuer(), |b| b.max_token_bytes(1 << 20));
    api.refuses("1 MiB", &"a".repeat(1 << 20), OpaqueToken);
    api.refuses("above 1 MiB", &"a".repeat((1 << 20) + 1), TooLong);
    for bytes in [0, (1 << 20) + 1, usize::MAX] {
        let builder = Validator::builder().audience(API);
        let builder = builder.issuer(issuer.to_issuer()).max_token_bytes(bytes);
        let error = builder.build().unwrap_err();
        assert_eq!(
            problems_of(&error),
            [(None, ConfigErrorKind::TokenSize { bytes })]
        );
    }
}

#[test]
fn t03_the_refusal_names_the_setting() {
    let api = Api::of(&test_issuer());
    let explanation = api.judge(&"a".repeat(16_385)).unwrap_err().explain();
    for part in ["16385", "16384", "max_token_bytes"] {
        assert!(explanation.contains(part), "{part}: {explanation}");
    }
}

#[test]
fn t03_length_of_a_header_is_bounded() {
    let issuer = test_issuer();
    let api = Api::of(&issuer);
    let with_header = |bytes: usize| {
        let pad = "x".repeat(bytes - br#"{"alg":"ES256","pad":""}"#.len());
        let header = format!(r#"{{"alg":"ES256","pad":"{pad}"}}"#);
        issuer.token().raw_header(header.as_bytes()).mint()
    };
    let longest = with_header(3_072);
    assert_eq!(parts(&longest)[0].len(), 4_096);
    api.accepts("4,096 encoded", &longest);
    api.refuses("4,098 encoded", &with_header(3_073), TooLong);
    // Before it is decoded, and before the other parts are looked at.
    for (header, rest, expected) in [
        ("!".repeat(4_093), "e30.AA", NotBase64url),
        ("!".repeat(4_094), "e30.AA", TooLong),
        ("A".repeat(4_094), "!.!", TooLong),
        ("A".repeat(4_094), "e30.", TooLong),
    ] {
        api.refuses(rest, &format!("eyJ{header}.{rest}"), expected);
    }
}

#[test]
fn t04_a_header_is_one_sound_json_object() {
    let issuer = test_issuer();
    let api = Api::of(&issuer);
    // The header is one level; the first array opens the second.
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!(r#"{{"alg":"ES256","x":{open}{close}}}"#)
    };
    let members = |count: usize| {
        let others: Vec<_> = (1..count).map(|i| format!(r#""{i}":0"#)).collect();
        format!(r#"{{"alg":"ES256",{}}}"#, others.join(","))
    };
    let (deepest, too_deep, far_too_deep) = (nested(32), nested(33), nested(1_500));
    let many = members(300);
    #[rustfmt::skip]
    let accepted: [&[u8]; 7] = [
        br#"{"alg":"ES256"}"#,
        b"{ \"alg\" :\t\"ES256\" } \r\n",
        br#"{"\u0061lg":"ES25\u0036"}"#,
        br#"{"alg":"ES256","x":{"a":1},"y":{"a":1,"alg":"none"}}"#,
        br#"{"alg":"ES256","x":"\ud83d\ude00"}"#,
        deepest.as_bytes(),
        many.as_bytes(),
    ];
    #[rustfmt::skip]
    let malformed: &[&[u8]] = &[
        // Not JSON.
        b"{", br#"{"alg":"ES256""#, br#"{"alg":"ES256",}"#, br#"{"alg" "ES256"}"#, b"{'alg':'ES256'}",
        br#"{alg:"ES256"}"#, br#"{/**/"alg":"ES256"}"#, br#"{"alg":"ES256","x":NaN}"#, br#"{"alg":"ES256","x":01}"#,
        br#"{"alg":"ES256","x":1e400}"#, b"{\"alg\":\"ES256\",\"x\":\"\n\"}",
        // Something after it.
        br#"{"alg":"ES256"}x"#, br#"{"alg":"ES256"}{}"#, br#"{"alg":"ES256"},"#, b"{\"alg\":\"ES256\"}\0",
        // Doubled members, by their unescaped names, at any depth.
        br#"{"alg":"ES256","alg":"ES256"}"#, br#"{"alg":"none","alg":"ES256"}"#,
        br#"{"alg":"ES256","\u0061lg":"none"}"#,
        br#"{"\u0061lg":"ES256","a\u006Cg":"ES256"}"#, br#"{"alg":"ES256","kid":"a","kid":"b"}"#,
        br#"{"alg":"ES256","typ":"JWT","t\u0079p":"at+jwt"}"#, br#"{"alg":"ES256","x":1,"x":1}"#,
        br#"{"alg":"ES256","":1,"":1}"#, br#"{"alg":"ES256","x":{"a":1,"a":2}}"#,
        br#"{"alg":"ES256","x":[[{"a":1,"\u0061":2}]]}"#,
        // Too deep.
        too_deep.as_bytes(), far_too_deep.as_bytes(),
        // Not UTF-8: a stray byte, an overlong form, a surrogate; and surrogates alone as escapes.
        b"{\"alg\":\"ES256\",\"x\":\"\xff\"}", b"{\"alg\":\"ES256\",\"x\":\"\xc0\xaf\"}",
        b"{\"alg\":\"ES256\",\"x\":\"\xed\xa0\x80\"}", b"{\"alg\":\"ES256\",\"\xff\":1}",
        br#"{"alg":"ES256","x":"\ud800"}"#, br#"{"alg":"ES256","x":["\udc00"]}"#, br#"{"alg":"ES256","\ud800":1}"#,
    ];
    // Text that does not begin with `{` is not a JWT by form.
    #[rustfmt::skip]
    let no_object: [&[u8]; 9] = [
        b"[]", b"null", b"1", b"true", b"\"x\"", b"", b" {}", b"\xef\xbb\xbf{}", b"<html>",
    ];
    let with_header = |header: &[u8]| issuer.token().raw_header(header).mint();
    for header in accepted {
        api.accepts(&header.escape_ascii().to_string(), &with_header(header));
    }
    for header in malformed {
        let name = header.escape_ascii().to_string();
        api.refuses(&name, &with_header(header), MalformedHeader);
    }
    for header in no_object {
        let name = header.escape_ascii().to_string();
        api.refuses(&name, &with_header(header), OpaqueToken);
    }
}

#[test]
fn t05_alg_is_a_known_name() {
    let issuer = test_issuer();
    let api = Api::of(&issuer);
    let with_alg = |alg: Value| issuer.token().header("alg", alg);
    let token = issuer.token().without_header("alg").mint();
    api.refuses("missing", &token, AlgorithmMissing);
    #[rustfmt::skip]
    let no_strings = [json!(null), json!(256), json!(true), json!(["ES256"]), json!({"ES256": 1})];
    for alg in no_strings {
        api.refuses(
            &alg.to_string(),
            &with_alg(alg.clone()).mint(),
            AlgorithmMissing,
        );
    }
    for none in ["none", "None", "NONE", "nOnE", "NoNe"] {
        // With the good signature of the key, with any bytes, and without a signature.
        let token = || with_alg(none.into());
        api.refuses(none, &token().mint(), AlgorithmUnknown);
        api.refuses(none, &token().signature(&[0]).mint(), AlgorithmUnknown);
        api.refuses(none, &token().unsigned().mint(), Unsigned);
    }
    #[rustfmt::skip]
    let unknown = [
        "", " ", "es256", "Es256", "ES256 ", " ES256", "ES256\0", "ES-256", "ES256,RS256", "ES257", "RS1", "RS257",
        "PS1", "ED25519", "eddsa", "Ed448", "ml-dsa-44", "ML-DSA-4", "MlDsa44", "HS1", "hs256",
        "RSA-OAEP", "RSA1_5", "dir", "A256KW", "ECDH-ES", "PBES2-HS256+A128KW", "A256GCM", "\u{ff25}S256",
    ];
    for alg in unknown {
        api.refuses(alg, &with_alg(alg.into()).mint(), AlgorithmUnknown);
    }
}

/// The classic confusion: the public form of a key as the secret of an HMAC.
#[test]
fn t05_hmac_with_a_public_key_is_not_allowed() {
    let issuer = test_issuer().algorithms([Algorithm::RS256, Algorithm::EdDSA]);
    let api = Api::of(&issuer);
    for family in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        for (hmac, bytes) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
            let secret = issuer.jwks().into_bytes();
            let token = issuer.token().algorithm(family).header("alg", hmac);
            let token = token.sign_with(move |message| {
                let tag = message.iter().zip(&secret).map(|(m, s)| m ^ s);
                tag.take(bytes).collect()
            });
            api.refuses(
                &format!("{hmac}, {family}"),
                &token.mint(),
                AlgorithmNotAllowed,
            );
        }
    }
    for name in ["none", "None", ""] {
        let policy = json!({"issuer": AS, "audiences": [API], "algorithms": [name]}).to_string();
        assert!(serde_json::from_str::<Policy>(&policy).is_err(), "{name}");
        assert!(name.parse::<Algorithm>().is_err(), "{name}");
    }
}

#[test]
fn t05_the_policy_lists_algorithms_by_name() {
    let all = with_public_keys;
    let issuer = test_issuer().algorithms(all());
    let default = Api::of(&issuer);
    let every = Api::with(&issuer, Policy::builder().algorithms(all()));
    for algorithm in all() {
        let token = issuer.token().algorithm(algorithm).mint();
        assert_eq!(every.judge(&token).unwrap().algorithm(), Some(algorithm));
        match algorithm {
            Algorithm::ES256K => default.refuses("by default", &token, AlgorithmNotAllowed),
            _ => default.accepts(algorithm.as_str(), &token),
        }
        // EdDSA and Ed25519 are two names here.
        let only = Api::with(&issuer, Policy::builder().algorithms([algorithm]));
        for other in all() {
            let name = format!("{other} where only {algorithm} is listed");
            let token = issuer.token().algorithm(other).mint();
            if other == algorithm {
                only.accepts(&name, &token);
            } else {
                only.refuses(&name, &token, AlgorithmNotAllowed);
            }
        }
    }
}

#[test]
fn t05_an_algorithm_named_twice_is_accepted() {
    let issuer = test_issuer();
    let twice = [Algorithm::ES256, Algorithm::ES256];
    let api = Api::with(&issuer, Policy::builder().algorithms(twice));
    api.accepts("named twice", &issuer.token().mint());
}

/// The header's `alg`, what its key is for, and what the signature was made by are one.
#[test]
fn t05_header_key_and_signature_agree() {
    let all = with_public_keys;
    let issuer = test_issuer().algorithms(all());
    let api = Api::with(&issuer, Policy::builder().algorithms(all()));
    let key_id = |algorithm| {
        let accepted = api.judge(&issuer.token().algorithm(algorithm).mint());
        accepted.unwrap().key_id().unwrap().to_owned()
    };
    for signed in all() {
        for stated in all() {
            let token = issuer.token().algorithm(signed);
            let token = token.header("alg", stated.as_str()).mint();
            let is_eddsa = |a: Algorithm| a.as_str().starts_with("Ed");
            let name = format!("{signed} signed, {stated} stated");
            if signed == stated || is_eddsa(signed) && is_eddsa(stated) {
                api.accepts(&name, &token);
            } else if key_id(stated) == key_id(signed) {
                api.refuses(&name, &token, BadSignature);
            } else {
                api.refuses(&name, &token, UnknownKey);
            }
        }
    }
}

#[test]
fn t06_nothing_is_understood_to_be_critical() {
    let issuer = test_issuer();
    let api = Api::of(&issuer);
    #[rustfmt::skip]
    let crits = [
        json!(["exp"]), json!(["alg"]), json!(["b64"]), json!(["x", "y"]), json!(["x", "x"]), json!([""]), json!([]),
        json!([1]), json!("exp"), json!(""), json!({}), json!(null), json!(false), json!(1),
    ];
    for crit in crits {
        let token = issuer.token().header("exp", 1).header("crit", crit.clone());
        api.refuses(&crit.to_string(), &token.mint(), CriticalHeader);
    }
    let token = issuer.token().header("b64", false);
    let token = token.header("crit", json!(["b64"])).mint();
    api.refuses("RFC 7797", &token, CriticalHeader);
    for b64 in [json!(false), json!(true), json!("false"), json!(null)] {
        let token = issuer.token().header("b64", b64.clone()).mint();
        api.refuses(&b64.to_string(), &token, UnsupportedHeader);
    }
    let token = issuer.token().header("CRIT", json!(["x"])).mint();
    api.accepts("another name", &token);
}

#[test]
fn t07_the_header_supplies_no_key() {
    let issuer = test_issuer();
    let api = Api::of(&issuer);
    let attacker = test_issuer();
    let jwks: Value = serde_json::from_str(&attacker.jwks()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let cases = [
        json!({"jku": url}),
        json!({"x5u": url}),
        json!({"jwk": jwks["keys"][0]}),
        json!({"x5c": ["MIIB"]}),
        json!({"jku": url, "x5u": url, "jwk": jwks["keys"][0], "x5c": ["MIIB"], "x5t": "AAAA"}),
        // Not read at all, so not found malformed either.
        json!({"jku": 5, "x5u": "file:///dev/null", "jwk": "x", "x5c": {}}),
        json!({"jwk": {"kty": "oct", "k": ""}}),
    ];
    for headers in cases {
        let token = || {
            let members = headers.as_object().unwrap().iter();
            members.fold(issuer.token(), |token, (name, value)| {
                token.header(name, value.clone())
            })
        };
        let forged = |token: TestToken| token.signed_by(&attacker).mint();
        let name = headers.to_string();
        api.accepts(&name, &token().mint());
        api.refuses(&name, &forged(token()), BadSignature);
        api.refuses(&name, &forged(token().without_header("kid")), BadSignature);
        api.refuses(&name, &forged(token().header("kid", "evil")), UnknownKey);
    }
    let connection = listener.accept().map(drop).unwrap_err();
    assert_eq!(connection.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn t07_neither_compressed_nor_nested() {
    let issuer = test_issuer();
    let api = Api::of(&issuer);
    #[rustfmt::skip]
    let cases = [
        ("zip", json!("DEF")), ("zip", json!("")), ("zip", json!(null)), ("zip", json!(["DEF"])),
        ("cty", json!("JWT")), ("cty", json!("jwt")), ("cty", json!("application/jwt")),
        ("cty", json!("Application/JWT")), ("cty", json!(null)), ("cty", json!(["JWT"])),
    ];
    for (name, value) in cases {
        let token = issuer.token().header(name, value.clone()).mint();
        api.refuses(&format!("{name} {value}"), &token, UnsupportedHeader);
    }
    let token = issuer.token().header("cty", "application/json");
    api.accepts("another cty", &token.mint());
    let inner = issuer.token().mint();
    let token = issuer.token().raw_payload(inner.as_bytes());
    api.refuses(
        "nested",
        &token.header("cty", "JWT").mint(),
        MalformedPayload,
    );
}

#[test]
fn t08_kid_is_looked_up_and_nothing_else() {
    let issuer = test_issuer();
    let api = Api::of(&issuer);
    let accepted = api.judge(&issuer.token().mint()).unwrap();
    let good = accepted.key_id().unwrap();
    let long = "k".repeat(2_500);
    #[rustfmt::skip]
    let kids = [
        "", " ", "x", "*", "%", "../../x", "../../../../dev/null", "..\\..\\x", "/etc/passwd", "file:///dev/null",
        "' OR '1'='1", "x' UNION SELECT 'secret';--", "\"; DROP TABLE keys;--", "$(id)", "|id", "`id`", "{{7*7}}",
        "${jndi:ldap://evil.example}", "https://evil.example/jwks", "a\r\nSet-Cookie: a=b", "a\0b", "\u{1b}[2J",
        "\u{7f}", "\u{85}", "\u{202e}", "\u{feff}", "\u{1f511}", "\u{212a}", &long, &good.to_uppercase(), &good[1..],
        &format!("{good} "), &format!("{good}\0"), &format!("./{good}"), &format!("{good},{good}"),
    ];
    for kid in kids {
        let name = kid.escape_debug().to_string();
        let token = issuer.token().header("kid", kid).mint();
        api.refuses(&name, &token, UnknownKey);
        let rejection = api.judge(&token).unwrap_err();
        let explained = rejection.explain();
        let is_printable = |c: char| c == ' ' || c.is_ascii_graphic();
        assert!(explained.chars().all(is_printable), "{name}: {explained}");
        assert!(!explained.contains(&"k".repeat(129)), "{name}");
        let shown = format!("{rejection} {rejection:?}");
        assert!(kid.len() < 3 || !shown.contains(kid), "{name}: {shown}");
    }
    for (kid, shown) in [
        ("a\r\nb\"\0", r#""a\r\nb\"\u{0}""#.to_owned()),
        (&long, format!("\"{}...\"", "k".repeat(128))),
    ] {
        let token = issuer.token().header("kid", kid).mint();
        let explained = api.judge(&token).unwrap_err().explain();
        assert!(explained.contains(&shown), "{explained}");
    }
}

#[test]
fn t08_kid_is_a_string_of_bounded_length() {
    let issuer = test_issuer();
    let api = Api::of(&issuer);
    #[rustfmt::skip]
    let no_strings = [json!(null), json!(0), json!(true), json!([]), json!(["p256-0"]), json!({"a": 1})];
    for kid in no_strings {
        let token = issuer.token().header("kid", kid.clone()).mint();
        api.refuses(&kid.to_string(), &token, MalformedKeyId);
    }
    let widest = Api::new(issuer.to_issuer(), |b| b.max_token_bytes(1 << 20));
    for bytes in [1 << 19, 1 << 20] {
        let token = issuer.token().header("kid", "k".repeat(bytes)).mint();
        api.refuses("kid over the token's bound", &token, TooLong);
        widest.refuses("kid over the header's bound", &token, TooLong);
    }
}

/// The issuer's own `kid`s come from outside too.
#[test]
fn t08_kid_of_a_key_is_escaped_and_cut_where_it_is_shown() {
    let issuer = test_issuer();
    let kid = format!("a\r\nb{}", "k".repeat(500));
    let mut jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    jwks["keys"][0]["kid"] = kid.clone().into();
    let keys = StaticKeys::from_jwks(&jwks.to_string()).unwrap();
    let api = Api::new(Issuer::new(AS).keys(keys.clone()), |builder| builder);

    let token = || issuer.token().header("kid", kid.as_str());
    api.accepts("that kid", &token().mint());
    let forged = token().signed_by(&test_issuer()).mint();
    api.refuses("forged", &forged, BadSignature);
    let unknown = token().header("kid", "x").mint();
    api.refuses("unknown", &unknown, UnknownKey);
    let explained = |token: &str| api.judge(token).unwrap_err().explain();
    for (name, shown) in [
        ("explain() of a bad signature", explained(&forged)),
        ("explain() of an unknown key", explained(&unknown)),
        ("Debug of the keys", format!("{keys:?}")),
        ("Debug of health", format!("{:?}", api.0.health())),
    ] {
        assert!(!shown.contains(['\r', '\n']), "{name}: {shown}");
        assert!(!shown.contains(&"k".repeat(129)), "{name}: {shown}");
    }
}

#[test]
fn t09_typ_by_profile() {
    let issuer = test_issuer();
    let default = Api::of(&issuer);
    let rfc9068 = Api::with(&issuer, Policy::builder().profile(Profile::Rfc9068));
    let check = |name: &str, token: TestToken, by_default, by_rfc9068| {
        let token = token.mint();
        assert_eq!(default.verdict(&token), by_default, "default: {name}");
        assert_eq!(rfc9068.verdict(&token), by_rfc9068, "RFC 9068: {name}");
    };
    let refusal = Err(TypeNotAccepted);
    #[rustfmt::skip]
    let explicit = ["at+jwt", "AT+JWT", "aT+jWt", "application/at+jwt", "APPLICATION/AT+JWT", "Application/At+Jwt"];
    #[rustfmt::skip]
    let others = [
        "dpop+jwt", "DPoP+JWT", "application/dpop+jwt", "logout+jwt", "application/logout+jwt", "secevent+jwt",
        "application/secevent+jwt", "token-introspection+jwt", "application/token-introspection+jwt",
        "Application/Token-Introspection+JWT", "id+jwt", "rt+jwt", "oauth-authz-req+jwt", "entity-statement+jwt",
        "vc+sd-jwt", "kb+jwt", "JOSE", "JOSE+JSON", "JWS", "JWE", "", " ", "at+jwt ", " at+jwt", "at+jwt\0", "at jwt",
        "at%2Bjwt", "at+jwt;x=1", "at+jwt,JWT", "at", "+jwt", "application/", "application/application/at+jwt",
        "text/at+jwt", "/at+jwt", "application/at", "xapplication/at+jwt", "JWT ", "JWTs", "application/x-jwt",
    ];
    for typ in explicit {
        check(typ, issuer.token().typ(typ), Ok(()), Ok(()));
    }
    for typ in ["JWT", "jwt", "Jwt", "application/jwt", "Application/JWT"] {
        check(typ, issuer.token().typ(typ), Ok(()), refusal);
    }
    check(
        "no typ",
        issuer.token().without_header("typ"),
        Ok(()),
        refusal,
    );
    for typ in others {
        check(typ, issuer.token().typ(typ), refusal, refusal);
    }
    for typ in [
        json!(null),
        json!(1),
        json!(["at+jwt"]),
        json!({}),
        json!(true),
    ] {
        let token = issuer.token().header("typ", typ.clone());
        check(&typ.to_string(), token, refusal, refusal);
    }
}

#[test]
fn t10_other_serializations_and_unsecured_tokens() {
    let issuer = test_issuer();
    let api = Api::of(&issuer);
    let good = issuer.token().mint();
    let [h, p, s] = parts(&good);
    let flattened = json!({"protected": h, "payload": p, "signature": s}).to_string();
    let general = json!({"payload": p, "signatures": [{"protected": h, "signature": s}]});
    let a5 = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl\
              LmNvbS9pc19yb290Ijp0cnVlfQ.";
    for (name, token, expected) in [
        ("flattened", flattened.clone(), MalformedToken),
        ("general", general.to_string(), MalformedToken),
        (
            "flattened, encoded",
            encode(flattened.as_bytes()),
            OpaqueToken,
        ),
        ("RFC 7515 A.5", a5.into(), Unsigned),
        (
            "minted unsigned",
            issuer.token().unsigned().mint(),
            Unsigned,
        ),
        ("stripped", format!("{h}.{p}."), Unsigned),
    ] {
        api.refuses(name, &token, expected);
    }
}

#[test]
fn t10_a_signature_has_its_algorithms_length() {
    let all = with_public_keys;
    let issuer = test_issuer().algorithms(all());
    let api = Api::with(&issuer, Policy::builder().algorithms(all()));
    for algorithm in all() {
        let token = issuer.token().algorithm(algorithm).mint();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = decode(signature);
        assert_eq!(format!("{signed}.{}", encode(&signature)), token);
        for (name, spoilt) in [
            ("a byte less", signature[..signature.len() - 1].to_vec()),
            ("a byte less in front", signature[1..].to_vec()),
            ("a byte more", [&signature[..], &[0]].concat()),
            ("a zero in front", [&[0], &signature[..]].concat()),
            ("half", signature[..signature.len() / 2].to_vec()),
            ("twice", signature.repeat(2)),
            ("one byte", vec![0]),
        ] {
            let token = format!("{signed}.{}", encode(&spoilt));
            api.refuses(&format!("{algorithm}: {name}"), &token, BadSignature);
        }
    }
}
