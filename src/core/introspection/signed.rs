//! A signed introspection response (RFC 9701 section 5): the checks that it is from the issuer, for
//! this client, and recent.

use std::sync::Arc;
use std::time::Duration;

use crate::core::checks::audience::check_audience;
use crate::core::checks::header::{check_algorithm, check_header};
use crate::core::checks::issuer::check_issuer;
use crate::core::checks::key::check_signature;
use crate::core::checks::time::check_time;
use crate::core::introspection::response::{IntrospectionResponse, ResponseError};
use crate::core::keys::key_set::KeySet;
use crate::core::policy::accepted::Policy;
use crate::core::policy::problem::PolicyError;
use crate::core::time::NumericDate;
use crate::core::token::jws::UnverifiedJwt;
use crate::core::token::media_type::names_media_type;
use crate::core::token::presented::PresentedToken;
use crate::core::verdict::reason::Reason;
use crate::core::verdict::rejection::Rejection;

/// The largest signed response, in bytes: the largest response, encoded, with header and signature.
const MAX_SIGNED_BYTES: usize = 128 * 1024;
/// A response that is older than this, plus the skew, is about another request.
const MAX_AGE: Duration = Duration::from_secs(300);

/// A JWT that says what the authorization server knows about a token. Nothing in it is verified.
pub(crate) struct SignedResponse<'t>(PresentedToken<'t>);

/// Why a signed response is rejected. It says nothing about the introspected token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignedResponseFault {
    #[error("it is not a signed JWT in compact form, of at most 131072 bytes")]
    NotSigned,
    #[error("its typ is not token-introspection+jwt (RFC 9701 section 5)")]
    Type,
    /// The rule is named like the reason for which a token would be rejected. `aud` must be this
    /// client, and `iat` at most five minutes ago.
    #[error("it breaks a rule for JWTs: {0}")]
    Rule(Reason),
    #[error("it has no member token_introspection that is an object (RFC 9701 section 5)")]
    NoResponse,
    #[error("{0}")]
    Response(ResponseError),
}

impl<'t> SignedResponse<'t> {
    /// The policy for signed responses to this client: the issuer, algorithms and skew are those of
    /// the policy for tokens.
    pub(crate) fn policy(of_tokens: &Policy, client_id: &str) -> Result<Policy, PolicyError> {
        Policy::builder()
            .issuer(of_tokens.issuer())
            .audience(client_id)
            .algorithms_of(of_tokens)
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

    /// The JWT, for the selection of keys.
    pub(crate) fn token(&self) -> &PresentedToken<'t> {
        &self.0
    }

    fn jwt(&self) -> Result<&UnverifiedJwt<'t>, SignedResponseFault> {
        self.0.jwt().ok_or(SignedResponseFault::NotSigned)
    }

    /// Every check that needs no key, in the same order as for tokens. `policy` comes from
    /// [`policy`](SignedResponse::policy).
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

    /// Verifies the signature with one of these keys and gives the response. Other members say
    /// nothing about the token (RFC 9701 section 5).
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
    /// A rejection is about a presented token, which this is not. So only the name of the rule is
    /// kept.
    fn from(rejection: Rejection) -> Self {
        SignedResponseFault::Rule(rejection.reason())
    }
}
