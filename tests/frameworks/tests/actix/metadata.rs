//! The metadata document.

use actix_web::http::Method;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, web};
use resource_server::Resource;

use crate::orders;
use crate::support::{get, named, send, test_issuer, validator_of};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

#[actix_web::test]
async fn h04_the_document_answers_get_and_head_alone() {
    let metadata = validator_of(&test_issuer()).resource_metadata().unwrap();
    let document = metadata.body().to_owned();
    let app = init_service(App::new().service(metadata)).await;
    let table = [
        (Method::GET, 200, document.as_str(), None),
        // A server leaves the body of this answer out.
        (Method::HEAD, 200, document.as_str(), None),
        (Method::POST, 405, "", Some("GET, HEAD")),
        (Method::OPTIONS, 405, "", Some("GET, HEAD")),
    ];
    for (method, status, body, allow) in table {
        let request = TestRequest::default()
            .method(method.clone())
            .uri(WELL_KNOWN);
        let reply = send(&app, request).await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (status, body),
            "{method}"
        );
        assert_eq!(reply.all("allow"), Vec::from_iter(allow), "{method}");
        let media_type = (status == 200).then_some("application/json");
        assert_eq!(
            reply.all("content-type"),
            Vec::from_iter(media_type),
            "{method}"
        );
    }
}

#[actix_web::test]
async fn h13_the_root_serves_the_document_too_where_that_is_set() {
    let resource = Resource::new("https://api.example.com/mcp");
    let metadata = named(&test_issuer(), resource).resource_metadata().unwrap();
    for (metadata, at_root) in [(metadata.clone(), 404), (metadata.at_root_too(), 200)] {
        let app = init_service(App::new().service(metadata)).await;
        let own = get(&app, &format!("{WELL_KNOWN}/mcp"), None).await;
        let root = get(&app, WELL_KNOWN, None).await;
        assert_eq!((own.status, root.status), (200, at_root), "H13");
        assert!(
            at_root == 404 || root.body == own.body,
            "H13: {}",
            root.body
        );
    }
}

#[actix_web::test]
async fn h04_each_resource_of_an_app_has_its_document() {
    let issuer = test_issuer();
    // actix-web decodes paths before it compares them, and a pattern gives braces a meaning.
    let resources = [
        "https://api.example.com",
        "https://api.example.com/v1",
        "https://api.example.com/v1/",
        "https://api.example.com/a%20b",
        "https://api.example.com/a%2Fb",
        "https://api.example.com/a+(b)",
    ];
    let mut app = App::new();
    for resource in resources {
        let metadata = named(&issuer, Resource::new(resource)).resource_metadata();
        app = app.service(metadata.unwrap());
    }
    let protected = web::scope("/v1").service(web::resource("/orders").get(orders));
    let protect = validator_of(&issuer).protect();
    let app = init_service(app.service(protected.wrap(protect))).await;
    for resource in resources {
        let path = resource.trim_start_matches("https://api.example.com");
        let reply = get(&app, &format!("{WELL_KNOWN}{path}"), None).await;
        assert_eq!(reply.status, 200, "{resource}");
        let member = format!("\"resource\":\"{resource}\"");
        assert!(reply.body.contains(&member), "{resource}: {}", reply.body);
    }
    for path in ["/v2", "/v1x", "x", "/a b", "/a/b"] {
        let path = path.replace(' ', "%09");
        let reply = get(&app, &format!("{WELL_KNOWN}{path}"), None).await;
        assert_eq!(reply.status, 404, "{path}");
    }
}
