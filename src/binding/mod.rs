//! Sender-constrained tokens: what a request must prove to use a token that is bound (`cnf`, RFC
//! 7800) to a key of its client (DPoP, RFC 9449) or to its certificate (mutual TLS, RFC 8705).

mod dpop;
pub(crate) mod dpop_error;
mod dyn_store;
mod memory;
pub(crate) mod mtls;
mod nonce;
mod proof;
mod record;
#[cfg(feature = "redis")]
mod redis;
mod replay;
pub(crate) mod replay_error;
mod settings;
mod uri;

pub(crate) use dpop::{CheckedProof, ProvenRequest, check_form as check_proof_form};
pub use dpop::{DpopRequest, VerifiedProof, verify_proof};
pub use memory::MemoryReplayStore;
pub use mtls::{
    CertificateHeader, ClientCertificate, ClientCertificates, Connection, TrustedPeers,
};
pub use nonce::DpopNonces;
#[cfg(feature = "redis")]
pub use redis::RedisReplayStore;
pub use replay::{Insertion, ProofEntry, ReplayStore, ReplayStoreStatus};
pub(crate) use settings::BuiltDpop;
pub use settings::Dpop;
