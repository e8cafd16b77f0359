//! Whether the token is for this API.

use crate::core::excerpt::excerpt;
use crate::core::policy::accepted::Policy;
use crate::core::policy::profile::Profile;
use crate::core::token::payload::{Claim, Payload};
use crate::core::verdict::refusal::{MAX_SHOWN_AUDIENCES, Refusal};
use crate::core::verdict::rejection::Rejection;

pub(crate) fn check_audience(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    // Entries are not kept, so that a long list of a token for another API costs little.
    let (mut is_empty, mut is_accepted) = (true, false);
    match &payload.aud {
        // The client says which API the token is for.
        Claim::Absent if policy.profile() == Profile::Cognito => return Ok(()),
        Claim::Malformed => return Err(Refusal::MalformedClaim("aud").into()),
        Claim::Absent => {}
        Claim::Is(audience) => audience
            .each(payload.text(), usize::MAX, |entry| {
                is_empty &= entry.is_empty();
                is_accepted = is_accepted || policy.audiences().any(|accepted| entry.is(accepted));
            })
            .ok_or_else(|| Rejection::from(Refusal::MalformedClaim("aud")))?,
    }
    if is_empty {
        return Err(Refusal::AudienceMissing.into());
    }
    if is_accepted {
        return Ok(());
    }
    let mut found = Vec::new();
    if let Claim::Is(audience) = &payload.aud {
        audience.each(payload.text(), MAX_SHOWN_AUDIENCES, |entry| {
            found.push(excerpt(&entry.unescaped()));
        });
    }
    let policy = policy.clone();
    Err(Refusal::AudienceMismatch { found, policy }.into())
}
