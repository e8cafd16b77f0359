//! A real authorization server behind TLS under a private CA, at an address that is not its name.

mod support;

use live_tests::{AuthorizationServer, Certificates, ForwardProxy};
use resource_server::{Fetch, Issuer};

use support::{TestResult, outage, tokens, validator};

/// Nothing of this name is ever reached.
const NAME: &str = "https://as.example.com";

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn a_private_ca_is_trusted_where_it_is_given() -> TestResult {
    let certificates = Certificates::new();
    let server = AuthorizationServer::start_behind_tls(NAME, &certificates).await;
    assert_eq!(server.issuer(), NAME);
    let tokens = tokens(&server).await;
    for fetch in [
        Fetch::new().root_certificates_pem(certificates.ca.as_str()),
        Fetch::new().only_root_certificates_pem(certificates.ca.as_str()),
    ] {
        for issuer in [
            Issuer::new(NAME).discovery_at(discovery_url(&server)),
            Issuer::new(NAME).jwks_at(server.jwks_uri()),
        ] {
            let validator = validator(issuer).fetch(fetch.clone()).build()?;
            for token in &tokens {
                let accepted = validator.validate(token).await?;
                assert_eq!(accepted.issuer(), NAME);
            }
        }
    }
    let requests = server.requests().await;
    assert_eq!((requests.metadata, requests.jwks), (2, 4));
    assert_eq!(requests.http, ["2.0".to_owned()].into());
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn without_its_ca_the_server_is_not_asked() -> TestResult {
    let certificates = Certificates::new();
    let stranger = Certificates::new();
    let server = AuthorizationServer::start_behind_tls(NAME, &certificates).await;
    let tokens = tokens(&server).await;
    for fetch in [
        Fetch::new(),
        Fetch::new().root_certificates_pem(stranger.ca.as_str()),
        Fetch::new().only_root_certificates_pem(stranger.ca.as_str()),
    ] {
        let issuer = Issuer::new(NAME).discovery_at(discovery_url(&server));
        let validator = validator(issuer).fetch(fetch).build()?;
        for token in &tokens {
            let why = outage(validator.validate(token).await);
            assert!(why.contains(&discovery_url(&server)), "{why}");
            assert!(why.contains("certificate"), "{why}");
        }
    }
    let requests = server.requests().await;
    assert_eq!((requests.metadata, requests.jwks), (0, 0));
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn an_address_in_place_of_the_name_is_told() -> TestResult {
    let certificates = Certificates::new();
    let server = AuthorizationServer::start_behind_tls(NAME, &certificates).await;
    // A configuration by an operator who knows only the address.
    let issuer = Issuer::discover(server.address());
    let fetch = Fetch::new().root_certificates_pem(certificates.ca.as_str());
    let validator = validator(issuer).fetch(fetch).build()?;

    let failed = validator
        .warm_up()
        .await
        .expect_err("it is of another name");

    let why = failed.to_string();
    assert!(why.contains(&format!("of issuer \"{NAME}\"")), "{why}");
    assert_eq!(server.requests().await.jwks, 0);
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn https_goes_through_a_tunnel_of_the_proxy() -> TestResult {
    let certificates = Certificates::new();
    let server = AuthorizationServer::start_behind_tls(NAME, &certificates).await;
    let proxy = ForwardProxy::start().await;
    let fetch = Fetch::new()
        .root_certificates_pem(certificates.ca.as_str())
        .proxy(proxy.address());
    let issuer = || Issuer::new(NAME).discovery_at(discovery_url(&server));
    let tokens = tokens(&server).await;

    let through = validator(issuer()).fetch(fetch.clone()).build()?;
    for token in &tokens {
        through.validate(token).await?;
    }

    let host = server.address().trim_start_matches("https://");
    // One for the metadata, one for the keys: connections are not kept.
    let tunnel = format!("CONNECT {host}");
    assert_eq!(proxy.requests().await, [tunnel.clone(), tunnel]);
    let requests = server.requests().await;
    assert_eq!((requests.metadata, requests.jwks), (1, 1));

    // Without the proxy there is no other way.
    proxy.stop().await;
    let stuck = validator(issuer()).fetch(fetch).build()?;
    for token in &tokens {
        through.validate(token).await?;
        outage(stuck.validate(token).await);
    }
    assert_eq!(server.requests().await, requests);
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn http_goes_through_the_proxy() -> TestResult {
    let server = AuthorizationServer::start().await;
    let proxy = ForwardProxy::start().await;
    let validator = validator(Issuer::discover(server.issuer()))
        // On loopback http would go past the proxy otherwise.
        .fetch(Fetch::new().danger_allow_http().proxy(proxy.address()))
        .build()?;

    for token in tokens(&server).await {
        validator.validate(&token).await?;
    }

    let asked = ["/.well-known/oauth-authorization-server", "/jwks"];
    let asked = asked.map(|path| format!("GET {}{path}", server.address()));
    assert_eq!(proxy.requests().await, asked);
    Ok(())
}

/// Where the metadata is.
fn discovery_url(server: &AuthorizationServer) -> String {
    format!("{}/.well-known/openid-configuration", server.address())
}
