//! The one strict reader of JSON: for tokens, keys, metadata and introspection responses.
//!
//! Beyond the grammar (RFC 8259) it rejects what two readers of one text could read differently:
//!
//! - two members of one object with the same name, compared after unescaping (RFC 7515 section 4,
//!   RFC 7519 section 4, RFC 8725 section 2.4),
//! - lone surrogates (RFC 8259 section 8.2),
//! - numbers longer than 64 bytes, and numbers that are not finite as a double (RFC 8259 section
//!   6).
//!
//! Time and memory are linear in the bytes of the text. Depth is bounded; the number of members,
//! values and elements is not. The scratch memory is at most twice the text.
//!
//! The members of the outermost object are handed out as slices of the text.

use std::borrow::Cow;
use std::iter;

pub(crate) use known::{KnownName, known_names};
use known::{MemberName, NoName};
pub(crate) use number::Decimal;
use scan::Scanner;
pub(crate) use strings::Str;
use walk::Walk;

mod known;
mod names;
mod number;
mod scan;
mod strings;
mod tokens;
mod walk;

/// Objects and arrays inside one another, including the outermost object.
pub(crate) const MAX_DEPTH: u8 = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The text is not JSON, or has something after it.
    Syntax,
    /// The text is not a JSON object.
    NotAnObject,
    /// Two members of one object have the same name.
    Duplicate,
    /// A number is longer than 64 bytes, or not finite as a double.
    Number,
    /// More objects and arrays are inside one another.
    TooDeep { limit: u8 },
}

/// One value, as a slice of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'t> {
    text: &'t str,
    /// Whether this is known to be a string without escapes.
    is_plain_string: bool,
}

/// Reads the members of an object in order, each after everything nested in it was checked.
pub(crate) fn read_object<'t>(
    text: &'t str,
    each: impl FnMut(&str, Value<'t>),
) -> Result<(), Fault> {
    read_object_within(text, MAX_DEPTH, each)
}

/// The same with another bound on the depth.
pub(crate) fn read_object_within<'t>(
    text: &'t str,
    max_depth: u8,
    mut each: impl FnMut(&str, Value<'t>),
) -> Result<(), Fault> {
    Scanner::new(text, max_depth).outermost_object::<NoName>(true, &mut |name, value| {
        let MemberName::Other(name) = name;
        each(name, value);
        Ok(())
    })
}

/// The same for the members whose names the caller knows. All others are read and not handed out.
pub(crate) fn read_known<'t, N: KnownName>(
    text: &'t str,
    mut each: impl FnMut(N, Value<'t>),
) -> Result<(), Fault> {
    Scanner::new(text, MAX_DEPTH).outermost_object(true, &mut |name, value| {
        if let MemberName::Known(name) = name {
            each(name, value);
        }
        Ok(())
    })
}

/// Reads the members of an object in order and checks only the grammar of their values. The caller
/// can [`check`](Value::check) each.
pub(crate) fn read_members<'t>(
    text: &'t str,
    mut each: impl FnMut(&str, Value<'t>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    Scanner::new(text, MAX_DEPTH).outermost_object::<NoName>(false, &mut |name, value| {
        let MemberName::Other(name) = name;
        each(name, value)
    })
}

impl<'t> Value<'t> {
    /// From a text that is one well-formed value.
    pub(crate) const fn of(text: &'t str) -> Self {
        Value {
            text,
            is_plain_string: false,
        }
    }

    pub(crate) const fn text(self) -> &'t str {
        self.text
    }

    pub(crate) fn is_object(self) -> bool {
        self.text.starts_with('{')
    }

    pub(crate) fn is_array(self) -> bool {
        self.text.starts_with('[')
    }

    pub(crate) fn is_number(self) -> bool {
        matches!(self.text.as_bytes().first(), Some(b'-' | b'0'..=b'9'))
    }

    /// Whether this is known to be a string without escapes.
    pub(crate) const fn is_plain_string(self) -> bool {
        self.is_plain_string
    }

    /// A string, which was read before.
    pub(crate) fn string(self) -> Option<Str<'t>> {
        let raw = self.text.strip_prefix('"')?.strip_suffix('"')?;
        let has_escapes = !self.is_plain_string && memchr::memchr(b'\\', raw.as_bytes()).is_some();
        Some(Str::new(raw, has_escapes))
    }

    /// The unescaped string, as a copy if it has escapes.
    pub(crate) fn as_str(self) -> Option<Cow<'t, str>> {
        self.string().map(Str::unescaped)
    }

    /// The elements of an array, which was read before.
    pub(crate) fn elements(self) -> Option<impl Iterator<Item = Value<'t>> + use<'t>> {
        let mut walk = Walk::into(self.text, '[')?;
        Some(iter::from_fn(move || walk.next().map(|_| walk.value())))
    }

    /// The elements of an array, which was read before; `None` for each that is not a string.
    pub(crate) fn strings(self) -> Option<Strings<'t>> {
        Walk::into(self.text, '[').map(Strings)
    }

    /// A member of an object, which was read before.
    pub(crate) fn member(self, wanted: &str) -> Option<Value<'t>> {
        let mut walk = Walk::into(self.text.trim_start(), '{')?;
        loop {
            walk.next()?;
            let is_wanted = walk.string().is(wanted);
            walk.next()?;
            let value = walk.value();
            if is_wanted {
                return Some(value);
            }
        }
    }

    /// Checks everything beyond the grammar in a value that was handed out by `read_members`.
    pub(crate) fn check(self) -> Result<(), Fault> {
        Scanner::new(self.text, MAX_DEPTH).single_value()
    }
}

/// The elements of an array, `None` for each that is not a string.
pub(crate) struct Strings<'t>(Walk<'t>);

impl<'t> Iterator for Strings<'t> {
    type Item = Option<Str<'t>>;

    #[allow(clippy::inline_always)] // a call for each element would cost twice as much
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.next()? == b'"' {
            return Some(Some(self.0.string()));
        }
        self.0.value();
        Some(None)
    }
}

#[cfg(test)]
mod differences;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
