//! Layers inside layers, and other middleware around them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::dev::Service;
use actix_web::http::header::{ACCEPT_ENCODING, AUTHORIZATION};
use actix_web::middleware::{Compress, Logger};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, web};
use resource_server::keys::KeySet;
use resource_server::testing::{TestIssuer, TestServer};
use resource_server::{
    Error, Evidence, Issuer, KeySource, PresentedToken, Requirement, Resource, Validator,
    error::SourceError,
};

use crate::support::{API, get, introspecting, named, send, test_issuer, validator_of};
use crate::{optional, orders};

const METADATA: &str =
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";

/// Counts how often a token is judged.
struct Counted {
    keys: Arc<KeySet>,
    calls: Arc<AtomicUsize>,
}

impl KeySource for Counted {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(Evidence::Keys(Arc::clone(&self.keys)))
    }
}

fn counted(issuer: &TestIssuer) -> (Validator, Arc<AtomicUsize>) {
    let keys = KeySet::from_jwks(&issuer.jwks()).unwrap();
    let calls = Arc::default();
    let source = Counted {
        keys: Arc::new(keys),
        calls: Arc::clone(&calls),
    };
    let validator = Validator::builder()
        .resource(API)
        .issuer(Issuer::new(issuer.name()).source(source));
    (validator.build().unwrap(), calls)
}

#[actix_web::test]
async fn h06_scopes_and_resources_take_the_token_of_the_app_over() {
    let issuer = test_issuer();
    let (validator, calls) = counted(&issuer);
    let write = Requirement::scope("orders:write");
    let innermost = validator.protect().require(write);
    let resource = web::resource("/orders").get(orders).wrap(innermost);
    let scope = web::scope("/v1")
        .service(resource)
        .wrap(validator.protect());
    let app = App::new().service(scope).wrap(validator.protect());
    let app = init_service(app).await;

    let good = issuer.token().subject("alice").scope("orders:write").mint();
    let reply = get(&app, "/v1/orders", Some(&good)).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "alice"));
    assert_eq!(calls.load(Ordering::Relaxed), 1);

    // What the innermost layer requires is checked all the same.
    let weak = issuer.token().scope("orders:read").mint();
    let reply = get(&app, "/v1/orders", Some(&weak)).await;
    assert_eq!(reply.status, 403);
    let challenge =
        format!("Bearer error=\"insufficient_scope\", scope=\"orders:write\", {METADATA}");
    assert_eq!(reply.all("www-authenticate"), [challenge]);
    assert_eq!(calls.load(Ordering::Relaxed), 2);

    // The layer covers unknown paths too.
    assert_eq!(get(&app, "/unknown", None).await.status, 401);
    assert_eq!(get(&app, "/v1/unknown", Some(&weak)).await.status, 404);
}

#[actix_web::test]
async fn h06_another_validator_judges_again() {
    const OTHER: &str = "https://other.example.com";
    let issuer = test_issuer();
    let other = issuer.to_issuer();
    let other = Validator::builder().resource(OTHER).issuer(other);
    let inner = web::scope("/other")
        .service(web::resource("/orders").get(orders))
        .wrap(other.build().unwrap().protect());
    let app = App::new()
        .service(inner)
        .wrap(validator_of(&issuer).protect());
    let app = init_service(app).await;

    let one = issuer.token().subject("alice").mint();
    let reply = get(&app, "/other/orders", Some(&one)).await;
    assert_eq!(reply.status, 401);
    assert_eq!(
        reply.all("www-authenticate"),
        ["Bearer error=\"invalid_token\", \
             resource_metadata=\"https://other.example.com/.well-known/oauth-protected-resource\""]
    );
    let both = issuer
        .token()
        .subject("alice")
        .claim("aud", vec![API, OTHER]);
    let reply = get(&app, "/other/orders", Some(&both.mint())).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "alice"));
}

#[actix_web::test]
async fn h06_an_online_layer_judges_what_a_cached_one_accepted() {
    let server = TestServer::start(API).await.unwrap();
    let validator = introspecting(&server);
    let online = web::scope("/online")
        .service(web::resource("/orders").get(orders))
        .wrap(validator.protect().online());
    let app = App::new()
        .service(online)
        .service(web::resource("/orders").get(orders))
        .wrap(validator.protect());
    let app = init_service(app).await;

    let token = server.opaque_token(serde_json::json!({"sub": "alice"}));
    for path in ["/orders", "/online/orders"] {
        assert_eq!(get(&app, path, Some(&token)).await.body, "alice", "{path}");
    }
    server.revoke(&token);
    // The outer layer still accepts it, by the response that it keeps.
    assert_eq!(get(&app, "/orders", Some(&token)).await.status, 200);
    assert_eq!(get(&app, "/online/orders", Some(&token)).await.status, 401);
}

/// A middleware between two layers that changes the credentials.
#[actix_web::test]
async fn h06_credentials_that_change_between_two_layers_are_judged() {
    let issuer = test_issuer();
    let validator = validator_of(&issuer);
    let bearer = |subject| format!("Bearer {}", issuer.token().subject(subject).mint());
    let cases = [
        (Some(bearer("bob")), 200, "bob"),
        (Some("Bearer no.token".to_owned()), 401, ""),
        // Nothing else is presented, so the token that was accepted applies.
        (None, 200, "alice"),
    ];
    for (line, status, body) in cases {
        let resource = web::resource("/orders")
            .get(orders)
            .wrap(validator.protect())
            .wrap_fn(move |mut request, service| {
                let headers = request.headers_mut();
                headers.remove(AUTHORIZATION);
                if let Some(line) = &line {
                    headers.insert(AUTHORIZATION, line.parse().unwrap());
                }
                service.call(request)
            });
        let app = App::new().service(resource).wrap(validator.protect());
        let app = init_service(app).await;
        let alice = issuer.token().subject("alice").mint();
        let reply = get(&app, "/orders", Some(&alice)).await;
        assert_eq!((reply.status, reply.body.as_str()), (status, body));
    }
}

#[actix_web::test]
async fn h06_a_required_layer_inside_of_an_optional_one_refuses() {
    let issuer = test_issuer();
    let validator = validator_of(&issuer);
    let required = web::resource("/orders")
        .get(orders)
        .wrap(validator.protect());
    let app = App::new()
        .service(web::resource("/greeting").get(optional))
        .service(required)
        .wrap(validator.protect().optional());
    let app = init_service(app).await;
    assert_eq!(get(&app, "/greeting", None).await.body, "anonymous");
    assert_eq!(get(&app, "/orders", None).await.status, 401);
    let token = issuer.token().subject("alice").mint();
    assert_eq!(get(&app, "/orders", Some(&token)).await.body, "alice");
}

#[actix_web::test]
async fn h06_middleware_outside_sees_a_response_of_a_refusal() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let api = named(&test_issuer(), Resource::new(API).problem_json());
    let app = App::new()
        .service(web::resource("/orders").get(orders))
        .wrap(api.protect())
        .wrap_fn(move |request, service| {
            let count = Arc::clone(&count);
            let served = service.call(request);
            async move {
                let response = served.await?;
                let error = response.response().error();
                let error = error.and_then(|error| error.as_error::<Error>());
                assert!(matches!(error, Some(Error::Rejected(_))));
                count.fetch_add(1, Ordering::Relaxed);
                Ok(response)
            }
        })
        .wrap(Logger::default())
        .wrap(Compress::default());
    let app = init_service(app).await;
    for encoding in ["identity", "gzip"] {
        let request = TestRequest::get()
            .uri("/orders")
            .insert_header((ACCEPT_ENCODING, encoding));
        let reply = send(&app, request).await;
        assert_eq!(reply.status, 401, "{encoding}");
        let challenge = format!("Bearer {METADATA}");
        assert_eq!(reply.all("www-authenticate"), [challenge], "{encoding}");
        assert_eq!(reply.all("cache-control"), ["no-store"], "{encoding}");
        let media_type = ["application/problem+json"];
        assert_eq!(reply.all("content-type"), media_type, "{encoding}");
        let is_gzip = reply.all("content-encoding") == ["gzip"];
        assert_eq!(is_gzip, encoding == "gzip");
        if !is_gzip {
            assert_eq!(reply.body, "{\"status\":401,\"title\":\"Unauthorized\"}");
        }
    }
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}
