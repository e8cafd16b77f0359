//! Errors as statuses, without a server.

use framework_tests::{API, World};
use http::HeaderMap;
use resource_server::testing::TestIssuer;
use resource_server::{Credentials, Error, Requirement, Resource, Validator};
use tonic::{Code, Status};

/// A body and its media type belong to HTTP alone.
#[tokio::test]
async fn h06_h11_a_status_has_no_media_type() {
    let issuer = TestIssuer::new("https://as.example.com", API);
    let validator = Validator::builder()
        .resource(Resource::new(API).problem_json().describe_errors())
        .issuer(issuer.to_issuer());
    let validator = validator.build().unwrap();
    let error = validator.authenticate(&Credentials::bearer("abc")).await;
    let error = error.unwrap_err();
    let headers: Vec<_> = error.answer().headers().map(|(name, _)| name).collect();
    assert!(headers.contains(&"content-type"), "{headers:?}");

    let explained = error.explain();
    let status = Status::from(error);
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(status.message(), "a valid access token is required");
    assert!(!explained.contains(status.message()));
    let metadata: HeaderMap = status.metadata().clone().into_headers();
    let mut names: Vec<_> = metadata.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["cache-control", "www-authenticate"]);
    let response = status.into_http::<String>();
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert_eq!(response.headers().get_all("content-type").iter().count(), 1);
}

#[tokio::test]
async fn h06_each_status_of_http_has_its_code() {
    let world = World::new();
    let validator = &world.validator;
    let refused = async |credentials: Credentials<'_>| {
        let judged = validator.authenticate(&credentials).await;
        judged.unwrap_err()
    };
    let lines: [&[u8]; 1] = [b"Bearer"];
    let down = world.unreachable_token().mint();
    let good = validator.validate(&world.token().mint()).await.unwrap();
    let require = |scope| good.require(&Requirement::scope(scope)).unwrap_err();
    let malformed = refused(Credentials::from_authorization(lines)).await;
    let table: [(Error, u16, Code); 5] = [
        (malformed, 400, Code::Unauthenticated),
        (
            refused(Credentials::none()).await,
            401,
            Code::Unauthenticated,
        ),
        (require("orders:write"), 403, Code::PermissionDenied),
        (
            refused(Credentials::bearer(&down)).await,
            503,
            Code::Unavailable,
        ),
        (require("orders write"), 500, Code::Internal),
    ];
    for (error, status, code) in table {
        assert_eq!(error.status(), status);
        assert_eq!(Status::from(error).code(), code, "{status}");
    }
}
