//! The outcome in Markdown.

use std::fmt::Write;

use crate::cases::Verdict;
use crate::driver::{Answer, Figure, Outcome, Results, TIMED};
use crate::roster::{ENTRIES, Kind, ours};

/// A ratio below this is a lead, and not noise of the run.
const LEAD: f64 = 0.98;

/// The places of [`TIMED`].
const FIRST_SIGHTS: [usize; 3] = [0, 1, 2];
const AGAIN: usize = 3;
const REFUSALS: [usize; 2] = [4, 5];

pub(crate) fn markdown(outcome: &Outcome) -> String {
    let tables = Tables { outcome };
    [
        tables.versions(),
        tables.first_sights(),
        tables.again(),
        tables.refusals(),
        tables.fetches(),
        tables.verdicts(),
        tables.leads(),
        tables.missing(),
    ]
    .join("\n")
}

/// A cell without a figure.
const NOTHING: &str = "";

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The median of the ratios of the rounds.
fn ratio(of: &Figure, to: &Figure) -> Option<f64> {
    let pairs = of.rounds.iter().zip(&to.rounds);
    median(pairs.map(|(of, to)| of / to).collect())
}

fn cell<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or_else(|| NOTHING.to_owned(), show)
}

fn microseconds(figure: Option<&Figure>) -> String {
    let median = figure.and_then(|figure| median(figure.rounds.clone()));
    cell(median.map(|ns| ns / 1000.0), |us| match us {
        ..10.0 => format!("{us:.2}"),
        ..100.0 => format!("{us:.1}"),
        _ => format!("{us:.0}"),
    })
}

fn times(ratio: Option<f64>) -> String {
    cell(ratio, |ratio| match ratio {
        ..10.0 => format!("{ratio:.2}"),
        _ => format!("{ratio:.0}"),
    })
}

/// A table of figures: its head, then a line for each row.
fn table(text: &mut String, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    lay_out(text, head, "--:", rows);
}

fn lay_out(
    text: &mut String,
    head: &[&str],
    alignment: &str,
    rows: impl IntoIterator<Item = Vec<String>>,
) {
    let _ = writeln!(text, "| {} |", head.join(" | "));
    let rule: Vec<_> = (0..head.len())
        .map(|column| if column == 0 { "---" } else { alignment })
        .collect();
    let _ = writeln!(text, "| {} |", rule.join(" | "));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
}

struct Tables<'a> {
    outcome: &'a Outcome,
}

impl Tables<'_> {
    fn rows(&self) -> impl Iterator<Item = &Results> {
        self.outcome.results.iter()
    }

    fn named(&self, worker: &str) -> Option<&Results> {
        self.rows().find(|row| row.entry.worker == worker)
    }

    fn figure<'a>(&self, row: &'a Results, place: usize) -> Option<&'a Figure> {
        let figure = row.figures.get(place)?.as_ref().ok()?;
        (!figure.rounds.is_empty()).then_some(figure)
    }

    fn to(&self, row: &Results, other: Option<&Results>, place: usize) -> Option<f64> {
        let to = self.figure(other?, place)?;
        ratio(self.figure(row, place)?, to)
    }

    fn to_signature(&self, row: &Results, place: usize) -> Option<f64> {
        self.to(row, self.named("bare"), place)
    }

    /// What this crate does in place of that peer.
    fn ours_for(&self, row: &Results, caches: bool) -> Option<&Results> {
        self.named(ENTRIES[ours(row.entry.kind, caches)].worker)
    }

    fn allocations(&self, row: &Results, place: usize) -> String {
        let count = self
            .figure(row, place)
            .and_then(|figure| figure.allocations);
        cell(count, |count| count.to_string())
    }

    fn versions(&self) -> String {
        let mut text = String::from("### Versions\n\n");
        let rust = include_str!("../Cargo.lock");
        let huskarl = include_str!("../huskarl/Cargo.lock");
        let node = include_str!("../node/package-lock.json");
        let crates = [
            (rust, "jsonwebtoken"),
            (rust, "jwt-simple"),
            (rust, "jwt-authorizer"),
            (rust, "tower-oauth2-resource-server"),
            (rust, "oauth-resource-server"),
            (huskarl, "huskarl-resource-server"),
            (rust, "authkestra-resource"),
            (rust, "securitydept-oauth-resource-server"),
            (rust, "aws-lc-rs"),
        ];
        let listed =
            crates.map(|(lock, name)| (name, version_in_cargo_lock(lock, name).to_owned()));
        let packages = ["aws-jwt-verify", "jose", "fast-jwt", "get-jwks"];
        let packages = packages.map(|name| (name, version_in_package_lock(node, name)));
        let listed: Vec<_> = listed
            .into_iter()
            .chain(packages)
            .map(|(name, version)| format!("`{name}` {version}"))
            .collect();
        let _ = writeln!(
            text,
            "{}. Node {}.",
            listed.join(", "),
            output_of("node", "--version")
        );
        text
    }

    fn first_sights(&self) -> String {
        let mut text = String::from("### A good token, seen for the first time\n\n");
        let _ = writeln!(
            text,
            "The tokens have {} bytes (RS256), {} (ES256) and {} (EdDSA).\n",
            self.outcome.bytes[0], self.outcome.bytes[1], self.outcome.bytes[2]
        );
        let head = [
            "",
            "RS256, us",
            "to signature",
            "to ours",
            "ES256, us",
            "to signature",
            "to ours",
            "EdDSA, us",
            "to signature",
            "to ours",
            "allocations",
        ];
        table(
            &mut text,
            &head,
            self.rows().map(|row| {
                let mut cells = vec![row.entry.name.to_owned()];
                for place in FIRST_SIGHTS {
                    let ours = self.ours_for(row, false);
                    cells.push(microseconds(self.figure(row, place)));
                    cells.push(times(self.to_signature(row, place)));
                    cells.push(times(self.to(row, ours, place)));
                }
                let counts: Vec<_> = FIRST_SIGHTS
                    .map(|place| self.allocations(row, place))
                    .into_iter()
                    .filter(|count| !count.is_empty())
                    .collect();
                let all_the_same = counts.windows(2).all(|pair| pair[0] == pair[1]);
                cells.push(if all_the_same {
                    counts.first().cloned().unwrap_or_default()
                } else {
                    counts.join(", ")
                });
                cells
            }),
        );
        text
    }

    fn again(&self) -> String {
        let mut text = String::from("### The same RS256 token again\n\n");
        let head = ["", "caches tokens", "us", "to ours", "allocations"];
        table(
            &mut text,
            &head,
            self.rows().map(|row| {
                let caches = row.entry.caches;
                vec![
                    row.entry.name.to_owned(),
                    if caches { "yes" } else { "no" }.to_owned(),
                    microseconds(self.figure(row, AGAIN)),
                    times(self.to(row, self.ours_for(row, caches), AGAIN)),
                    self.allocations(row, AGAIN),
                ]
            }),
        );
        text.push_str(
            "\nA peer that caches is compared with `token_cache`, and one that does not with this crate without it.\n",
        );
        text
    }

    fn refusals(&self) -> String {
        let mut text = String::from("### Refusals\n\n");
        let head = [
            "",
            "expired, us",
            "to ours",
            "allocations",
            "860 bytes without dots, us",
            "to ours",
            "allocations",
        ];
        let rows = self.rows().filter(|row| row.entry.kind != Kind::Signature);
        table(
            &mut text,
            &head,
            rows.map(|row| {
                let mut cells = vec![row.entry.name.to_owned()];
                for place in REFUSALS {
                    let ours = self.ours_for(row, row.entry.caches);
                    cells.push(microseconds(self.figure(row, place)));
                    cells.push(times(self.to(row, ours, place)));
                    cells.push(self.allocations(row, place));
                }
                cells
            }),
        );
        text
    }

    fn fetches(&self) -> String {
        let mut text = String::from("### Fetches that 2,000 tokens of unknown keys cause\n\n");
        let rows = self.rows().filter(|row| row.unknown_keys.is_some());
        table(
            &mut text,
            &["", "fetches", "us for each token"],
            rows.map(|row| {
                let (fetches, each) = row.unknown_keys.unwrap_or_default();
                vec![
                    row.entry.name.to_owned(),
                    fetches.to_string(),
                    format!("{:.1}", each / 1000.0),
                ]
            }),
        );
        text
    }

    fn verdicts(&self) -> String {
        let mut text = String::from("### Verdicts\n\n");
        let rows: Vec<_> = self.rows().filter(|row| !row.verdicts.is_empty()).collect();
        let mut head = vec!["token or key set", "RFC, section", "right"];
        head.extend(rows.iter().map(|row| row.entry.name));
        let mut accepted = vec![0; rows.len()];
        let mut refused = vec![0; rows.len()];
        let mut lines = Vec::new();
        for (at, case) in self.outcome.odd.iter().enumerate() {
            let right = match case.right {
                Verdict::Accept => "accept",
                Verdict::Refuse => "refuse",
                Verdict::Either => "either",
            };
            let mut line = vec![
                case.name.to_owned(),
                case.section.to_owned(),
                right.to_owned(),
            ];
            for (column, row) in rows.iter().enumerate() {
                let answer = row.verdicts[at].as_ref();
                let is_for_program = case.is_about_scope && !row.entry.checks_scopes;
                let cell = if is_for_program {
                    "program"
                } else {
                    let cell = judged(case.right, answer);
                    accepted[column] += usize::from(cell == "**accepts**");
                    refused[column] += usize::from(cell == "**refuses**");
                    cell
                };
                line.push(cell.to_owned());
            }
            lines.push(line);
        }
        for (name, counts) in [
            ("bad ones accepted", accepted),
            ("good ones refused", refused),
        ] {
            let mut line = vec![name.to_owned(), String::new(), String::new()];
            line.extend(counts.iter().map(ToString::to_string));
            lines.push(line);
        }
        lay_out(&mut text, &head, "---", lines);
        text.push_str(
            "\n\"program\": the library leaves scopes to the program. \"either\": profiles differ, and both are sound.\n",
        );
        text
    }

    /// Each lead of a peer, since it names what this crate could do better.
    fn leads(&self) -> String {
        let mut lines = Vec::new();
        for row in self.rows() {
            let entry = row.entry;
            if entry.kind == Kind::Signature || entry.worker.starts_with("ours") {
                continue;
            }
            for (place, timed) in TIMED.iter().enumerate() {
                let caches = entry.caches && place == AGAIN;
                let other = self.ours_for(row, caches);
                if let Some(ratio) = self.to(row, other, place).filter(|ratio| *ratio < LEAD) {
                    let case = timed.case;
                    lines.push(format!("- {}, {case}: {ratio:.2} of our time", entry.name));
                }
                let count = |row| self.figure(row, place)?.allocations;
                if let (Some(theirs), Some(own)) = (count(row), other.and_then(count))
                    && theirs < own
                {
                    let case = timed.case;
                    lines.push(format!(
                        "- {}, {case}: {theirs} allocations, and ours {own}",
                        entry.name
                    ));
                }
            }
        }
        let mut text = String::from("### Where a peer is ahead of ours\n\n");
        if lines.is_empty() {
            lines.push("No peer was faster or allocated less in this run.".to_owned());
        }
        let _ = writeln!(text, "{}", lines.join("\n"));
        text
    }

    /// What could not be measured, in each peer's own words.
    fn missing(&self) -> String {
        let mut lines = Vec::new();
        for row in self.rows() {
            for (figure, timed) in row.figures.iter().zip(&TIMED) {
                if let Err(reason) = figure
                    && row.entry.kind != Kind::Signature
                {
                    lines.push(format!("- {}, {}: {reason}", row.entry.name, timed.case));
                }
            }
        }
        let mut text = String::from("### What is missing\n\n");
        if lines.is_empty() {
            lines.push("Nothing: every peer was built and did every case.".to_owned());
        }
        let _ = writeln!(text, "{}", lines.join("\n"));
        text
    }
}

fn judged(right: Verdict, answer: Option<&Answer>) -> &'static str {
    match (right, answer.map(|answer| answer.is_accepted)) {
        (_, None) => "**none**",
        (Verdict::Accept, Some(true)) | (Verdict::Refuse, Some(false)) => "ok",
        (Verdict::Either, Some(true)) => "accepts",
        (Verdict::Either, Some(false)) => "refuses",
        (Verdict::Refuse, Some(true)) => "**accepts**",
        (Verdict::Accept, Some(false)) => "**refuses**",
    }
}

/// Why each peer refused a good token, in its own words.
pub(crate) fn reasons(outcome: &Outcome) -> String {
    let mut text = String::new();
    for row in &outcome.results {
        for (case, answer) in outcome.odd.iter().zip(&row.verdicts) {
            if let Some(answer) = answer
                && !answer.is_accepted
                && case.right != Verdict::Refuse
            {
                let name = row.entry.name;
                let _ = writeln!(text, "{name}: {}: {}", case.name, answer.reason);
            }
        }
    }
    text
}

/// The newest version of a crate in a lock file.
fn version_in_cargo_lock<'a>(lock: &'a str, name: &str) -> &'a str {
    let head = format!("name = \"{name}\"");
    let mut lines = lock.lines();
    let mut newest = "?";
    while let Some(line) = lines.next() {
        if line == head
            && let Some(version) = lines.next().and_then(|line| line.split('"').nth(1))
            && major(version) >= major(newest)
        {
            newest = version;
        }
    }
    newest
}

fn major(version: &str) -> u32 {
    let first = version.split('.').next();
    first.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn version_in_package_lock(lock: &str, name: &str) -> String {
    let lock: serde_json::Value = serde_json::from_str(lock).unwrap_or_default();
    let version = &lock["packages"][format!("node_modules/{name}")]["version"];
    version.as_str().unwrap_or("?").to_owned()
}

fn output_of(program: &str, argument: &str) -> String {
    let output = std::process::Command::new(program).arg(argument).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "is not installed".to_owned())
}
