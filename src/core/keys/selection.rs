//! Which keys a token's header selects (RFC 7515 sections 4.1.4, 4.1.7 and 4.1.8). The cost doesn't
//! depend on their number.

use std::collections::HashMap;
#[cfg(feature = "fetch")]
use std::collections::HashSet;
use std::sync::Arc;

use foldhash::quality::RandomState;

use crate::core::base64url;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::verification_key::VerificationKey;

/// What a token's header says about its key. Nothing of it is verified.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyHint<'t> {
    /// `kid`.
    pub(crate) id: Option<&'t str>,
    /// `x5t#S256`. A value that is not a string is an empty text, which matches no key.
    pub(crate) x5t_s256: Option<&'t str>,
    /// `x5t`, with the same rule.
    pub(crate) x5t: Option<&'t str>,
}

/// The keys by the thumbprint of their certificate.
type ByThumbprint = HashMap<Box<[u8]>, Vec<usize>>;
/// The keys by their `kid`. Each token is looked up here, so the hash is a fast one, and keyed.
type ById = HashMap<Box<str>, Vec<usize>, RandomState>;

/// Usable keys in the order of their set, and indexes over them. An index holds positions in
/// ascending order.
#[derive(Default)]
pub(crate) struct Selection {
    keys: Vec<Arc<VerificationKey>>,
    /// The position of each in the JWK Set.
    places: Vec<usize>,
    by_id: ById,
    /// Configured without a `kid`, so for tokens with any.
    for_any_id: Vec<usize>,
    by_x5t_s256: ByThumbprint,
    by_x5t: ByThumbprint,
    by_algorithm: HashMap<Algorithm, Vec<usize>>,
}

impl Selection {
    pub(crate) fn push(&mut self, key: Arc<VerificationKey>, place: usize) {
        let index = self.keys.len();
        if let Some(id) = key.key_id() {
            self.by_id.entry(id.into()).or_default().push(index);
        }
        if key.is_for_any_id() {
            self.for_any_id.push(index);
        }
        let certificate = key.certificate();
        if let Some(thumbprint) = &certificate.x5t_s256 {
            let entry = self.by_x5t_s256.entry(thumbprint.clone());
            entry.or_default().push(index);
        }
        if let Some(thumbprint) = &certificate.x5t {
            self.by_x5t
                .entry(thumbprint.clone())
                .or_default()
                .push(index);
        }
        for algorithm in key.algorithms() {
            self.by_algorithm.entry(algorithm).or_default().push(index);
        }
        self.keys.push(key);
        self.places.push(place);
    }

    pub(crate) fn keys(&self) -> &[Arc<VerificationKey>] {
        &self.keys
    }

    /// Each with its position in the JWK Set.
    pub(crate) fn with_places(&self) -> impl Iterator<Item = (usize, &Arc<VerificationKey>)> {
        self.places.iter().copied().zip(&self.keys)
    }

    /// Those that are in `newer` too, under the same name and terms.
    #[cfg(feature = "fetch")]
    pub(crate) fn still_in(&self, newer: &Selection) -> Selection {
        let terms: HashSet<_> = newer.keys.iter().map(|key| key.terms()).collect();
        let mut still = Selection::default();
        for (place, key) in self.with_places() {
            if terms.contains(&key.terms()) {
                still.push(Arc::clone(key), place);
            }
        }
        still
    }

    /// The keys for an algorithm that a header selects, in the order of the set.
    ///
    /// A `kid` decides alone. Without one a certificate's thumbprint decides, where any key of the
    /// set has one of its kind. Otherwise every key for the algorithm is selected.
    pub(crate) fn select(
        &self,
        hint: KeyHint<'_>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &Arc<VerificationKey>> {
        let selected = match (hint.id, self.thumbprint_index(hint)) {
            (Some(id), _) => Merged {
                one: found(self.by_id.get(id)),
                other: &self.for_any_id,
            },
            (None, Some((index, thumbprint))) => Merged {
                one: found(
                    base64url::decode(thumbprint)
                        .ok()
                        .and_then(|x5t| index.get(&*x5t)),
                ),
                other: &[],
            },
            (None, None) => Merged {
                one: found(self.by_algorithm.get(&algorithm)),
                other: &[],
            },
        };
        selected
            .filter_map(|index| self.keys.get(index))
            .filter(move |key| key.fits(algorithm))
    }

    /// Whether a key with this `kid` is there, for any algorithm.
    pub(crate) fn has_id(&self, id: &str) -> bool {
        self.by_id.contains_key(id) || !self.for_any_id.is_empty()
    }

    /// Whether a certificate's thumbprint selects the keys for this header.
    pub(crate) fn is_by_thumbprint(&self, hint: KeyHint<'_>) -> bool {
        hint.id.is_none() && self.thumbprint_index(hint).is_some()
    }

    fn thumbprint_index<'s, 't>(
        &'s self,
        hint: KeyHint<'t>,
    ) -> Option<(&'s ByThumbprint, &'t str)> {
        let indexes = [(&self.by_x5t_s256, hint.x5t_s256), (&self.by_x5t, hint.x5t)];
        indexes.into_iter().find_map(|(index, thumbprint)| {
            Some((index, thumbprint?)).filter(|_| !index.is_empty())
        })
    }
}

fn found(indexes: Option<&Vec<usize>>) -> &[usize] {
    indexes.map(Vec::as_slice).unwrap_or_default()
}

/// Two ascending lists without a common element, as one.
struct Merged<'s> {
    one: &'s [usize],
    other: &'s [usize],
}

impl Iterator for Merged<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let (list, (next, rest)) = match (self.one.split_first(), self.other.split_first()) {
            (Some(one), Some(other)) if other.0 < one.0 => (&mut self.other, other),
            (Some(one), _) => (&mut self.one, one),
            (None, Some(other)) => (&mut self.other, other),
            (None, None) => return None,
        };
        *list = rest;
        Some(*next)
    }
}
