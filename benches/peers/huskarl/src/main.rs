//! The worker of `huskarl-resource-server`: `Rfc9068Validator::validate_request` with the headers
//! of a request. The program checks the scope.

#[path = "../../src/allocations.rs"]
mod allocations;
#[path = "../../src/protocol.rs"]
mod protocol;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Uri};
use huskarl_reqwest::ReqwestClient;
use huskarl_resource_server::validator::rfc9068::Rfc9068Validator;

use protocol::{Peer, Settings};

struct Validator {
    validator: Rfc9068Validator,
    uri: Uri,
    scope: String,
}

impl Peer for Validator {
    type Input = HeaderMap;
    type Refusal = String;

    async fn start(settings: &Settings) -> Result<Self, String> {
        let client = ReqwestClient::builder().build().await;
        let jwks_uri = settings.jwks_url.parse();
        let validator = Rfc9068Validator::builder()
            .issuer(&settings.issuer)
            .audience(&settings.audience)
            .jwks_uri(jwks_uri.map_err(|error| format!("{error}"))?)
            .jwks_source(client.map_err(|error| error.to_string())?)
            .build()
            .await
            .map_err(|error| error.to_string())?;
        Ok(Self {
            validator,
            uri: Uri::from_static("https://api.example.com/orders"),
            scope: settings.scope.clone(),
        })
    }

    fn prepare(&self, token: &str) -> HeaderMap {
        let bearer = HeaderValue::try_from(format!("Bearer {token}"));
        let bearer = bearer.expect("no token has control characters");
        HeaderMap::from_iter([(AUTHORIZATION, bearer)])
    }

    async fn check(&self, headers: &HeaderMap) -> Result<(), String> {
        let result = self
            .validator
            .validate_request(headers, &Method::GET, &self.uri, None)
            .await;
        let request = match result.outcome {
            Ok(Some(request)) => request,
            Ok(None) => return Err("no token".into()),
            Err(error) => return Err(error.to_string()),
        };
        let mut scopes = request
            .claims
            .scope
            .iter()
            .flat_map(|scope| scope.split(' '));
        if scopes.any(|scope| scope == self.scope) {
            Ok(())
        } else {
            Err("no such scope".into())
        }
    }
}

fn main() {
    protocol::serve::<Validator>();
}
