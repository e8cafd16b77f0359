//! The sentences of `Rejection::explain()`: what was found, what was expected, what to do.

mod audience;
mod header;
mod issuer;
mod key;
mod likeness;
mod list;
mod time;

use crate::core::excerpt::excerpt;
use crate::core::json::Fault;
use crate::core::token::claims::actor::MAX_ACTORS;
use crate::core::token::claims::claim_path::{ClaimPath, DottedName};
use crate::core::token::claims::required_claim::{ClaimValue, RequiredClaim};
use crate::core::token::jws::FormFault;
use crate::core::token::payload::Foreign;
use crate::core::verdict::explain::list::MAX_LISTED;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::refusal::Refusal;

/// Explains a refusal, and adds the hint.
pub(super) fn explain(refusal: &Refusal, hint: Option<Hint>) -> String {
    let mut text = sentences(refusal, hint);
    text.push_str(hint.map_or("", Hint::in_words));
    text
}

#[allow(clippy::too_many_lines)] // One exhaustive match, with a few lines for each refusal.
fn sentences(refusal: &Refusal, hint: Option<Hint>) -> String {
    match refusal {
        Refusal::NoCredentials => "The request presented no access token.".to_owned(),
        Refusal::Form(fault) => form(*fault),
        Refusal::Opaque { is_googles: true } => {
            "The token is opaque, and by how it begins an access token of Google for Google's own \
             APIs. The client must send what this API takes: an access token of an issuer that is \
             configured here."
                .to_owned()
        }
        Refusal::Opaque { is_googles: false } => {
            "The token is not a JWT but opaque, and no introspection is configured for such. Was \
             the client given a token without an audience or resource, for which some \
             authorization servers, Auth0 among them, issue opaque ones?"
                .to_owned()
        }
        Refusal::Encrypted => {
            "The token is encrypted (JWE). This API has no decryption key; ask for signed tokens. \
             (Auth0 issues encrypted ones, for itself, where the client names no audience.)"
                .to_owned()
        }
        Refusal::Inactive => {
            "The authorization server says that the token is not active: it has expired, was \
             revoked, or is unknown there. Was it issued by another authorization server? Some \
             servers also answer so about a token of another client than the one that introspects, \
             and some about every token if the request has a token_type_hint \
             (Introspection::without_token_type_hint)."
                .to_owned()
        }
        Refusal::IssuerMissing { typ } => issuer::missing(typ),
        Refusal::IssuerMismatch { found, accepted } => issuer::mismatch(found, accepted, hint),
        Refusal::TenantNotAllowed { found, policy } => issuer::tenant_not_allowed(found, policy),
        Refusal::TenantMismatch => {
            "The token's tid is not the tenant in its iss, so one of them is not true of it."
                .to_owned()
        }
        Refusal::TypeNotAccepted { found, policy } => header::typ(found, policy),
        Refusal::NotAnAccessToken(sign) => another_kind(*sign),
        Refusal::CriticalHeader => {
            "The token's header marks extensions as critical (crit). None is understood here, so \
             it must be refused."
                .to_owned()
        }
        Refusal::UnsupportedHeader(name) => {
            format!("The token's header has \"{name}\", which access tokens here must not have.")
        }
        Refusal::MalformedKeyId => "The token's kid is not a string.".to_owned(),
        Refusal::AlgorithmMissing => {
            "The token's header has no alg, or one that is not a string.".to_owned()
        }
        Refusal::AlgorithmUnknown { found } => header::algorithm_unknown(found),
        Refusal::AlgorithmNotAllowed { found, allowed } => {
            header::algorithm_not_allowed(found, *allowed)
        }
        Refusal::AudienceMissing(policy) => audience::missing(policy, hint),
        Refusal::AudienceMissingInResponse => audience::missing_in_response(),
        Refusal::AudienceAndTypeMissing => audience::missing_with_type(),
        Refusal::AudienceMismatch { found, policy } => audience::mismatch(found, policy),
        Refusal::ExpiryMissing => "The token has no exp, so it would be good for ever.".to_owned(),
        Refusal::ExpiryNotInSeconds { unit } => time::expiry_not_in_seconds(unit),
        Refusal::Expired(moment) => time::expired(*moment),
        Refusal::NotYetValid(moment) => time::not_yet_valid(*moment),
        Refusal::IssuedInTheFuture(moment) => time::issued_in_the_future(*moment),
        Refusal::TooOld { issued, max_age } => time::too_old(*issued, *max_age),
        Refusal::LifetimeTooLong {
            expires,
            max_remaining,
        } => time::lifetime_too_long(*expires, *max_remaining),
        Refusal::ClaimMissing(name) => {
            format!("The token has no \"{name}\" claim, which the policy of its issuer requires.")
        }
        Refusal::RequiredClaimMissing { required, slip } => {
            required_missing(required, slip.as_ref())
        }
        Refusal::RequiredClaimMismatch(required) => required_mismatch(required),
        Refusal::MalformedClaim(name) => {
            format!(
                "The token's \"{name}\" claim is not of the type that its specification gives it."
            )
        }
        Refusal::EmptySubject => {
            "The token's \"sub\" claim is empty, so it names no one. The authorization server must \
             set it, or leave it out."
                .to_owned()
        }
        Refusal::MalformedActor => {
            format!(
                "The token's \"act\" claim is no chain of at most {MAX_ACTORS} objects, whose iss \
                 and sub are strings (RFC 8693 section 4.1)."
            )
        }
        Refusal::UnreadableClaim(path) => unreadable(path),
        Refusal::ClientNotAllowed { slip } => {
            format!(
                "The token's client (by its client_id, else azp, unless the policy names other \
                 claims) is missing, or is not one of those that the policy allows.{}",
                dotted(slip.as_ref())
            )
        }
        Refusal::MalformedScope => {
            "A scope of the token has characters that no scope may have (RFC 6749 section 3.3), or \
             the claim of its scopes is not a string."
                .to_owned()
        }
        Refusal::ScopeInList => {
            "The token's scope is a list. RFC 9068 has a string there, with spaces between the \
             scopes. If the authorization server always writes a list, the policy needs \
             allow_scope_array."
                .to_owned()
        }
        Refusal::MalformedConfirmation => {
            "The token's cnf has not the form that RFC 7800 and its kin give it, so what it is \
             bound to is unknown."
                .to_owned()
        }
        Refusal::UnknownConfirmation => {
            "The token is bound (cnf) to something other than a DPoP key or a client certificate; \
             no proof of that can be checked here."
                .to_owned()
        }
        Refusal::UnknownKey {
            id,
            id_is_known,
            is_by_thumbprint,
            algorithm,
            key_use,
            keys,
            age,
        } => {
            let id = id.as_deref();
            key::missing(id, *id_is_known, *is_by_thumbprint, *algorithm)
                + &key::known_keys(*id_is_known, *key_use, keys, *age)
        }
        Refusal::KeyOfAnotherIssuer { stated, issuer } => key::of_another_issuer(stated, issuer),
        Refusal::BadSignature {
            id,
            algorithm,
            tried,
        } => key::bad_signature(id.as_deref(), *algorithm, *tried),
        Refusal::ProofOfPossessionMissing => {
            "The token is good but bound (cnf) to a key or certificate of its client. It came as a \
             plain bearer token, without proof that the presenter holds that."
                .to_owned()
        }
        Refusal::ClaimsDoNotFit { column } => {
            format!(
                "The claims don't fit the type that this API reads them into, from column {column} \
                 of the claims set on."
            )
        }
        Refusal::InsufficientScope {
            requirement,
            has_scope_claim,
            role_slip,
        } => {
            let found = if *has_scope_claim {
                "which its scopes don't include."
            } else {
                "and the token has no scope claim at all, neither scope nor scp. Did the client \
                 request a scope, and does the authorization server write scopes into its tokens?"
            };
            let roles = match dotted(role_slip.as_ref()) {
                text if text.is_empty() => text,
                text => format!(" Its roles are not read either.{text}"),
            };
            format!("The token is good, but the operation needs {requirement}, {found}{roles}")
        }
    }
}

fn form(fault: FormFault) -> String {
    match fault {
        FormFault::TokenTooLong { bytes, limit } => {
            format!(
                "The token has {bytes} bytes; at most {limit} are taken (the Validator's \
                 max_token_bytes)."
            )
        }
        // No setting changes the limit of a header.
        FormFault::HeaderTooLong { bytes, limit } => {
            format!("The token's header has {bytes} bytes; at most {limit} are taken.")
        }
        FormFault::Malformed => {
            "What was presented is no token: it is empty or has characters that no token has, such \
             as white space or quotes. Is a whole header value or a JSON body being passed instead \
             of the token?"
                .to_owned()
        }
        FormFault::NotBase64url => {
            "A part of the token is not canonical base64url: it was cut, padded or changed on its \
             way, or has white space behind it that must be trimmed."
                .to_owned()
        }
        FormFault::MalformedHeader(fault) => json("header", fault),
        FormFault::MalformedPayload(fault) => json("claims set", fault),
        FormFault::Unsigned => "The token has no signature, which is never accepted.".to_owned(),
    }
}

fn another_kind(sign: Foreign) -> String {
    match sign {
        Foreign::IdToken(name) => format!(
            "This is an ID token, by its \"{name}\" claim. ID tokens are for the client that \
             signed the user in; the client must send its access token. (For a provider whose \
             access tokens carry it, the policy has allow_id_token_claims.)"
        ),
        Foreign::Other(name) => {
            format!("By its \"{name}\" claim this is another kind of JWT, not an access token.")
        }
        Foreign::AuthorizationResponse(name) => format!(
            "By its \"{name}\" and \"state\" claims this is a signed authorization response (JARM), \
             which is for the client alone. The client must send its access token."
        ),
        Foreign::Typ => {
            "By the typ among its claims this is an ID, refresh or logout token; the client must \
             send its access token."
                .to_owned()
        }
        Foreign::TokenUse => {
            "By its \"token_use\", or for want of one, this is no access token. The client must \
             send its access token."
                .to_owned()
        }
        Foreign::TokenType => {
            "By the \"token_type\" of the authorization server's answer this is no access token; \
             it knows other kinds of token too. The client must send its access token."
                .to_owned()
        }
    }
}

/// A claim that the policy reads.
fn unreadable(path: &ClaimPath) -> String {
    format!(
        "The token's claim {path}, which the policy of its issuer reads, is not of the type that \
         it must be, or can't be reached: what it stands in is no object."
    )
}

fn required_missing(required: &RequiredClaim, slip: Option<&DottedName>) -> String {
    format!(
        "The token has no claim {}, or null there; the policy of its issuer requires it{}.{}",
        required.path(),
        wanted(required.values()),
        dotted(slip)
    )
}

/// A nested path that the policy writes as one name.
fn dotted(slip: Option<&DottedName>) -> String {
    let Some(DottedName { named, nested }) = slip else {
        return String::new();
    };
    let names: Vec<_> = nested
        .names()
        .map(|name| format!("\"{}\"", excerpt(name)))
        .collect();
    let names = names.join(", ");
    format!(
        " The policy names the claim {named}, in which dots have no meaning. The token has the \
         nested path [{names}]: name it by ClaimPath::nested([{names}]), or by that list in a \
         configuration file."
    )
}

fn required_mismatch(required: &RequiredClaim) -> String {
    format!(
        "The token's claim {} is not what the policy of its issuer requires{} (compared exactly \
         and by type: a list is none of its entries).",
        required.path(),
        wanted(required.values())
    )
}

/// The values that a policy requires of a claim. The token's own value is never shown.
fn wanted(values: &[ClaimValue]) -> String {
    let mut wanted: Vec<_> = values
        .iter()
        .take(MAX_LISTED)
        .map(ToString::to_string)
        .collect();
    if values.len() > MAX_LISTED {
        wanted.push("..".to_owned());
    }
    match wanted.as_slice() {
        [] => String::new(),
        [one] => format!(": {one}"),
        several => format!(": one of {}", several.join(", ")),
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
