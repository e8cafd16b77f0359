//! Row S06: a call outside of any tokio runtime is a mistake of the API's author, and it is found
//! without a panic.

use std::future::Future;
use std::pin::pin;
use std::process::Command;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use resource_server::testing::TestIssuer;
use resource_server::{Error, Introspection, Issuer, Tenants, Validator};

use crate::support::http::{AUDIENCE, asking};

const NAME: &str = "https://as.example.com/tenant";
const OPAQUE: &str = "2YotnFZFEjr1zCsicMWpAA";
/// Set in the process that the test starts.
const CHILD: &str = "RESOURCE_SERVER_TEST_CHILD";

/// What a runtime would do, without one.
fn drive<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn api(issuer: Issuer) -> Validator {
    let builder = Validator::builder().audience(AUDIENCE);
    builder.issuer(issuer).build().unwrap()
}

fn calls_outside_of_a_runtime() {
    const KEYS: &str = "http://127.0.0.1:9/jwks";
    let signer = TestIssuer::new(NAME, AUDIENCE);
    let jwt = signer.token().mint();
    let tenants = Tenants::only(["tenant"]);
    let secret = Introspection::discover().client_secret_basic("api", "hush-hush");
    let cases = [
        (Issuer::new(NAME).jwks_at(KEYS), &*jwt),
        (Issuer::discover(NAME), &*jwt),
        (
            Issuer::discover_tenants("https://as.example.com/{tenant}", tenants),
            &*jwt,
        ),
        (Issuer::new(NAME).introspection(asking(KEYS)), OPAQUE),
        (Issuer::new(NAME).introspection(secret), OPAQUE),
    ];
    for (issuer, token) in cases {
        let shown = format!("{issuer:?}");
        let api = api(issuer);
        for _ in 0..2 {
            let error = drive(api.validate(token)).unwrap_err();
            assert!(
                matches!(error, Error::Misconfigured(_)),
                "{shown}: {error:?}"
            );
            assert_eq!(error.status(), 500);
            assert!(
                error.explain().contains("tokio runtime"),
                "{}",
                error.explain()
            );
        }
        let warm_up = drive(api.warm_up()).err().map(|error| error.to_string());
        assert!(warm_up.is_none_or(|said| said.contains("tokio runtime")));
    }
    // What needs no runtime works without one: keys that are given, or in a file.
    let path = std::env::temp_dir().join(format!("resource-server-outside-{}", std::process::id()));
    std::fs::write(&path, signer.jwks()).unwrap();
    for issuer in [
        Issuer::new(NAME).key_file(&*path),
        Issuer::new(NAME)
            .jwks_at(KEYS)
            .starting_from_jwks(&signer.jwks()),
    ] {
        drive(api(issuer).validate(&jwt)).unwrap();
    }
    std::fs::remove_file(path).unwrap();
}

/// It runs in its own process, so every panic is of this test.
#[test]
fn s06_outside_of_a_runtime_there_is_no_outage_and_no_panic() {
    const TEST: &str =
        "source::outside_runtime::s06_outside_of_a_runtime_there_is_no_outage_and_no_panic";
    if std::env::var_os(CHILD).is_some() {
        calls_outside_of_a_runtime();
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child
        .args(["--exact", TEST, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let shown = [output.stdout, output.stderr].concat();
    let shown = String::from_utf8_lossy(&shown);
    assert!(output.status.success(), "{shown}");
    assert!(
        shown.contains("1 passed") && !shown.contains("panicked"),
        "{shown}"
    );
}
