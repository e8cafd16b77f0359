//! The API in axum.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use framework_tests::{Framework, World, assert_every_case};
use resource_server::resource::Claims;
use resource_server::{AccessToken, Error, Requirement, Validator};

fn subject(token: &AccessToken) -> String {
    token.subject().unwrap_or_default().to_owned()
}

async fn orders(token: AccessToken) -> String {
    subject(&token)
}

async fn handler(token: AccessToken) -> Result<String, Error> {
    token.require(&Requirement::scope("orders:write"))?;
    Ok(subject(&token))
}

async fn optional(token: Option<AccessToken>) -> String {
    token.map_or("anonymous".to_owned(), |token| subject(&token))
}

#[derive(serde::Deserialize)]
struct Department {
    department: String,
}

async fn claims(Claims(claims): Claims<Department>) -> String {
    claims.department
}

fn router(validator: &Validator) -> Router {
    let requires = |requirement| validator.protect().require(requirement);
    let write = requires(Requirement::scope("orders:write"));
    let both = requires(Requirement::all_scopes(["orders:read", "orders:write"]));
    let recent = requires(Requirement::max_age(Duration::from_secs(300)));
    Router::new()
        .route("/orders", get(orders))
        .route("/orders/write", get(orders).route_layer(write))
        .route("/handler", get(handler))
        .route("/claims", get(claims))
        .layer(validator.protect())
        .route("/scoped", get(orders).layer(both))
        .route(
            "/clerk",
            get(orders).layer(requires(Requirement::role("clerk"))),
        )
        .route("/recent", get(orders).layer(recent))
        .route(
            "/optional",
            get(optional).layer(validator.protect().optional()),
        )
        .route(
            "/mistake",
            get(orders).layer(requires(Requirement::scope("orders read"))),
        )
        .route("/bare", get(orders))
        .route("/bare-optional", get(optional))
        .route("/open", get(|| async { "open" }))
        .merge(validator.resource_metadata().unwrap())
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

#[tokio::test]
async fn h_every_case() {
    let world = World::new();
    let address = serve(router(&world.validator)).await;
    assert_every_case(address, &world, Framework::Axum).await;
}
