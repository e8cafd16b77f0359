//! Rows K10 and K13: every signature case of Project Wycheproof that applies, judged by
//! `VerificationKey` alone, with both backends in one process.
//!
//! Which cases apply is decided by the parameters of their group, never by the name of a set: for
//! RSA and ECDSA see `algorithm_of`. Each case falls under one algorithm or under its family's
//! rest, and every count is asserted, so none is skipped in silence. `cargo test -p vector-tests --
//! --nocapture` prints the counts.

mod ecdsa;
mod ed25519;
mod hmac;
mod ml_dsa;
mod rsa_pkcs1;
mod rsa_pss;
mod tally;
mod vector_key;
