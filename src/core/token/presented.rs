//! A token as it was presented: a JWT, encrypted (JWE) or opaque, by its form alone.

use std::fmt;

use crate::core::token::bytes::all_bytes;
use crate::core::token::jws::{FormFault, UnverifiedJwt};

/// The largest token unless a setting says otherwise, in bytes.
pub(crate) const DEFAULT_MAX_TOKEN_BYTES: usize = 16 * 1024;
/// A token as a request presented it: its form is known, and nothing in it is verified.
///
/// Its form alone says what it is. A token is a JWT if it has two dots and its first part decodes
/// to text that begins with `{`; a later fault never makes it anything else. With four dots and the
/// same beginning it is encrypted. Other token68 text is opaque.
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
            // One scan finds the dots, and stops at the fifth.
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

    /// Whether a text may be a JWT, by its beginning. Of most other texts this says that they are
    /// not.
    pub(crate) fn may_be_jwt(text: &str) -> bool {
        begins_with_an_object(text)
    }

    pub(crate) fn form(&self) -> &Form<'t> {
        &self.form
    }

    /// The token itself. A secret: never log it.
    pub fn as_str(&self) -> &'t str {
        self.text
    }

    /// The token's parts, if it is a JWT by form.
    pub fn jwt(&self) -> Option<&UnverifiedJwt<'t>> {
        match &self.form {
            Form::Jwt(jwt) => Some(jwt),
            Form::Encrypted | Form::Opaque { .. } => None,
        }
    }

    /// Whether only the authorization server knows what it is.
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

/// Whether the text begins with `{` once decoded: the first eight bits are in its first two
/// characters.
fn begins_with_an_object(token: &str) -> bool {
    matches!(
        token.as_bytes(),
        [b'e', b'w'..=b'z' | b'0'..=b'9' | b'-' | b'_', ..]
    )
}

/// Accepts the form if the text is token68: RFC 6750 section 2.1 (`b64token`), RFC 9110 section
/// 11.2.
fn form_of_token68<'t>(token: &str, form: Form<'t>) -> Result<Form<'t>, FormFault> {
    let is_something = !token.trim_end_matches('=').is_empty();
    if is_something && is_token68(token) {
        Ok(form)
    } else {
        Err(FormFault::Malformed)
    }
}

/// Whether the text has only the characters of token68, with `=` only at its end. It may be empty.
pub(crate) fn is_token68(text: &str) -> bool {
    // Few comparisons, since many bytes are compared at once: `-./0123456789` is one range.
    all_bytes(text.trim_end_matches('='), |byte| {
        byte.is_ascii_alphabetic()
            || matches!(byte, b'-'..=b'9')
            || byte == b'_'
            || byte == b'~'
            || byte == b'+'
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9110 section 11.2: letters, digits, `-._~+/`, and `=` at the end.
    #[test]
    fn t01_each_character_of_token68() {
        const OTHERS: &str = "-._~+/=";
        for character in '\0'..='\u{17f}' {
            let is_one = character.is_ascii_alphanumeric() || OTHERS.contains(character);
            let text = format!("{}{character}", "a".repeat(40));
            assert_eq!(is_token68(&text), is_one, "{character:?}");
            let inside = format!("{character}a");
            assert_eq!(
                is_token68(&inside),
                is_one && character != '=',
                "{character:?}"
            );
        }
    }

    /// A source's future may keep a token across an await on any thread, and lend it with a shorter
    /// lifetime.
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
