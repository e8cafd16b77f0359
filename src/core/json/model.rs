//! The strict reader in slow motion: what serde_json makes of a text, and then the rules, one by one. Also included by a fuzz
//! target.

#![allow(unreachable_pub)] // for the fuzz target

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

const MAX_DEPTH: usize = 32;
const MAX_NAMES: usize = 128;
const MAX_VALUES: usize = 1_024;
const MAX_OPEN_NAMES: usize = 256;

/// With its feature `arbitrary_precision`, serde_json shows a number as an object with this name.
const NUMBER: &str = "$serde_json::private::Number";

/// A value as another reader sees it, doubled members included.
enum Tree {
    Plain,
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// What is wrong with a text that is JSON.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    pub is_no_object: bool,
    pub has_doubles: bool,
    pub is_too_complex: bool,
    pub has_reserved_names: bool,
    /// As they are spelt, which is what the reader looks at.
    pub may_have_great_numbers: bool,
    /// What looks like a number in the tree perhaps was written as an object with a reserved name.
    pub may_hide_reserved_names: bool,
}

impl Findings {
    /// `None` where it is no JSON for serde_json.
    pub fn of(text: &str) -> Option<Self> {
        let tree: Tree = serde_json::from_str(text).ok()?;
        let mut findings = Findings {
            is_no_object: !matches!(tree, Tree::Object(_)),
            may_have_great_numbers: may_have_great_numbers(text),
            may_hide_reserved_names: text.contains("private::Number"),
            ..Findings::default()
        };
        // The outermost object is not counted.
        let mut values = 0;
        findings.walk(&tree, 0, 0, &mut values);
        findings.is_too_complex |= values - 1 > MAX_VALUES;
        Some(findings)
    }

    pub fn are_none(&self) -> bool {
        !(self.is_no_object || self.has_doubles || self.is_too_complex || self.has_reserved_names)
    }

    /// Whether the reader may call the text no JSON, which it is for serde_json.
    pub fn allow_syntax_fault(&self) -> bool {
        self.has_reserved_names || self.may_hide_reserved_names || self.may_have_great_numbers
    }

    fn walk(&mut self, tree: &Tree, depth: usize, open_names: usize, values: &mut usize) {
        *values += 1;
        let depth = depth + 1;
        match tree {
            Tree::Plain => {}
            Tree::Array(elements) => {
                self.is_too_complex |= depth > MAX_DEPTH;
                for element in elements {
                    self.walk(element, depth, open_names, values);
                }
            }
            Tree::Object(members) => {
                let mut seen = HashSet::new();
                self.is_too_complex |= depth > MAX_DEPTH || members.len() > MAX_NAMES;
                for (name, value) in members {
                    self.has_doubles |= !seen.insert(name);
                    self.has_reserved_names |=
                        [NUMBER, "$serde_json::private::RawValue"].contains(&name.as_str());
                    let open_names = open_names + seen.len();
                    self.is_too_complex |= open_names > MAX_OPEN_NAMES;
                    self.walk(value, depth, open_names, values);
                }
            }
        }
    }
}

/// Whether a JSON text has a number whose digits before the point and exponent say that it may be 10^308 or more.
fn may_have_great_numbers(text: &str) -> bool {
    let mut outside_strings = String::new();
    let (mut is_inside, mut is_escaped) = (false, false);
    for character in text.chars() {
        if !is_inside {
            outside_strings.push(character);
        }
        is_inside ^= character == '"' && !is_escaped;
        is_escaped = is_inside && character == '\\' && !is_escaped;
    }
    let is_of_numbers = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let mut tokens = outside_strings.split(|c| !is_of_numbers(c));
    tokens.any(|token| {
        let number = token.strip_prefix('-').unwrap_or(token);
        let is_number = number.starts_with(|c: char| c.is_ascii_digit());
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let whole = mantissa.split('.').next().unwrap_or_default();
        let exponent = match exponent.strip_prefix('-') {
            Some(_) => 0,
            None => exponent.parse().unwrap_or(usize::MAX),
        };
        let power = whole.trim_start_matches('0').len().saturating_add(exponent);
        is_number && power > 308
    })
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Plain)
    }

    fn visit_str<E>(self, _: &str) -> Result<Tree, E> {
        Ok(Tree::Plain)
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Plain)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Tree::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == NUMBER && members.is_empty() {
                let number = serde_json::from_str::<f64>(&map.next_value::<String>()?);
                return match number {
                    Ok(number) if number.is_finite() => Ok(Tree::Plain),
                    _ => Err(A::Error::custom("no double")),
                };
            }
            members.push((name, map.next_value()?));
        }
        Ok(Tree::Object(members))
    }
}
