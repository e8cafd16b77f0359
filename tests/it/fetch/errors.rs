//! Rows P01 and K04: an error and a `Debug` output are bounded with any response of the issuer, and
//! show no password of a mistaken setting.

use resource_server::keys::KeySet;
use resource_server::testing::TestIssuer;
use resource_server::{Error, Fetch, Issuer, Policy, Validator};
use serde_json::json;

use crate::support::http::{AUDIENCE, HandMade, NOT_FOUND, by_hand, clock, json, validator};

const NAME: &str = "https://as.example.com";
const SECRET: &str = "SECRET-OF-SOMEBODY";

/// What an error shows, in each way that a program may log it.
async fn shown(name: &str, issuer: Issuer) -> Vec<String> {
    let clock = clock();
    let token = TestIssuer::new(name, AUDIENCE)
        .clock(clock.clone())
        .token()
        .mint();
    let validator = validator(issuer.refresh_on_demand(), &clock);
    let Err(error @ Error::Unavailable(_)) = validator.validate(&token).await else {
        panic!("not an outage");
    };
    let health = validator.health();
    let last_error = health[0].status().last_error.clone().unwrap();
    vec![
        format!("{error:?}"),
        error.to_string(),
        error.explain(),
        format!("{health:?}"),
        last_error,
    ]
}

#[tokio::test]
async fn p01_text_of_an_issuer_does_not_fill_an_error() {
    let long = "x".repeat(200 * 1024);
    let issuers = [
        // Another issuer's document.
        json(&json!({"issuer": format!("https://{long}"), "jwks_uri": NAME})),
        // An address of 200 KB.
        json(&json!({"issuer": "HOST", "jwks_uri": format!("HOST/{long}")})),
        json(&json!({"issuer": "HOST", "jwks_uri": long})),
        format!(
            "HTTP/1.1 307 Away\r\nlocation: HOST/{}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "x".repeat(16 * 1024)
        ),
    ];
    for (number, answer) in issuers.into_iter().enumerate() {
        let server = HandMade::answering(move |request| {
            if request.path().starts_with("/.well-known") {
                let body = answer.split_once("\r\n\r\n").unwrap().1;
                if body.is_empty() {
                    answer.replace("HOST", &request.host)
                } else {
                    let body = body.replace("HOST", &request.host);
                    json(&serde_json::from_str(&body).unwrap())
                }
            } else {
                NOT_FOUND.to_owned()
            }
        })
        .await;
        for shown in shown(&server.host, Issuer::discover(&server.host)).await {
            assert!(shown.len() < 8 * 1024, "{number}: {} bytes", shown.len());
        }
    }
}

#[tokio::test]
async fn k04_unusable_keys_do_not_fill_an_error() {
    let keys: Vec<_> = (0..10_000)
        .map(|number| json!({"kty": "oct", "k": "AA", "kid": format!("{number}-{}", "x".repeat(50))}))
        .collect();
    let set = json!({"keys": keys[..1_000]});
    let error = KeySet::from_jwks(&set.to_string()).unwrap_err();
    assert!(format!("{error:?}").len() < 100 * 200, "{error:?}");
    assert!(error.to_string().len() < 5 * 300, "{error}");
    let set = json!({"keys": keys});
    let (url, _) = by_hand(move |_| std::future::ready(json(&set))).await;
    let issuer = Issuer::new(NAME).jwks_at(url).max_keys(10_000);
    for shown in shown(NAME, issuer).await {
        assert!(shown.len() < 100 * 200, "{} bytes", shown.len());
    }
}

#[test]
fn p01_a_password_in_an_issuers_name_is_not_shown() {
    for name in [
        format!("https://user:{SECRET}@as.example.com/"),
        format!("user:{SECRET}@as.example.com"),
        format!("https://user:{SECRET}/@as.example.com"),
    ] {
        let issuer = || Issuer::discover(&*name).fetch(Fetch::new());
        let policy = || Policy::builder().issuer(&*name).audience(AUDIENCE);
        let other = Issuer::new(NAME).policy(policy());
        let builder = || Validator::builder().audience(AUDIENCE);
        let error = builder().issuer(issuer()).build().unwrap_err();
        let two_names = builder().issuer(other).build().unwrap_err();
        for shown in [
            format!("{:?}", issuer()),
            format!("{:?}", builder().issuer(issuer())),
            format!("{:?}", policy()),
            format!("{:?}", policy().build()),
            format!("{error:?}"),
            error.to_string(),
            error.problems()[0].to_string(),
            format!("{two_names:?}"),
            two_names.to_string(),
        ] {
            assert!(!shown.contains("SECRET"), "{shown}");
            assert!(shown.contains("as.example.com"), "{shown}");
        }
    }
}
