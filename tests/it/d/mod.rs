//! DPoP: proofs of possession of a key (RFC 9449).

mod replay_store;
