//! `authkestra-resource`: a `Guard` with one `JwtStrategy`, which authenticates a request's parts.
//! The program checks the scope.

use authkestra_resource::jwt::{JwtStrategy, ValidationConfig};
use authkestra_resource::{AuthPolicy, Guard};
use http::Request;
use http::header::AUTHORIZATION;
use http::request::Parts;
use jsonwebtoken_11::Algorithm;

use super::Claims;
use super::layer::bearer;
use crate::protocol::{Peer, Settings};

pub(super) struct Guarded {
    guard: Guard<Claims>,
    scope: String,
}

impl Peer for Guarded {
    type Input = Parts;
    type Refusal = String;

    async fn start(settings: &Settings) -> Result<Self, String> {
        let config = ValidationConfig::builder()
            .issuer(&settings.issuer)
            .audience(&settings.audience)
            .jwks_url(&settings.jwks_url)
            .algorithms(vec![Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA])
            .build();
        let guard = Guard::builder()
            .strategy(JwtStrategy::new(config))
            .policy(AuthPolicy::FirstSuccess)
            .build();
        Ok(Self {
            guard,
            scope: settings.scope.clone(),
        })
    }

    fn prepare(&self, token: &str) -> Parts {
        let mut request = Request::new(());
        request.headers_mut().insert(AUTHORIZATION, bearer(token));
        request.into_parts().0
    }

    async fn check(&self, parts: &Parts) -> Result<(), String> {
        let claims = match self.guard.authenticate(parts).await {
            Ok(Some(claims)) => claims,
            Ok(None) => return Err("no identity".into()),
            Err(error) => return Err(error.to_string()),
        };
        let mut scopes = claims.scope.iter().flat_map(|scope| scope.split(' '));
        if scopes.any(|scope| scope == self.scope) {
            Ok(())
        } else {
            Err("no such scope".into())
        }
    }
}
