//! A public key, given as a JWK, in the forms that its owner hands around.

use serde_json::Value;

use crate::support::form::{decode, encode};

fn bytes_of(key: &Value, member: &str) -> Vec<u8> {
    decode(key[member].as_str().unwrap())
}

/// Tag, length, content (X.690).
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let [.., high, low] = length.to_be_bytes();
    let mut element = vec![tag];
    match length {
        0..=127 => element.push(low),
        128..=255 => element.extend([0x81, low]),
        _ => element.extend([0x82, high, low]),
    }
    element.extend(content);
    element
}

/// RFC 8017 appendix A.1.1.
pub(crate) fn pkcs1(key: &Value) -> Vec<u8> {
    let integer = |member| {
        let bytes = bytes_of(key, member);
        let sign: &[u8] = if bytes[0] < 0x80 { &[] } else { &[0] };
        der(0x02, &[sign, &bytes])
    };
    der(0x30, &[&integer("n"), &integer("e")])
}

/// RFC 5280 section 4.1.2.7, of an RSA key.
pub(crate) fn spki(key: &Value) -> Vec<u8> {
    let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let algorithm = der(0x30, &[&der(0x06, &[&oid]), &der(0x05, &[])]);
    der(0x30, &[&algorithm, &der(0x03, &[&[0], &pkcs1(key)])])
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = base64(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines: Vec<_> = lines.collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = encode(bytes).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// RFC 4253 section 6.6.
pub(crate) fn open_ssh(name: &str, parts: &[&[u8]]) -> String {
    let mut blob = Vec::new();
    for part in [&[name.as_bytes()], parts].concat() {
        blob.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        blob.extend(part);
    }
    format!("{name} {}", base64(&blob))
}
