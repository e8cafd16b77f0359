//! The tools, which check the token again.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::request::Parts;
use resource_server::{AccessToken, Error, Requirement, mcp::ToolScopes};
use rmcp::handler::server::common::Extension;
use rmcp::handler::server::tool::{RequestState, ToolCallContext};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorCode,
    InputRequiredResult, ListToolsResult, PaginatedRequestParams,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, schemars, tool, tool_handler, tool_router};

use crate::state::{Totals, Unconfirmed};

/// More numbers than these need a scope that only the tool can ask for, since it is about the
/// arguments.
pub const MANY_NUMBERS: usize = 10;

/// A number from this on is added by a second call.
pub const LARGE_NUMBER: i64 = 1_000_000;

/// The server: two tools of different scopes. Clones are one server.
#[derive(Clone)]
pub struct Tools {
    scopes: ToolScopes,
    totals: Arc<Totals>,
    unconfirmed: Arc<Unconfirmed>,
    /// The calls that reached a tool.
    calls: Arc<Mutex<Vec<&'static str>>>,
}

/// The arguments of `sum`.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Numbers {
    numbers: Vec<i64>,
}

/// The arguments of `add`.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Number {
    number: i64,
    /// Of a total that an earlier call made.
    handle: Option<String>,
}

impl Tools {
    /// A server whose tools need these scopes.
    ///
    /// # Panics
    /// The system gives no random bytes.
    pub fn new(scopes: ToolScopes) -> Self {
        Tools {
            scopes,
            totals: Arc::default(),
            unconfirmed: Arc::new(Unconfirmed::with_random_key()),
            calls: Arc::default(),
        }
    }

    /// What each tool needs.
    pub fn scopes(&self) -> &ToolScopes {
        &self.scopes
    }

    /// The calls that reached a tool, in their order.
    pub fn calls(&self) -> Vec<&'static str> {
        let calls = self.calls.lock();
        calls.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn reached(&self, tool: &'static str) {
        let calls = self.calls.lock();
        calls.unwrap_or_else(PoisonError::into_inner).push(tool);
    }
}

#[tool_router]
impl Tools {
    #[tool(description = "Adds numbers up")]
    async fn sum(
        &self,
        Parameters(Numbers { numbers }): Parameters<Numbers>,
        Extension(parts): Extension<Parts>,
    ) -> Result<String, ErrorData> {
        if numbers.len() > MANY_NUMBERS {
            let many = Requirement::scope("math:many");
            let checked = token_of(&parts)?.require(&many);
            or_refuse(&parts, checked)?;
        }
        self.reached("sum");
        let sum = numbers
            .iter()
            .try_fold(0, |sum: i64, one| sum.checked_add(*one));
        sum.map(|sum| sum.to_string())
            .ok_or_else(|| invalid("the sum is too large"))
    }

    #[tool(description = "Adds a number to a total of yours, or to a new one")]
    async fn add(
        &self,
        Parameters(Number { number, handle }): Parameters<Number>,
        RequestState(state): RequestState,
        Extension(parts): Extension<Parts>,
    ) -> Result<CallToolResponse, ErrorData> {
        let token = token_of(&parts)?;
        let user = token
            .identity()
            .ok_or_else(|| invalid("the token is nobody's"))?;
        if number >= LARGE_NUMBER {
            let Some(state) = state else {
                let state = self.unconfirmed.seal(&user, handle.as_deref(), number);
                return Ok(InputRequiredResult::from_request_state(state).into());
            };
            if self.unconfirmed.open(&user, handle.as_deref(), &state) != Some(number) {
                return Err(invalid("the state is not one of this call"));
            }
        }
        self.reached("add");
        let added = self.totals.add(&user, handle, number);
        let (total, handle) = added.ok_or_else(|| invalid("you have no such total"))?;
        let content = [total.to_string(), handle].map(ContentBlock::text);
        Ok(CallToolResult::success(content.into()).into())
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    /// The second check: of the name that rmcp has read.
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let parts = parts_of(&context)?;
        let checked = self.scopes.require(&token_of(parts)?, &request.name);
        or_refuse(parts, checked)?;
        let call = ToolCallContext::new(self, request, context);
        Self::tool_router().call(call).await
    }

    /// Each client sees the tools that its token allows, so the list is private.
    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let token = token_of(parts_of(&context)?)?;
        let mut tools = Self::tool_router().list_all();
        tools.retain(|tool| self.scopes.allows(&token, &tool.name));
        let list = ListToolsResult::with_all_items(tools);
        Ok(list.with_cache_scope(CacheScope::Private))
    }
}

/// The HTTP request of a call. rmcp leaves it in the extensions.
fn parts_of(context: &RequestContext<RoleServer>) -> Result<&Parts, ErrorData> {
    let parts = context.extensions.get();
    parts.ok_or_else(|| ErrorData::internal_error("there is no HTTP request", None))
}

/// The token that the layer accepted.
fn token_of(parts: &Parts) -> Result<AccessToken, ErrorData> {
    or_refuse(parts, AccessToken::of(&parts.extensions))
}

/// Makes the layer send the HTTP answer of an unmet requirement, and ends the call.
fn or_refuse<T>(parts: &Parts, checked: Result<T, Error>) -> Result<T, ErrorData> {
    checked.map_err(|error| {
        let error = error.refuse_call(&parts.extensions);
        ErrorData::new(ErrorCode(error.code()), error.message(), Some(error.data()))
    })
}

fn invalid(text: &'static str) -> ErrorData {
    ErrorData::invalid_params(text, None)
}
