//! The one strict reader of JSON. Whatever comes from outside as JSON is read through it.
//!
//! Beyond the grammar (RFC 8259) it refuses what lets two readers of one text see two things, or what costs too much:
//! two members of one name in an object, compared after unescaping (RFC 7515 section 4, RFC 7519 section 4, RFC 8725
//! section 2.4), lone surrogates, numbers outside a double, and texts beyond the bounds below.
//!
//! The members of the outermost object are handed out as slices of the text; what is nested in them is only checked.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Objects and arrays inside one another, the outermost one included.
pub(crate) const MAX_DEPTH: usize = 32;
/// Members of one object.
pub(crate) const MAX_NAMES: usize = 128;
/// Values in one text, at all depths.
pub(crate) const MAX_VALUES: usize = 1_024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not JSON, or something behind it.
    Syntax,
    /// JSON, but not an object.
    NotAnObject,
    /// Two members of one name.
    Duplicate,
    /// Over one of the bounds.
    TooComplex,
}

/// One value, as it stands in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'t>(&'t str);

/// Reads the members of an object in order, each with everything that is nested in it checked.
pub(crate) fn read_object<'t>(
    text: &'t str,
    mut each: impl FnMut(&str, Value<'t>),
) -> Result<(), Fault> {
    let mut values = 0;
    read_members(text, |name, value| {
        value.check(1, &mut values)?;
        each(name, value);
        Ok(())
    })
}

/// Reads the members of an object in order, without a look into their values: the caller does that, value by value.
pub(crate) fn read_members<'t>(
    text: &'t str,
    each: impl FnMut(&str, Value<'t>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let begins = text.trim_start_matches([' ', '\t', '\n', '\r']);
    if !begins.starts_with('{') {
        return Err(Fault::NotAnObject);
    }
    let fault = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer
        .deserialize_map(Members {
            each,
            fault: &fault,
        })
        .and_then(|()| deserializer.end())
        .map_err(|_| fault.get().unwrap_or(Fault::Syntax))
}

impl<'t> Value<'t> {
    pub(crate) const fn text(self) -> &'t str {
        self.0
    }

    pub(crate) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    pub(crate) fn is_number(self) -> bool {
        self.0.starts_with(|c: char| c == '-' || c.is_ascii_digit())
    }

    /// The text of a string, without a copy where it has no escapes.
    pub(crate) fn as_str(self) -> Option<Cow<'t, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            serde_json::from_str(self.0).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    /// The elements of an array.
    pub(crate) fn as_array(self) -> Option<Vec<Value<'t>>> {
        if !self.0.starts_with('[') {
            return None;
        }
        let elements: Vec<&'t RawValue> = serde_json::from_str(self.0).ok()?;
        Some(elements.into_iter().map(|e| Value(e.get())).collect())
    }

    /// Checks what the grammar alone lets through. `depth` counts what this value stands in; `values` counts on
    /// through the whole text.
    pub(crate) fn check(self, depth: usize, values: &mut usize) -> Result<(), Fault> {
        match self.0.as_bytes().first() {
            Some(b'{' | b'[') => {
                let fault = Cell::new(None);
                let mut deserializer = serde_json::Deserializer::from_str(self.0);
                Nested {
                    depth,
                    values,
                    fault: &fault,
                }
                .deserialize(&mut deserializer)
                .and_then(|()| deserializer.end())
                .map_err(|_| fault.get().unwrap_or(Fault::Syntax))
            }
            first => {
                count(values)?;
                let sound = match first {
                    Some(b'"') => self.as_str().is_some(),
                    Some(b'-' | b'0'..=b'9') => is_finite(self.0),
                    _ => true,
                };
                if sound { Ok(()) } else { Err(Fault::Syntax) }
            }
        }
    }
}

/// Short texts without an exponent can't leave the range of a double.
fn is_finite(number: &str) -> bool {
    (number.len() < 300 && !number.contains(['e', 'E']))
        || number.parse::<f64>().is_ok_and(f64::is_finite)
}

fn count(values: &mut usize) -> Result<(), Fault> {
    *values += 1;
    if *values > MAX_VALUES {
        return Err(Fault::TooComplex);
    }
    Ok(())
}

/// The names of one object, as keyed hashes: no allocation, and no input can be made that collides.
struct Names {
    hashes: [u64; MAX_NAMES],
    taken: usize,
}

static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl Names {
    const fn new() -> Self {
        Names {
            hashes: [0; MAX_NAMES],
            taken: 0,
        }
    }

    fn insert(&mut self, name: &str) -> Result<(), Fault> {
        let hash = KEY.hash_one(name);
        let (taken, free) = self.hashes.split_at_mut(self.taken);
        if taken.contains(&hash) {
            return Err(Fault::Duplicate);
        }
        let slot = free.first_mut().ok_or(Fault::TooComplex)?;
        *slot = hash;
        self.taken += 1;
        Ok(())
    }
}

/// Carries one of our faults through serde's error type, which keeps only its text.
fn raise<E: de::Error>(place: &Cell<Option<Fault>>, fault: Fault) -> E {
    place.set(Some(fault));
    E::custom("refused by the strict reader")
}

struct Members<'f, F> {
    each: F,
    fault: &'f Cell<Option<Fault>>,
}

impl<'t, F: FnMut(&str, Value<'t>) -> Result<(), Fault>> Visitor<'t> for Members<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut names = Names::new();
        while let Some(name) = map.next_key_seed(Name)? {
            names
                .insert(&name)
                .map_err(|fault| raise(self.fault, fault))?;
            let value: &'t RawValue = map.next_value()?;
            (self.each)(&name, Value(value.get())).map_err(|fault| raise(self.fault, fault))?;
        }
        Ok(())
    }
}

/// The unescaped name of a member.
struct Name;

impl<'t> DeserializeSeed<'t> for Name {
    type Value = Cow<'t, str>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Name {
    type Value = Cow<'t, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'t str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// Checks one value and all that is nested in it.
struct Nested<'r> {
    depth: usize,
    values: &'r mut usize,
    fault: &'r Cell<Option<Fault>>,
}

impl Nested<'_> {
    /// A value in this one.
    fn inside(&mut self) -> Nested<'_> {
        Nested {
            depth: self.depth,
            values: self.values,
            fault: self.fault,
        }
    }

    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(raise(self.fault, Fault::TooComplex));
        }
        Ok(())
    }
}

impl<'t> DeserializeSeed<'t> for Nested<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        count(self.values).map_err(|fault| raise(self.fault, fault))?;
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Nested<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut seq: A) -> Result<(), A::Error> {
        self.enter()?;
        while seq.next_element_seed(self.inside())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.enter()?;
        let mut names = Names::new();
        while let Some(name) = map.next_key_seed(Name)? {
            names
                .insert(&name)
                .map_err(|fault| raise(self.fault, fault))?;
            map.next_value_seed(self.inside())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<Fault> {
        read_object(text, |_, _| {}).err()
    }

    fn nested(depth: usize) -> String {
        // The object itself is one level.
        format!(
            r#"{{"a":{}{}}}"#,
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    }

    #[test]
    fn t04_and_c05_what_is_refused() {
        let syntax = Some(Fault::Syntax);
        let cases: &[(&str, Option<Fault>)] = &[
            (r#"{"a":1,"b":[{"c":null},true,"x",-1.5e3]}"#, None),
            (" {} \n", None),
            ("", Some(Fault::NotAnObject)),
            ("null", Some(Fault::NotAnObject)),
            ("[]", Some(Fault::NotAnObject)),
            ("\u{feff}{}", Some(Fault::NotAnObject)),
            ("{", syntax),
            ("{}x", syntax),
            ("{}{}", syntax),
            (r#"{"a":1,}"#, syntax),
            (r#"{"a":01}"#, syntax),
            (r#"{"a":NaN}"#, syntax),
            (r#"{"a":1e400}"#, syntax),
            (r#"{"a":[1e400]}"#, syntax),
            (r#"{"a":"\ud800"}"#, syntax),
            (r#"{"\udc00":1}"#, syntax),
            (r#"{"a":["\ud800"]}"#, syntax),
            ("{\"a\":\"\n\"}", syntax),
            (r#"{"a":1,"a":1}"#, Some(Fault::Duplicate)),
            (r#"{"role":1,"r\u006fle":1}"#, Some(Fault::Duplicate)),
            (r#"{"a":{"b":1,"b":2}}"#, Some(Fault::Duplicate)),
            (
                r#"{"a":[{"b":{"role":1,"\u0072ole":2}}]}"#,
                Some(Fault::Duplicate),
            ),
            (r#"{"a":{"b":1},"c":{"b":1}}"#, None),
        ];
        for (text, expected) in cases {
            assert_eq!(fault(text), *expected, "{text}");
        }
        assert_eq!(fault(&format!(r#"{{"a":{}}}"#, "9".repeat(400))), syntax);
    }

    #[test]
    fn c05_bounds_are_exact() {
        assert_eq!(fault(&nested(MAX_DEPTH)), None);
        assert_eq!(fault(&nested(MAX_DEPTH + 1)), Some(Fault::TooComplex));
        assert_eq!(fault(&nested(5_000)), Some(Fault::TooComplex));

        let names = |n: usize| {
            (0..n)
                .map(|i| format!("\"{i}\":0"))
                .collect::<Vec<_>>()
                .join(",")
        };
        assert_eq!(fault(&format!("{{{}}}", names(MAX_NAMES))), None);
        assert_eq!(
            fault(&format!("{{{}}}", names(MAX_NAMES + 1))),
            Some(Fault::TooComplex)
        );
        assert_eq!(
            fault(&format!("{{\"a\":{{{}}}}}", names(MAX_NAMES + 1))),
            Some(Fault::TooComplex)
        );

        let values = |n: usize| vec!["0"; n].join(",");
        assert_eq!(
            fault(&format!("{{\"a\":[{}]}}", values(MAX_VALUES - 1))),
            None
        );
        assert_eq!(
            fault(&format!("{{\"a\":[{}]}}", values(MAX_VALUES))),
            Some(Fault::TooComplex)
        );
    }

    #[test]
    fn members_come_as_they_stand() {
        let mut seen = Vec::new();
        read_object(r#"{ "a" : "x\u0041" , "b":[ 1, 2 ] }"#, |name, value| {
            seen.push((
                name.to_owned(),
                value.text().to_owned(),
                value.as_str().map(Cow::into_owned),
            ));
        })
        .unwrap();
        assert_eq!(
            seen,
            [
                ("a".into(), r#""x\u0041""#.into(), Some("xA".into())),
                ("b".into(), "[ 1, 2 ]".into(), None)
            ]
        );
    }
}
