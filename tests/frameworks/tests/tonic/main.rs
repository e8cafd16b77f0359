//! The API in tonic.

mod handlers;
mod layers;
mod status;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use framework_tests::World;
use framework_tests::grpc::service::api_server::{Api, ApiServer};
use framework_tests::grpc::{Asked, STREAMED, Told, assert_every_call, frames};
use resource_server::{AccessToken, Error, Requirement, Validator};
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Extensions, Request, Response, Status};
use tower::Layer;

/// Both methods of the service, by a function of the request's extensions.
struct Handler(fn(&Extensions) -> Result<String, Error>);

#[tonic::async_trait]
impl Api for Handler {
    type WatchStream = tokio_stream::Iter<std::vec::IntoIter<Result<Told, Status>>>;

    async fn get(&self, request: Request<Asked>) -> Result<Response<Told>, Status> {
        let text = (self.0)(request.extensions())?;
        Ok(Response::new(Told { text }))
    }

    async fn watch(&self, request: Request<Asked>) -> Result<Response<Self::WatchStream>, Status> {
        let text = (self.0)(request.extensions())?;
        let items = vec![Ok(Told { text }); STREAMED];
        Ok(Response::new(tokio_stream::iter(items)))
    }
}

fn service(handler: fn(&Extensions) -> Result<String, Error>) -> ApiServer<Handler> {
    ApiServer::new(Handler(handler))
}

fn subject(token: &AccessToken) -> String {
    token.subject().unwrap_or_default().to_owned()
}

fn orders(extensions: &Extensions) -> Result<String, Error> {
    AccessToken::of(extensions).map(|token| subject(&token))
}

fn handler(extensions: &Extensions) -> Result<String, Error> {
    let token = AccessToken::of(extensions)?;
    token.require(&Requirement::scope("orders:write"))?;
    Ok(subject(&token))
}

fn optional(extensions: &Extensions) -> Result<String, Error> {
    let token = AccessToken::of_optional(extensions)?;
    Ok(token.map_or("anonymous".to_owned(), |token| subject(&token)))
}

#[derive(serde::Deserialize)]
struct Department {
    department: String,
}

fn claims(extensions: &Extensions) -> Result<String, Error> {
    let claims: Department = AccessToken::of(extensions)?.claims()?;
    Ok(claims.department)
}

fn routes(validator: &Validator) -> Routes {
    let requires = |requirement| validator.protect().require(requirement).grpc();
    let write = requires(Requirement::scope("orders:write"));
    let both = requires(Requirement::all_scopes(["orders:read", "orders:write"]));
    let clerk = requires(Requirement::role("clerk"));
    let recent = requires(Requirement::max_age(Duration::from_secs(300)));
    let optional_layer = validator.protect().optional().grpc();
    let mistake = requires(Requirement::scope("orders read"));
    let router = Router::new()
        .nest_service("/orders", service(orders))
        .nest_service("/orders/write", write.layer(service(orders)))
        .nest_service("/handler", service(handler))
        .nest_service("/claims", service(claims))
        .layer(validator.protect().grpc())
        .nest_service("/scoped", both.layer(service(orders)))
        .nest_service("/clerk", clerk.layer(service(orders)))
        .nest_service("/recent", recent.layer(service(orders)))
        .nest_service("/optional", optional_layer.layer(service(optional)))
        .nest_service("/mistake", mistake.layer(service(orders)))
        .nest_service("/bare", service(orders))
        .nest_service("/bare-optional", service(optional))
        .nest_service("/open", service(|_| Ok("open".to_owned())));
    Routes::from(router)
}

/// A free address, and the connections to it.
fn listen() -> (SocketAddr, TcpIncoming) {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (incoming.local_addr().unwrap(), incoming)
}

fn serve(validator: &Validator) -> SocketAddr {
    let (address, incoming) = listen();
    let server = Server::builder().add_routes(routes(validator));
    tokio::spawn(async move { server.serve_with_incoming(incoming).await.unwrap() });
    address
}

#[tokio::test]
async fn h_every_case() {
    let world = World::new();
    let address = serve(&world.validator);
    let cases = assert_every_call(address, &world).await;
    assert!(cases > 80, "{cases}");
}

/// A refusal is one frame of headers, which ends the stream.
#[tokio::test]
async fn h06_a_refusal_is_trailers_only_in_frames() {
    let world = World::new();
    let address = serve(&world.validator);
    for (path, headers) in [
        ("/orders/framework.Api/Get", vec![]),
        ("/orders/framework.Api/Watch", vec![]),
        (
            "/orders/write/framework.Api/Watch",
            vec![("authorization", bearer(&world.token().mint()))],
        ),
    ] {
        let frames = frames::exchange(address, path, &headers).await;
        assert!(frames::is_trailers_only(&frames), "{path}: {frames:?}");
    }
}

fn bearer(token: &str) -> Vec<u8> {
    format!("Bearer {token}").into_bytes()
}
