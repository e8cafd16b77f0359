//! Strings (RFC 8259 section 7) and their escapes.

use std::borrow::Cow;

use super::Fault;

/// A well-formed string, as the text between its quotes.
#[derive(Clone, Copy)]
pub(crate) struct Str<'t> {
    raw: &'t str,
    escapes: Escapes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    None,
    Sound,
    /// The grammar allows half of a surrogate pair, which isn't text.
    LoneSurrogate,
}

impl Escapes {
    pub(super) fn are_text(self) -> Result<(), Fault> {
        if self == Escapes::LoneSurrogate {
            return Err(Fault::Syntax);
        }
        Ok(())
    }
}

impl<'t> Str<'t> {
    pub(super) const fn new(raw: &'t str, escapes: Escapes) -> Self {
        Str { raw, escapes }
    }

    /// Text without escapes.
    pub(crate) const fn plain(text: &'t str) -> Self {
        Str::new(text, Escapes::None)
    }

    pub(super) fn is_text(self) -> Result<Self, Fault> {
        self.escapes.are_text().map(|()| self)
    }

    fn has_escapes(self) -> bool {
        self.escapes != Escapes::None
    }

    /// Whether the unescaped string is empty.
    pub(crate) const fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// Whether the unescaped string is this text.
    pub(crate) fn is(self, text: &str) -> bool {
        // An escape is longer than what it means.
        self.raw.len() >= text.len() && self.unescaped() == text
    }

    /// The unescaped string: a slice of the text, or a copy if it has escapes.
    pub(crate) fn unescaped(self) -> Cow<'t, str> {
        if !self.has_escapes() {
            return Cow::Borrowed(self.raw);
        }
        let mut copy = String::new();
        self.copy_into(&mut copy);
        Cow::Owned(copy)
    }

    /// The same, with the copy in `room`.
    #[inline]
    pub(crate) fn unescaped_in<'r>(self, room: &'r mut String) -> &'r str
    where
        't: 'r,
    {
        if !self.has_escapes() {
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
        while !rest.is_empty() {
            let length = match read_escape(rest.as_bytes()) {
                Some((Some(character), length)) => {
                    room.push(character);
                    length
                }
                Some((None, length)) => length,
                None => {
                    let plain = rest.find('\\').unwrap_or(rest.len());
                    room.push_str(rest.get(..plain).unwrap_or_default());
                    plain
                }
            };
            rest = rest.get(length..).unwrap_or_default();
        }
    }

    /// The same, if it was copied before.
    pub(super) fn or_copy<'r>(self, copy: &'r str) -> &'r str
    where
        't: 'r,
    {
        if self.has_escapes() { copy } else { self.raw }
    }
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
