//! Where a claim is in the claims set, and its value there.

use std::fmt;

use memchr::memmem;
use serde::{Deserialize, Serialize};

use crate::core::excerpt::excerpt;
use crate::core::json::{Str, Value};
use crate::core::token::payload::Payload;

/// The most names of one path.
const MAX_DEPTH: usize = 8;

/// Where a claim is in the claims set: a name, or nested names.
///
/// Each name is literal. Claims such as `kubernetes.io` or `https://example.com/roles` have dots,
/// slashes and colons in their names, so none of these has a meaning here: `realm_access.roles` is
/// one name, and the nested path is `ClaimPath::nested(["realm_access", "roles"])`. A path has at
/// most 8 names, none of them empty; a policy with another path is not built.
///
/// In a configuration file it is a string or a list of strings.
///
/// ```
/// use resource_server::claims::ClaimPath;
///
/// let one = ClaimPath::from("cognito:groups");
/// let nested = ClaimPath::nested(["realm_access", "roles"]);
/// assert_eq!(nested.names().collect::<Vec<_>>(), ["realm_access", "roles"]);
/// assert_eq!(nested.to_string(), r#""realm_access"."roles""#);
///
/// assert_eq!(serde_json::from_str::<ClaimPath>(r#""cognito:groups""#)?, one);
/// assert_eq!(serde_json::from_str::<ClaimPath>(r#"["realm_access", "roles"]"#)?, nested);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
pub struct ClaimPath(Vec<String>);

impl ClaimPath {
    /// A path of nested names, the outermost first.
    pub fn nested<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        ClaimPath(names.into_iter().map(Into::into).collect())
    }

    /// Its names, the outermost first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(crate) fn is_sound(&self) -> bool {
        (1..=MAX_DEPTH).contains(&self.0.len()) && !self.0.iter().any(String::is_empty)
    }

    /// The value there.
    pub(crate) fn find<'p>(&self, payload: &'p Payload) -> Found<'p> {
        let Some((first, rest)) = self.0.split_first() else {
            return Found::Absent;
        };
        let Some(mut value) = find(payload, first) else {
            return Found::Absent;
        };
        for name in rest {
            if payload.is_absence(value) {
                return Found::Absent;
            }
            if !value.is_object() {
                return Found::Unreachable;
            }
            match value.member(name) {
                Some(inner) => value = inner,
                None => return Found::Absent,
            }
        }
        if payload.is_absence(value) {
            return Found::Absent;
        }
        Found::Value(value)
    }
}

/// A claim that the policy names by dots. The token does not have it, but has the nested path of
/// the same words.
#[derive(Clone)]
pub(crate) struct DottedName {
    pub(crate) named: ClaimPath,
    pub(crate) nested: ClaimPath,
}

impl DottedName {
    /// Finds such a slip. Names are literal, so a name with dots is right for other tokens.
    pub(crate) fn find(named: &ClaimPath, payload: &Payload) -> Option<Self> {
        if !named.names().any(|name| name.contains('.')) {
            return None;
        }
        let nested = ClaimPath::nested(named.names().flat_map(|name| name.split('.')));
        let is_slip = nested.is_sound()
            && matches!(named.find(payload), Found::Absent)
            && matches!(nested.find(payload), Found::Value(_));
        is_slip.then(|| DottedName {
            named: named.clone(),
            nested,
        })
    }
}

impl From<&str> for ClaimPath {
    fn from(name: &str) -> Self {
        ClaimPath(vec![name.to_owned()])
    }
}

impl From<String> for ClaimPath {
    fn from(name: String) -> Self {
        ClaimPath(vec![name])
    }
}

impl fmt::Display for ClaimPath {
    /// Each name in quotes, escaped, with dots between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("(no name)");
        }
        let names: Vec<_> = self
            .names()
            .map(|name| format!("\"{}\"", excerpt(name)))
            .collect();
        f.write_str(&names.join("."))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    One(String),
    Nested(Vec<String>),
}

impl From<Form> for ClaimPath {
    fn from(form: Form) -> Self {
        match form {
            Form::One(name) => ClaimPath(vec![name]),
            Form::Nested(names) => ClaimPath(names),
        }
    }
}

impl From<ClaimPath> for Form {
    fn from(path: ClaimPath) -> Self {
        let mut names = path.0;
        match names.pop() {
            Some(name) if names.is_empty() => Form::One(name),
            last => Form::Nested(names.into_iter().chain(last).collect()),
        }
    }
}

/// What a claims set has at a path.
pub(crate) enum Found<'p> {
    Absent,
    /// A value on the path is not an object.
    Unreachable,
    Value(Value<'p>),
}

/// A claim by its name. The claims set is read again only if its text may have this name.
pub(crate) fn find<'p>(payload: &'p Payload, name: &str) -> Option<Value<'p>> {
    if may_name(payload.text().as_bytes(), name) {
        payload.find(name)
    } else {
        None
    }
}

/// Whether the text has this name in quotes, or an escape that may write it.
fn may_name(text: &[u8], name: &str) -> bool {
    // Every other character can be escaped in one way only (RFC 8259 section 7).
    let has_short_escape = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'\\' | b'/');
    let escape: &[u8] = if name.bytes().any(has_short_escape) {
        b"\\"
    } else {
        b"\\u"
    };
    let stands_alone = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        before == Some(&b'"') && text.get(at + name.len()) == Some(&b'"')
    };
    // Most texts have no escape at all.
    let is_escaped = memchr::memchr(b'\\', text).is_some() && memmem::find(text, escape).is_some();
    is_escaped || memmem::find_iter(text, name).any(stands_alone)
}

/// One string, or every entry of an array; `None` for each that is not a string.
pub(crate) fn one_or_many(value: Value<'_>) -> impl Iterator<Item = Option<Str<'_>>> {
    let entries = value.strings();
    let one = entries.is_none().then(|| value.string());
    one.into_iter().chain(entries.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, path: &ClaimPath) -> Option<String> {
        let payload = Payload::read(text.to_owned()).unwrap();
        match path.find(&payload) {
            Found::Absent => None,
            Found::Unreachable => Some("unreachable".to_owned()),
            Found::Value(value) => Some(value.text().to_owned()),
        }
    }

    #[test]
    fn c14_names_are_literal_however_the_token_spells_them() {
        let one = ClaimPath::from("https://a.example/r");
        let nested = ClaimPath::nested(["kubernetes.io", "namespace"]);
        let odd = ClaimPath::from("\n\"\\");
        for (text, path, expected) in [
            (r#"{"https://a.example/r":1}"#, &one, Some("1")),
            (r#"{"https:\/\/a.example\/r":1}"#, &one, Some("1")),
            (r#"{"https://a.ex\u0061mple/r":1}"#, &one, Some("1")),
            (r#"{"https:\u002f/a.example/r":1}"#, &one, Some("1")),
            (r#"{"https://a":{"example/r":1}}"#, &one, None),
            // The name as a value, and as a part of other names.
            (r#"{"a":"https://a.example/r"}"#, &one, None),
            (
                r#"{"xhttps://a.example/r":1,"https://a.example/rx":1}"#,
                &one,
                None,
            ),
            (r#"{"a":{"https://a.example/r":1}}"#, &one, None),
            (
                r#"{"kubernetes.io":{"namespace":"n"}}"#,
                &nested,
                Some(r#""n""#),
            ),
            (
                r#"{"kubernetes.io":{"n\u0061mespace":null}}"#,
                &nested,
                Some("null"),
            ),
            (
                r#"{"\u006bubernetes.io":{"namespace":1}}"#,
                &nested,
                Some("1"),
            ),
            (
                r#"{"a":"\/","kubernetes.io":{"namespace":1}}"#,
                &nested,
                Some("1"),
            ),
            (r#"{"\"":1,"a":"\"kubernetes.io\""}"#, &nested, None),
            (r#"{"kubernetes.io":{}}"#, &nested, None),
            (
                r#"{"kubernetes.io":"namespace"}"#,
                &nested,
                Some("unreachable"),
            ),
            (r#"{"kubernetes.io":null}"#, &nested, Some("unreachable")),
            (r#"{"kubernetes":{"io":{"namespace":1}}}"#, &nested, None),
            (r#"{"kubernetes.io.namespace":1}"#, &nested, None),
            (r#"{"\n\"\\":1}"#, &odd, Some("1")),
            (r#"{"\u000a\u0022\u005c":1}"#, &odd, Some("1")),
        ] {
            assert_eq!(found(text, path).as_deref(), expected, "C14: {text}");
        }
    }

    #[test]
    fn c14_a_sound_path_is_short_and_has_no_empty_name() {
        let deep = |depth| ClaimPath::nested(vec!["a"; depth]);
        assert!(deep(1).is_sound() && deep(8).is_sound());
        assert!(!deep(9).is_sound() && !deep(0).is_sound());
        assert!(!ClaimPath::from("").is_sound());
        assert!(!ClaimPath::nested(["a", ""]).is_sound());
        assert_eq!(found("{}", &deep(0)), None);
    }

    #[test]
    fn c14_both_forms_come_back_as_they_were() {
        for text in [r#""roles""#, r#"["a","b"]"#] {
            let path: ClaimPath = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&path).unwrap(), text);
        }
        for text in ["null", "1", "{}", "[1]", r#"[["a"]]"#] {
            assert!(serde_json::from_str::<ClaimPath>(text).is_err(), "{text}");
        }
    }
}
