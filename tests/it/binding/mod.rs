//! Groups D and M: tokens that are bound to a key or a certificate of their client.

mod certificates;
mod challenges;
mod dpop;
mod fapi;
mod nonces;
mod page;
mod policy;
mod replay_store;
pub(crate) mod secrecy;
mod support;
