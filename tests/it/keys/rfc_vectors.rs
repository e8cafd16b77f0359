//! Row K10 by the examples that RFCs print: RFC 7515 A.1 to A.4, RFC 7520 4.1 to 4.4, RFC 8037 A.4
//! and RFC 9964 A.1; and row K09 by the thumbprints that RFCs print.

use std::sync::Arc;

use crate::support::form::{decode, encode};
use crate::support::rfc::*;
use resource_server::{
    Algorithm, Evidence, NumericDate, Policy, PresentedToken, Reason,
    error::{KeyError, KeySetError},
    keys::{KeySet, VerificationKey},
    verify,
};
use serde_json::{Value, json};

struct Vector {
    source: &'static str,
    key: Value,
    algorithm: Algorithm,
    header: &'static str,
    payload: &'static str,
    signature: &'static str,
}

/// Each signed example. Their payloads are not claims sets that we accept, so they test only the
/// signature.
fn vectors() -> Vec<Vector> {
    let bilbo = json!({
        "kty": "RSA", "kid": "bilbo.baggins@hobbiton.example", "use": "sig", "n": BILBO_N, "e": "AQAB",
    });
    let vector = |source, key, algorithm, header, payload, signature| Vector {
        source,
        key,
        algorithm,
        header,
        payload,
        signature,
    };
    vec![
        vector(
            "RFC 7515 A.2",
            json!({"kty": "RSA", "n": A2_N, "e": "AQAB"}),
            Algorithm::RS256,
            "eyJhbGciOiJSUzI1NiJ9",
            JOE,
            A2_SIGNATURE,
        ),
        vector(
            "RFC 7515 A.3",
            a3_key(),
            Algorithm::ES256,
            "eyJhbGciOiJFUzI1NiJ9",
            JOE,
            A3_SIGNATURE,
        ),
        vector(
            "RFC 7515 A.4",
            json!({"kty": "EC", "crv": "P-521", "x": A4_X, "y": A4_Y}),
            Algorithm::ES512,
            "eyJhbGciOiJFUzUxMiJ9",
            "UGF5bG9hZA",
            A4_SIGNATURE,
        ),
        vector(
            "RFC 7520 4.1",
            bilbo.clone(),
            Algorithm::RS256,
            S41_HEADER,
            FRODO,
            S41_SIGNATURE,
        ),
        vector(
            "RFC 7520 4.2",
            bilbo,
            Algorithm::PS384,
            S42_HEADER,
            FRODO,
            S42_SIGNATURE,
        ),
        vector(
            "RFC 7520 4.3",
            json!({"kty": "EC", "use": "sig", "crv": "P-521", "x": S43_X, "y": S43_Y}),
            Algorithm::ES512,
            S43_HEADER,
            FRODO,
            S43_SIGNATURE,
        ),
        vector(
            "RFC 8037 A.4",
            ed25519_key(),
            Algorithm::EdDSA,
            "eyJhbGciOiJFZERTQSJ9",
            "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            ED25519_SIGNATURE,
        ),
        vector(
            "RFC 9964 A.1, ML-DSA-44",
            ml_dsa_44_key(),
            Algorithm::MlDsa44,
            ML_DSA_44_HEADER,
            ML_DSA_PAYLOAD,
            ML_DSA_44_SIGNATURE,
        ),
        vector(
            "RFC 9964 A.1, ML-DSA-65",
            ml_dsa_65_key(),
            Algorithm::MlDsa65,
            ML_DSA_65_HEADER,
            ML_DSA_PAYLOAD,
            ML_DSA_65_SIGNATURE,
        ),
        vector(
            "RFC 9964 A.1, ML-DSA-87",
            ml_dsa_87_key(),
            Algorithm::MlDsa87,
            ML_DSA_87_HEADER,
            ML_DSA_PAYLOAD,
            ML_DSA_87_SIGNATURE,
        ),
    ]
}

fn a3_key() -> Value {
    json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

/// Those whose algorithm the signature backend has.
fn verifiable() -> impl Iterator<Item = Vector> {
    let all = vectors().into_iter();
    all.filter(|vector| vector.algorithm.is_supported())
}

fn ed25519_key() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": ED25519_X})
}

fn ml_dsa_44_key() -> Value {
    json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": ML_DSA_44_PUB})
}

fn ml_dsa_65_key() -> Value {
    json!({"kty": "AKP", "alg": "ML-DSA-65", "pub": ML_DSA_65_PUB})
}

fn ml_dsa_87_key() -> Value {
    json!({"kty": "AKP", "alg": "ML-DSA-87", "pub": ML_DSA_87_PUB})
}

fn prepared(key: &Value) -> VerificationKey {
    VerificationKey::from_jwk(&key.to_string()).unwrap()
}

#[test]
fn k10_signatures_of_rfc_examples_verify() {
    for vector in verifiable() {
        let key = prepared(&vector.key);
        let message = format!("{}.{}", vector.header, vector.payload);
        let signature = decode(vector.signature);
        let verdict = key.verify(vector.algorithm, message.as_bytes(), &signature);
        assert_eq!(verdict, Ok(()), "{}", vector.source);
    }
    assert_eq!(vectors().len(), 10);
}

/// What the test above shows is worth something only if the same bytes, changed a little, do not
/// verify.
#[test]
fn k10_changed_rfc_examples_do_not_verify() {
    for vector in verifiable() {
        let source = vector.source;
        let key = prepared(&vector.key);
        let message = format!("{}.{}", vector.header, vector.payload).into_bytes();
        let signature = decode(vector.signature);
        let refused = |algorithm, message: &[u8], signature: &[u8], what: &str| {
            let verdict = key.verify(algorithm, message, signature);
            assert!(verdict.is_err(), "{source}: {what}");
        };

        for at in [0, message.len() / 2, message.len() - 1] {
            let mut changed = message.clone();
            changed[at] ^= 1;
            refused(vector.algorithm, &changed, &signature, "message");
        }
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            refused(vector.algorithm, &message, &changed, "signature");
        }
        let longer = [&signature[..], &[0]].concat();
        refused(vector.algorithm, &message, &longer, "longer signature");
        let shorter = &signature[..signature.len() - 1];
        refused(vector.algorithm, &message, shorter, "shorter signature");
        refused(vector.algorithm, &message, &[], "no signature");

        for other in Algorithm::ALL.iter().copied() {
            let is_other_name = vector.algorithm == Algorithm::EdDSA && other == Algorithm::Ed25519;
            if other != vector.algorithm && !is_other_name {
                refused(other, &message, &signature, other.as_str());
            }
        }
    }
}

/// Row K13: the sizes of RFC 9964 table 1. Signatures of other sizes are refused above.
#[test]
fn k13_rfc_ml_dsa_examples_have_the_sizes_of_their_algorithms() {
    for (key, signature, public_bytes, signature_bytes) in [
        (ml_dsa_44_key(), ML_DSA_44_SIGNATURE, 1_312, 2_420),
        (ml_dsa_65_key(), ML_DSA_65_SIGNATURE, 1_952, 3_309),
        (ml_dsa_87_key(), ML_DSA_87_SIGNATURE, 2_592, 4_627),
    ] {
        let public = decode(key["pub"].as_str().unwrap());
        let sizes = (public.len(), decode(signature).len());
        assert_eq!(sizes, (public_bytes, signature_bytes), "{}", key["alg"]);
        let longer = [&public[..], &[0]].concat();
        for wrong in [&public[1..], &longer] {
            let mut key = key.clone();
            key["pub"] = encode(wrong).into();
            let reason = VerificationKey::from_jwk(&key.to_string()).unwrap_err();
            assert_eq!(reason, KeyError::MalformedMember("pub"), "{}", key["alg"]);
        }
    }
}

/// As the RFC prints them, the keys are key pairs.
#[test]
fn k04_rfc_ml_dsa_examples_with_their_private_keys_are_refused() {
    for mut key in [ml_dsa_44_key(), ml_dsa_65_key(), ml_dsa_87_key()] {
        key["priv"] = ML_DSA_PRIV.into();
        let reason = VerificationKey::from_jwk(&key.to_string()).unwrap_err();
        assert_eq!(reason, KeyError::Private, "{}", key["alg"]);
    }
}

/// RFC 7515 A.1 and RFC 7520 4.4 are HMAC: they verify with their secrets, and never as keys of a
/// JWK Set.
#[test]
fn k10_hmac_examples() {
    const A1_K: &str =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    const S44_K: &str = "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg";
    const S44_HEADER: &str =
        "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9";
    let a1_token = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let s44_token = format!("{S44_HEADER}.{FRODO}.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0");
    for (source, k, token) in [
        ("RFC 7515 A.1", A1_K, &a1_token),
        ("RFC 7520 4.4", S44_K, &s44_token),
    ] {
        let (message, tag) = token.rsplit_once('.').unwrap();
        let tag = decode(tag);
        let secret = decode(k);
        let key = VerificationKey::from_hmac_secret(Algorithm::HS256, &secret).unwrap();
        let verify =
            |message: &str, tag: &[u8]| key.verify(Algorithm::HS256, message.as_bytes(), tag);
        assert!(verify(message, &tag).is_ok(), "{source}");
        assert!(verify(&message[1..], &tag).is_err(), "{source}: message");
        assert!(verify(message, &tag[..16]).is_err(), "{source}: half a tag");
        for at in 0..tag.len() {
            let mut changed = tag.clone();
            changed[at] ^= 1;
            assert!(verify(message, &changed).is_err(), "{source}: byte {at}");
        }

        let oct = json!({"kty": "oct", "k": k});
        let reason = VerificationKey::from_jwk(&oct.to_string()).unwrap_err();
        assert_eq!(reason, KeyError::Symmetric, "{source}");
        let Err(KeySetError::NoUsableKey { skipped }) =
            KeySet::from_jwks(&json!({"keys": [oct]}).to_string())
        else {
            panic!("{source}");
        };
        assert_eq!(skipped[0].reason(), KeyError::Symmetric, "{source}");
    }

    // A.1 has a claims set, but no audience.
    let secret = decode(A1_K);
    let keys = KeySet::from_hmac_secret(Algorithm::HS256, &secret).unwrap();
    let evidence = Evidence::Keys(Arc::new(keys));
    let token = PresentedToken::parse(&a1_token).unwrap();
    let before_expiry = NumericDate::from_secs(1_300_819_000);
    let policy = || Policy::builder().issuer("joe").audience("any");
    for (policy, expected) in [
        (policy(), Reason::AlgorithmNotAllowed),
        (
            policy().algorithms([Algorithm::HS256]),
            Reason::AudienceMissing,
        ),
    ] {
        let verdict = verify(&token, &evidence, &policy.build().unwrap(), before_expiry);
        assert_eq!(verdict.unwrap_err().reason(), expected);
    }
}

#[test]
fn k08_rfc_8037_example_verifies_under_both_names() {
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    for stated in [None, Some("EdDSA"), Some("Ed25519")] {
        let mut key = ed25519_key();
        if let Some(name) = stated {
            key["alg"] = name.into();
        }
        for algorithm in [Algorithm::EdDSA, Algorithm::Ed25519] {
            let verdict = prepared(&key).verify(algorithm, message, &decode(ED25519_SIGNATURE));
            assert_eq!(verdict, Ok(()), "{stated:?} {algorithm}");
        }
    }
}

#[test]
fn k09_thumbprints_of_rfc_examples() {
    let cases = [
        (
            "RFC 7638 3.1",
            json!({"kty": "RSA", "n": R7638_N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        ),
        (
            "RFC 8037 A.3",
            ed25519_key(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        ),
        (
            // The key of its figure 2, the jkt of its figure 9.
            "RFC 9449 6.1",
            json!({
                "kty": "EC", "crv": "P-256",
                "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
                "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
            }),
            "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
        ),
        (
            "RFC 9964 A.1, ML-DSA-44",
            ml_dsa_44_key(),
            "T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o",
        ),
        (
            "RFC 9964 A.1, ML-DSA-65",
            ml_dsa_65_key(),
            "Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM",
        ),
        (
            "RFC 9964 A.1, ML-DSA-87",
            ml_dsa_87_key(),
            "tRn1JNIkgMsABVQBlXeDHxAIcclh-2IX0UdDEzPt5XU",
        ),
    ];
    for (source, key, expected) in cases {
        if key["kty"] == "AKP" && !Algorithm::MlDsa44.is_supported() {
            continue;
        }
        assert_eq!(
            prepared(&key).thumbprint().unwrap().to_string(),
            expected,
            "{source}"
        );
    }
}
