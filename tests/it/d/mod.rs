//! DPoP: proofs of possession of a key (RFC 9449).

#[cfg(feature = "redis")]
mod fake_redis;
#[cfg(feature = "redis")]
mod redis_store;
mod replay_store;
