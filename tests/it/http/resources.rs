//! Row H09: several resources in one server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use resource_server::decision::{Decision, Denial};
use resource_server::error::{ConfigErrorKind, ResourceError};
use resource_server::testing::TestIssuer;
use resource_server::{
    AccessToken, Credentials, Error, Issuer, Policy, Profile, Reason, Requirement, Resource,
    Validator, ValidatorBuilder, claims::RequiredClaim,
};

use crate::support::{ISSUER, block_on, clock, problems_of, signer, verdict};

const ORDERS: &str = "https://api.example.com/orders";
const BILLING: &str = "https://api.example.com/billing";

fn issuer() -> TestIssuer {
    signer(ISSUER, &clock())
}

fn builder(issuer: Issuer) -> ValidatorBuilder {
    let builder = Validator::builder().resource(ORDERS).clock(clock());
    builder.issuer(issuer)
}

/// Two resources of one server.
fn both(signer: &TestIssuer) -> (Validator, Validator) {
    let orders = builder(signer.to_issuer()).build().unwrap();
    let billing = orders.for_resource(BILLING).unwrap();
    (orders, billing)
}

fn token_for(signer: &TestIssuer, audience: &str) -> String {
    signer.token().audience(audience).mint()
}

fn judged(validator: &Validator, token: &str) -> Option<Reason> {
    let cached = verdict(validator.validate_cached(token).unwrap());
    assert_eq!(verdict(block_on(validator.validate(token))), cached);
    cached
}

#[test]
fn h09_a_token_for_one_resource_is_refused_at_the_other() {
    let signer = issuer();
    let (orders, billing) = both(&signer);
    let refused = Some(Reason::AudienceMismatch);
    for (audience, at_orders, at_billing) in [
        (ORDERS, None, refused),
        (BILLING, refused, None),
        ("https://api.example.com", refused, refused),
        ("https://api.example.com/billing/", refused, refused),
        ("https://API.example.com/billing", refused, refused),
    ] {
        let token = token_for(&signer, audience);
        assert_eq!(judged(&orders, &token), at_orders, "H09: {audience}");
        assert_eq!(judged(&billing, &token), at_billing, "H09: {audience}");
    }
    let claim = serde_json::json!([ORDERS, BILLING]);
    let for_both = signer.token().claim("aud", claim).mint();
    assert_eq!(judged(&orders, &for_both), None, "H09");
    assert_eq!(judged(&billing, &for_both), None, "H09");
    let error = block_on(billing.validate(&token_for(&signer, ORDERS))).unwrap_err();
    let explained = error.explain();
    let expected = format!("it has \"{ORDERS}\", and this API accepts \"{BILLING}\".");
    assert!(explained.contains(&expected), "H09: {explained}");
}

#[test]
fn h09_further_audiences_stay_with_the_first_resource() {
    let signer = issuer();
    let orders = builder(signer.to_issuer()).audience("orders-api");
    let orders = orders.build().unwrap();
    let billing = orders.for_resource(BILLING).unwrap();
    let token = token_for(&signer, "orders-api");
    assert_eq!(judged(&orders, &token), None, "H09");
    assert_eq!(judged(&billing, &token), Some(Reason::AudienceMismatch));
    // And again, of the one that was made.
    let third = billing.for_resource("https://api.example.com/third");
    let third = third.unwrap();
    for (audience, expected) in [
        ("https://api.example.com/third", None),
        (BILLING, Some(Reason::AudienceMismatch)),
        (ORDERS, Some(Reason::AudienceMismatch)),
    ] {
        let found = judged(&third, &token_for(&signer, audience));
        assert_eq!(found, expected, "H09: {audience}");
    }
}

#[test]
fn h09_metadata_and_challenge_are_the_resources_own() {
    let signer = issuer();
    let resource = Resource::new(ORDERS).realm("orders");
    let orders = Validator::builder().resource(resource.entry_scopes(["orders:read"]));
    let orders = orders.clock(clock()).issuer(signer.to_issuer());
    let orders = orders.build().unwrap();
    let resource = Resource::new(BILLING).scopes_supported(["billing:read"]);
    let billing = orders.for_resource(resource.problem_json()).unwrap();
    let metadata = billing.resource_metadata().unwrap();
    let path = "/.well-known/oauth-protected-resource/billing";
    assert_eq!(metadata.path(), path, "H09");
    assert_eq!(
        metadata.body(),
        "{\"authorization_servers\":[\"https://as.example.com\"],\
         \"bearer_methods_supported\":[\"header\"],\
         \"resource\":\"https://api.example.com/billing\",\
         \"scopes_supported\":[\"billing:read\"]}",
        "H09"
    );
    assert_eq!(
        orders.resource_metadata().unwrap().body(),
        "{\"authorization_servers\":[\"https://as.example.com\"],\
         \"bearer_methods_supported\":[\"header\"],\
         \"resource\":\"https://api.example.com/orders\"}",
        "H09"
    );
    let challenge = |error: &Error| {
        let answer = error.answer();
        let mut headers = answer.headers();
        let (name, value) = headers.next().unwrap();
        assert_eq!(name, "www-authenticate");
        (value.to_owned(), answer.body().to_owned())
    };
    let at = |path| {
        format!(
            "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource/{path}\""
        )
    };
    let nothing = Credentials::none();
    let refused = block_on(billing.authenticate(&nothing)).unwrap_err();
    let body = "{\"status\":401,\"title\":\"Unauthorized\"}".to_owned();
    let expected = (format!("Bearer {}", at("billing")), body);
    assert_eq!(challenge(&refused), expected, "H09");
    let refused = block_on(orders.authenticate(&nothing)).unwrap_err();
    let expected = format!(
        "Bearer realm=\"orders\", scope=\"orders:read\", {}",
        at("orders")
    );
    assert_eq!(challenge(&refused), (expected, String::new()), "H09");

    // An operation that is refused later.
    let token = block_on(billing.validate(&token_for(&signer, BILLING))).unwrap();
    let refused = token.require(&Requirement::scope("billing:write"));
    let (value, _) = challenge(&refused.unwrap_err());
    let expected = format!(
        "Bearer error=\"insufficient_scope\", scope=\"billing:write\", {}",
        at("billing")
    );
    assert_eq!(value, expected, "H09");
}

#[test]
fn h09_checks_decisions_and_settings_are_shared() {
    let signer = issuer();
    let calls = Arc::new(AtomicUsize::new(0));
    let resources = Arc::new(Mutex::new(Vec::new()));
    let (counted, seen) = (Arc::clone(&calls), Arc::clone(&resources));
    let orders = builder(signer.to_issuer())
        .max_token_bytes(2_000)
        .check(move |token: AccessToken| {
            counted.fetch_add(1, Ordering::Relaxed);
            async move {
                let is_locked = token.subject() == Some("mallory");
                is_locked
                    .then_some(())
                    .map_or(Ok(()), |()| Err(Denial::token()))
            }
        })
        .on_decision(move |decision: Decision<'_>| {
            let resource = decision.resource().map(|one| one.uri().to_owned());
            seen.lock().unwrap().push(resource.unwrap());
        })
        .build()
        .unwrap();
    let billing = orders.for_resource(BILLING).unwrap();
    let locked = signer.token().audience(BILLING).subject("mallory").mint();
    let judged = block_on(billing.validate(&locked));
    assert_eq!(verdict(judged), Some(Reason::TokenDenied), "H09");
    assert_eq!(calls.load(Ordering::Relaxed), 1, "H09");
    let long = signer.token().audience(BILLING);
    let long = long.claim("padding", "x".repeat(3_000)).mint();
    let judged = block_on(billing.validate(&long));
    assert_eq!(verdict(judged), Some(Reason::TooLong), "H09");
    let expired = token_for(&signer, ORDERS);
    let judged = block_on(orders.validate(&expired));
    assert_eq!(verdict(judged), None, "H09");
    assert_eq!(*resources.lock().unwrap(), [BILLING, BILLING, ORDERS]);
}

#[test]
fn h09_issuers_that_can_not_be_shared_are_errors() {
    use ConfigErrorKind::{MissingAudienceAccepted, NoAudienceToReplace, OwnAudiences};

    const OWN: &str = "https://own.example.com";
    let entry = |settings| issuer_named(OWN).policy(settings);
    let stands_in = || {
        let settings = Policy::builder().required_claim(RequiredClaim::equals("api", "orders"));
        settings.allow_jwt_without_audience()
    };
    let cognito = || {
        let settings = Policy::builder().profile(Profile::Cognito);
        settings.allowed_clients(["app"])
    };
    let cases = [
        (
            "an audience of the issuer",
            issuer_named(OWN).audience("own"),
            vec![OwnAudiences],
        ),
        (
            "an audience of its policy",
            entry(Policy::builder().audience("own")),
            vec![OwnAudiences],
        ),
        (
            "the same audience, set again",
            issuer_named(OWN).audience(ORDERS),
            vec![OwnAudiences],
        ),
        (
            "responses without one",
            entry(Policy::builder().allow_missing_audience()),
            vec![MissingAudienceAccepted],
        ),
        (
            "JWTs without one",
            entry(stands_in()),
            vec![MissingAudienceAccepted],
        ),
        ("Cognito", entry(cognito()), vec![MissingAudienceAccepted]),
        (
            "both",
            entry(Policy::builder().allow_missing_audience()).audience("own"),
            vec![OwnAudiences, MissingAudienceAccepted],
        ),
    ];
    let named = |kinds: Vec<ConfigErrorKind>| -> Vec<_> {
        let kinds = kinds.into_iter();
        kinds.map(|kind| (Some(OWN.to_owned()), kind)).collect()
    };
    for (what, entry, expected) in cases {
        // Beside an issuer that can be shared.
        let validator = builder(issuer().to_issuer()).issuer(entry).build();
        let validator = validator.unwrap_or_else(|error| panic!("{what}: {error}"));
        let error = validator.for_resource(BILLING).unwrap_err();
        assert_eq!(problems_of(&error), named(expected), "H09: {what}");
    }
    let without = Validator::builder().issuer(entry(cognito())).build();
    let error = without.unwrap().for_resource(BILLING).unwrap_err();
    let expected = named(vec![NoAudienceToReplace, MissingAudienceAccepted]);
    assert_eq!(problems_of(&error), expected, "H09: none at all");
}

fn issuer_named(name: &str) -> Issuer {
    signer(name, &clock()).to_issuer()
}

#[test]
fn h09_every_problem_is_reported_at_once() {
    let other = "https://own.example.com";
    let own = issuer_named(other).audience("own");
    let also = issuer_named("https://also.example.com").audience("also");
    let orders = builder(own).issuer(also).build().unwrap();
    let resource = Resource::new("http://api.example.com").realm("a\nb");
    let error = orders.for_resource(resource).unwrap_err();
    let found = "http://api.example.com".to_owned();
    let realm = "a\nb".to_owned();
    let of = |name: &str| (Some(name.to_owned()), ConfigErrorKind::OwnAudiences);
    let expected = [
        (
            None,
            ConfigErrorKind::Resource(ResourceError::Identifier { found }),
        ),
        (
            None,
            ConfigErrorKind::Resource(ResourceError::Realm { found: realm }),
        ),
        of(other),
        of("https://also.example.com"),
    ];
    assert_eq!(problems_of(&error), expected, "H09");
}

#[cfg(feature = "fetch")]
mod shared_sources {
    use super::{BILLING, ORDERS, verdict};
    use crate::support::http::{HandMade, asking, clock, json, reason};
    use crate::support::{ISSUER, NOW};
    use resource_server::testing::TestServer;
    use resource_server::{Issuer, Reason, Validator};
    use serde_json::json;

    fn orders(issuer: Issuer) -> Validator {
        let builder = Validator::builder().resource(ORDERS).clock(clock());
        builder.issuer(issuer.refresh_on_demand()).build().unwrap()
    }

    #[tokio::test]
    async fn h09_keys_are_fetched_once_for_both() {
        let server = TestServer::start(ORDERS).await.unwrap();
        let orders = orders(Issuer::discover(server.url()));
        let billing = orders.for_resource(BILLING).unwrap();
        billing.warm_up().await.unwrap();
        let signer = server.issuer().clone().clock(clock());
        let for_orders = signer.token().mint();
        let for_billing = signer.token().audience(BILLING).mint();
        // What one has fetched, the other has.
        assert!(orders.validate_cached(&for_orders).unwrap().is_ok(), "H09");
        assert_eq!(verdict(billing.validate(&for_billing).await), None, "H09");
        assert_eq!(
            reason(orders.validate(&for_billing).await),
            Reason::AudienceMismatch
        );
        assert_eq!(
            reason(billing.validate(&for_orders).await),
            Reason::AudienceMismatch
        );
        let fetches = server.fetches();
        assert_eq!((fetches.discovery, fetches.jwks), (1, 1), "H09");
        for validator in [&orders, &billing] {
            assert!(validator.health()[0].is_ready(), "H09");
            assert!(validator.snapshot().issuers().eq([server.url()]), "H09");
        }
    }

    #[tokio::test]
    async fn h09_a_token_is_introspected_once_for_both() {
        let server = HandMade::answering(|_| {
            json(&json!({"active": true, "aud": BILLING, "exp": NOW + 3_600}))
        })
        .await;
        let issuer = Issuer::new(ISSUER).introspection(asking(server.jwks_url()));
        let orders = orders(issuer);
        let billing = orders.for_resource(BILLING).unwrap();
        assert_eq!(verdict(billing.validate("opaque").await), None, "H09");
        assert_eq!(
            reason(orders.validate("opaque").await),
            Reason::AudienceMismatch
        );
        assert_eq!(server.calls(), 1, "H09");
        // What one forgets, the other has forgotten.
        orders.forget("opaque");
        assert!(billing.validate_cached("opaque").is_none(), "H09");
    }
}
