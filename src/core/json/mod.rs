//! The one strict reader of JSON. Whatever comes from outside as JSON is read through it.
//!
//! Beyond the grammar (RFC 8259) it refuses what lets two readers of one text see two things, or what costs too much:
//! two members of one name in an object, compared after unescaping (RFC 7515 section 4, RFC 7519 section 4, RFC 8725
//! section 2.4), lone surrogates, numbers outside a double (RFC 8259 section 6; as they are spelt, so that `0e400` is one), and
//! texts beyond the bounds below.
//!
//! The members of the outermost object are handed out as slices of the text; what is nested in them is only checked.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::mem;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use names::Names;
use scan::Scanner;
use tokens::Tokens;

mod names;
mod scan;
mod tokens;

/// Objects and arrays inside one another, the outermost one included.
pub(crate) const MAX_DEPTH: usize = 32;
/// Members of one object.
pub(crate) const MAX_NAMES: usize = 128;
/// Values in one text, at all depths.
pub(crate) const MAX_VALUES: usize = 1_024;
/// Values in the header of a token, which has a few and perhaps a certificate chain.
pub(crate) const MAX_HEADER_VALUES: usize = 64;
/// Members of all objects that are open at one place of a text.
const MAX_OPEN_NAMES: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not JSON, or something behind it.
    Syntax,
    /// JSON, but not an object.
    NotAnObject,
    /// Two members of one name.
    Duplicate,
    /// Over one of the bounds.
    TooComplex,
}

/// One value, as it stands in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'t> {
    text: &'t str,
    /// A string that was looked through and has no escapes.
    is_plain_string: bool,
}

/// Reads the members of an object in order, each with everything that is nested in it checked.
pub(crate) fn read_object<'t>(
    text: &'t str,
    each: impl FnMut(&str, Value<'t>),
) -> Result<(), Fault> {
    read_object_within(text, MAX_VALUES, each)
}

/// The same with another bound on the number of values.
pub(crate) fn read_object_within<'t>(
    text: &'t str,
    max_values: usize,
    each: impl FnMut(&str, Value<'t>),
) -> Result<(), Fault> {
    Scanner::new(text, max_values).outermost_object(each)
}

/// Reads the members of an object in order, without a look into their values: the caller does that, value by value.
pub(crate) fn read_members<'t>(
    text: &'t str,
    each: impl FnMut(&str, Value<'t>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let begins = text.trim_start_matches([' ', '\t', '\n', '\r']);
    if !begins.starts_with('{') {
        return Err(Fault::NotAnObject);
    }
    let fault = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer
        .deserialize_map(Members {
            each,
            fault: &fault,
        })
        .and_then(|()| deserializer.end())
        .map_err(|_| fault.get().unwrap_or(Fault::Syntax))
}

impl<'t> Value<'t> {
    /// Of a text that is one well-formed value.
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
        self.text
            .starts_with(|c: char| c == '-' || c.is_ascii_digit())
    }

    /// The text of a string, without a copy where it has no escapes.
    pub(crate) fn as_str(self) -> Option<Cow<'t, str>> {
        if self.is_plain_string {
            return self.in_quotes().map(Cow::Borrowed);
        }
        let mut tokens = Tokens::new(self.text);
        if tokens.next() != Some(b'"') {
            return None;
        }
        let mut room = String::new();
        let plain = tokens.string_into(&mut room).ok()?;
        Some(plain.map_or(Cow::Owned(room), Cow::Borrowed))
    }

    /// What stands between the first and the last character of a string.
    fn in_quotes(self) -> Option<&'t str> {
        self.text.get(1..self.text.len().checked_sub(1)?)
    }

    /// The elements of an array.
    pub(crate) fn as_array(self) -> Option<Vec<Value<'t>>> {
        if !self.is_array() {
            return None;
        }
        let elements: Vec<&'t RawValue> = serde_json::from_str(self.text).ok()?;
        Some(elements.into_iter().map(|e| Value::of(e.get())).collect())
    }

    /// The strings of an array, each handed to `each`: a slice of the text, or a copy where it was escaped, whose room serves the
    /// next one if it is left there. `None` where there is something else, or more than `max`, when so many were handed out.
    pub(crate) fn each_string(
        self,
        max: usize,
        mut each: impl FnMut(&mut Cow<'t, str>),
    ) -> Option<()> {
        let mut tokens = Tokens::new(self.text);
        if !tokens.next_is(b'[') {
            return None;
        }
        if tokens.next_is(b']') {
            return Some(());
        }
        let mut room = String::new();
        for _ in 0..max {
            if tokens.next() != Some(b'"') {
                return None;
            }
            let mut string = match tokens.string_into(&mut room).ok()? {
                Some(plain) => Cow::Borrowed(plain),
                None => Cow::Owned(mem::take(&mut room)),
            };
            each(&mut string);
            if let Cow::Owned(left) = string {
                room = left;
            }
            if tokens.ends(b']').ok()? {
                return Some(());
            }
        }
        None
    }

    /// Checks what the grammar alone lets through, in a value that stands alone.
    pub(crate) fn check(self) -> Result<(), Fault> {
        Scanner::new(self.text, MAX_VALUES).single_value()
    }
}

/// Carries one of our faults through serde's error type, which keeps only its text.
fn raise<E: de::Error>(place: &Cell<Option<Fault>>, fault: Fault) -> E {
    place.set(Some(fault));
    E::custom("refused by the strict reader")
}

struct Members<'r, F> {
    each: F,
    fault: &'r Cell<Option<Fault>>,
}

impl<'t, F> Visitor<'t> for Members<'_, F>
where
    F: FnMut(&str, Value<'t>) -> Result<(), Fault>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut names = Names::new();
        let mut object = names.open();
        while let Some(name) = map.next_key_seed(Name)? {
            let raise = |fault| raise(self.fault, fault);
            names.insert(&mut object, &name).map_err(raise)?;
            let value: &'t RawValue = map.next_value()?;
            (self.each)(&name, Value::of(value.get())).map_err(raise)?;
        }
        Ok(())
    }
}

/// The unescaped name of a member.
struct Name;

impl<'t> DeserializeSeed<'t> for Name {
    type Value = Cow<'t, str>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Name {
    type Value = Cow<'t, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'t str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod differences;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
