//! The API, its issuer, and clients that hold keys and certificates.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use resource_server::binding::{
    CertificateHeader, ClientCertificates, Dpop, DpopNonces, Insertion, MemoryReplayStore,
    ProofEntry, ReplayStore, TrustedPeers,
};
use resource_server::testing::{ManualClock, TestClient, TestIssuer, TestToken};
use resource_server::{Algorithm, NumericDate, Policy, Validator, error::SourceError};

use crate::API;

/// The origin by which clients reach the API.
pub const ORIGIN: &str = "https://api.example.com";
/// How long a nonce is accepted.
pub const NONCE_LIFETIME: Duration = Duration::from_secs(300);
const SECOND_API: &str = "https://api.example.com/v2";
const NOW: i64 = 1_700_000_000;
/// Between the start of the API and the requests, so that proofs may be older than the requests.
const UPTIME: Duration = Duration::from_secs(3_600);
const SECRET: &str = "q8Vd2mXz7Lr5Tn0Ck4Wy9Hb3Jf6Sg1PeUs4";

/// An API that offers DPoP and reads certificates.
pub struct BoundWorld {
    /// The API. Its certificates come from a proxy on 127.0.0.1.
    pub validator: Validator,
    /// A further resource of the same server, with the same replay store.
    pub second: Validator,
    /// The same, with the proxy at an address from which no test connects.
    pub elsewhere: Validator,
    /// The time of the API, its issuer and its clients.
    pub clock: ManualClock,
    /// The client that the tokens are bound to.
    pub client: TestClient,
    /// Another client.
    pub other: TestClient,
    issuer: TestIssuer,
    insertions: Arc<AtomicUsize>,
}

/// Counts how often a proof is entered.
struct Counting(MemoryReplayStore, Arc<AtomicUsize>);

impl ReplayStore for Counting {
    async fn insert(&self, entry: &ProofEntry, now: NumericDate) -> Result<Insertion, SourceError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.insert(entry, now).await
    }

    fn begin(&self, now: NumericDate) {
        self.0.begin(now);
    }
}

impl BoundWorld {
    /// Without nonces.
    ///
    /// # Panics
    /// The settings are faulty.
    pub fn new() -> Self {
        Self::with(&Dpop::at(ORIGIN))
    }

    /// Each proof needs a nonce.
    ///
    /// # Panics
    /// The settings are faulty.
    pub fn with_nonces() -> Self {
        let nonces = DpopNonces::from_secrets([SECRET]).expect("a good secret");
        Self::with(&Dpop::at(ORIGIN).require_nonces(nonces.lifetime(NONCE_LIFETIME)))
    }

    fn with(dpop: &Dpop) -> Self {
        let clock = ManualClock::at(NumericDate::from_secs(NOW).saturating_sub(UPTIME));
        let issuer = TestIssuer::new("https://as.example.com", API).clock(clock.clone());
        let insertions = Arc::new(AtomicUsize::new(0));
        let store = Arc::new(Counting(MemoryReplayStore::new(), Arc::clone(&insertions)));
        let api = |proxy: &str| {
            let policy = Policy::builder().proof_algorithms([Algorithm::ES256]);
            let certificates = ClientCertificates::from_header(
                CertificateHeader::rfc9440(),
                TrustedPeers::addresses([proxy]),
            );
            let api = Validator::builder()
                .resource(API)
                .dpop(dpop.clone().replay_store(Arc::clone(&store)))
                .client_certificates(certificates)
                .issuer(issuer.to_issuer().policy(policy))
                .clock(clock.clone());
            api.build().expect("the settings are sound")
        };
        let validator = api("127.0.0.1");
        let second = validator.for_resource(SECOND_API);
        let elsewhere = api("10.0.0.1");
        clock.advance(UPTIME);
        BoundWorld {
            second: second.expect("the resource is sound"),
            validator,
            elsewhere,
            client: TestClient::new().clock(clock.clone()),
            other: TestClient::new().clock(clock.clone()),
            clock,
            issuer,
            insertions,
        }
    }

    /// A token for alice, for both resources, that is bound to nothing.
    pub fn token(&self) -> TestToken {
        let token = self.issuer.token().claim("aud", vec![API, SECOND_API]);
        token.subject("alice").scope("orders:read")
    }

    /// How often a proof was entered into the replay store.
    pub fn insertions(&self) -> usize {
        self.insertions.load(Ordering::SeqCst)
    }

    /// The headers of a request with this token under the scheme DPoP, and this proof.
    pub fn dpop(token: &str, proof: &str) -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("authorization", format!("DPoP {token}").into_bytes()),
            ("dpop", proof.as_bytes().to_vec()),
        ]
    }
}

impl Default for BoundWorld {
    fn default() -> Self {
        BoundWorld::new()
    }
}
