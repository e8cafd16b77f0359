//! Row C15: JWTs without an audience, such as WorkOS and Clerk issue.

use resource_server::Reason::{
    AudienceMismatch, AudienceMissing, ClaimMismatch, ClientNotAllowed, MalformedClaim,
};
use resource_server::error::PolicyErrorKind::{
    FixedByProfile, NoAudience, NothingInPlaceOfAudience,
};
use resource_server::error::{ConfigErrorKind, PolicyErrorKind};
use resource_server::testing::TestToken;
use resource_server::{
    Issuer, Policy, PolicyBuilder, Profile, Reason, Validator,
    claims::{ClaimPath, RequiredClaim},
};
use serde_json::json;

use crate::support::{API, Api, ISSUER, NOW, assert_explained, clock, problems_of, signer};

/// `{iss, sub, sid, org_id, role, exp}`.
fn workos(token: TestToken) -> TestToken {
    let claims = json!({
        "iss": ISSUER, "sub": "user_01", "sid": "session_01", "org_id": "org_01", "role": "member", "exp": NOW + 300,
    });
    token.raw_payload(claims.to_string().as_bytes())
}

/// `{iss, sub, azp, sid, exp}`.
fn clerk(token: TestToken) -> TestToken {
    let claims = json!({
        "iss": ISSUER, "sub": "user_01", "azp": "https://app.example.com", "sid": "sess_01", "exp": NOW + 300,
    });
    token.raw_payload(claims.to_string().as_bytes())
}

fn lenient() -> PolicyBuilder {
    Policy::builder().allow_jwt_without_audience()
}

fn of_organization() -> PolicyBuilder {
    lenient().required_claim(RequiredClaim::equals("org_id", "org_01"))
}

#[test]
fn c15_tokens_of_workos_and_clerk_are_accepted_by_a_word_of_its_own() {
    let api = Api::with(of_organization());
    let token = api.judge(&workos(api.token()).mint()).unwrap();
    assert_eq!(token.subject(), Some("user_01"));
    assert_eq!(token.audience().iter().count(), 0);
    assert_eq!(
        api.reason(&clerk(api.token()).mint()),
        Some(Reason::ClaimMissing)
    );

    let api = Api::with(lenient().allowed_clients(["https://app.example.com"]));
    let token = api.judge(&clerk(api.token()).mint()).unwrap();
    assert_eq!(token.client_id(), Some("https://app.example.com"));
    assert_eq!(
        api.reason(&workos(api.token()).mint()),
        Some(ClientNotAllowed)
    );

    let other = lenient().required_claim(RequiredClaim::one_of("org_id", ["org_02", "org_03"]));
    let api = Api::with(other);
    assert_eq!(api.reason(&workos(api.token()).mint()), Some(ClaimMismatch));

    // From a configuration file.
    let read =
        r#"{"allow_jwt_without_audience": true, "allowed_clients": ["https://app.example.com"]}"#;
    let api = Api::with(serde_json::from_str(read).unwrap());
    assert_eq!(api.reason(&clerk(api.token()).mint()), None);
}

#[test]
fn c15_an_audience_that_is_there_must_match() {
    let api = Api::with(of_organization());
    let with = |aud: &str| {
        let claims = format!(
            r#"{{"iss":"{ISSUER}","org_id":"org_01","exp":{},"aud":{aud}}}"#,
            NOW + 300
        );
        api.reason(&api.token().raw_payload(claims.as_bytes()).mint())
    };
    for (aud, expected) in [
        (r"[]", None),
        (r#""""#, None),
        (r#"[""]"#, None),
        (r#""https://api.example.com""#, None),
        (r#"["x","https://api.example.com"]"#, None),
        (r#""https://other.example.com""#, Some(AudienceMismatch)),
        (r#"["","x"]"#, Some(AudienceMismatch)),
        ("null", Some(MalformedClaim)),
        ("1", Some(MalformedClaim)),
        ("{}", Some(MalformedClaim)),
        ("[1]", Some(MalformedClaim)),
    ] {
        assert_eq!(with(aud), expected, "C15: {aud}");
    }
}

#[test]
fn c15_the_word_needs_something_in_place_of_the_audience() {
    let problems = |settings: PolicyBuilder| -> Vec<PolicyErrorKind> {
        let built = settings.issuer(ISSUER).build();
        built
            .err()
            .map_or_else(Vec::new, |error| error.problems().to_vec())
    };
    let requiring = |required| problems(lenient().required_claim(required));
    assert_eq!(problems(lenient()), [NothingInPlaceOfAudience]);
    assert_eq!(
        problems(lenient().audience(API)),
        [NothingInPlaceOfAudience]
    );
    // Claims that every token has, that say what kind of token it is, or who the user is.
    for claim in [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "typ",
        "token_use",
        "scope",
        "scp",
        "active",
        "token_type",
        "ver",
        "tid",
        "acr",
        "amr",
        "auth_time",
        "nonce",
        "cnf",
        "email",
        "email_verified",
        "token_introspection",
    ] {
        assert_eq!(
            requiring(RequiredClaim::equals(claim, "a")),
            [NothingInPlaceOfAudience],
            "C15: {claim}"
        );
        let inside = ClaimPath::nested([claim, "a"]);
        assert_eq!(
            requiring(RequiredClaim::one_of(inside, ["a"])),
            [NothingInPlaceOfAudience],
            "C15: in {claim}"
        );
    }
    assert_eq!(
        requiring(RequiredClaim::present("org_id")),
        [NothingInPlaceOfAudience]
    );
    for claim in ["org_id", "azp", "client_id", "https://example.com/api"] {
        assert_eq!(
            requiring(RequiredClaim::equals(claim, "a")),
            [],
            "C15: {claim}"
        );
    }
    assert_eq!(problems(lenient().allowed_clients(["web"])), []);
    // Without this setting an audience is needed.
    assert_eq!(
        problems(Policy::builder().allowed_clients(["web"])),
        [NoAudience]
    );

    for profile in [Profile::Rfc9068, Profile::JwtSvid] {
        let issuer = if profile == Profile::JwtSvid {
            "spiffe://example.org"
        } else {
            ISSUER
        };
        let settings = lenient()
            .profile(profile)
            .allowed_clients(["web"])
            .issuer(issuer);
        let setting = "allow_jwt_without_audience";
        let error = settings.build().unwrap_err();
        assert_eq!(
            error.problems(),
            [FixedByProfile { setting, profile }],
            "C15: {profile}"
        );
    }
    // The same from the Validator.
    let issuer = signer(ISSUER, &clock());
    let built = Validator::builder()
        .issuer(issuer.to_issuer().policy(lenient()))
        .build();
    let error = built.expect_err("a problem");
    let expected = ConfigErrorKind::Policy(NothingInPlaceOfAudience);
    assert_eq!(problems_of(&error), [(Some(ISSUER.to_owned()), expected)]);
    let whole: Issuer = issuer.to_issuer().policy(of_organization());
    assert!(Validator::builder().issuer(whole).build().is_ok());
}

#[test]
fn c15_the_word_is_not_for_introspection_and_the_other_is_not_for_jwts() {
    let settings = Policy::builder()
        .allow_missing_audience()
        .allowed_clients(["web"]);
    let api = Api::with(settings);
    let rejection = api.judge(&api.token().without("aud").mint()).unwrap_err();
    assert_explained(
        &rejection,
        AudienceMissing,
        &[
            "allow_jwt_without_audience",
            "allow_missing_audience is for introspection",
        ],
        &[],
    );
}

#[test]
fn c15_the_explanation_names_the_word_and_what_to_pair_it_with() {
    let words = [
        "allow_jwt_without_audience",
        "allowed_clients",
        "required claim",
    ];
    let api = Api::new();
    for token in [
        workos(api.token()).mint(),
        clerk(api.token()).mint(),
        api.token().audience("").mint(),
    ] {
        assert_explained(
            &api.judge(&token).unwrap_err(),
            AudienceMissing,
            &words,
            &["introspection"],
        );
    }
    let api = Api::with(Policy::builder().profile(Profile::Rfc9068));
    let rejection = api.judge(&api.token().without("aud").mint()).unwrap_err();
    assert_explained(
        &rejection,
        AudienceMissing,
        &["profile rfc9068"],
        &["allow_"],
    );
    // A provider whose tokens can have one.
    let api = Api::trusting("https://sso.example.com/realms/shop", Policy::builder());
    let rejection = api.judge(&api.token().without("aud").mint()).unwrap_err();
    assert_explained(&rejection, AudienceMissing, &["Keycloak"], &["allow_"]);
}
