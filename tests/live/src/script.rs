//! A node script of this folder, as a process.

use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;
use std::{fs, io};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The folder with the scripts and their packages.
const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// The Node among the packages, where there is one for this kind of machine.
const PACKAGED_NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/node_modules/.bin/node");

/// A start needs about half a second, and a command less. The rest is for a machine that is busy.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// For the last words of a script that ends.
const LAST_WORDS_LIMIT: Duration = Duration::from_secs(5);

/// What runs a script.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Node {
    /// The machine's own.
    Installed,
    /// One that knows ML-DSA, 24.7 or later: that of the packages, else the machine's own.
    WithMlDsa,
}

impl Node {
    fn program(self) -> &'static str {
        match self {
            Node::WithMlDsa if Path::new(PACKAGED_NODE).exists() => PACKAGED_NODE,
            Node::WithMlDsa | Node::Installed => "node",
        }
    }
}

/// A running script, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Script {
    file: &'static str,
    ready: Value,
    pipes: Mutex<Pipes>,
    /// Killed on drop. The pipe to it ends too, which is the end of the script: that covers a test
    /// process that dies before it can drop anything.
    process: Child,
}

#[derive(Debug)]
struct Pipes {
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    noise: JoinHandle<()>,
}

impl Script {
    /// Starts a script with these settings, after installing its packages where that is needed.
    pub(crate) async fn start(node: Node, file: &'static str, settings: &Value) -> Self {
        install_packages();

        let mut process = Command::new(node.program())
            .arg(file)
            .current_dir(FOLDER)
            .env("SETTINGS", settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node can't be started: is it installed?");
        let mut pipes = Pipes {
            commands: process.stdin.take().expect("a pipe was asked for"),
            answers: BufReader::new(process.stdout.take().expect("a pipe was asked for")),
            // Through this process, so that the test runner shows a script's words with the test
            // they belong to.
            noise: tokio::spawn(repeat_on_stderr(
                file,
                process.stderr.take().expect("a pipe was asked for"),
            )),
        };
        let ready = pipes.answer(file).await;
        Script {
            file,
            ready,
            pipes: Mutex::new(pipes),
            process,
        }
    }

    /// Its message when it was ready.
    pub(crate) fn ready(&self) -> &Value {
        &self.ready
    }

    /// Its answer to a command.
    pub(crate) async fn ask(&self, command: &str) -> Value {
        let mut pipes = self.pipes.lock().await;
        let line = format!("{command}\n");
        pipes
            .commands
            .write_all(line.as_bytes())
            .await
            .unwrap_or_else(|error| panic!("{} takes no commands: {error}", self.file));
        pipes.answer(self.file).await
    }

    /// Ends it at once, as a crash would.
    pub(crate) async fn kill(mut self) {
        self.process.kill().await.expect("a script can be killed");
    }
}

impl Pipes {
    async fn answer(&mut self, file: &str) -> Value {
        let mut line = String::new();
        timeout(ANSWER_LIMIT, self.answers.read_line(&mut line))
            .await
            .unwrap_or_else(|_| panic!("{file} does not answer within a minute"))
            .unwrap_or_else(|error| panic!("the answer of {file} can't be read: {error}"));
        if line.is_empty() {
            // It closed its output, so it is ending. Its last message must arrive first.
            let _ = timeout(LAST_WORDS_LIMIT, &mut self.noise).await;
            panic!("{file} ended instead of answering");
        }
        serde_json::from_str(&line).expect("answers are JSON")
    }
}

/// Runs `npm ci` once in this process if `node_modules` is absent or older than the lock.
///
/// It blocks: the tests that wait for it have nothing else to do.
fn install_packages() {
    static INSTALLED: OnceLock<Result<(), String>> = OnceLock::new();

    let installed = INSTALLED.get_or_init(|| {
        let folder = Path::new(FOLDER);
        let changed = |file: &str| -> io::Result<_> { fs::metadata(folder.join(file))?.modified() };
        let lock =
            changed("package-lock.json").map_err(|error| format!("package-lock.json: {error}"))?;
        // npm writes this file last, so an interrupted install has none.
        if changed("node_modules/.package-lock.json").is_ok_and(|install| install >= lock) {
            return Ok(());
        }
        let npm = std::process::Command::new("npm")
            .arg("ci")
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("npm can't be started: {error}"))?;
        if npm.status.success() {
            Ok(())
        } else {
            let words = String::from_utf8_lossy(&npm.stderr);
            Err(format!("npm ci failed ({}):\n{words}", npm.status))
        }
    });
    if let Err(why) = installed {
        panic!("the packages of the scripts can't be installed: {why}");
    }
}

async fn repeat_on_stderr(file: &'static str, from: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("{file}: {line}");
    }
}
