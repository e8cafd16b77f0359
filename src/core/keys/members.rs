//! Members of a JWK (RFC 7517 section 4). Public keys and this API's own client keys are both read through them.

use std::borrow::Cow;

use crate::core::base64url;
use crate::core::json::{self, Fault, Value};

/// The members of one JWK that its reader asked for, each as it appears in the text.
pub(crate) struct Members<'t>(Vec<(&'static str, Value<'t>)>);

/// What is wrong with one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberFault {
    /// It is missing, or it is not a string.
    Missing,
    /// It is not canonical base64url, or it has the wrong number of bytes.
    Malformed,
}

impl<'t> Members<'t> {
    /// Reads the members with these names. The others are checked for form only.
    ///
    /// # Errors
    /// The text is not one sound JSON object.
    pub(crate) fn read(text: &'t str, names: &[&'static str]) -> Result<Self, Fault> {
        let mut found = Vec::new();
        json::read_object(text, |name, value| {
            if let Some(name) = names.iter().find(|known| **known == name) {
                found.push((*name, value));
            }
        })?;
        Ok(Members(found))
    }

    pub(crate) fn get(&self, name: &str) -> Option<Value<'t>> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }

    pub(crate) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.get(name).is_some())
    }

    /// A string member, where it is there.
    pub(crate) fn text(&self, name: &str) -> Result<Option<Cow<'t, str>>, MemberFault> {
        self.get(name)
            .map(|value| value.as_str().ok_or(MemberFault::Missing))
            .transpose()
    }

    /// The bytes of a member that must be there.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, MemberFault> {
        let text = self.text(name)?.ok_or(MemberFault::Missing)?;
        base64url::decode(&text).map_err(|_| MemberFault::Malformed)
    }

    /// The bytes of a number without leading zeros, which RFC 7518 section 2 knows from older software.
    #[cfg(feature = "fetch")]
    pub(crate) fn number(&self, name: &str) -> Result<Vec<u8>, MemberFault> {
        self.bytes(name).map(without_leading_zeros)
    }

    /// Whether an array of strings holds this one; `None` where there is no such member.
    pub(crate) fn lists(&self, name: &str, wanted: &str) -> Option<bool> {
        let elements = self.get(name)?.as_array().unwrap_or_default();
        let is_wanted = |element: &Value<'_>| element.as_str().as_deref() == Some(wanted);
        Some(elements.iter().any(is_wanted))
    }
}

pub(crate) fn without_leading_zeros(mut bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    bytes
}
