//! Authorization servers of users and their clients.

use super::{DOMAIN, host_of, is_domain, is_guid, is_made_of, last_segment};
use crate::core::{ClaimPath, Policy, PolicyBuilder, Profile, RequiredClaim, ScopeClaim, Tenants};
use crate::issuer::Issuer;
use crate::source::Location;

const MICROSOFT_COMMON: &str = "https://login.microsoftonline.com/common";

/// Microsoft Entra ID, tokens of version 2.0:
/// `https://login.microsoftonline.com/{tenantid}/v2.0`, of these tenants, with one key set for
/// all. The audience is the application (client) id of this API.
///
/// The API chooses the version, by `requestedAccessTokenVersion` (earlier:
/// `accessTokenAcceptedVersion`) in its manifest. The endpoint that the client uses makes no
/// difference. The default is 1.0. An API that changes its version accepts both issuers for a
/// while.
///
/// Required claims are `ver` and `azp`. ID tokens of an application that is both API and client
/// lack them. Roles are app roles, from `roles`. The principal is `oid`, which is the same in
/// all applications of a tenant, unlike `sub`.
///
/// Delegated tokens have scopes. Tokens of daemons have no scopes, only roles. A user's app
/// roles are in delegated tokens too, with any consent that the client has. So let a role
/// replace a scope only if there are no scopes: `if token.scopes().is_empty() {
/// token.has_role("Orders.Read.All") } else { token.scopes().contains("orders.read") }`.
///
/// [`Tenants::any`] includes personal accounts, which are the tenant
/// `9188040d-6c67-4c5b-b112-36a304b66dad`. A list has the tenants' ids in lower case, as in
/// tokens, and no domains nor words such as `common`.
///
/// National clouds, external tenants and B2C have other names: use [`Issuer::template`] or
/// [`Issuer::discover`]. The keys of an application with claims mapping are at the same address
/// with `?appid=`: use [`discovery_at`](Issuer::discovery_at).
///
/// ```
/// use resource_server::{Tenants, Validator, providers};
///
/// let validator = Validator::builder()
///     .audience("6e74172b-be56-4843-9ff4-e66a39bb12e3")
///     .issuer(providers::entra_id_v2(Tenants::only(["72f988bf-86f1-41af-91ab-2d7cd011db47"])))
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
pub fn entra_id_v2(tenants: Tenants) -> Issuer {
    let name = "https://login.microsoftonline.com/{tenantid}/v2.0";
    entra_id_of(name, tenants)
        .provided(entra_id("2.0", "azp"))
        .found_at(Location::MetadataAt(format!(
            "{MICROSOFT_COMMON}/v2.0/.well-known/openid-configuration"
        )))
}

/// Microsoft Entra ID, tokens of version 1.0: `https://sts.windows.net/{tenantid}/`, of these
/// tenants. An API that did not choose a version gets these, from the v2.0 endpoint too. The
/// audience is the application id URI (`api://..`) or the application id, as the client
/// requested it: set both.
///
/// Required claims are `ver` and `appid`. The rest is as for
/// [`entra_id_v2`](crate::providers::entra_id_v2).
///
/// ```
/// use resource_server::{Tenants, Validator, providers};
///
/// let validator = Validator::builder()
///     .audience("api://6e74172b-be56-4843-9ff4-e66a39bb12e3")
///     .audience("6e74172b-be56-4843-9ff4-e66a39bb12e3")
///     .issuer(providers::entra_id_v1(Tenants::only(["72f988bf-86f1-41af-91ab-2d7cd011db47"])))
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
pub fn entra_id_v1(tenants: Tenants) -> Issuer {
    entra_id_of("https://sts.windows.net/{tenantid}/", tenants)
        .provided(entra_id("1.0", "appid"))
        .found_at(Location::MetadataAt(format!(
            "{MICROSOFT_COMMON}/.well-known/openid-configuration"
        )))
}

/// A realm of Keycloak by its URL, `https://{host}/realms/{realm}` (with `/auth` before
/// `/realms` in old versions). The client is the one that represents this API in the realm. Keys
/// are found by discovery.
///
/// Roles are those of this client, `resource_access.{client}.roles`. Roles of the realm are not
/// read, since `admin` of the realm and `admin` of the client are two roles with one name. For both
/// kinds use [`keycloak_with_realm_roles`].
///
/// The audience is the one that an audience mapper adds. The default is only `account`.
/// Required is a `typ` claim of `Bearer` or `DPoP`, which ID, refresh and logout tokens lack.
/// So `nonce`, which access tokens have before version 25, is accepted. The principal is
/// `preferred_username` if the client's scope includes it, else `sub`.
///
/// ```
/// use resource_server::{Validator, providers};
///
/// let validator = Validator::builder()
///     .audience("orders-api")
///     .issuer(providers::keycloak("https://sso.example.com/realms/shop", "orders-api"))
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
pub fn keycloak(realm: impl Into<String>, client_id: impl Into<String>) -> Issuer {
    let roles = keycloak_client_roles(client_id.into());
    keycloak_of(&realm.into(), [roles])
}

/// As [`keycloak`], but [roles](crate::AccessToken::roles) are those of the realm
/// (`realm_access.roles`) and those of the client, all together.
///
/// A role of the realm then equals a role of the client with the same name. Use it only if the two
/// kinds have no name in common, or mean the same by it.
///
/// ```
/// use resource_server::{Validator, providers};
///
/// let realm = "https://sso.example.com/realms/shop";
/// let validator = Validator::builder()
///     .audience("orders-api")
///     .issuer(providers::keycloak_with_realm_roles(realm, "orders-api"))
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
pub fn keycloak_with_realm_roles(realm: impl Into<String>, client_id: impl Into<String>) -> Issuer {
    let realm_roles = ClaimPath::nested(["realm_access", "roles"]);
    let client_roles = keycloak_client_roles(client_id.into());
    keycloak_of(&realm.into(), [realm_roles, client_roles])
}

fn keycloak_client_roles(client_id: String) -> ClaimPath {
    ClaimPath::nested(["resource_access".to_owned(), client_id, "roles".to_owned()])
}

fn keycloak_of(realm: &str, roles: impl IntoIterator<Item = ClaimPath>) -> Issuer {
    let is_realm = |url: &str| {
        url.rsplit_once("/realms/")
            .is_some_and(|(_, name)| !name.is_empty() && !name.contains('/'))
    };
    // The address of the realm's metadata or of one of its endpoints.
    let before = |mark: &str| realm.split(mark).next().unwrap_or_default();
    let address = before("/.well-known/")
        .len()
        .min(before("/protocol/").len());
    let instead = realm
        .get(..address)
        .unwrap_or_default()
        .trim_end_matches('/');
    let settings = Policy::builder()
        .allow_id_token_claims()
        .required_claim(RequiredClaim::one_of("typ", ["Bearer", "DPoP"]))
        .client_claims(["azp", "client_id"])
        .role_claims(roles)
        .principal_claims(["preferred_username", "sub"]);
    Issuer::new(realm)
        .known_by(
            "URL of a realm, https://../realms/{realm} without a slash at its end",
            is_realm,
            realm,
            instead,
        )
        .provided(settings)
        .found_at(Location::Discovery)
}

/// A user pool of Amazon Cognito, such as `eu-west-1` and `eu-west-1_Ab12Cd34E`, and the app
/// clients whose tokens this API accepts: [`Profile::Cognito`]. Keys are found by discovery. No
/// audience is needed.
///
/// This is for pools with the original kind of issuer,
/// `https://cognito-idp.{region}.amazonaws.com/{pool}`. If the pool's issuer configuration is
/// `UPDATED`, the name begins with `https://issuer-cognito-idp.`: use [`Issuer::discover`] with
/// that profile and [`allowed_clients`](PolicyBuilder::allowed_clients).
///
/// Only access tokens are accepted, by `token_use`. Roles are the user's groups. The principal
/// is `username`, and `sub` for a client's own token.
///
/// ```
/// use resource_server::{Validator, providers};
///
/// let validator = Validator::builder()
///     .issuer(providers::cognito("eu-west-1", "eu-west-1_Ab12Cd34E", ["1example23456789"]))
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
pub fn cognito<C: Into<String>>(
    region: &str,
    user_pool: &str,
    app_clients: impl IntoIterator<Item = C>,
) -> Issuer {
    let settings = Policy::builder()
        .profile(Profile::Cognito)
        .allowed_clients(app_clients)
        .role_claims(["cognito:groups"])
        .principal_claims(["username", "sub"]);
    let is_in_region = |pool: &str| {
        is_made_of(pool, b"_-")
            && pool
                .strip_prefix(region)
                .is_some_and(|rest| rest.starts_with('_'))
    };
    Issuer::new(format!(
        "https://cognito-idp.{region}.amazonaws.com/{user_pool}"
    ))
    .known_by("region", |region| is_made_of(region, b"-"), region, "")
    .known_by(
        "user pool's id, which begins with its region",
        is_in_region,
        user_pool,
        last_segment(user_pool),
    )
    .provided(settings)
    .found_at(Location::Discovery)
}

/// A tenant of Auth0 by its domain, `example.eu.auth0.com` or one of your own:
/// `https://{domain}/`, with the slash. Keys are found by discovery. The audience is the
/// identifier of the API.
///
/// The client is `azp`, or `client_id` in tokens of the RFC 9068 profile, which
/// [`Profile::Rfc9068`](crate::Profile::Rfc9068) requires. If RBAC adds permissions to tokens,
/// `role_claims(["permissions"])` gives them as roles.
///
/// ```
/// use resource_server::{Validator, providers};
///
/// let validator = Validator::builder()
///     .audience("https://api.example.com")
///     .issuer(providers::auth0("example.eu.auth0.com"))
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
pub fn auth0(domain: &str) -> Issuer {
    Issuer::new(format!("https://{}/", domain_or_url(domain)))
        .known_by(DOMAIN, is_domain, domain, &host_of(domain))
        .found_at(Location::Discovery)
}

/// A custom authorization server of Okta: `https://{domain}/oauth2/{server}`. Give the
/// organization's domain and the server's id. The id of the first server is `default`. Keys are
/// found by discovery. The audience is the one that is set for the server (`api://default`).
///
/// The organization's own authorization server has a name without a path. Its tokens are for Okta
/// alone. Their keys are not published.
///
/// Scopes are a list in `scp`. The client is `cid`. Roles come from `groups`, if you add a claim of
/// that name to access tokens. The principal is `sub`, the user's login. ID tokens have a client's
/// id as their audience: don't use a client's id as an audience of this API.
///
/// ```
/// use resource_server::{Validator, providers};
///
/// let validator = Validator::builder()
///     .audience("api://default")
///     .issuer(providers::okta("example.okta.com", "default"))
///     .build()?;
/// # Ok::<(), resource_server::error::BuildError>(())
/// ```
pub fn okta(domain: &str, authorization_server: &str) -> Issuer {
    let settings = Policy::builder()
        .scope_claim(ScopeClaim::Scp)
        // The second is in answers of its introspection endpoint.
        .client_claims(["cid", "client_id"])
        .role_claims(["groups"]);
    let host = domain_or_url(domain);
    Issuer::new(format!("https://{host}/oauth2/{authorization_server}"))
        .known_by(DOMAIN, is_domain, domain, &host_of(domain))
        .known_by(
            "authorization server's id",
            |id| is_made_of(id, b"_-"),
            authorization_server,
            last_segment(authorization_server),
        )
        .provided(settings)
        .found_at(Location::Discovery)
}

/// A URL in place of a domain is reported when the Validator is built. The report names the issuer
/// that was meant.
fn domain_or_url(domain: &str) -> String {
    let host = host_of(domain);
    if is_domain(&host) {
        host
    } else {
        domain.to_owned()
    }
}

/// For both versions. All tokens of a tenant would be rejected if it were listed by another name.
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
            issuer.known_by(setting, is_guid, tenant, &tenant.to_ascii_lowercase())
        })
}

/// For both versions.
fn entra_id(version: &str, client_claim: &str) -> PolicyBuilder {
    Policy::builder()
        .scope_claim(ScopeClaim::Scp)
        .required_claim(RequiredClaim::equals("ver", version))
        .required_claim(RequiredClaim::present(client_claim))
        .client_claims([client_claim])
        .role_claims(["roles"])
        .principal_claims(["oid", "sub"])
}
