//! The load generator, and the server processes that it puts load on.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;

use crate::api::{Check, Counts};

/// Requests that wait for a response at any moment.
pub(crate) const CONNECTIONS: u64 = 16;
pub(crate) const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/load.lua");

/// What the script reports of a run.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Report {
    pub(crate) requests: u64,
    pub(crate) sent: u64,
    pub(crate) duration_us: u64,
    pub(crate) over_399: u64,
    pub(crate) broken: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
}

/// One thread, so that the server has the other core.
pub(crate) fn run(seconds: u64, address: &str, tokens: &Path) -> Result<Report, Box<dyn Error>> {
    let output = Command::new("wrk")
        .args(["--threads", "1", "--script", SCRIPT])
        .args(["--connections", &CONNECTIONS.to_string()])
        .args(["--duration", &format!("{seconds}s")])
        .arg(format!("http://{address}"))
        .arg("--")
        .arg(tokens)
        .output()
        .map_err(|problem| format!("wrk does not start; Debian has it as a package: {problem}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with('{'));
    let line = line.ok_or_else(|| {
        let problem = String::from_utf8_lossy(&output.stderr);
        format!("wrk gave no result: {text}{problem}")
    })?;
    Ok(serde_json::from_str(line)?)
}

/// A server in a process of its own, which ends with this value.
pub(crate) struct Server {
    process: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(check: Check, issuer: &str) -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["serve", check.name(), issuer])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let commands = process.stdin.take().ok_or("no pipe")?;
        let answers = BufReader::new(process.stdout.take().ok_or("no pipe")?);
        let mut server = Server {
            process,
            commands,
            answers,
            address: String::new(),
        };
        server.address = server.line()?;
        Ok(server)
    }

    /// From now on all counts start at 0, and the cache has none of these tokens.
    pub(crate) fn begin(&mut self, tokens: &Path) -> Result<(), Box<dyn Error>> {
        self.ask(&format!("begin {}", tokens.display()))?;
        Ok(())
    }

    pub(crate) fn report(&mut self) -> Result<Counts, Box<dyn Error>> {
        self.ask("report")
    }

    /// For how long the server's only busy thread has been on a core.
    pub(crate) fn cpu_ns(&self) -> Result<u64, Box<dyn Error>> {
        let path = format!("/proc/{}/schedstat", self.process.id());
        let text = std::fs::read_to_string(path)?;
        let first = text.split(' ').next().unwrap_or_default();
        Ok(first.parse()?)
    }

    fn ask(&mut self, command: &str) -> Result<Counts, Box<dyn Error>> {
        writeln!(self.commands, "{command}")?;
        Ok(serde_json::from_str(&self.line()?)?)
    }

    fn line(&mut self) -> Result<String, Box<dyn Error>> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        if line.is_empty() {
            return Err("a server has ended".into());
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        if let Err(problem) = ended {
            eprintln!("a server does not end: {problem}");
        }
    }
}
