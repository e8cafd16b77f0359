//! What a request holds to prove that it may use a bound token.

use super::Validator;
use crate::binding::{BuiltDpop, CheckedProof, ClientCertificate, ProvenRequest, check_proof_form};
use crate::core::{
    Confirmation, NumericDate, Policy, Possession, PossessionRefusal, ProofFault, Scheme,
    Thumbprint, sha256,
};
use crate::credentials::{Credentials, DpopCredentials, EnteredProof, Presented, ProofHeader};

/// Who presents a token: what a request holds besides it.
#[derive(Clone, Copy)]
pub(super) struct Presenter<'v, 'r> {
    by: By<'v, 'r>,
    certificate: Option<Thumbprint>,
}

#[derive(Clone, Copy)]
enum By<'v, 'r> {
    /// The token alone, under the Bearer scheme.
    Bearer,
    /// A proof under the scheme DPoP.
    Proof {
        settings: &'v BuiltDpop,
        presented: DpopCredentials<'r>,
        /// A layer in front has entered it.
        is_entered: bool,
    },
    /// What was proven when the token was accepted.
    Earlier(Possession),
}

impl Validator {
    /// What a request holds besides its token. `dpop`: it is under the scheme DPoP.
    pub(super) fn presenter_of<'v, 'r>(
        &'v self,
        credentials: &Credentials<'r>,
        dpop: Option<(DpopCredentials<'r>, &'v BuiltDpop)>,
    ) -> Presenter<'v, 'r> {
        // Where certificates are not read, one that was given proves nothing.
        let certificate = credentials
            .certificate()
            .filter(|_| self.0.settings.certificates.is_some());
        let by = match dpop {
            None => By::Bearer,
            Some((presented, settings)) => By::Proof {
                settings,
                presented,
                is_entered: credentials.entered.is_some()
                    && credentials.entered == self.mark_of(credentials),
            },
        };
        Presenter {
            by,
            certificate: certificate.map(ClientCertificate::thumbprint),
        }
    }

    /// The mark of a proof that this Validator's store has entered once it accepts these
    /// credentials.
    pub(crate) fn mark_of(&self, credentials: &Credentials<'_>) -> Option<EnteredProof> {
        let Presented::Dpop(presented) = credentials.presented() else {
            return None;
        };
        let ProofHeader::One(proof) = presented.proof else {
            return None;
        };
        let store = &self.0.settings.dpop.as_ref()?.store;
        let text = [proof, presented.token].join("\0");
        Some(EnteredProof {
            store: store.address(),
            digest: sha256(text.as_bytes()),
        })
    }
}

impl<'v, 'r> Presenter<'v, 'r> {
    /// Of an accepted token that is judged again: it was bound to this, and that was proven.
    pub(super) fn earlier(confirmation: Option<&Confirmation>) -> Self {
        let mut possession = Possession::bearer();
        if let Some(jkt) = confirmation.and_then(Confirmation::jkt) {
            possession = possession.with_key(jkt);
        }
        let certificate = confirmation.and_then(Confirmation::x5t_s256);
        Presenter {
            by: By::Earlier(possession),
            certificate,
        }
    }

    /// Nothing besides the token.
    pub(super) const fn nothing() -> Self {
        Presenter {
            by: By::Bearer,
            certificate: None,
        }
    }

    pub(super) fn scheme(&self) -> Scheme {
        match self.by {
            By::Bearer | By::Earlier(_) => Scheme::Bearer,
            By::Proof { .. } => Scheme::Dpop,
        }
    }

    /// The settings of DPoP, if the request uses it.
    pub(super) fn dpop(&self) -> Option<&'v BuiltDpop> {
        match self.by {
            By::Proof { settings, .. } => Some(settings),
            By::Bearer | By::Earlier(_) => None,
        }
    }

    pub(super) fn has_proof(&self) -> bool {
        matches!(self.by, By::Proof { .. })
    }

    pub(super) fn is_entered(&self) -> bool {
        matches!(self.by, By::Proof { is_entered, .. } if is_entered)
    }

    /// The checks of its proof that need no arithmetic. `None` where there is none to check.
    pub(super) fn check_proof(
        &self,
        token: &str,
        policy: &Policy,
        now: NumericDate,
    ) -> Result<Option<CheckedProof<'r>>, PossessionRefusal> {
        let By::Proof {
            settings,
            presented,
            ..
        } = &self.by
        else {
            return Ok(None);
        };
        let proof = match presented.proof {
            ProofHeader::One(proof) => proof,
            ProofHeader::Missing => return Err(PossessionRefusal::Proof(ProofFault::Missing)),
            ProofHeader::Several => return Err(PossessionRefusal::Proof(ProofFault::Several)),
        };
        let request = ProvenRequest {
            method: presented.method,
            origin: &settings.origin,
            rewrite: settings.rewrite.as_ref(),
            path: presented.path,
            token,
            nonces: &settings.nonces,
            known_since: settings.store.knows_since(),
        };
        check_proof_form(proof, &request, policy, now).map(Some)
    }

    /// What is proven, for a token that is bound to this.
    pub(super) fn prove(
        &self,
        proof: Option<&CheckedProof<'_>>,
        confirmation: Option<&Confirmation>,
    ) -> Result<Possession, PossessionRefusal> {
        let possession = match (&self.by, proof) {
            (By::Earlier(possession), _) => {
                let lacks_key = confirmation.and_then(Confirmation::jkt).is_none();
                let lacks_certificate = confirmation.and_then(Confirmation::x5t_s256).is_none();
                if possession.jkt.is_some() && lacks_key
                    || self.certificate.is_some() && lacks_certificate
                {
                    return Err(PossessionRefusal::NoLongerBound);
                }
                *possession
            }
            (By::Bearer, _) | (By::Proof { .. }, None) => Possession::bearer(),
            (By::Proof { .. }, Some(proof)) => {
                Possession::bearer().with_key(proof.prove(confirmation)?)
            }
        };
        Ok(possession.with_certificate(self.certificate))
    }
}
