//! Settings of sender-constrained tokens: D (DPoP, RFC 9449) and M (mutual TLS, RFC 8705).

mod certificates;
mod nonces;
