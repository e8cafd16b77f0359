//! An MCP server on rmcp behind the layers of a Validator.

mod state;
mod tools;

use std::sync::Arc;

use axum::Router;
use resource_server::{Requirement, Validator, error::Misconfigured, mcp::ToolScopes};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};

pub use tools::{LARGE_NUMBER, MANY_NUMBERS, Tools};

/// What each tool needs. Everything that is not named here is refused.
pub fn scopes() -> ToolScopes {
    ToolScopes::new()
        .tool("sum", Requirement::scope("math:read"))
        .tool("add", Requirement::scope("math:write"))
}

/// The server's routes: `/mcp` needs a token, and the metadata is open.
///
/// # Errors
/// The Validator has no resource, or no token can meet a requirement.
pub fn router(validator: &Validator, tools: &Tools) -> Result<Router, Misconfigured> {
    tools.scopes().check()?;
    Ok(Router::new()
        .nest_service("/mcp", service(tools.clone()))
        .layer(tools.scopes().clone())
        .layer(validator.protect()) // the last layer runs first
        .merge(validator.resource_metadata()?.at_root_too()))
}

/// rmcp for a server behind tokens. It has no sessions, so that one token's session can't serve
/// another token. Its hosts are those of loopback: a public server names its own.
pub fn service(tools: Tools) -> StreamableHttpService<Tools, NeverSessionManager> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true) // one message and no stream, where that is enough
        .with_allowed_origins(["http://localhost:*", "http://127.0.0.1:*"])
        .enforce_origin_validation();
    StreamableHttpService::new(move || Ok(tools.clone()), Arc::default(), config)
}
