//! Requests with client certificates, by TLS and by the headers of proxies.

mod client;

use client::{API, Tls, client_at, header_of, serve_behind_proxy};
use mtls_api::Certificates;
use mtls_api::tls::HANDSHAKE_TIME;
use reqwest::{RequestBuilder, Version, tls};
use resource_server::testing::{TestClient, TestIssuer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::rustls::version::{TLS12, TLS13};

const ALICE: (u16, &str) = (200, "alice");
const REFUSED: (u16, &str) = (
    401,
    "Bearer error=\"invalid_token\", \
     resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"",
);

struct World {
    issuer: TestIssuer,
    client: TestClient,
    other: TestClient,
    token: String,
}

impl World {
    fn new() -> Self {
        let issuer = TestIssuer::new("https://as.example.com", API);
        let (client, other) = (TestClient::new(), TestClient::new());
        let token = issuer.token().subject("alice");
        World {
            token: token.bound_to_certificate_of(&client).mint(),
            issuer,
            client,
            other,
        }
    }
}

/// The status, and the challenge or the body.
async fn send(request: RequestBuilder, token: &str) -> (u16, String, Version) {
    let response = request.bearer_auth(token).send().await.unwrap();
    let (status, version) = (response.status().as_u16(), response.version());
    let challenge = response.headers().get("www-authenticate");
    match challenge.map(|value| value.to_str().unwrap().to_owned()) {
        Some(challenge) => (status, challenge, version),
        None => (status, response.text().await.unwrap(), version),
    }
}

/// With both versions of HTTP and of TLS, on a first connection and on one that resumes its
/// session.
#[tokio::test]
async fn m01_m02_by_tls() {
    let world = World::new();
    let api = Tls::serve(world.issuer.to_issuer()).await;
    let unbound = world.issuer.token().subject("alice").mint();
    let bound = &world.token;
    let clients = [
        ("the certificate", Some(&world.client), bound, ALICE),
        ("another certificate", Some(&world.other), bound, REFUSED),
        ("no certificate", None, bound, REFUSED),
        ("an unbound token", Some(&world.client), &unbound, REFUSED),
    ];
    for (name, own, token, expected) in clients {
        for (http, version) in [
            (Version::HTTP_11, tls::Version::TLS_1_3),
            (Version::HTTP_2, tls::Version::TLS_1_3),
            (Version::HTTP_2, tls::Version::TLS_1_2),
        ] {
            let client = api.client(own).tls_version_max(version);
            let client = match http {
                Version::HTTP_11 => client.http1_only(),
                _ => client,
            };
            let client = client.build().unwrap();
            for _ in 0..2 {
                let (status, text, used) = send(client.get(api.url()), token).await;
                assert_eq!(
                    (status, text.as_str()),
                    expected,
                    "{name}, {http:?}, {version:?}"
                );
                assert_eq!(used, http, "{name}");
            }
        }
    }
}

/// A server with TLS of its own reads no header.
#[tokio::test]
async fn m02_no_header_replaces_the_certificate_of_tls() {
    let world = World::new();
    let api = Tls::serve(world.issuer.to_issuer()).await;
    for own in [None, Some(&world.other)] {
        let client = api.client(own).build().unwrap();
        for proxy in [
            Certificates::Rfc9440,
            Certificates::Nginx,
            Certificates::Envoy,
        ] {
            let (name, value) = header_of(proxy, &world.client);
            let request = client.get(api.url()).header(name, value);
            let (status, text, _) = send(request, &world.token).await;
            assert_eq!((status, text.as_str()), REFUSED, "{name}");
        }
    }
}

/// A certificate is public: who has no private key for it gets no connection.
#[tokio::test]
async fn m01_a_certificate_without_its_key() {
    let world = World::new();
    let api = Tls::serve(world.issuer.to_issuer()).await;
    for version in [&TLS12, &TLS13] {
        for (thief, is_served) in [(&world.other, false), (&world.client, true)] {
            let connected = api.connect_with_stolen(&world.client, thief, version);
            let mut answer = String::new();
            if let Ok(mut stream) = connected.await {
                let request = format!(
                    "GET /me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                     authorization: Bearer {}\r\n\r\n",
                    world.token
                );
                // The server ends the connection when it has checked the handshake.
                let _ = stream.write_all(request.as_bytes()).await;
                let _ = stream.read_to_string(&mut answer).await;
            }
            assert_eq!(answer.ends_with("alice"), is_served, "{version:?} {answer}");
            assert_eq!(answer.is_empty(), !is_served, "{version:?} {answer}");
        }
    }
}

/// A client that says nothing holds up no other.
#[tokio::test]
async fn p02_a_client_that_stalls_holds_up_no_other() {
    let world = World::new();
    let api = Tls::serve(world.issuer.to_issuer()).await;
    let silent = TcpStream::connect(api.address).await.unwrap();
    let client = api.client(Some(&world.client)).build().unwrap();
    let (status, text, _) = send(client.get(api.url()), &world.token).await;
    assert_eq!((status, text.as_str()), ALICE);
    drop(silent);
}

/// The clock moves by itself when nothing else is to be done.
#[tokio::test(start_paused = true)]
async fn p02_a_client_that_stalls_is_let_go() {
    let world = World::new();
    let api = Tls::serve(world.issuer.to_issuer()).await;
    let begun = Instant::now();
    let mut silent = TcpStream::connect(api.address).await.unwrap();
    let mut nothing = Vec::new();
    assert_eq!(silent.read_to_end(&mut nothing).await.unwrap(), 0);
    assert_eq!(begun.elapsed().as_secs(), HANDSHAKE_TIME.as_secs());
}

#[tokio::test]
async fn m02_by_the_header_of_a_trusted_proxy() {
    let world = World::new();
    let proxies = [
        Certificates::Rfc9440,
        Certificates::Nginx,
        Certificates::Envoy,
    ];
    for proxy in proxies {
        let url = serve_behind_proxy(world.issuer.to_issuer(), proxy).await;
        let client = client_at([127, 0, 0, 1]);
        for (name, of, expected) in [
            ("the certificate", Some(&world.client), ALICE),
            ("another certificate", Some(&world.other), REFUSED),
            ("no certificate", None, REFUSED),
        ] {
            let request = client.get(&url);
            let request = match of.map(|of| header_of(proxy, of)) {
                Some((header, value)) => request.header(header, value),
                None => request,
            };
            let (status, text, _) = send(request, &world.token).await;
            assert_eq!((status, text.as_str()), expected, "{proxy:?}, {name}");
        }
        // The headers of the other proxies are not read.
        for other in proxies.into_iter().filter(|other| *other != proxy) {
            let (header, value) = header_of(other, &world.client);
            let request = client.get(&url).header(header, value);
            let (status, text, _) = send(request, &world.token).await;
            assert_eq!((status, text.as_str()), REFUSED, "{proxy:?}, {header}");
        }
    }
}

/// On Linux every address of 127.0.0.0/8 is this machine.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn m02_by_the_header_of_another_peer() {
    let world = World::new();
    for proxy in [
        Certificates::Rfc9440,
        Certificates::Nginx,
        Certificates::Envoy,
    ] {
        let url = serve_behind_proxy(world.issuer.to_issuer(), proxy).await;
        let (header, value) = header_of(proxy, &world.client);
        let request = client_at([127, 0, 0, 2]).get(&url).header(header, value);
        let (status, text, _) = send(request, &world.token).await;
        assert_eq!((status, text.as_str()), REFUSED, "{proxy:?}");
    }
}
