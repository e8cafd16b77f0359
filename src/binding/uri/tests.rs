//! Which spellings of a URL are equal, and which are not.

use super::*;

fn origin(text: &str) -> Origin {
    Origin::parse(text).unwrap()
}

#[track_caller]
fn check(origin: &Origin, cases: &[(&str, &str, &str)], expected: bool) {
    for (name, htu, target) in cases {
        let matches = htu_matches(htu, origin, None, target);
        assert_eq!(matches, expected, "{name}: {htu:?} and {target:?}");
    }
}

#[test]
fn d02_an_origin_is_scheme_host_and_port() {
    let equal = [
        (
            "https://api.example.com",
            Scheme::Https,
            "api.example.com",
            443,
        ),
        (
            "https://api.example.com/",
            Scheme::Https,
            "api.example.com",
            443,
        ),
        (
            "HTTPS://API.Example.com:443",
            Scheme::Https,
            "api.example.com",
            443,
        ),
        (
            "https://api.example.com:8443",
            Scheme::Https,
            "api.example.com",
            8443,
        ),
        (
            "https://xn--bcher-kva.example",
            Scheme::Https,
            "xn--bcher-kva.example",
            443,
        ),
        ("https://[2001:DB8::1]:1", Scheme::Https, "[2001:db8::1]", 1),
        ("http://localhost:8080", Scheme::Http, "localhost", 8080),
        ("http://127.0.0.1", Scheme::Http, "127.0.0.1", 80),
        ("http://[::1]:443", Scheme::Http, "[::1]", 443),
    ];
    for (text, scheme, host, port) in equal {
        let host = host.to_owned();
        assert_eq!(Origin::parse(text), Ok(Origin { scheme, host, port }));
    }
    let long = format!("https://{}", "a".repeat(MAX_BYTES));
    let not_an_origin = [
        "",
        "api.example.com",
        "//api.example.com",
        "https:/api.example.com",
        "https:api.example.com",
        "https://",
        "https:///",
        "https://:443",
        "http://api.example.com",
        "http://127.0.0.1.example.com",
        "ftp://localhost",
        "https://api.example.com?",
        "https://api.example.com/?a",
        "https://api.example.com#",
        "https://api.example.com/#a",
        "https://api.example.com\\",
        "https://api.example.com:",
        "https://api.example.com:0",
        "https://api.example.com:0443",
        "https://api.example.com:+443",
        "https://api.example.com:65536",
        "https://api.example.com:443:443",
        "https://api%2Eexample.com",
        "https://b\u{fc}cher.example",
        " https://api.example.com",
        "https://api.example.com ",
        "https://api.exa\tmple.com",
        "https://::1",
        "https://[::1",
        "https://[::1]a",
        "https://[1:2]",
        "https://[]",
        "https://[fe80::1%25eth0]",
        &long,
    ];
    for text in not_an_origin {
        let found = text.to_owned();
        assert_eq!(Origin::parse(text), Err(DpopError::Origin { found }));
    }
    let shown = Origin::parse("https://user:SECRET@api.example.com").unwrap_err();
    assert!(!shown.to_string().contains("SECRET"), "{shown}");
    for text in ["https://api.example.com/v1", "https://api.example.com//"] {
        let found = text.to_owned();
        assert_eq!(
            Origin::parse(text),
            Err(DpopError::OriginWithPath { found })
        );
    }
}

/// A name of the case, `htu` and the target.
const EQUAL: &[(&str, &str, &str)] = &[
    ("the same", "https://a.example/x", "/x"),
    ("case of the scheme", "HTTPS://a.example/x", "/x"),
    ("case of the host", "https://A.Example/x", "/x"),
    ("default port", "https://a.example:443/x", "/x"),
    ("empty port", "https://a.example:/x", "/x"),
    ("empty port and path", "https://a.example:", "/"),
    ("empty path", "https://a.example", "/"),
    ("dot segments claimed", "https://a.example/y/.././x", "/x"),
    ("dot segments requested", "https://a.example/x", "/y/.././x"),
    ("dots above the root", "https://a.example/../x", "/x"),
    ("dots at the end", "https://a.example/x/.", "/x/"),
    ("two dots at the end", "https://a.example/x/y/..", "/x/"),
    (
        "two dots over an empty segment",
        "https://a.example/x//../y",
        "/x/y",
    ),
    ("encoded dot segments", "https://a.example/y/%2E%2e/x", "/x"),
    (
        "encoded unreserved",
        "https://a.example/%7e%41-%5f",
        "/~A-_",
    ),
    (
        "encoded unreserved requested",
        "https://a.example/~x",
        "/%7ex",
    ),
    ("encoded unreserved host", "https://%61.ex%41mple/x", "/x"),
    ("case of hex digits", "https://a.example/%c3%bc", "/%C3%BC"),
    ("%2F on both sides", "https://a.example/a%2fb", "/a%2Fb"),
    ("// on both sides", "https://a.example//x", "//x"),
    ("\\ on both sides", "https://a.example/a\\b", "/a\\b"),
    (
        "a character that should be encoded",
        "https://a.example/[a|b]",
        "/[a|b]",
    ),
    ("query claimed", "https://a.example/x?a=b", "/x"),
    ("query requested", "https://a.example/x", "/x?a=b"),
    ("other queries", "https://a.example/x?a=b", "/x?c"),
    ("empty query", "https://a.example/x?", "/x"),
    ("fragment", "https://a.example/x#a", "/x"),
    (
        "fragment with a query in it",
        "https://a.example/x#a?b",
        "/x",
    ),
    (
        "query with a fragment after it",
        "https://a.example/x?a#b",
        "/x",
    ),
    ("query without path", "https://a.example?a", "/"),
    ("@ in the path", "https://a.example/@me", "/@me"),
    (": in the path", "https://a.example/a:b", "/a:b"),
    (
        "percent sign twice encoded",
        "https://a.example/%2541",
        "/%2541",
    ),
    (
        "absolute form",
        "https://a.example/x",
        "http://internal:80/x?a",
    ),
    (
        "absolute form without path",
        "https://a.example/",
        "http://internal",
    ),
    ("asterisk form", "https://a.example", "*"),
    (
        "gRPC",
        "https://a.example/pkg.Service/Method",
        "/pkg.Service/Method",
    ),
];

#[test]
fn d02_spellings_that_rfc_3986_makes_equal_match() {
    check(&origin("https://a.example"), EQUAL, true);
}

/// A name of the case, `htu` and the target.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("another path", "https://a.example/y", "/x"),
    ("slash at the end", "https://a.example/x/", "/x"),
    ("case of the path", "https://a.example/X", "/x"),
    ("http", "http://a.example/x", "/x"),
    ("another port", "https://a.example:8443/x", "/x"),
    ("port of http", "https://a.example:80/x", "/x"),
    ("port with a zero", "https://a.example:0443/x", "/x"),
    ("port with a sign", "https://a.example:+443/x", "/x"),
    ("another host", "https://b.example/x", "/x"),
    ("dot after the host", "https://a.example./x", "/x"),
    ("host as a suffix", "https://b.a.example/x", "/x"),
    ("user information", "https://u@a.example/x", "/x"),
    ("empty user information", "https://@a.example/x", "/x"),
    ("our host as user", "https://a.example@b.example/x", "/x"),
    (
        "our host as user and port",
        "https://a.example:443@b.example/x",
        "/x",
    ),
    ("encoded @", "https://u%40a.example/x", "/x"),
    ("relative path", "/x", "/x"),
    ("relative authority", "//a.example/x", "/x"),
    ("one slash", "https:/a.example/x", "/x"),
    ("no slash", "https:a.example/x", "/x"),
    ("three slashes", "https:///a.example/x", "/x"),
    ("backslashes", "https:\\\\a.example\\x", "/x"),
    ("backslash after the host", "https://a.example\\x", "/x"),
    ("backslash is not a slash", "https://a.example/a\\b", "/a/b"),
    ("encoded backslash", "https://a.example/a%5Cb", "/a\\b"),
    ("%2F is not a slash", "https://a.example/a%2Fb", "/a/b"),
    ("%2F in dot segments", "https://a.example/a%2F..%2Fx", "/x"),
    ("// is not /", "https://a.example//x", "/x"),
    ("// is not / when requested", "https://a.example/x", "//x"),
    ("encoded reserved", "https://a.example/a%3Bb", "/a;b"),
    ("encoded space", "https://a.example/a%20b", "/a+b"),
    ("encoded ?", "https://a.example/x%3Fa", "/x"),
    ("twice encoded", "https://a.example/%2541", "/A"),
    ("lone %", "https://a.example/%", "/%"),
    ("% and one digit", "https://a.example/x%4", "/x%4"),
    ("% and no digits", "https://a.example/%zz", "/%zz"),
    ("% and a sign", "https://a.example/%+1", "/%+1"),
    ("% across a segment", "https://a.example/%4/1", "/%4/1"),
    ("malformed encoding requested", "https://a.example/A", "/%4"),
    (
        "malformed encoding of the host",
        "https://a.example%/x",
        "/x",
    ),
    ("white space before", " https://a.example/x", "/x"),
    ("white space after", "https://a.example/x ", "/x"),
    ("tab within", "https://a.example/\tx", "/x"),
    ("NUL", "https://a.example/x\0", "/x"),
    ("outside ASCII", "https://a.example/\u{fc}", "/\u{fc}"),
    (
        "encoded outside ASCII",
        "https://a.example/%C3%BC",
        "/\u{fc}",
    ),
    ("full-width host", "https://\u{ff41}.example/x", "/x"),
    ("fragment requested", "https://a.example/x", "/x#a"),
    ("empty htu", "", "/"),
    ("empty target", "https://a.example/", ""),
    ("authority form", "https://a.example/", "a.example:443"),
    ("relative target", "https://a.example/x", "x"),
    (
        "absolute form of another scheme",
        "https://a.example/x",
        "ftp://a.example/x",
    ),
];

#[test]
fn d02_any_other_spelling_does_not_match() {
    check(&origin("https://a.example"), DIFFERENT, false);
}

#[test]
fn d02_addresses_and_ports_are_compared_as_texts_without_case() {
    let address = origin("http://[::1]:8080");
    check(&address, &[("the same", "http://[::1]:8080/x", "/x")], true);
    let different = [
        ("another port", "http://[::1]/x", "/x"),
        ("another spelling", "http://[0:0:0:0:0:0:0:1]:8080/x", "/x"),
        ("encoded", "http://[%3A:1]:8080/x", "/x"),
        ("encoded digit", "http://[::%31]:8080/x", "/x"),
        ("no bracket at the end", "http://[::1:8080/x", "/x"),
        ("text after the bracket", "http://[::1]a:8080/x", "/x"),
        ("https", "https://[::1]:8080/x", "/x"),
    ];
    check(&address, &different, false);
    let cases = [("case of hex digits", "https://[2001:DB8::A]/", "/")];
    check(&origin("https://[2001:db8::a]"), &cases, true);
    let with_dot = origin("https://a.example.");
    check(&with_dot, &[("the same", "https://a.example./", "/")], true);
    check(&with_dot, &[("no dot", "https://a.example/", "/")], false);
}

#[test]
fn d02_the_longest_path_is_compared() {
    let path = format!("/{}", "x".repeat(MAX_BYTES - 1));
    let target = format!("{path}?{}", "q".repeat(MAX_BYTES));
    let origin = origin("https://a.example");
    // The origin is a part of the claim's length.
    assert!(!htu_matches(
        &format!("https://a.example{path}"),
        &origin,
        None,
        &target
    ));
    let path = &path[..MAX_BYTES - "https://a.example".len()];
    let htu = format!("https://a.example{path}?{}", "q".repeat(MAX_BYTES));
    assert!(htu_matches(&htu, &origin, None, path));
    assert!(!htu_matches(&htu, &origin, None, &format!("{path}x")));
}

#[test]
fn d02_a_prefix_is_replaced_on_whole_segments() {
    let origin = origin("https://a.example");
    for (internal, external, path, target, expected) in [
        ("/v1", "/api", "/api/x", "/v1/x", true),
        ("/v1", "/api", "/api", "/v1", true),
        ("/v1", "/api", "/api/", "/v1/", true),
        ("/v1", "/api", "/api", "/v1/", false),
        ("/v1", "/api", "/v1/x", "/v1/x", false),
        ("/v1", "/api", "/api0/x", "/v10/x", false),
        ("/v1", "/api", "/v10/x", "/v10/x", true),
        ("/v1", "/api", "/other", "/other", true),
        ("/v1", "/api", "/api/x", "/%76%31/x", true),
        ("/v1", "/api", "/api/x", "/y/../v1/x", true),
        ("/v1", "/api", "/api/x", "/v1/../x", false),
        ("/v1", "/api", "/api/x", "/v1%2Fx", false),
        ("/v1", "/api", "/api/x?a", "/v1/x?b", true),
        ("/v1", "/api", "/api/x", "http://internal/v1/x", true),
        ("/a/b", "/c/d/e", "/c/d/e/x", "/a/b/x", true),
        ("/%7Ea", "/%7eb", "/~b/x", "/~a/x", true),
        // The proxy removes a prefix.
        ("/", "/api", "/api/x", "/x", true),
        ("/", "/api", "/api", "/", true),
        ("/", "/api", "/api/", "/", true),
        ("/", "/api", "/x", "/x", false),
        ("/", "/api", "/apix", "/x", false),
        ("/", "/api", "/api//x", "//x", true),
        ("/", "/api", "/api/", "*", true),
        // The proxy adds one.
        ("/v1", "/", "/x", "/v1/x", true),
        ("/v1", "/", "/", "/v1", true),
        ("/v1", "/", "", "/v1/", true),
        ("/v1", "/", "/v1/x", "/v1/x", false),
        ("/v1", "/", "/x", "/x", true),
        // It changes nothing.
        ("/", "/", "/x", "/x", true),
        ("/", "/", "/x", "/y", false),
    ] {
        let rewrite = PathRewrite::parse(internal, external).unwrap();
        let htu = format!("https://a.example{path}");
        let matches = htu_matches(&htu, &origin, Some(&rewrite), target);
        assert_eq!(
            matches, expected,
            "{internal} {external}: {htu} and {target}"
        );
    }
    for found in [
        "", "v1", "/v1/", "//", "/v1?", "/v1#a", "/a/../b", "/a/%2e", "/.", "/%", "/a b", "/\u{fc}",
    ] {
        let refused = DpopError::PathPrefix {
            found: found.to_owned(),
        };
        assert_eq!(PathRewrite::parse(found, "/api"), Err(refused.clone()));
        assert_eq!(PathRewrite::parse("/v1", found), Err(refused));
    }
}

/// SplitMix64: the same cases in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn path(&mut self, pieces: &[&str]) -> String {
        let count = self.below(12);
        let pieces = (0..count).map(|_| self.one_of(pieces));
        std::iter::once("/").chain(pieces).collect()
    }
}

/// What is at the edge of a rule.
const PIECES: &[&str] = &[
    "/", "/", "/", ".", "..", "/./", "/../", "a", "Z", "~", "%2e", "%2E", "%7e", "%41", "%2f",
    "%2F", "%5c", "\\", "%25", "%", "%4", ";", ":", "@", "+", "%20", "2e", "|",
];

#[test]
fn d02_normalisation_is_idempotent_and_finds_every_spelling() {
    let mut random = Random(2);
    let origin = origin("https://a.example");
    let mut well_formed = 0;
    for _ in 0..20_000 {
        let path = random.path(PIECES);
        let htu = format!("https://a.example{path}");
        let Some(normal) = normalise_path(&path) else {
            assert!(!htu_matches(&htu, &origin, None, &path), "{path}");
            continue;
        };
        well_formed += 1;
        assert_eq!(normalise_path(&normal).as_ref(), Some(&normal), "{path}");
        assert!(normal.starts_with('/'), "{path}");
        let mut segments = normal.split('/');
        assert!(
            !segments.any(|segment| matches!(segment, "." | "..")),
            "{path}"
        );
        let respelled: String = normal
            .chars()
            .map(|c| match random.below(4) {
                0 if c.is_ascii_alphanumeric() && !normal.contains('%') => {
                    format!("%{:02x}", u32::from(c))
                }
                1 if c == '/' => random.one_of(&["/./", "/a/../", "/"]).to_owned(),
                _ => c.to_string(),
            })
            .collect();
        assert!(
            htu_matches(&htu, &origin, None, &respelled),
            "{path} {respelled}"
        );
        let longer = format!("{respelled}!");
        assert!(
            !htu_matches(&htu, &origin, None, &longer),
            "{path} {longer}"
        );
    }
    assert!(well_formed > 5_000, "{well_formed}");
}

/// Both must agree where no rule of the WHATWG differs from RFC 3986.
#[cfg(feature = "fetch")]
#[test]
fn d02_dot_segments_are_removed_as_the_url_crate_does() {
    let pieces = [
        "/", "/", ".", "..", "/./", "/../", "a", "b", "%2e", "%2E", "%2F", ";",
    ];
    let mut random = Random(3);
    for _ in 0..20_000 {
        let path = random.path(&pieces);
        let url = url::Url::parse(&format!("https://a.example{path}")).unwrap();
        // The crate decodes `%2e` only where it is a dot segment.
        let theirs = url.path().replace("%2e", ".").replace("%2E", ".");
        assert_eq!(normalise_path(&path), Some(theirs), "{path}");
    }
}
