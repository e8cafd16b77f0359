//! The tokens of a JSON text (RFC 8259), and the grammar without any rule beyond it.

use std::str::Chars;

use super::Fault;

/// A position in a text.
#[derive(Clone)]
pub(super) struct Tokens<'t> {
    text: &'t str,
    /// The next byte. It is never inside a character where a token begins or ends.
    at: usize,
}

/// What is between the quotes of a string.
#[derive(Clone, Copy)]
pub(super) struct Quoted<'t> {
    pub(super) raw: &'t str,
    pub(super) has_escapes: bool,
    /// The grammar allows half of a surrogate pair; such a string isn't text.
    pub(super) has_lone_surrogate: bool,
}

impl<'t> Tokens<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Tokens { text, at: 0 }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn move_to(&self, at: usize) -> Self {
        Tokens { at, ..self.clone() }
    }

    pub(super) fn since(&self, start: usize) -> Result<&'t str, Fault> {
        self.text.get(start..self.at).ok_or(Fault::Syntax)
    }

    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Skips white space and returns the byte after it, which stays the next one.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                byte => return byte.copied(),
            }
        }
    }

    /// Skips white space, and this byte if it is next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(Fault::Syntax)
        }
    }

    /// Skips a comma, or the byte that ends the object or array; returns whether it ended.
    pub(super) fn ends(&mut self, end: u8) -> Result<bool, Fault> {
        let next = self.peek();
        self.at += 1;
        match next {
            Some(b',') => Ok(false),
            Some(byte) if byte == end => Ok(true),
            _ => Err(Fault::Syntax),
        }
    }

    /// Only white space is left.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.peek().map_or(Ok(()), |_| Err(Fault::Syntax))
    }

    /// `true`, `false` or `null`.
    pub(super) fn word(&mut self) -> Result<(), Fault> {
        let words: [&[u8]; 3] = [b"true", b"false", b"null"];
        let found = words.iter().find(|word| self.rest().starts_with(word));
        self.at += found.ok_or(Fault::Syntax)?.len();
        Ok(())
    }

    /// A number (RFC 8259 section 6).
    pub(super) fn number(&mut self) -> Result<&'t str, Fault> {
        let start = self.at;
        self.skip_if(|byte| byte == b'-');
        // No digit follows a leading zero.
        if !self.skip_if(|byte| byte == b'0') {
            self.digits()?;
        }
        if self.skip_if(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.skip_if(|byte| matches!(byte, b'e' | b'E')) {
            self.skip_if(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        self.since(start)
    }

    fn skip_if(&mut self, is_wanted: impl Fn(u8) -> bool) -> bool {
        let byte = self.text.as_bytes().get(self.at);
        let is_next = byte.is_some_and(|byte| is_wanted(*byte));
        self.at += usize::from(is_next);
        is_next
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit());
        match digits.count() {
            0 => Err(Fault::Syntax),
            count => {
                self.at += count;
                Ok(())
            }
        }
    }

    /// A string (RFC 8259 section 7).
    pub(super) fn string(&mut self) -> Result<Quoted<'t>, Fault> {
        self.expect(b'"')?;
        let start = self.at;
        let (mut has_escapes, mut has_lone_surrogate) = (false, false);
        loop {
            let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | ..b' ');
            self.at += self.rest().iter().take_while(is_plain).count();
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    let mut chars = rest.chars();
                    has_lone_surrogate |= read_character(&mut chars)?.is_none();
                    self.at += rest.len() - chars.as_str().len();
                }
                _ => return Err(Fault::Syntax),
            }
        }
        let raw = self.since(start)?;
        self.at += 1;
        Ok(Quoted {
            raw,
            has_escapes,
            has_lone_surrogate,
        })
    }

    /// A value at any depth, of which only the grammar is checked.
    pub(super) fn skip_value(&mut self) -> Result<(), Fault> {
        // What ends each object and array that is open.
        let mut open = Vec::new();
        loop {
            let is_empty = match self.peek() {
                Some(b'"') => self.string().map(|_| true),
                Some(b'-' | b'0'..=b'9') => self.number().map(|_| true),
                Some(bracket @ (b'{' | b'[')) => {
                    self.at += 1;
                    // `]` and `}` are two places after `[` and `{`.
                    open.push(bracket + 2);
                    let is_empty = self.take(bracket + 2);
                    if is_empty {
                        open.pop();
                    }
                    Ok(is_empty)
                }
                _ => self.word().map(|()| true),
            }?;
            if is_empty {
                while let Some(end) = open.last() {
                    if !self.ends(*end)? {
                        break;
                    }
                    open.pop();
                }
            }
            match open.last() {
                None => return Ok(()),
                Some(b'}') => {
                    self.string()?;
                    self.expect(b':')?;
                }
                Some(_) => {}
            }
        }
    }
}

impl<'t> Quoted<'t> {
    pub(super) fn is_text(self) -> Result<Self, Fault> {
        if self.has_lone_surrogate {
            return Err(Fault::Syntax);
        }
        Ok(self)
    }

    /// The string: a slice of the text, or written into `room` if it has escapes.
    pub(super) fn unescaped<'r>(self, room: &'r mut String) -> &'r str
    where
        't: 'r,
    {
        if !self.has_escapes {
            return self.raw;
        }
        room.clear();
        // An escape is never shorter than what it means.
        room.reserve_exact(self.raw.len());
        room.extend(self.characters());
        room
    }

    pub(super) fn characters(self) -> impl Iterator<Item = char> {
        let mut chars = self.raw.chars();
        std::iter::from_fn(move || read_character(&mut chars).ok().flatten())
    }
}

/// One character of a string, perhaps escaped. `None` for half of a surrogate pair.
fn read_character(chars: &mut Chars<'_>) -> Result<Option<char>, Fault> {
    let first = chars.next().ok_or(Fault::Syntax)?;
    if first != '\\' {
        return Ok(Some(first));
    }
    Ok(Some(match chars.next() {
        Some(same @ ('"' | '\\' | '/')) => same,
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => {
            let unit = read_code_unit(chars)?;
            return Ok(char::from_u32(unit).or_else(|| read_pair(unit, chars)));
        }
        _ => return Err(Fault::Syntax),
    }))
}

/// The character of a surrogate pair, whose first half was read.
fn read_pair(high: u32, chars: &mut Chars<'_>) -> Option<char> {
    let mut after = chars.clone();
    if after.next() != Some('\\') || after.next() != Some('u') {
        return None;
    }
    let low = read_code_unit(&mut after).ok()?;
    if !(0xD800..0xDC00).contains(&high) || !(0xDC00..0xE000).contains(&low) {
        return None;
    }
    *chars = after;
    char::from_u32(0x1_0000 + ((high - 0xD800) << 10 | (low - 0xDC00)))
}

/// Four hexadecimal digits.
fn read_code_unit(chars: &mut Chars<'_>) -> Result<u32, Fault> {
    (0..4).try_fold(0, |unit, _| {
        let digit = chars.next().and_then(|character| character.to_digit(16));
        Ok(unit << 4 | digit.ok_or(Fault::Syntax)?)
    })
}
