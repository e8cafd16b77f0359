//! The one strict reader of JSON: for tokens, keys, metadata and introspection responses.
//!
//! Beyond the grammar (RFC 8259) it rejects what two readers of one text could read differently:
//!
//! - two members of one object with the same name, compared after unescaping (RFC 7515 section 4,
//!   RFC 7519 section 4, RFC 8725 section 2.4),
//! - lone surrogates (RFC 8259 section 8.2),
//! - numbers longer than 64 bytes, and numbers that are not finite as a double (RFC 8259 section 6).
//!
//! Time and memory are linear in the bytes of the text. Depth is bounded; the number of members,
//! values and elements is not. The scratch memory is at most twice the text.
//!
//! The members of the outermost object are handed out as slices of the text.

use std::borrow::Cow;

pub(crate) use number::Decimal;
use scan::Scanner;
use tokens::{Quoted, Tokens};

mod names;
mod number;
mod scan;
mod tokens;

/// Objects and arrays inside one another, including the outermost object.
pub(crate) const MAX_DEPTH: usize = 32;

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
    TooDeep { limit: usize },
}

/// One value, as a slice of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'t> {
    text: &'t str,
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
    max_depth: usize,
    mut each: impl FnMut(&str, Value<'t>),
) -> Result<(), Fault> {
    Scanner::new(text, max_depth).outermost_object(Scanner::member_value, |name, value| {
        each(name, value);
        Ok(())
    })
}

/// Reads the members of an object in order and checks only the grammar of their values. The caller
/// can [`check`](Value::check) each.
pub(crate) fn read_members<'t>(
    text: &'t str,
    each: impl FnMut(&str, Value<'t>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    Scanner::new(text, MAX_DEPTH).outermost_object(Scanner::skipped_value, each)
}

impl<'t> Value<'t> {
    /// From a text that is one well-formed value.
    pub(crate) const fn of(text: &'t str) -> Self {
        Value { text }
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
        self.text
            .starts_with(|c: char| c == '-' || c.is_ascii_digit())
    }

    fn quoted(self) -> Option<Quoted<'t>> {
        if !self.text.starts_with('"') {
            return None;
        }
        Tokens::new(self.text).string().ok()?.is_text().ok()
    }

    /// The text of a string: a slice, or a copy if it has escapes.
    pub(crate) fn as_str(self) -> Option<Cow<'t, str>> {
        let quoted = self.quoted()?;
        if !quoted.has_escapes {
            return Some(Cow::Borrowed(quoted.raw));
        }
        let mut room = String::new();
        quoted.unescaped(&mut room);
        Some(Cow::Owned(room))
    }

    /// The same, with the copy in `room`: for many strings in turn.
    pub(crate) fn str_in<'r>(self, room: &'r mut String) -> Option<&'r str>
    where
        't: 'r,
    {
        Some(self.quoted()?.unescaped(room))
    }

    /// The elements of an array, which was read before; `None` if the value is not an array.
    pub(crate) fn elements(self) -> Option<impl Iterator<Item = Value<'t>> + use<'t>> {
        let mut tokens = Tokens::new(self.text);
        if !tokens.take(b'[') {
            return None;
        }
        let mut has_ended = tokens.take(b']');
        Some(std::iter::from_fn(move || {
            if has_ended {
                return None;
            }
            tokens.peek();
            let start = tokens.at();
            tokens.skip_value().ok()?;
            let element = tokens.since(start).ok()?;
            has_ended = tokens.ends(b']').unwrap_or(true);
            Some(Value::of(element))
        }))
    }

    /// A member of an object, which was read before.
    pub(crate) fn member(self, wanted: &str) -> Option<Value<'t>> {
        let mut found = None;
        let read = read_members(self.text, |name, value| {
            if name == wanted {
                found = Some(value);
            }
            Ok(())
        });
        read.ok().and(found)
    }

    pub(crate) fn is_well_formed(self) -> bool {
        let mut tokens = Tokens::new(self.text);
        tokens.skip_value().and_then(|()| tokens.end()).is_ok()
    }

    /// Checks everything beyond the grammar in a value that was handed out by `read_members`.
    pub(crate) fn check(self) -> Result<(), Fault> {
        Scanner::new(self.text, MAX_DEPTH).single_value()
    }
}

#[cfg(test)]
mod differences;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
