//! The claims set of a token, read once: registered claims as ranges into its text.
//!
//! Parsing never rejects. A registered claim of the wrong type is stored as malformed, and the
//! check for that claim rejects the token.

use std::sync::{Arc, OnceLock};

use crate::core::base64url;
use crate::core::json::{self, Fault, Value};
use crate::core::thumbprint::Thumbprint;
use crate::core::time::NumericDate;
use crate::core::token::claim_name::ClaimName;
use crate::core::token::claims::scope_claim::ScopeClaim;
use crate::core::token::claims::values::Confirmation;
use crate::core::token::date::{Rounding, read_date};
use crate::core::token::footprint::ALLOCATION;
use crate::core::token::text::{OneOrMany, Text};

/// A registered claim as it was read. In a JWT, `null` is malformed and not absent, since RFC 7519
/// section 4 gives each claim its type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Claim<T> {
    #[default]
    Absent,
    Malformed,
    Is(T),
}

impl<T> Claim<T> {
    pub(crate) fn or_malformed(value: Option<T>) -> Self {
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

/// A claims set, which is shared and never changes.
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
    /// `act`, which is an object. The chain of actors in it is read by a check.
    pub(crate) act: Claim<()>,
    /// The first claim of the wrong type among `auth_time` and `acr`. Only a profile that defines
    /// them asks for their types.
    pub(crate) malformed_authentication: Option<&'static str>,
    /// The first claim that only other kinds of token carry.
    pub(crate) foreign: Option<Foreign>,
    /// A parameter that a signed authorization response (JARM section 2.1) has next to `state`.
    response_parameter: Option<&'static str>,
    has_state: bool,
    /// Whether a member that is `null` is absent.
    null_is_absent: bool,
}

/// The `cnf` claim, which is read at first use: a token that is rejected earlier costs nothing for
/// it.
#[derive(Default)]
struct Lazy {
    place: Claim<Text>,
    read: OnceLock<Claim<Confirmation>>,
}

/// A sign that a token is not an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// A claim of an ID token (OpenID Connect Core sections 2 and 3.3.2.11).
    IdToken(&'static str),
    /// A claim of a security event, logout or introspection token (RFC 8417, RFC 9701).
    Other(&'static str),
    /// With `state`, this parameter of an authorization response (JARM section 2.1).
    AuthorizationResponse(&'static str),
    /// The claim `typ` names another kind of token (Keycloak).
    Typ,
    /// `token_use` does not say that it is an access token (Amazon Cognito).
    TokenUse,
    /// `token_type` of an introspection response names another kind of token.
    TokenType,
}

impl Payload {
    /// A claims set without claims and text.
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
            act: Claim::Absent,
            malformed_authentication: None,
            foreign: None,
            response_parameter: None,
            has_state: false,
            null_is_absent: false,
        }
    }

    /// Reads the claims set of a JWT, which must be a JSON object.
    pub(crate) fn read(text: String) -> Result<Arc<Self>, Fault> {
        Payload::empty().with(text)
    }

    /// Reads an introspection response, which must be a JSON object. Serialisers write an optional
    /// member that has no value as `null`, so `null` is absence there. `cnf` is the exception: a
    /// bound token must never pass for one that is not bound.
    pub(crate) fn read_response(text: String) -> Result<Arc<Self>, Fault> {
        let mut payload = Payload::empty();
        payload.null_is_absent = true;
        payload.with(text)
    }

    fn with(self, text: String) -> Result<Arc<Self>, Fault> {
        let mut shared = Arc::new(self);
        // No other handle is there yet. The claims are read in their place, since a claims set is
        // large enough for its copies to cost time.
        if let Some(payload) = Arc::get_mut(&mut shared) {
            payload.fill(text)?;
        }
        Ok(shared)
    }

    fn fill(&mut self, text: String) -> Result<(), Fault> {
        json::read_known(&text, |name, value| self.take(name, value, &text))?;
        if let Some(name) = self.response_parameter.filter(|_| self.has_state) {
            self.foreign(Foreign::AuthorizationResponse(name));
        }
        self.text = text;
        Ok(())
    }

    fn take(&mut self, name: ClaimName, value: Value<'_>, text: &str) {
        if self.is_absence(value) && name != ClaimName::Cnf {
            return;
        }
        let string = || Claim::or_malformed(Text::read(value, text));
        match name {
            ClaimName::Iss => self.iss = string(),
            ClaimName::Sub => self.sub = string(),
            ClaimName::Aud => self.aud = Claim::or_malformed(OneOrMany::read(value, text)),
            ClaimName::Exp => self.exp = Claim::or_malformed(read_date(value, Rounding::Down)),
            ClaimName::Nbf => self.nbf = Claim::or_malformed(read_date(value, Rounding::Up)),
            ClaimName::Iat => self.iat = Claim::or_malformed(read_date(value, Rounding::Up)),
            ClaimName::Jti => self.jti = string(),
            ClaimName::ClientId => self.client_id = string(),
            ClaimName::Azp => self.azp = string(),
            ClaimName::Tid => self.tid = string(),
            ClaimName::Scope => self.scope = Claim::or_malformed(OneOrMany::read(value, text)),
            ClaimName::Scp => self.scp = Claim::or_malformed(OneOrMany::read(value, text)),
            ClaimName::Cnf => self.cnf.place = Claim::or_malformed(Text::range(value, text)),
            ClaimName::AuthTime if read_date(value, Rounding::Up).is_none() => {
                self.malformed_authentication.get_or_insert("auth_time");
            }
            ClaimName::Acr if value.as_str().is_none() => {
                self.malformed_authentication.get_or_insert("acr");
            }
            ClaimName::Act => self.act = Claim::or_malformed(value.is_object().then_some(())),
            ClaimName::Code => self.response_parameter = Some("code"),
            ClaimName::Error => self.response_parameter = Some("error"),
            ClaimName::AccessToken => self.response_parameter = Some("access_token"),
            ClaimName::IdToken => self.response_parameter = Some("id_token"),
            ClaimName::State => self.has_state = true,
            ClaimName::Nonce => self.foreign(Foreign::IdToken("nonce")),
            ClaimName::AtHash => self.foreign(Foreign::IdToken("at_hash")),
            ClaimName::CHash => self.foreign(Foreign::IdToken("c_hash")),
            ClaimName::SHash => self.foreign(Foreign::IdToken("s_hash")),
            ClaimName::Events => self.foreign(Foreign::Other("events")),
            ClaimName::TokenIntrospection => self.foreign(Foreign::Other("token_introspection")),
            ClaimName::Typ => {
                let others = ["ID", "Refresh", "Offline", "Logout"];
                let is_other = value
                    .as_str()
                    .is_none_or(|kind| others.iter().any(|other| kind.eq_ignore_ascii_case(other)));
                if is_other {
                    self.foreign(Foreign::Typ);
                }
            }
            ClaimName::AuthTime | ClaimName::Acr => {}
        }
    }

    /// Whether this value of a member means that the member is absent.
    pub(crate) fn is_absence(&self, value: Value<'_>) -> bool {
        self.null_is_absent && value.text() == "null"
    }

    /// A sign of another kind of token takes precedence over that of an ID token: no setting
    /// excuses it.
    fn foreign(&mut self, sign: Foreign) {
        match self.foreign {
            None | Some(Foreign::IdToken(_)) => self.foreign = Some(sign),
            Some(
                Foreign::Other(_)
                | Foreign::AuthorizationResponse(_)
                | Foreign::Typ
                | Foreign::TokenUse
                | Foreign::TokenType,
            ) => {}
        }
    }

    pub(crate) fn scopes(&self, claim: ScopeClaim) -> &Claim<OneOrMany> {
        match claim {
            ScopeClaim::Scope => &self.scope,
            ScopeClaim::Scp => &self.scp,
        }
    }

    /// The entries of a claim that is one string or a list; empty if it is absent or malformed.
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
        if self.cnf.place.is_absent() {
            return &Claim::Absent;
        }
        self.cnf.read.get_or_init(|| match &self.cnf.place {
            Claim::Absent => Claim::Absent,
            Claim::Malformed => Claim::Malformed,
            Claim::Is(place) => {
                Claim::or_malformed(read_confirmation(Value::of(place.of(&self.text))))
            }
        })
    }

    /// An estimate of its memory, in bytes, with the lists that are read at first use.
    pub(crate) fn estimated_bytes(&self) -> usize {
        let strings = [
            &self.iss,
            &self.sub,
            &self.jti,
            &self.client_id,
            &self.azp,
            &self.tid,
        ];
        let strings = strings.into_iter().filter_map(Claim::get);
        let lists = [&self.aud, &self.scope, &self.scp].into_iter();
        let lists = lists.filter_map(Claim::get);
        2 * ALLOCATION
            + size_of::<Self>()
            + self.text.capacity()
            + strings.map(Text::estimated_bytes).sum::<usize>()
            + lists
                .map(|list| list.estimated_bytes(&self.text))
                .sum::<usize>()
    }

    /// The value of a member of the claims set.
    pub(crate) fn find(&self, wanted: &str) -> Option<Value<'_>> {
        Value::of(&self.text).member(wanted)
    }
}

/// Reads the `cnf` claim (RFC 7800 section 3.1). Members that this crate knows must have their
/// form; others are only counted.
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

    fn read(text: &str) -> Arc<Payload> {
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
        let exp = |text: &str| read(&format!(r#"{{"exp":{text}}}"#)).exp.clone();
        let nbf = |text: &str| read(&format!(r#"{{"nbf":{text}}}"#)).nbf.clone();
        let at = |seconds| Claim::Is(NumericDate::from_secs(seconds));
        // Characters that are not digits, next to the last digit.
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
            assert_eq!(read(text).foreign, Some(Foreign::Typ));
        }
    }
}
