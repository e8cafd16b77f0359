//! An axum API whose tokens are bound to client certificates (mutual TLS, RFC 8705). The lines that
//! end with `// new` are what the protection adds to an existing API; `tls.rs` is needed where the
//! API terminates TLS itself.

pub mod tls;

use axum::{Router, routing::get};
use resource_server::binding::{CertificateHeader, ClientCertificates, TrustedPeers}; // new
use resource_server::claims::SenderConstraint; // new
use resource_server::error::BuildError; // new
use resource_server::{AccessToken, Error, Issuer, Policy, Validator}; // new

/// Where the client's certificate comes from: the TLS of this server, or the header of a proxy on
/// this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificates {
    /// See [`tls::TlsListener`].
    Tls,
    /// `Client-Cert` (RFC 9440).
    Rfc9440,
    /// `X-Client-Cert $ssl_client_escaped_cert`.
    Nginx,
    /// `X-Forwarded-Client-Cert`.
    Envoy,
}

/// A Validator of tokens that are bound to a certificate. Other tokens are refused.
///
/// # Errors
/// A setting is wrong.
pub fn validator(
    resource: &str,
    issuer: Issuer,
    certificates: Certificates,
) -> Result<Validator, BuildError> {
    let proxy = TrustedPeers::addresses(["127.0.0.1"]); // new
    let certificates = match certificates {
        Certificates::Tls => ClientCertificates::from_tls(), // new
        Certificates::Rfc9440 => {
            ClientCertificates::from_header(CertificateHeader::rfc9440(), proxy)
        }
        Certificates::Nginx => {
            ClientCertificates::from_header(CertificateHeader::nginx("x-client-cert"), proxy)
        }
        Certificates::Envoy => {
            ClientCertificates::from_header(CertificateHeader::envoy_xfcc(), proxy)
        }
    };
    let bound = Policy::builder().sender_constraint(SenderConstraint::MutualTls); // new
    Validator::builder()
        .resource(resource)
        .client_certificates(certificates) // new
        .issuer(issuer.policy(bound)) // new
        .build()
}

/// The API's routes. All but the metadata need a token.
///
/// # Errors
/// The Validator has no resource, so there is no metadata to serve.
pub fn router(validator: &Validator) -> Result<Router, Error> {
    Ok(Router::new()
        .route("/me", get(me))
        .layer(validator.protect()) // new
        .merge(validator.resource_metadata()?)) // new
}

async fn me(token: AccessToken) -> String {
    token.subject().unwrap_or("nobody").to_owned()
}
