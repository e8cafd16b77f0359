//! [`Protect`] as a layer of tonic, and errors as gRPC statuses.

use std::task::{Context, Poll};

use http::header::CONTENT_TYPE;
use http::{Request, Response};
use tonic::metadata::MetadataMap;
use tonic::server::NamedService;
use tonic::{Code, Status};
use tower_layer::Layer;
use tower_service::Service;

use crate::error::Error;
use crate::http::{Protect, Protected};
use crate::tower::Served;

/// [`Protect`] for gRPC: a layer for `Server::builder().layer(..)` of tonic, and for one service.
///
/// It refuses by a [`Status`], with status 200 of HTTP and without a message of the method. What
/// the answer says in its headers is metadata: `www-authenticate`, `dpop-nonce`, `retry-after` and
/// `cache-control`. The body of the answer is left out. Metadata with the key `authorization` or
/// `dpop` is judged as the header is: two entries are refused. Binary metadata
/// (`authorization-bin`) is not read.
///
/// A DPoP proof of a call is for the method `POST` and the path `/package.Service/Method`.
///
/// `Server::layer` covers all services of a server, also health and reflection. To leave these
/// open, put the layer before each of the other services. The trait is in the crate `tower-layer`:
///
/// ```
/// use http::{Request, Response};
/// use resource_server::{Validator, resource::GrpcProtected};
/// use tonic::body::Body;
/// use tower_layer::Layer;
///
/// // `let orders = protected(&validator, OrdersServer::new(..))`, and
/// // `Server::builder().add_service(health).add_service(orders)`.
/// fn protected<S>(validator: &Validator, service: S) -> GrpcProtected<S> {
///     validator.protect().grpc().layer(service)
/// }
/// ```
///
/// A method gets the token from the extensions of its request. `?` makes a [`Status`] of an
/// [`Error`]:
///
/// ```
/// use resource_server::{AccessToken, Requirement};
/// use tonic::{Request, Response, Status};
///
/// async fn list(request: Request<()>) -> Result<Response<String>, Status> {
///     let token = AccessToken::of(request.extensions())?;
///     token.require(&Requirement::scope("orders:read"))?;
///     Ok(Response::new(token.subject().unwrap_or("nobody").to_owned()))
/// }
/// ```
///
/// Client certificates need the [`Connection`](crate::binding::Connection) of a call. An
/// interceptor outside of this layer hands on what tonic knows of it. With the feature `server` of
/// tonic, these are `request.remote_addr()` and, behind its TLS, `request.peer_certs()`.
///
/// ```
/// use resource_server::binding::Connection;
/// use tonic::service::InterceptorLayer;
/// use tonic::{Request, Status};
///
/// fn connection(mut request: Request<()>) -> Result<Request<()>, Status> {
///     # let peer = Some(std::net::SocketAddr::from(([127, 0, 0, 1], 50_123)));
///     // let peer = request.remote_addr();
///     if let Some(peer) = peer {
///         request.extensions_mut().insert(Connection::from(peer));
///     }
///     Ok(request)
/// }
///
/// // Server::builder().layer(outer).layer(validator.protect().grpc())
/// let outer = InterceptorLayer::new(connection);
/// # let _ = outer;
/// ```
///
/// [`Error::replace_response`] has an effect until the method returns its response or stream. A
/// stream that has begun ends by a [`Status`] as its item.
#[derive(Clone, Debug)]
#[must_use]
pub struct GrpcProtect(Protect);

/// A gRPC service behind [`GrpcProtect`].
#[derive(Clone, Debug)]
pub struct GrpcProtected<S>(Protected<S>);

impl Protect {
    /// The same protection as a layer of tonic: see
    /// [`GrpcProtect`](crate::resource::GrpcProtect).
    ///
    /// ```
    /// use resource_server::Validator;
    /// use resource_server::resource::GrpcProtect;
    ///
    /// // Server::builder().layer(layer(&validator)).add_service(..)
    /// fn layer(validator: &Validator) -> GrpcProtect {
    ///     validator.protect().grpc()
    /// }
    /// ```
    pub fn grpc(self) -> GrpcProtect {
        GrpcProtect(self)
    }
}

impl<S> Layer<S> for GrpcProtect {
    type Service = GrpcProtected<S>;

    fn layer(&self, inner: S) -> GrpcProtected<S> {
        GrpcProtected(self.0.before(inner))
    }
}

impl<S, B, R> Service<Request<B>> for GrpcProtected<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Default + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Served<R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.0
            .serve(request, |error| Status::from(error).into_http())
    }
}

/// A service for `Server::add_service` stays one.
impl<S: NamedService> NamedService for GrpcProtected<S> {
    const NAME: &'static str = S::NAME;
}

/// The status of a request that is not served. Its message is a fixed text for each status of HTTP,
/// and for a method that no layer covers. Its metadata has the headers of [`Error::answer`].
///
/// | status of HTTP | code |
/// | --- | --- |
/// | 400, 401 | `UNAUTHENTICATED` |
/// | 403 | `PERMISSION_DENIED` |
/// | 503 | `UNAVAILABLE` |
/// | 500 | `INTERNAL` |
impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, message) = match error.status() {
            400 => (Code::Unauthenticated, "the credentials are malformed"),
            401 => (Code::Unauthenticated, "a valid access token is required"),
            403 => (
                Code::PermissionDenied,
                "the access token does not allow this",
            ),
            503 => (Code::Unavailable, "the access token can't be checked now"),
            _ => (Code::Internal, "the server is misconfigured"),
        };
        let message = match &error {
            Error::Misconfigured(mistake) if mistake.is_for_client() => mistake.to_string(),
            _ => message.to_owned(),
        };
        let mut headers = Response::<String>::from(error.answer())
            .into_parts()
            .0
            .headers;
        headers.remove(CONTENT_TYPE);
        Status::with_metadata(code, message, MetadataMap::from_headers(headers))
    }
}
