//! Row S02: what an error says of a redirect, and which of several addresses it reports.

use resource_server::Issuer;

use crate::support::http::{HandMade, NOT_FOUND, UNAVAILABLE, clock, ok, outage, validator};
use crate::support::signer;

const NAME: &str = "https://as.example.com/tenant";

fn redirect(location: Option<&str>) -> String {
    let location = location.map_or_else(String::new, |to| format!("location: {to}\r\n"));
    format!("HTTP/1.1 302 Found\r\ncontent-length: 0\r\nconnection: close\r\n{location}\r\n")
}

async fn said_of(issuer: Issuer, name: &str) -> String {
    let token = signer(name, &clock()).token().mint();
    outage(
        validator(issuer.refresh_on_demand(), &clock())
            .validate(&token)
            .await,
    )
}

#[tokio::test]
async fn s02_a_redirect_is_named_with_its_path_and_without_secrets() {
    for (location, expected) in [
        (
            Some("https://user:hunter2@login.example.com/realms/x?code=hunter2#hunter2"),
            "https://login.example.com/realms/x,",
        ),
        (Some("/new/keys?token=hunter2"), "HOST/new/keys,"),
        (
            Some("//cdn.example.com/keys"),
            "http://cdn.example.com/keys,",
        ),
        (Some("http://[hunter2/"), "status 302"),
        (None, "status 302"),
    ] {
        let answer = redirect(location);
        let server = HandMade::answering(move |_| answer.clone()).await;
        let expected = expected.replace("HOST", &server.host);
        for issuer in [
            Issuer::new(NAME).jwks_at(server.jwks_url()),
            Issuer::new(NAME).discovery_at(server.jwks_url()),
        ] {
            let said = said_of(issuer, NAME).await;
            assert!(said.contains(&expected), "{location:?}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

/// The first two of the addresses answer as the case says, and all others that there is nothing.
#[tokio::test]
async fn s02_of_several_addresses_the_one_that_came_nearest_is_reported() {
    let html = ok("<html>", "content-type: text/html\r\n");
    let other = ok(r#"{"issuer":"https://evil.example"}"#, "");
    let ours = ok(r#"{"issuer":"HOST"}"#, "");
    let to = redirect(Some("https://login.example.com/x"));
    let guarded = NOT_FOUND.replace("404", "401");
    let cases = [
        (NOT_FOUND, &*html, "openid-configuration: its answer"),
        (&*html, NOT_FOUND, "oauth-authorization-server: its answer"),
        (NOT_FOUND, &*guarded, "status 401"),
        (&*guarded, NOT_FOUND, "status 401"),
        (&*html, &*to, "login.example.com/x"),
        (&*to, &*html, "login.example.com/x"),
        (&*other, &*to, "evil.example"),
        (&*ours, &*other, "no jwks_uri"),
        (&*other, &*ours, "no jwks_uri"),
        (&*ours, UNAVAILABLE, "status 503"),
        (UNAVAILABLE, &*other, "status 503"),
    ];
    for (first, second, expected) in cases {
        let answers = [first.to_owned(), second.to_owned()];
        let server = HandMade::answering(move |request| {
            let index = usize::from(request.path().contains("openid"));
            let text = answers[index].clone();
            let text = text.split_once("\r\n\r\n").unwrap();
            let (head, body) = (text.0.to_owned(), text.1.replace("HOST", &request.host));
            if !head.contains("200 OK") {
                return format!("{head}\r\n\r\n{body}");
            }
            let is_html = head.contains("text/html");
            ok(
                &body,
                if is_html {
                    "content-type: text/html\r\n"
                } else {
                    ""
                },
            )
        })
        .await;
        let said = said_of(Issuer::discover(&server.host), &server.host).await;
        assert!(said.contains(expected), "{first} {second}: {said}");
    }
}
