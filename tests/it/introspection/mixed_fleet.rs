//! Rows I08 and P05: one Validator for JWTs by keys, JWTs by introspection and opaque tokens; an
//! issuer that has both keys and introspection; and validation without the cache.

use std::sync::{Arc, Mutex};

use resource_server::testing::{ManualClock, TestIssuer, TestServer};
use resource_server::{
    Error, Introspection, Issuer, Reason, StaticKeys, Validator, error::ConfigErrorKind,
};
use serde_json::{Value, json};

use crate::support::ISSUER;
use crate::support::http::{
    AUDIENCE, HandMade, UNAVAILABLE, asking, clock, json, outage, reason, validator,
};
use crate::support::problems_of;

const OPAQUE: &str = "2YotnFZFEjr1zCsicMWpAA";

/// An issuer with keys and introspection, and a server whose answers the test sets.
struct World {
    validator: Validator,
    signer: TestIssuer,
    clock: ManualClock,
    answer: Arc<Mutex<Value>>,
    server: HandMade,
}

impl World {
    async fn new() -> Self {
        let clock = clock();
        let signer = TestIssuer::new(ISSUER, AUDIENCE).clock(clock.clone());
        let answer = Arc::new(Mutex::new(
            json!({"active": true, "aud": AUDIENCE, "sub": "alice", "scope": "read"}),
        ));
        let said = Arc::clone(&answer);
        let server = HandMade::answering(move |_| json(&said.lock().unwrap())).await;
        let issuer = signer.to_issuer().introspection(asking(server.jwks_url()));
        let validator = validator(issuer, &clock);
        World {
            validator,
            signer,
            clock,
            answer,
            server,
        }
    }

    fn calls(&self) -> usize {
        self.server.calls()
    }

    fn says(&self, answer: Value) {
        *self.answer.lock().unwrap() = answer;
    }
}

#[tokio::test]
async fn i08_jwts_by_keys_and_opaque_tokens_by_asking() {
    let world = World::new().await;
    let jwt = world.signer.token().subject("bob").mint();
    let token = world.validator.validate(&jwt).await.unwrap();
    assert!(!token.is_introspected());
    assert_eq!(token.subject(), Some("bob"));
    assert_eq!(world.calls(), 0);

    let token = world.validator.validate(OPAQUE).await.unwrap();
    assert!(token.is_introspected());
    assert_eq!(token.subject(), Some("alice"));
    assert_eq!(world.calls(), 1);
    assert!(world.validator.validate_cached(OPAQUE).unwrap().is_ok());

    // After it is dropped from the cache, it is introspected again.
    world.validator.forget(OPAQUE);
    world.says(json!({"active": false}));
    let refused = world.validator.validate(OPAQUE).await;
    assert_eq!(reason(refused), Reason::Inactive);
    assert_eq!(world.calls(), 2);
}

#[tokio::test]
async fn p05_a_jwt_that_is_refused_is_not_asked_about() {
    let world = World::new().await;
    let stranger = TestIssuer::new(ISSUER, AUDIENCE).clock(world.clock.clone());
    let other = world.signer.token().audience("https://other.example.com");
    for (token, expected) in [
        (world.signer.token().signed_by(&stranger).mint(), None),
        (other.mint(), Some(Reason::AudienceMismatch)),
        (world.signer.token().unsigned().mint(), None),
    ] {
        for refused in [
            world.validator.validate(&token).await,
            world.validator.validate_online(&token).await,
        ] {
            let reason = reason(refused);
            assert!(
                expected.is_none_or(|expected| expected == reason),
                "{reason}"
            );
        }
    }
    assert_eq!(world.calls(), 0);
}

#[tokio::test]
async fn i08_online_asks_past_the_cache() {
    let world = World::new().await;
    let jwt = world.signer.token().mint();
    for call in 1..=3 {
        let token = world.validator.validate_online(&jwt).await.unwrap();
        assert!(token.is_introspected());
        assert_eq!(world.calls(), call);
    }
    assert!(world.validator.validate(OPAQUE).await.is_ok());
    assert!(world.validator.validate_online(OPAQUE).await.is_ok());
    assert_eq!(world.calls(), 5);

    world.says(json!({"active": false}));
    for token in [jwt.as_str(), OPAQUE] {
        let refused = world.validator.validate_online(token).await;
        assert_eq!(reason(refused), Reason::Inactive);
    }
    // By its keys alone the JWT is still good: that is what the other call is for.
    assert!(world.validator.validate(&jwt).await.is_ok());
    // The answer about the opaque token applies to all calls.
    let refused = world.validator.validate(OPAQUE).await;
    assert_eq!(reason(refused), Reason::Inactive);
}

#[tokio::test]
async fn i04_online_holds_the_answer_against_the_policy_too() {
    let world = World::new().await;
    let jwt = world.signer.token().mint();
    world.says(json!({"active": true, "aud": "https://other.example.com"}));
    let refused = world.validator.validate_online(&jwt).await;
    assert_eq!(reason(refused), Reason::AudienceMismatch);
    // A bound token never passes as a bearer token, with any answer.
    world.says(json!({"active": true, "aud": AUDIENCE}));
    let bound = world.signer.token().claim(
        "cnf",
        json!({"jkt": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"}),
    );
    let calls = world.calls();
    let refused = world.validator.validate_online(&bound.mint()).await;
    assert_eq!(reason(refused), Reason::ProofOfPossessionMissing);
    assert_eq!(world.calls(), calls);
}

#[tokio::test]
async fn i03_online_an_outage_is_no_verdict() {
    let world = World::new().await;
    let jwt = world.signer.token().mint();
    world.says(json!({"active": "true"}));
    outage(world.validator.validate_online(&jwt).await);
    outage(world.validator.validate_online(OPAQUE).await);
    assert!(world.validator.validate(&jwt).await.is_ok());
}

#[tokio::test]
async fn online_without_anybody_to_ask_is_a_mistake_of_the_api() {
    let signer = TestIssuer::new(ISSUER, AUDIENCE);
    let validator = Validator::builder().audience(AUDIENCE);
    let validator = validator.issuer(signer.to_issuer()).build().unwrap();
    let error = validator
        .validate_online(&signer.token().mint())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Misconfigured(_)), "{error:?}");
    assert_eq!(error.status(), 500);
    assert!(error.to_string().contains(ISSUER), "{error}");
    // A bad token is refused first: no caller can cause a 500 by a forged token.
    let refused = validator.validate_online("a b").await;
    assert_eq!(reason(refused), Reason::MalformedToken);
    let forged = signer.token().signed_by(&TestIssuer::new(ISSUER, AUDIENCE));
    let refused = validator.validate_online(&forged.mint()).await;
    assert!(matches!(
        reason(refused),
        Reason::UnknownKey | Reason::BadSignature
    ));
}

#[tokio::test]
async fn health_and_warm_up_know_both_sources() {
    let world = World::new().await;
    world.says(json!({}));
    outage(world.validator.validate(OPAQUE).await);
    let health = world.validator.health();
    let errors: Vec<_> = health
        .iter()
        .map(|one| (one.issuer(), one.status().last_error.is_some()))
        .collect();
    assert_eq!(errors, [(ISSUER, false), (ISSUER, true)]);
    assert!(world.validator.warm_up().await.is_ok());
}

#[tokio::test]
async fn s01_warm_up_reads_metadata_for_both() {
    let server = HandMade::answering(|_| UNAVAILABLE.to_owned()).await;
    let name = &*server.host;
    let issuer = Issuer::discover(name)
        .introspection(Introspection::discover().client_secret_basic("api", "hush-hush"));
    let validator = validator(issuer, &clock());
    let failures = validator.warm_up().await.unwrap_err();
    assert_eq!(failures.failures().len(), 2);
}

#[test]
fn c10_i11_introspection_of_many_tenants_needs_nothing_of_each() {
    let build = |introspection: Introspection| {
        let issuer = Issuer::template(
            "https://login.example.com/{tenant}",
            resource_server::Tenants::only(["acme"]),
        );
        let built = Validator::builder()
            .audience(AUDIENCE)
            .issuer(issuer.introspection(introspection))
            .build();
        built.map_err(|error| problems_of(&error))
    };
    let at = || Introspection::at("https://login.example.com/ask");
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let key = || resource_server::introspection::ClientKey::from_jwk(jwk).unwrap();
    assert!(build(at().client_secret_basic("api", "hush-hush")).is_ok());
    let assertion = at().private_key_jwt("api", key());
    assert!(build(assertion.assertion_audience("https://login.example.com")).is_ok());
    for introspection in [
        Introspection::discover().client_secret_basic("api", "hush-hush"),
        Introspection::at("https://login.example.com/{tenant}/ask")
            .client_secret_basic("api", "hush-hush"),
        at().private_key_jwt("api", key()),
        at().client_secret_basic("api", "hush-hush")
            .signed_answers()
            .answer_keys_at("https://login.example.com/keys"),
    ] {
        assert!(matches!(
            build(introspection).unwrap_err()[..],
            [(_, ConfigErrorKind::IntrospectionOfTenants)]
        ));
    }
}

#[test]
fn i10_p06_two_introspections_of_one_issuer() {
    let ask = |url: &str| Introspection::at(url).client_secret_basic("api", "hush-hush");
    let keys = StaticKeys::from_jwks(&TestIssuer::new(ISSUER, AUDIENCE).jwks()).unwrap();
    let issuer = Issuer::new(ISSUER)
        .keys(keys)
        .introspection(ask("https://as.example.com/one"))
        .introspection(ask("https://as.example.com/two"));
    let built = Validator::builder().audience(AUDIENCE).issuer(issuer);
    let error = built.build().unwrap_err();
    assert!(matches!(
        problems_of(&error)[..],
        [(_, ConfigErrorKind::SeveralIntrospections)]
    ));
}

/// Its name leads nowhere: a cluster, a container.
#[tokio::test]
async fn i11_the_endpoint_is_found_where_the_metadata_is_said_to_be() {
    let server = TestServer::builder(AUDIENCE)
        .name("https://as.invalid/tenant")
        .start()
        .await
        .unwrap();
    let (id, secret) = (TestServer::CLIENT_ID, TestServer::CLIENT_SECRET);
    let ask = || Introspection::discover().client_secret_basic(id, secret);
    let issuer = || Issuer::new(server.issuer().name());
    let opaque = server.opaque_token(json!({"sub": "alice"}));
    let jwt = server.issuer().token().mint();
    let judge = async |issuer: Issuer, token: &str| {
        let validator = Validator::builder().audience(AUDIENCE).issuer(issuer);
        validator.build().unwrap().validate(token).await
    };
    let there = || issuer().discovery_at(server.discovery_url());
    let token = judge(there().introspection(ask()), &opaque).await.unwrap();
    assert!(token.is_introspected());
    judge(there().introspection(ask()), &jwt).await.unwrap();
    // An address of the keys says nothing of the metadata.
    let keys = issuer().jwks_at(server.jwks_url()).introspection(ask());
    let said = outage(judge(keys, &opaque).await);
    assert!(said.contains("as.invalid"), "{said}");
}
