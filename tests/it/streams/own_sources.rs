//! Row H10: what a source of the user's own says about a key, and what is checked besides.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::error::SourceError;
use resource_server::health::SourceStatus;
use resource_server::introspection::IntrospectionResponse;
use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{
    AccessToken, Error, Evidence, Issuer, KeySource, PresentedToken, Reason, StaticKeys, Tenants,
    Validator,
};

use super::again;
use crate::support::{
    ISSUER, assert_explained, block_on, clock, outage, reason, signer, validator, verdict,
};

/// Gives the keys of an issuer, and says nothing about a key later.
struct Plain(TestIssuer);

impl KeySource for Plain {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.0.evidence(token).await
    }
}

type Said = Box<dyn Fn(&AccessToken) -> Result<bool, SourceError> + Send + Sync>;

/// The same, and says this about a key.
struct Saying(TestIssuer, Said);

impl KeySource for Saying {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.0.evidence(token).await
    }

    async fn still_trusts(&self, token: &AccessToken) -> Result<bool, SourceError> {
        tokio::task::yield_now().await;
        self.1(token)
    }

    fn status(&self) -> SourceStatus {
        let mut status = SourceStatus::default();
        status.lifetime = Some(Duration::from_secs(20));
        status
    }
}

fn accepted(
    source: impl KeySource,
    issuer: &TestIssuer,
    clock: &ManualClock,
) -> (Validator, AccessToken) {
    let validator = validator(Issuer::new(ISSUER).source(source), clock);
    let token = block_on(validator.validate(&issuer.token().mint())).unwrap();
    (validator, token)
}

fn saying(
    said: impl Fn(&AccessToken) -> Result<bool, SourceError> + Send + Sync + 'static,
) -> Result<AccessToken, Error> {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let (validator, token) = accepted(Saying(issuer.clone(), Box::new(said)), &issuer, &clock);
    block_on(again(&validator, &token))
}

#[test]
fn h10_a_source_that_says_nothing_counts_by_time() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let (validator, token) = accepted(Plain(issuer.clone()), &issuer, &clock);
    issuer.rotate_keys();
    issuer.withdraw_old_keys();
    assert_eq!(verdict(block_on(again(&validator, &token))), None, "H10");
    assert_eq!(validator.next_look(&token), Duration::from_secs(300));
    clock.advance(Duration::from_secs(3_600));
    let refused = block_on(again(&validator, &token));
    assert_eq!(reason(refused), Reason::Expired, "H10");
}

#[test]
fn h10_what_a_source_says_decides() {
    assert_eq!(verdict(saying(|_| Ok(true))), None, "H10");
    let refused = saying(|token| Ok(token.key_id() != Some("p256-0")));
    let Err(Error::Rejected(rejection)) = refused else {
        panic!("H10: {refused:?}");
    };
    assert_explained(
        &rejection,
        Reason::UnknownKey,
        &[
            "withdrawn",
            "p256-0",
            "ES256",
            "since the token was accepted",
        ],
        &["alice"],
    );
    assert_eq!(rejection.status(), 401);
    assert_eq!(
        rejection.to_string(),
        "token refused: unknown_key (found when the accepted token was checked again)"
    );
    // An outage is never a verdict.
    let said = outage(saying(|_| Err(SourceError::new("the key table is away"))));
    assert!(said.contains("the key table is away"), "H10: {said}");
}

#[test]
fn h10_a_source_says_how_long_what_it_has_applies() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let (validator, token) = accepted(
        Saying(issuer.clone(), Box::new(|_| Ok(true))),
        &issuer,
        &clock,
    );
    assert_eq!(validator.next_look(&token), Duration::from_secs(20), "H10");
}

/// The time passes while the source is waited for.
#[test]
fn h10_a_token_that_expires_while_its_key_is_looked_up() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let ahead = clock.clone();
    let said = move |_: &AccessToken| {
        ahead.advance(Duration::from_secs(3_600));
        Ok(true)
    };
    let (validator, token) = accepted(Saying(issuer.clone(), Box::new(said)), &issuer, &clock);
    let refused = block_on(again(&validator, &token));
    assert_eq!(reason(refused), Reason::Expired, "H10");
}

/// An expired token asks no source.
#[test]
fn h10_an_expired_token_asks_no_source() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let said = |_: &AccessToken| Err(SourceError::new("asked"));
    let (validator, token) = accepted(Saying(issuer.clone(), Box::new(said)), &issuer, &clock);
    clock.advance(Duration::from_secs(3_600));
    let refused = block_on(again(&validator, &token));
    assert_eq!(reason(refused), Reason::Expired, "H10");
}

/// Introspects by a list of its own.
#[derive(Clone, Default)]
struct Listing(Arc<Mutex<HashSet<String>>>);

impl KeySource for Listing {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let is_active = self.0.lock().unwrap().contains(token.as_str());
        let aud = crate::support::API;
        let text = format!(r#"{{"active":{is_active},"aud":"{aud}"}}"#);
        let response = IntrospectionResponse::from_json(&text).unwrap();
        Ok(Evidence::Introspection(Arc::new(response)))
    }

    async fn still_trusts(&self, _: &AccessToken) -> Result<bool, SourceError> {
        panic!("it is for keys");
    }
}

#[test]
fn h10_a_source_of_ones_own_introspects_again() {
    let clock = clock();
    let source = Listing::default();
    let issuer = Issuer::new(ISSUER).source(source.clone()).opaque_tokens();
    let validator = validator(issuer, &clock);
    source
        .0
        .lock()
        .unwrap()
        .insert("2YotnFZFEjr1zCsicMWpAA".to_owned());
    let token = block_on(validator.validate("2YotnFZFEjr1zCsicMWpAA")).unwrap();
    assert_eq!(verdict(block_on(again(&validator, &token))), None, "H10");
    assert_eq!(validator.time_left(&token), None);
    assert_eq!(validator.next_look(&token), Duration::from_secs(300));
    source.0.lock().unwrap().clear();
    let refused = block_on(again(&validator, &token));
    assert_eq!(reason(refused), Reason::Inactive, "H10");
}

#[test]
fn h10_a_tenant_that_is_no_longer_allowed() {
    let clock = clock();
    let acme = "https://login.example.com/acme/v2.0";
    let issuer = signer(acme, &clock);
    let customers = Arc::new(Mutex::new(HashSet::from(["acme".to_owned()])));
    let known = Arc::clone(&customers);
    let tenants = Tenants::matching(move |tenant| known.lock().unwrap().contains(tenant));
    let keys = StaticKeys::from_jwks(&issuer.jwks()).unwrap();
    let template = "https://login.example.com/{tenant}/v2.0";
    let validator = validator(Issuer::template(template, tenants).keys(keys), &clock);
    let token = block_on(validator.validate(&issuer.token().mint())).unwrap();
    assert_eq!(verdict(block_on(again(&validator, &token))), None, "H10");
    customers.lock().unwrap().clear();
    let refused = block_on(again(&validator, &token));
    assert_eq!(reason(refused), Reason::TenantNotAllowed, "H10");
}
