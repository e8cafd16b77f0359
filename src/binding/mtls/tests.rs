//! Client certificates, with one that an RFC prints.

mod headers;
mod settings;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// The client's certificate of RFC 9440 appendix A.
const CLIENT: &str = "MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdG\
                      UxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1\
                      MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/I\
                      ncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYD\
                      VR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEw\
                      YDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49\
                      BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5\
                      XarmPk0wmuydBVoU4hBVZ1yhk=";
const CLIENT_THUMBPRINT: &str = "v68ffgcPn6jdYpBfFY2nP4ShE2Yk-6_Mk5PI9yh6aes";

/// PEM with lines of 64 characters.
fn pem(base64: &str) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in base64.as_bytes().chunks(64) {
        text += std::str::from_utf8(line).unwrap();
        text += "\n";
    }
    text + "-----END CERTIFICATE-----\n"
}

/// Percent-encoding of everything that nginx encodes.
fn escaped(text: &str) -> String {
    let escape = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '_' | '~' => character.to_string(),
        other => format!("%{:02X}", u32::from(other)),
    };
    text.chars().map(escape).collect()
}

/// The DER element with this tag and content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length = match length {
        [0, short @ ..=0x7f] => vec![short],
        [0, long] => vec![0x81, long],
        [high, low] => vec![0x82, high, low],
    };
    [&[tag], &*length, content].concat()
}

#[test]
fn m01_a_certificate_is_the_one_with_its_thumbprint() {
    let certificate = ClientCertificate::from_der(&STANDARD.decode(CLIENT).unwrap()).unwrap();
    let thumbprint = *certificate.thumbprint().as_bytes();
    assert!(certificate.is(&thumbprint));
    for bit in 0..256 {
        let mut other = thumbprint;
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!certificate.is(&other), "bit {bit}");
    }
}

#[test]
fn m02_der_has_one_certificate_and_no_other_form() {
    let (signed, algorithm, bits) = (der(0x30, b"a"), der(0x30, b"b"), der(0x03, b"\0c"));
    let all = |parts: &[&[u8]]| der(0x30, &parts.concat());
    let good = all(&[&signed, &algorithm, &bits]);
    let large = der(0x30, &vec![0; 60_000]);
    let largest = der(0x30, &vec![0; 65_521]);
    let parts = [&der(0x30, &[0; 200]), &*algorithm, &bits].concat();
    let length = u8::try_from(parts.len()).unwrap();
    let with_zero = [&[0x30, 0x82, 0, length], &*parts].concat();
    let without_zero = [&[0x30, 0x81, length], &*parts].concat();
    let with_length = |length: &[u8]| [&[0x30], length, &good[2..]].concat();
    let not_one = Err(CertificateError::NotACertificate);
    for (name, bytes, expected) in [
        ("the form", good.clone(), Ok(())),
        (
            "a length of two bytes",
            all(&[&large, &algorithm, &bits]),
            Ok(()),
        ),
        ("length of one byte", without_zero, Ok(())),
        ("length of one byte in two", with_zero, not_one),
        ("largest", all(&[&largest, &algorithm, &bits]), Ok(())),
        (
            "more than 64 KiB",
            vec![0x30; 65_537],
            Err(CertificateError::TooLarge),
        ),
        ("nothing", vec![], not_one),
        ("a tag alone", vec![0x30], not_one),
        ("empty", all(&[]), not_one),
        ("SET", [&[0x31], &good[1..]].concat(), not_one),
        ("length in long form", with_length(&[0x81, 10]), not_one),
        ("length with a zero", with_length(&[0x82, 0, 10]), not_one),
        (
            "indefinite length",
            [&[0x30, 0x80], &good[2..], &[0, 0]].concat(),
            not_one,
        ),
        ("length that is too large", with_length(&[11]), not_one),
        ("length that is too small", with_length(&[9]), not_one),
        (
            "length of 8 bytes",
            with_length(&[0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            not_one,
        ),
        ("a byte after it", [&*good, &[0]].concat(), not_one),
        ("twice", good.repeat(2), not_one),
        ("two parts", all(&[&signed, &algorithm]), not_one),
        (
            "four parts",
            all(&[&signed, &algorithm, &bits, &bits]),
            not_one,
        ),
        ("other order", all(&[&signed, &bits, &algorithm]), not_one),
        (
            "empty first part",
            all(&[&[0x30, 0], &algorithm, &bits]),
            not_one,
        ),
        (
            "empty second part",
            all(&[&signed, &[0x30, 0], &bits]),
            not_one,
        ),
        (
            "empty signature",
            all(&[&signed, &algorithm, &[3, 0]]),
            not_one,
        ),
        (
            "OCTET STRING",
            all(&[&signed, &algorithm, &der(0x04, b"\0c")]),
            not_one,
        ),
        ("PEM", pem(CLIENT).into_bytes(), not_one),
    ] {
        let read = ClientCertificate::from_der(&bytes).map(|_| ());
        assert_eq!(read, expected, "{name}");
    }
}
