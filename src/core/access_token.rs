//! The verified result.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::core::excerpt::excerpt;
use crate::core::introspection::introspected::Introspected;
use crate::core::keys::algorithm::Algorithm;
use crate::core::policy::accepted::Policy;
use crate::core::policy::profile::Profile;
use crate::core::presentation::Presentation;
use crate::core::proof::Proof;
use crate::core::remembered::{GoodToken, Held};
use crate::core::resource::Resource;
use crate::core::time::NumericDate;
use crate::core::token::claims::actor::Actor;
use crate::core::token::claims::checked::CheckedClaims;
use crate::core::token::claims::claim_path::{DottedName, find};
use crate::core::token::claims::identity::{Identity, SubjectKind};
use crate::core::token::claims::roles::RoleSet;
use crate::core::token::claims::values::{Audience, Confirmation, ScopeSet};
use crate::core::token::payload::Payload;
use crate::core::verdict::operation::OperationRefusal;
use crate::core::verdict::rejection::Rejection;

/// An access token that is good: its signature (or the authorization server's response), issuer,
/// audience, times and presenter were checked.
///
/// What it allows was not checked: ask with [`require`](AccessToken::require). All accessors borrow
/// from the claims set that was signed; cloning is cheap. An accessor gives an `Option` where the
/// RFC has the claim optional.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use resource_server::{Error, Requirement, Validator, testing::TestIssuer};
///
/// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let validator = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(issuer.to_issuer())
///     .build()?;
/// let minted = issuer
///     .token()
///     .subject("alice")
///     .scope("orders:read")
///     .claim("tenant", "acme")
///     .mint();
///
/// let token = validator.validate_cached(&minted).unwrap()?;
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
    good: Held,
    /// When it was judged.
    at: NumericDate,
    /// The API that accepted it, for the answer if an operation is refused.
    resource: Option<Arc<Resource>>,
    /// How it was presented, for the same.
    presentation: Presentation,
    observer: Option<Arc<Observer>>,
}

/// What the API has told of decisions. The core has no type for it, and only carries it.
pub(crate) type Observer = dyn Any + Send + Sync;

impl AccessToken {
    pub(crate) fn new(claims: CheckedClaims<'_>, proof: Proof, policy: Policy) -> Self {
        let at = claims.at;
        let good = GoodToken {
            claims: claims.into_kept(),
            proof,
            policy,
        };
        AccessToken::judged(Held::Own(good), at)
    }

    /// A token that is judged at this time.
    pub(crate) fn judged(good: Held, at: NumericDate) -> Self {
        AccessToken {
            good,
            at,
            resource: None,
            presentation: Presentation::default(),
            observer: None,
        }
    }

    pub(crate) fn into_good(self) -> (GoodToken, NumericDate) {
        (self.good.into_own(), self.at)
    }

    /// Keeps the API that accepted it, and how it was presented.
    pub(crate) fn accepted_by(
        &mut self,
        resource: Option<&Arc<Resource>>,
        presentation: Presentation,
    ) {
        self.resource = resource.cloned();
        self.presentation = presentation;
    }

    pub(crate) fn presentation(&self) -> &Presentation {
        &self.presentation
    }

    pub(crate) fn resource(&self) -> Option<&Arc<Resource>> {
        self.resource.as_ref()
    }

    /// Keeps what is told if an operation is refused.
    pub(crate) fn observe_by(&mut self, observer: Option<Arc<Observer>>) {
        self.observer = observer;
    }

    pub(crate) fn observer(&self) -> Option<&Observer> {
        self.observer.as_deref()
    }

    pub(crate) fn payload(&self) -> &Payload {
        self.good.claims.payload()
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.good.policy
    }

    pub(crate) fn proof(&self) -> &Proof {
        &self.good.proof
    }

    /// How it was introspected, if it was.
    pub(crate) fn introspected(&self) -> Option<&Introspected> {
        self.good.introspected()
    }

    /// Keeps that the response came from no cache.
    pub(crate) fn introspected_online(mut self) -> Self {
        let mut good = self.good.into_own();
        if let Proof::Introspection(introspected) = good.proof {
            let online = Arc::unwrap_or_clone(introspected).online();
            good.proof = Proof::Introspection(Arc::new(online));
        }
        self.good = Held::Own(good);
        self
    }

    /// When it is no longer valid, with the skew. `None` where it has no end.
    pub(crate) fn end(&self) -> Option<NumericDate> {
        self.good.end()
    }

    /// The `iss` claim (RFC 7519 section 4.1.1). For a SPIFFE JWT-SVID, its trust domain
    /// (`spiffe://example.org`). For an introspected token whose response has no `iss`, the issuer
    /// that responded.
    pub fn issuer(&self) -> &str {
        self.good.issuer()
    }

    /// The tenant in `iss`, for an issuer with many ([`Tenants`](crate::Tenants)); else `None`.
    pub fn tenant(&self) -> Option<&str> {
        self.policy().template()?.tenant_of(self.issuer())
    }

    /// The `sub` claim (RFC 7519 section 4.1.2). It is unique only within the issuer: see
    /// [`identity`](AccessToken::identity).
    pub fn subject(&self) -> Option<&str> {
        self.payload().str_of(&self.payload().sub)
    }

    /// Issuer and subject as one value, if there is a subject.
    pub fn identity(&self) -> Option<Identity<'_>> {
        self.subject()
            .map(|subject| Identity::new(self.issuer(), subject))
    }

    /// Whether the subject is a client that acts for itself or a user, as far as the token shows
    /// it. Read why it matters at [`SubjectKind`].
    ///
    /// `idtyp` decides if it is present (`app` or `user`, Microsoft Entra's optional claim). Else a
    /// token whose subject is its own client is a client's, as RFC 9068 section 2.2 has it for the
    /// client credentials grant. With [`Profile::Cognito`] any other token is a user's. A SPIFFE
    /// JWT-SVID is a workload's, which is a client. Every other kind is unknown: an authorization
    /// server may name a client's subject in another way than by its `client_id`, as Keycloak and
    /// Auth0 do.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use resource_server::{Validator, claims::SubjectKind, testing::TestIssuer};
    /// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    /// # let validator = Validator::builder()
    /// #     .audience("https://api.example.com")
    /// #     .issuer(issuer.to_issuer())
    /// #     .build()?;
    /// // A client that registered under the name of a user.
    /// let minted = issuer.token().subject("alice").client_id("alice").mint();
    /// let token = validator.validate_cached(&minted).unwrap()?;
    /// assert_eq!(token.subject_kind(), Some(SubjectKind::Client));
    /// # Ok(())
    /// # }
    /// ```
    pub fn subject_kind(&self) -> Option<SubjectKind> {
        if self.policy().profile() == Profile::JwtSvid {
            return Some(SubjectKind::Client);
        }
        let stated = find(self.payload(), "idtyp");
        if let Some(stated) = stated.filter(|stated| !self.payload().is_absence(*stated)) {
            return match stated.as_str()?.as_ref() {
                "app" => Some(SubjectKind::Client),
                "user" => Some(SubjectKind::User),
                _ => None,
            };
        }
        let is_client = self.subject()? == self.client_id()?;
        match self.policy().profile() {
            _ if is_client => Some(SubjectKind::Client),
            Profile::Cognito => Some(SubjectKind::User),
            Profile::Default | Profile::Rfc9068 | Profile::JwtSvid => None,
        }
    }

    /// The `aud` claim (RFC 7519 section 4.1.3).
    pub fn audience(&self) -> Audience<'_> {
        Audience::new(
            self.payload().entries(&self.payload().aud),
            self.payload().text(),
        )
    }

    /// The scopes that the issuer granted, from `scope` or `scp` as the policy says (RFC 9068
    /// section 2.2.3). The set is empty if there are none. Scopes that others imply are not in it:
    /// see [`has_scope`](AccessToken::has_scope).
    pub fn scopes(&self) -> ScopeSet<'_> {
        let payload = self.payload();
        let claim = payload.scopes(self.good.claims.scope_claim());
        ScopeSet::new(payload.entries(claim), payload.text())
    }

    /// Whether the token has this scope: exactly, or by a scope that implies it in the issuer's
    /// policy ([`PolicyBuilder::scope_implies`](crate::PolicyBuilder::scope_implies)). To refuse an
    /// operation, require [`Requirement::scope`](crate::Requirement::scope).
    pub fn has_scope(&self, scope: &str) -> bool {
        let granted = self.scopes();
        granted.contains(scope)
            || self
                .policy()
                .scope_hierarchy()
                .is_some_and(|hierarchy| hierarchy.is_implied(scope, granted.iter()))
    }

    /// The client that the token was issued to: the `client_id` claim (RFC 8693 section 4.3), else
    /// `azp`, unless [`PolicyBuilder::client_claims`](crate::PolicyBuilder::client_claims) names
    /// others.
    pub fn client_id(&self) -> Option<&str> {
        self.good.claims.client()
    }

    /// The roles, from the claims that
    /// [`PolicyBuilder::role_claims`](crate::PolicyBuilder::role_claims) names. The set is empty if
    /// it names none.
    pub fn roles(&self) -> RoleSet<'_> {
        self.good.claims.roles()
    }

    /// Whether this is one of the [`roles`](AccessToken::roles), exactly. To refuse
    /// an operation, require [`Requirement::role`](crate::Requirement::role).
    ///
    /// With several issuers in one Validator, two of them may use the same role for different
    /// rights: check [`issuer`](AccessToken::issuer) or [`tenant`](AccessToken::tenant) first.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles().contains(role)
    }

    /// A name for the user or client that the token represents. It comes from the claims that
    /// [`PolicyBuilder::principal_claims`](crate::PolicyBuilder::principal_claims) names. If it
    /// names none, this is the subject.
    ///
    /// It is for logs and look-ups, and is not a key. Users may change their `email` or
    /// `preferred_username`, and another user may get the old one. Store by
    /// [`identity`](AccessToken::identity).
    pub fn principal(&self) -> Option<&str> {
        self.good.claims.principal()
    }

    /// The current actor, if the token has one: the `act` claim (RFC 8693 section 4.1).
    pub fn actor(&self) -> Option<Actor<'_>> {
        Actor::current(self.good.claims.actors())
    }

    /// The chain of actors, at most 8: the current one first, then those who acted before it.
    pub fn actors(&self) -> impl Iterator<Item = Actor<'_>> {
        std::iter::successors(self.actor(), Actor::prior)
    }

    /// The `exp` claim (RFC 7519 section 4.1.4).
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.payload().exp.get().copied()
    }

    /// The `iat` claim (RFC 7519 section 4.1.6).
    pub fn issued_at(&self) -> Option<NumericDate> {
        self.payload().iat.get().copied()
    }

    /// The `nbf` claim (RFC 7519 section 4.1.5).
    pub fn not_before(&self) -> Option<NumericDate> {
        self.payload().nbf.get().copied()
    }

    /// The `jti` claim (RFC 7519 section 4.1.7).
    pub fn jwt_id(&self) -> Option<&str> {
        self.payload().str_of(&self.payload().jti)
    }

    /// The `cnf` claim (RFC 7800): what the presenter has proven to hold. `None` for a plain bearer
    /// token.
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.payload().cnf().get()
    }

    /// A nonce for the client's next DPoP proof, if it needs one (RFC 9449 section 8.2). The layers
    /// ([`Protect`](crate::Protect)) send it. Without a layer, send it in the header `DPoP-Nonce`
    /// of the response, with `Cache-Control: no-store`.
    pub fn dpop_nonce(&self) -> Option<&str> {
        self.presentation.fresh_nonce.as_deref()
    }

    /// The `kid` of the key that the signature verified with, if it has one. `None` for an
    /// introspected token.
    pub fn key_id(&self) -> Option<&str> {
        match self.proof() {
            Proof::Signature { key, .. } => key.key_id(),
            Proof::Introspection(_) => None,
        }
    }

    /// The algorithm that the signature verified with. `None` for an introspected token.
    pub fn algorithm(&self) -> Option<Algorithm> {
        match self.proof() {
            Proof::Signature { algorithm, .. } => Some(*algorithm),
            Proof::Introspection(_) => None,
        }
    }

    /// Whether the token was introspected (RFC 7662). Then [`claim`](AccessToken::claim) and
    /// [`claims`](AccessToken::claims) read the response, `active` and `token_type` included.
    pub fn is_introspected(&self) -> bool {
        self.introspected().is_some()
    }

    /// Any claim by name, as JSON. `None` if it is absent; a claim that is `null` is
    /// `Some(Value::Null)`.
    pub fn claim(&self, name: &str) -> Option<serde_json::Value> {
        let value = self.payload().find(name)?;
        // Text that was read strictly reads again. If it ever did not, a claim that is present must
        // not look absent.
        Some(serde_json::from_str(value.text()).unwrap_or_default())
    }

    /// The claims in a type of the user's, from the text that was signed.
    pub(crate) fn read_claims<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        // serde's message may quote values, so only the column is kept.
        serde_json::from_str(self.payload().text()).map_err(|error| {
            let column = error.column();
            OperationRefusal::ClaimsDoNotFit { column }.into()
        })
    }

    /// When the token was validated, by the clock of the Validator or as
    /// [`verify`](crate::verify) was given it.
    pub fn judged_at(&self) -> NumericDate {
        self.at
    }

    /// The name of the issuer as configured: the template, if it has many tenants.
    pub(crate) fn configured_issuer(&self) -> &str {
        self.policy().issuer()
    }

    pub(crate) fn clock_skew(&self) -> Duration {
        self.policy().clock_skew()
    }

    /// A claim of roles that the policy names by dots, and that the token has as a nested path.
    pub(crate) fn dotted_role_claim(&self) -> Option<DottedName> {
        self.policy().mapping().dotted_role_claim(self.payload())
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
