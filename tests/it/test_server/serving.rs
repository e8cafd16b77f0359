//! What is served without a fault: documents, headers, counts, TLS.

use std::io::ErrorKind;
use std::time::Duration;

use resource_server::keys::KeySet;
use resource_server::testing::{Fault, Fetches, TestIssuer, TestServer, WellKnown};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::client::{
    AUDIENCE, address, broken_body, client, exchange, get, get_jwks, get_status, header, io_kind,
    start, tls_client,
};

#[tokio::test]
async fn metadata_is_served_at_the_addresses_of_the_issuers_name() {
    const OAUTH: &str = "/.well-known/oauth-authorization-server";
    const OPENID: &str = "/.well-known/openid-configuration";
    let at = |form, path: &str| match form {
        WellKnown::OAuth => format!("{OAUTH}{path}"),
        WellKnown::OpenIdAppended => format!("{path}{OPENID}"),
        WellKnown::OpenIdInserted => format!("{OPENID}{path}"),
    };
    let forms = [
        WellKnown::OAuth,
        WellKnown::OpenIdAppended,
        WellKnown::OpenIdInserted,
    ];
    let client = client();
    let plain = || TestServer::builder(AUDIENCE);
    let cases = [
        ("address", plain(), "{url}", ""),
        (
            "name",
            plain().name("https://as.example.com"),
            "https://as.example.com",
            "",
        ),
        (
            "slash",
            plain().name("https://as.example.com/"),
            "https://as.example.com/",
            "",
        ),
        ("path", plain().path("/a/b"), "{url}/a/b", "/a/b"),
        (
            "path without slash",
            plain().path("tenant"),
            "{url}/tenant",
            "/tenant",
        ),
        (
            "path and slash",
            plain().path("/tenant/"),
            "{url}/tenant/",
            "/tenant",
        ),
        (
            "name and path",
            plain().name("https://as.example.com/t"),
            "https://as.example.com/t",
            "/t",
        ),
    ];
    for (case, builder, name, path) in cases {
        let server = builder.clone().start().await.unwrap();
        let name = name.replace("{url}", server.url());
        assert_eq!(server.issuer().name(), name, "{case}");
        assert_eq!(
            server.discovery_url(),
            format!("{}{OAUTH}{path}", server.url()),
            "{case}"
        );
        for form in forms {
            let response = get(&client, format!("{}{}", server.url(), at(form, path))).await;
            assert_eq!(
                header(&response, "content-type"),
                Some("application/json"),
                "{case}"
            );
            let document: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
            assert_eq!(document["issuer"], json!(name), "{case}");
            assert_eq!(document["jwks_uri"], json!(server.jwks_url()), "{case}");
        }
        if !path.is_empty() {
            // The metadata of another issuer on this host.
            let root = format!("{}{OPENID}", server.url());
            assert_eq!(get_status(&client, root).await, 404, "{case}");
        }
        for only in forms {
            let server = builder.clone().only(only).start().await.unwrap();
            assert_eq!(
                server.discovery_url(),
                format!("{}{}", server.url(), at(only, path))
            );
            for form in forms {
                let expected = if at(form, path) == at(only, path) {
                    200
                } else {
                    404
                };
                let url = format!("{}{}", server.url(), at(form, path));
                assert_eq!(
                    get_status(&client, url).await,
                    expected,
                    "{case} {only:?} {form:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn keys_follow_the_issuer() {
    let server = TestIssuer::serve(AUDIENCE).await.unwrap();
    let client = client();
    let key_count = async || {
        let set = KeySet::from_jwks(&get_jwks(&client, &server).await).unwrap();
        set.len()
    };
    assert_eq!(key_count().await, 1);
    server.issuer().rotate_keys();
    assert_eq!(key_count().await, 2);
    server.issuer().withdraw_old_keys();
    assert_eq!(key_count().await, 1);
    assert_eq!(get_jwks(&client, &server).await, server.issuer().jwks());
}

#[tokio::test]
async fn other_documents_are_served_until_taken_back() {
    let server = start().await;
    let client = client();
    for text in [r#"{"keys":[]}"#, "", "☃"] {
        server.serve_jwks(text);
        assert_eq!(get_jwks(&client, &server).await, text);
    }
    server.serve_issuer_keys();
    assert_eq!(get_jwks(&client, &server).await, server.issuer().jwks());

    let own = get(&client, server.discovery_url())
        .await
        .text()
        .await
        .unwrap();
    server.serve_metadata(r#"{"issuer":"x"}"#);
    let other = get(&client, server.discovery_url()).await;
    assert_eq!(other.text().await.unwrap(), r#"{"issuer":"x"}"#);
    server.serve_issuer_metadata();
    let again = get(&client, server.discovery_url()).await;
    assert_eq!(again.text().await.unwrap(), own);
}

#[tokio::test]
async fn requests_are_counted() {
    let server = start().await;
    let client = client();
    assert_eq!(server.fetches(), Fetches::default());
    get(&client, server.discovery_url()).await;
    get(
        &client,
        format!("{}/x/.well-known/openid-configuration", server.url()),
    )
    .await;
    get(&client, server.jwks_url()).await;
    get(&client, format!("{}?a=b", server.jwks_url())).await;
    server.fail(Fault::Reset);
    client.get(server.jwks_url()).send().await.unwrap_err();
    server.recover();
    assert_eq!(
        get_status(&client, format!("{}/token", server.url())).await,
        404
    );
    let posted = client
        .post(server.jwks_url())
        .body("x")
        .send()
        .await
        .unwrap();
    assert_eq!(posted.status(), 404);
    let expected = Fetches {
        discovery: 2,
        jwks: 3,
        introspection: 0,
        not_modified: 0,
        other: 2,
    };
    assert_eq!(server.fetches(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_is_counted_to_the_last() {
    let server = start().await;
    let mut crowd = JoinSet::new();
    let client = client();
    for _ in 0..200 {
        let (client, url) = (client.clone(), server.jwks_url());
        crowd.spawn(async move { get_status(&client, url).await });
    }
    assert!(crowd.join_all().await.iter().all(|status| *status == 200));
    assert_eq!(server.fetches().jwks, 200);
}

#[tokio::test]
async fn jwks_answers_carry_headers_and_304() {
    let server = start().await;
    let client = client();
    let plain = get(&client, server.jwks_url()).await;
    assert_eq!(header(&plain, "cache-control"), None);
    assert_eq!(header(&plain, "age"), None);
    let etag = header(&plain, "etag").unwrap().to_owned();

    server.cache_control("public, max-age=120");
    server.age(Duration::from_secs(7));
    let conditional = async |tags: &str| {
        let request = client.get(server.jwks_url()).header("if-none-match", tags);
        request.send().await.unwrap()
    };
    for tags in [&etag, &format!("\"x\", W/{etag}"), "*"] {
        let response = conditional(tags).await;
        assert_eq!(response.status(), 304, "{tags}");
        assert_eq!(header(&response, "etag"), Some(&*etag), "{tags}");
        assert_eq!(
            header(&response, "cache-control"),
            Some("public, max-age=120"),
            "{tags}"
        );
        assert_eq!(header(&response, "age"), Some("7"), "{tags}");
        assert_eq!(response.text().await.unwrap(), "", "{tags}");
    }
    assert_eq!(server.fetches().not_modified, 3);
    assert_eq!(conditional("\"x\"").await.status(), 200);
    server.fail(Fault::Oversized(0));
    assert_eq!(conditional(&etag).await.status(), 200); // a fault of the body has a body
    server.recover();
    server.issuer().rotate_keys();
    let rotated = conditional(&etag).await;
    assert_eq!(rotated.status(), 200);
    assert_ne!(header(&rotated, "etag"), Some(&*etag));
    assert_eq!(server.fetches().not_modified, 3);
}

#[tokio::test]
async fn connections_are_kept_and_closed_as_asked() {
    let server = start().await;
    let mut own = TcpStream::connect(address(&server)).await.unwrap();
    for _ in 0..3 {
        exchange(&mut own).await.unwrap();
    }
    let requests = [
        "GET /jwks HTTP/1.1\r\nConnection: Close\r\n\r\n",
        "GET /jwks HTTP/1.0\r\n\r\n",
        "nonsense\r\n\r\n",
        "",
        "GET /jwks HTTP/1.1\r\nA: ", // cut short
    ];
    for request in requests {
        let mut own = TcpStream::connect(address(&server)).await.unwrap();
        own.write_all(request.as_bytes()).await.unwrap();
        own.shutdown().await.unwrap();
        let mut answer = String::new();
        own.read_to_string(&mut answer).await.unwrap();
        let is_answered = request.contains("HTTP") && request.ends_with("\r\n\r\n");
        assert_eq!(
            answer.starts_with("HTTP/1.1 200 "),
            is_answered,
            "{request}"
        );
    }
    // A head without end is not read for ever.
    let mut own = TcpStream::connect(address(&server)).await.unwrap();
    let _ = own.write_all(&[b'a'; 16_000]).await;
    assert!(!matches!(own.read(&mut [0]).await, Ok(1..)));
}

#[tokio::test]
async fn tls_is_under_a_ca_of_its_own() {
    let server = TestServer::builder(AUDIENCE).tls().start().await.unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"));
    assert_eq!(server.issuer().name(), server.url());
    let client = tls_client(server.ca_pem());
    assert_eq!(get_jwks(&client, &server).await, server.issuer().jwks());
    let by_name = server.jwks_url().replace("127.0.0.1", "localhost");
    assert_eq!(get_status(&client, by_name).await, 200);

    let other = TestServer::builder(AUDIENCE).tls().start().await.unwrap();
    assert_ne!(other.ca_pem(), server.ca_pem());
    for stranger in [crate::support::client::client(), tls_client(other.ca_pem())] {
        let error = stranger.get(server.jwks_url()).send().await.unwrap_err();
        assert!(error.is_connect());
    }

    // Faults are of the connection below.
    server.fail(Fault::Reset);
    let error = client.get(server.jwks_url()).send().await.unwrap_err();
    assert_eq!(io_kind(&error), Some(ErrorKind::ConnectionReset));
    server.fail(Fault::Truncated);
    let response = get(&client, server.jwks_url()).await;
    assert!(!broken_body(response).await.is_empty());
    server.fail(Fault::Refused);
    let error = client.get(server.jwks_url()).send().await.unwrap_err();
    assert_eq!(io_kind(&error), Some(ErrorKind::ConnectionRefused));
    server.recover();
    assert_eq!(get_status(&client, server.jwks_url()).await, 200);

    assert_eq!(start().await.ca_pem(), "");
}
