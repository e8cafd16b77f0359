//! Row O04: a check of the API's own after verification.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::decision::{Check, Denial};
use resource_server::error::SourceError;
use resource_server::introspection::IntrospectionResponse;
use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{
    AccessToken, Credentials, Error, Evidence, Issuer, KeySource, NumericDate, PresentedToken,
    Reason, Requirement, Validator, ValidatorBuilder,
};
use serde_json::json;

use crate::support::{
    API, ISSUER, NOW, NeverAtHand, block_on, chain, clock, reason, signer, verdict,
};

const METADATA: &str =
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";

struct World {
    signer: TestIssuer,
    clock: ManualClock,
}

impl World {
    fn new() -> Self {
        let clock = clock();
        let signer = signer(ISSUER, &clock);
        World { signer, clock }
    }

    fn builder(&self, issuer: Issuer) -> ValidatorBuilder {
        let builder = Validator::builder().resource(API).issuer(issuer);
        builder.clock(self.clock.clone())
    }

    /// An API with cached keys and this check.
    fn checking(&self, check: impl Check) -> Validator {
        let builder = self.builder(self.signer.to_issuer());
        builder.check(check).build().unwrap()
    }

    fn good(&self) -> String {
        self.signer.token().scope("orders:read").mint()
    }

    fn expired(&self) -> String {
        let hour_ago = NumericDate::from_secs(NOW - 3_600);
        self.signer.token().expires_at(hour_ago).mint()
    }
}

/// A check that always gives this denial.
fn denying(denial: Denial) -> impl Check {
    move |_| {
        let denial = denial.clone();
        async move { Err(denial) }
    }
}

/// Counts its calls and lets every token pass.
fn counting(calls: &Arc<AtomicUsize>) -> impl Check {
    let calls = Arc::clone(calls);
    move |_| {
        calls.fetch_add(1, Ordering::Relaxed);
        async { Ok(()) }
    }
}

fn refused(validator: &Validator, token: &str) -> Error {
    block_on(validator.validate(token)).unwrap_err()
}

#[test]
fn o04_h02_each_denial_has_its_reason_and_its_answer() {
    let world = World::new();
    let down = || SourceError::new("the session table").retry_in(Duration::from_millis(1_500));
    let table = [
        (
            Denial::token(),
            Some(Reason::TokenDenied),
            401,
            vec![
                (
                    "www-authenticate",
                    format!("Bearer error=\"invalid_token\", {METADATA}"),
                ),
                ("cache-control", "no-store".to_owned()),
            ],
        ),
        (
            Denial::operation(),
            Some(Reason::OperationDenied),
            403,
            vec![("cache-control", "no-store".to_owned())],
        ),
        (
            Denial::unavailable(down()),
            None,
            503,
            vec![("retry-after", "2".to_owned())],
        ),
        (
            Denial::unavailable(down()).because("no session can be looked up"),
            None,
            503,
            vec![("retry-after", "2".to_owned())],
        ),
    ];
    for (denial, reason, status, headers) in table {
        let error = refused(&world.checking(denying(denial.clone())), &world.good());
        let found = match &error {
            Error::Rejected(rejection) => Some(rejection.reason()),
            Error::Unavailable(_) => None,
            other => panic!("O04: {other:?}"),
        };
        assert_eq!((found, error.status()), (reason, status), "{denial:?}");
        let answer = error.answer();
        let shown: Vec<_> = answer
            .headers()
            .map(|(name, value)| (name, value.to_owned()))
            .collect();
        assert_eq!(shown, headers, "{denial:?}");
        assert_eq!(answer.body(), "", "{denial:?}");
    }
}

#[test]
fn o04_every_verb_runs_the_check_and_only_for_a_good_token() {
    let world = World::new();
    let asking = Issuer::new(ISSUER).source(NeverAtHand(world.signer.clone()));
    for (what, issuer) in [
        ("cached keys", world.signer.to_issuer()),
        ("keys that are asked for", asking),
    ] {
        let calls = Arc::new(AtomicUsize::new(0));
        let builder = world.builder(issuer).check(counting(&calls));
        let validator = builder.build().unwrap();
        let made = || calls.swap(0, Ordering::Relaxed);
        let good = world.good();
        block_on(validator.validate(&good)).unwrap();
        assert_eq!(made(), 1, "O04: validate, {what}");
        block_on(validator.authenticate(&Credentials::bearer(&good))).unwrap();
        assert_eq!(made(), 1, "O04: authenticate, {what}");

        let expired = block_on(validator.validate(&world.expired()));
        assert_eq!(reason(expired), Reason::Expired, "{what}");
        let nothing = block_on(validator.authenticate(&Credentials::none()));
        assert_eq!(reason(nothing), Reason::NoCredentials, "{what}");
        assert_eq!(made(), 0, "O04: a bad token, {what}");
    }
}

/// Answers that every token is active.
struct Introspecting;

impl KeySource for Introspecting {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let response = json!({"active": true, "aud": API, "exp": NOW + 300}).to_string();
        let response = IntrospectionResponse::from_json(&response).unwrap();
        Ok(Evidence::Introspection(Arc::new(response)))
    }
}

#[test]
fn o04_validate_online_runs_the_check_too() {
    let world = World::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let issuer = Issuer::new(ISSUER).source(Introspecting).opaque_tokens();
    let builder = world.builder(issuer).check(counting(&calls));
    let validator = builder.check(denying(Denial::token())).build().unwrap();
    let judged = block_on(validator.validate_online("opaque"));
    assert_eq!(reason(judged), Reason::TokenDenied);
    assert_eq!(calls.load(Ordering::Relaxed), 1, "O04");
}

#[test]
fn o04_what_can_not_wait_gives_none_for_a_good_token_alone() {
    let world = World::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let validator = world.checking(counting(&calls));
    assert!(validator.validate_cached(&world.good()).is_none(), "O04");
    let presented = world.good();
    let credentials = Credentials::bearer(&presented);
    assert!(validator.authenticate_cached(&credentials).is_none());
    let judged = |token: &str| validator.validate_cached(token).map(reason);
    assert_eq!(judged(&world.expired()), Some(Reason::Expired), "O04");
    let forged = signer(ISSUER, &world.clock).token().mint();
    let no_key = validator.validate_cached(&forged).map(reason);
    assert_eq!(no_key, Some(Reason::BadSignature), "O04");
    let nothing = validator.authenticate_cached(&Credentials::none());
    assert_eq!(nothing.map(reason), Some(Reason::NoCredentials), "O04");
    assert_eq!(calls.load(Ordering::Relaxed), 0, "O04: no check is run");
    let unchecked = world.builder(world.signer.to_issuer()).build().unwrap();
    let judged = unchecked.validate_cached(&world.good()).map(verdict);
    assert_eq!(judged, Some(None), "O04: without a check");
}

#[test]
fn o04_checks_run_in_order_and_the_first_refusal_ends_it() {
    let world = World::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let numbered = |number: u8, denial: Option<Denial>| {
        let seen = Arc::clone(&seen);
        move |token: AccessToken| {
            let (seen, denial) = (Arc::clone(&seen), denial.clone());
            async move {
                tokio::task::yield_now().await;
                assert_eq!(token.issuer(), ISSUER);
                seen.lock().unwrap().push(number);
                denial.map_or(Ok(()), Err)
            }
        }
    };
    let builder = world.builder(world.signer.to_issuer());
    let validator = builder
        .check(numbered(1, None))
        .check(numbered(2, Some(Denial::operation())))
        .check(numbered(3, Some(Denial::token())))
        .build()
        .unwrap();
    let judged = block_on(validator.validate(&world.good()));
    assert_eq!(reason(judged), Reason::OperationDenied);
    assert_eq!(*seen.lock().unwrap(), [1, 2], "O04");
}

#[test]
fn o04_an_error_that_a_check_passes_on_stays_what_it_is() {
    let world = World::new();
    let requiring = |requirement: Requirement| {
        let check = move |token: AccessToken| {
            let requirement = requirement.clone();
            async move { Ok(token.require(&requirement)?) }
        };
        world.checking(check)
    };
    let good = world.good();
    let allowed = requiring(Requirement::scope("orders:read"));
    assert_eq!(verdict(block_on(allowed.validate(&good))), None, "O04");

    let lacking = refused(&requiring(Requirement::scope("orders:write")), &good);
    let answer = lacking.answer();
    assert_eq!(lacking.status(), 403, "O04");
    let challenge = answer
        .headers()
        .find(|(name, _)| *name == "www-authenticate");
    let expected =
        format!("Bearer error=\"insufficient_scope\", scope=\"orders:write\", {METADATA}");
    assert_eq!(challenge, Some(("www-authenticate", &*expected)), "O04");

    let role = block_on(requiring(Requirement::role("clerk")).validate(&good));
    assert_eq!(reason(role), Reason::OperationNotAllowed, "O04");

    let malformed = refused(&requiring(Requirement::scope("")), &good);
    assert!(matches!(malformed, Error::Misconfigured(_)), "O04");
    assert_eq!(malformed.status(), 500, "O04");

    let down = Issuer::new("https://other.example.com").source(Down);
    let inner = world.builder(down).build().unwrap();
    let other = signer("https://other.example.com", &world.clock);
    let minted = other.token().mint();
    let validator = world.checking(move |_| {
        let (inner, minted) = (inner.clone(), minted.clone());
        async move {
            inner.validate(&minted).await?;
            Ok(())
        }
    });
    let error = refused(&validator, &good);
    assert_eq!(error.status(), 503, "O04");
    assert_eq!(
        error.explain(),
        "issuer \"https://other.example.com\": its tokens can't be judged now: it is down"
    );
}

struct Down;

impl KeySource for Down {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        Err(SourceError::new("it is down"))
    }
}

#[test]
fn o04_an_outage_of_a_check_does_not_blame_the_issuer() {
    let world = World::new();
    let cause = || {
        let refused = std::io::Error::other("connection refused");
        SourceError::new("the session table can't be read").caused_by(refused)
    };
    let table = [
        (
            Denial::unavailable(cause()),
            "a check of this API (ValidatorBuilder::check) can't be made now: the session table \
             can't be read: connection refused",
        ),
        (
            Denial::unavailable(cause()).because("no session\r\n can be looked up"),
            "a check of this API (ValidatorBuilder::check) can't be made now: no session\\r\\n can \
             be looked up: the session table can't be read: connection refused",
        ),
    ];
    for (denial, expected) in table {
        let error = refused(&world.checking(denying(denial)), &world.good());
        assert_eq!(
            (error.explain(), chain(&error)),
            (expected.to_owned(), expected.to_owned())
        );
        let Error::Unavailable(unavailable) = &error else {
            panic!("O04: {error:?}")
        };
        assert_eq!(unavailable.issuer(), None, "O04");
        assert!(unavailable.source().is_some(), "O04");
    }
    let of_issuer = world.builder(Issuer::new(ISSUER).source(Down));
    let validator = of_issuer.check(counting(&Arc::default())).build().unwrap();
    let Error::Unavailable(unavailable) = refused(&validator, &world.good()) else {
        panic!("O04: no outage")
    };
    assert_eq!(unavailable.issuer(), Some(ISSUER), "O04");
}

#[test]
fn o04_p01_the_authors_text_is_for_explain_alone() {
    let world = World::new();
    let text = format!("the account is locked\n{}", "x".repeat(1 << 16));
    for denial in [Denial::token(), Denial::operation()] {
        let resource = resource_server::Resource::new(API)
            .describe_errors()
            .problem_json();
        let builder = Validator::builder()
            .resource(resource)
            .issuer(world.signer.to_issuer())
            .clock(world.clock.clone());
        let check = denying(denial.because(&text));
        let error = refused(&builder.check(check).build().unwrap(), &world.good());
        let explained = error.explain();
        assert!(
            explained.contains("\"the account is locked\\nxxx"),
            "{explained}"
        );
        assert!(explained.len() < 400, "{}", explained.len());
        let answer = error.answer();
        for shown in [
            format!("{error} {error:?}"),
            format!("{answer:?}"),
            chain(&error),
        ] {
            assert!(!shown.contains("locked"), "P01: {shown}");
        }
    }
}

#[test]
fn o04_a_panic_in_a_check_is_never_a_success() {
    let world = World::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let validator = world.checking(move |_| {
        let number = counted.fetch_add(1, Ordering::Relaxed);
        async move {
            tokio::task::yield_now().await;
            assert!(number > 0, "the first call");
            Ok(())
        }
    });
    let good = world.good();
    let first = catch_unwind(AssertUnwindSafe(|| block_on(validator.validate(&good))));
    assert!(first.is_err(), "O04: the panic reaches the caller");
    let second = block_on(validator.validate(&good));
    assert_eq!(verdict(second), None, "O04: nothing is left behind");
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

/// A session may end while a connection is open.
#[test]
fn o04_h10_the_check_runs_again_with_the_token() {
    let world = World::new();
    let is_open = Arc::new(AtomicUsize::new(1));
    let seen = Arc::clone(&is_open);
    let check = move |token: AccessToken| {
        let is_open = seen.load(Ordering::Relaxed) == 1;
        async move {
            token.require(&Requirement::scope("orders:read"))?;
            if is_open {
                Ok(())
            } else {
                Err(Denial::token())
            }
        }
    };
    let decisions = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&decisions);
    let builder = world.builder(world.signer.to_issuer()).check(check);
    let validator = builder.on_decision(move |decision| {
        // What the hook asks of the token is no decision.
        let token = decision.token().unwrap();
        assert!(token.require(&Requirement::scope("other")).is_err());
        count.fetch_add(1, Ordering::Relaxed);
    });
    let validator = validator.build().unwrap();
    let token = block_on(validator.validate(&world.good())).unwrap();
    assert!(block_on(validator.revalidate(&token)).is_ok());
    assert_eq!(decisions.load(Ordering::Relaxed), 1);
    is_open.store(0, Ordering::Relaxed);
    let Err(Error::Rejected(rejection)) = block_on(validator.revalidate(&token)) else {
        panic!("O04: the session has ended")
    };
    assert_eq!(rejection.reason(), Reason::TokenDenied);
    assert_eq!(decisions.load(Ordering::Relaxed), 2);
}
