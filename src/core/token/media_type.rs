//! Names of media types, as `typ` and `cty` have them (RFC 7515 sections 4.1.9 and 4.1.10).

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
