//! What a worker does. The driver writes one JSON object a line to its standard input, and the
//! worker answers each with one line on its standard output. Standard error is for people.
//!
//! `node/worker.mjs` speaks the same protocol.

use std::collections::HashMap;
use std::fmt::Display;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::allocations;

/// How long a peer that loads its keys in the background may need for them.
const LONGEST_START: Duration = Duration::from_millis(1500);

/// What a peer is configured with.
#[derive(Clone, Deserialize)]
pub(crate) struct Settings {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) jwks_url: String,
    /// The scope that a token must have, where a peer checks scopes.
    #[allow(dead_code)] // not by each worker
    pub(crate) scope: String,
    /// A token that is good.
    probe: String,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Command {
    /// Configures the peer, in place of the one before.
    Start { settings: Settings },
    /// Prepares the tokens of a case.
    Load { case: String, tokens: Vec<String> },
    /// Judges tokens of a case, the next ones at each call, and times that.
    Time {
        case: String,
        warm_up: usize,
        calls: usize,
        /// Whether a cache of verified tokens must not know any of them.
        unseen: bool,
    },
    /// Counts the allocations of a call.
    Count { case: String, unseen: bool },
    /// Judges one token.
    Judge { token: String },
}

/// A library, as a program uses it.
pub(crate) trait Peer: Sized {
    /// What a program has of a request when it calls the library.
    type Input;
    type Refusal: Display;

    /// Whether the keys may still be on their way when `start` returns.
    const LOADS_IN_BACKGROUND: bool = false;

    async fn start(settings: &Settings) -> Result<Self, String>;

    fn prepare(&self, token: &str) -> Self::Input;

    async fn check(&self, input: &Self::Input) -> Result<(), Self::Refusal>;

    /// Drops what is known of a token. Without a cache that is nothing.
    fn forget(&self, _token: &str) {}
}

struct Case<I> {
    tokens: Vec<String>,
    inputs: Vec<I>,
    next: usize,
}

impl<I> Case<I> {
    /// The place of the next token: all are used in turn.
    fn advance(&mut self) -> usize {
        let place = self.next;
        self.next = (place + 1) % self.inputs.len();
        place
    }

    /// The tokens that the next calls judge.
    fn next_tokens(&self, calls: usize) -> impl Iterator<Item = &String> {
        let calls = calls.min(self.tokens.len());
        self.tokens.iter().cycle().skip(self.next).take(calls)
    }
}

struct Worker<P: Peer> {
    peer: Option<P>,
    cases: HashMap<String, Case<P::Input>>,
}

/// Serves the driver until it closes standard input.
pub(crate) fn serve<P: Peer>() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut worker = Worker::<P> {
        peer: None,
        cases: HashMap::new(),
    };
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let answer = match serde_json::from_str(&line) {
            // tokio's budget for a task would interrupt a loop that no real task has.
            Ok(command) => runtime.block_on(tokio::task::unconstrained(worker.obey(command))),
            Err(error) => json!({"error": error.to_string()}),
        };
        writeln!(output, "{answer}").expect("the driver reads");
        output.flush().expect("the driver reads");
    }
}

impl<P: Peer> Worker<P> {
    async fn obey(&mut self, command: Command) -> Value {
        match command {
            Command::Start { settings } => {
                self.peer = None;
                match start::<P>(&settings).await {
                    Ok(peer) => self.peer = Some(peer),
                    Err(reason) => return json!({"error": reason}),
                }
                json!({})
            }
            Command::Load { case, tokens } => {
                let Some(peer) = &self.peer else {
                    return not_started();
                };
                let inputs = tokens.iter().map(|token| peer.prepare(token)).collect();
                let prepared = Case {
                    tokens,
                    inputs,
                    next: 0,
                };
                self.cases.insert(case, prepared);
                json!({})
            }
            Command::Time {
                case,
                warm_up,
                calls,
                unseen,
            } => self.time(&case, warm_up, calls, unseen).await,
            Command::Count { case, unseen } => self.count(&case, unseen).await,
            Command::Judge { token } => {
                let Some(peer) = &self.peer else {
                    return not_started();
                };
                match peer.check(&peer.prepare(&token)).await {
                    Ok(()) => json!({"accepted": true}),
                    Err(refusal) => json!({"accepted": false, "reason": refusal.to_string()}),
                }
            }
        }
    }

    async fn time(&mut self, case: &str, warm_up: usize, calls: usize, unseen: bool) -> Value {
        let (Some(peer), Some(case)) = (&self.peer, self.cases.get_mut(case)) else {
            return not_started();
        };
        if unseen {
            case.next_tokens(warm_up + calls)
                .for_each(|token| peer.forget(token));
        }
        for _ in 0..warm_up {
            let place = case.advance();
            let _ = black_box(peer.check(&case.inputs[place]).await);
        }
        let mut accepted = 0;
        let started = Instant::now();
        for _ in 0..calls {
            let place = case.advance();
            let verdict = peer.check(black_box(&case.inputs[place])).await;
            accepted += usize::from(black_box(&verdict).is_ok());
        }
        let elapsed = started.elapsed();
        json!({"ns": elapsed.as_nanos() as u64, "accepted": accepted})
    }

    /// The median of some calls, since a thread in the background may allocate during one.
    async fn count(&mut self, case: &str, unseen: bool) -> Value {
        const CALLS: usize = 31;
        let (Some(peer), Some(case)) = (&self.peer, self.cases.get_mut(case)) else {
            return not_started();
        };
        if unseen {
            case.next_tokens(CALLS).for_each(|token| peer.forget(token));
        }
        let mut counts = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let place = case.advance();
            allocations::start();
            let verdict = peer.check(&case.inputs[place]).await;
            drop(black_box(verdict));
            counts.push(allocations::stop());
        }
        counts.sort_unstable();
        json!({"allocations": counts[CALLS / 2]})
    }
}

fn not_started() -> Value {
    json!({"error": "not started, or no such case"})
}

async fn start<P: Peer>(settings: &Settings) -> Result<P, String> {
    let peer = P::start(settings).await?;
    if P::LOADS_IN_BACKGROUND {
        let probe = peer.prepare(&settings.probe);
        let started = Instant::now();
        while peer.check(&probe).await.is_err() && started.elapsed() < LONGEST_START {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    Ok(peer)
}
