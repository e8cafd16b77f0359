//! Row P07: the texts that the guide's page on operating quotes are what the crate says.

use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use resource_server::testing::{ManualClock, TestIssuer, TestServer};
use resource_server::{Algorithm, Introspection, Issuer, NumericDate, Validator};
use serde_json::json;

use crate::support::chain;

const PAGE: &str = "docs/guide/operating.md";
const AS: &str = "https://as.example.com";
const API: &str = "https://api.example.com";
/// Quotes are wrapped at this column.
const WIDTH: usize = 110;

#[tokio::test]
async fn p07_the_guide_quotes_what_the_crate_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let quotes = quotes().await;
    assert_eq!(page.matches("<!-- quote: ").count(), quotes.len());
    let mut expected = page.clone();
    for (name, text) in &quotes {
        let begin = format!("<!-- quote: {name} -->\n");
        let end = "<!-- end -->";
        let (before, rest) = expected.split_once(&begin).expect(name);
        let (_, after) = rest.split_once(end).expect(name);
        expected = format!("{before}{begin}```text\n{text}```\n{end}{after}");
    }
    if env::var_os("UPDATE_GUIDE").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    assert!(
        page == expected || env::var_os("UPDATE_GUIDE").is_some(),
        "{PAGE} quotes other texts: set UPDATE_GUIDE=1, run this test again, and read the difference"
    );
}

/// Each quote by its name in the page.
async fn quotes() -> Vec<(&'static str, String)> {
    let now = NumericDate::from_secs(1_800_000_000);
    let clock = ManualClock::at(now);
    let issuer = TestIssuer::new(AS, API).clock(clock.clone());
    let two_minutes_ahead = now.saturating_add(Duration::from_secs(120));
    let validator = Validator::builder()
        .audience(API)
        .issuer(issuer.to_issuer())
        .clock(clock)
        .build()
        .unwrap();
    let other_key = issuer.token().header("kid", "staging-1").mint();
    let good = issuer.token().mint();
    let tokens = [
        (
            "audience",
            issuer
                .token()
                .audience("https://billing.example.com")
                .mint(),
        ),
        ("slash", issuer.token().issuer(&format!("{AS}/")).mint()),
        (
            "environment",
            issuer
                .token()
                .issuer("https://as.staging.example.com")
                .mint(),
        ),
        (
            "id-token",
            issuer.token().typ("JWT").claim("nonce", "n").mint(),
        ),
        ("opaque", "2YotnFZFEjr1zCsicMWpAA".to_owned()),
        ("header", format!("Bearer {good}")),
        ("clock", issuer.token().issued_at(two_minutes_ahead).mint()),
        ("key", other_key),
    ];
    let mut quotes = Vec::new();
    for (name, token) in tokens {
        quotes.push((name, said(&validator, &token, &[]).await));
    }

    let server = TestServer::builder(API).tls().start().await.unwrap();
    let of_server = |issuer: Issuer| {
        let builder = Validator::builder().audience(API);
        builder.issuer(issuer).build().unwrap()
    };
    let validator = of_server(Issuer::discover(server.url()));
    let token = server.issuer().token().mint();
    quotes.push((
        "certificate",
        said(&validator, &token, &[(server.url(), AS)]).await,
    ));

    let server = TestServer::start(API).await.unwrap();
    let introspection = Introspection::at(server.introspection_url())
        .client_secret_basic(TestServer::CLIENT_ID, "an-old-secret");
    let validator = of_server(Issuer::new(server.url()).introspection(introspection));
    let token = server.opaque_token(json!({}));
    quotes.push((
        "credentials",
        said(&validator, &token, &[(server.url(), AS)]).await,
    ));

    let error = Validator::builder()
        .issuer(Issuer::new(AS))
        .issuer(Issuer::hmac(
            "https://legacy.example.com",
            Algorithm::HS256,
            b"secret",
        ))
        .build()
        .unwrap_err();
    let problems: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| chain(problem))
        .collect();
    assert_eq!(problems.join("; "), error.to_string());
    quotes.push(("build", problems.iter().map(|text| wrapped(text)).collect()));
    quotes
}

/// Status, reason and explanation, without what differs from run to run.
async fn said(validator: &Validator, token: &str, replaced: &[(&str, &str)]) -> String {
    let error = validator.validate(token).await.unwrap_err();
    let mut text = format!("{} {error}\n", error.status());
    text.push_str(&wrapped(&error.explain()));
    for (from, to) in replaced {
        text = text.replace(from, to);
    }
    text
}

fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        if column > 0 && column + 1 + word.len() > WIDTH {
            lines.push('\n');
            column = 0;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += word.len();
    }
    lines.push('\n');
    lines
}
