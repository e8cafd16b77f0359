//! Changes to the bytes of a signature.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::sample::Index;

#[derive(Clone, Debug)]
pub(crate) enum SignatureEdit {
    /// By a key of the same kind that the issuer does not publish.
    OfAnotherKey,
    /// One bit is turned.
    Flip(Index, u8),
    /// The last bytes are cut off.
    Cut(usize),
    Append(Vec<u8>),
    /// A zero byte stands before it.
    LeadingZero,
    Zeros,
    /// The second half stands before the first.
    Swap,
    /// Both halves as an ASN.1 sequence of two integers, as ECDSA signatures stand outside of JOSE.
    Der,
}

impl SignatureEdit {
    pub(crate) fn apply(&self, token: &str) -> String {
        let Some((signed, signature)) = token.rsplit_once('.') else {
            return token.to_owned();
        };
        let Ok(mut bytes) = URL_SAFE_NO_PAD.decode(signature) else {
            return token.to_owned();
        };
        let half = bytes.len() / 2;
        match self {
            // The draft saw to it.
            SignatureEdit::OfAnotherKey => {}
            SignatureEdit::Flip(index, bit) => {
                let at = index.index(bytes.len().max(1));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            SignatureEdit::Cut(count) => bytes.truncate(bytes.len().saturating_sub(*count)),
            SignatureEdit::Append(more) => bytes.extend_from_slice(more),
            SignatureEdit::LeadingZero => bytes.insert(0, 0),
            SignatureEdit::Zeros => bytes.fill(0),
            SignatureEdit::Swap => bytes.rotate_left(half),
            SignatureEdit::Der => {
                let (r, s) = bytes.split_at(half);
                let integers = [integer(r), integer(s)].concat();
                bytes = [length_of(0x30, integers.len()), integers].concat();
            }
        }
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// A non-negative integer in DER.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut digits = bytes.get(start..).unwrap_or_default().to_vec();
    if digits.first().is_none_or(|first| first & 0x80 != 0) {
        digits.insert(0, 0);
    }
    [length_of(0x02, digits.len()), digits].concat()
}

/// Tag and length in DER.
fn length_of(tag: u8, length: usize) -> Vec<u8> {
    let [.., high, low] = length.to_be_bytes();
    match length {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    }
}
