//! Real requests over a real socket.

use resource_server::Validator;
use resource_server::testing::TestIssuer;

const API: &str = "https://api.example.com";

/// The issuer of the API's tokens, and the API's address.
async fn start() -> (TestIssuer, String) {
    let issuer = TestIssuer::new("https://as.example.com", API);
    let validator = Validator::builder()
        .resource(API)
        .issuer(issuer.to_issuer())
        .build()
        .unwrap();
    let router = axum_api::router(&validator).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (issuer, url)
}

async fn get(url: String, token: Option<String>) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.get(url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn each_route_asks_for_what_it_needs() {
    let (issuer, url) = start().await;
    let token = || issuer.token().subject("alice");
    let cases = [
        ("/orders", None, 401, ""),
        (
            "/orders",
            Some(token().scope("orders:read").mint()),
            200,
            "[\"apples\",\"pears\"]",
        ),
        (
            "/orders",
            Some(token().scope("orders:write").mint()),
            403,
            "",
        ),
        ("/me", None, 401, ""),
        (
            "/me",
            Some(token().mint()),
            200,
            "alice at https://as.example.com",
        ),
        ("/me", Some(token().without("sub").mint()), 403, ""),
        ("/unknown", None, 404, ""),
    ];
    for (path, token, status, body) in cases {
        let found = get(format!("{url}{path}"), token).await;
        assert_eq!(found, (status, body.to_owned()), "{path}");
    }
    let metadata = format!("{url}/.well-known/oauth-protected-resource");
    let (status, body) = get(metadata, None).await;
    assert_eq!(status, 200);
    assert!(
        body.contains("\"authorization_servers\":[\"https://as.example.com\"]"),
        "{body}"
    );
}

#[test]
fn the_protection_adds_at_most_eight_lines() {
    let files = [
        include_str!("../src/lib.rs"),
        include_str!("../src/main.rs"),
    ];
    let added: usize = files
        .map(|text| text.matches(" // new\n").count())
        .iter()
        .sum();
    assert!((1..=8).contains(&added), "{added}");
}
