//! What kind of token it is: by the header's `typ`, and by claims that only other kinds carry.

use crate::core::excerpt::excerpt;
use crate::core::json::Value;
use crate::core::policy::accepted::Policy;
use crate::core::policy::profile::Profile;
use crate::core::token::claims::claim_path::find;
use crate::core::token::jws::{Kind, UnverifiedJwt};
use crate::core::token::media_type::same_media_type;
use crate::core::token::payload::{Foreign, Payload};
use crate::core::verdict::kind::KindRefusal;
use crate::core::verdict::rejection::Rejection;

pub(crate) fn check_type(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    let accepted = match &policy.settings().accepted_types {
        Some(types) => jwt
            .typ()
            .is_some_and(|typ| types.iter().any(|accepted| same_media_type(typ, accepted))),
        None => match (policy.profile(), jwt.kind()) {
            (Profile::Rfc9068, kind) => kind == Kind::AccessToken,
            (Profile::Default | Profile::Cognito, kind) => kind != Kind::Other,
            (Profile::JwtSvid, Kind::Jwt | Kind::Untyped) => true,
            // JWT-SVID section 2.3.
            (Profile::JwtSvid, _) => jwt.typ().is_some_and(|typ| same_media_type(typ, "JOSE")),
        },
    };
    if accepted {
        return Ok(());
    }
    let (found, policy) = (typ_of(jwt), policy.clone());
    Err(KindRefusal::TypeNotAccepted { found, policy }.into())
}

/// The header's `typ`, to be shown in an explanation.
pub(crate) fn typ_of(jwt: &UnverifiedJwt<'_>) -> String {
    jwt.typ().map_or_else(String::new, excerpt)
}

pub(crate) fn check_kind(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    check_token_use(jwt.payload(), policy)?;
    if jwt.kind() == Kind::AccessToken {
        return Ok(());
    }
    match sign_of_another_kind(jwt.payload(), policy) {
        None => Ok(()),
        Some(sign) => Err(KindRefusal::NotAnAccessToken(sign).into()),
    }
}

/// Checks `token_use`, where alone Amazon Cognito says what kind of token it is.
pub(crate) fn check_token_use(payload: &Payload, policy: &Policy) -> Result<(), Rejection> {
    if policy.profile() != Profile::Cognito {
        return Ok(());
    }
    let stated = find(payload, "token_use").and_then(Value::as_str);
    if stated.is_some_and(|stated| stated == "access") {
        return Ok(());
    }
    Err(KindRefusal::NotAnAccessToken(Foreign::TokenUse).into())
}

/// A sign of another kind of token, unless the policy lets it pass.
pub(crate) fn sign_of_another_kind(payload: &Payload, policy: &Policy) -> Option<Foreign> {
    payload.foreign.filter(|sign| match sign {
        Foreign::IdToken(_) => policy.settings().allow_id_token_claims != Some(true),
        Foreign::Other(_)
        | Foreign::AuthorizationResponse(_)
        | Foreign::Typ
        | Foreign::TokenUse
        | Foreign::TokenType => true,
    })
}
