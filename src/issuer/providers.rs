//! Issuers of well-known providers, whose tokens differ from RFC 9068 in ways that are easily got wrong.

use super::{Issuer, Recipe};
use crate::core::{ClaimPath, Policy, PolicyBuilder, Profile, RequiredClaim, ScopeClaim, Tenants};
use crate::source::Location;

const MICROSOFT_COMMON: &str = "https://login.microsoftonline.com/common";
const FIREBASE_KEYS: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

/// # Providers
///
/// Each of these is an ordinary issuer with its name, the place of its keys and a policy set, so that what remains to be said is
/// this API's audience. What is set afterwards counts instead: a source
/// ([`jwks_at`](Issuer::jwks_at) for an address of your own; in a test `source(issuer.clone())` with a `testing::TestIssuer`) takes
/// the place of the provider's, and each setting of a [`policy`](Issuer::policy) that of the provider's, except that
/// [required claims](PolicyBuilder::required_claim) are added to the provider's.
///
/// The rest of the table is what to set by hand for others. None of it was checked against the providers' running services: the
/// tests take tokens of the shape that the public documentation shows.
///
/// | provider | issuer | scopes | client | roles | easily got wrong |
/// | --- | --- | --- | --- | --- | --- |
/// | Microsoft Entra ID, v2.0 tokens | [`entra_id_v2`](Issuer::entra_id_v2) | `scp` | `azp` | `roles` | the version is the API's choice (`accessTokenAcceptedVersion`), not the client's; `aud` is the API's application id |
/// | Microsoft Entra ID, v1.0 tokens | [`entra_id_v1`](Issuer::entra_id_v1) | `scp` | `appid` | `roles` | the name is at `sts.windows.net`; `aud` is mostly the application id URI, `api://..` |
/// | Keycloak | [`keycloak`](Issuer::keycloak) | `scope` | `azp` | `realm_access.roles`, `resource_access.{client}.roles` | `aud` is `account` without an audience mapper; `nonce` before version 25 |
/// | Amazon Cognito | [`cognito`](Issuer::cognito) | `scope` | `client_id` | `cognito:groups` | no `aud`: whose tokens are accepted is told by the client; the updated kind of issuer has another name |
/// | Auth0 | [`auth0`](Issuer::auth0) | `scope` | `azp` or `client_id` | none; `permissions` where RBAC adds them | the name ends in `/`; without an `audience` in the request the token is opaque |
/// | Okta | [`okta`](Issuer::okta) | `scp`, a list | `cid` | `groups` where a claim is added | tokens of the org authorization server (no path) can't be verified |
/// | Google service accounts | [`google`](Issuer::google) | none | `azp` | none | access tokens of Google are opaque and for Google; what APIs take are ID tokens |
/// | Firebase, Identity Platform | [`firebase`](Issuer::firebase) | none | none | none; claims of your own | `aud` is the project; anybody may be able to sign up |
/// | Kubernetes service accounts | [`kubernetes`](Issuer::kubernetes) | none | none | none | any pod can ask for a token with any `aud`; keys want a CA and a bearer token |
/// | GitHub Actions | [`github_actions`](Issuer::github_actions) | none | none | none | anybody's workflow can ask for a token with any `aud` |
/// | SPIFFE JWT-SVID | [`spiffe`](Issuer::spiffe) | none | none | none | no `iss`, unless SPIRE's `jwt_issuer` is set: then `discover` that; keys with `use: jwt-svid` only |
/// | PingOne | `discover("https://auth.pingone.eu/{environment}/as")` | `scope` | `client_id` | none; a claim that is added | the region is part of the name; tokens of clients have no `sub` |
/// | `PingFederate` | `discover(base URL)` | `scope`, a list unless set otherwise: `allow_scope_array` | `client_id` | a claim that is added | the token manager must be one of JWTs and fill in `iss` and `aud`; without a centralized signing key its keys are at an address of their own: `jwks_at` |
/// | ZITADEL | `discover("https://{instance}.zitadel.cloud")` | not in the token | `client_id` | an object by role, `urn:zitadel:iam:org:project:{id}:roles`: read it by [`claim`](crate::AccessToken::claim) | opaque unless the application says JWT; `aud` is a project's id, by scope `urn:zitadel:iam:org:project:id:{id}:aud` |
/// | Authentik | `discover("https://{host}/application/o/{slug}/")` | `scope` | `azp` | `groups` | the name ends in `/`; `aud` is the client's id, as in its ID tokens: require `scope`, which those lack |
/// | Ory Hydra | `discover(its urls.self.issuer)` | `scp`, a list | `client_id` | claims of your own, in `ext` | opaque unless its strategy says jwt; `aud` only where the client asked for it; the name often ends in `/` |
/// | GitLab CI | `discover("https://gitlab.com")` | none | none | none | anybody's job can ask for a token with any `aud`: require `project_id`, and `ref_protected`, which is the text `"true"` |
impl Issuer {
    /// Microsoft Entra ID, tokens of version 2.0: `https://login.microsoftonline.com/{tenantid}/v2.0`, of these tenants, with one
    /// key set for all. The audience is the application (client) id of this API.
    ///
    /// Which version an API gets is its own choice, `requestedAccessTokenVersion` (before: `accessTokenAcceptedVersion`) in
    /// its manifest, whatever endpoint the client uses; without one it is 1.0. An API that is in the midst of a change takes both
    /// issuers. Required are `ver` and `azp`, which the ID tokens of an application that is API and client at once do not have. Roles
    /// are app roles, from `roles`; the principal is `oid`, which is the same in all applications of a tenant, as `sub` is not.
    ///
    /// Delegated tokens have scopes, those of daemons have none and say by roles what they may do. An app role that is assigned to
    /// a user stands in delegated tokens too, whatever the client was consented to; so let a role take the place of a scope
    /// only where there are no scopes: `if token.scopes().is_empty() { token.has_role("Orders.Read.All") } else {
    /// token.scopes().contains("orders.read") }`.
    ///
    /// [`Tenants::any`] takes in personal accounts, which are one tenant, `9188040d-6c67-4c5b-b112-36a304b66dad`. A list has the
    /// tenants' ids, in lower case as in tokens, and no domains nor words such as `common`.
    ///
    /// National clouds have other names, and external tenants and B2C too: take [`Issuer::template`] or [`Issuer::discover`]. Where
    /// an application has claims mapping, its keys are at the same address with `?appid=`:
    /// [`discovery_at`](Issuer::discovery_at).
    ///
    /// ```
    /// use resource_server::{Issuer, Tenants, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .audience("6e74172b-be56-4843-9ff4-e66a39bb12e3")
    ///     .issuer(Issuer::entra_id_v2(Tenants::only(["72f988bf-86f1-41af-91ab-2d7cd011db47"])))
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    pub fn entra_id_v2(tenants: Tenants) -> Self {
        let name = "https://login.microsoftonline.com/{tenantid}/v2.0";
        entra_id_of(name, tenants)
            .provided(entra_id("2.0", "azp"))
            .found_at(Location::MetadataAt(format!(
                "{MICROSOFT_COMMON}/v2.0/.well-known/openid-configuration"
            )))
    }

    /// Microsoft Entra ID, tokens of version 1.0: `https://sts.windows.net/{tenantid}/`, of these tenants. Most APIs that did not
    /// choose get these, from the v2.0 endpoint too. The audience is the application id URI (`api://..`) or the application
    /// id, as the client asked for it: name both.
    ///
    /// Required are `ver` and `appid`; the rest is as for [`entra_id_v2`](Issuer::entra_id_v2).
    ///
    /// ```
    /// use resource_server::{Issuer, Tenants, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .audience("api://6e74172b-be56-4843-9ff4-e66a39bb12e3")
    ///     .audience("6e74172b-be56-4843-9ff4-e66a39bb12e3")
    ///     .issuer(Issuer::entra_id_v1(Tenants::only(["72f988bf-86f1-41af-91ab-2d7cd011db47"])))
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    pub fn entra_id_v1(tenants: Tenants) -> Self {
        entra_id_of("https://sts.windows.net/{tenantid}/", tenants)
            .provided(entra_id("1.0", "appid"))
            .found_at(Location::MetadataAt(format!(
                "{MICROSOFT_COMMON}/.well-known/openid-configuration"
            )))
    }

    /// A realm of Keycloak by its URL, `https://{host}/realms/{realm}` (with `/auth` before `/realms` in old ones), and the client
    /// in it that stands for this API, whose roles count beside those of the realm. Keys are found by discovery.
    ///
    /// The audience is what an audience mapper puts in; by default there is only `account`. Required is a `typ` claim of `Bearer` or
    /// `DPoP`, which ID, refresh and logout tokens do not have: so `nonce`, which access tokens carry before version 25, is
    /// let pass. The principal is `preferred_username`, where the client's scope has it, else `sub`.
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .audience("orders-api")
    ///     .issuer(Issuer::keycloak("https://sso.example.com/realms/shop", "orders-api"))
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    pub fn keycloak(realm: impl Into<String>, client_id: impl Into<String>) -> Self {
        let realm = realm.into();
        let is_realm = realm
            .rsplit_once("/realms/")
            .is_some_and(|(_, name)| !name.is_empty() && !name.contains('/'));
        let settings = Policy::builder()
            .allow_id_token_claims()
            .required_claim(RequiredClaim::one_of("typ", ["Bearer", "DPoP"]))
            .client_claims(["azp", "client_id"])
            .roles_from([
                ClaimPath::nested(["realm_access", "roles"]),
                ClaimPath::nested([
                    "resource_access".to_owned(),
                    client_id.into(),
                    "roles".to_owned(),
                ]),
            ])
            .principal_from(["preferred_username", "sub"]);
        Issuer::new(&realm)
            .known_by(
                "URL of a realm, https://../realms/{realm} without a slash behind it",
                is_realm,
                &realm,
            )
            .provided(settings)
            .found_at(Location::Discovery)
    }

    /// A user pool of Amazon Cognito, such as `eu-west-1` and `eu-west-1_Ab12Cd34E`, and the app clients whose tokens this API
    /// takes: [`Profile::Cognito`]. Keys are found by discovery. No audience is needed.
    ///
    /// That is for pools with the original kind of issuer, `https://cognito-idp.{region}.amazonaws.com/{pool}`. Where the pool's
    /// issuer configuration is `UPDATED`, the name begins with `https://issuer-cognito-idp.`: take [`Issuer::discover`] with that
    /// profile and [`allowed_clients`](PolicyBuilder::allowed_clients).
    ///
    /// Access tokens only, by `token_use`. Roles are the user's groups; the principal is `username`, and `sub` for a client's own
    /// token.
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .issuer(Issuer::cognito("eu-west-1", "eu-west-1_Ab12Cd34E", ["1example23456789"]))
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    pub fn cognito<C: Into<String>>(
        region: &str,
        user_pool: &str,
        app_clients: impl IntoIterator<Item = C>,
    ) -> Self {
        let settings = Policy::builder()
            .profile(Profile::Cognito)
            .allowed_clients(app_clients)
            .roles_from(["cognito:groups"])
            .principal_from(["username", "sub"]);
        let is_in_region = user_pool
            .strip_prefix(region)
            .is_some_and(|rest| rest.starts_with('_'));
        Issuer::new(format!(
            "https://cognito-idp.{region}.amazonaws.com/{user_pool}"
        ))
        .known_by("region", is_made_of(region, b"-"), region)
        .known_by(
            "user pool's id, which begins with its region",
            is_made_of(user_pool, b"_-") && is_in_region,
            user_pool,
        )
        .provided(settings)
        .found_at(Location::Discovery)
    }

    /// A tenant of Auth0 by its domain, `example.eu.auth0.com` or one of your own: `https://{domain}/`, with the slash. Keys are
    /// found by discovery. The audience is the identifier of the API.
    ///
    /// The client is `azp`, or `client_id` in tokens of the RFC 9068 profile, which [`Profile::Rfc9068`] insists on. Where RBAC
    /// adds permissions to tokens, `roles_from(["permissions"])` gives them as roles.
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::auth0("example.eu.auth0.com"))
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    pub fn auth0(domain: &str) -> Self {
        Issuer::new(format!("https://{domain}/"))
            .known_by(DOMAIN, is_domain(domain), domain)
            .found_at(Location::Discovery)
    }

    /// A custom authorization server of Okta, by the organization's domain and the server's id, `default` for the first:
    /// `https://{domain}/oauth2/{server}`. Keys are found by discovery. The audience is the one that is set for the server
    /// (`api://default`).
    ///
    /// Tokens of the organization's own authorization server, whose name has no path, are for Okta alone: their keys
    /// are not published for others.
    ///
    /// Scopes are a list in `scp`, the client is `cid`. Roles are from `groups`, where a claim of that name is added to access
    /// tokens; the principal is `sub`, the user's login. ID tokens have a client's id as their audience: don't make one an audience of
    /// this API.
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .audience("api://default")
    ///     .issuer(Issuer::okta("example.okta.com", "default"))
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    pub fn okta(domain: &str, authorization_server: &str) -> Self {
        let settings = Policy::builder()
            .scope_claim(ScopeClaim::Scp)
            // The second is in answers of its introspection endpoint.
            .client_claims(["cid", "client_id"])
            .roles_from(["groups"]);
        let is_id = is_made_of(authorization_server, b"_-");
        Issuer::new(format!("https://{domain}/oauth2/{authorization_server}"))
            .known_by(DOMAIN, is_domain(domain), domain)
            .known_by("authorization server's id", is_id, authorization_server)
            .provided(settings)
            .found_at(Location::Discovery)
    }

    /// Google, for callers that are service accounts, by their email addresses: ID tokens that they get for the audience of this
    /// API (`https://accounts.google.com`). Keys are found by discovery.
    ///
    /// Anybody who has a project at Google gets such tokens for any audience, so the accounts are part of this. Required are
    /// `email`, one of these, and `email_verified`, which are in a token that was asked for with the email (`format=full`, `includeEmail`). An address can be taken up again after the account is deleted: where that
    /// counts, require `sub` too, the account's unique id. The principal is `email`.
    ///
    /// ID tokens of people are not taken: a client gets them for itself and not for an API. What people have, access tokens of
    /// Google, is opaque and meant for Google's own APIs.
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::google(["billing@example-project.iam.gserviceaccount.com"]))
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    pub fn google<A: Into<String>>(service_accounts: impl IntoIterator<Item = A>) -> Self {
        let accounts: Vec<String> = service_accounts.into_iter().map(Into::into).collect();
        let settings = Policy::builder()
            .required_claim(RequiredClaim::one_of("email", accounts.clone()))
            .required_claim(RequiredClaim::equals("email_verified", true))
            .principal_from(["email"]);
        accounts
            .iter()
            .fold(
                Issuer::new("https://accounts.google.com"),
                |issuer, account| {
                    let is_of_a_service = account.ends_with(".gserviceaccount.com");
                    issuer.known_by(
                        "address of a service account, which ends in .gserviceaccount.com",
                        is_of_a_service && account.contains('@'),
                        account,
                    )
                },
            )
            .provided(settings)
            .found_at(Location::Discovery)
    }

    /// Firebase Authentication, or Google's Identity Platform, by the project's id: the ID tokens that an app sends to its own
    /// API. The name is `https://securetoken.google.com/{project}`, the audience is the project.
    ///
    /// **They say who the user is, and nothing of what the user may do**: where sign-up is open, or anonymous sign-in on, anybody
    /// has one. Look at claims of your own (`roles_from`, [`RequiredClaim`]), or at
    /// `firebase.sign_in_provider`. In a project with tenants the users of all of them have one: require `firebase`, `tenant`
    /// ([`ClaimPath::nested`]). Required are `auth_time` and `sub`. A user who is disabled keeps the
    /// token until it ends, within the hour.
    ///
    /// ```
    /// use resource_server::{Issuer, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .issuer(Issuer::firebase("example-project"))
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    pub fn firebase(project: &str) -> Self {
        let settings = Policy::builder()
            .audience(project)
            .required_claim(RequiredClaim::present("sub"))
            .required_claim(RequiredClaim::present("auth_time"));
        Issuer::new(format!("https://securetoken.google.com/{project}"))
            .known_by("project's id", is_made_of(project, b"-.:"), project)
            .provided(settings)
            .found_at(Location::DocumentAt(FIREBASE_KEYS.to_owned()))
    }

    /// Service accounts of a Kubernetes cluster, in these namespaces, by projected tokens for the audience of this API. The name is
    /// what stands in their `iss`: the cluster's `--service-account-issuer`.
    ///
    /// Every pod of the cluster can ask for a token with any audience, so the namespaces are part of this. To narrow it down to
    /// accounts, require `sub`, which is `system:serviceaccount:{namespace}:{name}` and the principal. Tokens without an end or an
    /// audience, as old secrets hold them, are refused. A token ends with its pod for the cluster, and at its `exp` for this
    /// API.
    ///
    /// Keys are found by discovery at the name, which is right for clusters that publish theirs (EKS, GKE, AKS). Inside of a cluster
    /// they are at the API server, which wants a bearer token and has a CA of its own:
    ///
    /// ```no_run
    /// use resource_server::{Fetch, Issuer, Validator};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let account = "/var/run/secrets/kubernetes.io/serviceaccount";
    /// let fetch = Fetch::new()
    ///     .only_root_certificates_pem(std::fs::read(format!("{account}/ca.crt"))?)
    ///     .bearer_file(format!("{account}/token"));
    /// let validator = Validator::builder()
    ///     .audience("orders-api")
    ///     .issuer(
    ///         Issuer::kubernetes("https://kubernetes.default.svc.cluster.local", ["shop", "billing"])
    ///             .jwks_at("https://kubernetes.default.svc/openid/v1/jwks")
    ///             .fetch(fetch),
    ///     )
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn kubernetes<N: Into<String>>(
        name: impl Into<String>,
        namespaces: impl IntoIterator<Item = N>,
    ) -> Self {
        let namespaces: Vec<String> = namespaces.into_iter().map(Into::into).collect();
        let namespace = ClaimPath::nested(["kubernetes.io", "namespace"]);
        let account = ClaimPath::nested(["kubernetes.io", "serviceaccount", "name"]);
        let settings = Policy::builder()
            .required_claim(RequiredClaim::one_of(namespace, namespaces.clone()))
            .required_claim(RequiredClaim::present(account))
            .required_claim(RequiredClaim::present("sub"));
        namespaces
            .iter()
            .fold(Issuer::new(name), |issuer, namespace| {
                issuer.known_by("namespace", is_made_of(namespace, b"-"), namespace)
            })
            .provided(settings)
            .found_at(Location::Discovery)
    }

    /// Workflows of GitHub Actions in this repository, `{owner}/{name}`: `https://token.actions.githubusercontent.com`. Keys are
    /// found by discovery. The audience is what the workflow asks for.
    ///
    /// Anybody's workflow gets a token for any audience, so the repository is part of this. Any workflow in it, on any branch,
    /// passes, pull requests from branches of the repository among them: require `ref`, `environment` or `job_workflow_ref` for what must not run
    /// before review. A name can be taken up again by another owner after it was renamed or deleted: where that counts,
    /// require `repository_id` and `repository_owner_id` too, which are texts. The principal is `sub`, whose form the owner may
    /// change; in repositories made since July 2026 it has ids beside the names.
    ///
    /// The name is that of github.com. An enterprise may have its own behind it, after a slash, and GitHub Enterprise Server has
    /// `https://{host}/_services/token`: take [`Issuer::discover`] and require `repository`.
    ///
    /// ```
    /// use resource_server::{Issuer, Policy, RequiredClaim, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .audience("https://deploy.example.com")
    ///     .issuer(
    ///         Issuer::github_actions("octo-org/octo-repo").policy(
    ///             Policy::builder()
    ///                 .required_claim(RequiredClaim::equals("ref", "refs/heads/main"))
    ///                 .required_claim(RequiredClaim::equals("environment", "production")),
    ///         ),
    ///     )
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    pub fn github_actions(repository: impl Into<String>) -> Self {
        let repository = repository.into();
        let is_repository = repository
            .split_once('/')
            .is_some_and(|(owner, name)| is_made_of(owner, b"-_") && is_made_of(name, b"-_."));
        let settings = Policy::builder()
            .required_claim(RequiredClaim::equals("repository", repository.as_str()));
        Issuer::new("https://token.actions.githubusercontent.com")
            .known_by("repository, {owner}/{name}", is_repository, &repository)
            .provided(settings)
            .found_at(Location::Discovery)
    }

    /// Workloads of a SPIFFE trust domain, such as `example.org`, by their JWT-SVIDs: [`Profile::JwtSvid`]. The audience is mostly
    /// this API's own SPIFFE ID. Its keys are those of the trust domain's bundle, and where that is must be said:
    /// [`jwks_at`](Issuer::jwks_at) for a bundle endpoint with web PKI, [`key_file`](Issuer::key_file) for a bundle that is written
    /// to a file.
    ///
    /// Every workload of the trust domain passes: require `sub` for those that may call this API.
    ///
    /// Where SPIRE's `jwt_issuer` is set, its tokens have that URL as their `iss`, and are refused here: take [`Issuer::discover`]
    /// with it, keys from SPIRE's OIDC discovery provider, and require `sub`.
    ///
    /// ```
    /// use resource_server::{Issuer, Policy, RequiredClaim, Validator};
    ///
    /// let validator = Validator::builder()
    ///     .audience("spiffe://example.org/orders")
    ///     .issuer(
    ///         Issuer::spiffe("example.org")
    ///             .jwks_at("https://bundles.example.org/")
    ///             .policy(Policy::builder().required_claim(RequiredClaim::one_of(
    ///                 "sub",
    ///                 ["spiffe://example.org/web", "spiffe://example.org/billing"],
    ///             ))),
    ///     )
    ///     .build()?;
    /// # Ok::<(), resource_server::BuildError>(())
    /// ```
    pub fn spiffe(trust_domain: &str) -> Self {
        Issuer::new(format!("spiffe://{trust_domain}"))
            .provided(Policy::builder().profile(Profile::JwtSvid))
    }
}

/// How a provider is put together.
impl Issuer {
    fn provided(mut self, settings: PolicyBuilder) -> Self {
        self.provider.settings = settings;
        self
    }

    /// Notes what can't be so, to be told when the Validator is built.
    fn known_by(mut self, setting: &'static str, is_sound: bool, value: &str) -> Self {
        if !is_sound {
            self.provider.problems.push((setting, value.to_owned()));
        }
        self
    }

    fn found_at(mut self, location: Location) -> Self {
        self.sources.push(Recipe::Remote(location));
        self.provider.has_source = true;
        self
    }
}

/// Of both versions. A tenant that is listed by another of its names would have all its tokens refused.
fn entra_id_of(name: &str, tenants: Tenants) -> Issuer {
    let others: Vec<String> = tenants
        .listed()
        .filter(|tenant| !is_guid(tenant))
        .map(str::to_owned)
        .collect();
    others
        .iter()
        .fold(Issuer::template(name, tenants), |issuer, tenant| {
            let setting = "tenant's id, a GUID in lower case";
            issuer.known_by(setting, false, tenant)
        })
}

/// Of both versions.
fn entra_id(version: &str, client_claim: &str) -> PolicyBuilder {
    Policy::builder()
        .scope_claim(ScopeClaim::Scp)
        .required_claim(RequiredClaim::equals("ver", version))
        .required_claim(RequiredClaim::present(client_claim))
        .client_claims([client_claim])
        .roles_from(["roles"])
        .principal_from(["oid", "sub"])
}

const DOMAIN: &str = "domain, such as login.example.com, without https:// and a slash";

fn is_domain(text: &str) -> bool {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    is_lower && text.contains('.') && text.split('.').all(|label| is_made_of(label, b"-"))
}

/// As it stands in tokens.
fn is_guid(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12])
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

/// Whether it has letters, digits and these, and nothing that could lead elsewhere in a URL.
fn is_made_of(text: &str, others: &[u8]) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is configured, in one line each.
    fn shown(issuer: &Issuer) -> String {
        let place = match issuer.sources.as_slice() {
            [] => "nowhere".to_owned(),
            [Recipe::Remote(Location::Discovery)] => "by discovery".to_owned(),
            [Recipe::Remote(Location::MetadataAt(url))] => format!("as {url} says"),
            [Recipe::Remote(Location::DocumentAt(url))] => format!("at {url}"),
            _ => "elsewhere".to_owned(),
        };
        format!("{}: keys {place}", issuer.name)
    }

    #[test]
    fn c14_names_and_places_of_keys() {
        let tenants = || Tenants::only(["a"]);
        let table = [
            (
                Issuer::entra_id_v2(tenants()),
                "https://login.microsoftonline.com/{tenantid}/v2.0: keys as \
                 https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration says",
            ),
            (
                Issuer::entra_id_v1(tenants()),
                "https://sts.windows.net/{tenantid}/: keys as \
                 https://login.microsoftonline.com/common/.well-known/openid-configuration says",
            ),
            (
                Issuer::keycloak("https://sso.example.com/realms/shop", "api"),
                "https://sso.example.com/realms/shop: keys by discovery",
            ),
            (
                Issuer::cognito("eu-west-1", "eu-west-1_Ab12", ["app"]),
                "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12: keys by discovery",
            ),
            (
                Issuer::auth0("example.eu.auth0.com"),
                "https://example.eu.auth0.com/: keys by discovery",
            ),
            (
                Issuer::okta("example.okta.com", "default"),
                "https://example.okta.com/oauth2/default: keys by discovery",
            ),
            (
                Issuer::google(["a@b.iam.gserviceaccount.com"]),
                "https://accounts.google.com: keys by discovery",
            ),
            (
                Issuer::firebase("example-project"),
                "https://securetoken.google.com/example-project: keys at https://www.googleapis.com/service_accounts/v1/jwk/\
                 securetoken@system.gserviceaccount.com",
            ),
            (
                Issuer::kubernetes("https://kubernetes.default.svc", ["shop"]),
                "https://kubernetes.default.svc: keys by discovery",
            ),
            (
                Issuer::github_actions("octo/repo"),
                "https://token.actions.githubusercontent.com: keys by discovery",
            ),
            (
                Issuer::spiffe("example.org"),
                "spiffe://example.org: keys nowhere",
            ),
            // An address of the user's own takes the place of the provider's.
            (
                Issuer::firebase("example-project").jwks_at("https://mirror.example.com/keys"),
                "https://securetoken.google.com/example-project: keys at https://mirror.example.com/keys",
            ),
        ];
        for (issuer, expected) in table {
            assert_eq!(shown(&issuer), expected, "C14");
        }
        let two = Issuer::auth0("a.b")
            .jwks_at("https://one")
            .jwks_at("https://two");
        assert_eq!(
            two.sources.len(),
            2,
            "the user's own stand beside each other, to be told"
        );
    }
}
