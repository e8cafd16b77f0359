//! The cost of tokens that name unknown keys, and the fetches that they cause.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench unknown_keys` judges 100,000 tokens,
//! each with another random `kid`, by keys that are fetched. The bench fails if they cause more
//! than one fetch besides the first.

use std::hint::black_box;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resource_server::testing::TestServer;
use resource_server::{Algorithm, Error, Issuer, Reason, Validator};
use tokio::runtime::Runtime;

#[allow(dead_code)] // a part of it is used
mod cell;

use cell::{thousands, time as time_text};

const AUDIENCE: &str = "https://api.example.com";
const TOKENS: u64 = 100_000;
/// Fetches of keys: the first, and one for a `kid` that may be new.
const MAX_FETCHES: usize = 2;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime
        .block_on(TestServer::start(AUDIENCE))
        .expect("a server");
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::discover(server.url()))
        .build()
        .expect("sound settings");
    let token = server.issuer().token();
    let good = token.algorithm(Algorithm::RS256).mint();
    runtime
        .block_on(validator.validate(&good))
        .expect("keys are fetched");

    let (_, signed_and_signature) = good.split_once('.').expect("a token");
    let tokens: Vec<String> = (0..TOKENS)
        .map(|number| {
            // An odd factor, so that no two are alike.
            let kid = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let header = format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":"{kid:016x}"}}"#);
            let header = URL_SAFE_NO_PAD.encode(header);
            format!("{header}.{signed_and_signature}")
        })
        .collect();

    let accepting = time(|| {
        for _ in 0..1_000 {
            let verdict = runtime.block_on(validator.validate(black_box(&good)));
            assert!(verdict.is_ok());
        }
    }) / 1_000.0;
    let run = time(|| {
        for token in &tokens {
            let verdict = runtime.block_on(validator.validate(black_box(token)));
            let reason = match verdict {
                Err(Error::Rejected(rejection)) => Some(rejection.reason()),
                _ => None,
            };
            assert_eq!(reason, Some(Reason::UnknownKey));
        }
    });
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    let each = run / TOKENS as f64;
    let fetches = server.fetches().jwks;
    println!("<!-- unknown_keys -->");
    println!("| tokens | whole run | each | to an acceptance | fetches of keys |");
    println!("| --: | --: | --: | --: | --: |");
    println!(
        "| {} | {run:.2} s | {} | {:.2} | {fetches} |",
        thousands(TOKENS),
        time_text(each * 1e9),
        each / accepting
    );
    assert!(fetches <= MAX_FETCHES, "{fetches} fetches");
}

/// In seconds.
fn time(run: impl FnOnce()) -> f64 {
    let started = Instant::now();
    run();
    started.elapsed().as_secs_f64()
}
