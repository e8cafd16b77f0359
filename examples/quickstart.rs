//! The main job in one command: an authorization server on loopback, a Validator that discovers it, good tokens of several
//! algorithms and two dozen bad ones, each with its verdict, reason, explanation and time; then what callers see while keys
//! rotate, are withdrawn, and while the server is down.
//!
//! `cargo run --example quickstart --features testing`

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use resource_server::testing::{Fault, ManualClock, TestIssuer, TestServer, TestToken};
use resource_server::{
    Algorithm, Error, Issuer, Requirement, Validator,
    clock::{Clock, SystemClock},
};
use serde_json::json;

const AUDIENCE: &str = "https://api.example.com";
const COLUMNS: usize = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    // Stands in for your authorization server, at an address of its own.
    let server = TestServer::start(AUDIENCE).await?;
    // Time is turned by hand, so that the hours of an outage pass at once.
    let clock = ManualClock::at(SystemClock::new().now());
    let issuer = server.issuer().clone().clock(clock.clone()).algorithms([
        Algorithm::RS256,
        Algorithm::PS256,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::Ed25519,
        Algorithm::MlDsa65,
    ]);

    // What an API writes, once at start. (The clock is for this demonstration.)
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::discover(server.url()))
        .clock(clock.clone())
        .build()?;
    validator.warm_up().await?;

    let mut surprises = show_tokens(&validator, &issuer, &clock).await;
    let mut stage = Stage {
        validator,
        server,
        issuer,
        clock,
        surprises: 0,
    };
    stage.show_keys().await;
    surprises += stage.surprises;
    if cfg!(debug_assertions) {
        println!("\nTimes are of a debug build; add --release for real ones.");
    }
    if surprises > 0 {
        return Err(format!("{surprises} cases did not go as they should").into());
    }
    Ok(())
}

async fn show_tokens(validator: &Validator, issuer: &TestIssuer, clock: &ManualClock) -> usize {
    let needed = Requirement::scope("orders:read");
    println!(
        "{:<42} {:<9} {:<27} {:>8}",
        "case", "verdict", "reason", "us"
    );
    println!("{}", "-".repeat(89));
    let mut surprises = 0;
    let cases = good(issuer).into_iter().map(|case| (case, "accepted"));
    let cases = cases.chain(bad(issuer, clock).into_iter().map(|case| (case, "refused")));
    for ((case, token), expected) in cases {
        let started = Instant::now();
        // What an API writes in each request handler.
        let outcome = match validator.validate(&token).await {
            Ok(token) => token.require(&needed),
            Err(error) => Err(error),
        };
        let took = started.elapsed();
        if show(case, &outcome, took) != expected {
            surprises += 1;
        }
    }
    surprises
}

const CALLERS: u32 = 100;

/// How many callers saw what in one scene.
#[derive(Default, PartialEq)]
struct Seen {
    accepted: u32,
    refused: u32,
    unavailable: u32,
}

/// Scenes of keys that come, go and can't be had.
struct Stage {
    validator: Validator,
    server: TestServer,
    issuer: TestIssuer,
    clock: ManualClock,
    surprises: usize,
}

impl Stage {
    async fn show_keys(&mut self) {
        let accepted = Seen {
            accepted: CALLERS,
            ..Seen::default()
        };
        let refused = Seen {
            refused: CALLERS,
            ..Seen::default()
        };
        let unavailable = Seen {
            unavailable: CALLERS,
            ..Seen::default()
        };
        println!(
            "\n{:<56} {:>8} {:>8} {:>11} {:>7}",
            "keys: what 100 callers saw, one after the other",
            "accepted",
            "refused",
            "unavailable",
            "fetches"
        );
        println!("{}", "-".repeat(94));

        let old = self.long_lived();
        self.scene("an hour like any other", &old, 60, &accepted)
            .await;

        self.issuer.rotate_keys();
        self.clock.advance(Duration::from_secs(10));
        let new = self.long_lived();
        self.scene("keys rotated: tokens of the new key", &new, 1, &accepted)
            .await;
        self.scene(
            "  tokens of the old key, still published",
            &old,
            1,
            &accepted,
        )
        .await;

        self.issuer.withdraw_old_keys();
        self.clock.advance(minutes(10));
        self.scene(
            "old key withdrawn: its tokens, ten minutes later",
            &old,
            1,
            &refused,
        )
        .await;

        self.server.fail(Fault::Status {
            code: 503,
            retry_after: None,
        });
        self.scene("server down: an hour of it", &new, 60, &accepted)
            .await;
        self.clock.advance(minutes(15));
        self.scene(
            "  beyond what is tolerated: 503, never 401",
            &new,
            10,
            &unavailable,
        )
        .await;

        self.server.recover();
        self.clock.advance(minutes(1));
        self.scene("server back", &new, 1, &accepted).await;
    }

    /// Callers with one token, spread over so many minutes.
    async fn scene(&mut self, name: &str, token: &str, over: u64, expected: &Seen) {
        let before = self.server.fetches();
        let mut seen = Seen::default();
        for _ in 0..CALLERS {
            self.clock.advance(minutes(over) / CALLERS);
            match self.validator.validate(token).await {
                Ok(_) => seen.accepted += 1,
                Err(Error::Rejected(_)) => seen.refused += 1,
                Err(_) => seen.unavailable += 1,
            }
        }
        let after = self.server.fetches();
        let fetches = after.jwks + after.discovery - before.jwks - before.discovery;
        println!(
            "{name:<56} {:>8} {:>8} {:>11} {fetches:>7}",
            seen.accepted, seen.refused, seen.unavailable
        );
        if seen != *expected {
            self.surprises += 1;
        }
    }

    fn long_lived(&self) -> String {
        let token = self.issuer.token().scope("orders:read");
        token.expires_in(Duration::from_secs(1_000_000)).mint()
    }
}

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
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

fn bad(issuer: &TestIssuer, clock: &ManualClock) -> Vec<Case> {
    let token = || issuer.token().subject("alice").scope("orders:read");
    let now = clock.now();
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
