//! Calls by the generated client of tonic.

use std::net::SocketAddr;

use http::HeaderMap;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Extensions, Request, Response, Status, Streaming};

use super::service::api_client::ApiClient;
use super::{Asked, Outcome, Told, metadata_in};

/// Calls a method whose path begins with this prefix.
///
/// # Panics
/// No server listens.
pub async fn by_client(
    address: SocketAddr,
    prefix: &str,
    method: &str,
    headers: HeaderMap,
) -> Outcome {
    let url = format!("http://{address}");
    let channel = Channel::from_shared(url.clone()).expect("a URL");
    let channel = channel.connect().await.expect("a server listens");
    let origin = format!("{url}{prefix}").parse().expect("a URL");
    let mut client = ApiClient::with_origin(channel, origin);
    let metadata = MetadataMap::from_headers(headers);
    let request = Request::from_parts(metadata, Extensions::new(), Asked {});
    let result = match method {
        "Watch" => match client.watch(request).await {
            Ok(response) => read_all(response).await,
            Err(status) => Err(status),
        },
        _ => client.get(request).await.map(|response| {
            let (metadata, told, _) = response.into_parts();
            (metadata, vec![told.text])
        }),
    };
    match result {
        Ok((metadata, texts)) => Outcome {
            code: 0,
            message: String::new(),
            metadata: metadata_in(&metadata.into_headers()),
            texts,
        },
        Err(status) => Outcome {
            code: status.code().into(),
            message: status.message().to_owned(),
            metadata: metadata_in(&status.metadata().clone().into_headers()),
            texts: Vec::new(),
        },
    }
}

async fn read_all(
    response: Response<Streaming<Told>>,
) -> Result<(MetadataMap, Vec<String>), Status> {
    let (metadata, mut stream, _) = response.into_parts();
    let mut texts = Vec::new();
    while let Some(told) = stream.message().await? {
        texts.push(told.text);
    }
    Ok((metadata, texts))
}
