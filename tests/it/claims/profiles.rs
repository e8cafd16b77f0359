//! Profiles of tokens that are not by RFC 9068: Amazon Cognito's (row C07) and SPIFFE JWT-SVIDs
//! (rows C07, K01).

use std::sync::Arc;

use crate::support::problems_of;
use crate::support::{API, Api, NOW, clock};
use resource_server::Reason::{
    self, AlgorithmNotAllowed, AudienceMismatch, AudienceMissing, BadSignature, ClaimMissing,
    ClientNotAllowed, ExpiryMissing, IssuerMismatch, IssuerMissing, MalformedClaim,
    NotAnAccessToken, TypeNotAccepted, UnknownKey,
};
use resource_server::testing::{ManualClock, TestIssuer, TestToken};
use resource_server::{
    AccessToken, Algorithm, Evidence, Issuer, NumericDate, Policy, PolicyBuilder, Possession,
    PresentedToken, Profile, Rejection, StaticKeys, Validator,
    claims::SubjectKind,
    clock::Clock,
    error::{ConfigErrorKind, KeyError, KeySetError, PolicyErrorKind},
    keys::KeySet,
    verify,
};
use serde_json::{Value, json};

const POOL: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12Cd34E";
const APP: &str = "1example23456789";

type Change = fn(TestToken) -> TestToken;

fn cognito() -> PolicyBuilder {
    Policy::builder()
        .profile(Profile::Cognito)
        .allowed_clients([APP])
}

/// As Amazon Cognito makes them.
fn access_token(issuer: &TestIssuer) -> TestToken {
    issuer
        .token()
        .typ("JWT")
        .without("aud")
        .subject("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
        .client_id(APP)
        .claim("token_use", "access")
        .claim("cognito:groups", json!(["clerks"]))
        .claim("version", 2)
        .claim("auth_time", NOW)
        .claim("username", "alice")
        .scope("orders/read")
}

fn id_token(issuer: &TestIssuer) -> TestToken {
    access_token(issuer)
        .without("client_id")
        .without("scope")
        .audience(APP)
        .claim("token_use", "id")
        .claim("cognito:username", "alice")
        .claim("email", "alice@example.com")
}

/// The verdict of an API that has no audience: of the Validator and of the core, which must agree.
fn judge(
    issuer: &TestIssuer,
    clock: &ManualClock,
    settings: PolicyBuilder,
    token: &str,
) -> Result<AccessToken, Rejection> {
    let validator = Validator::builder()
        .issuer(issuer.to_issuer().policy(settings.clone()))
        .clock(clock.clone())
        .build()
        .unwrap();
    let keys = Evidence::Keys(Arc::new(KeySet::from_jwks(&issuer.jwks()).unwrap()));
    let policy = settings.issuer(issuer.name()).build().unwrap();
    let verdict = PresentedToken::parse(token)
        .and_then(|presented| verify(&presented, &keys, &policy, clock.now()))
        .and_then(|unconfirmed| unconfirmed.confirm(&Possession::bearer()));
    let reason = verdict.as_ref().err().map(Rejection::reason);
    assert_eq!(reason_of(&validator, token), reason);
    verdict
}

#[track_caller]
fn reason_of(validator: &Validator, token: &str) -> Option<Reason> {
    crate::support::verdict(
        validator
            .validate_cached(token)
            .expect("the keys are cached"),
    )
}

fn pool() -> (TestIssuer, ManualClock) {
    let clock = clock();
    (TestIssuer::new(POOL, API).clock(clock.clone()), clock)
}

#[test]
fn c07_cognitos_access_tokens_are_told_by_token_use_and_client() {
    let (issuer, clock) = pool();
    let settings = || {
        cognito()
            .role_claims(["cognito:groups"])
            .principal_claims(["username"])
    };
    let token = judge(&issuer, &clock, settings(), &access_token(&issuer).mint()).unwrap();
    assert_eq!(token.client_id(), Some(APP));
    assert_eq!(token.audience().iter().count(), 0);
    assert!(token.has_role("clerks") && token.scopes().contains("orders/read"));
    assert_eq!(token.principal(), Some("alice"));
    assert_eq!(token.subject_kind(), Some(SubjectKind::User), "C13");
    let machine = access_token(&issuer)
        .subject(APP)
        .without("username")
        .mint();
    let token = judge(&issuer, &clock, settings(), &machine).unwrap();
    assert_eq!(token.subject_kind(), Some(SubjectKind::Client), "C13");
}

#[rustfmt::skip]
#[test]
fn c07_what_else_a_cognito_pool_signs_is_refused() {
    let (issuer, clock) = pool();
    let cases: &[(Option<Reason>, Change)] = &[
        (None, |t| t),
        (None, |t| t.without_header("typ")),
        // ID tokens by every sign; the signs are removed one after the other.
        (Some(NotAnAccessToken), |t| t.claim("token_use", "id")),
        (Some(NotAnAccessToken), |t| t.claim("token_use", "id").typ("at+jwt")),
        (Some(NotAnAccessToken), |t| t.claim("token_use", "Access")),
        (Some(NotAnAccessToken), |t| t.claim("token_use", json!(["access"]))),
        (Some(NotAnAccessToken), |t| t.claim("token_use", json!(null))),
        (Some(NotAnAccessToken), |t| t.without("token_use")),
        (Some(NotAnAccessToken), |t| t.claim("at_hash", "h")),
        // Another app client of the same pool.
        (Some(ClientNotAllowed), |t| t.client_id("2example23456789")),
        (Some(ClientNotAllowed), |t| t.client_id("1EXAMPLE23456789")),
        (Some(ClientNotAllowed), |t| t.without("client_id")),
        (Some(ClientNotAllowed), |t| t.without("client_id").claim("azp", APP)),
        (Some(ClientNotAllowed), |t| t.client_id("2example23456789").claim("azp", APP)),
        (Some(MalformedClaim), |t| t.claim("client_id", json!([APP]))),
        // An audience that is there says that the token is for someone else.
        (Some(AudienceMismatch), |t| t.audience("https://other.example.com")),
        (Some(AudienceMismatch), |t| t.audience(APP)),
        (Some(AudienceMissing), |t| t.audience("")),
        (Some(AudienceMissing), |t| t.claim("aud", json!([]))),
        (Some(MalformedClaim), |t| t.claim("aud", json!(null))),
        // What holds in every profile.
        (Some(IssuerMismatch), |t| t.issuer("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other")),
        (Some(ExpiryMissing), |t| t.without("exp")),
        (Some(TypeNotAccepted), |t| t.typ("dpop+jwt")),
        (Some(BadSignature), |t| t.signature(&[0; 64])),
    ];
    for (expected, change) in cases {
        let token = change(access_token(&issuer)).mint();
        let found = judge(&issuer, &clock, cognito(), &token).err();
        assert_eq!(found.map(|rejection| rejection.reason()), *expected, "C07");
    }
    let verdict = judge(&issuer, &clock, cognito(), &id_token(&issuer).mint());
    assert_eq!(verdict.unwrap_err().reason(), NotAnAccessToken, "C07");
    // Where the API's name is that of the client, an ID token has the right audience.
    let verdict = judge(&issuer, &clock, cognito().audience(APP), &id_token(&issuer).mint());
    assert_eq!(verdict.unwrap_err().reason(), NotAnAccessToken, "C07");
}

#[test]
fn c07_an_audience_that_cognito_was_asked_for_is_held_against_the_apis() {
    let api = Api::trusting(POOL, cognito());
    let judged =
        |change: fn(TestToken) -> TestToken| api.reason(&change(access_token(&api.issuer)).mint());
    assert_eq!(judged(|t| t), None);
    assert_eq!(judged(|t| t.audience(API)), None);
    assert_eq!(
        judged(|t| t.audience("https://other.example.com")),
        Some(AudienceMismatch)
    );
    // The order of checks: kind, then audience, then client.
    assert_eq!(
        judged(|t| t.audience("x").client_id("other")),
        Some(AudienceMismatch)
    );
    assert_eq!(
        judged(|t| t.audience("x").claim("token_use", "id")),
        Some(NotAnAccessToken)
    );
}

fn problems(settings: PolicyBuilder) -> Vec<PolicyErrorKind> {
    match settings.build() {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().to_vec(),
    }
}

#[test]
fn c07_a_policy_for_cognito_names_its_clients() {
    let settings = || Policy::builder().profile(Profile::Cognito).issuer(POOL);
    let nobody: [&str; 0] = [];
    assert_eq!(problems(settings()), [PolicyErrorKind::ClientsNotNamed]);
    assert_eq!(
        problems(settings().allowed_clients(nobody)),
        [PolicyErrorKind::NoClient]
    );
    assert_eq!(
        problems(settings().allowed_clients([""])),
        [PolicyErrorKind::NoClient]
    );
    assert_eq!(problems(settings().allowed_clients([APP])), []);
    let empty = settings().allowed_clients([APP]).audience("");
    assert_eq!(problems(empty), [PolicyErrorKind::NoAudience]);
    let other = settings().allowed_clients([APP]).client_claims(["azp"]);
    let fixed = PolicyErrorKind::FixedByProfile {
        setting: "client_claims",
        profile: Profile::Cognito,
    };
    assert_eq!(problems(other), [fixed]);
    // Every other profile needs an audience.
    for profile in [Profile::Default, Profile::Rfc9068] {
        let found = problems(settings().profile(profile).allowed_clients([APP]));
        assert_eq!(found, [PolicyErrorKind::NoAudience]);
    }
    let read: Profile = serde_json::from_str("\"cognito\"").unwrap();
    assert_eq!((read, read.as_str()), (Profile::Cognito, "cognito"));
    let read: Profile = serde_json::from_str("\"jwt-svid\"").unwrap();
    assert_eq!((read, read.as_str()), (Profile::JwtSvid, "jwt-svid"));
    assert_eq!(read.to_string(), "jwt-svid");
}

const DOMAIN: &str = "spiffe://example.org";
const WORKLOAD: &str = "spiffe://example.org/ns/prod/sa/orders";

fn svid_policy() -> PolicyBuilder {
    Policy::builder().profile(Profile::JwtSvid)
}

fn svid(issuer: &TestIssuer) -> TestToken {
    issuer
        .token()
        .typ("JWT")
        .without("iss")
        .without("client_id")
        .without("jti")
        .subject(WORKLOAD)
}

/// The issuer's keys with this `use`, and others after them.
fn bundle(issuer: &TestIssuer, key_use: &str, others: &[Value]) -> String {
    let mut set: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let keys = set["keys"].as_array_mut().unwrap();
    for key in keys.iter_mut() {
        key["use"] = json!(key_use);
    }
    keys.extend_from_slice(others);
    set["spiffe_sequence"] = json!(12);
    set["spiffe_refresh_hint"] = json!(300);
    set.to_string()
}

/// A trust domain with its own keys, and an API that accepts its SVIDs.
struct Domain {
    issuer: TestIssuer,
    validator: Validator,
    policy: Policy,
}

impl Domain {
    fn new() -> Self {
        Self::with("jwt-svid", svid_policy())
    }

    fn with(key_use: &str, settings: PolicyBuilder) -> Self {
        let clock = clock();
        let issuer = TestIssuer::new(DOMAIN, API)
            .clock(clock.clone())
            .algorithms([Algorithm::RS256, Algorithm::Ed25519]);
        let keys = StaticKeys::from_jwks(&bundle(&issuer, key_use, &[])).unwrap();
        let validator = Validator::builder()
            .audience(API)
            .issuer(Issuer::new(DOMAIN).keys(keys).policy(settings.clone()))
            .clock(clock)
            .build()
            .unwrap();
        let policy = settings.issuer(DOMAIN).audience(API).build().unwrap();
        Domain {
            issuer,
            validator,
            policy,
        }
    }

    fn judge(&self, token: &str) -> Result<AccessToken, Rejection> {
        let keys = KeySet::from_jwks(&bundle(&self.issuer, "jwt-svid", &[])).unwrap();
        let now = NumericDate::from_secs(NOW);
        let verdict = PresentedToken::parse(token)
            .and_then(|token| verify(&token, &Evidence::Keys(Arc::new(keys)), &self.policy, now))
            .and_then(|unconfirmed| unconfirmed.confirm(&Possession::bearer()));
        let reason = verdict.as_ref().err().map(Rejection::reason);
        assert_eq!(reason_of(&self.validator, token), reason);
        verdict
    }

    fn reason(&self, token: TestToken) -> Option<Reason> {
        self.judge(&token.mint())
            .err()
            .map(|rejection| rejection.reason())
    }
}

#[test]
fn c07_an_svid_is_told_by_its_trust_domain() {
    let domain = Domain::new();
    let token = domain.judge(&svid(&domain.issuer).mint()).unwrap();
    assert_eq!(token.issuer(), DOMAIN);
    assert_eq!(token.subject(), Some(WORKLOAD));
    let identity = token.identity().unwrap();
    assert_eq!((identity.issuer(), identity.subject()), (DOMAIN, WORKLOAD));
    assert_eq!(token.subject_kind(), Some(SubjectKind::Client), "C13");
    assert_eq!(token.key_id(), Some("p256-0"));
}

#[rustfmt::skip]
#[test]
fn c07_what_is_no_svid_of_the_trust_domain_is_refused() {
    let cases: &[(Option<Reason>, Change)] = &[
        (None, |t| t),
        (None, |t| t.without_header("typ")),
        (None, |t| t.typ("JOSE")),
        (None, |t| t.typ("jose")),
        (None, |t| t.algorithm(Algorithm::RS256)),
        (None, |t| t.algorithm(Algorithm::PS384)),
        (None, |t| t.issuer(DOMAIN)),
        (None, |t| t.without_header("kid")),
        // Other trust domains, which only look alike.
        (Some(IssuerMismatch), |t| t.subject("spiffe://example.com/ns/prod/sa/orders")),
        (Some(IssuerMismatch), |t| t.subject("spiffe://example.org.evil.example/a")),
        (Some(IssuerMismatch), |t| t.subject("spiffe://xexample.org/a")),
        (Some(IssuerMismatch), |t| t.subject("spiffe://example.or/a")),
        // No SPIFFE IDs, or not in their one spelling: then nothing says whose the token is.
        (Some(IssuerMissing), |t| t.subject("spiffe://Example.org/a")),
        (Some(IssuerMissing), |t| t.subject("SPIFFE://example.org/a")),
        (Some(IssuerMissing), |t| t.subject("spiffe://example.org")),
        (Some(IssuerMissing), |t| t.subject("spiffe://example.org/")),
        (Some(IssuerMissing), |t| t.subject("spiffe://example.org/a/")),
        (Some(IssuerMissing), |t| t.subject("spiffe://example.org/a//b")),
        (Some(IssuerMissing), |t| t.subject("spiffe://example.org/a/../b")),
        (Some(IssuerMissing), |t| t.subject("spiffe://example.org/%61")),
        (Some(IssuerMissing), |t| t.subject("spiffe://example.org:443/a")),
        (Some(IssuerMissing), |t| t.subject("spiffe://a@example.org/a")),
        (Some(IssuerMissing), |t| t.subject("alice")),
        (Some(IssuerMissing), |t| t.without("sub")),
        (Some(IssuerMissing), |t| t.claim("sub", json!([WORKLOAD]))),
        // With an issuer, both must be right.
        (Some(IssuerMismatch), |t| t.issuer("https://as.example.com")),
        (Some(IssuerMismatch), |t| t.issuer("spiffe://example.com")),
        (Some(IssuerMismatch), |t| t.issuer(DOMAIN).subject("spiffe://example.com/a")),
        (Some(MalformedClaim), |t| t.issuer(DOMAIN).subject("alice")),
        (Some(ClaimMissing), |t| t.issuer(DOMAIN).without("sub")),
        (Some(MalformedClaim), |t| t.claim("iss", json!(null))),
        // Type, algorithm, audience and end.
        (Some(TypeNotAccepted), |t| t.typ("at+jwt")),
        (Some(TypeNotAccepted), |t| t.typ("dpop+jwt")),
        (Some(TypeNotAccepted), |t| t.header("typ", 1)),
        (Some(NotAnAccessToken), |t| t.claim("nonce", "n")),
        (Some(AlgorithmNotAllowed), |t| t.algorithm(Algorithm::Ed25519)),
        (Some(AlgorithmNotAllowed), |t| t.header("alg", "HS256")),
        (Some(AudienceMissing), |t| t.without("aud")),
        (Some(AudienceMismatch), |t| t.audience("spiffe://example.org/billing")),
        (Some(ExpiryMissing), |t| t.without("exp")),
        (Some(BadSignature), |t| t.signature(&[0; 64])),
        (Some(UnknownKey), |t| t.header("kid", "other")),
    ];
    let domain = Domain::new();
    for (index, (expected, change)) in cases.iter().enumerate() {
        let found = domain.reason(change(svid(&domain.issuer)));
        assert_eq!(found, *expected, "C07: case {index}");
    }
    // Where no SVID is accepted, a token without an issuer is refused for its missing issuer.
    let api = Api::new();
    assert_eq!(api.reason(&svid(&api.issuer).mint()), Some(IssuerMissing));
    // Only the profile for SVIDs accepts the typ of an SVID.
    let jose = api.token().typ("JOSE").mint();
    assert_eq!(api.reason(&jose), Some(TypeNotAccepted));
}

#[test]
fn k01_a_key_is_used_for_what_its_use_says() {
    // For SVIDs only those that say so.
    for key_use in ["sig", "x509-svid", "JWT-SVID"] {
        let issuer = TestIssuer::new(DOMAIN, API).clock(clock());
        let set = KeySet::from_jwks(&bundle(&issuer, key_use, &[]));
        let Ok(keys) = set else {
            // No policy uses it.
            assert!(
                matches!(set, Err(KeySetError::NoUsableKey { .. })),
                "{key_use}"
            );
            continue;
        };
        let policy = svid_policy().issuer(DOMAIN).audience(API).build().unwrap();
        let text = svid(&issuer).mint();
        let token = PresentedToken::parse(&text).unwrap();
        let evidence = Evidence::Keys(Arc::new(keys));
        let verdict = verify(&token, &evidence, &policy, NumericDate::from_secs(NOW));
        let rejection = verdict.unwrap_err();
        assert_eq!(rejection.reason(), UnknownKey, "{key_use}");
        let explained = rejection.explain();
        assert!(
            explained.contains("no key whose use is jwt-svid"),
            "{explained}"
        );
        assert!(!explained.contains("is empty"), "{explained}");
    }

    // For all else never those.
    let api = Api::new();
    let judged = |key_use: &str| {
        let keys = StaticKeys::from_jwks(&bundle(&api.issuer, key_use, &[])).unwrap();
        let validator = Validator::builder()
            .audience(API)
            .issuer(Issuer::new(api.issuer.name()).keys(keys))
            .clock(api.clock.clone())
            .build()
            .unwrap();
        let with_kid = reason_of(&validator, &api.token().mint());
        let without = reason_of(&validator, &api.token().without_header("kid").mint());
        (with_kid, without)
    };
    assert_eq!(judged("sig"), (None, None), "K01");
    assert_eq!(
        judged("jwt-svid"),
        (Some(UnknownKey), Some(UnknownKey)),
        "K01"
    );
}

#[test]
fn k01_keys_for_svids_are_kept_apart_and_told() {
    let issuer = TestIssuer::new(DOMAIN, API);
    let ordinary: Value = serde_json::from_str(&TestIssuer::new("x", API).jwks()).unwrap();
    let mut ordinary = ordinary["keys"][0].clone();
    ordinary["kid"] = json!("ordinary");
    let mut weak = ordinary.clone();
    weak["kid"] = json!("weak");
    weak["use"] = json!("jwt-svid");
    weak["x"] = json!("");
    let keys = KeySet::from_jwks(&bundle(&issuer, "jwt-svid", &[ordinary, weak])).unwrap();
    assert!(keys.key_ids().eq(["ordinary"]), "K01");
    let svid_keys: Vec<_> = keys.svid_keys().map(|key| key.key_id()).collect();
    assert_eq!(svid_keys, [Some("p256-0")], "K01");
    let skipped: Vec<_> = keys
        .skipped()
        .iter()
        .map(|key| (key.key_id(), key.reason()))
        .collect();
    let expected = [
        (Some("p256-0"), KeyError::OnlyForSvids),
        (Some("weak"), KeyError::MalformedMember("x")),
    ];
    assert_eq!(skipped, expected, "K01");
}

/// Two trust domains and an ordinary issuer: each token by its own keys and policy.
#[test]
fn c07_svids_are_routed_by_their_trust_domain_and_tokens_with_an_issuer_by_that() {
    const OTHER: &str = "spiffe://other.example";
    const NO_SVIDS: &str = "spiffe://plain.example";
    let clock = clock();
    let issuer = |name: &str| TestIssuer::new(name, API).clock(clock.clone());
    let (a, b, plain) = (
        issuer(DOMAIN),
        issuer(OTHER),
        issuer("https://as.example.com"),
    );
    let odd = issuer(NO_SVIDS);
    let entry = |issuer: &TestIssuer| {
        let keys = StaticKeys::from_jwks(&bundle(issuer, "jwt-svid", &[])).unwrap();
        Issuer::new(issuer.name()).keys(keys).policy(svid_policy())
    };
    let validator = Validator::builder()
        .audience(API)
        .issuer(entry(&a))
        .issuer(entry(&b))
        .issuer(plain.to_issuer())
        .issuer(odd.to_issuer())
        .clock(clock.clone())
        .build()
        .unwrap();
    let reason = |token: TestToken| reason_of(&validator, &token.mint());
    let of_other = "spiffe://other.example/a";
    assert_eq!(reason(svid(&a)), None);
    assert_eq!(reason(svid(&b).subject(of_other)), None);
    assert_eq!(reason(plain.token()), None);
    // A key of one trust domain never vouches for another's workload.
    assert_eq!(reason(svid(&a).subject(of_other)), Some(BadSignature));
    assert_eq!(reason(svid(&b)), Some(BadSignature));
    assert_eq!(reason(svid(&plain)), Some(BadSignature));
    assert_eq!(
        reason(svid(&a).subject("spiffe://third.example/a")),
        Some(IssuerMismatch)
    );
    assert_eq!(reason(svid(&a).subject("alice")), Some(IssuerMissing));
    // An issuer with such a name that accepts no SVIDs has none of their keys.
    assert_eq!(
        reason(svid(&odd).subject("spiffe://plain.example/a")),
        Some(IssuerMismatch)
    );

    // With an issuer, only the issuer decides: a workload's name in other claims selects nothing.
    let borrowed = plain.token().subject(WORKLOAD);
    assert_eq!(reason(borrowed), None);
    let token = validator
        .validate_cached(&plain.token().subject(WORKLOAD).mint())
        .unwrap()
        .unwrap();
    assert_eq!(token.identity().unwrap().issuer(), "https://as.example.com");
    assert_eq!(
        reason(svid(&a).issuer("https://as.example.com")),
        Some(BadSignature)
    );
    assert_eq!(
        reason(svid(&a).issuer("https://unknown.example")),
        Some(IssuerMismatch)
    );
    assert_eq!(
        reason(svid(&b).issuer(DOMAIN).subject(of_other)),
        Some(IssuerMismatch)
    );
    assert_eq!(reason(svid(&a).claim("iss", "")), Some(IssuerMismatch));
}

#[test]
fn p06_a_policy_for_svids_names_a_trust_domain_and_its_algorithms() {
    let settings = |issuer: &str| svid_policy().issuer(issuer).audience(API);
    assert_eq!(problems(settings(DOMAIN)), []);
    for name in [
        "example.org",
        "https://example.org",
        "spiffe://Example.org",
        "spiffe://example.org/",
        "spiffe://example.org/orders",
        "spiffe://",
    ] {
        let expected = PolicyErrorKind::NotATrustDomain(name.to_owned());
        assert_eq!(problems(settings(name)), [expected], "{name}");
    }
    for algorithm in [
        Algorithm::Ed25519,
        Algorithm::HS256,
        Algorithm::ES256K,
        Algorithm::MlDsa44,
    ] {
        let found = problems(settings(DOMAIN).algorithms([algorithm]));
        let expected = PolicyErrorKind::AlgorithmOutsideProfile {
            algorithm,
            profile: Profile::JwtSvid,
        };
        assert!(found.contains(&expected), "{algorithm}: {found:?}");
    }
    assert_eq!(
        problems(settings(DOMAIN).algorithms([Algorithm::ES256, Algorithm::PS512])),
        []
    );
    let names: Vec<_> = settings(DOMAIN)
        .build()
        .unwrap()
        .algorithms()
        .map(Algorithm::as_str)
        .collect();
    let of_spec = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
    ];
    assert!(
        names.iter().all(|name| of_spec.contains(name)) && names.len() >= 8,
        "{names:?}"
    );
    let fixed = PolicyErrorKind::FixedByProfile {
        setting: "accepted_types",
        profile: Profile::JwtSvid,
    };
    assert_eq!(problems(settings(DOMAIN).accepted_types(["JWT"])), [fixed]);
    let error = Validator::builder()
        .audience(API)
        .issuer(
            TestIssuer::new("https://as.example.com", API)
                .to_issuer()
                .policy(svid_policy()),
        )
        .build()
        .unwrap_err();
    assert!(
        matches!(
            problems_of(&error)[..],
            [(
                _,
                ConfigErrorKind::Policy(PolicyErrorKind::NotATrustDomain(_))
            )]
        ),
        "{error}"
    );
}
