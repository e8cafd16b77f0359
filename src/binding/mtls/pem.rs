//! A certificate in base64, and in PEM with percent-encoding.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::certificate::{ClientCertificate, MAX_BYTES};

/// Why a header has no certificate that could be used. The value is not a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificateFault {
    #[error("the certificate header is there more than once")]
    SeveralLines,
    #[error("the certificate header has more than one certificate")]
    SeveralCertificates,
    #[error("the certificate header has more than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("the certificate header does not have the form that is configured")]
    Malformed,
    #[error("the certificate header has a value that is not an X.509 certificate in DER")]
    NotACertificate,
    #[error("the certificate header has a hash that is not the one of its certificate")]
    OtherHash,
}

/// Base64 with padding.
#[cfg(feature = "testing")]
pub(super) fn encode_base64(der: &[u8]) -> String {
    STANDARD.encode(der)
}

/// PEM with percent-encoding of all that is not a letter or digit.
#[cfg(feature = "testing")]
pub(super) fn escaped_pem(der: &[u8]) -> String {
    const LINE: usize = 64;
    let base64 = encode_base64(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = base64.as_str();
    while let Some((line, after)) = rest.split_at_checked(LINE.min(rest.len())) {
        if line.is_empty() {
            break;
        }
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem.bytes()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// PEM with percent-encoding, in which a `+` is itself.
pub(super) fn read_escaped_pem(value: &[u8]) -> Result<ClientCertificate, CertificateFault> {
    let pem = decode_percent(value).ok_or(CertificateFault::Malformed)?;
    read_pem(&pem)
}

/// One block of RFC 7468 section 5, with nothing before it, and at most a line break after it.
fn read_pem(pem: &[u8]) -> Result<ClientCertificate, CertificateFault> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    const END: &[u8] = b"-----END CERTIFICATE-----";
    let malformed = CertificateFault::Malformed;
    let block = pem.strip_prefix(BEGIN).ok_or(malformed)?;
    let end = memchr::memmem::find(block, END).ok_or(malformed)?;
    let (lines, rest) = block.split_at_checked(end).ok_or(malformed)?;
    if memchr::memmem::find(rest, BEGIN).is_some() {
        return Err(CertificateFault::SeveralCertificates);
    }
    let after = rest.strip_prefix(END).ok_or(malformed)?;
    if !matches!(after, b"" | b"\n" | b"\r\n") {
        return Err(malformed);
    }
    let mut base64 = Vec::with_capacity(lines.len());
    let mut lines = lines
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .peekable();
    // The rest of the line of BEGIN, and the text before END on its line.
    if lines.next() != Some(b"") {
        return Err(malformed);
    }
    while let Some(line) = lines.next() {
        if line.is_empty() != lines.peek().is_none() {
            return Err(malformed);
        }
        base64.extend_from_slice(line);
    }
    certificate_of(&base64)
}

/// Base64 with its padding, in its one canonical spelling (RFC 4648 section 4).
pub(super) fn certificate_of(base64: &[u8]) -> Result<ClientCertificate, CertificateFault> {
    let der = STANDARD
        .decode(base64)
        .map_err(|_| CertificateFault::Malformed)?;
    ClientCertificate::from_der(&der).map_err(|_| CertificateFault::NotACertificate)
}

/// `None` where a `%` is not followed by two hex digits.
fn decode_percent(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            decoded.push(*byte);
            continue;
        }
        let (digits, after) = after.split_first_chunk::<2>()?;
        let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
        decoded.push(u8::try_from(high? << 4 | low?).ok()?);
        rest = after;
    }
    Some(decoded)
}
