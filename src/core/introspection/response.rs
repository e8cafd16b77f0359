//! What an authorization server says about a token (RFC 7662 section 2.2), and the checks of it.

use std::fmt;
use std::sync::Arc;

use crate::core::checks::claims::{
    check_audience, check_client, check_confirmation, check_issuer_name, check_mapped,
    check_other_types, check_required_claims, check_scope, check_time, check_token_use,
    check_trust_domain, malformed, wrong_issuer,
};
use crate::core::json::{self, Fault, Value};
use crate::core::policy::Policy;
use crate::core::time::NumericDate;
use crate::core::token::claims::access_token::{AccessToken, Proof, Unconfirmed};
use crate::core::token::payload::{Claim, Foreign, Payload};
use crate::core::verdict::facts::{AcceptedIssuers, Facts};
use crate::core::verdict::reason::Reason;
use crate::core::verdict::rejection::Rejection;

/// A response is read up to this size, in bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// An authorization server's answer about one token: an introspection response (RFC 7662 section 2.2).
///
/// A source that asks the server gives it as [`Evidence::Introspection`](crate::Evidence::Introspection); what it means for
/// this API is then decided by the policy: `active` must be true, the token an access token by `token_type`, and `iss`,
/// `aud`, `exp`, `nbf`, `iat`, `scope`, `client_id` and `cnf` are held against the policy like those of a JWT. `iss` and
/// `exp` may be absent, as RFC 7662 has them optional; `aud` only where
/// [`PolicyBuilder::allow_missing_audience`](crate::PolicyBuilder::allow_missing_audience) says so.
///
/// ```
/// use resource_server::{IntrospectionResponse, MalformedResponse};
///
/// let response = IntrospectionResponse::from_json(r#"{"active":true,"aud":"https://api.example.com","exp":1700000300}"#)?;
/// assert!(response.is_active());
/// assert_eq!(response.expires_at().unwrap().as_secs(), 1_700_000_300);
///
/// let odd = IntrospectionResponse::from_json(r#"{"active":"true"}"#);
/// assert_eq!(odd.unwrap_err(), MalformedResponse::Active);
/// # Ok::<(), MalformedResponse>(())
/// ```
pub struct IntrospectionResponse {
    is_active: bool,
    kind: Kind,
    payload: Arc<Payload>,
}

/// What the response says that the token is.
#[derive(Clone, Copy)]
enum Kind {
    /// Nothing, or a Bearer token (RFC 6750).
    Bearer { is_said: bool },
    /// A DPoP-bound token (RFC 9449 section 6.2).
    Dpop,
    /// Something else, by this member.
    Other(&'static str),
}

/// Why a text is no introspection response. Says nothing about the token: the authorization server's fault, or our way to
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedResponse {
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
    /// Reads a response. No member may stand in it twice.
    ///
    /// # Errors
    /// It is none: see [`MalformedResponse`].
    pub fn from_json(text: &str) -> Result<Self, MalformedResponse> {
        if text.len() > MAX_RESPONSE_BYTES {
            return Err(MalformedResponse::TooLarge);
        }
        let payload = Payload::read(text.to_owned()).map_err(|fault| match fault {
            Fault::Duplicate => MalformedResponse::DuplicateMember,
            Fault::TooDeep { .. } => MalformedResponse::TooDeep,
            Fault::Number => MalformedResponse::Number,
            Fault::Syntax | Fault::NotAnObject => MalformedResponse::NotAnObject,
        })?;
        let mut active = None;
        let mut kind = Kind::Bearer { is_said: false };
        let read = json::read_object(text, |name, value| match name {
            "active" => active = Some(value),
            "token_type" => kind = Kind::of_token_type(value, kind),
            "typ" if !is_access_token_typ(value) => kind = Kind::Other("typ"),
            "token_use" if !is_access_token_use(value) => kind = Kind::Other("token_use"),
            _ => {}
        });
        let is_active = match (read, active.map(Value::text)) {
            (Ok(()), Some("true")) => true,
            (Ok(()), Some("false")) => false,
            _ => return Err(MalformedResponse::Active),
        };
        Ok(IntrospectionResponse {
            is_active,
            kind,
            payload: Arc::new(payload),
        })
    }

    /// That a token is not active, and nothing else: all that such an answer means.
    #[cfg(feature = "fetch")]
    pub(crate) fn inactive() -> Self {
        IntrospectionResponse {
            is_active: false,
            kind: Kind::Bearer { is_said: false },
            payload: Arc::new(Payload::empty()),
        }
    }

    /// The same as `MAX_RESPONSE_BYTES`.
    #[cfg(feature = "fetch")]
    pub(crate) const MAX_BYTES: usize = MAX_RESPONSE_BYTES;

    /// The response as it was read; nothing of one that was made to say no.
    #[cfg(feature = "fetch")]
    pub(crate) fn text(&self) -> &str {
        self.payload.text()
    }

    /// About how much memory it takes.
    #[cfg(feature = "fetch")]
    pub(crate) fn bytes(&self) -> usize {
        /// The claims set's own, the cache's entry, and what is read of lists.
        const OVERHEAD: usize = 512;
        self.payload.text().len() + OVERHEAD
    }

    /// Whether the authorization server says that the token is active. For caches: whether this API takes it is decided by
    /// [`verify`](crate::verify).
    pub fn is_active(&self) -> bool {
        self.is_active
    }

    /// When the token ends, where the response says so. For caches.
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.payload.exp.get().copied()
    }

    /// The same order as of a JWT's claims. Where it is about a JWT, that has met the policy by itself, and its claims are here.
    pub(crate) fn check(
        &self,
        jwt: Option<&Payload>,
        policy: &Policy,
        now: NumericDate,
    ) -> Result<Unconfirmed, Rejection> {
        let checked = self.check_all(jwt, policy, now);
        checked.map_err(Rejection::in_answer)?;
        let payload = Arc::clone(&self.payload);
        let proof = Proof::Introspection {
            jwt_issuer: jwt
                .and_then(|jwt| jwt.str_of(&jwt.iss))
                .filter(|_| self.payload.iss.is_absent())
                .map(Into::into),
        };
        let token = AccessToken::new(payload, proof, policy.clone());
        Ok(Unconfirmed::new(token))
    }

    /// A JWT that is bound stays so where the answer is silent on it.
    fn check_agrees_on_binding(&self, jwt: &Payload) -> Result<(), Rejection> {
        let answered = self.payload.cnf();
        if jwt.cnf().is_absent() || jwt.cnf() == answered {
            return Ok(());
        }
        let reason = if answered.is_absent() {
            Reason::ProofOfPossessionMissing
        } else {
            Reason::MalformedConfirmation
        };
        Err(Rejection::plain(reason))
    }

    fn check_all(
        &self,
        jwt: Option<&Payload>,
        policy: &Policy,
        now: NumericDate,
    ) -> Result<(), Rejection> {
        let payload = &self.payload;
        if !self.is_active {
            return Err(Rejection::plain(Reason::Inactive));
        }
        if let Some(jwt) = jwt {
            self.check_agrees_on_binding(jwt)?;
        }
        self.check_issuer(jwt, policy)?; // RFC 7662 2.2
        self.check_kind(policy)?; // RFC 7662 2.1, RFC 8725 3.12
        if !(payload.aud.is_absent() && policy.allows_missing_audience()) {
            check_audience(payload, policy)?; // RFC 7662 4, RFC 8707 2
        }
        check_time(payload, policy, now)?; // RFC 7662 2.2
        check_other_types(payload)?; // RFC 7662 2.2
        check_client(payload, policy)?;
        check_required_claims(payload, policy)?;
        check_mapped(payload, policy)?;
        check_scope(payload, policy)?; // RFC 6749 3.3
        check_confirmation(payload)?; // RFC 7800 3.1
        self.check_binding() // RFC 9449 6.2
    }

    /// An answer about a JWT is about its issuer's, which of many tenants' may be another than the answer's.
    fn check_issuer(&self, jwt: Option<&Payload>, policy: &Policy) -> Result<(), Rejection> {
        check_trust_domain(&self.payload, policy)?;
        let of_jwt = jwt.and_then(|jwt| jwt.str_of(&jwt.iss));
        let found = match &self.payload.iss {
            Claim::Malformed => return Err(malformed("iss")),
            Claim::Is(issuer) => Some(issuer.of(self.payload.text())),
            Claim::Absent => of_jwt,
        };
        match found {
            // Of many tenants' issuers nothing else says which.
            None if policy.template().is_some() => Err(Rejection::plain(Reason::IssuerMissing)),
            None => Ok(()),
            Some(found) if of_jwt.is_some_and(|of_jwt| of_jwt != found) => {
                Err(wrong_issuer(found, AcceptedIssuers::One(policy.clone())))
            }
            Some(found) => check_issuer_name(found, &self.payload, policy),
        }
    }

    fn check_kind(&self, policy: &Policy) -> Result<(), Rejection> {
        check_token_use(&self.payload, policy)?;
        let other = match (self.kind, self.payload.foreign) {
            (Kind::Other(name), _) => Some(name),
            (_, Some(Foreign::IdToken(_))) if policy.allows_id_token_claims() => None,
            (_, Some(Foreign::IdToken(name) | Foreign::Other(name))) => Some(name),
            (Kind::Bearer { .. } | Kind::Dpop, None) => None,
        };
        match other {
            None => Ok(()),
            Some(name) => Err(Rejection::new(
                Reason::NotAnAccessToken,
                Facts::Member(name),
            )),
        }
    }

    /// `cnf.jkt` and a `token_type` of DPoP go together.
    fn check_binding(&self) -> Result<(), Rejection> {
        let confirmation = self.payload.cnf().get();
        let has_jkt = confirmation.is_some_and(|confirmation| confirmation.jkt().is_some());
        match self.kind {
            Kind::Dpop if !has_jkt => Err(Rejection::plain(Reason::MalformedConfirmation)),
            Kind::Bearer { is_said: true } if has_jkt => {
                Err(Rejection::plain(Reason::MalformedConfirmation))
            }
            Kind::Bearer { .. } | Kind::Dpop | Kind::Other(_) => Ok(()),
        }
    }
}

impl Kind {
    /// `token_type` names are compared without case (RFC 6749 section 5.1). A sign of another kind outweighs it.
    fn of_token_type(value: Value<'_>, known: Self) -> Self {
        if let Kind::Other(_) = known {
            return known;
        }
        match value.as_str() {
            Some(name) if name.eq_ignore_ascii_case("Bearer") => Kind::Bearer { is_said: true },
            Some(name) if name.eq_ignore_ascii_case("DPoP") => Kind::Dpop,
            _ => Kind::Other("token_type"),
        }
    }
}

/// `typ`, in which some servers say what the token is: Keycloak `Bearer` or `DPoP`, others a media type.
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

/// `token_use`, which some servers add: `access` (Amazon Cognito) or `access_token`.
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
