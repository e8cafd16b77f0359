//! Refusals for the key or the signature.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::core::excerpt::excerpt;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::key_set::{KeySet, SkippedKey};
use crate::core::keys::{KeyUse, skip_reason::KeyError};
use crate::core::verdict::explained::Explained;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::list::{MAX_LISTED, quoted};
use crate::core::verdict::reason::Reason;

#[derive(Clone)]
pub(crate) enum KeyRefusal {
    /// No key has the token's `kid` and fits its algorithm.
    Unknown {
        id: Option<String>,
        /// Whether a key has this `kid`, but is for another algorithm.
        id_is_known: bool,
        /// The token names no `kid`, and the thumbprint of its certificate selects the key.
        is_by_thumbprint: bool,
        algorithm: Algorithm,
        key_use: KeyUse,
        keys: Arc<KeySet>,
        age: KeySetAge,
    },
    /// A key fits, but its JWK states an issuer that is not the token's.
    OfAnotherIssuer {
        /// Empty where the member is not a string.
        stated: String,
        issuer: String,
    },
    /// The key verified the signature when the token was accepted, and is no longer the issuer's.
    Withdrawn {
        id: Option<String>,
        algorithm: Option<Algorithm>,
    },
    /// The signature verifies with none of the keys that fit.
    BadSignature {
        id: Option<String>,
        algorithm: Algorithm,
        tried: usize,
    },
}

/// How old a key set is and how long ago it was last requested, where its source knows.
#[derive(Clone, Copy, Default)]
pub(crate) struct KeySetAge {
    pub(crate) age: Option<Duration>,
    pub(crate) last_asked: Option<Duration>,
}

impl Explained for KeyRefusal {
    fn reason(&self) -> Reason {
        match self {
            KeyRefusal::Unknown { .. } | KeyRefusal::Withdrawn { .. } => Reason::UnknownKey,
            KeyRefusal::OfAnotherIssuer { .. } => Reason::KeyOfAnotherIssuer,
            KeyRefusal::BadSignature { .. } => Reason::BadSignature,
        }
    }

    fn sentences(&self, _hint: Option<Hint>) -> String {
        match self {
            KeyRefusal::Unknown {
                id,
                id_is_known,
                is_by_thumbprint,
                algorithm,
                key_use,
                keys,
                age,
            } => {
                missing(id.as_deref(), *id_is_known, *is_by_thumbprint, *algorithm)
                    + &known_keys(*id_is_known, *key_use, keys, *age)
            }
            KeyRefusal::OfAnotherIssuer { stated, issuer } => of_another_issuer(stated, issuer),
            KeyRefusal::Withdrawn { id, algorithm } => withdrawn(id.as_deref(), *algorithm),
            KeyRefusal::BadSignature {
                id,
                algorithm,
                tried,
            } => bad_signature(id.as_deref(), *algorithm, *tried),
        }
    }
}

/// No key was selected: which one is missing.
fn missing(
    id: Option<&str>,
    id_is_known: bool,
    is_by_thumbprint: bool,
    algorithm: Algorithm,
) -> String {
    match id {
        Some(id) if id_is_known => format!(
            "The issuer's key with kid \"{id}\" is not one for {algorithm}, the token's algorithm, or \
             it turned out to be unusable."
        ),
        Some(id) => format!("The issuer has no key with kid \"{id}\"."),
        None if is_by_thumbprint => format!(
            "The token names no kid, and its x5t or x5t#S256 is not the thumbprint of a key for {algorithm}."
        ),
        None => format!("The token names no kid, and no key of the issuer fits {algorithm}."),
    }
}

/// What else is known about the issuer's keys.
fn known_keys(id_is_known: bool, key_use: KeyUse, keys: &KeySet, known: KeySetAge) -> String {
    let mut text = String::new();
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
    let at_first_use = keys.skipped_at_first_use();
    let all = || keys.skipped().iter().chain(&at_first_use);
    let is_over = |skipped: &&SkippedKey| matches!(skipped.reason(), KeyError::OverMaxKeys { .. });
    let matters = |skipped: &&SkippedKey| {
        key_use == KeyUse::Signature || skipped.reason() != KeyError::OnlyForSvids
    };
    // The limit comes first, since it may be why the key is missing.
    let others = all().filter(|skipped| !is_over(skipped) && matters(skipped));
    for skipped in all().filter(is_over).chain(others).take(MAX_LISTED) {
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

fn bad_signature(id: Option<&str>, algorithm: Algorithm, tried: usize) -> String {
    if algorithm.is_hmac() {
        let secrets = match tried {
            1 => "the secret that is".to_owned(),
            n => format!("any of the {n} secrets that are"),
        };
        return format!(
            "The signature ({algorithm}) does not verify with {secrets} configured for this issuer: \
             the token was changed, or signed with another secret. Is the configured one still \
             encoded (base64, hex)? It is used without decoding."
        );
    }
    let (which, other) = match id {
        Some(id) => (format!("kid \"{id}\""), "another key under the same kid"),
        None => ("no kid".to_owned(), "another key"),
    };
    let keys = match tried {
        1 => "the key that fits".to_owned(),
        n => format!("any of the {n} keys that fit"),
    };
    format!(
        "The signature ({algorithm}, {which}) does not verify with {keys}: the token was changed, \
         or signed with {other} (another environment of the same issuer?)."
    )
}

fn withdrawn(id: Option<&str>, algorithm: Option<Algorithm>) -> String {
    let id = id.map_or_else(|| "no kid".to_owned(), |id| format!("kid \"{id}\""));
    let algorithm = algorithm.map_or("", Algorithm::as_str);
    format!(
        "The issuer has withdrawn the key of this token ({algorithm}, {id}) since the token was accepted: the key is no longer \
         in its set. Another key under the same kid does not replace it."
    )
}

/// The `issuer` of a JWK is not the token's.
fn of_another_issuer(stated: &str, issuer: &str) -> String {
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
