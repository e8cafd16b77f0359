//! What a layer leaves in a request for the layers and handlers behind it.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use crate::core::{AccessToken, Requirement};
use crate::credentials::{Credentials, EnteredProof, KeptCredentials, RequestHead};
use crate::error::{Error, Misconfigured};
use crate::http::Protect;
use crate::validator::{Freshness, Validator};

/// What a layer leaves in a request that it lets through. The type is private, so nothing else can
/// put one there.
#[derive(Clone)]
pub(crate) struct Admission {
    validator: Validator,
    freshness: Freshness,
    token: Option<AccessToken>,
    /// What was judged, to notice that a request presents something else by now.
    judged: Arc<KeptCredentials>,
    /// The proofs that layers in front have entered into replay stores.
    entered: Vec<EnteredProof>,
    /// What the layers in front required, and the token met.
    met: Vec<Arc<Requirement>>,
    /// An error of the handler whose answer is to be sent. `None`: the layer has sent the
    /// response, so it is too late.
    answer: Arc<OnceLock<Option<Error>>>,
    /// Another layer, outside of this one, has made the answer's cell.
    is_taken_over: bool,
}

impl Admission {
    /// Whether its token can be taken over: the same Validator, and so the same resource, accepted
    /// it just now, by evidence that is as fresh.
    fn is_as_strict_as(&self, inner: &Protect) -> bool {
        let is_fresh = self.freshness == inner.freshness || self.freshness == Freshness::Online;
        let validator = &inner.validator;
        is_fresh
            && self.validator.is_same_as(validator)
            && self
                .token()
                .is_some_and(|token| validator.judged_now(token))
    }

    /// Whether the request presents nothing that this layer did not judge. What is between two
    /// layers may have changed it.
    fn is_about(&self, credentials: &Credentials<'_>) -> bool {
        credentials.are_none() || credentials.are(&self.judged)
    }

    /// A nonce for the client's next proof, which the response carries.
    pub(crate) fn fresh_nonce(&self) -> Option<&str> {
        self.token()?.dpop_nonce()
    }

    /// The same for a layer inside of this one. What is left there is left for both, unless an
    /// earlier request that has the same parts is done with it.
    fn taken_over(self) -> Self {
        if self.answer.get().is_none() {
            return Admission {
                is_taken_over: true,
                ..self
            };
        }
        Admission {
            answer: Arc::new(OnceLock::new()),
            is_taken_over: false,
            ..self
        }
    }

    fn token(&self) -> Option<&AccessToken> {
        self.token.as_ref()
    }

    /// The token of a request, where a handler needs one.
    pub(crate) fn required(admission: Option<&Admission>) -> Result<AccessToken, Error> {
        let admission = admission.ok_or_else(no_layer)?;
        let token = admission.token().cloned();
        token.ok_or_else(|| admission.validator.no_credentials())
    }

    /// The token of a request, where a handler can do without.
    pub(crate) fn optional(admission: Option<&Admission>) -> Result<Option<AccessToken>, Error> {
        let admission = admission.ok_or_else(no_layer)?;
        Ok(admission.token().cloned())
    }

    /// Who accepted the token.
    #[cfg(feature = "mcp")]
    pub(crate) fn validator(&self) -> &Validator {
        &self.validator
    }

    /// The same, behind a layer that required this too.
    #[cfg(feature = "mcp")]
    pub(crate) fn requiring(mut self, requirement: Arc<Requirement>) -> Self {
        self.met.push(requirement);
        self
    }

    /// Names the scopes of the layers in front too where scopes are missing. A client that requests
    /// those of the challenge alone would be refused by these layers.
    pub(crate) fn complete(&self, error: Error) -> Error {
        error.naming_too(self.met.iter().map(AsRef::as_ref))
    }

    /// Makes the layer send the answer of this error, if it is the first.
    pub(crate) fn answer_with(&self, error: &Error) -> Result<(), Error> {
        match self
            .answer
            .get_or_init(|| Some(self.complete(error.clone())))
        {
            Some(_) => Ok(()),
            None => Err(Misconfigured::answered().into()),
        }
    }

    /// The error whose answer is to be sent in place of the response. No later one is accepted.
    pub(crate) fn close(&self) -> Option<&Error> {
        let answer = if self.is_taken_over {
            // The layer outside still sends what is left between the two.
            self.answer.get()?
        } else {
            self.answer.get_or_init(|| None)
        };
        answer.as_ref()
    }
}

impl Protect {
    /// The decision of a layer. `outer` is what an outer layer left in the request.
    pub(crate) fn admit<'r, I>(
        &self,
        outer: Option<Admission>,
        head: &RequestHead<'r>,
        values: impl Fn(&str) -> I,
    ) -> impl Future<Output = Result<Admission, Error>> + Send
    where
        I: IntoIterator<Item = &'r [u8]>,
    {
        let mut credentials = self.validator.credentials(head, values);
        // A layer inside of this one must not take the proof for a replay.
        let mark = self.validator.mark_of(&credentials);
        let mut entered = outer
            .as_ref()
            .map_or_else(Vec::new, |outer| outer.entered.clone());
        credentials.entered = mark.filter(|mark| entered.contains(mark));
        let outer =
            outer.filter(|outer| outer.is_as_strict_as(self) && outer.is_about(&credentials));
        async move {
            if let Some(mut outer) = outer {
                self.check_requirement()?;
                if let Some(token) = outer.token() {
                    let allowed = self.allow(token.clone());
                    allowed.map_err(|error| outer.complete(error))?;
                }
                outer.met.extend(self.requirement.clone());
                return Ok(outer.taken_over());
            }
            let token = self.decide(&credentials).await?;
            entered.extend(mark);
            Ok(Admission {
                validator: self.validator.clone(),
                freshness: self.freshness,
                token,
                judged: Arc::new(credentials.kept()),
                entered,
                met: self.requirement.iter().cloned().collect(),
                answer: Arc::new(OnceLock::new()),
                is_taken_over: false,
            })
        }
    }
}

/// The error of a handler that asks for the token of a request that no layer judged.
fn no_layer() -> Error {
    let error = Misconfigured::no_layer().into();
    crate::observe::observer::no_layer(&error);
    error
}
