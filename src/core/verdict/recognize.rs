//! Tokens of well-known providers that end up where they are not meant to be. For explanations alone: nothing is accepted or
//! refused by it.

use crate::core::checks::claims::MAX_SHOWN_AUDIENCES;
use crate::core::json::{self, Value};
use crate::core::token::claims::claim_path::find;
use crate::core::token::jws::UnverifiedJwt;
use crate::core::token::payload::{Claim, Payload};
use crate::core::verdict::reason::Reason;

/// What a refused token looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Familiar {
    /// For Microsoft Graph.
    MicrosoftGraph,
    /// An ID token of Amazon Cognito.
    CognitoIdToken,
    /// An access token of Amazon Cognito.
    CognitoAccessToken,
    /// Its audience is the client that it was issued to.
    ForItsClient,
    /// Of Keycloak, for no API.
    Keycloak,
    /// Of Okta's org authorization server.
    OktaOrg,
}

const GRAPH: [&str; 3] = [
    "00000003-0000-0000-c000-000000000000",
    "https://graph.microsoft.com",
    "https://graph.microsoft.com/",
];
const MICROSOFT: [&str; 2] = [
    "https://sts.windows.net/",
    "https://login.microsoftonline.com/",
];
const OKTA: [&str; 3] = [".okta.com", ".oktapreview.com", ".okta-emea.com"];

/// By what of it may be seen, and by what kind of token it says to be.
pub(crate) fn recognize(jwt: &UnverifiedJwt<'_>, reason: Reason) -> Option<Familiar> {
    let issuer = jwt.issuer().unwrap_or_default();
    let payload = jwt.payload();
    let is_elsewhere = matches!(
        reason,
        Reason::IssuerMismatch
            | Reason::AudienceMismatch
            | Reason::UnknownKey
            | Reason::BadSignature
    );
    if is_elsewhere && (has_audience(payload, &GRAPH) || is_sealed_by_microsoft(jwt, issuer)) {
        return Some(Familiar::MicrosoftGraph);
    }
    if is_elsewhere && is_okta_org(issuer) {
        return Some(Familiar::OktaOrg);
    }
    let is_refused_for_what_it_is = matches!(
        reason,
        Reason::IssuerMismatch
            | Reason::AudienceMismatch
            | Reason::AudienceMissing
            | Reason::NotAnAccessToken
    );
    if is_refused_for_what_it_is && issuer.starts_with("https://cognito-idp.") {
        let token_use = find(payload, "token_use").and_then(Value::as_str);
        return match (token_use.as_deref(), reason) {
            (Some("id"), _) => Some(Familiar::CognitoIdToken),
            (Some("access"), Reason::AudienceMissing) => Some(Familiar::CognitoAccessToken),
            _ => None,
        };
    }
    match reason {
        Reason::AudienceMismatch if has_audience(payload, &["account"]) => Some(Familiar::Keycloak),
        Reason::AudienceMissing if issuer.contains("/realms/") => Some(Familiar::Keycloak),
        Reason::AudienceMismatch => {
            let client = find(payload, "azp").and_then(Value::as_str)?;
            has_audience(payload, &[&client]).then_some(Familiar::ForItsClient)
        }
        _ => None,
    }
}

/// Looks at no more entries than `explain()` shows: a long list of a token for somebody else is not worth more.
fn has_audience(payload: &Payload, wanted: &[&str]) -> bool {
    let mut has = false;
    if let Claim::Is(audience) = &payload.aud {
        audience.each(payload.text(), MAX_SHOWN_AUDIENCES, |entry| {
            has |= wanted.iter().any(|wanted| entry.is(wanted));
        });
    }
    has
}

/// The header of a token for Graph has a `nonce`, which is not in it as it was signed: only Graph can verify it.
fn is_sealed_by_microsoft(jwt: &UnverifiedJwt<'_>, issuer: &str) -> bool {
    let mut has_nonce = false;
    MICROSOFT.iter().any(|prefix| issuer.starts_with(prefix))
        && json::read_object(jwt.header_text(), |name, _| has_nonce |= name == "nonce").is_ok()
        && has_nonce
}

/// Custom authorization servers have a path (`/oauth2/default`), the one of the organization has none.
fn is_okta_org(issuer: &str) -> bool {
    issuer
        .strip_prefix("https://")
        .is_some_and(|host| !host.contains('/') && OKTA.iter().any(|suffix| host.ends_with(suffix)))
}

impl Familiar {
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Familiar::MicrosoftGraph => {
                " It is a token for Microsoft Graph, which nobody but Graph can verify: the client must ask for a scope of this \
                 API (such as api://<its application id>/.default) instead of Graph's, User.Read among them."
            }
            Familiar::CognitoIdToken => {
                " By its token_use it is an ID token of Amazon Cognito; the client must send its access token."
            }
            Familiar::CognitoAccessToken => {
                " It is an access token of Amazon Cognito, which has no audience: the policy of its issuer wants the profile \
                 cognito, and in allowed_clients the app clients that may call this API."
            }
            Familiar::ForItsClient => {
                " Its audience is the very client that it was issued to (azp): it may be an ID token, which is for that client \
                 alone. The client must send its access token."
            }
            Familiar::Keycloak => {
                " Keycloak puts an API into aud only where it is told to: add an audience mapper for this API to a client scope \
                 of the client (\"account\" is Keycloak's own)."
            }
            Familiar::OktaOrg => {
                " It is of Okta's org authorization server, whose access tokens only Okta can verify: the client must ask a \
                 custom authorization server (its issuer ends in /oauth2/default or another name)."
            }
        }
    }
}
