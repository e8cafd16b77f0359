//! What was verified of a token, and the form in which a cache shares it.

use std::ops::Deref;
use std::sync::{Arc, Weak};

use crate::core::checks::key::tried_again;
use crate::core::checks::time::end_of;
use crate::core::introspection::introspected::Introspected;
use crate::core::keys::key_set::KeySet;
use crate::core::policy::accepted::Policy;
use crate::core::proof::Proof;
use crate::core::time::NumericDate;
use crate::core::token::claims::checked::KeptClaims;
use crate::core::token::footprint::ALLOCATION;

/// Claims and evidence of a token that is good, and the policy that it meets.
#[derive(Clone)]
pub(crate) struct GoodToken {
    pub(crate) claims: KeptClaims,
    pub(crate) proof: Proof,
    pub(crate) policy: Policy,
}

impl GoodToken {
    /// How it was introspected, if it was.
    pub(crate) fn introspected(&self) -> Option<&Introspected> {
        match &self.proof {
            Proof::Signature { .. } => None,
            Proof::Introspection(introspected) => Some(introspected),
        }
    }

    /// The issuer that the token or its response names, else the policy's.
    pub(crate) fn issuer(&self) -> &str {
        let payload = self.claims.payload();
        let of_jwt = self.introspected().and_then(Introspected::jwt_issuer);
        let named = of_jwt.or_else(|| payload.str_of(&payload.iss));
        named.unwrap_or(self.policy.issuer())
    }

    /// When it is no longer valid, with the skew. `None` where it has no end.
    pub(crate) fn end(&self) -> Option<NumericDate> {
        end_of(self.claims.payload(), &self.policy)
    }
}

/// How an access token holds it. Of a token in a cache, all clones touch one reference count: a
/// second one would be contended too.
#[derive(Clone)]
pub(crate) enum Held {
    Own(GoodToken),
    Shared(Arc<Remembered>),
}

impl Held {
    pub(crate) fn into_own(self) -> GoodToken {
        match self {
            Held::Own(good) => good,
            Held::Shared(remembered) => remembered.good.clone(),
        }
    }
}

impl Deref for Held {
    type Target = GoodToken;

    fn deref(&self) -> &GoodToken {
        match self {
            Held::Own(good) => good,
            Held::Shared(remembered) => &remembered.good,
        }
    }
}

/// A token that keys have verified, as a cache holds it. It has no text of the token, and gives an
/// access token only as [`Unconfirmed`](crate::Unconfirmed).
pub(crate) struct Remembered {
    good: GoodToken,
    /// The set that it was verified by. It is not kept alive: a set of a tenant that is dropped
    /// must free its memory.
    keys: Weak<KeySet>,
    /// Whether the token's `kid` is that of the key. If so, the token's header needs not be read
    /// again to select keys.
    is_by_key_id: bool,
}

impl Remembered {
    /// `key_id` is the `kid` of the token's header. `None` if it was not verified by a public key.
    pub(crate) fn new(
        good: GoodToken,
        keys: &Arc<KeySet>,
        key_id: Option<&str>,
    ) -> Result<Self, GoodToken> {
        let is_by_key_id = match &good.proof {
            Proof::Signature { key, algorithm } if !algorithm.is_hmac() => {
                key_id.is_some() && key.key_id() == key_id
            }
            // A MAC costs as little as the digest. A response has a cache of its own.
            Proof::Signature { .. } | Proof::Introspection(_) => return Err(good),
        };
        Ok(Remembered {
            good,
            keys: Arc::downgrade(keys),
            is_by_key_id,
        })
    }

    pub(crate) fn issuer(&self) -> &str {
        self.good.issuer()
    }

    pub(crate) fn end(&self) -> Option<NumericDate> {
        self.good.end()
    }

    /// Whether it was verified by this very set. While a `Weak` lives, no other set has its
    /// address.
    pub(crate) fn is_by(&self, keys: &Arc<KeySet>) -> bool {
        std::ptr::eq(self.keys.as_ptr(), Arc::as_ptr(keys))
    }

    /// Whether the header has the `kid` of the key, so that `renewed_by` is the last word.
    pub(crate) fn is_by_key_id(&self) -> bool {
        self.is_by_key_id
    }

    /// The same token by another set, if that set would verify it with the same key: by its
    /// numbers, and selected as the token's header selects it. `None` if the token must be verified
    /// again to know.
    pub(crate) fn renewed_by(&self, keys: &Arc<KeySet>) -> Option<Self> {
        let Proof::Signature { key, algorithm } = &self.good.proof else {
            return None;
        };
        if !self.is_by_key_id {
            return None;
        }
        let (payload, policy) = (self.good.claims.payload(), &self.good.policy);
        let key = tried_again(key, *algorithm, payload, keys, policy)?;
        Some(Remembered {
            good: GoodToken {
                proof: Proof::Signature {
                    key: Arc::clone(key),
                    algorithm: *algorithm,
                },
                ..self.good.clone()
            },
            keys: Arc::downgrade(keys),
            is_by_key_id: true,
        })
    }

    /// An estimate of its memory, in bytes, with what accessors read later. The policy is shared,
    /// and so is the key while its source has it. A tenant's key is part of it, since the source
    /// may drop the keys of a tenant long before this token ends.
    pub(crate) fn estimated_bytes(&self) -> usize {
        let key = match &self.good.proof {
            Proof::Signature { key, .. } if self.good.policy.template().is_some() => {
                key.estimated_bytes()
            }
            Proof::Signature { .. } | Proof::Introspection(_) => 0,
        };
        ALLOCATION + size_of::<Self>() + self.good.claims.estimated_bytes() + key
    }
}
