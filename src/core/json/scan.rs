//! One pass over a text that judges all of it: the grammar, doubled names, and the bounds.
//!
//! serde_json reads the same, at several times the cost where hostile text has many small values, and without telling where
//! they stand. Tests and a fuzz target compare the two.

use std::borrow::Cow;
use std::mem;

use super::names::{Names, OpenObject};
use super::tokens::{Tokens, unescape};
use super::{Fault, MAX_DEPTH, Value};

pub(super) struct Scanner<'t> {
    tokens: Tokens<'t>,
    names: Names,
    values_left: usize,
    /// For the next name that has escapes.
    room: String,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str, max_values: usize) -> Self {
        Scanner {
            tokens: Tokens::new(text),
            names: Names::new(),
            values_left: max_values,
            room: String::new(),
        }
    }

    /// A text that is one object. Tells its members in order, each when its value was read to the end.
    pub(super) fn outermost_object(
        mut self,
        mut each: impl FnMut(&str, Value<'t>),
    ) -> Result<(), Fault> {
        if self.tokens.next() != Some(b'{') {
            return Err(Fault::NotAnObject);
        }
        self.members(|scanner, name| {
            scanner.tokens.next();
            let start = scanner.tokens.place();
            let is_plain_string = scanner.value(1)?;
            let text = scanner.tokens.since(start)?;
            each(
                name,
                Value {
                    text,
                    is_plain_string,
                },
            );
            Ok(())
        })?;
        self.tokens.end()
    }

    /// A text that is one value, which is taken for a member of the outermost object.
    pub(super) fn single_value(mut self) -> Result<(), Fault> {
        self.value(1)?;
        self.tokens.end()
    }

    /// Reads a value that stands in `depth` objects and arrays. Whether it is a string without escapes.
    #[allow(clippy::inline_always)] // else each small value in a long array costs a call, a third more
    #[inline(always)]
    fn value(&mut self, depth: usize) -> Result<bool, Fault> {
        self.values_left = self.values_left.checked_sub(1).ok_or(Fault::TooComplex)?;
        match self.tokens.next() {
            Some(b'"') => return self.tokens.string(),
            Some(b'-' | b'0'..=b'9') => self.tokens.number(),
            Some(b'{' | b'[') if depth == MAX_DEPTH => Err(Fault::TooComplex),
            Some(b'{') => self.nested_object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b't') => self.tokens.word("true"),
            Some(b'f') => self.tokens.word("false"),
            Some(b'n') => self.tokens.word("null"),
            _ => Err(Fault::Syntax),
        }?;
        Ok(false)
    }

    #[inline(never)]
    fn nested_object(&mut self, depth: usize) -> Result<(), Fault> {
        self.members(|scanner, _| scanner.value(depth).map(drop))
    }

    /// Reads the object that begins here; `each` reads the value of the member that it is told.
    fn members(
        &mut self,
        mut each: impl FnMut(&mut Self, &str) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut object = self.names.open();
        self.tokens.next_is(b'{');
        if self.tokens.next_is(b'}') {
            return Ok(());
        }
        loop {
            let name = self.name(&mut object)?;
            if !self.tokens.next_is(b':') {
                return Err(Fault::Syntax);
            }
            each(self, &name)?;
            if let Cow::Owned(name) = name {
                self.room = name;
            }
            if self.tokens.ends(b'}')? {
                self.names.close(&object);
                return Ok(());
            }
        }
    }

    /// The name of a member of this object.
    #[inline]
    fn name(&mut self, object: &mut OpenObject) -> Result<Cow<'t, str>, Fault> {
        if self.tokens.next() != Some(b'"') {
            return Err(Fault::Syntax);
        }
        let start = self.tokens.place();
        let name = if self.tokens.string()? {
            Cow::Borrowed(self.tokens.inside(start)?)
        } else {
            let name = unescape(self.tokens.since(start)?, mem::take(&mut self.room));
            Cow::Owned(name.ok_or(Fault::Syntax)?)
        };
        self.names.insert(object, &name)?;
        Ok(name)
    }

    /// Reads the array that begins here.
    #[inline(never)]
    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        self.tokens.next_is(b'[');
        if self.tokens.next_is(b']') {
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
