//! What is wrong with a key or a signature.

use std::fmt::Write as _;

use crate::core::excerpt::excerpt;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::key_set::KeySet;
use crate::core::keys::{KeyUse, skip_reason::KeyError};
use crate::core::verdict::explain::list::{MAX_LISTED, quoted};
use crate::core::verdict::refusal::KeySetAge;

pub(super) fn unknown(
    id: Option<&str>,
    id_is_known: bool,
    algorithm: Algorithm,
    key_use: KeyUse,
    keys: &KeySet,
    known: KeySetAge,
) -> String {
    let mut text = match id {
        Some(id) if id_is_known => format!(
            "The issuer's key with kid \"{id}\" is not one for {algorithm}, the token's algorithm."
        ),
        Some(id) => format!("The issuer has no key with kid \"{id}\"."),
        None => format!("The token names no kid, and no key of the issuer fits {algorithm}."),
    };
    let usable = keys.of(key_use);
    if key_use == KeyUse::JwtSvid && usable.is_empty() {
        text.push_str(" The key set has no key whose use is jwt-svid.");
    } else if usable.is_empty() {
        text.push_str(" The key set is empty.");
    } else {
        let ids = usable.iter().filter_map(|key| key.key_id());
        let ids: Vec<_> = ids.take(MAX_LISTED + 1).map(excerpt).collect();
        if ids.is_empty() {
            text.push_str(" None of its keys has a kid.");
        } else {
            text.push_str(" Its keys are ");
            text.push_str(&quoted(ids.iter().map(String::as_str)));
            text.push('.');
        }
    }
    let skipped = keys.skipped().iter().filter(|skipped| {
        key_use == KeyUse::Signature || skipped.reason() != KeyError::OnlyForSvids
    });
    for skipped in skipped.take(MAX_LISTED) {
        text.push_str(" Left out: ");
        text.push_str(&skipped.to_string());
        text.push('.');
    }
    if let Some(age) = known.age {
        let _ = write!(text, " The set is {} s old", age.as_secs());
        if let Some(asked) = known.last_asked {
            let _ = write!(text, " and was last asked for {} s ago", asked.as_secs());
        }
        text.push('.');
    }
    if !id_is_known {
        text.push_str(
            " If keys were rotated, this set is old; if not, the token is from another \
             environment.",
        );
    }
    text
}

pub(super) fn bad_signature(id: Option<&str>, algorithm: Algorithm, tried: usize) -> String {
    if algorithm.is_hmac() {
        return format!(
            "The signature ({algorithm}) does not verify with the secret that is configured for \
             this issuer: the token was changed, or signed with another secret. Is the configured \
             one still encoded (base64, hex)? It is taken as it is."
        );
    }
    let which = match id {
        Some(id) => format!("kid \"{id}\""),
        None => "no kid".to_owned(),
    };
    let keys = match tried {
        1 => "the key that fits".to_owned(),
        n => format!("any of the {n} keys that fit"),
    };
    format!(
        "The signature ({algorithm}, {which}) does not verify with {keys}: the token was changed, \
         or signed with another key under the same kid (another environment of the same issuer?)."
    )
}

/// The `issuer` of a JWK is not the token's.
pub(super) fn of_another_issuer(stated: &str, issuer: &str) -> String {
    if stated.is_empty() {
        return format!(
            "The \"issuer\" of the key that fits is empty or not a string, so the key belongs to no issuer and can't vouch \
             for \"{issuer}\", the token's issuer."
        );
    }
    format!(
        "The key that fits is published for issuer \"{stated}\" (the \"issuer\" of its JWK). It can't vouch for \
         \"{issuer}\", the token's issuer."
    )
}
