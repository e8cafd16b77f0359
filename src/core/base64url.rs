//! Base64url without padding, in its one canonical spelling (RFC 7515 section 2, RFC 4648 section
//! 5).
//!
//! Padding, characters of the other alphabet and non-zero trailing bits are rejected, so that a
//! byte string has one encoding.

use base64::Engine;

#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
))]
mod engine {
    use std::sync::LazyLock;

    use base64::engine::general_purpose::NO_PAD;

    /// Detects the processor's features once; decoding then needs a third of the portable engine's
    /// time.
    pub(crate) static ENGINE: LazyLock<base64::engine::Simd> =
        LazyLock::new(|| base64::engine::Simd::url_safe(NO_PAD));
}

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
)))]
mod engine {
    use std::sync::LazyLock;

    use base64::engine::GeneralPurpose;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    pub(crate) static ENGINE: LazyLock<GeneralPurpose> = LazyLock::new(|| URL_SAFE_NO_PAD);
}

/// The text is not canonical base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotBase64url;

pub(crate) fn decode(text: &str) -> Result<Vec<u8>, NotBase64url> {
    let mut bytes = Vec::with_capacity(decoded_capacity(text));
    append_decoded(text, &mut bytes)?;
    Ok(bytes)
}

/// Decodes and appends to `bytes`.
pub(crate) fn append_decoded(text: &str, bytes: &mut Vec<u8>) -> Result<(), NotBase64url> {
    engine::ENGINE
        .decode_vec(text, bytes)
        .map_err(|_| NotBase64url)
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    engine::ENGINE.encode(bytes)
}

/// The capacity that decoding needs, in bytes; a little more than the result.
pub(crate) const fn decoded_capacity(text: &str) -> usize {
    text.len() / 4 * 3 + 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t02_one_byte_string_has_one_spelling() {
        assert_eq!(decode("AQ"), Ok(vec![1]));
        for refused in [
            "AR", "AQ==", "AQ=", "A", "A+8", "A/8", "A\n8", " AQ", "AQ ", "é",
        ] {
            assert_eq!(decode(refused), Err(NotBase64url), "{refused:?}");
        }
        // The text is long enough for the SIMD path. The fault is at the end, which that path
        // leaves to others, and in the middle.
        let long = encode(&[0xA5; 301]);
        assert_eq!(decode(&long).map(|b| b.len()), Ok(301));
        for (at, with) in [(150, "+"), (150, "/"), (150, "="), (150, "\0"), (0, "é")] {
            let mut spoilt = long.clone();
            spoilt.replace_range(at..at + with.len(), with);
            assert_eq!(decode(&spoilt), Err(NotBase64url), "{with:?}");
        }
        let mut bits = encode(&[0; 301]);
        bits.replace_range(bits.len() - 1.., "B");
        assert_eq!(decode(&bits), Err(NotBase64url));
    }

    #[test]
    fn room_for_decoding_is_enough_and_little_more() {
        for length in 0..=20 {
            let room = decoded_capacity(&encode(&vec![0; length]));
            assert!((length..=length + 3).contains(&room), "{length}: {room}");
        }
    }
}
