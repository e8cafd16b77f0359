//! A client certificate, as its thumbprint.

use std::fmt;

use crate::core::{Possession, Thumbprint, is_equal_in_constant_time, sha256};

/// The largest certificate, and the longest header with one.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// The tags of X.690 section 8.
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// The certificate that a client presented in the TLS handshake, as its SHA-256 thumbprint (RFC
/// 8705 section 3.1).
///
/// Neither its dates nor its issuer are checked here. The handshake proved that the client has the
/// private key; whether a chain is checked too is a setting of the TLS layer or the proxy.
///
/// ```
/// use resource_server::binding::ClientCertificate;
///
/// // The first certificate of rustls's `ServerConnection::peer_certificates`.
/// fn of_handshake(certificates: Option<&[Vec<u8>]>) -> Option<ClientCertificate> {
///     let der = certificates?.first()?;
///     ClientCertificate::from_der(der).ok()
/// }
/// assert!(of_handshake(None).is_none());
/// ```
#[derive(Clone, Copy)]
pub struct ClientCertificate {
    thumbprint: [u8; 32],
}

/// Why bytes are not a client certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// It has more than 64 KiB.
    #[error("the certificate has more than {MAX_BYTES} bytes")]
    TooLarge,
    /// It is not one X.509 certificate in DER.
    #[error("the bytes are not one X.509 certificate in DER: PEM must be decoded first")]
    NotACertificate,
}

impl ClientCertificate {
    /// From a certificate in DER of at most 64 KiB, as TLS libraries give it (RFC 5280 section
    /// 4.1).
    ///
    /// Only the outer form is checked: one SEQUENCE over all bytes, of a SEQUENCE, a SEQUENCE and a
    /// BIT STRING.
    ///
    /// # Errors
    /// The bytes do not have that form, or are too many.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_BYTES {
            return Err(CertificateError::TooLarge);
        }
        if !has_form_of_certificate(der) {
            return Err(CertificateError::NotACertificate);
        }
        Ok(Self::of_thumbprint(sha256(der)))
    }

    pub(super) const fn of_thumbprint(thumbprint: [u8; 32]) -> Self {
        ClientCertificate { thumbprint }
    }

    /// Its SHA-256 thumbprint: the `x5t#S256` of tokens that are bound to it (RFC 8705 section
    /// 3.1).
    pub const fn thumbprint(&self) -> Thumbprint {
        Thumbprint::from_bytes(self.thumbprint)
    }

    /// What it proves, for [`Unconfirmed::confirm`](crate::Unconfirmed::confirm).
    ///
    /// ```
    /// use resource_server::{Possession, binding::{ClientCertificate, VerifiedProof}};
    ///
    /// // For a token that is bound to a key and a certificate, both must be proven.
    /// fn proven(certificate: &ClientCertificate, proof: Option<&VerifiedProof>) -> Possession {
    ///     let possession = certificate.possession();
    ///     match proof {
    ///         Some(proof) => possession.and(proof.possession()),
    ///         None => possession,
    ///     }
    /// }
    /// ```
    pub const fn possession(&self) -> Possession {
        Possession::bearer().with_certificate(Some(self.thumbprint()))
    }

    /// Whether it has this thumbprint. The time depends on neither.
    pub(crate) fn is(&self, thumbprint: &[u8; 32]) -> bool {
        is_equal_in_constant_time(&self.thumbprint, thumbprint)
    }
}

impl fmt::Debug for ClientCertificate {
    /// Names the type only: a thumbprint identifies the client.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate(..)")
    }
}

fn has_form_of_certificate(der: &[u8]) -> bool {
    let Some((SEQUENCE, content, [])) = element(der) else {
        return false;
    };
    let Some((SEQUENCE, [_, ..], rest)) = element(content) else {
        return false;
    };
    let Some((SEQUENCE, [_, ..], rest)) = element(rest) else {
        return false;
    };
    matches!(element(rest), Some((BIT_STRING, [_, ..], [])))
}

/// Tag and content of the element that the bytes begin with, and the bytes after it. The length is
/// in the one form that DER allows (X.690 section 10.1).
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        // Three bytes are enough for every certificate that is read here.
        long @ 0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            let is_shortest = digits.first() != Some(&0) && length > 0x7f;
            (is_shortest.then_some(length)?, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}
