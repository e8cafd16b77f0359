//! Row F03: questions that come one upon another share connections, and one that ended in silence
//! harms no question.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resource_server::{Introspection, Issuer, Validator, introspection::ClientKey};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::ISSUER;
use crate::support::http::{AUDIENCE, HandMade, clock, json, outage, url_decoded, validator};

/// A server that keeps connections open, unless it is to drop one instead of an answer: by the
/// number of the connection and of the request on it, both from 1.
struct Server {
    server: HandMade,
    /// By the number of their connection.
    requests: Arc<Mutex<Vec<(usize, String)>>>,
}

impl Server {
    async fn dropping(drops: impl Fn(usize, usize) -> bool + Send + 'static) -> Self {
        Self::answering_together(1, drops).await
    }

    /// The first so many connections get no answer before each of them has brought a request.
    async fn answering_together(
        together: usize,
        drops: impl Fn(usize, usize) -> bool + Send + 'static,
    ) -> Self {
        let all = Arc::new(Barrier::new(together));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::clone(&requests);
        let server = HandMade::answering_later(move |request| {
            let number = request.connection;
            let on_this = {
                let mut asked = asked.lock().unwrap();
                asked.push((number, request.text));
                asked.iter().filter(|(of, _)| *of == number).count()
            };
            let all = (number <= together && on_this == 1).then(|| Arc::clone(&all));
            let answer = if drops(number, on_this) {
                String::new()
            } else {
                let answer = json(&json!({"active": true, "aud": AUDIENCE}));
                answer.replace("connection: close", "connection: keep-alive")
            };
            async move {
                if let Some(all) = all {
                    all.wait().await;
                }
                answer
            }
        });
        Server {
            server: server.await,
            requests,
        }
    }

    fn validator(&self) -> Validator {
        // RFC 8037 appendix A.1.
        let key = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let key = ClientKey::from_jwk(key).unwrap();
        let introspection =
            Introspection::at(self.server.jwks_url()).private_key_jwt("orders-api", key);
        validator(Issuer::new(ISSUER).introspection(introspection), &clock())
    }

    /// The connection that each request came by.
    fn connections(&self) -> Vec<usize> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|(number, _)| *number).collect()
    }
}

/// Gives a connection time to return to the pool.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn f03_questions_one_upon_another_share_a_connection() {
    let server = Server::dropping(|_, _| false).await;
    let validator = server.validator();
    for number in 0..5 {
        assert!(validator.validate(&format!("t{number}")).await.is_ok());
        settle().await;
    }
    assert_eq!(server.connections(), [1; 5]);
    // Another Validator shares nothing with it.
    assert!(server.validator().validate("token").await.is_ok());
    assert_eq!(server.connections(), [1, 1, 1, 1, 1, 2]);
}

#[tokio::test]
async fn f03_a_connection_that_ends_under_a_question_costs_another_try() {
    let server = Server::dropping(|_, on_this| on_this == 2).await;
    let validator = server.validator();
    assert!(validator.validate("a").await.is_ok());
    settle().await;
    assert!(validator.validate("b").await.is_ok());
    assert_eq!(server.connections(), [1, 1, 2]);
    assert!(validator.health()[0].status().last_error.is_none());
    // The second try is not the first one's assertion again, which may have been used up.
    let requests = server.requests.lock().unwrap();
    let mut ids: Vec<_> = requests
        .iter()
        .map(|(_, request)| {
            let form = url_decoded(request.split_once("\r\n\r\n").unwrap().1);
            let (_, assertion) = form
                .iter()
                .find(|(name, _)| name == "client_assertion")
                .unwrap();
            let claims = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1).unwrap());
            let claims: Value = serde_json::from_slice(&claims.unwrap()).unwrap();
            claims["jti"].as_str().unwrap().to_owned()
        })
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

/// Where a server was restarted, all connections to it have ended.
#[tokio::test]
async fn f03_the_other_try_is_on_a_new_connection() {
    let server = Server::answering_together(2, |_, on_this| on_this == 2).await;
    let validator = server.validator();
    let both: Vec<_> = ["a", "b"]
        .map(|token| {
            let validator = validator.clone();
            tokio::spawn(async move { validator.validate(token).await.is_ok() })
        })
        .into();
    for one in both {
        assert!(one.await.unwrap());
    }
    settle().await;
    assert!(validator.validate("c").await.is_ok());
    let connections = server.connections();
    assert_eq!(connections.len(), 4);
    assert_eq!(connections.last(), Some(&3));
}

/// A failure on a new connection is not retried.
#[tokio::test]
async fn f03_there_is_one_more_try_and_only_where_a_connection_was_kept() {
    let server = Server::dropping(|_, _| true).await;
    outage(server.validator().validate("a").await);
    assert_eq!(server.connections(), [1]);

    let server = Server::dropping(|connection, on_this| connection > 1 || on_this > 1).await;
    let validator = server.validator();
    assert!(validator.validate("a").await.is_ok());
    settle().await;
    outage(validator.validate("b").await);
    assert_eq!(server.connections(), [1, 1, 2]);
}
