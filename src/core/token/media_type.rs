//! Names of media types, as `typ` and `cty` have them (RFC 7515 sections 4.1.9 and 4.1.10).

/// Subtypes of `application` that name other kinds of JWT than an access token, and what each is.
/// No profile accepts them, and no policy can.
const OTHER_KINDS: [(&str, &str); 14] = [
    ("dpop+jwt", "a DPoP proof"),
    ("logout+jwt", "a logout token"),
    ("secevent+jwt", "a security event"),
    ("token-introspection+jwt", "a signed introspection response"),
    ("txntoken+jwt", "a transaction token"),
    ("wit+jwt", "a workload identity token"),
    ("wpt+jwt", "a workload's proof of possession"),
    ("kb+jwt", "a key binding JWT of a selective disclosure"),
    ("dc+sd-jwt", "a digital credential"),
    ("statuslist+jwt", "a status list"),
    ("oauth-client-attestation+jwt", "a client attestation"),
    (
        "oauth-client-attestation-pop+jwt",
        "the proof of possession of a client attestation",
    ),
    (
        "oauth-id-jag+jwt",
        "an identity assertion grant, for a token endpoint",
    ),
    (
        "client-authentication+jwt",
        "a client's assertion, for a token endpoint",
    ),
];

/// What a `typ` says that a JWT is, where that is another kind than an access token.
pub(crate) fn other_kind(typ: &str) -> Option<&'static str> {
    let subtype = subtype_of(typ);
    OTHER_KINDS
        .iter()
        .find(|(other, _)| subtype.eq_ignore_ascii_case(other))
        .map(|(_, kind)| *kind)
}

/// Whether a text names this subtype of `application`, whose prefix may be left out.
pub(crate) fn names_media_type(text: &str, subtype: &str) -> bool {
    subtype_of(text).eq_ignore_ascii_case(subtype)
}

/// Whether two texts name the same media type.
pub(crate) fn same_media_type(one: &str, other: &str) -> bool {
    names_media_type(one, subtype_of(other))
}

/// The media type without its `application/`.
pub(crate) fn subtype_of(text: &str) -> &str {
    const PREFIX: &str = "application/";
    match text.get(..PREFIX.len()) {
        Some(start) if start.eq_ignore_ascii_case(PREFIX) => {
            text.get(PREFIX.len()..).unwrap_or_default()
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t09_media_types_are_compared_without_case_and_prefix() {
        for text in [
            "at+jwt",
            "AT+JWT",
            "application/at+jwt",
            "Application/At+Jwt",
        ] {
            assert!(names_media_type(text, "at+jwt"), "{text}");
        }
        for text in [
            "",
            "at+jwt ",
            "application/",
            "text/at+jwt",
            "applicative/at+jwt",
            "application/application/at+jwt",
            "é",
        ] {
            assert!(!names_media_type(text, "at+jwt"), "{text}");
        }
    }
}
