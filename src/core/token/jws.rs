//! A JWT in compact form (RFC 7515 section 3.1): its header and claims set, unverified.

use std::fmt;
use std::sync::Arc;

use crate::core::base64url;
use crate::core::json::{self, Fault, known_names};
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::selection::KeyHint;
use crate::core::time::NumericDate;
use crate::core::token::media_type::names_media_type;
use crate::core::token::payload::{Claim, Payload};
use crate::core::token::text::Text;

/// The largest encoded header, in bytes.
pub(crate) const MAX_HEADER_BYTES: usize = 4 * 1024;

/// What is wrong with the form of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormFault {
    /// The token has more bytes than the limit.
    TokenTooLong { bytes: usize, limit: usize },
    /// The encoded header has more bytes than the limit.
    HeaderTooLong { bytes: usize, limit: usize },
    /// It is neither a JWT nor other token68 text.
    Malformed,
    /// A part is not canonical base64url.
    NotBase64url,
    /// The header is not a well-formed JSON object.
    MalformedHeader(Fault),
    /// The claims set is not a well-formed JSON object.
    MalformedPayload(Fault),
    /// The signature is empty.
    Unsigned,
}

/// A JWT by form. Nothing in it is verified: use it to find keys, never to decide.
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
    /// The text that is signed: header, dot and claims set, as encoded.
    signing_input: &'t str,
    /// The decoded header, followed by the decoded signature: one allocation.
    decoded: Vec<u8>,
    header_bytes: usize,
    header: Header,
    payload: Arc<Payload>,
}

/// The kind of token that the header's `typ` names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// There is no `typ`.
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

known_names! {
    /// A member of a header that is read.
    HeaderName {
        Alg = b"alg",
        Kid = b"kid",
        X5t = b"x5t",
        X5tS256 = b"x5t#S256",
        Typ = b"typ",
        Crit = b"crit",
        Nonce = b"nonce",
        Zip = b"zip",
        B64 = b"b64",
        Cty = b"cty",
    }
}

/// The members of a header that are read (RFC 7515 section 4.1). Others have no effect, `jku`,
/// `jwk`, `x5u` and `x5c` among them.
#[derive(Default)]
struct Header {
    alg: Claim<Text>,
    algorithm: Option<Algorithm>,
    kid: Claim<Text>,
    x5t: Claim<Text>,
    x5t_s256: Claim<Text>,
    typ: Claim<Text>,
    kind: Kind,
    has_crit: bool,
    has_nonce: bool,
    unsupported: Option<&'static str>,
}

impl<'t> UnverifiedJwt<'t> {
    pub(crate) fn read(
        token: &'t str,
        first_dot: usize,
        second_dot: usize,
    ) -> Result<Self, FormFault> {
        let (signing_input, signature) = split_at_dot(token, second_dot)?;
        let (header, payload) = split_at_dot(signing_input, first_dot)?;
        if header.len() > MAX_HEADER_BYTES {
            return Err(FormFault::HeaderTooLong {
                bytes: header.len(),
                limit: MAX_HEADER_BYTES,
            });
        }
        if signature.is_empty() {
            return Err(FormFault::Unsigned);
        }
        let not_base64url = |_| FormFault::NotBase64url;

        let capacity = base64url::decoded_capacity(header) + base64url::decoded_capacity(signature);
        let mut decoded = Vec::with_capacity(capacity);
        base64url::append_decoded(header, &mut decoded).map_err(not_base64url)?;
        let header_bytes = decoded.len();
        let header = Header::read(&decoded)?;

        let payload = base64url::decode(payload).map_err(not_base64url)?;
        let payload = String::from_utf8(payload)
            .map_err(|_| Fault::Syntax)
            .and_then(Payload::read)
            .map_err(FormFault::MalformedPayload)?;

        base64url::append_decoded(signature, &mut decoded).map_err(not_base64url)?;
        Ok(UnverifiedJwt {
            signing_input,
            decoded,
            header_bytes,
            header,
            payload,
        })
    }

    /// The `iss` claim: the issuer that the token names. Unverified.
    pub fn issuer(&self) -> Option<&str> {
        self.payload.str_of(&self.payload.iss)
    }

    /// The header's `kid`. Unverified: use it only to look up one of the issuer's keys.
    pub fn key_id(&self) -> Option<&str> {
        self.header_str(&self.header.kid)
    }

    /// What the header says about the key. Unverified.
    pub(crate) fn key_hint(&self) -> KeyHint<'_> {
        let text = |member| {
            let text = self.header_str(member);
            text.or_else(|| member.is_malformed().then_some(""))
        };
        KeyHint {
            id: self.key_id(),
            x5t_s256: text(&self.header.x5t_s256),
            x5t: text(&self.header.x5t),
        }
    }

    /// The header's `alg`, if this crate knows it. Unverified.
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

    /// Whether the header has a `nonce`, as tokens for Microsoft Graph do.
    pub(crate) fn header_has_nonce(&self) -> bool {
        self.header.has_nonce
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

/// The texts before and after a dot.
fn split_at_dot(text: &str, at: usize) -> Result<(&str, &str), FormFault> {
    match (text.get(..at), text.get(at + 1..)) {
        (Some(before), Some(behind)) => Ok((before, behind)),
        _ => Err(FormFault::Malformed),
    }
}

impl Header {
    fn read(decoded: &[u8]) -> Result<Self, FormFault> {
        let text =
            std::str::from_utf8(decoded).map_err(|_| FormFault::MalformedHeader(Fault::Syntax))?;
        let mut header = Header::default();
        json::read_known(text, |name, value| {
            let string = || match Text::read(value, text) {
                Some(read) => Claim::Is(read),
                None => Claim::Malformed,
            };
            match name {
                HeaderName::Alg => {
                    header.alg = string();
                    header.algorithm = header.alg.get().and_then(|alg| alg.of(text).parse().ok());
                }
                HeaderName::Kid => header.kid = string(),
                HeaderName::X5t => header.x5t = string(),
                HeaderName::X5tS256 => header.x5t_s256 = string(),
                HeaderName::Typ => {
                    header.kind = value.as_str().map_or(Kind::Other, |typ| Kind::of(&typ));
                    header.typ = string();
                }
                HeaderName::Crit => header.has_crit = true,
                HeaderName::Nonce => header.has_nonce = true,
                // Compression (of JWE) and RFC 7797 change what is signed.
                HeaderName::Zip => header.unsupported = Some("zip"),
                HeaderName::B64 => header.unsupported = Some("b64"),
                // A nested token (RFC 7519 section 5.2).
                HeaderName::Cty
                    if value
                        .as_str()
                        .is_none_or(|cty| names_media_type(&cty, "jwt")) =>
                {
                    header.unsupported = Some("cty");
                }
                HeaderName::Cty => {}
            }
        })
        .map_err(FormFault::MalformedHeader)?;
        Ok(header)
    }
}
