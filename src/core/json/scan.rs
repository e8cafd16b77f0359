//! One pass over a text that judges all of it: the grammar, doubled names, and the bounds.
//!
//! serde_json reads the same, at several times the cost where hostile text has many small values, and without telling where
//! they stand. Tests and a fuzz target compare the two.

use std::mem;

use super::names::{Names, OpenObject};
use super::tokens::Tokens;
use super::{Fault, MAX_DEPTH, Value};

pub(crate) struct Scanner<'t> {
    tokens: Tokens<'t>,
    names: Names,
    values_left: usize,
    /// The last name that had escapes, as it means; or room for the next one.
    room: String,
}

impl<'t> Scanner<'t> {
    pub(crate) fn new(text: &'t str, max_values: usize) -> Self {
        Scanner {
            tokens: Tokens::new(text),
            names: Names::new(),
            values_left: max_values,
            room: String::new(),
        }
    }

    /// A text that is one object. Tells its members in order, each when its value was read to the end.
    pub(crate) fn outermost_object(
        mut self,
        mut each: impl FnMut(&str, Value<'t>),
    ) -> Result<(), Fault> {
        if self.tokens.next() != Some(b'{') {
            return Err(Fault::NotAnObject);
        }
        self.members(|scanner, object| {
            let plain_name = scanner.name(object)?;
            // Members of this value may have escaped names too.
            let escaped_name =
                plain_name.map_or_else(|| mem::take(&mut scanner.room), |_| String::new());
            scanner.colon()?;
            let first = scanner.tokens.next();
            let start = scanner.tokens.place();
            let is_plain_string = scanner.value(first, 1)?;
            let text = scanner.tokens.since(start)?;
            each(
                plain_name.unwrap_or(&escaped_name),
                Value {
                    text,
                    is_plain_string,
                },
            );
            if plain_name.is_none() {
                scanner.room = escaped_name;
            }
            Ok(())
        })?;
        self.tokens.end()
    }

    /// A text that is one value, which is taken for a member of the outermost object.
    pub(crate) fn single_value(mut self) -> Result<(), Fault> {
        let first = self.tokens.next();
        self.value(first, 1)?;
        self.tokens.end()
    }

    /// Reads a value that begins with the byte `first` and stands in `depth` objects and arrays. Whether it is a string without
    /// escapes.
    #[allow(clippy::inline_always)] // else each small value in a long array costs a call, a third more
    #[inline(always)]
    fn value(&mut self, first: Option<u8>, depth: usize) -> Result<bool, Fault> {
        self.values_left = self.values_left.checked_sub(1).ok_or(Fault::TooComplex)?;
        match first {
            Some(b'"') => return self.tokens.string(),
            Some(first @ (b'-' | b'0'..=b'9')) => self.tokens.number(first),
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
        self.members(|scanner, object| {
            scanner.name(object)?;
            scanner.colon()?;
            let first = scanner.tokens.next();
            scanner.value(first, depth).map(drop)
        })
    }

    /// Reads the object that begins here; `member` reads a member of it.
    #[inline]
    fn members(
        &mut self,
        mut member: impl FnMut(&mut Self, &mut OpenObject) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.tokens.skip();
        if self.tokens.next_is(b'}') {
            return Ok(());
        }
        let mut object = self.names.open();
        loop {
            member(self, &mut object)?;
            if self.tokens.ends(b'}')? {
                self.names.close(&object);
                return Ok(());
            }
        }
    }

    fn colon(&mut self) -> Result<(), Fault> {
        if self.tokens.next_is(b':') {
            Ok(())
        } else {
            Err(Fault::Syntax)
        }
    }

    /// The name of a member of this object: a slice of the text, or `None` where it was escaped and stands in `room`.
    #[inline]
    fn name(&mut self, object: &mut OpenObject) -> Result<Option<&'t str>, Fault> {
        if self.tokens.next() != Some(b'"') {
            return Err(Fault::Syntax);
        }
        let plain = self.tokens.string_into(&mut self.room)?;
        self.names.insert(object, plain.unwrap_or(&self.room))?;
        Ok(plain)
    }

    /// Reads the array that begins here.
    #[inline(never)]
    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        self.tokens.skip();
        let mut first = self.tokens.next();
        if first == Some(b']') {
            self.tokens.skip();
            return Ok(());
        }
        loop {
            self.value(first, depth)?;
            if self.tokens.ends(b']')? {
                return Ok(());
            }
            first = self.tokens.next();
        }
    }
}
