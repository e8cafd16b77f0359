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
pub(crate) struct Decimal {
    pub(crate) is_negative: bool,
    /// Great exponents are cut, which changes no comparison.
    pub(crate) power: i64,
    digits: [u8; MAX_BYTES],
    count: usize,
}

impl Decimal {
    /// From a well-formed number of at most 64 bytes.
    pub(crate) fn of(number: &str) -> Self {
        let mut decimal = Decimal {
            is_negative: number.starts_with('-'),
            power: 0,
            digits: [b'0'; MAX_BYTES],
            count: 0,
        };
        let mut is_fraction = false;
        let mut rest = number.as_bytes();
        while let [byte, after @ ..] = rest {
            rest = after;
            match byte {
                b'.' => is_fraction = true,
                b'0' if decimal.count == 0 => decimal.power -= i64::from(is_fraction),
                b'0'..=b'9' => {
                    if let Some(digit) = decimal.digits.get_mut(decimal.count) {
                        *digit = *byte;
                        decimal.count += 1;
                    }
                    decimal.power += i64::from(!is_fraction);
                }
                b'-' => {}
                _ => break,
            }
        }
        let (sign, exponent) = match rest {
            [b'-', exponent @ ..] => (-1, exponent),
            [b'+', exponent @ ..] | exponent => (1, exponent),
        };
        decimal.power += sign
            * exponent.iter().fold(0, |exponent, digit| {
                (exponent * 10 + i64::from(digit - b'0')).min(MAX_EXPONENT)
            });
        decimal
    }

    /// The digits from the first one that is not zero.
    pub(crate) fn digits(&self) -> &[u8] {
        self.digits.get(..self.count).unwrap_or_default()
    }

    /// Whether the closest double is finite.
    pub(super) fn is_finite(&self) -> bool {
        self.power < INFINITE_FROM_POWER
            || self.count == 0
            || (self.power == INFINITE_FROM_POWER && self.digits().iter().lt(INFINITE_FROM))
    }
}
