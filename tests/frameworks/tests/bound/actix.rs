//! The API in actix-web, in a scope.

use std::net::SocketAddr;

use actix_web::{App, HttpResponse, HttpServer, web};
use framework_tests::bound::{
    BoundWorld, Wire, assert_every_bound_case, assert_layers_enter_a_proof_once,
    assert_nonces_round_trip,
};
use resource_server::{AccessToken, Error, Requirement};

async fn subject(token: AccessToken) -> String {
    token.subject().unwrap_or_default().to_owned()
}

async fn marked(token: AccessToken) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "public, max-age=60"))
        .insert_header(("dpop-nonce", "stale"))
        .body(subject(token).await)
}

async fn scoped(token: AccessToken) -> Result<String, Error> {
    token.require(&Requirement::scope("orders:write"))?;
    Ok(subject(token).await)
}

fn serve(world: &BoundWorld) -> SocketAddr {
    let (protect, elsewhere) = (world.validator.protect(), world.elsewhere.protect());
    let second = world.second.protect();
    let server = HttpServer::new(move || {
        let elsewhere = elsewhere.clone();
        let layered = web::resource("/layered").get(subject).wrap(second.clone());
        let v1 = web::scope("")
            .service(web::resource("/orders").get(subject))
            .service(layered.wrap(protect.clone()))
            .service(web::resource("/behind-proxy").get(subject))
            .service(web::resource("/marked").get(marked))
            .service(web::resource("/scoped").get(scoped))
            .wrap(protect.clone());
        let elsewhere = web::resource("/elsewhere").get(subject).wrap(elsewhere);
        App::new().service(web::scope("/v1").service(elsewhere).service(v1))
    });
    // HTTP/1 and HTTP/2 on one port.
    let server = server.workers(2).bind_auto_h2c(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.disable_signals().run());
    address
}

#[actix_web::test]
async fn d01_d02_m01_m02_every_case_in_actix() {
    let world = BoundWorld::new();
    let address = serve(&world);
    assert_every_bound_case(address, &world, &Wire::HTTP, "/v1").await;
}

#[actix_web::test]
async fn d03_layers_in_actix_enter_a_proof_once() {
    let world = BoundWorld::new();
    let address = serve(&world);
    assert_layers_enter_a_proof_once(address, &world, &Wire::HTTP, "/v1").await;
}

#[actix_web::test]
async fn d05_nonces_in_actix() {
    let world = BoundWorld::with_nonces();
    let address = serve(&world);
    assert_nonces_round_trip(address, &world, &Wire::HTTP, "/v1").await;
}
