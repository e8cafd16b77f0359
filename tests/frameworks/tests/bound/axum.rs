//! The API in axum, under `nest`.

use std::net::SocketAddr;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::{Listener, ListenerExt};
use framework_tests::bound::{
    BoundWorld, Wire, assert_every_bound_case, assert_layers_enter_a_proof_once,
    assert_nonces_round_trip,
};
use resource_server::binding::Connection;
use resource_server::{AccessToken, Error, Requirement};
use tokio::net::{TcpListener, TcpStream};

pub(crate) async fn subject(token: AccessToken) -> String {
    token.subject().unwrap_or_default().to_owned()
}

async fn marked(token: AccessToken) -> impl IntoResponse {
    let own = [
        ("cache-control", "public, max-age=60"),
        ("dpop-nonce", "stale"),
    ];
    (own, subject(token).await)
}

async fn scoped(token: AccessToken) -> Result<String, Error> {
    token.require(&Requirement::scope("orders:write"))?;
    Ok(subject(token).await)
}

fn router(world: &BoundWorld) -> Router {
    let protect = || world.validator.protect();
    let inner = Router::new()
        .route("/layered", get(subject).layer(world.second.protect()))
        .route_layer(protect());
    let inner = inner
        .route("/orders", get(subject))
        .route("/behind-proxy", get(subject))
        .route("/marked", get(marked))
        .route("/scoped", get(scoped))
        .layer(protect())
        .route("/elsewhere", get(subject).layer(world.elsewhere.protect()));
    Router::new().nest("/v1", inner)
}

/// Accepts connections, and says of each what is known of it.
struct Known(TcpListener);

impl Listener for Known {
    type Io = TcpStream;
    type Addr = Connection;

    async fn accept(&mut self) -> (TcpStream, Connection) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        (stream, peer.into())
    }

    fn local_addr(&self) -> std::io::Result<Connection> {
        self.0.local_addr().map(Into::into)
    }
}

/// Serves with what is known of each connection: its address alone, or a [`Connection`].
async fn serve(world: &BoundWorld, has_address_alone: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = router(world);
    tokio::spawn(async move {
        if has_address_alone {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).await.unwrap();
        } else {
            let listener = Known(listener).tap_io(|_| {});
            let service = router.into_make_service_with_connect_info::<Connection>();
            axum::serve(listener, service).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn d01_d02_m01_m02_every_case_in_axum() {
    for has_address_alone in [true, false] {
        let world = BoundWorld::new();
        let address = serve(&world, has_address_alone).await;
        assert_every_bound_case(address, &world, &Wire::HTTP, "/v1").await;
    }
}

#[tokio::test]
async fn d03_layers_in_axum_enter_a_proof_once() {
    let world = BoundWorld::new();
    let address = serve(&world, true).await;
    assert_layers_enter_a_proof_once(address, &world, &Wire::HTTP, "/v1").await;
}

#[tokio::test]
async fn d05_nonces_in_axum() {
    let world = BoundWorld::with_nonces();
    let address = serve(&world, true).await;
    assert_nonces_round_trip(address, &world, &Wire::HTTP, "/v1").await;
}
