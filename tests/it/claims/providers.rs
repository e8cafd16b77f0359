//! Issuers of well-known providers (row C14), on tokens of the shape that their public
//! documentation shows. None of it was checked against the providers' running services.

use crate::support::{NOW, clock};
use crate::support::{Problem, problems_of};
use resource_server::Reason::{
    self, AudienceMismatch, AudienceMissing, ClaimMismatch, ClaimMissing, ClientNotAllowed,
    ExpiryMissing, IssuerMismatch, IssuerMissing, KeyOfAnotherIssuer, MalformedClaim,
    NotAnAccessToken, TenantMismatch, TenantNotAllowed, TypeNotAccepted,
};
use resource_server::{
    AccessToken, Error, Issuer, Policy, Profile, Rejection, StaticKeys, Tenants, Validator,
    claims::RequiredClaim,
    error::{ConfigErrorKind, PolicyErrorKind},
};
use resource_server::{providers, testing::TestIssuer};
use serde_json::{Value, json};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const APPLICATION: &str = "6e74172b-be56-4843-9ff4-e66a39bb12e3";
const NULL: Value = Value::Null;

/// An API that trusts one provider, and a token as that provider makes it.
struct Case {
    signer: TestIssuer,
    validator: Validator,
    typ: Option<&'static str>,
    payload: Value,
}

impl Case {
    /// `iss` and the times are put in.
    fn new(issuer: Issuer, audience: &str, typ: Option<&'static str>, payload: Value) -> Self {
        Self::with_keys(issuer, audience, typ, payload, str::to_owned)
    }

    fn with_keys(
        issuer: Issuer,
        audience: &str,
        typ: Option<&'static str>,
        mut payload: Value,
        change: impl Fn(&str) -> String,
    ) -> Self {
        let clock = clock();
        let signer = TestIssuer::new("https://unused.example.com", "unused").clock(clock.clone());
        let keys = StaticKeys::from_jwks(&change(&signer.jwks())).unwrap();
        let mut builder = Validator::builder().clock(clock).issuer(issuer.keys(keys));
        if !audience.is_empty() {
            builder = builder.audience(audience);
        }
        payload["iat"] = json!(NOW - 60);
        payload["exp"] = json!(NOW + 3540);
        Case {
            signer,
            validator: builder.build().unwrap(),
            typ,
            payload,
        }
    }

    fn judge_as(&self, typ: Option<&str>, payload: &Value) -> Result<AccessToken, Rejection> {
        let token = self
            .signer
            .token()
            .raw_payload(payload.to_string().as_bytes());
        let token = match typ {
            Some(typ) => token.typ(typ),
            None => token.without_header("typ"),
        };
        match self.validator.validate_cached(&token.mint()) {
            Some(Ok(token)) => Ok(token),
            Some(Err(Error::Rejected(rejection))) => Err(rejection),
            other => panic!("no verdict: {other:?}"),
        }
    }

    #[track_caller]
    fn accepted(&self) -> AccessToken {
        self.judge_as(self.typ, &self.payload)
            .unwrap_or_else(|rejection| panic!("C14: {}", rejection.explain()))
    }

    /// The same token but for one claim, by its path; null leaves it out.
    fn changed(&self, path: &str, value: &Value) -> Value {
        let mut payload = self.payload.clone();
        let (parent, name) = path.rsplit_once(' ').unwrap_or(("", path));
        let parent = parent
            .split_terminator(' ')
            .fold(&mut payload, |inner, name| &mut inner[name]);
        if value.is_null() {
            parent.as_object_mut().unwrap().remove(name);
        } else {
            parent[name] = value.clone();
        }
        payload
    }

    #[track_caller]
    fn refused(&self, table: &[(&str, Value, Reason)]) {
        for (path, value, reason) in table {
            let verdict = self.judge_as(self.typ, &self.changed(path, value));
            let found = verdict.err().map(|rejection| rejection.reason());
            assert_eq!(found, Some(*reason), "C14: {path} = {value}");
        }
    }

    #[track_caller]
    fn also_accepted(&self, path: &str, value: &Value) -> AccessToken {
        self.judge_as(self.typ, &self.changed(path, value))
            .unwrap_or_else(|rejection| panic!("C14: {path} = {value}: {}", rejection.explain()))
    }
}

/// Client, principal, scopes, roles.
#[track_caller]
fn assert_reads(
    token: &AccessToken,
    client: Option<&str>,
    principal: Option<&str>,
    scopes: &[&str],
    roles: &[&str],
) {
    assert_eq!(token.client_id(), client, "C14: client");
    assert_eq!(token.principal(), principal, "C14: principal");
    let found: Vec<_> = token.scopes().iter().collect();
    assert_eq!(found, scopes, "C14: scopes");
    let found: Vec<_> = token.roles().iter().collect();
    assert_eq!(found, roles, "C14: roles");
}

fn entra_v2() -> Value {
    json!({
        "aud": APPLICATION,
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "nbf": NOW - 60,
        "aio": "AXQAi/8IAAAAFm+E/QTG+gFnVxLjWdw8K+61AGrSOuMMF6ebaMj7XO3I",
        "azp": "11112222-bbbb-3333-cccc-4444dddd5555",
        "azpacr": "0",
        "name": "Abe Lincoln",
        "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
        "preferred_username": "abeli@example.com",
        "rh": "I",
        "roles": ["Orders.Approve"],
        "scp": "access_as_user orders.read",
        "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
        "tid": TENANT,
        "uti": "fqiBqXLPj0eQa82S-IYFAA",
        "ver": "2.0"
    })
}

#[test]
fn c14_entra_id_v2() {
    let issuer = || providers::entra_id_v2(Tenants::only([TENANT]));
    let case = Case::new(issuer(), APPLICATION, Some("JWT"), entra_v2());
    let token = case.accepted();
    assert_reads(
        &token,
        Some("11112222-bbbb-3333-cccc-4444dddd5555"),
        Some("690222be-ff1a-4d56-abd1-7e4f7d38e474"),
        &["access_as_user", "orders.read"],
        &["Orders.Approve"],
    );
    assert_eq!(token.tenant(), Some(TENANT));
    // A daemon's token has no scopes. Both are required where a token may have either.
    let daemon = case.also_accepted("scp", &NULL);
    assert!(daemon.scopes().is_empty() && daemon.has_role("Orders.Approve"));
    let other = "11111111-2222-3333-4444-555555555555";
    case.refused(&[
        // As an ID token of the same application: it has neither `azp` nor scopes.
        ("azp", NULL, ClaimMissing),
        ("azp", json!(1), MalformedClaim),
        ("nonce", json!("n"), NotAnAccessToken),
        ("ver", json!("1.0"), ClaimMismatch),
        ("ver", NULL, ClaimMissing),
        ("ver", json!(2.0), ClaimMismatch),
        ("tid", json!(other), TenantMismatch),
        (
            "iss",
            json!(format!("https://login.microsoftonline.com/{other}/v2.0")),
            TenantNotAllowed,
        ),
        (
            "iss",
            json!(format!("https://sts.windows.net/{TENANT}/")),
            IssuerMismatch,
        ),
        (
            "iss",
            json!(format!("https://login.microsoftonline.com/{TENANT}/v2.0/")),
            IssuerMismatch,
        ),
        (
            "iss",
            json!("https://login.microsoftonline.com/{tenantid}/v2.0"),
            IssuerMismatch,
        ),
        (
            "aud",
            json!(format!("api://{APPLICATION}")),
            AudienceMismatch,
        ),
        (
            "aud",
            json!("00000003-0000-0000-c000-000000000000"),
            AudienceMismatch,
        ),
        ("roles", json!({"Orders.Approve": true}), MalformedClaim),
    ]);
}

#[test]
fn p07_entra_ids_other_version_is_told_of_any_tenant() {
    let issuer = providers::entra_id_v2(Tenants::only([TENANT]));
    let case = Case::new(issuer, APPLICATION, Some("JWT"), entra_v2());
    let older = json!(format!("https://sts.windows.net/{TENANT}/"));
    let rejection = case
        .judge_as(case.typ, &case.changed("iss", &older))
        .unwrap_err();
    let explained = rejection.explain();
    assert_eq!(rejection.reason(), IssuerMismatch);
    assert!(
        explained.contains("requestedAccessTokenVersion"),
        "P07: {explained}"
    );
}

/// The common key set says of each key whose it is: any tenant's, or one tenant's alone.
#[test]
fn c10_entra_ids_keys_say_whose_they_are() {
    let issuer = || providers::entra_id_v2(Tenants::only([TENANT]));
    let stated = |of: &'static str| {
        Case::with_keys(
            issuer(),
            APPLICATION,
            Some("JWT"),
            entra_v2(),
            move |jwks| {
                let mut set: Value = serde_json::from_str(jwks).unwrap();
                set["keys"][0]["issuer"] = of.into();
                set.to_string()
            },
        )
    };
    stated("https://login.microsoftonline.com/{tenantid}/v2.0").accepted();
    let case =
        stated("https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0");
    case.refused(&[("aio", json!("x"), KeyOfAnotherIssuer)]);
}

/// The sets with an `issuer` member that Microsoft documents, for issuers configured by their exact
/// names. Keys of version 2.0 sets sign tokens of both versions, and version 1.0 names differ from
/// what those keys state.
#[test]
fn c10_entra_ids_key_sets_serve_exact_names() {
    const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let v2 = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let v1 = |tenant: &str| format!("https://sts.windows.net/{tenant}/");
    let us = |tenant: &str| format!("https://login.microsoftonline.us/{tenant}/v2.0");
    let china = |tenant: &str| format!("https://login.partner.microsoftonline.cn/{tenant}/v2.0");
    let china_v1 = |tenant: &str| format!("https://sts.chinacloudapi.cn/{tenant}/");
    let any = "{tenantid}";
    for (name, stated, is_good) in [
        // /common/discovery/v2.0/keys: a template, or one tenant.
        (v2(TENANT), Some(v2(any)), true),
        (v2(TENANT), Some(v2(TENANT)), true),
        (v2(TENANT), Some(v2(PERSONAL)), false),
        (v2(PERSONAL), Some(v2(PERSONAL)), true),
        // The same set for tokens of version 1.0.
        (v1(TENANT), Some(v2(any)), true),
        (v1(TENANT), Some(v2(TENANT)), true),
        (v1(TENANT), Some(v2(PERSONAL)), false),
        (v1(PERSONAL), Some(v2(PERSONAL)), true),
        // /common/discovery/keys: its keys state no issuer.
        (v1(TENANT), None, true),
        (v2(TENANT), None, true),
        // National clouds.
        (v1(TENANT), Some(us(any)), true),
        (v1(TENANT), Some(us(PERSONAL)), false),
        (us(TENANT), Some(us(any)), true),
        (us(TENANT), Some(v2(any)), false),
        (china_v1(TENANT), Some(china(any)), true),
        (china_v1(TENANT), Some(v2(any)), false),
        (v1(TENANT), Some(china(any)), false),
        // A stated name of version 1.0 says nothing about version 2.0.
        (v1(TENANT), Some(v1(any)), true),
        (v2(TENANT), Some(v1(any)), false),
        (v1(TENANT), Some(v2("a/{tenantid}")), false),
    ] {
        let payload = json!({"aud": APPLICATION, "iss": name, "tid": name.split('/').nth(3)});
        let case = Case::with_keys(
            Issuer::new(&name),
            APPLICATION,
            Some("JWT"),
            payload,
            |jwks| {
                let mut set: Value = serde_json::from_str(jwks).unwrap();
                if let Some(stated) = &stated {
                    set["keys"][0]["issuer"] = json!(stated);
                }
                set.to_string()
            },
        );
        let judged = case.judge_as(case.typ, &case.payload);
        let found = judged.err().map(|rejection| rejection.reason());
        let expected = (!is_good).then_some(KeyOfAnotherIssuer);
        assert_eq!(found, expected, "{name} by a key of {stated:?}");
    }
}

#[test]
fn c14_entra_id_v1() {
    let payload = json!({
        "aud": "api://6e74172b-be56-4843-9ff4-e66a39bb12e3",
        "iss": format!("https://sts.windows.net/{TENANT}/"),
        "nbf": NOW - 60,
        "acr": "1",
        "aio": "AXQAi/8IAAAAFm+E/QTG+gFnVxLjWdw8K+61AGrSOuMMF6ebaMj7XO3I",
        "amr": ["pwd"],
        "appid": APPLICATION,
        "appidacr": "0",
        "email": "AbeLi@example.com",
        "family_name": "Lincoln",
        "given_name": "Abe (MSFT)",
        "idp": "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
        "ipaddr": "222.222.222.22",
        "name": "abeli",
        "oid": "02223b6b-aa1d-42d4-9ec0-1b2bb9194438",
        "rh": "I",
        "scp": "user_impersonation",
        "sub": "l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA",
        "tid": TENANT,
        "unique_name": "abeli@example.com",
        "uti": "FVsGxYXI30-TuikuuUoFAA",
        "ver": "1.0"
    });
    let case = Case::new(
        providers::entra_id_v1(Tenants::any()),
        "api://6e74172b-be56-4843-9ff4-e66a39bb12e3",
        Some("JWT"),
        payload,
    );
    let token = case.accepted();
    let principal = Some("02223b6b-aa1d-42d4-9ec0-1b2bb9194438");
    assert_reads(
        &token,
        Some(APPLICATION),
        principal,
        &["user_impersonation"],
        &[],
    );
    assert_eq!(token.tenant(), Some(TENANT));
    case.refused(&[
        ("appid", NULL, ClaimMissing),
        ("ver", json!("2.0"), ClaimMismatch),
        (
            "tid",
            json!("11111111-2222-3333-4444-555555555555"),
            TenantMismatch,
        ),
        (
            "iss",
            json!(format!("https://sts.windows.net/{TENANT}")),
            IssuerMismatch,
        ),
        (
            "aud",
            json!("https://graph.microsoft.com"),
            AudienceMismatch,
        ),
    ]);
}

#[test]
fn c14_keycloak() {
    let payload = json!({
        "jti": "onrtac:5ec1c7a5-1d9e-4bd4-ae6f-0d0cfa2bcd5c",
        "iss": "https://sso.example.com/realms/shop",
        "aud": ["orders-api", "account"],
        "sub": "1a3a2b3c-64b4-4b2e-a8f5-3ad2e9b0f7f1",
        "typ": "Bearer",
        "azp": "web",
        "sid": "6b9a3bd0-4c7a-4ab2-8a39-8f8b3f1ad1a7",
        "acr": "1",
        "allowed-origins": ["https://shop.example.com"],
        "realm_access": {"roles": ["offline_access", "clerk"]},
        "resource_access": {
            "orders-api": {"roles": ["approver"]},
            "account": {"roles": ["manage-account"]}
        },
        "scope": "openid profile orders:read",
        "email_verified": false,
        "name": "Alice Example",
        "preferred_username": "alice"
    });
    let realm = "https://sso.example.com/realms/shop";
    let case = Case::new(
        providers::keycloak(realm, "orders-api"),
        "orders-api",
        Some("JWT"),
        payload,
    );
    assert_reads(
        &case.accepted(),
        Some("web"),
        Some("alice"),
        &["openid", "profile", "orders:read"],
        &["approver"],
    );
    let both = Case::new(
        providers::keycloak_with_realm_roles(realm, "orders-api"),
        "orders-api",
        Some("JWT"),
        case.payload.clone(),
    );
    let roles = both.accepted();
    let roles: Vec<_> = roles.roles().iter().collect();
    assert_eq!(roles, ["offline_access", "clerk", "approver"]);
    // An administrator of the realm is not one of this client.
    let admin = json!({"roles": ["admin"]});
    assert!(!case.also_accepted("realm_access", &admin).has_role("admin"));
    assert!(both.also_accepted("realm_access", &admin).has_role("admin"));
    // Before version 25; of a DPoP client (bound, so refused elsewhere); without the profile scope.
    case.also_accepted("nonce", &json!("n-0S6_WzA2Mj"));
    case.also_accepted("typ", &json!("DPoP"));
    let bare = case.also_accepted("preferred_username", &NULL);
    assert_eq!(
        bare.principal(),
        Some("1a3a2b3c-64b4-4b2e-a8f5-3ad2e9b0f7f1")
    );
    assert!(
        case.also_accepted("realm_access", &NULL)
            .has_role("approver")
    );
    // A setting of the API's own leaves the others.
    let settings = Policy::builder().clock_skew(std::time::Duration::from_secs(5));
    let issuer = providers::keycloak(realm, "orders-api").policy(settings);
    let own = Case::new(issuer, "orders-api", Some("JWT"), case.payload.clone());
    assert!(own.also_accepted("nonce", &json!("n")).has_role("approver"));
    own.refused(&[("typ", NULL, ClaimMissing)]);
    let typed = case.judge_as(Some("at+jwt"), &case.payload);
    assert!(typed.is_ok(), "C14: with the type of RFC 9068 switched on");
    case.refused(&[
        ("typ", json!("ID"), NotAnAccessToken),
        ("typ", json!("Refresh"), NotAnAccessToken),
        ("typ", json!("Offline"), NotAnAccessToken),
        ("typ", json!("Logout"), NotAnAccessToken),
        ("typ", json!("Serialized-ID"), ClaimMismatch),
        ("typ", json!("bearer"), ClaimMismatch),
        ("typ", NULL, ClaimMissing),
        ("aud", json!("account"), AudienceMismatch),
        ("aud", NULL, AudienceMissing),
        (
            "iss",
            json!("https://sso.example.com/realms/test"),
            IssuerMismatch,
        ),
        ("resource_access orders-api", json!(1), MalformedClaim),
        ("resource_access", json!([]), MalformedClaim),
    ]);
    // What is not read refuses nothing.
    case.also_accepted("realm_access", &json!([]));
    both.refused(&[("realm_access roles", json!({}), MalformedClaim)]);
}

#[test]
fn c14_cognito() {
    let payload = json!({
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "device_key": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "cognito:groups": ["clerks"],
        "iss": "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example",
        "version": 2,
        "client_id": "1example23456789",
        "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "event_id": "bbbbbbbb-cccc-dddd-eeee-aaaaaaaaaaaa",
        "token_use": "access",
        "scope": "phone openid orders/read",
        "auth_time": NOW - 60,
        "jti": "cccccccc-dddd-eeee-aaaa-bbbbbbbbbbbb",
        "username": "my-test-user"
    });
    let pool = || providers::cognito("us-west-2", "us-west-2_example", ["1example23456789"]);
    let case = Case::new(pool(), "", None, payload.clone());
    assert_reads(
        &case.accepted(),
        Some("1example23456789"),
        Some("my-test-user"),
        &["phone", "openid", "orders/read"],
        &["clerks"],
    );
    let machine = case.also_accepted("username", &NULL);
    assert_eq!(
        machine.principal(),
        Some("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
    );
    case.refused(&[
        ("token_use", json!("id"), NotAnAccessToken),
        ("client_id", json!("other"), ClientNotAllowed),
        ("client_id", NULL, ClientNotAllowed),
        ("aud", json!("1example23456789"), AudienceMismatch),
        (
            "iss",
            json!("https://cognito-idp.us-west-2.amazonaws.com/us-west-2_other"),
            IssuerMismatch,
        ),
    ]);
    // The policy's clients replace the constructor's; the constructor's profile stays.
    let other = pool().policy(Policy::builder().allowed_clients(["other"]));
    let case = Case::new(other, "", None, payload);
    case.refused(&[("version", json!(2), ClientNotAllowed)]);
    case.also_accepted("client_id", &json!("other"));
}

#[test]
fn c14_auth0() {
    let payload = json!({
        "iss": "https://example.eu.auth0.com/",
        "sub": "auth0|123456",
        "aud": ["https://api.example.com", "https://example.eu.auth0.com/userinfo"],
        "azp": "my_client_id",
        "scope": "openid profile read:orders",
        "permissions": ["read:orders", "approve:orders"]
    });
    let api = "https://api.example.com";
    let case = Case::new(
        providers::auth0("example.eu.auth0.com"),
        api,
        Some("JWT"),
        payload.clone(),
    );
    let scopes = ["openid", "profile", "read:orders"];
    assert_reads(
        &case.accepted(),
        Some("my_client_id"),
        Some("auth0|123456"),
        &scopes,
        &[],
    );
    case.refused(&[
        ("iss", json!("https://example.eu.auth0.com"), IssuerMismatch),
        ("aud", json!("my_client_id"), AudienceMismatch),
        ("nonce", json!("n"), NotAnAccessToken),
    ]);
    let permissions = Policy::builder().role_claims(["permissions"]);
    let issuer = providers::auth0("example.eu.auth0.com").policy(permissions);
    let case = Case::new(issuer, api, Some("JWT"), payload.clone());
    assert!(case.accepted().has_role("approve:orders"));

    // The profile of RFC 9068, as Auth0 offers it.
    let mut strict = payload;
    strict["client_id"] = strict["azp"].take();
    strict.as_object_mut().unwrap().remove("azp");
    strict["jti"] = json!("8gpqtCI9wOHVPO4YDQPFl0");
    let profile = Policy::builder().profile(Profile::Rfc9068);
    let issuer = providers::auth0("login.example.com").policy(profile);
    strict["iss"] = json!("https://login.example.com/");
    let case = Case::new(issuer, api, Some("at+jwt"), strict);
    assert_eq!(case.accepted().client_id(), Some("my_client_id"));
    let plain = case.judge_as(Some("JWT"), &case.payload).unwrap_err();
    assert_eq!(plain.reason(), TypeNotAccepted);
}

#[test]
fn c14_okta() {
    let payload = json!({
        "ver": 1,
        "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
        "iss": "https://example.okta.com/oauth2/default",
        "aud": "api://default",
        "sub": "john.doe@example.com",
        "cid": "nmdP1fcyvdVO11AL7ECm",
        "uid": "00ujmkLgagxeRrAg20g3",
        "scp": ["openid", "orders:read"],
        "auth_time": NOW - 100,
        "groups": ["Everyone", "clerks"]
    });
    let issuer = providers::okta("example.okta.com", "default");
    let case = Case::new(issuer, "api://default", None, payload);
    assert_reads(
        &case.accepted(),
        Some("nmdP1fcyvdVO11AL7ECm"),
        Some("john.doe@example.com"),
        &["openid", "orders:read"],
        &["Everyone", "clerks"],
    );
    case.refused(&[
        // As an ID token.
        ("aud", json!("nmdP1fcyvdVO11AL7ECm"), AudienceMismatch),
        ("at_hash", json!("x"), NotAnAccessToken),
        ("iss", json!("https://example.okta.com"), IssuerMismatch),
        ("aud", json!("https://example.okta.com"), AudienceMismatch),
    ]);
}

#[test]
fn c14_google_service_accounts() {
    let account = "billing@example-project.iam.gserviceaccount.com";
    let payload = json!({
        "aud": "https://api.example.com",
        "azp": "104029292853099978293",
        "email": account,
        "email_verified": true,
        "iss": "https://accounts.google.com",
        "sub": "104029292853099978293"
    });
    let api = "https://api.example.com";
    let case = Case::new(providers::google([account]), api, Some("JWT"), payload);
    let id = Some("104029292853099978293");
    assert_reads(&case.accepted(), id, Some(account), &[], &[]);
    case.refused(&[
        (
            "email",
            json!("other@example-project.iam.gserviceaccount.com"),
            ClaimMismatch,
        ),
        (
            "email",
            json!("Billing@example-project.iam.gserviceaccount.com"),
            ClaimMismatch,
        ),
        ("email", json!([account]), ClaimMismatch),
        ("email", NULL, ClaimMissing),
        ("email_verified", json!(false), ClaimMismatch),
        ("email_verified", json!("true"), ClaimMismatch),
        ("email_verified", NULL, ClaimMissing),
        ("aud", json!("https://other.example.com"), AudienceMismatch),
        ("iss", json!("accounts.google.com"), IssuerMismatch),
        // As an ID token that a person's client gets.
        ("at_hash", json!("HK6E_P6Dh8Y93mRNtsDB1Q"), NotAnAccessToken),
    ]);
}

#[test]
fn c14_firebase() {
    let payload = json!({
        "iss": "https://securetoken.google.com/example-project",
        "aud": "example-project",
        "auth_time": NOW - 100,
        "user_id": "6ZqvWmAVvcPCTz0zKwCS5kRSvQ02",
        "sub": "6ZqvWmAVvcPCTz0zKwCS5kRSvQ02",
        "email": "alice@example.com",
        "email_verified": true,
        "firebase": {"identities": {"email": ["alice@example.com"]}, "sign_in_provider": "password"}
    });
    let case = Case::new(
        providers::firebase("example-project"),
        "",
        Some("JWT"),
        payload.clone(),
    );
    let user = Some("6ZqvWmAVvcPCTz0zKwCS5kRSvQ02");
    assert_reads(&case.accepted(), None, user, &[], &[]);
    case.refused(&[
        ("sub", NULL, ClaimMissing),
        ("auth_time", NULL, ClaimMissing),
        ("aud", json!("other-project"), AudienceMismatch),
        (
            "iss",
            json!("https://securetoken.google.com/other-project"),
            IssuerMismatch,
        ),
        (
            "iss",
            json!("https://session.firebase.google.com/example-project"),
            IssuerMismatch,
        ),
    ]);
    // The project must be in `aud`, with any audience that the Validator has for other issuers.
    let issuer = providers::firebase("example-project");
    let case = Case::new(issuer, "https://api.example.com", Some("JWT"), payload);
    case.accepted();
    case.refused(&[("aud", json!("https://api.example.com"), AudienceMismatch)]);
}

#[test]
fn c14_kubernetes_service_accounts() {
    let name = "https://kubernetes.default.svc.cluster.local";
    let payload = json!({
        "aud": ["orders-api"],
        "iss": name,
        "jti": "aed34954-b33a-4142-b1ec-389d6bbb4936",
        "kubernetes.io": {
            "namespace": "shop",
            "node": {"name": "my-node", "uid": "646e7c5e-32d6-4d42-9dbd-e504e6cbe6b1"},
            "pod": {"name": "my-pod", "uid": "5e0bd49b-f040-43b0-99b7-22765a53f7f3"},
            "serviceaccount": {"name": "web", "uid": "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798"}
        },
        "nbf": NOW - 60,
        "sub": "system:serviceaccount:shop:web"
    });
    let issuer = providers::kubernetes(name, ["shop", "billing"]);
    let case = Case::new(issuer, "orders-api", None, payload.clone());
    let account = Some("system:serviceaccount:shop:web");
    assert_reads(&case.accepted(), None, account, &[], &[]);
    case.refused(&[
        ("kubernetes.io namespace", json!("default"), ClaimMismatch),
        ("kubernetes.io namespace", NULL, ClaimMissing),
        ("kubernetes.io serviceaccount name", NULL, ClaimMissing),
        ("kubernetes.io", json!("shop"), ClaimMissing),
        ("kubernetes.io", NULL, ClaimMissing),
        ("sub", NULL, ClaimMissing),
        ("aud", json!([name]), AudienceMismatch),
        // As old secrets hold them.
        ("aud", NULL, AudienceMissing),
        ("exp", NULL, ExpiryMissing),
        ("iss", json!("kubernetes/serviceaccount"), IssuerMismatch),
    ]);
    let one = RequiredClaim::equals("sub", "system:serviceaccount:shop:checkout");
    let issuer =
        providers::kubernetes(name, ["shop"]).policy(Policy::builder().required_claim(one));
    let case = Case::new(issuer, "orders-api", None, payload);
    case.refused(&[
        ("jti", json!("x"), ClaimMismatch),
        // The provider's claims are required in addition to the policy's.
        ("kubernetes.io namespace", json!("billing"), ClaimMismatch),
    ]);
    case.also_accepted("sub", &json!("system:serviceaccount:shop:checkout"));
}

#[test]
fn c12_github_actions_repository_ref_and_environment() {
    let payload = json!({
        "jti": "example-id",
        "sub": "repo:octo-org/octo-repo:environment:prod",
        "environment": "prod",
        "aud": "https://deploy.example.com",
        "ref": "refs/heads/main",
        "sha": "example-sha",
        "repository": "octo-org/octo-repo",
        "repository_owner": "octo-org",
        "actor_id": "12",
        "repository_visibility": "private",
        "repository_id": "74",
        "repository_owner_id": "65",
        "run_id": "example-run-id",
        "run_number": "10",
        "run_attempt": "2",
        "runner_environment": "github-hosted",
        "actor": "octocat",
        "workflow": "example-workflow",
        "head_ref": "",
        "base_ref": "",
        "event_name": "workflow_dispatch",
        "ref_type": "branch",
        "job_workflow_ref": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
        "iss": "https://token.actions.githubusercontent.com"
    });
    let api = "https://deploy.example.com";
    let issuer = || providers::github_actions("octo-org/octo-repo");
    let case = Case::new(issuer(), api, Some("JWT"), payload.clone());
    let subject = Some("repo:octo-org/octo-repo:environment:prod");
    assert_reads(&case.accepted(), None, subject, &[], &[]);
    case.refused(&[
        ("repository", json!("octo-org/octo-repo2"), ClaimMismatch),
        ("repository", json!("evil/octo-repo"), ClaimMismatch),
        ("repository", json!("Octo-org/octo-repo"), ClaimMismatch),
        ("repository", NULL, ClaimMissing),
        (
            "aud",
            json!("https://github.com/octo-org"),
            AudienceMismatch,
        ),
    ]);
    let narrow = Policy::builder()
        .required_claim(RequiredClaim::equals("ref", "refs/heads/main"))
        .required_claim(RequiredClaim::equals("environment", "prod"))
        .required_claim(RequiredClaim::equals("repository_owner_id", "65"));
    let case = Case::new(issuer().policy(narrow), api, Some("JWT"), payload);
    case.accepted();
    case.refused(&[
        ("ref", json!("refs/heads/feature"), ClaimMismatch),
        ("ref", json!("refs/pull/42/merge"), ClaimMismatch),
        ("environment", NULL, ClaimMissing),
        ("repository_owner_id", json!("66"), ClaimMismatch),
        ("repository", json!("octo-org/other"), ClaimMismatch),
    ]);
}

#[test]
fn c07_spiffe() {
    let payload = json!({
        "aud": ["spiffe://example.org/orders"],
        "sub": "spiffe://example.org/web"
    });
    let to_svid = |jwks: &str| {
        let mut set: Value = serde_json::from_str(jwks).unwrap();
        for key in set["keys"].as_array_mut().unwrap() {
            key["use"] = "jwt-svid".into();
        }
        set.to_string()
    };
    let api = "spiffe://example.org/orders";
    let issuer = providers::spiffe("example.org");
    let case = Case::with_keys(issuer, api, Some("JWT"), payload, to_svid);
    let workload = Some("spiffe://example.org/web");
    assert_reads(&case.accepted(), None, workload, &[], &[]);
    case.refused(&[
        ("sub", json!("spiffe://other.org/web"), IssuerMismatch),
        ("sub", NULL, IssuerMissing),
        ("aud", json!("spiffe://example.org/other"), AudienceMismatch),
    ]);
}

/// What the table in the documentation says of others holds.
#[test]
fn c14_settings_by_hand_as_the_table_has_them() {
    let api = "https://api.example.com";
    let name = "https://auth.pingone.eu/67a16d8a-4a1b-4a4b-9ad7-9f4e64e7f2f1/as";
    let payload = json!({
        "client_id": "c0ffee00-1111-2222-3333-444455556666",
        "iss": name,
        "jti": "b5ba9a96-2c3d-4c3c-9c54-b7e3bd27ff1e",
        "aud": [api],
        "scope": "orders:read",
        "sid": "b4f3c6a2-1111-2222-3333-444455556666",
        "sub": "1d2c3b4a-1111-2222-3333-444455556666"
    });
    let case = Case::new(Issuer::new(name), api, None, payload);
    let client = Some("c0ffee00-1111-2222-3333-444455556666");
    let user = Some("1d2c3b4a-1111-2222-3333-444455556666");
    assert_reads(&case.accepted(), client, user, &["orders:read"], &[]);
    assert_eq!(case.also_accepted("sub", &NULL).principal(), None);

    let name = "https://example.zitadel.cloud";
    let roles = "urn:zitadel:iam:org:project:344374183645413380:roles";
    let payload = json!({
        "iss": name,
        "sub": "345377791925026818",
        "aud": ["344374183645413380"],
        "jti": "V2_345378",
        "client_id": "344373908297744388",
        roles: {"clerk": {"344373908297744388": "example.org"}}
    });
    let case = Case::new(
        Issuer::new(name),
        "344374183645413380",
        Some("JWT"),
        payload,
    );
    let token = case.accepted();
    let user = Some("345377791925026818");
    assert_reads(&token, Some("344373908297744388"), user, &[], &[]);
    assert!(token.claim(roles).unwrap()["clerk"].is_object());
}

#[test]
fn c14_more_settings_by_hand_as_the_table_has_them() {
    let api = "https://api.example.com";
    let name = "https://auth.example.com/application/o/orders/";
    let payload = json!({
        "iss": name,
        "sub": "9c1d5a",
        "aud": "authentik-client",
        "azp": "authentik-client",
        "uid": "Wk2",
        "scope": "openid profile",
        "groups": ["clerks"]
    });
    let settings = Policy::builder()
        .role_claims(["groups"])
        .required_claim(RequiredClaim::present("scope"));
    let issuer = Issuer::new(name).policy(settings);
    let case = Case::new(issuer, "authentik-client", Some("JWT"), payload);
    let client = Some("authentik-client");
    assert_reads(
        &case.accepted(),
        client,
        Some("9c1d5a"),
        &["openid", "profile"],
        &["clerks"],
    );
    case.refused(&[("scope", NULL, ClaimMissing)]);

    let name = "https://hydra.example.com/";
    let payload = json!({
        "aud": [api],
        "client_id": "web",
        "ext": {"roles": ["clerk"]},
        "iss": name,
        "jti": "f1a2",
        "nbf": NOW - 60,
        "scp": ["offline", "orders:read"],
        "sub": "alice"
    });
    let roles = resource_server::claims::ClaimPath::nested(["ext", "roles"]);
    let issuer = Issuer::new(name).policy(Policy::builder().role_claims([roles]));
    let case = Case::new(issuer, api, Some("JWT"), payload);
    let scopes = ["offline", "orders:read"];
    assert_reads(
        &case.accepted(),
        Some("web"),
        Some("alice"),
        &scopes,
        &["clerk"],
    );

    let name = "https://gitlab.com";
    let payload = json!({
        "namespace_id": "72",
        "namespace_path": "my-group",
        "project_id": "20",
        "project_path": "my-group/my-project",
        "user_id": "1",
        "pipeline_source": "push",
        "ref": "main",
        "ref_type": "branch",
        "ref_path": "refs/heads/main",
        "ref_protected": "true",
        "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
        "iss": name,
        "nbf": NOW - 60,
        "sub": "project_path:my-group/my-project:ref_type:branch:ref:main",
        "aud": api
    });
    let settings = Policy::builder()
        .required_claim(RequiredClaim::equals("project_id", "20"))
        .required_claim(RequiredClaim::equals("ref_protected", "true"));
    let case = Case::new(
        Issuer::new(name).policy(settings),
        api,
        Some("JWT"),
        payload,
    );
    case.accepted();
    case.refused(&[
        ("project_id", json!("21"), ClaimMismatch),
        ("ref_protected", json!("false"), ClaimMismatch),
    ]);
}

/// A value in a configuration file applies, also where it is false.
#[test]
fn c12_what_a_provider_allows_can_be_taken_back() {
    let realm = "https://sso.example.com/realms/shop";
    let payload = json!({"iss": realm, "aud": "orders-api", "sub": "1a3a2b3c", "typ": "Bearer", "azp": "web"});
    let settings = serde_json::from_str(r#"{"allow_id_token_claims": false}"#).unwrap();
    let issuer = providers::keycloak(realm, "orders-api").policy(settings);
    let case = Case::new(issuer, "orders-api", Some("JWT"), payload);
    case.accepted();
    case.refused(&[("nonce", json!("n"), NotAnAccessToken)]);
}

/// Names that a provider's tokens have in addition to the one that the constructor knows.
#[test]
fn c14_other_kinds_of_issuer_by_hand_as_the_documentation_has_them() {
    let name = "https://issuer-cognito-idp.us-west-2.amazonaws.com/us-west-2_example";
    let payload = json!({
        "iss": name,
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "client_id": "1example23456789",
        "token_use": "access",
        "scope": "orders/read"
    });
    let pool = providers::cognito("us-west-2", "us-west-2_example", ["1example23456789"]);
    let case = Case::new(pool, "", None, payload.clone());
    case.refused(&[("scope", json!("orders/read"), IssuerMismatch)]);
    let settings = Policy::builder()
        .profile(Profile::Cognito)
        .allowed_clients(["1example23456789"]);
    let case = Case::new(Issuer::new(name).policy(settings), "", None, payload);
    case.accepted();
    case.refused(&[
        ("token_use", json!("id"), NotAnAccessToken),
        ("client_id", json!("other"), ClientNotAllowed),
    ]);

    let name = "https://oidc.example.org";
    let workload = "spiffe://example.org/web";
    let payload = json!({"iss": name, "aud": ["orders"], "sub": workload});
    let settings = Policy::builder().required_claim(RequiredClaim::equals("sub", workload));
    let issuer = Issuer::new(name).policy(settings);
    let case = Case::new(issuer, "orders", Some("JWT"), payload);
    case.accepted();
    case.refused(&[("sub", json!("spiffe://example.org/other"), ClaimMismatch)]);

    let name = "https://token.actions.githubusercontent.com/octo-enterprise";
    let payload = json!({
        "iss": name,
        "aud": "https://deploy.example.com",
        "sub": "repo:octo-org@65/octo-repo@74:ref:refs/heads/main",
        "repository": "octo-org/octo-repo"
    });
    let settings =
        Policy::builder().required_claim(RequiredClaim::equals("repository", "octo-org/octo-repo"));
    let issuer = Issuer::new(name).policy(settings);
    let case = Case::new(issuer, "https://deploy.example.com", Some("JWT"), payload);
    case.accepted();
    case.refused(&[("repository", json!("octo-org/other"), ClaimMismatch)]);
}

type Wrong = (fn() -> Issuer, &'static str);

#[test]
fn c14_what_can_be_no_providers_setting_is_told_when_built() {
    let problems = |issuer: Issuer| -> Vec<Problem> {
        let built = Validator::builder().audience("api").issuer(issuer).build();
        built.map_or_else(|error| problems_of(&error), |_| Vec::new())
    };
    let told: [Wrong; 27] = [
        (
            || providers::auth0("https://example.eu.auth0.com"),
            "https://example.eu.auth0.com",
        ),
        (
            || providers::auth0("example.eu.auth0.com/"),
            "example.eu.auth0.com/",
        ),
        (
            || providers::auth0("Example.eu.auth0.com"),
            "Example.eu.auth0.com",
        ),
        (|| providers::auth0("user@example.com"), "user@example.com"),
        (|| providers::auth0("example..com"), "example..com"),
        (|| providers::auth0(""), ""),
        (
            || providers::okta("example.okta.com/oauth2", "default"),
            "example.okta.com/oauth2",
        ),
        (
            || providers::okta("example.okta.com", "oauth2/default"),
            "oauth2/default",
        ),
        (|| providers::okta("example.okta.com", ""), ""),
        (
            || providers::keycloak("https://sso.example.com/realms/shop/", "api"),
            "https://sso.example.com/realms/shop/",
        ),
        (
            || providers::keycloak("https://sso.example.com", "api"),
            "https://sso.example.com",
        ),
        (
            || providers::keycloak("https://sso.example.com/realms/", "api"),
            "https://sso.example.com/realms/",
        ),
        (|| providers::cognito("eu.west", "pool", ["app"]), "eu.west"),
        (
            || providers::cognito("eu-west-1", "eu-west-1/pool", ["app"]),
            "eu-west-1/pool",
        ),
        // Another region's.
        (
            || providers::cognito("eu-west-1", "us-east-1_pool", ["app"]),
            "us-east-1_pool",
        ),
        (
            || providers::cognito("eu-west-1", "eu-west-1pool", ["app"]),
            "eu-west-1pool",
        ),
        (
            || providers::entra_id_v2(Tenants::only([TENANT, "common"])),
            "common",
        ),
        (
            || providers::entra_id_v1(Tenants::only([TENANT.to_uppercase()])),
            "72F988BF-86F1-41AF-91AB-2D7CD011DB47",
        ),
        (
            || providers::entra_id_v2(Tenants::only(["72f988bf86f141af91ab2d7cd011db47"])),
            "72f988bf86f141af91ab2d7cd011db47",
        ),
        (|| providers::google(["alice@gmail.com"]), "alice@gmail.com"),
        (
            || providers::google(["evil.gserviceaccount.com"]),
            "evil.gserviceaccount.com",
        ),
        (
            || providers::firebase("projects/example"),
            "projects/example",
        ),
        (
            || providers::kubernetes("https://cluster.example.com", ["shop:web"]),
            "shop:web",
        ),
        (|| providers::github_actions("octo-repo"), "octo-repo"),
        (
            || providers::github_actions("octo-org/octo-repo/x"),
            "octo-org/octo-repo/x",
        ),
        (
            || providers::github_actions("https://github.com/octo-org/octo-repo"),
            "https://github.com/octo-org/octo-repo",
        ),
        (|| providers::github_actions("octo-org/*"), "octo-org/*"),
    ];
    for (issuer, shown) in told {
        let found = problems(issuer());
        let is_told = found.iter().any(|problem| {
            matches!(problem, (_, ConfigErrorKind::ProviderSetting { value, .. }) if value == shown)
        });
        assert!(is_told, "C14: {shown}: {found:?}");
    }

    // A problem that a policy reports in any case.
    let in_policy = |issuer: Issuer| -> Vec<PolicyErrorKind> {
        let of_policy = |problem| match problem {
            (_, ConfigErrorKind::Policy(problem)) => Some(problem),
            _ => None,
        };
        problems(issuer).into_iter().filter_map(of_policy).collect()
    };
    let nobody: [&str; 0] = [];
    let email = PolicyErrorKind::NoClaimValue("email".into());
    assert_eq!(in_policy(providers::google(nobody)), [email]);
    assert_eq!(
        in_policy(providers::cognito("a", "b", nobody)),
        [PolicyErrorKind::NoClient]
    );
    let cluster = providers::kubernetes("https://cluster.example.com", nobody);
    assert!(matches!(
        in_policy(cluster)[..],
        [PolicyErrorKind::NoClaimValue(_)]
    ));
    let domain = in_policy(providers::spiffe("spiffe://example.org"));
    assert!(matches!(domain[..], [PolicyErrorKind::NotATrustDomain(_)]));
    let svids = problems(providers::spiffe("example.org"));
    assert!(matches!(svids[..], [(_, ConfigErrorKind::NoSource)]));
    // An empty list of the user's own is reported, with any requirement of the provider.
    let empty = serde_json::from_str(r#"{"required_claims": []}"#).unwrap();
    let workflow = providers::github_actions("octo-org/octo-repo").policy(empty);
    assert_eq!(
        in_policy(workflow),
        [PolicyErrorKind::EmptyList("required_claims")]
    );
    // Two policies of the user's own are two.
    let issuer = providers::auth0("a.example.com");
    let twice = issuer.policy(Policy::builder()).policy(Policy::builder());
    assert!(matches!(
        problems(twice)[..],
        [(_, ConfigErrorKind::SeveralPolicies)]
    ));
    // A good one has no problem to report.
    assert_eq!(problems(providers::auth0("a.example.com")), []);
    let listed = providers::entra_id_v2(Tenants::only([TENANT]));
    assert_eq!(problems(listed), []);
    let pool = providers::cognito("eu-west-1", "eu-west-1_Ab12", ["app"]);
    assert_eq!(problems(pool), []);
}
