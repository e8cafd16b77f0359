//! What a request holds to prove that it may use a bound token.

use super::Validator;
use crate::binding::{
    BuiltDpop, CheckedProof, ClientCertificate, Insertion, ProofEntry, ProvenRequest,
    check_proof_form,
};
use crate::core::{
    Clock, Confirmation, FormRefusal, NumericDate, Policy, Possession, PossessionRefusal,
    Presentation, ProofFault, Rejection, Scheme, Thumbprint, sha256,
};
use crate::credentials::{Credentials, DpopCredentials, EnteredProof, Presented, ProofHeader};
use crate::error::{Error, Unavailable};

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

/// A proof that was found to be good. It may have been used before: see [`Presenter::use_up`].
pub(super) struct UsedProof {
    entry: ProofEntry,
    /// The client should have another nonce for its next proof.
    needs_nonce: bool,
}

impl UsedProof {
    pub(super) fn of(proof: &CheckedProof<'_>) -> Self {
        UsedProof {
            entry: proof.entry(),
            needs_nonce: proof.needs_nonce,
        }
    }
}

impl Validator {
    /// The text of the token, and what the request holds besides it.
    pub(super) fn read<'v, 'r>(
        &'v self,
        credentials: &Credentials<'r>,
    ) -> Result<(&'r str, Presenter<'v, 'r>), Rejection> {
        let proofs = &self.0.settings.proofs;
        let (text, by) = match credentials.presented() {
            Presented::Bearer(text) => (text, By::Bearer),
            Presented::Dpop(presented) => {
                let settings = proofs.dpop.as_ref().ok_or(FormRefusal::DpopScheme)?;
                let by = By::Proof {
                    settings,
                    presented,
                    is_entered: credentials.entered.is_some()
                        && credentials.entered == self.mark_of(credentials),
                };
                (presented.token, by)
            }
            Presented::Nothing => return Err(FormRefusal::NoCredentials.into()),
            Presented::Malformed(fault) => return Err(FormRefusal::Credentials(fault).into()),
        };
        // Where certificates are not read, one that was given proves nothing.
        let certificate = credentials
            .certificate()
            .filter(|_| proofs.certificates.is_some())
            .map(ClientCertificate::thumbprint);
        Ok((text, Presenter { by, certificate }))
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
        let store = &self.0.settings.proofs.dpop.as_ref()?.store;
        let text = [proof, presented.token].join("\0");
        Some(EnteredProof {
            store: store.address(),
            digest: sha256(text.as_bytes()),
        })
    }
}

impl<'r> Presenter<'_, 'r> {
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

    /// How the request presented its token. If it needs a nonce for its next proof, it has one.
    pub(super) fn presentation(&self, needs_nonce: bool, clock: &dyn Clock) -> Presentation {
        let fresh_nonce = match self.by {
            By::Proof { settings, .. } if needs_nonce => settings.fresh_nonce(clock.now()),
            By::Proof { .. } | By::Bearer | By::Earlier(_) => None,
        };
        Presentation {
            scheme: self.scheme(),
            fresh_nonce,
        }
    }

    pub(super) fn has_proof(&self) -> bool {
        matches!(self.by, By::Proof { .. })
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

    /// Uses up the proof, as the last check of the binding: of two requests with one proof, at most
    /// one gets its token. Returns whether the client should have another nonce. `at` is when the
    /// proof was found to be good. It may have ended since.
    pub(super) async fn use_up(&self, proof: &UsedProof, at: NumericDate) -> Result<bool, Error> {
        if let By::Proof {
            settings,
            is_entered: false,
            ..
        } = self.by
        {
            let inserted = settings.store.insert(&proof.entry, at).await;
            match inserted.map_err(Unavailable::of_replay_store)? {
                Insertion::New => {}
                Insertion::Seen => {
                    let refusal = PossessionRefusal::Proof(ProofFault::Replayed);
                    return Err(Rejection::from(refusal).into());
                }
            }
        }
        Ok(proof.needs_nonce)
    }
}
