//! Bound tokens (DPoP, RFC 9449; mutual TLS, RFC 8705) at APIs in several frameworks.
//!
//! Each framework serves these routes under a prefix of its router:
//!
//! | path | protection | body if it is served |
//! | --- | --- | --- |
//! | `/orders` | required | the subject |
//! | `/layered` | three layers: two of one Validator, and one of its `for_resource` | the subject |
//! | `/marked` | required; the handler sets `Cache-Control` and `DPoP-Nonce` | the subject |
//! | `/scoped` | required; the handler requires the scope `orders:write` by `?` | the subject |
//! | `/behind-proxy` | required; certificates are of the header `Client-Cert` of 127.0.0.1 | the subject |
//! | `/elsewhere` | the same, but the proxy is at another address | the subject |

mod cases;
mod checks;
mod wire;
mod world;

pub use checks::{
    assert_every_bound_case, assert_layers_enter_a_proof_once, assert_nonces_round_trip,
};
pub use wire::Wire;
pub use world::{BoundWorld, NONCE_LIFETIME, ORIGIN};
