//! `jwt-authorizer`: its layer, with keys from the URL, and a check of the scope.

use ::jwt_authorizer::layer::{AuthorizationLayer, AuthorizationService};
use ::jwt_authorizer::{IntoLayer, JwtAuthorizer, Validation};
use axum::body::Body;
use http::{HeaderValue, StatusCode};
use tower_layer::Layer;

use super::Claims;
use super::layer::{Handler, bearer, send};
use crate::protocol::{Peer, Settings};

pub(super) struct Layered(AuthorizationService<Handler<Body>, Claims>);

impl Peer for Layered {
    type Input = HeaderValue;
    type Refusal = StatusCode;

    async fn start(settings: &Settings) -> Result<Self, String> {
        let validation = Validation::new()
            .iss(&[&settings.issuer])
            .aud(&[&settings.audience])
            .nbf(true);
        let required = settings.scope.clone();
        let authorizer = JwtAuthorizer::<Claims>::from_jwks_url(&settings.jwks_url)
            .validation(validation)
            .check(move |claims| {
                let mut scopes = claims.scope.iter().flat_map(|scope| scope.split(' '));
                scopes.any(|scope| scope == required)
            })
            .build()
            .await
            .map_err(|error| error.to_string())?;
        let layer: AuthorizationLayer<Claims> = authorizer.into_layer();
        Ok(Self(layer.layer(Handler::new())))
    }

    fn prepare(&self, token: &str) -> HeaderValue {
        bearer(token)
    }

    async fn check(&self, bearer: &HeaderValue) -> Result<(), StatusCode> {
        send(&self.0, bearer).await
    }
}
