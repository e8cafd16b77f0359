//! Keys given by hand.

use std::sync::Arc;

use crate::core::{Evidence, KeySet, KeySetError, PresentedToken};

use super::{KeySource, SourceError, SourceStatus};

/// Keys given by hand, that never change. Cloning is cheap.
///
/// ```
/// use resource_server::{Issuer, StaticKeys};
///
/// let keys = StaticKeys::from_jwks(r#"{"keys":[
///     {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
/// ]}"#)?;
/// let issuer = Issuer::new("https://as.example.com").keys(keys);
/// # Ok::<(), resource_server::KeySetError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StaticKeys(Arc<KeySet>);

impl StaticKeys {
    /// Reads a JWK Set (RFC 7517 section 5). What was left out of it, and why, is told by
    /// [`Validator::health`](crate::Validator::health).
    ///
    /// # Errors
    /// The text is no JWK Set, or no key in it can be used.
    pub fn from_jwks(text: &str) -> Result<Self, KeySetError> {
        let keys = KeySet::from_jwks(text)?;
        if keys.is_empty() {
            return Err(KeySetError::Empty);
        }
        Ok(StaticKeys(Arc::new(keys)))
    }

    /// The keys.
    pub fn key_set(&self) -> &KeySet {
        &self.0
    }
}

impl KeySource for StaticKeys {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        Ok(Evidence::Keys(Arc::clone(&self.0)))
    }

    fn cached(&self, _: &PresentedToken<'_>) -> Option<Evidence> {
        Some(Evidence::Keys(Arc::clone(&self.0)))
    }

    fn status(&self) -> SourceStatus {
        SourceStatus {
            keys: Some(Arc::clone(&self.0)),
            ..SourceStatus::default()
        }
    }
}
