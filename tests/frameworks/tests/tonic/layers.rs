//! What a layer covers, and layers inside layers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use framework_tests::API;
use framework_tests::grpc::by_client;
use http::HeaderMap;
use resource_server::keys::KeySet;
use resource_server::testing::{TestIssuer, TestServer};
use resource_server::{
    Evidence, Issuer, KeySource, PresentedToken, Requirement, Validator, error::SourceError,
};
use tonic::Code;
use tonic::transport::{Channel, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::Layer;

use crate::{listen, orders, service};

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn bearer(token: &str) -> HeaderMap {
    headers(&[("authorization", &format!("Bearer {token}"))])
}

fn validator_of(issuer: &TestIssuer, api: &str) -> Validator {
    let validator = Validator::builder().resource(api);
    validator.issuer(issuer.to_issuer()).build().unwrap()
}

fn test_issuer() -> TestIssuer {
    TestIssuer::new("https://as.example.com", API)
}

async fn health_of(address: std::net::SocketAddr) -> Result<i32, Code> {
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    let mut client = HealthClient::new(channel.connect().await.unwrap());
    let checked = client.check(HealthCheckRequest::default()).await;
    checked
        .map(|response| response.into_inner().status)
        .map_err(|status| status.code())
}

#[tokio::test]
async fn h06_a_layer_of_the_server_covers_health_too() {
    let issuer = test_issuer();
    let validator = validator_of(&issuer, API);
    let (_, health) = tonic_health::server::health_reporter();
    let (covered, incoming) = listen();
    let api = Server::builder()
        .layer(validator.protect().grpc())
        .add_service(health.clone())
        .add_service(service(orders));
    tokio::spawn(api.serve_with_incoming(incoming));
    let (open, incoming) = listen();
    let api = Server::builder()
        .add_service(health)
        .add_service(validator.protect().grpc().layer(service(orders)));
    tokio::spawn(api.serve_with_incoming(incoming));

    assert_eq!(health_of(covered).await, Err(Code::Unauthenticated));
    assert_eq!(health_of(open).await, Ok(1)); // SERVING
    let token = bearer(&issuer.token().subject("alice").mint());
    for address in [covered, open] {
        let refused = by_client(address, "", "Get", HeaderMap::new()).await;
        assert_eq!(refused.code, 16);
        let served = by_client(address, "", "Watch", token.clone()).await;
        assert_eq!(served.texts, ["alice", "alice"]);
    }
}

#[tokio::test]
async fn h06_binary_metadata_is_no_token() {
    let issuer = test_issuer();
    let (address, incoming) = listen();
    let api = Server::builder()
        .layer(validator_of(&issuer, API).protect().grpc())
        .add_service(service(orders));
    tokio::spawn(api.serve_with_incoming(incoming));
    let line = format!("Bearer {}", issuer.token().subject("alice").mint());
    let none = by_client(address, "", "Get", HeaderMap::new()).await;
    let binary = ("authorization-bin", "QmVhcmVyIGE");
    assert_eq!(
        by_client(address, "", "Get", headers(&[binary])).await,
        none
    );
    let both = headers(&[binary, ("authorization", &line)]);
    let served = by_client(address, "", "Get", both).await;
    assert_eq!(served.texts, ["alice"]);
}

/// Counts how often a token is judged.
struct Counted {
    keys: Arc<KeySet>,
    calls: Arc<AtomicUsize>,
}

impl KeySource for Counted {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(Evidence::Keys(Arc::clone(&self.keys)))
    }
}

#[tokio::test]
async fn h06_a_service_takes_the_token_of_the_server_over() {
    let issuer = test_issuer();
    let calls = Arc::<AtomicUsize>::default();
    let source = Counted {
        keys: Arc::new(KeySet::from_jwks(&issuer.jwks()).unwrap()),
        calls: Arc::clone(&calls),
    };
    let validator = Validator::builder()
        .resource(API)
        .issuer(Issuer::new(issuer.name()).source(source))
        .build()
        .unwrap();
    let inner = validator
        .protect()
        .require(Requirement::scope("orders:write"));
    let (address, incoming) = listen();
    let api = Server::builder()
        .layer(validator.protect().grpc())
        .add_service(inner.grpc().layer(service(orders)));
    tokio::spawn(api.serve_with_incoming(incoming));

    let token = issuer.token().subject("alice");
    let good = token.clone().scope("orders:write").mint();
    let served = by_client(address, "", "Get", bearer(&good)).await;
    assert_eq!(served.texts, ["alice"]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    // What the inner layer requires is checked all the same.
    let weak = by_client(address, "", "Get", bearer(&token.mint())).await;
    assert_eq!(weak.code, 7);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn h06_another_validator_judges_again() {
    const OTHER: &str = "https://other.example.com";
    let issuer = test_issuer();
    let inner = validator_of(&issuer, OTHER).protect().grpc();
    let (address, incoming) = listen();
    let api = Server::builder()
        .layer(validator_of(&issuer, API).protect().grpc())
        .add_service(inner.layer(service(orders)));
    tokio::spawn(api.serve_with_incoming(incoming));
    let token = issuer.token().subject("alice");
    let refused = by_client(address, "", "Get", bearer(&token.clone().mint())).await;
    assert_eq!(refused.code, 16);
    let challenge = "Bearer error=\"invalid_token\", \
                     resource_metadata=\"https://other.example.com/.well-known/oauth-protected-resource\"";
    let challenge = ("www-authenticate".to_owned(), challenge.to_owned());
    assert!(refused.metadata.contains(&challenge), "{refused:?}");
    let both = token.claim("aud", vec![API, OTHER]).mint();
    let served = by_client(address, "", "Get", bearer(&both)).await;
    assert_eq!(served.texts, ["alice"]);
}

#[tokio::test]
async fn h06_an_online_layer_judges_what_a_cached_one_accepted() {
    let authorization_server = TestServer::start(API).await.unwrap();
    let introspection = authorization_server.introspection();
    let issuer = Issuer::new(authorization_server.url()).introspection(introspection);
    let validator = Validator::builder().resource(API).issuer(issuer);
    let validator = validator.build().unwrap();
    let mut addresses = Vec::new();
    for inner in [validator.protect(), validator.protect().online()] {
        let (address, incoming) = listen();
        let api = Server::builder()
            .layer(validator.protect().grpc())
            .add_service(inner.grpc().layer(service(orders)));
        tokio::spawn(api.serve_with_incoming(incoming));
        addresses.push(address);
    }
    let token = authorization_server.opaque_token(serde_json::json!({"sub": "alice"}));
    for address in &addresses {
        let served = by_client(*address, "", "Get", bearer(&token)).await;
        assert_eq!(served.texts, ["alice"]);
    }
    authorization_server.revoke(&token);
    let codes = [0, 16];
    for (address, code) in addresses.into_iter().zip(codes) {
        let outcome = by_client(address, "", "Get", bearer(&token)).await;
        assert_eq!(outcome.code, code, "{outcome:?}");
    }
}
