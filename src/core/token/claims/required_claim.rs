//! What a policy requires of claims that it names.

use std::{fmt, slice};

use serde::{Deserialize, Serialize};

use crate::core::excerpt::excerpt;
use crate::core::json::Value;
use crate::core::token::claims::claim_path::ClaimPath;

/// A claim that every token of an issuer must have:
/// [`PolicyBuilder::required_claim`](crate::PolicyBuilder::required_claim).
///
/// A claim is absent if it is `null`, or if it can't be reached because something on its path is
/// not an object.
///
/// In a configuration file it has `claim`, which is a [`ClaimPath`], and one of these: `equals`
/// with a value, `one_of` with a list of values, or `present` with `true`.
///
/// ```
/// use resource_server::claims::{ClaimPath, RequiredClaim};
///
/// let repository = RequiredClaim::equals("repository", "octo/repo");
/// let namespace = RequiredClaim::one_of(
///     ClaimPath::nested(["kubernetes.io", "namespace"]),
///     ["orders", "billing"],
/// );
/// let tenant = RequiredClaim::present("tenant");
///
/// let read: Vec<RequiredClaim> = serde_json::from_str(r#"[
///     {"claim": "repository", "equals": "octo/repo"},
///     {"claim": ["kubernetes.io", "namespace"], "one_of": ["orders", "billing"]},
///     {"claim": "tenant", "present": true}
/// ]"#)?;
/// assert_eq!(read, [repository, namespace, tenant]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct RequiredClaim {
    path: ClaimPath,
    wanted: Wanted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Anything,
    Value(ClaimValue),
    OneOf(Vec<ClaimValue>),
}

/// A value that a claim must have: a string, a boolean or an integer, compared by type and exactly.
/// `"1"` is not `1`, `1.0` is not an integer, and an array of strings equals none of its strings.
///
/// ```
/// use resource_server::claims::{ClaimValue, RequiredClaim};
///
/// assert_eq!(ClaimValue::from("true"), ClaimValue::String("true".to_owned()));
/// let verified = RequiredClaim::equals("email_verified", true);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", into = "serde_json::Value")]
#[non_exhaustive]
pub enum ClaimValue {
    /// A string, compared byte for byte after unescaping.
    String(String),
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Integer(i64),
}

impl RequiredClaim {
    /// The claim is present and not `null`. An empty string and an empty list are accepted.
    pub fn present(path: impl Into<ClaimPath>) -> Self {
        RequiredClaim {
            path: path.into(),
            wanted: Wanted::Anything,
        }
    }

    /// The claim is this value.
    pub fn equals(path: impl Into<ClaimPath>, value: impl Into<ClaimValue>) -> Self {
        RequiredClaim {
            path: path.into(),
            wanted: Wanted::Value(value.into()),
        }
    }

    /// The claim is one of these values. An empty list, or an empty string in it, is an error of
    /// the policy.
    pub fn one_of<V: Into<ClaimValue>>(
        path: impl Into<ClaimPath>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        RequiredClaim {
            path: path.into(),
            wanted: Wanted::OneOf(values.into_iter().map(Into::into).collect()),
        }
    }

    pub(crate) fn path(&self) -> &ClaimPath {
        &self.path
    }

    /// Whether the values are meant: an empty string is more likely a setting that was not filled
    /// in.
    pub(crate) fn has_sound_values(&self) -> bool {
        let is_sound =
            |value: &ClaimValue| !matches!(value, ClaimValue::String(text) if text.is_empty());
        match &self.wanted {
            Wanted::Anything => true,
            Wanted::Value(value) => is_sound(value),
            Wanted::OneOf(values) => !values.is_empty() && values.iter().all(is_sound),
        }
    }

    /// The values that the claim may have; empty if every value is accepted.
    pub(crate) fn values(&self) -> &[ClaimValue] {
        match &self.wanted {
            Wanted::Anything => &[],
            Wanted::Value(value) => slice::from_ref(value),
            Wanted::OneOf(values) => values,
        }
    }

    /// Whether this value of the claim is accepted. The caller has ruled out `null`.
    pub(crate) fn is_met_by(&self, value: Value<'_>) -> bool {
        match &self.wanted {
            Wanted::Anything => true,
            Wanted::Value(wanted) => wanted.is(value),
            Wanted::OneOf(wanted) => wanted.iter().any(|wanted| wanted.is(value)),
        }
    }
}

impl ClaimValue {
    /// Whether it is this value, by type and exactly.
    pub(crate) fn is(&self, value: Value<'_>) -> bool {
        match self {
            ClaimValue::String(wanted) => value.as_str().is_some_and(|text| text == *wanted),
            ClaimValue::Bool(wanted) => value.text() == if *wanted { "true" } else { "false" },
            // A fraction or an exponent doesn't parse.
            ClaimValue::Integer(wanted) => value.is_number() && value.text().parse() == Ok(*wanted),
        }
    }
}

/// Written as in JSON, cut if it is long.
impl fmt::Display for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClaimValue::String(text) => write!(f, "\"{}\"", excerpt(text)),
            ClaimValue::Bool(value) => write!(f, "{value}"),
            ClaimValue::Integer(value) => write!(f, "{value}"),
        }
    }
}

impl From<&str> for ClaimValue {
    fn from(text: &str) -> Self {
        ClaimValue::String(text.to_owned())
    }
}

impl From<String> for ClaimValue {
    fn from(text: String) -> Self {
        ClaimValue::String(text)
    }
}

impl From<bool> for ClaimValue {
    fn from(value: bool) -> Self {
        ClaimValue::Bool(value)
    }
}

impl From<i64> for ClaimValue {
    fn from(value: i64) -> Self {
        ClaimValue::Integer(value)
    }
}

impl TryFrom<serde_json::Value> for ClaimValue {
    type Error = &'static str;

    fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
        match value {
            serde_json::Value::String(text) => Some(ClaimValue::String(text)),
            serde_json::Value::Bool(value) => Some(ClaimValue::Bool(value)),
            serde_json::Value::Number(number) => number.as_i64().map(ClaimValue::Integer),
            _ => None,
        }
        .ok_or("a required claim's value is a string, a boolean or an integer")
    }
}

impl From<ClaimValue> for serde_json::Value {
    fn from(value: ClaimValue) -> Self {
        match value {
            ClaimValue::String(text) => text.into(),
            ClaimValue::Bool(value) => value.into(),
            ClaimValue::Integer(value) => value.into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    claim: ClaimPath,
    // `null` is a value of the wrong type here, not an absent one.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    equals: Option<ClaimValue>,
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    one_of: Option<Vec<ClaimValue>>,
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    present: Option<bool>,
}

fn given<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl TryFrom<Form> for RequiredClaim {
    type Error = &'static str;

    fn try_from(form: Form) -> Result<Self, Self::Error> {
        let wanted = match (form.equals, form.one_of, form.present) {
            (Some(value), None, None) => Wanted::Value(value),
            (None, Some(values), None) => Wanted::OneOf(values),
            (None, None, Some(true)) => Wanted::Anything,
            _ => {
                return Err(
                    "a required claim has one of `equals`, `one_of` and `present`, which is true",
                );
            }
        };
        Ok(RequiredClaim {
            path: form.claim,
            wanted,
        })
    }
}

impl From<RequiredClaim> for Form {
    fn from(required: RequiredClaim) -> Self {
        let (equals, one_of, present) = match required.wanted {
            Wanted::Value(value) => (Some(value), None, None),
            Wanted::OneOf(values) => (None, Some(values), None),
            Wanted::Anything => (None, None, Some(true)),
        };
        Form {
            claim: required.path,
            equals,
            one_of,
            present,
        }
    }
}
