//! Headers in which a proxy sends the certificate of its client.

use super::certificate::{ClientCertificate, MAX_BYTES};
use super::pem::{CertificateFault, certificate_of, read_escaped_pem};
#[cfg(feature = "testing")]
use super::pem::{encode_base64, escaped_pem};
use super::xfcc;

/// The header in which a proxy sends the certificate of its client, and the form of its value.
///
/// A request has it on one field line, with one certificate. Anything else refuses the header as a
/// whole: a second line, a second certificate, bytes after it, or a value of another form.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct CertificateHeader {
    /// In lower case.
    name: String,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Rfc9440,
    EscapedPem,
    Xfcc,
}

impl CertificateHeader {
    /// `Client-Cert` as RFC 9440 section 2.2 defines it: DER in base64 between colons.
    pub fn rfc9440() -> Self {
        Self::of("client-cert", Form::Rfc9440)
    }

    /// PEM with percent-encoding, as nginx has it in `$ssl_client_escaped_cert`, in a header of
    /// this name. A `+` is a character of base64, and never a space.
    ///
    /// The name is compared without case. `-` and `_` are different characters.
    ///
    /// ```
    /// use resource_server::binding::CertificateHeader;
    ///
    /// // proxy_set_header X-Client-Cert $ssl_client_escaped_cert;
    /// let header = CertificateHeader::nginx("X-Client-Cert");
    /// assert_eq!(header, CertificateHeader::nginx("x-client-cert"));
    /// ```
    pub fn nginx(name: impl AsRef<str>) -> Self {
        Self::of(name.as_ref(), Form::EscapedPem)
    }

    /// `X-Forwarded-Client-Cert` as Envoy sets it, with one element. Its `Cert` is the certificate,
    /// or its `Hash` the thumbprint. If both are there, they must agree.
    ///
    /// Configure Envoy with `forward_client_cert_details: SANITIZE_SET`, so that it replaces what
    /// its client sent.
    pub fn envoy_xfcc() -> Self {
        Self::of("x-forwarded-client-cert", Form::Xfcc)
    }

    fn of(name: &str, form: Form) -> Self {
        CertificateHeader {
            name: name.to_ascii_lowercase(),
            form,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The value that a proxy sends for this certificate in DER.
    #[cfg(feature = "testing")]
    pub(crate) fn value_of(&self, der: &[u8]) -> String {
        use crate::core::sha256;

        match self.form {
            Form::Rfc9440 => format!(":{}:", encode_base64(der)),
            Form::EscapedPem => escaped_pem(der),
            Form::Xfcc => {
                let digits = sha256(der).map(|byte| format!("{byte:02x}"));
                format!("Hash={};Cert=\"{}\"", digits.concat(), escaped_pem(der))
            }
        }
    }

    /// Reads the value of the only field line.
    pub(super) fn read(&self, line: &[u8]) -> Result<ClientCertificate, CertificateFault> {
        if line.len() > MAX_BYTES {
            return Err(CertificateFault::TooLarge);
        }
        // White space around a value is not a part of it (RFC 9110 section 5.5).
        let value = without_white_space(line);
        match self.form {
            Form::Rfc9440 => read_byte_sequence(value),
            Form::EscapedPem => read_escaped_pem(value),
            Form::Xfcc => xfcc::read(value),
        }
    }
}

fn without_white_space(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// A Byte Sequence without parameters (RFC 9440 section 2.1, RFC 8941 section 3.3.5).
fn read_byte_sequence(value: &[u8]) -> Result<ClientCertificate, CertificateFault> {
    let [b':', base64 @ .., b':'] = value else {
        return Err(CertificateFault::Malformed);
    };
    // Two lines that a proxy has put together.
    if base64.contains(&b',') {
        return Err(CertificateFault::SeveralCertificates);
    }
    certificate_of(base64)
}
