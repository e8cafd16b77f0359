//! What each tool, resource and prompt of an MCP server needs from a token.

mod body;
mod call_error;
mod ending;
mod event_stream;
mod held;
mod layer;
mod message;
mod refusal;
mod rules;
mod session_id;
mod sessions;
mod uri;

use std::sync::Arc;
use std::time::Duration;

use crate::core::{AccessToken, Requirement, check_requirement};
use crate::error::{Error, Misconfigured};

use body::Room;
use message::{Asked, Kind, Target};
use rules::{Needed, Rule, Rules};

pub use call_error::CallError;
pub use layer::ToolScoped;
pub use sessions::{SessionBound, Sessions};

/// The largest body of one request by default: 4 MiB, as rmcp has it.
const DEFAULT_MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// The bodies of all requests together by default: 64 MiB.
const DEFAULT_MAX_BYTES_OF_ALL_BODIES: usize = 64 * 1024 * 1024;
/// How long the start of an event stream is held back by default: as long as rmcp waits for its
/// first keep-alive.
const DEFAULT_HOLD: Duration = Duration::from_secs(15);
/// Clients and proxies give up a request that has no answer for this long.
const LONGEST_HOLD: Duration = Duration::from_secs(60);

/// What each tool, resource and prompt of an MCP server needs from a token: a layer of axum, inside
/// of [`Protect`](crate::Protect).
///
/// A pattern that ends with `*` covers every name that begins with the text before it. The exact
/// name takes precedence, and then the longest pattern. **What no name and no
/// [`otherwise`](ToolScopes::otherwise) covers is refused** with 403.
///
/// ```
/// use axum::{Router, routing::post};
/// use resource_server::{Requirement, Validator, mcp::ToolScopes};
///
/// # use resource_server::testing::TestIssuer;
/// # let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com/mcp");
/// # let builder = Validator::builder().resource("https://api.example.com/mcp");
/// # let validator = builder.issuer(issuer.to_issuer()).build()?;
/// # let service = post(|| async { "" });
/// let scopes = ToolScopes::new()
///     .tool("sum", Requirement::scope("math:read"))
///     .tool("admin_*", Requirement::scope("admin").and(Requirement::role("operator")))
///     .resource("file:///reports/*", Requirement::scope("reports:read"))
///     .otherwise_any_token();
/// scopes.check()?;
/// let app: Router = Router::new()
///     .route("/mcp", service) // rmcp: .nest_service("/mcp", service)
///     .layer(scopes)
///     .layer(validator.protect()) // the last layer runs first
///     .merge(validator.resource_metadata()?.at_root_too());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What a request needs
///
/// The body decides, and never the headers `Mcp-Method` and `Mcp-Name`.
///
/// | message | what is needed |
/// | --- | --- |
/// | `tools/call` | the requirement of the tool `params.name` |
/// | `resources/read`, `resources/subscribe`, `resources/unsubscribe`, `skills/get` | that of the resource `params.uri` |
/// | `resources/directory/read` | the same, and that of `params.uri` with `/` at its end |
/// | `subscriptions/listen` | those of all resources in `params.notifications.resourceSubscriptions` |
/// | `prompts/get` | that of the prompt `params.name` |
/// | `completion/complete` | that of the prompt or resource `params.ref` |
/// | `initialize`, `server/discover`, `ping`, `tools/list`, `prompts/list`, `resources/list`, `resources/templates/list` | the token alone |
/// | a notification (`notifications/..` without an `id`), an answer to a request of the server | the token alone |
/// | any other method | that of [`otherwise`](ToolScopes::otherwise) |
///
/// Requests with `GET`, `HEAD`, `DELETE` and `OPTIONS` need the token alone if they have no body.
///
/// # Answers
///
/// | request | answer |
/// | --- | --- |
/// | the token lacks what is needed | that of [`AccessToken::require`]: 403 with all scopes that the operation needs, those of [`Protect::require`](crate::Protect::require) among them |
/// | no requirement covers it | 403 without a challenge |
/// | a body that is not JSON in UTF-8 | 400, JSON-RPC error -32700 |
/// | an array or another value than one object, members with the same name, over 128 levels, neither a method nor an answer | 400, JSON-RPC error -32600 |
/// | a name or URI that is missing or not a string, over 1000 resource subscriptions, a URI with a dot segment (`..`), a backslash, control characters, white space around it or a host outside ASCII | 400, JSON-RPC error -32602 |
/// | a body with a `Content-Encoding` other than `identity` | 415 |
/// | a body over [`max_body_bytes`](ToolScopes::max_body_bytes) | 413, JSON-RPC error -32600 |
/// | bodies over [`max_bytes_of_all_bodies`](ToolScopes::max_bytes_of_all_bodies) | 503 with `Retry-After: 1` |
/// | no [`Protect`](crate::Protect) in front, or a malformed requirement | 500 |
///
/// An event stream that answers a `POST` is held back until its first message
/// ([`hold_answers_for`](ToolScopes::hold_answers_for)), so that a tool can still refuse the call.
///
/// The event stream of a `GET` or of `subscriptions/listen` ends when the token is refused
/// ([`Validator::until_refused`](crate::Validator::until_refused)), and so when it expires. The
/// client's next request gets the answer.
///
/// No body is read before the token was accepted. There is no time limit for reading one: set that
/// of your server. The service behind gets the same bytes.
#[derive(Clone, Debug)]
#[must_use]
pub struct ToolScopes {
    tools: Rules,
    resources: Rules,
    prompts: Rules,
    otherwise: Rule,
    mistakes: Vec<String>,
    max_body_bytes: usize,
    room: Room,
    hold: Duration,
}

impl Default for ToolScopes {
    fn default() -> Self {
        ToolScopes::new()
    }
}

impl ToolScopes {
    /// Requirements of nothing: every operation is refused.
    pub fn new() -> Self {
        ToolScopes {
            tools: Rules::default(),
            resources: Rules::default(),
            prompts: Rules::default(),
            otherwise: Rule::Refused,
            mistakes: Vec::new(),
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            room: Room::of(DEFAULT_MAX_BYTES_OF_ALL_BODIES),
            hold: DEFAULT_HOLD,
        }
    }

    /// What the tool with this name needs, or the tools that a pattern such as `admin_*` covers.
    /// A second requirement for the same name adds to the first. Names are compared byte for byte.
    pub fn tool(mut self, name: &str, requirement: Requirement) -> Self {
        self.add(Kind::Tool, name, requirement);
        self
    }

    /// What the resource with this URI needs, or the resources that a pattern such as
    /// `file:///reports/*` covers. It is needed for reading it, for subscribing to it, and for
    /// completing its template.
    ///
    /// URIs are compared with scheme and host in lower case, with percent-encoding only where it is
    /// needed, and without a default port (RFC 3986 sections 6.2.2 and 6.2.3). `file:/a` and
    /// `file://localhost/a` are `file:///a`.
    ///
    /// Some servers ignore a query, a fragment, a user name or needless slashes, and decode every
    /// percent-encoding. So a URI also needs the requirement of the URI that such a server would
    /// read, unless a narrower pattern covers it. Your server may treat more as equal, such as
    /// upper and lower case: [check](ToolScopes::require_resource) again inside it.
    pub fn resource(mut self, uri: &str, requirement: Requirement) -> Self {
        self.add(Kind::Resource, uri, requirement);
        self
    }

    /// What the prompt with this name needs, or the prompts that a pattern such as `admin_*`
    /// covers.
    pub fn prompt(mut self, name: &str, requirement: Requirement) -> Self {
        self.add(Kind::Prompt, name, requirement);
        self
    }

    /// What every other tool, resource, prompt and method needs. By default they are refused. A
    /// second requirement adds to the first.
    pub fn otherwise(mut self, requirement: Requirement) -> Self {
        if let Err(problem) = requirement.check() {
            self.mistakes.push(format!("for the rest: {problem}"));
        }
        self.otherwise = self.otherwise.and(requirement);
        self
    }

    /// Every other tool, resource, prompt and method needs a good token and nothing else. After
    /// [`otherwise`](ToolScopes::otherwise) it is a mistake, which [`check`](ToolScopes::check)
    /// finds.
    pub fn otherwise_any_token(mut self) -> Self {
        if let Rule::Requirement(_) = self.otherwise {
            let problem = "for the rest: set otherwise or otherwise_any_token, and not both";
            self.mistakes.push(problem.to_owned());
        }
        self.otherwise = Rule::AnyToken;
        self
    }

    /// Every scope that the requirements name, sorted, each once: for
    /// [`Resource::scopes_supported`](crate::Resource::scopes_supported), so that clients know what
    /// they can request.
    ///
    /// ```
    /// use resource_server::{Requirement, Resource, mcp::ToolScopes};
    ///
    /// let scopes = ToolScopes::new()
    ///     .tool("sum", Requirement::scope("math:read"))
    ///     .tool("add", Requirement::all_scopes(["math:read", "math:write"]));
    /// assert_eq!(scopes.scopes(), ["math:read", "math:write"]);
    /// let resource = Resource::new("https://mcp.example.com/mcp")
    ///     .scopes_supported(scopes.scopes());
    /// ```
    pub fn scopes(&self) -> Vec<String> {
        let rules = [&self.tools, &self.resources, &self.prompts].into_iter();
        let rules = rules.flat_map(Rules::all).chain([&self.otherwise]);
        let mut scopes = Vec::new();
        for rule in rules {
            if let Rule::Requirement(requirement) = rule {
                requirement.add_scopes(&mut scopes);
            }
        }
        scopes.sort_unstable();
        scopes.dedup();
        scopes.into_iter().map(str::to_owned).collect()
    }

    /// The largest body of one request, in bytes. Default 4 MiB.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// The memory for the bodies of all requests together, in bytes, from their first byte until
    /// the service behind has dropped them. Default 64 MiB. It is one bound for all clones of this
    /// value from now on.
    pub fn max_bytes_of_all_bodies(mut self, bytes: usize) -> Self {
        self.room = Room::of(bytes);
        self
    }

    /// How long the start of an event stream that answers a `POST` is held back for its first
    /// message. Default 15 seconds, at most 60 seconds; zero holds nothing back.
    ///
    /// Until then, a tool can still make the layer send 403
    /// ([`Error::refuse_call`](crate::Error::refuse_call)), though the server has begun the stream.
    /// A message is an event with data, or a comment, such as a keep-alive. An event with `id` and
    /// `retry` alone is not a message. At most 64 KiB of such events are held back. It needs a
    /// tokio runtime with time enabled.
    ///
    /// A stream with a `Content-Encoding` is not held back, since it can't be read: compress
    /// outside of this layer.
    pub fn hold_answers_for(mut self, time: Duration) -> Self {
        self.hold = time;
        self
    }

    /// Checks that a token can meet each requirement, and that each setting can be used. Call this
    /// at start. Without it, each request gets 500.
    ///
    /// # Errors
    /// A requirement that no token can meet, a name that is empty or has `*` before its end, a URI
    /// that no request can have, a body that may be larger than all bodies together, or a wait that
    /// is too long. The text lists every such problem.
    pub fn check(&self) -> Result<(), Misconfigured> {
        let mut mistakes = self.mistakes.clone();
        let all = self.room.bytes();
        if self.max_body_bytes == 0 || self.max_body_bytes > all {
            mistakes.push(format!(
                "max_body_bytes is {}: set it from 1 to max_bytes_of_all_bodies, which is {all}",
                self.max_body_bytes
            ));
        }
        if self.hold > LONGEST_HOLD {
            mistakes.push(format!(
                "hold_answers_for is {:?}: set it to at most {LONGEST_HOLD:?}",
                self.hold
            ));
        }
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(Misconfigured::tool_scopes(&mistakes))
        }
    }

    /// Checks again, inside a tool, that the token allows it: the name that the framework read is
    /// then the name that was checked. Make the layer send the answer by
    /// [`Error::refuse_call`](crate::Error::refuse_call).
    ///
    /// # Errors
    /// The same as for [`AccessToken::require`]. Or no requirement covers the tool (403).
    ///
    /// ```
    /// use resource_server::mcp::{CallError, ToolScopes};
    /// use resource_server::{AccessToken, Error};
    ///
    /// // The extensions are those of the request: in rmcp, of `http::request::Parts`.
    /// fn call(
    ///     scopes: &ToolScopes,
    ///     extensions: &http::Extensions,
    ///     tool: &str,
    /// ) -> Result<(), CallError> {
    ///     let refused = |error: Error| error.refuse_call(extensions);
    ///     let token = AccessToken::of(extensions).map_err(refused)?;
    ///     scopes.require(&token, tool).map_err(refused)
    /// }
    /// ```
    pub fn require(&self, token: &AccessToken, tool: &str) -> Result<(), Error> {
        self.require_target(token, Target::named(Kind::Tool, tool))
    }

    /// The same for a resource, by its URI.
    ///
    /// # Errors
    /// As [`require`](ToolScopes::require).
    pub fn require_resource(&self, token: &AccessToken, uri: &str) -> Result<(), Error> {
        self.require_target(token, Target::named(Kind::Resource, uri))
    }

    /// The same for a prompt, by its name.
    ///
    /// # Errors
    /// As [`require`](ToolScopes::require).
    pub fn require_prompt(&self, token: &AccessToken, name: &str) -> Result<(), Error> {
        self.require_target(token, Target::named(Kind::Prompt, name))
    }

    /// Whether the token allows a tool, for a list that shows only what its reader may call. It is
    /// a question and no decision: nothing is refused or recorded. Such a list is private, so say
    /// so where your framework declares how it may be cached.
    pub fn allows(&self, token: &AccessToken, tool: &str) -> bool {
        self.allows_target(token, Target::named(Kind::Tool, tool))
    }

    /// The same for a resource, by its URI.
    pub fn allows_resource(&self, token: &AccessToken, uri: &str) -> bool {
        self.allows_target(token, Target::named(Kind::Resource, uri))
    }

    /// The same for a prompt, by its name.
    pub fn allows_prompt(&self, token: &AccessToken, name: &str) -> bool {
        self.allows_target(token, Target::named(Kind::Prompt, name))
    }

    fn add(&mut self, kind: Kind, pattern: &str, requirement: Requirement) {
        let added = self.rules_mut(kind).add(kind, pattern, requirement);
        if let Err(mistake) = added {
            self.mistakes.push(mistake);
        }
    }

    fn rules_mut(&mut self, kind: Kind) -> &mut Rules {
        match kind {
            Kind::Tool => &mut self.tools,
            Kind::Resource => &mut self.resources,
            Kind::Prompt => &mut self.prompts,
        }
    }

    fn rules(&self, kind: Kind) -> &Rules {
        match kind {
            Kind::Tool => &self.tools,
            Kind::Resource => &self.resources,
            Kind::Prompt => &self.prompts,
        }
    }

    fn require_target(&self, token: &AccessToken, target: Option<Target>) -> Result<(), Error> {
        self.check()
            .map_err(|mistake| token.refuse(mistake.into()))?;
        match self.needed_for(target) {
            Needed::Nothing => Ok(()),
            Needed::All(requirement) => token.require(&requirement),
            Needed::Refused => Err(token.refuse(refusal::unlisted())),
        }
    }

    fn allows_target(&self, token: &AccessToken, target: Option<Target>) -> bool {
        self.check().is_ok()
            && match self.needed_for(target) {
                Needed::Nothing => true,
                Needed::All(requirement) => check_requirement(token, &requirement).is_ok(),
                Needed::Refused => false,
            }
    }

    /// A URI that can't be compared is refused.
    fn needed_for(&self, target: Option<Target>) -> Needed {
        target.map_or(Needed::Refused, |target| {
            self.needed(&Asked::Targets(vec![target]))
        })
    }

    /// What a message needs besides a good token.
    fn needed(&self, asked: &Asked) -> Needed {
        let targets = match asked {
            Asked::Nothing => return Needed::Nothing,
            Asked::Unknown => return self.otherwise.needed(),
            Asked::Targets(targets) | Asked::Subscription(targets) => targets,
        };
        let mut parts: Vec<&Arc<Requirement>> = Vec::new();
        for target in targets {
            for rule in self.rules(target.kind()).find(target, &self.otherwise) {
                match rule {
                    Rule::Refused => return Needed::Refused,
                    Rule::AnyToken => {}
                    Rule::Requirement(part) => {
                        if !parts.iter().any(|known| Arc::ptr_eq(known, part)) {
                            parts.push(part);
                        }
                    }
                }
            }
        }
        Needed::all(&parts)
    }
}
