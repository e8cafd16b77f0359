//! A certification authority for one server.

use std::sync::Arc;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use time::OffsetDateTime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::server::ServerConfig;

const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A test is over by then; Apple's verifier refuses what is good for longer than 825 days.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// RFC 7468 section 2.
const PEM_LINE_CHARS: usize = 64;

const MADE: &str = "the backend makes a certificate";

/// A new CA, and what a server under it needs.
pub(super) struct Tls {
    pub(super) ca_pem: String,
    pub(super) acceptor: TlsAcceptor,
}

impl Tls {
    pub(super) fn new() -> Self {
        let mut params = params("resource-server test CA", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect(MADE);
        let ca = CertifiedIssuer::self_signed(params, key).expect(MADE);

        let mut params = self::params("resource-server test server", &NAMES);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().expect(MADE);
        let certificate = params.signed_by(&key, &ca).expect(MADE);

        let chain = vec![certificate.der().clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        // The backend by name: the process may have no default, or another one.
        let backend = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(backend)
            .with_safe_default_protocol_versions()
            .expect("the backend knows TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(chain, key.into())
            .expect("key and certificate are a pair");
        // HTTP/2 would take the bytes out of our hands.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Tls {
            ca_pem: certificate_pem(ca.der()),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }
}

fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().copied().map(str::to_owned).collect();
    let mut params = CertificateParams::new(names).expect("the names are good");
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let now = OffsetDateTime::now_utc();
    params.not_before = now - DAY;
    params.not_after = now + LIFETIME;
    params
}

fn certificate_pem(der: &[u8]) -> String {
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (at, character) in STANDARD.encode(der).chars().enumerate() {
        if at > 0 && at % PEM_LINE_CHARS == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END CERTIFICATE-----\n");
    pem
}
