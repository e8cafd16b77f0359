//! Rows S01, S08 and I11: one cache of an issuer's metadata for its keys and its introspection.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{Fetch, Introspection, Issuer, Validator};
use serde_json::{Value, json};

use crate::support::http::{AUDIENCE, by_request_later, clock, ok};

const OPAQUE: &str = "2YotnFZFEjr1zCsicMWpAA";

/// What is at the two addresses of the metadata: an object's members besides `issuer`, or nothing
/// at all.
type Documents = Arc<Mutex<[Option<Value>; 2]>>;

/// An authorization server with keys and an introspection endpoint. An address without a document
/// never answers.
struct Server {
    requests: Arc<Mutex<Vec<String>>>,
    clock: ManualClock,
    signer: TestIssuer,
    validator: Validator,
}

fn both() -> Value {
    json!({"jwks_uri": "/keys", "introspection_endpoint": "/ask"})
}

impl Server {
    async fn start(documents: &Documents) -> Self {
        let clock = clock();
        let base = Arc::new(Mutex::new(String::new()));
        let (host, said) = (Arc::clone(&base), Arc::clone(documents));
        let signer = TestIssuer::new("https://as.example.com", AUDIENCE).clock(clock.clone());
        let jwks = signer.jwks();
        let (url, requests) = by_request_later(move |request| {
            let base = host.lock().unwrap().clone();
            let path = request.split(' ').nth(1).unwrap();
            let number = match path {
                "/.well-known/oauth-authorization-server" => Some(0),
                "/.well-known/openid-configuration" => Some(1),
                _ => None,
            };
            let answer = match number {
                None if path == "/keys" => Some(ok(&jwks, "")),
                None => {
                    let body = json!({"active": true, "aud": AUDIENCE}).to_string();
                    Some(ok(&body, "content-type: application/json\r\n"))
                }
                Some(number) => said.lock().unwrap()[number].clone().map(|mut document| {
                    for member in document.as_object_mut().unwrap().values_mut() {
                        *member = json!(format!("{base}{}", member.as_str().unwrap()));
                    }
                    document["issuer"] = json!(base);
                    ok(&document.to_string(), "")
                }),
            };
            async move {
                match answer {
                    Some(answer) => answer,
                    None => std::future::pending().await,
                }
            }
        })
        .await;
        let url = url.trim_end_matches("/jwks").to_owned();
        base.lock().unwrap().clone_from(&url);
        let introspection = Introspection::discover()
            .client_secret_post("api", "hush-hush")
            .cache_active_for(Duration::ZERO);
        let issuer = Issuer::discover(&url)
            .refresh_on_demand()
            .opaque_tokens()
            .introspection(introspection)
            .fetch(Fetch::new().timeout(Duration::from_secs(2)));
        let validator = Validator::builder()
            .audience(AUDIENCE)
            .issuer(issuer)
            .clock(clock.clone());
        Server {
            requests,
            validator: validator.build().unwrap(),
            signer: signer.clone(),
            clock,
        }
    }

    fn metadata_requests(&self) -> usize {
        let requests = self.requests.lock().unwrap();
        let is_metadata = |request: &&String| request.starts_with("GET /.well-known/");
        requests.iter().filter(is_metadata).count()
    }

    async fn judges(&self, token: &str) -> bool {
        self.validator.validate(token).await.is_ok()
    }

    fn jwt(&self) -> String {
        let requests = self.requests.lock().unwrap();
        let host = requests.first().map_or("", |request| {
            let line = request.lines().find_map(|line| line.strip_prefix("host: "));
            line.unwrap()
        });
        let token = self.signer.token().issuer(&format!("http://{host}"));
        token.expires_in(Duration::from_secs(1_000_000)).mint()
    }
}

#[tokio::test]
async fn s01_i11_one_document_serves_keys_and_introspection() {
    let documents: Documents = Arc::new(Mutex::new([Some(both()), Some(both())]));
    let server = Server::start(&documents).await;
    server.validator.warm_up().await.unwrap();
    assert!(server.judges(OPAQUE).await);
    assert!(server.judges(&server.jwt()).await);
    assert_eq!(server.metadata_requests(), 1);
    // A day later too.
    server.clock.advance(Duration::from_secs(86_400));
    assert!(server.judges(&server.jwt()).await);
    assert!(server.judges(OPAQUE).await);
    assert_eq!(server.metadata_requests(), 2);
}

/// The second address never answers, and only introspection needs it.
#[tokio::test]
async fn s08_keys_never_wait_for_a_member_that_only_introspection_needs() {
    let documents = Arc::new(Mutex::new([Some(json!({"jwks_uri": "/keys"})), None]));
    let server = Server::start(&documents).await;
    let asking = {
        let validator = server.validator.clone();
        tokio::spawn(async move { validator.validate(OPAQUE).await })
    };
    crate::support::http::until(|| server.metadata_requests() == 2).await;
    let token = server.jwt();
    assert!(server.judges(&token).await);
    assert!(!asking.is_finished(), "introspection still waits");
    assert!(asking.await.unwrap().is_err());
    // And it is found there once that address answers.
    documents.lock().unwrap()[1] = Some(both());
    server.clock.advance(Duration::from_secs(1));
    assert!(server.judges(OPAQUE).await);
}

#[tokio::test]
async fn s08_known_metadata_is_read_again_every_minute_after_a_failure() {
    let documents: Documents = Arc::new(Mutex::new([Some(both()), Some(both())]));
    let server = Server::start(&documents).await;
    assert!(server.judges(OPAQUE).await);
    let token = server.jwt();
    assert!(server.judges(&token).await);
    assert_eq!(server.metadata_requests(), 1);
    *documents.lock().unwrap() = [None, None];
    server.clock.advance(Duration::from_secs(86_400));
    for minute in 1..4 {
        // Whichever of the two comes first reads, and both go on with what is known.
        assert!(server.judges(&token).await);
        assert!(server.judges(OPAQUE).await);
        // The read runs in the background. Of its two addresses one or both are tried.
        crate::support::http::until(|| server.metadata_requests() > minute).await;
        server.clock.advance(Duration::from_secs(30));
        assert!(server.judges(OPAQUE).await);
        let seen = server.metadata_requests();
        assert!(seen <= 2 * minute + 1, "{minute}: {seen}");
        server.clock.advance(Duration::from_secs(30));
        // The keys are due too.
        server.clock.advance(Duration::from_secs(540));
    }
    let seen = server.metadata_requests();
    *documents.lock().unwrap() = [Some(both()), Some(both())];
    assert!(server.judges(OPAQUE).await);
    // One more request, by a new read or by the last one at its second address, succeeds.
    crate::support::http::until(|| server.metadata_requests() > seen).await;
    let seen = server.metadata_requests();
    server.clock.advance(Duration::from_secs(3_600));
    assert!(server.judges(&token).await && server.judges(OPAQUE).await);
    assert_eq!(server.metadata_requests(), seen);
}
