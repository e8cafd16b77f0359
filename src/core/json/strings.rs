//! Strings (RFC 8259 section 7) and their escapes.

use std::borrow::Cow;
use std::iter;

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
    let is_plain = |byte: &u8| IS_SPECIAL.get(usize::from(*byte)) == Some(&false);
    while text.get(at).is_some_and(is_plain) {
        at += 1;
    }
    at
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
        self.raw.len() > text.len() && self.chars().eq(text.chars())
    }

    /// The characters of the unescaped string.
    #[inline]
    pub(crate) fn chars(self) -> impl Iterator<Item = char> + use<'t> {
        let mut rest = self.raw;
        iter::from_fn(move || {
            let (character, length) = match unescape(rest) {
                Some(escape) => escape,
                None => rest.chars().next().map(|next| (next, next.len_utf8()))?,
            };
            rest = rest.get(length..).unwrap_or_default();
            Some(character)
        })
    }

    /// The unescaped string: a slice of the text, or a copy if it has escapes.
    pub(crate) fn unescaped(self) -> Cow<'t, str> {
        if !self.has_escapes {
            return Cow::Borrowed(self.raw);
        }
        let mut copy = String::new();
        self.copy_into(&mut copy);
        Cow::Owned(copy)
    }

    /// The same, with the copy in `room`.
    #[inline]
    pub(super) fn unescaped_in<'r>(self, room: &'r mut String) -> &'r str
    where
        't: 'r,
    {
        if !self.has_escapes {
            return self.raw;
        }
        self.copy_into(room);
        room
    }

    #[inline(never)] // few strings have escapes
    fn copy_into(self, room: &mut String) {
        room.clear();
        // An escape is longer than what it means.
        room.reserve_exact(self.raw.len());
        let mut rest = self.raw;
        loop {
            let is_escape = |byte| byte == b'\\';
            let plain = rest.bytes().position(is_escape).unwrap_or(rest.len());
            let (plain, escaped) = rest.split_at_checked(plain).unwrap_or((rest, ""));
            room.push_str(plain);
            let Some((character, length)) = unescape(escaped) else {
                return;
            };
            room.push(character);
            rest = escaped.get(length..).unwrap_or_default();
        }
    }

    /// The same, if it was copied before.
    pub(super) fn or_copy<'r>(self, copy: &'r str) -> &'r str
    where
        't: 'r,
    {
        if self.has_escapes { copy } else { self.raw }
    }
}

/// The escape at the beginning of a text that was read before.
#[inline]
fn unescape(text: &str) -> Option<(char, usize)> {
    let (character, length) = read_escape(text.as_bytes())?;
    Some((character.unwrap_or(char::REPLACEMENT_CHARACTER), length))
}

/// Bytes of `\uXXXX`.
const CODE_UNIT: usize = 6;

/// What the escape at the beginning of a text means, and its length. The meaning is `None` for half
/// of a surrogate pair.
#[inline]
pub(super) fn read_escape(text: &[u8]) -> Option<(Option<char>, usize)> {
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
#[inline(never)]
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
    let digits = text.get(..CODE_UNIT)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| {
        Some(unit << 4 | char::from(*digit).to_digit(16)?)
    })
}
