//! What a server knows of the connection of a request.

use std::net::{IpAddr, SocketAddr};

use super::certificate::ClientCertificate;

/// What the server knows of the connection that a request came by: the address of its peer, and the
/// certificate that the peer presented.
///
/// `Connection::default()` knows neither, as for a socket without an address. A layer finds it as
/// follows, or in the extensions of the request:
///
/// | framework | where it is set | without it |
/// | --- | --- | --- |
/// | axum | `into_make_service_with_connect_info::<Connection>()`, for a `Listener` whose `Addr` is a `Connection`, behind `tap_io` | the peer's address, of `into_make_service_with_connect_info::<SocketAddr>()` |
/// | actix-web | `HttpServer::on_connect` | the peer's address |
/// | tonic | an interceptor outside of the layer | nothing |
///
/// ```
/// use resource_server::binding::Connection;
/// use std::net::SocketAddr;
///
/// let address: SocketAddr = "192.0.2.7:50123".parse()?;
/// let connection = Connection::from(address);
/// assert_eq!(connection.peer(), Some(address.ip()));
/// assert!(connection.client_certificate().is_none());
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Connection {
    peer: Option<IpAddr>,
    certificate: Option<ClientCertificate>,
}

impl Connection {
    /// A connection from this address: the one that the socket has, and never one of a forwarding
    /// header.
    pub fn from_peer(address: IpAddr) -> Self {
        Connection {
            peer: Some(address),
            certificate: None,
        }
    }

    /// The peer presented this certificate in the TLS handshake.
    pub fn certificate(mut self, certificate: ClientCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// The address of the peer, if it is known.
    pub const fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// The certificate that the peer presented.
    pub const fn client_certificate(&self) -> Option<ClientCertificate> {
        self.certificate
    }
}

impl From<SocketAddr> for Connection {
    fn from(address: SocketAddr) -> Self {
        Connection::from_peer(address.ip())
    }
}

impl From<IpAddr> for Connection {
    fn from(address: IpAddr) -> Self {
        Connection::from_peer(address)
    }
}
