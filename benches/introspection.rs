//! The cost of an opaque token. A cached response is compared with a bare look-up in the same kind
//! of cache, and an introspection with a bare call. The bench also shows the effect of the number
//! of issuers, and the memory of an idle issuer.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench introspection` prints tables.

#[allow(dead_code)] // a part of it is used
mod cell;
#[allow(dead_code)] // a part of it is used
mod rounds;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use resource_server::testing::{TestIssuer, TestServer};
use resource_server::{Algorithm, Introspection, Issuer, StaticKeys, Tenants, Validator};
use serde_json::json;
use tokio::runtime::Runtime;

use cell::time;
use rounds::{Case, Figure, allocated_bytes, measure, pollster};

const AUDIENCE: &str = "https://api.example.com";
const COUNTS: [usize; 3] = [1, 100, 10_000];

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime
        .block_on(TestServer::start(AUDIENCE))
        .expect("a server");
    let about = json!({
        "sub": "248289761001-a1b2c3d4",
        "client_id": "orders-web-frontend",
        "scope": "orders:read orders:write profile",
        "iat": 1_700_000_000,
        "exp": 4_000_000_000_u64,
        "tenant": "b9d1f0aa-7c1e-4b6e-9d7e-2f6a1c3b5d7f",
    });
    let token = server.opaque_token(about);
    opaque(
        &kept(&runtime, &server, &token),
        &asked(&runtime, &server, &token),
    );
    println!("\n<!-- introspection/issuers -->");
    println!("| an expired token is refused, of | time | to one issuer |");
    println!("| --- | --: | --: |");
    for figure in by_issuers() {
        println!(
            "| {} | {} | {:.2} |",
            figure.name,
            time(figure.median_ns),
            figure.ratio
        );
    }
    println!("\n<!-- introspection/memory -->");
    println!("| while idle, for each | memory |");
    println!("| --- | --: |");
    memory(&runtime);
}

/// The first figure of each is what the others are compared with.
fn opaque(kept: &[Figure], asked: &[Figure]) {
    println!("<!-- introspection -->");
    println!("| case | time | ratio | to |");
    println!("| --- | --: | --: | --- |");
    for figures in [kept, asked] {
        let Some((bare, ours)) = figures.split_first() else {
            continue;
        };
        for figure in ours {
            println!(
                "| {} | {} | {:.2} | {}, {} |",
                figure.name,
                time(figure.median_ns),
                figure.ratio,
                bare.name,
                time(bare.median_ns)
            );
        }
    }
}

fn asking(server: &TestServer, introspection: Introspection) -> Validator {
    Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::new(server.url()).introspection(introspection))
        .build()
        .expect("a Validator")
}

/// The response is cached: only our own code runs.
fn kept(runtime: &Runtime, server: &TestServer, token: &str) -> Vec<Figure> {
    let validator = asking(server, server.introspection());
    runtime
        .block_on(validator.validate(token))
        .expect("it is active");
    let cache: moka::sync::Cache<[u8; 32], Arc<str>> = moka::sync::Cache::builder()
        .max_capacity(16 * 1024 * 1024)
        .weigher(|_, text: &Arc<str>| u32::try_from(text.len()).unwrap_or(u32::MAX))
        .time_to_live(Duration::from_secs(600))
        .build();
    let hash = |token: &str| -> [u8; 32] {
        let digest = digest(&SHA256, token.as_bytes());
        digest.as_ref().try_into().expect("32 bytes")
    };
    let key = hash(token);
    cache.insert(key, "x".repeat(400).into());
    let cases = [
        Case {
            name: "a bare `get` of moka",
            run: Box::new(|| assert!(black_box(cache.get(black_box(&key))).is_some())),
        },
        Case {
            name: "SHA-256 of the token, which is a part of the next two",
            run: Box::new(|| {
                black_box(hash(black_box(token)));
            }),
        },
        Case {
            name: "opaque token with a cached response, `validate_cached`",
            run: Box::new(|| {
                let judged = validator.validate_cached(black_box(token));
                assert!(black_box(judged).expect("it is kept").is_ok());
            }),
        },
        Case {
            name: "the same, `validate`",
            run: Box::new(|| {
                let judged = pollster(validator.validate(black_box(token)));
                assert!(black_box(judged).is_ok());
            }),
        },
    ];
    measure(&cases, |_| 0)
}

/// Nothing is cached: each call asks the server, over a new connection.
fn asked(runtime: &Runtime, server: &TestServer, token: &str) -> Vec<Figure> {
    let nothing = server
        .introspection()
        .cache_active_for(Duration::ZERO)
        .cache_inactive_for(Duration::ZERO);
    let validator = asking(server, nothing);
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(0)
        .no_proxy()
        .build()
        .expect("a client");
    let cases = [
        Case {
            name: "a bare call by reqwest that opens a connection",
            run: Box::new(|| {
                let call = async {
                    let sent = client
                        .post(server.introspection_url())
                        .basic_auth(TestServer::CLIENT_ID, Some(TestServer::CLIENT_SECRET))
                        .header("content-type", "application/x-www-form-urlencoded")
                        .body(format!("token={token}&token_type_hint=access_token"))
                        .send();
                    sent.await.expect("an answer").text().await.expect("text")
                };
                assert!(black_box(runtime.block_on(call)).contains("active"));
            }),
        },
        Case {
            name: "opaque token that is introspected, on loopback",
            run: Box::new(|| {
                let judged = runtime.block_on(validator.validate(black_box(token)));
                assert!(black_box(judged).is_ok());
            }),
        },
    ];
    measure(&cases, |_| 0)
}

/// An expired token of the last of many issuers: all that is done but the signature.
fn by_issuers() -> Vec<Figure> {
    let name = |number: usize| format!("https://as-{number}.example.com");
    let keys = || {
        let jwks = TestIssuer::new("https://as.example.com", AUDIENCE).jwks();
        StaticKeys::from_jwks(&jwks).expect("keys")
    };
    let known: Vec<_> = COUNTS
        .iter()
        .map(|count| {
            let mut builder = Validator::builder().audience(AUDIENCE);
            for number in 0..*count {
                builder = builder.issuer(Issuer::new(name(number)).jwks_at(name(number)));
            }
            let last = TestIssuer::new(&name(count - 1), AUDIENCE);
            let expired = last.token().claim("exp", 1_700_000_000).mint();
            (builder.build().expect("a Validator"), expired)
        })
        .collect();
    let template = Issuer::template("https://as.example.com/{tenant}", Tenants::any()).keys(keys());
    let template = Validator::builder().audience(AUDIENCE).issuer(template);
    let template = template.build().expect("a Validator");
    let tenant = TestIssuer::new("https://as.example.com/acme", AUDIENCE);
    let expired = tenant.token().claim("exp", 1_700_000_000).mint();
    let names = ["1 issuer", "100 issuers", "10,000 issuers"];
    let refuse = |name, validator: &Validator, token: &str| {
        let (validator, token) = (validator.clone(), token.to_owned());
        Case {
            name,
            run: Box::new(move || {
                let judged = validator.validate_cached(black_box(&token));
                assert!(black_box(judged).is_some_and(|judged| judged.is_err()));
            }),
        }
    };
    let mut cases: Vec<_> = names
        .iter()
        .zip(&known)
        .map(|(name, (validator, token))| refuse(name, validator, token))
        .collect();
    cases.push(refuse("a tenant of a template", &template, &expired));
    measure(&cases, |_| 0)
}

/// What is allocated for each of many issuers beyond the first.
fn memory(runtime: &Runtime) {
    const MANY: usize = 1_000;
    let name = |number: usize| format!("https://as-{number}.example.com");
    let bytes = |what: &str, each: &dyn Fn(usize) -> Issuer| {
        let build = |count: usize| {
            let before = allocated_bytes();
            let mut builder = Validator::builder().audience(AUDIENCE);
            for number in 0..count {
                builder = builder.issuer(each(number));
            }
            let validator = builder.build().expect("a Validator");
            (allocated_bytes() - before, validator)
        };
        let (one, _first) = build(1);
        let (all, _rest) = build(MANY + 1);
        report(what, (all - one) / MANY);
    };
    bytes(
        "an issuer whose keys are discovered, before its first token",
        &|number| Issuer::discover(name(number)),
    );
    bytes(
        "an issuer with introspection, before its first token",
        &|number| {
            let ask = Introspection::discover().client_secret_basic("api", "secret");
            let issuer = Issuer::new(name(number)).introspection(ask);
            issuer.opaque_tokens_with_prefix(format!("{number}_"))
        },
    );

    let server = runtime
        .block_on(TestServer::start(AUDIENCE))
        .expect("a server");
    let mut builder = Validator::builder().audience(AUDIENCE);
    for number in 0..=MANY {
        let issuer = Issuer::new(name(number)).introspection(server.introspection());
        builder = builder.issuer(issuer.opaque_tokens_with_prefix(format!("{number}_")));
    }
    let validator = builder.build().expect("a Validator");
    // The server does not know the token, and the response that says so is cached.
    let introspect = |number: usize| {
        let judged = runtime.block_on(validator.validate(&format!("{number}_token")));
        assert!(judged.is_err());
    };
    introspect(0);
    let before = allocated_bytes();
    (1..=MANY).for_each(introspect);
    report(
        "what it needs more after its first token, for its caches",
        (allocated_bytes() - before) / MANY,
    );

    // What the backend allocates is not seen by Rust's allocator, so here it is the process that is
    // measured.
    let issuer = server.issuer().clone();
    let issuer = issuer.algorithms([Algorithm::RS256, Algorithm::ES256]);
    let template = format!("{}/{{tenant}}", server.url());
    let by_tenant = Issuer::template(template, Tenants::matching(|_| true))
        .jwks_at(format!("{}?tenant={{tenant}}", server.jwks_url()))
        .max_tenants(MANY * 2);
    let validator = Validator::builder().audience(AUDIENCE).issuer(by_tenant);
    let validator = validator.build().expect("a Validator");
    let mut validate = |number: usize| {
        let token = issuer
            .token()
            .issuer(&format!("{}/t{number}", server.url()));
        let judged = runtime.block_on(validator.validate(&token.mint()));
        assert!(judged.is_ok(), "{judged:?}");
    };
    (0..100).for_each(&mut validate);
    if let Some(before) = resident_bytes() {
        (100..100 + MANY).for_each(&mut validate);
        let after = resident_bytes().unwrap_or(before);
        let each = after.saturating_sub(before) / MANY;
        report(
            "a tenant whose keys are cached (RSA 2048 and P-256), by the size of the process",
            each,
        );
    }
}

/// The memory of this process, if the system reports it.
fn resident_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

fn report(what: &str, bytes: usize) {
    println!("| {what} | {:.1} KB |", bytes as f64 / 1e3);
}
