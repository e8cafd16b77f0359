//! Members of a JWK (RFC 7517 section 4). Public keys and this API's own client keys are both read
//! through them.

use std::borrow::Cow;
use std::cell::RefCell;

use crate::core::base64url;
use crate::core::json::{self, Fault, Value};
use crate::core::keys::notes::Misspelling;

/// How a key's spelling is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Each value has one spelling. For keys from anyone, such as the key in a proof, and for keys
    /// of unknown origin.
    Strict,
    /// A misspelt value with a clear meaning is read and noted. For a set that the issuer serves or
    /// the operator configures.
    Lenient,
}

/// The members of one JWK that its reader asked for, each as it appears in the text.
pub(crate) struct Members<'t> {
    found: Vec<(&'static str, Value<'t>)>,
    reading: Reading,
    notes: RefCell<Vec<(&'static str, Misspelling)>>,
}

/// What is wrong with one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberFault {
    /// It is missing, or it is not a string.
    Missing,
    /// It is not base64url, or it has the wrong number of bytes.
    Malformed,
}

impl<'t> Members<'t> {
    /// Reads the members with these names. The others are checked for form only.
    ///
    /// # Errors
    /// The text is not one sound JSON object.
    pub(crate) fn read(
        text: &'t str,
        names: &[&'static str],
        reading: Reading,
    ) -> Result<Self, Fault> {
        let mut found = Vec::new();
        json::read_object(text, |name, value| {
            if let Some(name) = names.iter().find(|known| **known == name) {
                found.push((*name, value));
            }
        })?;
        Ok(Members {
            found,
            reading,
            notes: RefCell::default(),
        })
    }

    /// The member as it appears, `null` included.
    pub(crate) fn raw(&self, name: &str) -> Option<Value<'t>> {
        let found = self.found.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }

    /// The member, where it is there. Lenient reading reads `null` as absence.
    pub(crate) fn get(&self, name: &'static str) -> Option<Value<'t>> {
        let value = self.raw(name)?;
        if self.reading == Reading::Lenient && value.text() == "null" {
            self.note(name, Misspelling::Null);
            return None;
        }
        Some(value)
    }

    pub(crate) fn has_any(&self, names: &[&'static str]) -> bool {
        let mut has_any = false;
        // Each is looked at, so that each null is noted.
        for name in names {
            has_any |= self.get(name).is_some();
        }
        has_any
    }

    /// A string member, where it is there.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<Cow<'t, str>>, MemberFault> {
        self.get(name)
            .map(|value| value.as_str().ok_or(MemberFault::Missing))
            .transpose()
    }

    /// The bytes of a member that must be there.
    pub(crate) fn bytes(&self, name: &'static str) -> Result<Vec<u8>, MemberFault> {
        let text = self.text(name)?.ok_or(MemberFault::Missing)?;
        if let Ok(bytes) = base64url::decode(&text) {
            return Ok(bytes);
        }
        let bytes = match self.reading {
            Reading::Strict => None,
            Reading::Lenient => decode_base64(&text),
        };
        let bytes = bytes.ok_or(MemberFault::Malformed)?;
        self.note(name, Misspelling::Base64);
        Ok(bytes)
    }

    /// The bytes of a coordinate, which has exactly this many. Lenient reading restores leading
    /// zeros that it lost, and drops those that it has too many.
    pub(crate) fn coordinate(
        &self,
        name: &'static str,
        length: usize,
    ) -> Result<Vec<u8>, MemberFault> {
        let bytes = self.bytes(name)?;
        if bytes.len() == length {
            return Ok(bytes);
        }
        if self.reading == Reading::Strict || bytes.is_empty() {
            return Err(MemberFault::Malformed);
        }
        let digits = without_leading_zeros(bytes);
        let zeros = length.checked_sub(digits.len());
        let mut padded = vec![0; zeros.ok_or(MemberFault::Malformed)?];
        padded.extend_from_slice(&digits);
        self.note(name, Misspelling::Length);
        Ok(padded)
    }

    /// The bytes of a number without leading zeros, which RFC 7518 section 2 knows from older
    /// software.
    #[cfg(feature = "fetch")]
    pub(crate) fn number(&self, name: &'static str) -> Result<Vec<u8>, MemberFault> {
        self.bytes(name).map(without_leading_zeros)
    }

    /// Whether an array of strings holds this one; `None` where there is no such member.
    pub(crate) fn lists(&self, name: &'static str, wanted: &str) -> Option<bool> {
        let elements = self.get(name)?.elements();
        let is_wanted = |element: Value<'_>| element.as_str().as_deref() == Some(wanted);
        Some(elements.is_some_and(|mut elements| elements.any(is_wanted)))
    }

    /// What lenient reading met so far.
    pub(crate) fn notes(&self) -> Vec<(&'static str, Misspelling)> {
        self.notes.borrow().clone()
    }

    fn note(&self, name: &'static str, misspelling: Misspelling) {
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&(name, misspelling)) {
            notes.push((name, misspelling));
        }
    }
}

/// Base64 of either alphabet, padded or not. Its bytes must still be unambiguous, so spare bits are
/// zero.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    /// No text has more.
    const MAX_PADDING: usize = 2;

    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > MAX_PADDING {
        return None;
    }
    base64url::decode(&digits.replace('+', "-").replace('/', "_")).ok()
}

pub(crate) fn without_leading_zeros(mut bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    bytes
}
