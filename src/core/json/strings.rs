//! Strings (RFC 8259 section 7) and their escapes.

use std::borrow::Cow;

/// The bytes that end a string or begin an escape, and those that no string has.
#[allow(clippy::indexing_slicing)] // by the compiler
const IS_SPECIAL: [bool; 256] = {
    let mut is_special = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        is_special[byte] = byte < 0x20 || byte == b'"' as usize || byte == b'\\' as usize;
        byte += 1;
    }
    is_special
};

/// The position of the first special byte from `at` on, or the end of the text.
#[inline]
pub(super) fn end_of_plain(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(|byte| is_plain(*byte)) {
        at += 1;
    }
    at
}

#[inline]
fn is_plain(byte: u8) -> bool {
    IS_SPECIAL.get(usize::from(byte)) == Some(&false)
}

/// A well-formed string, as the text between its quotes.
#[derive(Clone, Copy)]
pub(crate) struct Str<'t> {
    raw: &'t str,
    has_escapes: bool,
}

impl<'t> Str<'t> {
    pub(super) const fn new(raw: &'t str, has_escapes: bool) -> Self {
        Str { raw, has_escapes }
    }

    /// Text without escapes.
    pub(crate) const fn plain(text: &'t str) -> Self {
        Str::new(text, false)
    }

    /// The string, if it has no escapes.
    pub(crate) const fn plain_text(self) -> Option<&'t str> {
        if self.has_escapes {
            None
        } else {
            Some(self.raw)
        }
    }

    /// Whether the unescaped string is empty.
    pub(crate) const fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// Whether the unescaped string is this text.
    #[inline]
    pub(crate) fn is(self, text: &str) -> bool {
        if !self.has_escapes {
            return self.raw == text;
        }
        // An escape is longer than what it means.
        self.raw.len() > text.len() && self.means(text)
    }

    #[inline(never)] // few strings have escapes
    fn means(self, text: &str) -> bool {
        let mut wanted = text.chars();
        self.all(|character| wanted.next() == Some(character)) && wanted.next().is_none()
    }

    /// Whether this holds for every character of the unescaped string.
    #[inline]
    pub(crate) fn all(self, mut holds: impl FnMut(char) -> bool) -> bool {
        if !self.has_escapes {
            return self.raw.chars().all(holds);
        }
        let mut rest = self.raw;
        while let Some(next) = rest.chars().next() {
            let escape = unescape(rest.as_bytes());
            let (character, length) = escape.unwrap_or((next, next.len_utf8()));
            if !holds(character) {
                return false;
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        true
    }

    /// The unescaped string: a slice of the text, or a copy if it has escapes.
    pub(crate) fn unescaped(self) -> Cow<'t, str> {
        if !self.has_escapes {
            return Cow::Borrowed(self.raw);
        }
        // An escape is longer than what it means.
        let mut copy = String::with_capacity(self.raw.len());
        let bytes = self.raw.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if let Some((character, length)) = unescape(bytes.get(at..).unwrap_or_default()) {
                copy.push(character);
                at += length;
            } else {
                let start = at;
                at = end_of_plain(bytes, at + 1);
                copy.push_str(self.raw.get(start..at).unwrap_or_default());
            }
        }
        Cow::Owned(copy)
    }
}

/// A string without its escapes.
pub(super) enum Unescaped<'r> {
    /// It has none in the text.
    Slice(&'r str),
    /// In UTF-8.
    Copy(&'r [u8]),
}

impl<'r> Unescaped<'r> {
    pub(super) const fn bytes(&self) -> &'r [u8] {
        match self {
            Unescaped::Slice(text) => text.as_bytes(),
            Unescaped::Copy(bytes) => bytes,
        }
    }

    pub(super) fn text(&self) -> Option<&'r str> {
        match self {
            Unescaped::Slice(text) => Some(text),
            Unescaped::Copy(bytes) => std::str::from_utf8(bytes).ok(),
        }
    }
}

/// The position after a string whose first escape is at `at`, and whether it is text. `None` if it
/// is not of the grammar.
#[inline(never)] // few strings have escapes
pub(super) fn end_of_escaped(text: &str, mut at: usize) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    let mut is_text = true;
    while bytes.get(at) == Some(&b'\\') {
        let (character, length) = read_escape(bytes.get(at..)?)?;
        is_text &= character.is_some();
        at = end_of_plain(bytes, at + length);
    }
    (bytes.get(at) == Some(&b'"')).then_some((at + 1, is_text))
}

/// Unescapes a string, which begins at `start`, in one pass. Also gives the position after its
/// closing quote. `None` if it is not of the grammar, or not text.
///
/// The room grows to the size of the longest string with escapes in the text, and no further.
#[inline(never)] // few names have escapes
pub(super) fn unescape_in<'r>(
    room: &'r mut Vec<u8>,
    text: &str,
    start: usize,
) -> Option<(usize, &'r [u8])> {
    let bytes = text.as_bytes();
    let (mut at, mut length) = (start, 0);
    let mut push = |byte: u8| {
        if length == room.len() {
            // An escape is longer than what it means, so this is enough for the whole string.
            let needed = length_of_escaped(bytes, start);
            room.reserve_exact(needed.saturating_sub(length));
            room.resize(needed, 0);
        }
        *room.get_mut(length)? = byte;
        length += 1;
        Some(())
    };
    loop {
        let byte = *bytes.get(at)?;
        if is_plain(byte) {
            push(byte)?;
            at += 1;
        } else if byte == b'"' {
            return Some((at + 1, room.get(..length)?));
        } else {
            let (character, escape) = read_escape(bytes.get(at..)?)?;
            for byte in character?.encode_utf8(&mut [0; 4]).bytes() {
                push(byte)?;
            }
            at += escape;
        }
    }
}

/// Bytes from the start of a string to its closing quote, or to the end of the text.
#[cold]
fn length_of_escaped(text: &[u8], start: usize) -> usize {
    let mut at = end_of_plain(text, start);
    while text.get(at) == Some(&b'\\') {
        at = end_of_plain(text, at + 2);
    }
    at - start
}

/// The escape at the beginning of a text that was read before.
#[allow(clippy::inline_always)] // a call for each character would double the cost
#[inline(always)]
fn unescape(text: &[u8]) -> Option<(char, usize)> {
    let (character, length) = read_escape(text)?;
    Some((character.unwrap_or(char::REPLACEMENT_CHARACTER), length))
}

/// More than any code unit, also when digits follow.
const NO_DIGIT: u32 = 0x1_0000;

/// The values of hexadecimal digits.
#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation)] // by the compiler
const HEX_DIGITS: [u32; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value] as usize] = value as u32;
        values[b"0123456789ABCDEF"[value] as usize] = value as u32;
        value += 1;
    }
    values
};

/// Bytes of `\uXXXX`.
const CODE_UNIT: usize = 6;

/// What the escape at the beginning of a text means, and its length. The meaning is `None` for half
/// of a surrogate pair.
#[inline]
fn read_escape(text: &[u8]) -> Option<(Option<char>, usize)> {
    let [b'\\', kind, ..] = text else {
        return None;
    };
    let meaning = match kind {
        b'u' => return read_code_units(text),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'"' | b'\\' | b'/' => char::from(*kind),
        _ => return None,
    };
    Some((Some(meaning), 2))
}

/// One `\uXXXX`, or two for a surrogate pair.
#[inline]
fn read_code_units(text: &[u8]) -> Option<(Option<char>, usize)> {
    let unit = code_unit(text)?;
    if let Some(character) = char::from_u32(unit) {
        return Some((Some(character), CODE_UNIT));
    }
    let second = text.get(CODE_UNIT..).and_then(code_unit);
    let pair = second.and_then(|second| {
        let (high, low) = (unit.checked_sub(0xD800)?, second.checked_sub(0xDC00)?);
        let is_pair = high < 0x400 && low < 0x400;
        is_pair.then(|| char::from_u32(0x1_0000 + (high << 10 | low)))?
    });
    let length = CODE_UNIT + usize::from(pair.is_some()) * CODE_UNIT;
    Some((pair, length))
}

/// Of `\uXXXX` at the beginning of a text.
fn code_unit(text: &[u8]) -> Option<u32> {
    let [b'\\', b'u', a, b, c, d, ..] = text else {
        return None;
    };
    let unit = [a, b, c, d].iter().fold(0, |unit, digit| {
        let value = HEX_DIGITS.get(usize::from(**digit));
        unit << 4 | value.unwrap_or(&NO_DIGIT)
    });
    (unit < NO_DIGIT).then_some(unit)
}
