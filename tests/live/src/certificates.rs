//! A private certification authority with a certificate under it, and the certificates of clients.

use std::fmt::Write as _;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use time::OffsetDateTime;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A new certification authority, and what a server named `localhost` needs of it. Everything is in
/// PEM.
#[derive(Debug)]
pub struct Certificates {
    /// The authority's certificate, for those who trust it.
    pub ca: String,
    /// The server's certificate.
    pub server: String,
    /// The server's private key.
    pub key: String,
}

impl Certificates {
    /// New keys and certificates, good for a day.
    ///
    /// # Panics
    /// Never with a working cryptography backend.
    #[must_use]
    pub fn new() -> Self {
        const MADE: &str = "the backend makes a certificate";

        let mut params = params("live tests CA", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().expect(MADE));
        let ca = ca.expect(MADE);

        let mut params = self::params("live tests server", &["localhost"]);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().expect(MADE);
        let server = params.signed_by(&key, &ca).expect(MADE);

        Certificates {
            ca: ca.pem(),
            server: server.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// The certificate of a client, as a proxy sends it in a header: in PEM with percent-encoding,
/// which is nginx's `$ssl_client_escaped_cert`.
#[derive(Clone, Debug)]
pub struct EscapedPem(String);

impl EscapedPem {
    /// The name of the header.
    pub const HEADER: &str = "x-client-cert";

    /// A new certificate of a client, which is self-signed (RFC 8705 section 2.2).
    ///
    /// # Panics
    /// Never with a working cryptography backend.
    #[must_use]
    pub fn new_client() -> Self {
        const MADE: &str = "the backend makes a certificate";

        let key = KeyPair::generate().expect(MADE);
        let certificate = params("live tests client", &[])
            .self_signed(&key)
            .expect(MADE);
        let mut escaped = String::new();
        for byte in certificate.pem().bytes() {
            if byte.is_ascii_alphanumeric() {
                escaped.push(byte.into());
            } else {
                write!(escaped, "%{byte:02X}").expect("a String accepts any text");
            }
        }
        EscapedPem(escaped)
    }

    /// The value of the header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Certificates {
    fn default() -> Self {
        Self::new()
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
    params.not_after = now + DAY;
    params
}
