//! The tests of the core in one binary, to link once for each mutant: see `mutants.md`.
#![allow(clippy::duplicate_mod)] // each file names the support that it uses

#[path = "attacks.rs"]
mod attacks;
#[path = "backends.rs"]
mod backends;
#[path = "claims.rs"]
mod claims;
#[path = "explain.rs"]
mod explain;
#[path = "foreign_tokens.rs"]
mod foreign_tokens;
#[path = "hmac.rs"]
mod hmac;
#[path = "introspection.rs"]
mod introspection;
#[path = "keys.rs"]
mod keys;
#[path = "order_and_secrecy.rs"]
mod order_and_secrecy;
#[path = "pem.rs"]
mod pem;
#[path = "policy_claims.rs"]
mod policy_claims;
#[path = "profiles.rs"]
mod profiles;
#[path = "requirements.rs"]
mod requirements;
#[path = "rfc_vectors.rs"]
mod rfc_vectors;
#[path = "roles.rs"]
mod roles;
#[path = "token_form.rs"]
mod token_form;
#[path = "validator.rs"]
mod validator;
