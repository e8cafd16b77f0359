//! The API in actix-web.

mod handlers;
mod layers;
mod metadata;
mod support;

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use framework_tests::{Framework, World, assert_every_case};
use resource_server::resource::{Claims, OptionalToken};
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

async fn optional(OptionalToken(token): OptionalToken) -> String {
    token.map_or("anonymous".to_owned(), |token| subject(&token))
}

#[derive(serde::Deserialize)]
struct Department {
    department: String,
}

async fn claims(Claims(claims): Claims<Department>) -> String {
    claims.department
}

fn routes(validator: &Validator) -> impl FnOnce(&mut web::ServiceConfig) + Clone + Send + 'static {
    let protect = validator.protect();
    let requires = |requirement| validator.protect().require(requirement);
    let write = requires(Requirement::scope("orders:write"));
    let both = requires(Requirement::all_scopes(["orders:read", "orders:write"]));
    let clerk = requires(Requirement::role("clerk"));
    let recent = requires(Requirement::max_age(Duration::from_secs(300)));
    let optional_layer = validator.protect().optional();
    let mistake = requires(Requirement::scope("orders read"));
    let metadata = validator.resource_metadata().unwrap();
    move |config| {
        config
            .service(metadata)
            .service(web::resource("/scoped").get(orders).wrap(both))
            .service(web::resource("/clerk").get(orders).wrap(clerk))
            .service(web::resource("/recent").get(orders).wrap(recent))
            .service(
                web::resource("/optional")
                    .get(optional)
                    .wrap(optional_layer),
            )
            .service(web::resource("/mistake").get(orders).wrap(mistake))
            .service(web::resource("/bare").get(orders))
            .service(web::resource("/bare-optional").get(optional))
            .service(web::resource("/open").get(|| async { "open" }))
            .service(
                web::scope("")
                    .service(web::resource("/orders").get(orders))
                    .service(web::resource("/orders/write").get(orders).wrap(write))
                    .service(web::resource("/handler").get(handler))
                    .service(web::resource("/claims").get(claims))
                    .wrap(protect),
            );
    }
}

fn serve(validator: &Validator) -> SocketAddr {
    let routes = routes(validator);
    let server = HttpServer::new(move || App::new().configure(routes.clone()));
    let server = server.workers(2).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.disable_signals().run());
    address
}

#[actix_web::test]
async fn h_every_case() {
    let world = World::new();
    let address = serve(&world.validator);
    assert_every_case(address, &world, Framework::Actix).await;
}
