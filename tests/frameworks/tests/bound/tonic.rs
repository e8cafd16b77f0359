//! The API in tonic, under prefixes and at its own path.

use std::net::SocketAddr;

use axum::Router;
use framework_tests::bound::{
    BoundWorld, ORIGIN, Wire, assert_every_bound_case, assert_layers_enter_a_proof_once,
    assert_nonces_round_trip,
};
use framework_tests::grpc::service::api_client::ApiClient;
use framework_tests::grpc::service::api_server::{Api, ApiServer};
use framework_tests::grpc::{Asked, STREAMED, Told};
use resource_server::binding::Connection;
use resource_server::{AccessToken, Requirement};
use tonic::metadata::MetadataMap;
use tonic::service::{InterceptorLayer, Routes};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Code, Extensions, Request, Response, Status};
use tower::Layer;

/// Both methods of the service, by what they do for a request.
#[derive(Clone, Copy)]
struct Handler {
    needs_scope: bool,
    sets_headers: bool,
}

const PLAIN: Handler = Handler {
    needs_scope: false,
    sets_headers: false,
};

impl Handler {
    fn told<T>(
        self,
        extensions: &Extensions,
        message: fn(Told) -> T,
    ) -> Result<Response<T>, Status> {
        let token = AccessToken::of(extensions)?;
        if self.needs_scope {
            token.require(&Requirement::scope("orders:write"))?;
        }
        let text = token.subject().unwrap_or_default().to_owned();
        let mut response = Response::new(message(Told { text }));
        if self.sets_headers {
            let metadata = response.metadata_mut();
            metadata.insert("cache-control", "public, max-age=60".parse().unwrap());
            metadata.insert("dpop-nonce", "stale".parse().unwrap());
        }
        Ok(response)
    }
}

#[tonic::async_trait]
impl Api for Handler {
    type WatchStream = tokio_stream::Iter<std::vec::IntoIter<Result<Told, Status>>>;

    async fn get(&self, request: Request<Asked>) -> Result<Response<Told>, Status> {
        self.told(request.extensions(), |told| told)
    }

    async fn watch(&self, request: Request<Asked>) -> Result<Response<Self::WatchStream>, Status> {
        self.told(request.extensions(), |told| {
            tokio_stream::iter(vec![Ok(told); STREAMED])
        })
    }
}

fn service() -> ApiServer<Handler> {
    ApiServer::new(PLAIN)
}

fn routes(world: &BoundWorld) -> Routes {
    let protect = || world.validator.protect().grpc();
    let layered = protect().layer(world.second.protect().grpc().layer(service()));
    let scoped = Handler {
        needs_scope: true,
        ..PLAIN
    };
    let marked = Handler {
        sets_headers: true,
        ..PLAIN
    };
    let router = Router::new()
        .nest_service("/v1/orders", service())
        .nest_service("/v1/layered", layered)
        .nest_service("/v1/behind-proxy", service())
        .nest_service("/v1/marked", ApiServer::new(marked))
        .nest_service("/v1/scoped", ApiServer::new(scoped))
        .layer(protect())
        .nest_service(
            "/v1/elsewhere",
            world.elsewhere.protect().grpc().layer(service()),
        );
    Routes::from(router)
}

/// Hands on what tonic knows of the connection. It is outside of every layer that judges.
fn connection(mut request: Request<()>) -> Result<Request<()>, Status> {
    let peer = request.remote_addr();
    let peer = peer.ok_or_else(|| Status::internal("the connection has no address"))?;
    request.extensions_mut().insert(Connection::from(peer));
    Ok(request)
}

fn serve(routes: Routes) -> SocketAddr {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let mut server = Server::builder().layer(InterceptorLayer::new(connection));
    let server = server.add_routes(routes);
    tokio::spawn(async move { server.serve_with_incoming(incoming).await.unwrap() });
    address
}

#[tokio::test]
async fn d01_d02_m01_m02_every_case_in_tonic() {
    let world = BoundWorld::new();
    let address = serve(routes(&world));
    assert_every_bound_case(address, &world, &Wire::GRPC, "/v1").await;
}

#[tokio::test]
async fn d03_layers_in_tonic_enter_a_proof_once() {
    let world = BoundWorld::new();
    let address = serve(routes(&world));
    assert_layers_enter_a_proof_once(address, &world, &Wire::GRPC, "/v1").await;
}

#[tokio::test]
async fn d05_nonces_in_tonic() {
    let world = BoundWorld::with_nonces();
    let address = serve(routes(&world));
    assert_nonces_round_trip(address, &world, &Wire::GRPC, "/v1").await;
}

/// A whole server of tonic, as its client sees it: `htu` is the origin and
/// `/package.Service/Method`.
#[tokio::test]
async fn d02_d06_a_call_of_tonic() {
    let world = BoundWorld::with_nonces();
    let protected = world.validator.protect().grpc().layer(service());
    let address = serve(Routes::new(protected));
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    let mut client = ApiClient::new(channel.connect().await.unwrap());
    let token = world.token().bound_to_key_of(&world.client).mint();
    let url = format!("{ORIGIN}/framework.Api/Get");
    let mut call = async |nonce: Option<&str>| {
        let proof = world.client.proof("POST", &url, &token);
        let proof = nonce
            .map_or(proof.clone(), |nonce| proof.nonce(nonce))
            .mint();
        let mut request = Request::new(Asked {});
        let metadata = request.metadata_mut();
        metadata.insert("authorization", format!("DPoP {token}").parse().unwrap());
        metadata.insert("dpop", proof.parse().unwrap());
        client.get(request).await
    };
    let all = |metadata: &MetadataMap, name: &str| -> Vec<String> {
        let values = metadata.get_all(name).iter();
        values
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    };

    let refused = call(None).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(
        all(refused.metadata(), "www-authenticate"),
        ["DPoP error=\"use_dpop_nonce\", \
             resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource/v1\", \
             algs=\"ES256\""]
    );
    let nonces = all(refused.metadata(), "dpop-nonce");
    let [nonce] = &nonces[..] else {
        panic!("{nonces:?}")
    };
    let told = call(Some(nonce)).await.unwrap();
    assert!(told.metadata().get("dpop-nonce").is_none());
    assert_eq!(told.into_inner().text, "alice");

    let nobody = client.get(Asked {}).await.unwrap_err();
    assert_eq!(nobody.code(), Code::Unauthenticated);
    let challenges = all(nobody.metadata(), "www-authenticate");
    assert!(challenges[0].starts_with("Bearer "), "{challenges:?}");
    assert!(challenges[1].starts_with("DPoP "), "{challenges:?}");
    assert_eq!(challenges.len(), 2);
}
