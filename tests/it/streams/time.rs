//! Row H10: how much time is left, and whose tokens are checked.

use std::sync::Arc;
use std::time::Duration;

use resource_server::clock::Clock;
use resource_server::keys::KeySet;
use resource_server::testing::TestIssuer;
use resource_server::{
    Error, Evidence, Issuer, Policy, PolicyBuilder, Possession, PresentedToken, Reason, StaticKeys,
    Validator, verify,
};
use serde_json::json;

use super::again;
use crate::support::{
    API, Api, ISSUER, NOW, block_on, clock, introspected, reason, signer, validator, verdict,
};

const SECOND: Duration = Duration::from_secs(1);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn h10_the_time_left_is_until_the_token_is_refused_for_its_age() {
    let skew_0 = || Policy::builder().clock_skew(Duration::ZERO);
    let max_age = |age| Policy::builder().max_token_age(seconds(age));
    for (settings, lifetime, expected, end) in [
        (Policy::builder(), 300, 330, Reason::Expired),
        (skew_0(), 300, 300, Reason::Expired),
        (max_age(100), 300, 130, Reason::TooOld),
        (max_age(1_000), 300, 330, Reason::Expired),
        (
            skew_0().max_token_age(seconds(100)),
            300,
            100,
            Reason::TooOld,
        ),
    ] {
        let api = Api::with(settings);
        let minted = api.token().expires_in(seconds(lifetime)).mint();
        let token = block_on(api.validator.validate(&minted)).unwrap();
        let left = || api.validator.time_left(&token);
        assert_eq!(left(), Some(seconds(expected)), "H10");
        api.clock.advance(seconds(expected - 1));
        assert_eq!(left(), Some(SECOND), "H10");
        assert_eq!(verdict(block_on(again(&api.validator, &token))), None);
        api.clock.advance(SECOND);
        assert_eq!(left(), Some(Duration::ZERO), "H10");
        // The reason is that of a new request.
        assert_eq!(reason(block_on(again(&api.validator, &token))), end);
        assert_eq!(reason(block_on(api.validator.validate(&minted))), end);
        api.clock.advance(seconds(86_400));
        assert_eq!(left(), Some(Duration::ZERO), "H10");
        let refused = block_on(again(&api.validator, &token));
        assert_eq!(reason(refused), Reason::Expired, "H10");
    }
}

#[test]
fn h10_a_token_without_an_end_has_no_time_left_to_say() {
    let api = Api::new();
    let left = |settings: PolicyBuilder, members| {
        let token = introspected(settings, &members).unwrap();
        api.validator.time_left(&token)
    };
    let with_age = || Policy::builder().max_token_age(seconds(100));
    assert_eq!(left(Policy::builder(), json!({"exp": null})), None);
    assert_eq!(
        left(Policy::builder(), json!({"exp": null, "iat": NOW})),
        None
    );
    let aged = json!({"exp": null, "iat": NOW - 10});
    assert_eq!(left(with_age(), aged), Some(seconds(120)));
}

#[test]
fn h10_the_next_look_is_between_a_second_and_five_minutes() {
    let api = Api::new();
    for (lifetime, expected) in [
        (1_000_000, 300),
        (271, 300),
        (270, 300),
        (269, 299),
        (1, 31),
    ] {
        let minted = api.token().expires_in(seconds(lifetime)).mint();
        let token = block_on(api.validator.validate(&minted)).unwrap();
        let next = api.validator.next_look(&token);
        assert_eq!(next, seconds(expected), "H10: {lifetime}");
    }
    let minted = api.token().expires_in(seconds(1)).mint();
    let token = block_on(api.validator.validate(&minted)).unwrap();
    api.clock.advance(seconds(1_000));
    assert_eq!(api.validator.time_left(&token), Some(Duration::ZERO));
    assert_eq!(api.validator.next_look(&token), SECOND);
}

#[test]
fn h10_only_the_validator_that_accepted_a_token_checks_it_again() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let mine = validator(issuer.to_issuer(), &clock);
    let minted = issuer.token().mint();
    let token = block_on(mine.validate(&minted)).unwrap();
    assert!(block_on(mine.clone().revalidate(&token)).is_ok());
    assert!(block_on(mine.revalidate(&token.clone())).is_ok());

    // The same settings, another audience, another issuer, and the pure core.
    let twin = validator(issuer.to_issuer(), &clock);
    let other_name = "https://other.example.com";
    let elsewhere = signer(other_name, &clock);
    let stranger = validator(elsewhere.to_issuer(), &clock);
    for other in [&twin, &stranger] {
        let error = block_on(other.revalidate(&token)).unwrap_err();
        assert!(matches!(error, Error::Misconfigured(_)), "H10: {error:?}");
        assert_eq!(error.status(), 500);
        assert!(error.explain().contains("this Validator"), "{error}");
        // What needs no source is answered all the same.
        assert_eq!(other.time_left(&token), mine.time_left(&token));
        assert_eq!(other.next_look(&token), seconds(300));
    }
    let keys = Evidence::Keys(Arc::new(KeySet::from_jwks(&issuer.jwks()).unwrap()));
    let policy = Policy::builder().issuer(ISSUER).audience(API).build();
    let presented = PresentedToken::parse(&minted).unwrap();
    let verified = verify(&presented, &keys, &policy.unwrap(), clock.now()).unwrap();
    let verified = verified.confirm(&Possession::bearer()).unwrap();
    let error = block_on(mine.revalidate(&verified)).unwrap_err();
    assert!(matches!(error, Error::Misconfigured(_)), "H10: {error:?}");
}

/// Two issuers with one key: each token is checked by its own issuer's source.
#[test]
fn h10_each_token_is_checked_by_its_own_issuer() {
    let clock = clock();
    let one = signer(ISSUER, &clock);
    let other = signer("https://other.example.com", &clock);
    let builder = Validator::builder().audience(API).clock(clock.clone());
    let builder = builder.issuer(one.to_issuer()).issuer(other.to_issuer());
    let validator = builder.build().unwrap();
    let of = |issuer: &TestIssuer| block_on(validator.validate(&issuer.token().mint())).unwrap();
    let (of_one, of_other) = (of(&one), of(&other));
    one.rotate_keys();
    one.withdraw_old_keys();
    let refused = block_on(again(&validator, &of_one));
    assert_eq!(reason(refused), Reason::UnknownKey, "H10");
    assert_eq!(verdict(block_on(again(&validator, &of_other))), None, "H10");
}

#[test]
fn h10_static_keys_are_trusted_for_the_time_of_the_token() {
    let clock = clock();
    let issuer = signer(ISSUER, &clock);
    let keys = StaticKeys::from_jwks(&issuer.jwks()).unwrap();
    let validator = validator(Issuer::new(ISSUER).keys(keys), &clock);
    let token = block_on(validator.validate(&issuer.token().mint())).unwrap();
    assert_eq!(verdict(block_on(again(&validator, &token))), None, "H10");
    assert_eq!(validator.next_look(&token), seconds(300));
    clock.advance(seconds(3_600));
    assert_eq!(
        reason(block_on(again(&validator, &token))),
        Reason::Expired,
        "H10"
    );
}
