//! The values of `WWW-Authenticate` (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9728 section
//! 5.1).

use std::fmt::Write as _;

use crate::core::{Reason, Rejection, Resource, Scheme};
use crate::http::metadata::url_of;

/// The realm of a challenge that has nothing else to say: it needs one parameter at least.
const DEFAULT_REALM: &str = "api";

/// The challenges for a refused request, if another token would be accepted: one for each scheme
/// that would do. They have no part of the token or the request.
///
/// The error is in the challenge of the scheme that the request used. Bearer comes first, since
/// some clients read only the first (RFC 9449 section 7.2 allows any order).
pub(super) fn challenges(rejection: &Rejection, resource: Option<&Resource>) -> Vec<String> {
    let verdict = rejection.reason().verdict();
    if !verdict.has_challenge() {
        return Vec::new();
    }
    let offered = resource.map(|resource| resource.schemes().clone());
    let offered = offered.unwrap_or_default();
    let algorithms = offered.dpop_algorithms.map(|names| names.join(" "));
    let uses_dpop = rejection.presentation().scheme == Scheme::Dpop;
    let mut challenges = Vec::new();
    if offered.offers_bearer && !uses_dpop {
        let bearer = parameters(rejection, resource, true);
        challenges.push(bearer.of_scheme("Bearer"));
    }
    // Where a scope is missing, another scheme would not help.
    let is_of_use = uses_dpop || !offered.offers_bearer || verdict.status() != 403;
    if let Some(algorithms) = algorithms.filter(|_| is_of_use) {
        let has_error = challenges.is_empty();
        let mut dpop = parameters(rejection, resource, has_error);
        dpop.add("algs", &algorithms);
        challenges.push(dpop.of_scheme("DPoP"));
    }
    challenges
}

/// What a challenge says in any scheme.
fn parameters(rejection: &Rejection, resource: Option<&Resource>, has_error: bool) -> Challenge {
    let mut challenge = Challenge::default();
    if let Some(realm) = resource.and_then(Resource::realm_name) {
        challenge.add("realm", realm);
    }
    if let Some(error) = rejection.oauth_error().filter(|_| has_error) {
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
    challenge
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

    fn of_scheme(mut self, scheme: &str) -> String {
        if self.0.is_empty() {
            self.add("realm", DEFAULT_REALM);
        }
        format!("{scheme} {}", self.0)
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
