//! What requests can prove besides presenting a token, and what the issuers' policies require.

use super::issuers::Trusted;
use crate::binding::{BuiltDpop, ClientCertificates, Dpop, ReplayStoreStatus};
use crate::build_error::{ConfigErrorKind, Problems};
use crate::core::{Algorithm, NumericDate, Resource, Schemes, SenderConstraint};

/// The settings of all kinds of proof.
#[derive(Debug, Default)]
pub(super) struct ProofSettings {
    pub(super) dpop: Option<Dpop>,
    pub(super) certificates: Option<ClientCertificates>,
}

/// How proofs are checked, for the kinds that are offered.
#[derive(Clone, Debug, Default)]
pub(super) struct Proofs {
    pub(super) dpop: Option<BuiltDpop>,
    /// How certificates of clients are read.
    pub(super) certificates: Option<ClientCertificates>,
}

/// The kinds of proof that are offered.
#[derive(Clone, Copy)]
pub(super) struct Offered {
    dpop: bool,
    certificates: bool,
}

impl ProofSettings {
    pub(super) fn offered(&self) -> Offered {
        Offered {
            dpop: self.dpop.is_some(),
            certificates: self.certificates.is_some(),
        }
    }

    pub(super) fn build(self, resource: Option<&Resource>, problems: &mut Problems) -> Proofs {
        let certificates = self.certificates.iter();
        for problem in certificates.flat_map(ClientCertificates::problems) {
            problems.push(ConfigErrorKind::ClientCertificates(problem));
        }
        let dpop = match (self.dpop, resource) {
            (Some(dpop), Some(resource)) => match dpop.build() {
                Ok(dpop) => dpop_for(resource, dpop, problems),
                Err(found) => {
                    for problem in found {
                        problems.push(ConfigErrorKind::Dpop(problem));
                    }
                    None
                }
            },
            (Some(_), None) => {
                problems.push(ConfigErrorKind::DpopWithoutResource);
                None
            }
            (None, _) => None,
        };
        Proofs {
            dpop,
            certificates: self.certificates,
        }
    }
}

impl Proofs {
    /// The same for a further resource, with the same replay store.
    pub(super) fn for_resource(&self, resource: &Resource, problems: &mut Problems) -> Self {
        let dpop = self.dpop.clone();
        Proofs {
            dpop: dpop.and_then(|dpop| dpop_for(resource, dpop, problems)),
            certificates: self.certificates.clone(),
        }
    }

    pub(super) fn offered(&self) -> Offered {
        Offered {
            dpop: self.dpop.is_some(),
            certificates: self.certificates.is_some(),
        }
    }

    /// Lets the replay store know when the first request may come.
    pub(super) fn begin(&self, now: NumericDate) {
        if let Some(dpop) = &self.dpop {
            dpop.store.begin(now);
        }
    }

    /// The state of the replay store, if there is one.
    pub(super) fn status(&self) -> Option<ReplayStoreStatus> {
        self.dpop.as_ref().map(|dpop| dpop.store.status())
    }
}

/// The settings of DPoP for a resource, whose origin may be another one.
fn dpop_for(resource: &Resource, dpop: BuiltDpop, problems: &mut Problems) -> Option<BuiltDpop> {
    let Some(origin) = resource.origin() else {
        return Some(dpop);
    };
    let at_origin = dpop.at(origin);
    at_origin
        .map_err(|problem| problems.push(ConfigErrorKind::Dpop(problem)))
        .ok()
}

impl Offered {
    /// Checks that a request could prove what the issuer's policy requires.
    pub(super) fn check(self, issuer: &Trusted, problems: &mut Problems) {
        let required = issuer.policy.settings().sender_constraint();
        let is_provable = match required {
            SenderConstraint::IfBound => true,
            SenderConstraint::Dpop => self.dpop,
            SenderConstraint::MutualTls => self.certificates,
            SenderConstraint::Either => self.dpop || self.certificates,
        };
        if !is_provable {
            problems.push_for(&issuer.name, ConfigErrorKind::Unprovable { required });
        }
    }

    /// The schemes that an API with these issuers offers.
    pub(super) fn schemes(self, issuers: &[&Trusted]) -> Schemes {
        let each_is = |accepted: &[SenderConstraint]| {
            let mut issuers = issuers.iter();
            issuers.all(|issuer| accepted.contains(&issuer.policy.settings().sender_constraint()))
        };
        let requires_dpop = each_is(&[SenderConstraint::Dpop]);
        // Without certificates, a key is the only thing that a token can be bound to.
        let has_no_other_way =
            !self.certificates && each_is(&[SenderConstraint::Dpop, SenderConstraint::Either]);
        let accepts = |algorithm: Algorithm| {
            let mut issuers = issuers.iter();
            issuers.any(|issuer| issuer.policy.proof_algorithm_set().contains(algorithm))
        };
        let algorithms = || Algorithm::ALL.iter().copied().filter(|one| accepts(*one));
        Schemes {
            offers_bearer: !(self.dpop && (requires_dpop || has_no_other_way)),
            dpop_algorithms: self
                .dpop
                .then(|| algorithms().map(Algorithm::as_str).collect()),
            requires_dpop: self.dpop && requires_dpop,
            offers_certificates: self.certificates,
        }
    }
}
