//! Row P03, the token parser on any text: a text that it reads as a JWT is one, in its only
//! spelling.

#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use resource_server::PresentedToken;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let Ok(token) = PresentedToken::parse(text) else {
        return;
    };
    assert_eq!(token.as_str(), text);
    assert!(text.len() <= 16 * 1024 && text.is_ascii());
    let Some(jwt) = token.jwt() else {
        assert!(!text.is_empty());
        return;
    };
    assert!(!token.is_opaque());
    let parts: Vec<_> = text.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("a JWT has three parts");
    };
    let decode = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        assert_eq!(URL_SAFE_NO_PAD.encode(&bytes), part, "in its one spelling");
        bytes
    };
    assert!(!decode(signature).is_empty());
    // Another reader sees the same.
    let header: Value = serde_json::from_slice(&decode(header)).expect("JSON");
    let payload: Value = serde_json::from_slice(&decode(payload)).expect("JSON");
    assert!(header.is_object() && payload.is_object());
    assert_eq!(jwt.key_id(), header["kid"].as_str());
    assert_eq!(jwt.issuer(), payload["iss"].as_str());
    let algorithm = header["alg"].as_str().and_then(|alg| alg.parse().ok());
    assert_eq!(jwt.algorithm(), algorithm);
});
