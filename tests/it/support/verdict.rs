//! The names, the time and the reading of verdicts that all tests share.

use std::error::Error as StdError;

use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{
    AccessToken, Error, Issuer, NumericDate, Reason, Rejection, Validator, ValidatorBuilder,
};

pub(crate) const ISSUER: &str = "https://as.example.com";
pub(crate) const API: &str = "https://api.example.com";
/// 2023-11-14T22:13:20Z.
pub(crate) const NOW: i64 = 1_700_000_000;

/// A clock that shows [`NOW`] until the test sets it.
pub(crate) fn clock() -> ManualClock {
    ManualClock::at(NumericDate::from_secs(NOW))
}

/// A signer with this name, whose tokens are for [`API`] and valid by this clock.
pub(crate) fn signer(name: &str, clock: &ManualClock) -> TestIssuer {
    TestIssuer::new(name, API).clock(clock.clone())
}

/// An API that trusts one issuer.
pub(crate) fn validator(issuer: Issuer, clock: &ManualClock) -> Validator {
    validator_of([issuer], clock)
}

pub(crate) fn validator_of(
    issuers: impl IntoIterator<Item = Issuer>,
    clock: &ManualClock,
) -> Validator {
    let builder = Validator::builder().audience(API).clock(clock.clone());
    let builder = issuers.into_iter().fold(builder, ValidatorBuilder::issuer);
    builder.build().unwrap()
}

/// Why a token is refused; `None` where it is accepted. An outage is not a verdict.
#[track_caller]
pub(crate) fn verdict(result: Result<AccessToken, Error>) -> Option<Reason> {
    match result {
        Ok(_) => None,
        Err(Error::Rejected(rejection)) => Some(rejection.reason()),
        Err(other) => panic!("no verdict: {other:?}"),
    }
}

/// Why a token is refused, which it must be.
#[track_caller]
pub(crate) fn reason(result: Result<AccessToken, Error>) -> Reason {
    verdict(result).expect("the token is refused")
}

/// The error and its causes, which must be an outage.
#[track_caller]
pub(crate) fn outage(result: Result<AccessToken, Error>) -> String {
    let error = result.expect_err("the token can't be judged");
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert_eq!(error.status(), 503);
    chain(&error)
}

/// The token is refused for this reason, and its explanation has these words and none of those, in
/// any case.
#[track_caller]
pub(crate) fn assert_explained(
    rejection: &Rejection,
    reason: Reason,
    has: &[&str],
    lacks: &[&str],
) {
    let explained = rejection.explain();
    assert_eq!(rejection.reason(), reason, "{explained}");
    let lower = explained.to_lowercase();
    for (words, expected) in has
        .iter()
        .map(|w| (w, true))
        .chain(lacks.iter().map(|w| (w, false)))
    {
        let found = lower.contains(&words.to_lowercase());
        assert_eq!(found, expected, "{words:?}: {explained}");
    }
}

/// An error's message with those of its causes.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
