//! Whether the token is for this API.

use crate::core::excerpt::excerpt;
use crate::core::policy::accepted::Policy;
use crate::core::policy::profile::Profile;
use crate::core::token::payload::{Claim, Payload};
use crate::core::verdict::audience::AudienceRefusal;
use crate::core::verdict::claims::ClaimRefusal;
use crate::core::verdict::list::MAX_SHOWN_AUDIENCES;
use crate::core::verdict::rejection::Rejection;

/// What `aud` says, if it is not about another API.
enum Aim {
    /// One of its entries is this API.
    ThisApi,
    /// The claim is missing, or has only empty entries.
    Missing,
}

/// Checks the audience of a JWT.
pub(crate) fn check_audience(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    match aim_of(payload, policy)? {
        Aim::ThisApi => Ok(()),
        Aim::Missing if policy.settings().allow_jwt_without_audience == Some(true) => Ok(()),
        Aim::Missing if names_client_instead(payload, policy) => Ok(()),
        Aim::Missing => Err(AudienceRefusal::Missing(policy.clone()).into()),
    }
}

/// Checks the audience of an introspection response. If nothing says that it is about an access
/// token either, the token may be any token of the authorization server, such as a refresh token.
pub(crate) fn check_audience_of_response(
    payload: &Payload,
    is_known_as_access_token: bool,
    policy: &Policy,
) -> Result<(), Rejection> {
    let settings = policy.settings();
    match aim_of(payload, policy)? {
        Aim::ThisApi => Ok(()),
        Aim::Missing if names_client_instead(payload, policy) => Ok(()),
        Aim::Missing if settings.allow_missing_audience != Some(true) => {
            Err(AudienceRefusal::MissingInResponse.into())
        }
        Aim::Missing if is_known_as_access_token || settings.has_stand_in_for_audience() => Ok(()),
        Aim::Missing => Err(AudienceRefusal::MissingWithType.into()),
    }
}

/// Amazon Cognito's tokens have no `aud`: the client says which API they are for.
fn names_client_instead(payload: &Payload, policy: &Policy) -> bool {
    policy.profile() == Profile::Cognito && payload.aud.is_absent()
}

fn aim_of(payload: &Payload, policy: &Policy) -> Result<Aim, Rejection> {
    // Entries are not kept, so that a long list of a token for another API costs little.
    let (mut is_empty, mut is_accepted) = (true, false);
    match &payload.aud {
        Claim::Malformed => return Err(ClaimRefusal::Malformed("aud").into()),
        Claim::Absent => {}
        Claim::Is(audience) => audience
            .each(payload.text(), usize::MAX, |entry| {
                is_empty &= entry.is_empty();
                is_accepted = is_accepted || policy.audiences().any(|accepted| entry.is(accepted));
            })
            .ok_or_else(|| Rejection::from(ClaimRefusal::Malformed("aud")))?,
    }
    if is_empty {
        return Ok(Aim::Missing);
    }
    if is_accepted {
        return Ok(Aim::ThisApi);
    }
    let mut found = Vec::new();
    if let Claim::Is(audience) = &payload.aud {
        audience.each(payload.text(), MAX_SHOWN_AUDIENCES, |entry| {
            found.push(excerpt(&entry.unescaped()));
        });
    }
    let policy = policy.clone();
    Err(AudienceRefusal::Mismatch { found, policy }.into())
}
