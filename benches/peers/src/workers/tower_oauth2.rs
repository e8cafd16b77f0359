//! `tower-oauth2-resource-server`: its layer, with the URL of the keys and with aws-lc (the feature
//! `jwt-aws-lc-rs`). It has no check of scopes.

use http::{HeaderValue, StatusCode};
use tower_layer::Layer;
use tower_oauth2_resource_server::layer::OAuth2ResourceServerService;
use tower_oauth2_resource_server::server::OAuth2ResourceServer;
use tower_oauth2_resource_server::tenant::TenantConfiguration;
use tower_oauth2_resource_server::validation::ClaimsValidationSpec;

use super::Claims;
use super::layer::{Handler, bearer, send};
use crate::protocol::{Peer, Settings};

pub(super) struct Layered(OAuth2ResourceServerService<Handler<String>, String, Claims>);

impl Peer for Layered {
    type Input = HeaderValue;
    type Refusal = StatusCode;

    const LOADS_IN_BACKGROUND: bool = true;

    async fn start(settings: &Settings) -> Result<Self, String> {
        // As it sets them itself after a discovery.
        let claims = ClaimsValidationSpec::new()
            .iss(&settings.issuer)
            .aud(&vec![settings.audience.clone()])
            .exp(true);
        let tenant = TenantConfiguration::builder(&settings.issuer)
            .jwks_url(&settings.jwks_url)
            .audiences(&[&settings.audience])
            .claims_validation(claims)
            .build()
            .await
            .map_err(|error| error.to_string())?;
        let server = OAuth2ResourceServer::<Claims>::builder()
            .add_tenant(tenant)
            .build()
            .await
            .map_err(|error| error.to_string())?;
        Ok(Self(server.into_layer().layer(Handler::new())))
    }

    fn prepare(&self, token: &str) -> HeaderValue {
        bearer(token)
    }

    async fn check(&self, bearer: &HeaderValue) -> Result<(), StatusCode> {
        send(&self.0, bearer).await
    }
}
