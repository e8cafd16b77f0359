//! Key and signature: the last checks, and the only ones that compute.

use std::sync::Arc;

use crate::core::checks::key_issuer::vouches_for;
use crate::core::excerpt::excerpt;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::key_set::{KeySet, MAX_CANDIDATES};
use crate::core::keys::selection::KeyHint;
use crate::core::keys::verification_key::VerificationKey;
use crate::core::policy::accepted::Policy;
use crate::core::proof::Proof;
use crate::core::token::jws::UnverifiedJwt;
use crate::core::token::payload::Payload;
use crate::core::verdict::header::HeaderRefusal;
use crate::core::verdict::key::{KeyRefusal, KeySetAge};
use crate::core::verdict::rejection::Rejection;

/// Finds the key that the signature verifies with.
pub(crate) fn check_signature(
    jwt: &UnverifiedJwt<'_>,
    keys: &Arc<KeySet>,
    policy: &Policy,
) -> Result<Proof, Rejection> {
    let algorithm = jwt
        .algorithm()
        .ok_or_else(|| Rejection::from(HeaderRefusal::AlgorithmMissing))?;
    let hint = jwt.key_hint();
    let id = hint.id;
    let key_use = policy.profile().key_use();
    let mut tried = 0;
    for key in candidates(keys, hint, algorithm, jwt.payload(), policy) {
        tried += 1;
        let verified = key.verify(algorithm, jwt.signing_input(), jwt.signature());
        if verified.is_ok() {
            return Ok(Proof::Signature {
                key: Arc::clone(key),
                algorithm,
            });
        }
    }
    let id_text = id.map(excerpt);
    if tried == 0
        && let Some(key) = keys
            .fitting(hint, algorithm, key_use)
            .find(|key| !is_key_of(key.stated_issuer(), jwt.payload(), policy))
    {
        let issuer = key_owner(jwt.payload(), policy).unwrap_or_default();
        let refusal = KeyRefusal::OfAnotherIssuer {
            stated: excerpt(key.stated_issuer().unwrap_or_default()),
            issuer: excerpt(issuer),
        };
        return Err(refusal.into());
    }
    if tried == 0 {
        let refusal = KeyRefusal::Unknown {
            id: id_text,
            id_is_known: id.is_some_and(|id| keys.has_id(id, key_use)),
            is_by_thumbprint: keys.is_by_thumbprint(hint, key_use),
            algorithm,
            key_use,
            keys: Arc::clone(keys),
            age: KeySetAge::default(),
        };
        return Err(refusal.into());
    }
    let refusal = KeyRefusal::BadSignature {
        id: id_text,
        algorithm,
        tried,
    };
    Err(refusal.into())
}

/// The keys to try for a token, at most four: those that its header selects, of the policy's kind
/// and of the token's issuer. A `kid` that matches no key selects none.
fn candidates<'k>(
    keys: &'k KeySet,
    hint: KeyHint<'_>,
    algorithm: Algorithm,
    payload: &Payload,
    policy: &Policy,
) -> impl Iterator<Item = &'k Arc<VerificationKey>> {
    keys.fitting(hint, algorithm, policy.profile().key_use())
        .filter(|key| is_key_of(key.stated_issuer(), payload, policy))
        .filter(move |key| policy.allows_key_for(key, algorithm))
        .filter(move |key| key.is_usable_with(algorithm))
        .take(MAX_CANDIDATES)
}

/// Whether there is a key to try for this token.
#[cfg(feature = "fetch")]
pub(crate) fn has_candidate(keys: &KeySet, jwt: &UnverifiedJwt<'_>, policy: &Policy) -> bool {
    jwt.algorithm().is_some_and(|algorithm| {
        let mut all = candidates(keys, jwt.key_hint(), algorithm, jwt.payload(), policy);
        all.next().is_some()
    })
}

/// The key with the same numbers that this set would try for a token that names `key` by its `kid`.
/// The same candidates are tried as for a new token, so its verdict would be the same.
pub(crate) fn tried_again<'k>(
    key: &VerificationKey,
    algorithm: Algorithm,
    payload: &Payload,
    keys: &'k KeySet,
    policy: &Policy,
) -> Option<&'k Arc<VerificationKey>> {
    let hint = KeyHint {
        id: Some(key.key_id()?),
        ..KeyHint::default()
    };
    candidates(keys, hint, algorithm, payload, policy).find(|one| one.is_same_key(key))
}

/// Whether a key that states an issuer may vouch for this token's. Such sets hold the keys of many
/// issuers.
pub(super) fn is_key_of(key_issuer: Option<&str>, payload: &Payload, policy: &Policy) -> bool {
    let Some(stated) = key_issuer else {
        return true;
    };
    key_owner(payload, policy).is_some_and(|issuer| vouches_for(stated, issuer))
}

/// The issuer that the key of a token must be for: its `iss`, or the trust domain of a JWT-SVID
/// without one.
fn key_owner<'a>(payload: &'a Payload, policy: &'a Policy) -> Option<&'a str> {
    let by_policy = || policy.template().is_none().then(|| policy.issuer());
    payload.str_of(&payload.iss).or_else(by_policy)
}
