//! Extractors, answers and the metadata route for axum.

use axum::Router;
use axum::body::Body;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts, OptionalFromRequestParts, OriginalUri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Extensions, Uri};
use serde::de::DeserializeOwned;

use crate::binding::Connection;
use crate::core::AccessToken;
use crate::error::Error;
use crate::http::{Answer, Claims, ResourceMetadata};

/// The URI of a request before `nest` has removed a prefix of its path.
pub(crate) fn original_uri(extensions: &Extensions) -> Option<&Uri> {
    extensions.get::<OriginalUri>().map(|OriginalUri(uri)| uri)
}

/// What `into_make_service_with_connect_info` has left in a request: a [`Connection`], or the
/// peer's address alone.
pub(crate) fn connection(extensions: &Extensions) -> Option<Connection> {
    if let Some(ConnectInfo(connection)) = extensions.get::<ConnectInfo<Connection>>() {
        return Some(*connection);
    }
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    // A Connection of the request itself knows more.
    extensions
        .get::<Connection>()
        .is_none()
        .then(|| (*peer).into())
}

/// The token of the request. A route without the layer ([`Protect`](crate::Protect)) gives 500, and
/// never serves.
impl<S: Sync> FromRequestParts<S> for AccessToken {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        AccessToken::of(&parts.extensions)
    }
}

/// `None` for a request without credentials behind an [optional](crate::Protect::optional) layer. A
/// bad token never gets here: the layer refuses it.
impl<S: Sync> OptionalFromRequestParts<S> for AccessToken {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Error> {
        AccessToken::of_optional(&parts.extensions)
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Claims<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        AccessToken::of(&parts.extensions)?.claims().map(Claims)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        Response::<Body>::from(self)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.answer().into_response()
    }
}

/// The routes that serve the metadata, for `Router::merge`. Merge it after the layer, so that
/// clients without a token can read it.
impl<S: Clone + Send + Sync + 'static> From<ResourceMetadata> for Router<S> {
    fn from(metadata: ResourceMetadata) -> Self {
        let body = metadata.body().to_owned();
        let document =
            get(move || async move { ([(CONTENT_TYPE, "application/json")], body.clone()) });
        metadata.paths().fold(Router::new(), |router, path| {
            router.route(path, document.clone())
        })
    }
}
