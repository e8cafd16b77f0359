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

/// A number as 0.d1d2d3.. times a power of ten, where d1 is not zero.
pub(crate) struct Decimal<'t> {
    pub(crate) is_negative: bool,
    whole: &'t [u8],
    fraction: &'t [u8],
    leading_zeros: usize,
    /// The power of ten; zero if there are no digits. Exponents beyond an `i64` are cut to it.
    pub(crate) power: i64,
}

impl<'t> Decimal<'t> {
    /// From a well-formed number.
    pub(crate) fn of(number: &'t str) -> Self {
        let (mantissa, exponent) = match number.find(['e', 'E']) {
            Some(at) => number.split_at(at),
            None => (number, ""),
        };
        let exponent = exponent.get(1..).unwrap_or("0");
        let exponent: i64 = exponent.parse().unwrap_or_else(|_| {
            if exponent.starts_with('-') {
                i64::MIN
            } else {
                i64::MAX
            }
        });
        let absolute = mantissa.strip_prefix('-');
        let is_negative = absolute.is_some();
        let absolute = absolute.unwrap_or(mantissa);
        let (whole, fraction) = absolute.split_once('.').unwrap_or((absolute, ""));
        let mut decimal = Decimal {
            is_negative,
            whole: whole.as_bytes(),
            fraction: fraction.as_bytes(),
            leading_zeros: 0,
            power: 0,
        };
        decimal.leading_zeros = decimal.digits().take_while(|digit| *digit == b'0').count();
        if decimal.digits().next().is_some() {
            let difference = |a: usize, b: usize| {
                let signed = |count| i64::try_from(count).unwrap_or(i64::MAX);
                signed(a).saturating_sub(signed(b))
            };
            decimal.power = exponent.saturating_add(difference(whole.len(), decimal.leading_zeros));
        }
        decimal
    }

    /// The digits from the first one that is not zero.
    pub(crate) fn digits(&self) -> impl Iterator<Item = u8> + use<'t> {
        let digits = self.whole.iter().chain(self.fraction);
        digits.copied().skip(self.leading_zeros)
    }

    /// Whether the closest double is finite.
    pub(super) fn is_finite(&self) -> bool {
        self.power < INFINITE_FROM_POWER
            || (self.power == INFINITE_FROM_POWER
                && self.digits().lt(INFINITE_FROM.iter().copied()))
    }
}
