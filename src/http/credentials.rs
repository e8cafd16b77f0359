//! Credentials from the headers of a request: the `Authorization` header (RFC 6750 section 2.1, RFC
//! 9110 section 11.6.2), and other places that the API chose.

use crate::core::{CredentialsFault, Place, TokenPlace, is_tchar, is_token68};
use crate::credentials::{Credentials, DpopCredentials, Presented, ProofHeader, RequestHead};
use crate::validator::Validator;

/// The places of an API that chose none.
const DEFAULT_PLACES: &[TokenPlace] = &[TokenPlace::authorization()];

impl Validator {
    /// What a request presents, from the places that
    /// [`Resource::tokens_from`](crate::Resource::tokens_from) names; by default from its
    /// `Authorization` header.
    ///
    /// `head` has the method and the path of the request, and what is known of its connection.
    /// `values` gives the values of all lines of a header, as bytes, by its name in lower case. The
    /// layers ([`Protect`](crate::Protect)) do this by themselves. Call it where no layer is.
    ///
    /// A token in two places is refused with 400, and so is a place that holds anything but exactly
    /// one token. The refusal comes from [`authenticate`](Validator::authenticate).
    ///
    /// ```
    /// use resource_server::{Credentials, Validator, resource::RequestHead};
    ///
    /// fn presented<'r>(validator: &Validator, headers: &'r [(&str, &[u8])]) -> Credentials<'r> {
    ///     let head = RequestHead::new("GET", "/v1/orders");
    ///     validator.credentials(&head, |name| {
    ///         let name = name.to_owned();
    ///         let lines = headers.iter().filter(move |(known, _)| *known == name);
    ///         lines.map(|(_, value)| *value)
    ///     })
    ///     // With the crate http:
    ///     // |name| headers.get_all(name).iter().map(HeaderValue::as_bytes)
    /// }
    /// ```
    pub fn credentials<'r, I>(
        &self,
        head: &RequestHead<'r>,
        values: impl Fn(&str) -> I,
    ) -> Credentials<'r>
    where
        I: IntoIterator<Item = &'r [u8]>,
    {
        let mut credentials = self.presented(head, &values);
        let Some(certificates) = self.certificates() else {
            return credentials;
        };
        let lines = certificates.header_name().map(&values);
        match certificates.read(head.connection, lines.into_iter().flatten()) {
            Ok(Some(certificate)) => credentials = credentials.with_certificate(certificate),
            Ok(None) => {}
            Err(_) => return Credentials::of(malformed(CredentialsFault::Certificate)),
        }
        credentials
    }

    /// What the places of tokens have.
    fn presented<'r, I>(
        &self,
        head: &RequestHead<'r>,
        values: &impl Fn(&str) -> I,
    ) -> Credentials<'r>
    where
        I: IntoIterator<Item = &'r [u8]>,
    {
        let places = self.resource().map_or(DEFAULT_PLACES, |api| api.places());
        let mut presented = Presented::Nothing;
        for place in places {
            let found = match place.place() {
                Place::Authorization => in_authorization(values("authorization")),
                Place::Header(name) => in_header(values(name)),
                Place::Cookie(name) => in_cookies(values("cookie"), name),
                Place::WebSocketProtocol(marker) => {
                    in_protocols(values("sec-websocket-protocol"), marker)
                }
            };
            presented = match (presented, found) {
                (earlier, Presented::Nothing) => earlier,
                (Presented::Nothing, found) => found,
                _ => return Credentials::of(malformed(CredentialsFault::SeveralPlaces)),
            };
        }
        if let Presented::Dpop(dpop) = &mut presented {
            dpop.proof = in_proof_header(values("dpop"));
            (dpop.method, dpop.path) = (head.method, head.path);
        }
        Credentials::of(presented)
    }
}

impl<'r> Credentials<'r> {
    /// What the `Authorization` lines of a request present. Give the value of each line, as bytes.
    ///
    /// The scheme is compared without case. A scheme that this API does not offer is treated as no
    /// credentials. The scheme `DPoP` is refused with 401, since a token was presented and its
    /// proof is in another header: use [`Validator::credentials`], which reads both. Several lines
    /// are refused with 400. So is a line with the scheme Bearer that does not have the form
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
        Credentials::of(in_authorization(lines))
    }
}

const fn malformed<'r>(fault: CredentialsFault) -> Presented<'r> {
    Presented::Malformed(fault)
}

fn in_authorization<'r>(lines: impl IntoIterator<Item = &'r [u8]>) -> Presented<'r> {
    let mut lines = lines.into_iter();
    match (lines.next(), lines.next()) {
        (None, _) => Presented::Nothing,
        (Some(line), None) => in_line(line),
        (Some(_), Some(_)) => malformed(CredentialsFault::SeveralLines),
    }
}

fn in_line(line: &[u8]) -> Presented<'_> {
    let end = line
        .iter()
        .position(|byte| !is_tchar(*byte))
        .unwrap_or(line.len());
    let (scheme, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    if scheme.is_empty() {
        return malformed(CredentialsFault::NoScheme);
    }
    if scheme.eq_ignore_ascii_case(b"DPoP") {
        // What is not one token is refused as a token would be, under this scheme.
        let token = after_spaces(rest).unwrap_or_default();
        return Presented::Dpop(DpopCredentials {
            token,
            proof: ProofHeader::Missing,
            method: "",
            path: "",
        });
    }
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Presented::Nothing;
    }
    match after_spaces(rest) {
        Some(token) => Presented::Bearer(token),
        None => malformed(CredentialsFault::NotOneToken),
    }
}

/// At least one space, then the token and nothing else.
fn after_spaces(rest: &[u8]) -> Option<&str> {
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let token = rest.get(spaces..).and_then(token);
    token.filter(|_| spaces > 0)
}

/// The proof in the `DPoP` header (RFC 9449 section 4.3 item 1). A comma joins lines that were
/// several. Bytes that are no text are no JWT either.
fn in_proof_header<'r>(lines: impl IntoIterator<Item = &'r [u8]>) -> ProofHeader<'r> {
    let mut lines = lines.into_iter();
    match (lines.next(), lines.next()) {
        (None, _) => ProofHeader::Missing,
        (Some(line), None) if line.contains(&b',') => ProofHeader::Several,
        (Some(line), None) => ProofHeader::One(std::str::from_utf8(line).unwrap_or_default()),
        (Some(_), Some(_)) => ProofHeader::Several,
    }
}

/// A header that holds a token alone.
fn in_header<'r>(lines: impl IntoIterator<Item = &'r [u8]>) -> Presented<'r> {
    one_token(lines)
}

/// All cookies of this name (RFC 6265 section 4.2.1). One with white space around its `=` is no
/// token: other readers drop the space, and could then take another cookie of this name.
fn in_cookies<'r>(lines: impl IntoIterator<Item = &'r [u8]>, name: &str) -> Presented<'r> {
    let pairs = lines
        .into_iter()
        .flat_map(|line| line.split(|byte| *byte == b';'));
    one_token(pairs.filter_map(|pair| {
        let after_name = pair.trim_ascii().strip_prefix(name.as_bytes())?;
        let is_name = after_name.trim_ascii_start().starts_with(b"=");
        is_name.then(|| after_name.strip_prefix(b"=").unwrap_or(after_name))
    }))
}

/// The elements after this marker (RFC 6455 section 11.3.4).
fn in_protocols<'r>(lines: impl IntoIterator<Item = &'r [u8]>, marker: &str) -> Presented<'r> {
    let elements = lines
        .into_iter()
        .flat_map(|line| line.split(|byte| *byte == b','));
    let mut elements = elements.map(<[u8]>::trim_ascii);
    let mut after_marker = Vec::new();
    while let Some(element) = elements.next() {
        if element == marker.as_bytes() {
            // A marker at the end is followed by nothing, which is no token.
            after_marker.push(elements.next().unwrap_or_default());
        }
    }
    one_token(after_marker)
}

fn one_token<'r>(values: impl IntoIterator<Item = &'r [u8]>) -> Presented<'r> {
    let mut values = values.into_iter();
    match (values.next(), values.next()) {
        (None, _) => Presented::Nothing,
        (Some(value), None) => match token(value) {
            Some(token) => Presented::Bearer(token),
            None => malformed(CredentialsFault::PlaceWithoutOneToken),
        },
        (Some(_), Some(_)) => malformed(CredentialsFault::PlaceWithoutOneToken),
    }
}

/// Exactly one token (RFC 6750 section 2.1, RFC 9110 section 11.2).
fn token(text: &[u8]) -> Option<&str> {
    let token = std::str::from_utf8(text).ok()?;
    let has_text = !token.is_empty() && !token.starts_with('=');
    (has_text && is_token68(token)).then_some(token)
}
