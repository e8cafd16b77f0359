//! A look at all bytes of a text.

/// Bytes of a block: two or one of a processor's vectors.
const BLOCK: usize = 32;

/// Whether every byte is allowed. A block is read to its end in any case, so that its bytes are
/// compared at once.
pub(crate) fn all_bytes(text: &str, is_allowed: impl Fn(u8) -> bool) -> bool {
    let all = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & is_allowed(*byte));
    let (blocks, rest) = text.as_bytes().as_chunks::<BLOCK>();
    blocks.iter().all(|block| all(block)) && all(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t01_each_byte_of_a_text_is_looked_at() {
        for length in 0..=3 * BLOCK {
            let good = "a".repeat(length);
            assert!(all_bytes(&good, |byte| byte == b'a'), "{length}");
            for at in 0..length {
                let mut bad = good.clone();
                bad.replace_range(at..=at, "b");
                assert!(!all_bytes(&bad, |byte| byte == b'a'), "{length} {at}");
            }
        }
    }
}
