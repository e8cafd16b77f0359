//! Client certificates, to which a token may be bound (RFC 8705 section 3): where the certificate
//! of a request comes from.

mod certificate;
mod connection;
mod header;
mod peers;
mod pem;
mod problem;
#[cfg(test)]
mod tests;
mod xfcc;

use crate::core::is_http_token;

pub use certificate::{CertificateError, ClientCertificate};
pub use connection::Connection;
pub use header::CertificateHeader;
pub use peers::TrustedPeers;
pub use problem::ClientCertificatesError;

pub(crate) use pem::CertificateFault;

/// Where the client certificate of a request comes from: the TLS layer of this server, or one
/// header that a proxy sets. It is one of the two; the other is never read.
///
/// ```
/// use resource_server::binding::{CertificateHeader, ClientCertificates, TrustedPeers};
///
/// // This server terminates TLS.
/// let certificates = ClientCertificates::from_tls();
///
/// // A proxy in the network 10.0.0.0/8 terminates TLS, and sends the certificate in `Client-Cert`.
/// let certificates = ClientCertificates::from_header(
///     CertificateHeader::rfc9440(),
///     TrustedPeers::addresses(["10.0.0.0/8"]),
/// );
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientCertificates(Way);

#[derive(Clone, Debug)]
enum Way {
    Tls,
    Header(CertificateHeader, TrustedPeers),
}

impl ClientCertificates {
    /// The certificate comes from the TLS layer of this server, by [`Connection::certificate`]. No
    /// header is read.
    pub fn from_tls() -> Self {
        ClientCertificates(Way::Tls)
    }

    /// The certificate comes from this header, if one of these peers sent the request. The
    /// certificate of the connection itself, which is the proxy's, is not read.
    ///
    /// A header from any other peer is ignored, as if it were not there: a token that is bound to a
    /// certificate is then refused. The same holds where the peer's address is unknown, unless
    /// every peer is trusted. The proxy must remove the header from the requests of its clients.
    pub fn from_header(header: CertificateHeader, peers: TrustedPeers) -> Self {
        ClientCertificates(Way::Header(header, peers))
    }

    /// What is wrong with the settings.
    pub(crate) fn problems(&self) -> Vec<ClientCertificatesError> {
        let Way::Header(header, peers) = &self.0 else {
            return Vec::new();
        };
        let name = header.name();
        let bad_name =
            (!is_http_token(name.as_bytes())).then(|| ClientCertificatesError::HeaderName {
                found: name.to_owned(),
            });
        bad_name.into_iter().chain(peers.problems()).collect()
    }

    /// The name of the one header that is read, in lower case. A header with another name is never
    /// read: `client_cert` is not `client-cert`.
    pub(crate) fn header_name(&self) -> Option<&str> {
        match &self.0 {
            Way::Tls => None,
            Way::Header(header, _) => Some(header.name()),
        }
    }

    /// The client certificate of a request. `None`: no certificate was presented.
    ///
    /// `lines` are the values of every field line with the name [`header_name`](Self::header_name).
    pub(crate) fn read<'r>(
        &self,
        connection: Option<&Connection>,
        lines: impl IntoIterator<Item = &'r [u8]>,
    ) -> Result<Option<ClientCertificate>, CertificateFault> {
        let (header, peers) = match &self.0 {
            Way::Tls => return Ok(connection.and_then(Connection::client_certificate)),
            Way::Header(header, peers) => (header, peers),
        };
        if !peers.trust(connection.and_then(Connection::peer)) {
            return Ok(None);
        }
        let mut lines = lines.into_iter();
        let Some(line) = lines.next() else {
            return Ok(None);
        };
        if lines.next().is_some() {
            return Err(CertificateFault::SeveralLines);
        }
        header.read(line).map(Some)
    }
}
