//! A gRPC API in tonic whose service needs an access token. The lines that end with `// new`, here
//! and in `main.rs`, are what the protection adds to an existing API.

use resource_server::{AccessToken, Requirement, Validator}; // new
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Error, Server};
use tonic::{Request, Response, Status};

use service::orders_client::OrdersClient;
use service::orders_server::{Orders, OrdersServer};

/// The generated service and client.
#[allow(clippy::pedantic)]
pub mod service {
    include!(concat!(env!("OUT_DIR"), "/example.Orders.rs"));
}

/// Asks for all orders.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ListRequest {}

/// The orders of a user.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ListReply {
    /// Whose orders they are.
    #[prost(string, tag = "1")]
    pub owner: String,
    /// What was ordered.
    #[prost(string, repeated, tag = "2")]
    pub items: Vec<String>,
}

struct Api;

#[tonic::async_trait]
impl Orders for Api {
    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListReply>, Status> {
        let token = AccessToken::of(request.extensions())?; // new
        token.require(&Requirement::scope("orders:read"))?; // new
        Ok(Response::new(ListReply {
            owner: token.subject().unwrap_or("nobody").to_owned(),
            items: vec!["apples".to_owned(), "pears".to_owned()],
        }))
    }
}

/// Serves the API.
///
/// # Errors
/// The server can't go on.
pub async fn serve(
    incoming: TcpIncoming,
    validator: Validator, // new
) -> Result<(), Error> {
    Server::builder()
        .layer(validator.protect().grpc()) // new
        .add_service(OrdersServer::new(Api))
        .serve_with_incoming(incoming)
        .await
}

/// Calls the API as a client does, with a token or without.
///
/// # Errors
/// The API refuses the call, or there is none at this URL.
pub async fn list(url: &str, token: Option<&str>) -> Result<ListReply, Status> {
    let unavailable = |error: Error| Status::unavailable(error.to_string());
    let channel = Channel::from_shared(url.to_owned());
    let channel = channel.map_err(|error| Status::invalid_argument(error.to_string()))?;
    let channel = channel.connect().await.map_err(unavailable)?;
    let mut request = Request::new(ListRequest {});
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse();
        let value = value.map_err(|_| Status::invalid_argument("this is no token"))?;
        request.metadata_mut().insert("authorization", value);
    }
    let response = OrdersClient::new(channel).list(request).await?;
    Ok(response.into_inner())
}
