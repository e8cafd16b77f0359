//! TLS in front of axum, which hands on the certificate of each client.
//!
//! A client's certificate is not looked up anywhere: the token names the one that may use it (RFC
//! 8705 section 3.1). So a self-signed certificate is as good as one of an authority (section 6.2).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use resource_server::binding::{ClientCertificate, Connection};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};
use tokio_rustls::server::TlsStream;

/// How long a client may take for its handshake.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// Accepts connections with TLS. Each comes with the peer's address and certificate.
pub struct TlsListener {
    tcp: TcpListener,
    tls: TlsAcceptor,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, Connection)>>,
}

impl TlsListener {
    /// # Errors
    /// The server's certificate or its key can't be used.
    pub fn new(
        tcp: TcpListener,
        certificate: CertificateDer<'static>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let clients = AnyCertificate(provider.signature_verification_algorithms);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(clients))
            .with_single_cert(vec![certificate], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsListener {
            tcp,
            tls: TlsAcceptor::from(Arc::new(config)),
            handshakes: JoinSet::new(),
        })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = Connection;

    /// A handshake is a task of its own, so that a client that stalls holds up no other.
    async fn accept(&mut self) -> (Self::Io, Connection) {
        loop {
            tokio::select! {
                (tcp, peer) = Listener::accept(&mut self.tcp) => {
                    let handshake = timeout(HANDSHAKE_TIME, self.tls.accept(tcp));
                    self.handshakes.spawn(async move {
                        let tls = handshake.await.ok()?.ok()?;
                        let known = with_certificate(peer.into(), &tls);
                        Some((tls, known))
                    });
                }
                Some(ended) = self.handshakes.join_next() => {
                    if let Ok(Some(accepted)) = ended {
                        return accepted;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Connection> {
        self.tcp.local_addr().map(Into::into)
    }
}

/// The first certificate of a chain is the client's own.
fn with_certificate(connection: Connection, tls: &TlsStream<TcpStream>) -> Connection {
    let chain = tls.get_ref().1.peer_certificates().unwrap_or_default();
    let own = chain.first().map(|own| ClientCertificate::from_der(own));
    match own {
        Some(Ok(own)) => connection.certificate(own),
        Some(Err(_)) | None => connection,
    }
}

/// Accepts every certificate whose key signs the handshake, and clients without one. Which
/// certificate may use a token is for the Validator to say.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl ClientCertVerifier for AnyCertificate {
    /// A client with a Bearer token alone gets an answer, and not an error of TLS.
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No authority is preferred: clients offer the certificate that they have.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    /// There is no chain to check.
    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    /// The client holds the private key of its certificate. Without this, anyone who has seen the
    /// certificate could present it.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
