//! How the cost of a validation grows: with the number of issuers, with the number of keys, with
//! the size of the token, and with the number of tasks that validate at once.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench scale` prints tables in Markdown; with
//! `-- --json FILE` it also writes their data.
//!
//! All cases of a table run in turn, round by round in one process. Figures are medians of the
//! rounds, and a ratio to the smallest size is a median of the ratios of the rounds.

#[allow(dead_code)] // a part of it is used
mod cell;
mod report;
#[path = "rounds.rs"]
mod rounds;

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{self as backend, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resource_server::testing::{TestIssuer, TestServer, TestToken};
use resource_server::{Algorithm, Error, Issuer, Policy, Reason, StaticKeys, Tenants, Validator};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use cell::thousands;
use report::{print_table, rounded, write_json};
use rounds::{Case, Figure, measure, pollster};

const ISSUER: &str = "https://as.example.com";
const AUDIENCE: &str = "https://api.example.com";
/// Different tokens that a case judges in turn, so that they don't stay in the nearest cache.
const TOKENS: usize = 1_000;
const PAST: u64 = 1_700_000_000;
/// From one token to the next: in no order that the processor could foresee.
const STRIDE: usize = 389;
/// A case that others of its table are compared with.
const SIGNATURE: &str = "bare signature";
/// The case by the size of tokens that is compared with it.
const ACCEPTED: &str = "accepted";
/// Threads of the runtime that validates.
const WORKERS: usize = 2;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .expect("a runtime");
    let server = runtime
        .block_on(TestServer::start(AUDIENCE))
        .expect("a server");
    let issuer = server.issuer().clone().algorithms([Algorithm::RS256]);
    let server = Server {
        runtime: &runtime,
        server: &server,
        issuer,
    };

    let issuers = by_issuers(&server);
    print_sizes("scale/issuers", "issuers", &issuers);
    let templates = by_templates();
    print_sizes("scale/templates", "templates", &templates);
    let keys = by_keys(&server);
    print_sizes("scale/keys", "keys", &keys);
    let unnamed_keys = by_unnamed_keys();
    print_sizes("scale/keys-without-kid", "keys", &unnamed_keys);
    let rs256 = by_bytes(Algorithm::RS256, [704, 2_048, 8_192, 16_384]);
    print_bytes("scale/bytes-rs256", &rs256);
    let es256 = by_bytes(Algorithm::ES256, [512, 2_048, 8_192, 16_384]);
    print_bytes("scale/bytes-es256", &es256);
    let tasks = by_tasks(&server);
    print_tasks(&tasks);

    write_json(&json!({
        "issuers": data(&issuers),
        "templates": data(&templates),
        "keys": data(&keys),
        "keys_without_kid": data(&unnamed_keys),
        "bytes_rs256": data(&rs256),
        "bytes_es256": data(&es256),
        "tasks": tasks.iter().map(Tasks::data).collect::<Vec<_>>(),
    }));
}

/// A server with keys, and what runs it.
struct Server<'a> {
    runtime: &'a Runtime,
    server: &'a TestServer,
    /// Has the keys that it serves.
    issuer: TestIssuer,
}

/// A case at one size.
struct Sized<'a> {
    size: usize,
    case: Case<'a>,
}

/// What was measured of it.
struct Point {
    name: &'static str,
    size: usize,
    figure: Figure,
}

/// Measures cases of one table together. A ratio is to the first case of the same name.
fn points(sized: Vec<Sized<'_>>) -> Vec<Point> {
    let (sizes, cases): (Vec<_>, Vec<_>) =
        sized.into_iter().map(|one| (one.size, one.case)).unzip();
    let first = |at: usize| {
        let same = cases.iter().position(|case| case.name == cases[at].name);
        same.expect("at least itself")
    };
    let figures = measure(&cases, first);
    let points = sizes.into_iter().zip(figures);
    points
        .map(|(size, figure)| Point {
            name: figure.name,
            size,
            figure,
        })
        .collect()
}

fn data(points: &[Point]) -> Vec<Value> {
    let one = |point: &Point| {
        json!({
            "case": point.name,
            "size": point.size,
            "median_ns": point.figure.median_ns.round(),
            "ratio": rounded(point.figure.ratio, 3),
            "allocations": point.figure.allocations,
        })
    };
    points.iter().map(one).collect()
}

/// Rows are cases. The first size is a time, and further sizes are ratios to it.
fn print_sizes(table: &str, of: &str, points: &[Point]) {
    print_sizes_and(table, of, points, &[]);
}

/// With further rows.
fn print_sizes_and(table: &str, of: &str, points: &[Point], further: &[Vec<String>]) {
    let mut sizes: Vec<_> = points.iter().map(|point| point.size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let heads: Vec<_> = sizes.iter().map(|size| thousands(*size as u64)).collect();
    let mut columns = vec![of];
    columns.extend(heads.iter().map(String::as_str));
    columns.push("allocations");
    let mut rows: Vec<_> = names(points)
        .iter()
        .map(|name| {
            let own: Vec<_> = points.iter().filter(|point| point.name == *name).collect();
            let mut row = vec![(*name).to_owned()];
            for size in &sizes {
                row.push(match own.iter().find(|point| point.size == *size) {
                    None => String::new(),
                    Some(point) if point.size == own[0].size => micros(point.figure.median_ns),
                    Some(point) => format!("{:.2}", point.figure.ratio),
                });
            }
            let mut allocations: Vec<_> =
                own.iter().map(|point| point.figure.allocations).collect();
            allocations.dedup();
            let allocations: Vec<_> = allocations.iter().map(ToString::to_string).collect();
            row.push(allocations.join(", "));
            row
        })
        .collect();
    rows.extend_from_slice(further);
    print_table(table, &columns, &rows);
}

/// Each name once, in order.
fn names(points: &[Point]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for point in points {
        if !names.contains(&point.name) {
            names.push(point.name);
        }
    }
    names
}

fn micros(ns: f64) -> String {
    let digits = if ns < 10_000.0 { 2 } else { 1 };
    format!("{:.digits$} us", ns / 1000.0)
}

/// Judges tokens in turn.
fn judging<'a>(name: &'static str, validator: Validator, tokens: Arc<[String]>) -> Case<'a> {
    judged(name, validator, tokens, None)
}

/// Refuses tokens in turn, for this reason.
fn refusing<'a>(
    name: &'static str,
    reason: Reason,
    validator: Validator,
    tokens: Arc<[String]>,
) -> Case<'a> {
    judged(name, validator, tokens, Some(reason))
}

fn judged<'a>(
    name: &'static str,
    validator: Validator,
    tokens: Arc<[String]>,
    refused_for: Option<Reason>,
) -> Case<'a> {
    for token in &*tokens {
        let judged = pollster(validator.validate(token));
        let reason = match &judged {
            Err(Error::Rejected(rejection)) => Some(rejection.reason()),
            _ => None,
        };
        assert_eq!(reason, refused_for, "{name}: {judged:?}");
        assert_eq!(judged.is_err(), refused_for.is_some(), "{name}");
    }
    let next = Cell::new(0);
    Case {
        name,
        run: Box::new(move || {
            next.set((next.get() + STRIDE) % tokens.len());
            let judged = pollster(validator.validate(black_box(&tokens[next.get()])));
            assert_eq!(black_box(judged).is_err(), refused_for.is_some());
        }),
    }
}

/// Good for an hour, with the claims of a usual access token.
fn usual(issuer: &TestIssuer) -> TestToken {
    issuer
        .token()
        .algorithm(Algorithm::RS256)
        .expires_in(Duration::from_secs(3_600))
        .subject("248289761001-a1b2c3d4")
        .client_id("orders-web-frontend")
        .scope("orders:read orders:write profile")
}

/// For a refusal before its signature is verified.
fn forged(issuer: &TestIssuer) -> TestToken {
    usual(issuer).signature(&[1; 256])
}

fn expired(issuer: &TestIssuer) -> TestToken {
    forged(issuer).claim("exp", PAST)
}

fn tokens(mint: impl Fn(usize) -> TestToken) -> Arc<[String]> {
    (0..TOKENS).map(|number| mint(number).mint()).collect()
}

fn static_keys(jwks: &str) -> StaticKeys {
    StaticKeys::from_jwks(jwks).expect("a JWK Set")
}

fn validator(issuers: impl IntoIterator<Item = Issuer>) -> Validator {
    let builder = Validator::builder().audience(AUDIENCE);
    let builder = issuers
        .into_iter()
        .fold(builder, |builder, issuer| builder.issuer(issuer));
    builder.build().expect("sound settings")
}

/// Tokens of all issuers of a Validator in turn, since one issuer's data would stay in the nearest
/// cache. Each has a key set of its own.
fn by_issuers(server: &Server<'_>) -> Vec<Point> {
    const COUNTS: [usize; 3] = [1, 100, 10_000];
    let issuer = &server.issuer;
    let jwks = issuer.jwks();
    let name = |number: usize| format!("https://as-{number}.example.com");
    let mut sized = Vec::new();
    for size in COUNTS {
        let of = |number: usize| name(number * size / TOKENS);
        let good = tokens(|number| usual(issuer).issuer(&of(number)));
        let expired = tokens(|number| expired(issuer).issuer(&of(number)));
        let unknown = tokens(|number| forged(issuer).issuer(&name(size + number)));
        let with_static_keys =
            validator((0..size).map(|number| Issuer::new(name(number)).keys(static_keys(&jwks))));
        let with_fetched_keys = validator(
            (0..size).map(|number| Issuer::new(name(number)).jwks_at(server.server.jwks_url())),
        );
        for token in &*good {
            let judged = server.runtime.block_on(with_fetched_keys.validate(token));
            judged.expect("a good token");
        }
        let of_the_last = tokens(|_| usual(issuer).issuer(&name(size - 1)));
        let cases = [
            signatures(&jwks, Algorithm::RS256, size.min(TOKENS), &good),
            judging(
                "accepted, static keys",
                with_static_keys.clone(),
                good.clone(),
            ),
            judging("accepted, fetched keys", with_fetched_keys, good),
            judging(
                "accepted, tokens of one issuer",
                with_static_keys.clone(),
                of_the_last,
            ),
            refusing(
                "expired",
                Reason::Expired,
                with_static_keys.clone(),
                expired,
            ),
            refusing(
                "unknown issuer",
                Reason::IssuerMismatch,
                with_static_keys,
                unknown,
            ),
        ];
        sized.extend(cases.map(|case| Sized { size, case }));
    }
    points(sized)
}

/// The bare signature by as many copies of a key, for each token that of its own issuer.
fn signatures<'a>(jwks: &str, algorithm: Algorithm, keys: usize, tokens: &[String]) -> Case<'a> {
    let keys: Vec<_> = (0..keys).map(|_| parsed_key(jwks, algorithm)).collect();
    let signed: Vec<_> = tokens.iter().map(|token| signed_parts(token)).collect();
    let next = Cell::new(0);
    Case {
        name: SIGNATURE,
        run: Box::new(move || {
            next.set((next.get() + STRIDE) % signed.len());
            let (input, signature) = &signed[next.get()];
            let key = &keys[next.get() * keys.len() / signed.len()];
            let verified = key.verify_sig(black_box(input.as_bytes()), signature);
            assert!(black_box(verified).is_ok());
        }),
    }
}

/// Refusals by a Validator whose issuers are templates, which are all of one form.
fn by_templates() -> Vec<Point> {
    const COUNTS: [usize; 4] = [1, 10, 100, 1_000];
    let issuer = TestIssuer::new(ISSUER, AUDIENCE).algorithms([Algorithm::RS256]);
    let jwks = issuer.jwks();
    let host = |number: usize| format!("https://as-{number}.example.com");
    let mut sized = Vec::new();
    for size in COUNTS {
        let tenant = |number: usize| format!("{}/t{number}", host(number * size / TOKENS));
        let expired = tokens(|number| expired(&issuer).issuer(&tenant(number)));
        let unknown = tokens(|number| {
            let host = host(size + number);
            forged(&issuer).issuer(&format!("{host}/t{number}"))
        });
        let validator = validator((0..size).map(|number| {
            let template = format!("{}/{{tenant}}", host(number));
            Issuer::template(template, Tenants::any()).keys(static_keys(&jwks))
        }));
        let cases = [
            refusing("expired", Reason::Expired, validator.clone(), expired),
            refusing("unknown issuer", Reason::IssuerMismatch, validator, unknown),
        ];
        sized.extend(cases.map(|case| Sized { size, case }));
    }
    points(sized)
}

/// A JWK Set of RSA keys in which the issuer's key is at this place. The other keys have no owner:
/// their moduli are random numbers of 2048 bits, which cost the same to verify with.
fn key_set(issuer: &TestIssuer, size: usize, place: usize) -> String {
    let set: Value = serde_json::from_str(&issuer.jwks()).expect("a JWK Set");
    let keys = set["keys"].as_array().expect("keys");
    let own = keys.iter().find(|key| key["kty"] == "RSA").expect("a key");
    let other = |number: usize| {
        let mut modulus = [0; 256];
        aws_lc_rs::rand::fill(&mut modulus).expect("random bytes");
        // Larger than a signature by the issuer's key, so that this is not refused for its size.
        modulus[0] = 0xff;
        modulus[255] |= 1;
        let n = URL_SAFE_NO_PAD.encode(modulus);
        json!({"kty": "RSA", "alg": "RS256", "kid": format!("key-{number}"), "n": n, "e": "AQAB"})
    };
    let keys: Vec<_> = (0..size)
        .map(|number| {
            if number == place {
                own.clone()
            } else {
                other(number)
            }
        })
        .collect();
    json!({ "keys": keys }).to_string()
}

/// Tokens of the last key of a set, which they name by `kid`.
fn by_keys(server: &Server<'_>) -> Vec<Point> {
    const COUNTS: [usize; 3] = [1, 10, 1_000];
    let issuer = &server.issuer;
    let good = tokens(|_| usual(issuer));
    let expired = tokens(|_| expired(issuer));
    let unknown = tokens(|number| forged(issuer).header("kid", format!("unknown-{number}")));
    let mut sized = Vec::new();
    for size in COUNTS {
        let jwks = key_set(issuer, size, size - 1);
        let issuer = || Issuer::new(issuer.name());
        let with_static_keys = validator([issuer().keys(static_keys(&jwks))]);
        server.server.serve_jwks(jwks);
        let with_fetched_keys = validator([issuer().jwks_at(server.server.jwks_url())]);
        let warmed_up = server.runtime.block_on(with_fetched_keys.warm_up());
        warmed_up.expect("keys");
        let cases = [
            judging(
                "accepted, static keys",
                with_static_keys.clone(),
                good.clone(),
            ),
            judging("accepted, fetched keys", with_fetched_keys, good.clone()),
            refusing(
                "expired",
                Reason::Expired,
                with_static_keys.clone(),
                expired.clone(),
            ),
            refusing(
                "unknown key",
                Reason::UnknownKey,
                with_static_keys,
                unknown.clone(),
            ),
        ];
        sized.extend(cases.map(|case| Sized { size, case }));
    }
    server.server.serve_issuer_keys();
    points(sized)
}

/// Tokens without `kid`, by the place of their key in the set.
fn by_unnamed_keys() -> Vec<Point> {
    let issuer = TestIssuer::new(ISSUER, AUDIENCE).algorithms([Algorithm::RS256]);
    let good = tokens(|_| usual(&issuer).without_header("kid"));
    let with_set = |size, place| {
        let keys = static_keys(&key_set(&issuer, size, place));
        validator([Issuer::new(ISSUER).keys(keys)])
    };
    let mut sized = Vec::new();
    let names = [
        (0, "accepted, by the first key"),
        (3, "accepted, by the fourth key"),
    ];
    for (place, name) in names {
        for size in [1, 10] {
            let validator = with_set(size, place.min(size - 1));
            let case = judging(name, validator, good.clone());
            sized.push(Sized { size, case });
        }
    }
    let refused = [(1, 1), (10, 9)].map(|(size, place)| Sized {
        size,
        case: refusing(
            "refused, by a key that is not tried",
            Reason::BadSignature,
            with_set(size, place),
            good.clone(),
        ),
    });
    sized.extend(refused);
    points(sized)
}

/// Tokens of growing size. They grow by a list of groups, each named by a UUID, as Microsoft Entra
/// ID writes it. The first size is that of a token with hardly any group.
fn by_bytes(algorithm: Algorithm, sizes: [usize; 4]) -> Vec<Point> {
    let issuer = TestIssuer::new(ISSUER, AUDIENCE).algorithms([algorithm]);
    let issuers = || Issuer::new(ISSUER).keys(static_keys(&issuer.jwks()));
    let plain = validator([issuers()]);
    let settings = Policy::builder().role_claims(["groups"]);
    let with_roles = validator([issuers().policy(settings)]);
    let mut sized = Vec::new();
    for size in sizes {
        let good = with_groups(&issuer, algorithm, size);
        let one = |token: TestToken| -> Arc<[String]> { [token.mint()].into() };
        let expired = one(good.clone().claim("exp", PAST));
        let good = one(good);
        let cases = [
            signatures(&issuer.jwks(), algorithm, 1, &good),
            judging(ACCEPTED, plain.clone(), good.clone()),
            judging("accepted, groups are roles", with_roles.clone(), good),
            refusing("expired", Reason::Expired, plain.clone(), expired),
        ];
        sized.extend(cases.map(|case| Sized { size, case }));
    }
    points(sized)
}

/// With as many groups as fit.
fn with_groups(issuer: &TestIssuer, algorithm: Algorithm, size: usize) -> TestToken {
    let token = issuer
        .token()
        .algorithm(algorithm)
        .expires_in(Duration::from_secs(3_600));
    let with = |count: usize| {
        let groups = (0..count).map(|number| format!("0f8fad5b-d9cb-469f-a165-{number:012}"));
        token.clone().claim("groups", groups.collect::<Vec<_>>())
    };
    let count = (0..size).take_while(|count| with(*count).mint().len() <= size);
    with(count.last().expect("a token without groups fits"))
}

/// The text that is signed, and the signature.
fn signed_parts(token: &str) -> (String, Vec<u8>) {
    let (input, signature) = token.rsplit_once('.').expect("a token");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    (input.to_owned(), signature)
}

fn parsed_key(jwks: &str, algorithm: Algorithm) -> ParsedPublicKey {
    let is_rsa = algorithm == Algorithm::RS256;
    let kty = if is_rsa { "RSA" } else { "EC" };
    let set: Value = serde_json::from_str(jwks).expect("a JWK Set");
    let keys = set["keys"].as_array().expect("keys");
    let jwk = keys.iter().find(|key| key["kty"] == kty).expect("a key");
    let bytes = |name: &str| {
        let text = jwk[name].as_str().expect("a member");
        URL_SAFE_NO_PAD.decode(text).expect("base64url")
    };
    if is_rsa {
        let (n, e) = (bytes("n"), bytes("e"));
        PublicKeyComponents { n, e }.to_parsed_public_key(&backend::RSA_PKCS1_2048_8192_SHA256)
    } else {
        let point = [vec![4], bytes("x"), bytes("y")].concat();
        ParsedPublicKey::new(&backend::ECDSA_P256_SHA256_FIXED, point)
    }
    .expect("a key")
}

/// A row more than `print_sizes` prints: what is accepted, to the signature of the same size.
fn print_bytes(table: &str, points: &[Point]) {
    let median = |name: &str, size: usize| {
        let same = points
            .iter()
            .find(|point| (point.name, point.size) == (name, size));
        same.expect("a case").figure.median_ns
    };
    let of = |name| points.iter().filter(move |point| point.name == name);
    let ratios = of(ACCEPTED).map(|point| {
        let ratio = point.figure.median_ns / median(SIGNATURE, point.size);
        format!("{ratio:.2}")
    });
    let mut row = vec!["accepted, to the bare signature".to_owned()];
    row.extend(ratios);
    row.push(String::new());
    print_sizes_and(table, "bytes", points, &[row]);
}

/// What the tasks of a batch do.
enum Work {
    Signature(ParsedPublicKey, Vec<(String, Vec<u8>)>),
    Validate(Validator, Arc<[String]>),
}

impl Work {
    async fn once(&self, number: usize) {
        match self {
            Work::Signature(key, signed) => {
                let (input, signature) = &signed[number % signed.len()];
                let verified = key.verify_sig(black_box(input.as_bytes()), signature);
                assert!(black_box(verified).is_ok());
            }
            Work::Validate(validator, tokens) => {
                let token = &tokens[number % tokens.len()];
                let judged = validator.validate(black_box(token)).await;
                assert!(black_box(judged).is_ok());
            }
        }
    }
}

/// Many tasks at once, each of which does the same several times, and gives way in between.
struct Batch {
    tasks: usize,
    /// How often each task does it.
    times: usize,
    work: Work,
    /// The nanoseconds that each time took.
    latencies: Vec<AtomicU32>,
}

/// What was measured of a batch.
#[derive(Clone, Copy)]
struct Run {
    /// For one time, on all workers.
    ns: f64,
    /// Of 100 times, 99 took no longer.
    p99_ns: f64,
}

impl Batch {
    /// The least number of times of all tasks together, so that a batch has 99 of 100.
    const LEAST: usize = 400;

    fn new(tasks: usize, work: Work) -> Arc<Self> {
        let times = Self::LEAST.div_ceil(tasks);
        Arc::new(Batch {
            tasks,
            times,
            work,
            latencies: (0..tasks * times).map(|_| AtomicU32::new(0)).collect(),
        })
    }

    fn run(self: &Arc<Self>, runtime: &Runtime) -> Run {
        let batch = Arc::clone(self);
        // Tasks begin on a worker, as those of a server do.
        let all = runtime.spawn(async move {
            let began = Instant::now();
            let tasks: Vec<_> = (0..batch.tasks)
                .map(|task| tokio::spawn(Arc::clone(&batch).task(task)))
                .collect();
            for task in tasks {
                task.await.expect("no panic");
            }
            began.elapsed()
        });
        let elapsed = runtime.block_on(all).expect("no panic");
        let latency = |latency: &AtomicU32| latency.load(Ordering::Relaxed);
        let mut latencies: Vec<_> = self.latencies.iter().map(latency).collect();
        latencies.sort_unstable();
        Run {
            ns: elapsed.as_secs_f64() * 1e9 / latencies.len() as f64,
            p99_ns: f64::from(latencies[latencies.len() * 99 / 100]),
        }
    }

    async fn task(self: Arc<Self>, task: usize) {
        for time in 0..self.times {
            let number = task * self.times + time;
            let began = Instant::now();
            self.work.once(number).await;
            let latency = u32::try_from(began.elapsed().as_nanos()).unwrap_or(u32::MAX);
            self.latencies[number].store(latency, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    }
}

/// So many tasks at once.
struct Tasks {
    tasks: usize,
    per_second: f64,
    /// The throughput of one task, to this one's.
    to_one: f64,
    /// The throughput of as many tasks that verify the bare signature, to this one's.
    to_signature: f64,
    p99_ns: f64,
    p99_to_one: f64,
    p99_to_signature: f64,
    /// Until all tasks have judged their first token, when no keys are cached before.
    first_tokens: Duration,
    fetches: f64,
}

impl Tasks {
    fn data(&self) -> Value {
        json!({
            "tasks": self.tasks,
            "validations_per_second": self.per_second.round(),
            "to_one_task": rounded(self.to_one, 3),
            "to_bare_signature": rounded(self.to_signature, 3),
            "p99_ns": self.p99_ns.round(),
            "p99_to_one_task": rounded(self.p99_to_one, 3),
            "p99_to_bare_signature": rounded(self.p99_to_signature, 3),
            "first_tokens_us": self.first_tokens.as_micros(),
            "fetches": self.fetches,
        })
    }
}

/// Tasks that validate tokens by fetched keys at once.
fn by_tasks(server: &Server<'_>) -> Vec<Tasks> {
    const COUNTS: [usize; 5] = [1, 10, 100, 1_000, 10_000];
    let issuer = &server.issuer;
    let good = tokens(|_| usual(issuer));
    let fetching = || validator([Issuer::new(issuer.name()).jwks_at(server.server.jwks_url())]);
    let with_keys = fetching();
    server.runtime.block_on(with_keys.warm_up()).expect("keys");
    let batches: Vec<_> = COUNTS
        .iter()
        .flat_map(|tasks| {
            let key = parsed_key(&issuer.jwks(), Algorithm::RS256);
            let signed = good.iter().map(|token| signed_parts(token)).collect();
            let signature = Work::Signature(key, signed);
            let validate = Work::Validate(with_keys.clone(), Arc::clone(&good));
            [signature, validate].map(|work| Batch::new(*tasks, work))
        })
        .collect();
    let runs: Vec<_> = batches.iter().map(|_| RefCell::new(Vec::new())).collect();
    let cases = batches.iter().zip(&runs).map(|(batch, runs)| Case {
        name: "a batch",
        run: Box::new(|| runs.borrow_mut().push(batch.run(server.runtime))),
    });
    // Allocations are not counted while it runs: a counter that two threads share costs time.
    measure(&cases.collect::<Vec<_>>(), |_| 0);
    let runs: Vec<_> = runs.into_iter().map(RefCell::into_inner).collect();
    let ratio = |one: &[Run], other: &[Run], of: fn(&Run) -> f64| {
        median(
            one.iter()
                .zip(other)
                .map(|(one, other)| of(one) / of(other)),
        )
    };
    COUNTS
        .iter()
        .zip(runs.chunks(2))
        .map(|(tasks, own)| {
            let [signature, validate] = own else {
                unreachable!("two batches for each count")
            };
            let one = &runs[1];
            let (first_tokens, fetches) = first_tokens(server, *tasks, &good, fetching);
            Tasks {
                tasks: *tasks,
                per_second: 1e9 / median(validate.iter().map(|run| run.ns)),
                to_one: ratio(one, validate, |run| run.ns),
                to_signature: ratio(signature, validate, |run| run.ns),
                p99_ns: median(validate.iter().map(|run| run.p99_ns)),
                p99_to_one: ratio(validate, one, |run| run.p99_ns),
                p99_to_signature: ratio(validate, signature, |run| run.p99_ns),
                first_tokens,
                fetches,
            }
        })
        .collect()
}

/// The time of tasks that judge one token each by a Validator without keys, and the fetches of keys
/// that they cause.
fn first_tokens(
    server: &Server<'_>,
    tasks: usize,
    tokens: &Arc<[String]>,
    fetching: impl Fn() -> Validator,
) -> (Duration, f64) {
    const ROUNDS: usize = 11;
    let fetched = || server.server.fetches().jwks;
    let before = fetched();
    let times = (0..ROUNDS).map(|_| {
        let work = Work::Validate(fetching(), Arc::clone(tokens));
        let batch = Batch {
            tasks,
            times: 1,
            work,
            latencies: (0..tasks).map(|_| AtomicU32::new(0)).collect(),
        };
        Arc::new(batch).run(server.runtime).ns * tasks as f64
    });
    let time = Duration::from_nanos(median(times) as u64);
    (time, (fetched() - before) as f64 / ROUNDS as f64)
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print_tasks(all: &[Tasks]) {
    let columns = [
        "tasks",
        "validations a second",
        "to one task",
        "to the bare signature",
        "p99",
        "p99 to one task",
        "p99 to the bare signature",
        "first tokens, no keys yet",
        "fetches",
    ];
    let rows: Vec<_> = all
        .iter()
        .map(|one| {
            vec![
                thousands(one.tasks as u64),
                thousands(one.per_second as u64),
                format!("{:.2}", one.to_one),
                format!("{:.2}", one.to_signature),
                micros(one.p99_ns),
                format!("{:.2}", one.p99_to_one),
                format!("{:.2}", one.p99_to_signature),
                format!("{:.1} ms", one.first_tokens.as_secs_f64() * 1e3),
                one.fetches.to_string(),
            ]
        })
        .collect();
    print_table("scale/tasks", &columns, &rows);
}
