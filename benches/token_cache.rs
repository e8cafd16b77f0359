//! What the cache of verified tokens costs and saves, compared with the digest that finds a token.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench token_cache` prints the tables. With
//! `-- hits`, `-- stores` or `-- memory` it prints one of them. All cases of a table run in turn,
//! round by round in one process, so the differences and ratios hold on a busy machine too. What a
//! second thread adds is measured by `threads`.

#[allow(dead_code)] // a part of it is used
mod cell;
#[allow(dead_code)] // a part of it is used
mod rounds;
#[allow(dead_code)] // the tests and the status use more of it
#[path = "../src/validator/token_cache/store.rs"]
mod store;

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use resource_server::testing::{TestIssuer, TestServer};
use resource_server::{Algorithm, Issuer, StaticKeys, Validator, ValidatorBuilder};

use cell::{thousands, time};
use rounds::{Case, Figure, allocated_bytes, measure, pollster};

const ISSUER: &str = "https://as.example.com";
const AUDIENCE: &str = "https://api.example.com";
const MIB: u64 = 1024 * 1024;
/// Tokens that a cache of 1 MiB has forgotten when they come again.
const FIRST_SIGHTS: usize = 3_000;
/// Tokens whose memory is measured.
const MANY: usize = 100_000;
const MANY_BYTES: usize = 800;

fn main() {
    let wanted = std::env::args().nth(1).filter(|name| name != "--bench");
    let parts: [(&str, fn()); 3] = [
        ("hits", hits_and_first_sights),
        ("stores", stores),
        ("memory", memory),
    ];
    for (name, part) in parts {
        if wanted.as_deref().is_none_or(|wanted| wanted == name) {
            part();
        }
    }
}

/// The digest that the crate makes with AWS-LC.
struct Gmac(LessSafeKey);

impl Gmac {
    fn new() -> Self {
        let key = UnboundKey::new(&AES_256_GCM, &[7; 32]).expect("a key of 32 bytes");
        Gmac(LessSafeKey::new(key))
    }

    fn of(&self, text: &str) -> u128 {
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(text), &mut [])
            .expect("a tag");
        u128::from_ne_bytes(tag.as_ref().try_into().expect("16 bytes"))
    }
}

/// One signed token of about 860 bytes for each subject.
fn token(issuer: &TestIssuer, algorithm: Algorithm, subject: usize, bytes: usize) -> String {
    let mint = |padding: usize| {
        issuer
            .token()
            .algorithm(algorithm)
            .subject(&format!("{subject:012}"))
            .scope("orders:read orders:write profile")
            .claim("nbf", 1_700_000_000)
            .claim("tenant", "0f8fad5b-d9cb-469f-a165-70867728950e")
            .claim("note", "n".repeat(padding))
            .mint()
    };
    let least = mint(0).len();
    mint(bytes.saturating_sub(least) * 3 / 4)
}

fn static_keys(issuer: &TestIssuer) -> ValidatorBuilder {
    let keys = StaticKeys::from_jwks(&issuer.jwks()).expect("a JWK Set");
    let issuer = Issuer::new(ISSUER).keys(keys);
    Validator::builder().audience(AUDIENCE).issuer(issuer)
}

fn built(builder: ValidatorBuilder) -> Validator {
    builder.build().expect("sound settings")
}

fn validate<'a>(name: &'static str, validator: &'a Validator, token: &'a str) -> Case<'a> {
    let run = move || {
        let judged = pollster(validator.validate(black_box(token)));
        assert!(black_box(judged).is_ok());
    };
    Case {
        name,
        run: Box::new(run),
    }
}

fn hits_and_first_sights() {
    let issuer = TestIssuer::new(ISSUER, AUDIENCE).algorithms([Algorithm::RS256]);
    let hot = token(&issuer, Algorithm::RS256, 0, 860);
    let without = built(static_keys(&issuer));
    let cached = built(static_keys(&issuer).token_cache(64 * MIB));
    let small = built(static_keys(&issuer).token_cache(MIB));
    let full = built(
        static_keys(&issuer)
            .resource("https://api.example.com")
            .on_decision(|decision| {
                black_box(&decision);
            })
            .token_cache(64 * MIB),
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let server = runtime
        .block_on(TestServer::start(AUDIENCE))
        .expect("a port");
    let fetching = built(
        Validator::builder()
            .audience(AUDIENCE)
            .issuer(Issuer::discover(server.url()))
            .token_cache(64 * MIB),
    );
    let fetched = token(server.issuer(), Algorithm::RS256, 0, 860);
    runtime.block_on(fetching.validate(&fetched)).expect("good");

    let gmac = Gmac::new();
    let in_place: &'static Gmac = Box::leak(Box::new(Gmac::new()));
    let tokens = (0..FIRST_SIGHTS).map(|subject| token(&issuer, Algorithm::RS256, subject, 860));
    let tokens: &'static [String] = tokens.collect::<Vec<_>>().leak();
    let next = Cell::new(0);
    let first_sight = |name, validator: &'static Validator, digest: Option<&'static Gmac>| {
        let next = next.clone();
        let run = move || {
            next.set((next.get() + 1) % FIRST_SIGHTS);
            if let Some(digest) = digest {
                black_box(digest.of(black_box(&tokens[next.get()])));
            }
            let judged = pollster(validator.validate(black_box(&tokens[next.get()])));
            assert!(black_box(judged).is_ok());
        };
        Case {
            name,
            run: Box::new(run),
        }
    };
    let without: &'static Validator = Box::leak(Box::new(without));
    let small: &'static Validator = Box::leak(Box::new(small));
    let cases = [
        Case {
            name: "AES-256-GMAC of the token",
            run: Box::new(|| {
                black_box(gmac.of(black_box(&hot)));
            }),
        },
        Case {
            name: "SHA-256 of the token",
            run: Box::new(|| {
                black_box(digest(&SHA256, black_box(hot.as_bytes())));
            }),
        },
        validate("hit, static keys", &cached, &hot),
        validate("hit, fetched keys", &fetching, &fetched),
        validate(
            "hit, with a resource and a function of `on_decision`",
            &full,
            &hot,
        ),
        validate("the same token without a cache", without, &hot),
        first_sight("first sight without a cache", without, None),
        first_sight("the same, and GMAC before it", without, Some(in_place)),
        first_sight("first sight with a full cache", small, None),
    ];
    let figures = measure(&cases, |_| 0);
    let of = |name: &str| of_name(&figures, name);
    let digest = of("AES-256-GMAC of the token");
    println!("<!-- token_cache -->");
    println!("| case | time | more than the digest | allocations |");
    println!("| --- | --: | --: | --: |");
    println!(
        "| the digest, AES-256-GMAC (SHA-256 of the same token) | {} ({}) | | {} |",
        time(digest.median_ns),
        time(of("SHA-256 of the token").median_ns),
        digest.allocations
    );
    for figure in figures
        .iter()
        .filter(|figure| figure.name.starts_with("hit"))
    {
        println!(
            "| {} | {} | {:.0} ns | {} |",
            figure.name,
            time(figure.median_ns),
            figure.median_ns - digest.median_ns,
            figure.allocations
        );
    }
    let uncached = of("the same token without a cache");
    println!(
        "| {} | {} | | {} |",
        uncached.name,
        time(uncached.median_ns),
        uncached.allocations
    );
    let without = of("first sight without a cache").median_ns;
    let digest = of("the same, and GMAC before it").median_ns - without;
    let with = of("first sight with a full cache");
    let more = with.median_ns - without;
    println!(
        "| {} | {} more than without a cache, of which the digest is {} | {:.0} ns | {} |\n",
        with.name,
        time(more),
        time(digest),
        more - digest,
        with.allocations
    );
}

fn of_name<'f>(figures: &'f [Figure], name: &str) -> &'f Figure {
    let found = figures.iter().find(|figure| figure.name == name);
    found.expect("a case")
}

/// A `get` by a key that is there, and an insertion into a full store, of each store by itself.
fn stores() {
    const ENTRIES: usize = 10_000;
    let keys: Vec<u128> = {
        let gmac = Gmac::new();
        (0..2 * ENTRIES)
            .map(|number| gmac.of(&number.to_string()))
            .collect()
    };
    let value = Arc::new(7_u64);
    let own = || store::Store::<Arc<u64>>::new(10 * MIB);
    let quick = || quick_cache::sync::Cache::<u128, Arc<u64>>::new(ENTRIES);
    let moka = || moka::sync::Cache::<u128, Arc<u64>>::new(ENTRIES as u64);
    let ([own, full_own], [quick, full_quick], [moka, full_moka]) =
        ([own(), own()], [quick(), quick()], [moka(), moka()]);
    for key in &keys[..1_000] {
        own.insert(*key, Arc::clone(&value), 800, i64::MAX, 0);
        quick.insert(*key, Arc::clone(&value));
        moka.insert(*key, Arc::clone(&value));
    }
    moka.run_pending_tasks();
    let next = Cell::new(0);
    let hot = |step: usize| {
        next.set((next.get() + step) % 1_000);
        keys[next.get()]
    };
    let new = Cell::new(0);
    let other = || {
        new.set((new.get() + 1) % keys.len());
        keys[new.get()]
    };
    let cases = [
        Case {
            name: "own store: get",
            run: Box::new(|| assert!(black_box(own.get(hot(7))).is_some())),
        },
        Case {
            name: "quick_cache: get",
            run: Box::new(|| assert!(black_box(quick.get(&hot(7))).is_some())),
        },
        Case {
            name: "moka: get",
            run: Box::new(|| {
                assert!(black_box(moka.get(&hot(7))).is_some());
            }),
        },
        Case {
            name: "own store: insert",
            run: Box::new(|| full_own.insert(other(), Arc::clone(&value), 800, i64::MAX, 0)),
        },
        Case {
            name: "quick_cache: insert",
            run: Box::new(|| full_quick.insert(other(), Arc::clone(&value))),
        },
        Case {
            name: "moka: insert",
            run: Box::new(|| full_moka.insert(other(), Arc::clone(&value))),
        },
    ];
    let figures = measure(&cases, |at| at / 3 * 3);
    println!("<!-- token_cache/stores -->");
    println!("| store by itself | own | `quick_cache` 0.6 | `moka` 0.12 |");
    println!("| --- | --: | --: | --: |");
    let names = ["`get` of a key that is there", "`insert` into a full store"];
    for (name, stores) in names.into_iter().zip(figures.chunks(3)) {
        let cells: Vec<String> = stores
            .iter()
            .map(|store| format!("{:.0} ns", store.median_ns))
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    println!();
}

/// What many tokens need, by what is allocated and by what the cache says.
fn memory() {
    let issuer = TestIssuer::new(ISSUER, AUDIENCE);
    let cached = built(static_keys(&issuer).token_cache(1024 * MIB));
    let mint = |subject| token(&issuer, Algorithm::ES256, subject, MANY_BYTES);
    let before = allocated_bytes();
    for subject in 0..MANY {
        let token = mint(subject);
        assert!(pollster(cached.validate(&token)).is_ok());
    }
    let after = allocated_bytes();
    let status = cached.health().token_cache().expect("a cache");
    let each = |bytes: usize| bytes as f64 / status.entries() as f64;
    println!("<!-- token_cache/memory -->");
    println!(
        "| tokens in the cache | bytes of a token | memory | for each | estimated by the cache |"
    );
    println!("| --: | --: | --: | --: | --: |");
    println!(
        "| {} | {} | {:.0} MB | {:.0} bytes | {:.0} bytes |",
        thousands(status.entries() as u64),
        mint(0).len(),
        (after - before) as f64 / 1e6,
        each(after - before),
        each(status.bytes() as usize),
    );
}
