//! Row K13: what a signature backend lacks is reported, and two backends give the same verdicts.
//! `vectors/` runs all vectors with both.

use crate::support::form::{decode, encode, with_public_keys};
use resource_server::testing::TestIssuer;
use resource_server::{
    Algorithm, Backend, Policy, PresentedToken, error::PolicyErrorKind, keys::KeySet,
};
use resource_server::{error::KeyError, keys::VerificationKey};
use serde_json::{Value, json};

const AS: &str = "https://as.example.com";
use crate::support::API;

/// The ones that this build has.
fn backends() -> Vec<Backend> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        Backend::AwsLcRs,
        #[cfg(feature = "rust-crypto")]
        Backend::RustCrypto,
    ]
}

fn is_rust_crypto(backend: Backend) -> bool {
    format!("{backend:?}") == "RustCrypto"
}

/// What jsonwebtoken's verifiers lack.
const LACKING: [Algorithm; 5] = [
    Algorithm::ES512,
    Algorithm::ES256K,
    Algorithm::MlDsa44,
    Algorithm::MlDsa65,
    Algorithm::MlDsa87,
];

#[test]
fn k13_an_algorithm_that_the_backend_lacks_is_told_and_no_default() {
    let has_all = backends().iter().any(|backend| !is_rust_crypto(*backend));
    for algorithm in Algorithm::ALL.iter().copied() {
        let is_there = has_all || !LACKING.contains(&algorithm);
        assert_eq!(algorithm.is_supported(), is_there, "{algorithm}");
        let is_default = Algorithm::default_list().any(|one| one == algorithm);
        let is_named_only = algorithm.is_hmac() || algorithm == Algorithm::ES256K;
        assert_eq!(is_default, is_there && !is_named_only, "{algorithm}");

        let policy = Policy::builder().issuer(AS).audience(API);
        match policy.algorithms([algorithm]).build() {
            Ok(policy) => {
                assert!(is_there, "{algorithm}");
                assert!(policy.algorithms().eq([algorithm]));
            }
            Err(error) => {
                let problem = PolicyErrorKind::UnsupportedAlgorithm(algorithm);
                assert_eq!(error.problems(), [problem]);
                assert!(!is_there, "{algorithm}");
            }
        }
    }
}

/// An odd number of so many bits, as a key.
fn rsa_of(bits: usize) -> String {
    let mut n = vec![0xa5; bits.div_ceil(8)];
    let spare = n.len() * 8 - bits;
    n[0] = 0xff >> spare;
    json!({"kty": "RSA", "n": encode(&n), "e": "AQAB"}).to_string()
}

#[test]
fn k13_sizes_of_rsa_keys() {
    use KeyError::{RsaTooLarge, RsaTooSmall, Unsupported};
    for backend in backends() {
        let large = is_rust_crypto(backend).then_some(Unsupported);
        for (bits, expected) in [
            (512, Some(RsaTooSmall)),
            (2_047, Some(RsaTooSmall)),
            (2_048, None),
            // Its PSS would not see a byte.
            (2_049, large),
            (4_096, None),
            (4_097, large),
            (4_104, large),
            (8_192, large),
            (8_193, Some(RsaTooLarge)),
        ] {
            let key = VerificationKey::from_jwk_for(backend, &rsa_of(bits));
            assert_eq!(key.err(), expected, "{bits} bits, {backend:?}");
        }
    }
}

/// The sum of two numbers of one length, if it has the same length.
fn sum_that_fits(left: &[u8], right: &[u8]) -> Option<Vec<u8>> {
    let mut carry = 0;
    let digits = left.iter().zip(right).rev().map(|(left, right)| {
        let digit = u16::from(*left) + u16::from(*right) + carry;
        carry = digit >> 8;
        u8::try_from(digit & 0xff).unwrap()
    });
    let mut sum: Vec<u8> = digits.collect();
    sum.reverse();
    (carry == 0).then_some(sum)
}

/// An issuer whose RSA modulus leaves room above it: under three quarters of what its bytes hold,
/// so that a third of its signatures can have the modulus added.
fn issuer_with_small_modulus() -> TestIssuer {
    loop {
        let issuer = TestIssuer::new(AS, API).algorithms([Algorithm::RS256]);
        let set: Value = serde_json::from_str(&issuer.jwks()).unwrap();
        let keys = set["keys"].as_array().unwrap();
        let rsa = keys.iter().find(|key| key["kty"] == "RSA").unwrap();
        if decode(rsa["n"].as_str().unwrap())[0] < 0xc0 {
            return issuer;
        }
    }
}

/// The same tokens, whole and changed, by turns.
#[test]
fn k13_backends_work_side_by_side() {
    let issuer = issuer_with_small_modulus().algorithms(with_public_keys());
    let set: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    assert!(KeySet::from_jwks(&issuer.jwks()).is_ok());
    let mut judged = 0;
    for algorithm in with_public_keys() {
        let text = issuer.token().algorithm(algorithm).mint();
        let token = PresentedToken::parse(&text).unwrap();
        let id = token.jwt().unwrap().key_id().unwrap();
        let keys = set["keys"].as_array().unwrap();
        let jwk = keys.iter().find(|key| key["kid"] == id).unwrap();
        let (signed, signature) = text.rsplit_once('.').unwrap();
        let signature = decode(signature);
        for backend in backends() {
            let key = match VerificationKey::from_jwk_for(backend, &jwk.to_string()) {
                Ok(key) => key,
                Err(reason) => {
                    assert_eq!(reason, KeyError::Unsupported);
                    assert!(is_rust_crypto(backend) && LACKING.contains(&algorithm));
                    continue;
                }
            };
            let verify = |algorithm, message: &str, signature: &[u8]| {
                let verdict = key.verify(algorithm, message.as_bytes(), signature);
                verdict.is_ok()
            };
            assert!(verify(algorithm, signed, &signature), "{algorithm}");
            assert!(!verify(algorithm, &signed[1..], &signature));
            for at in [0, signature.len() / 2, signature.len() - 1] {
                let mut changed = signature.clone();
                changed[at] ^= 1;
                assert!(!verify(algorithm, signed, &changed), "{algorithm}, {at}");
            }
            // Numbers out of range that are the same to sloppy arithmetic (RFC 8017 section 5.2.2
            // step 1).
            if jwk["kty"] == "RSA" {
                let n = decode(jwk["n"].as_str().unwrap());
                let mut beyond = 0;
                for tail in 0..100_u8 {
                    let text = issuer.token().algorithm(algorithm).claim("n", tail).mint();
                    let (signed, signature) = text.rsplit_once('.').unwrap();
                    if let Some(sum) = sum_that_fits(&decode(signature), &n) {
                        beyond += 1;
                        assert!(
                            !verify(algorithm, signed, &sum),
                            "{algorithm}: s + n, {backend:?}"
                        );
                    }
                }
                assert!(beyond > 0, "no signature is small enough");
                assert!(!verify(algorithm, signed, &n), "{algorithm}: n");
            }
            for other in Algorithm::ALL.iter().copied() {
                let one_name = |name: Algorithm| name.as_str().starts_with("Ed");
                if other != algorithm && !(one_name(other) && one_name(algorithm)) {
                    assert!(!verify(other, signed, &signature), "{algorithm} as {other}");
                }
            }
            judged += 1;
        }
    }
    let of = |backend: &Backend| {
        if is_rust_crypto(*backend) {
            Algorithm::ALL.len() - 3 - LACKING.len()
        } else {
            with_public_keys().count()
        }
    };
    assert_eq!(judged, backends().iter().map(of).sum::<usize>());
}
