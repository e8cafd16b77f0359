//! Replaces `remote` in builds without the feature `fetch`: nothing is fetched or read from a file.

use std::sync::Arc;

use super::Issuer;
use crate::build_error::Problems;
use crate::core::{Clock, Policy};
use crate::source::{DynKeySource, KeySource};

#[derive(Default)]
pub(super) struct RemoteSettings {}

impl RemoteSettings {
    #[allow(clippy::unused_self)]
    pub(super) fn introspections(&self) -> usize {
        0
    }
}

/// A source. None is made by `build()`.
pub(super) struct Recipe(Box<dyn DynKeySource>);

#[allow(clippy::unused_self)]
impl Recipe {
    pub(super) fn made(source: impl KeySource) -> Self {
        Recipe(Box::new(source))
    }

    pub(super) fn is_remote(&self) -> bool {
        false
    }
}

#[derive(Debug, Default)]
pub(crate) struct SharedSettings {}

impl SharedSettings {
    #[allow(clippy::unused_self)]
    pub(crate) fn build(self, _: &[Issuer], _: &Arc<dyn Clock>, _: &mut Problems) -> Shared {
        Shared
    }
}

pub(crate) struct Shared;

pub(super) struct SourceBuilder;

#[allow(clippy::unnecessary_wraps, clippy::unused_self)]
impl SourceBuilder {
    pub(super) fn new(
        _: Issuer,
        _: &[Recipe],
        _: Option<&Policy>,
        _: &Shared,
        _: &mut Problems,
    ) -> Self {
        SourceBuilder
    }

    pub(super) fn build(
        &mut self,
        recipe: Recipe,
        _: &mut Problems,
    ) -> Option<Box<dyn DynKeySource>> {
        Some(recipe.0)
    }

    pub(super) fn build_introspection(
        &mut self,
        _: &mut Problems,
    ) -> Option<Box<dyn DynKeySource>> {
        None
    }
}
