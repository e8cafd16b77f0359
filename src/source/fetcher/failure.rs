//! Calls that brought nothing.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::{self, CertificateError};

use super::body_limit::BodyLimit;
use super::credentials::TokenFileError;
use crate::source_error::SourceErrorKind;

/// A call that brought nothing. Shows the address without its query.
#[derive(Clone, Debug)]
pub(crate) struct CallError {
    pub(super) address: String,
    pub(super) kind: CallErrorKind,
    /// The setting that may mend it.
    pub(super) hint: Option<String>,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.kind)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
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
    /// The address is shown without the parts that may be secret.
    #[error(
        "it redirects to {to}, and redirects are not followed: set the address that it leads to"
    )]
    Redirected { to: String },
    #[error("its answer is larger than {limit}")]
    TooLarge { limit: BodyLimit },
    #[error("its answer is not UTF-8 text")]
    NotText,
    #[error("its answer is compressed: {0}")]
    Compressed(String),
    #[error(
        "its answer begins with a byte order mark, which JSON must not have (RFC 8259 section 8.1)"
    )]
    ByteOrderMark,
    #[error("its answer is not JSON, by its content type {0}")]
    NotJson(String),
    #[error("its answer is not of the type {wanted}, but {found}")]
    OtherType { wanted: &'static str, found: String },
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

    /// Whether the connection, which may have been used before, ended before there was an answer:
    /// then a new one may do.
    pub(crate) fn is_of_old_connection(&self) -> bool {
        matches!(self.kind, CallErrorKind::Dropped(_))
    }

    pub(crate) fn is_redirect(&self) -> bool {
        matches!(self.kind, CallErrorKind::Redirected { .. })
    }

    pub(crate) fn kind(&self) -> SourceErrorKind {
        match &self.kind {
            CallErrorKind::Unreachable(error) | CallErrorKind::Dropped(error) => kind_of(error),
            CallErrorKind::Timeout => SourceErrorKind::Timeout,
            CallErrorKind::CredentialsWithheld { .. }
            | CallErrorKind::Status {
                code: 401 | 403, ..
            } => SourceErrorKind::CredentialsRefused,
            CallErrorKind::Status { .. } | CallErrorKind::Redirected { .. } => {
                SourceErrorKind::Status
            }
            CallErrorKind::TooLarge { .. }
            | CallErrorKind::NotText
            | CallErrorKind::Compressed(_)
            | CallErrorKind::ByteOrderMark
            | CallErrorKind::NotJson(_)
            | CallErrorKind::OtherType { .. } => SourceErrorKind::Body,
            CallErrorKind::Busy | CallErrorKind::TokenFile(_) => SourceErrorKind::Other,
        }
    }

    pub(crate) fn status(&self) -> Option<u16> {
        match self.kind {
            CallErrorKind::Status { code, .. } | CallErrorKind::CredentialsWithheld { code } => {
                Some(code)
            }
            _ => None,
        }
    }

    /// Whether the answer says that there is nothing at the address. It does not where the server
    /// wants credentials (401, 403), or another try (408, 425, 429).
    pub(crate) fn says_absent(&self) -> bool {
        self.status().is_some_and(|code| {
            matches!(code, 400..=499) && !matches!(code, 401 | 403 | 408 | 425 | 429)
        })
    }

    /// Whether the answer may concern this request alone, so that another may succeed: the server
    /// can't process it (400, 422), or it or its answer is too large (413, 414, 431).
    pub(crate) fn is_about_one_request(&self) -> bool {
        matches!(self.status(), Some(400 | 413 | 414 | 422 | 431))
            || matches!(self.kind, CallErrorKind::TooLarge { .. })
    }

    /// Whether another request would have failed the same way: there was no connection, or the
    /// server limits the rate of calls. Any other failure may be caused by what was sent.
    pub(crate) fn is_about_any_request(&self) -> bool {
        match &self.kind {
            CallErrorKind::Unreachable(error) => error.is_connect(),
            CallErrorKind::Busy | CallErrorKind::TokenFile(_) => true,
            _ => self.status() == Some(429),
        }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            CallErrorKind::Status { retry_after, .. } => retry_after,
            _ => None,
        }
    }
}

impl CallErrorKind {
    /// The setting of `Fetch` that mends it, where one does. `unused_proxy` is the variable of the
    /// environment that names a proxy, if that is not used.
    pub(super) fn hint(&self, unused_proxy: Option<&'static str>) -> Option<String> {
        let cause = match self {
            CallErrorKind::Unreachable(error) | CallErrorKind::Dropped(error) => cause_of(error),
            CallErrorKind::Timeout => Cause::Other,
            _ => return None,
        };
        let proxy = unused_proxy.map(|variable| {
            format!(
                "{variable} names a proxy, which is not used without Fetch::proxy_from_environment"
            )
        });
        match (cause, proxy) {
            (Cause::UnknownAuthority, _) => Some(
                "the authority that issued its TLS certificate is not trusted here: \
                 Fetch::root_certificates_pem adds an authority"
                    .to_owned(),
            ),
            (Cause::Tls, _) | (Cause::Other, None) => None,
            (_, Some(proxy)) => Some(proxy),
            (Cause::Dns, None) => Some(
                "its host name does not resolve here: if a proxy resolves it, set Fetch::proxy or \
                 Fetch::proxy_from_environment"
                    .to_owned(),
            ),
        }
    }
}

/// Whether the connection ended before there was an answer.
pub(super) fn was_dropped(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout()
}

/// A call that had no answer, or not the whole of one.
pub(super) fn unreachable(error: reqwest::Error) -> CallErrorKind {
    if error.is_timeout() {
        CallErrorKind::Timeout
    } else {
        CallErrorKind::Unreachable(Arc::new(error.without_url()))
    }
}

#[derive(Clone, Copy)]
enum Cause {
    Dns,
    /// A TLS certificate of an authority that is not trusted.
    UnknownAuthority,
    /// Another failure of TLS.
    Tls,
    Other,
}

fn kind_of(error: &reqwest::Error) -> SourceErrorKind {
    match cause_of(error) {
        Cause::Dns => SourceErrorKind::Dns,
        Cause::UnknownAuthority | Cause::Tls => SourceErrorKind::Tls,
        Cause::Other if error.is_body() || error.is_decode() => SourceErrorKind::Body,
        Cause::Other => SourceErrorKind::Connect,
    }
}

/// The HTTP client says only that it could not connect; why is somewhere in its chain.
fn cause_of(error: &reqwest::Error) -> Cause {
    let mut cause = error.source();
    while let Some(one) = cause {
        match tls_error(one) {
            Some(rustls::Error::InvalidCertificate(
                // The other one is of an authority whose name is known, with another key.
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            )) => {
                return Cause::UnknownAuthority;
            }
            Some(_) => return Cause::Tls,
            None => {}
        }
        // Its type is private to the client.
        if one.to_string() == "dns error" {
            return Cause::Dns;
        }
        cause = one.source();
    }
    Cause::Other
}

/// An io::Error shows the source of what it wraps as its own source, and not what it wraps.
fn tls_error<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e rustls::Error> {
    let mut wrapper = error.downcast_ref::<io::Error>();
    while let Some(inner) = wrapper.and_then(io::Error::get_ref) {
        if let Some(found) = inner.downcast_ref() {
            return Some(found);
        }
        wrapper = inner.downcast_ref::<io::Error>();
    }
    error.downcast_ref()
}
