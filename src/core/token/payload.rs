//! The claims set of a token, read once: registered claims as ranges into its text.
//!
//! Reading judges nothing. A registered claim that has not its type is remembered as such, and the check whose turn it
//! is refuses the token for it.

use std::iter;
use std::sync::OnceLock;

use crate::core::base64url;
use crate::core::json::{self, Decimal, Fault, Value};
use crate::core::time::NumericDate;
use crate::core::token::claims::values::{Confirmation, Thumbprint};
use crate::core::token::text::{OneOrMany, Text};

/// What a registered claim turned out to be. `null` is malformed, not absent (RFC 7519 section 4 gives each its type).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Claim<T> {
    #[default]
    Absent,
    Malformed,
    Is(T),
}

impl<T> Claim<T> {
    fn or_malformed(value: Option<T>) -> Self {
        value.map_or(Claim::Malformed, Claim::Is)
    }

    pub(crate) fn get(&self) -> Option<&T> {
        match self {
            Claim::Is(value) => Some(value),
            Claim::Absent | Claim::Malformed => None,
        }
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Claim::Absent)
    }

    pub(crate) fn is_malformed(&self) -> bool {
        matches!(self, Claim::Malformed)
    }
}

/// A claims set. Shared, never changed.
pub(crate) struct Payload {
    text: String,
    pub(crate) iss: Claim<Text>,
    pub(crate) sub: Claim<Text>,
    pub(crate) aud: Claim<OneOrMany>,
    pub(crate) exp: Claim<NumericDate>,
    pub(crate) nbf: Claim<NumericDate>,
    pub(crate) iat: Claim<NumericDate>,
    pub(crate) jti: Claim<Text>,
    pub(crate) client_id: Claim<Text>,
    pub(crate) azp: Claim<Text>,
    pub(crate) tid: Claim<Text>,
    pub(crate) scope: Claim<OneOrMany>,
    pub(crate) scp: Claim<OneOrMany>,
    cnf: Lazy,
    /// Whether there is an `act`.
    pub(crate) has_actor: bool,
    /// `auth_time`, `acr` and `act` are only checked for their type; the first that has not its type.
    pub(crate) other_malformed: Option<&'static str>,
    /// The first claim that only other kinds of token carry.
    pub(crate) foreign: Option<Foreign>,
}

/// The `cnf` claim, which is read when it is first looked at: a token that is refused before then costs nothing for it.
#[derive(Default)]
struct Lazy {
    place: Claim<Text>,
    read: OnceLock<Claim<Confirmation>>,
}

/// A sign that a JWT is of another kind than an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// A claim of an ID token (OpenID Connect Core sections 2 and 3.3.2.11).
    IdToken(&'static str),
    /// A claim of a security event, logout or introspection token (RFC 8417, RFC 9701), or a payload `typ` that names
    /// another kind (Keycloak).
    Other(&'static str),
}

impl Payload {
    /// Without any claim, and without a text.
    pub(crate) fn empty() -> Self {
        Payload {
            text: String::new(),
            iss: Claim::Absent,
            sub: Claim::Absent,
            aud: Claim::Absent,
            exp: Claim::Absent,
            nbf: Claim::Absent,
            iat: Claim::Absent,
            jti: Claim::Absent,
            client_id: Claim::Absent,
            azp: Claim::Absent,
            tid: Claim::Absent,
            scope: Claim::Absent,
            scp: Claim::Absent,
            cnf: Lazy::default(),
            has_actor: false,
            other_malformed: None,
            foreign: None,
        }
    }

    /// Reads a claims set, which must be a JSON object.
    pub(crate) fn read(text: String) -> Result<Self, Fault> {
        let mut payload = Payload::empty();
        json::read_object(&text, |name, value| payload.take(name, value, &text))?;
        payload.text = text;
        Ok(payload)
    }

    fn take(&mut self, name: &str, value: Value<'_>, text: &str) {
        let string = || Claim::or_malformed(Text::read(value, text));
        match name {
            "iss" => self.iss = string(),
            "sub" => self.sub = string(),
            "aud" => self.aud = Claim::or_malformed(OneOrMany::read(value, text)),
            "exp" => self.exp = Claim::or_malformed(read_date(value, Rounding::Down)),
            "nbf" => self.nbf = Claim::or_malformed(read_date(value, Rounding::Up)),
            "iat" => self.iat = Claim::or_malformed(read_date(value, Rounding::Up)),
            "jti" => self.jti = string(),
            "client_id" => self.client_id = string(),
            "azp" => self.azp = string(),
            "tid" => self.tid = string(),
            "scope" => self.scope = Claim::or_malformed(OneOrMany::read(value, text)),
            "scp" => self.scp = Claim::or_malformed(OneOrMany::read(value, text)),
            "cnf" => self.cnf.place = Claim::or_malformed(Text::range(value, text)),
            "auth_time" if read_date(value, Rounding::Up).is_none() => self.malformed("auth_time"),
            "acr" if value.as_str().is_none() => self.malformed("acr"),
            "act" => {
                self.has_actor = true;
                if !value.is_object() {
                    self.malformed("act");
                }
            }
            "nonce" => self.foreign(Foreign::IdToken("nonce")),
            "at_hash" => self.foreign(Foreign::IdToken("at_hash")),
            "c_hash" => self.foreign(Foreign::IdToken("c_hash")),
            "s_hash" => self.foreign(Foreign::IdToken("s_hash")),
            "events" => self.foreign(Foreign::Other("events")),
            "token_introspection" => self.foreign(Foreign::Other("token_introspection")),
            "typ" => {
                let others = ["ID", "Refresh", "Offline", "Logout"];
                let is_other = value
                    .as_str()
                    .is_none_or(|kind| others.iter().any(|other| kind.eq_ignore_ascii_case(other)));
                if is_other {
                    self.foreign(Foreign::Other("typ"));
                }
            }
            _ => {}
        }
    }

    fn malformed(&mut self, name: &'static str) {
        self.other_malformed.get_or_insert(name);
    }

    /// A sign of another kind than ID tokens outweighs theirs: no setting excuses it.
    fn foreign(&mut self, sign: Foreign) {
        match self.foreign {
            None | Some(Foreign::IdToken(_)) => self.foreign = Some(sign),
            Some(Foreign::Other(_)) => {}
        }
    }

    /// The entries of a claim that is one string or a list; none where it is absent or malformed.
    pub(crate) fn entries<'t>(&'t self, claim: &'t Claim<OneOrMany>) -> &'t [Text] {
        claim
            .get()
            .and_then(|list| list.entries(&self.text))
            .unwrap_or_default()
    }

    /// The claims set as it was signed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn str_of<'t>(&'t self, claim: &'t Claim<Text>) -> Option<&'t str> {
        claim.get().map(|text| text.of(&self.text))
    }

    pub(crate) fn cnf(&self) -> &Claim<Confirmation> {
        self.cnf.read.get_or_init(|| match &self.cnf.place {
            Claim::Absent => Claim::Absent,
            Claim::Malformed => Claim::Malformed,
            Claim::Is(place) => {
                Claim::or_malformed(read_confirmation(Value::of(place.of(&self.text))))
            }
        })
    }

    /// The value of a member of the claims set.
    pub(crate) fn find(&self, wanted: &str) -> Option<Value<'_>> {
        Value::of(&self.text).member(wanted)
    }
}

#[derive(Clone, Copy)]
enum Rounding {
    Down,
    Up,
}

/// A NumericDate (RFC 7519 section 2). A fraction is rounded so that the token lives shorter.
fn read_date(value: Value<'_>, rounding: Rounding) -> Option<NumericDate> {
    /// Above 10 to this power, no value is an `i64`.
    const MAX_POWER: i64 = 19;

    if !value.is_number() {
        return None;
    }
    if let Some(seconds) = read_digits(value.text()) {
        return Some(NumericDate::from_secs(seconds));
    }
    // By its digits: a double has too few for the rounding to be exact.
    let number = Decimal::of(value.text());
    if number.power() > MAX_POWER {
        return None;
    }
    let whole_digits = usize::try_from(number.power()).unwrap_or(0);
    let padded = number.digits().chain(iter::repeat(b'0')).take(whole_digits);
    let whole = padded.fold(0, |whole, digit| whole * 10 + i128::from(digit - b'0'));
    let mut fraction = number.digits().skip(whole_digits);
    let is_rounded = fraction.any(|digit| digit != b'0');
    let seconds = match (rounding, number.is_negative()) {
        (Rounding::Down, true) => -whole - i128::from(is_rounded),
        (Rounding::Up, false) => whole + i128::from(is_rounded),
        (Rounding::Down, false) => whole,
        (Rounding::Up, true) => -whole,
    };
    seconds.try_into().ok().map(NumericDate::from_secs)
}

/// What nearly every date is: a few digits and nothing else.
fn read_digits(text: &str) -> Option<i64> {
    /// So many fit an i64 whatever they are.
    const MAX_DIGITS: usize = 18;

    if text.len() > MAX_DIGITS {
        return None;
    }
    let mut seconds = 0;
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        seconds = seconds * 10 + i64::from(digit);
    }
    Some(seconds)
}

/// The `cnf` claim (RFC 7800 section 3.1): members we know have their form, others are counted but not read.
fn read_confirmation(value: Value<'_>) -> Option<Confirmation> {
    let mut jkt = Claim::Absent;
    let mut x5t_s256 = Claim::Absent;
    let mut members = 0;
    let thumbprint = |value: Value<'_>| {
        let text = value.as_str()?;
        let bytes = base64url::decode(&text).ok()?;
        bytes.try_into().ok().map(Thumbprint::from_bytes)
    };
    json::read_object(value.text(), |name, value| {
        members += 1;
        match name {
            "jkt" => jkt = Claim::or_malformed(thumbprint(value)),
            "x5t#S256" => x5t_s256 = Claim::or_malformed(thumbprint(value)),
            _ => {}
        }
    })
    .ok()?;
    if members == 0 || jkt.is_malformed() || x5t_s256.is_malformed() {
        return None;
    }
    Some(Confirmation::new(
        jkt.get().copied(),
        x5t_s256.get().copied(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Payload {
        Payload::read(text.to_owned()).unwrap()
    }

    #[test]
    fn c03_dates_round_so_that_the_token_lives_shorter() {
        let payload = read(r#"{"exp":1.7e9,"nbf":10.2,"iat":-0.5}"#);
        assert_eq!(
            payload.exp,
            Claim::Is(NumericDate::from_secs(1_700_000_000))
        );
        assert_eq!(payload.nbf, Claim::Is(NumericDate::from_secs(11)));
        assert_eq!(payload.iat, Claim::Is(NumericDate::from_secs(0)));
        assert_eq!(
            read(r#"{"exp":10.9}"#).exp,
            Claim::Is(NumericDate::from_secs(10))
        );
        let exp = |text: &str| read(&format!(r#"{{"exp":{text}}}"#)).exp;
        let nbf = |text: &str| read(&format!(r#"{{"nbf":{text}}}"#)).nbf;
        let at = |seconds| Claim::Is(NumericDate::from_secs(seconds));
        // Characters that are no digits, beside the last digit.
        for (text, down, up) in [
            ("99", 99, 99),
            ("9.9", 9, 10),
            ("-9", -9, -9),
            ("9e9", 9_000_000_000, 9_000_000_000),
        ] {
            assert_eq!((exp(text), nbf(text)), (at(down), at(up)), "{text}");
        }
        // Where a double would round the other way.
        assert_eq!(exp("1700000300.99999999"), at(1_700_000_300));
        assert_eq!(exp("9007199254740993.9"), at(9_007_199_254_740_993));
        assert_eq!(nbf("1700000000.00000001"), at(1_700_000_001));
        assert_eq!(nbf("-0.5"), at(0));
        assert_eq!(exp("-0.5"), at(-1));
        assert_eq!(exp("9223372036854775807.0"), at(i64::MAX));
        assert_eq!(nbf("9223372036854775807.5"), Claim::Malformed);
        assert_eq!(exp("-9223372036854775809"), Claim::Malformed);
        assert_eq!(
            read(r#"{"exp":-10.1}"#).exp,
            Claim::Is(NumericDate::from_secs(-11))
        );
    }

    #[test]
    fn c11_the_ends_of_the_range_of_dates() {
        for (text, expected) in [
            (
                "9223372036854775807",
                Claim::Is(NumericDate::from_secs(i64::MAX)),
            ),
            (
                "-9223372036854775808",
                Claim::Is(NumericDate::from_secs(i64::MIN)),
            ),
            (
                "-9.223372036854775808e18",
                Claim::Is(NumericDate::from_secs(i64::MIN)),
            ),
            ("9223372036854775808", Claim::Malformed),
            ("9.3e18", Claim::Malformed),
            ("-1e300", Claim::Malformed),
            ("\"1\"", Claim::Malformed),
            ("null", Claim::Malformed),
            ("true", Claim::Malformed),
            ("[1]", Claim::Malformed),
            ("{}", Claim::Malformed),
        ] {
            assert_eq!(
                read(&format!(r#"{{"exp":{text}}}"#)).exp,
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn d07_key_and_certificate_are_told_apart() {
        let payload = read(
            r#"{"cnf":{"jkt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "x5t#S256":"__________________________________________8"}}"#,
        );
        let cnf = payload.cnf().get().unwrap();
        assert_eq!(cnf.jkt(), Some(Thumbprint::from_bytes([0; 32])));
        assert_eq!(cnf.x5t_s256(), Some(Thumbprint::from_bytes([0xff; 32])));
    }

    #[test]
    fn escaped_strings_are_read_as_what_they_mean() {
        let payload = read(r#"{"iss":"https:\/\/as.example","aud":["a","\u0062"]}"#);
        assert_eq!(payload.str_of(&payload.iss), Some("https://as.example"));
        let audience: Vec<_> = payload
            .entries(&payload.aud)
            .iter()
            .map(|a| a.of(payload.text()))
            .collect();
        assert_eq!(audience, ["a", "b"]);
    }

    #[test]
    fn c07_a_sign_that_nothing_excuses_outweighs_one_of_an_id_token() {
        assert_eq!(
            read(r#"{"nonce":"n"}"#).foreign,
            Some(Foreign::IdToken("nonce"))
        );
        assert_eq!(read(r#"{"typ":"Bearer"}"#).foreign, None);
        for text in [
            r#"{"nonce":"n","typ":"Refresh"}"#,
            r#"{"typ":"refresh","nonce":"n"}"#,
        ] {
            assert_eq!(read(text).foreign, Some(Foreign::Other("typ")));
        }
    }
}
