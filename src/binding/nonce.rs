//! Nonces of DPoP without state: each carries the time at which it was made, and a tag that only
//! this API can make (RFC 9449 sections 8 and 9).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::dpop_error::DpopError;
use crate::core::{
    Algorithm, NumericDate, SecretError, VerificationKey, decode_base64url, encode_base64url,
    is_equal_in_constant_time,
};

/// Separates these tags from all others that the same secret may make.
const LABEL: &[u8] = b"resource-server: DPoP nonce 1";
/// Seconds since 1970, big-endian.
const TIME_BYTES: usize = 8;
/// A tag may be cut to half of its hash (RFC 2104 section 5).
const TAG_BYTES: usize = 16;
/// 24 bytes in base64url.
const NONCE_CHARACTERS: usize = 32;
/// A nonce is checked by one HMAC for each secret.
const MAX_SECRETS: usize = 4;
/// How far the clocks of the instances that share a secret may differ.
const MAX_AHEAD: Duration = Duration::from_secs(10);
const DEFAULT_LIFETIME: Duration = Duration::from_secs(5 * 60);
const MIN_LIFETIME: Duration = Duration::from_secs(30);
const MAX_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The nonces that DPoP proofs must have (RFC 9449 section 9): the secrets that make them, and how
/// long they are accepted.
///
/// A nonce is the time at which it was made, with an HMAC-SHA256 over that time. So nothing is
/// stored, and every instance with the same secrets accepts the nonces of all. A nonce may be used
/// for several proofs within its lifetime, which is 5 minutes unless
/// [`lifetime`](DpopNonces::lifetime) says otherwise.
///
/// To rotate a secret, first add the new one at the end on every instance. Then move it to the
/// front. Remove the old one when the lifetime has passed.
///
/// ```
/// use resource_server::binding::DpopNonces;
/// use std::time::Duration;
///
/// # let current = "q8Vd2mXz7Lr5Tn0Ck4Wy9Hb3Jf6Sg1PeUs4";
/// # let previous = "u3Ka9Zt6Rw1Mx8Bn5Vd2Fh7Qj4Lc0GyEo7";
/// // Random bytes of your secret store, the same on each instance.
/// let nonces = DpopNonces::from_secrets([current, previous])?.lifetime(Duration::from_secs(120));
/// assert_eq!(format!("{nonces:?}"), "DpopNonces(..)");
/// # Ok::<(), resource_server::error::SecretError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct DpopNonces {
    /// Never empty. The first makes nonces.
    keys: Arc<[VerificationKey]>,
    lifetime: Duration,
}

/// A nonce of ours within its lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) made_at: NumericDate,
    /// The last moment at which it is accepted.
    pub(crate) until: NumericDate,
    /// More than half of its lifetime has passed, so the response should bring a new one.
    pub(crate) is_near_its_end: bool,
}

/// Why a nonce is not accepted. The answer to both is a fresh nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NonceFault {
    /// None of the secrets made it, or its time has not come.
    NotOurs,
    /// Its lifetime has passed.
    Old,
}

impl DpopNonces {
    /// With secrets that every instance of this API shares: at most 4, each of at least 32 random
    /// bytes, used without decoding. The first makes nonces. All of them accept.
    ///
    /// # Errors
    /// There is no secret, or more than 4. One is shorter than 32 bytes, is one byte repeated, or
    /// reads as a key. See [`SecretError`].
    pub fn from_secrets(
        secrets: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<Self, SecretError> {
        let mut keys = Vec::new();
        for secret in secrets {
            if keys.len() == MAX_SECRETS {
                return Err(SecretError::TooMany { most: MAX_SECRETS });
            }
            keys.push(key_of(secret.as_ref())?);
        }
        if keys.is_empty() {
            return Err(SecretError::NoSecret);
        }
        Ok(Self::of(keys))
    }

    /// With a random secret that only this process has, for an API of a single process.
    ///
    /// Behind a load balancer with several processes, a client gets a nonce from one and sends it
    /// to another, which refuses it. The client may repeat that without end. A restart refuses the
    /// nonces of the time before it, at the cost of one more request of each client.
    ///
    /// # Errors
    /// The system gave no random bytes.
    pub fn of_this_process() -> Result<Self, SecretError> {
        Ok(Self::of(vec![VerificationKey::of_this_process()?]))
    }

    fn of(keys: Vec<VerificationKey>) -> Self {
        DpopNonces {
            keys: keys.into(),
            lifetime: DEFAULT_LIFETIME,
        }
    }

    /// How long a nonce is accepted after it was made: 30 seconds to 1 hour, by default 5 minutes.
    /// It bounds how long before its use a proof can be made.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// What is wrong with the settings.
    pub(crate) fn problem(&self) -> Option<DpopError> {
        let found = self.lifetime;
        let is_within = (MIN_LIFETIME..=MAX_LIFETIME).contains(&found);
        (!is_within).then_some(DpopError::NonceLifetime { found })
    }

    /// A fresh nonce. It has 32 characters of base64url.
    pub(crate) fn make(&self, now: NumericDate) -> String {
        let time = now.as_secs().to_be_bytes();
        // A secret makes a tag of every message. A nonce without one would not be accepted.
        let tag = self.keys.first().and_then(|key| tag_of(key, time));
        encode_base64url(&[&time[..], &tag.unwrap_or_default()].concat())
    }

    /// Checks a nonce that a proof has. A text of another length is refused before any work.
    pub(crate) fn check(&self, nonce: &str, now: NumericDate) -> Result<Accepted, NonceFault> {
        let time = self.time_of(nonce).ok_or(NonceFault::NotOurs)?;
        let made_at = NumericDate::from_secs(i64::from_be_bytes(time));
        if made_at > now.saturating_add(MAX_AHEAD) {
            return Err(NonceFault::NotOurs);
        }
        let until = made_at.saturating_add(self.lifetime);
        if now > until {
            return Err(NonceFault::Old);
        }
        Ok(Accepted {
            made_at,
            until,
            is_near_its_end: now.since(made_at) > self.lifetime / 2,
        })
    }

    /// The time of a nonce that one of the secrets made.
    fn time_of(&self, nonce: &str) -> Option<[u8; TIME_BYTES]> {
        if nonce.len() != NONCE_CHARACTERS {
            return None;
        }
        let bytes = decode_base64url(nonce).ok()?;
        let (time, tag) = bytes.split_first_chunk::<TIME_BYTES>()?;
        let made_it = |key: &VerificationKey| {
            tag_of(key, *time).is_some_and(|ours| is_equal_in_constant_time(&ours, tag))
        };
        self.keys.iter().any(made_it).then_some(*time)
    }
}

impl fmt::Debug for DpopNonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DpopNonces(..)")
    }
}

fn key_of(secret: &[u8]) -> Result<VerificationKey, SecretError> {
    VerificationKey::from_hmac_secret(Algorithm::HS256, secret)
}

fn tag_of(key: &VerificationKey, time: [u8; TIME_BYTES]) -> Option<Vec<u8>> {
    let mut tag = key.tag(Algorithm::HS256, &[LABEL, &time].concat())?;
    tag.truncate(TAG_BYTES);
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
    const NEW: [u8; 32] = *b"fedcba9876543210fedcba9876543210";
    const NOW: NumericDate = NumericDate::from_secs(1_700_000_000);

    fn nonces(secrets: &[[u8; 32]]) -> DpopNonces {
        DpopNonces::from_secrets(secrets).unwrap()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn d05_a_nonce_is_accepted_for_its_lifetime() {
        let nonces = nonces(&[OLD]);
        let nonce = nonces.make(NOW);
        assert_eq!(nonce.len(), NONCE_CHARACTERS);
        let accepted = |is_near_its_end| {
            Ok(Accepted {
                made_at: NOW,
                until: NOW.saturating_add(seconds(300)),
                is_near_its_end,
            })
        };
        for (name, now, expected) in [
            ("at once", NOW, accepted(false)),
            (
                "10 s early",
                NOW.saturating_sub(seconds(10)),
                accepted(false),
            ),
            (
                "11 s early",
                NOW.saturating_sub(seconds(11)),
                Err(NonceFault::NotOurs),
            ),
            ("half", NOW.saturating_add(seconds(150)), accepted(false)),
            (
                "past half",
                NOW.saturating_add(seconds(151)),
                accepted(true),
            ),
            (
                "the last second",
                NOW.saturating_add(seconds(300)),
                accepted(true),
            ),
            (
                "past it",
                NOW.saturating_add(seconds(301)),
                Err(NonceFault::Old),
            ),
            (
                "long ago",
                NumericDate::from_secs(i64::MIN),
                Err(NonceFault::NotOurs),
            ),
            (
                "at the end of time",
                NumericDate::from_secs(i64::MAX),
                Err(NonceFault::Old),
            ),
        ] {
            assert_eq!(nonces.check(&nonce, now), expected, "{name}");
        }
        let longer = nonces.clone().lifetime(seconds(3_600));
        let accepted = longer.check(&nonce, NOW.saturating_add(seconds(3_600)));
        assert_eq!(accepted.map(|accepted| accepted.made_at), Ok(NOW));
        for at in [i64::MIN, -1, 0, i64::MAX] {
            let at = NumericDate::from_secs(at);
            let accepted = nonces.check(&nonces.make(at), at);
            assert_eq!(accepted.map(|accepted| accepted.made_at), Ok(at));
        }
    }

    #[test]
    fn d05_instances_with_one_secret_accept_each_others_nonces() {
        let both = nonces(&[NEW, OLD]);
        let old = nonces(&[OLD]);
        let new = nonces(&[NEW]);
        let accepts = |checks: &DpopNonces, makes: &DpopNonces| {
            checks
                .check(&makes.make(NOW), NOW)
                .map(|accepted| accepted.made_at)
        };
        // The first makes, all of them accept, and a secret that is no longer listed does not.
        assert_eq!(both.make(NOW), new.make(NOW));
        assert_eq!(accepts(&both, &old), Ok(NOW));
        assert_eq!(accepts(&both, &new), Ok(NOW));
        assert_eq!(accepts(&new, &both), Ok(NOW));
        assert_eq!(accepts(&new, &old), Err(NonceFault::NotOurs));
        assert_eq!(accepts(&old, &both), Err(NonceFault::NotOurs));
        let (one, other) = (
            DpopNonces::of_this_process().unwrap(),
            DpopNonces::of_this_process().unwrap(),
        );
        assert_eq!(accepts(&one.clone(), &one), Ok(NOW));
        assert_eq!(accepts(&one, &other), Err(NonceFault::NotOurs));
    }

    #[test]
    fn d05_every_bit_of_a_nonce_matters() {
        let nonces = nonces(&[OLD]);
        let bytes = decode_base64url(&nonces.make(NOW)).unwrap();
        assert_eq!(bytes.len(), TIME_BYTES + TAG_BYTES);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let checked = nonces.check(&encode_base64url(&changed), NOW);
            assert_eq!(checked, Err(NonceFault::NotOurs), "bit {bit}");
        }
    }

    #[test]
    fn d05_what_is_not_a_nonce_is_refused() {
        let nonces = nonces(&[OLD]);
        let nonce = nonces.make(NOW);
        // The same secret over another message, in the form of a nonce.
        let time = NOW.as_secs().to_be_bytes();
        let tag = key_of(&OLD).unwrap().tag(Algorithm::HS256, &time).unwrap();
        let other_label = encode_base64url(&[&time[..], &tag[..TAG_BYTES]].concat());
        for not_ours in [
            String::new(),
            nonce[1..].to_owned(),
            format!("{nonce}A"),
            format!("{nonce}="),
            format!("{} ", &nonce[..31]),
            format!("{}+", &nonce[..31]),
            "A".repeat(NONCE_CHARACTERS),
            "\u{fc}".repeat(NONCE_CHARACTERS / 2),
            "A".repeat(1 << 20),
            other_label,
        ] {
            assert_eq!(nonces.check(&not_ours, NOW), Err(NonceFault::NotOurs));
        }
        // A second spelling of the same nonce.
        let mut earlier = (0..300).map(|ago| nonces.make(NOW.saturating_sub(seconds(ago))));
        let nonce = earlier.find(|nonce| nonce.contains(['-', '_'])).unwrap();
        assert!(nonces.check(&nonce, NOW).is_ok());
        let respelled = nonce.replace('_', "/").replace('-', "+");
        assert_eq!(nonces.check(&respelled, NOW), Err(NonceFault::NotOurs));
    }

    #[test]
    fn d05_a_lifetime_has_bounds() {
        let nonces = nonces(&[OLD]);
        assert_eq!(nonces.problem(), None);
        for (lifetime, is_within) in [
            (seconds(30), true),
            (seconds(3_600), true),
            (Duration::ZERO, false),
            (Duration::from_millis(29_999), false),
            (Duration::from_millis(3_600_001), false),
            (Duration::MAX, false),
        ] {
            let found = lifetime;
            let problem = (!is_within).then_some(DpopError::NonceLifetime { found });
            assert_eq!(nonces.clone().lifetime(lifetime).problem(), problem);
        }
    }
}
