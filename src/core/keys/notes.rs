//! The members of a key set that were misspelt but accepted (row K14).

use std::fmt;

/// How a member of a key was misspelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misspelling {
    /// Base64 with padding, or with `+` and `/`, where base64url without padding belongs (RFC 7515
    /// section 2).
    Base64,
    /// A coordinate that lost its leading zeros or has too many (RFC 7518 section 6.2.1.2).
    Length,
    /// `null`, which is read as absence.
    Null,
}

impl fmt::Display for Misspelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Misspelling::Base64 => "is base64 with padding, + or /, not base64url",
            Misspelling::Length => "has too few or too many leading zeros",
            Misspelling::Null => "is null and was read as absent",
        })
    }
}

/// A member of a key that was misspelt but accepted, since its meaning is clear.
///
/// Ask the authorization server's operator to correct it: other software may refuse the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyNote {
    pub(crate) index: usize,
    pub(crate) id: Option<String>,
    pub(crate) member: &'static str,
    pub(crate) misspelling: Misspelling,
}

impl KeyNote {
    /// The position of the key in the set, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The key's `kid`, if it has one. It is escaped and cut at 128 characters.
    pub fn key_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The name of the member, such as `n`.
    pub fn member(&self) -> &'static str {
        self.member
    }

    /// What is wrong with it.
    pub fn misspelling(&self) -> Misspelling {
        self.misspelling
    }
}

impl fmt::Display for KeyNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", self.index)?;
        if let Some(id) = &self.id {
            write!(f, " (kid \"{id}\")")?;
        }
        write!(f, ": its member \"{}\" {}", self.member, self.misspelling)
    }
}
