//! Base64url for texts that a test must spell itself, and the algorithms to try.

use resource_server::Algorithm;

/// All algorithms of public keys that the signature backend has.
pub(crate) fn with_public_keys() -> impl Iterator<Item = Algorithm> {
    let all = Algorithm::ALL.iter().copied();
    all.filter(|algorithm| algorithm.is_supported() && !algorithm.is_hmac())
}

pub(crate) const ALPHABET: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |i| usize::from(chunk.get(i).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..=chunk.len() {
            text.push(char::from(ALPHABET[bits >> (18 - 6 * i) & 63]));
        }
    }
    text
}

/// Of well-formed text; it checks nothing.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    let (mut bits, mut held, mut bytes) = (0, 0, Vec::new());
    for character in text.bytes() {
        bits = bits << 6 | value_of(character);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held).unwrap());
            bits &= (1 << held) - 1;
        }
    }
    bytes
}

/// The same of base64 with its padding.
pub(crate) fn decode_base64(text: &str) -> Vec<u8> {
    let url_safe = text.trim_end_matches('=');
    decode(&url_safe.replace('+', "-").replace('/', "_"))
}

pub(crate) fn value_of(character: u8) -> usize {
    ALPHABET.iter().position(|c| *c == character).unwrap()
}
