//! The regression guard: our own instructions for a few cases, counted by callgrind, and compared
//! with a recorded baseline. The functions of aws-lc and libc are left out, so that a change of
//! ours shows.
//!
//! `cargo run -p guard --profile guard` prints a table of the cases, and fails if one is over its
//! baseline by more than the tolerance. With `-- --record` it writes the baseline.

#[allow(dead_code)] // a part of it is used
#[path = "../../cell.rs"]
mod cell;
#[path = "../../counted.rs"]
mod counted;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use resource_server::testing::TestIssuer;
use resource_server::{Algorithm, Issuer, NumericDate, StaticKeys, Validator};

use cell::thousands;
use counted::{
    AUDIENCE, ISSUER, counted_case, has_valgrind, instructions_by_function, run_under_callgrind,
};

/// What is counted begins and ends here.
const COUNTED_FUNCTION: &str = "*judge_once*";
/// The count is the mean of these.
const ROUNDS: u32 = 50;
/// The sum of the functions over which a case fails, in percent of its baseline.
const TOLERANCE: f64 = 3.0;
/// The name of the table in README.md of the benches.
const TABLE: &str = "<!-- guard -->";
const CACHE_BYTES: u64 = 1024 * 1024;

#[derive(Clone, Copy)]
enum Case {
    AcceptRs256,
    RefuseExpired,
    RefuseGarbage,
    WarmHit,
}

impl Case {
    const ALL: [Case; 4] = [
        Case::AcceptRs256,
        Case::RefuseExpired,
        Case::RefuseGarbage,
        Case::WarmHit,
    ];

    const fn name(self) -> &'static str {
        match self {
            Case::AcceptRs256 => "accept_rs256",
            Case::RefuseExpired => "refuse_expired",
            Case::RefuseGarbage => "refuse_garbage",
            Case::WarmHit => "warm_hit",
        }
    }

    /// What a reader calls it.
    const fn text(self) -> &'static str {
        match self {
            Case::AcceptRs256 => "an accepted RS256 token with ten claims",
            Case::RefuseExpired => "the same token, expired",
            Case::RefuseGarbage => "as many bytes without dots",
            Case::WarmHit => "a hit of the token cache",
        }
    }

    const fn is_accepted(self) -> bool {
        matches!(self, Case::AcceptRs256 | Case::WarmHit)
    }
}

fn main() -> ExitCode {
    if let Some(name) = counted_case() {
        let case = Case::ALL.into_iter().find(|case| case.name() == name);
        run(case.expect("a case"));
        return ExitCode::SUCCESS;
    }
    if !has_valgrind() {
        println!("{TABLE}\nskipped: valgrind is not installed");
        return ExitCode::FAILURE;
    }
    let found = Baseline::count();
    if std::env::args().any(|argument| argument == "--record") {
        std::fs::write(Baseline::path(), found.to_text()).expect("the baseline is writable");
        print!("{}", found.to_text());
        return ExitCode::SUCCESS;
    }
    let recorded = std::fs::read_to_string(Baseline::path()).unwrap_or_default();
    match found.compare(&Baseline::parse(&recorded)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("{problem}");
            ExitCode::FAILURE
        }
    }
}

#[inline(never)]
fn judge_once(validator: &Validator, token: &str) -> bool {
    validator
        .validate_cached(token)
        .is_some_and(|verdict| verdict.is_ok())
}

/// What runs under callgrind.
fn run(case: Case) {
    let issuer = TestIssuer::new(ISSUER, AUDIENCE).algorithms([Algorithm::RS256]);
    let keys = StaticKeys::from_jwks(&issuer.jwks()).expect("a JWK Set");
    let builder = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::new(ISSUER).keys(keys));
    let builder = match case {
        Case::WarmHit => builder.token_cache(CACHE_BYTES),
        _ => builder,
    };
    let validator = builder.build().expect("sound settings");
    let good = issuer
        .token()
        .algorithm(Algorithm::RS256)
        .subject("248289761001-a1b2c3d4")
        .client_id("orders-web-frontend")
        .scope("orders:read orders:write profile")
        .claim("nbf", 1_700_000_000)
        .claim("tenant", "0f8fad5b-d9cb-469f-a165-70867728950e");
    let token = match case {
        Case::AcceptRs256 | Case::WarmHit => good.mint(),
        Case::RefuseExpired => good
            .expires_at(NumericDate::from_secs(1_700_000_300))
            .mint(),
        Case::RefuseGarbage => "x".repeat(good.mint().len()),
    };
    // What a process or a token causes once is not counted.
    for _ in 0..2 {
        let verdict = validator.validate_cached(&token).expect("keys");
        assert_eq!(verdict.is_ok(), case.is_accepted());
    }
    for _ in 0..ROUNDS {
        assert_eq!(
            judge_once(black_box(&validator), black_box(&token)),
            case.is_accepted()
        );
    }
}

/// Instructions of each case, the compiler that made the code, and the processor that ran it.
struct Baseline {
    compiler: String,
    processor: String,
    instructions: BTreeMap<String, u64>,
}

impl Baseline {
    fn path() -> PathBuf {
        let file = format!("baseline/{}.txt", std::env::consts::ARCH);
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)
    }

    fn count() -> Self {
        let instructions = Case::ALL.into_iter().map(|case| {
            let output = std::env::temp_dir().join(format!(
                "callgrind.{}.{}.out",
                std::process::id(),
                case.name()
            ));
            let path = output.to_str().expect("a path of text");
            run_under_callgrind(case.name(), COUNTED_FUNCTION, path, &[]);
            let functions = instructions_by_function(path);
            std::fs::remove_file(&output).expect("what callgrind wrote");
            let ours = functions.iter().filter(|(name, _)| is_ours(name));
            let sum: u64 = ours.map(|(_, instructions)| instructions).sum();
            assert!(sum > 0, "callgrind found no function of {}", case.name());
            (case.name().to_owned(), sum / u64::from(ROUNDS))
        });
        Baseline {
            instructions: instructions.collect(),
            compiler: compiler(),
            processor: processor().to_owned(),
        }
    }

    /// Lines of a name and a value.
    fn to_text(&self) -> String {
        let mut text = format!("{}\n{}\n", self.compiler, self.processor);
        for (name, instructions) in &self.instructions {
            let _ = writeln!(text, "{name} {instructions}");
        }
        text
    }

    fn parse(text: &str) -> Self {
        let (compiler, rest) = text.split_once('\n').unwrap_or_default();
        let (processor, cases) = rest.split_once('\n').unwrap_or_default();
        let entry = |line: &str| {
            let (name, instructions) = line.split_once(' ')?;
            Some((name.to_owned(), instructions.parse().ok()?))
        };
        Baseline {
            compiler: compiler.to_owned(),
            processor: processor.to_owned(),
            instructions: cases.lines().filter_map(entry).collect(),
        }
    }

    /// Prints a table of the cases.
    fn compare(&self, recorded: &Baseline) -> Result<(), String> {
        if self.compiler != recorded.compiler {
            return Err(format!(
                "the baseline {} is of {:?}, and this is {:?}",
                Baseline::path().display(),
                recorded.compiler,
                self.compiler
            ));
        }
        println!("{TABLE}");
        if self.processor != recorded.processor {
            println!(
                "skipped: the baseline is of {}, and this is {}",
                recorded.processor, self.processor
            );
            return Ok(());
        }
        println!("| case | instructions of ours | to the baseline |");
        println!("| --- | --: | --: |");
        let mut slower = Vec::new();
        for case in Case::ALL {
            let (name, text) = (case.name(), case.text());
            let count = |baseline: &Baseline| baseline.instructions.get(name).copied();
            let problem = || format!("{name} has no baseline");
            let found = count(self).ok_or_else(problem)?;
            let change = percent_more(found, count(recorded).ok_or_else(problem)?);
            println!("| {text} | {} | {change:+.1} % |", thousands(found));
            if change > TOLERANCE {
                slower.push(name);
            }
        }
        if slower.is_empty() {
            return Ok(());
        }
        let cases = slower.join(", ");
        Err(format!(
            "more than {TOLERANCE} % over the baseline: {cases}"
        ))
    }
}

/// Rust's functions have paths, and those of C have none. The binding of aws-lc is not ours.
fn is_ours(function: &str) -> bool {
    function.contains("::") && !function.contains("aws_lc_rs::") && !function.contains("aws_lc_sys")
}

#[allow(clippy::cast_precision_loss)] // counts are far below 2^52
fn percent_more(found: u64, before: u64) -> f64 {
    (found as f64 / before as f64 - 1.0) * 100.0
}

/// What base64 and memchr choose their code by when they run.
fn processor() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return "avx2";
    }
    "no avx2"
}

/// `rustc 1.95.0`: other compilers give other counts. The one of the shell is the one that cargo
/// used.
fn compiler() -> String {
    let output = Command::new("rustc")
        .arg("--version")
        .output()
        .expect("rustc");
    let text = String::from_utf8(output.stdout).expect("text");
    let mut words = text.split(' ');
    let (name, version) = (words.next(), words.next());
    format!(
        "{} {}",
        name.unwrap_or_default(),
        version.unwrap_or_default()
    )
}
