//! What a message of the Model Context Protocol asks for: pure reading of a JSON-RPC message.

use std::fmt;

use super::refusal::Invalid;
use super::uri;
use crate::core::{JsonFault, JsonValue, read_json_object_within};

/// Objects and arrays inside one another, in the arguments of a tool too.
const MAX_DEPTH: u8 = 128;
/// Resources that one message subscribes to. Each costs more time and memory than its bytes do.
const MAX_SUBSCRIPTIONS: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tool,
    Resource,
    Prompt,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Tool => "tool",
            Kind::Resource => "resource",
            Kind::Prompt => "prompt",
        })
    }
}

/// A tool, resource or prompt, by its name as rules are compared with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    kind: Kind,
    name: String,
    /// Its members are asked for too.
    is_directory: bool,
}

impl Target {
    /// `None` for a URI that can't be compared.
    pub(super) fn named(kind: Kind, name: &str) -> Option<Self> {
        let name = match kind {
            Kind::Resource => uri::comparable(name)?,
            Kind::Tool | Kind::Prompt => name.to_owned(),
        };
        Some(Target {
            kind,
            name,
            is_directory: false,
        })
    }

    /// What a server may take a URI for beside what it says.
    pub(super) fn readings(&self) -> impl Iterator<Item = String> + use<> {
        let is_uri = self.kind == Kind::Resource;
        let readings = is_uri.then(|| uri::readings(&self.name));
        let directory = self.is_directory.then(|| uri::as_directory(&self.name));
        let members = directory.map(|directory| {
            let mut members = uri::readings(&directory);
            members.push(directory);
            members
        });
        readings.into_iter().chain(members).flatten()
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// What a message asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing that needs more than a good token.
    Nothing,
    /// A method that this reader does not know.
    Unknown,
    /// All of these.
    Targets(Vec<Target>),
    /// The same, for a stream that stays open.
    Subscription(Vec<Target>),
}

/// Reads one message strictly. What can't be read in one way alone is refused, and so never handed
/// on.
pub(super) fn read(text: &str) -> Result<Asked, Invalid> {
    let (mut method, mut params, mut id) = (None, None, None);
    let mut is_answer = false;
    let members = |name: &str, value| match name {
        "method" => method = Some(value),
        "params" => params = Some(value),
        "id" => id = Some(value),
        "result" | "error" => is_answer = true,
        _ => {}
    };
    read_json_object_within(text, MAX_DEPTH, members).map_err(|fault| match fault {
        JsonFault::Syntax => Invalid::syntax(),
        JsonFault::NotAnObject
        | JsonFault::Duplicate
        | JsonFault::Number
        | JsonFault::TooDeep { .. } => Invalid::message(),
    })?;
    let Some(method) = method else {
        return is_answer
            .then_some(Asked::Nothing)
            .ok_or_else(Invalid::message);
    };
    let method = method.as_str().ok_or_else(Invalid::message)?;
    let targets = match &*method {
        "initialize"
        | "ping"
        | "server/discover"
        | "tools/list"
        | "prompts/list"
        | "resources/list"
        | "resources/templates/list" => return Ok(Asked::Nothing),
        "tools/call" => named(Kind::Tool, params, "name"),
        "prompts/get" => named(Kind::Prompt, params, "name"),
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" | "skills/get" => {
            named(Kind::Resource, params, "uri")
        }
        "resources/directory/read" => named(Kind::Resource, params, "uri").map(of_directories),
        "subscriptions/listen" => {
            let targets = listened(params).map(Asked::Subscription);
            return targets.ok_or_else(|| Invalid::params(id.map(JsonValue::text)));
        }
        "completion/complete" => completed(params),
        notification if id.is_none() && notification.starts_with("notifications/") => {
            return Ok(Asked::Nothing);
        }
        _ => return Ok(Asked::Unknown),
    };
    let targets = targets.ok_or_else(|| Invalid::params(id.map(JsonValue::text)))?;
    Ok(Asked::Targets(targets))
}

fn named(kind: Kind, object: Option<JsonValue<'_>>, member: &str) -> Option<Vec<Target>> {
    let name = object?.member(member)?.as_str()?;
    Some(vec![Target::named(kind, &name)?])
}

fn of_directories(mut targets: Vec<Target>) -> Vec<Target> {
    for target in &mut targets {
        target.is_directory = true;
    }
    targets
}

/// The resources of a filter; the other notifications that it names are about lists.
fn listened(params: Option<JsonValue<'_>>) -> Option<Vec<Target>> {
    let filter = params?.member("notifications")?;
    if !filter.is_object() {
        return None;
    }
    match filter.member("resourceSubscriptions") {
        None => Some(Vec::new()),
        Some(none) if none.text() == "null" => Some(Vec::new()),
        Some(uris) => {
            let targets: Option<Vec<Target>> = uris
                .strings()?
                .take(MAX_SUBSCRIPTIONS + 1)
                .map(|uri| Target::named(Kind::Resource, &uri?.unescaped()))
                .collect();
            targets.filter(|targets| targets.len() <= MAX_SUBSCRIPTIONS)
        }
    }
}

fn completed(params: Option<JsonValue<'_>>) -> Option<Vec<Target>> {
    let reference = params?.member("ref")?;
    match &*reference.member("type")?.as_str()? {
        "ref/prompt" => named(Kind::Prompt, Some(reference), "name"),
        "ref/resource" => named(Kind::Resource, Some(reference), "uri"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
