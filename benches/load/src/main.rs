//! What the layer costs an API under load: an axum API without a check, with the layer, and with
//! the layer and its cache of verified tokens. wrk calls each of them in turn, round by round.
//!
//! `cargo run --release --manifest-path benches/load/Cargo.toml` prints tables. With `-- --write`
//! it puts them into the README too, and with `-- --rounds 15` it measures longer.

mod api;
mod tables;
mod tokens;
mod wrk;

use std::error::Error;
use std::time::Instant;

use resource_server::Algorithm;
use resource_server::testing::TestServer;

use api::{CACHE_BYTES, Check, Counts, RESOURCE};
use tables::{Figures, Measured};
use tokens::{Folder, Mint, TokenFile};
use wrk::{CONNECTIONS, Server};

/// With these, the default run ends within 5 minutes.
const ROUNDS: usize = 5;
/// After an hour at the latest, the servers fetch the keys again.
const MAX_ROUNDS: usize = 60;
const SECONDS: u64 = 2;
/// So many times the fresh tokens that a run is expected to need. If that is too few, more are
/// minted, and the round is repeated.
const MARGIN: f64 = 1.3;

/// Which tokens wrk sends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    Repeated,
    Fresh,
    Expired,
}

impl Load {
    const ALL: [Load; 3] = [Load::Repeated, Load::Fresh, Load::Expired];

    fn name(self) -> &'static str {
        match self {
            Load::Repeated => "repeated",
            Load::Fresh => "fresh",
            Load::Expired => "expired",
        }
    }
}

/// One algorithm, with its tokens.
struct Subject<'a> {
    mint: Mint<'a>,
    repeated: TokenFile,
    fresh: TokenFile,
    expired: TokenFile,
}

impl<'a> Subject<'a> {
    /// Calls a server with the layer for a second, to see how many fresh tokens a run needs.
    fn new(mint: Mint<'a>, server: &mut Server) -> Result<Self, Box<dyn Error>> {
        let repeated = mint.repeated()?;
        let expired = mint.expired()?;
        let run = run(1, Check::Protect, server, Load::Repeated, &repeated)?;
        let most = run.map_or(0.0, |run| run.most_in(SECONDS));
        let fresh = mint.fresh(rounded(most * MARGIN))?;
        Ok(Subject {
            mint,
            repeated,
            fresh,
            expired,
        })
    }

    fn measured(&self) -> Measured {
        Measured::new(self.mint.algorithm, self.repeated.bytes)
    }

    fn file(&self, load: Load) -> &TokenFile {
        match load {
            Load::Repeated => &self.repeated,
            Load::Fresh => &self.fresh,
            Load::Expired => &self.expired,
        }
    }

    /// A run of each server. Another one is the first in each round.
    fn round(
        &mut self,
        load: Load,
        round: usize,
        servers: &mut [Server; 3],
    ) -> Result<[Figures; 3], Box<dyn Error>> {
        loop {
            let mut figures = [None; 3];
            for turn in 0..Check::ALL.len() {
                let at = (round + turn) % Check::ALL.len();
                let file = self.file(load);
                figures[at] = run(SECONDS, Check::ALL[at], &mut servers[at], load, file)?;
            }
            if let [Some(open), Some(protected), Some(cached)] = figures {
                return Ok([open, protected, cached]);
            }
            self.fresh = self.mint.fresh(self.fresh.tokens * 2)?;
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, check, issuer] = arguments.as_slice()
        && first == "serve"
    {
        let check = Check::named(check).ok_or("no such check")?;
        return api::serve(check, issuer);
    }
    let mut rounds = ROUNDS;
    let mut is_written = false;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--write" => is_written = true,
            "--rounds" => rounds = arguments.next().ok_or("how many rounds?")?.parse()?,
            other => return Err(format!("{other}: only --write and --rounds N").into()),
        }
    }
    if !(1..=MAX_ROUNDS).contains(&rounds) {
        return Err(format!("1 to {MAX_ROUNDS} rounds").into());
    }
    let measured = measure(rounds)?;
    let text = tables::markdown(&measured);
    println!("{text}");
    if is_written {
        tables::write(&text)?;
    }
    Ok(())
}

fn measure(rounds: usize) -> Result<Vec<Measured>, Box<dyn Error>> {
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let keys = runtime.block_on(TestServer::start(RESOURCE))?;
    // Keys that are due for a refresh would be fetched again.
    keys.cache_control("max-age=3600");
    let algorithms = [Algorithm::RS256, Algorithm::ES256];
    // Makes the keys before the first fetch.
    let _ = keys.issuer().clone().algorithms(algorithms);

    let mut servers = Vec::new();
    for (fetches, check) in Check::ALL.into_iter().enumerate() {
        servers.push(Server::start(check, keys.url())?);
        expect(keys.fetches().jwks == fetches, || {
            format!("{}: {:?}", check.name(), keys.fetches())
        })?;
    }
    let servers: Result<[Server; 3], _> = servers.try_into();
    let mut servers = servers.map_err(|_| "not three servers")?;

    let folder = Folder::new()?;
    let mut subjects = Vec::new();
    for algorithm in algorithms {
        let mint = Mint {
            issuer: keys.issuer(),
            algorithm,
            folder: &folder,
        };
        subjects.push(Subject::new(mint, &mut servers[1])?);
        let name = algorithm.as_str();
        progress(started, &format!("{name} tokens are minted"));
    }
    let mut measured: Vec<Measured> = subjects.iter().map(Subject::measured).collect();
    for round in 0..rounds {
        for (subject, measured) in subjects.iter_mut().zip(&mut measured) {
            for load in Load::ALL {
                measured.add(load, subject.round(load, round, &mut servers)?);
            }
        }
        progress(started, &format!("round {} of {rounds}", round + 1));
    }
    let fetches = keys.fetches();
    expect(fetches.jwks == Check::ALL.len() - 1, || {
        format!("each server with the layer fetches the keys once: {fetches:?}")
    })?;
    Ok(measured)
}

fn progress(started: Instant, what: &str) {
    eprintln!("{:>4} s: {what}", started.elapsed().as_secs());
}

/// One server under one load. `None` if there are too few fresh tokens.
fn run(
    seconds: u64,
    check: Check,
    server: &mut Server,
    load: Load,
    file: &TokenFile,
) -> Result<Option<Figures>, Box<dyn Error>> {
    server.begin(&file.path)?;
    let cpu_before = server.cpu_ns()?;
    let report = wrk::run(seconds, &server.address, &file.path)?;
    let cpu_ns = server.cpu_ns()? - cpu_before;
    let counts = server.report()?;
    // A server without a check reads no token, so it may get one twice.
    if check != Check::None && load == Load::Fresh && report.sent > file.tokens as u64 {
        return Ok(None);
    }
    check_what_was_measured(check, load, &report, counts)?;
    Ok(Some(Figures::new(&report, cpu_ns, counts)))
}

/// A figure of something else is worse than none.
fn check_what_was_measured(
    check: Check,
    load: Load,
    report: &wrk::Report,
    counts: Counts,
) -> Result<(), Box<dyn Error>> {
    // wrk ends without the last responses, which are at most one on each connection.
    let of_requests =
        |served: u64| (report.requests..=report.requests + 2 * CONNECTIONS).contains(&served);
    let mut facts = vec![
        (report.broken == 0, "no connection breaks"),
        (counts.other == 0, "each status is 200 or 401"),
    ];
    if check != Check::None && load == Load::Expired {
        facts.extend([
            (counts.ok == 0, "no response is 200"),
            (
                of_requests(counts.unauthorized),
                "the server counts each 401",
            ),
            (report.over_399 == report.requests, "wrk counts each 401"),
        ]);
    } else {
        facts.extend([
            (counts.unauthorized == 0, "no response is 401"),
            (of_requests(counts.ok), "the server counts each 200"),
            (report.over_399 == 0, "wrk counts no 401"),
        ]);
    }
    if check == Check::Protect {
        facts.push((counts.hits == 0, "without a cache there are no hits"));
    }
    if check != Check::None && load == Load::Fresh {
        facts.push((counts.distinct == counts.accepted, "each token comes once"));
    }
    if check == Check::ProtectWithCache && load == Load::Fresh {
        // Each token needs more than 500 bytes.
        let was_filled = counts.distinct > CACHE_BYTES / 500;
        let is_full = counts.cache_bytes > CACHE_BYTES / 10 * 9;
        facts.extend([
            (is_full || !was_filled, "the cache is full"),
            (
                counts.cache_bytes <= CACHE_BYTES,
                "the cache keeps to its size",
            ),
        ]);
    }
    if check == Check::ProtectWithCache && load == Load::Repeated {
        let verified = counts.accepted - counts.hits;
        facts.push((verified == counts.distinct, "each token is verified once"));
    }
    for (is_so, fact) in facts {
        expect(is_so, || {
            let (server, load) = (check.name(), load.name());
            format!("{server}, {load}: not so: {fact}: {report:?}, {counts:?}")
        })?;
    }
    Ok(())
}

fn expect(is_so: bool, problem: impl FnOnce() -> String) -> Result<(), Box<dyn Error>> {
    if is_so { Ok(()) } else { Err(problem().into()) }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // it is small, and positive
fn rounded(count: f64) -> usize {
    count.ceil() as usize
}
