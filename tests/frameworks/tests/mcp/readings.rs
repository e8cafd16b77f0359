//! What a server could read otherwise than the layer: URIs of resources.

use resource_server::mcp::ToolScopes;

use crate::{asked, message, scope, scopes};

/// Patterns within one another, and the rest open.
fn files() -> ToolScopes {
    ToolScopes::new()
        .resource("file:///reports/*", scope("reports"))
        .resource("file:///reports/secret", scope("secret"))
        .resource("file:///reports/a b", scope("space"))
        .resource("https://api.example.com/private/*", scope("private"))
        .resource("https://api.example.com", scope("root"))
        .resource("db://main/*", scope("admin"))
        .resource("db://main/table?name=open*", scope("open"))
        .otherwise_any_token()
}

#[tokio::test]
async fn h13_no_spelling_of_a_uri_gets_around_its_requirement() {
    for (uri, needed) in [
        ("file:///reports/a", Some("reports")),
        ("file:///reports/secret", Some("secret")),
        ("file:/reports/secret", Some("secret")),
        ("file:reports/secret", Some("secret")),
        ("file://localhost/reports/secret", Some("secret")),
        ("file:///reports%2Fsecret", Some("secret")),
        ("file:///reports%2fa", Some("reports")),
        ("file:////reports/a", Some("reports")),
        ("file:///reports%5Ca", Some("reports")),
        ("file:///reports//secret", Some("reports secret")),
        ("file:///reports/secret?a", Some("reports secret")),
        ("file:///reports/secret#a", Some("reports secret")),
        ("file:///reports/secret/", Some("reports secret")),
        ("file:///reports/a%20b", Some("space")),
        ("HTTPS://API.example.com:443/private/a", Some("private")),
        ("https:/api.example.com/private/a", Some("private")),
        ("https:///api.example.com/private/a", Some("private")),
        ("https:api.example.com/private/a", Some("private")),
        ("https://me@api.example.com/private/a", Some("private")),
        ("https://api.example.com/", Some("root")),
        ("https://api.example.com:443?a#b", Some("root")),
        // A narrower pattern takes precedence over what it is a part of.
        ("db://main/table?name=open1", Some("open")),
        ("db://main/table?name=other", Some("admin")),
        ("file:///reports/a/", Some("reports")),
        // The rest.
        ("file:///other", None),
        ("https://api.example.com:8443/private/a", None),
    ] {
        let body = message("resources/read", &format!(r#"{{"uri":"{uri}"}}"#));
        let expected = match needed {
            Some(scopes) => (403, Some(scopes.to_owned())),
            None => (200, None),
        };
        assert_eq!(asked(files(), "none", &body).await, expected, "H13: {uri}");
        let granted = needed.unwrap_or("none");
        let found = asked(files(), granted, &body).await;
        assert_eq!(found, (200, None), "H13: {uri}");
    }
    for uri in [
        r"file:///reports\\secret",
        " file:///reports/secret",
        "file:///reports/secret ",
        r"\u00a0file:///reports/secret",
        r"https://\uff41pi.example.com/private/a",
        "https://%EF%BD%81pi.example.com/private/a",
    ] {
        let body = message("resources/read", &format!(r#"{{"uri":"{uri}"}}"#));
        let found = asked(files(), "none", &body).await;
        assert_eq!(found, (400, None), "H13: {uri}");
    }
}

/// SEP-2640: methods that rmcp serves, with the URI of a resource.
#[tokio::test]
async fn h13_skills_and_directories_need_what_the_resource_needs() {
    for (method, uri, needed) in [
        ("skills/get", "file:///reports/a", "reports"),
        ("skills/get", "file:///reports/secret", "secret"),
        ("resources/directory/read", "file:///reports/a", "reports"),
        ("resources/directory/read", "file:///reports/", "reports"),
        ("resources/directory/read", "file:///reports", "reports"),
        (
            "resources/directory/read",
            "file:///reports/secret",
            "secret",
        ),
    ] {
        let body = message(method, &format!(r#"{{"uri":"{uri}"}}"#));
        let expected = (403, Some(needed.to_owned()));
        let found = asked(files(), "none", &body).await;
        assert_eq!(found, expected, "H13: {method} {uri}");
        let found = asked(files(), needed, &body).await;
        assert_eq!(found, (200, None), "H13: {method} {uri}");
    }
    // Reading the directory itself is another operation.
    let body = message("resources/read", r#"{"uri":"file:///reports"}"#);
    assert_eq!(asked(files(), "none", &body).await, (200, None), "H13");
    // What no rule covers is refused by default.
    for method in ["skills/get", "resources/directory/read"] {
        let body = message(method, r#"{"uri":"file:///other"}"#);
        let found = asked(scopes(), "none", &body).await;
        assert_eq!(found, (403, None), "H13: {method}");
    }
}
