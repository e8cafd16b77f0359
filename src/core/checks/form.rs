//! Size and form of a token: the first check.

use crate::core::token::jws::UnverifiedJwt;
use crate::core::token::presented::{DEFAULT_MAX_TOKEN_BYTES, Form, PresentedToken};
use crate::core::verdict::form::FormRefusal;
use crate::core::verdict::rejection::Rejection;

impl<'t> PresentedToken<'t> {
    /// Reads a token of at most 16 KiB.
    ///
    /// # Errors
    /// The token is too long or malformed, or it is a JWT with an unsound part. Sound parts are
    /// canonical base64url, JSON objects without duplicate members, and a signature.
    pub fn parse(token: &'t str) -> Result<Self, Rejection> {
        Self::parse_within(token, DEFAULT_MAX_TOKEN_BYTES)
    }

    /// Reads a token of at most `max_bytes`.
    ///
    /// # Errors
    /// The same as for [`parse`](PresentedToken::parse).
    pub fn parse_within(token: &'t str, max_bytes: usize) -> Result<Self, Rejection> {
        Self::read(token, max_bytes).map_err(|fault| FormRefusal::Fault(fault).into())
    }

    /// The parts of a JWT: no other token can be verified with keys.
    pub(crate) fn require_jwt(&self) -> Result<&UnverifiedJwt<'t>, Rejection> {
        match self.form() {
            Form::Jwt(jwt) => Ok(jwt),
            Form::Encrypted => Err(FormRefusal::Encrypted.into()),
            Form::Opaque { is_googles } => {
                let is_googles = *is_googles;
                Err(FormRefusal::Opaque { is_googles }.into())
            }
        }
    }
}
