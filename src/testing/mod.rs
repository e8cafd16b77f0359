//! For tests of APIs that use this crate: an issuer that mints any token, good or bad, a client
//! that proves possession of its keys, and a clock that a test sets.
//!
//! Nothing here belongs in production.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use resource_server::testing::{ManualClock, TestIssuer};
//! use resource_server::{Error, NumericDate, Reason, Validator};
//! use std::time::Duration;
//!
//! let clock = ManualClock::at(NumericDate::from_secs(1_700_000_000));
//! let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
//! let issuer = issuer.clock(clock.clone());
//! let validator = Validator::builder()
//!     .audience("https://api.example.com")
//!     .issuer(issuer.to_issuer())
//!     .clock(clock.clone())
//!     .build()?;
//!
//! let token = issuer.token().subject("alice").scope("orders:read").mint();
//! assert!(validator.validate_cached(&token).unwrap().is_ok());
//!
//! clock.advance(Duration::from_secs(3600));
//! let Some(Err(Error::Rejected(rejection))) = validator.validate_cached(&token) else {
//!     unreachable!()
//! };
//! assert_eq!(rejection.reason(), Reason::Expired);
//! # Ok(())
//! # }
//! ```

// A test tool stops the test when it can't do its work.
#![allow(clippy::expect_used, clippy::panic)]

mod client;
mod clock;
mod issuer;
mod key;
mod presets;
#[cfg(feature = "fetch")]
mod server;
mod token;

pub use client::{TestClient, TestProof};
pub use clock::ManualClock;
pub use issuer::TestIssuer;
#[cfg(feature = "fetch")]
pub use server::{Fault, Fetches, TestServer, TestServerBuilder, WellKnown};
pub use token::TestToken;
