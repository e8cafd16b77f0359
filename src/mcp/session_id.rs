//! Ids of sessions that are worth nothing to another user.

use serde_json::json;

use crate::core::{Algorithm, Identity, VerificationKey, decode_base64url, encode_base64url};

/// No other use of the same secret makes a tag of such a message.
const PURPOSE: &str = "resource-server: session of MCP";

/// What is tagged. As JSON, no two triples have one text.
fn bound(id: &str, identity: &Identity<'_>) -> String {
    json!([PURPOSE, identity.issuer(), identity.subject(), id]).to_string()
}

/// The id of a server with a tag of it and of whose it is: `id.tag`.
pub(super) fn bind(key: &VerificationKey, id: &str, identity: &Identity<'_>) -> Option<String> {
    let tag = key.tag(Algorithm::HS256, bound(id, identity).as_bytes())?;
    Some(format!("{id}.{}", encode_base64url(&tag)))
}

/// The id of the server, if the tag is one of this key for this identity. The backend compares
/// tags in constant time.
pub(super) fn unbind<'i>(
    key: &VerificationKey,
    bound_id: &'i str,
    identity: &Identity<'_>,
) -> Option<&'i str> {
    let (id, tag) = bound_id.rsplit_once('.')?;
    let tag = decode_base64url(tag).ok()?;
    let message = bound(id, identity);
    let verified = key.verify(Algorithm::HS256, message.as_bytes(), &tag);
    verified.ok().map(|()| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> VerificationKey {
        VerificationKey::of_bytes(&[byte; 32]).unwrap()
    }

    #[test]
    fn h13_an_id_is_bound_to_key_issuer_and_subject() {
        let alice = Identity::new("https://as.example.com", "alice");
        let bound_id = bind(&key(1), "a.b", &alice).unwrap();
        assert_eq!(unbind(&key(1), &bound_id, &alice), Some("a.b"), "H13");
        assert_eq!(unbind(&key(2), &bound_id, &alice), None, "H13: another key");
        for (issuer, subject) in [
            ("https://as.example.com", "bob"),
            ("https://other.example.com", "alice"),
            // The same text together.
            ("https://as.example.coma", "lice"),
            ("https://as.example.com\",\"alice", ""),
            ("https://as.example.com", ""),
        ] {
            let other = Identity::new(issuer, subject);
            assert_eq!(
                unbind(&key(1), &bound_id, &other),
                None,
                "H13: {issuer} {subject}"
            );
        }
        let (id, tag) = bound_id.rsplit_once('.').unwrap();
        for forged in [
            id.to_owned(),
            format!("{id}."),
            tag.to_owned(),
            format!(".{tag}"),
            format!("other.{tag}"),
            format!("{id}.{}", &tag[..42]),
            format!("{id}.{tag}="),
            format!("{id}.{tag}A"),
            format!("{bound_id}.{tag}"),
            String::new(),
        ] {
            assert_eq!(unbind(&key(1), &forged, &alice), None, "H13: {forged}");
        }
    }
}
