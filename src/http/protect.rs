//! The one decision at the door of a route, for every framework.

use std::future::Future;
use std::sync::Arc;

use crate::core::{AccessToken, Requirement};
use crate::credentials::{Credentials, RequestHead};
use crate::error::Error;
use crate::validator::{Freshness, Validator};

/// Protects routes: it judges the token of each request and lets the request through, or answers in
/// its place.
///
/// It is a layer of tower, and so of axum (feature `tower` or `axum`), a middleware of actix-web
/// (feature `actix-web`), and by `grpc()` a layer of tonic (feature `tonic`). In
/// other frameworks, call [`judge`](Protect::judge).
///
/// A handler behind it gets the [`AccessToken`] as an argument. What no layer covers and no handler
/// asks a token for is open. A layer has no exceptions by path or method: put a route that is open
/// outside of it.
///
/// An inner layer takes over the token that an outer one accepted. It judges the request again if
/// the outer one belongs to another [`Validator`], judged less strictly
/// ([`online`](Protect::online)), or judged more than 10 seconds ago, and if the request presents
/// something else by then.
///
/// ```
/// use resource_server::{Requirement, Validator, testing::TestIssuer};
///
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// # let issuer = issuer.to_issuer();
/// let validator = Validator::builder()
///     .resource("https://api.example.com")
///     .issuer(issuer)
///     .build()?;
/// let required = validator.protect();
/// let with_scope = validator.protect().require(Requirement::scope("orders:read"));
/// let optional = validator.protect().optional();
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Protect {
    pub(super) validator: Validator,
    pub(super) requirement: Option<Arc<Requirement>>,
    is_optional: bool,
    pub(super) freshness: Freshness,
}

impl Validator {
    /// The protection of routes by this Validator: see [`Protect`].
    pub fn protect(&self) -> Protect {
        Protect {
            validator: self.clone(),
            requirement: None,
            is_optional: false,
            freshness: Freshness::Cached,
        }
    }
}

impl Protect {
    /// What every token must allow, besides being good. A second call adds to the first. The
    /// challenge to a request without a token names its scopes.
    ///
    /// A requirement that no token can meet makes each request fail with 500, so that the first
    /// test of the route shows the mistake. [`Requirement::check`] finds it before.
    pub fn require(mut self, requirement: Requirement) -> Self {
        let whole = match self.requirement.take() {
            None => requirement,
            Some(earlier) => Arc::unwrap_or_clone(earlier).and(requirement),
        };
        self.requirement = Some(Arc::new(whole));
        self
    }

    /// Lets requests without a token through, without a token. A token that is there is judged all
    /// the same: a bad one is refused with 401, and one that can't be judged now with 503. The
    /// same holds for malformed credentials (400).
    pub fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// Introspects the token of each request, as
    /// [`validate_online`](Validator::validate_online) does, so that a revocation takes effect
    /// immediately.
    pub fn online(mut self) -> Self {
        self.freshness = Freshness::Online;
        self
    }

    /// The decision of the layers, for a framework without one: the token, or `None` for a request
    /// without credentials where these are [optional](Protect::optional).
    ///
    /// `head` has the method and path of the request, and what is known of its connection. `values`
    /// gives the values of all lines of a header, as bytes, by its name in lower case. The future
    /// does not hold it. Send [`AccessToken::dpop_nonce`] with the response, if there is one.
    ///
    /// # Errors
    /// The request must not be served. Send [`Error::answer`].
    ///
    /// ```
    /// use resource_server::{AccessToken, Error, Protect, resource::RequestHead};
    ///
    /// async fn token_of(
    ///     protect: &Protect,
    ///     authorization: &[&[u8]],
    /// ) -> Result<Option<AccessToken>, Error> {
    ///     let values = |name: &str| match name {
    ///         "authorization" => authorization.to_vec(),
    ///         _ => Vec::new(),
    ///     };
    ///     let head = RequestHead::new("GET", "/v1/orders");
    ///     protect.judge(&head, values).await
    /// }
    /// ```
    pub fn judge<'r, I>(
        &self,
        head: &RequestHead<'r>,
        values: impl Fn(&str) -> I,
    ) -> impl Future<Output = Result<Option<AccessToken>, Error>> + Send
    where
        I: IntoIterator<Item = &'r [u8]>,
    {
        let credentials = self.validator.credentials(head, values);
        async move { self.decide(&credentials).await }
    }

    pub(super) async fn decide(
        &self,
        credentials: &Credentials<'_>,
    ) -> Result<Option<AccessToken>, Error> {
        self.check_requirement()?;
        if self.is_optional && credentials.are_none() {
            return Ok(None);
        }
        match self.validator.judge(credentials, self.freshness).await {
            Ok(token) => self.allow(token).map(Some),
            Err(error) => Err(match &self.requirement {
                Some(requirement) => error.with_scopes_of(requirement),
                None => error,
            }),
        }
    }

    /// A requirement that can never pass is told even without a token.
    pub(super) fn check_requirement(&self) -> Result<(), Error> {
        let requirement = self.requirement.as_deref();
        let checked = requirement.map_or(Ok(()), Requirement::check);
        checked.map_err(|mistake| self.validator.mistaken(mistake.into()))
    }

    pub(super) fn allow(&self, token: AccessToken) -> Result<AccessToken, Error> {
        if let Some(requirement) = &self.requirement {
            token.require(requirement)?;
        }
        Ok(token)
    }
}
