//! Rows C15, I04, I09 and I13: responses of the form that real authorization servers send.

use std::sync::Arc;

use resource_server::Reason::{
    AudienceMismatch, AudienceMissing, ClaimMismatch, ClientNotAllowed, Inactive, MalformedClaim,
    MalformedConfirmation, NotAnAccessToken, ProofOfPossessionMissing,
};
use resource_server::{
    AccessToken, Evidence, NumericDate, Policy, PolicyBuilder, Possession, PresentedToken, Reason,
    Rejection, claims::ClaimPath, claims::RequiredClaim, introspection::IntrospectionResponse,
    verify,
};
use serde_json::{Value, json};

use crate::support::{API, Api, ISSUER, NOW, THUMBPRINT, assert_explained};

fn judge_as(
    token: &str,
    response: &Value,
    policy: PolicyBuilder,
) -> Result<AccessToken, Rejection> {
    let response = IntrospectionResponse::from_json(&response.to_string()).expect("a response");
    let policy = policy.issuer(ISSUER).audience(API).build().unwrap();
    let token = PresentedToken::parse(token).unwrap();
    let evidence = Evidence::Introspection(Arc::new(response));
    verify(&token, &evidence, &policy, NumericDate::from_secs(NOW))?.confirm(&Possession::bearer())
}

fn judge(response: &Value, policy: PolicyBuilder) -> Result<AccessToken, Rejection> {
    judge_as("2YotnFZFEjr1zCsicMWpAA", response, policy)
}

fn reason(response: &Value, policy: PolicyBuilder) -> Option<Reason> {
    judge(response, policy)
        .err()
        .map(|rejection| rejection.reason())
}

fn lenient() -> PolicyBuilder {
    Policy::builder().allow_missing_audience()
}

#[test]
fn i09_a_name_of_the_access_token_is_its_type() {
    let typed = |token_type: &str| json!({"active": true, "aud": API, "token_type": token_type});
    for (token_type, expected) in [
        ("Bearer", None),
        ("access_token", None),
        ("Access_Token", None),
        ("access-token", None),
        ("ACCESS-TOKEN", None),
        ("urn:ietf:params:oauth:token-type:access_token", None),
        ("URN:IETF:params:oauth:token-type:access_token", None),
        // Compared whole.
        ("access", Some(NotAnAccessToken)),
        ("access_token ", Some(NotAnAccessToken)),
        ("accesstoken", Some(NotAnAccessToken)),
        ("access_token refresh_token", Some(NotAnAccessToken)),
        ("refresh_token", Some(NotAnAccessToken)),
        ("refresh-token", Some(NotAnAccessToken)),
        ("id_token", Some(NotAnAccessToken)),
        (
            "urn:ietf:params:oauth:token-type:refresh_token",
            Some(NotAnAccessToken),
        ),
        (
            "urn:ietf:params:oauth:token-type:id_token",
            Some(NotAnAccessToken),
        ),
        (
            "urn:ietf:params:oauth:token-type:jwt",
            Some(NotAnAccessToken),
        ),
        ("", Some(NotAnAccessToken)),
    ] {
        assert_eq!(
            reason(&typed(token_type), Policy::builder()),
            expected,
            "I09: {token_type:?}"
        );
    }
    // A key binding needs the type DPoP, or none.
    let bound = |token_type: Value| {
        let cnf = json!({"jkt": THUMBPRINT});
        let response = json!({"active": true, "aud": API, "token_type": token_type, "cnf": cnf});
        reason(&response, Policy::builder())
    };
    assert_eq!(bound(json!("access_token")), Some(MalformedConfirmation));
    assert_eq!(bound(json!("DPoP")), Some(ProofOfPossessionMissing));
    assert_eq!(bound(json!(null)), Some(ProofOfPossessionMissing));
}

#[test]
fn i04_null_of_an_optional_member_is_absence() {
    let response = |name: &str| {
        let mut response = json!({
            "active": true, "iss": ISSUER, "aud": API, "sub": "alice", "client_id": "web", "scope": "read",
            "token_type": "Bearer", "iat": NOW, "nbf": NOW, "exp": NOW + 300, "jti": "1",
        });
        response[name] = Value::Null;
        response
    };
    for name in [
        "iss",
        "sub",
        "client_id",
        "scope",
        "scp",
        "token_type",
        "iat",
        "nbf",
        "exp",
        "jti",
        "username",
        "act",
        "azp",
        "typ",
        "token_use",
        "nonce",
        "events",
        "state",
        "code",
        "acr",
        "auth_time",
        "groups",
        "realm_access",
        "email",
        "idtyp",
    ] {
        let roles = [
            ClaimPath::from("groups"),
            ClaimPath::nested(["realm_access", "roles"]),
        ];
        let policy = Policy::builder()
            .role_claims(roles)
            .principal_claims(["email", "sub"]);
        let token = judge(&response(name), policy)
            .unwrap_or_else(|refused| panic!("I04: {name}: {}", refused.explain()));
        assert!(token.roles().is_empty(), "I04: {name}");
        assert!(token.actor().is_none(), "I04: {name}");
        assert_eq!(token.subject().is_none(), name == "sub", "I04: {name}");
        assert_eq!(token.expires_at().is_none(), name == "exp", "I04: {name}");
        assert_eq!(token.scopes().is_empty(), name == "scope", "I04: {name}");
    }
    assert_eq!(
        reason(&response("aud"), Policy::builder()),
        Some(AudienceMissing)
    );
    assert_eq!(reason(&response("aud"), lenient()), None);
    assert_eq!(
        reason(&response("cnf"), Policy::builder()),
        Some(MalformedConfirmation)
    );
    let required = Policy::builder().required_claim(RequiredClaim::present("groups"));
    assert_eq!(
        reason(&response("groups"), required),
        Some(Reason::ClaimMissing)
    );
    let young = Policy::builder().max_token_age(std::time::Duration::from_secs(60));
    assert_eq!(reason(&response("iat"), young), Some(Reason::ClaimMissing));
    let nested = json!({
        "active": true, "aud": API, "realm_access": {"roles": null}, "act": {"sub": null, "iss": null, "act": null},
    });
    let policy = Policy::builder().role_claims([ClaimPath::nested(["realm_access", "roles"])]);
    let token = judge(&nested, policy).unwrap();
    assert!(token.roles().is_empty());
    assert_eq!(token.actor().unwrap().subject(), None);
    // In a JWT it is a claim of the wrong type.
    let api = Api::new();
    api.check("C11", "scope", &[(Some(Reason::MalformedScope), "null")]);
}

#[test]
fn c15_an_empty_audience_of_a_response_is_a_missing_one() {
    for aud in [json!(null), json!([]), json!(""), json!([""])] {
        let response = json!({"active": true, "aud": aud, "token_type": "Bearer"});
        assert_eq!(reason(&response, lenient()), None, "C15: {aud}");
        assert_eq!(
            reason(&response, Policy::builder()),
            Some(AudienceMissing),
            "C15: {aud}"
        );
    }
    let other = |aud: Value| json!({"active": true, "aud": aud, "token_type": "Bearer"});
    assert_eq!(
        reason(&other(json!("x")), lenient()),
        Some(AudienceMismatch)
    );
    assert_eq!(
        reason(&other(json!(["", "x"])), lenient()),
        Some(AudienceMismatch)
    );
    assert_eq!(reason(&other(json!(1)), lenient()), Some(MalformedClaim));
    // The setting for JWTs does not apply to responses.
    let of_jwts = Policy::builder()
        .allow_jwt_without_audience()
        .allowed_clients(["web"]);
    let response = json!({"active": true, "token_type": "Bearer", "client_id": "web"});
    assert_eq!(reason(&response, of_jwts), Some(AudienceMissing));
}

#[test]
fn i09_a_response_without_audience_and_type_needs_more() {
    let bare = json!({"active": true, "sub": "alice", "client_id": "web", "org": "acme"});
    let clients = || lenient().allowed_clients(["web"]);
    let claim =
        |name: &str, value: &str| lenient().required_claim(RequiredClaim::equals(name, value));
    assert_eq!(reason(&bare, lenient()), Some(AudienceMissing));
    assert_eq!(reason(&bare, clients()), None);
    assert_eq!(reason(&bare, claim("org", "acme")), None);
    assert_eq!(reason(&bare, claim("org", "globex")), Some(ClaimMismatch));
    assert_eq!(
        reason(&bare, lenient().allowed_clients(["app"])),
        Some(ClientNotAllowed)
    );
    // A claim that every response has says nothing.
    let active = lenient().required_claim(RequiredClaim::equals("active", true));
    assert_eq!(reason(&bare, active), Some(AudienceMissing));
    assert_eq!(reason(&bare, claim("sub", "alice")), Some(AudienceMissing));
    // The type says that it is an access token.
    for token_type in ["Bearer", "access_token"] {
        let mut typed = bare.clone();
        typed["token_type"] = json!(token_type);
        assert_eq!(reason(&typed, lenient()), None, "I09: {token_type}");
    }
    // A JWT says itself what it is and for which API.
    let api = Api::new();
    let jwt = api.token().mint();
    assert!(judge_as(&jwt, &json!({"active": true}), lenient()).is_ok());

    let rejection = judge(&bare, lenient()).unwrap_err();
    let words = [
        "neither aud nor token_type",
        "refresh tokens",
        "allowed_clients",
        "required claim",
    ];
    assert_explained(&rejection, AudienceMissing, &words, &["resource"]);
}

#[test]
fn c15_the_explanation_of_a_response_names_its_own_word() {
    let response = json!({"active": true, "sub": "alice", "token_type": "Bearer"});
    let rejection = judge(&response, Policy::builder()).unwrap_err();
    let words = [
        "allow_missing_audience",
        "allowed_clients",
        "required claim",
        "optional in RFC 7662",
    ];
    let none = [
        "resource or audience parameter",
        "allow_jwt_without_audience",
    ];
    assert_explained(&rejection, AudienceMissing, &words, &none);
}

#[test]
fn i13_the_explanation_of_an_inactive_token_names_the_usual_causes() {
    let rejection = judge(&json!({"active": false}), Policy::builder()).unwrap_err();
    let words = [
        "token_type_hint",
        "without_token_type_hint",
        "another client",
        "expired",
    ];
    assert_explained(&rejection, Inactive, &words, &[]);
}
