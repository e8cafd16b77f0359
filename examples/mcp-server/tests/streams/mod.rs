//! Row H12: rmcp as it answers with an event stream, which may begin before the tool runs.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::request::Parts;
use mcp_server::Tools;
use resource_server::Validator;
use resource_server::{AccessToken, Requirement};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorCode, NumberOrString,
    ProgressNotificationParam, ProgressToken, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::json;
use tokio::sync::Notify;

use crate::client::{NEW, OLD, Reply, Request, World};
use crate::many;

/// rmcp with answers as event streams.
pub(crate) fn service<H: ServerHandler>(
    handler: impl Fn() -> H + Send + Sync + 'static,
    has_sessions: bool,
    has_keep_alive: bool,
) -> StreamableHttpService<H, LocalSessionManager> {
    let config = StreamableHttpServerConfig::default().with_legacy_session_mode(has_sessions);
    // None goes out while a test runs, however slow the machine is.
    let keep_alive = has_keep_alive.then_some(Duration::from_secs(3_600));
    let config = config.with_sse_keep_alive(keep_alive);
    StreamableHttpService::new(move || Ok(handler()), Arc::default(), config)
}

fn router<H: ServerHandler>(
    validator: &Validator,
    tools: &Tools,
    service: StreamableHttpService<H, LocalSessionManager>,
) -> Router {
    let router = Router::new().nest_service("/mcp", service);
    let scopes = tools.scopes().clone();
    let router = router.layer(scopes.hold_answers_for(Duration::from_secs(60)));
    router.layer(validator.protect())
}

/// The session that a token opens.
pub(crate) async fn initialized(world: &World, token: &str) -> Option<String> {
    let initialize = json!({
        "protocolVersion": OLD,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    let request = Request::of(OLD, "initialize", initialize).token(token);
    let reply = world.send(request).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let id = reply.session?;
    let initialized = Request::notification(OLD).token(token);
    let reply = world.send(initialized.header("mcp-session-id", &id)).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    Some(id)
}

fn in_session(request: Request, session: Option<&String>) -> Request {
    match session {
        Some(id) => request.header("mcp-session-id", id),
        None => request,
    }
}

/// The tool is in its call when the stream has begun, and its 403 is an HTTP status all the same.
#[tokio::test]
async fn h12_a_tools_403_is_an_http_status_where_rmcp_streams() {
    for (has_sessions, has_keep_alive) in
        [(true, true), (true, false), (false, true), (false, false)]
    {
        let what = format!("sessions: {has_sessions}, keep-alive: {has_keep_alive}");
        let world = World::serve(|validator, tools| {
            let own = tools.clone();
            let service = service(move || own.clone(), has_sessions, has_keep_alive);
            router(validator, tools, service)
        })
        .await;
        let token = world.token("math:read");
        let session = initialized(&world, &token).await;
        assert_eq!(session.is_some(), has_sessions, "{what}");
        for revision in [OLD, NEW] {
            let of_revision = session.as_ref().filter(|_| revision == OLD);
            let call = Request::call(revision, "sum", many()).token(&token);
            let reply = world.send(in_session(call, of_revision)).await;
            assert_eq!(reply.status, 403, "{what}, {revision}: {}", reply.body);
            let challenge = reply.challenge.unwrap_or_default();
            assert!(
                challenge.contains("scope=\"math:read math:many\""),
                "{what}, {revision}: {challenge}"
            );
            // A call that the token allows is answered by the same stream.
            let call = Request::call(revision, "sum", json!({"numbers": [1, 2]})).token(&token);
            let reply = world.send(in_session(call, of_revision)).await;
            assert_eq!(reply.status, 200, "{what}, {revision}: {}", reply.body);
            let result = &reply.messages()[0]["result"];
            assert_eq!(result["content"][0]["text"], "3", "{what}, {revision}");
        }
        assert_eq!(world.calls(), ["sum", "sum"], "{what}");
    }
}

/// A server whose only tool sends a message, and checks the token when it is let.
#[derive(Clone, Default)]
struct Talker(Arc<Notify>);

impl ServerHandler for Talker {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let parts: &Parts = context.extensions.get().unwrap();
        let progress = ProgressToken(NumberOrString::Number(1));
        let progress = ProgressNotificationParam::new(progress, 1.0);
        context.peer.notify_progress(progress).await.unwrap();
        self.0.notified().await;
        let token = AccessToken::of(&parts.extensions).unwrap();
        let checked = token.require(&Requirement::scope("math:many"));
        checked.map_err(|error| {
            let error = error.refuse_call(&parts.extensions);
            ErrorData::new(ErrorCode(error.code()), error.message(), Some(error.data()))
        })?;
        Ok(CallToolResult::success(Vec::new()).into())
    }
}

/// Its message is the beginning of the answer, so the client reads a JSON-RPC error that says the
/// same.
#[tokio::test]
async fn h12_a_tool_that_has_sent_a_message_refuses_by_a_json_rpc_error() {
    for has_sessions in [true, false] {
        let talker = Talker::default();
        let world = World::serve(|validator, tools| {
            let own = talker.clone();
            router(
                validator,
                tools,
                service(move || own.clone(), has_sessions, true),
            )
        })
        .await;
        let token = world.token("math:read");
        let session = initialized(&world, &token).await;
        for revision in [OLD, NEW] {
            let of_revision = session.as_ref().filter(|_| revision == OLD);
            // By the token of its progress, a message is one about this call.
            let params = json!({"name": "sum", "_meta": {"progressToken": 1}});
            let call = Request::of(revision, "tools/call", params).token(&token);
            let response = world.begin(in_session(call, of_revision)).await;
            // The head is here, so it is too late for another one.
            talker.0.notify_one();
            let reply = Reply::of(response).await;
            let what = format!("sessions: {has_sessions}, {revision}: {}", reply.body);
            assert_eq!(
                (reply.status, reply.challenge.as_deref()),
                (200, None),
                "{what}"
            );
            let messages = reply.messages();
            let [progress, refused] = &messages[..] else {
                panic!("{what}");
            };
            assert_eq!(progress["method"], "notifications/progress", "{what}");
            let error = &refused["error"];
            assert_eq!(error["code"], 403, "{what}");
            assert_eq!(error["message"], "the token does not allow this", "{what}");
            let challenge = error["data"]["www-authenticate"].as_str().unwrap();
            assert!(
                challenge.contains("scope=\"math:read math:many\""),
                "{what}"
            );
        }
    }
}
