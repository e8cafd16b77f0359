//! Why a token was refused.

use std::fmt;

use crate::core::token::claims::requirement::Requirement;
use crate::core::token::jws::UnverifiedJwt;
use crate::core::verdict::explain;
use crate::core::verdict::facts::{Facts, KeySetAge};
use crate::core::verdict::reason::Reason;
use crate::core::verdict::recognize::{Familiar, recognize};

/// A token, or a request without one, was refused. The presenter's fault: 401 or 403.
///
/// It is opaque on purpose: [`reason`](Rejection::reason) is for programs and metrics, [`explain`](Rejection::explain)
/// for the person on call. `Debug` and `Display` show the reason and no value of the token. Never send `explain()` to
/// the caller: it tells what this API expects.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use resource_server::{Error, Reason, Validator, testing::TestIssuer};
///
/// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let validator = Validator::builder().audience("https://api.example.com").issuer(issuer.to_issuer()).build()?;
///
/// let foreign = issuer.token().audience("https://other.example.com").mint();
/// let Some(Err(Error::Rejected(rejection))) = validator.validate_cached(&foreign) else { unreachable!() };
/// assert_eq!(rejection.reason(), Reason::AudienceMismatch);
/// assert_eq!(rejection.status(), 401);
/// assert_eq!(rejection.oauth_error(), Some("invalid_token"));
/// assert!(rejection.explain().contains("https://other.example.com"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Rejection(Box<Inner>);

#[derive(Clone)]
struct Inner {
    reason: Reason,
    facts: Facts,
    familiar: Option<Familiar>,
    is_introspected: bool,
}

impl Rejection {
    pub(crate) fn new(reason: Reason, facts: Facts) -> Self {
        Rejection(Box::new(Inner {
            reason,
            facts,
            familiar: None,
            is_introspected: false,
        }))
    }

    /// Found in the authorization server's answer about the token.
    pub(crate) fn in_answer(mut self) -> Self {
        self.0.is_introspected = true;
        self
    }

    /// Adds what the refused token looks like.
    pub(crate) fn of(mut self, jwt: &UnverifiedJwt<'_>) -> Self {
        self.0.familiar = recognize(jwt, self.0.reason);
        self
    }

    pub(crate) fn plain(reason: Reason) -> Self {
        Self::new(reason, Facts::None)
    }

    /// Adds what the source of the keys knows, for an unknown key.
    pub(crate) fn with_key_set_age(mut self, known: impl FnOnce() -> KeySetAge) -> Self {
        if let Facts::Key { age, .. } = &mut self.0.facts {
            *age = known();
        }
        self
    }

    /// Why, for programs.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// The `error` of the challenge (RFC 6750 section 3.1). `None` where the request had no credentials: then the
    /// challenge names no error.
    pub fn oauth_error(&self) -> Option<&'static str> {
        match self.0.reason {
            Reason::NoCredentials => None,
            Reason::InsufficientScope => Some("insufficient_scope"),
            _ => Some("invalid_token"),
        }
    }

    /// The HTTP status: 403 where a good token lacks scope, else 401.
    pub fn status(&self) -> u16 {
        match self.0.reason {
            Reason::InsufficientScope => 403,
            _ => 401,
        }
    }

    /// What the operation asked for, where a good token lacks it: its scopes belong into the challenge (RFC 6750 section
    /// 3.1).
    pub fn requirement(&self) -> Option<&Requirement> {
        match &self.0.facts {
            Facts::Scope(requirement) => Some(requirement),
            _ => None,
        }
    }

    /// A sentence or two for the person on call: what was found, what was expected, what to look at.
    ///
    /// It shows of a token at most its issuer, audience, `kid`, `alg`, `typ` and times, escaped and cut at 128
    /// characters. It is for logs, not for the caller.
    pub fn explain(&self) -> String {
        let familiar = self.0.familiar;
        let mut text = explain::sentences(self.0.reason, &self.0.facts, familiar);
        text.push_str(familiar.map_or("", Familiar::in_words));
        text
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.reason == Reason::NoCredentials {
            return write!(f, "request refused: {}", self.0.reason);
        }
        if self.0.is_introspected {
            return write!(
                f,
                "token refused: {} (found in the authorization server's answer)",
                self.0.reason
            );
        }
        let found = if self.0.reason.is_found_in_verified_token() {
            "after"
        } else {
            "before"
        };
        write!(
            f,
            "token refused: {} (found {found} its signature was checked)",
            self.0.reason
        )
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rejection({self})")
    }
}

impl std::error::Error for Rejection {}
