//! Row F02: a header that is for every issuer has no credentials.

use resource_server::{
    Fetch, Issuer, Validator,
    error::{ConfigErrorKind, FetchError},
};

use crate::support::http::AUDIENCE;
use crate::support::problems_of;

fn problem(name: &str, is_for_all: bool) -> Option<ConfigErrorKind> {
    let fetch = Fetch::new().header(name, "hunter2");
    let builder = Validator::builder().audience(AUDIENCE);
    let issuer = Issuer::discover("https://as.example.com");
    let builder = if is_for_all {
        builder.fetch(fetch).issuer(issuer)
    } else {
        builder.issuer(issuer.fetch(fetch))
    };
    let error = builder.build().err()?;
    assert!(!error.to_string().contains("hunter2"));
    let mut problems = problems_of(&error).into_iter();
    let (problem, further) = (problems.next(), problems.next());
    assert_eq!(further, None, "{name}");
    problem.map(|(_, kind)| kind)
}

#[test]
fn f02_a_header_never_has_credentials() {
    for name in [
        "Authorization",
        "authorization",
        "PROXY-AUTHORIZATION",
        "Proxy-Authorization",
        "Cookie",
        "X-Api-Key",
        "x-api-key",
        "API-Key",
    ] {
        for is_for_all in [true, false] {
            let expected = FetchError::CredentialHeader(name.to_owned());
            let said = expected.to_string();
            for part in [name, "basic", "bearer_file", "secret_header"] {
                assert!(said.contains(part), "{said}");
            }
            assert_eq!(
                problem(name, is_for_all),
                Some(ConfigErrorKind::Fetch(expected))
            );
        }
    }
    for name in ["X-Tenant", "X-Api-Key-Id", "Api-Version"] {
        assert_eq!(problem(name, true), None, "{name}");
    }
}
