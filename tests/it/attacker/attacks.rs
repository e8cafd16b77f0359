//! Known mistakes of other libraries, each with the attack that it made possible. A test has the
//! number of the mistake in its name, and its comment says what went wrong there.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use resource_server::Reason::{
    AlgorithmNotAllowed, AlgorithmUnknown, AudienceMismatch, AudienceMissing, BadSignature,
    CriticalHeader, EncryptedToken, IssuerMismatch, MalformedClaim, MalformedPayload,
    MalformedToken, OpaqueToken, TooLong, UnknownKey, Unsigned, UnsupportedHeader,
};
use resource_server::testing::{ManualClock, TestIssuer, TestToken};
use resource_server::{
    Algorithm, Credentials, Error, Evidence, Issuer, KeySource, Policy, PolicyBuilder,
    PresentedToken, Profile, Reason, StaticKeys, Validator, ValidatorBuilder,
    error::{ConfigErrorKind, SecretError, SourceError},
};
use serde_json::{Value, json};

use crate::support::form::{decode, encode};
use crate::support::keys as spelled;
use crate::support::problems_of;
use crate::support::{API, Api, ISSUER, block_on, clock};

/// The public key that signs by this algorithm.
fn key_of(api: &Api, algorithm: Algorithm) -> Value {
    let token = api.token().algorithm(algorithm).mint();
    let token = PresentedToken::parse(&token).unwrap();
    let id = token.jwt().unwrap().key_id().unwrap();
    let set: Value = serde_json::from_str(&api.issuer.jwks()).unwrap();
    let keys = set["keys"].as_array().unwrap();
    keys.iter().find(|key| key["kid"] == id).unwrap().clone()
}

fn bytes_of(key: &Value, member: &str) -> Vec<u8> {
    decode(key[member].as_str().unwrap())
}

/// The verdict of an API with these keys and this policy.
fn verdict(keys: StaticKeys, policy: PolicyBuilder, clock: &ManualClock, token: &str) -> Verdict {
    let validator = Validator::builder()
        .audience(API)
        .issuer(Issuer::new(ISSUER).keys(keys).policy(policy))
        .clock(clock.clone())
        .build()
        .unwrap();
    match validator.validate_cached(token).expect("keys are at hand") {
        Ok(_) => None,
        Err(Error::Rejected(rejection)) => Some(rejection.reason()),
        Err(other) => panic!("{other:?}"),
    }
}

/// Why a token is refused; `None` where it is accepted.
type Verdict = Option<Reason>;

fn one_key(key: &Value) -> StaticKeys {
    StaticKeys::from_jwks(&json!({"keys": [key]}).to_string()).unwrap()
}

/// What is wrong with this secret for HS256.
fn assert_refused_secret(secret: &[u8], expected: &SecretError) {
    let validator = Validator::builder().audience(API);
    let built = validator
        .issuer(Issuer::hmac(ISSUER, Algorithm::HS256, secret))
        .build();
    let problem = (
        Some(ISSUER.to_owned()),
        ConfigErrorKind::Secret(expected.clone()),
    );
    assert_eq!(problems_of(&built.unwrap_err()), [problem]);
}

fn admin(token: TestToken) -> TestToken {
    token.subject("admin").scope("everything")
}

/// Forges tokens, with the public parts of the key as the secret.
fn assert_no_hmac(algorithm: Algorithm, secret: impl Fn(&Value) -> Vec<u8>) {
    let api = Api::new();
    let secret = secret(&key_of(&api, algorithm));
    let key_id = key_of(&api, algorithm)["kid"].clone();
    for hmac in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let name = hmac.as_str();
        let forged = |alg: &str| {
            let token = admin(api.token()).hmac(hmac, &secret);
            token.header("alg", alg).header("kid", key_id.clone())
        };
        let reason = |token: TestToken| api.reason(&token.mint());
        assert_eq!(reason(forged(name)), Some(AlgorithmNotAllowed), "{name}");
        let without_kid = forged(name).without_header("kid");
        assert_eq!(reason(without_kid), Some(AlgorithmNotAllowed), "{name}");
        let posing = forged(algorithm.as_str());
        assert_eq!(reason(posing), Some(BadSignature), "{name}");
    }
    assert_eq!(api.reason(&api.token().algorithm(algorithm).mint()), None);
}

/// node jsonwebtoken before 4.2.2 used the token's `alg` to decide what the key is: the RSA key, in
/// PEM, became the secret of HS256.
#[test]
fn cve_2015_9235_an_rsa_key_is_no_secret() {
    assert_no_hmac(Algorithm::RS256, |key| {
        spelled::pem("PUBLIC KEY", &spelled::spki(key)).into()
    });
}

/// jwt-simple before 0.3.1: the same, where the caller had not named the algorithm.
#[test]
fn cve_2016_10555_no_default_list_has_hmac() {
    assert_no_hmac(Algorithm::RS256, spelled::spki);
    assert!(!Algorithm::default_list().any(Algorithm::is_hmac));
    for name in ["HS256", "HS384", "HS512"] {
        let named = json!({"issuer": ISSUER, "audiences": [API], "algorithms": ["RS256", name]});
        assert!(
            serde_json::from_value::<Policy>(named).is_err(),
            "{name} can't be allowed beside RS256"
        );
    }
}

/// PyJWT before 1.5.1 kept public keys from being secrets by a list of how they begin, and the list
/// lacked PKCS #1.
#[test]
fn cve_2017_11424_pkcs1_pem_is_no_secret() {
    assert_no_hmac(Algorithm::RS256, |key| {
        spelled::pem("RSA PUBLIC KEY", &spelled::pkcs1(key)).into()
    });
}

/// PyJWT before 2.4.0: the list lacked OpenSSH's spelling of Ed25519.
#[test]
fn cve_2022_29217_an_open_ssh_key_is_no_secret() {
    assert_no_hmac(Algorithm::EdDSA, |key| {
        spelled::open_ssh("ssh-ed25519", &[&bytes_of(key, "x")]).into()
    });
}

/// python-jose up to 3.3.0: its list lacked OpenSSH's spelling of ECDSA.
#[test]
fn cve_2024_33663_an_open_ssh_ecdsa_key_is_no_secret() {
    assert_no_hmac(Algorithm::ES256, |key| {
        let point = [&[4], &bytes_of(key, "x")[..], &bytes_of(key, "y")].concat();
        spelled::open_ssh("ecdsa-sha2-nistp256", &[b"nistp256", &point]).into()
    });
}

/// fast-jwt before 3.3.2 distinguished keys from secrets by a pattern that did not know PKCS #1.
#[test]
fn cve_2023_48223_no_spelling_of_a_key_is_a_secret() {
    assert_no_hmac(Algorithm::RS256, spelled::pkcs1);
    assert_no_hmac(Algorithm::RS256, |key| key.to_string().into());
    assert_no_hmac(Algorithm::RS256, |key| bytes_of(key, "n"));
}

/// fast-jwt up to 6.1.0: the pattern was then mended but for white space in front of the PEM text.
#[test]
fn cve_2026_34950_white_space_makes_no_secret() {
    for space in ["\n", " ", "\t", "\r\n"] {
        assert_no_hmac(Algorithm::RS256, |key| {
            format!("{space}{}", spelled::pem("PUBLIC KEY", &spelled::spki(key))).into()
        });
    }
}

/// PyJWT before 2.13.0 accepted a public key, written as a JWK, as the secret of an HMAC where both
/// kinds were allowed.
#[test]
fn cve_2026_48526_a_jwk_is_no_secret() {
    let api = Api::new();
    let key = key_of(&api, Algorithm::RS256);
    for text in [key.to_string(), api.issuer.jwks(), format!("\n\t {key} ")] {
        assert_refused_secret(text.as_bytes(), &SecretError::ReadsAsKey("JWK"));
    }
    assert_no_hmac(Algorithm::RS256, |key| key.to_string().into());
}

/// fast-jwt before 6.2.4 verified with an empty secret where its key resolver found none.
#[test]
fn cve_2026_44351_an_empty_secret_is_none() {
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let validator = Validator::builder().audience(API);
        let validator = validator.issuer(Issuer::hmac(ISSUER, algorithm, ""));
        assert!(validator.build().is_err(), "{algorithm}");
    }
    // A key that is not found is not an empty secret either.
    let api = Api::new();
    let forged = || admin(api.token()).hmac(Algorithm::HS256, b"");
    for token in [forged(), forged().header("kid", "unknown")] {
        assert_eq!(api.reason(&token.mint()), Some(AlgorithmNotAllowed));
    }
}

/// ruby-jwt before 3.2.0: the same, where a missing secret was an empty secret.
#[test]
fn cve_2026_45363_a_secret_that_is_not_set_is_none() {
    let needed = 32;
    assert_refused_secret(b"", &SecretError::TooShort { bytes: 0, needed });
    assert_refused_secret(&[0; 32], &SecretError::OneByteRepeated);
    // With a secret in place, a token that was signed with none is a forged one.
    let secret = b"0123456789abcdef0123456789abcdef";
    let clock = clock();
    let validator = Validator::builder()
        .audience(API)
        .issuer(Issuer::hmac(ISSUER, Algorithm::HS256, secret))
        .clock(clock.clone())
        .build()
        .unwrap();
    let issuer = TestIssuer::new(ISSUER, API).clock(clock);
    let judge = |secret: &[u8]| {
        let token = admin(issuer.token()).hmac(Algorithm::HS256, secret).mint();
        validator.validate_cached(&token).unwrap()
    };
    assert!(judge(secret).is_ok());
    for forged in [
        &b""[..],
        b"\0",
        &[0; 32],
        b"0123456789abcdef0123456789abcdef\n",
    ] {
        let Err(Error::Rejected(rejection)) = judge(forged) else {
            panic!("{forged:?}");
        };
        assert_eq!(rejection.reason(), BadSignature, "{forged:?}");
    }
}

/// json-web-token before 4.0.0 verified by the algorithm that the header names.
#[test]
fn cve_2023_48238_the_header_does_not_choose_the_kind_of_key() {
    let kinds = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
    for algorithm in kinds {
        assert_no_hmac(algorithm, |key| key.to_string().into());
    }
}

/// Hono's JWKS middleware before 4.11.4 used `alg` of the header where the key in the set states no
/// `alg`.
#[test]
fn cve_2026_22817_a_key_without_alg_is_of_its_own_kind_only() {
    let api = Api::new();
    let mut key = key_of(&api, Algorithm::RS256);
    key.as_object_mut().unwrap().remove("alg");
    let judge =
        |token: TestToken| verdict(one_key(&key), Policy::builder(), &api.clock, &token.mint());
    let token = || api.token().algorithm(Algorithm::RS256);
    assert_eq!(judge(token()), None);
    let forged = token().hmac(Algorithm::HS256, key["n"].as_str().unwrap().as_bytes());
    let judged = judge(forged.header("kid", key["kid"].clone()));
    assert_eq!(judged, Some(AlgorithmNotAllowed));
    for name in ["ES256", "EdDSA", "ES384"] {
        assert_eq!(
            judge(token().header("alg", name)),
            Some(UnknownKey),
            "{name}"
        );
    }
    assert_eq!(judge(token().header("alg", "PS256")), Some(BadSignature));
}

/// node jsonwebtoken before 9.0.0 accepted keys with algorithms of other kinds of key.
#[test]
fn cve_2022_23539_a_key_fits_its_own_algorithms_only() {
    let api = Api::new();
    let own = [
        (Algorithm::RS256, "RS PS"),
        (Algorithm::ES256, "ES256"),
        (Algorithm::ES384, "ES384"),
        (Algorithm::EdDSA, "EdDSA Ed25519"),
        (Algorithm::MlDsa44, "ML-DSA-44"),
    ];
    for (algorithm, fitting) in own {
        if !algorithm.is_supported() {
            continue;
        }
        let keys = one_key(&key_of(&api, algorithm));
        let strangers = Algorithm::default_list().filter(|other| {
            let name = other.as_str();
            !fitting.split(' ').any(|start| name.starts_with(start))
        });
        for other in strangers {
            let token = api.token().algorithm(algorithm);
            let token = token.header("alg", other.as_str()).mint();
            let found = verdict(keys.clone(), Policy::builder(), &api.clock, &token);
            assert_eq!(found, Some(UnknownKey), "{algorithm} as {other}");
        }
    }
}

/// PyJWT 2.9.0 to 2.12.1 held the header's `alg` against the allowed ones, and then verified by the
/// algorithm of the key.
#[test]
fn cve_2026_48523_what_is_allowed_is_what_verifies() {
    let api = Api::new();
    let mut key = key_of(&api, Algorithm::RS256);
    let policy = || Policy::builder().algorithms([Algorithm::RS256]);
    for (stated, posing) in [(Some("PS256"), UnknownKey), (None, BadSignature)] {
        match stated {
            Some(name) => key["alg"] = json!(name),
            None => drop(key.as_object_mut().unwrap().remove("alg")),
        }
        let judge = |token: TestToken| verdict(one_key(&key), policy(), &api.clock, &token.mint());
        let token = || api.token().algorithm(Algorithm::PS256);
        assert_eq!(judge(token()), Some(AlgorithmNotAllowed), "{stated:?}");
        let renamed = token().header("alg", "RS256");
        assert_eq!(judge(renamed), Some(posing), "{stated:?}");
    }
}

/// node jsonwebtoken before 9.0.0 fell back to `none` where no algorithms were named.
#[test]
fn cve_2022_23540_none_is_never_a_default() {
    let api = Api::new();
    for name in ["none", "None", "NONE", "nOnE", ""] {
        let token = || admin(api.token()).header("alg", name);
        assert_eq!(api.reason(&token().unsigned().mint()), Some(Unsigned));
        assert_eq!(api.reason(&token().mint()), Some(AlgorithmUnknown));
        assert!(name.parse::<Algorithm>().is_err());
    }
}

/// DP-3T's backend before 1.1.1 parsed unsigned and signed tokens alike, so a missing signature was
/// accepted.
#[test]
fn cve_2020_15957_a_token_without_signature_is_refused_for_that() {
    let api = Api::new();
    let good = api.token().mint();
    let (signed, _) = good.rsplit_once('.').unwrap();
    assert_eq!(api.reason(&format!("{signed}.")), Some(Unsigned));
    assert_eq!(api.reason(signed), Some(OpaqueToken));
    let none = encode(br#"{"alg":"none"}"#);
    let (_, claims) = signed.split_once('.').unwrap();
    assert_eq!(api.reason(&format!("{none}.{claims}.")), Some(Unsigned));
}

/// ServiceStack before 5.9.2 compared as many bytes as the presented signature has: none, where it
/// is empty.
#[test]
fn cve_2020_28042_a_part_of_a_signature_is_none() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256] {
        let api = Api::new();
        let good = api.token().algorithm(algorithm).mint();
        let (signed, signature) = good.rsplit_once('.').unwrap();
        assert_eq!(api.reason(&good), None);
        assert_eq!(api.reason(&format!("{signed}.")), Some(Unsigned));
        let signature = decode(signature);
        for length in 1..signature.len() {
            let cut = format!("{signed}.{}", encode(&signature[..length]));
            assert_eq!(api.reason(&cut), Some(BadSignature), "{length} bytes");
        }
    }
}

/// Java 15 to 18 did not refuse ECDSA's r and s of zero, which fit every key and message.
#[test]
fn cve_2022_21449_a_signature_of_zeros_is_none() {
    let api = Api::new();
    for (algorithm, bytes) in [
        (Algorithm::ES256, 64),
        (Algorithm::ES384, 96),
        (Algorithm::ES512, 132),
    ] {
        if !algorithm.is_supported() {
            continue;
        }
        let forged = admin(api.token().algorithm(algorithm)).signature(&vec![0; bytes]);
        assert_eq!(
            api.reason(&forged.mint()),
            Some(BadSignature),
            "{algorithm}"
        );
        let of_zeros_in_der = [0x30, 6, 2, 1, 0, 2, 1, 0];
        let forged = admin(api.token().algorithm(algorithm)).signature(&of_zeros_in_der);
        assert_eq!(
            api.reason(&forged.mint()),
            Some(BadSignature),
            "{algorithm}"
        );
    }
}

/// elliptic before 6.5.6 did not hold EdDSA's S against the order of the group, so one signature
/// had several spellings.
#[test]
fn cve_2024_48949_ed25519_has_one_scalar() {
    // RFC 8032 section 5.1, little-endian.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let api = Api::new();
    let good = api.token().algorithm(Algorithm::EdDSA).mint();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let mut signature = decode(signature);
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    assert_eq!(api.reason(&good), None);
    let respelled = format!("{signed}.{}", encode(&signature));
    assert_eq!(api.reason(&respelled), Some(BadSignature));
}

/// Cisco's node-jose before 0.11.0 verified with the key that the token itself brings.
#[test]
fn cve_2018_0114_a_key_in_the_header_is_no_key() {
    assert_embedded_key_is_unused(|key| key);
}

/// Authlib before 1.6.9 did the same where the caller's lookup gave no key.
#[test]
fn cve_2026_27962_a_key_in_the_header_is_no_last_resort() {
    assert_embedded_key_is_unused(|mut key| {
        key["kid"] = json!("unknown to the issuer");
        key
    });
}

fn assert_embedded_key_is_unused(adapt: fn(Value) -> Value) {
    let api = Api::new();
    for algorithm in [Algorithm::ES256, Algorithm::RS256, Algorithm::EdDSA] {
        let attacker = Api::new();
        let key = adapt(key_of(&attacker, algorithm));
        let forged = || {
            admin(api.token().algorithm(algorithm))
                .signed_by(&attacker.issuer)
                .header("jwk", key.clone())
        };
        let reason = |token: TestToken| api.reason(&token.mint());
        assert_eq!(reason(forged()), Some(BadSignature));
        assert_eq!(reason(forged().without_header("kid")), Some(BadSignature));
        let own_kid = forged().header("kid", "unknown to the issuer");
        assert_eq!(reason(own_kid), Some(UnknownKey));
    }
}

/// Microsoft.IdentityModel before 7.1.2 went to the address in `jku` for the key of a signed
/// request.
#[test]
fn cve_2024_21643_an_address_in_a_token_is_never_visited() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let api = Api::new();
    let attacker = Api::new();
    for place in ["jku", "x5u"] {
        let forged = || {
            admin(api.token())
                .header(place, url.as_str())
                .claim(place, url.as_str())
                .signed_by(&attacker.issuer)
        };
        let reason = |token: TestToken| api.reason(&token.mint());
        assert_eq!(reason(forged()), Some(BadSignature), "{place}");
        let stray = forged().header("kid", "there");
        assert_eq!(reason(stray), Some(UnknownKey), "{place}");
        let bound = forged().claim("cnf", json!({place: url, "kid": "there"}));
        assert_eq!(reason(bound), Some(Reason::UnknownConfirmation), "{place}");
    }
    let nobody = listener.accept().map(drop).unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

/// pac4j-jwt before 6.3.3 checked no signature where the encrypted part held a token that has none.
/// Anybody can encrypt.
#[test]
fn cve_2026_29000_encryption_stands_for_no_signature() {
    let api = Api::new();
    let plain = admin(api.token()).header("alg", "none").unsigned().mint();
    assert_eq!(api.reason(&plain), Some(Unsigned));
    let header = br#"{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT"}"#;
    let [key, iv, tag] = [&[1; 256][..], &[2; 12], &[3; 16]].map(encode);
    let wrapped = format!(
        "{}.{key}.{iv}.{}.{tag}",
        encode(header),
        encode(plain.as_bytes())
    );
    assert_eq!(api.reason(&wrapped), Some(EncryptedToken));
    let nested = api
        .token()
        .header("cty", "JWT")
        .raw_payload(plain.as_bytes());
    assert_eq!(api.reason(&nested.mint()), Some(MalformedPayload));
    let nested = api.token().header("cty", "JWT").mint();
    assert_eq!(api.reason(&nested), Some(UnsupportedHeader));
}

/// go-jose before 4.0.1 inflated what a token had compressed without a bound.
#[test]
fn cve_2024_28180_nothing_is_inflated() {
    let api = Api::new();
    let zipped = api.token().header("zip", "DEF").mint();
    assert_eq!(api.reason(&zipped), Some(UnsupportedHeader));
    let header = encode(br#"{"alg":"dir","enc":"A256GCM","zip":"DEF"}"#);
    let encrypted = format!("{header}..AAAA.AAAA.AAAA");
    assert_eq!(api.reason(&encrypted), Some(EncryptedToken));
}

/// python-jwt before 3.3.4 read the claims as a compact token, while the library below it verified
/// the same text as JSON.
#[test]
fn cve_2022_39227_one_text_is_never_of_two_forms() {
    let api = Api::new();
    let good = api.token().mint();
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    let forged = encode(&api.claims(&[("sub", "\"admin\"")]));
    let members =
        format!(r#""protected":"{header}","payload":"{claims}","signature":"{signature}""#);
    for (text, expected) in [
        (
            format!(r#"{{"  {header}.{forged}.":"",{members}}}"#),
            MalformedToken,
        ),
        (
            format!("{header}.{forged}.{{{members}}}"),
            Reason::NotBase64url,
        ),
        (format!("{{{members}}}"), MalformedToken),
        (format!("{header}.{forged}.{signature}"), BadSignature),
    ] {
        assert_eq!(api.reason(&text), Some(expected), "{text}");
    }
}

/// golang-jwt before 5.2.2 split the whole text at its dots before it looked at how many there are.
#[test]
fn cve_2025_30204_a_text_of_dots_is_no_token() {
    assert_dots_are_refused(&["", ".", "Bearer", "e30", "eyJhbGciOiJSUzI1NiJ9"]);
}

/// go-jose before 4.0.5 did the same, with encrypted tokens too.
#[test]
fn cve_2025_27144_a_text_of_dots_is_no_encrypted_token() {
    let header = encode(br#"{"alg":"dir","enc":"A256GCM"}"#);
    assert_dots_are_refused(&[&header, &format!("{header}..AAAA.AAAA.AAAA")]);
}

fn assert_dots_are_refused(starts: &[&str]) {
    let api = Api::new();
    let validator = Validator::builder()
        .audience(API)
        .issuer(api.issuer.to_issuer())
        .max_token_bytes(1 << 20);
    let validator = validator.build().unwrap();
    for start in starts {
        let text = |bytes: usize| format!("{start}{}", ".".repeat(bytes - start.len()));
        assert_eq!(api.reason(&text(16_384)), Some(OpaqueToken), "{start}");
        assert_eq!(api.reason(&text(16_385)), Some(TooLong), "{start}");
        let Some(Err(Error::Rejected(rejection))) = validator.validate_cached(&text(1 << 20))
        else {
            panic!("{start}")
        };
        assert_eq!(rejection.reason(), OpaqueToken, "{start}");
    }
}

/// Authlib before 1.6.4 accepted tokens whose header names critical extensions that it does not
/// know.
#[test]
fn cve_2025_59420_an_unknown_critical_extension_is_refused() {
    assert_critical(&[
        json!({"crit": ["cnf"], "cnf": {"jkt": "x"}}),
        json!({"crit": ["bork"], "bork": 1}),
    ]);
}

/// PyJWT before 2.12.0 ignored `crit`.
#[test]
fn cve_2026_32597_crit_is_not_ignored() {
    assert_critical(&[
        json!({"crit": ["x-mfa-required"], "x-mfa-required": true}),
        json!({"crit": ["not there"]}),
    ]);
}

/// fast-jwt up to 6.1.0 ignored `crit` too.
#[test]
fn cve_2026_35042_crit_of_any_form_is_refused() {
    assert_critical(&[
        json!({"crit": []}),
        json!({"crit": ["alg"]}),
        json!({"crit": "exp"}),
        json!({"crit": null}),
    ]);
}

fn assert_critical(headers: &[Value]) {
    let api = Api::new();
    for header in headers {
        let members = header.as_object().unwrap().iter();
        let token = members.fold(api.token(), |token, (name, value)| {
            token.header(name, value.clone())
        });
        assert_eq!(api.reason(&token.mint()), Some(CriticalHeader), "{header}");
    }
}

/// PyJWT 2.8.0 to 2.12.1 decoded the payload of a detached token, however long, only to throw it
/// away.
#[test]
fn cve_2026_48525_a_detached_payload_is_refused() {
    let api = Api::new();
    let detached = |token: TestToken| {
        let token = token.header("b64", false).mint();
        let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            panic!("three parts")
        };
        [
            token.clone(),
            format!("{header}..{signature}"),
            format!("{header}.!{claims}.{signature}"),
        ]
    };
    let [whole, without, spoilt] = detached(api.token());
    assert_eq!(api.reason(&whole), Some(UnsupportedHeader));
    assert_eq!(api.reason(&without), Some(MalformedPayload));
    assert_eq!(api.reason(&spoilt), Some(Reason::NotBase64url));
    let [long, ..] = detached(api.token().claim("pad", "x".repeat(16_384)));
    assert_eq!(api.reason(&long), Some(TooLong));
    let [critical, ..] = detached(api.token().header("crit", json!(["b64"])));
    assert_eq!(api.reason(&critical), Some(CriticalHeader));
}

/// jsonwebtoken (the crate) before 10.3.0 treated a claim of the wrong type as absent.
#[test]
fn cve_2026_25537_a_claim_of_the_wrong_type_is_not_absent() {
    let wrong = r#""99999999999" "never" null true [] {} [99999999999]"#;
    for settings in [
        Policy::builder(),
        Policy::builder().profile(Profile::Rfc9068),
    ] {
        let api = Api::with(settings);
        for claim in ["nbf", "exp", "iat"] {
            api.check("C11", claim, &[(Some(MalformedClaim), wrong)]);
        }
        for claim in ["iss", "aud", "sub", "jti", "client_id"] {
            api.check("C11", claim, &[(Some(MalformedClaim), "null 5 {} true")]);
        }
    }
}

/// jwt-go before 4.0.0-preview1 read an `aud` that is a list as an empty one, and an empty one as
/// good enough.
#[test]
fn cve_2020_26160_a_list_of_other_audiences_is_not_ours() {
    let api = Api::new();
    let aud = [
        (Some(AudienceMissing), r#"[] "" [""] ["",""]"#),
        (
            Some(AudienceMismatch),
            r#"["https://other.example.com"] ["https://other.example.com",""] "https://other.example.com""#,
        ),
        (
            None,
            r#"["https://other.example.com","https://api.example.com"]"#,
        ),
    ];
    api.check("C02", "aud", &aud);
}

/// PyJWT 2.10.0 checked whether the right issuer contains `iss`.
#[test]
fn cve_2024_53861_a_piece_of_the_issuer_is_another_issuer() {
    let api = Api::new();
    for (start, _) in ISSUER.char_indices() {
        for end in start..ISSUER.len() {
            let piece = format!("\"{}\"", &ISSUER[start..end]);
            let found = api.reason(&api.minted(&[("iss", &piece)]));
            assert_eq!(found, Some(IssuerMismatch), "{piece}");
        }
    }
}

/// fast-jwt before 5.0.6 accepted a list of issuers if the right one was among them.
#[test]
fn cve_2025_30144_a_list_of_issuers_is_none() {
    let api = Api::new();
    let lists =
        r#"["https://evil.example","https://as.example.com"] ["https://as.example.com"] []"#;
    api.check("C01", "iss", &[(Some(MalformedClaim), lists)]);
}

/// Auth0's WCF service before 1.0.4 put the signature that would have been right into its refusal.
#[test]
fn cve_2019_7644_a_refusal_shows_no_signature() {
    let api = Api::new();
    let attacker = Api::new();
    let forged = admin(api.token()).signed_by(&attacker.issuer).mint();
    let good = admin(api.token()).mint();
    let rejection = api.judge(&forged).unwrap_err();
    assert_eq!(rejection.reason(), BadSignature);
    for shown in [
        rejection.explain(),
        rejection.to_string(),
        format!("{rejection:?}"),
    ] {
        for token in [&forged, &good] {
            let [_, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
                panic!("three parts")
            };
            assert!(
                !shown.contains(signature) && !shown.contains(claims),
                "{shown}"
            );
        }
    }
}

/// A source that counts its calls.
struct Counting(TestIssuer, Arc<AtomicUsize>);

impl KeySource for Counting {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.evidence(token).await
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.cached(token)
    }
}

/// Envoy 1.17.0, configured to pass requests without a token, treated a token of an unknown issuer
/// as no token.
#[test]
fn cve_2021_21378_a_token_of_an_unknown_issuer_is_a_bad_token_and_not_none() {
    let api = Api::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let entries = ["https://a.example.com", "https://b.example.com"].map(|name| {
        let issuer = TestIssuer::new(name, API).clock(api.clock.clone());
        Issuer::new(name).source(Counting(issuer, Arc::clone(&asked)))
    });
    let validator = entries
        .into_iter()
        .fold(Validator::builder(), ValidatorBuilder::issuer);
    let validator = validator.audience(API).clock(api.clock.clone());
    let validator = validator.build().unwrap();
    let reason = |result| match result {
        Err(Error::Rejected(rejection)) => {
            let rejection: resource_server::Rejection = rejection;
            (
                rejection.reason(),
                rejection.status(),
                rejection.oauth_error(),
            )
        }
        other => panic!("{other:?}"),
    };
    let refused = (IssuerMismatch, 401, Some("invalid_token"));
    let key = key_of(&api, Algorithm::ES256);
    for token in [
        api.token(),
        api.token().header("jwk", key),
        api.token().without_header("kid"),
        api.token().unsigned().signature(&[0; 64]),
        api.token().issuer("https://a.example.com/"),
        api.token().issuer(""),
        api.token().issuer("anonymous"),
    ] {
        let token = token.mint();
        assert_eq!(reason(validator.validate_cached(&token).unwrap()), refused);
        assert_eq!(reason(block_on(validator.validate(&token))), refused);
        let presented = Credentials::bearer(&token);
        assert_eq!(
            reason(block_on(validator.authenticate(&presented))),
            refused
        );
    }
    assert_eq!(
        asked.load(Ordering::Relaxed),
        0,
        "an unknown issuer costs nothing"
    );
    assert_eq!(
        api.reason(&api.token().mint()),
        None,
        "good where its issuer is known"
    );
}

#[cfg(feature = "fetch")]
mod fetched {
    use std::time::Duration;

    use resource_server::testing::Fault;
    use resource_server::{
        Issuer, Reason, Validator,
        error::{AddressError, ConfigErrorKind},
    };

    use crate::support::http::{AUDIENCE, COOLDOWN, World, outage, reason};
    use crate::support::problems_of;

    /// PyJWT before 2.13.0 accepted any scheme in the address of the keys.
    #[tokio::test]
    async fn cve_2026_48522_keys_come_by_https_only() {
        let name = "https://as.example.com";
        for (url, problem) in [
            ("file:///etc/passwd", AddressError::Scheme),
            ("file://localhost/tmp/jwks.json", AddressError::Scheme),
            ("ftp://as.example.com/jwks", AddressError::Scheme),
            ("FILE:///tmp/jwks.json", AddressError::Scheme),
            ("data:application/json,{\"keys\":[]}", AddressError::NotAUrl),
            ("gopher://as.example.com/", AddressError::Scheme),
            ("http://169.254.169.254/jwks", AddressError::Http),
            ("https://user@as.example.com/jwks", AddressError::UserInfo),
            ("https://as.example.com/jwks#here", AddressError::Fragment),
        ] {
            let issuer = || Issuer::new(name);
            for entry in [issuer().jwks_at(url), issuer().discovery_at(url)] {
                let built = Validator::builder()
                    .audience(AUDIENCE)
                    .issuer(entry)
                    .build();
                let expected = [(Some(name.into()), ConfigErrorKind::Address(problem.clone()))];
                assert_eq!(problems_of(&built.unwrap_err()), expected, "{url}");
            }
            // The same in the metadata that a server was made to serve.
            let world = World::new().await;
            let own = world.server.url();
            let metadata = serde_json::json!({"issuer": own, "jwks_uri": url});
            world.server.serve_metadata(metadata.to_string());
            outage(world.validate(&world.token()).await);
            assert_eq!(world.server.fetches().jwks, 0, "{url}");
        }
    }

    /// PyJWT before 2.13.0 called the issuer for every unknown `kid`, and dropped its cached keys
    /// when the call failed.
    #[tokio::test]
    async fn cve_2026_48524_unknown_kids_neither_storm_nor_evict() {
        let world = World::new().await;
        let known = world.token();
        world.validate(&known).await.unwrap();
        let fetches = || world.server.fetches().jwks;
        world.clock.advance(COOLDOWN);
        for n in 0..100 {
            let stray = world.stray_token(&format!("kid-{n}"));
            assert_eq!(reason(world.validate(&stray).await), Reason::UnknownKey);
        }
        assert_eq!(fetches(), 2, "one for all of them");

        world.server.fail(Fault::Status {
            code: 503,
            retry_after: None,
        });
        world.clock.advance(COOLDOWN);
        for n in 0..100 {
            outage(
                world
                    .validate(&world.stray_token(&format!("kid-{n}")))
                    .await,
            );
            world.validate(&known).await.unwrap();
            world.clock.advance(Duration::from_millis(1));
        }
        assert_eq!(fetches(), 3, "one for all of them");
        let at_hand = world.validator.validate_cached(&known);
        assert!(at_hand.is_some_and(|judged| judged.is_ok()));
    }
}
