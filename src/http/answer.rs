//! The HTTP answer to a request that is not served.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::json;

use crate::core::{ErrorBody, Resource};
use crate::error::Error;
use crate::http::challenge;

/// The header for the nonce of the next DPoP proof (RFC 9449 section 8.1).
pub(crate) const DPOP_NONCE: &str = "dpop-nonce";

/// The HTTP answer to a request that is not served: status, headers and body, as plain values.
///
/// Nothing of the token or the request is in it, and none of what this API expects.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use resource_server::{Credentials, Validator, testing::TestIssuer};
///
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let validator = Validator::builder()
///     .resource("https://api.example.com")
///     .issuer(issuer.to_issuer())
///     .build()?;
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let error = validator.authenticate(&Credentials::none()).await.unwrap_err();
/// let answer = error.answer();
/// assert_eq!(answer.status(), 401);
/// let headers: Vec<_> = answer.headers().collect();
/// assert_eq!(headers, [
///     (
///         "www-authenticate",
///         "Bearer resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"",
///     ),
///     ("cache-control", "no-store"),
/// ]);
/// assert_eq!(answer.body(), "");
/// # });
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: String,
}

impl Answer {
    /// The status: 400, 401, 403, 500 or 503.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Status, headers and body.
    #[cfg(feature = "tower")]
    pub(crate) fn into_parts(self) -> (u16, Vec<(&'static str, Cow<'static, str>)>, String) {
        (self.status, self.headers, self.body)
    }

    /// Names in lower case, and values. `www-authenticate` occurs once for each scheme that is
    /// offered, and no other name twice. So add each to the response, and replace none. A browser
    /// lets a script of another origin read `www-authenticate`, `dpop-nonce` and `retry-after` only
    /// if CORS exposes them.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, &**value))
    }

    /// The body: empty, unless the [`Resource`](crate::Resource) has another. If a handler asks for
    /// the token of a request that no layer judged, it is a fixed text that says so.
    pub fn body(&self) -> &str {
        &self.body
    }
}

impl Error {
    /// The HTTP answer: status, challenges (RFC 6750 section 3, RFC 9449 section 7.1),
    /// `DPoP-Nonce`, `Retry-After` and body.
    ///
    /// 400 and 401 have a challenge, and so has 403 if a scope is missing. All three have
    /// `Cache-Control: no-store`. 503 has `Retry-After` if the source knows when to try again, in
    /// whole seconds, and no challenge: the token may be good. 500 has neither.
    pub fn answer(&self) -> Answer {
        let resource = self.resource();
        // Two challenges, a nonce, caching and a media type are the most.
        let mut headers = Vec::with_capacity(5);
        let mut error = None;
        match self {
            Error::Rejected(rejection) => {
                error = rejection.oauth_error();
                challenge::challenges(rejection, resource, |challenge| {
                    headers.push(("www-authenticate", Cow::Owned(challenge)));
                });
                if let Some(nonce) = &rejection.presentation().fresh_nonce {
                    headers.push((DPOP_NONCE, Cow::Owned(nonce.to_string())));
                }
                headers.push(("cache-control", Cow::Borrowed("no-store")));
            }
            Error::Unavailable(unavailable) => {
                if let Some(wait) = unavailable.retry_after() {
                    let seconds = whole_seconds(wait).to_string();
                    headers.push(("retry-after", Cow::Owned(seconds)));
                }
            }
            Error::Misconfigured(_) => {}
        }
        let status = self.status();
        let (media_type, body) = match self {
            #[cfg(any(feature = "tower", feature = "actix-web"))]
            Error::Misconfigured(mistake) if mistake.is_for_client() => {
                ("text/plain; charset=utf-8", mistake.to_string())
            }
            _ => body(resource, status, error),
        };
        if !body.is_empty() {
            headers.push(("content-type", Cow::Borrowed(media_type)));
        }
        Answer {
            status,
            headers,
            body,
        }
    }
}

/// Rounds up, so that a client never comes back too early.
fn whole_seconds(wait: Duration) -> u64 {
    let begun = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(begun)
}

fn body(
    resource: Option<&Resource>,
    status: u16,
    error: Option<&'static str>,
) -> (&'static str, String) {
    match resource.map_or(&ErrorBody::Empty, Resource::error_body) {
        ErrorBody::Empty => ("", String::new()),
        ErrorBody::ProblemJson => {
            let mut problem = json!({"status": status, "title": title(status)});
            if let (Some(error), Some(members)) = (error, problem.as_object_mut()) {
                members.insert("error".to_owned(), error.into());
            }
            ("application/problem+json", problem.to_string())
        }
        ErrorBody::Custom(make) => {
            let (media_type, body) = make(status, error);
            if is_header_value(media_type) {
                (media_type, body)
            } else {
                // Without a type, a browser would guess one from the body.
                ("", String::new())
            }
        }
    }
}

/// Whether every framework accepts it (RFC 9110 section 5.5).
fn is_header_value(text: &str) -> bool {
    !text.trim().is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The reason phrase of a status (RFC 9457 section 4.2.1 asks for it where there is no `type`).
const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
