//! This crate.

use http::HeaderValue;
use resource_server::resource::Protected;
use resource_server::{Error, Issuer, Requirement, Validator};
use tower_layer::Layer;

use super::layer::{Handler, bearer, send};
use crate::protocol::{Peer, Settings};

/// About 50,000 tokens.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// With its keys in memory.
async fn validator(settings: &Settings, caches: bool) -> Result<Validator, String> {
    let issuer = Issuer::new(&settings.issuer).jwks_at(&settings.jwks_url);
    let mut builder = Validator::builder()
        .resource(&settings.audience)
        .issuer(issuer);
    if caches {
        builder = builder.token_cache(CACHE_BYTES);
    }
    let validator = builder.build().map_err(|error| error.to_string())?;
    let warm_up = validator.warm_up().await;
    warm_up.map_err(|error| error.to_string())?;
    Ok(validator)
}

/// `validate`, then `require`, as in a handler.
pub(super) struct Bearer<const CACHES: bool> {
    validator: Validator,
    requirement: Requirement,
}

impl<const CACHES: bool> Peer for Bearer<CACHES> {
    type Input = String;
    type Refusal = Error;

    async fn start(settings: &Settings) -> Result<Self, String> {
        let validator = validator(settings, CACHES).await?;
        let requirement = Requirement::scope(&settings.scope);
        Ok(Self {
            validator,
            requirement,
        })
    }

    fn prepare(&self, token: &str) -> String {
        token.to_owned()
    }

    async fn check(&self, token: &String) -> Result<(), Error> {
        let token = self.validator.validate(token).await?;
        token.require(&self.requirement)
    }

    fn forget(&self, token: &str) {
        self.validator.forget(token);
    }
}

/// The layer.
pub(super) struct Layered<const CACHES: bool> {
    validator: Validator,
    service: Protected<Handler<String>>,
}

impl<const CACHES: bool> Peer for Layered<CACHES> {
    type Input = HeaderValue;
    type Refusal = http::StatusCode;

    async fn start(settings: &Settings) -> Result<Self, String> {
        let validator = validator(settings, CACHES).await?;
        let protect = validator
            .protect()
            .require(Requirement::scope(&settings.scope));
        let service = protect.layer(Handler::new());
        Ok(Self { validator, service })
    }

    fn prepare(&self, token: &str) -> HeaderValue {
        bearer(token)
    }

    async fn check(&self, bearer: &HeaderValue) -> Result<(), http::StatusCode> {
        send(&self.service, bearer).await
    }

    fn forget(&self, token: &str) {
        self.validator.forget(token);
    }
}
