//! A keyed digest of a token, under which the cache of verified tokens finds it.
//!
//! With AWS-LC it is AES-256-GMAC: the token is the associated data, the text is empty, and the
//! nonce is always the same. A nonce may not repeat where tags are published. Here a repeated nonce
//! is safe, since the digest is a secret index and no authenticator:
//!
//! * The key is random, is made for one cache and is used for nothing else. Key and tags never
//!   leave the process, and no answer depends on a tag except on whether two are equal.
//! * With one nonce, two tags differ as the two GHASH values differ. Two texts that are chosen
//!   without the key have one GHASH value with a probability of at most their blocks over 2^128:
//!   less than 2^-111 for texts of 1 MiB (NIST SP 800-38D section 8, appendix A).
//! * The store hashes the tag again under another secret. So its timing shows no part of a tag.
//! * A text that collides with a cached token is of use only to one who has that token.
//!
//! With `rust-crypto` alone it is SHA-256 over a secret and the token, cut to 128 bits.

#[cfg(feature = "aws-lc-rs")]
use aws_lc::Secret;
#[cfg(not(feature = "aws-lc-rs"))]
use rust_crypto::Secret;

/// Digests texts under a secret of its own.
pub(crate) struct KeyedDigest(Secret);

impl KeyedDigest {
    /// Makes a random secret. `None` if the system gives no random bytes.
    pub(crate) fn new() -> Option<Self> {
        Secret::new().map(KeyedDigest)
    }

    /// 128 bits. `None` if the library refuses the text, which no length of a token causes.
    pub(crate) fn of(&self, text: &str) -> Option<u128> {
        self.0.digest(text.as_bytes()).map(u128::from_ne_bytes)
    }
}

#[cfg(feature = "aws-lc-rs")]
mod aws_lc {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
    use aws_lc_rs::rand;
    use zeroize::Zeroizing;

    pub(super) struct Secret(LessSafeKey);

    impl Secret {
        pub(super) fn new() -> Option<Self> {
            let mut bytes = Zeroizing::new([0; 32]);
            rand::fill(&mut *bytes).ok()?;
            let key = UnboundKey::new(&AES_256_GCM, &*bytes).ok()?;
            Some(Secret(LessSafeKey::new(key)))
        }

        pub(super) fn digest(&self, text: &[u8]) -> Option<[u8; 16]> {
            let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
            let tag = self
                .0
                .seal_in_place_separate_tag(nonce, Aad::from(text), &mut [])
                .ok()?;
            tag.as_ref().try_into().ok()
        }
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
mod rust_crypto {
    use std::hash::{BuildHasher, RandomState};

    use sha2::{Digest, Sha256};
    use zeroize::Zeroizing;

    /// A hash that has already read 32 secret bytes.
    pub(super) struct Secret(Sha256);

    impl Secret {
        /// The standard library has the system's random bytes only as keys of SipHash, 128 bits of
        /// them. They keep others from searching for a collision; SHA-256 needs no more.
        #[allow(clippy::unnecessary_wraps)] // as with the other backend
        pub(super) fn new() -> Option<Self> {
            let random = RandomState::new();
            let mut hash = Sha256::new();
            for number in 0..4_u8 {
                let part = Zeroizing::new(random.hash_one(number).to_ne_bytes());
                hash.update(*part);
            }
            Some(Secret(hash))
        }

        pub(super) fn digest(&self, text: &[u8]) -> Option<[u8; 16]> {
            let digest = self.0.clone().chain_update(text).finalize();
            digest.get(..16)?.try_into().ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// CVE-2026-35030 and CVE-2026-35039: what a digest leaves out, two tokens share.
    #[test]
    fn p04_every_byte_of_a_text_and_its_length_count() {
        let digest = KeyedDigest::new().unwrap();
        let text = "eyJhbGciOiJSUzI1NiJ9.".repeat(40);
        let mut seen = HashSet::from([digest.of(&text).unwrap()]);
        for at in 0..text.len() {
            let mut other = text.clone();
            other.replace_range(at..=at, "~");
            assert!(seen.insert(digest.of(&other).unwrap()), "byte {at}");
            assert!(seen.insert(digest.of(&text[..at]).unwrap()), "length {at}");
            let more = format!("{text}{}", "A".repeat(at + 1));
            assert!(seen.insert(digest.of(&more).unwrap()), "{at} bytes more");
        }
        assert_eq!(digest.of(&text), digest.of(&text.clone()));
    }

    #[test]
    fn p04_each_digest_has_a_secret_of_its_own() {
        let digests = [KeyedDigest::new(), KeyedDigest::new()];
        let [one, other] = digests.map(|digest| digest.unwrap().of("eyJ.e30.AA"));
        assert_ne!(one, other);
    }
}
