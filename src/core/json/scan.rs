//! One strict pass over a text: the grammar, duplicate names and the bounds.

use super::known::{KnownName, MemberName, Seen};
use super::names::{Names, OpenObject};
use super::number::{self, Decimal};
use super::strings::Unescaped;
use super::tokens::Tokens;
use super::walk::Walk;
use super::{Fault, Value};

/// serde_json reads an object with one of these names as another value: the first as the JSON in
/// its string; the second as a number, if any crate in the program enables a feature. An object
/// with such a name is rejected, so that no two readers of a text see different values.
fn is_name_of_serde_json(name: &[u8]) -> bool {
    matches!(
        name,
        b"$serde_json::private::RawValue" | b"$serde_json::private::Number"
    )
}

/// What gets the members of the outermost object.
type Each<'e, 't, N> = dyn FnMut(MemberName<'_, N>, Value<'t>) -> Result<(), Fault> + 'e;

pub(super) struct Scanner<'t> {
    tokens: Tokens<'t>,
    names: Names,
    max_depth: u8,
    /// For names of nested objects that have escapes.
    room: Vec<u8>,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str, max_depth: u8) -> Self {
        Scanner {
            tokens: Tokens::new(text),
            names: Names::in_text(text),
            max_depth,
            room: Vec::new(),
        }
    }

    /// A text that is one object. Each member is handed out after its value was read, strictly or
    /// with a look at its grammar only.
    pub(super) fn outermost_object<N: KnownName>(
        mut self,
        is_strict: bool,
        each: &mut Each<'_, 't, N>,
    ) -> Result<(), Fault> {
        if !self.tokens.take(b'{') {
            return Err(Fault::NotAnObject);
        }
        if self.tokens.take(b'}') {
            return self.tokens.end();
        }
        // Names inside a value need room of their own.
        let mut room = Vec::new();
        let object = self.names.open(self.tokens.at());
        let mut seen = Seen::default();
        loop {
            let at = self.tokens.at();
            let name = next_name(&mut self.tokens, &mut room)?;
            let name = if let Some(known) = N::of(name.bytes()) {
                if !seen.insert(known) {
                    return Err(Fault::Duplicate);
                }
                MemberName::Known(known)
            } else {
                check_other_name(&name)?;
                let hash = self.names.hash(object, name.bytes());
                let name = name.text().ok_or(Fault::Syntax)?;
                self.add_name(object, at, hash)?;
                MemberName::Other(name)
            };
            self.tokens.peek();
            let start = self.tokens.at();
            let is_plain_string = if is_strict {
                self.value(1)?
            } else {
                self.tokens.skip_value()?;
                false
            };
            let text = self.tokens.since(start)?;
            let value = Value {
                text,
                is_plain_string,
            };
            each(name, value)?;
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

    /// A value inside `depth` objects and arrays. Returns whether it is a string without escapes.
    #[allow(clippy::inline_always)] // a call for each small value would cost a third more
    #[inline(always)]
    fn value(&mut self, depth: u8) -> Result<bool, Fault> {
        match self.tokens.peek() {
            Some(b'"') => {
                let has_escapes = self.tokens.begin_string()?;
                if has_escapes && !self.tokens.end_escaped()? {
                    return Err(Fault::Syntax);
                }
                return Ok(!has_escapes);
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{' | b'[') if depth >= self.max_depth => Err(Fault::TooDeep {
                limit: self.max_depth,
            }),
            Some(b'{') => self.nested_object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            _ => self.tokens.word(),
        }?;
        Ok(false)
    }

    #[inline]
    fn number(&mut self) -> Result<(), Fault> {
        let start = self.tokens.at();
        let has_long_exponent = self.tokens.number()?;
        if has_long_exponent || self.tokens.at() - start > number::MAX_BYTES {
            return check_number(self.tokens.bytes_since(start));
        }
        // 64 digits and an exponent of two digits are always finite.
        Ok(())
    }

    #[inline(never)]
    fn nested_object(&mut self, depth: u8) -> Result<(), Fault> {
        self.tokens.take(b'{');
        if self.tokens.take(b'}') {
            return Ok(());
        }
        let start = self.tokens.at();
        let object = self.names.open(start);
        let first = self.nested_name(object)?;
        self.value(depth)?;
        if self.tokens.ends(b'}')? {
            // One name has no duplicate.
            return Ok(());
        }
        self.add_name(object, start, first)?;
        loop {
            let at = self.tokens.at();
            let hash = self.nested_name(object)?;
            self.add_name(object, at, hash)?;
            self.value(depth)?;
            if self.tokens.ends(b'}')? {
                self.names.close(object);
                return Ok(());
            }
        }
    }

    /// The hash of the next name of a nested object.
    #[inline(never)]
    fn nested_name(&mut self, object: OpenObject) -> Result<u64, Fault> {
        let name = next_name(&mut self.tokens, &mut self.room)?;
        check_other_name(&name)?;
        Ok(self.names.hash(object, name.bytes()))
    }

    /// Adds the hash of the name that is next from this position on to an open object.
    #[allow(clippy::inline_always)] // a call for each name would cost a tenth more
    #[inline(always)]
    fn add_name(&mut self, object: OpenObject, at: usize, hash: u64) -> Result<(), Fault> {
        if self.names.insert(object, hash) || !is_duplicate(self.tokens.text(), object.start, at) {
            return Ok(());
        }
        Err(Fault::Duplicate)
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

#[inline(never)]
fn check_number(number: &[u8]) -> Result<(), Fault> {
    if number.len() > number::MAX_BYTES || !Decimal::of(number).is_finite() {
        return Err(Fault::Number);
    }
    Ok(())
}

/// Checks a name that the reader does not know. None that it knows is one of serde_json.
#[inline]
fn check_other_name(name: &Unescaped<'_>) -> Result<(), Fault> {
    if is_name_of_serde_json(name.bytes()) {
        return Err(Fault::Syntax);
    }
    Ok(())
}

/// The next name of an object, unescaped. The colon after it is read too.
#[allow(clippy::inline_always)] // a call for each name would cost a tenth more
#[inline(always)]
fn next_name<'r, 't: 'r>(
    tokens: &mut Tokens<'t>,
    room: &'r mut Vec<u8>,
) -> Result<Unescaped<'r>, Fault> {
    tokens.peek();
    let name = tokens.string_in(room)?;
    tokens.expect(b':')?;
    Ok(name)
}

/// Whether the name that is next from `name_start` on occurs in its object before. Equal hashes
/// alone reject nothing.
#[inline(never)] // hardly ever asked
pub(super) fn is_duplicate(text: &str, object_start: usize, name_start: usize) -> bool {
    let mut last = Walk::from(text, name_start);
    if last.next().is_none() {
        return false;
    }
    let name = last.string().unescaped();
    let mut earlier = Walk::from(text, object_start);
    while earlier.next().is_some() && earlier.at() < name_start {
        if earlier.string().is(&name) {
            return true;
        }
        earlier.next();
        earlier.value();
    }
    false
}
