//! Rows S01, S02 and F01: where keys are fetched from, what is accepted as an answer, and the
//! settings of the connection.

use std::time::Duration;

use resource_server::testing::{Fault, TestServer, WellKnown};
use resource_server::{
    Fetch, Issuer, Validator,
    error::{AddressError, ConfigErrorKind, FetchError},
};

use crate::support::http::{AUDIENCE, LIFETIME, World, by_hand, clock, ok, outage, validator};
use crate::support::{problems, problems_of};

const NAME: &str = "https://as.example.com/tenant";

#[tokio::test]
async fn s01_each_well_known_form_is_found() {
    for form in [
        WellKnown::OAuth,
        WellKnown::OpenIdAppended,
        WellKnown::OpenIdInserted,
    ] {
        let server = TestServer::builder(AUDIENCE)
            .path("/tenant")
            .only(form)
            .start()
            .await
            .unwrap();
        let clock = clock();
        let issuer = Issuer::discover(server.issuer().name()).refresh_on_demand();
        let validator = validator(issuer, &clock);
        let token = || server.issuer().clone().clock(clock.clone()).token().mint();
        validator.validate(&token()).await.unwrap();
        let tried = server.fetches().discovery;
        assert_eq!(tried, form as usize + 1, "in their order");
        // A day later it is read again, first where it was found.
        clock.advance(Duration::from_secs(86_401));
        validator.validate(&token()).await.unwrap();
        assert_eq!(server.fetches().discovery, tried + 1);
    }
}

#[tokio::test]
async fn s01_the_document_must_be_of_the_configured_issuer() {
    let metadata =
        |issuer: &str, jwks: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks}"}}"#);
    let world = World::new().await;
    let own = world.server.url().to_owned();
    let good = world.server.jwks_url();
    let cases = [
        (
            metadata("https://evil.example", &good),
            "https://evil.example",
        ),
        (
            metadata(&format!("{own}/"), &good),
            &format!("of issuer \"{own}/\"")[..],
        ),
        (metadata(&own, "http://keys.example.com/"), "it is http"),
        (metadata(&own, "file:///etc/passwd"), "scheme"),
        (
            metadata(&own, &good.replace("http://", "http://user:secret@")),
            "user name",
        ),
        (metadata(&own, &format!("{good}#x")), "fragment"),
        (metadata(&own, "/jwks"), "absolute"),
        (format!(r#"{{"issuer":"{own}"}}"#), "no jwks_uri"),
        (
            format!(r#"{{"issuer":"{own}","jwks_uri":["{good}"]}}"#),
            "no jwks_uri",
        ),
        (
            format!(r#"{{"issuer":"https://evil.example","issuer":"{own}","jwks_uri":"{good}"}}"#),
            "not a metadata document",
        ),
        ("[]".to_owned(), "not a metadata document"),
    ];
    for (text, part) in cases {
        world.server.serve_metadata(text.clone());
        world.clock.advance(Duration::from_secs(61));
        let said = outage(world.validate(&world.token()).await);
        assert!(said.contains(part), "{part}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
    assert_eq!(world.server.fetches().jwks, 0);
    world.server.serve_issuer_metadata();
    world.clock.advance(Duration::from_secs(61));
    world.validate(&world.token()).await.unwrap();
}

#[tokio::test]
async fn s01_the_gravest_answer_of_discovery_is_told() {
    for (fault, part) in [
        (Fault::NoMetadata, "openid-configuration"),
        (Fault::Html, "text/html"),
        (
            Fault::Redirect("https://login.example.com/?next=secret".into()),
            "login.example.com",
        ),
        (
            Fault::Status {
                code: 502,
                retry_after: None,
            },
            "status 502",
        ),
    ] {
        let world = World::new().await;
        world.server.fail_discovery(fault.clone());
        let said = outage(world.validate(&world.token()).await);
        assert!(
            said.contains(part) && !said.contains("secret"),
            "{fault:?}: {said}"
        );
    }
}

#[tokio::test]
async fn s01_the_address_is_a_setting_apart_from_the_name() {
    let server = TestServer::builder(AUDIENCE)
        .name(NAME)
        .start()
        .await
        .unwrap();
    let token = server.issuer().clone().clock(clock()).token().mint();
    for issuer in [
        Issuer::new(NAME).discovery_at(server.discovery_url()),
        Issuer::new(NAME).jwks_at(server.jwks_url()),
    ] {
        validator(issuer, &clock()).validate(&token).await.unwrap();
    }
    // The document that is found there is still compared with the name.
    let other = "https://other.example.com";
    let issuer = Issuer::new(other).discovery_at(server.discovery_url());
    let foreign = server
        .issuer()
        .clone()
        .clock(clock())
        .token()
        .issuer(other)
        .mint();
    let said = outage(validator(issuer, &clock()).validate(&foreign).await);
    assert!(said.contains(NAME) && said.contains(other), "{said}");
}

#[test]
fn s01_an_address_that_can_not_be_right_is_told_when_built() {
    use AddressError as P;
    let problem = |issuer: Issuer| match &*problems(issuer) {
        [(_, ConfigErrorKind::Address(problem))] => problem.clone(),
        other => panic!("{other:?}"),
    };
    for (url, expected) in [
        ("http://as.example.com", P::Http),
        ("as.example.com", P::NotAUrl),
        ("ftp://as.example.com", P::Scheme),
        ("https://user:secret@as.example.com", P::UserInfo),
        ("https://as.example.com#x", P::Fragment),
    ] {
        assert_eq!(problem(Issuer::discover(url)), expected, "{url}");
        assert_eq!(problem(Issuer::new(NAME).jwks_at(url)), expected, "{url}");
        assert_eq!(
            problem(Issuer::new(NAME).discovery_at(url)),
            expected,
            "{url}"
        );
    }
    assert_eq!(
        problem(Issuer::discover("https://as.example.com?x=1")),
        P::Query
    );
    let mesh = Issuer::new(NAME)
        .jwks_at("http://as.internal/")
        .fetch(Fetch::new().danger_allow_http());
    assert!(
        Validator::builder()
            .audience(AUDIENCE)
            .issuer(mesh)
            .build()
            .is_ok()
    );

    let two = Issuer::discover(NAME).jwks_at("https://as.example.com/jwks");
    let built = Validator::builder().audience(AUDIENCE).issuer(two).build();
    assert_eq!(
        problems_of(&built.unwrap_err()),
        [(Some(NAME.into()), ConfigErrorKind::SeveralSources)]
    );
    let patient = Issuer::discover(NAME).outage_tolerance(Duration::from_secs(86_401));
    let built = Validator::builder()
        .audience(AUDIENCE)
        .issuer(patient)
        .build();
    assert_eq!(
        problems_of(&built.unwrap_err()),
        [(Some(NAME.into()), ConfigErrorKind::OutageTolerance)]
    );
}

#[tokio::test]
async fn s02_what_is_no_good_answer_leaves_the_keys_in_use() {
    let faults = [
        (
            Fault::Redirect("https://evil.example/jwks".into()),
            "evil.example",
        ),
        (Fault::Redirect("/elsewhere".into()), "redirects"),
        (Fault::Oversized(1024 * 1024 + 1), "larger than"),
        (Fault::Endless, "larger than"),
        (Fault::Garbage, "not well-formed JSON"),
        (Fault::Html, "text/html"),
        (Fault::Truncated, "can't be reached"),
        (Fault::Reset, "can't be reached"),
        (Fault::Refused, "can't be reached"),
        (Fault::Delay(Duration::from_secs(3_600)), "in time"),
        (Fault::SlowBody(Duration::from_millis(50)), "in time"),
        (
            Fault::Status {
                code: 500,
                retry_after: None,
            },
            "status 500",
        ),
        (
            Fault::Status {
                code: 401,
                retry_after: None,
            },
            "status 401",
        ),
        (
            Fault::Status {
                code: 204,
                retry_after: None,
            },
            "status 204",
        ),
        // The request has no entity tag, so a 304 is unexpected.
        (
            Fault::Status {
                code: 304,
                retry_after: None,
            },
            "status 304",
        ),
    ];
    for (fault, part) in faults {
        let fetch = Fetch::new().timeout(Duration::from_millis(300));
        let world = World::with(|issuer| issuer.fetch(fetch)).await;
        // At first there is nothing to fall back on.
        world.server.fail_jwks(fault.clone());
        let said = outage(world.validate(&world.token()).await);
        assert!(said.contains(part), "{fault:?}: {said}");
        if !matches!(fault, Fault::Refused) {
            assert!(
                said.contains(&world.server.jwks_url()) || part.contains("JSON"),
                "{said}"
            );
        }
        world.server.recover();
        world.clock.advance(Duration::from_secs(2));
        let token = world.long_token();
        world.validate(&token).await.unwrap();
        // Then there is.
        if !matches!(fault, Fault::Status { code: 304, .. }) {
            world.server.fail_jwks(fault.clone());
            world.clock.advance(LIFETIME + Duration::from_secs(1));
            world.validate(&token).await.unwrap();
            assert!(world.last_error().unwrap().contains(part), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn s02_an_address_that_hangs_is_named() {
    let server = TestServer::builder(AUDIENCE)
        .name(NAME)
        .start()
        .await
        .unwrap();
    server.fail_jwks(Fault::Delay(Duration::from_secs(3_600)));
    let fetch = Fetch::new().timeout(Duration::from_millis(200));
    let issuer = Issuer::new(NAME).jwks_at(server.jwks_url()).fetch(fetch);
    let token = server.issuer().clone().clock(clock()).token().mint();
    let said = outage(validator(issuer, &clock()).validate(&token).await);
    assert!(
        said.contains(&server.jwks_url()) && said.contains("in time"),
        "{said}"
    );
}

#[tokio::test]
async fn s02_a_pooled_connection_that_was_closed_meanwhile_is_no_failure() {
    // Our client keeps none; one of the user's own does.
    #[cfg(feature = "reqwest-client")]
    let own = {
        let own = reqwest::Client::builder().no_proxy().build().unwrap();
        vec![Fetch::new().client(own)]
    };
    #[cfg(not(feature = "reqwest-client"))]
    let own = Vec::new();
    for fetch in own.into_iter().chain([Fetch::new()]) {
        let world = World::with(|issuer| issuer.fetch(fetch)).await;
        world.server.fail(Fault::ResetReused);
        let token = world.long_token();
        for _ in 0..3 {
            world.validate(&token).await.unwrap();
            assert_eq!(world.last_error(), None);
            world.clock.advance(LIFETIME + Duration::from_secs(1));
        }
    }
}

#[tokio::test]
async fn keys_that_moved_are_found_by_reading_the_metadata_again() {
    let old = TestServer::start(AUDIENCE).await.unwrap();
    let world = World::new().await;
    let metadata = |jwks: &str| {
        format!(
            r#"{{"issuer":"{}","jwks_uri":"{jwks}"}}"#,
            world.server.url()
        )
    };
    old.serve_jwks(world.server.issuer().jwks());
    world.server.serve_metadata(metadata(&old.jwks_url()));
    let token = world.long_token();
    world.validate(&token).await.unwrap();
    assert_eq!(world.server.fetches().jwks, 0);
    world
        .server
        .serve_metadata(metadata(&world.server.jwks_url()));
    old.fail_jwks(Fault::Status {
        code: 404,
        retry_after: None,
    });
    world.clock.advance(LIFETIME + Duration::from_secs(1));
    world.validate(&token).await.unwrap();
    assert_eq!(world.last_error(), None);
    assert_eq!(world.server.fetches().jwks, 1);
}

#[tokio::test]
async fn f01_a_private_ca_is_trusted_when_it_is_given() {
    let server = TestServer::builder(AUDIENCE).tls().start().await.unwrap();
    let stranger = TestServer::builder(AUDIENCE).tls().start().await.unwrap();
    let token = server.issuer().clone().clock(clock()).token().mint();
    let discover = |fetch| validator(Issuer::discover(server.url()).fetch(fetch), &clock());
    for trusting in [
        Fetch::new().root_certificates_pem(server.ca_pem()),
        Fetch::new().only_root_certificates_pem(server.ca_pem()),
        // Several in one text.
        Fetch::new().root_certificates_pem(format!("{}{}", stranger.ca_pem(), server.ca_pem())),
    ] {
        discover(trusting).validate(&token).await.unwrap();
    }
    for mistrusting in [
        Fetch::new(),
        Fetch::new().root_certificates_pem(stranger.ca_pem()),
        Fetch::new().only_root_certificates_pem(stranger.ca_pem()),
    ] {
        let said = outage(discover(mistrusting).validate(&token).await);
        assert!(said.to_lowercase().contains("certificate"), "{said}");
    }
    // For all issuers at once.
    let common = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::discover(server.url()))
        .fetch(Fetch::new().root_certificates_pem(server.ca_pem()))
        .clock(clock())
        .build()
        .unwrap();
    common.validate(&token).await.unwrap();
    let built = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::discover(NAME))
        .fetch(Fetch::new().root_certificates_pem("no certificate"))
        .build();
    assert_eq!(
        problems_of(&built.unwrap_err()),
        [(None, ConfigErrorKind::Fetch(FetchError::RootCertificate))]
    );
}

#[tokio::test]
async fn s01_https_does_not_lead_to_http() {
    let plain = TestServer::start(AUDIENCE).await.unwrap();
    let server = TestServer::builder(AUDIENCE).tls().start().await.unwrap();
    let metadata = format!(
        r#"{{"issuer":"{}","jwks_uri":"{}"}}"#,
        server.url(),
        plain.jwks_url()
    );
    server.serve_metadata(metadata);
    let fetch = Fetch::new().root_certificates_pem(server.ca_pem());
    let validator = validator(Issuer::discover(server.url()).fetch(fetch), &clock());
    let token = server.issuer().clone().clock(clock()).token().mint();
    assert!(outage(validator.validate(&token).await).contains("it is http"));
    assert_eq!(plain.fetches().jwks, 0);
}

#[tokio::test]
async fn f01_headers_are_sent_and_a_proxy_is_used() {
    let server = TestServer::builder(AUDIENCE)
        .name(NAME)
        .start()
        .await
        .unwrap();
    let token = server.issuer().clone().clock(clock()).token().mint();

    let keys = || ok(&server.issuer().jwks(), "");
    let answer = keys();
    let (url, asked) = by_hand(move |_| std::future::ready(answer.clone())).await;
    let fetch = Fetch::new().header("x-gateway", "secret-value");
    assert!(!format!("{fetch:?}").contains("secret-value"));
    let issuer = Issuer::new(NAME)
        .jwks_at(format!("{url}?tenant=1"))
        .fetch(fetch);
    validator(issuer, &clock()).validate(&token).await.unwrap();
    let head = asked.lock().unwrap()[0].to_lowercase();
    assert!(
        head.starts_with("get /jwks?tenant=1 http/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nx-gateway: secret-value\r\n"), "{head}");
    // Past caches on the way; and nothing that could come back compressed.
    assert!(head.contains("\r\ncache-control: no-cache\r\n"), "{head}");
    assert!(head.contains("\r\naccept-encoding: identity\r\n"), "{head}");

    // The host doesn't exist: only the proxy can get a request for it.
    let answer = keys();
    let (url, asked) = by_hand(move |_| std::future::ready(answer.clone())).await;
    let fetch = Fetch::new().danger_allow_http().proxy(url);
    let issuer = Issuer::new(NAME)
        .jwks_at("http://keys.invalid/jwks")
        .fetch(fetch);
    validator(issuer, &clock()).validate(&token).await.unwrap();
    let head = asked.lock().unwrap()[0].clone();
    assert!(
        head.starts_with("GET http://keys.invalid/jwks HTTP/1.1\r\n"),
        "{head}"
    );
}

#[cfg(feature = "reqwest-client")]
#[tokio::test]
async fn f01_a_client_of_ones_own_stays_within_the_bounds() {
    let world = World::with(|issuer| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        issuer.fetch(
            Fetch::new()
                .client(client)
                .timeout(Duration::from_millis(300)),
        )
    })
    .await;
    let moved = TestServer::start(AUDIENCE).await.unwrap();
    moved.serve_jwks(world.server.issuer().jwks());
    for (fault, part) in [
        // This client follows redirects, and what it brings is refused.
        (
            Fault::Redirect(moved.jwks_url()),
            "redirects to http://127.0.0.1:",
        ),
        (Fault::Oversized(1024 * 1024 + 1), "larger than"),
        (Fault::Endless, "larger than"),
        (Fault::Delay(Duration::from_secs(3_600)), "in time"),
    ] {
        world.server.fail_jwks(fault.clone());
        let said = outage(world.validate(&world.token()).await);
        assert!(said.contains(part), "{fault:?}: {said}");
        world.clock.advance(Duration::from_secs(61));
    }
    crate::support::http::until(|| moved.fetches().jwks == 1).await;
    world.server.recover();
    world.clock.advance(Duration::from_secs(61));
    world.validate(&world.token()).await.unwrap();
}
