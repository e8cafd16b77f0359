//! A second look at a text that was read before: it checks nothing, so it costs less.

use super::Value;
use super::strings::{Str, end_of_plain};

/// A position in a text, before a name, a value or what is between them.
pub(super) struct Walk<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Walk<'t> {
    pub(super) const fn from(text: &'t str, at: usize) -> Self {
        Walk { text, at }
    }

    /// Into an object or array, if the text begins with this bracket.
    pub(super) fn into(text: &'t str, bracket: char) -> Option<Self> {
        text.starts_with(bracket).then(|| Walk::from(text, 1))
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Goes to the next name or value, and returns its first byte; `None` at the end of the object
    /// or array.
    #[inline]
    pub(super) fn next(&mut self) -> Option<u8> {
        loop {
            match self.byte()? {
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'}' | b']' => return None,
                first => return Some(first),
            }
        }
    }

    /// The string that is next.
    #[inline]
    pub(super) fn string(&mut self) -> Str<'t> {
        let start = self.at + 1;
        let has_escapes = self.skip_string();
        let raw = self.text.get(start..self.at - 1).unwrap_or_default();
        Str::new(raw, has_escapes)
    }

    /// Returns whether the string has escapes.
    #[inline]
    fn skip_string(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let mut has_escapes = false;
        let mut at = end_of_plain(bytes, self.at + 1);
        while bytes.get(at) == Some(&b'\\') {
            has_escapes = true;
            // What is after `\u` are plain bytes.
            at = end_of_plain(bytes, at + 2);
        }
        self.at = at + 1;
        has_escapes
    }

    /// The value that is next.
    pub(super) fn value(&mut self) -> Value<'t> {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(byte) = self.byte() {
            match byte {
                b'"' => {
                    self.skip_string();
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' | b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => break,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
        Value::of(self.since(start))
    }
}
