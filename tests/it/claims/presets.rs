//! Tokens in the shape of a provider's, as the `testing` feature mints them (row C14): the
//! provider's issuer accepts each.

use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{Issuer, Reason, Tenants, Validator, providers};

use crate::support::{API, clock, verdict};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const REALM: &str = "https://sso.example.com/realms/shop";
const POOL: &str = "eu-west-1_Ab12Cd34E";
const ACCOUNT: &str = "billing@example-project.iam.gserviceaccount.com";
const CLUSTER: &str = "https://kubernetes.default.svc.cluster.local";
const DOMAIN: &str = "example.org";

type Mint = fn(TestToken) -> TestToken;

struct Preset {
    name: &'static str,
    issuer: Issuer,
    like: Mint,
    /// The same of another tenant, project or account.
    unlike: Mint,
    reason: Reason,
    client: Option<&'static str>,
    principal: &'static str,
    scope: Option<&'static str>,
}

impl Preset {
    /// Its client and principal are those of most presets.
    fn new(name: &'static str, issuer: Issuer, like: Mint, unlike: Mint, reason: Reason) -> Self {
        Preset {
            name,
            issuer,
            like,
            unlike,
            reason,
            client: Some("test-client"),
            principal: "test-user",
            scope: None,
        }
    }
}

fn of_users() -> Vec<Preset> {
    let tenants = || Tenants::only([TENANT]);
    vec![
        Preset {
            principal: "690222be-ff1a-4d56-abd1-7e4f7d38e474",
            scope: Some("access_as_user"),
            ..Preset::new(
                "entra_id_v2",
                providers::entra_id_v2(tenants()),
                |token| token.like_entra_id_v2(TENANT),
                |token| token.like_entra_id_v2("11111111-2222-3333-4444-555555555555"),
                Reason::TenantNotAllowed,
            )
        },
        Preset {
            principal: "690222be-ff1a-4d56-abd1-7e4f7d38e474",
            scope: Some("access_as_user"),
            ..Preset::new(
                "entra_id_v1",
                providers::entra_id_v1(tenants()),
                |token| token.like_entra_id_v1(TENANT),
                |token| token.like_entra_id_v2(TENANT),
                Reason::IssuerMismatch,
            )
        },
        Preset {
            scope: Some("profile"),
            ..Preset::new(
                "keycloak",
                providers::keycloak(REALM, "orders-api"),
                |token| token.like_keycloak(REALM, "orders-api"),
                |token| token.like_keycloak(REALM, "orders-api").claim("typ", "ID"),
                Reason::NotAnAccessToken,
            )
        },
        Preset {
            client: Some("app"),
            scope: Some("openid"),
            ..Preset::new(
                "cognito",
                providers::cognito("eu-west-1", POOL, ["app"]),
                |token| token.like_cognito("eu-west-1", POOL, "app"),
                |token| token.like_cognito("eu-west-1", POOL, "other"),
                Reason::ClientNotAllowed,
            )
        },
        Preset {
            principal: "auth0|test-user",
            scope: Some("profile"),
            ..Preset::new(
                "auth0",
                providers::auth0("example.eu.auth0.com"),
                |token| token.like_auth0("example.eu.auth0.com"),
                |token| token.like_auth0("other.eu.auth0.com"),
                Reason::IssuerMismatch,
            )
        },
        Preset {
            principal: "test-user@example.com",
            scope: Some("openid"),
            ..Preset::new(
                "okta",
                providers::okta("example.okta.com", "default"),
                |token| token.like_okta("example.okta.com", "default"),
                |token| token.like_okta("example.okta.com", "other"),
                Reason::IssuerMismatch,
            )
        },
    ]
}

fn of_workloads_and_projects() -> Vec<Preset> {
    vec![
        Preset {
            client: Some("104029292853099978293"),
            principal: ACCOUNT,
            ..Preset::new(
                "google",
                providers::google([ACCOUNT]),
                |token| token.like_google(ACCOUNT),
                |token| token.like_google("other@example-project.iam.gserviceaccount.com"),
                Reason::ClaimMismatch,
            )
        },
        Preset {
            client: None,
            ..Preset::new(
                "firebase",
                providers::firebase("example-project"),
                |token| token.like_firebase("example-project"),
                |token| token.like_firebase("example-project").audience(API),
                Reason::AudienceMismatch,
            )
        },
        Preset {
            client: None,
            principal: "system:serviceaccount:shop:test-account",
            ..Preset::new(
                "kubernetes",
                providers::kubernetes(CLUSTER, ["shop"]),
                |token| token.like_kubernetes(CLUSTER, "shop"),
                |token| token.like_kubernetes(CLUSTER, "other"),
                Reason::ClaimMismatch,
            )
        },
        Preset {
            client: None,
            principal: "repo:octo-org/octo-repo:ref:refs/heads/main",
            ..Preset::new(
                "github_actions",
                providers::github_actions("octo-org/octo-repo"),
                |token| token.like_github_actions("octo-org/octo-repo"),
                |token| token.like_github_actions("octo-org/other"),
                Reason::ClaimMismatch,
            )
        },
        Preset {
            client: None,
            principal: "spiffe://example.org/test-workload",
            ..Preset::new(
                "spiffe",
                providers::spiffe(DOMAIN),
                |token| token.like_spiffe(DOMAIN),
                |token| token.like_spiffe("example.net"),
                Reason::IssuerMismatch,
            )
        },
    ]
}

#[test]
fn c14_each_provider_accepts_the_token_that_is_like_its_own() {
    for preset in of_users().into_iter().chain(of_workloads_and_projects()) {
        let name = preset.name;
        let signer = TestIssuer::new("spiffe://example.org", API).clock(clock());
        let signer = match name {
            "spiffe" => signer,
            _ => TestIssuer::new("test", API).clock(clock()),
        };
        let validator = Validator::builder()
            .audience(API)
            .issuer(preset.issuer.source(signer.clone()))
            .clock(clock())
            .build()
            .unwrap();
        let judge = |mint: Mint| {
            let token = mint(signer.token()).mint();
            validator
                .validate_cached(&token)
                .expect("the keys are cached")
        };
        let token = judge(preset.like).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(token.client_id(), preset.client, "{name}");
        assert_eq!(token.principal(), Some(preset.principal), "{name}");
        if let Some(scope) = preset.scope {
            assert!(token.scopes().contains(scope), "{name}");
        }
        assert_eq!(verdict(judge(preset.unlike)), Some(preset.reason), "{name}");
    }
}

#[test]
fn c14_a_token_like_keycloaks_has_roles_of_the_realm_and_of_the_client() {
    let signer = TestIssuer::new("test", API).clock(clock());
    let minted = signer.token().like_keycloak(REALM, "orders-api").mint();
    for (issuer, expected) in [
        (
            providers::keycloak(REALM, "orders-api"),
            ["editor"].as_slice(),
        ),
        (
            providers::keycloak_with_realm_roles(REALM, "orders-api"),
            &["user", "editor"],
        ),
    ] {
        let validator = Validator::builder()
            .audience(API)
            .issuer(issuer.source(signer.clone()))
            .clock(clock())
            .build()
            .unwrap();
        let token = validator.validate_cached(&minted).expect("cached").unwrap();
        let roles: Vec<_> = token.roles().iter().collect();
        assert_eq!(roles, expected);
    }
}
