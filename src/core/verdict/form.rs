//! Refusals for what the request presented: nothing, or something that is not an acceptable token
//! by its form or by the authorization server's response.

use crate::core::json::Fault;
use crate::core::token::jws::FormFault;
use crate::core::verdict::explained::Explained;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::reason::Reason;

#[derive(Clone)]
pub(crate) enum FormRefusal {
    /// The request presented no token.
    NoCredentials,
    /// The credentials are not one access token.
    Credentials(CredentialsFault),
    /// The token was presented under the scheme DPoP.
    DpopScheme,
    /// The token's form is not sound.
    Fault(FormFault),
    /// The token is opaque, and no source introspects opaque tokens.
    Opaque { is_googles: bool },
    /// The token is a JWE.
    Encrypted,
    /// The authorization server says that the token is not active.
    Inactive,
}

/// Why the credentials of a request are malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialsFault {
    /// There are several `Authorization` lines.
    SeveralLines,
    /// The line does not begin with the name of a scheme.
    NoScheme,
    /// The scheme is Bearer, and what follows is not one token.
    NotOneToken,
    /// Another place of the API's choice holds something that is not exactly one token.
    PlaceWithoutOneToken,
    /// Several places present something.
    SeveralPlaces,
    /// The header for the client's certificate does not hold exactly one.
    Certificate,
}

impl Explained for FormRefusal {
    fn reason(&self) -> Reason {
        match self {
            FormRefusal::NoCredentials => Reason::NoCredentials,
            FormRefusal::Credentials(_) => Reason::MalformedCredentials,
            FormRefusal::DpopScheme => Reason::DpopNotSupported,
            FormRefusal::Fault(fault) => match fault {
                FormFault::TokenTooLong { .. } | FormFault::HeaderTooLong { .. } => Reason::TooLong,
                FormFault::Malformed => Reason::MalformedToken,
                FormFault::NotBase64url => Reason::NotBase64url,
                FormFault::MalformedHeader(_) => Reason::MalformedHeader,
                FormFault::MalformedPayload(_) => Reason::MalformedPayload,
                FormFault::Unsigned => Reason::Unsigned,
            },
            FormRefusal::Opaque { .. } => Reason::OpaqueToken,
            FormRefusal::Encrypted => Reason::EncryptedToken,
            FormRefusal::Inactive => Reason::Inactive,
        }
    }

    fn sentences(&self, _hint: Option<Hint>) -> String {
        let text = match self {
            FormRefusal::NoCredentials => "The request presented no access token.",
            FormRefusal::Credentials(CredentialsFault::SeveralLines) => {
                "The request has several Authorization lines. Exactly one is accepted. Does a proxy \
                 add one?"
            }
            FormRefusal::Credentials(CredentialsFault::NoScheme) => {
                "The Authorization header does not begin with the name of a scheme. The client must \
                 send \"Bearer\", a space and the access token."
            }
            FormRefusal::Credentials(CredentialsFault::NotOneToken) => {
                "The Authorization header has the scheme Bearer, but not one token after it. The \
                 client must send \"Bearer\", a space and the access token, without quotes, and \
                 nothing after it."
            }
            FormRefusal::Credentials(CredentialsFault::PlaceWithoutOneToken) => {
                "A place that tokens are read from (Resource::tokens_from) holds something that is \
                 not exactly one token. Does the header have a scheme before the token, or is the \
                 cookie there twice?"
            }
            FormRefusal::Credentials(CredentialsFault::SeveralPlaces) => {
                "The request presents tokens in several of the places that they are read from \
                 (Resource::tokens_from). Exactly one is accepted."
            }
            FormRefusal::Credentials(CredentialsFault::Certificate) => {
                "The header in which a proxy hands on the client's certificate does not hold \
                 exactly one certificate in its form. Is its name and form the one of the proxy \
                 (ClientCertificates::from_header), and does the proxy remove it from requests?"
            }
            FormRefusal::DpopScheme => {
                "The request presented the token under the scheme DPoP, which this API does not \
                 offer (ValidatorBuilder::dpop). Without it, the client must request a bearer \
                 token, which is not bound to a key."
            }
            FormRefusal::Fault(fault) => return fault_in_words(*fault),
            FormRefusal::Opaque { is_googles: true } => {
                "The token is opaque. Its first characters are those of Google's access tokens for \
                 Google's own APIs. The client must send an access token of an issuer that is \
                 configured here."
            }
            FormRefusal::Opaque { is_googles: false } => {
                "The token is opaque and not a JWT, and no introspection is configured. Did the \
                 client request the token without an audience or resource? Some authorization \
                 servers, such as Auth0, then issue opaque tokens."
            }
            FormRefusal::Encrypted => {
                "The token is encrypted (JWE), and this API has no decryption key. Configure the \
                 authorization server to issue signed tokens. (Auth0 issues encrypted tokens for \
                 itself if the client names no audience.)"
            }
            FormRefusal::Inactive => {
                "The authorization server says that the token is not active: it has expired, was \
                 revoked, or is unknown there. Was it issued by another authorization server? Some \
                 servers also answer so about a token of another client than the one that \
                 introspects, and some about every token if the request has a token_type_hint \
                 (Introspection::without_token_type_hint)."
            }
        };
        text.to_owned()
    }
}

fn fault_in_words(fault: FormFault) -> String {
    match fault {
        FormFault::TokenTooLong { bytes, limit } => format!(
            "The token has {bytes} bytes; at most {limit} are accepted (the Validator's \
             max_token_bytes)."
        ),
        FormFault::HeaderTooLong { bytes, limit } => format!(
            "The token's header has {bytes} bytes; at most {limit} are accepted (this bound is \
             fixed)."
        ),
        FormFault::Malformed => {
            "What was presented is not a token: it is empty or has characters that a token can't \
             have, such as white space or quotes. Is a whole header value or a JSON body being \
             passed instead of the token?"
                .to_owned()
        }
        FormFault::NotBase64url => {
            "A part of the token is not canonical base64url. It was cut, padded or changed on its \
             way, or it has white space at its end that must be trimmed."
                .to_owned()
        }
        FormFault::MalformedHeader(fault) => json("header", fault),
        FormFault::MalformedPayload(fault) => json("claims set", fault),
        FormFault::Unsigned => {
            "The token has no signature. Unsigned tokens are never accepted.".to_owned()
        }
    }
}

/// Why a header or claims set was not read, with the bound if it was over one.
fn json(part: &str, fault: Fault) -> String {
    let problem = match fault {
        Fault::Syntax | Fault::NotAnObject => "is not a well-formed JSON object".to_owned(),
        Fault::Duplicate => "has two members of the same name in one object".to_owned(),
        Fault::Number => {
            "has a number of more than 64 bytes or beyond the range of a double (both bounds are \
             fixed)"
                .to_owned()
        }
        Fault::TooDeep { limit } => format!(
            "has objects and arrays nested more than {limit} deep (max_depth, which is fixed)"
        ),
    };
    format!("The token's {part} {problem}.")
}
