//! The error of building a Validator: every problem of its settings, with the issuer that has it.

mod kind;

use std::error::Error;
use std::fmt;

use crate::chain::chain;
use crate::core::without_user_info;

pub use kind::ConfigErrorKind;

/// The settings of a [`Validator`](crate::Validator) are wrong. Lists every problem, not only the
/// first.
///
/// `Display` writes all problems in one line, each with its causes.
///
/// ```
/// use resource_server::{Issuer, Validator, error::ConfigErrorKind};
///
/// let error = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(Issuer::new("https://as.example.com"))
///     .build()
///     .unwrap_err();
/// let [problem] = error.problems() else { unreachable!() };
/// assert_eq!(problem.issuer(), Some("https://as.example.com"));
/// assert_eq!(*problem.kind(), ConfigErrorKind::NoSource);
/// assert!(error.to_string().starts_with("issuer \"https://as.example.com\": no source is set"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    problems: Vec<ConfigError>,
}

impl BuildError {
    /// Every problem, in the order of configuration.
    pub fn problems(&self) -> &[ConfigError] {
        &self.problems
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems: Vec<_> = self.problems.iter().map(|problem| chain(problem)).collect();
        f.write_str(&problems.join("; "))
    }
}

impl Error for BuildError {}

/// One problem of the settings of a [`Validator`](crate::Validator), and the issuer that has it.
///
/// `Display` names the issuer once, without a user name and password, and says how to fix the
/// problem. The cause, such as a
/// [`PolicyErrorKind`](crate::error::PolicyErrorKind), is in [`source`](std::error::Error::source).
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    issuer: Option<String>,
    kind: ConfigErrorKind,
}

impl ConfigError {
    /// The issuer's name, as configured. `None`: the problem is in the settings of the Validator
    /// itself.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// What is wrong.
    pub fn kind(&self) -> &ConfigErrorKind {
        &self.kind
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuer = self.issuer.as_deref().map(without_user_info);
        f.debug_struct("ConfigError")
            .field("issuer", &issuer)
            .field("kind", &self.kind)
            .finish()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.issuer {
            Some(issuer) => {
                let issuer = without_user_info(issuer);
                write!(f, "issuer \"{issuer}\": {}", self.kind)
            }
            None => self.kind.fmt(f),
        }
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.kind.source()
    }
}

/// Collects the problems of one issuer, or of the Validator itself.
pub(crate) struct Problems {
    issuer: Option<String>,
    found: Vec<ConfigError>,
}

impl Problems {
    /// Problems of this issuer.
    pub(crate) fn new(issuer: &str) -> Self {
        Problems {
            issuer: Some(issuer.to_owned()),
            found: Vec::new(),
        }
    }

    /// Problems of the Validator's own settings.
    pub(crate) fn of_validator() -> Self {
        Problems {
            issuer: None,
            found: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, kind: ConfigErrorKind) {
        self.found.push(ConfigError {
            issuer: self.issuer.clone(),
            kind,
        });
    }

    /// For an issuer that is not this collection's own.
    pub(crate) fn push_for(&mut self, issuer: &str, kind: ConfigErrorKind) {
        self.found.push(ConfigError {
            issuer: Some(issuer.to_owned()),
            kind,
        });
    }

    /// The value, or `None` once the problem is collected.
    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub(crate) fn ok_or_push<T>(&mut self, result: Result<T, ConfigErrorKind>) -> Option<T> {
        result.map_err(|kind| self.push(kind)).ok()
    }

    /// Adds what was found of another issuer.
    pub(crate) fn append(&mut self, mut other: Problems) {
        self.found.append(&mut other.found);
    }

    pub(crate) fn contains(&self, kind: &ConfigErrorKind) -> bool {
        self.found.iter().any(|problem| problem.kind == *kind)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// # Errors
    /// At least one problem was collected.
    pub(crate) fn into_result(self) -> Result<(), BuildError> {
        if self.is_empty() {
            return Ok(());
        }
        Err(BuildError {
            problems: self.found,
        })
    }
}
