//! Calls by a real client over a real socket, with keys that are fetched from a test authorization
//! server.

use resource_server::testing::TestServer;
use resource_server::{Issuer, Validator};
use tonic::Code;
use tonic::transport::server::TcpIncoming;

const API: &str = "https://api.example.com";

#[tokio::test]
async fn the_api_answers_by_the_token() {
    let authorization_server = TestServer::start(API).await.unwrap();
    let validator = Validator::builder()
        .resource(API)
        .issuer(Issuer::discover(authorization_server.url()))
        .build()
        .unwrap();
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", incoming.local_addr().unwrap());
    tokio::spawn(grpc_api::serve(incoming, validator));

    let token = authorization_server.issuer().token().subject("alice");
    let weak = token.clone().mint();
    let metadata =
        "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";
    let table = [
        (None, Code::Unauthenticated, ""),
        (
            Some("abc"),
            Code::Unauthenticated,
            "error=\"invalid_token\", ",
        ),
        (
            Some(weak.as_str()),
            Code::PermissionDenied,
            "error=\"insufficient_scope\", scope=\"orders:read\", ",
        ),
    ];
    for (token, code, parameters) in table {
        let status = grpc_api::list(&url, token).await.unwrap_err();
        assert_eq!(status.code(), code, "{token:?}");
        let challenge = status.metadata().get("www-authenticate").unwrap();
        let expected = format!("Bearer {parameters}{metadata}");
        assert_eq!(challenge.to_str().unwrap(), expected, "{token:?}");
    }
    let good = token.scope("orders:read").mint();
    let reply = grpc_api::list(&url, Some(&good)).await.unwrap();
    assert_eq!(reply.owner, "alice");
    assert_eq!(reply.items, ["apples", "pears"]);
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
