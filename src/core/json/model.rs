//! A slow model of the strict reader: what serde_json reads in a text, and then each rule by
//! itself. A fuzz target includes it too.

#![allow(unreachable_pub)] // for the fuzz target

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

const MAX_DEPTH: usize = 32;
const MAX_NUMBER_BYTES: usize = 64;
const RESERVED_NAMES: [&str; 2] = [
    "$serde_json::private::Number",
    "$serde_json::private::RawValue",
];

/// A value as another reader sees it, including duplicate members.
enum Tree {
    Plain,
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// What the rules say about a text that is JSON.
#[derive(Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)]
pub struct Findings {
    pub is_no_object: bool,
    pub has_duplicates: bool,
    pub is_too_deep: bool,
    pub has_bad_numbers: bool,
    pub has_reserved_names: bool,
}

impl Findings {
    /// `None` if the text is not JSON.
    pub fn of(text: &str) -> Option<Self> {
        // serde_json has another rule for great numbers, so the text that it reads has none.
        let (text, has_bad_numbers) = without_numbers(text);
        let tree: Tree = serde_json::from_str(&text).ok()?;
        let mut findings = Findings {
            is_no_object: !matches!(tree, Tree::Object(_)),
            has_bad_numbers,
            ..Findings::default()
        };
        findings.walk(&tree, 0);
        Some(findings)
    }

    pub fn are_none(&self) -> bool {
        *self == Findings::default()
    }

    fn walk(&mut self, tree: &Tree, depth: usize) {
        let depth = depth + 1;
        match tree {
            Tree::Plain => {}
            Tree::Array(elements) => {
                self.is_too_deep |= depth > MAX_DEPTH;
                for element in elements {
                    self.walk(element, depth);
                }
            }
            Tree::Object(members) => {
                let mut seen = HashSet::new();
                self.is_too_deep |= depth > MAX_DEPTH;
                for (name, value) in members {
                    self.has_duplicates |= !seen.insert(name);
                    self.has_reserved_names |= RESERVED_NAMES.contains(&name.as_str());
                    self.walk(value, depth);
                }
            }
        }
    }
}

/// The text with `null` for each well-formed number, and whether a number is over a bound.
fn without_numbers(text: &str) -> (String, bool) {
    let is_of_numbers = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let (mut replaced, mut has_bad_numbers) = (String::new(), false);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_like_a_number = first == '-' || first.is_ascii_digit();
        let length = match first {
            '"' => length_of_string(rest),
            _ if is_like_a_number => rest.find(|c| !is_of_numbers(c)).unwrap_or(rest.len()),
            other => other.len_utf8(),
        };
        let (token, behind) = rest.split_at(length);
        if is_like_a_number && serde_json::from_str::<IgnoredAny>(token).is_ok() {
            let is_finite = token.parse::<f64>().is_ok_and(f64::is_finite);
            has_bad_numbers |= !is_finite || length > MAX_NUMBER_BYTES;
            replaced += "null";
        } else {
            replaced += token;
        }
        rest = behind;
    }
    (replaced, has_bad_numbers)
}

/// The length includes both quotes, or goes to the end of the text.
fn length_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if character == '"' && !is_escaped {
            return at + 1;
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    text.len()
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
            members.push((name, map.next_value()?));
        }
        Ok(Tree::Object(members))
    }
}
