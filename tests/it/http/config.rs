//! Rows H03, H04, H07 and H13: what is configured for the answers, and the metadata of this API.

use crate::support::{API, problems_of};
use resource_server::error::ResourceError;
use resource_server::testing::TestIssuer;
use resource_server::{Algorithm, Error, Issuer, Resource, Tenants, Validator};
use resource_server::{StaticKeys, error::ConfigErrorKind};
use serde_json::{Value, json};

fn built(resource: Resource) -> Result<Validator, Vec<ConfigErrorKind>> {
    let issuer = TestIssuer::new("https://as.example.com", API).to_issuer();
    let built = Validator::builder()
        .resource(resource)
        .issuer(issuer)
        .build();
    built.map_err(|error| {
        let problems = problems_of(&error).into_iter();
        problems.map(|problem| problem.1).collect()
    })
}

#[test]
fn h03_h04_what_clients_cannot_use_is_a_build_error() {
    let sound = [
        "https://api.example.com",
        "https://api.example.com/",
        "https://api.example.com:8443/v1",
        "https://api.example.com/v1/%7Eme;a=b/c@d",
        "https://[2001:db8::1]/v1",
        "https://[::1]:8443",
        "https://api.example.com:65535",
        "http://localhost:8080/mcp",
        "http://127.0.0.1:8080",
        "http://[::1]:8080/",
        "HTTPS://API.example.com/V1",
    ];
    for uri in sound {
        assert!(built(Resource::new(uri)).is_ok(), "H04: {uri}");
    }
    let unsound = [
        "",
        "api",
        "urn:api",
        "api://orders",
        "https:/api.example.com",
        "https://",
        "https:///v1",
        "http://api.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "https://user@api.example.com",
        "https://user:secret@api.example.com",
        "https://api.example.com?a=b",
        "https://api.example.com/?",
        "https://api.example.com/#a",
        "https://api.example.com:",
        "https://api.example.com:port",
        "https://api.example.com:65536",
        "https://[::1]:99999",
        "https://[::1",
        "https://api.example.com/a b",
        "https://api.example.com/\"",
        "https://api.example.com/\\",
        "https://api.example.com/{id}",
        "https://api.example.com/\r\nx: y",
        "https://api.example.com/\u{e9}",
        "https://\u{e9}.example.com",
    ];
    for uri in unsound {
        // A password is not shown.
        let found = uri.replace("user:secret@", "...@").replace("user@", "...@");
        let expected = [ConfigErrorKind::Resource(ResourceError::Identifier {
            found,
        })];
        let found = built(Resource::new(uri)).unwrap_err();
        // An empty one is an empty audience too.
        assert_eq!(found.first(), expected.first(), "H04: {uri}");
    }
    let resource = || Resource::new(API);
    let realm = |found: &str| ResourceError::Realm {
        found: found.into(),
    };
    let scope = |found: &str| ResourceError::Scope {
        found: found.into(),
    };
    let server = |found: &str| ResourceError::AuthorizationServer {
        found: found.into(),
    };
    let cases = [
        (resource().realm("a\r\nb"), vec![realm("a\r\nb")]),
        (resource().realm("\u{e9}"), vec![realm("\u{e9}")]),
        (
            resource().entry_scopes(["a", "a b", ""]),
            vec![scope("a b"), scope("")],
        ),
        (resource().scopes_supported(["\"a\""]), vec![scope("\"a\"")]),
        (
            resource().scopes_supported(["a", "offline_access"]),
            vec![scope("offline_access")],
        ),
        (
            resource().entry_scopes(["offline_access"]),
            vec![scope("offline_access")],
        ),
        (
            resource().authorization_servers(["https://a.example.com", "a.example.com"]),
            vec![server("a.example.com")],
        ),
    ];
    for (resource, expected) in cases {
        let expected: Vec<_> = expected
            .into_iter()
            .map(ConfigErrorKind::Resource)
            .collect();
        assert_eq!(built(resource).unwrap_err(), expected);
    }
    let issuer = TestIssuer::new("https://as.example.com", API).to_issuer();
    let twice = Validator::builder()
        .resource(API)
        .resource(API)
        .issuer(issuer)
        .build();
    let found = problems_of(&twice.unwrap_err());
    assert_eq!(found[0].1, ConfigErrorKind::SeveralResources);
}

#[test]
fn h04_metadata_is_between_host_and_path() {
    for (uri, path) in [
        ("https://api.example.com", ""),
        ("https://api.example.com/", ""),
        ("https://api.example.com:8443/v1", "/v1"),
        ("https://api.example.com/v1/", "/v1/"),
        ("https://api.example.com/v1/orders", "/v1/orders"),
        ("https://api.example.com//", "//"),
        ("http://[::1]:8080/mcp", "/mcp"),
    ] {
        let metadata = built(Resource::new(uri))
            .unwrap()
            .resource_metadata()
            .unwrap();
        let expected = format!("/.well-known/oauth-protected-resource{path}");
        assert_eq!(metadata.path(), expected, "{uri}");
        let body: Value = serde_json::from_str(metadata.body()).unwrap();
        assert_eq!(body["resource"], uri);
    }
}

#[test]
fn h04_metadata_claims_only_what_is_configured() {
    let keys = || {
        let jwks = TestIssuer::new("https://as.example.com", API).jwks();
        StaticKeys::from_jwks(&jwks).unwrap()
    };
    let secret = b"0123456789abcdef0123456789abcdef";
    let builder = |resource: Resource| {
        Validator::builder()
            .resource(resource)
            .issuer(Issuer::new("https://as.example.com").keys(keys()))
            .issuer(Issuer::new("http://127.0.0.1:9000/realms/a").keys(keys()))
            // Not what a client can find an authorization server by.
            .issuer(Issuer::new("http://as.example.com").keys(keys()))
            .issuer(Issuer::new("accounts.example.com").keys(keys()))
            .issuer(Issuer::new("https://as.example.com/?a=b").keys(keys()))
            .issuer(Issuer::hmac(
                "https://hmac.example.com",
                Algorithm::HS256,
                secret,
            ))
            .issuer(
                Issuer::template("https://as.example.com/{tenantid}/v2", Tenants::only(["a"]))
                    .keys(keys()),
            )
            .build()
            .unwrap()
    };
    let body = |resource| -> Value {
        let metadata = builder(resource).resource_metadata().unwrap();
        serde_json::from_str(metadata.body()).unwrap()
    };
    assert_eq!(
        body(Resource::new(API)),
        json!({
            "resource": API,
            "authorization_servers": ["https://as.example.com", "http://127.0.0.1:9000/realms/a"],
            "bearer_methods_supported": ["header"],
        })
    );
    let resource = Resource::new(API)
        .scopes_supported(["orders:read", "orders:write"])
        .authorization_servers(["https://login.example.com/a"]);
    assert_eq!(
        body(resource),
        json!({
            "resource": API,
            "authorization_servers": ["https://login.example.com/a"],
            "scopes_supported": ["orders:read", "orders:write"],
            "bearer_methods_supported": ["header"],
        })
    );
}

#[test]
fn h04_without_a_resource_there_is_no_metadata() {
    let issuer = TestIssuer::new("https://as.example.com", API).to_issuer();
    let validator = Validator::builder()
        .audience(API)
        .issuer(issuer)
        .build()
        .unwrap();
    let error = Error::from(validator.resource_metadata().unwrap_err());
    assert_eq!(error.status(), 500);
    assert!(
        error.explain().contains(".resource(..)"),
        "{}",
        error.explain()
    );
}

#[test]
fn h13_metadata_without_an_authorization_server_is_misconfigured() {
    let issuer = || {
        let jwks = TestIssuer::new("https://as.example.com", API).jwks();
        Issuer::new("accounts.example.com").keys(StaticKeys::from_jwks(&jwks).unwrap())
    };
    let found = |resource: Resource| {
        let builder = Validator::builder().resource(resource).issuer(issuer());
        let metadata = builder.build().unwrap().resource_metadata();
        metadata.map_err(|error| Error::from(error).explain())
    };
    let none: [&str; 0] = [];
    for resource in [
        Resource::new(API),
        Resource::new(API).authorization_servers(none),
    ] {
        let text = found(resource).unwrap_err();
        let fix = "name one by Resource::authorization_servers(..)";
        assert!(text.contains(fix), "H13: {text}");
    }
    let named = Resource::new(API).authorization_servers(["https://login.example.com"]);
    assert!(found(named).is_ok(), "H13");
}

#[test]
fn h13_the_root_serves_the_metadata_too_where_that_is_set() {
    const ROOT: &str = "/.well-known/oauth-protected-resource";
    let own = |path: &str| format!("{ROOT}{path}");
    for (uri, path) in [
        ("https://api.example.com/mcp", "/mcp"),
        ("https://api.example.com/mcp/", "/mcp/"),
        ("https://api.example.com", ""),
        ("https://api.example.com/", ""),
    ] {
        let metadata = built(Resource::new(uri)).unwrap().resource_metadata();
        let metadata = metadata.unwrap();
        assert!(metadata.paths().eq([own(path)]), "H13: {uri}");
        let at_root = metadata.clone().at_root_too();
        let mut expected = vec![own(path)];
        if !path.is_empty() {
            expected.push(ROOT.to_owned());
        }
        assert!(at_root.paths().eq(expected), "H13: {uri}");
        assert_eq!(at_root.path(), metadata.path(), "H13: {uri}");
        assert_eq!(at_root.body(), metadata.body(), "H13: {uri}");
    }
}

/// Scheme and host have no case, and a bare host has two spellings. Everything else is exact.
#[test]
fn h13_c02_what_names_one_resource_is_one_audience() {
    let (bare, slash) = ("https://api.example.com", "https://api.example.com/");
    let (mcp, mcp_slash) = (
        "https://api.example.com/mcp",
        "https://api.example.com/mcp/",
    );
    let port = "https://api.example.com:8443";
    for (set, uri, good, bad) in [
        (bare, bare, vec![bare, slash], vec![mcp, port]),
        (slash, slash, vec![bare, slash], vec![mcp]),
        ("HTTPS://Api.Example.COM", bare, vec![bare, slash], vec![]),
        ("https://API.example.com/", slash, vec![bare, slash], vec![]),
        (
            "https://API.example.com/mcp",
            mcp,
            vec![mcp],
            vec![mcp_slash],
        ),
        (mcp, mcp, vec![mcp], vec![mcp_slash, bare, slash]),
        (mcp_slash, mcp_slash, vec![mcp_slash], vec![mcp, bare]),
        (
            "https://api.example.com/MCP",
            "https://api.example.com/MCP",
            vec!["https://api.example.com/MCP"],
            vec![mcp],
        ),
        (
            "https://API.example.com:8443",
            port,
            vec![port, "https://api.example.com:8443/"],
            vec![bare, slash],
        ),
    ] {
        let issuer = TestIssuer::new("https://as.example.com", API);
        let first = built_by(&issuer, set);
        let other = built_by(&issuer, "https://other.example.com");
        let further = other.for_resource(set).unwrap();
        for validator in [first, further] {
            let metadata = validator.resource_metadata().unwrap();
            let member = format!("\"resource\":\"{uri}\"");
            assert!(metadata.body().contains(&member), "H13: {set}");
            // The comparison itself has no leniency: a token spells it as the configuration does,
            // or in lower case.
            let shouted = uri.replace("api.example", "API.EXAMPLE");
            let bad = bad.iter().copied().chain([shouted.as_str()]);
            let cases = good.iter().chain([&set]).map(|one| (*one, true));
            for (audience, is_good) in cases.chain(bad.map(|one| (one, false))) {
                let token = issuer.token().audience(audience).mint();
                let judged = validator.validate_cached(&token).unwrap();
                assert_eq!(judged.is_ok(), is_good, "H13: {set}, {audience}");
            }
        }
    }
}

fn built_by(issuer: &TestIssuer, resource: &str) -> Validator {
    let builder = Validator::builder().resource(resource);
    builder.issuer(issuer.to_issuer()).build().unwrap()
}

/// The resource is an audience, byte for byte, next to the others.
#[test]
fn h04_c02_the_resource_is_an_audience() {
    let issuer = TestIssuer::new("https://as.example.com", API);
    let validator = Validator::builder()
        .resource("https://api.example.com/v1")
        .audience("orders-api")
        .issuer(issuer.to_issuer())
        .build()
        .unwrap();
    for (audience, is_good) in [
        ("https://api.example.com/v1", true),
        ("orders-api", true),
        ("https://api.example.com/v1/", false),
        ("https://api.example.com", false),
    ] {
        let token = issuer.token().audience(audience).mint();
        let judged = validator.validate_cached(&token).unwrap();
        assert_eq!(judged.is_ok(), is_good, "{audience}");
    }
}
