//! Handlers and middleware that refuse behind the layer.

use actix_web::dev::{Service, ServiceResponse};
use actix_web::error::ErrorBadGateway;
use actix_web::test::init_service;
use actix_web::{App, FromRequest, HttpRequest, HttpResponse, web};
use resource_server::{AccessToken, Error, Misconfigured, Requirement};

use crate::support::{get, test_issuer, validator_of};

fn lacks(token: &AccessToken, scope: &'static str) -> Error {
    token.require(&Requirement::scope(scope)).unwrap_err()
}

/// Leaves two errors, and answers all the same.
async fn leaves_errors(request: HttpRequest, token: AccessToken) -> Result<&'static str, Error> {
    lacks(&token, "first").replace_response_to(&request)?;
    lacks(&token, "second").replace_response_to(&request)?;
    Ok("served")
}

/// An error of the API's own, as it passes through actix-web.
async fn wraps_errors(token: AccessToken) -> Result<&'static str, actix_web::Error> {
    Err(lacks(&token, "first").into())
}

async fn answers(token: AccessToken) -> HttpResponse {
    lacks(&token, "first").answer().into()
}

#[actix_web::test]
async fn h12_an_error_that_a_handler_leaves_is_the_answer() {
    let issuer = test_issuer();
    // It replaces the handler's response by an error of its own.
    let failing = web::resource("/failing").get(leaves_errors);
    let failing = failing.wrap_fn(|request, service| {
        let served = service.call(request);
        async move {
            served.await?;
            Err::<ServiceResponse, _>(ErrorBadGateway("no response"))
        }
    });
    let app = App::new()
        .service(web::resource("/left").get(leaves_errors))
        .service(web::resource("/wrapped").get(wraps_errors))
        .service(web::resource("/answered").get(answers))
        .service(failing)
        .wrap(validator_of(&issuer).protect());
    let app = init_service(app).await;
    let token = issuer.token().mint();
    for path in ["/left", "/wrapped", "/answered", "/failing"] {
        let reply = get(&app, path, Some(&token)).await;
        assert_eq!((reply.status, reply.body.as_str()), (403, ""), "{path}");
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"first\", resource_metadata=\
                         \"https://api.example.com/.well-known/oauth-protected-resource\"";
        assert_eq!(reply.all("www-authenticate"), [challenge], "{path}");
        assert_eq!(reply.all("cache-control"), ["no-store"], "{path}");
        assert_eq!(reply.all("content-type"), [""; 0], "{path}");
    }
}

/// Middleware between two layers leaves an error after the inner one has sent the response. The
/// outer one sends its answer if both are of one Validator. Otherwise the middleware learns it.
#[actix_web::test]
async fn h12_an_error_between_two_layers_is_never_lost() {
    let issuer = test_issuer();
    let outer = validator_of(&issuer);
    for (inner, expected) in [(outer.clone(), 403), (validator_of(&issuer), 500)] {
        let resource = web::resource("/")
            .get(|| async { "served" })
            .wrap(inner.protect())
            .wrap_fn(|request, service| {
                let served = service.call(request);
                async move {
                    let response = served.await?;
                    let token = AccessToken::extract(response.request()).await?;
                    lacks(&token, "first").replace_response_to(response.request())?;
                    Ok(response)
                }
            });
        let app = App::new().service(resource).wrap(outer.protect());
        let app = init_service(app).await;
        let reply = get(&app, "/", Some(&issuer.token().mint())).await;
        assert_eq!(reply.status, expected);
    }
}

#[actix_web::test]
async fn h12_an_error_is_never_left_without_a_layer() {
    async fn leaves(request: HttpRequest) -> Result<&'static str, Error> {
        let mistake = Requirement::scope("").check().unwrap_err();
        Error::from(Misconfigured::from(mistake)).replace_response_to(&request)?;
        Ok("served")
    }
    let app = App::new().service(web::resource("/bare").get(leaves));
    let reply = get(&init_service(app).await, "/bare", None).await;
    assert_eq!(reply.status, 500);
    assert!(reply.body.contains("no layer judged"), "{}", reply.body);
}
