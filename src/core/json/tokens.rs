//! The tokens of a JSON text (RFC 8259), and the grammar without any rule beyond it.

use super::Fault;
use super::strings::{Unescaped, end_of_escaped, end_of_plain, unescape_in};

/// A position in a text.
pub(super) struct Tokens<'t> {
    text: &'t str,
    /// The next byte. It is never inside a character where a token begins or ends.
    at: usize,
}

impl<'t> Tokens<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Tokens { text, at: 0 }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) const fn text(&self) -> &'t str {
        self.text
    }

    pub(super) fn since(&self, start: usize) -> Result<&'t str, Fault> {
        self.text.get(start..self.at).ok_or(Fault::Syntax)
    }

    pub(super) fn bytes_since(&self, start: usize) -> &'t [u8] {
        self.text.as_bytes().get(start..self.at).unwrap_or_default()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips white space and returns the byte after it, which stays the next one.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        match self.byte() {
            Some(byte @ b'!'..) => Some(byte),
            _ => self.skip_space(),
        }
    }

    #[inline(never)] // serialisers write none
    fn skip_space(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest
            .iter()
            .position(|byte| !is_space(byte))
            .unwrap_or(rest.len());
        self.byte()
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
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += match rest {
            [b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..] => 4,
            [b'f', b'a', b'l', b's', b'e', ..] => 5,
            _ => return Err(Fault::Syntax),
        };
        Ok(())
    }

    /// A number (RFC 8259 section 6). Returns whether its exponent has more than two digits.
    #[inline]
    pub(super) fn number(&mut self) -> Result<bool, Fault> {
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte() == Some(b'0') {
            // No digit follows a leading zero.
            self.at += 1;
        } else {
            self.at = end_of_digits(self.text.as_bytes(), self.at)?;
        }
        match self.byte() {
            Some(b'.' | b'e' | b'E') => self.rest_of_number(),
            _ => Ok(false),
        }
    }

    #[inline(never)] // most numbers are integers
    fn rest_of_number(&mut self) -> Result<bool, Fault> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        if bytes.get(at) == Some(&b'.') {
            at = end_of_digits(bytes, at + 1)?;
        }
        let mut has_long_exponent = false;
        if let Some(b'e' | b'E') = bytes.get(at) {
            let has_sign = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
            let start = at + 1 + usize::from(has_sign);
            at = end_of_digits(bytes, start)?;
            has_long_exponent = at - start > 2;
        }
        self.at = at;
        Ok(has_long_exponent)
    }

    /// A string that is text. If it has escapes, it is unescaped in `room`.
    #[allow(clippy::inline_always)] // a call for each name would cost a tenth more
    #[inline(always)]
    pub(super) fn string_in<'r>(&mut self, room: &'r mut Vec<u8>) -> Result<Unescaped<'r>, Fault>
    where
        't: 'r,
    {
        let start = self.at + 1;
        if self.begin_string()? {
            let (end, text) = unescape_in(room, self.text, start).ok_or(Fault::Syntax)?;
            self.at = end;
            return Ok(Unescaped::Copy(text));
        }
        let text = self.text.get(start..self.at - 1).ok_or(Fault::Syntax)?;
        Ok(Unescaped::Slice(text))
    }

    /// Goes behind a string that has no escapes, or to its first escape. Returns whether it has
    /// escapes.
    #[inline]
    pub(super) fn begin_string(&mut self) -> Result<bool, Fault> {
        if self.byte() != Some(b'"') {
            return Err(Fault::Syntax);
        }
        let bytes = self.text.as_bytes();
        self.at = end_of_plain(bytes, self.at + 1);
        match self.byte() {
            Some(b'"') => {
                self.at += 1;
                Ok(false)
            }
            Some(b'\\') => Ok(true),
            _ => Err(Fault::Syntax),
        }
    }

    /// A string (RFC 8259 section 7), which is next without white space. Returns whether it is
    /// text: the grammar allows half of a surrogate pair, which isn't.
    #[inline]
    pub(super) fn skip_string(&mut self) -> Result<bool, Fault> {
        if !self.begin_string()? {
            return Ok(true);
        }
        self.end_escaped()
    }

    /// Goes behind a string whose first escape is next. Returns whether it is text.
    pub(super) fn end_escaped(&mut self) -> Result<bool, Fault> {
        let (at, is_text) = end_of_escaped(self.text, self.at).ok_or(Fault::Syntax)?;
        self.at = at;
        Ok(is_text)
    }

    /// A value at any depth, of which only the grammar is checked.
    pub(super) fn skip_value(&mut self) -> Result<(), Fault> {
        // The brackets that end the open objects and arrays.
        let mut open = Vec::new();
        loop {
            let mut has_ended = true;
            match self.peek() {
                Some(b'"') => drop(self.skip_string()?),
                Some(b'-' | b'0'..=b'9') => drop(self.number()?),
                Some(bracket @ (b'{' | b'[')) => {
                    self.at += 1;
                    // In ASCII, `]` and `}` are two after `[` and `{`.
                    let end = bracket + 2;
                    has_ended = self.take(end);
                    if !has_ended {
                        open.push(end);
                    }
                }
                _ => self.word()?,
            }
            while has_ended {
                let Some(end) = open.last() else {
                    return Ok(());
                };
                has_ended = self.ends(*end)?;
                if has_ended {
                    open.pop();
                }
            }
            if open.last() == Some(&b'}') {
                self.peek();
                self.skip_string()?;
                self.expect(b':')?;
            }
        }
    }
}

/// The position after the digits at `start`, of which there is at least one.
#[inline]
fn end_of_digits(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start;
    while matches!(bytes.get(at), Some(b'0'..=b'9')) {
        at += 1;
    }
    if at == start {
        return Err(Fault::Syntax);
    }
    Ok(at)
}
