//! The evidence that a token was accepted on.

use std::sync::Arc;

use crate::core::introspection::introspected::Introspected;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::verification_key::VerificationKey;

/// The evidence that a token was accepted on.
#[derive(Clone)]
pub(crate) enum Proof {
    Signature {
        key: Arc<VerificationKey>,
        algorithm: Algorithm,
    },
    /// The authorization server says that it is active.
    Introspection(Arc<Introspected>),
}
