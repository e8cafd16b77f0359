//! `securitydept-oauth-resource-server`: `verify_rfc9068_access_token`, which checks the scope too.

use securitydept_oauth_resource_server::{
    OAuthProviderRemoteConfig, OAuthResourceServerConfig, OAuthResourceServerError,
    OAuthResourceServerVerifier,
};

use crate::protocol::{Peer, Settings};

pub(super) struct Verifier(OAuthResourceServerVerifier);

impl Peer for Verifier {
    type Input = String;
    type Refusal = OAuthResourceServerError;

    async fn start(settings: &Settings) -> Result<Self, String> {
        let config = OAuthResourceServerConfig {
            remote: OAuthProviderRemoteConfig {
                issuer_url: Some(settings.issuer.clone()),
                jwks_uri: Some(settings.jwks_url.clone()),
                ..OAuthProviderRemoteConfig::default()
            },
            audiences: vec![settings.audience.clone()],
            required_scopes: vec![settings.scope.clone()],
            ..OAuthResourceServerConfig::default()
        };
        let verifier = OAuthResourceServerVerifier::from_config(config).await;
        verifier.map(Self).map_err(|error| error.to_string())
    }

    fn prepare(&self, token: &str) -> String {
        token.to_owned()
    }

    async fn check(&self, token: &String) -> Result<(), OAuthResourceServerError> {
        self.0.verify_rfc9068_access_token(token).await.map(drop)
    }
}
