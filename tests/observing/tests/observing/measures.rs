//! Counters and histograms of the feature `metrics`.

use std::collections::BTreeMap;
use std::time::Duration;

use resource_server::decision::Denial;
use resource_server::error::SourceError;
use resource_server::testing::{Fault, ManualClock, TestIssuer, TestServer};
use resource_server::{
    AccessToken, Credentials, Evidence, Issuer, KeySource, NumericDate, PresentedToken, Reason,
    Requirement, Tenants,
};
use serde_json::json;

use crate::support::{API, ISSUER, NOW, block_on, builder, clock, measures, signer};

struct Down;

impl KeySource for Down {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        Err(SourceError::new("it is down"))
    }
}

/// What was measured, but for times.
fn counts(measured: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    let counters = measured.iter().filter(|(name, _)| name.contains("_total{"));
    counters
        .map(|(name, value)| (name.strip_prefix("resource_server_").unwrap(), &**value))
        .collect()
}

#[test]
fn p08_decisions_are_counted_by_outcome_and_reason() {
    let clock = clock();
    let signer = signer(&clock);
    let validator = builder(signer.to_issuer(), &clock).build().unwrap();
    let down = builder(Issuer::new(ISSUER).source(Down), &clock);
    let down = down.build().unwrap();
    let good = signer.token().mint();
    let hour_ago = NumericDate::from_secs(NOW - 3_600);
    let expired = signer.token().expires_at(hour_ago).mint();
    let measured = measures(|| {
        let token = block_on(validator.validate(&good)).unwrap();
        assert!(validator.validate_cached(&good).unwrap().is_ok());
        assert!(block_on(validator.validate(&expired)).is_err());
        assert!(block_on(validator.authenticate(&Credentials::none())).is_err());
        assert!(block_on(validator.validate_online(&good)).is_err());
        assert!(block_on(down.validate(&good)).is_err());
        assert!(down.validate_cached(&good).is_none());
        assert!(token.require(&Requirement::role("clerk")).is_err());
        assert!(token.require(&Requirement::scope("")).is_err());
        assert!(token.require(&Requirement::audience(API)).is_ok());
    });
    assert_eq!(
        counts(&measured),
        [
            (
                "decisions_total{about=operation,outcome=misconfigured,reason=none}",
                "1"
            ),
            (
                "decisions_total{about=operation,outcome=rejected,reason=operation_not_allowed}",
                "1"
            ),
            (
                "decisions_total{about=token,outcome=accepted,reason=none}",
                "2"
            ),
            (
                "decisions_total{about=token,outcome=misconfigured,reason=none}",
                "1"
            ),
            (
                "decisions_total{about=token,outcome=rejected,reason=expired}",
                "1"
            ),
            (
                "decisions_total{about=token,outcome=rejected,reason=no_credentials}",
                "1"
            ),
            (
                "decisions_total{about=token,outcome=unavailable,reason=other}",
                "1"
            ),
        ],
        "P08"
    );
    let times = "resource_server_decision_duration_seconds{outcome=accepted}";
    assert_eq!(measured[times], "[0.0, 0.0]", "P08");
}

#[test]
fn p08_the_time_of_a_decision_has_the_check_in_it() {
    let clock = clock();
    let signer = signer(&clock);
    let slow = clock.clone();
    let validator = builder(signer.to_issuer(), &clock).check(move |token: AccessToken| {
        slow.advance(Duration::from_millis(2_500));
        async move { Ok(token.require(&Requirement::audience(API))?) }
    });
    let validator = validator.build().unwrap();
    let good = signer.token().mint();
    let measured = measures(|| assert!(block_on(validator.validate(&good)).is_ok()));
    let times = "resource_server_decision_duration_seconds{outcome=accepted}";
    assert_eq!(measured[times], "[2.5]", "P08");
}

#[test]
fn p08_refreshes_of_keys_are_counted_with_their_age() {
    const LIFETIME: Duration = Duration::from_secs(601);
    let measured = measures(|| {
        block_on(async {
            let server = TestServer::start(API).await.unwrap();
            let clock = clock();
            let issuer = Issuer::discover(server.url()).refresh_on_demand();
            let validator = builder(issuer, &clock).build().unwrap();
            validator.warm_up().await.unwrap();
            clock.advance(LIFETIME);
            validator.warm_up().await.unwrap();
            clock.advance(LIFETIME);
            server.fail(Fault::Status {
                code: 500,
                retry_after: None,
            });
            validator.warm_up().await.unwrap();
            clock.advance(LIFETIME);
            validator.warm_up().await.unwrap();
        });
    });
    assert_eq!(
        counts(&measured),
        [
            ("key_refreshes_total{outcome=changed,reason=none}", "1"),
            ("key_refreshes_total{outcome=failed,reason=status}", "2"),
            ("key_refreshes_total{outcome=unchanged,reason=none}", "1"),
        ],
        "P08"
    );
    let ages = &measured["resource_server_key_age_seconds{}"];
    assert_eq!(ages, "[601.0, 601.0, 1202.0]", "P08: it grows in an outage");
}

#[test]
fn p08_hits_of_the_cache_of_introspection_are_counted() {
    let measured = measures(|| {
        block_on(async {
            let server = TestServer::start(API).await.unwrap();
            let issuer = Issuer::new(server.url()).introspection(server.introspection());
            let validator = builder(issuer, &clock()).build().unwrap();
            let token = server.opaque_token(json!({"exp": NOW + 3_600}));
            // A look-up that leads to no call is no miss.
            assert!(validator.validate_cached(&token).is_none());
            for _ in 0..3 {
                assert!(validator.validate(&token).await.is_ok());
            }
            assert!(validator.validate_cached(&token).unwrap().is_ok());
            assert!(validator.validate_online(&token).await.is_ok());
            assert_eq!(server.fetches().introspection, 2);
        });
    });
    assert_eq!(
        counts(&measured)[1..],
        [
            ("introspection_cache_total{result=hit}", "3"),
            ("introspection_cache_total{result=miss}", "1"),
        ],
        "P08"
    );
}

/// A token that is refused is neither.
#[test]
fn p08_p04_hits_of_the_cache_of_tokens_are_counted() {
    let measured = measures(|| {
        let clock = clock();
        let signer = signer(&clock);
        let builder_of = |signer: &TestIssuer, clock: &ManualClock| {
            builder(signer.to_issuer(), clock).token_cache(1024 * 1024)
        };
        let validator = builder_of(&signer, &clock).build().unwrap();
        let good = [signer.token().mint(), signer.token().subject("bob").mint()];
        for _ in 0..3 {
            for token in &good {
                assert!(validator.validate_cached(token).unwrap().is_ok());
            }
            let expired = signer
                .token()
                .expires_at(NumericDate::from_secs(NOW - 3_600));
            assert!(validator.validate_cached(&expired.mint()).unwrap().is_err());
        }
        // A check that refuses a known token, and one that makes a caller wait.
        let checked = builder_of(&signer, &clock).check(|_| async { Err(Denial::token()) });
        let checked = checked.build().unwrap();
        for _ in 0..2 {
            assert!(checked.validate_cached(&good[0]).is_none());
            assert!(block_on(checked.validate(&good[0])).is_err());
        }
        // What expires is no hit.
        clock.advance(Duration::from_secs(24 * 3_600));
        assert!(validator.validate_cached(&good[0]).unwrap().is_err());
    });
    let all = counts(&measured);
    let of_cache: Vec<_> = all
        .iter()
        .filter(|(name, _)| name.starts_with("token_cache"))
        .collect();
    assert_eq!(
        of_cache,
        [
            &("token_cache_total{result=hit}", "4"),
            &("token_cache_total{result=miss}", "2"),
        ],
        "P08"
    );
}

/// Every value of every label is a fixed name, for any token.
#[test]
fn p01_labels_have_fixed_values_alone() {
    const OTHERS: [&str; 20] = [
        "token",
        "operation",
        "accepted",
        "rejected",
        "unavailable",
        "misconfigured",
        "none",
        "changed",
        "unchanged",
        "failed",
        "hit",
        "miss",
        "dns",
        "connect",
        "tls",
        "timeout",
        "status",
        "body",
        "credentials_refused",
        "other",
    ];
    let measured = measures(|| {
        block_on(async {
            let server = TestServer::start(API).await.unwrap();
            let clock = clock();
            let template = format!("{}/{{tenant}}", server.url());
            let issuer = Issuer::discover_tenants(&template, Tenants::matching(|_| true));
            let validator = builder(issuer, &clock)
                .issuer(signer(&clock).to_issuer())
                .build()
                .unwrap();
            for number in 0..20 {
                let signer = signer(&clock);
                let tenant = format!("{}/tenant-{number}", server.url());
                for token in [
                    signer.token().issuer(&tenant),
                    signer.token().header("kid", format!("kid-{number}")),
                    signer.token().header("alg", format!("alg-{number}")),
                    signer.token().claim("aud", format!("aud-{number}")),
                ] {
                    assert!(validator.validate(&token.mint()).await.is_err());
                }
            }
        });
    });
    assert!(measured.len() > 4, "P01: {measured:?}");
    for name in measured.keys() {
        let (_, labels) = name.strip_suffix('}').unwrap().split_once('{').unwrap();
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (_, value) = label.split_once('=').unwrap();
            let is_reason = Reason::ALL.iter().any(|reason| reason.as_str() == value);
            assert!(is_reason || OTHERS.contains(&value), "P01: {name}");
        }
    }
}
