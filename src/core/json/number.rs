//! The value of a JSON number, by its digits.
//!
//! `str::parse::<f64>` is exact too, but takes 12 µs for some numbers close to the middle between
//! two doubles: a token full of them would cost far more than its signature.

/// Longer numbers are rejected; a double needs 17 digits.
pub(super) const MAX_BYTES: usize = 64;

/// The digits of 2^1024 - 2^970. From there on a value rounds to infinity (IEEE 754). It has 309
/// digits, more of which are never compared.
const INFINITE_FROM: &[u8; MAX_BYTES] =
    b"1797693134862315807937289714053034150799341327100378269361737789";
const INFINITE_FROM_POWER: i64 = 309;

const MAX_EXPONENT: i64 = 1 << 32;

/// A number as 0.d1d2d3.. times a power of ten, where d1 is not zero.
pub(crate) struct Decimal<'t> {
    mantissa: &'t [u8],
    /// Great exponents are cut, which changes no comparison.
    power: i64,
}

impl<'t> Decimal<'t> {
    /// From a well-formed number.
    pub(crate) fn of(bytes: &'t [u8]) -> Self {
        // Zeros before the first other digit lower the power only after the point.
        let (mut power, mut is_zero, mut is_fraction, mut length) = (0, true, false, 0);
        for byte in bytes {
            match byte {
                b'.' => is_fraction = true,
                b'0'..=b'9' => {
                    is_zero &= *byte == b'0';
                    power += i64::from(!is_zero) - i64::from(is_fraction);
                }
                b'-' => {}
                _ => break,
            }
            length += 1;
        }
        let (mantissa, exponent) = bytes.split_at_checked(length).unwrap_or((bytes, b""));
        let (sign, exponent) = match exponent {
            [_, b'-', exponent @ ..] => (-1, exponent),
            [_, b'+', exponent @ ..] | [_, exponent @ ..] => (1, exponent),
            [] => (1, exponent),
        };
        let exponent = exponent.iter().fold(0, |exponent, digit| {
            (exponent * 10 + i64::from(digit - b'0')).min(MAX_EXPONENT)
        });
        power += sign * exponent;
        Decimal { mantissa, power }
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.mantissa.first() == Some(&b'-')
    }

    /// The power of ten; zero for zero.
    pub(crate) fn power(&self) -> i64 {
        self.digits().next().map_or(0, |_| self.power)
    }

    /// The digits from the first one that is not zero.
    pub(crate) fn digits(&self) -> impl Iterator<Item = u8> + use<'t> {
        let digits = self.mantissa.iter().copied().filter(u8::is_ascii_digit);
        digits.skip_while(|digit| *digit == b'0')
    }

    /// Whether the closest double is finite.
    pub(super) fn is_finite(&self) -> bool {
        self.power < INFINITE_FROM_POWER
            || (self.power == INFINITE_FROM_POWER
                && self.digits().lt(INFINITE_FROM.iter().copied()))
            || self.power() == 0
    }
}
