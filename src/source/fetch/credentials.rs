//! What an issuer wants to see before it shows its metadata and keys.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use tokio::sync::oneshot;
use url::Origin;

use super::super::address::{Address, Http};
use super::super::file::{FileProblem, read_apart};
use super::FetchError;

/// The largest file with a token, in bytes: no server takes a longer header.
const MAX_TOKEN_FILE_BYTES: usize = 16 * 1024;
/// A disk that takes longer hangs.
const LONGEST_READ: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(super) enum Credential {
    /// A token in a file, which may change.
    BearerFile(PathBuf),
    Header(HeaderName, HeaderValue),
}

impl Credential {
    /// RFC 7617 section 2, in UTF-8.
    pub(super) fn basic(user: &str, password: &str) -> Result<Self, FetchError> {
        let is_empty = user.is_empty() && password.is_empty();
        let mut characters = user.chars().chain(password.chars());
        if is_empty || user.contains(':') || characters.any(char::is_control) {
            return Err(FetchError::BasicCredentials);
        }
        let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let value = sensitive(&text).ok_or(FetchError::BasicCredentials)?;
        Ok(Credential::Header(AUTHORIZATION, value))
    }

    pub(super) fn header(name: &str, value: &str) -> Result<Self, FetchError> {
        let refused = || FetchError::Header(name.to_owned());
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        let value = sensitive(value).ok_or_else(refused)?;
        Ok(Credential::Header(header, value))
    }

    pub(super) fn header_name(&self) -> &HeaderName {
        match self {
            Credential::BearerFile(_) => &AUTHORIZATION,
            Credential::Header(name, _) => name,
        }
    }
}

/// A credential, and where it may go beside the issuer's own origin.
pub(in super::super) struct Credentials {
    credential: Credential,
    also_for: Vec<Origin>,
    /// One read at a time: one that hangs is not followed by others that hang.
    is_being_read: Arc<AtomicBool>,
}

impl Credentials {
    pub(super) fn new(credential: Credential, also_for: &[String]) -> Result<Self, FetchError> {
        let origin = |text: &String| {
            let address = Address::parse(text, Http::ToLoopback).ok()?;
            let url = address.url();
            let is_origin = url.path() == "/" && url.query().is_none();
            is_origin.then(|| url.origin())
        };
        let origins: Option<Vec<_>> = also_for.iter().map(origin).collect();
        Ok(Credentials {
            credential,
            also_for: origins.ok_or(FetchError::CredentialsOrigin)?,
            is_being_read: Arc::default(),
        })
    }

    pub(in super::super) fn are_also_for(&self, origin: &Origin) -> bool {
        self.also_for.contains(origin)
    }

    /// The header to send. A token in a file is read anew for each call, so that one that was renewed counts at once; calls are
    /// seldom.
    pub(in super::super) async fn header(
        &self,
    ) -> Result<(HeaderName, HeaderValue), TokenFileError> {
        let name = self.credential.header_name().clone();
        let value = match &self.credential {
            Credential::Header(_, value) => value.clone(),
            Credential::BearerFile(path) => {
                let bearer = bearer(path, &self.is_being_read).await;
                bearer.map_err(|problem| TokenFileError {
                    path: path.clone(),
                    problem: Arc::new(problem),
                })?
            }
        };
        Ok((name, value))
    }
}

/// Ends with the read, also where that never began.
struct Reading(Arc<AtomicBool>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

async fn bearer(
    path: &Path,
    is_being_read: &Arc<AtomicBool>,
) -> Result<HeaderValue, TokenFileProblem> {
    if is_being_read.swap(true, Ordering::AcqRel) {
        return Err(TokenFileProblem::Slow);
    }
    let reading = Reading(Arc::clone(is_being_read));
    let (sender, receiver) = oneshot::channel();
    read_apart(path, MAX_TOKEN_FILE_BYTES, move |read| {
        drop(reading);
        // Nobody waits any more where it took too long.
        let _ = sender.send(read);
    });
    let read = tokio::time::timeout(LONGEST_READ, receiver).await;
    let read = read.map_err(|_| TokenFileProblem::Slow)?;
    let content = read.unwrap_or(Err(FileProblem::NoThread))?;
    let token = content.trim_ascii();
    if token.is_empty() || !token.iter().all(u8::is_ascii_graphic) {
        return Err(TokenFileProblem::NotAToken);
    }
    let text = [b"Bearer ", token].concat();
    let mut value = HeaderValue::from_bytes(&text).map_err(|_| TokenFileProblem::NotAToken)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A header's value that is shown nowhere.
pub(in super::super) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A file gives no token to send.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the bearer token's file {} gives none", path.display())]
pub(in super::super) struct TokenFileError {
    path: PathBuf,
    #[source]
    problem: Arc<TokenFileProblem>,
}

/// Why, without a word of what is in it.
#[derive(Debug, thiserror::Error)]
enum TokenFileProblem {
    #[error(transparent)]
    File(#[from] FileProblem),
    #[error("there must be one token in it and nothing else, without spaces and line breaks")]
    NotAToken,
    #[error("it is taking long to be read")]
    Slow,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn f02_a_file_that_hangs_is_not_read_again_and_again() {
        let path = Path::new("/nowhere/token");
        let is_being_read = Arc::new(AtomicBool::new(true));
        let error = bearer(path, &is_being_read).await.unwrap_err();
        assert!(matches!(error, TokenFileProblem::Slow), "{error}");
        drop(Reading(Arc::clone(&is_being_read)));
        let error = bearer(path, &is_being_read).await.unwrap_err();
        assert!(matches!(error, TokenFileProblem::File(_)), "{error}");
        assert!(!is_being_read.load(Ordering::Acquire));
    }
}
