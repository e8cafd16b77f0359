//! The source of keys in a file that may change.

use super::SourceBuilder;
use crate::build_error::{ConfigErrorKind, Problems};
use crate::source::{DynKeySource, KeyFile};

impl SourceBuilder<'_> {
    pub(super) fn build_key_file(
        &self,
        file: KeyFile,
        problems: &mut Problems,
    ) -> Option<Box<dyn DynKeySource>> {
        if !file.has_sound_interval() {
            problems.push(ConfigErrorKind::KeyFileInterval);
        }
        Some(Box::new(file.finish(
            self.policy?.clone(),
            self.clock(),
            self.settings.limits.key_set,
        )))
    }
}
