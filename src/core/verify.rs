//! The checks, in the one order that counts everywhere.

use std::sync::Arc;
use std::time::Duration;

use super::access_token::{AccessToken, Unconfirmed, scope_claim};
use super::claims::is_scope_byte;
use super::excerpt::excerpt;
use super::facts::{AcceptedIssuers, Facts, KeySetAge};
use super::jws::{Kind, PresentedToken, UnverifiedJwt};
use super::key_set::KeySet;
use super::payload::{Claim, Foreign};
use super::policy::{Policy, Profile};
use super::reason::Reason;
use super::rejection::Rejection;
use super::text::OneOrMany;
use super::time::NumericDate;

/// What a source brings to judge a token by.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Evidence {
    /// The issuer's keys.
    Keys(Arc<KeySet>),
}

/// Judges a token by the evidence for it: pure, without I/O and without a look at a clock.
///
/// The order of its checks is fixed, the first that fails is the reason, and the signature is checked last: form, issuer,
/// kind of token, header, algorithm, audience, time, other claims, key, signature.
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
    let jwt = check_claims(token, policy, now)?;
    check_signature(jwt, evidence, policy)
}

/// The front part of the checks: all that needs no evidence. What fails here costs no fetch and no arithmetic.
pub(crate) fn check_claims<'a, 't>(
    token: &'a PresentedToken<'t>,
    policy: &Policy,
    now: NumericDate,
) -> Result<&'a UnverifiedJwt<'t>, Rejection> {
    let jwt = token.require_jwt()?;
    check_issuer(jwt, policy)?; // RFC 7519 4.1.1, RFC 9068 4
    check_type(jwt, policy)?; // RFC 8725 3.11, RFC 9068 4
    check_kind(jwt, policy)?; // RFC 8725 3.12
    check_header(jwt)?; // RFC 7515 4.1.11, RFC 7797
    check_algorithm(jwt, policy)?; // RFC 8725 3.1
    check_audience(jwt, policy)?; // RFC 7519 4.1.3, RFC 8725 3.9
    check_time(jwt, policy, now)?; // RFC 7519 4.1.4 to 4.1.6
    check_other_types(jwt)?; // RFC 7519 4
    check_required(jwt, policy)?; // RFC 9068 2.2
    check_client(jwt, policy)?; // RFC 9068 2.2
    check_scope(jwt, policy)?; // RFC 6749 3.3
    check_confirmation(jwt)?; // RFC 7800 3.1
    Ok(jwt)
}

/// The back part: key and signature.
pub(crate) fn check_signature(
    jwt: &UnverifiedJwt<'_>,
    evidence: &Evidence,
    policy: &Policy,
) -> Result<Unconfirmed, Rejection> {
    let Evidence::Keys(keys) = evidence;
    let algorithm = jwt
        .algorithm()
        .ok_or_else(|| Rejection::plain(Reason::AlgorithmMissing))?;
    let id = jwt.key_id();
    let mut tried = 0;
    for key in keys.candidates(id, algorithm) {
        tried += 1;
        let verified = key.verify(algorithm, jwt.signing_input(), jwt.signature());
        if verified.is_ok() {
            return Ok(Unconfirmed::new(AccessToken::new(
                Arc::clone(jwt.payload()),
                Arc::clone(key),
                algorithm,
                policy.clone(),
            )));
        }
    }
    let id_text = id.map(excerpt);
    if tried == 0 {
        let facts = Facts::Key {
            id: id_text,
            id_is_known: id.is_some_and(|id| keys.has_id(id)),
            algorithm,
            keys: Arc::clone(keys),
            age: KeySetAge::default(),
        };
        return Err(Rejection::new(Reason::UnknownKey, facts));
    }
    let facts = Facts::Signature {
        id: id_text,
        algorithm,
        tried,
    };
    Err(Rejection::new(Reason::BadSignature, facts))
}

fn check_issuer(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    let found = issuer_of(jwt)?;
    if found == policy.issuer() {
        return Ok(());
    }
    Err(wrong_issuer(found, AcceptedIssuers::One(policy.clone())))
}

/// The `iss` claim, which every token must have: it says whose policy and keys to judge it by.
pub(crate) fn issuer_of<'a>(jwt: &'a UnverifiedJwt<'_>) -> Result<&'a str, Rejection> {
    if jwt.payload().iss.is_malformed() {
        return Err(malformed("iss"));
    }
    jwt.issuer().ok_or_else(|| {
        let typ = typ_of(jwt);
        Rejection::new(Reason::IssuerMissing, Facts::NoIssuer { typ })
    })
}

pub(crate) fn wrong_issuer(found: &str, accepted: AcceptedIssuers) -> Rejection {
    let found = excerpt(found);
    Rejection::new(Reason::IssuerMismatch, Facts::Issuer { found, accepted })
}

fn check_type(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    let accepted = match jwt.kind() {
        Kind::AccessToken => true,
        Kind::Jwt | Kind::Untyped => policy.profile() == Profile::Default,
        Kind::Other => false,
    };
    if accepted {
        return Ok(());
    }
    let facts = Facts::Type {
        found: typ_of(jwt),
        profile: policy.profile(),
    };
    Err(Rejection::new(Reason::TypeNotAccepted, facts))
}

/// The header's `typ` for an explanation.
fn typ_of(jwt: &UnverifiedJwt<'_>) -> String {
    jwt.typ().map_or_else(String::new, excerpt)
}

fn check_kind(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
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

fn check_header(jwt: &UnverifiedJwt<'_>) -> Result<(), Rejection> {
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

fn check_algorithm(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
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

fn check_audience(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    /// Entries of a refused token that `explain()` shows.
    const MAX_SHOWN: usize = 10;

    let payload = jwt.payload();
    let entries = match &payload.aud {
        Claim::Malformed => return Err(malformed("aud")),
        Claim::Absent => &[],
        Claim::Is(audience) => audience
            .entries(payload.text())
            .ok_or_else(|| malformed("aud"))?,
    };
    let found = || entries.iter().map(|entry| entry.of(payload.text()));
    if found().all(str::is_empty) {
        return Err(Rejection::plain(Reason::AudienceMissing));
    }
    if found().any(|entry| policy.audiences().any(|accepted| accepted == entry)) {
        return Ok(());
    }
    let facts = Facts::Audience {
        found: found().take(MAX_SHOWN).map(excerpt).collect(),
        policy: policy.clone(),
    };
    Err(Rejection::new(Reason::AudienceMismatch, facts))
}

fn check_time(jwt: &UnverifiedJwt<'_>, policy: &Policy, now: NumericDate) -> Result<(), Rejection> {
    let payload = jwt.payload();
    let skew = policy.clock_skew();
    let refuse = |reason, at, limit: Option<Duration>| {
        let facts = Facts::Time {
            at,
            now,
            skew,
            limit,
        };
        Err(Rejection::new(reason, facts))
    };
    let exp = match payload.exp {
        Claim::Absent => return Err(Rejection::plain(Reason::ExpiryMissing)),
        Claim::Malformed => return Err(malformed("exp")),
        Claim::Is(exp) => exp,
    };
    // Good strictly before exp + skew: RFC 7519 has "on or after" for the end.
    if now >= exp.saturating_add(skew) {
        return refuse(Reason::Expired, exp, None);
    }
    let latest_start = now.saturating_add(skew);
    match payload.nbf {
        Claim::Malformed => return Err(malformed("nbf")),
        Claim::Is(nbf) if nbf > latest_start => return refuse(Reason::NotYetValid, nbf, None),
        Claim::Absent | Claim::Is(_) => {}
    }
    match payload.iat {
        Claim::Malformed => return Err(malformed("iat")),
        Claim::Is(iat) if iat > latest_start => {
            return refuse(Reason::IssuedInTheFuture, iat, None);
        }
        Claim::Absent | Claim::Is(_) => {}
    }
    if let Some(max_age) = policy.max_token_age() {
        let Some(iat) = payload.iat.get().copied() else {
            return Err(missing("iat"));
        };
        if now >= iat.saturating_add(max_age).saturating_add(skew) {
            return refuse(Reason::TooOld, iat, Some(max_age));
        }
    }
    if let Some(max_remaining) = policy.max_remaining()
        && exp > latest_start.saturating_add(max_remaining)
    {
        return refuse(Reason::LifetimeTooLong, exp, Some(max_remaining));
    }
    Ok(())
}

fn check_other_types(jwt: &UnverifiedJwt<'_>) -> Result<(), Rejection> {
    let payload = jwt.payload();
    for (name, claim) in [
        ("sub", &payload.sub),
        ("jti", &payload.jti),
        ("client_id", &payload.client_id),
    ] {
        if claim.is_malformed() {
            return Err(malformed(name));
        }
    }
    match payload.other_malformed {
        Some(name) => Err(malformed(name)),
        None => Ok(()),
    }
}

fn check_required(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    if policy.profile() != Profile::Rfc9068 {
        return Ok(());
    }
    // iss, exp and aud are required of every token, and were checked above.
    let payload = jwt.payload();
    let says_something = |claim| payload.str_of(claim).is_some_and(|text| !text.is_empty());
    let present = [
        ("sub", says_something(&payload.sub)),
        ("client_id", says_something(&payload.client_id)),
        ("iat", payload.iat.get().is_some()),
        ("jti", says_something(&payload.jti)),
    ];
    match present.iter().find(|(_, is_present)| !is_present) {
        Some((name, _)) => Err(missing(name)),
        None => Ok(()),
    }
}

fn check_client(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    let Some(allowed) = policy.allowed_clients() else {
        return Ok(());
    };
    let client = jwt.payload().str_of(&jwt.payload().client_id);
    if client.is_some_and(|client| allowed.iter().any(|name| name == client)) {
        Ok(())
    } else {
        Err(Rejection::plain(Reason::ClientNotAllowed))
    }
}

fn check_scope(jwt: &UnverifiedJwt<'_>, policy: &Policy) -> Result<(), Rejection> {
    let payload = jwt.payload();
    let (claim, is_scope) = scope_claim(payload, policy);
    let sound = match claim {
        Claim::Absent => true,
        Claim::Malformed => false,
        Claim::Is(OneOrMany::One(text)) => text
            .of(payload.text())
            .bytes()
            .all(|byte| byte == b' ' || is_scope_byte(byte)),
        Claim::Is(list) => {
            (!is_scope || policy.allows_scope_array())
                && list.entries(payload.text()).is_some_and(|entries| {
                    entries
                        .iter()
                        .all(|entry| entry.of(payload.text()).bytes().all(is_scope_byte))
                })
        }
    };
    if sound {
        Ok(())
    } else {
        Err(Rejection::plain(Reason::MalformedScope))
    }
}

fn check_confirmation(jwt: &UnverifiedJwt<'_>) -> Result<(), Rejection> {
    match &jwt.payload().cnf {
        Claim::Malformed => Err(Rejection::plain(Reason::MalformedConfirmation)),
        Claim::Is(confirmation) if confirmation.asks_for_nothing_known() => {
            Err(Rejection::plain(Reason::UnknownConfirmation))
        }
        Claim::Absent | Claim::Is(_) => Ok(()),
    }
}

fn malformed(name: &'static str) -> Rejection {
    Rejection::new(Reason::MalformedClaim, Facts::Member(name))
}

fn missing(name: &'static str) -> Rejection {
    Rejection::new(Reason::ClaimMissing, Facts::Member(name))
}
