//! A token on its way to be signed, and the changes that are made to it.

use resource_server::Algorithm;
use resource_server::testing::TestIssuer;

use crate::form::{FormEdit, TextEdit};
use crate::signature::SignatureEdit;

pub(crate) const ISSUER: &str = "https://as.example.com";
pub(crate) const API: &str = "https://api.example.com";

/// Those with a public key: both sides are given the same JWK.
pub(crate) fn asymmetric() -> impl Iterator<Item = Algorithm> {
    let algorithms = Algorithm::ALL.iter().copied();
    algorithms.filter(|algorithm| !algorithm.is_hmac())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Header,
    Claims,
}

/// One change. Texts are JSON, in which `@+300` is the moment 300 seconds from now, `@-30.5` the
/// one 30 seconds ago with `.5` written behind it, and `@kid` the name of the key that signs.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// A member gets this value, and is added where it is not there.
    Set(Part, String, String),
    /// A member is left out.
    Omit(Part, String),
    /// A member, its name in JSON too, is written behind the others, also where one of its name is
    /// there.
    Add(Part, String, String),
    /// The text of a part gets these before and behind it.
    Wrap(Part, String, String),
    /// The text of a part is this.
    Replace(Part, Vec<u8>),
    /// The text of a part, moments and all, with this change.
    Text(Part, TextEdit),
    Signature(SignatureEdit),
    /// The whole token in its compact form.
    Form(FormEdit),
}

#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// How it was made; what the rows of the table name.
    pub(crate) label: String,
    pub(crate) edit: Edit,
}

/// A good token but for its changes.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) algorithm: Algorithm,
    pub(crate) changes: Vec<Change>,
}

/// Values with two members of one name.
pub(crate) const DOUBLED: [&str; 2] = [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#];

impl Change {
    pub(crate) fn new(label: &str, edit: Edit) -> Self {
        let label = label.to_owned();
        Change { label, edit }
    }

    /// A member gets this value, and the change the label that the value asks for.
    pub(crate) fn set(part: Part, name: &str, value: &str) -> Self {
        let edit = Edit::Set(part, name.to_owned(), value.to_owned());
        let has_fraction = value.contains('.');
        let label = match (part, name) {
            (Part::Header, _) if DOUBLED.contains(&value) => "header doubled",
            (Part::Claims, _) if DOUBLED.contains(&value) => "claims doubled",
            (
                Part::Header,
                "jku" | "jwk" | "x5u" | "x5c" | "x5t" | "x5t#S256" | "enc" | "url" | "nonce",
            ) => "header unused",
            (Part::Header, name) => return Change::new(&format!("header {name}"), edit),
            (Part::Claims, "nonce" | "at_hash" | "c_hash" | "s_hash") => "claim of an ID token",
            (Part::Claims, "events" | "token_introspection" | "typ") => "claim of another token",
            (Part::Claims, "nbf") if value.starts_with('-') => "claim nbf below zero",
            (Part::Claims, "exp") if has_fraction => "claim exp with a fraction",
            (Part::Claims, "nbf") if has_fraction => "claim nbf with a fraction",
            (Part::Claims, name) => return Change::new(&format!("claim {name}"), edit),
        };
        Change::new(label, edit)
    }
}

impl Draft {
    /// How it was made: its algorithm, and its changes.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &str> {
        let changes = self.changes.iter().map(|change| change.label.as_str());
        changes.chain([self.algorithm.as_str()])
    }

    pub(crate) fn mint(
        &self,
        issuer: &TestIssuer,
        stranger: &TestIssuer,
        kid: &str,
        now: i64,
    ) -> String {
        let texts = [Part::Header, Part::Claims].map(|part| self.text(part, kid, now));
        let mut token = issuer.token().algorithm(self.algorithm);
        if self
            .changes
            .iter()
            .any(|change| matches!(change.edit, Edit::Signature(SignatureEdit::OfAnotherKey)))
        {
            token = token.signed_by(stranger);
        }
        let token = token.raw_header(&texts[0]).raw_payload(&texts[1]);
        let mut token = token.mint();
        for change in &self.changes {
            token = match &change.edit {
                Edit::Signature(edit) => edit.apply(&token),
                Edit::Form(edit) => edit.apply(&token),
                _ => token,
            };
        }
        token
    }

    fn text(&self, part: Part, kid: &str, now: i64) -> Vec<u8> {
        let mut members = match part {
            Part::Header => vec![
                ("alg", format!("\"{}\"", self.algorithm)),
                ("typ", "\"JWT\"".to_owned()),
                ("kid", "\"@kid\"".to_owned()),
            ],
            Part::Claims => vec![
                ("iss", format!("\"{ISSUER}\"")),
                ("aud", format!("\"{API}\"")),
                ("sub", "\"alice\"".to_owned()),
                ("client_id", "\"web\"".to_owned()),
                ("jti", "\"1\"".to_owned()),
                ("iat", "@+0".to_owned()),
                ("exp", "@+300".to_owned()),
            ],
        }
        .into_iter()
        .map(|(name, value)| (format!("\"{name}\""), value))
        .collect::<Vec<_>>();
        for change in &self.changes {
            match &change.edit {
                Edit::Set(of, name, value) if *of == part => {
                    let name = format!("\"{name}\"");
                    match members.iter_mut().find(|(known, _)| *known == name) {
                        Some(member) => member.1.clone_from(value),
                        None => members.push((name, value.clone())),
                    }
                }
                Edit::Omit(of, name) if *of == part => {
                    let name = format!("\"{name}\"");
                    members.retain(|(known, _)| *known != name);
                }
                Edit::Add(of, name, value) if *of == part => {
                    members.push((name.clone(), value.clone()));
                }
                _ => {}
            }
        }
        let members: Vec<_> = members.iter().map(|(n, v)| format!("{n}:{v}")).collect();
        let mut text = format!("{{{}}}", members.join(",")).into_bytes();
        for change in &self.changes {
            match &change.edit {
                Edit::Wrap(of, before, behind) if *of == part => {
                    text = [before.as_bytes(), &text, behind.as_bytes()].concat();
                }
                Edit::Replace(of, whole) if *of == part => text.clone_from(whole),
                _ => {}
            }
        }
        let mut text = match String::from_utf8(text) {
            Ok(text) => resolve(&text, kid, now),
            Err(not_utf8) => return not_utf8.into_bytes(),
        };
        for change in &self.changes {
            if let Edit::Text(of, edit) = &change.edit
                && *of == part
            {
                text = edit.apply(&text);
            }
        }
        text.into_bytes()
    }
}

/// The text with moments and the key's name filled in.
fn resolve(text: &str, kid: &str, now: i64) -> String {
    let mut pieces = text.split('@');
    let mut resolved = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        if let Some(rest) = piece.strip_prefix("kid") {
            resolved.extend([kid, rest]);
            continue;
        }
        let is_part = |c: char| c.is_ascii_digit() || c == '+' || c == '-';
        let end = piece.find(|c| !is_part(c)).unwrap_or(piece.len());
        let (offset, rest) = piece.split_at(end);
        let offset: i64 = offset.parse().expect("a number of seconds behind @");
        resolved.extend([(now + offset).to_string().as_str(), rest]);
    }
    resolved
}
