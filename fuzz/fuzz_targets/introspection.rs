//! Row P03, introspection responses: another JSON reader sees the same `active`, and what is
//! accepted by one meets the policy.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use resource_server::{
    Evidence, NumericDate, Policy, Possession, PresentedToken,
    introspection::IntrospectionResponse, verify,
};
use serde_json::Value;

const ISSUER: &str = "https://a";
const AUDIENCE: &str = "b";
const NOW: i64 = 1_000;
const SKEW: i64 = 30;

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
    let members: Value = serde_json::from_str(text).expect("a response is JSON");
    assert_eq!(members["active"], Value::Bool(response.is_active()));

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
    let audiences = match &members["aud"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(many) => many.iter().map(|a| a.as_str().expect("a string")).collect(),
        other => panic!("{other}"),
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
        assert!(
            kind.as_str()
                .expect("a string")
                .eq_ignore_ascii_case("Bearer")
        );
    }
    for (name, other) in [("token_use", "refresh"), ("token_use", "id"), ("typ", "ID")] {
        let said = members.get(name).and_then(Value::as_str);
        assert!(said.is_none_or(|said| !said.eq_ignore_ascii_case(other)));
    }
    assert!(members.get("events").is_none() && members.get("nonce").is_none());
    assert_eq!(token.subject(), members["sub"].as_str());
    for (name, value) in members.as_object().expect("an object") {
        assert_eq!(token.claim(name).as_ref(), Some(value));
    }
});
