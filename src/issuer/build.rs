//! An issuer's settings become its policy and its sources, or the list of their problems.

use super::Issuer;
use super::remote::{Recipe, Shared, SourceBuilder};
use crate::build_error::{ConfigErrorKind, Problems};
use crate::core::{Policy, is_token68};
use crate::source::DynKeySource;

/// An issuer as the Validator uses it.
pub(crate) struct BuiltIssuer {
    pub(crate) policy: Policy,
    /// Whether its audiences are set for this issuer alone.
    pub(crate) has_own_audiences: bool,
    /// The evidence for its tokens.
    pub(crate) source: Box<dyn DynKeySource>,
    /// The evidence for its opaque tokens, where `source` has keys for its JWTs.
    pub(crate) introspection: Option<Box<dyn DynKeySource>>,
}

/// What a Validator gives to each of its issuers.
pub(crate) struct BuildContext<'v> {
    pub(crate) audiences: &'v [String],
    pub(crate) shared: &'v Shared,
}

impl Issuer {
    /// Its policy and sources, or every problem of its settings.
    pub(crate) fn build(mut self, context: &BuildContext<'_>) -> Result<BuiltIssuer, Problems> {
        let mut problems = Problems::new(&self.name);
        let has_own_audiences = self.has_own_audiences();
        let policy = self.build_policy(context.audiences, &mut problems);
        self.check_sources(&mut problems);
        let recipes = std::mem::take(&mut self.sources);
        let mut builder = SourceBuilder::new(
            self,
            &recipes,
            policy.as_ref(),
            context.shared,
            &mut problems,
        );
        let mut keys = None;
        for recipe in recipes {
            keys = builder.build(recipe, &mut problems);
        }
        // Without keys, introspection is the source for every token.
        let (source, introspection) = match (keys, builder.build_introspection(&mut problems)) {
            (None, Some(introspection)) => (Some(introspection), None),
            both => both,
        };
        match (policy, source) {
            (Some(policy), Some(source)) if problems.is_empty() => Ok(BuiltIssuer {
                policy,
                has_own_audiences,
                source,
                introspection,
            }),
            _ => Err(problems),
        }
    }

    fn check_sources(&mut self, problems: &mut Problems) {
        let introspections = self.remote.introspections();
        if let Some(problem) = self.secret_problem.take() {
            problems.push(ConfigErrorKind::Secret(problem));
        } else if self.sources.is_empty() && introspections == 0 {
            problems.push(ConfigErrorKind::NoSource);
        }
        if let Some(prefix) = &self.opaque_prefix {
            if self.has_only_keys() && introspections == 0 {
                problems.push(ConfigErrorKind::OpaqueWithKeys);
            }
            if !is_token68(prefix) {
                problems.push(ConfigErrorKind::OpaquePrefix {
                    prefix: prefix.clone(),
                });
            }
        }
        if self.sources.len() > 1 {
            problems.push(ConfigErrorKind::SeveralSources);
        }
        if introspections > 1 {
            problems.push(ConfigErrorKind::SeveralIntrospections);
        }
    }

    /// Whether its source can only give keys.
    fn has_only_keys(&self) -> bool {
        self.has_static_keys || self.has_remote_keys()
    }

    /// Whether its keys are fetched or read from a file.
    pub(super) fn has_remote_keys(&self) -> bool {
        self.sources.iter().any(Recipe::is_remote)
    }
}
