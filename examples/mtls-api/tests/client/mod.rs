//! Clients with certificates, and what proxies make of them.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mtls_api::tls::TlsListener;
use mtls_api::{Certificates, router, validator};
use reqwest::{Certificate, Client, ClientBuilder, Identity};
use resource_server::Issuer;
use resource_server::binding::Connection;
use resource_server::testing::TestClient;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore, SignatureScheme, SupportedProtocolVersion,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

pub(crate) const API: &str = "https://api.example.com";

/// The API with TLS of its own.
pub(crate) struct Tls {
    pub(crate) address: SocketAddr,
    certificate: CertificateDer<'static>,
}

async fn bind() -> (TcpListener, SocketAddr) {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    (tcp, address)
}

impl Tls {
    pub(crate) async fn serve(issuer: Issuer) -> Self {
        use axum::serve::ListenerExt;

        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = CertificateDer::from(own.cert);
        let (tcp, address) = bind().await;
        let listener = TlsListener::new(tcp, certificate.clone(), own.signing_key.into());
        let listener = listener.unwrap().tap_io(|_| {});
        let app = router(&validator(API, issuer, Certificates::Tls).unwrap()).unwrap();
        let service = app.into_make_service_with_connect_info::<Connection>();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Tls {
            address,
            certificate,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/me", self.address.port())
    }

    /// A client that trusts the server, with the certificate of `own`. It makes a connection for
    /// each request.
    pub(crate) fn client(&self, own: Option<&TestClient>) -> ClientBuilder {
        let server = Certificate::from_der(&self.certificate).unwrap();
        let client = Client::builder().no_proxy().tls_certs_only([server]);
        let client = client.pool_max_idle_per_host(0);
        match own {
            None => client,
            Some(own) => {
                let key = pem("PRIVATE KEY", own.certificate_key_der());
                let both = key + &pem("CERTIFICATE", own.certificate_der());
                client.identity(Identity::from_pem(both.as_bytes()).unwrap())
            }
        }
    }

    /// A connection by a client with the certificate of `owner` and the key of `thief`.
    pub(crate) async fn connect_with_stolen(
        &self,
        owner: &TestClient,
        thief: &TestClient,
        version: &'static SupportedProtocolVersion,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let key = PrivatePkcs8KeyDer::from(thief.certificate_key_der().to_vec());
        let key = provider
            .key_provider
            .load_private_key(PrivateKeyDer::Pkcs8(key));
        let chain = vec![CertificateDer::from(owner.certificate_der().to_vec())];
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(Stolen(
                CertifiedKey::new(chain, key.unwrap()).into(),
            )));
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        connector
            .connect("localhost".try_into().unwrap(), tcp)
            .await
    }
}

/// Offers a certificate with a key that is not the certificate's.
#[derive(Debug)]
struct Stolen(Arc<CertifiedKey>);

impl ResolvesClientCert for Stolen {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The API behind a proxy: it has no TLS of its own.
pub(crate) async fn serve_behind_proxy(issuer: Issuer, certificates: Certificates) -> String {
    let (tcp, address) = bind().await;
    let app = router(&validator(API, issuer, certificates).unwrap()).unwrap();
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(tcp, service).await.unwrap() });
    format!("http://{address}/me")
}

/// A client that connects from this address.
pub(crate) fn client_at(address: [u8; 4]) -> Client {
    let client = Client::builder().no_proxy();
    client.local_address(IpAddr::from(address)).build().unwrap()
}

/// The value of the header that the proxy sets for this client.
pub(crate) fn header_of(certificates: Certificates, client: &TestClient) -> (&'static str, String) {
    let der = client.certificate_der();
    let escaped = escaped(&pem("CERTIFICATE", der));
    match certificates {
        Certificates::Tls | Certificates::Rfc9440 => {
            ("client-cert", format!(":{}:", STANDARD.encode(der)))
        }
        Certificates::Nginx => ("x-client-cert", escaped),
        Certificates::Envoy => {
            let mut hash = String::new();
            for byte in client.certificate().thumbprint().as_bytes() {
                write!(hash, "{byte:02x}").unwrap();
            }
            let value = format!("Hash={hash};Cert=\"{escaped}\";Subject=\"CN=client\"");
            ("x-forwarded-client-cert", value)
        }
    }
}

/// Percent-encoding of all but the unreserved characters, as nginx and Envoy do it.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").unwrap();
        }
    }
    escaped
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).collect();
    let lines = String::from_utf8(lines.join(&b'\n')).unwrap();
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}
