//! A further resource of the same server: the same issuers and sources, for another audience.

use std::sync::Arc;

use super::builder::Settings;
use super::issuers::{Trusted, TrustedIssuers};
use super::token_cache::TokenCache;
use super::{Inner, Validator};
use crate::build_error::{BuildError, ConfigErrorKind, Problems};
use crate::core::{PolicyError, Resource};

impl Validator {
    /// A Validator for a further resource of the same server, such as a second API or one for each
    /// customer. It trusts the same issuers, and shares their sources, caches and connections with
    /// this one, so nothing is fetched twice. Clock, checks and the functions of
    /// [`on_decision`](crate::ValidatorBuilder::on_decision) are the same too. Only the
    /// [cache of verified tokens](crate::ValidatorBuilder::token_cache) is its own.
    ///
    /// The audience of its tokens is exactly the identifier of this resource, as for
    /// [`resource`](crate::ValidatorBuilder::resource).
    /// DPoP and client certificates are the same too, with one replay store. Where clients reach
    /// this resource by another origin, set [`Resource::dpop_origin`].
    /// Challenges and metadata are those of this resource. So a token for one resource is refused
    /// at the other, unless the token names both. Do not name the further resource as an
    /// [`audience`](crate::ValidatorBuilder::audience) of the first Validator.
    ///
    /// [`health`](Validator::health), [`warm_up`](Validator::warm_up) and snapshots are about the
    /// shared sources: one of the Validators is enough for them.
    ///
    /// # Errors
    /// The resource can't be used. Or an issuer can't be shared, since its policy does not tell the
    /// tokens of two resources apart: it has audiences of its own, no audience at all, or a setting
    /// that accepts tokens without one. The error names each such issuer.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use resource_server::{Reason, Error, Validator, testing::TestIssuer};
    ///
    /// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com/orders");
    /// let orders = Validator::builder()
    ///     .resource("https://api.example.com/orders")
    ///     .issuer(issuer.to_issuer())
    ///     .build()?;
    /// let billing = orders.for_resource("https://api.example.com/billing")?;
    ///
    /// let minted = issuer.token().audience("https://api.example.com/billing").mint();
    /// assert!(billing.validate_cached(&minted).unwrap().is_ok());
    /// let Some(Err(Error::Rejected(rejection))) = orders.validate_cached(&minted) else {
    ///     unreachable!()
    /// };
    /// assert_eq!(rejection.reason(), Reason::AudienceMismatch);
    /// assert_eq!(
    ///     billing.resource_metadata()?.path(),
    ///     "/.well-known/oauth-protected-resource/billing"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_resource(&self, resource: impl Into<Resource>) -> Result<Validator, BuildError> {
        let resource = resource.into();
        let mut problems = Problems::of_validator();
        for problem in resource.problems() {
            problems.push(ConfigErrorKind::Resource(problem));
        }
        for issuer in self.0.issuers.iter() {
            for kind in issuer.problems_of_sharing() {
                problems.push_for(&issuer.name, kind);
            }
        }
        let proofs = self
            .0
            .settings
            .proofs
            .for_resource(&resource, &mut problems);
        // Only an identifier that can be used is an audience.
        problems.into_result()?;
        let issuers = self.0.issuers.for_audiences(&resource.audiences())?;
        let trusted: Vec<_> = issuers.iter().collect();
        let schemes = proofs.offered().schemes(&trusted);
        Ok(Validator(Arc::new(Inner {
            issuers,
            clock: Arc::clone(&self.0.clock),
            tokens: TokenCache::new(self.0.settings.token_cache_bytes),
            settings: Settings {
                resource: Some(Arc::new(resource.offering(schemes))),
                proofs,
                ..self.0.settings.clone()
            },
        })))
    }
}

impl TrustedIssuers {
    /// The same issuers, whose tokens must have one of these audiences.
    fn for_audiences(&self, audiences: &[String]) -> Result<TrustedIssuers, BuildError> {
        let mut problems = Problems::of_validator();
        let mut trusted = Vec::new();
        for issuer in self.iter() {
            match issuer.for_audiences(audiences) {
                Ok(issuer) => trusted.push(issuer),
                Err(error) => {
                    for problem in error.problems() {
                        let kind = ConfigErrorKind::Policy(problem.clone());
                        problems.push_for(&issuer.name, kind);
                    }
                }
            }
        }
        problems.into_result()?;
        Ok(TrustedIssuers::new(trusted, self.opaque_routes().clone()))
    }
}

impl Trusted {
    /// Why its policy would not tell the tokens of two resources apart.
    fn problems_of_sharing(&self) -> impl Iterator<Item = ConfigErrorKind> {
        let has_own = self.has_own_audiences;
        let has_none = self.policy.audiences().next().is_none();
        [
            has_own.then_some(ConfigErrorKind::OwnAudiences),
            has_none.then_some(ConfigErrorKind::NoAudienceToReplace),
            self.policy
                .accepts_missing_audience()
                .then_some(ConfigErrorKind::MissingAudienceAccepted),
        ]
        .into_iter()
        .flatten()
    }

    /// The same issuer with the same sources, whose tokens must have one of these audiences.
    fn for_audiences(&self, audiences: &[String]) -> Result<Trusted, PolicyError> {
        let policy = self.policy.with_audiences(audiences)?;
        Ok(self.with_policy(policy))
    }
}
