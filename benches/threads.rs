//! What a second thread adds: how many validations two threads make in the time in which one makes
//! one, and the same for the bare signature.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench threads` prints tables in Markdown; with
//! `-- --json FILE` it also writes their data.
//!
//! In each round, every case runs on one thread and then on two. Figures are medians of the rounds,
//! and ratios are medians of the ratios of the rounds. Two threads that share one core say nothing:
//! a run in which a thread waited for a core is repeated, and in the end left out, where the system
//! reports that (Linux does).

mod report;

use std::hint::black_box;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{self as backend, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resource_server::testing::{TestIssuer, TestServer};
use resource_server::{Algorithm, Issuer, StaticKeys, Validator, ValidatorBuilder};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use report::{print_table, rounded, write_json};

const AUDIENCE: &str = "https://api.example.com";
const MIB: u64 = 1024 * 1024;
const THREADS: usize = 2;
const ROUNDS: usize = 101;
/// How long a case runs on each number of threads in a round.
const SLICE: Duration = Duration::from_millis(4);
/// The longest wait for a core in a slice that is not repeated.
const LONGEST_WAIT: Duration = Duration::from_micros(100);
/// How often a slice is repeated at most, on a machine that is busy all the time.
const REPEATS: usize = 4;
/// Tokens of one thread: more than it judges in a slice, so that no token comes twice in it.
const TOKENS: usize = 2_000;
/// The bare signature, without anything that is shared.
const BASE: usize = 0;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime
        .block_on(TestServer::start(AUDIENCE))
        .expect("a server");
    let algorithms = [Algorithm::RS256, Algorithm::ES256];
    let issuer = server.issuer().clone().algorithms(algorithms);

    let by_algorithm = algorithms.map(|algorithm| {
        let first_sights = FirstSights::new(&runtime, &server, &issuer, algorithm);
        measure(&first_sights.cases())
    });
    let columns = [
        "two threads to one",
        "RS256",
        "to the bare signature",
        "ES256",
        "to the bare signature",
    ];
    let rows: Vec<_> = (0..by_algorithm[0].len())
        .map(|at| {
            let mut row = vec![by_algorithm[0][at].name.to_owned()];
            for figures in &by_algorithm {
                row.push(format!("{:.2}", figures[at].speed_up));
                row.push(format!("{:.3}", figures[at].to_base));
            }
            row
        })
        .collect();
    print_table("threads", &columns, &rows);

    let hits = hits(&runtime, &server, &issuer);
    let rows: Vec<_> = hits
        .iter()
        .map(|figure| {
            vec![
                figure.name.to_owned(),
                format!("{:.2}", figure.speed_up),
                format!("{:.2}", figure.to_base),
            ]
        })
        .collect();
    let columns = ["two threads to one", "RS256", "to the bare signature"];
    print_table("threads/hits", &columns, &rows);
    let all = || by_algorithm.iter().flatten().chain(&hits);
    let disturbed: usize = all().map(|figure| figure.disturbed).sum();
    println!(
        "{disturbed} of {} rounds of a case are left out, since a thread waited for a core.",
        ROUNDS * all().count()
    );

    let first_sights = algorithms
        .iter()
        .zip(&by_algorithm)
        .flat_map(|(algorithm, figures)| figures.iter().map(|figure| figure.data(*algorithm)));
    let hits = hits.iter().map(|figure| figure.data(Algorithm::RS256));
    write_json(&json!({
        "first_sights": first_sights.collect::<Vec<_>>(),
        "hits": hits.collect::<Vec<_>>(),
    }));
}

/// What one thread does for one token: its arguments are the thread and a count of its calls.
struct Case<'a> {
    name: &'static str,
    /// Calls between two looks at the clock.
    batch: usize,
    run: Box<dyn Fn(usize, usize) + Sync + 'a>,
}

struct Figure {
    name: &'static str,
    speed_up: f64,
    /// `speed_up` to that of the first case.
    to_base: f64,
    /// Rounds in which a thread waited for a core.
    disturbed: usize,
}

impl Figure {
    fn data(&self, algorithm: Algorithm) -> Value {
        json!({
            "algorithm": algorithm.as_str(),
            "case": self.name,
            "speed_up": rounded(self.speed_up, 3),
            "to_bare_signature": rounded(self.to_base, 3),
        })
    }
}

fn measure(cases: &[Case<'_>]) -> Vec<Figure> {
    let mut speed_ups = vec![Vec::with_capacity(ROUNDS); cases.len()];
    for round in 0..ROUNDS {
        for (case, speed_ups) in cases.iter().zip(&mut speed_ups) {
            // Each thread is the only one in every second round.
            let one = slice(case, &[round % THREADS], round);
            let two = slice(case, &[0, 1], round);
            speed_ups.push(SpeedUp {
                ratio: two.rate / one.rate,
                is_disturbed: one.is_disturbed() || two.is_disturbed(),
            });
        }
    }
    cases
        .iter()
        .zip(&speed_ups)
        .map(|(case, own)| Figure {
            name: case.name,
            speed_up: median(own),
            to_base: {
                let pairs = own.iter().zip(&speed_ups[BASE]);
                let to_base: Vec<_> = pairs
                    .map(|(own, base)| SpeedUp {
                        ratio: own.ratio / base.ratio,
                        is_disturbed: own.is_disturbed || base.is_disturbed,
                    })
                    .collect();
                median(&to_base)
            },
            disturbed: own.iter().filter(|one| one.is_disturbed).count(),
        })
        .collect()
}

/// What two threads do, to one, in one round.
#[derive(Clone, Copy)]
struct SpeedUp {
    ratio: f64,
    /// Whether a thread waited for a core.
    is_disturbed: bool,
}

/// What some threads did in a slice.
struct Slice {
    /// Calls a second of all.
    rate: f64,
    /// The longest time for which one of them waited for a core.
    waited: Duration,
}

impl Slice {
    fn is_disturbed(&self) -> bool {
        self.waited > LONGEST_WAIT
    }
}

/// These threads together, each on a core of its own if possible.
fn slice(case: &Case<'_>, threads: &[usize], round: usize) -> Slice {
    let mut last = run(case, threads, round);
    for _ in 0..REPEATS {
        if !last.is_disturbed() {
            break;
        }
        last = run(case, threads, round);
    }
    last
}

/// These threads together, which begin at the same time.
fn run(case: &Case<'_>, threads: &[usize], round: usize) -> Slice {
    let barrier = Barrier::new(threads.len());
    std::thread::scope(|scope| {
        let workers: Vec<_> = threads
            .iter()
            .map(|thread| {
                scope.spawn(|| {
                    let mut calls = round * TOKENS / 3;
                    let before = calls;
                    // A thread that begins late has waited too.
                    let waited_before = waited();
                    barrier.wait();
                    let began = Instant::now();
                    while began.elapsed() < SLICE {
                        for _ in 0..case.batch {
                            (case.run)(*thread, calls);
                            calls += 1;
                        }
                    }
                    let rate = (calls - before) as f64 / began.elapsed().as_secs_f64();
                    (rate, waited().saturating_sub(waited_before))
                })
            })
            .collect();
        let runs = workers
            .into_iter()
            .map(|worker| worker.join().expect("no panic"));
        let nothing = Slice {
            rate: 0.0,
            waited: Duration::ZERO,
        };
        runs.fold(nothing, |all, (rate, waited)| Slice {
            rate: all.rate + rate,
            waited: all.waited.max(waited),
        })
    })
}

/// How long this thread waited for a core since it began, where the system reports it.
fn waited() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = text.split(' ').nth(1).and_then(|field| field.parse().ok());
    Duration::from_nanos(waited.unwrap_or(0))
}

/// Of the rounds without a disturbance, or of all where each has one.
fn median(rounds: &[SpeedUp]) -> f64 {
    let quiet = rounds.iter().filter(|round| !round.is_disturbed);
    let mut ratios: Vec<_> = quiet.map(|round| round.ratio).collect();
    if ratios.is_empty() {
        ratios = rounds.iter().map(|round| round.ratio).collect();
    }
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// Tokens that are judged for the first time, by one algorithm.
struct FirstSights {
    tokens: [Vec<String>; THREADS],
    /// The signed text of each token, and its signature.
    signed: [Vec<(String, Vec<u8>)>; THREADS],
    keys: [ParsedPublicKey; THREADS],
    with_static_keys: [Validator; THREADS],
    with_fetched_keys: [Validator; THREADS],
}

impl FirstSights {
    fn new(
        runtime: &Runtime,
        server: &TestServer,
        issuer: &TestIssuer,
        algorithm: Algorithm,
    ) -> Self {
        let tokens: [Vec<_>; THREADS] = std::array::from_fn(|thread| {
            (0..TOKENS)
                .map(|number| token(issuer, algorithm, thread * TOKENS + number))
                .collect()
        });
        let signed = std::array::from_fn(|thread| {
            let split = |token: &String| {
                let (input, signature) = token.rsplit_once('.').expect("a token");
                let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
                (input.to_owned(), signature)
            };
            tokens[thread].iter().map(split).collect()
        });
        FirstSights {
            signed,
            keys: std::array::from_fn(|_| parsed_key(issuer, algorithm)),
            with_static_keys: std::array::from_fn(|_| built(static_keys(issuer))),
            with_fetched_keys: std::array::from_fn(|thread| {
                let validator = built(fetched_keys(server));
                let judged = runtime.block_on(validator.validate(&tokens[thread][0]));
                judged.expect("a good token");
                validator
            }),
            tokens,
        }
    }

    fn cases(&self) -> Vec<Case<'_>> {
        let verify = |name, is_shared: bool| Case {
            name,
            batch: 1,
            run: Box::new(move |thread, call| {
                let (input, signature) = &self.signed[thread][call % TOKENS];
                let key = &self.keys[if is_shared { 0 } else { thread }];
                let verified = key.verify_sig(black_box(input.as_bytes()), signature);
                assert!(black_box(verified).is_ok());
            }),
        };
        let validate = |name, validators: &'_ [Validator; THREADS], is_shared: bool| {
            // A clone is another handle of the same Validator.
            let validators: [_; THREADS] = std::array::from_fn(|thread| {
                validators[if is_shared { 0 } else { thread }].clone()
            });
            Case {
                name,
                batch: 1,
                run: Box::new(move |thread, call| {
                    judge(&validators[thread], &self.tokens[thread][call % TOKENS]);
                }),
            }
        };
        vec![
            verify("the bare signature, a key for each thread", false),
            verify("the bare signature, one key", true),
            validate("static keys, one Validator", &self.with_static_keys, true),
            validate(
                "static keys, a Validator for each thread",
                &self.with_static_keys,
                false,
            ),
            validate("fetched keys, one Validator", &self.with_fetched_keys, true),
            validate(
                "fetched keys, a Validator for each thread",
                &self.with_fetched_keys,
                false,
            ),
        ]
    }
}

/// One token that comes again and again, with the cache of verified tokens.
fn hits(runtime: &Runtime, server: &TestServer, issuer: &TestIssuer) -> Vec<Figure> {
    let hot = token(issuer, Algorithm::RS256, 0);
    let (input, signature) = hot.rsplit_once('.').expect("a token");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let keys: [_; THREADS] = std::array::from_fn(|_| parsed_key(issuer, Algorithm::RS256));
    let hit = |name, settings: ValidatorBuilder| {
        let validator = built(settings.token_cache(64 * MIB));
        let judged = runtime.block_on(validator.validate(&hot));
        judged.expect("a good token");
        let hot = &hot;
        Case {
            name,
            batch: 16,
            run: Box::new(move |_, _| judge(&validator, hot)),
        }
    };
    measure(&[
        Case {
            name: "the bare signature, a key for each thread",
            batch: 1,
            run: Box::new(|thread, _| {
                let verified = keys[thread].verify_sig(black_box(input.as_bytes()), &signature);
                assert!(black_box(verified).is_ok());
            }),
        },
        hit("hits of one token, static keys", static_keys(issuer)),
        hit("hits of one token, fetched keys", fetched_keys(server)),
        hit(
            "hits of one token, static keys and a resource",
            static_keys(issuer).resource(AUDIENCE),
        ),
    ])
}

/// A signed token of about 860 bytes with RS256.
fn token(issuer: &TestIssuer, algorithm: Algorithm, subject: usize) -> String {
    issuer
        .token()
        .algorithm(algorithm)
        .expires_in(Duration::from_secs(3_600))
        .subject(&format!("{subject:012}"))
        .client_id("orders-web-frontend")
        .scope("orders:read orders:write profile")
        .claim("nbf", 1_700_000_000)
        .claim("tenant", "b9d1f0aa-7c1e-4b6e-9d7e-2f6a1c3b5d7f")
        .mint()
}

fn static_keys(issuer: &TestIssuer) -> ValidatorBuilder {
    let keys = StaticKeys::from_jwks(&issuer.jwks()).expect("a JWK Set");
    let issuer = Issuer::new(issuer.name()).keys(keys);
    Validator::builder().audience(AUDIENCE).issuer(issuer)
}

fn fetched_keys(server: &TestServer) -> ValidatorBuilder {
    let issuer = Issuer::new(server.url()).jwks_at(server.jwks_url());
    Validator::builder().audience(AUDIENCE).issuer(issuer)
}

fn built(builder: ValidatorBuilder) -> Validator {
    builder.build().expect("sound settings")
}

/// Its keys are cached, so it doesn't wait.
fn judge(validator: &Validator, token: &str) {
    let judging = pin!(validator.validate(black_box(token)));
    let mut context = Context::from_waker(Waker::noop());
    let judged = judging.poll(&mut context);
    assert!(matches!(black_box(judged), Poll::Ready(Ok(_))));
}

fn parsed_key(issuer: &TestIssuer, algorithm: Algorithm) -> ParsedPublicKey {
    let set: Value = serde_json::from_str(&issuer.jwks()).expect("a JWK Set");
    let kty = if algorithm == Algorithm::RS256 {
        "RSA"
    } else {
        "EC"
    };
    let keys = set["keys"].as_array().expect("keys");
    let jwk = keys.iter().find(|key| key["kty"] == kty).expect("the key");
    let bytes = |name: &str| {
        let text = jwk[name].as_str().expect("a member");
        URL_SAFE_NO_PAD.decode(text).expect("base64url")
    };
    if algorithm == Algorithm::RS256 {
        PublicKeyComponents {
            n: bytes("n"),
            e: bytes("e"),
        }
        .to_parsed_public_key(&backend::RSA_PKCS1_2048_8192_SHA256)
    } else {
        let point = [vec![4], bytes("x"), bytes("y")].concat();
        ParsedPublicKey::new(&backend::ECDSA_P256_SHA256_FIXED, point)
    }
    .expect("a key")
}
