//! A refusal as the rest of the crate and its users hold it.

use std::fmt;
use std::sync::Arc;

use crate::core::presentation::Presentation;
use crate::core::resource::Resource;
use crate::core::token::claims::requirement::Requirement;
use crate::core::token::jws::UnverifiedJwt;
use crate::core::verdict::hint::{Hint, Seen};
use crate::core::verdict::key::{KeyRefusal, KeySetAge};
use crate::core::verdict::operation::{Deficit, OperationRefusal, Unmet};
use crate::core::verdict::reason::{Reason, Verdict};
use crate::core::verdict::refusal::Refusal;

/// A token, or a request without one, was refused. The presenter's fault: 400, 401
/// or 403.
///
/// It is opaque on purpose: [`reason`](Rejection::reason) is for programs and metrics,
/// [`explain`](Rejection::explain) for the person on call. `Debug` and `Display` show the reason
/// and no value of the token. Never send `explain()` to the caller: it shows what this API expects.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use resource_server::{Error, Reason, Validator, testing::TestIssuer};
///
/// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let validator = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(issuer.to_issuer())
///     .build()?;
///
/// let foreign = issuer.token().audience("https://other.example.com").mint();
/// let Some(Err(Error::Rejected(rejection))) =
///     validator.validate_cached(&foreign)
/// else {
///     unreachable!()
/// };
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
    refusal: Refusal,
    /// The refused token, where it may hint at what went wrong.
    seen: Option<Seen>,
    found: Found,
    /// The API that refused, for the answer.
    resource: Option<Arc<Resource>>,
    /// How the token was presented, for the answer.
    presentation: Presentation,
    /// The scopes that a client without a token should request.
    scopes: Box<[String]>,
}

/// Where the fault was found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// In the token that was presented.
    InToken,
    /// In the authorization server's answer about it.
    InAnswer,
    /// In a token that was accepted before, when it was checked again.
    Again,
}

impl<R: Into<Refusal>> From<R> for Rejection {
    fn from(refusal: R) -> Self {
        let refusal = refusal.into();
        Rejection(Box::new(Inner {
            refusal,
            seen: None,
            found: Found::InToken,
            resource: None,
            presentation: Presentation::default(),
            scopes: Box::default(),
        }))
    }
}

impl Rejection {
    /// Marks it as found in the authorization server's answer about the token.
    pub(crate) fn in_answer(mut self) -> Self {
        self.0.found = Found::InAnswer;
        self
    }

    /// Marks it as found when an accepted token was checked again.
    pub(crate) fn again(mut self) -> Self {
        self.0.found = Found::Again;
        self
    }

    /// Keeps the API that refused, which the answer names, and how the token was presented.
    pub(crate) fn by(
        mut self,
        resource: Option<&Arc<Resource>>,
        presentation: &Presentation,
    ) -> Self {
        self.0.resource = resource.cloned();
        self.0.presentation = presentation.clone();
        self
    }

    /// Keeps the scopes of an operation, if the request has no credentials.
    pub(crate) fn with_scopes_of(mut self, requirement: &Requirement) -> Self {
        if self.reason() == Reason::NoCredentials {
            self.0.scopes = requirement.scopes_to_request();
        }
        self
    }

    /// Names the scopes of these requirements too, before those of the operation, if scopes are
    /// missing.
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) fn naming_too<'r>(mut self, met: impl Iterator<Item = &'r Requirement>) -> Self {
        if let Refusal::Operation(OperationRefusal::Unmet(unmet)) = &mut self.0.refusal {
            unmet.deficit.name_too(met);
        }
        self
    }

    /// The scopes that a client without a token should request for the operation.
    pub(crate) fn scopes_to_request(&self) -> &[String] {
        &self.0.scopes
    }

    pub(crate) fn resource(&self) -> Option<&Resource> {
        self.0.resource.as_deref()
    }

    pub(crate) fn presentation(&self) -> &Presentation {
        &self.0.presentation
    }

    /// Keeps the claims set of the refused token, which is shared, for the hints of `explain()`.
    pub(crate) fn of(mut self, jwt: &UnverifiedJwt<'_>) -> Self {
        self.0.seen = Some(Seen::new(jwt));
        self
    }

    /// Adds what the source of the keys knows, for an unknown key.
    pub(crate) fn with_key_set_age(mut self, known: impl FnOnce() -> KeySetAge) -> Self {
        if let Refusal::Key(KeyRefusal::Unknown { age, .. }) = &mut self.0.refusal {
            *age = known();
        }
        self
    }

    /// Adds the words of the API's author to a denial by a check, for `explain()`.
    pub(crate) fn because(mut self, text: &str) -> Self {
        if let Refusal::Denial(denial) = &mut self.0.refusal {
            denial.because(text);
        }
        self
    }

    /// Why, for programs.
    pub fn reason(&self) -> Reason {
        self.0.refusal.group().reason()
    }

    /// The `error` of the challenge (RFC 6750 section 3.1). `None` where the request had no
    /// credentials: then the challenge names no error.
    pub fn oauth_error(&self) -> Option<&'static str> {
        self.reason().verdict().oauth_error()
    }

    /// The HTTP status: 400 for malformed credentials, 403 for an operation that a good token does
    /// not allow, else 401.
    pub fn status(&self) -> u16 {
        self.reason().verdict().status()
    }

    /// What the operation requires, where a good token lacks it.
    pub fn requirement(&self) -> Option<&Requirement> {
        Some(&self.unmet()?.requirement)
    }

    /// What the token lacks for the operation.
    pub(crate) fn deficit(&self) -> Option<&Deficit> {
        Some(&self.unmet()?.deficit)
    }

    fn unmet(&self) -> Option<&Unmet> {
        match &self.0.refusal {
            Refusal::Operation(OperationRefusal::Unmet(unmet)) => Some(unmet),
            _ => None,
        }
    }

    /// A sentence or two for the person on call: what was found, what was expected, what to look
    /// at.
    ///
    /// Of the token it shows at most its issuer, audience, `kid`, `alg`, `typ` and times, escaped
    /// and cut at 128 characters. The same applies to your own text of
    /// [`Denial::because`](crate::decision::Denial::because). It is for logs, not for the caller.
    pub fn explain(&self) -> String {
        let hint = self
            .0
            .seen
            .as_ref()
            .and_then(|seen| seen.hint(self.reason()));
        let mut text = self.0.refusal.group().sentences(hint);
        text.push_str(hint.map_or("", Hint::in_words));
        text
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason();
        let elsewhere = match self.0.found {
            Found::InToken => None,
            Found::InAnswer => Some("in the authorization server's answer"),
            Found::Again => Some("when the accepted token was checked again"),
        };
        if let Some(found) = elsewhere {
            return write!(f, "token refused: {reason} (found {found})");
        }
        match reason.verdict() {
            Verdict::NoToken | Verdict::BadRequest => write!(f, "request refused: {reason}"),
            Verdict::BadToken | Verdict::BadProof | Verdict::NonceNeeded => write!(
                f,
                "token refused: {reason} (found before its signature was checked)"
            ),
            Verdict::UnfitToken
            | Verdict::UnfitProof
            | Verdict::StepUp
            | Verdict::Forbidden
            | Verdict::NotAllowed => {
                write!(
                    f,
                    "token refused: {reason} (found after the token was validated)"
                )
            }
        }
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rejection({self})")
    }
}

impl std::error::Error for Rejection {}
