//! Tokens of each kind, and the status that an API answers them with.

use std::time::Duration;

use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{Algorithm, NumericDate};
use serde_json::json;

use crate::AUDIENCE;

/// A name, the expected status and the token.
pub(crate) type Case = (&'static str, u16, String);

pub(crate) fn all(issuer: &TestIssuer, now: NumericDate) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    cases.extend(
        good(issuer)
            .into_iter()
            .map(|(name, token)| (name, 200, token)),
    );
    cases.extend(
        bad(issuer, now)
            .into_iter()
            .map(|(name, token)| (name, 401, token)),
    );
    let without_scope = issuer.token().subject("alice").scope("orders:write").mint();
    cases.push(("good, but lacks the scope", 403, without_scope));
    cases
}

type Named = (&'static str, String);

fn good(issuer: &TestIssuer) -> Vec<Named> {
    let token = |algorithm| {
        let token = issuer.token().subject("alice").scope("orders:read");
        token.algorithm(algorithm).mint()
    };
    vec![
        ("RS256", token(Algorithm::RS256)),
        ("PS256", token(Algorithm::PS256)),
        ("ES256", token(Algorithm::ES256)),
        ("ES384", token(Algorithm::ES384)),
        ("Ed25519", token(Algorithm::Ed25519)),
        ("EdDSA, the older name of Ed25519", token(Algorithm::EdDSA)),
        ("ML-DSA-65", token(Algorithm::MlDsa65)),
    ]
}

fn bad(issuer: &TestIssuer, now: NumericDate) -> Vec<Named> {
    let token = || issuer.token().subject("alice").scope("orders:read");
    let ago = |seconds| now.saturating_sub(Duration::from_secs(seconds));
    let ahead = |seconds| now.saturating_add(Duration::from_secs(seconds));
    let name = issuer.name();
    let with_path = |path: &str| format!("{name}{path}");
    let stranger = TestIssuer::new(name, AUDIENCE);
    let mint = TestToken::mint;
    let changed = {
        // One character in the middle of the signature.
        let good = token().mint();
        let at = good.len() - 40;
        let other = if good[at..].starts_with('A') {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &good[..at], &good[at + 1..])
    };
    let jwk = json!({"kty": "oct", "k": "c2VjcmV0"});
    let jkt = json!({"jkt": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"});
    vec![
        (
            "from the test environment",
            mint(token().issuer("https://as.test.example.com")),
        ),
        (
            "issuer with a trailing slash",
            mint(token().issuer(&with_path("/"))),
        ),
        (
            "of another tenant",
            mint(token().issuer(&with_path("/acme"))),
        ),
        ("no issuer", mint(token().without("iss"))),
        (
            "for another API",
            mint(token().audience("https://billing.example.com")),
        ),
        ("no audience", mint(token().without("aud"))),
        ("expired an hour ago", mint(token().issued_at(ago(3_900)))),
        ("expired a minute ago", mint(token().expires_at(ago(60)))),
        ("not yet valid", mint(token().not_before(ahead(120)))),
        ("without an expiry", mint(token().without("exp"))),
        (
            "an ID token",
            mint(token().typ("JWT").claim("nonce", "n-0S6_WzA2Mj")),
        ),
        ("a DPoP proof", mint(token().typ("dpop+jwt"))),
        ("one byte changed", changed),
        (
            "signed by another issuer's key",
            mint(token().signed_by(&stranger)),
        ),
        (
            "brings its own key",
            mint(token().header("jwk", jwk).signed_by(&stranger)),
        ),
        (
            "of an unpublished key",
            mint(token().header("kid", "2019-key")),
        ),
        ("alg none", mint(token().header("alg", "none").unsigned())),
        (
            "alg none, with a signature",
            mint(token().header("alg", "none")),
        ),
        (
            "alg HS256, for a shared secret",
            mint(token().header("alg", "HS256")),
        ),
        (
            "RS256 with an ES256 key",
            mint(token().header("alg", "RS256")),
        ),
        (
            "critical extension",
            mint(token().header("crit", json!(["exp"]))),
        ),
        (
            "exp twice",
            mint(token().raw_payload(br#"{"exp":1,"exp":9999999999}"#)),
        ),
        ("exp as text", mint(token().claim("exp", "9999999999"))),
        ("bound to a DPoP key", mint(token().claim("cnf", jkt))),
        ("an opaque token", "2YotnFZFEjr1zCsicMWpAA".to_owned()),
        (
            "a whole header, not the token",
            format!("Bearer {}", token().mint()),
        ),
    ]
}
