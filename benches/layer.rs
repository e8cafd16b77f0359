//! The cost of the layer, compared with a call of `validate` by hand in front of the same service.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench layer` prints a table.

#[allow(dead_code)] // a part of it is used
mod cell;
mod rounds;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};

use http::{Request, Response};
use resource_server::testing::TestIssuer;
use resource_server::{
    AccessToken, Algorithm, Issuer, NumericDate, Requirement, StaticKeys, Validator,
};
use tower_layer::Layer;
use tower_service::Service;

use cell::time;
use rounds::{Case, Figure, measure, pollster};

const ISSUER: &str = "https://as.example.com";
const API: &str = "https://api.example.com";
const GARBAGE_BYTES: usize = 860;
const CACHE_BYTES: u64 = 1024 * 1024;

/// Answers with the length of the subject, if there is a token.
#[derive(Clone)]
struct Handler;

impl Service<Request<()>> for Handler {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let token = AccessToken::of(request.extensions());
        let length = token.ok().and_then(|token| Some(token.subject()?.len()));
        ready(Ok(Response::new(length.unwrap_or_default().to_string())))
    }
}

fn validator(algorithm: Algorithm) -> (TestIssuer, Validator) {
    let issuer = TestIssuer::new(ISSUER, API).algorithms([algorithm]);
    let keys = StaticKeys::from_jwks(&issuer.jwks()).expect("keys");
    let builder = Validator::builder().resource(API);
    let validator = builder.issuer(Issuer::new(ISSUER).keys(keys)).build();
    (issuer, validator.expect("sound settings"))
}

/// What an API without the layer would do in each handler, as little as there is.
fn by_hand(validator: &Validator, request: &Request<()>) -> Response<String> {
    let line = request.headers().get("authorization");
    let bearer = line.and_then(|line| line.to_str().ok()?.strip_prefix("Bearer "));
    let token = pollster(validator.validate(bearer.unwrap_or_default())).expect("a good token");
    token
        .require(&Requirement::scope("orders:read"))
        .expect("the scope");
    Response::new(token.subject().unwrap_or_default().len().to_string())
}

/// Calls the service. A refusal by the layer has the status 401.
fn answer<S>(service: &S, request: Request<()>, status: u16) -> Response<String>
where
    S: Service<Request<()>, Response = Response<String>, Error = Infallible> + Clone,
{
    let response = pollster(service.clone().call(request)).expect("a service that can't fail");
    assert_eq!(response.status(), status);
    response
}

fn main() {
    let algorithms = [Algorithm::EdDSA, Algorithm::RS256];
    let columns = algorithms.map(measure_with);
    println!("<!-- layer -->");
    println!("| case | EdDSA | RS256 | allocations |");
    println!("| --- | --: | --: | --: |");
    for (at, by_hand) in columns[0].iter().enumerate() {
        let [eddsa, rs256] = columns.each_ref().map(|figures| match at {
            0 => time(figures[0].median_ns),
            _ => time(figures[0].median_ns * (figures[at].ratio - 1.0)),
        });
        let allocations = match at {
            0 => by_hand.allocations,
            _ => by_hand.allocations - columns[0][0].allocations,
        };
        println!("| {} | {eddsa} | {rs256} | {allocations} |", by_hand.name);
    }
    println!();
    println!("<!-- layer/short -->");
    println!("| case | time | allocations |");
    println!("| --- | --: | --: |");
    for figure in measure_short() {
        let time = time(figure.median_ns);
        println!("| {} | {time} | {} |", figure.name, figure.allocations);
    }
}

/// Requests that need no signature, with RS256.
fn measure_short() -> Vec<Figure> {
    let (issuer, validator) = validator(Algorithm::RS256);
    let cached = {
        let keys = StaticKeys::from_jwks(&issuer.jwks()).expect("keys");
        let builder = Validator::builder().resource(API).token_cache(CACHE_BYTES);
        let builder = builder.issuer(Issuer::new(ISSUER).keys(keys));
        builder.build().expect("sound settings")
    };
    let request = |line: &str| {
        let request = Request::get("/orders").header("authorization", line);
        request.body(()).expect("a request")
    };
    let token = issuer
        .token()
        .algorithm(Algorithm::RS256)
        .subject("alice")
        .scope("orders:read");
    let garbage = format!("Bearer {}", "x".repeat(GARBAGE_BYTES));
    let hour_ago = NumericDate::from_secs(1_700_000_000);
    let expired = format!("Bearer {}", token.clone().expires_at(hour_ago).mint());
    let good = format!("Bearer {}", token.mint());
    let layer = |validator: &Validator| {
        let protect = validator.protect();
        let protect = protect.require(Requirement::scope("orders:read"));
        protect.layer(Handler)
    };
    let (plain, cached) = (layer(&validator), layer(&cached));
    let cases = [
        Case {
            name: "the request alone",
            run: Box::new(|| {
                black_box(request(black_box(&garbage)));
            }),
        },
        Case {
            name: "860 bytes of garbage are refused, and the request",
            run: Box::new(|| {
                black_box(answer(&plain, request(black_box(&garbage)), 401));
            }),
        },
        Case {
            name: "an expired token is refused, and the request",
            run: Box::new(|| {
                black_box(answer(&plain, request(black_box(&expired)), 401));
            }),
        },
        Case {
            name: "a token in the cache of tokens, and the request",
            run: Box::new(|| {
                black_box(answer(&cached, request(black_box(&good)), 200));
            }),
        },
    ];
    measure(&cases, |_| 0)
}

/// The first is what the others are compared with.
fn measure_with(algorithm: Algorithm) -> Vec<Figure> {
    let (issuer, validator) = validator(algorithm);
    let line = format!(
        "Bearer {}",
        issuer
            .token()
            .algorithm(algorithm)
            .subject("alice")
            .scope("orders:read")
            .mint()
    );
    let request = || {
        let request = Request::get("/orders").header("authorization", &line);
        request.body(()).expect("a request")
    };
    let protect = || validator.protect();
    let scope = || protect().require(Requirement::scope("orders:read"));
    let one = scope().layer(Handler);
    let two = protect().layer(scope().layer(Handler));
    let cases = [
        Case {
            name: "`validate` by hand",
            run: Box::new(|| {
                black_box(by_hand(&validator, black_box(&request())));
            }),
        },
        Case {
            name: "more with the layer",
            run: Box::new(|| {
                black_box(answer(&one, black_box(request()), 200));
            }),
        },
        Case {
            name: "more with a layer inside another",
            run: Box::new(|| {
                black_box(answer(&two, black_box(request()), 200));
            }),
        },
    ];
    measure(&cases, |_| 0)
}
