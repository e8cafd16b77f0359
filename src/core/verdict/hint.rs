//! Hints for `explain()`: tokens of well-known providers that end up at the wrong API. No token is
//! accepted or refused because of a hint.

use std::sync::Arc;

use crate::core::json::Value;
use crate::core::token::claims::claim_path::find;
use crate::core::token::jws::UnverifiedJwt;
use crate::core::token::payload::{Claim, Payload};
use crate::core::verdict::list::MAX_SHOWN_AUDIENCES;
use crate::core::verdict::reason::Reason;

/// What a refused token looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// A token for Microsoft Graph.
    MicrosoftGraph,
    /// An ID token of Amazon Cognito.
    CognitoIdToken,
    /// An access token of Amazon Cognito.
    CognitoAccessToken,
    /// A token whose audience is the client that it was issued to.
    ForItsClient,
    /// A token of Keycloak that is for no API.
    Keycloak,
    /// A token of Okta's org authorization server.
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

/// What a rejection keeps of its token: the claims set, which is shared, and nothing of the
/// signature.
#[derive(Clone)]
pub(crate) struct Seen {
    payload: Arc<Payload>,
    header_has_nonce: bool,
}

impl Seen {
    pub(crate) fn new(jwt: &UnverifiedJwt<'_>) -> Self {
        Seen {
            payload: Arc::clone(jwt.payload()),
            header_has_nonce: jwt.header_has_nonce(),
        }
    }

    /// What the token looks like, as far as that may explain the reason.
    pub(crate) fn hint(&self, reason: Reason) -> Option<Hint> {
        let issuer = self.payload.str_of(&self.payload.iss).unwrap_or_default();
        let is_elsewhere = matches!(
            reason,
            Reason::IssuerMismatch
                | Reason::AudienceMismatch
                | Reason::UnknownKey
                | Reason::BadSignature
        );
        if is_elsewhere && (self.has_audience(&GRAPH) || self.is_sealed_by_microsoft(issuer)) {
            return Some(Hint::MicrosoftGraph);
        }
        if is_elsewhere && is_okta_org(issuer) {
            return Some(Hint::OktaOrg);
        }
        let is_refused_for_what_it_is = matches!(
            reason,
            Reason::IssuerMismatch
                | Reason::AudienceMismatch
                | Reason::AudienceMissing
                | Reason::NotAnAccessToken
        );
        if is_refused_for_what_it_is && issuer.starts_with("https://cognito-idp.") {
            return self.cognito(reason);
        }
        let lacks_audience = reason == Reason::AudienceMissing;
        if lacks_audience && issuer.contains("/realms/") {
            return Some(Hint::Keycloak);
        }
        if reason != Reason::AudienceMismatch {
            return None;
        }
        if self.has_audience(&["account"]) {
            return Some(Hint::Keycloak);
        }
        let client = find(&self.payload, "azp").and_then(Value::as_str)?;
        self.has_audience(&[&client]).then_some(Hint::ForItsClient)
    }

    fn cognito(&self, reason: Reason) -> Option<Hint> {
        let token_use = find(&self.payload, "token_use").and_then(Value::as_str)?;
        match token_use.as_ref() {
            "id" => Some(Hint::CognitoIdToken),
            "access" if reason == Reason::AudienceMissing => Some(Hint::CognitoAccessToken),
            _ => None,
        }
    }

    /// Looks at no more entries than `explain()` shows, so that a long list costs little.
    fn has_audience(&self, wanted: &[&str]) -> bool {
        let mut has = false;
        if let Claim::Is(audience) = &self.payload.aud {
            audience.each(self.payload.text(), MAX_SHOWN_AUDIENCES, |entry| {
                has |= wanted.iter().any(|wanted| entry.is(wanted));
            });
        }
        has
    }

    /// The header of a token for Graph has a `nonce` that was another one when it was signed: only
    /// Graph can verify it.
    fn is_sealed_by_microsoft(&self, issuer: &str) -> bool {
        self.header_has_nonce && MICROSOFT.iter().any(|prefix| issuer.starts_with(prefix))
    }
}

/// Whether it is the organization's server: only custom ones have a path (`/oauth2/default`).
fn is_okta_org(issuer: &str) -> bool {
    issuer
        .strip_prefix("https://")
        .is_some_and(|host| !host.contains('/') && OKTA.iter().any(|suffix| host.ends_with(suffix)))
}

impl Hint {
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Hint::MicrosoftGraph => {
                " It is a token for Microsoft Graph, which only Graph can verify. The client must \
                 request a scope of this API (such as api://<its application id>/.default) and not \
                 one of Graph (such as User.Read)."
            }
            Hint::CognitoIdToken => {
                " Its token_use says that it is an ID token of Amazon Cognito; the client must send \
                 its access token."
            }
            Hint::CognitoAccessToken => {
                " It is an access token of Amazon Cognito, which has no audience. The policy of its \
                 issuer needs the profile cognito, and in allowed_clients the app clients that may \
                 call this API."
            }
            Hint::ForItsClient => {
                " Its audience is the client that it was issued to (azp), so it may be an ID token, \
                 which is only for that client. The client must send its access token."
            }
            Hint::Keycloak => {
                " Keycloak writes an API into aud only if it is configured to: add an audience \
                 mapper for this API to a client scope of the client (\"account\" is Keycloak's \
                 own)."
            }
            Hint::OktaOrg => {
                " It is from Okta's org authorization server, whose access tokens only Okta can \
                 verify. The client must use a custom authorization server, whose issuer ends in \
                 /oauth2/default or another name."
            }
        }
    }
}
