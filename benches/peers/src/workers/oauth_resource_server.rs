//! `oauth-resource-server`: `OAuthValidator::validate`, and its layer.

use std::sync::Arc;

use ::oauth_resource_server::http_layer::{HttpAuthLayer, HttpAuthService};
use ::oauth_resource_server::{KeyNaming, OAuthConfig, OAuthValidator, TokenRejection};
use http::{HeaderValue, StatusCode};
use tokio::task::JoinHandle;
use tower_layer::Layer;

use super::layer::{Handler, bearer, send};
use crate::protocol::{Peer, Settings};

async fn validator(settings: &Settings) -> Result<(Arc<OAuthValidator>, JoinHandle<()>), String> {
    let config = OAuthConfig {
        enabled: true,
        issuer: settings.issuer.clone(),
        jwks_uri: Some(settings.jwks_url.clone()),
        audience: settings.audience.clone(),
        resource: settings.audience.clone(),
        required_scope: Some(settings.scope.clone()),
        ..OAuthConfig::default()
    };
    let resolved = config
        .resolve(KeyNaming::Dotted("oauth"))
        .map_err(|error| error.to_string())?
        .ok_or("not enabled")?;
    let validator = OAuthValidator::new(&resolved).map_err(|error| error.to_string())?;
    let validator = Arc::new(validator);
    let refresh = validator.spawn_background_refresh();
    Ok((validator, refresh))
}

/// `validate`, which checks the scope too.
pub(super) struct Bearer {
    validator: Arc<OAuthValidator>,
    refresh: JoinHandle<()>,
}

impl Drop for Bearer {
    fn drop(&mut self) {
        self.refresh.abort();
    }
}

impl Peer for Bearer {
    type Input = String;
    type Refusal = TokenRejection;

    const LOADS_IN_BACKGROUND: bool = true;

    async fn start(settings: &Settings) -> Result<Self, String> {
        let (validator, refresh) = validator(settings).await?;
        Ok(Self { validator, refresh })
    }

    fn prepare(&self, token: &str) -> String {
        token.to_owned()
    }

    async fn check(&self, token: &String) -> Result<(), TokenRejection> {
        self.validator.validate(token).await.map(drop)
    }
}

/// The layer.
pub(super) struct Layered {
    service: HttpAuthService<Handler<String>>,
    refresh: JoinHandle<()>,
}

impl Drop for Layered {
    fn drop(&mut self) {
        self.refresh.abort();
    }
}

impl Peer for Layered {
    type Input = HeaderValue;
    type Refusal = StatusCode;

    const LOADS_IN_BACKGROUND: bool = true;

    async fn start(settings: &Settings) -> Result<Self, String> {
        let (validator, refresh) = validator(settings).await?;
        let layer = HttpAuthLayer::builder().oauth(validator).build();
        let layer = layer.map_err(|error| error.to_string())?;
        let service = layer.layer(Handler::new());
        Ok(Self { service, refresh })
    }

    fn prepare(&self, token: &str) -> HeaderValue {
        bearer(token)
    }

    async fn check(&self, bearer: &HeaderValue) -> Result<(), StatusCode> {
        send(&self.service, bearer).await
    }
}
