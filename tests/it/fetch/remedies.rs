//! Row F05: an error of the network names the setting of Fetch that mends it.

use std::process::Command;
use std::time::Duration;

use resource_server::testing::TestServer;
use resource_server::{Fetch, Issuer};

use crate::support::http::{AUDIENCE, HandMade, NOT_FOUND, clock, outage, validator};
use crate::support::signer;

const NAME: &str = "https://as.example.com";
/// Set in the processes that a test starts.
const CHILD: &str = "RESOURCE_SERVER_TEST_CHILD";

/// Why there are no keys at this address.
async fn said_of(url: &str, fetch: Fetch) -> String {
    let issuer = Issuer::new(NAME).jwks_at(url).refresh_on_demand();
    let issuer = issuer.fetch(fetch.timeout(Duration::from_secs(20)));
    let token = signer(NAME, &clock()).token().mint();
    outage(validator(issuer, &clock()).validate(&token).await)
}

/// A label of more than 63 characters, which no resolver looks up.
fn unresolved() -> String {
    format!("http://{}.invalid/keys", "a".repeat(64))
}

#[tokio::test]
async fn f05_an_unknown_certificate_authority() {
    let server = TestServer::builder(AUDIENCE).tls().start().await.unwrap();
    let other = TestServer::builder(AUDIENCE).tls().start().await.unwrap();
    let strangers = Fetch::new().only_root_certificates_pem(other.ca_pem());
    for fetch in [Fetch::new(), strangers] {
        let said = said_of(&server.jwks_url(), fetch).await;
        assert!(said.contains("Fetch::root_certificates_pem"), "{said}");
        assert!(said.contains("TLS certificate"), "{said}");
    }
    // Another fault of a certificate, which is not for this address, has another remedy. Only on
    // Unix does the address lead to this machine.
    if cfg!(unix) {
        let url = server.jwks_url().replace("localhost", "0.0.0.0");
        let url = url.replace("127.0.0.1", "0.0.0.0");
        let known = Fetch::new().root_certificates_pem(server.ca_pem());
        let said = said_of(&url, known).await;
        assert!(said.contains("certificate not valid for name"), "{said}");
        assert!(!said.contains("root_certificates_pem"), "{said}");
    }
}

#[tokio::test]
async fn f05_a_name_and_a_proxy_of_the_environment() {
    const TEST: &str = "fetch::remedies::f05_a_name_and_a_proxy_of_the_environment";
    let proxy = "http_proxy names a proxy, which is not used without Fetch::proxy_from_environment";
    let name = "does not resolve here";
    match std::env::var(CHILD).as_deref() {
        Ok("without a proxy") => {
            let said = said_of(&unresolved(), Fetch::new().danger_allow_http()).await;
            for part in [name, "Fetch::proxy or Fetch::proxy_from_environment"] {
                assert!(said.contains(part), "{said}");
            }
        }
        Ok(_) => {
            let said = said_of(&unresolved(), Fetch::new().danger_allow_http()).await;
            assert!(said.contains(proxy) && !said.contains("hunter2"), "{said}");
            // A call that has an answer, or goes through a proxy, has no such remedy. Only on Unix
            // does 0.0.0.0 lead to this machine, without being a loopback address.
            let server = HandMade::answering(|_| NOT_FOUND.to_owned()).await;
            let url = server.jwks_url().replace("127.0.0.1", "0.0.0.0");
            if cfg!(unix) {
                let said = said_of(&url, Fetch::new().danger_allow_http()).await;
                assert!(said.contains("status 404"), "{said}");
                assert!(!said.contains("_proxy names"), "{said}");
            }
            // A proxy that is down.
            let proxied = Fetch::new().danger_allow_http().proxy("http://127.0.0.1:9");
            let said = said_of(&unresolved(), proxied).await;
            assert!(said.contains("can't be reached"), "{said}");
            assert!(!said.contains("_proxy names"), "{said}");
        }
        // The environment of this process is not this test's alone.
        Err(_) => {
            for (case, is_set) in [("without a proxy", false), ("with one", true)] {
                let mut child = Command::new(std::env::current_exe().unwrap());
                child.args(["--exact", TEST]).env(CHILD, case);
                for variable in ["HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
                    child
                        .env_remove(variable)
                        .env_remove(variable.to_lowercase());
                }
                if is_set {
                    child.env("http_proxy", "http://user:hunter2@127.0.0.1:9");
                }
                let output = child.output().unwrap();
                let shown = String::from_utf8_lossy(&output.stdout);
                assert!(output.status.success(), "{case}: {shown}");
                assert!(shown.contains("1 passed"), "{shown}");
            }
        }
    }
}
