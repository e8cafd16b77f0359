//! What an issuer wants to see before it shows its metadata and keys.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use url::Origin;
use zeroize::Zeroizing;

use super::super::address::{Address, Http};
use super::super::bounds::{LONGEST_READ, MAX_TOKEN_FILE_BYTES};
use super::super::fetch_problem::FetchError;
use super::super::file::{FileProblem, read_apart};
use super::super::single_flight::{Awaited, Flight, take_off};

#[derive(Clone)]
pub(crate) enum Credential {
    /// A token in a file, which may change.
    BearerFile(PathBuf),
    Header(HeaderName, HeaderValue),
}

impl Credential {
    /// RFC 7617 section 2, in UTF-8.
    pub(crate) fn basic(user: &str, password: &str) -> Result<Self, FetchError> {
        let is_empty = user.is_empty() && password.is_empty();
        let mut characters = user.chars().chain(password.chars());
        if is_empty || user.contains(':') || characters.any(char::is_control) {
            return Err(FetchError::BasicCredentials);
        }
        let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let value = sensitive(&text).ok_or(FetchError::BasicCredentials)?;
        Ok(Credential::Header(AUTHORIZATION, value))
    }

    pub(crate) fn header(name: &str, value: &str) -> Result<Self, FetchError> {
        let refused = || FetchError::Header(name.to_owned());
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        let value = sensitive(value).ok_or_else(refused)?;
        Ok(Credential::Header(header, value))
    }

    pub(crate) fn header_name(&self) -> &HeaderName {
        match self {
            Credential::BearerFile(_) => &AUTHORIZATION,
            Credential::Header(name, _) => name,
        }
    }
}

/// A credential, and where it may go besides the issuer's own origin.
pub(crate) struct Credentials {
    credential: Credential,
    also_for: Vec<Origin>,
    /// The read of the token's file that is under way.
    reading: Arc<Mutex<Option<Reading>>>,
}

type Reading = Flight<Result<HeaderValue, Arc<TokenFileProblem>>>;

impl Credentials {
    pub(crate) fn new(credential: Credential, also_for: &[String]) -> Result<Self, FetchError> {
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
            reading: Arc::default(),
        })
    }

    pub(crate) fn are_also_for(&self, origin: &Origin) -> bool {
        self.also_for.contains(origin)
    }

    /// The header to send. A token in a file is read again for each call, and once for calls that
    /// wait at the same time. So a renewed token applies immediately.
    pub(crate) async fn header(&self) -> Result<(HeaderName, HeaderValue), TokenFileError> {
        let name = self.credential.header_name().clone();
        let value = match &self.credential {
            Credential::Header(_, value) => value.clone(),
            Credential::BearerFile(path) => {
                self.bearer(path).await.map_err(|problem| TokenFileError {
                    path: path.clone(),
                    problem,
                })?
            }
        };
        Ok((name, value))
    }

    async fn bearer(&self, path: &Path) -> Result<HeaderValue, Arc<TokenFileProblem>> {
        let reading = self.reading(path);
        let slow = || Err(Arc::new(TokenFileProblem::Slow));
        let late = tokio::time::sleep(reading.left_of(LONGEST_READ));
        match reading.wait(late).await {
            Awaited::Landed(token) => token,
            Awaited::Lost => Err(Arc::new(FileProblem::NoThread.into())),
            Awaited::Late => slow(),
        }
    }

    /// Joins the read that is under way, or begins one. A read that hangs stays under way, so it is
    /// not followed by others that hang.
    fn reading(&self, path: &Path) -> Reading {
        let slot = Arc::clone(&self.reading);
        let mut current = lock(&self.reading);
        if let Some(reading) = &*current {
            return reading.clone();
        }
        let (reading, landing) = {
            let slot = Arc::clone(&slot);
            take_off(move |_, _| *lock(&slot) = None)
        };
        *current = Some(reading.clone());
        // If no thread is available, the work is dropped within this call, and that drop takes the
        // lock.
        drop(current);
        read_apart(path, MAX_TOKEN_FILE_BYTES, move |read| {
            let token = read.map_err(TokenFileProblem::from).and_then(token_in);
            *lock(&slot) = None;
            landing.land(token.map_err(Arc::new));
        });
        reading
    }
}

fn lock(slot: &Mutex<Option<Reading>>) -> MutexGuard<'_, Option<Reading>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The header's value for the one token in a file.
fn token_in(content: Vec<u8>) -> Result<HeaderValue, TokenFileProblem> {
    let content = Zeroizing::new(content);
    let token = content.trim_ascii();
    if token.is_empty() || !token.iter().all(u8::is_ascii_graphic) {
        return Err(TokenFileProblem::NotAToken);
    }
    let text = Zeroizing::new([b"Bearer ", token].concat());
    let mut value = HeaderValue::from_bytes(&text).map_err(|_| TokenFileProblem::NotAToken)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A header's value that is shown nowhere.
pub(crate) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A file gives no token to send.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the bearer token's file {} gives none", path.display())]
pub(crate) struct TokenFileError {
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
        let credentials = Credentials::new(Credential::BearerFile(path.to_owned()), &[]).unwrap();
        let slot = Arc::clone(&credentials.reading);
        let (hangs, landing) = take_off(move |_, _| *lock(&slot) = None);
        *lock(&credentials.reading) = Some(hangs.clone());
        tokio::time::pause();
        for _ in 0..3 {
            let error = credentials.bearer(path).await.unwrap_err();
            assert!(matches!(*error, TokenFileProblem::Slow), "{error}");
            let reading = lock(&credentials.reading).as_ref().map(Flight::number);
            assert_eq!(reading, Some(hangs.number()));
        }
        // Once it is over, the file is read again.
        tokio::time::resume();
        drop(landing);
        let error = credentials.bearer(path).await.unwrap_err();
        assert!(matches!(*error, TokenFileProblem::File(_)), "{error}");
        assert!(lock(&credentials.reading).is_none());
    }
}
