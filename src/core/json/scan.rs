//! One strict pass over a text: the grammar, duplicate names and the bounds.

use super::names::{Names, OpenObject};
use super::number::{self, Decimal};
use super::tokens::{Quoted, Tokens};
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
    max_depth: usize,
    /// For names that have escapes.
    room: String,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str, max_depth: usize) -> Self {
        Scanner {
            tokens: Tokens::new(text),
            names: Names::in_text(text),
            max_depth,
            room: String::new(),
        }
    }

    /// A text that is one object. Each member is handed out once `read` has read its value.
    pub(super) fn outermost_object(
        mut self,
        read: fn(&mut Self) -> Result<(), Fault>,
        mut each: impl FnMut(&str, Value<'t>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if !self.tokens.take(b'{') {
            return Err(Fault::NotAnObject);
        }
        self.members(|scanner, name| {
            scanner.tokens.peek();
            let start = scanner.tokens.at();
            read(scanner)?;
            let value = Value::of(scanner.tokens.since(start)?);
            if name.has_escapes {
                each(name.unescaped(&mut String::new()), value)
            } else {
                each(name.raw, value)
            }
        })?;
        self.tokens.end()
    }

    /// A text that is one value, as deep as a member of the outermost object.
    pub(super) fn single_value(mut self) -> Result<(), Fault> {
        self.member_value()?;
        self.tokens.end()
    }

    /// A value of the outermost object.
    pub(super) fn member_value(&mut self) -> Result<(), Fault> {
        self.value(1)
    }

    /// The same, but only the grammar of the value is checked.
    pub(super) fn skipped_value(&mut self) -> Result<(), Fault> {
        self.tokens.skip_value()
    }

    /// A value inside `depth` objects and arrays.
    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        match self.tokens.peek() {
            Some(b'"') => self.tokens.string()?.is_text().map(drop),
            Some(b'-' | b'0'..=b'9') => check_number(self.tokens.number()?),
            Some(b'{' | b'[') if depth >= self.max_depth => Err(Fault::TooDeep {
                limit: self.max_depth,
            }),
            Some(b'{') => {
                self.tokens.take(b'{');
                self.members(|scanner, _| scanner.value(depth + 1))
            }
            Some(b'[') => {
                self.tokens.take(b'[');
                self.array(depth + 1)
            }
            _ => self.tokens.word(),
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
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

    /// The rest of an object; `read` reads the value of each member.
    fn members(
        &mut self,
        mut read: impl FnMut(&mut Self, Quoted<'t>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.tokens.take(b'}') {
            return Ok(());
        }
        let object = self.names.open(self.tokens.at());
        loop {
            let name = self.name(object)?;
            self.tokens.expect(b':')?;
            read(self, name)?;
            if self.tokens.ends(b'}')? {
                self.names.close(object);
                return Ok(());
            }
        }
    }

    fn name(&mut self, object: OpenObject) -> Result<Quoted<'t>, Fault> {
        self.tokens.peek();
        let start = self.tokens.at();
        let quoted = self.tokens.string()?.is_text()?;
        let name = quoted.unescaped(&mut self.room);
        if name.starts_with('$') && NAMES_OF_SERDE_JSON.contains(&name) {
            return Err(Fault::Syntax);
        }
        if !self.names.insert(object, name) && self.is_duplicate(object, start, quoted)? {
            return Err(Fault::Duplicate);
        }
        Ok(quoted)
    }

    /// Whether a name occurs in this object before its own position. Equal hashes alone reject
    /// nothing.
    fn is_duplicate(
        &self,
        object: OpenObject,
        start: usize,
        name: Quoted<'t>,
    ) -> Result<bool, Fault> {
        let mut earlier = self.tokens.move_to(object.start);
        loop {
            earlier.peek();
            if earlier.at() >= start {
                return Ok(false);
            }
            if earlier.string()?.characters().eq(name.characters()) {
                return Ok(true);
            }
            earlier.expect(b':')?;
            earlier.skip_value()?;
            earlier.expect(b',')?;
        }
    }
}

fn check_number(number: &str) -> Result<(), Fault> {
    // Without an exponent, so few digits are always finite.
    let has_exponent = || number.bytes().any(|byte| matches!(byte, b'e' | b'E'));
    let is_good =
        number.len() <= number::MAX_BYTES && (!has_exponent() || Decimal::of(number).is_finite());
    if is_good { Ok(()) } else { Err(Fault::Number) }
}
