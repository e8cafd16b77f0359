//! Sets as real issuers publish them: misspelt members (row K14), many keys (K06), certificates'
//! thumbprints (K05).

use std::sync::Arc;

use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{
    Algorithm, Evidence, NumericDate, Policy, PresentedToken, Reason, Rejection,
    error::KeyError,
    keys::{KeySet, SkippedKey, VerificationKey},
    verify,
};
use serde_json::{Value, json};

use crate::support::form::{decode, encode, with_public_keys};

const AS: &str = "https://as.example.com";
const API: &str = "https://api.example.com";

/// A published P-521 key, whose `y` lost its leading zero.
const P521_X: &str =
    "Abijiex7rz7t-_Zj_E6Oo0OXe9C_-MCSD-OWio15ATQGjH9WpbWjN62ZqrrU_nwJiqqwx6ZsYKhUc_J3PRaMbdVC";
const P521_Y: &str =
    "FxaljCIuoVEA7PJIaDPJ5ePXtZ0hkinT1B_bQ91mShCiR_43Whsn1P7Gz30WEnLuJs1SGVz1oT4lIRUYni2OfIk";

fn test_issuer() -> TestIssuer {
    TestIssuer::new(AS, API)
}

/// The published key for an algorithm, with these members too.
fn key_of(issuer: &TestIssuer, algorithm: Algorithm, members: &Value) -> Value {
    let text = issuer.token().algorithm(algorithm).mint();
    let token = PresentedToken::parse(&text).unwrap();
    let id = token.jwt().unwrap().key_id().unwrap().to_owned();
    let jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let keys = jwks["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == *id).unwrap().clone();
    with(key, members)
}

fn with(mut key: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        key[name] = value.clone();
    }
    key
}

fn set_of(keys: &[Value]) -> Arc<KeySet> {
    Arc::new(KeySet::from_jwks(&json!({"keys": keys}).to_string()).unwrap())
}

fn judge(token: &str, keys: &Arc<KeySet>) -> Result<(), Rejection> {
    let policy = Policy::builder().issuer(AS).audience(API);
    let policy = policy.algorithms(with_public_keys()).build().unwrap();
    let token = PresentedToken::parse(token).unwrap();
    let now = token.jwt().unwrap().expires_at().unwrap().as_secs() - 10;
    let keys = Evidence::Keys(Arc::clone(keys));
    verify(&token, &keys, &policy, NumericDate::from_secs(now)).map(drop)
}

fn reason(judged: Result<(), Rejection>) -> Option<Reason> {
    judged.err().map(|rejection| rejection.reason())
}

/// The same bytes in standard base64.
fn standard(text: &str, padding: &str) -> Value {
    json!(format!(
        "{}{padding}",
        text.replace('-', "+").replace('_', "/")
    ))
}

/// A key alone is read strictly. In a set, what is misspelt but clear is read, and the thumbprint
/// is that of the right spelling.
#[test]
fn k14_misspelt_keys_of_a_set_verify() {
    let issuer = test_issuer();
    let member = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
    let rsa = key_of(&issuer, Algorithm::RS256, &json!({}));
    let p256 = key_of(&issuer, Algorithm::ES256, &json!({}));
    let ed25519 = key_of(&issuer, Algorithm::EdDSA, &json!({}));
    let (n, x, y) = (member(&rsa, "n"), member(&p256, "x"), member(&p256, "y"));
    let longer = |text: &str| json!(encode(&[&[0, 0][..], &decode(text)].concat()));
    let nulls = json!({"d": null, "p": null, "q": null, "dp": null, "dq": null, "qi": null, "oth": null, "k": null,
        "priv": null, "alg": null, "use": null, "key_ops": null, "x5t": null, "crv": null});
    let malformed = KeyError::MalformedMember;
    #[rustfmt::skip]
    let cases = [
        ("n in base64", Algorithm::RS256, &rsa, json!({"n": standard(&n, "==")}), malformed("n")),
        ("n padded", Algorithm::RS256, &rsa, json!({"n": format!("{n}==")}), malformed("n")),
        ("n badly padded", Algorithm::RS256, &rsa, json!({"n": format!("{n}=")}), malformed("n")),
        ("e padded", Algorithm::RS256, &rsa, json!({"e": "AQAB=="}), malformed("e")),
        ("x and y in base64", Algorithm::ES256, &p256, json!({"x": standard(&x, "="), "y": standard(&y, "=")}), malformed("x")),
        ("x with more zeros", Algorithm::ES256, &p256, json!({"x": longer(&x)}), malformed("x")),
        ("y with more zeros", Algorithm::ES256, &p256, json!({"y": longer(&y)}), malformed("y")),
        ("Ed25519 in base64", Algorithm::EdDSA, &ed25519, json!({"x": standard(&member(&ed25519, "x"), "=")}), malformed("x")),
        ("null members, RSA", Algorithm::RS256, &rsa, nulls, KeyError::Private),
        ("d null", Algorithm::ES256, &p256, json!({"d": null}), KeyError::Private),
        ("alg null", Algorithm::ES256, &p256, json!({"alg": null}), KeyError::MissingMember("alg")),
        ("use null", Algorithm::ES256, &p256, json!({"use": null}), KeyError::NotForVerification),
        ("key_ops null", Algorithm::ES256, &p256, json!({"key_ops": null}), KeyError::NotForVerification),
    ];
    for (name, algorithm, right, members, strict) in cases {
        let key = with(right.clone(), &members);
        let set = set_of(std::slice::from_ref(&key));
        let token = issuer.token().algorithm(algorithm).mint();
        assert_eq!(reason(judge(&token, &set)), None, "{name}");
        let expected = VerificationKey::from_jwk(&right.to_string()).unwrap();
        let found = set.keys().next().unwrap().thumbprint();
        assert_eq!(found, expected.thumbprint(), "{name}");
        // Alone it may be from anyone.
        let alone = VerificationKey::from_jwk(&key.to_string()).map(drop);
        // An unencoded value can be canonical by chance.
        if members != json!({}) {
            assert_eq!(alone, Err(strict), "{name}");
        }
    }
    // A null kid is an absent kid, so the key is used for a token without one.
    let key = with(p256, &json!({"kid": null}));
    let set = set_of(std::slice::from_ref(&key));
    let token = issuer.token().without_header("kid").mint();
    assert_eq!(reason(judge(&token, &set)), None);
    let alone = VerificationKey::from_jwk(&key.to_string()).map(drop);
    assert_eq!(alone, Err(KeyError::MissingMember("kid")));
}

#[test]
fn k14_a_coordinate_without_its_leading_zero() {
    let key = |y: &str| json!({"kty": "EC", "crv": "P-521", "kid": "a", "x": P521_X, "y": y});
    let right = encode(&[&[0][..], &decode(P521_Y)].concat());
    let alone = VerificationKey::from_jwk(&key(P521_Y).to_string());
    assert_eq!(alone.map(drop), Err(KeyError::MalformedMember("y")));
    if !Algorithm::ES512.is_supported() {
        return;
    }
    let set = set_of(&[key(P521_Y)]);
    let expected = VerificationKey::from_jwk(&key(&right).to_string()).unwrap();
    let found = set.keys().next().unwrap().thumbprint();
    assert_eq!(found, expected.thumbprint());
}

/// What is ambiguous or wrong stays refused in a set.
#[test]
fn k14_what_is_not_clear_is_refused() {
    let issuer = test_issuer();
    let rsa = key_of(&issuer, Algorithm::RS256, &json!({}));
    let p256 = key_of(&issuer, Algorithm::ES256, &json!({}));
    let x = decode(p256["x"].as_str().unwrap());
    let good =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let malformed = KeyError::MalformedMember;
    #[rustfmt::skip]
    let cases = [
        ("three paddings", &rsa, json!({"n": format!("{}===", rsa["n"].as_str().unwrap())}), malformed("n")),
        ("padding within", &rsa, json!({"e": "AQ=AB"}), malformed("e")),
        ("padding alone", &rsa, json!({"e": "=="}), KeyError::RsaExponent),
        ("spare bits", &rsa, json!({"e": "AQABAR=="}), malformed("e")),
        ("white space", &rsa, json!({"e": "AQ AB"}), malformed("e")),
        ("n null", &rsa, json!({"n": null}), KeyError::MissingMember("n")),
        ("kty null", &rsa, json!({"kty": null}), KeyError::MissingMember("kty")),
        ("d empty", &rsa, json!({"d": ""}), KeyError::Private),
        ("one private member of several", &rsa, json!({"p": null, "q": "AQAB"}), KeyError::Private),
        ("x empty", &p256, json!({"x": ""}), malformed("x")),
        ("x too long", &p256, json!({"x": encode(&[&[1][..], &x].concat())}), malformed("x")),
        ("x cut at its end", &p256, json!({"x": encode(&x[..31])}), KeyError::RefusedByBackend),
        ("x zero", &p256, json!({"x": "AA"}), KeyError::RefusedByBackend),
        ("alg a number", &p256, json!({"alg": 1}), KeyError::MissingMember("alg")),
    ];
    for (name, right, members, expected) in cases {
        let key = with(right.clone(), &members);
        let set = set_of(&[key, good.clone()]);
        let found = set.skipped().first().map(SkippedKey::reason);
        assert_eq!(found, Some(expected), "{name}");
    }
    // A null issuer is the name of no issuer (row C10).
    let set = set_of(&[with(p256, &json!({"issuer": null}))]);
    let judged = judge(&issuer.token().mint(), &set);
    assert_eq!(reason(judged), Some(Reason::KeyOfAnotherIssuer));
}

/// Of many keys the last one signs.
#[test]
fn k06_the_last_key_of_a_large_set_verifies() {
    let issuer = test_issuer();
    let other = key_of(&test_issuer(), Algorithm::ES256, &json!({}));
    for count in [100, 101, 150, 999] {
        let numbered = |number: usize| with(other.clone(), &json!({"kid": number.to_string()}));
        let mut keys: Vec<_> = (0..count).map(numbered).collect();
        keys.push(key_of(&issuer, Algorithm::ES256, &json!({"kid": "last"})));
        let set = set_of(&keys);
        let token = |kid: &str| issuer.token().header("kid", kid).mint();
        assert_eq!(reason(judge(&token("last"), &set)), None, "{count}");
        let judged = judge(&token("7"), &set);
        assert_eq!(reason(judged), Some(Reason::BadSignature), "{count}");
        let judged = judge(&token("unknown"), &set);
        assert_eq!(reason(judged), Some(Reason::UnknownKey), "{count}");
    }
}

/// A published set must not fill a log.
#[test]
fn k06_p01_debug_of_a_large_set_is_short() {
    let issuer = test_issuer();
    let mut keys = vec![key_of(&issuer, Algorithm::ES256, &json!({"kid": "one"}))];
    keys.extend((0..900).map(|number| json!({"kid": format!("k{number}"), "kty": "new"})));
    let set = set_of(&keys);
    assert_eq!(set.skipped().len(), 900);
    let shown = format!("{set:?}");
    assert!(shown.len() < 20_000, "{} bytes", shown.len());
}

/// A JWK's thumbprint is read as strictly as a token's, so one that is misspelt on both sides
/// refuses nothing.
#[test]
fn k05_k14_a_misspelt_thumbprint_is_none() {
    let issuer = test_issuer();
    let misspelt = json!(format!("{}=", encode(&[9; 20])));
    let key = key_of(&issuer, Algorithm::ES256, &json!({"x5t": misspelt}));
    let token = issuer.token().without_header("kid");
    let token = token.header("x5t", misspelt).mint();
    assert_eq!(reason(judge(&token, &set_of(&[key]))), None);
}

/// AD FS: a token without kid whose x5t is that of one of many keys.
#[test]
fn k05_x5t_selects_the_key_of_a_token_without_kid() {
    let issuer = test_issuer();
    let thumbprint = |number: u8| encode(&[number; 20]);
    let sha256 = |number: u8| encode(&[number; 32]);
    let other = |number| {
        let members = json!({"kid": format!("k{number}"), "x5t": thumbprint(number)});
        key_of(&test_issuer(), Algorithm::ES256, &members)
    };
    let mut others: Vec<_> = (0..5).map(other).collect();
    let signer = |members: &Value| key_of(&issuer, Algorithm::ES256, members);
    let token = |members: &[(&str, Value)]| {
        let token = match members {
            [("kid", _), ..] => issuer.token(),
            _ => issuer.token().without_header("kid"),
        };
        let add =
            |token: TestToken, (name, value): &(&str, Value)| token.header(name, value.clone());
        members.iter().fold(token, add).mint()
    };
    let five = {
        let mut keys = others.clone();
        keys.push(signer(&json!({"x5t": thumbprint(9)})));
        set_of(&keys)
    };
    let by_both = {
        let mut keys = others.clone();
        keys.push(signer(
            &json!({"x5t": thumbprint(9), "x5t#S256": sha256(9)}),
        ));
        set_of(&keys)
    };
    others.truncate(3);
    let without = {
        let mut keys: Vec<_> = others.clone();
        for key in &mut keys {
            key.as_object_mut().unwrap().remove("x5t");
        }
        keys.push(signer(&json!({})));
        set_of(&keys)
    };
    let (x5t, x5t_s256) = ("x5t", "x5t#S256");
    #[rustfmt::skip]
    let cases = [
        ("its x5t", &five, vec![(x5t, json!(thumbprint(9)))], None),
        ("another's x5t", &five, vec![(x5t, json!(thumbprint(2)))], Some(Reason::BadSignature)),
        ("an unknown x5t", &five, vec![(x5t, json!(thumbprint(7)))], Some(Reason::UnknownKey)),
        ("an empty x5t", &five, vec![(x5t, json!(""))], Some(Reason::UnknownKey)),
        ("x5t padded", &five, vec![(x5t, json!(format!("{}=", thumbprint(9))))], Some(Reason::UnknownKey)),
        ("x5t a number", &five, vec![(x5t, json!(1))], Some(Reason::UnknownKey)),
        ("x5t#S256 that no key has", &five, vec![(x5t_s256, json!(sha256(9))), (x5t, json!(thumbprint(9)))], None),
        ("its x5t#S256", &by_both, vec![(x5t_s256, json!(sha256(9)))], None),
        ("x5t#S256 before x5t", &by_both, vec![(x5t_s256, json!(sha256(9))), (x5t, json!(thumbprint(2)))], None),
        ("an unknown x5t#S256", &by_both, vec![(x5t_s256, json!(sha256(8))), (x5t, json!(thumbprint(9)))], Some(Reason::UnknownKey)),
        ("x5t alone", &by_both, vec![(x5t, json!(thumbprint(9)))], None),
        ("no key has one", &without, vec![(x5t, json!(thumbprint(7)))], None),
        ("kid decides alone", &five, vec![("kid", json!("k2")), (x5t, json!(thumbprint(9)))], Some(Reason::BadSignature)),
        ("an unknown kid", &five, vec![("kid", json!("other")), (x5t, json!(thumbprint(9)))], Some(Reason::UnknownKey)),
        // Five keys fit, and four are tried.
        ("neither", &five, vec![], Some(Reason::BadSignature)),
    ];
    for (name, set, members, expected) in cases {
        let judged = judge(&token(&members), set);
        let explained = judged.as_ref().err().map(Rejection::explain);
        assert_eq!(reason(judged), expected, "{name}: {explained:?}");
        if expected == Some(Reason::BadSignature) && !name.starts_with("kid") {
            let explained = explained.unwrap();
            assert!(!explained.contains("same kid"), "{name}: {explained}");
        }
    }
}
