//! Starts a real authorization server for tests and asks it for access tokens.
//!
//! What goes wrong here is no finding about the library, so it panics with what is needed to mend it.

use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;
use std::{fs, io};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// The folder with the server's script and its packages.
const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// A start takes about half a second; the rest is for a machine that is busy building.
const START_LIMIT: Duration = Duration::from_secs(60);

/// For one request to the server.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// The one client that the script registers.
const CLIENT_ID: &str = "live-test";
const CLIENT_SECRET: &str = "live-test-secret";

/// A running authorization server, which ends when this is dropped.
#[derive(Debug)]
pub struct AuthorizationServer {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    http: reqwest::Client,
    /// Killed on drop. It also holds the server's standard input open, whose end is the end of the server: that
    /// covers a test process that dies before it can drop anything.
    _process: Child,
}

impl AuthorizationServer {
    /// Starts a server with keys of its own, after installing its packages where that is needed.
    ///
    /// # Panics
    /// Without node or npm, or when the server isn't ready within a minute.
    pub async fn start() -> Self {
        install_packages();

        let mut process = Command::new("node")
            .arg("authorization-server.mjs")
            .current_dir(FOLDER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node can't be started: is it installed?");

        // Through this process, so that the test runner shows a server's words with the test they belong to.
        let noise = tokio::spawn(repeat_on_stderr(
            process.stderr.take().expect("a pipe was asked for"),
        ));

        let mut stdout = BufReader::new(process.stdout.take().expect("a pipe was asked for"));
        let mut ready = String::new();
        timeout(START_LIMIT, stdout.read_line(&mut ready))
            .await
            .expect("the authorization server isn't ready after a minute")
            .expect("the authorization server's ready line can't be read");
        if ready.is_empty() {
            // It closed its output, so it is ending: let its last words come through first.
            let _ = timeout(REQUEST_LIMIT, noise).await;
            panic!("the authorization server ended before it was ready");
        }
        let ready: Value = serde_json::from_str(&ready).expect("the ready line is JSON");
        let issuer = member(&ready, "issuer");

        let http = reqwest::Client::builder()
            // A proxy of the environment has no way to this machine's loopback interface.
            .no_proxy()
            .timeout(REQUEST_LIMIT)
            .build()
            .expect("an HTTP client without TLS can be built");
        let metadata_url = format!("{issuer}/.well-known/oauth-authorization-server");
        let metadata = body(http.get(metadata_url)).await;
        let metadata: Value =
            serde_json::from_str(&metadata).expect("the metadata document is JSON");

        Self {
            token_endpoint: member(&metadata, "token_endpoint"),
            jwks_uri: member(&metadata, "jwks_uri"),
            issuer,
            http,
            _process: process,
        }
    }

    /// The issuer's name, as it stands in `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// An access token for a resource by the client credentials grant, with the scope given (space-separated).
    ///
    /// # Panics
    /// When the server refuses, or grants another scope: it drops scopes it doesn't know without a word.
    pub async fn token(&self, resource: &str, scope: &str) -> String {
        let request = self
            .http
            .post(&self.token_endpoint)
            .basic_auth(CLIENT_ID, Some(CLIENT_SECRET))
            .form(&[
                ("grant_type", "client_credentials"),
                ("resource", resource),
                ("scope", scope),
            ]);
        let answer: Value =
            serde_json::from_str(&body(request).await).expect("the token endpoint answers in JSON");
        assert_eq!(
            answer["scope"], scope,
            "the scope granted is not the one asked for"
        );
        member(&answer, "access_token")
    }

    /// The text of the JWK Set that the server publishes.
    ///
    /// # Panics
    /// When the server doesn't give it.
    pub async fn jwks(&self) -> String {
        body(self.http.get(&self.jwks_uri)).await
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
        // npm writes this file last, so an install that was broken off doesn't count.
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
        panic!("the authorization server's packages can't be installed: {why}");
    }
}

async fn repeat_on_stderr(from: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("authorization server: {line}");
    }
}

/// The body of an answer of success.
async fn body(request: reqwest::RequestBuilder) -> String {
    let response = request
        .send()
        .await
        .expect("the authorization server answers");
    let (url, status) = (response.url().clone(), response.status());
    let body = response
        .text()
        .await
        .expect("the authorization server's answer is whole");
    assert!(status.is_success(), "{url} answered {status}: {body}");
    body
}

/// A string member of a JSON object.
fn member(object: &Value, name: &str) -> String {
    let Some(value) = object[name].as_str() else {
        panic!("no string {name:?} in {object}");
    };
    value.to_owned()
}
