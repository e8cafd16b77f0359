//! The verified result.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::core::excerpt::excerpt;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::verification_key::VerificationKey;
use crate::core::policy::{Policy, Profile, ScopeClaim};
use crate::core::time::NumericDate;
use crate::core::token::claims::actor::Actor;
use crate::core::token::claims::claim_path::find;
use crate::core::token::claims::identity::{Identity, SubjectKind};
use crate::core::token::claims::mapped::{Mapped, client_is_registered};
use crate::core::token::claims::requirement::{MalformedRequirement, Requirement};
use crate::core::token::claims::roles::RoleSet;
use crate::core::token::claims::values::{Audience, Confirmation, ScopeSet};
use crate::core::token::payload::{Claim, Payload};
use crate::core::token::text::OneOrMany;
use crate::core::verdict::facts::Facts;
use crate::core::verdict::reason::Reason;
use crate::core::verdict::rejection::Rejection;

/// A token whose signature and claims hold, before it is known that its presenter may use it.
///
/// It gives no claims: [`confirm`](Unconfirmed::confirm) is the only way on.
#[must_use = "a token is not accepted before it is confirmed"]
pub struct Unconfirmed(AccessToken);

impl Unconfirmed {
    pub(crate) fn new(token: AccessToken) -> Self {
        Unconfirmed(token)
    }

    /// Accepts the token from a presenter who has proven this possession.
    ///
    /// # Errors
    /// The token is bound to a key or certificate (`cnf`) that was not proven. A bound token never confirms as bearer.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use resource_server::{Error, Reason, Validator, testing::TestIssuer};
    /// # use serde_json::json;
    /// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    /// # let validator = Validator::builder().audience("https://api.example.com").issuer(issuer.to_issuer()).build()?;
    /// let bound = issuer.token()
    ///     .claim("cnf", json!({"jkt": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"}))
    ///     .mint();
    /// // validate() is for bearer tokens.
    /// let Some(Err(Error::Rejected(rejection))) = validator.validate_now(&bound) else { unreachable!() };
    /// assert_eq!(rejection.reason(), Reason::ProofOfPossessionMissing);
    /// # Ok(())
    /// # }
    /// ```
    pub fn confirm(self, possession: &Possession) -> Result<AccessToken, Rejection> {
        // Nothing that a request can prove yet: possession holds no key and no certificate.
        let Possession(()) = possession;
        match self.0.payload.cnf() {
            Claim::Absent => Ok(self.0),
            Claim::Malformed | Claim::Is(_) => {
                Err(Rejection::plain(Reason::ProofOfPossessionMissing))
            }
        }
    }
}

impl fmt::Debug for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unconfirmed(..)")
    }
}

/// What the presenter of a token has proven to hold.
///
/// ```
/// use resource_server::Possession;
///
/// let nothing_but_the_token = Possession::bearer();
/// ```
#[derive(Clone, Debug)]
pub struct Possession(());

impl Possession {
    /// Nothing but the token itself.
    pub const fn bearer() -> Self {
        Possession(())
    }
}

/// An access token that is good: signature (or the authorization server's word), issuer, audience, time and presenter were checked.
///
/// What it allows is not: ask with [`require`](AccessToken::require). All accessors borrow from the claims set that was
/// signed; cloning is cheap. An accessor gives an `Option` where the RFC has the claim optional.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use resource_server::{Error, Requirement, Validator, testing::TestIssuer};
///
/// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let validator = Validator::builder().audience("https://api.example.com").issuer(issuer.to_issuer()).build()?;
/// let minted = issuer.token().subject("alice").scope("orders:read").claim("tenant", "acme").mint();
///
/// let token = validator.validate_now(&minted).unwrap()?;
/// assert_eq!(token.subject(), Some("alice"));
/// token.require(&Requirement::scope("orders:read"))?;
/// assert_eq!(token.claim("tenant").unwrap(), "acme");
///
/// #[derive(serde::Deserialize)]
/// struct MyClaims { tenant: String }
/// let mine: MyClaims = token.claims()?;
/// assert_eq!(mine.tenant, "acme");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AccessToken {
    payload: Arc<Payload>,
    mapped: Option<Arc<Mapped>>,
    proof: Proof,
    policy: Policy,
}

/// What an accepted token was accepted for.
#[derive(Clone)]
pub(crate) enum Proof {
    Signature {
        key: Arc<VerificationKey>,
        algorithm: Algorithm,
    },
    /// The authorization server says that it is active.
    Introspection {
        /// Of the JWT that it was asked about, where its answer names none.
        jwt_issuer: Option<Box<str>>,
    },
}

impl AccessToken {
    pub(crate) fn new(payload: Arc<Payload>, proof: Proof, policy: Policy) -> Self {
        // Whoever makes one has checked the claims; if this ever failed, there would be no roles.
        let mapped = Mapped::read(&payload, &policy).unwrap_or_default();
        AccessToken {
            payload,
            mapped: (!mapped.is_empty()).then(|| Arc::new(mapped)),
            proof,
            policy,
        }
    }

    /// The `iss` claim (RFC 7519 section 4.1.1). Of a SPIFFE JWT-SVID, its trust domain (`spiffe://example.org`). Of an introspected token whose answer names none, the issuer that answered.
    pub fn issuer(&self) -> &str {
        let named = match &self.proof {
            Proof::Introspection {
                jwt_issuer: Some(issuer),
            } => Some(&**issuer),
            _ => self.payload.str_of(&self.payload.iss),
        };
        named.unwrap_or(self.policy.issuer())
    }

    /// The tenant in `iss`, of an issuer with many ([`Tenants`](crate::Tenants)); else `None`.
    pub fn tenant(&self) -> Option<&str> {
        self.policy.template()?.tenant_of(self.issuer())
    }

    /// The `sub` claim (RFC 7519 section 4.1.2). Unique only within the issuer: see [`identity`](AccessToken::identity).
    pub fn subject(&self) -> Option<&str> {
        self.payload.str_of(&self.payload.sub)
    }

    /// Issuer and subject as one value, where there is a subject.
    pub fn identity(&self) -> Option<Identity<'_>> {
        self.subject()
            .map(|subject| Identity::new(self.issuer(), subject))
    }

    /// Whether the subject is a client that acts for itself or a user, where the token tells. Read why it matters at
    /// [`SubjectKind`].
    ///
    /// `idtyp` decides where it is there (`app` or `user`, Microsoft Entra's optional claim). Else a token whose subject is its
    /// own client is a client's (RFC 9068 section 2.2 has it so for the client credentials grant), and with
    /// [`Profile::Cognito`] any other is a user's. A SPIFFE JWT-SVID is a workload's, which is a client. All else can't be
    /// told: an authorization server may name a client's subject in another way than by its `client_id`, as Keycloak and
    /// Auth0 do.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use resource_server::{SubjectKind, Validator, testing::TestIssuer};
    /// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    /// # let validator = Validator::builder().audience("https://api.example.com").issuer(issuer.to_issuer()).build()?;
    /// // A client that registered under the name of a user.
    /// let minted = issuer.token().subject("alice").client_id("alice").mint();
    /// let token = validator.validate_now(&minted).unwrap()?;
    /// assert_eq!(token.subject_kind(), Some(SubjectKind::Client));
    /// # Ok(())
    /// # }
    /// ```
    pub fn subject_kind(&self) -> Option<SubjectKind> {
        if self.policy.profile() == Profile::JwtSvid {
            return Some(SubjectKind::Client);
        }
        if let Some(stated) = find(&self.payload, "idtyp") {
            return match stated.as_str()?.as_ref() {
                "app" => Some(SubjectKind::Client),
                "user" => Some(SubjectKind::User),
                _ => None,
            };
        }
        let is_client = self.subject()? == self.client_id()?;
        match self.policy.profile() {
            _ if is_client => Some(SubjectKind::Client),
            Profile::Cognito => Some(SubjectKind::User),
            Profile::Default | Profile::Rfc9068 | Profile::JwtSvid => None,
        }
    }

    /// The `aud` claim (RFC 7519 section 4.1.3).
    pub fn audience(&self) -> Audience<'_> {
        Audience::new(self.payload.entries(&self.payload.aud), self.payload.text())
    }

    /// The scopes, from `scope` or `scp` as the policy says (RFC 9068 section 2.2.3). Empty where there are none.
    pub fn scopes(&self) -> ScopeSet<'_> {
        let (claim, _) = scope_claim(&self.payload, &self.policy);
        ScopeSet::new(self.payload.entries(claim), self.payload.text())
    }

    /// The client that the token was issued to: the `client_id` claim (RFC 8693 section 4.3), else `azp`, unless
    /// [`PolicyBuilder::client_claims`](crate::PolicyBuilder::client_claims) names others.
    pub fn client_id(&self) -> Option<&str> {
        if client_is_registered(&self.payload, &self.policy) {
            return self.payload.str_of(&self.payload.client_id);
        }
        self.mapped()?.client.as_deref()
    }

    /// The roles, from the claims that [`PolicyBuilder::roles_from`](crate::PolicyBuilder::roles_from) names. Empty where it
    /// names none.
    pub fn roles(&self) -> RoleSet<'_> {
        RoleSet::new(self.mapped().map_or(&[], |mapped| &mapped.roles))
    }

    /// Whether this is one of the [`roles`](AccessToken::roles), exactly. The 403 where it is not is yours to give.
    ///
    /// With several issuers in one Validator, a role of one reads like the same word of another: ask
    /// [`issuer`](AccessToken::issuer) or [`tenant`](AccessToken::tenant) first.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles().contains(role)
    }

    /// A name for who the token speaks for, from the claims that
    /// [`PolicyBuilder::principal_from`](crate::PolicyBuilder::principal_from) names; without it the subject.
    ///
    /// It is for logs and look-ups, and no key: what is read from `email` or `preferred_username` may be changed by its
    /// user and given to another. Store by [`identity`](AccessToken::identity).
    pub fn principal(&self) -> Option<&str> {
        match self.policy.principal_from() {
            None => self.subject(),
            Some(_) => self.mapped()?.principal.as_deref(),
        }
    }

    /// Who acts for the subject, where someone does: the `act` claim (RFC 8693 section 4.1).
    pub fn actor(&self) -> Option<Actor<'_>> {
        Actor::current(self.mapped().map_or(&[], |mapped| &mapped.actors))
    }

    /// The chain of actors, the current one first and then who acted before it. At most 8.
    pub fn actors(&self) -> impl Iterator<Item = Actor<'_>> {
        std::iter::successors(self.actor(), Actor::prior)
    }

    fn mapped(&self) -> Option<&Mapped> {
        self.mapped.as_deref()
    }

    /// The `exp` claim (RFC 7519 section 4.1.4).
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.payload.exp.get().copied()
    }

    /// The `iat` claim (RFC 7519 section 4.1.6).
    pub fn issued_at(&self) -> Option<NumericDate> {
        self.payload.iat.get().copied()
    }

    /// The `nbf` claim (RFC 7519 section 4.1.5).
    pub fn not_before(&self) -> Option<NumericDate> {
        self.payload.nbf.get().copied()
    }

    /// The `jti` claim (RFC 7519 section 4.1.7).
    pub fn jwt_id(&self) -> Option<&str> {
        self.payload.str_of(&self.payload.jti)
    }

    /// The `cnf` claim (RFC 7800): what the presenter has proven to hold. `None` for a plain bearer token.
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.payload.cnf().get()
    }

    /// The `kid` of the key that the signature verified with, where it has one. None of an introspected token.
    pub fn key_id(&self) -> Option<&str> {
        match &self.proof {
            Proof::Signature { key, .. } => key.key_id(),
            Proof::Introspection { .. } => None,
        }
    }

    /// The algorithm that the signature verified by. `None`: the token was introspected.
    pub fn algorithm(&self) -> Option<Algorithm> {
        match self.proof {
            Proof::Signature { algorithm, .. } => Some(algorithm),
            Proof::Introspection { .. } => None,
        }
    }

    /// Whether the authorization server was asked about it (RFC 7662). Then [`claim`](AccessToken::claim) and
    /// [`claims`](AccessToken::claims) read its answer, `active` and `token_type` included.
    pub fn is_introspected(&self) -> bool {
        matches!(self.proof, Proof::Introspection { .. })
    }

    /// How long until `exp`, without any skew; zero when it has passed or where there is none. For ending a stream or a cached decision in time.
    pub fn until_expiry(&self, now: NumericDate) -> Duration {
        self.expires_at()
            .map_or(Duration::ZERO, |exp| exp.since(now))
    }

    /// Any claim by name, as JSON. `None` where it is absent; a claim that is `null` is `Some(Value::Null)`.
    pub fn claim(&self, name: &str) -> Option<serde_json::Value> {
        let value = self.payload.find(name)?;
        // What was read strictly reads again. If it ever did not, a claim that is there must not look absent.
        Some(serde_json::from_str(value.text()).unwrap_or_default())
    }

    /// All claims, read into a type of yours from the very text that was signed.
    ///
    /// # Errors
    /// They don't fit it: the token lacks what this API needs ([`Reason::ClaimsDoNotFit`], 401).
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        // serde's message may quote values; only the place is kept.
        serde_json::from_str(self.payload.text()).map_err(|error| {
            let column = error.column();
            Rejection::new(Reason::ClaimsDoNotFit, Facts::Fit { column })
        })
    }

    /// Whether this token allows what an operation asks for.
    ///
    /// [`Unmet`] becomes an [`Error`](crate::Error) by `?`; in a function with an error type of your own write
    /// `token.require(&needed).map_err(Error::from)?`.
    ///
    /// # Errors
    /// It does not ([`Reason::InsufficientScope`], 403), or the requirement is malformed, which is the API author's
    /// mistake (500).
    pub fn require(&self, requirement: &Requirement) -> Result<(), Unmet> {
        requirement.check()?;
        if requirement.is_met_by(&self.scopes()) {
            return Ok(());
        }
        let facts = Facts::Scope(requirement.clone());
        Err(Unmet::Rejected(Rejection::new(
            Reason::InsufficientScope,
            facts,
        )))
    }
}

impl fmt::Debug for AccessToken {
    /// Shows no claim.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("issuer", &self.issuer())
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id().map(excerpt))
            .finish_non_exhaustive()
    }
}

/// Why [`AccessToken::require`](crate::AccessToken::require) says no. Becomes an [`Error`](crate::Error) by `?`.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unmet {
    /// The token lacks what the operation asks for.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The requirement can never pass.
    #[error(transparent)]
    Malformed(#[from] MalformedRequirement),
}

/// The claim that the token's scopes are in, and whether that is `scope`. A claim that is there counts even when it is
/// malformed: it never gives way to the other.
pub(crate) fn scope_claim<'p>(
    payload: &'p Payload,
    policy: &Policy,
) -> (&'p Claim<OneOrMany>, bool) {
    let (scope, scp) = (&payload.scope, &payload.scp);
    let is_scope = match policy.scope_claim() {
        ScopeClaim::Scope => !scope.is_absent(),
        ScopeClaim::Scp => scp.is_absent(),
    };
    if is_scope {
        (scope, true)
    } else {
        (scp, false)
    }
}
