//! The introspection endpoint of a test server (RFC 7662): the tokens that it knows, and who may ask.

use std::collections::HashMap;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::http::{Request, Response};
use crate::core::encode_base64url;

pub(super) const PATH: &str = "/introspect";
const JSON: &str = "application/json";

/// Who may ask.
pub(super) const CLIENT_ID: &str = "test-api";
pub(super) const CLIENT_SECRET: &str = "test-api-secret";

/// What is said about each token that is active.
#[derive(Default)]
pub(super) struct Known(HashMap<String, Value>);

impl Known {
    pub(super) fn insert(&mut self, token: &str, answer: Value) {
        self.0.insert(token.to_owned(), answer);
    }

    pub(super) fn remove(&mut self, token: &str) {
        self.0.remove(token);
    }

    pub(super) fn answer(&self, request: &Request) -> Response {
        let form: HashMap<String, String> = form_urlencoded::parse(request.body.as_bytes())
            .into_owned()
            .collect();
        if !is_known_client(request, &form) {
            let response = Response::new(401, JSON, json!({"error": "invalid_client"}).to_string());
            return response.header("www-authenticate", "Basic");
        }
        let Some(token) = form.get("token") else {
            return Response::new(400, JSON, json!({"error": "invalid_request"}).to_string());
        };
        // Of a token that is not active nothing else is said (RFC 7662 section 2.2).
        let inactive = json!({"active": false});
        let answer = self.0.get(token).unwrap_or(&inactive);
        Response::new(200, JSON, answer.to_string()).header("cache-control", "no-store")
    }
}

/// By the Basic scheme or in the form (RFC 6749 section 2.3.1).
fn is_known_client(request: &Request, form: &HashMap<String, String>) -> bool {
    if let Some(value) = &request.authorization {
        let pair = STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
        return *value == format!("Basic {pair}");
    }
    let said = |name| form.get(name).map(String::as_str);
    said("client_id") == Some(CLIENT_ID) && said("client_secret") == Some(CLIENT_SECRET)
}

/// What is said about a token of this issuer and audience, with these members besides or instead.
pub(super) fn answer(issuer: &str, audience: &str, members: Value) -> Value {
    let mut answer = Map::from_iter([
        ("active".to_owned(), json!(true)),
        ("iss".to_owned(), json!(issuer)),
        ("aud".to_owned(), json!(audience)),
        ("token_type".to_owned(), json!("Bearer")),
        ("client_id".to_owned(), json!("test-client")),
    ]);
    if let Value::Object(members) = members {
        answer.extend(members);
    }
    Value::Object(answer)
}

/// 256 bits that nobody guesses.
pub(super) fn random_token() -> String {
    let mut bytes = [0; 32];
    let filled = rand::fill(&mut bytes);
    assert!(filled.is_ok(), "the system gives random bytes");
    encode_base64url(&bytes)
}
