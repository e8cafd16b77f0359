//! Refusals for the audience: it is missing, or it is not this API.

use crate::core::policy::accepted::Policy;
use crate::core::policy::profile::Profile;
use crate::core::verdict::explained::Explained;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::likeness::{Difference, difference};
use crate::core::verdict::list::quoted;
use crate::core::verdict::reason::Reason;

#[derive(Clone)]
pub(crate) enum AudienceRefusal {
    /// The JWT has no `aud`, or only empty ones.
    Missing(Policy),
    /// The introspection response has no `aud`, or only empty ones.
    MissingInResponse,
    /// The policy allows a response without `aud`, but this one has no `token_type` either.
    MissingWithType,
    /// No `aud` is accepted; at most `MAX_SHOWN_AUDIENCES` of them are kept.
    Mismatch { found: Vec<String>, policy: Policy },
}

impl Explained for AudienceRefusal {
    fn reason(&self) -> Reason {
        match self {
            AudienceRefusal::Missing(_)
            | AudienceRefusal::MissingInResponse
            | AudienceRefusal::MissingWithType => Reason::AudienceMissing,
            AudienceRefusal::Mismatch { .. } => Reason::AudienceMismatch,
        }
    }

    fn sentences(&self, hint: Option<Hint>) -> String {
        match self {
            AudienceRefusal::Missing(policy) => missing(policy, hint),
            AudienceRefusal::MissingInResponse => missing_in_response(),
            AudienceRefusal::MissingWithType => missing_with_type(),
            AudienceRefusal::Mismatch { found, policy } => mismatch(found, policy),
        }
    }
}

/// What a policy needs besides the setting that accepts a missing audience.
const STAND_IN: &str = "allowed_clients, or a required claim (equals or one_of) whose value only \
                        tokens for this API have";

fn missing(policy: &Policy, hint: Option<Hint>) -> String {
    let text = "The token has no audience, so nothing says that it is meant for this API. Ask the \
                authorization server for a token for this API (its resource or audience parameter).";
    // A hint gives the advice for its provider.
    if hint.is_some() {
        return text.to_owned();
    }
    match policy.profile() {
        Profile::Default => {
            let other = if policy.settings().allow_missing_audience == Some(true) {
                " (The policy's allow_missing_audience is for introspection responses.)"
            } else {
                ""
            };
            format!(
                "{text} If the provider's access tokens never have one (WorkOS, Clerk), the policy \
                 needs allow_jwt_without_audience, together with {STAND_IN}.{other}"
            )
        }
        Profile::Cognito => text.to_owned(),
        profile @ (Profile::Rfc9068 | Profile::JwtSvid) => {
            format!("{text} The policy's profile {profile} requires one.")
        }
    }
}

fn missing_in_response() -> String {
    format!(
        "The authorization server's response has no audience (aud), which is optional in RFC 7662, \
         so nothing says that the token is meant for this API. If the server never sends one, the \
         policy needs allow_missing_audience, together with {STAND_IN}."
    )
}

fn missing_with_type() -> String {
    format!(
        "The authorization server's response has neither aud nor token_type. Some servers respond \
         so about refresh tokens, so the policy's allow_missing_audience is not enough for it: add \
         {STAND_IN}."
    )
}

fn mismatch(found: &[String], policy: &Policy) -> String {
    format!(
        "The token is for another audience: it has {}, and this API accepts {}.{} Ask the \
         authorization server for a token for this API (its resource or audience parameter), or \
         configure the audience that the token has.",
        quoted(found.iter().map(String::as_str)),
        if policy.audiences().next().is_none() {
            "only tokens without one, since none is set".to_owned()
        } else {
            quoted(policy.audiences())
        },
        audience_slip(found, policy)
    )
}

/// Explains how an audience of the token nearly matches.
fn audience_slip(found: &[String], policy: &Policy) -> String {
    let slips = found.iter().flat_map(|found| {
        policy
            .audiences()
            .filter_map(move |accepted| difference(found, accepted))
    });
    match slips.min() {
        Some(Difference::TrailingSlash) => " They differ only in a trailing slash.".to_owned(),
        Some(Difference::Case) => " They differ only in upper and lower case.".to_owned(),
        Some(Difference::Scheme) => " They differ only in the scheme.".to_owned(),
        Some(Difference::Port | Difference::Path) | None => String::new(),
    }
}
