//! Sender-constrained tokens: what a request must prove to use a token that is bound (`cnf`, RFC
//! 7800) to a key of its client (DPoP, RFC 9449) or to its certificate (mutual TLS, RFC 8705).

mod memory;
mod record;
#[cfg(feature = "redis")]
mod redis;
mod replay;
pub(crate) mod replay_error;

pub use memory::MemoryReplayStore;
#[cfg(feature = "redis")]
pub use redis::RedisReplayStore;
pub use replay::{Insertion, ProofEntry, ReplayStore, ReplayStoreStatus};
