//! Tokens as well-known providers mint them.

use serde_json::{Value, json};

use super::TestToken;

/// # Tokens of providers
///
/// Each of these gives the token the header, the issuer and the claims of one provider's access
/// tokens, as its public documentation shows them. The matching [`Issuer`](crate::Issuer) accepts
/// the token. The arguments are those of the issuer's constructor; for a list there, they are one
/// entry of it. The audience stays the [`TestIssuer`](super::TestIssuer)'s. Change any claim
/// afterwards.
///
/// ```
/// # #[cfg(feature = "fetch")] {
/// use resource_server::{providers, testing::TestIssuer};
/// use resource_server::{Issuer, Tenants, Validator};
///
/// let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
/// let issuer = TestIssuer::new("test", "6e74172b-be56-4843-9ff4-e66a39bb12e3");
/// let validator = Validator::builder()
///     .audience(issuer.audience())
///     .issuer(providers::entra_id_v2(Tenants::only([tenant])).source(issuer.clone()))
///     .build()?;
///
/// let token = issuer.token().like_entra_id_v2(tenant).claim("scp", "orders.read").mint();
/// let token = validator.validate_cached(&token).expect("the keys are cached")?;
/// assert!(token.scopes().contains("orders.read"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl TestToken {
    /// A delegated token of version 2.0 of Microsoft Entra ID. Its scopes are in `scp`, its client
    /// is in `azp`.
    pub fn like_entra_id_v2(self, tenant: &str) -> Self {
        let claims = json!({
            "iss": format!("https://login.microsoftonline.com/{tenant}/v2.0"),
            "azp": "test-client",
            "azpacr": "1",
            "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
            "scp": "access_as_user",
            "tid": tenant,
            "uti": "fqiBqXLPj0eQa82S-IYFAA",
            "ver": "2.0",
        });
        self.like(Some("JWT"), claims)
            .without("jti")
            .without("client_id")
    }

    /// A delegated token of version 1.0 of Microsoft Entra ID. Its scopes are in `scp`, its client
    /// is in `appid`.
    pub fn like_entra_id_v1(self, tenant: &str) -> Self {
        let claims = json!({
            "iss": format!("https://sts.windows.net/{tenant}/"),
            "acr": "1",
            "amr": ["pwd"],
            "appid": "test-client",
            "appidacr": "1",
            "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
            "scp": "access_as_user",
            "tid": tenant,
            "uti": "FVsGxYXI30-TuikuuUoFAA",
            "ver": "1.0",
        });
        self.like(Some("JWT"), claims)
            .without("jti")
            .without("client_id")
    }

    /// A token of a user from a realm of Keycloak, by the realm's URL. Its client is in `azp`. The
    /// user has the realm's role `user` and the role `editor` of the client `client_id`.
    pub fn like_keycloak(self, realm: &str, client_id: &str) -> Self {
        let claims = json!({
            "iss": realm,
            "typ": "Bearer",
            "azp": "test-client",
            "sid": "6b9a3bd0-4c7a-4ab2-8a39-8f8b3f1ad1a7",
            "acr": "1",
            "realm_access": {"roles": ["user"]},
            "resource_access": {client_id: {"roles": ["editor"]}},
            "scope": "openid profile",
            "preferred_username": "test-user",
        });
        self.like(Some("JWT"), claims).without("client_id")
    }

    /// A user's token from a user pool of Amazon Cognito, for an app client. It has no audience.
    pub fn like_cognito(self, region: &str, user_pool: &str, app_client: &str) -> Self {
        let claims = json!({
            "iss": format!("https://cognito-idp.{region}.amazonaws.com/{user_pool}"),
            "version": 2,
            "client_id": app_client,
            "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "token_use": "access",
            "scope": "openid",
            "username": "test-user",
        });
        self.like(None, claims).without("aud")
    }

    /// A user's token from a tenant of Auth0, by its domain. Its client is in `azp`.
    pub fn like_auth0(self, domain: &str) -> Self {
        let claims = json!({
            "iss": format!("https://{domain}/"),
            "azp": "test-client",
            "sub": "auth0|test-user",
            "scope": "openid profile",
        });
        self.like(Some("JWT"), claims)
            .without("jti")
            .without("client_id")
    }

    /// A user's token from a custom authorization server of Okta. Its scopes are a list in `scp`,
    /// its client is in `cid`.
    pub fn like_okta(self, domain: &str, authorization_server: &str) -> Self {
        let claims = json!({
            "iss": format!("https://{domain}/oauth2/{authorization_server}"),
            "ver": 1,
            "cid": "test-client",
            "uid": "00ujmkLgagxeRrAg20g3",
            "sub": "test-user@example.com",
            "scp": ["openid"],
        });
        self.like(None, claims).without("client_id")
    }

    /// An ID token of a Google service account, by the account's email address.
    pub fn like_google(self, service_account: &str) -> Self {
        let claims = json!({
            "iss": "https://accounts.google.com",
            "azp": "104029292853099978293",
            "email": service_account,
            "email_verified": true,
            "sub": "104029292853099978293",
        });
        self.like(Some("JWT"), claims)
            .without("jti")
            .without("client_id")
    }

    /// An ID token of Firebase Authentication. Its audience is the project.
    pub fn like_firebase(self, project: &str) -> Self {
        let issued_at = self.claims.get("iat").cloned().unwrap_or_default();
        let claims = json!({
            "iss": format!("https://securetoken.google.com/{project}"),
            "aud": project,
            "auth_time": issued_at,
            "user_id": "test-user",
            "sub": "test-user",
            "email": "test-user@example.com",
            "email_verified": true,
            "firebase": {
                "identities": {"email": ["test-user@example.com"]},
                "sign_in_provider": "password",
            },
        });
        self.like(Some("JWT"), claims)
            .without("jti")
            .without("client_id")
    }

    /// A projected token of the Kubernetes service account `test-account` in a namespace, from the
    /// cluster of this name.
    pub fn like_kubernetes(self, name: &str, namespace: &str) -> Self {
        let claims = json!({
            "iss": name,
            "kubernetes.io": {
                "namespace": namespace,
                "pod": {"name": "test-pod", "uid": "5e0bd49b-f040-43b0-99b7-22765a53f7f3"},
                "serviceaccount": {
                    "name": "test-account",
                    "uid": "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798",
                },
            },
            "sub": format!("system:serviceaccount:{namespace}:test-account"),
        });
        self.like(None, claims).without("client_id")
    }

    /// A token of a GitHub Actions workflow that runs on the branch `main` of a repository,
    /// `{owner}/{name}`.
    pub fn like_github_actions(self, repository: &str) -> Self {
        let owner = repository.split('/').next().unwrap_or_default();
        let branch = "refs/heads/main";
        let claims = json!({
            "iss": "https://token.actions.githubusercontent.com",
            "sub": format!("repo:{repository}:ref:{branch}"),
            "ref": branch,
            "ref_type": "branch",
            "repository": repository,
            "repository_owner": owner,
            "event_name": "push",
            "job_workflow_ref": format!("{repository}/.github/workflows/test.yml@{branch}"),
        });
        self.like(Some("JWT"), claims).without("client_id")
    }

    /// A JWT-SVID of the workload `/test-workload` in a SPIFFE trust domain. It has no issuer.
    ///
    /// Only keys whose use is `jwt-svid` verify it: a [`TestIssuer`](super::TestIssuer) publishes
    /// such keys where its name begins with `spiffe://`.
    pub fn like_spiffe(self, trust_domain: &str) -> Self {
        let claims = json!({"sub": format!("spiffe://{trust_domain}/test-workload")});
        self.like(Some("JWT"), claims)
            .without("iss")
            .without("jti")
            .without("client_id")
    }

    fn like(self, typ: Option<&str>, claims: Value) -> Self {
        let token = match typ {
            Some(typ) => self.typ(typ),
            None => self.without_header("typ"),
        };
        let Value::Object(claims) = claims else {
            return token;
        };
        let set = |token: Self, (name, value): (String, Value)| token.claim(&name, value);
        claims.into_iter().fold(token, set)
    }
}
