//! Sender-constrained tokens: what a request must prove to use a token that is bound (`cnf`, RFC
//! 7800) to a key of its client (DPoP, RFC 9449) or to its certificate (mutual TLS, RFC 8705).

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "no check of certificates reads it yet")
)]
pub(crate) mod mtls;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "no check of proofs reads it yet")
)]
pub(crate) mod nonce;
mod replay;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "no check of proofs reads it yet")
)]
mod uri;

pub use mtls::{
    CertificateHeader, ClientCertificate, ClientCertificates, Connection, TrustedPeers,
};
pub use nonce::DpopNonces;
mod memory;
mod record;
mod replay;
pub(crate) mod replay_error;

pub use memory::MemoryReplayStore;
pub use replay::{Insertion, ProofEntry, ReplayStore, ReplayStoreStatus};
