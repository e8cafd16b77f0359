//! One strict pass over a text: the grammar, duplicate names and the bounds.

use super::names::{Names, OpenObject};
use super::number::{self, Decimal};
use super::strings::Str;
use super::tokens::Tokens;
use super::walk::Walk;
use super::{Fault, Value};

/// serde_json reads an object with one of these names as another value: the first as the JSON in
/// its string; the second as a number, if any crate in the program enables a feature. An object
/// with such a name is rejected, so that no two readers of a text see different values.
const NAMES_OF_SERDE_JSON: [&str; 2] = [
    "$serde_json::private::RawValue",
    "$serde_json::private::Number",
];

pub(super) struct Scanner<'t> {
    tokens: Tokens<'t>,
    names: Names,
    max_depth: u8,
    /// For names of nested objects that have escapes.
    room: String,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str, max_depth: u8) -> Self {
        Scanner {
            tokens: Tokens::new(text),
            names: Names::in_text(text),
            max_depth,
            room: String::new(),
        }
    }

    /// A text that is one object. Each member is handed out after its value was read, strictly or
    /// with a look at its grammar only.
    pub(super) fn outermost_object(
        mut self,
        is_strict: bool,
        each: &mut dyn FnMut(&str, Value<'t>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if !self.tokens.take(b'{') {
            return Err(Fault::NotAnObject);
        }
        if self.tokens.take(b'}') {
            return self.tokens.end();
        }
        // Names inside a value need room of their own.
        let mut room = String::new();
        let object = self.names.open(self.tokens.at());
        loop {
            let at = self.tokens.at();
            let name = self.name()?.unescaped_in(&mut room);
            add_name(self.tokens.text(), &mut self.names, object, at, name)?;
            self.tokens.peek();
            let start = self.tokens.at();
            if is_strict {
                self.value(1)?;
            } else {
                self.tokens.skip_value()?;
            }
            each(name, Value::of(self.tokens.since(start)?))?;
            if self.tokens.ends(b'}')? {
                return self.tokens.end();
            }
        }
    }

    /// A text that is one value, as deep as a member of the outermost object.
    pub(super) fn single_value(mut self) -> Result<(), Fault> {
        self.value(1)?;
        self.tokens.end()
    }

    /// A value inside `depth` objects and arrays.
    #[allow(clippy::inline_always)] // a call for each small value would cost a third more
    #[inline(always)]
    fn value(&mut self, depth: u8) -> Result<(), Fault> {
        match self.tokens.peek() {
            Some(b'"') => self.tokens.skip_string()?.are_text().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{' | b'[') if depth >= self.max_depth => Err(Fault::TooDeep {
                limit: self.max_depth,
            }),
            Some(b'{') => self.nested_object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            _ => self.tokens.word(),
        }
    }

    #[inline]
    fn number(&mut self) -> Result<(), Fault> {
        let start = self.tokens.at();
        let has_long_exponent = self.tokens.number()?;
        if has_long_exponent || self.tokens.at() - start > number::MAX_BYTES {
            return self.check_number(start);
        }
        // 64 digits and an exponent of two digits are always finite.
        Ok(())
    }

    #[inline(never)]
    fn check_number(&self, start: usize) -> Result<(), Fault> {
        let number = self.tokens.bytes_since(start);
        if number.len() > number::MAX_BYTES || !Decimal::of(number).is_finite() {
            return Err(Fault::Number);
        }
        Ok(())
    }

    #[inline(never)]
    fn nested_object(&mut self, depth: u8) -> Result<(), Fault> {
        self.tokens.take(b'{');
        if self.tokens.take(b'}') {
            return Ok(());
        }
        let start = self.tokens.at();
        let first = self.name()?;
        self.value(depth)?;
        if self.tokens.ends(b'}')? {
            // One name has no duplicate.
            return Ok(());
        }
        let object = self.names.open(start);
        self.add_nested(object, start, first)?;
        loop {
            let at = self.tokens.at();
            let name = self.name()?;
            self.add_nested(object, at, name)?;
            self.value(depth)?;
            if self.tokens.ends(b'}')? {
                self.names.close(object);
                return Ok(());
            }
        }
    }

    /// The next name of an object. The colon after it is read too.
    fn name(&mut self) -> Result<Str<'t>, Fault> {
        self.tokens.peek();
        let name = self.tokens.string()?;
        if NAMES_OF_SERDE_JSON.iter().any(|reserved| name.is(reserved)) {
            return Err(Fault::Syntax);
        }
        self.tokens.expect(b':')?;
        Ok(name)
    }

    #[inline(never)]
    fn add_nested(&mut self, object: OpenObject, at: usize, name: Str<'t>) -> Result<(), Fault> {
        let name = name.unescaped_in(&mut self.room);
        add_name(self.tokens.text(), &mut self.names, object, at, name)
    }

    #[inline(never)]
    fn array(&mut self, depth: u8) -> Result<(), Fault> {
        self.tokens.take(b'[');
        if self.tokens.take(b']') {
            return Ok(());
        }
        loop {
            self.value(depth)?;
            if self.tokens.ends(b']')? {
                return Ok(());
            }
        }
    }
}

/// Adds the name that is next from this position on to an open object.
#[allow(clippy::inline_always)] // a call for each name would cost a tenth more
#[inline(always)]
fn add_name(
    text: &str,
    names: &mut Names,
    object: OpenObject,
    at: usize,
    name: &str,
) -> Result<(), Fault> {
    if names.insert(object, name) || !is_duplicate(text, object.start, at, name) {
        return Ok(());
    }
    Err(Fault::Duplicate)
}

/// Whether a name occurs in its object before its own position. Equal hashes alone reject nothing.
#[inline(never)] // hardly ever asked
pub(super) fn is_duplicate(text: &str, object_start: usize, name_start: usize, name: &str) -> bool {
    let mut earlier = Walk::from(text, object_start);
    while earlier.next().is_some() && earlier.at() < name_start {
        if earlier.string().is(name) {
            return true;
        }
        earlier.next();
        earlier.value();
    }
    false
}
