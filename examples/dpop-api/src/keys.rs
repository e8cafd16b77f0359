//! The one key of an issuer, which may be without a `kid`.

use std::sync::Arc;

use resource_server::keys::KeySet;
use resource_server::{
    Evidence, KeySource, PresentedToken,
    error::{KeySetError, SourceError},
};
use serde_json::{Map, Value, json};

/// A JWK for tokens with its `kid` or, if it has none, with any. A set of several keys must not be
/// used like that: the `kid` says which of them signed.
pub(crate) struct OneKey(Map<String, Value>);

impl OneKey {
    /// # Errors
    /// The JWK can't be used.
    pub(crate) fn new(jwk: Map<String, Value>) -> Result<Self, KeySetError> {
        let key = OneKey(jwk);
        key.for_tokens_with(None)?;
        Ok(key)
    }

    fn for_tokens_with(&self, kid: Option<&str>) -> Result<KeySet, KeySetError> {
        let mut jwk = self.0.clone();
        if let Some(kid) = kid {
            jwk.entry("kid").or_insert_with(|| kid.into());
        }
        KeySet::from_jwks(&json!({"keys": [jwk]}).to_string())
    }
}

impl KeySource for OneKey {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let kid = token.jwt().and_then(|jwt| jwt.key_id());
        let keys = self.for_tokens_with(kid);
        let keys = keys
            .map_err(|error| SourceError::new("the issuer's key can't be used").caused_by(error))?;
        Ok(Evidence::Keys(Arc::new(keys)))
    }
}
