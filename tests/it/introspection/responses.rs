//! Rows I02, I04, I06, I08, I09 and I10, and the parts of C05, C11 and D07 about introspection
//! responses (RFC 7662): what an authorization server's answer means, and which tokens are
//! introspected.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use resource_server::Reason::{
    AudienceMismatch, AudienceMissing, ClientNotAllowed, EncryptedToken, Expired, ExpiryMissing,
    Inactive, IssuedInTheFuture, IssuerMismatch, LifetimeTooLong, MalformedClaim,
    MalformedConfirmation, MalformedScope, MalformedToken, NotAnAccessToken, NotYetValid,
    OpaqueToken, ProofOfPossessionMissing, TooLong, TooOld, UnknownConfirmation,
};
use resource_server::error::ResponseError::{
    Active, DuplicateMember, NotAnObject, Number, TooDeep, TooLarge,
};
use resource_server::testing::TestIssuer;
use resource_server::{
    AccessToken, Error, Evidence, Issuer, KeySource, NumericDate, Policy, PolicyBuilder,
    Possession, PresentedToken, Reason, Rejection, Requirement, StaticKeys, Validator,
    error::{ConfigErrorKind, SourceError},
    introspection::IntrospectionResponse,
    verify,
};
use serde_json::{Value, json};
use std::time::Duration;

use crate::support::problems_of;
use crate::support::{self, API, ISSUER, NOW, block_on, clock, validator_of};

const OPAQUE: &str = "2YotnFZFEjr1zCsicMWpAA";
const OTHER: &str = "https://other.example.com";

fn good() -> Value {
    json!({
        "active": true, "iss": ISSUER, "aud": API, "sub": "alice", "client_id": "web", "scope": "orders:read profile",
        "token_type": "Bearer", "iat": NOW - 10, "nbf": NOW - 10, "exp": NOW + 300, "jti": "1",
    })
}

fn with(changes: Value) -> Value {
    let mut response = good();
    let (Value::Object(members), Value::Object(changes)) = (&mut response, changes) else {
        panic!("objects");
    };
    for (name, value) in changes {
        if value == json!("absent") {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
    response
}

/// The core's verdict on this answer about an opaque token.
fn judge(response: &Value, policy: PolicyBuilder) -> Result<AccessToken, Rejection> {
    let response = IntrospectionResponse::from_json(&response.to_string()).expect("a response");
    let policy = policy.issuer(ISSUER).audience(API).build().unwrap();
    let token = PresentedToken::parse(OPAQUE).unwrap();
    let evidence = Evidence::Introspection(Arc::new(response));
    verify(&token, &evidence, &policy, NumericDate::from_secs(NOW))?.confirm(&Possession::bearer())
}

fn reason(response: &Value) -> Option<Reason> {
    judge(response, Policy::builder()).err().map(|r| r.reason())
}

#[test]
fn i02_only_true_is_active() {
    assert_eq!(reason(&good()), None);
    assert_eq!(reason(&with(json!({"active": false}))), Some(Inactive));
    // It is inactive, with any other members.
    for bare in [
        json!({"active": false}),
        json!({"active": false, "exp": "x", "iss": 1}),
    ] {
        assert_eq!(reason(&bare), Some(Inactive), "{bare}");
    }
    for odd in [
        json!("true"),
        json!("false"),
        json!(1),
        json!(0),
        json!(null),
        json!([true]),
        json!({"active": true}),
        json!(""),
        json!(1.0),
    ] {
        let text = with(json!({"active": odd})).to_string();
        let read = IntrospectionResponse::from_json(&text);
        assert_eq!(read.err(), Some(Active), "{text}");
    }
    let absent = with(json!({"active": "absent"})).to_string();
    assert_eq!(
        IntrospectionResponse::from_json(&absent).err(),
        Some(Active)
    );
}

#[test]
fn i06_what_is_no_response_says_nothing_about_the_token() {
    let deep = format!(
        r#"{{"active":true,"a":{}1{}}}"#,
        "[".repeat(40),
        "]".repeat(40)
    );
    let large = format!(r#"{{"active":true,"a":"{}"}}"#, "x".repeat(64 * 1024));
    #[rustfmt::skip]
    let cases = [
        ("", NotAnObject),
        ("<!doctype html><title>Login</title>", NotAnObject),
        ("true", NotAnObject),
        ("null", NotAnObject),
        ("[]", NotAnObject),
        (r#"[{"active":true}]"#, NotAnObject),
        ("{}", Active),
        (r#"{"active":true"#, NotAnObject),
        (r#"{"active":true}{"active":false}"#, NotAnObject),
        (r#"{"active":true} x"#, NotAnObject),
        (r#"{"active":tru}"#, NotAnObject),
        (r#"{"Active":true}"#, Active),
        (r#"{"active":true,"sub":"\ud800"}"#, NotAnObject),
        (r#"{"active":true,"exp":1e400}"#, Number),
        (&deep, TooDeep),
        (&large, TooLarge),
        (r#"{"active":false,"active":true}"#, DuplicateMember),
        (r#"{"active":true,"\u0061ctive":false}"#, DuplicateMember),
        (r#"{"active":true,"aud":"a","aud":"b"}"#, DuplicateMember),
        (r#"{"active":true,"cnf":{"jkt":"a","jkt":"b"}}"#, DuplicateMember),
    ];
    for (text, expected) in cases {
        let read = IntrospectionResponse::from_json(text);
        let shown: String = text.chars().take(60).collect();
        assert_eq!(read.err(), Some(expected), "{shown}");
    }
    assert!(IntrospectionResponse::from_json(" \n{ \"active\" : true }\n").is_ok());
    // As large as it may be.
    let frame = r#"{"active":true,"a":""}"#.len();
    let sized = |bytes: usize| {
        let text = format!(r#"{{"active":true,"a":"{}"}}"#, "x".repeat(bytes - frame));
        IntrospectionResponse::from_json(&text).err()
    };
    assert_eq!(sized(64 * 1024), None);
    assert_eq!(sized(64 * 1024 + 1), Some(TooLarge));
}

#[test]
fn i03_what_a_cache_looks_at() {
    let read = |response: Value| IntrospectionResponse::from_json(&response.to_string()).unwrap();
    assert!(read(good()).is_active());
    assert_eq!(
        read(good()).expires_at(),
        Some(NumericDate::from_secs(NOW + 300))
    );
    for endless in [json!("absent"), json!("soon")] {
        assert_eq!(read(with(json!({"exp": endless}))).expires_at(), None);
    }
    assert!(!read(json!({"active": false})).is_active());
    let shown = format!("{:?}", read(good()));
    assert!(shown.contains("is_active: true"), "{shown}");
}

#[test]
fn i04_claims_are_held_against_the_policy_like_those_of_a_jwt() {
    #[rustfmt::skip]
    let cases = [
        // Optional by RFC 7662 section 2.2.
        (json!({"iss": "absent"}), None),
        (json!({"exp": "absent"}), None),
        (json!({"iss": "absent", "exp": "absent", "sub": "absent", "client_id": "absent", "scope": "absent"}), None),
        (json!({"aud": [OTHER, API]}), None),
        (json!({"exp": NOW - 29}), None),
        (json!({"iss": OTHER}), Some(IssuerMismatch)),
        (json!({"iss": format!("{ISSUER}/")}), Some(IssuerMismatch)),
        (json!({"iss": [ISSUER]}), Some(MalformedClaim)),
        (json!({"iss": null}), None),
        (json!({"aud": "absent"}), Some(AudienceMissing)),
        (json!({"aud": []}), Some(AudienceMissing)),
        (json!({"aud": ""}), Some(AudienceMissing)),
        (json!({"aud": OTHER}), Some(AudienceMismatch)),
        (json!({"aud": format!("{API}/")}), Some(AudienceMismatch)),
        (json!({"aud": 1}), Some(MalformedClaim)),
        (json!({"aud": null}), Some(AudienceMissing)),
        (json!({"exp": NOW - 30}), Some(Expired)),
        (json!({"exp": (NOW + 300).to_string()}), Some(MalformedClaim)),
        (json!({"exp": null}), None),
        (json!({"nbf": NOW + 31}), Some(NotYetValid)),
        (json!({"nbf": "0"}), Some(MalformedClaim)),
        (json!({"iat": NOW + 31}), Some(IssuedInTheFuture)),
        (json!({"iat": "0"}), Some(MalformedClaim)),
        (json!({"sub": 1}), Some(MalformedClaim)),
        (json!({"jti": 1}), Some(MalformedClaim)),
        (json!({"client_id": null}), None),
        (json!({"client_id": 1}), Some(MalformedClaim)),
        (json!({"sub": ""}), Some(MalformedClaim)),
        (json!({"scope": "a\tb"}), Some(MalformedScope)),
        (json!({"scope": 1}), Some(MalformedScope)),
        (json!({"cnf": null}), Some(MalformedConfirmation)),
        (json!({"cnf": {}}), Some(MalformedConfirmation)),
        (json!({"cnf": {"kid": "a"}}), Some(UnknownConfirmation)),
    ];
    for (changes, expected) in cases {
        assert_eq!(reason(&with(changes.clone())), expected, "{changes}");
    }
    // In the order of a JWT's checks.
    let all = with(json!({"iss": OTHER, "aud": OTHER, "exp": 0, "token_type": "mac"}));
    assert_eq!(reason(&all), Some(IssuerMismatch));
    let all = with(json!({"aud": OTHER, "exp": 0, "token_type": "mac"}));
    assert_eq!(reason(&all), Some(NotAnAccessToken));
    let all = with(json!({"aud": OTHER, "exp": 0}));
    assert_eq!(reason(&all), Some(AudienceMismatch));
}

#[test]
fn i04_settings_of_the_policy_count() {
    let found = |response: Value, policy| judge(&response, policy).err().map(|r| r.reason());
    let policy = Policy::builder;
    let without = |name: &str| with(json!({name: "absent"}));

    let only_web = || policy().allowed_clients(["web"]);
    assert_eq!(found(good(), only_web()), None);
    assert_eq!(
        found(with(json!({"client_id": "app"})), only_web()),
        Some(ClientNotAllowed)
    );
    assert_eq!(
        found(without("client_id"), only_web()),
        Some(ClientNotAllowed)
    );

    let young = || policy().max_token_age(Duration::from_secs(60));
    assert_eq!(found(good(), young()), None);
    assert_eq!(found(with(json!({"iat": NOW - 90})), young()), Some(TooOld));
    assert_eq!(found(without("iat"), young()), Some(Reason::ClaimMissing));

    // A missing expiry is not within the limit.
    let short = || policy().max_remaining(Duration::from_secs(600));
    assert_eq!(found(good(), short()), None);
    assert_eq!(
        found(with(json!({"exp": NOW + 700})), short()),
        Some(LifetimeTooLong)
    );
    assert_eq!(found(without("exp"), short()), Some(ExpiryMissing));

    let lenient = || policy().allow_missing_audience();
    assert_eq!(found(without("aud"), lenient()), None);
    assert_eq!(
        found(with(json!({"aud": OTHER})), lenient()),
        Some(AudienceMismatch)
    );
    assert_eq!(
        found(with(json!({"aud": [1]})), lenient()),
        Some(MalformedClaim)
    );
    // A JWT always needs one.
    let api = crate::support::Api::with(lenient());
    let token = api.token().without("aud").mint();
    assert_eq!(api.reason(&token), Some(AudienceMissing));
}

#[test]
fn i09_active_does_not_say_access_token() {
    const JKT: &str = crate::support::THUMBPRINT;
    #[rustfmt::skip]
    let cases = [
        (json!({"token_type": "absent"}), None),
        (json!({"token_type": "bearer"}), None),
        (json!({"token_type": "BEARER"}), None),
        (json!({"token_use": "access"}), None),
        (json!({"token_use": "access_token"}), None),
        (json!({"typ": "Bearer"}), None),
        (json!({"token_type": "refresh_token"}), Some(NotAnAccessToken)),
        (json!({"token_type": "N_A"}), Some(NotAnAccessToken)),
        (json!({"token_type": "mac"}), Some(NotAnAccessToken)),
        (json!({"token_type": ""}), Some(NotAnAccessToken)),
        (json!({"token_type": null}), None),
        (json!({"token_type": ["Bearer"]}), Some(NotAnAccessToken)),
        (json!({"token_use": "refresh"}), Some(NotAnAccessToken)),
        (json!({"token_use": "refresh_token"}), Some(NotAnAccessToken)),
        (json!({"token_use": "id"}), Some(NotAnAccessToken)),
        (json!({"token_use": null}), None),
        (json!({"token_use": "refresh", "token_type": "Bearer"}), Some(NotAnAccessToken)),
        (json!({"typ": "Refresh"}), Some(NotAnAccessToken)),
        (json!({"typ": "ID"}), Some(NotAnAccessToken)),
        (json!({"typ": "Offline"}), Some(NotAnAccessToken)),
        (json!({"typ": "Logout"}), Some(NotAnAccessToken)),
        (json!({"typ": "DPoP", "token_type": "absent"}), None),
        (json!({"typ": "at+jwt"}), None),
        (json!({"typ": "refresh_token"}), Some(NotAnAccessToken)),
        (json!({"typ": "rt+jwt"}), Some(NotAnAccessToken)),
        (json!({"typ": "offline_access"}), Some(NotAnAccessToken)),
        (json!({"typ": null}), None),
        (json!({"typ": null, "token_type": null, "token_use": null, "nonce": null, "events": null}), None),
        (json!({"nonce": "n"}), Some(NotAnAccessToken)),
        (json!({"events": {}}), Some(NotAnAccessToken)),
        // A key that the token is bound to, and the type that says so, go together.
        (json!({"token_type": "DPoP"}), Some(MalformedConfirmation)),
        (json!({"token_type": "dpop", "cnf": {"x5t#S256": JKT}}), Some(MalformedConfirmation)),
        (json!({"token_type": "Bearer", "cnf": {"jkt": JKT}}), Some(MalformedConfirmation)),
        (json!({"token_type": "DPoP", "cnf": {"jkt": JKT}}), Some(ProofOfPossessionMissing)),
        (json!({"token_type": "dpop", "cnf": {"jkt": JKT}}), Some(ProofOfPossessionMissing)),
        (json!({"token_type": "absent", "cnf": {"jkt": JKT}}), Some(ProofOfPossessionMissing)),
        (json!({"token_type": "Bearer", "cnf": {"x5t#S256": JKT}}), Some(ProofOfPossessionMissing)),
    ];
    for (changes, expected) in cases {
        assert_eq!(reason(&with(changes.clone())), expected, "{changes}");
    }
    let lenient = Policy::builder().allow_id_token_claims();
    assert!(judge(&with(json!({"nonce": "n"})), lenient).is_ok());
    let lenient = Policy::builder().allow_id_token_claims();
    assert!(judge(&with(json!({"nonce": "n", "token_use": "id"})), lenient).is_err());
}

#[test]
fn i04_what_an_accepted_answer_says() {
    let token = judge(
        &with(json!({"iss": "absent", "tenant": "acme"})),
        Policy::builder(),
    )
    .unwrap();
    assert!(token.is_introspected());
    assert_eq!((token.algorithm(), token.key_id()), (None, None));
    // The issuer is the one that was called.
    assert_eq!(token.issuer(), ISSUER);
    assert_eq!(token.identity().unwrap().issuer(), ISSUER);
    assert_eq!(token.subject(), Some("alice"));
    assert_eq!(token.client_id(), Some("web"));
    assert_eq!(token.jwt_id(), Some("1"));
    assert!(token.audience().contains(API));
    assert!(token.require(&Requirement::scope("orders:read")).is_ok());
    assert!(token.require(&Requirement::scope("orders:write")).is_err());
    assert_eq!(token.expires_at(), Some(NumericDate::from_secs(NOW + 300)));
    assert_eq!(token.claim("tenant"), Some(json!("acme")));
    assert_eq!(token.claim("active"), Some(json!(true)));
    let all: Value = token.claims().unwrap();
    assert_eq!(all["tenant"], "acme");

    let endless = judge(&with(json!({"exp": "absent"})), Policy::builder()).unwrap();
    assert_eq!(endless.expires_at(), None);
}

#[test]
fn p01_nothing_of_an_answer_is_shown() {
    let response = with(json!({"sub": "secret-sub", "aud": OTHER}));
    let read = IntrospectionResponse::from_json(&response.to_string()).unwrap();
    let refused = judge(&response, Policy::builder()).unwrap_err();
    let accepted = judge(&with(json!({"sub": "secret-sub"})), Policy::builder()).unwrap();
    let shown = format!(
        "{read:?} {refused:?} {refused} {} {accepted:?}",
        refused.explain()
    );
    assert!(!shown.contains("secret-sub"), "{shown}");
    assert!(
        shown.contains("found in the authorization server's answer"),
        "{shown}"
    );
    let other_kind = judge(&with(json!({"token_type": "N_A"})), Policy::builder()).unwrap_err();
    let explained = other_kind.explain();
    assert!(
        explained.contains("the introspection response says that this is not an access token"),
        "{explained}"
    );
    let inactive = judge(&json!({"active": false}), Policy::builder()).unwrap_err();
    assert!(inactive.explain().contains("not active"));
    assert_eq!(
        (inactive.status(), inactive.oauth_error()),
        (401, Some("invalid_token"))
    );
}

type Answer = dyn Fn(&str) -> Result<String, SourceError> + Send + Sync;

/// A source that answers by a function, and records the tokens that it was called for.
#[derive(Clone)]
struct Asking {
    answer: Arc<Answer>,
    asked: Arc<Mutex<Vec<String>>>,
    /// Answers given without waiting.
    at_hand: bool,
    count: Arc<AtomicUsize>,
}

impl Asking {
    fn answering(answer: &Value) -> Self {
        let text = answer.to_string();
        Asking {
            answer: Arc::new(move |_| Ok(text.clone())),
            asked: Arc::default(),
            at_hand: false,
            count: Arc::default(),
        }
    }

    fn response(&self, token: &str) -> Result<Evidence, SourceError> {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.asked.lock().unwrap().push(token.to_owned());
        let text = (self.answer)(token)?;
        let response = IntrospectionResponse::from_json(&text)
            .map_err(|error| SourceError::new("introspection").caused_by(error))?;
        Ok(Evidence::Introspection(Arc::new(response)))
    }
}

impl KeySource for Asking {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        self.response(token.as_str())
    }

    fn cached(&self, token: &PresentedToken<'_>) -> Option<Evidence> {
        self.at_hand.then(|| self.response(token.as_str()).unwrap())
    }
}

fn validator(issuers: impl IntoIterator<Item = Issuer>) -> Validator {
    validator_of(issuers, &clock())
}

fn verdict(validator: &Validator, token: &str) -> Option<Reason> {
    support::verdict(block_on(validator.validate(token)))
}

/// JWTs of one issuer by its keys, opaque tokens of another by its answers.
#[test]
fn i08_form_and_issuer_decide_who_judges() {
    let by_keys = TestIssuer::new(ISSUER, API).clock(clock());
    let asking = Asking::answering(&with(json!({"iss": OTHER})));
    let other = Issuer::new(OTHER).source(asking.clone()).opaque_tokens();
    let validator = validator([by_keys.to_issuer(), other]);

    assert_eq!(verdict(&validator, &by_keys.token().mint()), None);
    assert_eq!(asking.count.load(Ordering::Relaxed), 0);
    let accepted = block_on(validator.validate(OPAQUE)).unwrap();
    assert!(accepted.is_introspected());
    assert_eq!(accepted.issuer(), OTHER);
    assert_eq!(*asking.asked.lock().unwrap(), [OPAQUE]);

    // A JWT that its issuer's keys refuse is not introspected. The same applies to one of an
    // unknown issuer, and to text that is not a token.
    let forger = TestIssuer::new(ISSUER, API).clock(clock());
    let bad = [
        by_keys.token().signed_by(&forger).mint(),
        by_keys.token().expires_at(NumericDate::from_secs(0)).mint(),
        by_keys.token().issuer("https://nobody.example.com").mint(),
        by_keys.token().without("iss").mint(),
        by_keys.token().unsigned().mint(),
    ];
    for token in bad {
        assert!(verdict(&validator, &token).is_some());
    }
    let jwe = format!(
        "{}.a.b.c.d",
        by_keys.token().mint().split('.').next().unwrap()
    );
    for (token, expected) in [
        (jwe.as_str(), EncryptedToken),
        ("", MalformedToken),
        ("two words", MalformedToken),
        ("a\u{e9}", MalformedToken),
        (&"a".repeat(16 * 1024 + 1), TooLong),
    ] {
        assert_eq!(verdict(&validator, token), Some(expected));
    }
    assert_eq!(asking.count.load(Ordering::Relaxed), 1);
}

#[test]
fn i08_a_jwt_of_an_issuer_that_is_asked_meets_the_policy_first() {
    let minting = TestIssuer::new(ISSUER, API).clock(clock());
    let asking = Asking::answering(&good());
    let validator = validator([Issuer::new(ISSUER).source(asking.clone())]);
    for refused in [
        minting.token().audience(OTHER),
        minting.token().expires_at(NumericDate::from_secs(NOW - 30)),
        minting.token().claim("nonce", "n").typ("JWT"),
    ] {
        assert!(verdict(&validator, &refused.mint()).is_some());
    }
    assert_eq!(asking.count.load(Ordering::Relaxed), 0);
    // The authorization server then checks the signature, and only its answer decides.
    let token = block_on(validator.validate(&minting.token().subject("mallory").mint())).unwrap();
    assert_eq!(token.subject(), Some("alice"));
    assert!(token.is_introspected());
    // No issuer accepts opaque tokens here.
    assert_eq!(verdict(&validator, OPAQUE), Some(OpaqueToken));
    assert_eq!(asking.count.load(Ordering::Relaxed), 1);
}

/// If a JWT is introspected, its binding still applies where the answer does not mention it.
#[test]
fn d07_a_bound_jwt_stays_bound_whatever_the_answer_says() {
    const JKT: &str = crate::support::THUMBPRINT;
    let minting = TestIssuer::new(ISSUER, API).clock(clock());
    let bound = || minting.token().claim("cnf", json!({"jkt": JKT}));
    let other = json!({"x5t#S256": JKT});
    for (answer, expected) in [
        (good(), ProofOfPossessionMissing),
        (
            with(json!({"token_type": "DPoP", "cnf": {"jkt": JKT}})),
            ProofOfPossessionMissing,
        ),
        (with(json!({"cnf": other})), MalformedConfirmation),
        (json!({"active": false}), Inactive),
    ] {
        for at_hand in [false, true] {
            let asking = Asking {
                at_hand,
                ..Asking::answering(&answer)
            };
            let validator = validator([Issuer::new(ISSUER).source(asking)]);
            let found = verdict(&validator, &bound().mint());
            assert_eq!(found, Some(expected), "{answer}");
        }
    }
}

/// A JWT may expire while it is introspected, and the answer need not say so.
#[test]
fn i08_a_jwt_is_judged_at_the_time_of_the_answer() {
    let clock = clock();
    let minting = TestIssuer::new(ISSUER, API).clock(clock.clone());
    let turned = clock.clone();
    let text = with(json!({"exp": "absent"})).to_string();
    let asking = Asking {
        answer: Arc::new(move |_| {
            turned.advance(Duration::from_secs(400));
            Ok(text.clone())
        }),
        ..Asking::answering(&good())
    };
    let validator = Validator::builder()
        .audience(API)
        .issuer(Issuer::new(ISSUER).source(asking))
        .clock(clock)
        .build()
        .unwrap();
    assert_eq!(verdict(&validator, &minting.token().mint()), Some(Expired));
}

#[test]
fn i08_an_answer_at_hand_needs_no_waiting() {
    let asking = Asking {
        at_hand: true,
        ..Asking::answering(&with(json!({"iss": ISSUER})))
    };
    let validator = validator([Issuer::new(ISSUER).source(asking).opaque_tokens()]);
    assert!(validator.validate_cached(OPAQUE).unwrap().is_ok());
    let waiting = Asking::answering(&good());
    let validator = self::validator([Issuer::new(ISSUER).source(waiting).opaque_tokens()]);
    assert!(validator.validate_cached(OPAQUE).is_none());
    assert_eq!(verdict(&validator, OPAQUE), None);
}

/// An opaque token is judged by an introspection response, and never by keys.
#[test]
fn i08_keys_never_judge_an_opaque_token() {
    let issuer = TestIssuer::new(ISSUER, API).clock(clock());
    let validator = validator([issuer.to_issuer().opaque_tokens()]);
    assert_eq!(verdict(&validator, OPAQUE), Some(OpaqueToken));
}

#[test]
fn i10_an_opaque_token_goes_to_one_issuer_only() {
    let sources: Vec<_> = (0..3)
        .map(|_| Asking::answering(&with(json!({"iss": "absent"}))))
        .collect();
    let issuer = |name: &str, at: usize| Issuer::new(name).source(sources[at].clone());
    let validator = validator([
        issuer("https://a.example.com", 0).opaque_tokens_with_prefix("a_"),
        issuer("https://b.example.com", 1).opaque_tokens_with_prefix("a_b_"),
        issuer("https://c.example.com", 2).opaque_tokens(),
    ]);
    for (token, name) in [
        ("a_1", "https://a.example.com"),
        ("a_b_1", "https://b.example.com"),
        ("a_b", "https://a.example.com"),
        ("b_1", "https://c.example.com"),
        ("A_1", "https://c.example.com"),
    ] {
        let accepted = block_on(validator.validate(token)).unwrap();
        assert_eq!(accepted.issuer(), name, "{token}");
    }
    let asked = |at: usize| sources[at].asked.lock().unwrap().clone();
    assert_eq!(asked(0), ["a_1", "a_b"]);
    assert_eq!(asked(1), ["a_b_1"]);
    assert_eq!(asked(2), ["b_1", "A_1"]);

    // If no issuer is set for the other tokens, they are refused and never introspected.
    let validator =
        self::validator([issuer("https://a.example.com", 0).opaque_tokens_with_prefix("a_")]);
    assert_eq!(verdict(&validator, "b_1"), Some(OpaqueToken));
}

#[test]
fn i10_two_issuers_for_one_token_are_a_build_error() {
    let source = || Asking::answering(&good());
    let build = |first: Issuer, second: Issuer| {
        let built = Validator::builder()
            .audience(API)
            .issuer(first)
            .issuer(second)
            .build();
        built.err().map(|error| problems_of(&error))
    };
    let twice = |prefix: &str| {
        let kind = ConfigErrorKind::OpaqueTwice {
            other: ISSUER.to_owned(),
            prefix: prefix.to_owned(),
        };
        (Some(OTHER.to_owned()), kind)
    };
    let first = || Issuer::new(ISSUER).source(source());
    let second = || Issuer::new(OTHER).source(source());
    let both = build(first().opaque_tokens(), second().opaque_tokens());
    assert_eq!(both, Some(vec![twice("")]));
    let both = build(
        first().opaque_tokens_with_prefix("a_"),
        second().opaque_tokens_with_prefix("a_"),
    );
    assert_eq!(both, Some(vec![twice("a_")]));
    assert_eq!(
        build(
            first().opaque_tokens(),
            second().opaque_tokens_with_prefix("a_")
        ),
        None
    );
    assert_eq!(build(first().opaque_tokens(), second()), None);

    let keys = StaticKeys::from_jwks(&TestIssuer::new(OTHER, API).jwks()).unwrap();
    let with_keys = build(first(), Issuer::new(OTHER).keys(keys).opaque_tokens());
    let issuer = OTHER.to_owned();
    assert_eq!(
        with_keys,
        Some(vec![(Some(issuer), ConfigErrorKind::OpaqueWithKeys)])
    );
}

#[test]
fn i06_a_source_without_an_answer_is_unavailable_and_never_a_rejection() {
    for text in ["<html>", r#"{"active":"true"}"#, "{}"] {
        let asking = Asking {
            answer: Arc::new(move |_| Ok(text.to_owned())),
            ..Asking::answering(&good())
        };
        let validator = validator([Issuer::new(ISSUER).source(asking).opaque_tokens()]);
        let error = block_on(validator.validate(OPAQUE)).unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{text}: {error:?}");
        assert_eq!(error.status(), 503);
        assert!(
            error.explain().contains("introspection response"),
            "{}",
            error.explain()
        );
    }
}
