//! Real connections over real sockets. A token here has a second left by a clock that the test
//! sets, so the first look at it comes after a second.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use resource_server::resource::TokenPlace;
use resource_server::testing::{ManualClock, TestServer};
use resource_server::{NumericDate, Policy, Resource, Validator};
use serde_json::json;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

const API: &str = "https://api.example.com";
const NOW: i64 = 1_700_000_000;

struct World {
    server: TestServer,
    clock: ManualClock,
    address: SocketAddr,
}

/// What ends a token.
#[derive(Clone, Copy, Debug)]
enum End {
    Expiry,
    KeyWithdrawn,
    Revoked,
}

const ENDS: [End; 3] = [End::Expiry, End::KeyWithdrawn, End::Revoked];

impl World {
    async fn start() -> Self {
        let clock = ManualClock::at(NumericDate::from_secs(NOW));
        let server = TestServer::start(API).await.unwrap();
        // A source that knows of a withdrawn key at once; opaque tokens go to the endpoint.
        let keys = server.issuer().clone().clock(clock.clone()).to_issuer();
        let introspection = server.introspection().cache_active_for(Duration::ZERO);
        let issuer = keys.introspection(introspection);
        let places = [
            TokenPlace::authorization(),
            TokenPlace::web_socket_protocol(streams::MARKER),
        ];
        let validator = Validator::builder()
            .resource(Resource::new(API).tokens_from(places))
            .issuer(issuer.policy(Policy::builder().clock_skew(Duration::ZERO)))
            .clock(clock.clone())
            .build()
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, streams::router(validator)).await });
        World {
            server,
            clock,
            address,
        }
    }

    fn token(&self, end: End) -> String {
        match end {
            End::Expiry | End::KeyWithdrawn => {
                let issuer = self.server.issuer().clone().clock(self.clock.clone());
                issuer.token().expires_in(Duration::from_secs(1)).mint()
            }
            End::Revoked => self.server.opaque_token(json!({"exp": NOW + 1})),
        }
    }

    fn end(&self, end: End, token: &str) {
        match end {
            End::Expiry => self.clock.advance(Duration::from_secs(2)),
            End::KeyWithdrawn => {
                self.server.issuer().rotate_keys();
                self.server.issuer().withdraw_old_keys();
            }
            End::Revoked => self.server.revoke(token),
        }
    }
}

#[tokio::test]
async fn h10_an_event_stream_ends_with_its_token() {
    for end in ENDS {
        let world = World::start().await;
        let token = world.token(end);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = || {
            let request = client.get(format!("http://{}/events", world.address));
            request.bearer_auth(&token).send()
        };
        let response = request().await.unwrap();
        assert_eq!(response.status(), 200, "{end:?}");
        let mut events = response.bytes_stream();
        assert!(
            events
                .next()
                .await
                .unwrap()
                .unwrap()
                .starts_with(b"data: tick")
        );
        world.end(end, &token);
        while let Some(event) = events.next().await {
            assert!(event.unwrap().starts_with(b"data: tick"), "{end:?}");
        }
        assert_eq!(request().await.unwrap().status(), 401, "{end:?}");
    }
}

#[tokio::test]
async fn h08_h10_a_web_socket_ends_with_its_token() {
    for end in ENDS {
        let world = World::start().await;
        let token = world.token(end);
        let request = || {
            let url = format!("ws://{}/socket", world.address);
            let mut request = url.into_client_request().unwrap();
            let protocols = format!("{}, {token}", streams::MARKER).parse().unwrap();
            request
                .headers_mut()
                .insert("sec-websocket-protocol", protocols);
            tokio_tungstenite::connect_async(request)
        };
        let (mut socket, response) = request().await.unwrap();
        assert_eq!(
            response.headers()["sec-websocket-protocol"],
            streams::MARKER
        );
        socket.send(Message::text("hello")).await.unwrap();
        assert_eq!(
            socket.next().await.unwrap().unwrap(),
            Message::text("hello")
        );
        world.end(end, &token);
        let Some(Ok(Message::Close(Some(frame)))) = socket.next().await else {
            panic!("{end:?}: no close frame")
        };
        assert_eq!(u16::from(frame.code), 1008, "{end:?}");
        let Err(Error::Http(refused)) = request().await else {
            panic!("{end:?}: the handshake was accepted")
        };
        assert_eq!(refused.status(), 401, "{end:?}");
    }
}
