//! An API that offers DPoP, and a client of it.

use std::time::Duration;

use super::{API, ISSUER, NOW, block_on, clock, signer};
use resource_server::binding::Dpop;
use resource_server::resource::RequestHead;
use resource_server::testing::{ManualClock, TestClient, TestIssuer, TestToken};
use resource_server::{
    AccessToken, Algorithm, Credentials, Error, Issuer, NumericDate, Policy, PolicyBuilder, Reason,
    Validator,
};

/// The path of the requests, and their URL as clients see it.
pub(crate) const PATH: &str = "/orders";
pub(crate) const URL: &str = "https://api.example.com/orders";
/// Between the start of the API and the requests, so that proofs may be older than the requests.
const UPTIME: Duration = Duration::from_secs(3_600);

pub(crate) struct World {
    pub(crate) signer: TestIssuer,
    pub(crate) client: TestClient,
    pub(crate) clock: ManualClock,
    pub(crate) api: Validator,
}

/// What a request has in its headers.
pub(crate) struct Request<'r> {
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    pub(crate) authorization: String,
    pub(crate) proofs: Vec<String>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Policy::builder(), Dpop::at(API))
    }

    pub(crate) fn with(policy: PolicyBuilder, dpop: Dpop) -> Self {
        Self::of(policy, dpop, Algorithm::ES256)
    }

    pub(crate) fn of(policy: PolicyBuilder, dpop: Dpop, algorithm: Algorithm) -> Self {
        let clock = clock();
        clock.set(NumericDate::from_secs(NOW).saturating_sub(UPTIME));
        let signer = signer(ISSUER, &clock);
        let api = Validator::builder()
            .resource(API)
            .dpop(dpop)
            .issuer(signer.to_issuer().policy(policy))
            .clock(clock.clone())
            .build()
            .unwrap();
        clock.advance(UPTIME);
        let client = TestClient::with_algorithm(algorithm).clock(clock.clone());
        World {
            signer,
            client,
            clock,
            api,
        }
    }

    /// A second API with the same issuer and clock, whose source is this.
    pub(crate) fn api_of(&self, issuer: Issuer, dpop: Dpop) -> Validator {
        let builder = Validator::builder().resource(API).dpop(dpop).issuer(issuer);
        builder.clock(self.clock.clone()).build().unwrap()
    }

    pub(crate) fn bound(&self) -> TestToken {
        self.signer.token().bound_to_key_of(&self.client)
    }

    /// Judges a `GET` of [`PATH`] with this token and proof.
    pub(crate) fn get(&self, token: &str, proof: &str) -> Result<AccessToken, Error> {
        let presented = Credentials::dpop(token, proof, "GET", PATH);
        block_on(self.api.authenticate(&presented))
    }

    /// Why a `GET` with this token and proof is refused.
    pub(crate) fn reason(&self, token: &str, proof: &str) -> Option<Reason> {
        self.get(token, proof).err().map(|error| reason(&error))
    }

    /// Judges a request by its headers.
    pub(crate) fn send(&self, request: &Request<'_>) -> Result<AccessToken, Error> {
        let head = RequestHead::new(request.method, request.path);
        let presented = self.api.credentials(&head, |name| {
            let lines: Vec<&[u8]> = match name {
                "authorization" => vec![request.authorization.as_bytes()],
                "dpop" => request.proofs.iter().map(String::as_bytes).collect(),
                _ => Vec::new(),
            };
            lines
        });
        block_on(self.api.authenticate(&presented))
    }
}

pub(crate) fn reason(error: &Error) -> Reason {
    match error {
        Error::Rejected(rejection) => rejection.reason(),
        other => panic!("{}", other.explain()),
    }
}

/// The challenges of an answer, in their order.
pub(crate) fn challenges(error: &Error) -> Vec<String> {
    let answer = error.answer();
    let values = answer
        .headers()
        .filter(|(name, _)| *name == "www-authenticate");
    values.map(|(_, value)| value.to_owned()).collect()
}

pub(crate) fn header(error: &Error, wanted: &str) -> Option<String> {
    let answer = error.answer();
    let mut values = answer.headers().filter(|(name, _)| *name == wanted);
    let value = values.next().map(|(_, value)| value.to_owned());
    assert!(values.next().is_none(), "{wanted} occurs twice");
    value
}
