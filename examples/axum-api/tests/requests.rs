//! Real requests over a real socket, and the answers that callers see.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::get;
use axum_api::Refused;
use reqwest::Response;
use resource_server::testing::TestIssuer;
use resource_server::{
    Evidence, Issuer, KeySource, PresentedToken, Requirement, Validator, error::SourceError,
};

const AUDIENCE: &str = "https://api.example.com";

/// A source whose issuer is unreachable. It may know when to try again.
struct Down(Option<Duration>);

impl KeySource for Down {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let error = SourceError::new("the issuer can't be reached");
        Err(match self.0 {
            Some(after) => error.retry_in(after),
            None => error,
        })
    }
}

/// A handler with a mistake: no token has a scope with a space in it.
async fn mistaken(
    State(validator): State<Validator>,
    headers: HeaderMap,
) -> Result<&'static str, Refused> {
    let token = axum_api::authenticate(&validator, &headers).await?;
    token.require(&Requirement::scope("orders read"))?;
    Ok("served")
}

struct Api {
    issuer: TestIssuer,
    busy: TestIssuer,
    down: TestIssuer,
    url: String,
}

impl Api {
    async fn start() -> Self {
        let test_issuer = |name| TestIssuer::new(name, AUDIENCE);
        let issuer = test_issuer("https://as.example.com");
        let busy = test_issuer("https://busy.example.com");
        let down = test_issuer("https://down.example.com");
        let in_a_while = Some(Duration::from_millis(4_200));
        let validator = Validator::builder()
            .resource(AUDIENCE)
            .issuer(issuer.to_issuer())
            .issuer(Issuer::new(busy.name()).source(Down(in_a_while)))
            .issuer(Issuer::new(down.name()).source(Down(None)))
            .build()
            .unwrap();
        let with_mistake = Router::new()
            .route("/mistaken", get(mistaken))
            .with_state(validator.clone());
        let router = axum_api::router(validator).unwrap().merge(with_mistake);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Api {
            issuer,
            busy,
            down,
            url,
        }
    }

    async fn get(&self, path: &str, lines: &[String]) -> Response {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.get(format!("{}{path}", self.url));
        for line in lines {
            request = request.header("authorization", line);
        }
        request.send().await.unwrap()
    }
}

fn bearer(token: &str) -> Vec<String> {
    vec![format!("Bearer {token}")]
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    Some(response.headers().get(name)?.to_str().unwrap())
}

#[tokio::test]
async fn a_good_token_is_served_under_its_identity() {
    let api = Api::start().await;
    let good = api.issuer.token().subject("alice").scope("orders:read");
    let good = good.mint();
    for line in [
        format!("Bearer {good}"),
        format!("bearer {good}"),
        format!("Bearer   {good}"),
    ] {
        let response = api.get("/orders", &[line]).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "www-authenticate"), None);
        let body: serde_json::Value =
            serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(body["issuer"], "https://as.example.com");
        assert_eq!(body["subject"], "alice");
    }
}

#[tokio::test]
async fn each_refusal_by_the_token_has_its_challenge() {
    const METADATA: &str =
        r#"resource_metadata="https://api.example.com/.well-known/oauth-protected-resource""#;
    let challenge = |parameters: &str| format!("Bearer {parameters}{METADATA}");
    let no_token = challenge("");
    let malformed = challenge(r#"error="invalid_request", "#);
    let bad = challenge(r#"error="invalid_token", "#);
    let scope = challenge(r#"error="insufficient_scope", scope="orders:read", "#);
    let api = Api::start().await;
    let token = || api.issuer.token().scope("orders:read");
    let good = token().mint();
    let foreign = token().audience("https://other.example.com").mint();
    let cases: Vec<(&str, Vec<String>, u16, Option<&str>)> = vec![
        ("no header", vec![], 401, Some(&no_token)),
        (
            "another scheme",
            vec!["Basic YTpi".into()],
            401,
            Some(&no_token),
        ),
        ("no token", vec!["Bearer".into()], 400, Some(&malformed)),
        (
            "two lines",
            [bearer(&good), bearer(&good)].concat(),
            400,
            Some(&malformed),
        ),
        ("two words", bearer("a b"), 400, Some(&malformed)),
        ("for another API", bearer(&foreign), 401, Some(&bad)),
        (
            "no subject",
            bearer(&token().without("sub").mint()),
            403,
            None,
        ),
        (
            "lacks the scope",
            bearer(&api.issuer.token().scope("other").mint()),
            403,
            Some(&scope),
        ),
    ];
    for (case, lines, status, challenge) in cases {
        let response = api.get("/orders", &lines).await;
        assert_eq!(response.status(), status, "{case}");
        let found = header(&response, "www-authenticate");
        assert_eq!(found, challenge, "{case}");
        let no_store = challenge.map(|_| "no-store");
        assert_eq!(header(&response, "cache-control"), no_store, "{case}");
        assert_eq!(header(&response, "content-type"), None, "{case}");
        assert_eq!(response.text().await.unwrap(), "", "{case}");
    }
}

#[tokio::test]
async fn an_outage_and_a_mistake_have_no_challenge() {
    let api = Api::start().await;
    let good = api.issuer.token().mint();
    let cases = [
        ("/orders", api.busy.token().mint(), 503, Some("5")),
        ("/orders", api.down.token().mint(), 503, None),
        ("/mistaken", good, 500, None),
    ];
    for (path, token, status, retry_after) in cases {
        let response = api.get(path, &bearer(&token)).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(header(&response, "retry-after"), retry_after, "{path}");
        assert_eq!(header(&response, "www-authenticate"), None, "{path}");
        assert_eq!(response.text().await.unwrap(), "", "{path}");
    }
}

#[tokio::test]
async fn the_metadata_is_served_without_a_token() {
    let api = Api::start().await;
    let response = api.get("/.well-known/oauth-protected-resource", &[]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), Some("application/json"));
    let body: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(body["resource"], AUDIENCE);
    assert_eq!(body["authorization_servers"][0], "https://as.example.com");
}
