//! The official client of the Model Context Protocol walks the whole flow against a server on rmcp:
//! from the first 401 to a call that needs a further scope.

use live_tests::TokenScheme::{self, Bearer, Dpop};
use live_tests::{ActsFor, AuthorizationServer, McpClient};
use mcp_server::{MANY_NUMBERS, Tools, router, scopes};
use resource_server::binding::{self, DpopNonces};
use resource_server::{Issuer, Resource, Validator};
use serde_json::{Value, json};

/// Of the only resource of a server, whose path is `/mcp`.
const METADATA: &str = "/.well-known/oauth-protected-resource/mcp";

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn the_official_client_gets_its_tokens_and_steps_up() {
    walk(ActsFor::Itself, Bearer, Offer::Bearer).await;
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn the_official_client_lets_a_user_sign_in_and_steps_up() {
    walk(ActsFor::Alice, Bearer, Offer::Bearer).await;
}

/// A client without a DPoP key reads the first challenge.
#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn d06_the_official_client_uses_bearer_tokens_where_dpop_is_offered_too() {
    walk(ActsFor::Itself, Bearer, Offer::BearerAndDpop).await;
    walk(ActsFor::Alice, Bearer, Offer::BearerAndDpop).await;
}

/// It makes the round trip of nonces by itself, and steps up by the challenges of DPoP.
#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn d05_d06_the_official_client_uses_bound_tokens_if_it_has_a_key() {
    walk(ActsFor::Itself, Dpop, Offer::BearerAndDpop).await;
    walk(ActsFor::Alice, Dpop, Offer::BearerAndDpop).await;
}

/// The schemes that the server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offer {
    Bearer,
    /// And it requires nonces in proofs.
    BearerAndDpop,
}

/// The schemes of the challenges to a request without a token.
async fn offered(url: &str) -> Vec<String> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.post(url).send().await.unwrap();
    let lines = response.headers().get_all("www-authenticate").iter();
    let scheme = |line: &str| line.split(' ').next().unwrap().to_owned();
    lines.map(|line| scheme(line.to_str().unwrap())).collect()
}

async fn walk(acts_for: ActsFor, scheme: TokenScheme, offer: Offer) {
    for (mode, revision) in [("legacy", "2025-11-25"), ("auto", "2026-07-28")] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let url = format!("{origin}/mcp");
        let server = AuthorizationServer::start_for_mcp(&url).await;
        let validator = Validator::builder()
            .resource(Resource::new(&url).entry_scopes(["math:read"]))
            .issuer(Issuer::discover(server.issuer()));
        let validator = match offer {
            Offer::Bearer => validator,
            Offer::BearerAndDpop => {
                let nonces = DpopNonces::of_this_process().unwrap();
                validator.dpop(binding::Dpop::at(&origin).require_nonces(nonces))
            }
        };
        let validator = validator.build().unwrap();
        let tools = Tools::new(scopes());
        let router = router(&validator, &tools).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let schemes: &[_] = match offer {
            Offer::Bearer => &["Bearer"],
            Offer::BearerAndDpop => &["Bearer", "DPoP"],
        };
        assert_eq!(offered(&url).await, schemes, "{mode}");

        let many = vec![1; MANY_NUMBERS + 1];
        let calls = [
            ("sum", json!({"numbers": [1, 2]})),
            ("add", json!({"number": 4})), // refused by the layer at first
            ("sum", json!({"numbers": many})), // refused by the tool at first
            ("unknown", json!({})),
        ];
        let client = McpClient::call(&url, &server, (acts_for, scheme), mode, &calls).await;

        let requests = client.requests().as_array().unwrap();
        assert_eq!(client.revision(), revision);
        let name = match scheme {
            Bearer => "Bearer",
            Dpop => "DPoP",
        };
        assert_eq!(client.schemes(), &json!([name]), "{mode}");
        let results = client.results().as_array().unwrap();
        assert_eq!(results[..3], ["3", "4", "11"], "{mode}: {requests:?}");
        assert_eq!(tools.calls(), ["sum", "add", "sum"], "{mode}");
        let first = if mode == "auto" {
            "server/discover"
        } else {
            "initialize"
        };
        assert_eq!(requests[0], json!([first, 401, null]), "{mode}");
        assert_eq!(requests[1], json!([METADATA, 200, null]), "{mode}");
        let of = |what: &str| -> Vec<&Value> {
            let all = requests.iter();
            all.filter(|request| request[0] == what).collect()
        };
        let statuses: Vec<_> = of("tools/call").into_iter().map(|call| &call[1]).collect();
        assert_eq!(statuses, [200, 403, 200, 403, 200, 403], "{mode}");
        // What the client requested each time: what it had, and what the challenge names.
        let asked = match acts_for {
            ActsFor::Itself => of("/token"),
            ActsFor::Alice => of("/auth"),
        };
        let scopes: Vec<_> = asked.into_iter().map(|request| &request[2]).collect();
        let expected = [
            "math:read",
            "math:read math:write",
            "math:read math:write math:many",
        ];
        assert_eq!(scopes, expected, "{mode}");
    }
}
