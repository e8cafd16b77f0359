//! Rows P06 and S07: how errors name the issuer, and what `?` does with them.

use std::error::Error as StdError;

use resource_server::{
    AccessToken, Error, Issuer, KeySource, Policy, PresentedToken, Requirement, Validator,
    error::{PolicyErrorKind, SourceError},
};

use crate::support::{API, Api, ISSUER, block_on, chain};

/// How often the text names [`ISSUER`].
fn names_issuer(text: &str) -> usize {
    text.matches(&format!("\"{ISSUER}\"")).count()
}

#[test]
fn p06_a_problem_names_its_issuer_once_and_has_its_cause_as_source() {
    let policy = Policy::builder().algorithms([]);
    let source = Down("the key table can't be read");
    let short = Issuer::hmac("urn:b", resource_server::Algorithm::HS256, b"short");
    let error = Validator::builder()
        .audience(API)
        .max_token_bytes(0)
        .issuer(Issuer::new(ISSUER).source(source).policy(policy))
        .issuer(short)
        .build()
        .unwrap_err();
    let [size, no_algorithm, secret] = error.problems() else {
        panic!("P06: {error}");
    };
    assert_eq!(size.issuer(), None, "P06");
    assert_eq!(size.to_string(), size.kind().to_string(), "P06");
    assert!(size.source().is_none(), "P06");

    assert_eq!(no_algorithm.issuer(), Some(ISSUER), "P06");
    let shown = no_algorithm.to_string();
    assert_eq!(
        shown,
        format!("issuer \"{ISSUER}\": the policy can't be used"),
        "P06"
    );
    let cause = no_algorithm.source().unwrap();
    assert_eq!(
        cause.to_string(),
        PolicyErrorKind::NoAlgorithm.to_string(),
        "P06"
    );
    assert!(cause.is::<PolicyErrorKind>(), "P06");
    assert_eq!(names_issuer(&chain(no_algorithm)), 1, "P06");

    assert_eq!(secret.issuer(), Some("urn:b"), "P06");
    assert!(
        secret
            .source()
            .unwrap()
            .is::<resource_server::error::SecretError>(),
        "P06"
    );
    // One line with everything, for a log.
    for problem in error.problems() {
        assert!(error.to_string().contains(&chain(problem)), "P06: {error}");
    }
    assert!(error.source().is_none(), "P06: nothing is written twice");
}

/// A source that never has evidence.
#[derive(Clone, Copy)]
struct Down(&'static str);

impl KeySource for Down {
    async fn evidence(
        &self,
        _: &PresentedToken<'_>,
    ) -> Result<resource_server::Evidence, SourceError> {
        Err(SourceError::new(self.0).caused_by(std::io::Error::other("connection refused")))
    }

    async fn warm_up(&self) -> Result<(), SourceError> {
        Err(SourceError::new(self.0).caused_by(std::io::Error::other("connection refused")))
    }
}

#[test]
fn s07_an_outage_names_its_issuer_once() {
    let api = Api::new();
    let validator = Validator::builder()
        .audience(API)
        .clock(api.clock.clone())
        .issuer(Issuer::new(ISSUER).source(Down("the key table can't be read")))
        .build()
        .unwrap();
    let expected = format!(
        "issuer \"{ISSUER}\": its tokens can't be judged now: the key table can't be read: connection refused"
    );
    let error = block_on(validator.validate(&api.token().mint())).unwrap_err();
    assert_eq!(error.status(), 503, "S07");
    assert_eq!(chain(&error), expected, "S07");
    assert_eq!(error.explain(), expected, "S07");
    assert_eq!(
        block_on(validator.warm_up()).unwrap_err().to_string(),
        expected,
        "S07"
    );
}

#[cfg(feature = "fetch")]
#[tokio::test]
async fn s07_an_outage_of_what_is_fetched_names_its_issuer_once() {
    use resource_server::{Introspection, Tenants};

    // Nothing listens there.
    let name = "http://127.0.0.1:1";
    let introspection = || {
        let at = Introspection::at("http://127.0.0.1:1/introspect");
        at.client_secret_basic("api", "hush-hush")
    };
    let template = "http://127.0.0.1:1/{tenant}";
    let api = Api::new();
    let token = |issuer: &str| api.token().claim("iss", issuer).mint();
    let cases = [
        (Issuer::discover(name), name, token(name)),
        (
            Issuer::new(name).jwks_at("http://127.0.0.1:1/keys"),
            name,
            token(name),
        ),
        (
            Issuer::new(name).introspection(introspection()),
            name,
            "opaque".to_owned(),
        ),
        (
            Issuer::discover_tenants(template, Tenants::only(["acme"])),
            template,
            token("http://127.0.0.1:1/acme"),
        ),
    ];
    for (issuer, name, token) in cases {
        let validator = Validator::builder().audience(API).clock(api.clock.clone());
        let validator = validator.issuer(issuer).build().unwrap();
        // The second failure has the first one among its causes.
        for _ in 0..2 {
            let error = validator.validate(&token).await.unwrap_err();
            assert_eq!(error.status(), 503, "S07: {error}");
            let text = chain(&error);
            assert_eq!(
                text.matches(&format!("\"{name}\"")).count(),
                1,
                "S07: {text}"
            );
            assert_eq!(text.matches("issuer \"").count(), 1, "S07: {text}");
            assert_eq!(
                text.contains("tenant \"acme\""),
                name == template,
                "S07: {text}"
            );
        }
        if let Err(error) = validator.warm_up().await {
            let text = error.to_string();
            assert_eq!(
                text.matches(&format!("\"{name}\"")).count(),
                1,
                "S07: {text}"
            );
        }
    }
}

/// `?` works in a function whose error has `From<Error>`, and in one with a boxed error.
#[test]
fn o02_the_question_mark_accepts_what_require_and_claims_give() {
    #[derive(Debug)]
    enum ApiError {
        Token(Error),
    }
    impl From<Error> for ApiError {
        fn from(error: Error) -> Self {
            ApiError::Token(error)
        }
    }
    fn own(token: &AccessToken, requirement: &Requirement) -> Result<(), ApiError> {
        token.require(requirement)?;
        let _: serde_json::Map<String, serde_json::Value> = token.claims()?;
        Ok(())
    }
    fn boxed(
        token: &AccessToken,
        requirement: &Requirement,
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        token.require(requirement)?;
        let _: serde_json::Map<String, serde_json::Value> = token.claims()?;
        Ok(())
    }
    let api = Api::new();
    let token = api.judge(&api.token().scope("orders:read").mint()).unwrap();
    let granted = Requirement::scope("orders:read");
    assert!(
        own(&token, &granted).is_ok() && boxed(&token, &granted).is_ok(),
        "O02"
    );
    let missing = Requirement::scope("orders:write");
    let ApiError::Token(error) = own(&token, &missing).unwrap_err();
    assert_eq!(error.status(), 403, "O02");
    let error = boxed(&token, &missing).unwrap_err();
    assert_eq!(
        error.downcast_ref::<Error>().map(Error::status),
        Some(403),
        "O02"
    );
}
