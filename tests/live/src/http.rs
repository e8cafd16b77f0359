//! What the tests ask a server for by themselves.

use std::time::Duration;

/// For one request to a server.
pub(crate) const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// A client for servers of this machine.
pub(crate) fn client(builder: reqwest::ClientBuilder) -> reqwest::Client {
    builder
        // A proxy of the environment has no way to this machine's loopback interface.
        .no_proxy()
        // A pooled connection doesn't outlive a stop of the server.
        .pool_max_idle_per_host(0)
        .timeout(REQUEST_LIMIT)
        .build()
        .expect("an HTTP client can be built")
}

/// The body of an answer of success.
pub(crate) async fn body(request: reqwest::RequestBuilder) -> String {
    let response = request
        .send()
        .await
        .expect("the authorization server answers");
    let (url, status) = (response.url().clone(), response.status());
    let body = response
        .text()
        .await
        .expect("the authorization server's answer is whole");
    assert!(status.is_success(), "{url} answered {status}: {body}");
    body
}
