//! A gRPC API in tonic whose service needs an access token. The lines that end with `// new`, here
//! and in `main.rs`, are what the protection adds to an existing API. A stream ends when its token
//! does.

use std::pin::pin;
use std::time::Duration;

use resource_server::{AccessToken, Requirement, Validator}; // new
use tokio::sync::mpsc;
use tokio::time::interval;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Error, Server};
use tonic::{Request, Response, Status, Streaming};

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

struct Api {
    /// For streams, which ask it again about their tokens.
    validator: Validator,
}

fn orders_of(token: &AccessToken) -> ListReply {
    ListReply {
        owner: token.subject().unwrap_or("nobody").to_owned(),
        items: vec!["apples".to_owned(), "pears".to_owned()],
    }
}

#[tonic::async_trait]
impl Orders for Api {
    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListReply>, Status> {
        let token = AccessToken::of(request.extensions())?; // new
        token.require(&Requirement::scope("orders:read"))?; // new
        Ok(Response::new(orders_of(&token)))
    }

    type WatchStream = ReceiverStream<Result<ListReply, Status>>;

    /// Sends the orders each second, and the status of the refusal when the token is refused.
    async fn watch(
        &self,
        request: Request<ListRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let token = AccessToken::of(request.extensions())?;
        let validator = self.validator.clone();
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut ticks = interval(Duration::from_secs(1));
            let mut refused = pin!(validator.until_refused(&token));
            loop {
                let item = tokio::select! {
                    _ = ticks.tick() => Ok(orders_of(&token)),
                    error = &mut refused => Err(Status::from(error)),
                };
                let is_last = item.is_err();
                // The client may be gone.
                if sender.send(item).await.is_err() || is_last {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
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
        .add_service(OrdersServer::new(Api { validator }))
        .serve_with_incoming(incoming)
        .await
}

/// Calls the API as a client does, with a token or without.
///
/// # Errors
/// The API refuses the call, or there is none at this URL.
pub async fn list(url: &str, token: Option<&str>) -> Result<ListReply, Status> {
    let (mut client, request) = client(url, token).await?;
    Ok(client.list(request).await?.into_inner())
}

/// Opens a stream as a client does.
///
/// # Errors
/// The API refuses the call, or there is none at this URL.
pub async fn watch(url: &str, token: &str) -> Result<Streaming<ListReply>, Status> {
    let (mut client, request) = client(url, Some(token)).await?;
    Ok(client.watch(request).await?.into_inner())
}

async fn client(
    url: &str,
    token: Option<&str>,
) -> Result<(OrdersClient<Channel>, Request<ListRequest>), Status> {
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
    Ok((OrdersClient::new(channel), request))
}
