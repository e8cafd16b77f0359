//! Row F04: every request asks for plain JSON text, and an answer that is something else says what
//! it is.

use resource_server::{Fetch, Issuer, Validator};

use crate::support::http::{HandMade, JSON, asking, clock, ok, outage, validator};
use crate::support::signer;

const NAME: &str = "https://as.example.com";
const OPAQUE: &str = "2YotnFZFEjr1zCsicMWpAA";

/// An API that fetches keys, one that reads metadata, and one that introspects: all of this server.
fn apis(server: &HandMade) -> [(&'static str, Validator); 3] {
    let new = || Issuer::new(NAME).refresh_on_demand();
    let url = server.jwks_url();
    [
        ("keys", new().jwks_at(&*url)),
        ("metadata", new().discovery_at(&*url)),
        ("introspection", new().introspection(asking(&*url))),
    ]
    .map(|(what, issuer)| {
        let fetch = Fetch::new().header("Accept-Encoding", "gzip");
        (what, validator(issuer.fetch(fetch), &clock()))
    })
}

fn token(what: &str) -> String {
    match what {
        "introspection" => OPAQUE.to_owned(),
        _ => signer(NAME, &clock()).token().mint(),
    }
}

#[tokio::test]
async fn f04_an_answer_that_is_not_plain_json_says_what_it_is() {
    const BODY: &str = r#"{"issuer":"https://as.example.com"}"#;
    let html = "content-type: text/html; charset=utf-8\r\n";
    let cases = [
        (
            BODY,
            format!("{JSON}content-encoding: br\r\n"),
            "compressed: br",
        ),
        (
            BODY,
            format!("{JSON}Content-Encoding: GZIP, br\r\n"),
            "compressed: gzip, br",
        ),
        (
            BODY,
            format!("{JSON}content-encoding: gzip\r\ncontent-encoding: br\r\n"),
            "compressed: gzip, br",
        ),
        (
            "\u{feff}{}",
            JSON.to_owned(),
            "begins with a byte order mark",
        ),
        ("<html></html>", html.to_owned(), "text/html"),
        (
            "nothing",
            "content-type: text/plain\r\n".to_owned(),
            "text/plain",
        ),
    ];
    for (body, headers, expected) in cases {
        let answer = ok(body, &headers);
        let server = HandMade::answering(move |_| answer.clone()).await;
        for (what, api) in apis(&server) {
            let said = outage(api.validate(&token(what)).await);
            assert!(said.contains(expected), "{what}, {expected}: {said}");
        }
    }
}

/// Files are often served as anything.
#[tokio::test]
async fn f04_keys_of_any_content_type_are_read() {
    let signer = signer(NAME, &clock());
    for headers in [
        "",
        "content-type: text/plain\r\n",
        "content-type: application/octet-stream\r\ncontent-encoding: identity\r\n",
        "content-type: application/jwk-set+json\r\ncontent-encoding: \r\n",
    ] {
        let answer = ok(&format!(" \n{}", signer.jwks()), headers);
        let server = HandMade::answering(move |_| answer.clone()).await;
        let [(_, api), ..] = apis(&server);
        api.validate(&signer.token().mint()).await.unwrap();
    }
}

#[tokio::test]
async fn f04_every_request_asks_for_an_answer_as_it_is() {
    let server = HandMade::answering(|_| ok("{}", JSON)).await;
    for (what, api) in apis(&server) {
        outage(api.validate(&token(what)).await);
    }
    let requests = server.requests.lock().unwrap().clone();
    assert_eq!(requests.len(), 3);
    for request in requests {
        let lines: Vec<_> = request
            .lines()
            .filter(|line| line.to_lowercase().starts_with("accept-encoding:"))
            .collect();
        assert_eq!(lines, ["accept-encoding: identity"], "{request}");
    }
}
