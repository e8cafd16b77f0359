//! Your own source: a plain `async fn` that finds the evidence for a token. This one asks the
//! TokenReview API of a Kubernetes cluster, which knows at once when the pod of a token is gone.
//!
//! `cargo run --example custom_source --features testing`

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use resource_server::testing::TestIssuer;
use resource_server::{
    Evidence, Issuer, KeySource, PresentedToken, Validator, error::SourceError,
    introspection::IntrospectionResponse,
};
use serde_json::{Value, json};

const AUDIENCE: &str = "https://api.example.com";
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// Nothing else limits the time of a source.
const TIME_LIMIT: Duration = Duration::from_secs(5);

struct TokenReview(Cluster);

impl KeySource for TokenReview {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let failed = || SourceError::new("the TokenReview API can't be asked");
        let review = tokio::time::timeout(TIME_LIMIT, self.0.review(token.as_str()));
        let review = review.await.map_err(|error| failed().caused_by(error))?;
        let status = &review.map_err(|error| failed().caused_by(error))?["status"];
        let claims = match (&status["authenticated"], &status["error"]) {
            (Value::Bool(true), Value::Null) => json!({
                "active": true, "iss": ISSUER, "aud": status["audiences"],
                "sub": status["user"]["username"], "groups": status["user"]["groups"],
            }),
            (Value::Bool(false) | Value::Null, Value::String(_)) => json!({"active": false}),
            // Anything else is an outage, and never a verdict.
            _ => return Err(SourceError::new("the TokenReview says neither yes nor no")),
        };
        let response = IntrospectionResponse::from_json(&claims.to_string())
            .map_err(|error| failed().caused_by(error))?;
        Ok(Evidence::Introspection(Arc::new(response)))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let signer = TestIssuer::new(ISSUER, AUDIENCE);
    let good = signer.token().mint();
    let gone = signer.token().mint();
    let other = signer.token().audience("https://other.example.com").mint();

    for (case, is_up, token) in [
        ("good", true, &good),
        ("its pod is gone", true, &gone),
        ("for another API", true, &other),
        ("the cluster is down", false, &good),
    ] {
        let known = good.clone();
        let validator = Validator::builder()
            .audience(AUDIENCE)
            .issuer(Issuer::new(ISSUER).source(TokenReview(Cluster { known, is_up })))
            .build()?;
        match validator.validate(token).await {
            Ok(token) => println!("{case}: 200 {}", token.subject().unwrap_or("no subject")),
            Err(error) => println!("{case}: {} {}", error.status(), error.explain()),
        }
    }
    Ok(())
}

/// Stands in for your client of the cluster, which posts the token and the audience of this API to
/// `/apis/authentication.k8s.io/v1/tokenreviews`.
struct Cluster {
    known: String,
    is_up: bool,
}

impl Cluster {
    async fn review(&self, token: &str) -> std::io::Result<Value> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if !self.is_up {
            return Err(std::io::ErrorKind::ConnectionRefused.into());
        }
        let user = json!({"username": "system:serviceaccount:shop:orders", "groups": ["shop"]});
        Ok(if token == self.known {
            json!({"status": {"authenticated": true, "user": user, "audiences": [AUDIENCE]}})
        } else {
            json!({"status": {"error": "the pod of this token is gone"}})
        })
    }
}
