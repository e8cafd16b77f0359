//! The outer form of a token: compact JWS (RFC 7515 section 3.1), JWE or opaque. All rules that need no policy stand here.

use std::fmt;
use std::sync::Arc;

use crate::core::base64url;
use crate::core::json::{self, Fault};
use crate::core::keys::algorithm::Algorithm;
use crate::core::time::NumericDate;
use crate::core::token::payload::{Claim, Payload};
use crate::core::token::text::Text;
use crate::core::verdict::facts::Facts;
use crate::core::verdict::reason::Reason;
use crate::core::verdict::rejection::Rejection;

/// Tokens up to this size are taken unless set otherwise, in bytes.
pub(crate) const DEFAULT_MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Encoded headers up to this size are taken, in bytes.
pub(crate) const MAX_HEADER_BYTES: usize = 4 * 1024;

/// A token as a request presented it: its form is known, nothing of it is verified.
///
/// What it is, is told by form alone: two dots and a first part whose decoded text begins with `{`: a JWT, whose every
/// later fault is final. Four dots and the same: encrypted. Other token68 text: opaque.
///
/// ```
/// use resource_server::{PresentedToken, Reason};
///
/// let opaque = PresentedToken::parse("2YotnFZFEjr1zCsicMWpAA")?;
/// assert!(opaque.is_opaque());
/// assert_eq!(PresentedToken::parse("two words").unwrap_err().reason(), Reason::MalformedToken);
/// # Ok::<(), resource_server::Rejection>(())
/// ```
pub struct PresentedToken<'t> {
    text: &'t str,
    form: Form<'t>,
}

enum Form<'t> {
    Jwt(UnverifiedJwt<'t>),
    Encrypted,
    Opaque,
}

impl<'t> PresentedToken<'t> {
    /// Reads a token of at most 16 KiB.
    ///
    /// # Errors
    /// It is too long, malformed, or a JWT whose parts are not sound: base64url in its one spelling, JSON objects without
    /// doubled members, a signature.
    pub fn parse(token: &'t str) -> Result<Self, Rejection> {
        Self::parse_within(token, DEFAULT_MAX_TOKEN_BYTES)
    }

    /// Reads a token of at most `max_bytes`.
    ///
    /// # Errors
    /// As [`parse`](PresentedToken::parse).
    pub fn parse_within(token: &'t str, max_bytes: usize) -> Result<Self, Rejection> {
        check_length("token", token, max_bytes)?;
        let form = if begins_with_an_object(token) {
            // One scan, which ends at the fifth dot.
            let mut dots = memchr::memchr_iter(b'.', token.as_bytes()).take(5);
            match (dots.next(), dots.next(), dots.next(), dots.count()) {
                (Some(first), Some(second), None, _) => {
                    Form::Jwt(UnverifiedJwt::read(token, first, second)?)
                }
                (_, _, Some(_), 1) => form_of_token68(token, Form::Encrypted)?,
                _ => form_of_token68(token, Form::Opaque)?,
            }
        } else {
            form_of_token68(token, Form::Opaque)?
        };
        Ok(PresentedToken { text: token, form })
    }

    /// The token itself. A secret: never log it.
    pub fn as_str(&self) -> &'t str {
        self.text
    }

    /// The token's parts, where it is a JWT by form.
    pub fn jwt(&self) -> Option<&UnverifiedJwt<'t>> {
        match &self.form {
            Form::Jwt(jwt) => Some(jwt),
            Form::Encrypted | Form::Opaque => None,
        }
    }

    /// Whether only the authorization server can tell what it is.
    pub fn is_opaque(&self) -> bool {
        matches!(self.form, Form::Opaque)
    }

    /// Why a token that is no JWT can't be judged by keys.
    pub(crate) fn require_jwt(&self) -> Result<&UnverifiedJwt<'t>, Rejection> {
        match &self.form {
            Form::Jwt(jwt) => Ok(jwt),
            Form::Encrypted => Err(Rejection::plain(Reason::EncryptedToken)),
            Form::Opaque => {
                let is_googles = self.text.starts_with("ya29.");
                let facts = Facts::Opaque { is_googles };
                Err(Rejection::new(Reason::OpaqueToken, facts))
            }
        }
    }
}

impl fmt::Debug for PresentedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.form {
            Form::Jwt(_) => "PresentedToken(JWT)",
            Form::Encrypted => "PresentedToken(encrypted)",
            Form::Opaque => "PresentedToken(opaque)",
        })
    }
}

/// Whether the text, read as base64url, begins with `{`, which takes the first eight bits of its first two characters.
fn begins_with_an_object(token: &str) -> bool {
    matches!(
        token.as_bytes(),
        [b'e', b'w'..=b'z' | b'0'..=b'9' | b'-' | b'_', ..]
    )
}

/// RFC 6750 section 2.1 (`b64token`), RFC 9110 section 11.2 (`token68`).
fn form_of_token68<'t>(token: &str, form: Form<'t>) -> Result<Form<'t>, Rejection> {
    let is_something = !token.trim_end_matches('=').is_empty();
    if is_something && is_token68(token) {
        Ok(form)
    } else {
        Err(Rejection::plain(Reason::MalformedToken))
    }
}

/// Whether all of it are characters that such a token has where they stand; also of nothing.
pub(crate) fn is_token68(text: &str) -> bool {
    text.trim_end_matches('=').bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
    })
}

fn check_length(part: &'static str, text: &str, limit: usize) -> Result<(), Rejection> {
    if text.len() > limit {
        return Err(Rejection::new(
            Reason::TooLong,
            Facts::Length {
                part,
                bytes: text.len(),
                limit,
            },
        ));
    }
    Ok(())
}

/// A JWT by form. Nothing that it says is verified: use it to find keys, never to decide.
///
/// ```
/// use resource_server::{PresentedToken, testing::TestIssuer};
///
/// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let text = issuer.token().mint();
/// let token = PresentedToken::parse(&text)?;
/// let jwt = token.jwt().expect("a JWT by form");
/// assert_eq!(jwt.issuer(), Some("https://as.example.com"));
/// assert!(jwt.key_id().is_some());
/// # Ok::<(), resource_server::Rejection>(())
/// ```
pub struct UnverifiedJwt<'t> {
    /// What the signature is over: header, dot, claims set, as encoded.
    signing_input: &'t str,
    /// The decoded header and behind it the decoded signature: one allocation.
    decoded: Vec<u8>,
    header_bytes: usize,
    header: Header,
    payload: Arc<Payload>,
}

/// What the header's `typ` says that the token is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    #[default]
    Untyped,
    /// An access token (RFC 9068 section 2.1).
    AccessToken,
    /// Any JWT.
    Jwt,
    /// Something else, or it is not a string.
    Other,
}

impl Kind {
    fn of(typ: &str) -> Self {
        if names_media_type(typ, "at+jwt") {
            Kind::AccessToken
        } else if names_media_type(typ, "jwt") {
            Kind::Jwt
        } else {
            Kind::Other
        }
    }
}

/// The members of a header that count here (RFC 7515 section 4.1). Others, `jku`, `jwk`, `x5u` and `x5c` among them, lead
/// to nothing.
#[derive(Default)]
struct Header {
    alg: Claim<Text>,
    algorithm: Option<Algorithm>,
    kid: Claim<Text>,
    typ: Claim<Text>,
    kind: Kind,
    has_crit: bool,
    unsupported: Option<&'static str>,
}

impl<'t> UnverifiedJwt<'t> {
    fn read(token: &'t str, first_dot: usize, second_dot: usize) -> Result<Self, Rejection> {
        let (signing_input, signature) = split_at_dot(token, second_dot)?;
        let (header, payload) = split_at_dot(signing_input, first_dot)?;
        check_length("token's header", header, MAX_HEADER_BYTES)?;
        if signature.is_empty() {
            return Err(Rejection::plain(Reason::Unsigned));
        }
        let not_base64url = |_| Rejection::plain(Reason::NotBase64url);

        let capacity = base64url::decoded_capacity(header) + base64url::decoded_capacity(signature);
        let mut decoded = Vec::with_capacity(capacity);
        base64url::append_decoded(header, &mut decoded).map_err(not_base64url)?;
        let header_bytes = decoded.len();
        let header = Header::read(&decoded)?;

        let payload = base64url::decode(payload).map_err(not_base64url)?;
        let payload = String::from_utf8(payload)
            .map_err(|_| Fault::Syntax)
            .and_then(Payload::read)
            .map_err(|fault| Rejection::new(Reason::MalformedPayload, Facts::Json(fault)))?;

        base64url::append_decoded(signature, &mut decoded).map_err(not_base64url)?;
        Ok(UnverifiedJwt {
            signing_input,
            decoded,
            header_bytes,
            header,
            payload: Arc::new(payload),
        })
    }

    /// The `iss` claim: which issuer the token says it is from. Unverified.
    pub fn issuer(&self) -> Option<&str> {
        self.payload.str_of(&self.payload.iss)
    }

    /// The header's `kid`. Unverified: a string to look up among the issuer's keys and nothing else.
    pub fn key_id(&self) -> Option<&str> {
        self.header_str(&self.header.kid)
    }

    /// The header's `alg`, where it is one of this crate. Unverified.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.header.algorithm
    }

    /// The `exp` claim. Unverified.
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.payload.exp.get().copied()
    }

    pub(crate) fn payload(&self) -> &Arc<Payload> {
        &self.payload
    }

    /// The header as it was read.
    pub(crate) fn header_text(&self) -> &str {
        let header = self.decoded.get(..self.header_bytes).unwrap_or_default();
        std::str::from_utf8(header).unwrap_or_default()
    }

    pub(crate) fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        self.decoded.get(self.header_bytes..).unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> Kind {
        self.header.kind
    }

    pub(crate) fn typ(&self) -> Option<&str> {
        self.header_str(&self.header.typ)
    }

    pub(crate) fn alg(&self) -> Option<&str> {
        self.header_str(&self.header.alg)
    }

    pub(crate) fn has_malformed_key_id(&self) -> bool {
        self.header.kid.is_malformed()
    }

    pub(crate) fn has_critical_header(&self) -> bool {
        self.header.has_crit
    }

    pub(crate) fn unsupported_header(&self) -> Option<&'static str> {
        self.header.unsupported
    }

    fn header_str<'a>(&'a self, member: &'a Claim<Text>) -> Option<&'a str> {
        match member.get()? {
            Text::Unescaped(text) => Some(text),
            Text::Range(start, end) => {
                let bytes = self.decoded.get(*start as usize..*end as usize)?;
                std::str::from_utf8(bytes).ok()
            }
        }
    }
}

impl fmt::Debug for UnverifiedJwt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnverifiedJwt(..)")
    }
}

/// What stands before and behind a dot.
fn split_at_dot(text: &str, at: usize) -> Result<(&str, &str), Rejection> {
    match (text.get(..at), text.get(at + 1..)) {
        (Some(before), Some(behind)) => Ok((before, behind)),
        _ => Err(Rejection::plain(Reason::MalformedToken)),
    }
}

impl Header {
    fn read(decoded: &[u8]) -> Result<Self, Rejection> {
        let malformed = |fault| Rejection::new(Reason::MalformedHeader, Facts::Json(fault));
        let text = std::str::from_utf8(decoded).map_err(|_| malformed(Fault::Syntax))?;
        let mut header = Header::default();
        json::read_object(text, |name, value| {
            let string = || match Text::read(value, text) {
                Some(read) => Claim::Is(read),
                None => Claim::Malformed,
            };
            match name {
                "alg" => {
                    header.alg = string();
                    header.algorithm = header.alg.get().and_then(|alg| alg.of(text).parse().ok());
                }
                "kid" => header.kid = string(),
                "typ" => {
                    header.kind = value.as_str().map_or(Kind::Other, |typ| Kind::of(&typ));
                    header.typ = string();
                }
                "crit" => header.has_crit = true,
                // Compression (a JWE matter) and RFC 7797: both change what the signature is over.
                "zip" => header.unsupported = Some("zip"),
                "b64" => header.unsupported = Some("b64"),
                // A token in a token (RFC 7519 section 5.2).
                "cty"
                    if value
                        .as_str()
                        .is_none_or(|cty| names_media_type(&cty, "jwt")) =>
                {
                    header.unsupported = Some("cty");
                }
                _ => {}
            }
        })
        .map_err(malformed)?;
        Ok(header)
    }
}

/// Whether a `typ` or `cty` names a media type, whose `application/` may be left out (RFC 7515 sections 4.1.9 and
/// 4.1.10).
pub(crate) fn names_media_type(text: &str, subtype: &str) -> bool {
    subtype_of(text).eq_ignore_ascii_case(subtype)
}

/// Whether two texts name one media type.
pub(crate) fn same_media_type(one: &str, other: &str) -> bool {
    names_media_type(one, subtype_of(other))
}

/// A media type without its `application/`.
pub(crate) fn subtype_of(text: &str) -> &str {
    const PREFIX: &str = "application/";
    match text.get(..PREFIX.len()) {
        Some(start) if start.eq_ignore_ascii_case(PREFIX) => {
            text.get(PREFIX.len()..).unwrap_or_default()
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source's future may hold a token across an await on any thread, and hand it on with a shorter lifetime.
    #[test]
    fn a_presented_token_is_sync_and_covariant() {
        fn shared<T: Send + Sync>() {}
        fn shorter<'a>(token: PresentedToken<'static>, _: &'a str) -> PresentedToken<'a> {
            token
        }
        shared::<PresentedToken<'static>>();
        let here = String::new();
        let token = PresentedToken::parse("opaque").unwrap();
        assert!(shorter(token, &here).is_opaque());
    }

    #[test]
    fn t09_media_types_are_compared_without_case_and_prefix() {
        for text in [
            "at+jwt",
            "AT+JWT",
            "application/at+jwt",
            "Application/At+Jwt",
        ] {
            assert!(names_media_type(text, "at+jwt"), "{text}");
        }
        for text in [
            "",
            "at+jwt ",
            "application/",
            "text/at+jwt",
            "applicative/at+jwt",
            "application/application/at+jwt",
            "é",
        ] {
            assert!(!names_media_type(text, "at+jwt"), "{text}");
        }
    }
}
