//! The checks, in the one order that applies everywhere.

use std::sync::Arc;

use crate::core::access_token::AccessToken;
use crate::core::checks::audience::check_audience;
use crate::core::checks::claims::{
    check_actors, check_confirmation, check_other_types, check_required, check_required_claims,
};
use crate::core::checks::header::{check_algorithm, check_header};
use crate::core::checks::issuer::check_issuer;
use crate::core::checks::key;
use crate::core::checks::kind::{check_kind, check_type};
use crate::core::checks::mapped::{check_client, check_principal, check_roles, check_scope};
use crate::core::checks::time::{check_expiry_is_there, check_time};
use crate::core::introspection::response::IntrospectionResponse;
use crate::core::keys::key_set::KeySet;
use crate::core::policy::accepted::Policy;
use crate::core::time::NumericDate;
use crate::core::token::claims::checked::CheckedClaims;
use crate::core::token::jws::UnverifiedJwt;
use crate::core::token::presented::PresentedToken;
use crate::core::unconfirmed::Unconfirmed;
use crate::core::verdict::rejection::Rejection;

/// The evidence that a source gives for a token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Evidence {
    /// The issuer's keys.
    Keys(Arc<KeySet>),
    /// The authorization server's response about this token.
    Introspection(Arc<IntrospectionResponse>),
}

/// Decides whether a token is good by this evidence. It is pure: it does no I/O and reads no clock.
///
/// The order of its checks is fixed, and the first that fails is the reason: form, issuer, kind of
/// token, header, algorithm, audience, time, other claims, key, signature. An introspection
/// response is checked against the same policy, and an introspected JWT must meet the policy by
/// itself too.
///
/// It does **not** check that the presenter may use the token: that is [`Unconfirmed::confirm`]. It
/// does not check scopes: that is [`AccessToken::require`]. It does not know whether the token was
/// revoked.
///
/// # Errors
/// The rejection of the first check that fails.
///
/// ```
/// use resource_server::{
///     Evidence, NumericDate, Policy, Possession, PresentedToken, Reason, keys::KeySet, verify,
/// };
/// use resource_server::testing::TestIssuer;
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let text = issuer.token().subject("alice").issued_at(NumericDate::from_secs(1_000)).mint();
///
/// let policy = Policy::builder()
///     .issuer("https://as.example.com")
///     .audience("https://api.example.com")
///     .build()?;
/// let evidence = Evidence::Keys(Arc::new(KeySet::from_jwks(&issuer.jwks())?));
/// let token = PresentedToken::parse(&text)?;
///
/// let verified = verify(&token, &evidence, &policy, NumericDate::from_secs(1_010))?;
/// assert_eq!(verified.confirm(&Possession::bearer())?.subject(), Some("alice"));
///
/// let late = verify(&token, &evidence, &policy, NumericDate::from_secs(1_000_000));
/// assert_eq!(late.unwrap_err().reason(), Reason::Expired);
/// # Ok(())
/// # }
/// ```
pub fn verify(
    token: &PresentedToken<'_>,
    evidence: &Evidence,
    policy: &Policy,
    now: NumericDate,
) -> Result<Unconfirmed, Rejection> {
    match evidence {
        Evidence::Keys(keys) => {
            let jwt = check_claims(token, policy, now)?;
            check_signature(jwt, keys, policy)
        }
        Evidence::Introspection(response) => {
            // A JWT that is introspected must meet the policy by itself too, and stays bound if it
            // is.
            let jwt = match token.jwt() {
                None => None,
                Some(_) => Some(&**check_claims(token, policy, now)?.claims.payload),
            };
            response.check(token, jwt, policy, now)
        }
    }
}

/// A JWT that passed every check that needs no key.
pub(crate) struct CheckedJwt<'a, 't> {
    jwt: &'a UnverifiedJwt<'t>,
    claims: CheckedClaims<'a>,
}

/// The front part: every check that needs no evidence. What fails here costs no request and no
/// signature check.
pub(crate) fn check_claims<'a, 't>(
    token: &'a PresentedToken<'t>,
    policy: &Policy,
    now: NumericDate,
) -> Result<CheckedJwt<'a, 't>, Rejection> {
    let jwt = token.require_jwt()?;
    match check_in_order(jwt, policy, now) {
        Ok(claims) => Ok(CheckedJwt { jwt, claims }),
        Err(rejection) => Err(rejection.of(jwt)),
    }
}

fn check_in_order<'a>(
    jwt: &'a UnverifiedJwt<'_>,
    policy: &Policy,
    now: NumericDate,
) -> Result<CheckedClaims<'a>, Rejection> {
    check_issuer(jwt, policy)?; // RFC 7519 4.1.1, RFC 9068 4
    check_type(jwt, policy)?; // RFC 8725 3.11, RFC 9068 4
    check_kind(jwt, policy)?; // RFC 8725 3.12
    check_header(jwt)?; // RFC 7515 4.1.11, RFC 7797
    check_algorithm(jwt, policy)?; // RFC 8725 3.1
    let payload = jwt.payload();
    check_audience(payload, policy)?; // RFC 7519 4.1.3, RFC 8725 3.9
    check_expiry_is_there(payload)?; // RFC 9068 2.2
    check_time(payload, policy, now)?; // RFC 7519 4.1.4 to 4.1.6
    check_other_types(payload, policy)?; // RFC 7519 4, RFC 9068 2.2.1
    let actors = check_actors(payload)?; // RFC 8693 4.1
    check_required(payload, policy)?; // RFC 9068 2.2
    let client = check_client(payload, policy)?; // RFC 9068 2.2
    check_required_claims(payload, policy)?;
    let roles = check_roles(payload, policy)?;
    let principal = check_principal(payload, policy)?;
    let scopes = check_scope(payload, policy)?; // RFC 6749 3.3
    check_confirmation(payload)?; // RFC 7800 3.1
    Ok(CheckedClaims {
        payload,
        client,
        principal,
        roles,
        actors,
        scopes,
        at: now,
    })
}

/// The back part: key and signature.
pub(crate) fn check_signature(
    checked: CheckedJwt<'_, '_>,
    keys: &Arc<KeySet>,
    policy: &Policy,
) -> Result<Unconfirmed, Rejection> {
    let CheckedJwt { jwt, claims } = checked;
    match key::check_signature(jwt, keys, policy) {
        Ok(proof) => Ok(Unconfirmed::new(AccessToken::new(
            claims,
            proof,
            policy.clone(),
        ))),
        Err(rejection) => Err(rejection.of(jwt)),
    }
}
