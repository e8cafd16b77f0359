//! Rows K01 to K09: which keys of a JWK Set are accepted, which are skipped and why, and which of
//! them verify a token.

use std::sync::Arc;

use crate::support::form::{decode, encode, with_public_keys};
use resource_server::Reason::{BadSignature, UnknownKey};
use resource_server::error::KeyError::{
    self, AlgorithmMismatch, DuplicateMember, Malformed, MalformedMember, MissingMember,
    NotForVerification, OnlyForSvids, OverMaxKeys, Private, RefusedByBackend, RsaEvenModulus,
    RsaExponent, RsaTooLarge, RsaTooSmall, Symmetric, UnknownAlgorithm, UnknownCurve,
    UnknownKeyType, Unsupported, WeakPoint,
};
use resource_server::testing::TestIssuer;
use resource_server::{
    Algorithm, Evidence, NumericDate, Policy, PresentedToken, Reason, StaticKeys,
    error::KeySetError,
    keys::{KeySet, SkippedKey, VerificationKey},
    verify,
};
use serde_json::{Value, json};

const AS: &str = "https://as.example.com";
use crate::support::API;

/// RFC 8037 appendix A.
const ED25519_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// RFC 7515 appendix A.3.
const P256_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const P256_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
/// RFC 7515 appendix A.4.
const P521_X: &str =
    "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk";
const P521_Y: &str =
    "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2";

/// Numbers of one length, big-endian.
fn sum(left: &[u8], right: &[u8]) -> Vec<u8> {
    assert_eq!(left.len(), right.len());
    let mut carry = 0;
    let mut sum: Vec<_> = (left.iter().zip(right).rev())
        .map(|(left, right)| {
            let digit = u16::from(*left) + u16::from(*right) + carry;
            carry = digit >> 8;
            (digit & 0xff) as u8
        })
        .collect();
    assert_eq!(carry, 0);
    sum.reverse();
    sum
}

/// The key with other or further members.
fn with(mut key: Value, members: Value) -> Value {
    let Value::Object(members) = members else {
        panic!("members are an object");
    };
    key.as_object_mut().unwrap().extend(members);
    key
}

fn without(mut key: Value, member: &str) -> Value {
    key.as_object_mut().unwrap().remove(member).unwrap();
    key
}

fn ed25519() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": ED25519_X})
}

fn p256() -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": P256_X, "y": P256_Y})
}

fn p521() -> Value {
    json!({"kty": "EC", "crv": "P-521", "x": P521_X, "y": P521_Y})
}

/// An odd modulus of so many bits. It is not known whether it is a product of two primes.
fn modulus(bits: usize) -> Vec<u8> {
    let mut n = vec![0xa5; bits.div_ceil(8)];
    n[0] = 1 << ((bits - 1) % 8);
    n
}

fn rsa(n: &[u8], e: &[u8]) -> Value {
    json!({"kty": "RSA", "n": encode(n), "e": encode(e)})
}

fn rsa_2048() -> Value {
    rsa(&modulus(2_048), &[1, 0, 1])
}

fn ml_dsa_44() -> Value {
    json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": encode(&[7; 1_312])})
}

/// Why this one key is skipped where a good key is next to it; `None` if it is accepted too.
fn skipped(key: &str) -> Option<KeyError> {
    let good = with(ed25519(), json!({"kid": "good"}));
    let set = KeySet::from_jwks(&format!(r#"{{"keys":[{key},{good}]}}"#)).unwrap();
    assert!(set.key_ids().any(|id| id == "good"), "{key}");
    let alone = VerificationKey::from_jwk(key).map(drop);
    match set.skipped() {
        [] => {
            assert!(!set.is_empty(), "{key}");
            assert_eq!((set.len(), alone), (2, Ok(())), "{key}");
            None
        }
        [skipped] => {
            assert_eq!((set.len(), skipped.index()), (1, 0), "{key}");
            assert_eq!(alone, Err(skipped.reason()), "{key}");
            Some(skipped.reason())
        }
        several => panic!("{several:?}"),
    }
}

/// Row K13: a well-formed key that the signature backend of this build has no algorithm for. Only
/// `rust-crypto` lacks any.
fn is_unsupported(key: &Value) -> bool {
    // More than 4,096 bits, or for PSS one bit over whole bytes.
    let is_large = || {
        let n = decode(key["n"].as_str().unwrap());
        n.len() > 4_096 / 8 || n[0] == 1
    };
    let is_lacking = match key["kty"].as_str() {
        Some("RSA") => is_large(),
        Some("EC") => key["crv"] == "P-521" || key["crv"] == "secp256k1",
        Some("AKP") => true,
        _ => false,
    };
    is_lacking && !cfg!(feature = "aws-lc-rs")
}

fn check_skipped<const N: usize>(cases: [(&str, Value, KeyError); N]) {
    for (name, key, expected) in cases {
        let expected = match expected {
            RefusedByBackend if is_unsupported(&key) => Unsupported,
            other => other,
        };
        assert_eq!(skipped(&key.to_string()), Some(expected), "{name}");
    }
}

fn check_taken<const N: usize>(cases: [(&str, Value); N]) {
    for (name, key) in cases {
        let expected = is_unsupported(&key).then_some(Unsupported);
        assert_eq!(skipped(&key.to_string()), expected, "{name}");
    }
}

fn algorithms(key: &Value) -> Vec<Algorithm> {
    let key = VerificationKey::from_jwk(&key.to_string()).unwrap();
    key.algorithms().collect()
}

fn test_issuer() -> TestIssuer {
    TestIssuer::new(AS, API)
}

/// The published key of its algorithm, without `kid`.
fn key_of(issuer: &TestIssuer, algorithm: Algorithm) -> Value {
    let id = {
        let text = issuer.token().algorithm(algorithm).mint();
        let token = PresentedToken::parse(&text).unwrap();
        token.jwt().unwrap().key_id().unwrap().to_owned()
    };
    let jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let keys = jwks["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == *id).unwrap();
    without(key.clone(), "kid")
}

/// Judges a token by these keys, under a policy that allows every algorithm.
fn check(name: &str, token: &str, keys: &[Value], expected: Result<(), Reason>) {
    let policy = Policy::builder().issuer(AS).audience(API);
    let policy = policy.algorithms(with_public_keys());
    let keys = KeySet::from_jwks(&json!({"keys": keys}).to_string()).unwrap();
    let keys = Evidence::Keys(Arc::new(keys));
    let token = PresentedToken::parse(token).unwrap();
    let now = token.jwt().unwrap().expires_at().unwrap().as_secs() - 10;
    let now = NumericDate::from_secs(now);
    let judged = verify(&token, &keys, &policy.build().unwrap(), now);
    let judged = judged.map(drop).map_err(|rejection| rejection.reason());
    assert_eq!(judged, expected, "{name}");
}

/// Index and reason of each skipped key.
fn told(skipped: &[SkippedKey]) -> Vec<(usize, KeyError)> {
    skipped
        .iter()
        .map(|key| (key.index(), key.reason()))
        .collect()
}

#[test]
fn k01_algorithms_of_a_key() {
    use Algorithm::{
        ES256, ES256K, ES384, ES512, Ed25519, EdDSA, MlDsa44, PS256, PS384, PS512, RS256, RS384,
        RS512,
    };
    let issuer = test_issuer();
    let (p384, secp256k1) = (key_of(&issuer, ES384), key_of(&issuer, ES256K));
    let stating = |key: Value, alg: &str| with(key, json!({"alg": alg}));
    #[rustfmt::skip]
    let cases = [
        ("RSA", rsa_2048(), vec![RS256, RS384, RS512, PS256, PS384, PS512]),
        ("RSA for PS256", stating(rsa_2048(), "PS256"), vec![PS256]),
        ("RSA for RS512", stating(rsa_2048(), "RS512"), vec![RS512]),
        ("P-256", p256(), vec![ES256]),
        ("P-256 for ES256", stating(p256(), "ES256"), vec![ES256]),
        ("P-384", p384, vec![ES384]),
        ("P-521", p521(), vec![ES512]),
        ("secp256k1", secp256k1, vec![ES256K]),
        ("Ed25519", ed25519(), vec![EdDSA, Ed25519]),
        ("ML-DSA-44", ml_dsa_44(), vec![MlDsa44]),
    ];
    for (name, key, expected) in cases {
        if is_unsupported(&key) {
            assert_eq!(skipped(&key.to_string()), Some(Unsupported), "{name}");
        } else {
            assert_eq!(algorithms(&key), expected, "{name}");
        }
    }
    #[rustfmt::skip]
    let mismatches = [
        ("RSA for ES256", stating(rsa_2048(), "ES256"), AlgorithmMismatch),
        ("RSA for EdDSA", stating(rsa_2048(), "EdDSA"), AlgorithmMismatch),
        ("P-256 for ES384", stating(p256(), "ES384"), AlgorithmMismatch),
        ("P-256 for ES512", stating(p256(), "ES512"), AlgorithmMismatch),
        ("P-256 for ES256K", stating(p256(), "ES256K"), AlgorithmMismatch),
        ("P-256 for RS256", stating(p256(), "RS256"), AlgorithmMismatch),
        ("P-521 for ES256", stating(p521(), "ES256"), AlgorithmMismatch),
        ("Ed25519 for ES256", stating(ed25519(), "ES256"), AlgorithmMismatch),
        ("AKP for ES256", stating(ml_dsa_44(), "ES256"), AlgorithmMismatch),
        ("AKP for another size", stating(ml_dsa_44(), "ML-DSA-65"), MalformedMember("pub")),
        ("AKP without alg", without(ml_dsa_44(), "alg"), MissingMember("alg")),
        ("RSA for HS256", stating(rsa_2048(), "HS256"), AlgorithmMismatch),
        ("RSA for none", stating(rsa_2048(), "none"), UnknownAlgorithm),
        ("RSA for encryption", stating(rsa_2048(), "RSA-OAEP-256"), UnknownAlgorithm),
        ("P-256 for key agreement", stating(p256(), "ECDH-ES"), UnknownAlgorithm),
        ("alg in lower case", stating(p256(), "es256"), UnknownAlgorithm),
        ("empty alg", stating(p256(), ""), UnknownAlgorithm),
        ("alg an array", with(p256(), json!({"alg": ["ES256"]})), MissingMember("alg")),
    ];
    check_skipped(mismatches);
}

#[test]
fn k01_a_stated_alg_is_the_only_one() {
    let issuer = test_issuer();
    let key = key_of(&issuer, Algorithm::RS256);
    for stated in [Algorithm::RS256, Algorithm::PS256, Algorithm::PS512] {
        let keys = [with(key.clone(), json!({"kid": "rsa-0", "alg": stated}))];
        for used in Algorithm::ALL.iter().copied().take(6) {
            let name = format!("{used} by a key for {stated}");
            let good = Some(()).filter(|()| used == stated);
            let expected = good.ok_or(UnknownKey);
            let token = || issuer.token().algorithm(used);
            check(&name, &token().mint(), &keys, expected);
            let without_kid = token().without_header("kid").mint();
            check(&name, &without_kid, &keys, expected);
        }
    }
}

#[test]
fn k01_use_and_key_ops() {
    let stating = |members: &Value| with(p256(), members.clone()).to_string();
    #[rustfmt::skip]
    let taken = [
        json!({}), json!({"use": "sig"}), json!({"key_ops": ["verify"]}), json!({"key_ops": ["sign", "verify"]}),
        json!({"use": "sig", "key_ops": ["verify"]}),
    ];
    #[rustfmt::skip]
    let refused = [
        json!({"use": "enc"}), json!({"use": "x509-svid"}), json!({"use": "JWT-SVID"}), json!({"use": "SIG"}),
        json!({"use": ""}), json!({"use": ["sig"]}), json!({"use": 1}), json!({"key_ops": []}),
        json!({"key_ops": ["sign"]}), json!({"key_ops": ["encrypt", "wrapKey"]}), json!({"key_ops": ["VERIFY"]}),
        json!({"key_ops": "verify"}), json!({"key_ops": {"verify": true}}),
        json!({"key_ops": [["verify"]]}), json!({"use": "sig", "key_ops": ["encrypt"]}),
        json!({"use": "enc", "key_ops": ["verify"]}), json!({"use": "jwt-svid", "key_ops": ["sign"]}),
    ];
    for members in taken {
        assert_eq!(skipped(&stating(&members)), None, "{members}");
    }
    for members in refused {
        let reason = skipped(&stating(&members));
        assert_eq!(reason, Some(NotForVerification), "{members}");
    }
    // Named by a policy of SPIFFE's SVIDs and by no other.
    let reason = skipped(&stating(&json!({"use": "jwt-svid"})));
    assert_eq!(reason, Some(OnlyForSvids));
    // Such a key judges no token, under its kid or without one.
    let issuer = test_issuer();
    let key = key_of(&issuer, Algorithm::ES256);
    let keys = [with(key, json!({"kid": "p256-0", "use": "enc"})), ed25519()];
    check("kid", &issuer.token().mint(), &keys, Err(UnknownKey));
    let without_kid = issuer.token().without_header("kid").mint();
    check("no kid", &without_kid, &keys, Err(UnknownKey));
}

#[test]
fn k02_rsa_sizes_and_exponents() {
    let n = modulus(2_048);
    let zero_in_front = |bytes: &[u8]| [&[0], bytes].concat();
    let mut even = n.clone();
    *even.last_mut().unwrap() = 0xa4;
    #[rustfmt::skip]
    check_taken([
        ("2,048 bits", rsa(&n, &[1, 0, 1])),
        ("2,049 bits", rsa(&modulus(2_049), &[1, 0, 1])),
        ("4,096 bits", rsa(&modulus(4_096), &[1, 0, 1])),
        ("4,104 bits", rsa(&modulus(4_104), &[1, 0, 1])),
        ("8,192 bits", rsa(&modulus(8_192), &[1, 0, 1])),
        ("zero in front", rsa(&zero_in_front(&n), &[0, 1, 0, 1])),
        ("e = 3", rsa(&n, &[3])),
        ("e = 2^32 - 1", rsa(&n, &[0xff; 4])),
    ]);
    #[rustfmt::skip]
    let cases = [
        ("512 bits", rsa(&modulus(512), &[1, 0, 1]), RsaTooSmall),
        ("1,024 bits", rsa(&modulus(1_024), &[1, 0, 1]), RsaTooSmall),
        ("2,040 bits", rsa(&modulus(2_040), &[1, 0, 1]), RsaTooSmall),
        ("2,047 bits", rsa(&modulus(2_047), &[1, 0, 1]), RsaTooSmall),
        ("2,047 bits, zeros in front", rsa(&[&[0; 9], &modulus(2_047)[..]].concat(), &[1, 0, 1]), RsaTooSmall),
        ("n = 0", rsa(&[0; 256], &[1, 0, 1]), RsaTooSmall),
        ("empty n", rsa(&[], &[1, 0, 1]), RsaTooSmall),
        ("8,193 bits", rsa(&modulus(8_193), &[1, 0, 1]), RsaTooLarge),
        ("16,384 bits", rsa(&modulus(16_384), &[1, 0, 1]), RsaTooLarge),
        ("even n", rsa(&even, &[1, 0, 1]), RsaEvenModulus),
        ("n = 2^2047", rsa(&[&[0x80], &[0; 255][..]].concat(), &[1, 0, 1]), RsaEvenModulus),
        ("e = 0", rsa(&n, &[0]), RsaExponent),
        ("empty e", rsa(&n, &[]), RsaExponent),
        ("e = 1", rsa(&n, &[1]), RsaExponent),
        ("e = 1, zeros in front", rsa(&n, &[0, 0, 1]), RsaExponent),
        ("e = 2", rsa(&n, &[2]), RsaExponent),
        ("e = 65,536", rsa(&n, &[1, 0, 0]), RsaExponent),
        ("e = 2^32", rsa(&n, &[1, 0, 0, 0, 0]), RsaExponent),
        ("e = 2^32 + 1", rsa(&n, &[1, 0, 0, 0, 1]), RsaExponent),
        ("e = 2^64 + 1", rsa(&n, &[1, 0, 0, 0, 0, 0, 0, 0, 1]), RsaExponent),
        ("e = n", rsa(&n, &n), RsaExponent),
    ];
    check_skipped(cases);
}

#[test]
fn k03_points_of_curves() {
    let zeros = encode(&[0; 32]);
    let (x, y) = (decode(P256_X), decode(P256_Y));
    let xy =
        |x: &[u8], y: &[u8]| json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)});
    let of_curve = |crv: &str| with(p256(), json!({"crv": crv}));
    let mut off = y.clone();
    off[31] ^= 1;
    // The other spelling of P-521's x: x + p, which its 66 bytes hold.
    let p521_prime = [&[0x01], &[0xff; 65][..]].concat();
    let x_and_p = encode(&sum(&decode(P521_X), &p521_prime));
    // P-256 has a point with x = 0 (SEC 2: y is a root of b); here x is spelled as p.
    let p256_root_of_b = "ZkhceA4vg9ckM71dhKBrtlQcKvMdrocXKL-FahdPk_Q";
    let p256_prime = "_____wAAAAEAAAAAAAAAAAAAAAD_______________8";
    // SEC 2's generator of secp256k1.
    let (k1_x, k1_y) = (
        "eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g",
        "SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg",
    );
    #[rustfmt::skip]
    check_taken([
        ("P-256", p256()),
        ("P-521", p521()),
        ("x = 0", with(p256(), json!({"x": zeros, "y": p256_root_of_b}))),
        ("secp256k1", with(of_curve("secp256k1"), json!({"x": k1_x, "y": k1_y}))),
    ]);
    #[rustfmt::skip]
    let cases = [
        ("y changed", xy(&x, &off), RefusedByBackend),
        ("x and y swapped", xy(&y, &x), RefusedByBackend),
        ("the origin", xy(&[0; 32], &[0; 32]), RefusedByBackend),
        ("all ones", xy(&[0xff; 32], &[0xff; 32]), RefusedByBackend),
        ("P-521, x above p", with(p521(), json!({"x": x_and_p})), RefusedByBackend),
        ("P-256, x = p", with(p256(), json!({"x": p256_prime, "y": p256_root_of_b})), RefusedByBackend),
        ("secp256k1's point as P-256", with(p256(), json!({"x": k1_x, "y": k1_y})), RefusedByBackend),
        ("P-256's point as secp256k1", of_curve("secp256k1"), RefusedByBackend),
        ("P-521's point as P-256", with(p521(), json!({"crv": "P-256"})), MalformedMember("x")),
        ("long y", xy(&x, &[&y[..], &[0]].concat()), MalformedMember("y")),
        ("empty x", xy(&[], &y), MalformedMember("x")),
        ("compressed point", xy(&[&[2], &x[..]].concat(), &[]), MalformedMember("x")),
        ("P-256 for ES384", with(p256(), json!({"alg": "ES384"})), AlgorithmMismatch),
        ("unknown curve", of_curve("P-192"), UnknownCurve),
        ("curve in lower case", of_curve("p-256"), UnknownCurve),
        ("curve of another kty", of_curve("Ed25519"), UnknownCurve),
        ("Ed25519, 31 bytes", with(ed25519(), json!({"x": encode(&[9; 31])})), MalformedMember("x")),
        ("Ed25519, 33 bytes", with(ed25519(), json!({"x": encode(&[9; 33])})), MalformedMember("x")),
        ("X25519", with(ed25519(), json!({"crv": "X25519"})), UnknownCurve),
        ("Ed448", with(ed25519(), json!({"crv": "Ed448", "x": encode(&[9; 57])})), UnknownCurve),
        ("OKP with P-256", with(ed25519(), json!({"crv": "P-256"})), UnknownCurve),
    ];
    check_skipped(cases);

    // A token for ES384 under the kid of a P-256 key.
    let issuer = test_issuer();
    let key = key_of(&issuer, Algorithm::ES256);
    let keys = [with(key, json!({"kid": "p384-0"}))];
    let token = issuer.token().algorithm(Algorithm::ES384).mint();
    check("ES384 by P-256", &token, &keys, Err(UnknownKey));
}

/// Each kind of key that can't be used, with a good one next to it (see `skipped`).
#[test]
fn k04_an_unusable_key_never_spoils_the_rest() {
    let kty = |kty: Value| json!({"kty": kty, "x": "AAAA"});
    let set = |key: Value, member: &str, value: Value| with(key, json!({member: value}));
    #[rustfmt::skip]
    check_skipped([
        ("unknown kty", kty(json!("XYZ")), UnknownKeyType),
        ("kty in lower case", set(p256(), "kty", json!("ec")), UnknownKeyType),
        ("empty kty", kty(json!("")), UnknownKeyType),
        ("kty a number", kty(json!(1)), MissingMember("kty")),
        ("no member", json!({}), MissingMember("kty")),
        ("no kty", without(p256(), "kty"), MissingMember("kty")),
        ("no crv", without(p256(), "crv"), MissingMember("crv")),
        ("no x", without(p256(), "x"), MissingMember("x")),
        ("no y", without(p256(), "y"), MissingMember("y")),
        ("y null", set(p256(), "y", json!(null)), MissingMember("y")),
        ("x an array", set(p256(), "x", json!([P256_X])), MissingMember("x")),
        ("OKP without crv", without(ed25519(), "crv"), MissingMember("crv")),
        ("OKP without x", without(ed25519(), "x"), MissingMember("x")),
        ("RSA without n", without(rsa_2048(), "n"), MissingMember("n")),
        ("RSA without e", without(rsa_2048(), "e"), MissingMember("e")),
        ("e a number", set(rsa_2048(), "e", json!(65_537)), MissingMember("e")),
        ("AKP without pub", without(ml_dsa_44(), "pub"), MissingMember("pub")),
        ("AKP, a byte less", set(ml_dsa_44(), "pub", json!(encode(&[7; 1_311]))), MalformedMember("pub")),
        ("AKP, a byte more", set(ml_dsa_44(), "pub", json!(encode(&[7; 1_313]))), MalformedMember("pub")),
        ("kid a number", set(p256(), "kid", json!(1)), MissingMember("kid")),
        ("y with spare bits", set(p256(), "y", json!(P256_Y.replace("5a0", "5a1"))), MalformedMember("y")),
        ("n with a space", set(rsa_2048(), "n", json!("gA A")), MalformedMember("n")),
        ("e of one character", set(rsa_2048(), "e", json!("A")), MalformedMember("e")),
        ("oct", json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}), Symmetric),
        ("oct without k", json!({"kty": "oct"}), Symmetric),
        ("EC private key", set(p256(), "d", json!(P256_X)), Private),
        ("OKP private key", set(ed25519(), "d", json!(ED25519_X)), Private),
        ("AKP private key", set(ml_dsa_44(), "priv", json!(ED25519_X)), Private),
        ("secret in an RSA key", set(rsa_2048(), "k", json!("c2VjcmV0")), Private),
    ]);
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
        let key = with(rsa_2048(), json!({member: "AQAB"}));
        assert_eq!(skipped(&key.to_string()), Some(Private), "{member}");
    }
    let nested = |arrays: usize| {
        let (open, close) = ("[".repeat(arrays), "]".repeat(arrays));
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{ED25519_X}","z":{open}{close}}}"#)
    };
    let further =
        |member: &str| format!("{},{member}}}", ed25519().to_string().trim_end_matches('}'));
    assert_eq!(skipped(&nested(31)), None, "32 levels");
    for (key, expected) in [
        ("null".into(), Malformed),
        ("[]".into(), Malformed),
        ("1".into(), Malformed),
        ("\"OKP\"".into(), Malformed),
        (nested(32), Malformed),
        (further(r#""z":"\ud800""#), Malformed),
        (further(r#""x":"AAAA""#), DuplicateMember),
        (further(r#""\u0078":"AAAA""#), DuplicateMember),
        (further(r#""kty":"oct""#), DuplicateMember),
        (further(r#""kid":"a","kid":"b""#), DuplicateMember),
        (further(r#""z":{"a":1,"a":1}"#), DuplicateMember),
    ] {
        assert_eq!(skipped(&key), Some(expected), "{key}");
    }
    // So deep that a reader which goes down with it falls.
    let set = format!(r#"{{"keys":[{},{}]}}"#, nested(50_000), ed25519());
    let set = KeySet::from_jwks(&set).unwrap();
    assert_eq!(told(set.skipped()), [(0, Malformed)]);
}

#[test]
fn k04_what_was_skipped_is_told() {
    let keys = [
        json!({"kty": "oct", "kid": "secret\r\n", "k": "c2VjcmV0"}),
        with(p256(), json!({"kid": "good"})),
        json!({"kty": "XYZ", "kid": "k".repeat(500)}),
        json!({"kty": "XYZ"}),
    ];
    let set = KeySet::from_jwks(&json!({"keys": keys}).to_string()).unwrap();
    assert!(set.key_ids().eq(["good"]));
    #[rustfmt::skip]
    assert_eq!(told(set.skipped()), [(0, Symmetric), (2, UnknownKeyType), (3, UnknownKeyType)]);
    let long = format!("{}...", "k".repeat(128));
    let ids: Vec<_> = set.skipped().iter().map(SkippedKey::key_id).collect();
    assert_eq!(ids, [Some(r"secret\r\n"), Some(&*long), None]);

    // Nothing usable: an error that names each key and why.
    let text = json!({"keys": [keys[0], keys[3]]}).to_string();
    let error = KeySet::from_jwks(&text).unwrap_err();
    assert_eq!(StaticKeys::from_jwks(&text).unwrap_err(), error);
    let message = error.to_string();
    let reasons = [Symmetric.to_string(), UnknownKeyType.to_string()];
    assert!(message.contains(r"secret\r\n"), "{message}");
    assert!(
        reasons.iter().all(|reason| message.contains(reason)),
        "{message}"
    );
    match error {
        KeySetError::NoUsableKey { skipped } => {
            assert_eq!(told(&skipped), [(0, Symmetric), (1, UnknownKeyType)]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn k04_five_skipped_keys_are_named() {
    for (count, named, rest) in [
        (5, 5, None),
        (6, 5, Some("and 1 more")),
        (9, 5, Some("and 4 more")),
    ] {
        let keys = vec![json!({"kty": "oct", "k": "c2VjcmV0"}); count];
        let error = KeySet::from_jwks(&json!({"keys": keys}).to_string()).unwrap_err();
        let message = error.to_string();
        let last = message.split("; ").nth(named);
        assert_eq!(message.matches("symmetric").count(), named, "{message}");
        assert_eq!(last, rest, "{message}");
    }
}

#[test]
fn k04_the_set_itself() {
    // In a fetched set this is a well-formed withdrawal of all keys. In configured keys it is a
    // mistake.
    for text in [r#"{"keys":[]}"#, " { \"keys\" : [ ] , \"x\":1 }\n"] {
        let set = KeySet::from_jwks(text).unwrap();
        assert!(set.is_empty() && set.skipped().is_empty(), "{text}");
        assert_eq!(StaticKeys::from_jwks(text).unwrap_err(), KeySetError::Empty);
    }
    let token = || test_issuer().token();
    check("kid", &token().mint(), &[], Err(UnknownKey));
    let without_kid = token().without_header("kid").mint();
    check("no kid", &without_kid, &[], Err(UnknownKey));

    let key = ed25519();
    let (open, close) = ("[".repeat(40), "]".repeat(40));
    let deep = format!(r#"{{"keys":[{key}],"x":{open}{close}}}"#);
    #[rustfmt::skip]
    let cases = [
        ("doubled keys", format!(r#"{{"keys":[{key}],"keys":[{key}]}}"#), KeySetError::DuplicateMember),
        ("doubled keys, escaped", format!(r#"{{"keys":[{key}],"k\u0065ys":[]}}"#), KeySetError::DuplicateMember),
        ("doubled member beside", format!(r#"{{"x":1,"keys":[{key}],"x":1}}"#), KeySetError::DuplicateMember),
        ("doubled member inside", format!(r#"{{"keys":[{key}],"x":{{"a":1,"a":1}}}}"#), KeySetError::DuplicateMember),
        ("trailing text", format!(r#"{{"keys":[{key}]}}x"#), KeySetError::NotJson),
        ("a second set", format!(r#"{{"keys":[{key}]}}{{"keys":[]}}"#), KeySetError::NotJson),
        ("trailing NUL", format!("{{\"keys\":[{key}]}}\0"), KeySetError::NotJson),
        ("cut", format!(r#"{{"keys":[{key}]"#), KeySetError::NotJson),
        ("cut in a key", r#"{"keys":[{"kty":"OKP","crv""#.into(), KeySetError::NotJson),
        ("comma at the end", format!(r#"{{"keys":[{key},]}}"#), KeySetError::NotJson),
        ("nested too deep", deep, KeySetError::NotJson),
        ("keys an object", format!(r#"{{"keys":{{"0":{key}}}}}"#), KeySetError::NotAKeySet),
        ("keys a key", format!(r#"{{"keys":{key}}}"#), KeySetError::NotAKeySet),
        ("keys null", r#"{"keys":null}"#.into(), KeySetError::NotAKeySet),
        ("keys a string", r#"{"keys":"[]"}"#.into(), KeySetError::NotAKeySet),
        ("no keys", "{}".into(), KeySetError::NotAKeySet),
        ("Keys", format!(r#"{{"Keys":[{key}]}}"#), KeySetError::NotAKeySet),
        ("PEM by kid", r#"{"a":"x","b":"-----BEGIN CERTIFICATE-----","c":"x"}"#.into(), KeySetError::PemByKeyId),
        ("a key alone", key.to_string(), KeySetError::NotAKeySet),
        ("an array", format!("[{key}]"), KeySetError::NotAKeySet),
        ("null", "null".into(), KeySetError::NotAKeySet),
    ];
    for (name, text, expected) in cases {
        assert_eq!(KeySet::from_jwks(&text).unwrap_err(), expected, "{name}");
        let by_hand = StaticKeys::from_jwks(&text).unwrap_err();
        assert_eq!(by_hand, expected, "{name}");
    }
}

#[test]
fn k05_at_most_four_keys_are_tried() {
    let issuer = test_issuer();
    let right = key_of(&issuer, Algorithm::ES256);
    let other = |_| key_of(&test_issuer(), Algorithm::ES256);
    let others: Vec<_> = (0..4).map(other).collect();
    let named = |key: &Value| with(key.clone(), json!({"kid": "p256-0"}));
    let with_kid = issuer.token().mint();
    let without_kid = issuer.token().without_header("kid").mint();
    for place in 0..=4 {
        let expected = if place < 4 { Ok(()) } else { Err(BadSignature) };
        let mut keys = others.clone();
        keys.insert(place, right.clone());
        let named_keys: Vec<_> = keys.iter().map(named).collect();
        let case = |what: &str, token: &str, keys: &[Value]| {
            check(&format!("{what}, place {place}"), token, keys, expected);
        };
        case("one kid", &with_kid, &named_keys);
        case("no kid anywhere", &without_kid, &keys);
        case("no kid in the token", &without_kid, &named_keys);
        // Keys of other algorithms, and for a token with a kid those of others, are not among the
        // four.
        let strangers = [ed25519(), rsa_2048(), p521(), ml_dsa_44(), ed25519()];
        let behind = [&strangers.map(|key| named(&key))[..], &named_keys].concat();
        case("one kid, behind strangers", &with_kid, &behind);
        case("no kid, behind strangers", &without_kid, &behind);
        let behind = [&others[..], &named_keys].concat();
        case("one kid, behind keys without", &with_kid, &behind);
    }
}

#[test]
fn k05_an_unknown_kid_selects_nothing() {
    let issuer = test_issuer();
    let key = key_of(&issuer, Algorithm::ES256);
    let named = |kid: &str| with(key.clone(), json!({"kid": kid}));
    let token = |kid: &str| issuer.token().header("kid", kid).mint();
    for (kid, key, expected) in [
        ("a", named("a"), Ok(())),
        ("", named(""), Ok(())),
        ("b", named("a"), Err(UnknownKey)),
        ("A", named("a"), Err(UnknownKey)),
        ("a ", named("a"), Err(UnknownKey)),
        ("a", named("ab"), Err(UnknownKey)),
        ("ab", named("a"), Err(UnknownKey)),
        ("", named("a"), Err(UnknownKey)),
        ("a", key.clone(), Err(UnknownKey)),
        ("", key.clone(), Err(UnknownKey)),
        // The same letter to the eye, composed and not.
        ("\u{e9}", named("e\u{301}"), Err(UnknownKey)),
    ] {
        check(kid, &token(kid), std::slice::from_ref(&key), expected);
        // The set also has a key of the right kid that can't have signed it.
        let stranger = with(ed25519(), json!({"kid": kid}));
        check(kid, &token(kid), &[stranger, key], expected);
    }
}

#[test]
fn k06_a_set_is_bounded() {
    let key = |i: usize| with(ed25519(), json!({"kid": i.to_string()}));
    let set = |count| json!({"keys": (0..count).map(key).collect::<Vec<_>>()}).to_string();
    for (count, left_out) in [(1_000, None), (1_001, Some(1)), (1_500, Some(500))] {
        let keys = KeySet::from_jwks(&set(count)).unwrap();
        assert_eq!(keys.len(), 1_000, "{count}");
        assert_eq!(keys.key_ids().last(), Some("999"), "{count}");
        let limit = 1_000;
        let expected = left_out.map(|left_out| (1_000, OverMaxKeys { limit, left_out }));
        assert_eq!(told(keys.skipped()), Vec::from_iter(expected), "{count}");
    }
    let padded = |text: &str, bytes: usize| format!("{text}{}", " ".repeat(bytes - text.len()));
    let limit = 1_048_576;
    let too_large = Err(KeySetError::TooLarge {
        bytes: limit + 1,
        limit,
    });
    for (text, bytes, expected) in [
        (set(1), limit, Ok(1)),
        (set(1), limit + 1, too_large.clone()),
        // Before it is read.
        ("x".into(), limit + 1, too_large),
        ("x".into(), limit, Err(KeySetError::NotJson)),
    ] {
        let read = KeySet::from_jwks(&padded(&text, bytes));
        assert_eq!(read.map(|keys| keys.len()), expected, "{bytes}");
    }
    let key = |bytes| VerificationKey::from_jwk(&padded(&ed25519().to_string(), bytes));
    assert_eq!(key(262_144).map(drop), Ok(()));
    assert_eq!(key(262_145).map(drop), Err(Malformed));
}

/// ASN.1, as TLS has it: a SEQUENCE of two INTEGERs.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let tagged = |tag: u8, content: Vec<u8>| {
        let length = u8::try_from(content.len()).unwrap();
        let long = if length < 0x80 { &[][..] } else { &[0x81] };
        [&[tag], long, &[length], &content].concat()
    };
    let integer = |number: &[u8]| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let sign = if number[zeros] < 0x80 { &[][..] } else { &[0] };
        tagged(2, [sign, &number[zeros..]].concat())
    };
    tagged(0x30, [integer(r), integer(s)].concat())
}

#[test]
fn k07_ecdsa_signatures_out_of_range() {
    let issuer = test_issuer();
    // Each with the order of its group (SEC 2).
    #[rustfmt::skip]
    let algorithms = [
        (Algorithm::ES256, "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE"),
        (Algorithm::ES384, "________________________________x2NNgfQ3Ld9YGg2ySLCneuzsGWrMxSlz"),
        (Algorithm::ES512, "Af__________________________________________-lGGh4O_L5Zrf8wBSPcJpdA7tcm4iZxHrrtvtx6ROGQJ"),
        (Algorithm::ES256K, "_____________________rqu3OavSKA7v9JejNA2QUE"),
    ];
    for (algorithm, order) in algorithms {
        if !algorithm.is_supported() {
            continue;
        }
        let keys = [key_of(&issuer, algorithm)];
        let token = issuer.token().algorithm(algorithm);
        let token = token.without_header("kid").mint();
        check("good", &token, &keys, Ok(()));

        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = decode(signature);
        let (r, s) = signature.split_at(signature.len() / 2);
        let n = &decode(order)[..];
        let zero = &vec![0; n.len()][..];
        let one = &[&zero[1..], &[1]].concat()[..];
        let above = &sum(n, one)[..];
        let ones = &vec![0xff; n.len()][..];
        let mut cases = vec![
            ("r = s = 0", [zero, zero].concat()),
            ("r = 0", [zero, s].concat()),
            ("s = 0", [r, zero].concat()),
            ("r = n", [n, s].concat()),
            ("s = n", [r, n].concat()),
            ("r = s = n", [n, n].concat()),
            ("r = n, s = 0", [n, zero].concat()),
            ("r = 0, s = n", [zero, n].concat()),
            ("r = s = 1", [one, one].concat()),
            ("r = n + 1", [above, s].concat()),
            ("s = n + 1", [r, above].concat()),
            ("all ones", [ones, ones].concat()),
            ("s before r", [s, r].concat()),
            ("DER", der(r, s)),
            ("DER of zeros", vec![0x30, 6, 2, 1, 0, 2, 1, 0]),
        ];
        if algorithm == Algorithm::ES512 {
            // 66 bytes can hold the good numbers plus n: they are right modulo n, and still
            // refused.
            cases.push(("r + n", [&sum(r, n), s].concat()));
            cases.push(("s + n", [r, &sum(s, n)].concat()));
        }
        for (name, spoilt) in cases {
            let token = format!("{signed}.{}", encode(&spoilt));
            let name = format!("{algorithm}: {name}");
            check(&name, &token, &keys, Err(BadSignature));
        }
    }
}

#[test]
fn k07_ed25519_scalars_have_one_spelling() {
    let issuer = test_issuer();
    let keys = [key_of(&issuer, Algorithm::EdDSA)];
    let token = issuer.token().algorithm(Algorithm::EdDSA);
    let token = token.without_header("kid").mint();
    check("good", &token, &keys, Ok(()));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = decode(signature);
    let (point, scalar) = signature.split_at(32);
    // The order L of the group (RFC 8032 section 5.1), big-endian; scalars are little-endian.
    let order = decode("EAAAAAAAAAAAAAAAAAAAABTe-d6i95zWWBJjGlz10-0");
    let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<_>>();
    let mut cases = vec![
        ("S = 0".to_owned(), [point, &[0; 32]].concat()),
        ("S = L".to_owned(), [point, &reversed(&order)].concat()),
        ("zeros".to_owned(), vec![0; 64]),
        (
            "R = identity, S = 0".to_owned(),
            [&[1], &[0; 63][..]].concat(),
        ),
    ];
    // S + L, S + 2L ... as far as 32 bytes hold them: all right modulo L.
    let mut multiple = reversed(scalar);
    for times in 1..=14 {
        multiple = sum(&multiple, &order);
        cases.push((
            format!("S + {times} L"),
            [point, &reversed(&multiple)].concat(),
        ));
    }
    for (name, spoilt) in cases {
        let token = format!("{signed}.{}", encode(&spoilt));
        check(&name, &token, &keys, Err(BadSignature));
    }
}

/// The 8 points of small order, and every other spelling of theirs that 32 bytes hold.
#[test]
fn k07_small_order_keys_are_skipped() {
    #[rustfmt::skip]
    let points = [
        ("identity", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("order 2", "7P_______________________________________38"),
        ("order 4", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("order 4, odd x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA"),
        ("order 8, first y", "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU"),
        ("order 8, first y, odd x", "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU"),
        ("order 8, second y", "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o"),
        ("order 8, second y, odd x", "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA_o"),
        ("identity, x = -0", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA"),
        ("identity, y = p + 1", "7v_______________________________________38"),
        ("identity, y = p + 1, x = -0", "7v________________________________________8"),
        ("order 2, x = -0", "7P________________________________________8"),
        ("order 4, y = p", "7f_______________________________________38"),
        ("order 4, y = p, odd x", "7f________________________________________8"),
    ];
    for (name, x) in points {
        let key = with(ed25519(), json!({"x": x})).to_string();
        assert_eq!(skipped(&key), Some(WeakPoint), "{name}");
    }
    // A second spelling of a point of large order: y = p + 3.
    let key = with(
        ed25519(),
        json!({"x": "8P_______________________________________38"}),
    );
    assert_eq!(skipped(&key.to_string()), Some(WeakPoint));
    for (name, sign) in [("y = 3", 0), ("y = 3, odd x", 0x80)] {
        let x = encode(&[&[3], &[0; 30][..], &[sign]].concat());
        let key = with(ed25519(), json!({"x": x})).to_string();
        assert_eq!(skipped(&key), None, "{name}");
    }
}

/// Under the identity point the signature (identity, 0) is right for every message.
#[test]
fn k07_identity_point_forges_nothing() {
    let issuer = test_issuer();
    let forgery = [&[1], &[0; 63][..]].concat();
    for x in [
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA",
        "7v_______________________________________38",
    ] {
        let weak = with(ed25519(), json!({"kid": "weak", "x": x}));
        let keys = [weak, with(p256(), json!({"kid": "good"}))];
        for algorithm in [Algorithm::EdDSA, Algorithm::Ed25519] {
            let token = || issuer.token().algorithm(algorithm).signature(&forgery);
            let with_kid = token().header("kid", "weak").mint();
            check(x, &with_kid, &keys, Err(UnknownKey));
            let without_kid = token().without_header("kid").mint();
            check(x, &without_kid, &keys, Err(UnknownKey));
        }
    }
}

#[test]
fn k08_two_names_of_one_algorithm() {
    let issuer = test_issuer();
    let key = key_of(&issuer, Algorithm::EdDSA);
    for stated in [
        json!({}),
        json!({"alg": "EdDSA"}),
        json!({"alg": "Ed25519"}),
    ] {
        let keys = [with(
            with(key.clone(), stated.clone()),
            json!({"kid": "ed25519-0"}),
        )];
        assert_eq!(algorithms(&keys[0]), [Algorithm::EdDSA, Algorithm::Ed25519]);
        for used in [Algorithm::EdDSA, Algorithm::Ed25519] {
            let name = format!("{used} by a key that states {stated}");
            let token = issuer.token().algorithm(used);
            check(&name, &token.mint(), &keys, Ok(()));
            let forged = test_issuer().token().algorithm(used);
            check(&name, &forged.mint(), &keys, Err(BadSignature));
        }
    }
    let ed448 = with(ed25519(), json!({"alg": "Ed448"})).to_string();
    assert_eq!(skipped(&ed448), Some(UnknownAlgorithm));
}

/// What a thumbprint is computed over. Values that RFCs print are in `rfc_vectors.rs`.
#[test]
fn k09_thumbprints() {
    let of = |text: &str| {
        let key = VerificationKey::from_jwk(text).unwrap();
        key.thumbprint().unwrap()
    };
    // Optional members, order, white space and escapes change nothing.
    let plain = of(&p256().to_string());
    let further =
        json!({"kid": "a", "use": "sig", "alg": "ES256", "key_ops": ["verify"], "z": [1]});
    for text in [
        with(p256(), further).to_string(),
        format!(r#"{{"y":"{P256_Y}", "x":"{P256_X}", "kty":"EC", "crv":"P-256"}}"#),
        p256().to_string().replace("\"y\"", r#""\u0079""#),
    ] {
        assert_eq!(of(&text), plain, "{text}");
    }
    assert_eq!(plain.to_string().len(), 43);
    assert_eq!(plain.to_string().parse(), Ok(plain));

    // Every required member changes it.
    let issuer = test_issuer();
    let mut seen = vec![plain];
    for (name, key) in [
        ("another EC key", key_of(&issuer, Algorithm::ES256)),
        ("P-521", p521()),
        ("Ed25519", ed25519()),
        ("another Ed25519 key", key_of(&issuer, Algorithm::EdDSA)),
        ("RSA", rsa_2048()),
        ("RSA, another e", rsa(&modulus(2_048), &[3])),
        ("RSA, another n", rsa(&modulus(2_056), &[1, 0, 1])),
        ("ML-DSA-44", ml_dsa_44()),
        ("another ML-DSA-44 key", key_of(&issuer, Algorithm::MlDsa44)),
    ] {
        if is_unsupported(&key) {
            continue;
        }
        let thumbprint = of(&key.to_string());
        assert!(!seen.contains(&thumbprint), "{name}");
        let again = of(&with(key, json!({"kid": "b"})).to_string());
        assert_eq!(again, thumbprint, "{name}");
        seen.push(thumbprint);
    }
}
