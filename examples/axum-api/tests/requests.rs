//! Real requests to the API: what a caller sees.

use resource_server::testing::TestIssuer;
use resource_server::{Evidence, Issuer, KeySource, PresentedToken, Validator, error::SourceError};

struct Down;

impl KeySource for Down {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        Err(SourceError::new("the issuer can't be reached"))
    }
}

#[tokio::test]
async fn each_outcome_has_its_answer() {
    let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    let down = TestIssuer::new("https://down.example.com", "https://api.example.com");
    let validator = Validator::builder()
        .audience("https://api.example.com")
        .issuer(issuer.to_issuer())
        .issuer(Issuer::new(down.name()).source(Down))
        .build()
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/orders", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        axum::serve(listener, axum_api::router(validator))
            .await
            .unwrap();
    });

    let good = issuer.token().subject("alice").scope("orders:read").mint();
    let bearer = |token: &str| vec![format!("Bearer {token}")];
    let foreign = issuer.token().audience("https://other.example.com").mint();
    let cases: Vec<(&str, Vec<String>, u16, Option<&str>)> = vec![
        ("good", bearer(&good), 200, None),
        (
            "scheme in lower case",
            vec![format!("bearer {good}")],
            200,
            None,
        ),
        ("nothing", vec![], 401, Some("Bearer")),
        (
            "other scheme",
            vec!["Basic YTpi".into()],
            401,
            Some("Bearer"),
        ),
        (
            "foreign",
            bearer(&foreign),
            401,
            Some("Bearer error=\"invalid_token\""),
        ),
        (
            "lacks scope",
            bearer(&issuer.token().scope("other").mint()),
            403,
            Some("Bearer error=\"insufficient_scope\", scope=\"orders:read\""),
        ),
        (
            "two lines",
            vec![format!("Bearer {good}"), format!("Bearer {good}")],
            400,
            None,
        ),
        ("outage", bearer(&down.token().mint()), 503, None),
    ];
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (case, lines, status, challenge) in cases {
        let mut request = client.get(&url);
        for line in lines {
            request = request.header("authorization", line);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{case}");
        let found = response
            .headers()
            .get("www-authenticate")
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(found.as_deref(), challenge, "{case}");
        if status == 200 {
            let body: serde_json::Value =
                serde_json::from_str(&response.text().await.unwrap()).unwrap();
            assert_eq!(body["of"], "alice", "{case}");
        }
    }
    server.abort();
}
