//! An estimate of the memory that keys occupy.
//!
//! The constants are rounded up from what the allocator reports for sets of 1,000 keys, with
//! aws-lc-rs on 64 bits (see "Memory of a key" in benches/README.md). A key is estimated as if it
//! were prepared for each of its algorithms, since tokens decide when that happens.

use crate::core::keys::material::PublicMaterial;
use crate::core::keys::notes::KeyNote;

/// A key and its entries in the indexes, without its numbers and names.
const KEY: usize = 512;
/// An algorithm of a key, before the key is prepared for it.
const SLOT: usize = 96;
/// A prepared key, without what depends on its numbers.
const PREPARED: usize = 512;
/// A prepared RSA key has its modulus in several forms, which make this many times its size.
const RSA_FORMS: usize = 6;
/// The same for every other kind of key.
const OTHER_FORMS: usize = 2;
/// A key that was skipped, or a note, without its `kid`.
#[allow(dead_code)] // reports are counted with fetched sets alone
const REPORT: usize = 96;

/// Of a public key with so many algorithms. Each of its names is held twice: in the key, and in an
/// index.
pub(crate) fn of_public_key(material: &PublicMaterial, algorithms: usize, names: usize) -> usize {
    let (numbers, forms) = match material {
        PublicMaterial::Rsa { n, e } => (n.len() + e.len(), RSA_FORMS),
        PublicMaterial::Ec { x, y, .. } => (x.len() + y.len(), OTHER_FORMS),
        PublicMaterial::Ed25519 { x } => (x.len(), OTHER_FORMS),
        PublicMaterial::MlDsa { public, .. } => (public.len(), OTHER_FORMS),
    };
    let slot = SLOT + PREPARED + forms * numbers;
    KEY + numbers + 2 * names + algorithms * slot
}

/// Of what is reported about keys: how many reports there are, and the bytes of their `kid`s.
#[allow(dead_code)] // reports are counted with fetched sets alone
pub(crate) fn of_reports<'r>(ids: impl Iterator<Item = Option<&'r str>>) -> usize {
    ids.map(|id| REPORT + id.map_or(0, str::len)).sum()
}

/// Of notes.
#[allow(dead_code)] // reports are counted with fetched sets alone
pub(crate) fn of_notes(notes: &[KeyNote]) -> usize {
    of_reports(notes.iter().map(KeyNote::key_id))
}
