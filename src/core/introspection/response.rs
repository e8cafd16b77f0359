//! What an authorization server says about a token (RFC 7662 section 2.2), and the checks of it.

use std::fmt;
use std::sync::Arc;

use crate::core::access_token::AccessToken;
use crate::core::checks::audience::check_audience_of_response;
use crate::core::checks::claims::{
    check_actors, check_confirmation, check_other_types, check_required_claims,
};
use crate::core::checks::issuer::{check_issuer_name, check_trust_domain, wrong_issuer};
use crate::core::checks::kind::{check_token_use, sign_of_another_kind};
use crate::core::checks::mapped::{check_client, check_principal, check_roles, check_scope};
use crate::core::checks::time::check_time;
use crate::core::introspection::introspected::Introspected;
use crate::core::json::{self, Fault, Value};
use crate::core::policy::accepted::Policy;
use crate::core::proof::Proof;
use crate::core::time::NumericDate;
use crate::core::token::claims::checked::CheckedClaims;
use crate::core::token::payload::{Claim, Foreign, Payload};
use crate::core::token::presented::PresentedToken;
use crate::core::unconfirmed::Unconfirmed;
use crate::core::verdict::claims::ClaimRefusal;
use crate::core::verdict::form::FormRefusal;
use crate::core::verdict::issuer::{AcceptedIssuers, IssuerRefusal};
use crate::core::verdict::kind::KindRefusal;
use crate::core::verdict::possession::PossessionRefusal;
use crate::core::verdict::rejection::Rejection;

/// A response is read up to this size, in bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// An authorization server's answer about one token: an introspection response (RFC 7662 section
/// 2.2).
///
/// A source gives it as [`Evidence::Introspection`](crate::Evidence::Introspection), and the policy
/// decides what it means for this API. `active` must be true. `token_type`, if present, must be
/// `Bearer`, `DPoP`, `access_token`, `access-token` or
/// `urn:ietf:params:oauth:token-type:access_token`, in any case. `iss`, `aud`, `exp`, `nbf`, `iat`,
/// `scope`, `client_id` and `cnf` are checked like those of a JWT. `iss` and `exp` may be absent,
/// since RFC 7662 has them optional. `aud` may be absent only with
/// [`PolicyBuilder::allow_missing_audience`](crate::PolicyBuilder::allow_missing_audience). A
/// member that is `null` is absent, except `active` and `cnf`.
///
/// ```
/// use resource_server::{error::ResponseError, introspection::IntrospectionResponse};
///
/// let response = IntrospectionResponse::from_json(
///     r#"{"active":true,"aud":"https://api.example.com","exp":1700000300}"#,
/// )?;
/// assert!(response.is_active());
/// assert_eq!(response.expires_at().unwrap().as_secs(), 1_700_000_300);
///
/// let odd = IntrospectionResponse::from_json(r#"{"active":"true"}"#);
/// assert_eq!(odd.unwrap_err(), ResponseError::Active);
/// # Ok::<(), ResponseError>(())
/// ```
pub struct IntrospectionResponse {
    is_active: bool,
    kind: Kind,
    payload: Arc<Payload>,
}

/// Values of `token_type` for an access token that is not bound to a DPoP key. Servers write the
/// access token's own name there too: the hint of RFC 7662 section 2.1, or the identifier of RFC
/// 8693 section 3.
const ACCESS_TOKEN_TYPES: [&str; 4] = [
    "Bearer",
    "access_token",
    "access-token",
    "urn:ietf:params:oauth:token-type:access_token",
];

/// What the response says that the token is.
#[derive(Clone, Copy)]
enum Kind {
    /// Nothing, a Bearer token (RFC 6750), or an access token without its scheme.
    Bearer { is_said: bool },
    /// A DPoP-bound token (RFC 9449 section 6.2).
    Dpop,
    /// Something else, by this member.
    Other(Foreign),
}

/// Why a text is not an introspection response. It says nothing about the token: the authorization
/// server or the connection to it is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// Over 64 KiB.
    #[error("the introspection response has more than 65536 bytes")]
    TooLarge,
    /// Not a well-formed JSON object.
    #[error("the introspection response is not a well-formed JSON object")]
    NotAnObject,
    /// Objects and arrays are nested more than 32 deep. The bound is fixed.
    #[error("the introspection response has objects and arrays nested more than 32 deep")]
    TooDeep,
    /// A number has more than 64 bytes, or is beyond the range of a double. Both bounds are fixed.
    #[error(
        "the introspection response has a number of more than 64 bytes or beyond the range of a double"
    )]
    Number,
    /// Two members of one name.
    #[error("the introspection response has two members of one name")]
    DuplicateMember,
    /// `active` is missing, or not a boolean.
    #[error(
        "the introspection response has no member \"active\" that is true or false (RFC 7662 section 2.2)"
    )]
    Active,
}

impl IntrospectionResponse {
    /// Reads a response. No member may occur twice.
    ///
    /// # Errors
    /// The text is not an introspection response: see [`ResponseError`].
    pub fn from_json(text: &str) -> Result<Self, ResponseError> {
        if text.len() > MAX_RESPONSE_BYTES {
            return Err(ResponseError::TooLarge);
        }
        let payload = Payload::read_response(text.to_owned()).map_err(|fault| match fault {
            Fault::Duplicate => ResponseError::DuplicateMember,
            Fault::TooDeep { .. } => ResponseError::TooDeep,
            Fault::Number => ResponseError::Number,
            Fault::Syntax | Fault::NotAnObject => ResponseError::NotAnObject,
        })?;
        let mut active = None;
        let mut kind = Kind::Bearer { is_said: false };
        let read = json::read_object(text, |name, value| match name {
            "active" => active = Some(value),
            // Every other member is optional.
            _ if payload.is_absence(value) => {}
            "token_type" => kind = Kind::of_token_type(value, kind),
            "typ" if !is_access_token_typ(value) => kind = Kind::Other(Foreign::Typ),
            "token_use" if !is_access_token_use(value) => kind = Kind::Other(Foreign::TokenUse),
            _ => {}
        });
        let is_active = match (read, active.map(Value::text)) {
            (Ok(()), Some("true")) => true,
            (Ok(()), Some("false")) => false,
            _ => return Err(ResponseError::Active),
        };
        Ok(IntrospectionResponse {
            is_active,
            kind,
            payload,
        })
    }

    /// A response that says only that the token is not active. RFC 7662 gives it no other meaning.
    #[cfg(feature = "fetch")]
    pub(crate) fn inactive() -> Self {
        IntrospectionResponse {
            is_active: false,
            kind: Kind::Bearer { is_said: false },
            payload: Arc::new(Payload::empty()),
        }
    }

    /// The largest response, in bytes.
    #[cfg(feature = "fetch")]
    pub(crate) const MAX_BYTES: usize = MAX_RESPONSE_BYTES;

    /// The response as it was read; empty for one that was made by `inactive`.
    #[cfg(feature = "fetch")]
    pub(crate) fn text(&self) -> &str {
        self.payload.text()
    }

    /// Its approximate size in memory.
    #[cfg(feature = "fetch")]
    pub(crate) fn bytes(&self) -> usize {
        /// The claims set itself and the cache's entry.
        const OVERHEAD: usize = 512;
        /// An entry of a list, which is kept once it was read.
        const ENTRY: usize = 32;
        let text = self.payload.text();
        let entries = text.bytes().filter(|byte| *byte == b',').count();
        text.len() + OVERHEAD + entries * ENTRY
    }

    /// Whether the authorization server says that the token is active. For caches only:
    /// [`verify`](crate::verify) decides whether this API accepts it.
    pub fn is_active(&self) -> bool {
        self.is_active
    }

    /// When the token expires, if the response says so. For caches only.
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.payload.exp.get().copied()
    }

    /// The checks, in the same order as those of a JWT. If the token is a JWT, it has already met
    /// the policy by itself, and its claims are given here.
    pub(crate) fn check(
        &self,
        token: &PresentedToken<'_>,
        jwt: Option<&Payload>,
        policy: &Policy,
        now: NumericDate,
    ) -> Result<Unconfirmed, Rejection> {
        let checked = self.check_all(jwt, policy, now);
        let claims = checked.map_err(Rejection::in_answer)?;
        let jwt_issuer = jwt
            .and_then(|jwt| jwt.str_of(&jwt.iss))
            .filter(|_| self.payload.iss.is_absent());
        let introspected = Introspected::new(token.as_str(), jwt_issuer);
        let proof = Proof::Introspection(Arc::new(introspected));
        let token = AccessToken::new(claims, proof, policy.clone());
        Ok(Unconfirmed::new(token))
    }

    /// A JWT that is bound must be bound in the same way in the response.
    fn check_agrees_on_binding(&self, jwt: &Payload) -> Result<(), Rejection> {
        let answered = self.payload.cnf();
        if jwt.cnf().is_absent() || jwt.cnf() == answered {
            return Ok(());
        }
        Err(if answered.is_absent() {
            PossessionRefusal::Missing.into()
        } else {
            PossessionRefusal::Malformed.into()
        })
    }

    fn check_all(
        &self,
        jwt: Option<&Payload>,
        policy: &Policy,
        now: NumericDate,
    ) -> Result<CheckedClaims<'_>, Rejection> {
        let payload = &self.payload;
        if !self.is_active {
            return Err(FormRefusal::Inactive.into());
        }
        if let Some(jwt) = jwt {
            self.check_agrees_on_binding(jwt)?;
        }
        self.check_issuer(jwt, policy)?; // RFC 7662 2.2
        self.check_kind(policy)?; // RFC 7662 2.1, RFC 8725 3.12
        // A JWT has shown by itself which API and which kind of token it is.
        let is_known = jwt.is_some() || self.kind.is_said();
        check_audience_of_response(payload, is_known, policy)?; // RFC 7662 4, RFC 8707 2
        check_time(payload, policy, now)?; // RFC 7662 2.2
        check_other_types(payload, policy)?; // RFC 7662 2.2
        let actors = check_actors(payload)?; // RFC 8693 4.1
        let client = check_client(payload, policy)?;
        check_required_claims(payload, policy)?;
        let roles = check_roles(payload, policy)?;
        let principal = check_principal(payload, policy)?;
        let scopes = check_scope(payload, policy)?; // RFC 6749 3.3
        check_confirmation(payload)?; // RFC 7800 3.1
        self.check_binding()?; // RFC 9449 6.2
        Ok(CheckedClaims {
            payload,
            client,
            principal,
            roles,
            actors,
            scopes,
            at: now,
        })
    }

    /// The response must name the JWT's issuer: with many tenants, several are allowed.
    fn check_issuer(&self, jwt: Option<&Payload>, policy: &Policy) -> Result<(), Rejection> {
        check_trust_domain(&self.payload, policy)?;
        let of_jwt = jwt.and_then(|jwt| jwt.str_of(&jwt.iss));
        let found = match &self.payload.iss {
            Claim::Malformed => return Err(ClaimRefusal::Malformed("iss").into()),
            Claim::Is(issuer) => Some(issuer.of(self.payload.text())),
            Claim::Absent => of_jwt,
        };
        match found {
            // With many tenants, nothing else says which issuer it is.
            None if policy.template().is_some() => {
                let typ = String::new();
                Err(IssuerRefusal::Missing { typ }.into())
            }
            None => Ok(()),
            Some(found) if of_jwt.is_some_and(|of_jwt| of_jwt != found) => {
                Err(wrong_issuer(found, AcceptedIssuers::One(policy.clone())))
            }
            Some(found) => check_issuer_name(found, &self.payload, policy),
        }
    }

    fn check_kind(&self, policy: &Policy) -> Result<(), Rejection> {
        check_token_use(&self.payload, policy)?;
        let sign = match self.kind {
            Kind::Other(sign) => Some(sign),
            Kind::Bearer { .. } | Kind::Dpop => sign_of_another_kind(&self.payload, policy),
        };
        match sign {
            None => Ok(()),
            Some(sign) => Err(KindRefusal::NotAnAccessToken(sign).into()),
        }
    }

    /// A `token_type` of DPoP requires `cnf.jkt`, and any other one excludes it.
    fn check_binding(&self) -> Result<(), Rejection> {
        let confirmation = self.payload.cnf().get();
        let has_jkt = confirmation.is_some_and(|confirmation| confirmation.jkt().is_some());
        match self.kind {
            Kind::Dpop if !has_jkt => Err(PossessionRefusal::Malformed.into()),
            Kind::Bearer { is_said: true } if has_jkt => Err(PossessionRefusal::Malformed.into()),
            Kind::Bearer { .. } | Kind::Dpop | Kind::Other(_) => Ok(()),
        }
    }
}

impl Kind {
    /// Whether `token_type` says that it is an access token.
    const fn is_said(self) -> bool {
        match self {
            Kind::Dpop => true,
            Kind::Bearer { is_said } => is_said,
            Kind::Other(_) => false,
        }
    }

    /// Names of token types are compared without case (RFC 6749 section 5.1). A sign of another
    /// kind of token takes precedence.
    fn of_token_type(value: Value<'_>, known: Self) -> Self {
        if let Kind::Other(_) = known {
            return known;
        }
        let Some(name) = value.as_str() else {
            return Kind::Other(Foreign::TokenType);
        };
        if ACCESS_TOKEN_TYPES
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
        {
            Kind::Bearer { is_said: true }
        } else if name.eq_ignore_ascii_case("DPoP") {
            Kind::Dpop
        } else {
            Kind::Other(Foreign::TokenType)
        }
    }
}

/// Whether `typ` names an access token. Keycloak has `Bearer` or `DPoP` there, other servers a
/// media type.
fn is_access_token_typ(value: Value<'_>) -> bool {
    const KNOWN: [&str; 6] = [
        "Bearer",
        "DPoP",
        "JWT",
        "at+jwt",
        "application/at+jwt",
        "access_token",
    ];
    let name = value.as_str();
    name.is_some_and(|name| KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known)))
}

/// Whether `token_use` names an access token: `access` (Amazon Cognito) or `access_token`.
fn is_access_token_use(value: Value<'_>) -> bool {
    let name = value.as_str();
    name.is_some_and(|name| {
        ["access", "access_token"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    })
}

impl fmt::Debug for IntrospectionResponse {
    /// Shows no member.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionResponse")
            .field("is_active", &self.is_active)
            .finish_non_exhaustive()
    }
}
