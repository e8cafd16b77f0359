//! Fetched public keys in a form that can be stored and restored.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::NumericDate;

/// The form that is written, and the only one that is read.
const VERSION: u32 = 1;

/// The public keys that a [`Validator`](crate::Validator) has fetched, by issuer, each set with the
/// time it was fetched and its lifetime: so that another process need not begin by fetching, nor
/// fail while the issuer can't be reached. Made by
/// [`Validator::snapshot`](crate::Validator::snapshot), taken by
/// [`ValidatorBuilder::restore`](crate::ValidatorBuilder::restore), stored by you: it is
/// serializable.
///
/// It has no secrets in it, but **anyone who can write it decides which keys are trusted**: keep it
/// where only this API can write, as you would its configuration.
///
/// The form may change with a new version of this crate; one that is not known is refused when it
/// is read, and so are unknown members.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct KeySnapshot {
    issuers: Vec<Entry>,
}

/// One issuer's keys.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    issuer: String,
    /// Seconds since 1970.
    fetched_at: i64,
    lifetime_seconds: u64,
    /// A JWK Set of public keys.
    jwks: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: u32,
    issuers: Vec<Entry>,
}

impl KeySnapshot {
    pub(crate) fn of<'k>(issuers: impl Iterator<Item = (&'k str, HeldKeys)>) -> Self {
        let entry = |(issuer, held): (&str, HeldKeys)| Entry {
            issuer: issuer.to_owned(),
            fetched_at: held.fetched_at.as_secs(),
            lifetime_seconds: held.lifetime.as_secs(),
            jwks: held.jwks.to_string(),
        };
        KeySnapshot {
            issuers: issuers.map(entry).collect(),
        }
    }

    /// The issuers whose keys are in it.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        self.issuers.iter().map(|entry| entry.issuer.as_str())
    }

    /// This issuer's keys.
    pub(crate) fn find(&self, issuer: &str) -> Option<HeldKeys> {
        let entry = self.issuers.iter().find(|one| one.issuer == issuer)?;
        Some(HeldKeys {
            jwks: entry.jwks.as_str().into(),
            fetched_at: NumericDate::from_secs(entry.fetched_at),
            lifetime: Duration::from_secs(entry.lifetime_seconds),
        })
    }
}

impl fmt::Debug for KeySnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySnapshot")
            .field("issuers", &self.issuers().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl From<KeySnapshot> for Form {
    fn from(snapshot: KeySnapshot) -> Self {
        Form {
            version: VERSION,
            issuers: snapshot.issuers,
        }
    }
}

impl TryFrom<Form> for KeySnapshot {
    type Error = NotASnapshot;

    fn try_from(form: Form) -> Result<Self, NotASnapshot> {
        if form.version != VERSION {
            return Err(NotASnapshot::Version(form.version));
        }
        let mut known = HashSet::new();
        for entry in &form.issuers {
            if !known.insert(entry.issuer.as_str()) {
                return Err(NotASnapshot::IssuerTwice);
            }
        }
        Ok(KeySnapshot {
            issuers: form.issuers,
        })
    }
}

/// Why a text is no snapshot, in the words of the format that it is in.
#[derive(Debug, thiserror::Error)]
enum NotASnapshot {
    #[error("a key snapshot of version {0}, and version {VERSION} is read here")]
    Version(u32),
    #[error("a key snapshot with two key sets of one issuer")]
    IssuerTwice,
}

/// A fetched key set, as it is cached.
#[derive(Clone)]
pub(crate) struct HeldKeys {
    /// Public keys alone.
    pub(crate) jwks: Arc<str>,
    pub(crate) fetched_at: NumericDate,
    pub(crate) lifetime: Duration,
}

impl fmt::Debug for HeldKeys {
    /// Shows no keys: the status of the source shows them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldKeys")
            .field("fetched_at", &self.fetched_at)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
