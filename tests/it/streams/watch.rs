//! Row H10: waiting until an accepted token is refused. Sleeps end at once, in tokio's paused time;
//! the Validator's time is the test's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use resource_server::error::{SourceError, SourceErrorKind};
use resource_server::testing::TestIssuer;
use resource_server::{
    AccessToken, Error, Evidence, Issuer, KeySource, PresentedToken, Reason, Validator,
};

use crate::support::{ISSUER, clock, signer, validator};

/// Gives the keys of an issuer. Afterwards it can't be reached for the looks whose numbers, from 1,
/// the function names.
struct Away(TestIssuer, Arc<AtomicUsize>, fn(usize) -> bool);

impl KeySource for Away {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.0.evidence(token).await
    }

    async fn still_trusts(&self, _: &AccessToken) -> Result<bool, SourceError> {
        let look = self.1.fetch_add(1, Ordering::SeqCst) + 1;
        if self.2(look) {
            return Err(SourceError::new("away"));
        }
        // The twelfth look finds that the key was withdrawn.
        Ok(look < 12)
    }
}

async fn watched(is_away: fn(usize) -> bool) -> (Error, usize) {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let looks = Arc::new(AtomicUsize::new(0));
    let source = Away(issuer.clone(), Arc::clone(&looks), is_away);
    let validator = validator(Issuer::new(ISSUER).source(source), &clock);
    let token = validator.validate(&issuer.token().mint()).await.unwrap();
    let error = validator.until_refused(&token).await;
    (error, looks.load(Ordering::SeqCst))
}

fn is_refused_as(error: &Error, expected: Reason) -> bool {
    matches!(error, Error::Rejected(rejection) if rejection.reason() == expected)
}

#[tokio::test(start_paused = true)]
async fn h10_three_outages_in_a_row_are_tolerated() {
    let (error, looks) = watched(|look| matches!(look, 1..=3 | 5..=7 | 9..=11)).await;
    assert!(is_refused_as(&error, Reason::UnknownKey), "{error:?}");
    assert_eq!(looks, 12);
    let (error, looks) = watched(|look| look >= 2).await;
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert_eq!(looks, 5);
}

#[tokio::test(start_paused = true)]
async fn h10_it_ends_when_the_token_expires() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let validator: Validator = validator(issuer.to_issuer(), &clock);
    let minted = issuer.token().expires_in(Duration::from_secs(60)).mint();
    let token = validator.validate(&minted).await.unwrap();
    let mut watch = std::pin::pin!(validator.until_refused(&token));
    // No sleep ends it before its time.
    for _ in 0..3 {
        let waited = tokio::time::timeout(Duration::from_secs(3_600), &mut watch).await;
        assert!(waited.is_err());
    }
    clock.advance(Duration::from_secs(90));
    let error = watch.await;
    assert!(is_refused_as(&error, Reason::Expired), "{error:?}");
}

/// Gives the keys of an issuer, and never says whether they are still trusted.
struct Silent(TestIssuer);

impl KeySource for Silent {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.0.evidence(token).await
    }

    async fn still_trusts(&self, _: &AccessToken) -> Result<bool, SourceError> {
        std::future::pending().await
    }
}

/// What never answers must not keep a connection open, least of all past the end of its token.
#[tokio::test(start_paused = true)]
async fn h10_a_look_without_an_end_is_an_outage() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let validator = validator(Issuer::new(ISSUER).source(Silent(issuer.clone())), &clock);
    let hour = Duration::from_secs(3_600);
    let minted = issuer.token().expires_in(hour).mint();
    let token = validator.validate(&minted).await.unwrap();
    let error = tokio::time::timeout(hour, validator.until_refused(&token)).await;
    let Ok(Error::Unavailable(outage)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(outage.kind(), SourceErrorKind::Timeout);
    assert_eq!(outage.issuer(), None);

    let mut watch = std::pin::pin!(validator.until_refused(&token));
    // The first look, 5 minutes after the start, has begun.
    let limit = Duration::from_secs(301);
    assert!(tokio::time::timeout(limit, &mut watch).await.is_err());
    clock.advance(hour + Duration::from_secs(30));
    let error = tokio::time::timeout(hour, watch).await.unwrap();
    assert!(is_refused_as(&error, Reason::Expired), "{error:?}");
}
