//! Rows H03, H04 and H07: what is configured for the answers, and the metadata of this API.

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
        "HTTPS://api.example.com",
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
