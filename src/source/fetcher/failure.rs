//! Calls that brought nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::super::fetch::TokenFileError;

/// A call that brought nothing. Shows the address without its query.
#[derive(Clone, Debug)]
pub(crate) struct CallError {
    pub(super) address: String,
    pub(super) kind: CallErrorKind,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.kind)
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind.source()
    }
}

#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum CallErrorKind {
    #[error("it can't be reached")]
    Unreachable(#[source] Arc<reqwest::Error>),
    /// On a connection that may have been used before.
    #[error("it can't be reached")]
    Dropped(#[source] Arc<reqwest::Error>),
    #[error("it did not answer in time")]
    Timeout,
    #[error("so many calls are under way that this one got no turn")]
    Busy,
    #[error("it answered with status {code}")]
    Status {
        code: u16,
        retry_after: Option<Duration>,
    },
    #[error(
        "it answered with status {code}, and the credentials set for the issuer were not shown to it, since they are for \
         another origin (Fetch::credentials_also_for), or since it is plain http"
    )]
    CredentialsWithheld { code: u16 },
    #[error(transparent)]
    TokenFile(#[from] TokenFileError),
    #[error(
        "it redirects to host \"{host}\", and redirects are not followed: set the address that it leads to"
    )]
    Redirected { host: String },
    #[error("its answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("its answer is not UTF-8 text")]
    NotText,
    #[error("its answer is not of the type {0}")]
    OtherType(&'static str),
}

impl CallError {
    /// Whether the other side could not be asked, or not in time.
    pub(crate) fn is_network(&self) -> bool {
        matches!(
            self.kind,
            CallErrorKind::Unreachable(_)
                | CallErrorKind::Timeout
                | CallErrorKind::Busy
                | CallErrorKind::TokenFile(_)
        )
    }

    /// Whether the connection, which may have been used before, ended before there was an answer: then a new one may do.
    pub(crate) fn is_of_old_connection(&self) -> bool {
        matches!(self.kind, CallErrorKind::Dropped(_))
    }

    pub(crate) fn status(&self) -> Option<u16> {
        match self.kind {
            CallErrorKind::Status { code, .. } | CallErrorKind::CredentialsWithheld { code } => {
                Some(code)
            }
            _ => None,
        }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            CallErrorKind::Status { retry_after, .. } => retry_after,
            _ => None,
        }
    }
}
