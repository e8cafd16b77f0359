//! Groups D and M: tokens that are bound to a key or a certificate of their client.

mod cached;
mod certificates;
mod challenges;
mod dpop;
mod fapi;
mod nonces;
mod policy;
mod replay_store;
pub(crate) mod secrecy;
mod support;
