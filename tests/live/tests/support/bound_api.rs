//! An API on axum that offers DPoP and reads client certificates.

use std::mem;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::{Router, routing::get};
use live_tests::EscapedPem;
use reqwest::Method;
use resource_server::binding::{CertificateHeader, ClientCertificates, Dpop, TrustedPeers};
use resource_server::clock::{Clock, SystemClock};
use resource_server::decision::Decision;
use resource_server::testing::ManualClock;
use resource_server::{AccessToken, Error, Issuer, Reason, Validator};

/// The clock of the API stands still, and is this far ahead of the machine's when the API starts.
/// So neither a token nor a proof is ahead of it.
const AHEAD: Duration = Duration::from_secs(120);

/// An API that is served on the loopback interface.
pub(crate) struct BoundApi {
    /// The URL that it serves `GET` and `POST` at.
    pub(crate) url: String,
    pub(crate) clock: ManualClock,
    decisions: Arc<Mutex<Vec<Option<Reason>>>>,
    http: reqwest::Client,
}

/// The response to a request.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// The lines of `WWW-Authenticate`.
    pub(crate) challenges: Vec<String>,
    pub(crate) body: String,
}

impl BoundApi {
    /// Serves an API with this name and issuer. `dpop` completes its settings of DPoP.
    pub(crate) async fn serve(
        name: &str,
        issuer: Issuer,
        dpop: impl FnOnce(Dpop) -> Dpop,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        // No proof is older than the start of the store of proofs.
        let clock = ManualClock::at(SystemClock::new().now());
        let decisions = Arc::<Mutex<Vec<_>>>::default();
        let record = Arc::clone(&decisions);
        let validator = Validator::builder()
            .resource(name)
            .issuer(issuer)
            .dpop(dpop(Dpop::at(&origin)))
            .client_certificates(ClientCertificates::from_header(
                CertificateHeader::nginx(EscapedPem::HEADER),
                TrustedPeers::addresses(["127.0.0.1"]),
            ))
            .clock(clock.clone())
            .on_decision(move |decision: Decision<'_>| {
                let reason = match decision.outcome() {
                    Ok(_) => None,
                    Err(Error::Rejected(rejection)) => Some(rejection.reason()),
                    Err(error) => panic!("it could not be judged: {}", error.explain()),
                };
                record.lock().expect("no test has panicked").push(reason);
            })
            .build()?;
        clock.advance(AHEAD);
        let orders = get(client_of).post(client_of);
        let routes = Router::new()
            .route("/orders", orders)
            .layer(validator.protect());
        // A proof is for the whole path.
        let routes = Router::new().nest("/v1", routes);
        let service = routes.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Ok(BoundApi {
            url: format!("{origin}/v1/orders"),
            clock,
            decisions,
            http: reqwest::Client::builder().no_proxy().build()?,
        })
    }

    /// Sends a request with these headers.
    pub(crate) async fn send(&self, method: Method, headers: &[(&str, &str)]) -> Response {
        let mut request = self.http.request(method, &self.url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("the API answers");
        let lines = response.headers().get_all("www-authenticate").iter();
        let challenges = lines.map(|line| line.to_str().expect("a challenge is text").to_owned());
        Response {
            status: response.status().as_u16(),
            challenges: challenges.collect(),
            body: response.text().await.expect("the answer is whole"),
        }
    }

    /// The decisions since the last call: `None` for each request that was accepted, and why each
    /// other one was refused.
    pub(crate) fn decisions(&self) -> Vec<Option<Reason>> {
        mem::take(&mut *self.decisions.lock().expect("no test has panicked"))
    }
}

async fn client_of(token: AccessToken) -> String {
    let by = if token.is_introspected() {
        "introspection"
    } else {
        "keys"
    };
    format!("{} by {by}", token.client_id().unwrap_or("unknown"))
}
