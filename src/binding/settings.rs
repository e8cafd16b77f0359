//! How an API checks DPoP proofs: the settings of its Validator.

use std::fmt;
use std::sync::Arc;

use super::dpop::NonceRule;
use super::dpop_error::DpopError;
use super::dyn_store::DynReplayStore;
use super::memory::MemoryReplayStore;
use super::nonce::DpopNonces;
use super::replay::ReplayStore;
use super::uri::{Origin, PathRewrite};
use crate::core::NumericDate;

/// How this API checks DPoP proofs (RFC 9449): the setting of
/// [`ValidatorBuilder::dpop`](crate::ValidatorBuilder::dpop).
///
/// What belongs to an issuer is in its policy:
/// [`sender_constraint`](crate::PolicyBuilder::sender_constraint),
/// [`proof_max_age`](crate::PolicyBuilder::proof_max_age),
/// [`proof_algorithms`](crate::PolicyBuilder::proof_algorithms).
///
/// ```
/// use resource_server::{Issuer, Validator, binding::Dpop, testing::TestIssuer};
///
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// # let issuer = issuer.to_issuer();
/// let validator = Validator::builder()
///     .resource("https://api.example.com")
///     .dpop(Dpop::at("https://api.example.com"))
///     .issuer(issuer)
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Dpop {
    origin: String,
    rewrite: Option<(String, String)>,
    store: Option<Arc<dyn DynReplayStore>>,
    nonces: NonceRule,
}

impl Dpop {
    /// Proofs must be for URLs of this origin: scheme, host and port by which clients reach this
    /// API, such as `https://api.example.com`. `http` is accepted on loopback.
    ///
    /// A proof's `htu` is compared with this origin and the path of the request, after
    /// normalisation (RFC 3986 sections 6.2.2 and 6.2.3). Neither `Host` nor a forwarding header
    /// can supply the origin.
    pub fn at(origin: impl Into<String>) -> Self {
        Dpop {
            origin: origin.into(),
            rewrite: None,
            store: None,
            nonces: NonceRule::Off,
        }
    }

    /// Where a proxy in front of this API replaces a path prefix: the prefix that this API sees,
    /// and the one that clients see, each on whole segments. A proxy that removes `/api` from the
    /// path is `replace_path_prefix("/", "/api")`. By default paths are compared as they are.
    pub fn replace_path_prefix(
        mut self,
        internal: impl Into<String>,
        external: impl Into<String>,
    ) -> Self {
        self.rewrite = Some((internal.into(), external.into()));
        self
    }

    /// Remembers used proofs in this store. By default it is a [`MemoryReplayStore`] of this
    /// Validator, which knows the proofs of one process. Several instances of an API need a shared
    /// store: `RedisReplayStore` (feature `redis`), or one of your own.
    pub fn replay_store(mut self, store: impl ReplayStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Requires a nonce of this API in each proof (RFC 9449 section 9), so that a proof can't be
    /// made in advance. The time of the nonce replaces `iat`, so clients whose clocks are wrong are
    /// served. By default nonces have no effect.
    ///
    /// A client's first request is refused with `use_dpop_nonce` and a nonce. Later answers carry a
    /// new nonce when the old one is near its end.
    pub fn require_nonces(mut self, nonces: DpopNonces) -> Self {
        self.nonces = NonceRule::Required(nonces);
        self
    }

    /// Checks nonces and gives clients new ones, and accepts proofs without one: for the time in
    /// which clients learn to use nonces. It stops no proof that was made in advance, since its
    /// maker leaves the nonce out (RFC 9449 section 11.2).
    pub fn accept_nonces(mut self, nonces: DpopNonces) -> Self {
        self.nonces = NonceRule::Optional(nonces);
        self
    }

    pub(crate) fn build(self) -> Result<BuiltDpop, Vec<DpopError>> {
        let mut problems = Vec::new();
        let origin = Origin::parse(&self.origin);
        let origin = origin.map_err(|error| problems.push(error));
        let rewrite = self.rewrite.map(|(internal, external)| {
            PathRewrite::parse(&internal, &external).map_err(|error| problems.push(error))
        });
        let nonces = self.nonces.nonces().and_then(DpopNonces::problem);
        problems.extend(nonces);
        match (origin, rewrite.transpose()) {
            _ if !problems.is_empty() => Err(problems),
            (Ok(origin), Ok(rewrite)) => Ok(BuiltDpop {
                origin,
                rewrite,
                store: self
                    .store
                    .unwrap_or_else(|| Arc::new(MemoryReplayStore::new())),
                nonces: self.nonces,
            }),
            _ => Err(problems),
        }
    }
}

impl fmt::Debug for Dpop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dpop")
            .field("nonces", &self.nonces)
            .finish_non_exhaustive()
    }
}

/// Checked settings.
#[derive(Clone)]
pub(crate) struct BuiltDpop {
    pub(crate) origin: Origin,
    pub(crate) rewrite: Option<PathRewrite>,
    pub(crate) store: Arc<dyn DynReplayStore>,
    pub(crate) nonces: NonceRule,
}

impl BuiltDpop {
    /// The same for a resource that clients reach by another origin.
    pub(crate) fn at(&self, origin: &str) -> Result<Self, DpopError> {
        let origin = Origin::parse(origin)?;
        Ok(BuiltDpop {
            origin,
            ..self.clone()
        })
    }

    /// A nonce for the client's next proof, if nonces are used.
    pub(crate) fn fresh_nonce(&self, now: NumericDate) -> Option<Arc<str>> {
        let nonces = self.nonces.nonces()?;
        Some(nonces.make(now).into())
    }
}

impl fmt::Debug for BuiltDpop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuiltDpop")
            .field("origin", &self.origin)
            .field("nonces", &self.nonces)
            .finish_non_exhaustive()
    }
}
