//! The values of `WWW-Authenticate` (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9728 section
//! 5.1).

use crate::core::{Reason, Rejection, Resource, Scheme, Schemes};
use crate::http::metadata::url_parts;

/// The realm of a challenge that has nothing else to say: it needs one parameter at least.
const DEFAULT_REALM: &str = "api";

/// Hands out the challenges for a refused request, if another token would be accepted: one for each
/// scheme that would do. They have no part of the token or the request.
///
/// The error is in the challenge of the scheme that the request used. Bearer comes first, since
/// some clients read only the first (RFC 9449 section 7.2 allows any order).
pub(super) fn challenges(
    rejection: &Rejection,
    resource: Option<&Resource>,
    mut each: impl FnMut(String),
) {
    let verdict = rejection.reason().verdict();
    if !verdict.has_challenge() {
        return;
    }
    let offered = resource.map_or(&Schemes::BEARER, Resource::schemes);
    let uses_dpop = rejection.presentation().scheme == Scheme::Dpop;
    let shows_bearer = offered.offers_bearer && !uses_dpop;
    if shows_bearer {
        let bearer = Challenge::of_scheme("Bearer");
        each(bearer.with(rejection, resource, true).end());
    }
    // Where a scope is missing, another scheme would not help.
    let is_of_use = uses_dpop || !offered.offers_bearer || verdict.status() != 403;
    if let Some(algorithms) = offered.dpop_algorithms.as_ref().filter(|_| is_of_use) {
        let dpop = Challenge::of_scheme("DPoP");
        let mut dpop = dpop.with(rejection, resource, !shows_bearer);
        dpop.add_list("algs", algorithms.iter().copied());
        each(dpop.end());
    }
}

/// A challenge with its parameters, as quoted strings (RFC 9110 section 5.6.4).
struct Challenge {
    text: String,
    /// The length of the scheme with its space.
    scheme: usize,
}

impl Challenge {
    /// Enough for usual challenges, so that the text does not grow.
    const CAPACITY: usize = 224;

    fn of_scheme(scheme: &str) -> Self {
        let mut text = String::with_capacity(Challenge::CAPACITY);
        text.push_str(scheme);
        text.push(' ');
        let scheme = text.len();
        Challenge { text, scheme }
    }

    /// Adds what a challenge says in any scheme.
    fn with(mut self, rejection: &Rejection, resource: Option<&Resource>, has_error: bool) -> Self {
        if let Some(realm) = resource.and_then(Resource::realm_name) {
            self.add("realm", &[realm]);
        }
        if let Some(error) = rejection.oauth_error().filter(|_| has_error) {
            self.add("error", &[error]);
            if resource.is_some_and(Resource::describes_errors) {
                self.add("error_description", &[description(rejection.reason())]);
            }
        }
        if let Some(deficit) = rejection.deficit() {
            self.add_list("acr_values", deficit.acr.iter().map(String::as_str));
            if let Some(age) = deficit.max_age {
                self.add("max_age", &[&age.as_secs().to_string()]);
            }
        }
        let scopes = scopes(rejection, resource);
        self.add_list("scope", scopes.iter().map(String::as_str));
        if let Some(parts) = resource.and_then(url_parts) {
            self.add("resource_metadata", &parts);
        }
        self
    }

    /// A parameter whose value has these parts.
    fn add(&mut self, name: &str, parts: &[&str]) {
        self.begin(name);
        for part in parts {
            self.push(part);
        }
        self.text.push('"');
    }

    /// A parameter with a list, if there is something in it.
    fn add_list<'v>(&mut self, name: &str, values: impl Iterator<Item = &'v str>) {
        let mut values = values.peekable();
        if values.peek().is_none() {
            return;
        }
        self.begin(name);
        while let Some(value) = values.next() {
            self.push(value);
            if values.peek().is_some() {
                self.text.push(' ');
            }
        }
        self.text.push('"');
    }

    fn begin(&mut self, name: &str) {
        if self.text.len() > self.scheme {
            self.text.push_str(", ");
        }
        self.text.push_str(name);
        self.text.push_str("=\"");
    }

    fn push(&mut self, value: &str) {
        if memchr::memchr2(b'\\', b'"', value.as_bytes()).is_none() {
            self.text.push_str(value);
            return;
        }
        for character in value.chars() {
            if matches!(character, '\\' | '"') {
                self.text.push('\\');
            }
            self.text.push(character);
        }
    }

    fn end(mut self) -> String {
        if self.text.len() == self.scheme {
            self.add("realm", &[DEFAULT_REALM]);
        }
        self.text
    }
}

/// The scopes that a client should request: those of the operation, or if these are not known those
/// of the resource.
fn scopes<'r>(rejection: &'r Rejection, resource: Option<&'r Resource>) -> &'r [String] {
    match rejection.deficit() {
        Some(deficit) if deficit.lacks_scope => &deficit.scopes,
        None if !rejection.scopes_to_request().is_empty() => rejection.scopes_to_request(),
        None if rejection.reason() == Reason::NoCredentials => {
            resource.map_or(&[], Resource::entry)
        }
        Some(_) | None => &[],
    }
}

/// A fixed text for the caller. It never says what this API expects.
fn description(reason: Reason) -> &'static str {
    match reason {
        Reason::NoCredentials => "The request has no access token",
        Reason::MalformedCredentials => "The Authorization header is malformed",
        Reason::DpopNotSupported => "The DPoP scheme is not supported",
        Reason::Expired | Reason::TooOld => "The access token expired",
        Reason::Inactive => "The access token is not active",
        Reason::NotYetValid | Reason::IssuedInTheFuture => "The access token is not valid yet",
        Reason::ProofOfPossessionMissing => "The access token is bound to a key",
        Reason::PossessionMismatch => "The access token is bound to another key",
        Reason::TokenNotBound => "The access token is not bound to a key",
        Reason::ProofMissing => "The request has no DPoP proof",
        Reason::ProofMalformed
        | Reason::ProofMismatch
        | Reason::ProofNotCurrent
        | Reason::ProofBadSignature
        | Reason::ProofReplayed => "The DPoP proof is not valid for this request",
        Reason::ProofNonce => "The DPoP proof needs the nonce of this answer",
        Reason::InsufficientScope => "The access token lacks scope for this operation",
        Reason::AuthenticationInsufficient => "The user must sign in again for this operation",
        Reason::OperationNotAllowed | Reason::OperationDenied => {
            "The access token does not allow this operation"
        }
        Reason::TooLong
        | Reason::MalformedToken
        | Reason::OpaqueToken
        | Reason::EncryptedToken
        | Reason::NotBase64url
        | Reason::MalformedHeader
        | Reason::MalformedPayload
        | Reason::Unsigned
        | Reason::IssuerMissing
        | Reason::IssuerMismatch
        | Reason::TenantNotAllowed
        | Reason::TenantMismatch
        | Reason::TypeNotAccepted
        | Reason::NotAnAccessToken
        | Reason::CriticalHeader
        | Reason::UnsupportedHeader
        | Reason::MalformedKeyId
        | Reason::AlgorithmMissing
        | Reason::AlgorithmUnknown
        | Reason::AlgorithmNotAllowed
        | Reason::AudienceMissing
        | Reason::AudienceMismatch
        | Reason::ExpiryMissing
        | Reason::LifetimeTooLong
        | Reason::ClaimMissing
        | Reason::ClaimMismatch
        | Reason::MalformedClaim
        | Reason::ClientNotAllowed
        | Reason::MalformedScope
        | Reason::MalformedConfirmation
        | Reason::UnknownConfirmation
        | Reason::UnknownKey
        | Reason::KeyOfAnotherIssuer
        | Reason::BadSignature
        | Reason::ClaimsDoNotFit
        | Reason::TokenDenied => "The access token is not valid for this API",
    }
}
