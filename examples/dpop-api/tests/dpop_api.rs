//! The cases of the OpenID Foundation's plan for FAPI 2.0 at a resource endpoint, nonces, and the
//! settings, over a real socket.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dpop_api::{Settings, router, validator};
use resource_server::testing::{ManualClock, TestClient, TestIssuer, TestProof};
use resource_server::{Algorithm, Error, NumericDate, Reason};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const NOW: i64 = 1_700_000_000;
const RESOURCE: &str = "https://api.example.com/v1/orders";

struct World {
    issuer: TestIssuer,
    client: TestClient,
    clock: ManualClock,
    address: SocketAddr,
    /// Why the last request was refused.
    last: Arc<Mutex<Option<Reason>>>,
}

struct Reply {
    status: u16,
    /// Names in lower case, and values.
    headers: Vec<(String, String)>,
    reason: Option<Reason>,
}

impl Reply {
    /// All values of a header.
    fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(known, _)| known == name);
        lines.map(|(_, value)| value.as_str()).collect()
    }
}

impl World {
    /// The API on a socket, an hour before the requests, so that no proof is older than the API.
    async fn start(settings: &Settings) -> Self {
        let clock = ManualClock::at(at(-3_600));
        let issuer = TestIssuer::new("https://as.example.com", RESOURCE).clock(clock.clone());
        Self::of(issuer, clock, settings).await
    }

    async fn of(issuer: TestIssuer, clock: ManualClock, settings: &Settings) -> Self {
        let last = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&last);
        let trusted = settings.issuer().unwrap();
        let trusted = trusted.unwrap_or_else(|| issuer.to_issuer());
        let api = validator(RESOURCE, trusted, settings).unwrap();
        let api = api.clock(clock.clone()).on_decision(move |decision| {
            *seen.lock().unwrap() = match decision.outcome() {
                Err(Error::Rejected(rejection)) => Some(rejection.reason()),
                Ok(_) | Err(_) => None,
            };
        });
        let router = router(RESOURCE, &api.build().unwrap()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        clock.set(at(0));
        World {
            client: TestClient::new().clock(clock.clone()),
            issuer,
            clock,
            address,
            last,
        }
    }

    fn bound(&self) -> String {
        self.issuer.token().bound_to_key_of(&self.client).mint()
    }

    /// A good proof for a `POST` with this token.
    fn proof(&self, token: &str) -> TestProof {
        self.client.proof("POST", RESOURCE, token)
    }

    async fn send(&self, headers: &[(&str, String)]) -> Reply {
        self.send_by("POST", headers).await
    }

    /// Sends a request with these header lines as they are written.
    async fn send_by(&self, method: &str, headers: &[(&str, String)]) -> Reply {
        const BODY: &str = "{\"amount\": 1}";
        let length = BODY.len();
        let mut request = format!(
            "{method} /v1/orders HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n",
            self.address
        );
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        write!(request, "\r\n{BODY}").unwrap();
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, _) = answer.split_once("\r\n\r\n").unwrap();
        let (first, lines) = head.split_once("\r\n").unwrap();
        let lines = lines.lines().map(|line| line.split_once(": ").unwrap());
        Reply {
            status: first.split(' ').nth(1).unwrap().parse().unwrap(),
            headers: lines
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            reason: *self.last.lock().unwrap(),
        }
    }

    /// Sends a token and a proof as a client does.
    async fn present(&self, token: &str, proof: &str) -> Reply {
        self.send(&presented(token, &[proof])).await
    }
}

fn presented(token: &str, proofs: &[&str]) -> Vec<(&'static str, String)> {
    let proofs = proofs.iter().map(|proof| ("dpop", (*proof).to_owned()));
    let token = ("authorization", format!("DPoP {token}"));
    [token].into_iter().chain(proofs).collect()
}

fn fapi2() -> Settings {
    Settings {
        is_fapi2: true,
        ..Settings::default()
    }
}

fn at(seconds: i64) -> NumericDate {
    NumericDate::from_secs(NOW + seconds)
}

const MALFORMED: (Reason, &str) = (Reason::ProofMalformed, "invalid_dpop_proof");
const MISMATCH: (Reason, &str) = (Reason::ProofMismatch, "invalid_dpop_proof");
const NOT_CURRENT: (Reason, &str) = (Reason::ProofNotCurrent, "invalid_dpop_proof");
const BAD_SIGNATURE: (Reason, &str) = (Reason::ProofBadSignature, "invalid_dpop_proof");
const REPLAYED: (Reason, &str) = (Reason::ProofReplayed, "invalid_dpop_proof");
const MISSING: (Reason, &str) = (Reason::ProofMissing, "invalid_dpop_proof");
const ANOTHER_KEY: (Reason, &str) = (Reason::PossessionMismatch, "invalid_token");

fn assert_refused(reply: &Reply, (reason, error): (Reason, &str), case: &str) {
    assert_eq!((reply.status, reply.reason), (401, Some(reason)), "{case}");
    let challenges = reply.all("www-authenticate");
    let [challenge] = challenges[..] else {
        panic!("{case}: {challenges:?}")
    };
    let expected = format!("DPoP error=\"{error}\", ");
    assert!(challenge.starts_with(&expected), "{case}: {challenge}");
    assert_eq!(reply.all("cache-control"), ["no-store"], "{case}");
}

#[tokio::test]
async fn d11_what_the_plan_refuses() {
    let world = World::start(&fapi2()).await;
    let token = world.bound();
    let good = || world.proof(&token);
    let other = TestClient::new().clock(world.clock.clone());
    let rs256 = TestClient::with_algorithm(Algorithm::RS256).clock(world.clock.clone());
    let mut private = world.client.jwk();
    private["d"] = "AAAA".into();
    let another_url = "https://api.example.com/v1/other";
    let hash_of_another = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
    #[rustfmt::skip]
    let cases = [
        ("not a JWT", "no.jwt".to_owned(), MALFORMED),
        ("no typ", good().without_header("typ").mint(), MALFORMED),
        ("no alg", good().without_header("alg").mint(), MALFORMED),
        ("no jwk", good().without_header("jwk").mint(), MALFORMED),
        ("no jti", good().without("jti").mint(), MALFORMED),
        ("no htm", good().without("htm").mint(), MALFORMED),
        ("no htu", good().without("htu").mint(), MALFORMED),
        ("no iat", good().without("iat").mint(), MALFORMED),
        ("no ath", good().without("ath").mint(), MALFORMED),
        ("wrong typ", good().header("typ", "JWT").mint(), MALFORMED),
        ("alg none", good().header("alg", "none").mint(), MALFORMED),
        ("a bad signature", good().signed_by(&other).mint(), BAD_SIGNATURE),
        ("a private jwk", good().header("jwk", private).mint(), MALFORMED),
        ("htm of another method", good().claim("htm", "GET").mint(), MISMATCH),
        ("htu of another URL", good().claim("htu", another_url).mint(), MISMATCH),
        ("iat an hour back", good().issued_at(at(-3_600)).mint(), NOT_CURRENT),
        ("iat an hour ahead", good().issued_at(at(3_600)).mint(), NOT_CURRENT),
        ("wrong ath", good().claim("ath", hash_of_another).mint(), MISMATCH),
        ("another key", other.proof("POST", RESOURCE, &token).mint(), ANOTHER_KEY),
    ];
    for (case, proof, expected) in cases {
        assert_refused(&world.present(&token, &proof).await, expected, case);
    }

    // RS256 under the preset, by the client that the token is bound to.
    let of_rs256 = world.issuer.token().bound_to_key_of(&rs256).mint();
    let proof = rs256.proof("POST", RESOURCE, &of_rs256).mint();
    assert_refused(&world.present(&of_rs256, &proof).await, MALFORMED, "RS256");

    let once = good().claim("jti", "once");
    let again = once.clone().claim("extra", 1).mint();
    assert_eq!(world.present(&token, &once.mint()).await.status, 200);
    assert_refused(&world.present(&token, &again).await, REPLAYED, "jti twice");

    let two = [good().mint(), good().mint()];
    let reply = world.send(&presented(&token, &[&two[0], &two[1]])).await;
    assert_refused(&reply, MALFORMED, "two DPoP headers");
    let reply = world.send(&presented(&token, &[])).await;
    assert_refused(&reply, MISSING, "no proof");

    // Client 1's key with client 2's token.
    let of_other = world.issuer.token().bound_to_key_of(&other).mint();
    let proof = world.proof(&of_other).mint();
    assert_refused(
        &world.present(&of_other, &proof).await,
        ANOTHER_KEY,
        "token of another",
    );

    // The Bearer scheme, with a proof and without.
    for proof in [Some(("dpop", good().mint())), None] {
        let bearer = ("authorization", format!("Bearer {token}"));
        let lines: Vec<_> = [bearer].into_iter().chain(proof).collect();
        let missing = (Reason::ProofOfPossessionMissing, "invalid_token");
        assert_refused(&world.send(&lines).await, missing, "the Bearer scheme");
    }

    // A good proof after all of these.
    assert_eq!(world.present(&token, &good().mint()).await.status, 200);
}

#[tokio::test]
async fn d11_what_the_plan_accepts() {
    let world = World::start(&fapi2()).await;
    let token = world.bound();
    let good = || world.proof(&token);
    let in_upper_case = "HTTPS://API.EXAMPLE.COM/v1/orders";
    let with_port = "https://api.example.com:443/v1/orders";
    for (case, proof) in [
        (
            "a query in htu",
            good().claim("htu", format!("{RESOURCE}?a=b")),
        ),
        (
            "a fragment in htu",
            good().claim("htu", format!("{RESOURCE}#a")),
        ),
        ("an extra header member", good().header("extra", "x")),
        ("an extra claim", good().claim("extra", "x")),
        (
            "scheme and host in upper case",
            good().claim("htu", in_upper_case),
        ),
        ("the default port", good().claim("htu", with_port)),
        ("iat 8 s ahead", good().issued_at(at(8))),
        ("iat 10 s back", good().issued_at(at(-10))),
        (
            "nbf now, exp in 5 minutes",
            good().claim("nbf", NOW).claim("exp", NOW + 300),
        ),
    ] {
        let reply = world.present(&token, &proof.mint()).await;
        assert_eq!((reply.status, reply.reason), (200, None), "{case}");
    }
    for (scheme, name) in [("dPoP", "dpop"), ("DPoP", "DPOP")] {
        let lines = [
            ("authorization", format!("{scheme} {token}")),
            (name, good().mint()),
        ];
        let reply = world.send(&lines).await;
        assert_eq!((reply.status, reply.reason), (200, None), "{scheme} {name}");
    }
}

#[tokio::test]
async fn d02_a_proof_is_for_one_method() {
    let world = World::start(&Settings::default()).await;
    let token = world.bound();
    for (method, of, expected) in [
        ("GET", "GET", None),
        ("GET", "POST", Some(Reason::ProofMismatch)),
        ("POST", "GET", Some(Reason::ProofMismatch)),
    ] {
        let proof = world.client.proof(of, RESOURCE, &token).mint();
        let reply = world.send_by(method, &presented(&token, &[&proof])).await;
        assert_eq!(reply.reason, expected, "{method}, a proof for {of}");
        assert_eq!(reply.status, if expected.is_none() { 200 } else { 401 });
    }
}

/// The nonce makes up for a client whose clock is wrong.
#[tokio::test]
async fn d05_nonces_over_http() {
    let settings = Settings {
        has_nonces: true,
        ..Settings::default()
    };
    let world = World::start(&settings).await;
    let token = world.bound();
    let late = || world.proof(&token).issued_at(at(-3_600));
    let refused = world.present(&token, &late().mint()).await;
    assert_refused(&refused, (Reason::ProofNonce, "use_dpop_nonce"), "no nonce");
    let nonces = refused.all("dpop-nonce");
    let [nonce] = nonces[..] else {
        panic!("{nonces:?}")
    };
    let served = world.present(&token, &late().nonce(nonce).mint()).await;
    assert_eq!(served.status, 200);
    assert!(served.all("dpop-nonce").is_empty());
    world.clock.advance(Duration::from_secs(200));
    let served = world.present(&token, &late().nonce(nonce).mint()).await;
    assert_eq!(served.status, 200);
    assert_eq!(served.all("dpop-nonce").len(), 1);
    assert_eq!(served.all("cache-control"), ["no-store"]);
}

/// Settings by these variables.
fn read(variables: &[(&str, &str)]) -> Result<Settings, dpop_api::SettingsError> {
    Settings::read(|name| {
        let mut variables = variables.iter();
        let found = variables.find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

/// The key of a trusted issuer may be without a `kid`: tokens may have one all the same.
#[tokio::test]
async fn k01_d11_a_trusted_key_of_the_environment() {
    for has_kid in [true, false] {
        let clock = ManualClock::at(at(-3_600));
        let issuer = TestIssuer::new("https://as.example.com", RESOURCE).clock(clock.clone());
        let mut keys: serde_json::Value = serde_json::from_str(&issuer.jwks()).unwrap();
        let mut jwk = keys["keys"][0].take();
        if !has_kid {
            jwk.as_object_mut().unwrap().remove("kid").unwrap();
        }
        let jwk = jwk.to_string();
        let settings = read(&[("ISSUER", issuer.name()), ("ISSUER_JWK", &jwk)]);
        let world = World::of(issuer, clock, &settings.unwrap()).await;
        let bound = || world.issuer.token().bound_to_key_of(&world.client);
        let stranger = TestIssuer::new("https://as.example.com", RESOURCE);
        let forged = bound().signed_by(&stranger).mint();
        for (case, token, expected) in [
            ("with a kid", bound().mint(), None),
            ("without a kid", bound().without_header("kid").mint(), None),
            ("by another key", forged, Some(Reason::BadSignature)),
        ] {
            let proof = world.proof(&token).mint();
            let reply = world.present(&token, &proof).await;
            assert_eq!(reply.reason, expected, "{has_kid} {case}");
            assert_eq!(
                reply.status,
                if expected.is_none() { 200 } else { 401 },
                "{case}"
            );
        }
    }
}

#[test]
fn d11_settings_of_the_environment() {
    let settings = read(&[
        ("LISTEN", "127.0.0.1:8443"),
        ("RESOURCE", RESOURCE),
        ("NONCES", "on"),
        ("FAPI2", "off"),
    ]);
    let settings = settings.unwrap();
    assert_eq!(settings.listen.map(|address| address.port()), Some(8443));
    assert_eq!(settings.resource.as_deref(), Some(RESOURCE));
    assert!(settings.has_nonces && !settings.is_fapi2);
    assert!(settings.issuer().unwrap().is_none());

    let issuer = ("ISSUER", "https://as.example.com");
    for (variables, expected) in [
        (&[("LISTEN", "8443")][..], "LISTEN"),
        (&[("NONCES", "yes")], "NONCES"),
        (&[("FAPI2", "")], "FAPI2"),
        (&[issuer], "ISSUER_JWK"),
        (&[issuer, ("ISSUER_JWK", "[]")], "ISSUER_JWK"),
        (&[("ISSUER_JWK", "{}")], "ISSUER"),
        (&[issuer, ("ISSUER_JWK", "{\"kty\": \"EC\"}")], "ISSUER_JWK"),
    ] {
        let refused = read(variables).and_then(|settings| settings.issuer().map(|_| ()));
        let refused = refused.unwrap_err();
        assert_eq!(refused.variable, expected, "{variables:?}");
        assert!(refused.to_string().starts_with(expected));
    }
}
