//! Real requests over a real socket, with keys that are fetched from a test authorization server.

use actix_web::{App, HttpServer};
use reqwest::Method;
use resource_server::testing::TestServer;
use resource_server::{Issuer, Validator};

const API: &str = "https://api.example.com/v1";
const METADATA: &str =
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource/v1\"";

#[actix_web::test]
async fn the_api_answers_by_the_token() {
    let authorization_server = TestServer::start(API).await.unwrap();
    let validator = Validator::builder()
        .resource(API)
        .issuer(Issuer::discover(authorization_server.url()))
        .build()
        .unwrap();
    let routes = actix_api::routes(validator.clone()).unwrap();
    let server = HttpServer::new(move || App::new().configure(routes.clone()));
    let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", server.addrs()[0]);
    actix_web::rt::spawn(server.disable_signals().run());

    let token = authorization_server.issuer().token().subject("alice");
    let reader = token.clone().scope("orders:read").mint();
    let writer = token.scope("orders:write").mint();
    let challenge = |parameters: &str| format!("Bearer {parameters}{METADATA}");
    let no_token = challenge("");
    let bad = challenge("error=\"invalid_token\", ");
    let scope = challenge("error=\"insufficient_scope\", scope=\"orders:write\", ");
    let listed = "{\"owner\":\"alice\",\"items\":[\"apples\",\"pears\"]}";
    let orders = "/v1/orders";
    let metadata = "/.well-known/oauth-protected-resource/v1";
    let document = validator.resource_metadata().unwrap();
    let table = [
        (Method::GET, orders, None, 401, Some(&no_token), ""),
        (Method::GET, orders, Some("abc"), 401, Some(&bad), ""),
        (Method::GET, orders, Some(&reader), 200, None, listed),
        (Method::POST, orders, Some(&reader), 403, Some(&scope), ""),
        (Method::POST, orders, Some(&writer), 200, None, "added"),
        (Method::GET, metadata, None, 200, None, document.body()),
    ];
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (method, path, token, status, challenge, body) in table {
        let case = format!("{method} {path} {token:?}");
        let mut request = client.request(method, format!("{url}{path}"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{case}");
        let found = response.headers().get("www-authenticate").cloned();
        let found = found.as_ref().map(|value| value.to_str().unwrap());
        assert_eq!(found, challenge.map(String::as_str), "{case}");
        assert_eq!(response.text().await.unwrap(), body, "{case}");
    }
}

#[test]
fn the_protection_adds_at_most_ten_lines() {
    let files = [
        include_str!("../src/lib.rs"),
        include_str!("../src/main.rs"),
    ];
    let added: usize = files
        .map(|text| text.matches(" // new\n").count())
        .iter()
        .sum();
    assert!((1..=10).contains(&added), "{added}");
}
