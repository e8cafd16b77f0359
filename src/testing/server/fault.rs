//! What can be wrong with an authorization server.

use std::time::Duration;

/// Something wrong with a [`TestServer`](super::TestServer), from [`fail`](super::TestServer::fail)
/// until [`recover`](super::TestServer::recover) or another fault.
///
/// Faults of the body, from [`SlowBody`](Fault::SlowBody) to [`Oversized`](Fault::Oversized), come
/// with the whole document even where `If-None-Match` would be answered with 304.
///
/// ```
/// use resource_server::testing::Fault;
/// use std::time::Duration;
///
/// let faults = [
///     Fault::Refused,
///     Fault::Status { code: 503, retry_after: Some(30) },
///     Fault::Delay(Duration::from_secs(60)),
///     Fault::Redirect("https://evil.example/jwks".into()),
/// ];
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// This long before the answer, which is then a good one. Requests that wait are answered at
    /// once by [`recover`](super::TestServer::recover), and go on to the next fault when that is
    /// set.
    Delay(Duration),
    /// A pause before each byte of the body.
    SlowBody(Duration),
    /// Half of the body that `Content-Length` announces, then the end of the connection.
    Truncated,
    /// The document without its end: chunks of white space for as long as the client reads.
    Endless,
    /// The document with white space after it, this many bytes in all; `Content-Length` announces
    /// them. It is a good document still, so only a cap on its size refuses it.
    Oversized(usize),
    /// 200 and `application/json`, but not JSON.
    Garbage,
    /// 200 and a page of HTML, as from a captive portal or a proxy.
    Html,
    /// An answer of this status without a document. A Validator waits out `retry_after`, by its
    /// clock, also after [`recover`](super::TestServer::recover).
    Status {
        /// The status code.
        code: u16,
        /// The `Retry-After` header, in seconds.
        retry_after: Option<u64>,
    },
    /// 302 to this address, which is in `Location` unchanged.
    Redirect(String),
    /// The port is closed: connects are refused, and open connections end. It is the server as a
    /// whole, also when only its keys or its metadata are to fail, and replaces all other
    /// faults. The port stays reserved, so recovery is at the same address; setting another fault
    /// opens it too.
    Refused,
    /// The connection is reset (RST) when a request was read.
    Reset,
    /// A connection's first request is answered; a further one on it is read and the connection
    /// reset, as when a server closes a pooled connection at the moment it is used again.
    ResetReused,
    /// 404 for all metadata. The JWK Set is served.
    NoMetadata,
}
