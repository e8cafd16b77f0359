//! Row P03, the reader of claims sets on any text: it accepts what another JSON reader accepts and
//! the rules allow, and nothing else.

#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use resource_server::{PresentedToken, Reason};

#[path = "../../src/core/json/model.rs"]
mod model;

fuzz_target!(|text: &str| {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
    let payload = URL_SAFE_NO_PAD.encode(text);
    let token = format!("{header}.{payload}.AAAA");
    let findings = model::Findings::of(text);
    match PresentedToken::parse(&token) {
        Ok(_) => assert!(findings.is_some_and(|findings| findings.are_none())),
        Err(rejection) => {
            let is_long = rejection.reason() == Reason::TooLong;
            assert!(is_long || rejection.reason() == Reason::MalformedPayload);
            assert!(is_long || findings.is_none_or(|findings| !findings.are_none()));
        }
    }
});
