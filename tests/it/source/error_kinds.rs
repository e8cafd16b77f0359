//! What kind of outage a SourceError says it is, through the chain of the HTTP client, for keys,
//! metadata and introspection.

use std::error::Error as StdError;
use std::time::Duration;

use resource_server::testing::{Fault, TestServer};
use resource_server::{
    Error, Fetch, Issuer, Validator,
    error::{SourceError, SourceErrorKind as Kind},
};
use serde_json::json;

use crate::support::http::AUDIENCE;

fn kind_of(error: &Error) -> Kind {
    let mut cause = error.source();
    while let Some(one) = cause {
        if let Some(error) = one.downcast_ref::<SourceError>() {
            return error.kind();
        }
        cause = one.source();
    }
    panic!("no SourceError: {error:?}");
}

async fn kind(issuer: Issuer, token: &str) -> Kind {
    let builder = Validator::builder().audience(AUDIENCE);
    let validator = builder.issuer(issuer).build().unwrap();
    kind_of(&validator.validate(token).await.unwrap_err())
}

fn quick() -> Fetch {
    Fetch::new().timeout(Duration::from_millis(500))
}

#[tokio::test]
async fn s02_f05_the_kind_of_an_outage_by_what_the_server_does() {
    let server = TestServer::start(AUDIENCE).await.unwrap();
    let status = |code| Fault::Status {
        code,
        retry_after: None,
    };
    let cases = [
        (Fault::Refused, Kind::Connect),
        (Fault::Reset, Kind::Connect),
        (Fault::Delay(Duration::from_secs(60)), Kind::Timeout),
        (status(503), Kind::Status),
        (status(404), Kind::Status),
        (
            Fault::Redirect("https://evil.example/".into()),
            Kind::Status,
        ),
        (status(401), Kind::CredentialsRefused),
        (status(403), Kind::CredentialsRefused),
        (Fault::Oversized(1024 * 1024 + 1), Kind::Body),
        (Fault::Garbage, Kind::Body),
        (Fault::Truncated, Kind::Body),
    ];
    for (fault, expected) in cases {
        let token = server.issuer().token().mint();
        let opaque = server.opaque_token(json!({"active": true}));
        server.fail_jwks(fault.clone());
        let at = Issuer::new(server.url()).jwks_at(server.jwks_url());
        assert_eq!(
            kind(at.fetch(quick()), &token).await,
            expected,
            "keys: {fault:?}"
        );
        server.recover();
        server.fail_discovery(fault.clone());
        let discovered = Issuer::discover(server.url()).fetch(quick());
        let found = kind(discovered, &token).await;
        assert_eq!(found, expected, "metadata: {fault:?}");
        server.recover();
        server.fail_introspection(fault.clone());
        let asked = Issuer::new(server.url()).introspection(server.introspection());
        let found = kind(asked.fetch(quick()), &opaque).await;
        assert_eq!(found, expected, "introspection: {fault:?}");
        server.recover();
    }
}

#[tokio::test]
async fn f05_a_name_that_does_not_resolve_and_a_certificate_that_is_not_trusted() {
    let server = TestServer::builder(AUDIENCE).tls().start().await.unwrap();
    let token = server.issuer().token().mint();
    let keys = |url: String| Issuer::new(server.url()).jwks_at(url).fetch(quick());
    assert_eq!(kind(keys(server.jwks_url()), &token).await, Kind::Tls);
    // A label of more than 63 characters, which no resolver looks up.
    let long = format!("http://{}.invalid/keys", "a".repeat(64));
    let keys = Issuer::new(server.url()).jwks_at(long);
    let keys = keys.fetch(quick().danger_allow_http());
    assert_eq!(kind(keys, &token).await, Kind::Dns);
}

#[test]
fn s08_a_kind_has_a_stable_name() {
    let names = [
        (Kind::Dns, "dns"),
        (Kind::Connect, "connect"),
        (Kind::Tls, "tls"),
        (Kind::Timeout, "timeout"),
        (Kind::Status, "status"),
        (Kind::Body, "body"),
        (Kind::CredentialsRefused, "credentials_refused"),
        (Kind::Other, "other"),
    ];
    for (kind, name) in names {
        assert_eq!(kind.as_str(), name);
    }
}

/// An issuer is named once in a chain: by the Unavailable that the chain begins with.
#[tokio::test]
async fn s02_an_issuers_name_stands_once_in_the_chain_of_an_outage() {
    let name = "https://the-issuer.example.com/tenant";
    let server = TestServer::start(AUDIENCE).await.unwrap();
    server.fail(Fault::Status {
        code: 503,
        retry_after: None,
    });
    let issuer = || Issuer::new(name).fetch(quick());
    let issuers = [
        issuer().jwks_at(server.jwks_url()),
        issuer().discovery_at(server.discovery_url()),
        issuer().introspection(server.introspection()),
    ];
    for issuer in issuers {
        let validator = Validator::builder().audience(AUDIENCE).issuer(issuer);
        let validator = validator.build().unwrap();
        let signer = resource_server::testing::TestIssuer::new(name, AUDIENCE);
        let error = validator.validate(&signer.token().mint()).await;
        let chain = crate::support::http::chain(&error.unwrap_err());
        assert_eq!(chain.matches(name).count(), 1, "{chain}");
        let warm_up = validator.warm_up().await;
        if let Err(error) = warm_up {
            for failure in error.failures() {
                let chain = crate::support::http::chain(failure);
                assert_eq!(chain.matches(name).count(), 1, "{chain}");
            }
        }
    }
}
