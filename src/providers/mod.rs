//! Issuers of well-known providers, whose tokens differ from RFC 9068: one function per provider.
//!
//! Each of these functions gives an ordinary issuer with its name, the location of its keys and a
//! policy. What remains for you to set is this API's audience. Your own settings take precedence:
//!
//! * A source replaces the provider's, such as [`jwks_at`](crate::Issuer::jwks_at) for an
//!   address of your own. In a test, use `source(issuer.clone())` with a `testing::TestIssuer`.
//! * Each setting of a [`policy`](crate::Issuer::policy) replaces the provider's. But [required
//!   claims](crate::PolicyBuilder::required_claim) are added to the provider's.
//!
//! The rest of the table says what to set for other providers. The tests use tokens of the form
//! that the public documentation shows. None of it was checked against the providers' running
//! services.
//!
//! | provider | issuer | scopes | client | roles | easily got wrong |
//! | --- | --- | --- | --- | --- | --- |
//! | Microsoft Entra ID, v2.0 tokens | [`entra_id_v2`] | `scp` | `azp` | `roles` | the API chooses the version (`accessTokenAcceptedVersion`), not the client; `aud` is the API's application id |
//! | Microsoft Entra ID, v1.0 tokens | [`entra_id_v1`] | `scp` | `appid` | `roles` | the name is at `sts.windows.net`; `aud` is mostly the application id URI, `api://..` |
//! | Keycloak | [`keycloak`] | `scope` | `azp` | `resource_access.{client}.roles`; with [`keycloak_with_realm_roles`] also `realm_access.roles` | `aud` is `account` without an audience mapper; `nonce` before version 25 |
//! | Amazon Cognito | [`cognito`] | `scope` | `client_id` | `cognito:groups` | no `aud`: the client decides whose tokens are accepted; the updated kind of issuer has another name |
//! | Auth0 | [`auth0`] | `scope` | `azp` or `client_id` | none; `permissions`, if RBAC adds them | the name ends in `/`; without an `audience` in the request the token is opaque |
//! | Okta | [`okta`] | `scp`, a list | `cid` | `groups`, if you add the claim | tokens of the org authorization server (no path) can't be verified |
//! | Google service accounts | [`google`] | none | `azp` | none | access tokens of Google are opaque and for Google; APIs accept ID tokens |
//! | Firebase, Identity Platform | [`firebase`] | none | none | none; claims of your own | `aud` is the project; sign-up may be open to anyone |
//! | Kubernetes service accounts | [`kubernetes`] | none | none | none | any pod can request a token with any `aud`; fetching keys needs a CA and a bearer token |
//! | GitHub Actions | [`github_actions`] | none | none | none | any workflow of any repository can request a token with any `aud` |
//! | SPIFFE JWT-SVID | [`spiffe`] | none | none | none | no `iss`, unless SPIRE's `jwt_issuer` is set (then use `discover`); keys with `use: jwt-svid` only |
//! | PingOne | `discover("https://auth.pingone.eu/{environment}/as")` | `scope` | `client_id` | none; a claim that you add | the region is part of the name; tokens of clients have no `sub` |
//! | `PingFederate` | `discover(base URL)` | `scope`, a list unless set otherwise: `allow_scope_array` | `client_id` | a claim that you add | the token manager must issue JWTs with `iss` and `aud`; without a centralized signing key, its keys have an address of their own: `jwks_at` |
//! | ZITADEL | `discover("https://{instance}.zitadel.cloud")` | not in the token | `client_id` | an object by role, `urn:zitadel:iam:org:project:{id}:roles`: read it by [`claim`](crate::AccessToken::claim) | opaque unless the application is set to JWT; `aud` is a project's id, by scope `urn:zitadel:iam:org:project:id:{id}:aud` |
//! | Authentik | `discover("https://{host}/application/o/{slug}/")` | `scope` | `azp` | `groups` | the name ends in `/`; `aud` is the client's id, as in its ID tokens: require `scope`, which ID tokens lack |
//! | Ory Hydra | `discover(its urls.self.issuer)` | `scp`, a list | `client_id` | claims of your own, in `ext` | opaque unless its strategy is jwt; `aud` only if the client requested it; the name often ends in `/` |
//! | GitLab CI | `discover("https://gitlab.com")` | none | none | none | any job of any project can request a token with any `aud`: require `project_id`, and `ref_protected`, which is the string `"true"` |

mod users;
mod workloads;

pub use users::{
    auth0, cognito, entra_id_v1, entra_id_v2, keycloak, keycloak_with_realm_roles, okta,
};
pub use workloads::{firebase, github_actions, google, kubernetes, spiffe};

const DOMAIN: &str = "domain, such as login.example.com, without https:// and a slash";

fn is_domain(text: &str) -> bool {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    is_lower && text.contains('.') && text.split('.').all(|label| is_made_of(label, b"-"))
}

/// The host of a URL, which may be given for a domain by mistake.
fn host_of(text: &str) -> String {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    host.to_ascii_lowercase()
}

/// The last segment of a path or URL, which may be given for an id by mistake.
fn last_segment(text: &str) -> &str {
    let text = text.trim_end_matches('/');
    text.rsplit('/').next().unwrap_or(text)
}

/// In the form of tokens: lower case.
fn is_guid(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12])
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

/// Whether it has only letters, digits and these, so that it is one part of a URL.
fn is_made_of(text: &str, others: &[u8]) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Tenants;

    #[test]
    fn c14_names_and_places_of_keys() {
        let tenants = || Tenants::only(["a"]);
        let table = vec![
            (
                entra_id_v2(tenants()),
                "https://login.microsoftonline.com/{tenantid}/v2.0: keys as \
                 https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration says",
            ),
            (
                entra_id_v1(tenants()),
                "https://sts.windows.net/{tenantid}/: keys as \
                 https://login.microsoftonline.com/common/.well-known/openid-configuration says",
            ),
            (
                keycloak("https://sso.example.com/realms/shop", "api"),
                "https://sso.example.com/realms/shop: keys by discovery",
            ),
            (
                cognito("eu-west-1", "eu-west-1_Ab12", ["app"]),
                "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12: keys by discovery",
            ),
            (
                auth0("example.eu.auth0.com"),
                "https://example.eu.auth0.com/: keys by discovery",
            ),
            (
                okta("example.okta.com", "default"),
                "https://example.okta.com/oauth2/default: keys by discovery",
            ),
            (
                google(["a@b.iam.gserviceaccount.com"]),
                "https://accounts.google.com: keys by discovery",
            ),
            (
                firebase("example-project"),
                "https://securetoken.google.com/example-project: keys at https://www.googleapis.com/service_accounts/v1/jwk/\
                 securetoken@system.gserviceaccount.com",
            ),
            (
                kubernetes("https://kubernetes.default.svc", ["shop"]),
                "https://kubernetes.default.svc: keys by discovery",
            ),
            (
                github_actions("octo/repo"),
                "https://token.actions.githubusercontent.com: keys by discovery",
            ),
            (spiffe("example.org"), "spiffe://example.org: keys nowhere"),
            // An address of the user replaces the provider's.
            (
                firebase("example-project").jwks_at("https://mirror.example.com/keys"),
                "https://securetoken.google.com/example-project: keys at https://mirror.example.com/keys",
            ),
        ];
        for (issuer, expected) in table {
            assert_eq!(issuer.shown(), expected, "C14");
        }
        let two = auth0("a.b").jwks_at("https://one").jwks_at("https://two");
        assert_eq!(
            two.shown(),
            "https://a.b/: keys elsewhere",
            "several of the user's own are kept, and reported as a problem"
        );
    }
}
