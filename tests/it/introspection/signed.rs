//! Row I07: answers of an authorization server that are signed (RFC 9701).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resource_server::testing::{ManualClock, TestIssuer, TestToken};
use resource_server::{
    Algorithm, Introspection, Issuer, NumericDate, Policy, PolicyBuilder, Reason, Validator,
    error::{ConfigErrorKind, IntrospectionError},
};
use serde_json::{Value, json};

use crate::support::http::{
    AUDIENCE, HandMade, UNAVAILABLE, clock, json, ok, outage, reason, url_decoded, validator,
};
use crate::support::{self, ISSUER, NOW};

const CLIENT: &str = "orders-api";
const SIGNED: &str = "application/token-introspection+jwt";
const SKEW: i64 = 30;

fn active() -> Value {
    json!({"active": true, "aud": AUDIENCE, "sub": "alice", "scope": "orders:read", "exp": NOW + 3_600})
}

/// A good answer, to be spoilt.
fn answer(server: &TestIssuer) -> TestToken {
    server
        .token()
        .typ("token-introspection+jwt")
        .audience(CLIENT)
        .claim("token_introspection", active())
        // Claims outside the member are not about the token.
        .subject("mallory")
        .scope("admin")
}

fn sent(content_type: &str, body: &str) -> String {
    ok(body, &format!("content-type: {content_type}\r\n"))
}

fn signed(token: TestToken) -> String {
    sent(SIGNED, &token.mint())
}

type Answer = Box<dyn Fn(&TestIssuer) -> String + Send>;

/// An authorization server with metadata, keys and an introspection endpoint, and an API that asks
/// it.
struct World {
    server: HandMade,
    signer: TestIssuer,
    clock: ManualClock,
    validator: Validator,
    keys_are_down: Arc<AtomicBool>,
}

impl World {
    async fn answering(answer: impl Fn(&TestIssuer) -> String + Send + 'static) -> Self {
        let discover = |_: &str| Introspection::discover();
        Self::with(answer, discover, Policy::builder()).await
    }

    async fn with(
        answer: impl Fn(&TestIssuer) -> String + Send + 'static,
        introspection: impl FnOnce(&str) -> Introspection,
        policy: PolicyBuilder,
    ) -> Self {
        let keys_are_down = Arc::new(AtomicBool::new(false));
        let down = Arc::clone(&keys_are_down);
        let signer = Arc::new(OnceLock::<TestIssuer>::new());
        let known = Arc::clone(&signer);
        let server = HandMade::answering(move |request| {
            let signer = known.get().unwrap();
            match request.path() {
                "/ask" => answer(signer),
                "/keys" if down.load(Ordering::Relaxed) => {
                    UNAVAILABLE.replace("connection", "retry-after: 7\r\nconnection")
                }
                "/keys" => ok(&signer.jwks(), ""),
                _ => {
                    let host = request.host;
                    json(&json!({
                        "issuer": host,
                        "introspection_endpoint": format!("{host}/ask"),
                        "jwks_uri": format!("{host}/keys"),
                    }))
                }
            }
        })
        .await;
        let clock = clock();
        let name = &*server.host;
        let signer = signer.get_or_init(|| support::signer(name, &clock)).clone();
        let introspection = introspection(name)
            .client_secret_basic(CLIENT, "hush-hush")
            .signed_answers();
        let issuer = Issuer::new(name)
            .introspection(introspection)
            .policy(policy)
            .refresh_on_demand();
        World {
            validator: validator(issuer, &clock),
            server,
            signer,
            clock,
            keys_are_down,
        }
    }

    fn asked_for(&self, path: &str) -> usize {
        self.server.asked_for(path)
    }
}

#[tokio::test]
async fn i07_a_signed_answer_counts_by_its_member_alone() {
    let world = World::answering(|server| signed(answer(server))).await;
    let token = world.validator.validate("token").await.unwrap();
    assert_eq!(token.subject(), Some("alice"));
    assert!(token.scopes().contains("orders:read") && !token.scopes().contains("admin"));
    assert!(token.claim("token_introspection").is_none());
    let requests = world.server.requests.lock().unwrap().clone();
    let asked = requests.iter().find(|request| request.starts_with("POST"));
    let (head, body) = asked.unwrap().split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(&format!("\r\naccept: {SIGNED}\r\n")),
        "{head}"
    );
    assert_eq!(url_decoded(body)[0].1, "token");
    // One document names both places.
    assert_eq!(world.asked_for("/keys"), 1);
    assert!(world.validator.health()[0].is_ready());
    // The answer is kept like any other.
    assert!(world.validator.validate("token").await.is_ok());
    assert_eq!(world.asked_for("/ask"), 1);
}

#[tokio::test]
async fn i07_what_is_good_in_another_form() {
    let cases: [(&str, Answer); 8] = [
        (
            "typ with application/",
            Box::new(|s| signed(answer(s).typ("Application/Token-Introspection+JWT"))),
        ),
        (
            "type with parameters",
            Box::new(|s| {
                sent(
                    "Application/Token-Introspection+JWT; charset=utf-8",
                    &answer(s).mint(),
                )
            }),
        ),
        (
            "one audience of several",
            Box::new(|s| signed(answer(s).claim("aud", json!(["other", CLIENT])))),
        ),
        (
            "without exp, sub and jti",
            Box::new(|s| signed(answer(s).without("exp").without("sub").without("jti"))),
        ),
        (
            "RSA",
            Box::new(|s| signed(answer(s).algorithm(Algorithm::PS256))),
        ),
        (
            "Ed25519",
            Box::new(|s| signed(answer(s).algorithm(Algorithm::EdDSA))),
        ),
        (
            "as old as it may be",
            Box::new(|s| signed(answer(s).claim("iat", NOW - 300 - SKEW + 1))),
        ),
        (
            "as early as it may be",
            Box::new(|s| signed(answer(s).claim("iat", NOW + SKEW))),
        ),
    ];
    for (name, answer) in cases {
        let world = World::answering(answer).await;
        let result = world.validator.validate("token").await;
        assert!(
            result.is_ok(),
            "{name}: {:?}",
            result.map_err(|error| error.explain())
        );
    }
}

/// The audience of a signed response is the client that introspects, which all resources of a
/// server share. The audience within is checked for each resource.
#[tokio::test]
async fn h09_i07_a_signed_answer_is_for_each_resource_by_its_member() {
    const BILLING: &str = "https://api.example.com/billing";
    let world = World::answering(|server| {
        let mut of_billing = active();
        of_billing["aud"] = BILLING.into();
        signed(answer(server).claim("token_introspection", of_billing))
    })
    .await;
    let billing = world.validator.for_resource(BILLING).unwrap();
    assert_eq!(support::verdict(billing.validate("token").await), None);
    assert_eq!(
        reason(world.validator.validate("token").await),
        Reason::AudienceMismatch
    );
    assert_eq!((world.asked_for("/ask"), world.asked_for("/keys")), (1, 1));
    assert_eq!(
        support::verdict(billing.validate_online("token").await),
        None
    );
    assert_eq!((world.asked_for("/ask"), world.asked_for("/keys")), (2, 1));
}

/// If the server says that the token is not active, that is a verdict. The same applies to a claim
/// that its answer lacks.
#[tokio::test]
async fn i07_a_signed_answer_is_held_against_the_policy() {
    for (member, expected) in [
        (json!({"active": false}), Reason::Inactive),
        (
            json!({"active": true, "aud": "https://other.example"}),
            Reason::AudienceMismatch,
        ),
        (
            json!({"active": true, "aud": AUDIENCE, "exp": NOW - 60}),
            Reason::Expired,
        ),
        (
            json!({"active": true, "aud": AUDIENCE, "iss": "https://other.example"}),
            Reason::IssuerMismatch,
        ),
        // Claims outside the member do not replace what it lacks.
        (json!({"active": true}), Reason::AudienceMissing),
    ] {
        let answer = move |server: &TestIssuer| {
            signed(answer(server).claim("token_introspection", member.clone()))
        };
        let world = World::answering(answer).await;
        assert_eq!(reason(world.validator.validate("token").await), expected);
    }
}

/// Each is an outage and no verdict, and nothing of it is kept.
#[tokio::test]
async fn i07_what_is_no_signed_answer_to_this_client_is_an_outage() {
    let jwks_secret = |server: &TestIssuer| {
        let jwks: Value = serde_json::from_str(&server.jwks()).unwrap();
        jwks["keys"][0].to_string().into_bytes()
    };
    let raw = |server: &TestIssuer, member: &str| {
        let payload = format!(
            r#"{{"iss":"{}","aud":"{CLIENT}","iat":{NOW},"token_introspection":{member}}}"#,
            server.name()
        );
        signed(answer(server).raw_payload(payload.as_bytes()))
    };
    let good = active().to_string();
    let evil = |server: &TestIssuer| TestIssuer::new(server.name(), AUDIENCE);
    #[rustfmt::skip]
    let cases: Vec<(&str, &str, Answer)> = vec![
        ("plain", SIGNED, Box::new(move |_| sent("application/json", &good))),
        ("plain by another name", "not a signed JWT", Box::new(|_| sent(SIGNED, &active().to_string()))),
        ("signed by another name", SIGNED, Box::new(|s| sent("application/json", &answer(s).mint()))),
        ("a JWT", SIGNED, Box::new(|s| sent("application/jwt", &answer(s).mint()))),
        ("no type", SIGNED, Box::new(|s| ok(&answer(s).mint(), ""))),
        ("no text", "not a signed JWT", Box::new(|_| sent(SIGNED, ""))),
        ("opaque", "not a signed JWT", Box::new(|_| sent(SIGNED, "2YotnFZFEjr1zCsicMWpAA"))),
        ("encrypted", "not a signed JWT", Box::new(|s| sent(SIGNED, &format!("{}.a.b", answer(s).mint())))),
        ("over-long", "not a signed JWT", Box::new(|s| signed(answer(s).claim("x", "x".repeat(100 * 1024))))),
        ("over-long within", "more than 65536 bytes", Box::new(|s| signed(answer(s).claim("token_introspection", json!({"active": true, "x": "x".repeat(66_000)}))))),
        ("an access token", "typ", Box::new(|s| signed(answer(s).typ("at+jwt")))),
        ("any JWT", "typ", Box::new(|s| signed(answer(s).typ("JWT")))),
        ("an ID token", "typ", Box::new(|s| signed(answer(s).without_header("typ").claim("nonce", "n")))),
        ("another type", "typ", Box::new(|s| signed(answer(s).typ("introspection+jwt")))),
        ("a type that is none", "typ", Box::new(|s| signed(answer(s).header("typ", json!(["token-introspection+jwt"]))))),
        ("of another issuer", "issuer_mismatch", Box::new(|s| signed(answer(s).issuer("https://other.example")))),
        ("of nobody", "issuer_missing", Box::new(|s| signed(answer(s).without("iss")))),
        ("for another client", "audience_mismatch", Box::new(|s| signed(answer(s).audience("billing-api")))),
        ("for the API's own name", "audience_mismatch", Box::new(|s| signed(answer(s).audience(AUDIENCE)))),
        ("for other clients", "audience_mismatch", Box::new(|s| signed(answer(s).claim("aud", json!(["a", "b"]))))),
        ("for nobody", "audience_missing", Box::new(|s| signed(answer(s).without("aud")))),
        ("without iat", "claim_missing", Box::new(|s| signed(answer(s).without("iat")))),
        ("of minutes ago", "too_old", Box::new(|s| signed(answer(s).claim("iat", NOW - 300 - SKEW)))),
        ("of the future", "issued_in_the_future", Box::new(|s| signed(answer(s).claim("iat", NOW + SKEW + 1)))),
        ("iat as text", "malformed_claim", Box::new(|s| signed(answer(s).claim("iat", "now")))),
        ("past its exp", "expired", Box::new(|s| signed(answer(s).claim("exp", NOW - SKEW)))),
        ("exp as text", "malformed_claim", Box::new(|s| signed(answer(s).claim("exp", "never")))),
        ("before its nbf", "not_yet_valid", Box::new(|s| signed(answer(s).not_before(NumericDate::from_secs(NOW + 60))))),
        ("alg none", "unsigned", Box::new(|s| signed(answer(s).header("alg", "none").unsigned()))),
        ("alg none with a signature", "algorithm_unknown", Box::new(|s| signed(answer(s).header("alg", "none").signature(b"x")))),
        ("a public key as secret", "algorithm_not_allowed", Box::new(move |s| signed(answer(s).hmac(Algorithm::HS256, &jwks_secret(s))))),
        ("by another's key of the same kid", "bad_signature", Box::new(move |s| signed(answer(s).signed_by(&evil(s))))),
        ("by a key of no kid", "unknown_key", Box::new(|s| signed(answer(s).header("kid", "stray")))),
        ("changed", "bad_signature", Box::new(|s| {
            let token = answer(s).mint();
            let parts: Vec<_> = token.split('.').collect();
            let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
            let claims = String::from_utf8(claims).unwrap().replace("orders:read", "orders:edit");
            sent(SIGNED, &format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims), parts[2]))
        })),
        ("crit", "critical_header", Box::new(|s| signed(answer(s).header("crit", json!(["exp"]))))),
        ("b64", "unsupported_header", Box::new(|s| signed(answer(s).header("b64", false)))),
        ("a JWT in a JWT", "unsupported_header", Box::new(|s| signed(answer(s).header("cty", "JWT")))),
        ("kid as a number", "malformed_key_id", Box::new(|s| signed(answer(s).header("kid", 7)))),
        ("no member", "token_introspection", Box::new(|s| signed(answer(s).without("token_introspection").claim("active", true)))),
        ("the member as text", "token_introspection", Box::new(|s| signed(answer(s).claim("token_introspection", active().to_string())))),
        ("the member as a list", "token_introspection", Box::new(|s| signed(answer(s).claim("token_introspection", json!([active()]))))),
        ("the member as null", "token_introspection", Box::new(|s| signed(answer(s).claim("token_introspection", Value::Null)))),
        ("the member as true", "token_introspection", Box::new(|s| signed(answer(s).claim("token_introspection", true)))),
        ("the member twice", "malformed_payload", Box::new(move |s| raw(s, r#"{"active":false},"token_introspection":{"active":true}"#))),
        ("active twice", "malformed_payload", Box::new(move |s| raw(s, r#"{"active":false,"active":true}"#))),
        ("nothing active", "\"active\"", Box::new(move |s| raw(s, "{}"))),
        ("active as text", "\"active\"", Box::new(move |s| raw(s, r#"{"active":"true"}"#))),
        ("nested deep", "malformed_payload", Box::new(move |s| raw(s, &format!(r#"{{"active":true,"x":{}{}}}"#, "[".repeat(40), "]".repeat(40))))),
    ];
    for (name, expected, answer) in cases {
        let is_spoilt = Arc::new(Mutex::new(true));
        let spoilt = Arc::clone(&is_spoilt);
        let world = World::answering(move |server| {
            if *spoilt.lock().unwrap() {
                return answer(server);
            }
            signed(self::answer(server))
        })
        .await;
        let told = outage(world.validator.validate("token").await);
        assert!(told.contains(expected), "{name}: {told}");
        assert!(
            !told.contains("orders") && !told.contains("alice"),
            "{name}: {told}"
        );
        let health = world.validator.health()[0].status().clone();
        assert!(health.last_error.is_some(), "{name}");
        assert!(world.validator.validate_cached("token").is_none(), "{name}");
        *is_spoilt.lock().unwrap() = false;
        world.clock.advance(Duration::from_secs(1));
        assert!(world.validator.validate("token").await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn i07_the_algorithms_are_the_policys() {
    let policy = || Policy::builder().algorithms([Algorithm::RS256]);
    let discover = |_: &str| Introspection::discover();
    let world = World::with(|server| signed(answer(server)), discover, policy()).await;
    let told = outage(world.validator.validate("token").await);
    assert!(told.contains("algorithm_not_allowed"), "{told}");
    let by_pss = |server: &TestIssuer| signed(answer(server).algorithm(Algorithm::PS256));
    let both = || Policy::builder().algorithms([Algorithm::RS256, Algorithm::PS256]);
    let of_one = both().one_algorithm_per_key();
    let world = World::with(by_pss, discover, of_one).await;
    assert!(world.validator.validate("token").await.is_err(), "K15");
    let by_rsa = |server: &TestIssuer| signed(answer(server).algorithm(Algorithm::RS256));
    let world = World::with(by_rsa, discover, policy()).await;
    assert!(world.validator.validate("token").await.is_ok());
}

#[tokio::test]
async fn i07_keys_rotate_and_their_outage_is_no_verdict() {
    let world = World::answering(|server| signed(answer(server))).await;
    world.validator.warm_up().await.unwrap();
    assert_eq!((world.asked_for("/keys"), world.asked_for("/ask")), (1, 0));
    // A new key is fetched when an answer has it.
    world.signer.rotate_keys();
    world.signer.withdraw_old_keys();
    world.clock.advance(Duration::from_secs(10));
    assert!(world.validator.validate("a").await.is_ok());
    assert_eq!(world.asked_for("/keys"), 2);
    // Keys that can't be had now: an outage, with the time to come again. Those that are known go
    // on to serve.
    world.keys_are_down.store(true, Ordering::Relaxed);
    world.clock.advance(Duration::from_secs(700));
    assert!(world.validator.validate("b").await.is_ok());
    world.signer.rotate_keys();
    world.clock.advance(Duration::from_secs(60));
    let error = world.validator.validate("c").await.unwrap_err();
    assert_eq!(error.status(), 503, "{}", error.explain());
    let resource_server::Error::Unavailable(unavailable) = &error else {
        panic!("{error:?}");
    };
    assert!(unavailable.retry_after().is_some());
    world.keys_are_down.store(false, Ordering::Relaxed);
    world.clock.advance(Duration::from_secs(600));
    assert!(world.validator.validate("c").await.is_ok());
}

#[tokio::test]
async fn i07_keys_at_an_address_need_no_metadata() {
    let at = |name: &str| {
        Introspection::at(format!("{name}/ask")).answer_keys_at(format!("{name}/keys"))
    };
    let world = World::with(|server| signed(answer(server)), at, Policy::builder()).await;
    assert!(world.validator.validate("token").await.is_ok());
    assert_eq!(world.server.requests.lock().unwrap().len(), 2);
}

/// The issuer's name leads nowhere; its tokens' keys are fetched from a given address, or as
/// metadata at one says.
#[tokio::test]
async fn i07_keys_of_answers_are_where_the_keys_of_tokens_are() {
    let clock = clock();
    let signer = support::signer("https://as.invalid", &clock);
    let known = signer.clone();
    let server = HandMade::answering(move |request| match request.path() {
        "/ask" => signed(answer(&known)),
        "/keys" => ok(&known.jwks(), ""),
        _ => {
            let keys = format!("{}/keys", request.host);
            json(&json!({"issuer": known.name(), "jwks_uri": keys}))
        }
    })
    .await;
    let host = &*server.host;
    let issuer = || Issuer::new(signer.name()).refresh_on_demand();
    for issuer in [
        issuer().jwks_at(format!("{host}/keys")),
        issuer().discovery_at(format!("{host}/metadata")),
    ] {
        let introspection = Introspection::at(format!("{host}/ask"))
            .client_secret_basic(CLIENT, "hush-hush")
            .signed_answers();
        let validator = validator(issuer.introspection(introspection), &clock);
        let token = validator.validate("token").await.unwrap();
        assert_eq!(token.subject(), Some("alice"));
    }
}

/// If the API authenticates with a token, a setting says which client it is.
#[tokio::test]
async fn i07_the_client_id_beside_a_bearer_token() {
    let keys = support::signer(ISSUER, &clock());
    let server = HandMade::answering(move |request| {
        if request.is_get() {
            ok(&keys.jwks(), "")
        } else {
            signed(answer(&keys))
        }
    })
    .await;
    let url = server.jwks_url();
    for (client, is_ours) in [(CLIENT, true), ("billing-api", false)] {
        let introspection = Introspection::at(&url)
            .bearer_token("own-token")
            .client_id(client)
            .signed_answers()
            .answer_keys_at(&url);
        let issuer = Issuer::new(ISSUER).introspection(introspection);
        let validator = validator(issuer.refresh_on_demand(), &clock());
        let result = validator.validate("token").await;
        if is_ours {
            assert!(result.is_ok());
        } else {
            assert!(outage(result).contains("audience_mismatch"));
        }
    }
}

#[test]
fn i07_settings_of_signed_answers_are_told_when_built() {
    let problems = |introspection, policy| {
        let issuer = Issuer::new(ISSUER)
            .introspection(introspection)
            .policy(policy);
        support::problems(issuer)
    };
    let basic = || Introspection::discover().client_secret_basic(CLIENT, "hush-hush");
    let bearer = || Introspection::discover().bearer_token("t");
    assert_eq!(problems(basic().signed_answers(), Policy::builder()), []);
    assert_eq!(
        problems(
            basic().client_id(CLIENT).signed_answers(),
            Policy::builder()
        ),
        []
    );
    assert_eq!(
        problems(
            bearer().client_id(CLIENT).signed_answers(),
            Policy::builder()
        ),
        []
    );
    let cases = [
        (bearer().signed_answers(), IntrospectionError::NoClientId),
        (
            bearer().client_id("").signed_answers(),
            IntrospectionError::ClientId,
        ),
        (
            bearer().client_id(" a").signed_answers(),
            IntrospectionError::ClientId,
        ),
        (
            basic().client_id("billing-api").signed_answers(),
            IntrospectionError::ClientId,
        ),
        (
            basic().answer_keys_at("https://as.example.com/keys"),
            IntrospectionError::KeysForPlainAnswers,
        ),
    ];
    for (introspection, problem) in cases {
        let issuer = ISSUER.to_owned();
        let found = problems(introspection, Policy::builder());
        assert_eq!(
            found,
            [(Some(issuer), ConfigErrorKind::Introspection(problem))]
        );
    }
    let hmac = Policy::builder().algorithms([Algorithm::HS256]);
    let issuer = ISSUER.to_owned();
    assert_eq!(
        problems(basic().signed_answers(), hmac),
        [(Some(issuer), ConfigErrorKind::HmacWithFetchedKeys)]
    );
}
