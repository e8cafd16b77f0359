//! Which issuer an opaque token is for.

use std::collections::{BTreeSet, HashMap};

/// Issuers by how their opaque tokens begin.
#[derive(Default)]
pub(super) struct OpaqueRoutes {
    by_prefix: HashMap<Box<str>, Box<str>>,
    /// Of the prefixes.
    lengths: BTreeSet<usize>,
}

impl OpaqueRoutes {
    /// The issuer of the longest prefix that fits. A token goes to one issuer only.
    pub(super) fn find(&self, token: &str) -> Option<&str> {
        let longest_first = self.lengths.iter().rev();
        let mut beginnings = longest_first.filter_map(|length| token.get(..*length));
        beginnings.find_map(|beginning| self.by_prefix.get(beginning).map(AsRef::as_ref))
    }

    /// Says to which issuer tokens of this prefix go already.
    pub(super) fn insert(&mut self, prefix: &str, issuer: &str) -> Result<(), Box<str>> {
        if let Some(other) = self.by_prefix.get(prefix) {
            return Err(other.clone());
        }
        self.lengths.insert(prefix.len());
        self.by_prefix.insert(prefix.into(), issuer.into());
        Ok(())
    }
}
