//! SPIFFE IDs: which trust domain a workload is of (SPIFFE-ID sections 2.1 to 2.3).

const SCHEME: &str = "spiffe://";
const MAX_ID_BYTES: usize = 2_048;
const MAX_TRUST_DOMAIN_BYTES: usize = 255;

/// The trust domain of a workload's SPIFFE ID, with its scheme. `None` if the text is not a SPIFFE
/// ID, or has no path: then it is the trust domain itself and not a workload.
pub(crate) fn trust_domain(id: &str) -> Option<&str> {
    if id.len() > MAX_ID_BYTES {
        return None;
    }
    let slash = SCHEME.len() + id.strip_prefix(SCHEME)?.find('/')?;
    let (domain, path) = id.split_at_checked(slash)?;
    let segments = path.strip_prefix('/')?;
    let is_path = segments
        .split('/')
        .all(|segment| !matches!(segment, "" | "." | "..") && segment.bytes().all(is_path_byte));
    (is_path && is_trust_domain(domain)).then_some(domain)
}

/// Whether this is `spiffe://` and the name of a trust domain, with nothing after it.
pub(crate) fn is_trust_domain(text: &str) -> bool {
    text.strip_prefix(SCHEME).is_some_and(|name| {
        (1..=MAX_TRUST_DOMAIN_BYTES).contains(&name.len())
            && name
                .bytes()
                .all(|byte| is_path_byte(byte) && !byte.is_ascii_uppercase())
    })
}

const fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workloads_id_has_a_trust_domain_and_a_path() {
        for (id, domain) in [
            ("spiffe://example.org/orders", "spiffe://example.org"),
            ("spiffe://a_b-1.x/ns/prod/sa/Web.1_a-b", "spiffe://a_b-1.x"),
            ("spiffe://10.0.0.1/...", "spiffe://10.0.0.1"),
        ] {
            assert_eq!(trust_domain(id), Some(domain), "{id}");
        }
        for id in [
            "",
            "spiffe://",
            "spiffe:///a",
            "spiffe://example.org",
            "spiffe://example.org/",
            "spiffe://example.org/a/",
            "spiffe://example.org//a",
            "spiffe://example.org/a//b",
            "spiffe://example.org/.",
            "spiffe://example.org/a/../b",
            "spiffe://example.org/a/./b",
            "spiffe://Example.org/a",
            "SPIFFE://example.org/a",
            "https://example.org/a",
            "spiffe:/example.org/a",
            "spiffe://example.org:443/a",
            "spiffe://me@example.org/a",
            "spiffe://[::1]/a",
            "spiffe://exämple.org/a",
            "spiffe://example.org/%61",
            "spiffe://ex%61mple.org/a",
            "spiffe://example.org/a?b",
            "spiffe://example.org/a#b",
            "spiffe://example.org?/a",
            "spiffe://example.org/a b",
            " spiffe://example.org/a",
            "spiffe://example.org/a\n",
            "spiffe://example.org\\/a",
        ] {
            assert_eq!(trust_domain(id), None, "{id}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        let id = |domain: usize, whole: usize| {
            let start = format!("spiffe://{}/", "d".repeat(domain));
            format!("{start}{}", "p".repeat(whole - start.len()))
        };
        assert!(trust_domain(&id(255, 2_048)).is_some());
        assert!(trust_domain(&id(256, 2_048)).is_none());
        assert!(trust_domain(&id(10, 2_049)).is_none());
    }

    #[test]
    fn a_trust_domain_stands_alone() {
        assert!(is_trust_domain("spiffe://example.org"));
        for text in [
            "spiffe://",
            "spiffe://example.org/",
            "spiffe://example.org/a",
            "spiffe://EXAMPLE.org",
            "example.org",
            "https://example.org",
            "spiffe://example.org:1",
        ] {
            assert!(!is_trust_domain(text), "{text}");
        }
    }
}
