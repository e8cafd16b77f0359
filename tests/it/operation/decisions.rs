//! Row P08: what is told of decisions.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::decision::{Decision, Denial};
use resource_server::error::SourceError;
use resource_server::testing::TestIssuer;
use resource_server::{
    AccessToken, Credentials, Error, Evidence, Issuer, KeySource, NumericDate, PresentedToken,
    Requirement, Resource, Validator, ValidatorBuilder,
};

use crate::support::{API, ISSUER, NOW, NeverAtHand, block_on, clock, signer};

/// What a test keeps of decisions: outcome, subject, resource, and whether it is of an operation.
type Record = (String, Option<String>, Option<String>, bool);

#[derive(Clone, Default)]
struct Records(Arc<Mutex<Vec<Record>>>);

impl Records {
    fn hook(&self) -> impl Fn(Decision<'_>) + Send + Sync + 'static {
        let records = Arc::clone(&self.0);
        move |decision| {
            let outcome = match decision.outcome() {
                Ok(_) => "accepted".to_owned(),
                Err(Error::Rejected(rejection)) => rejection.reason().to_string(),
                Err(Error::Unavailable(_)) => "unavailable".to_owned(),
                Err(Error::Misconfigured(_)) => "misconfigured".to_owned(),
                Err(other) => panic!("P08: {other:?}"),
            };
            let subject = decision.token().and_then(AccessToken::subject);
            let resource = decision.resource().map(Resource::uri);
            records.lock().unwrap().push((
                outcome,
                subject.map(str::to_owned),
                resource.map(str::to_owned),
                decision.is_of_operation(),
            ));
        }
    }

    /// What was recorded since the last call.
    fn taken(&self) -> Vec<Record> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// What is recorded of one decision by an API with a resource.
fn record(outcome: &str, subject: Option<&str>, is_of_operation: bool) -> Record {
    let subject = subject.map(str::to_owned);
    (
        outcome.to_owned(),
        subject,
        Some(API.to_owned()),
        is_of_operation,
    )
}

fn issuer() -> TestIssuer {
    signer(ISSUER, &clock())
}

fn builder(issuer: Issuer) -> ValidatorBuilder {
    let builder = Validator::builder().resource(API).clock(clock());
    builder.issuer(issuer)
}

fn good(signer: &TestIssuer) -> String {
    signer.token().subject("alice").scope("orders:read").mint()
}

fn expired(signer: &TestIssuer) -> String {
    let hour_ago = NumericDate::from_secs(NOW - 3_600);
    signer.token().subject("alice").expires_at(hour_ago).mint()
}

#[test]
fn p08_each_judged_request_is_one_decision() {
    let signer = issuer();
    let records = Records::default();
    let asking = Issuer::new(ISSUER).source(NeverAtHand(signer.clone()));
    let accepted = || vec![record("accepted", Some("alice"), false)];
    let refused = |reason| vec![record(reason, None, false)];
    for entry in [signer.to_issuer(), asking] {
        let validator = builder(entry).on_decision(records.hook());
        let validator = validator.build().unwrap();
        block_on(validator.validate(&good(&signer))).unwrap();
        assert_eq!(records.taken(), accepted(), "P08: validate");
        let presented = good(&signer);
        block_on(validator.authenticate(&Credentials::bearer(&presented))).unwrap();
        assert_eq!(records.taken(), accepted(), "P08: authenticate");
        block_on(validator.validate(&expired(&signer))).unwrap_err();
        assert_eq!(records.taken(), refused("expired"), "P08");
        block_on(validator.authenticate(&Credentials::none())).unwrap_err();
        assert_eq!(records.taken(), refused("no_credentials"), "P08");
        block_on(validator.validate_online(&good(&signer))).unwrap_err();
        assert_eq!(records.taken(), refused("misconfigured"), "P08");
    }
}

struct Down;

impl KeySource for Down {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        Err(SourceError::new("it is down"))
    }
}

#[test]
fn p08_an_outage_and_an_api_without_a_resource() {
    let records = Records::default();
    let validator = Validator::builder()
        .audience(API)
        .clock(clock())
        .issuer(Issuer::new(ISSUER).source(Down))
        .on_decision(records.hook())
        .build()
        .unwrap();
    block_on(validator.validate(&good(&issuer()))).unwrap_err();
    let expected = ("unavailable".to_owned(), None, None, false);
    assert_eq!(records.taken(), [expected], "P08");
}

#[test]
fn p08_none_of_what_can_not_wait_is_no_decision() {
    let signer = issuer();
    let records = Records::default();
    let asking = Issuer::new(ISSUER).source(NeverAtHand(signer.clone()));
    let waiting = builder(asking).on_decision(records.hook());
    let waiting = waiting.build().unwrap();
    assert!(waiting.validate_cached(&good(&signer)).is_none());
    assert_eq!(records.taken(), [], "P08");
    let checking = builder(signer.to_issuer()).on_decision(records.hook());
    let checking = checking.check(|_| async { Ok(()) }).build().unwrap();
    assert!(checking.validate_cached(&good(&signer)).is_none());
    assert_eq!(records.taken(), [], "P08: a check");
    let cached = builder(signer.to_issuer()).on_decision(records.hook());
    let cached = cached.build().unwrap();
    cached.validate_cached(&good(&signer)).unwrap().unwrap();
    cached
        .validate_cached(&expired(&signer))
        .unwrap()
        .unwrap_err();
    let expected = [
        record("accepted", Some("alice"), false),
        record("expired", None, false),
    ];
    assert_eq!(records.taken(), expected, "P08");
}

#[test]
fn p08_a_token_that_a_check_refuses_is_one_decision() {
    type Checked = fn(&AccessToken) -> Result<(), Denial>;

    let signer = issuer();
    let table: [(Checked, &str); 4] = [
        (|_| Err(Denial::token()), "token_denied"),
        (
            |_| Err(Denial::unavailable(SourceError::new("down"))),
            "unavailable",
        ),
        // What a check requires is no operation.
        (
            |token| Ok(token.require(&Requirement::scope("orders:write"))?),
            "insufficient_scope",
        ),
        (
            |token| {
                let refused = token.require(&Requirement::role("clerk"));
                assert!(refused.is_err());
                Ok(())
            },
            "accepted",
        ),
    ];
    for (check, outcome) in table {
        let records = Records::default();
        let validator = builder(signer.to_issuer())
            .on_decision(records.hook())
            .check(move |token: AccessToken| async move { check(&token) });
        let validator = validator.build().unwrap();
        let _judged = block_on(validator.validate(&good(&signer)));
        // A verified token says whose it is, also where it is refused.
        let expected = record(outcome, Some("alice"), false);
        assert_eq!(records.taken(), [expected], "P08: {outcome}");
    }
}

#[test]
fn p08_each_refused_operation_is_one_decision_more() {
    let signer = issuer();
    let records = Records::default();
    let validator = builder(signer.to_issuer()).on_decision(records.hook());
    let validator = validator.build().unwrap();
    let token = block_on(validator.validate(&good(&signer))).unwrap();
    records.taken();
    let of_operation = |outcome| vec![record(outcome, Some("alice"), true)];

    token.require(&Requirement::scope("orders:read")).unwrap();
    let _: serde_json::Value = token.claims().unwrap();
    assert_eq!(records.taken(), [], "P08: allowed");
    // A handler has a clone.
    let clone = token.clone();
    clone.require(&Requirement::role("clerk")).unwrap_err();
    assert_eq!(records.taken(), of_operation("operation_not_allowed"));
    token.require(&Requirement::scope("")).unwrap_err();
    assert_eq!(records.taken(), of_operation("misconfigured"));
    token.claims::<Vec<u8>>().unwrap_err();
    assert_eq!(records.taken(), of_operation("claims_do_not_fit"));
    let days = Requirement::max_age(Duration::from_secs(60));
    token.require(&days).unwrap_err();
    assert_eq!(records.taken(), of_operation("authentication_insufficient"));
    drop(validator);
    token.require(&Requirement::role("clerk")).unwrap_err();
    assert_eq!(records.taken(), of_operation("operation_not_allowed"));
}

#[test]
fn p08_a_hook_that_requires_something_is_not_called_for_it() {
    let signer = issuer();
    let records = Records::default();
    let record_it = records.hook();
    let validator = builder(signer.to_issuer()).on_decision(move |decision: Decision<'_>| {
        let token = decision.token().unwrap();
        token.require(&Requirement::role("clerk")).unwrap_err();
        record_it(decision);
    });
    let validator = validator.build().unwrap();
    let token = block_on(validator.validate(&good(&signer))).unwrap();
    assert_eq!(records.taken(), [record("accepted", Some("alice"), false)]);
    token.require(&Requirement::scope("a")).unwrap_err();
    let expected = record("insufficient_scope", Some("alice"), true);
    assert_eq!(records.taken(), [expected]);
}

#[test]
fn p08_every_hook_is_called() {
    let signer = issuer();
    let (first, second) = (Records::default(), Records::default());
    let validator = builder(signer.to_issuer())
        .on_decision(first.hook())
        .on_decision(second.hook())
        .build()
        .unwrap();
    block_on(validator.validate(&expired(&signer))).unwrap_err();
    assert_eq!(first.taken(), [record("expired", None, false)]);
    assert_eq!(second.taken(), [record("expired", None, false)]);
}

#[test]
fn p08_a_panic_in_a_hook_makes_no_success() {
    let signer = issuer();
    let validator = builder(signer.to_issuer()).on_decision(|decision: Decision<'_>| {
        assert!(!decision.is_of_operation() && decision.outcome().is_ok());
    });
    let validator = validator.build().unwrap();
    let refused = expired(&signer);
    let judged = catch_unwind(AssertUnwindSafe(|| block_on(validator.validate(&refused))));
    assert!(judged.is_err(), "P08: the panic reaches the caller");
    let judged = catch_unwind(AssertUnwindSafe(|| validator.validate_cached(&refused)));
    assert!(judged.is_err(), "P08: validate_cached");
    let token = block_on(validator.validate(&good(&signer))).unwrap();
    let role = Requirement::role("clerk");
    let required = catch_unwind(AssertUnwindSafe(|| token.require(&role)));
    assert!(required.is_err(), "P08: require");
}
