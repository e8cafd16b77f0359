//! The introspection endpoint of a test server (RFC 7662): the tokens that it knows, and who may
//! ask.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::http::{Request, Response};
use crate::core::{
    Evidence, KeySet, NumericDate, Policy, PresentedToken, RequiredClaim, encode_base64url, verify,
};

pub(super) const PATH: &str = "/introspect";
const JSON: &str = "application/json";

/// Who may ask.
pub(super) const CLIENT_ID: &str = "test-api";
pub(super) const CLIENT_SECRET: &str = "test-api-secret";

/// What assertions of clients say that they are (RFC 7523 section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Tokens and clients that the server knows.
#[derive(Default)]
pub(super) struct Known {
    /// What is said about each token that is active.
    tokens: HashMap<String, Value>,
    /// The public keys of clients that have some.
    clients: HashMap<String, Evidence>,
}

impl Known {
    pub(super) fn insert(&mut self, token: &str, answer: Value) {
        self.tokens.insert(token.to_owned(), answer);
    }

    pub(super) fn remove(&mut self, token: &str) {
        self.tokens.remove(token);
    }

    pub(super) fn insert_client(&mut self, id: &str, keys: KeySet) {
        let keys = Evidence::Keys(Arc::new(keys));
        self.clients.insert(id.to_owned(), keys);
    }

    /// Answers for the issuer of this name.
    pub(super) fn answer(&self, request: &Request, issuer: &str) -> Response {
        let form: HashMap<String, String> = form_urlencoded::parse(request.body.as_bytes())
            .into_owned()
            .collect();
        let is_known = self.has_sound_assertion(&form, issuer) || is_known_client(request, &form);
        if !is_known {
            let response = Response::new(401, JSON, json!({"error": "invalid_client"}).to_string());
            return response.header("www-authenticate", "Basic");
        }
        let Some(token) = form.get("token") else {
            return Response::new(400, JSON, json!({"error": "invalid_request"}).to_string());
        };
        // Of a token that is not active nothing else is said (RFC 7662 section 2.2).
        let inactive = json!({"active": false});
        let answer = self.tokens.get(token).unwrap_or(&inactive);
        Response::new(200, JSON, answer.to_string()).header("cache-control", "no-store")
    }

    /// Whether a client says by an assertion who it is: signed by one of its keys, for the issuer,
    /// good for 5 minutes at most (RFC 7523 section 3). Its `jti` is not remembered.
    fn has_sound_assertion(&self, form: &HashMap<String, String>, issuer: &str) -> bool {
        const MAX_LIFETIME: Duration = Duration::from_secs(300);

        if form.get("client_assertion_type").map(String::as_str) != Some(ASSERTION_TYPE) {
            return false;
        }
        let assertion = form.get("client_assertion");
        let Some(presented) = assertion.and_then(|text| PresentedToken::parse(text).ok()) else {
            return false;
        };
        let Some(made) = time_of(&presented) else {
            return false;
        };
        self.clients.iter().any(|(id, keys)| {
            let policy = Policy::builder()
                .issuer(id)
                .audience(issuer)
                .max_remaining(MAX_LIFETIME)
                .clock_skew(Duration::ZERO)
                .required_claim(RequiredClaim::equals("sub", id.as_str()))
                .required_claim(RequiredClaim::present("jti"))
                .build();
            policy.is_ok_and(|policy| verify(&presented, keys, &policy, made).is_ok())
        })
    }
}

/// When an assertion of a client was made. The client's clock applies in a test.
fn time_of(assertion: &PresentedToken<'_>) -> Option<NumericDate> {
    assertion.jwt()?.payload().iat.get().copied()
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

/// 256 bits that no one guesses.
pub(super) fn random_token() -> String {
    let mut bytes = [0; 32];
    let filled = rand::fill(&mut bytes);
    assert!(filled.is_ok(), "the system gives random bytes");
    encode_base64url(&bytes)
}
