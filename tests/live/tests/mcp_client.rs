//! The official client of the Model Context Protocol walks the whole flow against a server on rmcp:
//! from the first 401 to a call that needs a further scope.

use live_tests::{AuthorizationServer, McpClient};
use mcp_server::{MANY_NUMBERS, Tools, router, scopes};
use resource_server::{Issuer, Resource, Validator};
use serde_json::{Value, json};

/// Of the only resource of a server, whose path is `/mcp`.
const METADATA: &str = "/.well-known/oauth-protected-resource/mcp";

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn the_official_client_gets_its_tokens_and_steps_up() {
    for (mode, revision) in [("legacy", "2025-11-25"), ("auto", "2026-07-28")] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let server = AuthorizationServer::start_for_mcp(&url).await;
        let validator = Validator::builder()
            .resource(Resource::new(&url).entry_scopes(["math:read"]))
            .issuer(Issuer::discover(server.issuer()))
            .build()
            .unwrap();
        let tools = Tools::new(scopes());
        let router = router(&validator, &tools).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

        let many = vec![1; MANY_NUMBERS + 1];
        let calls = [
            ("sum", json!({"numbers": [1, 2]})),
            ("add", json!({"number": 4})), // refused by the layer at first
            ("sum", json!({"numbers": many})), // refused by the tool at first
            ("unknown", json!({})),
        ];
        let client = McpClient::call(&url, &server, mode, &calls).await;

        assert_eq!(client.revision(), revision);
        let results = client.results().as_array().unwrap();
        assert_eq!(results[..3], ["3", "4", "11"], "{mode}");
        assert_eq!(tools.calls(), ["sum", "add", "sum"], "{mode}");
        let requests = client.requests().as_array().unwrap();
        let first = if mode == "auto" {
            "server/discover"
        } else {
            "initialize"
        };
        let expected = |what: &str, status: u16, scope: Option<&str>| json!([what, status, scope]);
        assert_eq!(requests[0], expected(first, 401, None), "{mode}");
        assert_eq!(requests[1], expected(METADATA, 200, None), "{mode}");
        // What was refused, and what the client then requested and got.
        let of = |what: &str| -> Vec<&Value> {
            let all = requests.iter();
            all.filter(|request| request[0] == what).collect()
        };
        let statuses: Vec<_> = of("tools/call").into_iter().map(|call| &call[1]).collect();
        assert_eq!(statuses, [200, 403, 200, 403, 200, 403], "{mode}");
        let tokens = [
            expected("/token", 200, Some("math:read")),
            expected("/token", 200, Some("math:read math:write")),
            expected("/token", 200, Some("math:read math:write math:many")),
        ];
        assert_eq!(of("/token"), tokens.iter().collect::<Vec<_>>(), "{mode}");
    }
}
