//! What an operation requires of `authorization_details` (RFC 9396).

use std::fmt;

use crate::core::excerpt::excerpt;
use crate::core::json::Value;

/// One object that an operation requires in the claim `authorization_details` (RFC 9396 section 2):
/// its type, and the actions and locations that it must list.
///
/// An object of the token fits if its `type` is this one, and its `actions` and `locations` have
/// each of these, byte for byte. It may have more.
///
/// ```
/// use resource_server::{Requirement, claims::AuthorizationDetail};
///
/// let pay = Requirement::authorization_detail(
///     AuthorizationDetail::of_type("payment_initiation")
///         .actions(["initiate"])
///         .locations(["https://api.example.com/payments"]),
/// );
/// assert!(pay.check().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct AuthorizationDetail {
    kind: String,
    actions: Vec<String>,
    locations: Vec<String>,
}

impl AuthorizationDetail {
    /// An object with this `type`.
    pub fn of_type(kind: impl Into<String>) -> Self {
        AuthorizationDetail {
            kind: kind.into(),
            actions: Vec::new(),
            locations: Vec::new(),
        }
    }

    /// It must list each of these `actions`.
    pub fn actions<A: Into<String>>(mut self, actions: impl IntoIterator<Item = A>) -> Self {
        self.actions = actions.into_iter().map(Into::into).collect();
        self
    }

    /// It must list each of these `locations`.
    pub fn locations<L: Into<String>>(mut self, locations: impl IntoIterator<Item = L>) -> Self {
        self.locations = locations.into_iter().map(Into::into).collect();
        self
    }

    /// Nothing in it is empty, which is more likely a setting that was not filled in.
    pub(crate) fn is_sound(&self) -> bool {
        let mut names = self.actions.iter().chain(&self.locations);
        !self.kind.is_empty() && !names.any(String::is_empty)
    }

    /// Whether one object of the claim fits.
    pub(crate) fn is_met_by(&self, claim: Value<'_>) -> bool {
        claim
            .elements()
            .is_some_and(|mut details| details.any(|detail| self.fits(detail)))
    }

    fn fits(&self, detail: Value<'_>) -> bool {
        if !detail.is_object() {
            return false;
        }
        let kind = detail.member("type").and_then(Value::as_str);
        kind.is_some_and(|kind| kind == self.kind)
            && lists_all(detail.member("actions"), &self.actions)
            && lists_all(detail.member("locations"), &self.locations)
    }
}

fn lists_all(list: Option<Value<'_>>, wanted: &[String]) -> bool {
    wanted.iter().all(|wanted| {
        list.and_then(Value::elements).is_some_and(|mut listed| {
            listed.any(|one| one.as_str().is_some_and(|text| text == *wanted))
        })
    })
}

impl fmt::Display for AuthorizationDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "authorization_details of type \"{}\"",
            excerpt(&self.kind)
        )?;
        for (name, values) in [("actions", &self.actions), ("locations", &self.locations)] {
            if !values.is_empty() {
                let values: Vec<_> = values.iter().map(|value| excerpt(value)).collect();
                write!(f, " with {name} \"{}\"", values.join("\", \""))?;
            }
        }
        Ok(())
    }
}
