//! Methods that refuse behind the layer.

use framework_tests::World;
use framework_tests::grpc::{METHODS, by_client};
use http::HeaderMap;
use resource_server::{AccessToken, Error, Requirement};
use tonic::Extensions;
use tonic::transport::Server;

use crate::{bearer, listen, service};

/// Leaves two errors, and answers all the same.
fn leaves_errors(extensions: &Extensions) -> Result<String, Error> {
    let token = AccessToken::of(extensions)?;
    for scope in ["first", "second"] {
        let error = token.require(&Requirement::scope(scope)).unwrap_err();
        error.replace_response(extensions)?;
    }
    Ok("served".to_owned())
}

#[tokio::test]
async fn h12_an_error_that_a_method_leaves_is_the_status() {
    let world = World::new();
    let (address, incoming) = listen();
    let api = Server::builder()
        .layer(world.validator.protect().grpc())
        .add_service(service(leaves_errors));
    tokio::spawn(api.serve_with_incoming(incoming));
    let mut headers = HeaderMap::new();
    let line = bearer(&world.token().mint()).try_into().unwrap();
    headers.insert("authorization", line);
    for method in METHODS {
        let outcome = by_client(address, "", method, headers.clone()).await;
        assert_eq!(outcome.code, 7, "{method}");
        assert!(outcome.texts.is_empty(), "{method}");
        let challenge = &outcome.metadata[1].1;
        assert!(challenge.contains("scope=\"first\""), "{challenge}");
    }
}

#[tokio::test]
async fn h12_an_error_is_never_left_without_a_layer() {
    let (address, incoming) = listen();
    let api = Server::builder().add_service(service(|extensions| {
        let mistake = Requirement::scope("").check().unwrap_err();
        let error = Error::from(resource_server::Misconfigured::from(mistake));
        error.replace_response(extensions)?;
        Ok("served".to_owned())
    }));
    tokio::spawn(api.serve_with_incoming(incoming));
    let outcome = by_client(address, "", "Get", HeaderMap::new()).await;
    assert_eq!(outcome.code, 13);
    let message = &outcome.message;
    assert!(message.contains("no layer judged"), "{message}");
}
