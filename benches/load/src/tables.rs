//! Medians over the rounds, as tables in Markdown.

use std::error::Error;
use std::fmt::Write as _;

use resource_server::Algorithm;

use crate::Load;
use crate::api::{Check, Counts};
use crate::wrk::Report;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const BEGIN: &str = "<!-- The command writes from here -->\n";
const END: &str = "<!-- to here. -->\n";

/// One run.
#[derive(Clone, Copy)]
pub(crate) struct Figures {
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
    /// Of the server, for one request.
    cpu_us: f64,
    /// The part of the time for which the server was on a core.
    busy: f64,
    /// The part of the accepted tokens that the cache answered for.
    hits: f64,
}

impl Figures {
    #[allow(clippy::cast_precision_loss)] // counts are far below 2^52
    pub(crate) fn new(report: &Report, cpu_ns: u64, counts: Counts) -> Self {
        let requests = report.requests as f64;
        let seconds = report.duration_us as f64 / 1e6;
        let on_core = cpu_ns as f64 / 1e9;
        Figures {
            per_second: requests / seconds,
            p50_us: report.p50_us as f64,
            p99_us: report.p99_us as f64,
            cpu_us: on_core * 1e6 / requests,
            busy: on_core / seconds,
            hits: counts.hits as f64 / (counts.accepted as f64).max(1.0),
        }
    }

    /// No more requests fit into this time, with a core for the server alone.
    #[allow(clippy::cast_precision_loss)] // a few seconds
    pub(crate) fn most_in(&self, seconds: u64) -> f64 {
        seconds as f64 * 1e6 / self.cpu_us
    }
}

/// The rounds of one algorithm. A round has a run of each server.
pub(crate) struct Measured {
    title: String,
    rounds: Vec<(Load, [Figures; 3])>,
}

impl Measured {
    pub(crate) fn new(algorithm: Algorithm, token_bytes: usize) -> Self {
        Measured {
            title: format!("{}, tokens of {token_bytes} bytes", algorithm.as_str()),
            rounds: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, load: Load, figures: [Figures; 3]) {
        self.rounds.push((load, figures));
    }
}

pub(crate) fn markdown(measured: &[Measured]) -> String {
    let mut text = String::new();
    for measured in measured {
        let _ = write!(
            text,
            "\n{}, rounds: {}:\n\n\
             | tokens | server | requests a second | to no check | p50 | p99 | server busy \
             | CPU time of a request | more | hits |\n\
             | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |\n",
            measured.title,
            measured.rounds.len() / Load::ALL.len()
        );
        for load in Load::ALL {
            let rounds: Vec<_> = measured
                .rounds
                .iter()
                .filter(|(of, _)| *of == load)
                .map(|(_, figures)| figures)
                .collect();
            for (at, check) in Check::ALL.into_iter().enumerate() {
                text += &row(load, check, &rounds, at);
            }
        }
    }
    text + "\n"
}

fn row(load: Load, check: Check, rounds: &[&[Figures; 3]], at: usize) -> String {
    // The first server has no check.
    let each = |figure: &dyn Fn(&Figures, &Figures) -> f64| {
        let values = rounds.iter().map(|round| figure(&round[at], &round[0]));
        sorted(values.collect())
    };
    let per_second = median(&each(&|own, _| own.per_second));
    let cpu = median(&each(&|own, _| own.cpu_us));
    let busy = median(&each(&|own, _| own.busy)) * 100.0;
    let label = match check {
        Check::None => "no check",
        Check::Protect => "`protect()`",
        Check::ProtectWithCache => "`protect()` and `token_cache`",
    };
    let start = format!("| {} | {label} | {per_second:.0} |", load.name());
    if check == Check::None {
        return format!("{start} 1 | 1 | 1 | {busy:.0} % | {cpu:.1} us | | |\n");
    }
    let throughput = each(&|own, open| own.per_second / open.per_second);
    let p50 = median(&each(&|own, open| own.p50_us / open.p50_us));
    let p99 = median(&each(&|own, open| own.p99_us / open.p99_us));
    let more = median(&each(&|own, open| own.cpu_us - open.cpu_us));
    let hits = median(&each(&|own, _| own.hits)) * 100.0;
    let (least, most) = (throughput[0], throughput[throughput.len() - 1]);
    let throughput = median(&throughput);
    format!(
        "{start} {throughput:.2} ({least:.2} to {most:.2}) | {p50:.2} | {p99:.2} | {busy:.0} % \
         | {cpu:.1} us | {more:+.1} us | {hits:.1} % |\n"
    )
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

/// Replaces the tables in the README.
pub(crate) fn write(tables: &str) -> Result<(), Box<dyn Error>> {
    let readme = std::fs::read_to_string(README)?;
    let (before, rest) = readme.split_once(BEGIN).ok_or("no mark of the begin")?;
    let (_, after) = rest.split_once(END).ok_or("no mark of the end")?;
    std::fs::write(README, format!("{before}{BEGIN}{tables}{END}{after}"))?;
    Ok(())
}
