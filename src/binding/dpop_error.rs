//! What can be wrong with the settings of DPoP.

use std::time::Duration;

/// Why the settings of [`Dpop`](crate::binding::Dpop) can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DpopError {
    /// The origin is not scheme, host and port, or its scheme is not safe.
    #[error(
        "\"{}\" is not an origin: write scheme, host and at most a port, such as https://api.example.com (http only on \
         loopback; a name outside ASCII as its A-labels, xn--..)",
        found.escape_debug()
    )]
    Origin {
        /// The value that was set, without user and password.
        found: String,
    },
    /// The origin has a path.
    #[error(
        "the origin \"{}\" has a path: write scheme, host and at most a port. The path of each request is compared as it \
         is, or as replace_path_prefix makes it",
        found.escape_debug()
    )]
    OriginWithPath {
        /// The value that was set.
        found: String,
    },
    /// A prefix is not a path of whole segments.
    #[error(
        "\"{}\" is not a path prefix: begin with a slash, end without one, and use no query, no fragment and no dot \
         segments, such as /v1 (the root is /)",
        found.escape_debug()
    )]
    PathPrefix {
        /// The value that was set.
        found: String,
    },
    /// A [`lifetime`](crate::binding::DpopNonces::lifetime) of nonces outside 30 seconds to 1 hour.
    #[error("the lifetime of DPoP nonces is {} seconds: set 30 seconds to 1 hour", found.as_secs_f64())]
    NonceLifetime {
        /// The value that was set.
        found: Duration,
    },
}
