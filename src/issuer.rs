//! One issuer: its name, what is accepted from it, and where the evidence for its tokens comes from.

use std::fmt;

use crate::core::{Policy, PolicyBuilder, PolicyError};
use crate::source::{DynKeySource, KeySource, StaticKeys};
use crate::validator::BuildProblem;

/// One issuer whose tokens are accepted: its name, its policy, and one source of evidence.
///
/// ```
/// use resource_server::{Algorithm, Issuer, Policy, StaticKeys};
///
/// # let text = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// let issuer = Issuer::new("https://as.example.com")
///     .keys(StaticKeys::from_jwks(text)?)
///     .policy(Policy::builder().algorithms([Algorithm::Ed25519]));
/// # Ok::<(), resource_server::KeySetError>(())
/// ```
#[must_use]
pub struct Issuer {
    name: String,
    settings: PolicyBuilder,
    audiences: Vec<String>,
    sources: Vec<Box<dyn DynKeySource>>,
}

impl Issuer {
    /// By its name: what stands in `iss`, byte for byte. It has no keys yet.
    pub fn new(name: impl Into<String>) -> Self {
        Issuer {
            name: name.into(),
            settings: PolicyBuilder::default(),
            audiences: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// Keys given by hand.
    pub fn keys(self, keys: StaticKeys) -> Self {
        self.source(keys)
    }

    /// A source of your own.
    pub fn source(mut self, source: impl KeySource) -> Self {
        self.sources.push(Box::new(source));
        self
    }

    /// What is accepted from this issuer. The issuer's name and the audience may be left out of it.
    pub fn policy(mut self, settings: PolicyBuilder) -> Self {
        self.settings = settings;
        self
    }

    /// An audience that this issuer's tokens may have. An issuer's own audiences replace the Validator's.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Its policy and source, or everything that is wrong with them.
    pub(crate) fn finish(
        mut self,
        default_audiences: &[String],
    ) -> Result<(Policy, Box<dyn DynKeySource>), Vec<BuildProblem>> {
        let name = self.name;
        let mut problems = Vec::new();
        let mut settings = self.settings;
        if let Some(other) = settings.issuer_name()
            && other != name
        {
            problems.push(BuildProblem::TwoNames {
                issuer: name.clone(),
                policy: other.to_owned(),
            });
        }
        settings = settings.issuer(&name);
        let has_own = settings.has_audiences() || !self.audiences.is_empty();
        let audiences = if has_own {
            &self.audiences
        } else {
            default_audiences
        };
        for audience in audiences {
            settings = settings.audience(audience);
        }
        if self.sources.len() > 1 {
            problems.push(BuildProblem::SeveralSources {
                issuer: name.clone(),
            });
        }
        let source = self.sources.pop();
        if source.is_none() {
            problems.push(BuildProblem::NoSource {
                issuer: name.clone(),
            });
        }
        match (settings.build(), source) {
            (Ok(policy), Some(source)) if problems.is_empty() => Ok((policy, source)),
            (policy, _) => {
                let of_policy = policy.err().map(PolicyError::into_problems);
                problems.extend(of_policy.into_iter().flatten().map(|problem| {
                    BuildProblem::Policy {
                        issuer: name.clone(),
                        problem,
                    }
                }));
                Err(problems)
            }
        }
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
