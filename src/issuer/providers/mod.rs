//! Issuers of well-known providers, whose tokens differ from RFC 9068.

mod users;
mod workloads;

use super::Issuer;
use crate::core::PolicyBuilder;

/// How the functions of providers make an issuer.
impl Issuer {
    fn provided(mut self, settings: PolicyBuilder) -> Self {
        self.provider.settings = settings;
        self
    }

    /// Collects a value of the wrong form, for the error of building the Validator.
    fn known_by(mut self, setting: &'static str, is_sound: bool, value: &str) -> Self {
        if !is_sound {
            self.provider.problems.push((setting, value.to_owned()));
        }
        self
    }
}

const DOMAIN: &str = "domain, such as login.example.com, without https:// and a slash";

fn is_domain(text: &str) -> bool {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    is_lower && text.contains('.') && text.split('.').all(|label| is_made_of(label, b"-"))
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
    use super::super::remote::Recipe;
    use super::*;
    use crate::core::Tenants;
    use crate::source::Whereabouts;

    /// The configuration in one line.
    fn shown(issuer: &Issuer) -> String {
        let place = match issuer.sources.as_slice() {
            [] => "nowhere".to_owned(),
            [Recipe::Fetched(Whereabouts::Discovery)] => "by discovery".to_owned(),
            [Recipe::Fetched(Whereabouts::DiscoveryAt(url))] => {
                format!("as {url} says")
            }
            [Recipe::Fetched(Whereabouts::JwksAt(url))] => {
                format!("at {url}")
            }
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
            // An address of the user replaces the provider's.
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
            "several of the user's own are kept, and reported as a problem"
        );
    }
}
