//! A signed introspection response (RFC 9701 section 5): that it is the issuer's, for this client, and of now.

use std::sync::Arc;
use std::time::Duration;

use crate::core::checks::audience::check_audience;
use crate::core::checks::header::{check_algorithm, check_header};
use crate::core::checks::issuer::check_issuer;
use crate::core::checks::key::check_signature;
use crate::core::checks::time::check_time;
use crate::core::introspection::response::{IntrospectionResponse, MalformedResponse};
use crate::core::keys::key_set::KeySet;
use crate::core::policy::accepted::Policy;
use crate::core::policy::problem::PolicyError;
use crate::core::time::NumericDate;
use crate::core::token::jws::UnverifiedJwt;
use crate::core::token::media_type::names_media_type;
use crate::core::token::presented::PresentedToken;
use crate::core::verdict::reason::Reason;
use crate::core::verdict::rejection::Rejection;

/// A signed response is read up to this size, in bytes: the largest response, encoded, and a header and signature.
const MAX_SIGNED_BYTES: usize = 128 * 1024;
/// One that was issued longer ago, and more than the skew, answers another question.
const MAX_AGE: Duration = Duration::from_secs(300);

/// A JWT that says what the authorization server knows of a token. Nothing of it is verified.
pub(crate) struct SignedResponse<'t>(PresentedToken<'t>);

/// Why a signed response is none. Says nothing about the token that was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignedResponseFault {
    #[error("it is not a signed JWT in compact form, of at most 131072 bytes")]
    NotSigned,
    #[error("its typ is not token-introspection+jwt (RFC 9701 section 5)")]
    Type,
    /// By the rule that has this name where a token breaks it. `aud` must be this client, `iat` of the last minutes.
    #[error("it breaks a rule for JWTs: {0}")]
    Rule(Reason),
    #[error("it has no member token_introspection that is an object (RFC 9701 section 5)")]
    NoResponse,
    #[error("{0}")]
    Response(MalformedResponse),
}

impl<'t> SignedResponse<'t> {
    /// What signed responses to this client must meet, from an issuer of this policy: its name, its algorithms, its skew.
    pub(crate) fn policy(of_tokens: &Policy, client_id: &str) -> Result<Policy, PolicyError> {
        Policy::builder()
            .issuer(of_tokens.issuer())
            .audience(client_id)
            .algorithms(of_tokens.algorithms())
            .clock_skew(of_tokens.clock_skew())
            .max_token_age(MAX_AGE)
            .build()
    }

    pub(crate) fn read(text: &'t str) -> Result<Self, SignedResponseFault> {
        match PresentedToken::parse_within(text, MAX_SIGNED_BYTES) {
            Ok(token) if token.jwt().is_some() => Ok(SignedResponse(token)),
            Err(rejection)
                if !matches!(rejection.reason(), Reason::MalformedToken | Reason::TooLong) =>
            {
                Err(rejection.into())
            }
            Ok(_) | Err(_) => Err(SignedResponseFault::NotSigned),
        }
    }

    /// To find keys by.
    pub(crate) fn token(&self) -> &PresentedToken<'t> {
        &self.0
    }

    fn jwt(&self) -> Result<&UnverifiedJwt<'t>, SignedResponseFault> {
        self.0.jwt().ok_or(SignedResponseFault::NotSigned)
    }

    /// All that needs no keys, in the same order as for tokens. `policy` is that of [`policy`](SignedResponse::policy).
    pub(crate) fn check(
        &self,
        policy: &Policy,
        now: NumericDate,
    ) -> Result<(), SignedResponseFault> {
        let jwt = self.jwt()?;
        check_issuer(jwt, policy)?; // RFC 9701 5
        let is_of_type = jwt
            .typ()
            .is_some_and(|typ| names_media_type(typ, "token-introspection+jwt"));
        if !is_of_type {
            return Err(SignedResponseFault::Type); // RFC 9701 5, RFC 8725 3.11
        }
        check_header(jwt)?; // RFC 7515 4.1.11
        check_algorithm(jwt, policy)?; // RFC 8725 3.1
        check_audience(jwt.payload(), policy)?; // RFC 9701 5
        check_time(jwt.payload(), policy, now)?; // RFC 9701 5
        Ok(())
    }

    /// The response in it, once the signature is known to be by one of these keys. Members beside it say nothing of the token
    /// (RFC 9701 section 5).
    pub(crate) fn verify(
        &self,
        keys: &Arc<KeySet>,
        policy: &Policy,
    ) -> Result<IntrospectionResponse, SignedResponseFault> {
        let jwt = self.jwt()?;
        let _verified = check_signature(jwt, keys, policy)?;
        let member = jwt.payload().find("token_introspection");
        let response = member.filter(|value| value.is_object());
        let response = response.ok_or(SignedResponseFault::NoResponse)?;
        IntrospectionResponse::from_json(response.text()).map_err(SignedResponseFault::Response)
    }
}

impl From<Rejection> for SignedResponseFault {
    /// A rejection speaks of a token that somebody presented, which this is not: the rule's name is what is left of it.
    fn from(rejection: Rejection) -> Self {
        SignedResponseFault::Rule(rejection.reason())
    }
}
