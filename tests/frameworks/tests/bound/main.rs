//! Bound tokens in each framework, over real sockets: DPoP proofs, nonces, and client certificates
//! of a proxy.

mod actix;
mod axum;
mod cors;
mod layers;
mod tonic;
