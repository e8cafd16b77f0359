//! Row P03, `verify()` on any header and claims, well signed: what is accepted meets the policy,
//! all ways to read its claims agree, and a changed token never verifies.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use resource_server::testing::TestIssuer;
use resource_server::{
    Algorithm, Evidence, NumericDate, Policy, Possession, PresentedToken, keys::KeySet, verify,
};
use serde_json::Value;

const ISSUER: &str = "https://a";
const AUDIENCE: &str = "b";
const NOW: i64 = 1_000;
const SKEW: i64 = 30;

struct World {
    issuer: TestIssuer,
    evidence: Evidence,
    policy: Policy,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let issuer = TestIssuer::new(ISSUER, AUDIENCE).algorithms([Algorithm::EdDSA]);
    let keys = KeySet::from_jwks(&issuer.jwks()).expect("a JWK Set");
    let policy = Policy::builder().issuer(ISSUER).audience(AUDIENCE).build();
    World {
        evidence: Evidence::Keys(Arc::new(keys)),
        policy: policy.expect("a policy"),
        issuer,
    }
});

// A header and claims, the last byte of the text choosing what is changed afterwards.
fuzz_target!(|input: (&[u8], &[u8], u16)| {
    let (header, payload, place) = input;
    let world = &*WORLD;
    let token = world.issuer.token().algorithm(Algorithm::EdDSA);
    let text = token.raw_header(header).raw_payload(payload).mint();
    let judge = |text: &str| {
        let token = PresentedToken::parse(text)?;
        let now = NumericDate::from_secs(NOW);
        verify(&token, &world.evidence, &world.policy, now)?.confirm(&Possession::bearer())
    };
    let token = match judge(&text) {
        Ok(token) => token,
        Err(rejection) => {
            assert!(!rejection.explain().is_empty());
            return;
        }
    };

    let claims: Value = token.claims().expect("the claims of an accepted token");
    let header: Value = serde_json::from_slice(header).expect("a header");
    assert!(["EdDSA", "Ed25519"].contains(&header["alg"].as_str().expect("alg")));
    assert!(header.get("crit").is_none());
    assert_eq!(claims["iss"], ISSUER);
    let audiences = match &claims["aud"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(many) => many.iter().map(|a| a.as_str().expect("a string")).collect(),
        other => panic!("{other}"),
    };
    assert!(audiences.contains(&AUDIENCE));
    assert!(token.audience().iter().eq(audiences));
    assert!(claims["exp"].as_f64().expect("a number") + (SKEW as f64) > NOW as f64);
    assert!(
        token
            .expires_at()
            .expect("exp")
            .as_secs()
            .saturating_add(SKEW)
            > NOW
    );
    assert!(claims.get("cnf").is_none());
    assert_eq!(token.subject(), claims["sub"].as_str());
    let client = claims.get("client_id").or(claims.get("azp"));
    assert_eq!(token.client_id(), client.and_then(Value::as_str));
    assert_eq!(token.jwt_id(), claims["jti"].as_str());
    for (name, value) in claims.as_object().expect("an object") {
        assert_eq!(token.claim(name).as_ref(), Some(value));
    }
    for scope in token.scopes().iter() {
        assert!(!scope.is_empty() && !scope.contains(' '));
    }

    let mut changed = text.into_bytes();
    let place = usize::from(place) % changed.len();
    changed[place] ^= 1;
    if let Ok(changed) = String::from_utf8(changed) {
        assert!(judge(&changed).is_err(), "a changed token is no token");
    }
});
