//! An estimate of the memory of a claims set, for the bound of a cache.

/// What an allocation needs besides its bytes: two counts of an `Arc`, or what the allocator adds.
pub(crate) const ALLOCATION: usize = 16;

/// Of a text, if it has an allocation of its own.
pub(crate) fn of_text(text: &str) -> usize {
    ALLOCATION + text.len()
}
