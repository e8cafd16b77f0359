//! The API under load: one process, one thread. A second thread obeys the process that measures.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Json, Router, middleware, routing::get};
use resource_server::{AccessToken, Issuer, Requirement, Validator};
use serde::{Deserialize, Serialize};

/// The API as its tokens name it.
pub(crate) const RESOURCE: &str = "https://api.example.com";
/// So many tokens come again and again. Their subjects are the numbers below this one.
pub(crate) const REPEATED: usize = 100;
/// The cache of verified tokens, as small as this so that tokens that come once soon fill it.
pub(crate) const CACHE_BYTES: u64 = 2 * 1024 * 1024;

/// What judges the token of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    None,
    Protect,
    ProtectWithCache,
}

impl Check {
    pub(crate) const ALL: [Check; 3] = [Check::None, Check::Protect, Check::ProtectWithCache];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Check::None => "none",
            Check::Protect => "protect",
            Check::ProtectWithCache => "protect-with-cache",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }
}

/// What happened since the last `begin`, and what the cache of verified tokens holds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Responses with 200.
    pub(crate) ok: u64,
    /// Responses with 401.
    pub(crate) unauthorized: u64,
    /// Responses with any other status.
    pub(crate) other: u64,
    /// Requests with an accepted token that have reached the handler.
    pub(crate) accepted: u64,
    /// Accepted tokens that no earlier request had.
    pub(crate) distinct: u64,
    /// Accepted tokens that the cache answered for.
    pub(crate) hits: u64,
    pub(crate) cache_entries: usize,
    pub(crate) cache_bytes: u64,
}

#[derive(Default)]
struct Seen {
    counts: Counts,
    /// The first acceptance of each repeated token.
    repeated: Vec<Option<AccessToken>>,
    /// Which of the tokens came that are not repeated. Their subjects are the next numbers.
    fresh: Vec<bool>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Seen>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_status(&self, status: StatusCode) {
        let counts = &mut self.lock().counts;
        match status {
            StatusCode::OK => counts.ok += 1,
            StatusCode::UNAUTHORIZED => counts.unauthorized += 1,
            _ => counts.other += 1,
        }
    }

    /// A token that is verified has claims of its own in memory. A hit of the cache shares the
    /// claims of the first acceptance, which live as long as `repeated` holds them. So the address
    /// of a claim shows which of both it was.
    fn count_token(&self, token: &AccessToken) {
        let Some(subject) = token.subject() else {
            return;
        };
        let Ok(number) = subject.parse::<usize>() else {
            return;
        };
        let seen = &mut *self.lock();
        seen.counts.accepted += 1;
        if let Some(first) = seen.repeated.get_mut(number) {
            if let Some(first) = first {
                let of_first = first.subject().map(str::as_ptr);
                seen.counts.hits += u64::from(of_first == Some(subject.as_ptr()));
            } else {
                *first = Some(token.clone());
                seen.counts.distinct += 1;
            }
        } else if let Some(came) = seen.fresh.get_mut(number.saturating_sub(REPEATED)) {
            seen.counts.distinct += u64::from(!*came);
            *came = true;
        }
    }

    fn begin(&self, fresh: usize) {
        let mut seen = self.lock();
        seen.counts = Counts::default();
        seen.repeated = vec![None; REPEATED];
        seen.fresh = vec![false; fresh];
    }
}

/// Serves until its input ends. The first line that it prints is its address.
pub(crate) fn serve(check: Check, issuer: &str) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let builder = Validator::builder()
            .resource(RESOURCE)
            .issuer(Issuer::discover(issuer));
        let validator = match check {
            Check::None => None,
            Check::Protect => Some(builder.build()?),
            Check::ProtectWithCache => Some(builder.token_cache(CACHE_BYTES).build()?),
        };
        if let Some(validator) = &validator {
            validator.warm_up().await?;
        }
        let shared = Shared::default();
        let app = router(validator.as_ref(), &shared)?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        std::thread::spawn(move || {
            if let Err(problem) = obey(validator.as_ref(), &shared) {
                eprintln!("{problem}");
            }
            std::process::exit(0);
        });
        axum::serve(listener, app).await?;
        Ok(())
    })
}

fn router(validator: Option<&Validator>, shared: &Shared) -> Result<Router, Box<dyn Error>> {
    let routes: Router<Shared> = match validator {
        None => Router::new().route("/orders", get(open_orders)),
        Some(validator) => Router::new()
            .route("/orders", get(orders))
            .layer(validator.protect())
            .merge(validator.resource_metadata()?),
    };
    let shared = shared.clone();
    let counting = shared.clone();
    let counted = middleware::map_response(move |response: Response| {
        counting.count_status(response.status());
        std::future::ready(response)
    });
    Ok(routes.layer(counted).with_state(shared))
}

async fn open_orders() -> Json<[&'static str; 2]> {
    Json(["apples", "pears"])
}

async fn orders(
    State(shared): State<Shared>,
    token: AccessToken,
) -> Result<Json<[&'static str; 2]>, resource_server::Error> {
    token.require(&Requirement::scope("orders:read"))?;
    shared.count_token(&token);
    Ok(Json(["apples", "pears"]))
}

/// Reads commands and answers each with a line: the counts as JSON.
///
/// * `begin FILE`: the counts start at 0, and the cache drops the tokens of this file.
/// * `report`
fn obey(validator: Option<&Validator>, shared: &Shared) -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        if let Some(file) = line?.strip_prefix("begin ") {
            let mut tokens = 0;
            for token in BufReader::new(File::open(file)?).lines() {
                let token = token?;
                tokens += 1;
                if let Some(validator) = validator {
                    validator.forget(&token);
                }
            }
            shared.begin(tokens);
        }
        let mut counts = shared.lock().counts;
        let health = validator.map(Validator::health);
        if let Some(cache) = health.and_then(|health| health.token_cache()) {
            counts.cache_entries = cache.entries();
            counts.cache_bytes = cache.bytes();
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(&counts)?)?;
        out.flush()?;
    }
    Ok(())
}
