//! How the layer composes in axum: with routers, other layers, and itself. Requests go to the
//! router without a socket, as an API's own tests would send them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{Extensions, HeaderName, Method, Request, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use framework_tests::{API, World};
use resource_server::testing::{TestIssuer, TestServer};
use resource_server::{
    AccessToken, Error, Evidence, Issuer, KeySource, NumericDate, PresentedToken, Requirement,
    Validator, error::SourceError, keys::KeySet,
};
use tower::ServiceExt;
use tower_http::cors::{Any, CorsLayer};

const OTHER: &str = "https://other.example.com";

async fn subject(token: AccessToken) -> String {
    token.subject().unwrap_or_default().to_owned()
}

async fn ask(router: &Router, request: Request<Body>) -> Response {
    router.clone().oneshot(request).await.unwrap()
}

fn to(path: &str, token: Option<&str>) -> Request<Body> {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(Body::empty()).unwrap()
}

async fn status(router: &Router, path: &str, token: Option<&str>) -> u16 {
    ask(router, to(path, token)).await.status().as_u16()
}

async fn body(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), 4096).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn challenge(response: &Response) -> &str {
    response.headers()[WWW_AUTHENTICATE].to_str().unwrap()
}

/// The only resource of a server may have its metadata at the root's well-known path too.
#[tokio::test]
async fn h13_the_root_serves_the_metadata_too_where_that_is_set() {
    const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
    let issuer = TestIssuer::new("https://as.example.com", API).to_issuer();
    let builder = Validator::builder().resource("https://api.example.com/mcp");
    let validator = builder.issuer(issuer).build().unwrap();
    let metadata = validator.resource_metadata().unwrap();
    for (metadata, at_root) in [(metadata.clone(), 404), (metadata.at_root_too(), 200)] {
        let document = metadata.body().to_owned();
        let app = Router::new().merge(metadata);
        let own = ask(&app, to(&format!("{WELL_KNOWN}/mcp"), None)).await;
        let root = ask(&app, to(WELL_KNOWN, None)).await;
        assert_eq!(
            (own.status().as_u16(), root.status().as_u16()),
            (200, at_root)
        );
        assert_eq!(body(own).await, document, "H13");
        if at_root == 200 {
            assert_eq!(body(root).await, document, "H13");
        }
    }
}

/// What the layer covers, and what stays open.
#[tokio::test]
async fn h06_nested_merged_and_unknown_routes() {
    let world = World::new();
    let protect = || world.validator.protect();
    let inner = Router::new().route("/list", get(subject));
    let public = Router::new().route("/health", get(|| async { "up" }));
    let layered = Router::new()
        .nest("/orders", inner.clone())
        .layer(protect());
    let route_layered = Router::new().nest("/orders", inner).route_layer(protect());
    // Merging brings the open fallback of the other router.
    let merged = layered.clone().merge(public.clone());
    let route_merged = route_layered.clone().merge(public);
    let token = world.token().mint();
    let routers = [
        (&layered, 401),
        (&route_layered, 404),
        (&merged, 404),
        (&route_merged, 404),
    ];
    for (router, unknown) in routers {
        assert_eq!(status(router, "/orders/list", None).await, 401);
        assert_eq!(status(router, "/orders/list", Some(&token)).await, 200);
        assert_eq!(status(router, "/unknown", None).await, unknown);
    }
    for router in [&merged, &route_merged] {
        assert_eq!(status(router, "/health", None).await, 200);
    }
}

/// A fallback is covered if it is there before the layer.
#[tokio::test]
async fn h06_a_fallback_before_and_after_the_layer() {
    let world = World::new();
    let fallback = || async { (StatusCode::NOT_FOUND, "nothing here") };
    let covered = Router::<()>::new()
        .fallback(fallback)
        .layer(world.validator.protect());
    let open = Router::<()>::new()
        .layer(world.validator.protect())
        .fallback(fallback);
    assert_eq!(status(&covered, "/any", None).await, 401);
    assert_eq!(
        status(&covered, "/any", Some(&world.token().mint())).await,
        404
    );
    assert_eq!(status(&open, "/any", None).await, 404);
}

#[tokio::test]
async fn h06_the_layer_works_with_state() {
    let world = World::new();
    let handler = |State(greeting): State<&'static str>, token: AccessToken| async move {
        format!("{greeting}, {}", token.subject().unwrap_or_default())
    };
    let router = Router::new()
        .route("/", get(handler))
        .layer(world.validator.protect())
        .with_state("hello");
    let response = ask(&router, to("/", Some(&world.token().mint()))).await;
    assert_eq!(body(response).await, "hello, alice");
}

/// With CORS outermost, a preflight needs no token, and a script of another origin can read a 401.
#[tokio::test]
async fn h06_h11_cors_is_outermost() {
    let world = World::new();
    let expose = [WWW_AUTHENTICATE, HeaderName::from_static("retry-after")];
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_headers(Any)
        .expose_headers(expose);
    let router = Router::new()
        .route("/", get(subject))
        .layer(world.validator.protect())
        .layer(cors);
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri("/")
        .header(ORIGIN, "https://app.example.com")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization")
        .body(Body::empty())
        .unwrap();
    assert_eq!(ask(&router, preflight).await.status(), 200);
    let mut request = to("/", None);
    request
        .headers_mut()
        .insert(ORIGIN, "https://app.example.com".parse().unwrap());
    let refused = ask(&router, request).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert_eq!(
        refused.headers()["access-control-expose-headers"],
        "www-authenticate,retry-after"
    );
    assert!(challenge(&refused).starts_with("Bearer "));
}

/// A source without a cache, which counts how often it is asked.
struct Counting(Arc<KeySet>, Arc<AtomicUsize>);

impl KeySource for Counting {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(Evidence::Keys(Arc::clone(&self.0)))
    }
}

fn counting(issuer: &TestIssuer) -> (Validator, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let keys = Arc::new(KeySet::from_jwks(&issuer.jwks()).unwrap());
    let source = Counting(keys, Arc::clone(&count));
    let validator = Validator::builder()
        .resource(API)
        .issuer(Issuer::new(issuer.name()).source(source))
        .build();
    (validator.unwrap(), count)
}

/// An inner layer of the same Validator takes the token over, and checks its own requirement.
#[tokio::test]
async fn h06_an_inner_layer_takes_the_token_over() {
    let issuer = TestIssuer::new("https://as.example.com", API);
    let (validator, count) = counting(&issuer);
    let inner = validator.protect().require(Requirement::scope("a"));
    let optional = validator.protect().optional();
    let router = Router::new()
        .route("/", get(subject).layer(inner))
        .route("/optional", get(subject).layer(optional))
        .layer(validator.protect());
    let token = issuer.token().scope("a").subject("alice").mint();
    assert_eq!(
        body(ask(&router, to("/", Some(&token))).await).await,
        "alice"
    );
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_eq!(status(&router, "/optional", Some(&token)).await, 200);
    assert_eq!(count.load(Ordering::SeqCst), 2);
    let without = issuer.token().scope("b").mint();
    assert_eq!(status(&router, "/", Some(&without)).await, 403);
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

/// One challenge has all scopes that the route needs, those of the layers outside among them: a
/// client that requests the inner one's alone would be refused outside.
#[tokio::test]
async fn h02_an_inner_layer_names_the_scopes_of_the_outer_one_too() {
    let world = World::new();
    let requires = |scope| world.validator.protect().require(Requirement::scope(scope));
    let router = Router::new()
        .route("/", get(subject))
        .layer(requires("b"))
        .layer(requires("a"));
    let token = |scope| world.token().scope(scope).mint();
    let refused = ask(&router, to("/", Some(&token("a")))).await;
    assert_eq!(refused.status(), 403);
    let named = challenge(&refused);
    assert!(
        named.contains("scope=\"b a\"") || named.contains("scope=\"a b\""),
        "{named}"
    );
    assert_eq!(status(&router, "/", Some(&token("a b"))).await, 200);
}

/// What an outer optional layer let through without a token gets no further than that.
#[tokio::test]
async fn h06_an_inner_layer_refuses_what_an_optional_one_let_through() {
    let world = World::new();
    let router = Router::new()
        .route("/", get(subject).layer(world.validator.protect()))
        .route("/any", get(|| async { "open" }))
        .route("/needs", get(subject))
        .layer(world.validator.protect().optional());
    assert_eq!(status(&router, "/any", None).await, 200);
    for path in ["/", "/needs"] {
        let refused = ask(&router, to(path, None)).await;
        assert_eq!(refused.status(), 401, "{path}");
        assert!(challenge(&refused).starts_with("Bearer scope="), "{path}");
        let token = world.token().mint();
        assert_eq!(status(&router, path, Some(&token)).await, 200, "{path}");
    }
}

/// A token that another audience accepted is judged again.
#[tokio::test]
async fn h06_h09_another_audience_is_judged_again() {
    let issuer = TestIssuer::new("https://as.example.com", API);
    let api = |resource| {
        let builder = Validator::builder().resource(resource);
        builder.issuer(issuer.to_issuer()).build().unwrap()
    };
    let (outer, inner) = (api(API), api(OTHER));
    let router = Router::new()
        .route("/", get(subject).layer(inner.protect()))
        .layer(outer.protect());
    let for_outer = issuer.token().mint();
    let refused = ask(&router, to("/", Some(&for_outer))).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(
        challenge(&refused),
        "Bearer error=\"invalid_token\", \
         resource_metadata=\"https://other.example.com/.well-known/oauth-protected-resource\""
    );
    let both = issuer.token().claim("aud", vec![API, OTHER]).mint();
    assert_eq!(status(&router, "/", Some(&both)).await, 200);
    // The same settings do not make the same Validator.
    let twin = Router::new()
        .route("/", get(subject).layer(api(API).protect()))
        .layer(outer.protect());
    assert_eq!(status(&twin, "/", Some(&for_outer)).await, 200);
}

/// A token that was accepted from a cache is judged again where it must be introspected; one that
/// was introspected is good for both.
#[tokio::test]
async fn h06_a_weaker_check_is_judged_again() {
    let server = TestServer::start(API).await.unwrap();
    let introspection = server.introspection();
    let issuer = Issuer::new(server.issuer().name())
        .introspection(introspection)
        .opaque_tokens();
    let validator = Validator::builder()
        .resource(API)
        .issuer(issuer)
        .build()
        .unwrap();
    let cached = || validator.protect();
    let online = || validator.protect().online();
    let strict_inside = Router::new()
        .route("/weak", get(subject))
        .route("/strict", get(subject).layer(online()))
        .layer(cached());
    let strict_outside = Router::new()
        .route("/", get(subject).layer(cached()))
        .layer(online());
    let members = serde_json::json!({"active": true, "aud": API, "exp": 4_000_000_000_u64});
    let token = server.opaque_token(members);
    let count = || server.fetches().introspection;

    assert_eq!(status(&strict_inside, "/strict", Some(&token)).await, 200);
    assert_eq!(count(), 2);
    assert_eq!(status(&strict_outside, "/", Some(&token)).await, 200);
    assert_eq!(count(), 3);
    server.revoke(&token);
    assert_eq!(status(&strict_inside, "/weak", Some(&token)).await, 200);
    assert_eq!(status(&strict_inside, "/strict", Some(&token)).await, 401);
    assert_eq!(status(&strict_outside, "/", Some(&token)).await, 401);
}

/// A middleware between two layers that changes the credentials, such as one that sends a part of a
/// batch to the router with headers of its own.
#[tokio::test]
async fn h06_credentials_that_change_between_two_layers_are_judged() {
    let world = World::new();
    let bob = format!("Bearer {}", world.token().subject("bob").mint());
    let expired = NumericDate::from_secs(1_600_000_000);
    let expired = format!("Bearer {}", world.token().expires_at(expired).mint());
    let replaced = |lines: Vec<String>| {
        let change = from_fn(move |mut request: Request<Body>, next: Next| {
            let headers = request.headers_mut();
            headers.remove("authorization");
            for line in &lines {
                headers.append("authorization", line.parse().unwrap());
            }
            next.run(request)
        });
        Router::new()
            .route("/", get(subject).layer(world.validator.protect()))
            .layer(change)
            .layer(world.validator.protect())
    };
    let cases = [
        (vec![bob.clone()], 200, "bob"),
        (vec![expired], 401, ""),
        (vec!["Bearer no.token".to_owned()], 401, ""),
        (vec!["DPoP abc".to_owned()], 401, ""),
        (vec![bob.clone(), bob], 400, ""),
        // Nothing else is presented, so the token that was accepted applies.
        (vec![], 200, "alice"),
    ];
    let alice = world.token().mint();
    for (lines, status, expected) in cases {
        let router = replaced(lines.clone());
        let response = ask(&router, to("/", Some(&alice))).await;
        assert_eq!(response.status(), status, "{lines:?}");
        assert_eq!(body(response).await, expected, "{lines:?}");
    }
}

/// A request that is dispatched later with what is left of an earlier one, as for each message of a
/// session. What the layer decided was for the earlier one.
#[tokio::test]
async fn h06_an_earlier_decision_is_not_taken_over_later() {
    let world = World::new();
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let keeping = move |request: Request<Body>| async move {
        *keep.lock().unwrap() = Some(request.into_parts().0);
    };
    let session = Router::new()
        .route("/", get(keeping))
        .layer(world.validator.protect());
    let minted = world.token().expires_in(Duration::from_secs(300)).mint();
    assert_eq!(status(&session, "/", Some(&minted)).await, 200);

    let parts = kept.lock().unwrap().take().unwrap();
    let message = || Request::from_parts(parts.clone(), Body::empty());
    let router = Router::new()
        .route("/", get(subject))
        .layer(world.validator.protect());
    assert_eq!(ask(&router, message()).await.status(), 200);
    world.clock.advance(Duration::from_secs(330));
    let refused = ask(&router, message()).await;
    assert_eq!(refused.status(), 401);
    assert!(challenge(&refused).contains("invalid_token"));
    // Not even where the credentials are gone.
    let mut bare = message();
    bare.headers_mut().clear();
    assert_eq!(ask(&router, bare).await.status(), 401);
}

/// In axum, a method that is added to a route after the layer is not above it.
#[tokio::test]
async fn h06_a_method_that_is_added_after_the_layer_is_open() {
    let world = World::new();
    let open = || async { "open" };
    let layered = get(subject).layer(world.validator.protect());
    let router = Router::new().route("/after", layered.post(open)).route(
        "/before",
        get(subject).post(open).layer(world.validator.protect()),
    );
    for (path, method, expected) in [
        ("/after", Method::GET, 401),
        ("/after", Method::HEAD, 401),
        ("/after", Method::POST, 200),
        ("/before", Method::POST, 401),
        ("/before", Method::PUT, 401),
    ] {
        let mut request = to(path, None);
        *request.method_mut() = method.clone();
        let response = ask(&router, request).await;
        assert_eq!(response.status(), expected, "{method} {path}");
    }
}

/// What another middleware puts into the extensions is not what the layer leaves there.
#[tokio::test]
async fn h06_a_token_in_the_extensions_is_no_admission() {
    let world = World::new();
    let token = world
        .validator
        .validate(&world.token().mint())
        .await
        .unwrap();
    let forge = from_fn(move |mut request: Request<Body>, next: Next| {
        request.extensions_mut().insert(token.clone());
        next.run(request)
    });
    let router = Router::new().route("/", get(subject)).layer(forge);
    assert_eq!(status(&router, "/", None).await, 500);
}

/// Where a framework in between can't return an error, the handler leaves it. The first one wins.
#[tokio::test]
async fn h12_an_error_that_is_left_replaces_the_response() {
    let world = World::new();
    let handler = |token: AccessToken, extensions: Extensions| async move {
        for scope in ["orders:write", "orders:delete"] {
            if let Err(error) = token.require(&Requirement::scope(scope)) {
                error.replace_response(&extensions).unwrap();
            }
        }
        "served by a framework"
    };
    let router = Router::new()
        .route("/", get(handler))
        .route("/twice", get(handler).layer(world.validator.protect()))
        .layer(world.validator.protect());
    for path in ["/", "/twice"] {
        let refused = ask(&router, to(path, Some(&world.token().mint()))).await;
        assert_eq!(refused.status(), 403, "{path}");
        assert!(
            challenge(&refused).contains("scope=\"orders:write\""),
            "{}",
            challenge(&refused)
        );
        assert_eq!(body(refused).await, "");
        let allowed = world.token().scope("orders:write orders:delete").mint();
        let served = ask(&router, to(path, Some(&allowed))).await;
        assert_eq!(body(served).await, "served by a framework");
    }
    // Where no layer is, nothing replaces the response, and the caller learns it.
    let error: Error = world.validator.validate("no.token").await.unwrap_err();
    assert!(error.replace_response(&Extensions::new()).is_err());
}

/// An error that comes too late is not lost without a word.
#[tokio::test]
async fn h12_an_error_that_comes_after_the_response_is_told() {
    let world = World::new();
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let keeping = move |token: AccessToken, extensions: Extensions| async move {
        let error = token.require(&Requirement::scope("orders:write"));
        *keep.lock().unwrap() = error.err().map(|error| (error, extensions));
    };
    let router = Router::new()
        .route("/", get(keeping).layer(world.validator.protect()))
        .layer(world.validator.protect());
    let token = world.token().mint();
    assert_eq!(status(&router, "/", Some(&token)).await, 200);
    let (error, extensions) = kept.lock().unwrap().take().unwrap();
    let late = error.replace_response(&extensions).unwrap_err();
    assert_eq!(late.status(), 500);

    // A later request with the same parts has an answer of its own.
    let leaving = |token: AccessToken, uri: Uri, extensions: Extensions| async move {
        if let Err(error) = token.require(&Requirement::scope(&uri.path()[1..])) {
            error.replace_response(&extensions).unwrap();
        }
    };
    let router = Router::new()
        .fallback(leaving)
        .layer(world.validator.protect());
    for (path, expected) in [
        ("/orders:write", 403),
        ("/orders:read", 200),
        ("/orders:write", 403),
    ] {
        let mut request = to(path, None);
        *request.extensions_mut() = extensions.clone();
        assert_eq!(ask(&router, request).await.status(), expected, "{path}");
    }
}

/// A mistake in a requirement shows in the first request, whatever it presents.
#[tokio::test]
async fn o02_a_requirement_that_no_token_can_meet() {
    let world = World::new();
    let mistaken = || {
        world
            .validator
            .protect()
            .require(Requirement::scope("orders read"))
    };
    let router = Router::new()
        .route("/", get(subject).layer(mistaken()))
        .layer(world.validator.protect());
    let alone = Router::new()
        .route("/", get(subject))
        .layer(mistaken().optional());
    assert_eq!(status(&router, "/", Some(&world.token().mint())).await, 500);
    assert_eq!(status(&alone, "/", None).await, 500);
    assert_eq!(status(&alone, "/", Some("no.token")).await, 500);
}
