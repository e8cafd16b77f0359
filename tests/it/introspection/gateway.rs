//! Rows F02 and I11: a gateway in front of the introspection endpoint requires a header of its own.

use resource_server::{Fetch, Introspection, Issuer};
use serde_json::json;

use crate::support::ISSUER;
use crate::support::http::{AUDIENCE, HandMade, NOT_FOUND, clock, json, outage, validator};

const SECRET: &str = "s3cr3t-of-the-gateway";

/// The values of a header in a request.
fn values<'r>(request: &'r str, wanted: &str) -> Vec<&'r str> {
    let lines = request.lines().skip(1).take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value)
        .collect()
}

fn active() -> String {
    json(&json!({"active": true, "aud": AUDIENCE}))
}

/// On another origin than the metadata, which does not get the header. Nor does a redirect's
/// target.
#[tokio::test]
async fn f02_a_secret_header_goes_to_the_introspection_endpoint_only() {
    let gateway = HandMade::answering(|_| active()).await;
    let endpoint = format!("{}/introspect", gateway.host);
    let issuer = HandMade::answering(move |request| {
        if request.is_get() {
            json(&json!({"issuer": request.host, "introspection_endpoint": endpoint}))
        } else {
            NOT_FOUND.to_owned()
        }
    })
    .await;
    let introspection = Introspection::discover()
        .client_secret_basic("api", "hush-hush")
        .secret_header("X-Api-Key", SECRET)
        .secret_header("X-Client", "orders");
    assert!(!format!("{introspection:?}").contains(SECRET));
    let clock = clock();
    let validator = validator(
        Issuer::new(&issuer.host).introspection(introspection),
        &clock,
    );
    assert!(validator.validate("token").await.is_ok());
    for shown in [
        format!("{validator:?}"),
        format!("{:?}", validator.health()),
    ] {
        assert!(!shown.contains(SECRET), "{shown}");
    }
    let requests = gateway.requests.lock().unwrap();
    assert_eq!(requests.len(), 1);
    assert_eq!(values(&requests[0], "x-api-key"), [SECRET]);
    assert_eq!(values(&requests[0], "x-client"), ["orders"]);
    assert_eq!(values(&requests[0], "authorization").len(), 1);
    let requests = issuer.requests.lock().unwrap();
    assert!(!requests.is_empty());
    for request in requests.iter() {
        assert!(!request.contains(SECRET), "{request}");
    }
}

#[tokio::test]
async fn f02_a_secret_header_goes_to_no_redirects_target_and_shows_in_no_error() {
    let target = HandMade::answering(|_| active()).await;
    let to = target.jwks_url();
    let server = HandMade::answering(move |_| {
        format!(
            "HTTP/1.1 307 Away\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    })
    .await;
    let introspection = Introspection::at(server.jwks_url())
        .client_secret_post("api", "hush-hush")
        // An Authorization header of the gateway's, where client authentication has none.
        .secret_header("Authorization", SECRET);
    let fetch = Fetch::new().header("X-Other", "other");
    let issuer = Issuer::new(ISSUER)
        .introspection(introspection)
        .fetch(fetch);
    let said = outage(validator(issuer, &clock()).validate("token").await);
    assert!(
        said.contains("redirects") && !said.contains(SECRET),
        "{said}"
    );
    assert_eq!(target.calls(), 0);
    let requests = server.requests.lock().unwrap();
    assert_eq!(values(&requests[0], "authorization"), [SECRET]);
    assert_eq!(values(&requests[0], "x-other"), ["other"]);
}

/// A header of `Fetch` of the same name is left out.
#[tokio::test]
async fn f02_a_secret_header_takes_precedence() {
    let server = HandMade::answering(|_| active()).await;
    let introspection = Introspection::at(server.jwks_url())
        .client_secret_basic("api", "hush-hush")
        .secret_header("X-Gateway", SECRET);
    let fetch = Fetch::new().header("x-gateway", "other");
    let issuer = Issuer::new(ISSUER)
        .introspection(introspection)
        .fetch(fetch);
    assert!(validator(issuer, &clock()).validate("token").await.is_ok());
    let requests = server.requests.lock().unwrap();
    assert_eq!(values(&requests[0], "x-gateway"), [SECRET]);
}
