//! What is said of calls of Redis that fail. A reply of Redis may quote a command, and so a
//! password: only its code is shown.

use std::io;
use std::time::Duration;

use redis::{ErrorKind, RedisError};

use crate::source_error::{SourceError, SourceErrorKind};

/// The longest code of a reply that is shown. Those of Redis are shorter.
const MAX_CODE_BYTES: usize = 32;

/// There was no whole response within the limit.
pub(super) fn late(address: &str, limit: Duration) -> SourceError {
    let what = format!(
        "the replay store at {address} did not respond within {limit:?} (RedisReplayStore::timeout)"
    );
    SourceError::new(what).of_kind(SourceErrorKind::Timeout)
}

/// The proof is there, and the connection ended after a first attempt to enter it.
pub(super) fn unclear(address: &str) -> SourceError {
    let what = format!(
        "the connection to the replay store at {address} ended while a proof was entered, so it is not known whether the proof was used before"
    );
    SourceError::new(what).of_kind(SourceErrorKind::Connect)
}

/// The reply is none of those that `SET` has.
pub(super) fn unexpected() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "neither OK nor nil").into()
}

pub(super) fn of(error: &RedisError, address: &str, limit: Duration) -> SourceError {
    if error.is_timeout() {
        return late(address, limit);
    }
    if error.is_io_error() {
        // The text of the machine's own error.
        let cause = io::Error::other(error.to_string());
        let what = format!("the replay store at {address} can't be reached");
        return SourceError::new(what)
            .caused_by(cause)
            .of_kind(SourceErrorKind::Connect);
    }
    let refused = || {
        let what = format!("the replay store at {address} refuses the credentials of its URL");
        SourceError::new(what).of_kind(SourceErrorKind::CredentialsRefused)
    };
    if error.kind() == ErrorKind::AuthenticationFailed {
        return refused();
    }
    match error.code() {
        Some("NOAUTH" | "WRONGPASS" | "NOPERM") => refused(),
        Some("OOM") => SourceError::new(format!(
            "the replay store at {address} is full (maxmemory of Redis)"
        )),
        Some(code) => SourceError::new(format!(
            "the replay store at {address} responded with the error {}",
            shown(code)
        )),
        None => SourceError::new(format!(
            "the replay store at {address} can't be used: {}",
            error.category()
        )),
    }
}

/// A code such as `LOADING`. Any other first word may be part of a text.
fn shown(code: &str) -> &str {
    let is_code =
        code.len() <= MAX_CODE_BYTES && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { code } else { "of an unknown code" }
}
