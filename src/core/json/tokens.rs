//! The tokens of a JSON text (RFC 8259): white space, words, numbers, strings. What is read is moved past.

use super::Fault;

/// A number below ten to this power, by its digits before the point and its exponent, is one of a double.
const MAX_POWER: usize = 308;
/// The digits of the greatest double, as every language writes it: that is below ten to the next power.
const GREATEST: &[u8; 17] = b"17976931348623157";

pub(crate) struct Tokens<'t> {
    text: &'t str,
    /// The next byte; where it is not one of ASCII, it may stand inside a character.
    at: usize,
}

impl<'t> Tokens<'t> {
    pub(crate) const fn new(text: &'t str) -> Self {
        Tokens { text, at: 0 }
    }

    pub(crate) const fn place(&self) -> usize {
        self.at
    }

    /// What was read since a place.
    pub(crate) fn since(&self, start: usize) -> Result<&'t str, Fault> {
        self.text.get(start..self.at).ok_or(Fault::Syntax)
    }

    /// Nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.next().map_or(Ok(()), |_| Err(Fault::Syntax))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// White space; gives the byte behind it, which is not moved past.
    pub(crate) fn next(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                byte => return byte,
            }
        }
    }

    /// The byte that `next` gave.
    pub(crate) const fn skip(&mut self) {
        self.at += 1;
    }

    /// White space, and this byte if it is the next one.
    pub(crate) fn next_is(&mut self, byte: u8) -> bool {
        let is_next = self.next() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// This byte, if it is the next one.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// White space, and a comma or what ends the object or array: whether it ends.
    pub(crate) fn ends(&mut self, with: u8) -> Result<bool, Fault> {
        let next = self.next();
        self.at += 1;
        match next {
            Some(b',') => Ok(false),
            Some(byte) if byte == with => Ok(true),
            _ => Err(Fault::Syntax),
        }
    }

    pub(crate) fn word(&mut self, word: &str) -> Result<(), Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(Fault::Syntax);
        }
        self.at += word.len();
        Ok(())
    }

    /// Section 6, and in the range of a double. It begins with the byte `first`.
    pub(crate) fn number(&mut self, first: u8) -> Result<(), Fault> {
        let start = self.at;
        let first = if first == b'-' {
            self.at += 1;
            self.peek()
        } else {
            Some(first)
        };
        let digits = match first {
            // No digit stands behind a leading zero.
            Some(b'0') => {
                self.at += 1;
                0
            }
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(Fault::Syntax),
        };
        let has_more = matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        if has_more || digits > MAX_POWER {
            self.rest_of_number(start, digits)?;
        }
        Ok(())
    }

    /// Fraction and exponent; judges the size of the number that began at `start` and has so many digits before its point. Those
    /// that only their later digits make small are refused too.
    #[cold]
    fn rest_of_number(&mut self, start: usize, digits: usize) -> Result<(), Fault> {
        if self.take(b'.') && self.digits() == 0 {
            return Err(Fault::Syntax);
        }
        let mut power = digits;
        if self.take(b'e') || self.take(b'E') {
            let is_negative = !self.take(b'+') && self.take(b'-');
            let exponent_start = self.at;
            let exponent = match self.digits() {
                0 => return Err(Fault::Syntax),
                _ if is_negative => 0,
                1..=2 if digits <= MAX_POWER - 99 => 0,
                _ => self.since(exponent_start)?.parse().unwrap_or(usize::MAX),
            };
            power = power.saturating_add(exponent);
        }
        let is_double = power <= MAX_POWER
            || (power == MAX_POWER + 1 && is_at_most_the_greatest(self.since(start)?));
        if is_double {
            Ok(())
        } else {
            Err(Fault::Syntax)
        }
    }

    /// Digits: how many there were.
    fn digits(&mut self) -> usize {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
        let count = digits.count();
        self.at += count;
        count
    }

    /// Section 7, without lone surrogates. Whether it has no escapes.
    #[allow(clippy::inline_always)] // short strings are read without a call: a tenth less for usual claims
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<bool, Fault> {
        self.begin_of_string();
        if self.take(b'"') {
            return Ok(true);
        }
        self.rest_of_string(None).map(|()| false)
    }

    /// The same, and what it means: a slice of the text, or `None` where it has escapes and was put into `room`.
    #[allow(clippy::inline_always)] // as above
    #[inline(always)]
    pub(crate) fn string_into(&mut self, room: &mut String) -> Result<Option<&'t str>, Fault> {
        let start = self.at + 1;
        self.begin_of_string();
        let begin = self.since(start)?;
        if self.take(b'"') {
            return Ok(Some(begin));
        }
        room.clear();
        room.push_str(begin);
        self.rest_of_string(Some(room)).map(|()| None)
    }

    /// A quote, and all up to the next one or the first escape.
    #[allow(clippy::inline_always)] // as above
    #[inline(always)]
    fn begin_of_string(&mut self) {
        self.at += 1;
        if !matches!(self.peek(), Some(b'"' | b'\\')) {
            self.plain_characters();
        }
    }

    /// From the first escape to the closing quote: a function of its own, so that strings without escapes don't pay for it.
    #[inline(never)]
    fn rest_of_string(&mut self, mut into: Option<&mut String>) -> Result<(), Fault> {
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    let character = self.escape()?;
                    if let Some(into) = &mut into {
                        into.push(character);
                    }
                }
                Some(b' '..) => {
                    let start = self.at;
                    self.plain_characters();
                    if let Some(into) = &mut into {
                        into.push_str(self.since(start)?);
                    }
                }
                _ => return Err(Fault::Syntax),
            }
        }
    }

    /// All up to a quote, a backslash or a control character, eight bytes at a time.
    #[inline(never)]
    fn plain_characters(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let (words, last) = rest.as_chunks();
        for word in words {
            let special = first_special(u64::from_le_bytes(*word));
            self.at += special;
            if special < 8 {
                return;
            }
        }
        let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | ..b' ');
        self.at += last.iter().take_while(is_plain).count();
    }

    /// An escape, where a backslash stands; a surrogate with its other half.
    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let kind = self.peek();
        self.at += 1;
        Ok(match kind {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.code_point(),
            _ => return Err(Fault::Syntax),
        })
    }

    /// What stands behind `\u`.
    fn code_point(&mut self) -> Result<char, Fault> {
        let mut code_point = self.code_unit()?;
        if (0xD800..0xDC00).contains(&code_point) && self.take(b'\\') && self.take(b'u') {
            let low = self.code_unit()?.checked_sub(0xDC00);
            let low = low.filter(|low| *low < 0x400).ok_or(Fault::Syntax)?;
            code_point = 0x1_0000 + ((code_point - 0xD800) << 10 | low);
        }
        // A lone surrogate is no character.
        char::from_u32(code_point).ok_or(Fault::Syntax)
    }

    /// Four hexadecimal digits.
    fn code_unit(&mut self) -> Result<u32, Fault> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit << 4 | digit.ok_or(Fault::Syntax)?;
            self.at += 1;
        }
        Ok(unit)
    }
}

/// Of a number with a digit before the point and ten to the 308th, or spelt to the same effect. Between the greatest double and
/// what begins with one digit less of it, readers that round differ.
fn is_at_most_the_greatest(number: &str) -> bool {
    let digits = number.bytes();
    let digits = digits.take_while(|byte| !matches!(byte, b'e' | b'E'));
    let digits = digits.filter(u8::is_ascii_digit);
    let digits = digits.skip_while(|digit| *digit == b'0');
    let (begin, _) = GREATEST.split_at(GREATEST.len() - 1);
    digits.clone().take(begin.len()).lt(begin.iter().copied()) || digits.eq(*GREATEST)
}

/// Which of eight bytes, the lowest first, is a quote, a backslash or a control character; 8 where none is.
fn first_special(word: u64) -> usize {
    const EACH: u64 = u64::MAX / 255;
    const TOP_BITS: u64 = EACH << 7;
    /// Turned in each byte, it puts the quote on the place of the space, next to the control characters, and these on one
    /// another's.
    const SWAP: u64 = EACH * (b'"' ^ b' ') as u64;

    // Sets the top bit of each byte that is below `limit`, 128 at most, and perhaps of bytes above the first such.
    let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word;
    let backslashes = word ^ (EACH * u64::from(b'\\'));
    let special = below(word ^ SWAP, 0x21) | below(backslashes, 1);
    (special & TOP_BITS).trailing_zeros() as usize / 8
}
