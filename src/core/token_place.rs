//! Where in a request its access token is.

use std::fmt;

/// A place in a request that its access token is read from, for
/// [`Resource::tokens_from`](crate::Resource::tokens_from).
///
/// ```
/// use resource_server::{Resource, resource::TokenPlace};
///
/// let resource = Resource::new("https://api.example.com").tokens_from([
///     TokenPlace::authorization(),
///     TokenPlace::header("x-forwarded-access-token"),
/// ]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPlace(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Authorization,
    /// The name is in lower case.
    Header(String),
    Cookie(String),
    WebSocketProtocol(String),
}

impl TokenPlace {
    /// The `Authorization` header with the scheme Bearer (RFC 6750 section 2.1). It is the only
    /// place by default.
    pub const fn authorization() -> Self {
        TokenPlace(Place::Authorization)
    }

    /// A header whose whole value is the token, such as one that a gateway sets. A client can send
    /// such a header itself, so the token in it is judged like any other.
    pub fn header(name: impl AsRef<str>) -> Self {
        TokenPlace(Place::Header(name.as_ref().to_ascii_lowercase()))
    }

    /// A cookie whose whole value is the token. The name is compared with its case.
    ///
    /// A browser adds cookies to requests that another site causes. So an API that reads tokens
    /// from a cookie needs a defence against cross-site request forgery: set `SameSite=Strict` or
    /// `Lax` on the cookie, and on requests that change something check the `Origin` header or a
    /// token of their own. A shared cache does not know that such an answer is personal, as it does
    /// for `Authorization` (RFC 9111 section 3.5), so send `Cache-Control: private` or `no-store`
    /// with it. The same holds for [`header`](TokenPlace::header).
    pub fn cookie(name: impl Into<String>) -> Self {
        TokenPlace(Place::Cookie(name.into()))
    }

    /// The element after this marker in `Sec-WebSocket-Protocol` (RFC 6455 section 11.3.4), since a
    /// browser can set no other header for a WebSocket: `new WebSocket(url, [marker, token])`.
    ///
    /// The answer to the handshake must select a protocol. Select the marker, and never the token.
    pub fn web_socket_protocol(marker: impl Into<String>) -> Self {
        TokenPlace(Place::WebSocketProtocol(marker.into()))
    }

    pub(crate) const fn place(&self) -> &Place {
        &self.0
    }

    /// Whether a request can have it. A header that another place reads is not a place of its own.
    pub(crate) fn is_sound(&self) -> bool {
        match &self.0 {
            Place::Authorization => true,
            Place::Header(name) => {
                let is_another = matches!(
                    name.as_str(),
                    "authorization" | "cookie" | "sec-websocket-protocol"
                );
                is_http_token(name.as_bytes()) && !is_another
            }
            Place::Cookie(name) | Place::WebSocketProtocol(name) => is_http_token(name.as_bytes()),
        }
    }
}

impl fmt::Display for TokenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Authorization => f.write_str("the Authorization header"),
            Place::Header(name) => write!(f, "the header \"{}\"", name.escape_debug()),
            Place::Cookie(name) => write!(f, "the cookie \"{}\"", name.escape_debug()),
            Place::WebSocketProtocol(marker) => {
                write!(f, "the WebSocket protocol \"{}\"", marker.escape_debug())
            }
        }
    }
}

/// A token of HTTP (RFC 9110 section 5.6.2), which names of headers, schemes, cookies and protocols
/// are.
pub(crate) fn is_http_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| is_tchar(*byte))
}

/// Whether a token of HTTP may have it.
pub(crate) const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}
