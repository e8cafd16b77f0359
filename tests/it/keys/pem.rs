//! Keys configured in PEM. The keys, certificates and the signature are made by OpenSSL.

use std::fmt::Write as _;

use crate::support::form::encode;
use resource_server::{
    AccessToken, Algorithm, Error, Issuer, Reason, StaticKeys,
    error::{KeyError, PemError},
    keys::VerificationKey,
};

use crate::support::{ISSUER, clock, reason, validator};

const ED25519: &str = "
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAeOHE2ZZ/IfxClgiOGIr1LClgaKVHINzE95EXK5TAo74=
-----END PUBLIC KEY-----
";
const ED25519_CERTIFICATE: &str = "
-----BEGIN CERTIFICATE-----
MIIBMjCB5aADAgECAhQJRYvDNBkwb36QM0cgCbQM6WUHxDAFBgMrZXAwDzENMAsG
A1UEAwwEdGVzdDAeFw0yNjExMjQyMzE1MThaFw0zNjExMjEyMzE1MThaMA8xDTAL
BgNVBAMMBHRlc3QwKjAFBgMrZXADIQB44cTZln8h/EKWCI4YivUsKWBopUcg3MT3
kRcrlMCjvqNTMFEwHQYDVR0OBBYEFAy1WjnEmPX8Jtzyl5DGL3kZRF5sMB8GA1Ud
IwQYMBaAFAy1WjnEmPX8Jtzyl5DGL3kZRF5sMA8GA1UdEwEB/wQFMAMBAf8wBQYD
K2VwA0EApYISZ3H6m1eLWENjV9byaZZgi+3CpL0L7ksHrup3UDPhDnKNAPi98mOb
jMVghVxhE+RO2MTlkf90MCLrVzHyBA==
-----END CERTIFICATE-----
";
const ED25519_JWK: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"eOHE2ZZ_IfxClgiOGIr1LClgaKVHINzE95EXK5TAo74"}"#;
const P256: &str = "
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYEuNymBE+eHIugFQkBXAPpJCqozV
cfvbilCUmDmVVszOBIY6bw8zafZDczBjzoE9OkpT3g77rgc8rWiVcGQAcw==
-----END PUBLIC KEY-----
";
/// Good for one day only, which is not looked at.
const P256_CERTIFICATE: &str = "
-----BEGIN CERTIFICATE-----
MIIBFzCBvwIUAYRs8AEFL7ZDD7k0YRAp1DFAYn8wCgYIKoZIzj0EAwIwDzENMAsG
A1UEAwwEdGVzdDAeFw0yNjExMjQyMzE1MThaFw0yNjExMjUyMzE1MThaMA8xDTAL
BgNVBAMMBHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARgS43KYET54ci6
AVCQFcA+kkKqjNVx+9uKUJSYOZVWzM4EhjpvDzNp9kNzMGPOgT06SlPeDvuuBzyt
aJVwZABzMAoGCCqGSM49BAMCA0cAMEQCICQiVUp+l06Tea7XOf6XorrVbhl12J8m
a4nVxu89PpVWAiA+Mcp0KIZ3QOyzrqq67OZbJo1Nhc6GYuXjkpKY5IJqIw==
-----END CERTIFICATE-----
";
const P256_COMPRESSED: &str = "
-----BEGIN PUBLIC KEY-----
MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADYEuNymBE+eHIugFQkBXAPpJCqozV
cfvbilCUmDmVVsw=
-----END PUBLIC KEY-----
";
const P256_JWK: &str = r#"{"kty":"EC","crv":"P-256","x":"YEuNymBE-eHIugFQkBXAPpJCqozVcfvbilCUmDmVVsw","y":"zgSGOm8PM2n2Q3MwY86BPTpKU94O-64HPK1olXBkAHM"}"#;
const P384: &str = "
-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAETvu7rJmUxCUUMWM0NFKTym/FUs99plFI
5YJHm6d0AjcLHCq+CJBiAX9XXaMng/HqAxnPl1tCWimxBkYfAh7Z1JqyUjHhYKhi
vE0SHJTWppoV3L4gEU9NW1e74OfhhW6Y
-----END PUBLIC KEY-----
";
const P384_JWK: &str = r#"{"kty":"EC","crv":"P-384","x":"Tvu7rJmUxCUUMWM0NFKTym_FUs99plFI5YJHm6d0AjcLHCq-CJBiAX9XXaMng_Hq","y":"AxnPl1tCWimxBkYfAh7Z1JqyUjHhYKhivE0SHJTWppoV3L4gEU9NW1e74OfhhW6Y"}"#;
const RSA: &str = "
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsw1PsKdhe/+0c94dI3Ee
z2H0iE8BgxhDaAigO4qmBVlswE0CT42hnTil7Yy+5hsBDb5twnasYEWRLjJjVUsg
E27KqCz4y2HhvG1cYWbj9KDQlVMHdN+fqh6TFxLxb4xBuF+LRnBt12TRqBpOoAvl
owpfXM0+3NqcZ4lC/9XktrNGcdhx566FUCpk7+Oqi3rgVjMyewXZ+QnJR9GoGJKz
SUTGedC+C6hApY0NHs9VxuDYg25RYYVm4btuma66prP/ypTzpEmlYXWjdeiEoiCp
BYzcXXz+0AdmuYzNnltlIdZsPrC3v/5xamU2jyDxPb9TMqyyIRomAynv0dz3nIjR
bQIDAQAB
-----END PUBLIC KEY-----
";
const RSA_JWK: &str = r#"{"kty":"RSA","e":"AQAB","n":"sw1PsKdhe_-0c94dI3Eez2H0iE8BgxhDaAigO4qmBVlswE0CT42hnTil7Yy-5hsBDb5twnasYEWRLjJjVUsgE27KqCz4y2HhvG1cYWbj9KDQlVMHdN-fqh6TFxLxb4xBuF-LRnBt12TRqBpOoAvlowpfXM0-3NqcZ4lC_9XktrNGcdhx566FUCpk7-Oqi3rgVjMyewXZ-QnJR9GoGJKzSUTGedC-C6hApY0NHs9VxuDYg25RYYVm4btuma66prP_ypTzpEmlYXWjdeiEoiCpBYzcXXz-0AdmuYzNnltlIdZsPrC3v_5xamU2jyDxPb9TMqyyIRomAynv0dz3nIjRbQ"}"#;
const RSA_1024: &str = "
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDHFxIzr1UGp0fKhx8BHKGRKmd9
667yspSlwm9vKjRzB962/vYjyhKIW2qjD3xbbaSabxrh0cQFLMOEMv56dKNtkhVr
CYtySEnSiK8vTtRW96wspkA7+H9+8o1/pqBIUXtzSuORWSAipEdOjs+IiqL+Zr/P
YdjbyoWUa9nzk4P8MwIDAQAB
-----END PUBLIC KEY-----
";
const X25519: &str = "
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VuAyEAobOfHGfiu36JOavllsqEiDUZlb/0SKFWoIUpD5YaYiA=
-----END PUBLIC KEY-----
";
/// By the key of `ED25519`, with `kid` "whatever".
const TOKEN: &str = "eyJhbGciOiJFZERTQSIsImtpZCI6IndoYXRldmVyIn0.\
    eyJpc3MiOiJodHRwczovL2FzLmV4YW1wbGUuY29tIiwiYXVkIjoiaHR0cHM6Ly9hcGkuZXhhbXBsZS5jb20iLCJzdWIiOiJhbGljZSIsImV4cCI6MTcwMDAwMDMwMH0.\
    sGPvfTcEnE8TNlEVa7O1ucnvNN9dL_ekStxfk5C7QoCGMGqXWi-ZeXvGukUHlAy-wxSZVEXsxIojZczoskEtAg";

fn judge(keys: StaticKeys) -> Result<AccessToken, Error> {
    let validator = validator(Issuer::new(ISSUER).keys(keys), &clock());
    validator.validate_cached(TOKEN).unwrap()
}

#[test]
fn a_key_in_pem_is_the_key_that_it_is_as_a_jwk() {
    for (pem, algorithm, jwk) in [
        (ED25519, Algorithm::EdDSA, ED25519_JWK),
        (ED25519_CERTIFICATE, Algorithm::EdDSA, ED25519_JWK),
        (P256, Algorithm::ES256, P256_JWK),
        (P256_CERTIFICATE, Algorithm::ES256, P256_JWK),
        (P384, Algorithm::ES384, P384_JWK),
        (RSA, Algorithm::PS256, RSA_JWK),
    ] {
        let keys = StaticKeys::from_pem(algorithm, pem).unwrap();
        let key = keys.key_set().keys().next().unwrap();
        let expected = VerificationKey::from_jwk(jwk).unwrap();
        assert_eq!(key.thumbprint(), expected.thumbprint(), "{algorithm}");
        assert!(key.algorithms().any(|own| own == algorithm));
    }
    // For the algorithm that is stated, and no other of its kind.
    let keys = StaticKeys::from_pem(Algorithm::PS256, RSA).unwrap();
    assert!(
        keys.key_set()
            .keys()
            .next()
            .unwrap()
            .algorithms()
            .eq([Algorithm::PS256])
    );
}

#[test]
fn a_token_is_judged_by_a_key_in_pem() {
    for pem in [ED25519, ED25519_CERTIFICATE] {
        let token = judge(StaticKeys::from_pem(Algorithm::EdDSA, pem).unwrap()).unwrap();
        assert_eq!(token.subject(), Some("alice"));
    }
    // Among others, in one text.
    let other = "\n-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    let both = StaticKeys::from_pem(Algorithm::EdDSA, &format!("{other}{ED25519}")).unwrap();
    assert_eq!(both.key_set().len(), 2);
    judge(both).unwrap();
    assert_eq!(
        reason(judge(
            StaticKeys::from_pem(Algorithm::EdDSA, other).unwrap()
        )),
        Reason::BadSignature
    );
}

#[test]
fn k05_a_named_key_counts_for_its_kid_alone() {
    let named = |kid| StaticKeys::from_pem_by_key_id(Algorithm::EdDSA, [(kid, ED25519)]).unwrap();
    judge(named("whatever")).unwrap();
    assert_eq!(reason(judge(named("another"))), Reason::UnknownKey);
    let none: [(&str, &str); 0] = [];
    assert_eq!(
        StaticKeys::from_pem_by_key_id(Algorithm::EdDSA, none).unwrap_err(),
        PemError::NoKey
    );
}

#[test]
fn what_is_no_usable_key_says_why() {
    let private = ED25519.replace("PUBLIC", "PRIVATE");
    let cut = P256.replace("cw==", "");
    let mut many = String::new();
    for _ in 0..1_001 {
        let _ = write!(many, "{ED25519}");
    }
    for (pem, algorithm, expected) in [
        ("", Algorithm::ES256, PemError::NoKey),
        ("garbage", Algorithm::ES256, PemError::NoKey),
        (P256_JWK, Algorithm::ES256, PemError::NoKey),
        (&private, Algorithm::EdDSA, PemError::PrivateKey),
        (&cut, Algorithm::ES256, PemError::Malformed),
        (&many, Algorithm::EdDSA, PemError::TooLarge),
        (&" ".repeat(1_048_577), Algorithm::EdDSA, PemError::TooLarge),
        (X25519, Algorithm::EdDSA, PemError::UnknownKeyType),
        (P256_COMPRESSED, Algorithm::ES256, PemError::UnknownKeyType),
        (
            P256,
            Algorithm::ES384,
            PemError::Key(KeyError::AlgorithmMismatch),
        ),
        (
            P256,
            Algorithm::RS256,
            PemError::Key(KeyError::AlgorithmMismatch),
        ),
        (
            RSA,
            Algorithm::ES256,
            PemError::Key(KeyError::AlgorithmMismatch),
        ),
        (
            RSA_1024,
            Algorithm::RS256,
            PemError::Key(KeyError::RsaTooSmall),
        ),
    ] {
        assert_eq!(
            StaticKeys::from_pem(algorithm, pem).unwrap_err(),
            expected,
            "{pem:.40}"
        );
    }
}

/// A public key in PEM by its DER: a SubjectPublicKeyInfo up to the key, then the key.
fn pem_of(spki: &[u8], key: &[u8]) -> String {
    let der = [spki, key].concat();
    let mut text = encode(&der).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
}

/// Rows K03 and K07: the rules for a key's numbers are the same as for a JWK.
#[test]
fn k03_k07_numbers_in_pem_pass_the_rules_of_a_jwk() {
    const ED25519_SPKI: [u8; 12] = [48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0];
    const P256_SPKI: [u8; 27] = [
        48, 89, 48, 19, 6, 7, 42, 134, 72, 206, 61, 2, 1, 6, 8, 42, 134, 72, 206, 61, 3, 1, 7, 3,
        66, 0, 4,
    ];
    let mut identity = [0; 32];
    identity[0] = 1;
    for (algorithm, text, reason) in [
        (
            Algorithm::EdDSA,
            pem_of(&ED25519_SPKI, &identity),
            KeyError::WeakPoint,
        ),
        (
            Algorithm::EdDSA,
            pem_of(&ED25519_SPKI, &[0; 32]),
            KeyError::WeakPoint,
        ),
        (
            Algorithm::ES256,
            pem_of(&P256_SPKI, &[7; 64]),
            KeyError::RefusedByBackend,
        ),
    ] {
        assert_eq!(
            StaticKeys::from_pem(algorithm, &text).unwrap_err(),
            PemError::Key(reason),
            "{text}"
        );
    }
}

#[test]
fn what_is_just_within_the_bounds_is_read() {
    let mut text = ED25519.repeat(1_000);
    text.push_str(&" ".repeat(1_048_576 - text.len()));
    let keys = StaticKeys::from_pem(Algorithm::EdDSA, &text).unwrap();
    assert_eq!(keys.key_set().len(), 1_000);
}
