//! The checks, in the one order that counts everywhere.

use std::sync::Arc;

use crate::core::checks::claims::{
    check_audience, check_client, check_confirmation, check_expiry_is_there, check_issuer_name,
    check_mapped, check_other_types, check_required, check_required_claims, check_scope,
    check_time, check_token_use, check_trust_domain, is_key_of, key_owner, malformed,
};
use crate::core::checks::spiffe::trust_domain;
use crate::core::excerpt::excerpt;
use crate::core::introspection::response::IntrospectionResponse;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::key_set::{KeySet, MAX_CANDIDATES};
use crate::core::keys::verification_key::VerificationKey;
use crate::core::policy::{Policy, Profile};
use crate::core::time::NumericDate;
use crate::core::token::claims::access_token::{AccessToken, Proof, Unconfirmed};
use crate::core::token::jws::{Kind, PresentedToken, UnverifiedJwt, same_media_type};
use crate::core::token::payload::Foreign;
use crate::core::verdict::facts::{Facts, KeySetAge};
use crate::core::verdict::reason::Reason;
use crate::core::verdict::rejection::Rejection;

/// What a source brings to judge a token by.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Evidence {
    /// The issuer's keys.
    Keys(Arc<KeySet>),
    /// The authorization server's own answer about this very token.
    Introspection(Arc<IntrospectionResponse>),
}

/// Judges a token by the evidence for it: pure, without I/O and without a look at a clock.
///
/// The order of its checks is fixed, the first that fails is the reason, and the signature is checked last: form, issuer,
/// kind of token, header, algorithm, audience, time, other claims, key, signature. An authorization server's own answer is
/// held against the same policy, and a JWT that it is about must meet that by itself too.
///
/// It does **not** check that the presenter may use the token: that is [`Unconfirmed::confirm`]. It does not check scopes:
/// that is [`AccessToken::require`]. It does not know whether the token was revoked.
///
/// # Errors
/// The first check that fails.
///
/// ```
/// use resource_server::{Evidence, KeySet, NumericDate, Policy, Possession, PresentedToken, Reason, verify};
/// use resource_server::testing::TestIssuer;
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let text = issuer.token().subject("alice").issued_at(NumericDate::from_secs(1_000)).mint();
///
/// let policy = Policy::builder().issuer("https://as.example.com").audience("https://api.example.com").build()?;
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
            // A JWT must meet the policy by itself too, whoever is asked about it, and stays bound if it is.
            let jwt = match token.jwt() {
                None => None,
                Some(_) => Some(&**check_claims(token, policy, now)?.payload()),
            };
            response.check(jwt, policy, now)
        }
    }
}

/// The front part of the checks: all that needs no evidence. What fails here costs no fetch and no arithmetic.
pub(crate) fn check_claims<'a, 't>(
    token: &'a PresentedToken<'t>,
    policy: &Policy,
    now: NumericDate,
) -> Result<&'a UnverifiedJwt<'t>, Rejection> {
    let jwt = token.require_jwt()?;
    match check_in_order(jwt, policy, now) {
        Ok(()) => Ok(jwt),
        Err(rejection) => Err(rejection.of(jwt)),
    }
}

fn check_in_order(
    jwt: &UnverifiedJwt<'_>,
    policy: &Policy,
    now: NumericDate,
) -> Result<(), Rejection> {
    check_issuer(jwt, policy)?; // RFC 7519 4.1.1, RFC 9068 4
    check_type(jwt, policy)?; // RFC 8725 3.11, RFC 9068 4
    check_kind(jwt, policy)?; // RFC 8725 3.12
    check_header(jwt)?; // RFC 7515 4.1.11, RFC 7797
    check_algorithm(jwt, policy)?; // RFC 8725 3.1
    let payload = jwt.payload();
    check_audience(payload, policy)?; // RFC 7519 4.1.3, RFC 8725 3.9
    check_expiry_is_there(payload)?; // RFC 9068 2.2
    check_time(payload, policy, now)?; // RFC 7519 4.1.4 to 4.1.6
    check_other_types(payload)?; // RFC 7519 4
    check_required(payload, policy)?; // RFC 9068 2.2
    check_client(payload, policy)?; // RFC 9068 2.2
    check_required_claims(payload, policy)?;
    check_mapped(payload, policy)?;
    check_scope(payload, policy)?; // RFC 6749 3.3
    check_confirmation(payload) // RFC 7800 3.1
}

/// The keys to try for a token, at most four: those that its header selects, of the policy's kind and of the token's issuer.
/// A `kid` that matches no key selects none.
fn candidates<'k>(
    keys: &'k KeySet,
    jwt: &UnverifiedJwt<'_>,
    algorithm: Algorithm,
    policy: &Policy,
) -> impl Iterator<Item = &'k Arc<VerificationKey>> {
    keys.fitting(jwt.key_hint(), algorithm, policy.profile().key_use())
        .filter(|key| is_key_of(key.stated_issuer(), jwt.payload(), policy))
        .filter(move |key| policy.allows_key_for(key, algorithm))
        .filter(move |key| key.is_usable_with(algorithm))
        .take(MAX_CANDIDATES)
}

/// Whether there is a key to try for a token.
#[cfg(feature = "fetch")]
pub(crate) fn has_candidate(keys: &KeySet, jwt: &UnverifiedJwt<'_>, policy: &Policy) -> bool {
    jwt.algorithm()
        .is_some_and(|algorithm| candidates(keys, jwt, algorithm, policy).next().is_some())
}

/// The back part: key and signature.
pub(crate) fn check_signature(
    jwt: &UnverifiedJwt<'_>,
    keys: &Arc<KeySet>,
    policy: &Policy,
) -> Result<Unconfirmed, Rejection> {
    let algorithm = jwt
        .algorithm()
        .ok_or_else(|| Rejection::plain(Reason::AlgorithmMissing))?;
    let id = jwt.key_id();
    let key_use = policy.profile().key_use();
    let mut tried = 0;
    for key in candidates(keys, jwt, algorithm, policy) {
        tried += 1;
        let verified = key.verify(algorithm, jwt.signing_input(), jwt.signature());
        if verified.is_ok() {
            return Ok(Unconfirmed::new(AccessToken::new(
                Arc::clone(jwt.payload()),
                Proof::Signature {
                    key: Arc::clone(key),
                    algorithm,
                },
                policy.clone(),
            )));
        }
    }
    let id_text = id.map(excerpt);
    if tried == 0
        && let Some(key) = keys
            .fitting(jwt.key_hint(), algorithm, key_use)
            .find(|key| !is_key_of(key.stated_issuer(), jwt.payload(), policy))
    {
        let issuer = key_owner(jwt.payload(), policy).unwrap_or_default();
        let facts = Facts::KeyIssuer {
            stated: excerpt(key.stated_issuer().unwrap_or_default()),
            issuer: excerpt(issuer),
        };
        return Err(Rejection::new(Reason::KeyOfAnotherIssuer, facts));
    }
    if tried == 0 {
        let facts = Facts::Key {
            id: id_text,
            id_is_known: id.is_some_and(|id| keys.has_id(id, key_use)),
            is_by_thumbprint: keys.is_by_thumbprint(jwt.key_hint(), key_use),
            algorithm,
            key_use,
            keys: Arc::clone(keys),
            age: KeySetAge::default(),
        };
        return Err(Rejection::new(Reason::UnknownKey, facts).of(jwt));
    }
    let facts = Facts::Signature {
        id: id_text,
        algorithm,
        tried,
    };
    Err(Rejection::new(Reason::BadSignature, facts).of(jwt))
}

pub(crate) fn check_issuer(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    let payload = jwt.payload();
    match trust_domain_of(jwt) {
        Some(domain) if policy.profile() == Profile::JwtSvid => {
            check_issuer_name(domain, payload, policy)?;
        }
        _ => check_issuer_name(issuer_of(jwt)?, payload, policy)?,
    }
    check_trust_domain(payload, policy)
}

/// The trust domain of a token without `iss` whose `sub` is a SPIFFE ID: then that says whose policy and keys to judge it by,
/// where such tokens are taken.
pub(crate) fn trust_domain_of<'a>(jwt: &'a UnverifiedJwt<'_>) -> Option<&'a str> {
    let payload = jwt.payload();
    if !payload.iss.is_absent() {
        return None;
    }
    trust_domain(payload.str_of(&payload.sub)?)
}

/// The `iss` claim, which every token but a JWT-SVID must have: it says whose policy and keys to judge it by.
pub(crate) fn issuer_of<'a>(jwt: &'a UnverifiedJwt<'_>) -> Result<&'a str, Rejection> {
    if jwt.payload().iss.is_malformed() {
        return Err(malformed("iss"));
    }
    jwt.issuer().ok_or_else(|| {
        let typ = typ_of(jwt);
        Rejection::new(Reason::IssuerMissing, Facts::NoIssuer { typ })
    })
}

fn check_type(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    let accepted = match policy.accepted_types() {
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
    let facts = Facts::Type {
        found: typ_of(jwt),
        policy: policy.clone(),
    };
    Err(Rejection::new(Reason::TypeNotAccepted, facts))
}

/// The header's `typ` for an explanation.
fn typ_of(jwt: &UnverifiedJwt<'_>) -> String {
    jwt.typ().map_or_else(String::new, excerpt)
}

fn check_kind(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    check_token_use(jwt.payload(), policy)?;
    if jwt.kind() == Kind::AccessToken {
        return Ok(());
    }
    match jwt.payload().foreign {
        None => Ok(()),
        Some(Foreign::IdToken(_)) if policy.allows_id_token_claims() => Ok(()),
        Some(Foreign::IdToken(name) | Foreign::Other(name)) => Err(Rejection::new(
            Reason::NotAnAccessToken,
            Facts::Member(name),
        )),
    }
}

pub(crate) fn check_header(jwt: &UnverifiedJwt<'_>) -> Result<(), Rejection> {
    if jwt.has_critical_header() {
        return Err(Rejection::plain(Reason::CriticalHeader));
    }
    if let Some(name) = jwt.unsupported_header() {
        return Err(Rejection::new(
            Reason::UnsupportedHeader,
            Facts::Member(name),
        ));
    }
    if jwt.has_malformed_key_id() {
        return Err(Rejection::plain(Reason::MalformedKeyId));
    }
    Ok(())
}

pub(crate) fn check_algorithm(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    let (reason, allowed) = match jwt.algorithm() {
        Some(algorithm) if policy.algorithm_set().contains(algorithm) => return Ok(()),
        Some(_) => (Reason::AlgorithmNotAllowed, Some(policy.algorithm_set())),
        None => (Reason::AlgorithmUnknown, None),
    };
    let Some(name) = jwt.alg() else {
        return Err(Rejection::plain(Reason::AlgorithmMissing));
    };
    let found = excerpt(name);
    Err(Rejection::new(reason, Facts::Algorithm { found, allowed }))
}
