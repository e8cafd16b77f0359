//! Rows D01 to D05, D07 and D08: proofs, and the tokens that they are for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::bound::{PATH, Request, URL, World, header, reason};
use crate::support::{API, ISSUER, NOW, THUMBPRINT, block_on};
use resource_server::binding::{
    Dpop, DpopNonces, Insertion, MemoryReplayStore, ProofEntry, ReplayStore,
};
use resource_server::error::SourceError;
use resource_server::introspection::IntrospectionResponse;
use resource_server::testing::TestClient;
use resource_server::{
    Algorithm, Credentials, Error, Evidence, Issuer, KeySource, NumericDate, Policy,
    PresentedToken, Reason,
};
use serde_json::json;

fn at(seconds: i64) -> NumericDate {
    NumericDate::from_secs(NOW + seconds)
}

#[test]
fn d01_each_algorithm_of_the_default_list_makes_proofs() {
    for algorithm in Algorithm::default_list() {
        let world = World::of(Policy::builder(), Dpop::at(API), algorithm);
        let token = world.bound().mint();
        let proof = world.client.proof("GET", URL, &token);
        let found = world.get(&token, &proof.clone().mint());
        let found = found.map_err(|error| error.explain());
        assert_eq!(found.err(), None, "{algorithm}");
        let forged = proof
            .claim("jti", "2")
            .signed_by(&TestClient::with_algorithm(algorithm));
        let forged = forged.mint();
        let found = world.reason(&token, &forged);
        assert_eq!(found, Some(Reason::ProofBadSignature), "{algorithm}");
    }
    let world = World::of(Policy::builder(), Dpop::at(API), Algorithm::ES256K);
    let token = world.bound().mint();
    let proof = world.client.proof("GET", URL, &token).mint();
    assert_eq!(world.reason(&token, &proof), Some(Reason::ProofMalformed));
}

/// T02, T04 to T06 and C05 hold for proofs.
#[test]
fn d01_the_form_of_a_proof_is_read_strictly() {
    let world = World::new();
    let token = world.bound().mint();
    let good = || world.client.proof("GET", URL, &token);
    for (case, proof) in [
        (
            "typ with its prefix",
            good().header("typ", "application/dpop+jwt"),
        ),
        ("typ in upper case", good().header("typ", "DPoP+JWT")),
        (
            "an x5c that is not read",
            good().header("x5c", json!(["AAAA"])),
        ),
        ("a kid", good().header("kid", "../../x")),
    ] {
        assert_eq!(world.reason(&token, &proof.mint()), None, "{case}");
    }
    let minted = good().mint();
    let (signed, signature) = minted.rsplit_once('.').unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let raw = |header: &str, claims: &str| {
        let part = |text: &str| crate::support::form::encode(text.as_bytes());
        format!("{}.{}.AAAA", part(header), part(claims))
    };
    let jwk = world.client.jwk();
    let header = format!("{{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{jwk}}}");
    let sound = format!("\"htm\":\"GET\",\"htu\":\"{URL}\",\"ath\":\"a\",\"iat\":{NOW}");
    let long = "x".repeat(257);
    #[rustfmt::skip]
    let cases = [
        ("empty", String::new()),
        ("two parts", signed.to_owned()),
        ("four parts", format!("{minted}.")),
        ("padding", format!("{head}.{claims}=.{signature}")),
        ("another alphabet", format!("{head}.{claims}.+{signature}")),
        ("a space", format!("{head}. {claims}.{signature}")),
        ("crit", good().header("crit", json!(["x"])).mint()),
        ("b64", good().header("b64", false).mint()),
        ("zip", good().header("zip", "DEF").mint()),
        ("typ is a number", good().header("typ", 1).mint()),
        ("typ of an access token", good().header("typ", "at+jwt").mint()),
        ("alg in lower case", good().header("alg", "es256").mint()),
        ("alg of another kind of key", good().header("alg", "EdDSA").mint()),
        ("jwk is text", good().header("jwk", jwk.to_string()).mint()),
        ("jwk is a list", good().header("jwk", json!([jwk])).mint()),
        ("jwk is null", good().header("jwk", json!(null)).mint()),
        ("doubled alg", raw(&header.replace("{\"typ\"", "{\"\\u0061lg\":\"ES256\",\"typ\""), &format!("{{{sound},\"jti\":\"1\"}}"))),
        ("doubled member of the jwk", raw(&header.replace("{\"crv\"", "{\"crv\":\"P-256\",\"crv\""), &format!("{{{sound},\"jti\":\"1\"}}"))),
        ("doubled jti", raw(&header, &format!("{{{sound},\"jti\":\"1\",\"jti\":\"2\"}}"))),
        ("doubled at depth", raw(&header, &format!("{{{sound},\"jti\":\"1\",\"x\":{{\"a\":1,\"a\":2}}}}"))),
        ("claims that are a list", raw(&header, "[]")),
        ("trailing bytes", raw(&header, &format!("{{{sound},\"jti\":\"1\"}}x"))),
        ("jti is a number", good().claim("jti", 1).mint()),
        ("jti is empty", good().claim("jti", "").mint()),
        ("jti of 257 bytes", good().claim("jti", long.as_str()).mint()),
        ("jti of 10 KB", good().claim("jti", "x".repeat(10_000)).mint()),
        ("iat is text", good().claim("iat", NOW.to_string()).mint()),
        ("iat is null", good().claim("iat", json!(null)).mint()),
        ("nbf is text", good().claim("nbf", "now").mint()),
        ("exp is null", good().claim("exp", json!(null)).mint()),
        ("htm is a list", good().claim("htm", json!(["GET"])).mint()),
        ("ath is null", good().claim("ath", json!(null)).mint()),
        ("100 KB", good().claim("x", "x".repeat(100_000)).mint()),
        ("a header of 9 KB", good().header("x", "x".repeat(9_000)).mint()),
        ("signed, and 1 MB of dots", format!("{minted}{}", ".".repeat(1_000_000))),
    ];
    for (case, proof) in cases {
        let found = world.reason(&token, &proof);
        assert_eq!(found, Some(Reason::ProofMalformed), "{case}");
    }
    let signed_by_nothing = format!("{signed}.");
    let found = world.reason(&token, &signed_by_nothing);
    assert_eq!(found, Some(Reason::ProofBadSignature));
    let longest = good().claim("jti", "x".repeat(256)).mint();
    assert_eq!(world.reason(&token, &longest), None);
}

/// The header is bytes of the network.
#[test]
fn d01_bytes_that_are_no_text_are_no_proof() {
    let world = World::new();
    let token = world.bound().mint();
    let authorization = format!("DPoP {token}");
    for line in [&b"\xff\xfe"[..], b"", b" ", b"a,b", "é".as_bytes()] {
        let head = resource_server::resource::RequestHead::new("GET", PATH);
        let presented = world.api.credentials(&head, |name| match name {
            "authorization" => vec![authorization.as_bytes()],
            "dpop" => vec![line],
            _ => Vec::new(),
        });
        let error = block_on(world.api.authenticate(&presented)).unwrap_err();
        assert_eq!(reason(&error), Reason::ProofMalformed, "{line:?}");
    }
}

#[test]
fn d02_the_method_has_case_and_the_path_is_the_one_on_the_wire() {
    let world = World::with(
        Policy::builder(),
        Dpop::at(API).replace_path_prefix("/internal", "/v1"),
    );
    let token = world.bound().mint();
    let send = |method: &str, path: &str, htm: &str, htu: &str| {
        let proof = world.client.proof(htm, htu, &token).mint();
        let presented = Credentials::dpop(&token, &proof, method, path);
        let sent = block_on(world.api.authenticate(&presented));
        sent.err().map(|error| reason(&error))
    };
    let mismatch = Some(Reason::ProofMismatch);
    #[rustfmt::skip]
    let cases = [
        (None, "GET", "/orders", "GET", "https://api.example.com/orders"),
        (None, "GET", "/orders?a=b", "GET", "https://api.example.com/orders?c"),
        (None, "PROPFIND", "/", "PROPFIND", "https://api.example.com"),
        (mismatch, "GET", "/orders", "get", "https://api.example.com/orders"),
        (mismatch, "HEAD", "/orders", "GET", "https://api.example.com/orders"),
        (mismatch, "GET", "/orders", "GET", "http://api.example.com/orders"),
        (mismatch, "GET", "/orders", "GET", "https://user@api.example.com/orders"),
        (mismatch, "GET", "/orders", "GET", "https://evil.example/orders"),
        (mismatch, "GET", "/orders", "GET", "/orders"),
        (mismatch, "GET", "/orders", "GET", "https://api.example.com/orders/"),
        (mismatch, "GET", "/or%2Fders", "GET", "https://api.example.com/or/ders"),
        (None, "GET", "/internal/orders", "GET", "https://api.example.com/v1/orders"),
        (mismatch, "GET", "/internal/orders", "GET", "https://api.example.com/internal/orders"),
    ];
    for (expected, method, path, htm, htu) in cases {
        assert_eq!(
            send(method, path, htm, htu),
            expected,
            "{method} {path}: {htm} {htu}"
        );
    }
}

#[test]
fn d03_a_proof_is_accepted_in_its_window() {
    let world = World::new();
    let token = world.bound().mint();
    let good = || world.client.proof("GET", URL, &token);
    let late = Some(Reason::ProofNotCurrent);
    for (expected, proof) in [
        (None, good().issued_at(at(-60))),
        (late, good().issued_at(at(-61))),
        (None, good().issued_at(at(10))),
        (late, good().issued_at(at(11))),
        (late, good().claim("iat", i64::MAX)),
        (late, good().claim("iat", i64::MIN)),
        (late, good().claim("iat", 1e18)),
        (None, good().claim("nbf", NOW + 10)),
        (late, good().claim("nbf", NOW + 11)),
        (None, good().claim("exp", NOW - 9)),
        (late, good().claim("exp", NOW - 10)),
    ] {
        let proof = proof.mint();
        assert_eq!(world.reason(&token, &proof), expected, "{proof}");
    }
    let wide = Policy::builder()
        .proof_max_age(Duration::from_secs(300))
        .proof_max_ahead(Duration::from_secs(300));
    let world = World::with(wide, Dpop::at(API));
    let token = world.bound().mint();
    for (expected, seconds) in [(None, -300), (None, 300), (late, -301), (late, 301)] {
        let proof = world
            .client
            .proof("GET", URL, &token)
            .issued_at(at(seconds));
        assert_eq!(world.reason(&token, &proof.mint()), expected, "{seconds}");
    }
}

/// A record of what was entered.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<ProofEntry>>>);

impl Recorder {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl ReplayStore for Recorder {
    async fn insert(&self, entry: &ProofEntry, _: NumericDate) -> Result<Insertion, SourceError> {
        let mut entries = self.0.lock().unwrap();
        let is_new = entries.iter().all(|known| known.id != entry.id);
        entries.push(*entry);
        Ok(if is_new {
            Insertion::New
        } else {
            Insertion::Seen
        })
    }
}

#[test]
fn d03_the_entry_is_made_last_and_lives_as_long_as_the_proof() {
    let store = Recorder::default();
    let world = World::with(Policy::builder(), Dpop::at(API).replay_store(store.clone()));
    let token = world.bound().mint();
    let other = TestClient::new().clock(world.clock.clone());
    let good = || world.client.proof("GET", URL, &token);
    let expired = world.bound().expires_at(at(-3_600)).mint();
    let forged = world.bound().signature(&[0; 64]).mint();
    let unbound = world.signer.token().mint();
    let of = |token: &str| world.client.proof("GET", URL, token).mint();
    for (token, proof) in [
        (&token, good().claim("htm", "PUT").mint()),
        (&token, good().issued_at(at(-100)).mint()),
        (&token, good().signed_by(&other).mint()),
        (&token, other.proof("GET", URL, &token).mint()),
        (&expired, of(&expired)),
        (&forged, of(&forged)),
        (&unbound, of(&unbound)),
    ] {
        assert!(world.reason(token, &proof).is_some());
        assert_eq!(store.count(), 0, "{proof}");
    }
    let proof = good().claim("jti", "one").issued_at(at(-20)).mint();
    assert_eq!(world.reason(&token, &proof), None);
    let entry = store.0.lock().unwrap()[0];
    assert_eq!(&entry.jkt, world.client.jkt().as_bytes());
    assert_eq!((entry.made_at, entry.until), (at(-20), at(40)));

    // Another client's proof with the same jti is another proof.
    let theirs = world.signer.token().bound_to_key_of(&other).mint();
    let proof = other.proof("GET", URL, &theirs).claim("jti", "one").mint();
    assert_eq!(world.reason(&theirs, &proof), None);
    // The id is not the jti alone, nor a part that a client could move between the two.
    let ids: Vec<_> = store
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|entry| entry.id)
        .collect();
    assert_ne!(ids[0], ids[1]);
}

/// A store that fails.
struct Down;

impl ReplayStore for Down {
    async fn insert(&self, _: &ProofEntry, _: NumericDate) -> Result<Insertion, SourceError> {
        Err(SourceError::new("the store is down").retry_in(Duration::from_secs(7)))
    }
}

#[test]
fn d03_a_store_that_is_down_is_an_outage() {
    let world = World::with(Policy::builder(), Dpop::at(API).replay_store(Down));
    let token = world.bound().mint();
    let proof = world.client.proof("GET", URL, &token).mint();
    let error = world.get(&token, &proof).unwrap_err();
    let Error::Unavailable(outage) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(outage.issuer(), None);
    assert_eq!(error.status(), 503);
    assert_eq!(header(&error, "retry-after").as_deref(), Some("7"));
    assert_eq!(header(&error, "www-authenticate"), None);
    assert!(
        error.explain().contains("replay store"),
        "{}",
        error.explain()
    );
    // A bad proof is a bad proof, also then.
    let bad = world.client.proof("PUT", URL, &token).mint();
    assert_eq!(world.reason(&token, &bad), Some(Reason::ProofMismatch));
    // A bearer token needs no store.
    let bearer = world.signer.token().mint();
    assert!(block_on(world.api.validate(&bearer)).is_ok());
}

/// After a restart, the store does not know what was used before.
#[test]
fn d03_a_proof_from_before_the_start_is_an_outage() {
    let world = World::new();
    let api = world.api_of(world.signer.to_issuer(), Dpop::at(API));
    let token = world.bound().mint();
    let before = world
        .client
        .proof("GET", URL, &token)
        .issued_at(at(-1))
        .mint();
    let presented = Credentials::dpop(&token, &before, "GET", PATH);
    let error = block_on(api.authenticate(&presented)).unwrap_err();
    assert_eq!(error.status(), 503);
    assert!(header(&error, "retry-after").is_some());
    let after = world.client.proof("GET", URL, &token).mint();
    let presented = Credentials::dpop(&token, &after, "GET", PATH);
    assert!(block_on(api.authenticate(&presented)).is_ok());
}

#[test]
fn d03_two_validators_with_one_store_refuse_each_others_replay() {
    let store = Arc::new(MemoryReplayStore::new());
    let world = World::with(
        Policy::builder(),
        Dpop::at(API).replay_store(Arc::clone(&store)),
    );
    let other = world.api_of(world.signer.to_issuer(), Dpop::at(API).replay_store(store));
    let billing = world
        .api
        .for_resource("https://api.example.com/billing")
        .unwrap();
    let token = world
        .bound()
        .claim("aud", json!([API, "https://api.example.com/billing"]));
    let token = token.mint();
    let proof = world.client.proof("GET", URL, &token).mint();
    assert_eq!(world.reason(&token, &proof), None);
    for api in [&other, &billing] {
        let presented = Credentials::dpop(&token, &proof, "GET", PATH);
        let error = block_on(api.authenticate(&presented)).unwrap_err();
        assert_eq!(reason(&error), Reason::ProofReplayed);
    }
}

/// A further resource may be reached by another origin.
#[test]
fn d02_each_resource_has_its_origin() {
    let world = World::new();
    let other = "https://other.example.com";
    let resource = resource_server::Resource::new(other);
    let by_default = world.api.for_resource(resource.clone()).unwrap();
    let by_its_own = world.api.for_resource(resource.dpop_origin(other)).unwrap();
    let token = world.bound().audience(other).mint();
    for (api, htu, expected) in [
        (&by_default, URL, None),
        (&by_its_own, URL, Some(Reason::ProofMismatch)),
        (&by_its_own, "https://other.example.com/orders", None),
    ] {
        let proof = world.client.proof("GET", htu, &token).mint();
        let presented = Credentials::dpop(&token, &proof, "GET", PATH);
        let found = block_on(api.authenticate(&presented)).err();
        assert_eq!(found.map(|error| reason(&error)), expected, "{htu}");
    }
}

#[test]
fn d04_no_downgrade() {
    let world = World::new();
    let bound = world.bound().mint();
    let unbound = world.signer.token().mint();
    let certificate_only = world
        .signer
        .token()
        .claim("cnf", json!({"x5t#S256": THUMBPRINT}))
        .mint();
    let proof_of = |token: &str| world.client.proof("GET", URL, token).mint();
    let by = |scheme: &str, token: &str| Request {
        method: "GET",
        path: PATH,
        authorization: format!("{scheme} {token}"),
        proofs: vec![proof_of(token)],
    };
    for (request, expected) in [
        (by("DPoP", &unbound), Some(Reason::TokenNotBound)),
        (by("DPoP", &certificate_only), Some(Reason::TokenNotBound)),
        (by("Bearer", &bound), Some(Reason::ProofOfPossessionMissing)),
        (by("bearer", &bound), Some(Reason::ProofOfPossessionMissing)),
        // A proof beside the Bearer scheme is not read.
        (by("Bearer", &unbound), None),
        (by("DPoP", &bound), None),
        (by("DPoP", ""), Some(Reason::MalformedToken)),
        (by("DPoP", "a b"), Some(Reason::MalformedToken)),
        (by("DPoP", "\"a\""), Some(Reason::MalformedToken)),
    ] {
        let found = world.send(&request).err().map(|error| reason(&error));
        assert_eq!(found, expected, "{}", request.authorization);
    }
    assert!(block_on(world.api.validate(&bound)).is_err());
    assert!(world.api.validate_cached(&bound).unwrap().is_err());
}

/// A replay store may wait, so the methods that can't wait give no token, and use up no proof.
#[test]
fn d04_what_can_not_wait_uses_up_no_proof() {
    let world = World::new();
    let token = world.bound().mint();
    let proof = world.client.proof("GET", URL, &token).mint();
    let presented = Credentials::dpop(&token, &proof, "GET", PATH);
    assert!(world.api.authenticate_cached(&presented).is_none());
    assert!(world.api.authenticate_cached(&presented).is_none());
    assert!(block_on(world.api.authenticate(&presented)).is_ok());
    let bad = Credentials::dpop(&token, &proof, "PUT", PATH);
    let refused = world.api.authenticate_cached(&bad).unwrap().unwrap_err();
    assert_eq!(reason(&refused), Reason::ProofMismatch);
}

fn nonces() -> DpopNonces {
    DpopNonces::from_secrets([b"Jq0w5PzYz7Lk3VbN8mXc1TgH4rDs6FaE"]).unwrap()
}

fn fresh_nonce(error: &Error) -> String {
    header(error, "dpop-nonce").expect("a nonce")
}

#[test]
fn d05_a_required_nonce() {
    let world = World::with(Policy::builder(), Dpop::at(API).require_nonces(nonces()));
    let token = world.bound().mint();
    let good = || world.client.proof("GET", URL, &token);
    let error = world.get(&token, &good().mint()).unwrap_err();
    assert_eq!(reason(&error), Reason::ProofNonce);
    let nonce = fresh_nonce(&error);
    let other = DpopNonces::from_secrets([b"another secret, of 32 bytes, too"]).unwrap();
    let elsewhere = World::with(Policy::builder(), Dpop::at(API).require_nonces(other));
    let theirs = elsewhere.get(&token, &good().mint()).unwrap_err();
    for (case, proof) in [
        ("made up", good().nonce("eyJ7S_zG.eyJH0-Z.HX4w-7v")),
        ("another API's", good().nonce(&fresh_nonce(&theirs))),
        ("empty", good().nonce("")),
        ("a number", good().claim("nonce", 1)),
        ("null", good().claim("nonce", json!(null))),
        (
            "1 MiB, which is no proof",
            good().nonce(&"a".repeat(12_000)),
        ),
    ] {
        let error = world.get(&token, &proof.mint()).unwrap_err();
        assert_eq!(error.status(), 401, "{case}");
        if reason(&error) != Reason::ProofMalformed {
            assert_eq!(reason(&error), Reason::ProofNonce, "{case}");
            assert_eq!(fresh_nonce(&error), nonce, "{case}");
            let challenge = crate::support::bound::challenges(&error);
            assert!(challenge[0].contains("error=\"use_dpop_nonce\""), "{case}");
            assert_eq!(header(&error, "cache-control").as_deref(), Some("no-store"));
        }
    }
    // The time of the nonce replaces the client's.
    for skewed in [0, -100_000, 100_000] {
        let proof = good().nonce(&nonce).issued_at(at(skewed)).mint();
        let token = world.get(&token, &proof).unwrap();
        assert_eq!(token.dpop_nonce(), None, "it is not near its end");
    }
    // A nonce serves several proofs, and near its end the answer brings another.
    world.clock.advance(Duration::from_secs(200));
    let accepted = world.get(&token, &good().nonce(&nonce).mint()).unwrap();
    let next = accepted
        .dpop_nonce()
        .expect("the nonce is near its end")
        .to_owned();
    assert_ne!(next, nonce);
    // A refusal of a handler still answers under DPoP, and brings the nonce.
    let lacking = accepted.require(&resource_server::Requirement::scope("orders:write"));
    let lacking = lacking.unwrap_err();
    assert_eq!(lacking.status(), 403);
    let challenges = crate::support::bound::challenges(&lacking);
    assert!(
        challenges[0].starts_with("DPoP error=\"insufficient_scope\""),
        "{challenges:?}"
    );
    assert_eq!(challenges.len(), 1);
    assert_eq!(fresh_nonce(&lacking), next);

    world.clock.advance(Duration::from_secs(101));
    let token = world.bound().mint();
    let good = || world.client.proof("GET", URL, &token);
    assert_eq!(
        world.reason(&token, &good().nonce(&nonce).mint()),
        Some(Reason::ProofNonce)
    );
    assert_eq!(world.reason(&token, &good().nonce(&next).mint()), None);
}

/// After a restart, the store does not know which proofs with an older nonce were used. An outage
/// would make the client repeat the same nonce.
#[test]
fn d05_a_nonce_from_before_the_start_is_an_old_one() {
    let dpop = || Dpop::at(API).require_nonces(nonces());
    let world = World::with(Policy::builder(), dpop());
    let token = world.bound().mint();
    let first = world.client.proof("GET", URL, &token).mint();
    let nonce = fresh_nonce(&world.get(&token, &first).unwrap_err());
    world.clock.advance(Duration::from_secs(2));
    let restarted = world.api_of(world.signer.to_issuer(), dpop());
    let send = |nonce: &str| {
        let proof = world.client.proof("GET", URL, &token).nonce(nonce).mint();
        let presented = Credentials::dpop(&token, &proof, "GET", PATH);
        block_on(restarted.authenticate(&presented))
    };
    let error = send(&nonce).unwrap_err();
    assert_eq!(reason(&error), Reason::ProofNonce);
    assert!(send(&fresh_nonce(&error)).is_ok());
    // The process that made the nonce still accepts it.
    let proof = world.client.proof("GET", URL, &token).nonce(&nonce).mint();
    assert_eq!(world.reason(&token, &proof), None);
}

/// A proof with a nonce can be replayed for as long as its nonce is accepted.
#[test]
fn d05_a_proof_with_a_nonce_is_remembered_as_long_as_the_nonce() {
    let world = World::with(Policy::builder(), Dpop::at(API).require_nonces(nonces()));
    let token = world.bound().mint();
    let first = world.client.proof("GET", URL, &token).mint();
    let nonce = fresh_nonce(&world.get(&token, &first).unwrap_err());
    let proof = world.client.proof("GET", URL, &token).nonce(&nonce).mint();
    assert_eq!(world.reason(&token, &proof), None);
    for _ in 0..10 {
        world.clock.advance(Duration::from_secs(29));
        assert_eq!(world.reason(&token, &proof), Some(Reason::ProofReplayed));
    }
}

#[test]
fn d05_an_optional_nonce() {
    let world = World::with(Policy::builder(), Dpop::at(API).accept_nonces(nonces()));
    let token = world.bound().mint();
    let good = || world.client.proof("GET", URL, &token);
    let accepted = world.get(&token, &good().mint()).unwrap();
    let nonce = accepted
        .dpop_nonce()
        .expect("a nonce to begin with")
        .to_owned();
    let accepted = world.get(&token, &good().nonce(&nonce).mint()).unwrap();
    assert_eq!(accepted.dpop_nonce(), None);
    // Without a nonce the window of iat applies, and a wrong nonce is not none.
    let old = good().issued_at(at(-61)).mint();
    assert_eq!(world.reason(&token, &old), Some(Reason::ProofNotCurrent));
    let wrong = good().nonce("made up").mint();
    assert_eq!(world.reason(&token, &wrong), Some(Reason::ProofNonce));
}

/// Where nonces are off, a nonce has no effect.
#[test]
fn d05_nonces_are_off_by_default() {
    let world = World::new();
    let token = world.bound().mint();
    let proof = world.client.proof("GET", URL, &token).nonce("x").mint();
    let accepted = world.get(&token, &proof).unwrap();
    assert_eq!(accepted.dpop_nonce(), None);
}

/// The keys of proofs that no arithmetic may touch. Each is refused as malformed, before the
/// token's signature is checked.
#[test]
fn d08_the_key_of_a_proof_is_an_attackers() {
    let world = World::new();
    let token = world.bound().mint();
    let n = |bytes: usize| crate::support::form::encode(&vec![0xff; bytes]);
    let rsa = |bytes: usize, e: &str| json!({"kty": "RSA", "n": n(bytes), "e": e});
    let mut off_curve = world.client.jwk();
    off_curve["y"] = off_curve["x"].clone();
    let zero = crate::support::form::encode(&[0; 32]);
    #[rustfmt::skip]
    let cases = [
        ("a secret", "HS256", json!({"kty": "oct", "k": "AAAA"})),
        ("a secret as ES256", "ES256", json!({"kty": "oct", "k": "AAAA"})),
        ("X25519", "EdDSA", json!({"kty": "OKP", "crv": "X25519", "x": zero})),
        ("a point of small order", "EdDSA", json!({"kty": "OKP", "crv": "Ed25519", "x": zero})),
        ("RSA of 1024 bits", "RS256", rsa(128, "AQAB")),
        ("RSA of 4104 bits", "RS256", rsa(513, "AQAB")),
        ("RSA of 8192 bits", "PS256", rsa(1_024, "AQAB")),
        ("RSA with e of 1", "RS256", rsa(256, "AQ")),
        ("RSA with an even e", "RS256", rsa(256, "AAI")),
        ("coordinates of P-384", "ES384", world.client.jwk()),
        ("its alg is another", "ES256", { let mut jwk = world.client.jwk(); jwk["alg"] = "ES384".into(); jwk }),
        ("its use is enc", "ES256", { let mut jwk = world.client.jwk(); jwk["use"] = "enc".into(); jwk }),
        ("its key_ops lack verify", "ES256", { let mut jwk = world.client.jwk(); jwk["key_ops"] = json!(["sign"]); jwk }),
        ("padding in x", "ES256", { let mut jwk = world.client.jwk(); jwk["x"] = format!("{}=", jwk["x"].as_str().unwrap()).into(); jwk }),
        ("a lost leading zero", "ES256", { let mut jwk = world.client.jwk(); jwk["x"] = crate::support::form::encode(&[1; 31]).into(); jwk }),
        ("a null member", "ES256", { let mut jwk = world.client.jwk(); jwk["d"] = json!(null); jwk }),
    ];
    for (case, alg, jwk) in cases {
        let proof = world.client.proof("GET", URL, &token);
        let proof = proof.header("alg", alg).header("jwk", jwk).mint();
        let found = world.reason(&token, &proof);
        assert_eq!(found, Some(Reason::ProofMalformed), "{case}");
    }
    // A point that is not on its curve is another key than the token's: no arithmetic is done.
    let proof = world
        .client
        .proof("GET", URL, &token)
        .header("jwk", off_curve);
    let found = world.reason(&token, &proof.mint());
    assert_eq!(found, Some(Reason::PossessionMismatch));
}

/// An opaque token, whose introspection response has this `cnf`.
struct Introspects(serde_json::Value);

impl KeySource for Introspects {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let response = IntrospectionResponse::from_json(&self.0.to_string()).unwrap();
        Ok(Evidence::Introspection(Arc::new(response)))
    }
}

#[test]
fn d06_d07_introspected_tokens_are_bound_in_the_same_way() {
    let world = World::new();
    let jkt = world.client.jkt().to_string();
    let response = |cnf: serde_json::Value, token_type: &str| {
        json!({
            "active": true, "aud": API, "exp": NOW + 300, "token_type": token_type, "cnf": cnf,
        })
    };
    let api = |response| {
        let issuer = Issuer::new(ISSUER)
            .source(Introspects(response))
            .opaque_tokens();
        world.api_of(issuer, Dpop::at(API))
    };
    let bound = api(response(json!({"jkt": jkt}), "DPoP"));
    let proof = || world.client.proof("GET", URL, "opaque").mint();
    let send = |api: &resource_server::Validator, presented: &Credentials<'_>| {
        block_on(api.authenticate(presented))
            .err()
            .map(|error| reason(&error))
    };
    let one = proof();
    let by_proof = Credentials::dpop("opaque", &one, "GET", PATH);
    assert_eq!(send(&bound, &by_proof), None);
    assert_eq!(send(&bound, &by_proof), Some(Reason::ProofReplayed));
    let bearer = Credentials::bearer("opaque");
    assert_eq!(
        send(&bound, &bearer),
        Some(Reason::ProofOfPossessionMissing)
    );
    let another = TestClient::new().clock(world.clock.clone());
    let stolen = another.proof("GET", URL, "opaque").mint();
    let stolen = Credentials::dpop("opaque", &stolen, "GET", PATH);
    assert_eq!(send(&bound, &stolen), Some(Reason::PossessionMismatch));

    // It is judged again without a new proof, since possession was proven.
    let two = proof();
    let accepted = Credentials::dpop("opaque", &two, "GET", PATH);
    let accepted = block_on(bound.authenticate(&accepted)).unwrap();
    block_on(bound.revalidate(&accepted)).unwrap();

    let unbound = json!({"active": true, "aud": API, "exp": NOW + 300, "token_type": "Bearer"});
    let three = proof();
    let presented = Credentials::dpop("opaque", &three, "GET", PATH);
    assert_eq!(send(&api(unbound), &presented), Some(Reason::TokenNotBound));
}
