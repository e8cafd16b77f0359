//! The tokens of the load, in files with a token a line.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{Algorithm, NumericDate};

use crate::api::REPEATED;

/// Longer than the run.
const LIFETIME: Duration = Duration::from_secs(4 * 3600);

/// A folder for files, which is deleted with what is in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> io::Result<Self> {
        let name = format!("resource-server-load-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(problem) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{}: {problem}", self.0.display());
        }
    }
}

/// Tokens that wrk sends one after the other.
pub(crate) struct TokenFile {
    pub(crate) path: PathBuf,
    pub(crate) tokens: usize,
    /// The length of the first.
    pub(crate) bytes: usize,
}

impl TokenFile {
    fn write(folder: &Folder, name: &str, tokens: &[String]) -> io::Result<Self> {
        let path = folder.0.join(name);
        std::fs::write(&path, tokens.join("\n") + "\n")?;
        Ok(TokenFile {
            path,
            tokens: tokens.len(),
            bytes: tokens.first().map_or(0, String::len),
        })
    }
}

/// Mints the tokens of one algorithm.
pub(crate) struct Mint<'a> {
    pub(crate) issuer: &'a TestIssuer,
    pub(crate) algorithm: Algorithm,
    pub(crate) folder: &'a Folder,
}

impl Mint<'_> {
    pub(crate) fn repeated(&self) -> io::Result<TokenFile> {
        let tokens: Vec<_> = (0..REPEATED).map(|number| self.good(number)).collect();
        self.write("repeated", &tokens)
    }

    /// Each thread of the machine mints a part, since RS256 takes most of a millisecond.
    pub(crate) fn fresh(&self, count: usize) -> io::Result<TokenFile> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let numbers: Vec<_> = (REPEATED..REPEATED + count).collect();
        let parts: Vec<Vec<String>> = std::thread::scope(|scope| {
            let minters: Vec<_> = numbers
                .chunks(count.div_ceil(threads).max(1))
                .map(|part| scope.spawn(|| part.iter().map(|number| self.good(*number)).collect()))
                .collect();
            let joined = minters.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined.map(|part| part.expect("a part")).collect()
        });
        self.write("fresh", &parts.concat())
    }

    pub(crate) fn expired(&self) -> io::Result<TokenFile> {
        let token = self
            .token(0)
            .issued_at(NumericDate::from_secs(1_700_000_000))
            .expires_at(NumericDate::from_secs(1_700_000_300));
        self.write("expired", &[token.mint()])
    }

    fn write(&self, name: &str, tokens: &[String]) -> io::Result<TokenFile> {
        let name = format!("{}-{name}", self.algorithm.as_str());
        TokenFile::write(self.folder, &name, tokens)
    }

    fn good(&self, number: usize) -> String {
        self.token(number).expires_in(LIFETIME).mint()
    }

    fn token(&self, number: usize) -> TestToken {
        self.issuer
            .token()
            .algorithm(self.algorithm)
            .subject(&format!("{number:012}"))
            .client_id("orders-web-frontend")
            .scope("orders:read orders:write profile")
            .claim("nbf", 1_700_000_000)
            .claim("tenant", "0f8fad5b-d9cb-469f-a165-70867728950e")
    }
}
