//! A token as it was presented: a JWT, encrypted (JWE) or opaque, by its form alone.

use std::fmt;

use crate::core::token::jws::{FormFault, UnverifiedJwt};

/// Tokens up to this size are taken unless set otherwise, in bytes.
pub(crate) const DEFAULT_MAX_TOKEN_BYTES: usize = 16 * 1024;
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

pub(crate) enum Form<'t> {
    Jwt(UnverifiedJwt<'t>),
    Encrypted,
    Opaque {
        /// Whether it begins like an access token of Google.
        is_googles: bool,
    },
}

impl<'t> PresentedToken<'t> {
    pub(crate) fn read(token: &'t str, max_bytes: usize) -> Result<Self, FormFault> {
        if token.len() > max_bytes {
            return Err(FormFault::TokenTooLong {
                bytes: token.len(),
                limit: max_bytes,
            });
        }
        let opaque = Form::Opaque {
            is_googles: token.starts_with("ya29."),
        };
        let form = if begins_with_an_object(token) {
            // One scan, which ends at the fifth dot.
            let mut dots = memchr::memchr_iter(b'.', token.as_bytes()).take(5);
            match (dots.next(), dots.next(), dots.next(), dots.count()) {
                (Some(first), Some(second), None, _) => {
                    Form::Jwt(UnverifiedJwt::read(token, first, second)?)
                }
                (_, _, Some(_), 1) => form_of_token68(token, Form::Encrypted)?,
                _ => form_of_token68(token, opaque)?,
            }
        } else {
            form_of_token68(token, opaque)?
        };
        Ok(PresentedToken { text: token, form })
    }

    pub(crate) fn form(&self) -> &Form<'t> {
        &self.form
    }

    /// The token itself. A secret: never log it.
    pub fn as_str(&self) -> &'t str {
        self.text
    }

    /// The token's parts, where it is a JWT by form.
    pub fn jwt(&self) -> Option<&UnverifiedJwt<'t>> {
        match &self.form {
            Form::Jwt(jwt) => Some(jwt),
            Form::Encrypted | Form::Opaque { .. } => None,
        }
    }

    /// Whether only the authorization server can tell what it is.
    pub fn is_opaque(&self) -> bool {
        matches!(self.form, Form::Opaque { .. })
    }
}

impl fmt::Debug for PresentedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.form {
            Form::Jwt(_) => "PresentedToken(JWT)",
            Form::Encrypted => "PresentedToken(encrypted)",
            Form::Opaque { .. } => "PresentedToken(opaque)",
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
fn form_of_token68<'t>(token: &str, form: Form<'t>) -> Result<Form<'t>, FormFault> {
    let is_something = !token.trim_end_matches('=').is_empty();
    if is_something && is_token68(token) {
        Ok(form)
    } else {
        Err(FormFault::Malformed)
    }
}

/// Whether all of it are characters that such a token has where they stand; also of nothing.
pub(crate) fn is_token68(text: &str) -> bool {
    text.trim_end_matches('=').bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
    })
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
        let token = PresentedToken::read("opaque", 6).unwrap();
        assert!(shorter(token, &here).is_opaque());
    }
}
