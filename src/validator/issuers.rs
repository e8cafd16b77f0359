//! The issuers that a Validator trusts, and which of them a token belongs to.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::core::{
    AcceptedIssuers, AccessToken, IssuerTemplate, Policy, PresentedToken, Profile, Rejection,
    issuer_of, trust_domain_of, wrong_issuer,
};
use crate::error::{Error, Misconfigured, Unavailable};
use crate::issuer::BuiltIssuer;
use crate::source::{DynKeySource, SourceError};

/// One issuer: its policy, and one source for each form of token.
pub(super) struct Trusted {
    /// Its index among the issuers of its Validator.
    pub(super) number: usize,
    pub(super) name: Arc<str>,
    pub(super) policy: Policy,
    /// Whether its audiences are set for this issuer alone.
    pub(super) has_own_audiences: bool,
    /// Shared with the Validators of further resources.
    source: Arc<dyn DynKeySource>,
    /// The source for its opaque tokens, where `source` has keys for its JWTs.
    introspection: Option<Arc<dyn DynKeySource>>,
}

impl Trusted {
    pub(super) fn new(built: BuiltIssuer) -> Self {
        Trusted {
            number: 0,
            name: built.policy.issuer().into(),
            policy: built.policy,
            has_own_audiences: built.has_own_audiences,
            source: built.source.into(),
            introspection: built.introspection.map(Into::into),
        }
    }

    /// The same issuer with the same sources, and another policy of it.
    pub(super) fn with_policy(&self, policy: Policy) -> Self {
        Trusted {
            number: self.number,
            name: Arc::clone(&self.name),
            policy,
            has_own_audiences: self.has_own_audiences,
            source: Arc::clone(&self.source),
            introspection: self.introspection.clone(),
        }
    }

    pub(super) fn template(&self) -> Option<&IssuerTemplate> {
        self.policy.template()
    }

    /// The source of keys, or of introspection where there are no keys.
    pub(super) fn source(&self) -> &dyn DynKeySource {
        &*self.source
    }

    /// The source for this form of token.
    pub(super) fn source_for(&self, token: &PresentedToken<'_>) -> &dyn DynKeySource {
        match &self.introspection {
            Some(introspection) if token.jwt().is_none() => &**introspection,
            _ => &*self.source,
        }
    }

    /// The source that introspects, if any source does.
    pub(super) fn online_source(&self) -> &dyn DynKeySource {
        self.introspection.as_deref().unwrap_or(&*self.source)
    }

    /// Whether its JWTs are judged by `source` and can be introspected besides.
    pub(super) fn has_both(&self) -> bool {
        self.introspection.is_some()
    }

    pub(super) fn sources(&self) -> impl Iterator<Item = &dyn DynKeySource> {
        std::iter::once(&*self.source).chain(self.introspection.as_deref())
    }

    pub(super) fn unavailable(&self, cause: SourceError) -> Unavailable {
        Unavailable::new(Arc::clone(&self.name), cause)
    }

    /// Why its source gave nothing for a token.
    pub(super) fn no_evidence(&self, cause: SourceError) -> Error {
        if cause.is_outside_runtime() {
            return Misconfigured::outside_runtime(&self.name).into();
        }
        self.unavailable(cause).into()
    }

    fn accepts_svids(&self) -> bool {
        self.policy.profile() == Profile::JwtSvid
    }
}

/// All issuers, in the order of configuration.
pub(super) struct TrustedIssuers {
    all: Box<[Trusted]>,
    by_name: HashMap<Box<str>, usize, foldhash::quality::RandomState>,
    /// The names that are templates. An issuer with the exact name takes precedence.
    templates: Box<[IssuerTemplate]>,
    /// For explanations.
    names: Arc<[Box<str>]>,
    opaque: OpaqueRoutes,
    /// Whether one of them accepts tokens without `iss`.
    accept_svids: bool,
}

impl TrustedIssuers {
    pub(super) fn new(mut trusted: Vec<Trusted>, opaque: OpaqueRoutes) -> Self {
        for (number, one) in trusted.iter_mut().enumerate() {
            one.number = number;
        }
        TrustedIssuers {
            templates: trusted
                .iter()
                .filter_map(Trusted::template)
                .cloned()
                .collect(),
            names: trusted.iter().map(|one| Box::from(&*one.name)).collect(),
            accept_svids: trusted.iter().any(Trusted::accepts_svids),
            by_name: trusted
                .iter()
                .map(|one| (Box::from(&*one.name), one.number))
                .collect(),
            all: trusted.into(),
            opaque,
        }
    }

    /// In the order of configuration.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Trusted> {
        self.all.iter()
    }

    pub(super) fn names(&self) -> &[Box<str>] {
        &self.names
    }

    pub(super) fn opaque_routes(&self) -> &OpaqueRoutes {
        &self.opaque
    }

    /// The issuer whose policy and source judge this token. The unverified `iss` only selects: the
    /// policy then checks it. An opaque token goes to the one issuer that accepts it.
    pub(super) fn select(&self, token: &PresentedToken<'_>) -> Result<&Trusted, Rejection> {
        let jwt = match token.require_jwt() {
            Ok(jwt) => jwt,
            Err(rejection) => {
                let route = token.is_opaque().then(|| self.opaque.find(token.as_str()));
                let trusted = route.flatten().and_then(|name| self.named(name));
                return trusted.ok_or(rejection);
            }
        };
        let unknown =
            |found| wrong_issuer(found, AcceptedIssuers::Many(Arc::clone(&self.names))).of(jwt);
        // A JWT-SVID may have no issuer. If it has one, only the issuer decides.
        if let Some(domain) = trust_domain_of(jwt)
            && self.accept_svids
        {
            let trusted = self.named(domain);
            return trusted
                .filter(|trusted| trusted.accepts_svids())
                .ok_or_else(|| unknown(domain));
        }
        let issuer = issuer_of(jwt)?;
        self.find(issuer).ok_or_else(|| unknown(issuer))
    }

    /// The issuer whose policy accepted this token. `None` if another Validator accepted it, whose
    /// policy may be equal but is not the same.
    pub(super) fn of_accepted(&self, token: &AccessToken) -> Option<&Trusted> {
        let policy = token.policy();
        let trusted = self.named(policy.issuer())?;
        trusted.policy.is(policy).then_some(trusted)
    }

    /// The issuer with this number.
    pub(super) fn numbered(&self, number: usize) -> Option<&Trusted> {
        self.all.get(number)
    }

    fn named(&self, name: &str) -> Option<&Trusted> {
        self.numbered(*self.by_name.get(name)?)
    }

    fn find(&self, issuer: &str) -> Option<&Trusted> {
        self.named(issuer).or_else(|| {
            let mut templates = self.templates.iter();
            let template = templates.find(|template| template.tenant_of(issuer).is_some())?;
            self.named(template.as_str())
        })
    }
}

/// The issuers of opaque tokens, by prefix.
#[derive(Clone, Default)]
pub(super) struct OpaqueRoutes {
    by_prefix: HashMap<Box<str>, Box<str>>,
    /// The lengths of the prefixes.
    lengths: BTreeSet<usize>,
}

impl OpaqueRoutes {
    /// The issuer with the longest prefix of this token.
    fn find(&self, token: &str) -> Option<&str> {
        let longest_first = self.lengths.iter().rev();
        let mut beginnings = longest_first.filter_map(|length| token.get(..*length));
        beginnings.find_map(|beginning| self.by_prefix.get(beginning).map(AsRef::as_ref))
    }

    /// # Errors
    /// Tokens with this prefix go to another issuer already.
    pub(super) fn insert(&mut self, prefix: &str, issuer: &str) -> Result<(), Box<str>> {
        if let Some(other) = self.by_prefix.get(prefix) {
            return Err(other.clone());
        }
        self.lengths.insert(prefix.len());
        self.by_prefix.insert(prefix.into(), issuer.into());
        Ok(())
    }
}
