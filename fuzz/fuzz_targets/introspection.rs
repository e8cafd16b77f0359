//! Row P03, introspection responses: another JSON reader sees the same `active`, and what is
//! accepted by one meets the policy.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use resource_server::{
    Evidence, NumericDate, Policy, Possession, PresentedToken,
    introspection::IntrospectionResponse, verify,
};
use serde_json::{Map, Value};

const ISSUER: &str = "https://a";
const AUDIENCE: &str = "b";
const NOW: i64 = 1_000;
const SKEW: i64 = 30;
/// The names of `token_type` for an access token that is not bound to a key (row I09).
const NOT_BOUND: [&str; 4] = [
    "Bearer",
    "access_token",
    "access-token",
    "urn:ietf:params:oauth:token-type:access_token",
];

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let policy = Policy::builder().issuer(ISSUER).audience(AUDIENCE).build();
    policy.expect("a policy")
});

fuzz_target!(|text: &str| {
    let response = match IntrospectionResponse::from_json(text) {
        Ok(response) => response,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let mut members: Map<String, Value> = serde_json::from_str(text).expect("a response is JSON");
    assert_eq!(members["active"], Value::Bool(response.is_active()));
    // A member that is `null` is absent, but for `cnf`: a bound token must not lose its binding.
    let read = members.clone();
    members.retain(|name, value| !value.is_null() || name == "cnf");

    let token = PresentedToken::parse("opaque").expect("a token");
    let evidence = Evidence::Introspection(Arc::new(response));
    let judged = verify(&token, &evidence, &POLICY, NumericDate::from_secs(NOW));
    let token = match judged.and_then(|judged| judged.confirm(&Possession::bearer())) {
        Ok(token) => token,
        Err(rejection) => {
            assert!(!rejection.explain().is_empty());
            return;
        }
    };

    assert_eq!(members["active"], true);
    assert!(token.is_introspected());
    assert!(members.get("iss").is_none_or(|iss| iss == ISSUER));
    let audiences = match members.get("aud") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().map(|a| a.as_str().expect("a string")).collect(),
        other => panic!("{other:?}"),
    };
    assert!(audiences.contains(&AUDIENCE));
    if let Some(exp) = members.get("exp") {
        assert!(exp.as_f64().expect("a number") + (SKEW as f64) > NOW as f64);
    }
    for begins in ["nbf", "iat"] {
        if let Some(at) = members.get(begins) {
            assert!(at.as_f64().expect("a number") <= (NOW + SKEW) as f64);
        }
    }
    // No proof of possession was given, and no other kind of token passes for an access token.
    assert!(members.get("cnf").is_none());
    if let Some(kind) = members.get("token_type") {
        let kind = kind.as_str().expect("a string");
        assert!(NOT_BOUND.iter().any(|name| kind.eq_ignore_ascii_case(name)));
    }
    for (name, other) in [("token_use", "refresh"), ("token_use", "id"), ("typ", "ID")] {
        let said = members.get(name).and_then(Value::as_str);
        assert!(said.is_none_or(|said| !said.eq_ignore_ascii_case(other)));
    }
    assert!(members.get("events").is_none() && members.get("nonce").is_none());
    assert_eq!(token.subject(), members.get("sub").and_then(Value::as_str));
    for (name, value) in &read {
        assert_eq!(token.claim(name).as_ref(), Some(value));
    }
});
