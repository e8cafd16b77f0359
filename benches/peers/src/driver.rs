//! Starts the workers, asks them in turn, and keeps what they answer.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use resource_server::Algorithm;
use resource_server::testing::TestServer;
use serde_json::{Value, json};

use crate::cases::{AUDIENCE, ISSUER, Odd, SCOPE, Scene};
use crate::roster::{ENTRIES, Entry, Kind, Program};

/// How many rounds all workers run in turn.
const ROUNDS: usize = 301;
/// How long a case runs in a round. A short slice is seldom interrupted by other load.
const SLICE: Duration = Duration::from_millis(1);
/// The same in JavaScript, with some collections of its young generation.
const SLICE_OF_JAVASCRIPT: Duration = Duration::from_millis(4);
/// How many calls the compiler of JavaScript sees before, or for how long.
const CALLS_BEFORE_JAVASCRIPT: usize = 3000;
const TIME_BEFORE_JAVASCRIPT: Duration = Duration::from_millis(1500);
/// More than any slice judges, and more than the cache of fast-jwt holds.
const DISTINCT_TOKENS: usize = 2048;
const UNKNOWN_KEYS: usize = 2000;

/// What is timed.
pub(crate) struct Timed {
    pub(crate) case: &'static str,
    pub(crate) is_accepted: bool,
    /// Each call has a token that the peer has not seen.
    pub(crate) unseen: bool,
}

const fn timed(case: &'static str, is_accepted: bool, unseen: bool) -> Timed {
    Timed {
        case,
        is_accepted,
        unseen,
    }
}

pub(crate) const TIMED: [Timed; 6] = [
    timed("RS256", true, true),
    timed("ES256", true, true),
    timed("EdDSA", true, true),
    timed("RS256 again", true, false),
    timed("expired", false, false),
    timed("garbage", false, false),
];

/// What was measured of one case of one worker.
#[derive(Default, Clone)]
pub(crate) struct Figure {
    /// Nanoseconds of each round.
    pub(crate) rounds: Vec<f64>,
    pub(crate) allocations: Option<u64>,
}

/// What one worker answered.
pub(crate) struct Results {
    pub(crate) entry: Entry,
    /// By the places of [`TIMED`]. `Err` has the reason for which a case is missing.
    pub(crate) figures: Vec<Result<Figure, String>>,
    /// Fetches of keys for 2,000 tokens of unknown keys, and nanoseconds for each.
    pub(crate) unknown_keys: Option<(usize, f64)>,
    /// By the places of the odd cases.
    pub(crate) verdicts: Vec<Option<Answer>>,
}

#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) is_accepted: bool,
    pub(crate) reason: String,
}

/// A worker's process.
struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Worker {
    fn start(entry: &Entry) -> Result<Self, String> {
        let mut command = match entry.program {
            Program::Own => {
                let this = std::env::current_exe().map_err(|error| error.to_string())?;
                let mut command = Command::new(this);
                command.args(["worker", entry.worker]);
                command
            }
            Program::Huskarl => Command::new(huskarl()?),
            Program::Node => {
                let mut command = Command::new("node");
                command.arg("worker.mjs").arg(entry.worker);
                command.current_dir(folder("node"));
                command
            }
        };
        let mut child = command
            // An error of jwt-simple would collect one.
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Worker {
            child,
            input,
            output,
        })
    }

    fn ask(&mut self, command: &Value) -> Result<Value, String> {
        let mut line = String::new();
        writeln!(self.input, "{command}").map_err(|error| error.to_string())?;
        self.input.flush().map_err(|error| error.to_string())?;
        let read = self.output.read_line(&mut line);
        if read.map_err(|error| error.to_string())? == 0 {
            return Err("the process ended".to_owned());
        }
        let answer: Value = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        match answer["error"].as_str() {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(answer),
        }
    }
}

/// A folder of this package.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The program of the worker in `huskarl`, next to this one.
fn huskarl() -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = this.with_file_name(format!("peers-huskarl{}", std::env::consts::EXE_SUFFIX));
    if beside.exists() {
        Ok(beside)
    } else {
        Err("its package was not built".to_owned())
    }
}

/// Builds what is not in this package. A peer for which that fails is left out, with the reason.
pub(crate) fn prepare() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let this = std::env::current_exe().expect("this program");
    let target = this.ancestors().nth(2).expect("target/release/peers");
    let run = |command: &mut Command, what: &str| {
        if !command.status().is_ok_and(|status| status.success()) {
            eprintln!("{what} failed: its peers are left out");
        }
    };
    run(
        Command::new(cargo)
            .args(["build", "--release", "--locked", "--manifest-path"])
            .arg(folder("huskarl").join("Cargo.toml"))
            .arg("--target-dir")
            .arg(target),
        "cargo build of huskarl",
    );
    // Without a network, what is installed stays.
    let node = folder("node");
    let modified = |name: &str| std::fs::metadata(node.join(name)).and_then(|file| file.modified());
    let installed = modified("node_modules/.package-lock.json").ok();
    if installed < modified("package-lock.json").ok() {
        run(
            Command::new("npm")
                .args(["ci", "--no-audit", "--no-fund"])
                .current_dir(&node)
                .stdout(Stdio::null()),
            "npm ci",
        );
    }
}

/// A worker with what it has answered. Without a process, the reason is in the results.
struct Seat {
    worker: Option<Worker>,
    server: TestServer,
    results: Results,
    /// Calls that fill a slice, by the places of [`TIMED`].
    calls: Vec<usize>,
}

/// All that the tables need.
pub(crate) struct Outcome {
    pub(crate) results: Vec<Results>,
    pub(crate) odd: Vec<Odd>,
    pub(crate) bytes: Vec<usize>,
}

fn start_command(jwks_url: &str, probe: &str) -> Value {
    json!({"do": "start", "settings": {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "scope": SCOPE,
        "jwks_url": jwks_url,
        "probe": probe,
    }})
}

async fn serve(jwks: &str) -> TestServer {
    let server = TestServer::builder(AUDIENCE).name(ISSUER).start().await;
    let server = server.expect("a port on loopback");
    server.serve_jwks(jwks);
    server
}

/// Everything, in one run.
pub(crate) fn run(names: &[String]) -> Outcome {
    // The servers answer on a thread of it, while this one waits for the workers.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let scene = Scene::new();
    let jwks = scene.jwks();
    let probe = scene.token(Algorithm::RS256).mint();
    eprintln!("minting tokens");
    let tokens = [
        scene.distinct(Algorithm::RS256, DISTINCT_TOKENS),
        scene.distinct(Algorithm::ES256, DISTINCT_TOKENS),
        scene.distinct(Algorithm::EdDSA, DISTINCT_TOKENS),
        scene.distinct(Algorithm::RS256, 1),
        vec![scene.expired()],
        vec!["x".repeat(860)],
    ];
    let is_wanted = |entry: &&Entry| {
        names.is_empty()
            || names
                .iter()
                .any(|name| entry.worker.starts_with(name.as_str()))
            || entry.kind == Kind::Signature
            || entry.worker.starts_with("ours")
    };
    let mut seats: Vec<Seat> = ENTRIES
        .iter()
        .filter(is_wanted)
        .map(|entry| {
            let server = runtime.block_on(serve(&jwks));
            seat(*entry, server, &probe, &tokens)
        })
        .collect();
    for round in 0..ROUNDS {
        eprint!("\rround {} of {ROUNDS}", round + 1);
        for place in 0..TIMED.len() {
            for seat in &mut seats {
                seat.time(place);
            }
        }
    }
    eprintln!("\nunknown keys");
    let unknown = scene.of_unknown_keys(UNKNOWN_KEYS);
    for seat in &mut seats {
        seat.count_fetches(&unknown);
    }
    eprintln!("verdicts");
    let odd = scene.odd_cases();
    let server = runtime.block_on(serve(&jwks));
    for seat in &mut seats {
        seat.judge(&odd, &jwks, &server, &probe);
    }
    Outcome {
        results: seats.into_iter().map(|seat| seat.results).collect(),
        odd,
        bytes: tokens.iter().map(|tokens| tokens[0].len()).collect(),
    }
}

/// Starts a worker, gives it the tokens, and finds how many calls fill a slice.
fn seat(entry: Entry, server: TestServer, probe: &str, tokens: &[Vec<String>]) -> Seat {
    eprintln!("starting {}", entry.worker);
    let mut seat = Seat {
        worker: None,
        server,
        results: Results {
            entry,
            figures: Vec::new(),
            unknown_keys: None,
            verdicts: Vec::new(),
        },
        calls: vec![1; TIMED.len()],
    };
    let started = Worker::start(&entry).and_then(|mut worker| {
        worker.ask(&start_command(&seat.server.jwks_url(), probe))?;
        Ok(worker)
    });
    match started {
        Ok(worker) => seat.worker = Some(worker),
        Err(reason) => {
            seat.results.figures = vec![Err(reason); TIMED.len()];
            return seat;
        }
    }
    for (place, timed) in TIMED.iter().enumerate() {
        let figure = seat.calibrate(place, timed, &tokens[place]);
        seat.results.figures.push(figure);
    }
    seat
}

impl Seat {
    fn ask(&mut self, command: &Value) -> Result<Value, String> {
        match &mut self.worker {
            Some(worker) => worker.ask(command),
            None => Err("not started".to_owned()),
        }
    }

    fn calibrate(
        &mut self,
        place: usize,
        timed: &Timed,
        tokens: &[String],
    ) -> Result<Figure, String> {
        let entry = self.results.entry;
        if entry.kind == Kind::Signature && !timed.is_accepted {
            return Err("a signature says nothing about that".to_owned());
        }
        // A peer that can't do the case says so here, in its own words.
        let judged = self.ask(&json!({"do": "judge", "token": tokens[0]}))?;
        if judged["accepted"].as_bool() != Some(timed.is_accepted) {
            let reason = judged["reason"].as_str().unwrap_or("accepted");
            return Err(reason.to_owned());
        }
        self.ask(&json!({"do": "load", "case": timed.case, "tokens": tokens}))?;
        let slice = if entry.kind == Kind::JavaScript {
            let started = Instant::now();
            let mut calls = 0;
            while calls < CALLS_BEFORE_JAVASCRIPT && started.elapsed() < TIME_BEFORE_JAVASCRIPT {
                self.time_calls(timed, 0, 100)?;
                calls += 100;
            }
            SLICE_OF_JAVASCRIPT
        } else {
            SLICE
        };
        let (each, _) = self.time_calls(timed, 50, 50)?;
        let calls = (slice.as_nanos() as f64 / each).ceil() as usize;
        self.calls[place] = match timed.unseen {
            // The calls before a slice are of unseen tokens too.
            true => calls.clamp(1, DISTINCT_TOKENS / 2),
            false => calls.max(1),
        };
        let command = json!({"do": "count", "case": timed.case, "unseen": timed.unseen});
        let counted = self.ask(&command)?;
        Ok(Figure {
            rounds: Vec::with_capacity(ROUNDS),
            allocations: counted["allocations"].as_u64(),
        })
    }

    /// Nanoseconds for a call, and how many were accepted.
    fn time_calls(
        &mut self,
        timed: &Timed,
        warm_up: usize,
        calls: usize,
    ) -> Result<(f64, usize), String> {
        let answer = self.ask(&json!({
            "do": "time",
            "case": timed.case,
            "warm_up": warm_up,
            "calls": calls,
            "unseen": timed.unseen,
        }))?;
        let ns = answer["ns"].as_f64().ok_or("no time")?;
        let accepted = answer["accepted"].as_u64().ok_or("no count")?;
        Ok((ns / calls as f64, accepted as usize))
    }

    fn time(&mut self, place: usize) {
        if self.results.figures[place].is_err() {
            return;
        }
        let timed = &TIMED[place];
        let calls = self.calls[place];
        let outcome = match self.time_calls(timed, calls.div_ceil(4), calls) {
            Ok((each, accepted)) if accepted == if timed.is_accepted { calls } else { 0 } => {
                Ok(each)
            }
            Ok((_, accepted)) => Err(format!("accepted {accepted} of {calls}")),
            Err(reason) => Err(reason),
        };
        match (outcome, &mut self.results.figures[place]) {
            (Ok(each), Ok(figure)) => figure.rounds.push(each),
            (Err(reason), figure) => *figure = Err(reason),
            _ => {}
        }
    }

    fn count_fetches(&mut self, tokens: &[String]) {
        if self.results.entry.kind == Kind::Signature || self.worker.is_none() {
            return;
        }
        let timed = timed("unknown keys", false, false);
        let load = json!({"do": "load", "case": timed.case, "tokens": tokens});
        if self.ask(&load).is_err() {
            return;
        }
        let before = self.server.fetches().jwks;
        if let Ok((each, _)) = self.time_calls(&timed, 0, tokens.len()) {
            // A fetch in the background may be on its way.
            std::thread::sleep(Duration::from_millis(50));
            let fetches = self.server.fetches().jwks - before;
            self.results.unknown_keys = Some((fetches, each));
        }
    }

    fn judge(&mut self, odd: &[Odd], usual: &str, server: &TestServer, probe: &str) {
        if !self.results.entry.is_judged || self.worker.is_none() {
            return;
        }
        let mut is_started = false;
        let mut with = None;
        for case in odd {
            if !is_started || with != case.jwks.as_ref() {
                server.serve_jwks(case.jwks.as_deref().unwrap_or(usual));
                // What makes a peer fail at its start makes it accept nothing.
                is_started = true;
                with = case.jwks.as_ref();
                let started = self.ask(&start_command(&server.jwks_url(), probe));
                if let Err(reason) = started {
                    self.revive(server, probe);
                    let answer = Answer {
                        is_accepted: false,
                        reason,
                    };
                    self.results.verdicts.push(Some(answer));
                    is_started = false;
                    continue;
                }
            }
            let answer = self.ask(&json!({"do": "judge", "token": case.token}));
            let answer = match answer {
                Ok(answer) => Some(Answer {
                    is_accepted: answer["accepted"] == true,
                    reason: answer["reason"].as_str().unwrap_or_default().to_owned(),
                }),
                // It gives no verdict.
                Err(_) => {
                    self.revive(server, probe);
                    None
                }
            };
            self.results.verdicts.push(answer);
        }
    }

    /// Starts a process again that ended.
    fn revive(&mut self, server: &TestServer, probe: &str) {
        let Some(worker) = &mut self.worker else {
            return;
        };
        if matches!(worker.child.try_wait(), Ok(None)) {
            return;
        }
        self.worker = Worker::start(&self.results.entry).ok();
        let _ = self.ask(&start_command(&server.jwks_url(), probe));
    }
}
