//! Row F01: an issuer that asks for a client certificate gets the one that is set.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use resource_server::testing::TestIssuer;
use resource_server::{Fetch, Issuer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::support::http::{AUDIENCE, clock, ok, outage, validator};

const NAME: &str = "https://as.example.com";

struct Ca(CertifiedIssuer<'static, KeyPair>);

impl Ca {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        Ca(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Certificate and private key, both in DER.
    fn issue(&self, name: &str) -> (Vec<u8>, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.der().to_vec(), key.serialize_der())
    }

    fn pem(&self) -> String {
        pem("CERTIFICATE", self.0.der())
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// Serves this text to clients with a certificate of the CA.
async fn serve(ca: &Ca, text: String) -> String {
    let backend = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(ca.0.der().clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&backend))
            .build()
            .unwrap();
    let (certificate, key) = ca.issue("localhost");
    let config = ServerConfig::builder_with_provider(backend)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate.into()],
            PrivatePkcs8KeyDer::from(key).into(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let (acceptor, answer) = (acceptor.clone(), ok(&text, ""));
            tokio::spawn(async move {
                let mut connection = acceptor.accept(tcp).await?;
                let mut head = [0; 4096];
                let _ = connection.read(&mut head).await?;
                connection.write_all(answer.as_bytes()).await?;
                connection.shutdown().await
            });
        }
    });
    format!("https://localhost:{port}/jwks")
}

#[tokio::test]
async fn f01_a_client_certificate_is_shown() {
    let (ca, stranger) = (Ca::new(), Ca::new());
    let issuer = TestIssuer::new(NAME, AUDIENCE).clock(clock());
    let url = serve(&ca, issuer.jwks()).await;
    let token = issuer.token().mint();
    let fetch = || Fetch::new().only_root_certificates_pem(ca.pem());
    let with = |ca: &Ca| {
        let (certificate, key) = ca.issue("orders-api");
        let both = format!(
            "{}{}",
            pem("CERTIFICATE", &certificate),
            pem("PRIVATE KEY", &key)
        );
        fetch().client_certificate_pem(both)
    };
    let judge = async |fetch: Fetch| {
        let issuer = Issuer::new(NAME).jwks_at(url.as_str()).fetch(fetch);
        validator(issuer, &clock()).validate(&token).await
    };
    judge(with(&ca)).await.unwrap();
    outage(judge(fetch()).await);
    outage(judge(with(&stranger)).await);
}
