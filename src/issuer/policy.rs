//! An issuer's policy: the user's settings over the provider's, with what the issuer itself fixes.

use super::Issuer;
use crate::build_error::{ConfigErrorKind, Problems};
use crate::core::{Policy, PolicyBuilder, PolicyError, without_user_info};

impl Issuer {
    pub(super) fn build_policy(
        &self,
        default_audiences: &[String],
        problems: &mut Problems,
    ) -> Option<Policy> {
        if self.has_two_policies {
            problems.push(ConfigErrorKind::SeveralPolicies);
        }
        for wrong in &self.provider.problems {
            // A value that is not a URL may be a name such as `kind:name@project.example`.
            let value = if wrong.value.contains("://") {
                without_user_info(&wrong.value).into_owned()
            } else {
                wrong.value.clone()
            };
            problems.push(ConfigErrorKind::ProviderSetting {
                setting: wrong.setting,
                value,
                instead: wrong.instead.clone(),
            });
        }
        let settings = self.settings.clone().unwrap_or_default();
        let settings = settings.over(self.provider.settings.clone());
        let mut settings = self.with_name(settings, problems);
        settings = self.with_algorithm(settings, problems);
        let audiences = if self.has_own_audiences() {
            &self.audiences
        } else {
            default_audiences
        };
        for audience in audiences {
            settings = settings.audience(audience);
        }
        let built = settings.build();
        let found = built.as_ref().err().map(PolicyError::problems);
        for problem in found.into_iter().flatten() {
            problems.push(ConfigErrorKind::Policy(problem.clone()));
        }
        built.ok()
    }

    /// Whether its audiences are set for this issuer alone, and replace the Validator's.
    pub(super) fn has_own_audiences(&self) -> bool {
        let of_policy = self.settings.iter().chain([&self.provider.settings]);
        !self.audiences.is_empty() || of_policy.into_iter().any(PolicyBuilder::has_audiences)
    }

    fn with_name(&self, settings: PolicyBuilder, problems: &mut Problems) -> PolicyBuilder {
        if let Some(other) = settings.issuer_name()
            && other != self.name
        {
            problems.push(ConfigErrorKind::TwoNames {
                policy: without_user_info(other).into_owned(),
            });
        }
        let settings = settings.issuer(&self.name);
        let Some(tenants) = &self.tenants else {
            return settings;
        };
        if settings.has_tenants() {
            problems.push(ConfigErrorKind::TenantsTwice);
        }
        settings.tenants(tenants.clone())
    }

    fn with_algorithm(&self, settings: PolicyBuilder, problems: &mut Problems) -> PolicyBuilder {
        let named = settings.named_algorithms().unwrap_or_default();
        let Some(algorithm) = self.hmac else {
            self.check_hmac(named.iter().any(|named| named.is_hmac()), problems);
            return settings;
        };
        if named.iter().any(|named| *named != algorithm) {
            problems.push(ConfigErrorKind::OtherAlgorithms { algorithm });
        }
        self.check_hmac(true, problems);
        settings.algorithms([algorithm])
    }

    fn check_hmac(&self, is_named: bool, problems: &mut Problems) {
        if is_named && self.has_remote_keys() {
            problems.push(ConfigErrorKind::HmacWithFetchedKeys);
        }
    }
}
