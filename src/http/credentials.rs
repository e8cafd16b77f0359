//! Credentials from the `Authorization` header (RFC 6750 section 2.1, RFC 9110 section 11.6.2).

use crate::core::{CredentialsFault, is_token68};
use crate::credentials::{Credentials, Presented};

impl<'r> Credentials<'r> {
    /// What the `Authorization` lines of a request present. Give the value of each line, as bytes.
    ///
    /// The scheme is compared without case. A scheme that this API does not offer is treated as no
    /// credentials. The scheme `DPoP` is refused with 401, since a token was presented. Several
    /// lines are refused with 400. So is a line with the scheme Bearer that does not have the form
    /// `Bearer <token>`. The refusal comes from [`authenticate`](crate::Validator::authenticate).
    ///
    /// ```
    /// use resource_server::Credentials;
    ///
    /// // With the crate http: headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes)
    /// let lines: [&[u8]; 1] = [b"Bearer eyJ..."];
    /// let presented = Credentials::from_authorization(lines);
    /// assert_eq!(format!("{presented:?}"), "Credentials(bearer)");
    ///
    /// let nothing = Credentials::from_authorization([]);
    /// assert_eq!(format!("{nothing:?}"), "Credentials(none)");
    /// ```
    pub fn from_authorization(lines: impl IntoIterator<Item = &'r [u8]>) -> Self {
        let mut lines = lines.into_iter();
        match (lines.next(), lines.next()) {
            (None, _) => Credentials::none(),
            (Some(line), None) => Credentials::of(presented_in(line)),
            (Some(_), Some(_)) => {
                Credentials::of(Presented::Malformed(CredentialsFault::SeveralLines))
            }
        }
    }
}

fn presented_in(line: &[u8]) -> Presented<'_> {
    let end = line
        .iter()
        .position(|byte| !is_tchar(*byte))
        .unwrap_or(line.len());
    let (scheme, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    if scheme.is_empty() {
        return Presented::Malformed(CredentialsFault::NoScheme);
    }
    if scheme.eq_ignore_ascii_case(b"DPoP") {
        return Presented::Dpop;
    }
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Presented::Nothing;
    }
    match token_after(rest) {
        Some(token) => Presented::Bearer(token),
        None => Presented::Malformed(CredentialsFault::NotOneToken),
    }
}

/// The token after the scheme: at least one space, then token68 and nothing else.
fn token_after(rest: &[u8]) -> Option<&str> {
    let begin = rest.iter().position(|byte| *byte != b' ')?;
    if begin == 0 {
        return None;
    }
    let token = std::str::from_utf8(rest.get(begin..)?).ok()?;
    (is_token68(token) && !token.starts_with('=')).then_some(token)
}

/// Whether a scheme may have it (RFC 9110 section 5.6.2).
const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}
