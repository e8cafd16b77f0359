//! The value of `WWW-Authenticate` (RFC 6750 section 3, RFC 9728 section 5.1).

use std::fmt::Write as _;

use crate::core::{Reason, Rejection, Resource};
use crate::http::metadata::url_of;

/// The realm of a challenge that has nothing else to say: it needs one parameter at least.
const DEFAULT_REALM: &str = "api";

/// The challenge for a refused request, if another token would be accepted. It has no part of the
/// token or the request.
pub(super) fn bearer(rejection: &Rejection, resource: Option<&Resource>) -> Option<String> {
    if !rejection.reason().verdict().has_challenge() {
        return None;
    }
    let mut challenge = Challenge::default();
    if let Some(realm) = resource.and_then(Resource::realm_name) {
        challenge.add("realm", realm);
    }
    if let Some(error) = rejection.oauth_error() {
        challenge.add("error", error);
        if resource.is_some_and(Resource::describes_errors) {
            challenge.add("error_description", description(rejection.reason()));
        }
    }
    if let Some(deficit) = rejection.deficit() {
        if !deficit.acr.is_empty() {
            challenge.add("acr_values", &deficit.acr.join(" "));
        }
        if let Some(age) = deficit.max_age {
            challenge.add("max_age", &age.as_secs().to_string());
        }
    }
    if let Some(scope) = scope(rejection, resource) {
        challenge.add("scope", &scope);
    }
    if let Some(url) = resource.and_then(|resource| url_of(resource.uri())) {
        challenge.add("resource_metadata", &url);
    }
    if challenge.0.is_empty() {
        challenge.add("realm", DEFAULT_REALM);
    }
    Some(format!("Bearer {}", challenge.0))
}

/// The scopes that a client should request: those of the operation, or if these are not known those
/// of the resource.
fn scope(rejection: &Rejection, resource: Option<&Resource>) -> Option<String> {
    let scopes = match rejection.deficit() {
        Some(deficit) if deficit.lacks_scope => deficit.scopes.join(" "),
        None if !rejection.scopes_to_request().is_empty() => {
            rejection.scopes_to_request().join(" ")
        }
        None if rejection.reason() == Reason::NoCredentials => resource?.entry().join(" "),
        Some(_) | None => return None,
    };
    (!scopes.is_empty()).then_some(scopes)
}

/// Parameters as quoted strings (RFC 9110 section 5.6.4).
#[derive(Default)]
struct Challenge(String);

impl Challenge {
    fn add(&mut self, name: &str, value: &str) {
        let separator = if self.0.is_empty() { "" } else { ", " };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        // Writing to a String can't fail.
        let _ = write!(self.0, "{separator}{name}=\"{value}\"");
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
