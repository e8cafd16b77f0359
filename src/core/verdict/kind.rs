//! Refusals of other kinds of token, by the header's `typ` or by the claims.

use crate::core::policy::accepted::Policy;
use crate::core::policy::profile::Profile;
use crate::core::token::media_type::other_kind;
use crate::core::token::payload::Foreign;
use crate::core::verdict::explained::Explained;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::list::quoted;
use crate::core::verdict::reason::Reason;

#[derive(Clone)]
pub(crate) enum KindRefusal {
    /// The header's `typ` is not accepted; it is empty where there is none.
    TypeNotAccepted { found: String, policy: Policy },
    /// The claims show another kind of JWT.
    NotAnAccessToken(Foreign),
}

impl Explained for KindRefusal {
    fn reason(&self) -> Reason {
        match self {
            KindRefusal::TypeNotAccepted { .. } => Reason::TypeNotAccepted,
            KindRefusal::NotAnAccessToken(_) => Reason::NotAnAccessToken,
        }
    }

    fn sentences(&self, _hint: Option<Hint>) -> String {
        match self {
            KindRefusal::TypeNotAccepted { found, policy } => type_not_accepted(found, policy),
            KindRefusal::NotAnAccessToken(sign) => another_kind(*sign),
        }
    }
}

fn type_not_accepted(found: &str, policy: &Policy) -> String {
    let expected = match (&policy.settings().accepted_types, policy.profile()) {
        (Some(types), _) => format!(
            "{} (the policy's accepted_types)",
            quoted(types.iter().map(String::as_str))
        ),
        (None, Profile::Default | Profile::Cognito) => "at+jwt, JWT or none".to_owned(),
        (None, Profile::JwtSvid) => {
            "JWT, JOSE or none (the policy has the profile jwt-svid)".to_owned()
        }
        (None, Profile::Rfc9068) => "at+jwt (the policy has the profile of RFC 9068)".to_owned(),
    };
    let known = in_words(found);
    format!("The token's typ is \"{found}\"; an access token here has {expected}.{known}")
}

/// What a header's `typ` shows about a token that is not an access token.
pub(super) fn in_words(typ: &str) -> String {
    other_kind(typ).map_or_else(String::new, |kind| format!(" It is {kind}."))
}

fn another_kind(sign: Foreign) -> String {
    match sign {
        Foreign::IdToken(name) => format!(
            "Its \"{name}\" claim shows that this is an ID token. ID tokens are for the client \
             that signed the user in; the client must send its access token. (If the provider's \
             access tokens have this claim, the policy needs allow_id_token_claims.)"
        ),
        Foreign::Other(name) => format!(
            "Its \"{name}\" claim shows that this is another kind of JWT, not an access token."
        ),
        Foreign::AuthorizationResponse(name) => format!(
            "Its \"{name}\" and \"state\" claims show that this is a signed authorization response \
             (JARM), which is only for the client. The client must send its access token."
        ),
        Foreign::Typ => {
            "The typ among its claims says that this is an ID, refresh or logout token. The client \
             must send its access token."
                .to_owned()
        }
        Foreign::TokenUse => {
            "Its \"token_use\" is missing or is not \"access\": this is not an access token. The \
             client must send its access token."
                .to_owned()
        }
        Foreign::TokenType => {
            "The \"token_type\" of the introspection response says that this is not an access \
             token. Authorization servers introspect other kinds of token too. The client must \
             send its access token."
                .to_owned()
        }
    }
}
