//! What the live tests share.

#![allow(dead_code)] // each test file uses a part of it

use std::error::Error as StdError;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use live_tests::AuthorizationServer;
use resource_server::testing::ManualClock;
use resource_server::{
    Algorithm, Error, Issuer, Reason, Validator, ValidatorBuilder,
    clock::{Clock, SystemClock},
};
use serde_json::Value;

pub(crate) type TestResult = Result<(), Box<dyn StdError>>;

pub(crate) const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::Ed25519,
];
/// The resource for which the server issues opaque tokens.
pub(crate) const OPAQUE_API: &str = "https://api.example.com/opaque";
pub(crate) const SCOPE: &str = "orders:read orders:write";

/// The least time between two fetches for keys that the library doesn't know.
pub(crate) const COOLDOWN: Duration = Duration::from_secs(10);
/// The shortest lifetime of keys that the library allows, so that tokens live longer than it.
pub(crate) const KEY_LIFETIME: Duration = Duration::from_secs(60);

/// The resource for which the server signs with this algorithm.
pub(crate) fn resource(algorithm: Algorithm) -> String {
    format!("https://api.example.com/{}", algorithm.as_str())
}

/// For an API with the names of all resources.
pub(crate) fn validator(issuer: Issuer) -> ValidatorBuilder {
    ALGORITHMS
        .into_iter()
        .fold(Validator::builder(), |builder, algorithm| {
            builder.audience(resource(algorithm))
        })
        .issuer(issuer)
}

/// One token of each algorithm.
pub(crate) async fn tokens(server: &AuthorizationServer) -> Vec<String> {
    let mut tokens = Vec::new();
    for algorithm in ALGORITHMS {
        tokens.push(server.token(&resource(algorithm), SCOPE).await);
    }
    tokens
}

/// A clock that stands still, a minute ahead of the server's. So the server's tokens are never
/// ahead of it while a test runs.
pub(crate) fn clock() -> ManualClock {
    let clock = ManualClock::at(SystemClock::new().now());
    clock.advance(Duration::from_secs(60));
    clock
}

/// Why a token was refused.
#[track_caller]
pub(crate) fn refusal<T>(result: Result<T, Error>) -> Reason {
    match result {
        Err(Error::Rejected(rejection)) => rejection.reason(),
        Err(error) => panic!("it could not be judged: {}", chain(&error)),
        Ok(_) => panic!("it was accepted"),
    }
}

/// Why a token could not be judged: the error and its causes.
#[track_caller]
pub(crate) fn outage<T>(result: Result<T, Error>) -> String {
    match result {
        Err(error @ Error::Unavailable(_)) => {
            assert_eq!(error.status(), 503);
            chain(&error)
        }
        Err(error) => panic!("it was judged: {error}"),
        Ok(_) => panic!("it was accepted"),
    }
}

pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The ids of the keys that a Validator of one issuer holds, sorted.
pub(crate) fn key_ids(validator: &Validator) -> Vec<String> {
    let health = validator.health();
    let Some(keys) = &health[0].status().keys else {
        return Vec::new();
    };
    let mut ids: Vec<_> = keys.key_ids().map(str::to_owned).collect();
    ids.sort();
    ids
}

/// Waits for what happens by itself.
pub(crate) async fn until(what: impl Fn() -> bool) {
    let waited = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited)
        .await
        .expect("it happens within a minute");
}

/// One part of a token, read without the library.
pub(crate) fn json(token: &str, part: usize) -> Value {
    let part = token.split('.').nth(part).expect("a token has three parts");
    let text = URL_SAFE_NO_PAD.decode(part).expect("the part is base64url");
    serde_json::from_slice(&text).expect("the part is JSON")
}

/// The id of the key that signed a token.
pub(crate) fn key_id(token: &str) -> String {
    let header = json(token, 0);
    header["kid"].as_str().expect("a kid is text").to_owned()
}

/// One character in the middle of the signature is another: the last one may hold bits that no
/// decoder looks at.
pub(crate) fn with_changed_signature(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').expect("a token has three parts");
    let mut signature = signature.as_bytes().to_vec();
    let middle = signature.len() / 2;
    signature[middle] = another(signature[middle]);
    let signature = String::from_utf8(signature).expect("base64url is ASCII");
    format!("{signed}.{signature}")
}

/// One character of the token's `jti` is changed, so only the signature shows it.
pub(crate) fn with_changed_payload(token: &str) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let mut payload = URL_SAFE_NO_PAD
        .decode(parts[1])
        .expect("the payload is base64url");
    let start = br#""jti":""#;
    let found = payload
        .windows(start.len())
        .position(|window| window == start);
    let place = found.expect("the token has a jti") + start.len();
    payload[place] = another(payload[place]);
    let payload = URL_SAFE_NO_PAD.encode(payload);
    format!("{}.{payload}.{}", parts[0], parts[2])
}

/// Another character, of base64url and of a JSON string alike.
fn another(byte: u8) -> u8 {
    if byte == b'A' { b'B' } else { b'A' }
}

/// When a token expires, in seconds.
pub(crate) fn expiry(token: &str) -> i64 {
    json(token, 1)["exp"]
        .as_i64()
        .expect("exp is a whole number")
}
