//! Row C10: issuers with many tenants. Rows S03, S05 and S09 for their keys.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{
    AccessToken, Error, Evidence, Issuer, NumericDate, Policy, PolicyBuilder, Possession,
    PresentedToken, Reason, StaticKeys, Tenants, Validator,
    clock::Clock,
    error::{ConfigErrorKind, PolicyErrorKind},
    introspection::IntrospectionResponse,
    keys::KeySet,
    verify,
};
use serde_json::json;

use crate::support::http::{
    AUDIENCE, HandMade, NOT_FOUND, UNAVAILABLE, by_hand, clock, json, ok, outage, reason, until,
    validator,
};
use crate::support::problems_of;
use crate::support::{problems, signer};

const TEMPLATE: &str = "https://login.example.com/{tenantid}/v2.0";
const ACME: &str = "https://login.example.com/acme/v2.0";
const GLOBEX: &str = "https://login.example.com/globex/v2.0";

fn keys_of(issuer: &TestIssuer) -> StaticKeys {
    StaticKeys::from_jwks(&issuer.jwks()).unwrap()
}

/// A Validator with one configured key set for all tenants, and the signer.
fn one_set(tenants: Tenants) -> (Validator, TestIssuer) {
    let signer = TestIssuer::new(ACME, AUDIENCE);
    let issuer = Issuer::template(TEMPLATE, tenants).keys(keys_of(&signer));
    let validator = Validator::builder().audience(AUDIENCE).issuer(issuer);
    (validator.build().unwrap(), signer)
}

#[tokio::test]
async fn c10_one_key_set_for_the_tenants_that_are_listed() {
    let (validator, signer) = one_set(Tenants::only(["acme", "globex"]));
    for (name, tenant) in [(ACME, "acme"), (GLOBEX, "globex")] {
        let token = signer.token().issuer(name).subject("alice").mint();
        let token = validator.validate(&token).await.unwrap();
        assert_eq!(token.issuer(), name);
        assert_eq!(token.tenant(), Some(tenant));
        // Who it is differs by tenant.
        assert_eq!(token.identity().unwrap().issuer(), name);
    }
    for (name, expected) in [
        (
            "https://login.example.com/initech/v2.0",
            Reason::TenantNotAllowed,
        ),
        (
            "https://login.example.com/ACME/v2.0",
            Reason::TenantNotAllowed,
        ),
        (
            "https://login.example.com/acme/v2.0/",
            Reason::IssuerMismatch,
        ),
        (
            "https://login.example.com/acme/v1.0",
            Reason::IssuerMismatch,
        ),
        ("https://login.example.com//v2.0", Reason::IssuerMismatch),
        (
            "https://login.example.com/acme/../globex/v2.0",
            Reason::IssuerMismatch,
        ),
        (
            "https://login.example.com/acme%2Fx/v2.0",
            Reason::IssuerMismatch,
        ),
        (
            "https://login.example.com/acme?x=/v2.0",
            Reason::IssuerMismatch,
        ),
        (
            "https://login.example.com/acme#/v2.0",
            Reason::IssuerMismatch,
        ),
        (
            "https://login.example.com/a@evil.example/v2.0",
            Reason::IssuerMismatch,
        ),
        (
            "https://login.example.com/acm\u{e9}/v2.0",
            Reason::IssuerMismatch,
        ),
        ("http://login.example.com/acme/v2.0", Reason::IssuerMismatch),
        ("https://evil.example/acme/v2.0", Reason::IssuerMismatch),
        (TEMPLATE, Reason::IssuerMismatch),
    ] {
        let token = signer.token().issuer(name).mint();
        let refused = validator.validate(&token).await;
        assert_eq!(reason(refused), expected, "{name}");
    }
}

#[tokio::test]
async fn c10_tenants_by_a_function_and_any() {
    let (validator, signer) = one_set(Tenants::matching(|tenant| tenant.starts_with('a')));
    let token = |name: &str| signer.token().issuer(name).mint();
    assert!(validator.validate(&token(ACME)).await.is_ok());
    let refused = validator.validate(&token(GLOBEX)).await;
    assert_eq!(reason(refused), Reason::TenantNotAllowed);

    let (validator, signer) = one_set(Tenants::any());
    let token = signer.token().issuer(GLOBEX).mint();
    let token = validator.validate(&token).await.unwrap();
    assert_eq!(token.tenant(), Some("globex"));
}

#[tokio::test]
async fn c10_tid_is_the_tenant() {
    let (validator, signer) = one_set(Tenants::only(["acme", "globex"]));
    let token = |tid: serde_json::Value| signer.token().issuer(ACME).claim("tid", tid).mint();
    assert!(validator.validate(&token(json!("acme"))).await.is_ok());
    for (tid, expected) in [
        (json!("globex"), Reason::TenantMismatch),
        (json!("ACME"), Reason::TenantMismatch),
        (json!(""), Reason::TenantMismatch),
        (json!(null), Reason::MalformedClaim),
        (json!(["acme"]), Reason::MalformedClaim),
    ] {
        let refused = validator.validate(&token(tid.clone())).await;
        assert_eq!(reason(refused), expected, "{tid}");
    }
}

/// A token of the signer, verified with keys that all state this issuer.
fn judge_with_stated(
    signer: &TestIssuer,
    issuer: Issuer,
    stated: &serde_json::Value,
) -> Result<AccessToken, Error> {
    let mut set: serde_json::Value = serde_json::from_str(&signer.jwks()).unwrap();
    for key in set["keys"].as_array_mut().unwrap() {
        key["issuer"] = stated.clone();
    }
    let keys = StaticKeys::from_jwks(&set.to_string()).unwrap();
    let issuer = issuer.keys(keys);
    let validator = Validator::builder().audience(AUDIENCE).issuer(issuer);
    let token = signer.token().mint();
    validator.build().unwrap().validate_cached(&token).unwrap()
}

#[tokio::test]
async fn c10_a_key_that_is_stated_for_an_issuer_vouches_for_no_other() {
    let signer = TestIssuer::new(ACME, AUDIENCE);
    let issuer = || Issuer::template(TEMPLATE, Tenants::any());
    let judge = |stated| judge_with_stated(&signer, issuer(), &stated);
    assert!(judge(json!(ACME)).is_ok());
    assert!(judge(json!(TEMPLATE)).is_ok());
    // Another name of the placeholder.
    assert!(judge(json!("https://login.example.com/{t}/v2.0")).is_ok());
    for stated in [
        json!(GLOBEX),
        json!("https://login.example.com/{tenantid}/v1.0"),
        json!("https://login.example.com/ACME/v2.0"),
        json!(""),
        json!(null),
        json!([ACME]),
    ] {
        let refused = judge(stated.clone());
        assert_eq!(reason(refused), Reason::KeyOfAnotherIssuer, "{stated}");
    }
}

/// One shared set vouches for no other issuer either where each issuer is configured by its exact
/// name.
#[tokio::test]
async fn c10_a_stated_issuer_applies_to_an_exact_name_too() {
    let signer = TestIssuer::new(ACME, AUDIENCE);
    let judge = |stated| judge_with_stated(&signer, Issuer::new(ACME), &stated);
    for stated in [ACME, TEMPLATE, "https://login.example.com/{t}/v2.0"] {
        assert!(judge(json!(stated)).is_ok(), "{stated}");
    }
    for stated in [
        json!(GLOBEX),
        json!("https://login.example.com/{tenantid}/v1.0"),
        json!("https://login.example.com/ACME/v2.0"),
        json!("https://login.example.com/acme/v2.0/"),
        json!("{tenantid}"),
        json!(""),
        json!(null),
        json!([ACME]),
    ] {
        let refused = judge(stated.clone());
        let Err(Error::Rejected(rejection)) = refused else {
            panic!("{stated}: {refused:?}");
        };
        assert_eq!(rejection.reason(), Reason::KeyOfAnotherIssuer, "{stated}");
        let explained = rejection.explain();
        assert!(explained.contains(ACME), "{stated}: {explained}");
        let named = stated.as_str().unwrap_or_default();
        assert!(explained.contains(named), "{stated}: {explained}");
    }
}

#[tokio::test]
async fn c10_k05_keys_of_other_issuers_are_not_counted_among_those_tried() {
    let signer = TestIssuer::new(ACME, AUDIENCE);
    let stated_for = |issuer: &TestIssuer, name: String| {
        let mut set: serde_json::Value = serde_json::from_str(&issuer.jwks()).unwrap();
        let keys = set["keys"].as_array_mut().unwrap();
        for key in keys.iter_mut() {
            key["issuer"] = json!(name);
            key["kid"] = json!("k");
        }
        keys.clone()
    };
    let mut keys: Vec<_> = (0..5)
        .flat_map(|number| {
            let name = format!("https://login.example.com/t{number}/v2.0");
            stated_for(&TestIssuer::new(&name, AUDIENCE), name)
        })
        .collect();
    keys.extend(stated_for(&signer, ACME.to_owned()));
    let keys = StaticKeys::from_jwks(&json!({"keys": keys}).to_string()).unwrap();
    let issuer = Issuer::template(TEMPLATE, Tenants::any()).keys(keys);
    let validator = Validator::builder().audience(AUDIENCE).issuer(issuer);
    let token = signer.token().header("kid", "k").mint();
    assert!(validator.build().unwrap().validate(&token).await.is_ok());
}

#[tokio::test]
async fn c10_s09_a_key_that_is_stated_for_another_issuer_is_an_unknown_one() {
    let signer = TestIssuer::new(ACME, AUDIENCE).clock(clock());
    let stated_for = |name: &str| {
        let mut set: serde_json::Value = serde_json::from_str(&signer.jwks()).unwrap();
        for key in set["keys"].as_array_mut().unwrap() {
            key["issuer"] = json!(name);
        }
        ok(&set.to_string(), "")
    };
    let (first, later) = (stated_for(ACME), stated_for(TEMPLATE));
    let (url, asked) = by_hand(move |number| {
        std::future::ready(if number == 1 {
            first.clone()
        } else {
            later.clone()
        })
    })
    .await;
    let clock = clock();
    let issuer = Issuer::template(TEMPLATE, Tenants::any()).jwks_at(url);
    let validator = validator(issuer.refresh_on_demand(), &clock);
    validator.warm_up().await.unwrap();
    clock.advance(Duration::from_secs(60));
    let token = signer.clone().clock(clock.clone()).token().issuer(GLOBEX);
    assert!(validator.validate(&token.mint()).await.is_ok());
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn c10_an_issuer_by_its_own_name_goes_before_a_template() {
    let (own, shared) = (
        TestIssuer::new(ACME, AUDIENCE),
        TestIssuer::new(ACME, AUDIENCE),
    );
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::template(TEMPLATE, Tenants::any()).keys(keys_of(&shared)))
        .issuer(own.to_issuer())
        .build()
        .unwrap();
    assert!(validator.validate(&own.token().mint()).await.is_ok());
    // Not even where its own keys refuse the token.
    let refused = validator.validate(&shared.token().mint()).await;
    assert!(matches!(
        reason(refused),
        Reason::UnknownKey | Reason::BadSignature
    ));
    let other = shared.token().issuer(GLOBEX).mint();
    assert!(validator.validate(&other).await.is_ok());
}

#[test]
fn c10_p06_what_can_not_be_built() {
    let keys = || keys_of(&TestIssuer::new(ACME, AUDIENCE));
    let of_policy = |issuer: Issuer| match problems(issuer).as_slice() {
        [(_, ConfigErrorKind::Policy(problem))] => problem.clone(),
        other => panic!("{other:?}"),
    };
    let nobody = Tenants::only(Vec::<String>::new());
    let issuer = Issuer::template(TEMPLATE, nobody).keys(keys());
    assert_eq!(of_policy(issuer), PolicyErrorKind::NoTenant);
    for bad in ["", "a/b", "..", "a b", &"a".repeat(65)] {
        let issuer = Issuer::template(TEMPLATE, Tenants::only(["acme", bad])).keys(keys());
        assert_eq!(
            of_policy(issuer),
            PolicyErrorKind::MalformedTenant(bad.to_owned())
        );
    }
    for name in [
        "https://login.example.com/v2.0",
        "https://{tenant}.example.com/",
        "https://login.example.com/{a}/{b}",
    ] {
        let issuer = Issuer::template(name, Tenants::any()).keys(keys());
        let expected = PolicyErrorKind::NoPlaceholder(name.to_owned());
        assert_eq!(of_policy(issuer), expected);
    }
    // A template that says nothing of tenants is not one for any.
    let issuer = Issuer::new(TEMPLATE).keys(keys());
    let expected = PolicyErrorKind::NoTenants(TEMPLATE.to_owned());
    assert_eq!(of_policy(issuer), expected);

    let issuer = Issuer::template(TEMPLATE, Tenants::any())
        .keys(keys())
        .policy(Policy::builder().tenants(Tenants::any()));
    assert!(matches!(
        problems(issuer)[..],
        [(_, ConfigErrorKind::TenantsTwice)]
    ));
    // The presenter of a token must not choose what is fetched.
    for issuer in [
        Issuer::discover_tenants(TEMPLATE, Tenants::any()),
        Issuer::template(TEMPLATE, Tenants::any())
            .jwks_at("https://login.example.com/{tenantid}/keys"),
        Issuer::discover(TEMPLATE).policy(Policy::builder().tenants(Tenants::any())),
    ] {
        assert!(matches!(
            problems(issuer)[..],
            [(_, ConfigErrorKind::AnyTenantFetched)]
        ));
    }
    let issuer = || Issuer::discover_tenants(TEMPLATE, Tenants::only(["acme"]));
    for issuer in [
        issuer().max_tenants(0),
        issuer().max_tenants(100_001),
        issuer().max_key_bytes_of_all_tenants((1 << 20) - 1),
        issuer().max_key_bytes_of_all_tenants((64 << 30) + 1),
        issuer().drop_idle_tenants_after(Duration::from_secs(59)),
        issuer().drop_idle_tenants_after(Duration::from_secs(8 * 86_400)),
    ] {
        assert!(matches!(
            problems(issuer)[..],
            [(_, ConfigErrorKind::TenantBounds)]
        ));
    }
    let issuer = Issuer::discover_tenants(TEMPLATE, Tenants::only(["acme", "globex"]));
    assert!(matches!(
        problems(issuer.max_tenants(1))[..],
        [(
            _,
            ConfigErrorKind::MoreTenantsThanHeld {
                tenants: 2,
                held: 1
            }
        )]
    ));
    // The address is looked at before there is a tenant.
    let issuer = Issuer::template(TEMPLATE, Tenants::only(["acme"]))
        .jwks_at("http://login.example.com/{tenantid}/keys");
    assert!(matches!(
        problems(issuer)[..],
        [(_, ConfigErrorKind::Address(_))]
    ));

    let overlapping = Validator::builder()
        .audience(AUDIENCE)
        .issuer(Issuer::template(TEMPLATE, Tenants::any()).keys(keys()))
        .issuer(
            Issuer::template("https://login.example.com/acme/{version}", Tenants::any())
                .keys(keys()),
        );
    let problems = overlapping.build().unwrap_err();
    assert!(matches!(
        problems_of(&problems)[..],
        [(_, ConfigErrorKind::TemplatesOverlap { .. })]
    ));
}

#[test]
fn c10_tenants_from_a_configuration_file() {
    let read = |text: &str| serde_json::from_str::<PolicyBuilder>(text);
    let build = |text: &str| {
        let settings = read(text).unwrap().issuer(TEMPLATE).audience(AUDIENCE);
        settings.build()
    };
    assert!(build(r#"{"tenants": ["acme"]}"#).is_ok());
    assert!(build(r#"{"tenants": "any"}"#).is_ok());
    assert!(build(r#"{"tenants": []}"#).is_err());
    assert!(build("{}").is_err());
    for bad in [
        r#"{"tenants": "all"}"#,
        r#"{"tenants": "acme"}"#,
        r#"{"tenants": null}"#,
        r#"{"tenants": {"only": ["acme"]}}"#,
        r#"{"tenants": [1]}"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
    let settings = Policy::builder().tenants(Tenants::only(["b", "a"]));
    let text = serde_json::to_string(&settings).unwrap();
    assert!(text.contains(r#""tenants":["a","b"]"#), "{text}");
    // What a function allows can't be written down, and is not lost in silence.
    let settings = Policy::builder().tenants(Tenants::matching(|_| true));
    assert!(serde_json::to_string(&settings).is_err());
    let shown = format!("{:?}", Tenants::only(["acme"]));
    assert_eq!(shown, "Tenants(only 1)");
}

#[test]
fn c10_i04_an_answer_about_a_token_names_its_tenant() {
    let policy = Policy::builder()
        .issuer(TEMPLATE)
        .audience(AUDIENCE)
        .tenants(Tenants::only(["acme"]));
    let policy = policy.build().unwrap();
    let judge = |answer: serde_json::Value| {
        let response = IntrospectionResponse::from_json(&answer.to_string()).unwrap();
        let evidence = Evidence::Introspection(Arc::new(response));
        let token = PresentedToken::parse("2YotnFZFEjr1zCsicMWpAA").unwrap();
        let judged = verify(&token, &evidence, &policy, NumericDate::from_secs(1_000));
        judged.and_then(|unconfirmed| unconfirmed.confirm(&Possession::bearer()))
    };
    let token = judge(json!({"active": true, "aud": AUDIENCE, "iss": ACME})).unwrap();
    assert_eq!((token.issuer(), token.tenant()), (ACME, Some("acme")));
    let reason = |answer| judge(answer).unwrap_err().reason();
    // A JWT says which, and an answer about it is about no other.
    let signer = TestIssuer::new(ACME, AUDIENCE);
    let about_jwt = |answer: serde_json::Value| {
        let at = NumericDate::from_secs(1_000);
        let text = signer.token().issued_at(at).subject("alice").mint();
        let response = IntrospectionResponse::from_json(&answer.to_string()).unwrap();
        let evidence = Evidence::Introspection(Arc::new(response));
        let token = PresentedToken::parse(&text).unwrap();
        let any = Policy::builder().issuer(TEMPLATE).audience(AUDIENCE);
        let any = any.tenants(Tenants::any()).build().unwrap();
        let judged = verify(&token, &evidence, &any, at);
        judged.and_then(|unconfirmed| unconfirmed.confirm(&Possession::bearer()))
    };
    let token = about_jwt(json!({"active": true, "aud": AUDIENCE, "sub": "alice"})).unwrap();
    assert_eq!((token.issuer(), token.tenant()), (ACME, Some("acme")));
    let other = json!({"active": true, "aud": AUDIENCE, "iss": GLOBEX, "sub": "boss"});
    let refused = about_jwt(other).unwrap_err();
    assert_eq!(refused.reason(), Reason::IssuerMismatch);
    let of_tid = json!({"active": true, "aud": AUDIENCE, "tid": "globex"});
    let refused = about_jwt(of_tid).unwrap_err();
    assert_eq!(refused.reason(), Reason::TenantMismatch);
    // Nothing else would say which.
    assert_eq!(
        reason(json!({"active": true, "aud": AUDIENCE})),
        Reason::IssuerMissing
    );
    assert_eq!(
        reason(json!({"active": true, "aud": AUDIENCE, "iss": GLOBEX})),
        Reason::TenantNotAllowed
    );
    assert_eq!(
        reason(json!({"active": true, "aud": AUDIENCE, "iss": ACME, "tid": "globex"})),
        Reason::TenantMismatch
    );
}

/// An authorization server with many tenants, each with its own metadata and keys. The tenant
/// `hangs` never answers, and `down` answers with 500.
struct Landlord {
    server: HandMade,
    clock: ManualClock,
    /// By tenant.
    signers: Arc<Mutex<HashMap<String, TestIssuer>>>,
}

fn signer_of(
    known: &mut HashMap<String, TestIssuer>,
    host: &str,
    tenant: &str,
    clock: &ManualClock,
) -> TestIssuer {
    let make = || signer(&format!("{host}/{tenant}/v2.0"), clock);
    known.entry(tenant.to_owned()).or_insert_with(make).clone()
}

impl Landlord {
    async fn start() -> Self {
        let clock = clock();
        let signers = Arc::new(Mutex::new(HashMap::new()));
        let known = Arc::clone(&signers);
        let time = clock.clone();
        let server = HandMade::answering_later(move |request| {
            let host = &request.host;
            let segments: Vec<&str> = request.path().split('/').collect();
            let answer = match segments[..] {
                ["", "hangs", ..] => None,
                ["", "down", ..] => Some(UNAVAILABLE.replace("503", "500")),
                ["", tenant, "v2.0", ".well-known", _] => Some(json(&json!({
                    "issuer": format!("{host}/{tenant}/v2.0"),
                    "jwks_uri": format!("{host}/{tenant}/keys"),
                }))),
                ["", tenant, "keys"] => {
                    let mut known = known.lock().unwrap();
                    Some(ok(&signer_of(&mut known, host, tenant, &time).jwks(), ""))
                }
                _ => Some(NOT_FOUND.to_owned()),
            };
            async move {
                match answer {
                    Some(answer) => answer,
                    None => std::future::pending().await,
                }
            }
        })
        .await;
        Landlord {
            server,
            clock,
            signers,
        }
    }

    fn template(&self) -> String {
        format!("{}/{{tenantid}}/v2.0", self.server.host)
    }

    fn token(&self, tenant: &str) -> String {
        let day = Duration::from_secs(86_400);
        self.signer(tenant).token().expires_in(day).mint()
    }

    fn signer(&self, tenant: &str) -> TestIssuer {
        let mut known = self.signers.lock().unwrap();
        signer_of(&mut known, &self.server.host, tenant, &self.clock)
    }

    fn asked_for(&self, path: &str) -> usize {
        self.server.asked_for(path)
    }

    fn requests(&self) -> usize {
        self.server.calls()
    }
}

#[tokio::test]
async fn c10_each_tenant_has_keys_of_its_own() {
    let landlord = Landlord::start().await;
    let tenants = Tenants::only(["acme", "globex"]);
    let issuer = Issuer::discover_tenants(landlord.template(), tenants);
    let validator = validator(issuer, &landlord.clock);

    for _ in 0..3 {
        for tenant in ["acme", "globex"] {
            let token = validator.validate(&landlord.token(tenant)).await.unwrap();
            assert_eq!(token.tenant(), Some(tenant));
        }
    }
    assert_eq!(landlord.asked_for("/acme/keys"), 1);
    assert_eq!(landlord.asked_for("/globex/keys"), 1);

    // A key of one never vouches for another.
    let acme = format!("{}/acme/v2.0", landlord.server.host);
    let forged = landlord.signer("globex").token().issuer(&acme).mint();
    let refused = validator.validate(&forged).await;
    assert!(matches!(
        reason(refused),
        Reason::UnknownKey | Reason::BadSignature
    ));

    // A tenant that is not listed costs no fetch.
    let requests = landlord.requests();
    for tenant in ["initech", "hangs", "down"] {
        let refused = validator.validate(&landlord.token(tenant)).await;
        assert_eq!(reason(refused), Reason::TenantNotAllowed);
    }
    assert_eq!(landlord.requests(), requests);
}

#[tokio::test]
async fn c10_one_key_set_that_is_fetched_serves_all() {
    let landlord = Landlord::start().await;
    let shared = landlord.signer("common");
    let issuer = Issuer::template(landlord.template(), Tenants::any())
        .jwks_at(format!("{}/common/keys", landlord.server.host));
    let validator = validator(issuer, &landlord.clock);
    for tenant in ["acme", "globex", "initech"] {
        let name = format!("{}/{tenant}/v2.0", landlord.server.host);
        let token = shared.token().issuer(&name).mint();
        assert!(validator.validate(&token).await.is_ok());
    }
    assert_eq!(landlord.requests(), 1);
}

#[tokio::test]
async fn c10_metadata_for_all_names_the_template() {
    let signer = TestIssuer::new(ACME, AUDIENCE).clock(clock());
    let jwks = signer.jwks();
    let named = Arc::new(Mutex::new(TEMPLATE.to_owned()));
    let said = Arc::clone(&named);
    let server = HandMade::answering(move |request| {
        if request.path() == "/jwks" {
            let keys = format!("{}/keys", request.host);
            json(&json!({"issuer": *said.lock().unwrap(), "jwks_uri": keys}))
        } else {
            ok(&jwks, "")
        }
    })
    .await;
    let url = server.jwks_url();
    let issuer = || Issuer::template(TEMPLATE, Tenants::any()).discovery_at(&url);
    let clock = clock();
    let token = signer.token().mint();
    assert!(validator(issuer(), &clock).validate(&token).await.is_ok());
    // A document of one tenant is not that of all.
    *named.lock().unwrap() = ACME.to_owned();
    outage(validator(issuer(), &clock).validate(&token).await);
}

#[tokio::test]
async fn c10_key_sets_are_bounded_in_number() {
    let landlord = Landlord::start().await;
    let issuer = Issuer::discover_tenants(landlord.template(), Tenants::matching(|_| true));
    let validator = validator(issuer.max_tenants(2), &landlord.clock);
    let held = || -> Vec<String> {
        let health = validator.health();
        let tenants = &health[0].status().tenants;
        tenants.iter().map(|one| one.issuer.to_string()).collect()
    };
    let of = |tenant: &str| format!("{}/{tenant}/v2.0", landlord.server.host);
    for tenant in ["a", "b", "a", "c"] {
        landlord.clock.advance(Duration::from_secs(10));
        assert!(validator.validate(&landlord.token(tenant)).await.is_ok());
    }
    // The least recently used has gone for the new one.
    assert_eq!(held(), [of("a"), of("c")]);
    // A tenant that just had a token stays, and so does the new one, for a moment.
    landlord.clock.advance(Duration::from_secs(5));
    assert!(validator.validate(&landlord.token("a")).await.is_ok());
    assert!(validator.validate(&landlord.token("b")).await.is_ok());
    assert_eq!(held(), [of("a"), of("b"), of("c")]);
    let busy = outage(validator.validate(&landlord.token("d")).await);
    assert!(busy.contains("max_tenants"), "{busy}");
    landlord.clock.advance(Duration::from_secs(10));
    assert!(validator.validate(&landlord.token("d")).await.is_ok());
    assert_eq!(held().len(), 2);
    assert_eq!(landlord.asked_for("/b/keys"), 2);
    assert_eq!(landlord.asked_for("/c/keys"), 1);
}

/// Polled once and gone, as by a client that hangs up.
async fn present_briefly(validator: &Validator, token: &str) {
    let mut call = Box::pin(validator.validate(token));
    std::future::poll_fn(|context| {
        let _ = call.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn c10_made_up_tenants_displace_none_that_has_keys() {
    let landlord = Landlord::start().await;
    let customers = Tenants::matching(|tenant| tenant.starts_with("customer-"));
    let issuer = Issuer::discover_tenants(landlord.template(), customers);
    let validator = validator(issuer.max_tenants(100), &landlord.clock);
    let good = landlord.token("customer-acme");
    assert!(validator.validate(&good).await.is_ok());
    landlord.clock.advance(Duration::from_secs(20));
    let evil = TestIssuer::new("https://evil.example", AUDIENCE).clock(landlord.clock.clone());
    for number in 0..1_000 {
        let name = format!("{}/customer-{number}/v2.0", landlord.server.host);
        present_briefly(&validator, &evil.token().issuer(&name).mint()).await;
    }
    assert!(validator.validate_cached(&good).is_some());
    // A quarter of the limit, in addition to the good one.
    let health = validator.health();
    let status = health[0].status();
    assert_eq!((status.tenants.len(), status.new_tenants), (1, 25));
}

#[tokio::test]
async fn c10_f03_forged_tokens_of_real_tenants_do_not_undo_the_pauses_between_fetches() {
    let landlord = Landlord::start().await;
    let issuer = Issuer::discover_tenants(landlord.template(), Tenants::matching(|_| true));
    let validator = validator(issuer.max_tenants(1), &landlord.clock);
    let evil = TestIssuer::new("https://evil.example", AUDIENCE).clock(landlord.clock.clone());
    for _ in 0..50 {
        for tenant in ["acme", "globex", "initech"] {
            let name = format!("{}/{tenant}/v2.0", landlord.server.host);
            let forged = evil.token().issuer(&name).mint();
            assert!(validator.validate(&forged).await.is_err());
        }
    }
    // At no time at all: each of two tenants once, metadata and keys.
    assert!(landlord.requests() <= 6, "{}", landlord.requests());
}

#[tokio::test]
async fn c10_key_sets_of_idle_tenants_are_dropped() {
    let landlord = Landlord::start().await;
    let issuer = Issuer::discover_tenants(landlord.template(), Tenants::matching(|_| true))
        .drop_idle_tenants_after(Duration::from_secs(600));
    let validator = validator(issuer, &landlord.clock);
    let held = || validator.health()[0].status().tenants.len();
    let busy = landlord.token("busy");
    for tenant in ["a", "b", "busy"] {
        assert!(validator.validate(&landlord.token(tenant)).await.is_ok());
    }
    assert_eq!(held(), 3);
    for _ in 0..20 {
        landlord.clock.advance(Duration::from_secs(60));
        assert!(validator.validate(&busy).await.is_ok());
    }
    assert_eq!(held(), 1);
    // No background task asks for those without traffic.
    assert_eq!(landlord.asked_for("/a/keys"), 1);
    assert!(landlord.asked_for("/busy/keys") <= 4);
}

#[tokio::test]
async fn c10_s09_a_tenant_that_is_down_changes_nothing_for_another() {
    let landlord = Landlord::start().await;
    let issuer = Issuer::discover_tenants(
        landlord.template(),
        Tenants::only(["acme", "hangs", "down"]),
    );
    let validator = validator(issuer, &landlord.clock);
    let waiting = {
        let (validator, token) = (validator.clone(), landlord.token("hangs"));
        tokio::spawn(async move { validator.validate(&token).await })
    };
    until(|| landlord.requests() > 0).await;
    for _ in 0..5 {
        landlord.clock.advance(Duration::from_secs(600));
        assert!(validator.validate(&landlord.token("acme")).await.is_ok());
        let text = outage(validator.validate(&landlord.token("down")).await);
        assert!(text.contains("/down/v2.0"), "{text}");
    }
    assert!(!waiting.is_finished());
    waiting.abort();
    let health = validator.health();
    let failed: Vec<_> = health[0]
        .status()
        .tenants
        .iter()
        .filter(|one| one.status.last_error.is_some())
        .map(|one| one.issuer.to_string())
        .collect();
    assert_eq!(failed, [format!("{}/down/v2.0", landlord.server.host)]);
}

/// A list of tenants can't be made up, and there is room for all of it.
#[tokio::test]
async fn c10_s09_listed_tenants_that_are_down_take_no_room_from_another() {
    let landlord = Landlord::start().await;
    let tenants = Tenants::only(["down", "acme", "globex", "initech"]);
    let issuer = Issuer::discover_tenants(landlord.template(), tenants);
    let validator = validator(issuer.max_tenants(4), &landlord.clock);
    let text = outage(validator.validate(&landlord.token("down")).await);
    assert!(text.contains("/down/v2.0"), "{text}");
    for tenant in ["acme", "globex", "initech"] {
        let judged = validator.validate(&landlord.token(tenant)).await;
        assert!(judged.is_ok(), "{tenant}: {judged:?}");
    }
    // It is still known, with its pauses.
    assert_eq!(validator.health()[0].status().tenants.len(), 4);
}

/// It counts its calls.
struct CountingClock(ManualClock, Arc<AtomicUsize>);

impl Clock for CountingClock {
    fn now(&self) -> NumericDate {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.monotonic()
    }
}

#[tokio::test]
async fn c10_p02_a_token_with_an_unknown_key_costs_no_look_at_other_tenants() {
    let landlord = Landlord::start().await;
    let issuer = Issuer::discover_tenants(landlord.template(), Tenants::matching(|_| true));
    let looks = Arc::new(AtomicUsize::new(0));
    let validator = Validator::builder()
        .audience(AUDIENCE)
        .issuer(issuer)
        .clock(CountingClock(landlord.clock.clone(), Arc::clone(&looks)))
        .build()
        .unwrap();
    for number in 0..50 {
        let token = landlord.token(&format!("t{number}"));
        assert!(validator.validate(&token).await.is_ok());
    }
    landlord.clock.advance(Duration::from_secs(7));
    let stray = landlord.signer("t0").token().header("kid", "stray");
    let stray = stray.mint();
    looks.store(0, Ordering::Relaxed);
    let Some(Err(Error::Rejected(refused))) = validator.validate_cached(&stray) else {
        panic!("C10");
    };
    assert!(looks.load(Ordering::Relaxed) < 20, "{looks:?}");
    assert_eq!(refused.reason(), Reason::UnknownKey);
    let told = refused.explain();
    assert!(told.contains("The set is 7 s old"), "{told}");
}

#[tokio::test]
async fn c10_s03_a_thousand_first_requests_of_a_tenant_are_one_fetch() {
    let landlord = Landlord::start().await;
    let issuer = Issuer::discover_tenants(landlord.template(), Tenants::only(["acme"]));
    let validator = validator(issuer, &landlord.clock);
    let token: Arc<str> = landlord.token("acme").into();
    let good = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let (validator, token, good) =
                (validator.clone(), Arc::clone(&token), Arc::clone(&good));
            tokio::spawn(async move {
                if validator.validate(&token).await.is_ok() {
                    good.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(good.load(Ordering::Relaxed), 1_000);
    assert_eq!(landlord.asked_for("/acme/keys"), 1);
}

#[test]
fn c10_by_the_pure_core_alone() {
    let signer = TestIssuer::new(ACME, AUDIENCE);
    let keys = KeySet::from_jwks(&signer.jwks()).unwrap();
    let evidence = Evidence::Keys(Arc::new(keys));
    let policy = Policy::builder()
        .issuer(TEMPLATE)
        .audience(AUDIENCE)
        .tenants(Tenants::only(["globex"]))
        .build()
        .unwrap();
    let at = NumericDate::from_secs(1_000);
    let text = signer.token().issued_at(at).mint();
    let token = PresentedToken::parse(&text).unwrap();
    let refused = verify(&token, &evidence, &policy, at).unwrap_err();
    assert_eq!(refused.reason(), Reason::TenantNotAllowed);
    assert!(refused.explain().contains(ACME), "{}", refused.explain());
}
