//! The header `X-Forwarded-Client-Cert` of Envoy: elements with commas between them, of pairs with
//! semicolons between them.

use super::certificate::ClientCertificate;
use super::pem::{CertificateFault, read_escaped_pem};
use crate::core::is_http_token;

/// A value with one element. Envoy writes URI and DNS names of the certificate without escapes, so
/// a certificate may bring pairs of its own. Therefore no pair with a certificate may be there
/// twice, and `Cert` must agree with `Hash`, which Envoy always writes.
pub(super) fn read(value: &[u8]) -> Result<ClientCertificate, CertificateFault> {
    let (mut hash, mut certificate) = (None, None);
    let mut rest = value;
    loop {
        let pair = Pair::of(rest).ok_or(CertificateFault::Malformed)?;
        // Keys have no case.
        let slot = if pair.key.eq_ignore_ascii_case(b"hash") {
            Some(&mut hash)
        } else if pair.key.eq_ignore_ascii_case(b"cert") {
            Some(&mut certificate)
        } else {
            None
        };
        if let Some(slot) = slot
            && slot.replace(pair.value).is_some()
        {
            return Err(CertificateFault::SeveralCertificates);
        }
        match pair.rest.split_first() {
            None => break,
            Some((b';', after)) => rest = after,
            Some((b',', _)) => return Err(CertificateFault::SeveralCertificates),
            Some(_) => return Err(CertificateFault::Malformed),
        }
    }
    let thumbprint = match hash {
        None => None,
        Some(digits) => Some(thumbprint_of(digits).ok_or(CertificateFault::Malformed)?),
    };
    match (certificate.map(read_escaped_pem).transpose()?, thumbprint) {
        (Some(certificate), None) => Ok(certificate),
        (None, Some(thumbprint)) => Ok(ClientCertificate::of_thumbprint(thumbprint)),
        (Some(certificate), Some(thumbprint)) if certificate.is(&thumbprint) => Ok(certificate),
        (Some(_), Some(_)) => Err(CertificateFault::OtherHash),
        (None, None) => Err(CertificateFault::Malformed),
    }
}

struct Pair<'v> {
    key: &'v [u8],
    /// Without quotes. Escapes are left in it: the values that are read have none.
    value: &'v [u8],
    /// From the separator on.
    rest: &'v [u8],
}

impl<'v> Pair<'v> {
    fn of(text: &'v [u8]) -> Option<Self> {
        let equals = memchr::memchr(b'=', text)?;
        let (key, value) = text.split_at_checked(equals)?;
        let value = value.get(1..)?;
        if !is_http_token(key) {
            return None;
        }
        let (value, rest) = match value {
            [b'"', quoted @ ..] => {
                let end = closing_quote(quoted)?;
                (quoted.get(..end)?, quoted.get(end + 1..)?)
            }
            plain => {
                let end = memchr::memchr3(b';', b',', b'"', plain).unwrap_or(plain.len());
                plain.split_at_checked(end)?
            }
        };
        Some(Pair { key, value, rest })
    }
}

/// A backslash escapes the character after it.
fn closing_quote(quoted: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', quoted.get(at..)?)?;
        if quoted.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// 64 hex digits.
fn thumbprint_of(digits: &[u8]) -> Option<[u8; 32]> {
    let mut thumbprint = [0; 32];
    if digits.len() != 2 * thumbprint.len() {
        return None;
    }
    for (byte, pair) in thumbprint.iter_mut().zip(digits.chunks(2)) {
        for digit in pair {
            let digit = u8::try_from(char::from(*digit).to_digit(16)?).ok()?;
            *byte = *byte << 4 | digit;
        }
    }
    Some(thumbprint)
}
