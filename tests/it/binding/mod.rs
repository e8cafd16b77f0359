//! Groups D and M: tokens that are bound to a key or a certificate of their client.

mod cached;
mod certificates;
mod challenges;
mod clocks;
mod dpop;
mod fapi;
mod nonces;
mod page;
mod policy;
#[cfg(feature = "redis")]
mod redis_store;
mod replay_store;
pub(crate) mod secrecy;
