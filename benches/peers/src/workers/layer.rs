//! What the peers that are a tower layer have in common: a request in memory, and a service behind
//! the layer that answers 200.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, poll_fn, ready};
use std::marker::PhantomData;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, StatusCode};
use tower_service::Service;

/// The service behind the layer. It answers with an empty body.
pub(super) struct Handler<B>(PhantomData<fn() -> B>);

impl<B> Handler<B> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<B> Clone for Handler<B> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<R, B: Default> Service<Request<R>> for Handler<B> {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<R>) -> Self::Future {
        ready(Ok(Response::new(B::default())))
    }
}

/// The header that a request has.
pub(super) fn bearer(token: &str) -> HeaderValue {
    HeaderValue::try_from(format!("Bearer {token}")).expect("no token has control characters")
}

/// Sends a request through the layer and the service behind it, with a clone of the service for
/// each request, as servers do.
pub(super) async fn send<S, B>(service: &S, bearer: &HeaderValue) -> Result<(), StatusCode>
where
    S: Service<Request<()>, Response = Response<B>, Error: Debug> + Clone,
{
    let mut request = Request::new(());
    request.headers_mut().insert(AUTHORIZATION, bearer.clone());
    let mut service = service.clone();
    poll_fn(|context| service.poll_ready(context))
        .await
        .expect("a service that can't fail");
    let response = service.call(request).await;
    match response.expect("a service that can't fail").status() {
        StatusCode::OK => Ok(()),
        status => Err(status),
    }
}
