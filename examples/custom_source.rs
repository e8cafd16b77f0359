//! A source of evidence of one's own, in a plain `async fn`: Kubernetes is asked about service accounts' tokens by its
//! TokenReview API, which also knows at once when the pod of a token is gone. A stand-in on loopback answers for it.
//!
//! `cargo run --example custom_source --features testing`

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use resource_server::testing::{TestIssuer, TestServer};
use resource_server::{
    Evidence, Issuer, KeySource, PresentedToken, Validator, error::SourceError,
    introspection::IntrospectionResponse,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const AUDIENCE: &str = "https://api.example.com";
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// An answer is read up to this size, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Asks the API server of a cluster.
struct TokenReview {
    client: Client,
    url: String,
    /// Of this API's own service account, which must be allowed to make token reviews.
    bearer: String,
}

impl TokenReview {
    async fn ask(&self, token: &str) -> Result<Value, SourceError> {
        let failed = || SourceError::new("the TokenReview API of Kubernetes can't be asked");
        let question = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [AUDIENCE]},
        });
        let mut answer = self
            .client
            .post(&self.url)
            .bearer_auth(&self.bearer)
            .header("content-type", "application/json")
            .body(question.to_string())
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(|error| failed().caused_by(error.without_url()))?;
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| failed().caused_by(error.without_url()))?
        {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(SourceError::new("the TokenReview's answer is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|error| failed().caused_by(error))
    }
}

impl KeySource for TokenReview {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let review = self.ask(token.as_str()).await?;
        // Anything but a clear yes or no is a failure to judge, not a verdict.
        let status = &review["status"];
        let answer = match (&status["authenticated"], status["error"].as_str()) {
            (Value::Bool(true), None) => json!({
                "active": true,
                "iss": ISSUER,
                "sub": status["user"]["username"],
                "aud": status["audiences"],
                "groups": status["user"]["groups"],
            }),
            (Value::Bool(false) | Value::Null, Some(_)) => json!({"active": false}),
            _ => return Err(SourceError::new("the TokenReview says neither yes nor no")),
        };
        let response = IntrospectionResponse::from_json(&answer.to_string()).map_err(|error| {
            SourceError::new("the TokenReview's answer can't be used").caused_by(error)
        })?;
        Ok(Evidence::Introspection(Arc::new(response)))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let cluster = TestIssuer::new(ISSUER, AUDIENCE);
    let pod = "system:serviceaccount:shop:orders";
    let good = cluster.token().subject(pod).mint();
    let gone = cluster.token().subject(pod).mint();
    let url = stand_in(good.clone()).await?;

    let source = TokenReview {
        client: Client::builder()
            .timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?,
        url,
        bearer: "of-this-api".to_owned(),
    };
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::new(ISSUER).source(source))
        .build()?;

    let token = validator.validate(&good).await?;
    println!("200 {}", token.subject().unwrap_or_default());
    println!("    groups: {}", token.claim("groups").unwrap_or_default());

    // Well signed and not expired, but its pod is no more.
    let error = validator.validate(&gone).await.unwrap_err();
    println!("{} {}", error.status(), error.explain());

    // Another API's token is refused before anybody is asked about it.
    let foreign = cluster.token().audience("https://other.example.com").mint();
    let error = validator.validate(&foreign).await.unwrap_err();
    println!("{} {}", error.status(), error.explain());

    // A server that is none says nothing about a token.
    let nowhere = TestServer::start(AUDIENCE).await?;
    let lost = TokenReview {
        client: Client::builder().no_proxy().build()?,
        url: nowhere.url().to_owned(),
        bearer: "of-this-api".to_owned(),
    };
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::new(ISSUER).source(lost))
        .build()?;
    let error = validator.validate(&good).await.unwrap_err();
    println!("{} {}", error.status(), error.explain());
    Ok(())
}

/// An API server that knows one token.
async fn stand_in(known: String) -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = String::new();
            // A whole request ends with the last brace of its JSON.
            while !request.ends_with("}}") {
                let mut piece = [0; 4096];
                let count = connection.read(&mut piece).await.unwrap_or(0);
                if count == 0 {
                    break;
                }
                request.push_str(&String::from_utf8_lossy(&piece[..count]));
            }
            let status = if request.contains(&known) {
                json!({
                    "authenticated": true,
                    "user": {
                        "username": "system:serviceaccount:shop:orders",
                        "groups": ["system:serviceaccounts", "system:serviceaccounts:shop"],
                    },
                    "audiences": [AUDIENCE],
                })
            } else {
                json!({"authenticated": false, "error": "the pod of this token is gone"})
            };
            let body = json!({"kind": "TokenReview", "status": status}).to_string();
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
                 connection: close\r\n\r\n{body}"
            );
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
    Ok(format!(
        "http://{address}/apis/authentication.k8s.io/v1/tokenreviews"
    ))
}
