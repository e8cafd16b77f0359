//! The main job in one command: an issuer, a Validator, good tokens of several algorithms and two dozen bad ones, each
//! with its verdict, reason, explanation and time.
//!
//! `cargo run --example quickstart --features testing`

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{Algorithm, Error, Issuer, NumericDate, Requirement, StaticKeys, Validator};
use serde_json::json;

const ISSUER: &str = "https://as.example.com";
const AUDIENCE: &str = "https://api.example.com";
const COLUMNS: usize = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    // Stands in for your authorization server.
    let issuer = TestIssuer::new(ISSUER, AUDIENCE).algorithms([
        Algorithm::RS256,
        Algorithm::PS256,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::Ed25519,
        Algorithm::MlDsa65,
    ]);

    // What an API writes, once at start.
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::new(ISSUER).keys(StaticKeys::from_jwks(&issuer.jwks())?))
        .build()?;
    let needed = Requirement::scope("orders:read");

    println!(
        "{:<42} {:<9} {:<27} {:>8}",
        "case", "verdict", "reason", "us"
    );
    println!("{}", "-".repeat(89));
    let mut surprises = 0;
    let cases = good(&issuer).into_iter().map(|case| (case, "accepted"));
    let cases = cases.chain(bad(&issuer).into_iter().map(|case| (case, "refused")));
    for ((case, token), expected) in cases {
        let started = Instant::now();
        // What an API writes in each request handler.
        let outcome = match validator.validate(&token).await {
            Ok(token) => token.require(&needed).map_err(Error::from),
            Err(error) => Err(error),
        };
        let took = started.elapsed();
        if show(case, &outcome, took) != expected {
            surprises += 1;
        }
    }
    if cfg!(debug_assertions) {
        println!("\nTimes are of a debug build; add --release for real ones.");
    }
    if surprises > 0 {
        return Err(format!("{surprises} tokens were not judged as they should be").into());
    }
    Ok(())
}

type Case = (&'static str, String);

fn good(issuer: &TestIssuer) -> Vec<Case> {
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
        (
            "EdDSA, the same key by its older name",
            token(Algorithm::EdDSA),
        ),
        ("ML-DSA-65", token(Algorithm::MlDsa65)),
    ]
}

fn bad(issuer: &TestIssuer) -> Vec<Case> {
    let token = || issuer.token().subject("alice").scope("orders:read");
    let now = NumericDate::from_secs(unix_time());
    let ago = |seconds| now.saturating_sub(Duration::from_secs(seconds));
    let ahead = |seconds| now.saturating_add(Duration::from_secs(seconds));
    let stranger = TestIssuer::new(ISSUER, AUDIENCE);
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
            mint(token().issuer("https://as.example.com/")),
        ),
        (
            "of another tenant",
            mint(token().issuer("https://as.example.com/acme")),
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
        ("without an end", mint(token().without("exp"))),
        (
            "an ID token",
            mint(token().typ("JWT").claim("nonce", "n-0S6_WzA2Mj")),
        ),
        ("a DPoP proof", mint(token().typ("dpop+jwt"))),
        ("one byte changed", changed),
        (
            "signed by somebody else",
            mint(token().signed_by(&stranger)),
        ),
        (
            "brings its own key",
            mint(token().header("jwk", jwk).signed_by(&stranger)),
        ),
        (
            "of a key that is not published",
            mint(token().header("kid", "2019-key")),
        ),
        ("alg none", mint(token().header("alg", "none").unsigned())),
        (
            "alg none, with a signature",
            mint(token().header("alg", "none")),
        ),
        (
            "alg HS256, a shared secret's",
            mint(token().header("alg", "HS256")),
        ),
        (
            "RS256 over an ES256 key",
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
        (
            "bound to a DPoP key, sent as bearer",
            mint(token().claim("cnf", jkt)),
        ),
        ("lacks the scope", mint(token().scope("orders:write"))),
        ("an opaque token", "2YotnFZFEjr1zCsicMWpAA".to_owned()),
        (
            "a whole header instead of the token",
            format!("Bearer {}", token().mint()),
        ),
    ]
}

fn unix_time() -> i64 {
    let since_1970 = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default();
    i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)
}

/// Prints one case and returns its verdict.
fn show(case: &str, outcome: &Result<(), Error>, took: Duration) -> &'static str {
    let (verdict, reason, explanation) = match outcome {
        Ok(()) => ("accepted", "", String::new()),
        Err(Error::Rejected(rejection)) => {
            ("refused", rejection.reason().as_str(), rejection.explain())
        }
        Err(other) => ("failed", "", other.to_string()),
    };
    let micros = took.as_secs_f64() * 1e6;
    println!("{case:<42} {verdict:<9} {reason:<27} {micros:>8.1}");
    let mut line = String::new();
    for word in explanation.split(' ').filter(|word| !word.is_empty()) {
        if line.len() + word.len() + 5 > COLUMNS {
            println!("    {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        println!("    {line}");
    }
    verdict
}
