//! A client that sends what a test wants, and the server that it talks to.

use std::net::SocketAddr;

use axum::Router;
use mcp_server::{Tools, router, scopes, service};
use reqwest::{Client, Method};
use resource_server::clock::{Clock, SystemClock};
use resource_server::mcp::ToolScopes;
use resource_server::testing::{ManualClock, TestServer};
use resource_server::{Issuer, Resource, Validator};
use serde_json::{Value, json};

/// The last revision with an `initialize` request.
pub(crate) const OLD: &str = "2025-11-25";
/// The first revision in which each request stands alone.
pub(crate) const NEW: &str = "2026-07-28";

/// A server with its authorization server.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) server: TestServer,
    /// The time of the Validator: now, until a test turns it on.
    pub(crate) clock: ManualClock,
    tools: Tools,
    client: Client,
}

impl World {
    pub(crate) async fn start() -> Self {
        World::with_scopes(scopes()).await
    }

    /// The tools with the layer for tokens alone, as where somebody forgot the other one.
    pub(crate) async fn without_tool_scopes() -> Self {
        World::serve(|validator, tools| {
            let router = Router::new().nest_service("/mcp", service(tools.clone()));
            router.layer(validator.protect())
        })
        .await
    }

    pub(crate) async fn with_scopes(scopes: ToolScopes) -> Self {
        let app = |validator: &Validator, tools: &Tools| router(validator, tools).unwrap();
        World::serve_with(scopes, app).await
    }

    pub(crate) async fn serve(app: impl FnOnce(&Validator, &Tools) -> Router) -> Self {
        World::serve_with(scopes(), app).await
    }

    async fn serve_with(
        scopes: ToolScopes,
        app: impl FnOnce(&Validator, &Tools) -> Router,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}/mcp");
        let server = TestServer::start(&url).await.unwrap();
        let clock = ManualClock::at(SystemClock::new().now());
        let validator = Validator::builder()
            .resource(Resource::new(&url).entry_scopes(["math:read"]))
            .issuer(Issuer::discover(server.url()))
            .clock(clock.clone())
            .build()
            .unwrap();
        let tools = Tools::new(scopes);
        let router = app(&validator, &tools);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        World {
            address,
            server,
            clock,
            tools,
            client: Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// A token of alice with these scopes.
    pub(crate) fn token(&self, scope: &str) -> String {
        let token = self.server.issuer().token().subject("alice");
        token.scope(scope).mint()
    }

    /// The calls that reached a tool.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.tools.calls()
    }

    pub(crate) async fn send(&self, request: Request) -> Reply {
        Reply::of(self.begin(request).await).await
    }

    /// The head of the answer, whose body may still be written.
    pub(crate) async fn begin(&self, request: Request) -> reqwest::Response {
        let url = format!("http://{}/mcp", self.address);
        let mut sent = self.client.post(url).body(request.body);
        let mut headers: Vec<(&str, &str)> = Vec::new();
        for (name, value) in &request.headers {
            headers.retain(|(known, _)| known != name);
            headers.push((name, value));
        }
        for (name, value) in headers {
            sent = sent.header(name, value);
        }
        sent.send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        let url = format!("http://{}{path}", self.address);
        Reply::of(self.client.get(url).send().await.unwrap()).await
    }

    /// The status of a request without a message, in this session.
    pub(crate) async fn bare(&self, method: &str, token: Option<&str>, session: &str) -> u16 {
        let url = format!("http://{}/mcp", self.address);
        let method: Method = method.parse().unwrap();
        let mut request = self.client.request(method, url);
        request = request.header("accept", "text/event-stream");
        request = request.header("mcp-session-id", session);
        request = request.header("mcp-protocol-version", OLD);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap().status().as_u16()
    }
}

/// A request to be sent. A later header replaces an earlier one of the same name.
#[derive(Clone)]
pub(crate) struct Request {
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Request {
    /// A body as it is, with the headers of a method and name.
    pub(crate) fn raw(revision: &str, method: &str, name: &str, body: String) -> Self {
        let request = Request {
            headers: Vec::new(),
            body,
        };
        let request = request
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", revision);
        if revision == OLD {
            return request;
        }
        let request = request.header("mcp-method", method);
        if name.is_empty() {
            request
        } else {
            request.header("mcp-name", name)
        }
    }

    pub(crate) fn of(revision: &str, method: &str, mut params: Value) -> Self {
        if revision == NEW {
            let meta = &mut params["_meta"];
            meta["io.modelcontextprotocol/protocolVersion"] = NEW.into();
            meta["io.modelcontextprotocol/clientInfo"] = json!({"name": "test", "version": "1"});
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        Request::raw(revision, method, &name, body.to_string())
    }

    pub(crate) fn call(revision: &str, tool: &str, arguments: Value) -> Self {
        let mut params = json!({"name": tool});
        params["arguments"] = arguments;
        Request::of(revision, "tools/call", params)
    }

    pub(crate) fn notification(revision: &str) -> Self {
        let method = "notifications/initialized";
        let body = json!({"jsonrpc": "2.0", "method": method});
        Request::raw(revision, method, "", body.to_string())
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) challenge: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        Reply {
            status: response.status().as_u16(),
            challenge: header("www-authenticate"),
            session: header("mcp-session-id"),
            body: response.text().await.unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}", self.body))
    }

    /// The messages of an event stream.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let lines = self.body.lines();
        let data = lines.filter_map(|line| line.strip_prefix("data:"));
        let messages = data.map(str::trim).filter(|data| !data.is_empty());
        messages
            .map(|data| serde_json::from_str(data).unwrap_or_else(|_| panic!("{data}")))
            .collect()
    }

    /// The text of a tool's result.
    pub(crate) fn text(&self) -> Option<String> {
        let text = &self.json()["result"]["content"][0]["text"];
        text.as_str().map(str::to_owned)
    }
}
