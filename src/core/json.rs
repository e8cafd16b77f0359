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
/// Values in the header of a token, which has a few and perhaps a certificate chain.
pub(crate) const MAX_HEADER_VALUES: usize = 64;
/// Members of all objects that are open at one place of a text.
const MAX_OPEN_NAMES: usize = 256;

/// serde_json reads an object with one of these names as something else: the first as the JSON in its string, the second,
/// under a feature that any crate of a program may switch on, as a number. Then two readers of one text would see two
/// things, so an object with such a name is refused.
const RAW_VALUE_NAME: &str = "$serde_json::private::RawValue";
const NUMBER_NAME: &str = "$serde_json::private::Number";

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
pub(crate) struct Value<'t> {
    text: &'t str,
    /// A string that was looked through and has no escapes.
    is_plain_string: bool,
}

/// Reads the members of an object in order, each with everything that is nested in it checked.
pub(crate) fn read_object<'t>(
    text: &'t str,
    each: impl FnMut(&str, Value<'t>),
) -> Result<(), Fault> {
    read_object_within(text, MAX_VALUES, each)
}

/// The same with another bound on the number of values.
pub(crate) fn read_object_within<'t>(
    text: &'t str,
    max_values: usize,
    mut each: impl FnMut(&str, Value<'t>),
) -> Result<(), Fault> {
    let mut names = Names::new();
    let mut values_left = max_values;
    read_with(text, &mut names, |name, value, names| {
        each(name, value.check_in(1, names, &mut values_left)?);
        Ok(())
    })
}

/// Reads the members of an object in order, without a look into their values: the caller does that, value by value.
pub(crate) fn read_members<'t>(
    text: &'t str,
    mut each: impl FnMut(&str, Value<'t>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    read_with(text, &mut Names::new(), |name, value, _| each(name, value))
}

fn read_with<'t>(
    text: &'t str,
    names: &mut Names,
    each: impl FnMut(&str, Value<'t>, &mut Names) -> Result<(), Fault>,
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
            names,
            fault: &fault,
        })
        .and_then(|()| deserializer.end())
        .map_err(|_| fault.get().unwrap_or(Fault::Syntax))
}

impl<'t> Value<'t> {
    /// Of a text that is one well-formed value.
    pub(crate) const fn of(text: &'t str) -> Self {
        Value {
            text,
            is_plain_string: false,
        }
    }

    pub(crate) const fn text(self) -> &'t str {
        self.text
    }

    pub(crate) fn is_object(self) -> bool {
        self.text.starts_with('{')
    }

    pub(crate) fn is_array(self) -> bool {
        self.text.starts_with('[')
    }

    pub(crate) fn is_number(self) -> bool {
        self.text
            .starts_with(|c: char| c == '-' || c.is_ascii_digit())
    }

    /// The text of a string, without a copy where it has no escapes.
    pub(crate) fn as_str(self) -> Option<Cow<'t, str>> {
        let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
        if self.is_plain_string || !has_escapes(inner) {
            Some(Cow::Borrowed(inner))
        } else {
            serde_json::from_str(self.text).ok().map(Cow::Owned)
        }
    }

    /// The elements of an array.
    pub(crate) fn as_array(self) -> Option<Vec<Value<'t>>> {
        if !self.is_array() {
            return None;
        }
        let elements: Vec<&'t RawValue> = serde_json::from_str(self.text).ok()?;
        Some(elements.into_iter().map(|e| Value::of(e.get())).collect())
    }

    /// The strings of an array, up to `max` of them, each handed to `each` with where it stands: a slice of the text, or a
    /// copy where it was escaped.
    pub(crate) fn each_string(self, max: usize, each: impl FnMut(Cow<'t, str>)) -> Option<()> {
        let mut deserializer = serde_json::Deserializer::from_str(self.text);
        deserializer
            .deserialize_seq(Strings { each, left: max })
            .ok()
    }

    /// Checks what the grammar alone lets through, in a value that stands alone.
    pub(crate) fn check(self) -> Result<(), Fault> {
        self.check_in(1, &mut Names::new(), &mut { MAX_VALUES })
            .map(drop)
    }

    /// Gives the value back, with what was learned of it. `depth` counts what it stands in, `names` holds the names that are
    /// open around it.
    fn check_in(
        self,
        depth: usize,
        names: &mut Names,
        values_left: &mut usize,
    ) -> Result<Self, Fault> {
        match self.text.as_bytes().first() {
            Some(b'{' | b'[') => {
                let fault = Cell::new(None);
                let mut deserializer = serde_json::Deserializer::from_str(self.text);
                Nested {
                    within: self.text,
                    depth,
                    names,
                    values_left,
                    fault: &fault,
                }
                .deserialize(&mut deserializer)
                .and_then(|()| deserializer.end())
                .map_err(|_| fault.get().unwrap_or(Fault::Syntax))
                .map(|()| self)
            }
            first => {
                count(values_left)?;
                let is_sound = match first {
                    Some(b'"') if !has_escapes(self.text) => {
                        return Ok(Value {
                            is_plain_string: true,
                            ..self
                        });
                    }
                    // The grammar was checked; only an escaped code unit can be a lone surrogate.
                    Some(b'"') => !self.text.contains("\\u") || self.as_str().is_some(),
                    Some(b'-' | b'0'..=b'9') => is_finite(self.text),
                    _ => true,
                };
                if is_sound {
                    Ok(self)
                } else {
                    Err(Fault::Syntax)
                }
            }
        }
    }
}

/// Without an early end, so that it is done many bytes at a time: most strings are short and have none.
fn has_escapes(string: &str) -> bool {
    let mut found = false;
    for byte in string.bytes() {
        found |= byte == b'\\';
    }
    found
}

/// Whether a number, whose grammar was checked, is one of a double for serde_json too. Short texts without an exponent
/// can't leave the range.
fn is_finite(number: &str) -> bool {
    (number.len() < 300 && !number.bytes().any(|byte| matches!(byte, b'e' | b'E')))
        || serde_json::from_str::<f64>(number).is_ok_and(f64::is_finite)
}

fn count(values_left: &mut usize) -> Result<(), Fault> {
    *values_left = values_left.checked_sub(1).ok_or(Fault::TooComplex)?;
    Ok(())
}

/// The names of the objects that are open at one place of a text, each as a number: no allocation where there are few, and
/// no input can be made that collides.
struct Names {
    few: [u64; FEW_NAMES],
    more: Vec<u64>,
    taken: usize,
}

/// As many as a usual claims set has, with what is nested in it.
const FEW_NAMES: usize = 32;

static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A short name as it is, its length on top of its bytes; a longer one as a keyed hash with the top bit set.
fn number_of(name: &str) -> u64 {
    const TOP_BIT: u64 = 1 << 63;

    let bytes = name.as_bytes();
    let mut number = [0; 8];
    match number.get_mut(..bytes.len()) {
        Some(start) if bytes.len() < 8 => {
            start.copy_from_slice(bytes);
            u64::from_le_bytes(number) | (bytes.len() as u64) << 56
        }
        _ => KEY.hash_one(name) | TOP_BIT,
    }
}

impl Names {
    const fn new() -> Self {
        Names {
            few: [0; FEW_NAMES],
            more: Vec::new(),
            taken: 0,
        }
    }

    /// Adds a name to the object whose names begin at `start`.
    fn insert(&mut self, start: usize, name: &str) -> Result<(), Fault> {
        if name.starts_with("$serde_json") && [RAW_VALUE_NAME, NUMBER_NAME].contains(&name) {
            return Err(Fault::Syntax);
        }
        if self.taken == MAX_OPEN_NAMES {
            return Err(Fault::TooComplex);
        }
        if self.taken == FEW_NAMES && self.more.is_empty() {
            // From now on all are there.
            self.more.reserve_exact(MAX_OPEN_NAMES);
            self.more.extend_from_slice(&self.few);
        }
        let number = number_of(name);
        let all = if self.more.is_empty() {
            &self.few[..]
        } else {
            &self.more
        };
        let own = all.get(start..self.taken).unwrap_or_default();
        // Without an early end, so that it is done several at a time.
        let mut is_double = false;
        for known in own {
            is_double |= *known == number;
        }
        if is_double {
            return Err(Fault::Duplicate);
        }
        if own.len() == MAX_NAMES {
            return Err(Fault::TooComplex);
        }
        if self.more.is_empty() {
            if let Some(place) = self.few.get_mut(self.taken) {
                *place = number;
            }
        } else {
            self.more.truncate(self.taken);
            self.more.push(number);
        }
        self.taken += 1;
        Ok(())
    }
}

/// Carries one of our faults through serde's error type, which keeps only its text.
fn raise<E: de::Error>(place: &Cell<Option<Fault>>, fault: Fault) -> E {
    place.set(Some(fault));
    E::custom("refused by the strict reader")
}

struct Members<'r, F> {
    each: F,
    names: &'r mut Names,
    fault: &'r Cell<Option<Fault>>,
}

impl<'t, F> Visitor<'t> for Members<'_, F>
where
    F: FnMut(&str, Value<'t>, &mut Names) -> Result<(), Fault>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Name)? {
            let raise = |fault| raise(self.fault, fault);
            self.names.insert(0, &name).map_err(raise)?;
            let value: &'t RawValue = map.next_value()?;
            (self.each)(&name, Value::of(value.get()), self.names).map_err(raise)?;
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

/// Hands out the strings of an array.
struct Strings<F> {
    each: F,
    left: usize,
}

impl<'t, F: FnMut(Cow<'t, str>)> Visitor<'t> for Strings<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of strings, not too many")
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(string) = seq.next_element_seed(Name)? {
            self.left = self
                .left
                .checked_sub(1)
                .ok_or_else(|| de::Error::custom("too many"))?;
            (self.each)(string);
        }
        Ok(())
    }
}

/// Checks one value and all that is nested in it.
struct Nested<'r> {
    /// The text that is read.
    within: &'r str,
    depth: usize,
    names: &'r mut Names,
    values_left: &'r mut usize,
    fault: &'r Cell<Option<Fault>>,
}

impl Nested<'_> {
    /// A value in this one.
    fn inside(&mut self) -> Nested<'_> {
        Nested {
            within: self.within,
            depth: self.depth,
            names: self.names,
            values_left: self.values_left,
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

    /// Whether serde_json shows a number in this way, as it does with its feature `arbitrary_precision`: then the name is
    /// its own constant and stands nowhere in the text. (A name that was escaped there is a copy and not asked about.)
    fn is_number_in_disguise(&self, name: &str) -> bool {
        name == NUMBER_NAME
            && !self
                .within
                .as_bytes()
                .as_ptr_range()
                .contains(&name.as_ptr())
    }
}

impl<'t> DeserializeSeed<'t> for Nested<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        count(self.values_left).map_err(|fault| raise(self.fault, fault))?;
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
        let mut next = map.next_key_seed(Name)?;
        if let Some(Cow::Borrowed(name)) = &next
            && self.is_number_in_disguise(name)
        {
            let number: String = map.next_value()?;
            return if is_finite(&number) {
                Ok(())
            } else {
                Err(raise(self.fault, Fault::Syntax))
            };
        }
        self.enter()?;
        let start = self.names.taken;
        while let Some(name) = next {
            self.names
                .insert(start, &name)
                .map_err(|fault| raise(self.fault, fault))?;
            map.next_value_seed(self.inside())?;
            next = map.next_key_seed(Name)?;
        }
        self.names.taken = start;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
