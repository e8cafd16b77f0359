//! A real authorization server is stopped and started again.

mod support;

use std::time::Duration;

use live_tests::{AuthorizationServer, Certificates};
use resource_server::{Fetch, Issuer};

use support::{
    COOLDOWN, KEY_LIFETIME, TestResult, chain, clock, key_ids, outage, tokens, until, validator,
};

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn tokens_are_accepted_before_during_and_after_an_outage() -> TestResult {
    let mut server = AuthorizationServer::start().await;
    let clock = clock();
    let issuer = Issuer::discover(server.issuer())
        .default_key_lifetime(KEY_LIFETIME)
        .refresh_on_demand();
    let validator = validator(issuer).clock(clock.clone()).build()?;
    let last_error = || validator.health()[0].status().last_error.clone();
    let known = tokens(&server).await;
    for token in &known {
        validator.validate(token).await?;
    }
    // The server's last act is to change its keys.
    server.announce_keys().await;
    server.sign_with_newest_keys().await;
    let unknown = tokens(&server).await;

    server.stop().await;

    for token in &known {
        validator.validate(token).await?;
    }
    assert_eq!(last_error(), None, "fresh keys need no server");
    clock.advance(KEY_LIFETIME + Duration::from_secs(1));
    for token in &known {
        validator.validate(token).await?;
    }
    assert!(last_error().is_some_and(|error| error.contains("can't be reached")));
    for token in &unknown {
        let why = outage(validator.validate(token).await);
        assert!(why.contains(server.jwks_uri()), "{why}");
    }

    server.start_again().await;
    clock.advance(COOLDOWN);

    for token in known.iter().chain(&unknown).chain(&tokens(&server).await) {
        validator.validate(token).await?;
    }
    assert_eq!(last_error(), None);
    let requests = server.requests().await;
    assert_eq!((requests.metadata, requests.jwks), (0, 1));
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn a_restart_between_two_fetches_goes_unnoticed() -> TestResult {
    let certificates = Certificates::new();
    let name = "https://as.example.com";
    // The first leaves an open connection of HTTP/1.1, the second one of HTTP/2.
    for mut server in [
        AuthorizationServer::start().await,
        AuthorizationServer::start_behind_tls(name, &certificates).await,
    ] {
        let clock = clock();
        let issuer = Issuer::new(server.issuer())
            .jwks_at(server.jwks_uri())
            .default_key_lifetime(KEY_LIFETIME)
            .refresh_on_demand();
        let validator = validator(issuer)
            .fetch(Fetch::new().root_certificates_pem(certificates.ca.as_str()))
            .clock(clock.clone())
            .build()?;
        let tokens = tokens(&server).await;
        validator.warm_up().await?;

        server.stop().await;
        server.start_again().await;
        clock.advance(KEY_LIFETIME + Duration::from_secs(1));

        for token in &tokens {
            validator.validate(token).await?;
        }
        let health = validator.health();
        assert_eq!(health[0].status().last_error, None);
        assert_eq!(server.requests().await.jwks, 1);
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn a_validator_made_during_an_outage_recovers_by_itself() -> TestResult {
    let mut server = AuthorizationServer::start().await;
    let tokens = tokens(&server).await;
    server.stop().await;

    let validator = validator(Issuer::discover(server.issuer())).build()?;
    let failed = validator.warm_up().await.expect_err("nobody is there");
    assert!(
        failed.to_string().contains(server.issuer()),
        "{}",
        chain(&failed)
    );
    for token in &tokens {
        let why = outage(validator.validate(token).await);
        assert!(why.contains("can't be reached"), "{why}");
    }

    server.start_again().await;

    // Without a token that asks for it.
    until(|| !key_ids(&validator).is_empty()).await;
    for token in &tokens {
        validator.validate(token).await?;
    }
    assert_eq!(validator.health()[0].status().last_error, None);
    Ok(())
}
