//! Row P03, metadata documents on any text: keys are looked for only where a document of this very
//! issuer says, and where may be fetched from.

#![no_main]

use libfuzzer_sys::fuzz_target;
use resource_server::fuzzing::keys_named_by_metadata;
use serde_json::Value;

const ISSUER: &str = "https://a";

fuzz_target!(|text: &str| {
    let Some(address) = keys_named_by_metadata(ISSUER, text) else {
        return;
    };
    let read: Value = serde_json::from_str(text).expect("what is taken is JSON");
    assert_eq!(read["issuer"], ISSUER);
    assert!(read["jwks_uri"].is_string());
    assert!(address.starts_with("https://"), "{address}");
    assert!(!address.contains('#'), "{address}");
    let authority = address.trim_start_matches("https://").split('/').next();
    assert!(!authority.unwrap_or_default().contains('@'), "{address}");
});
