//! The sentences of `Rejection::explain()`: what was found, what was expected, what to look at.

use std::fmt::Write as _;
use std::time::Duration;

use crate::core::excerpt::excerpt;
use crate::core::json::Fault;
use crate::core::keys::algorithm::{Algorithm, AlgorithmSet};
use crate::core::keys::jwk::{KeyUse, SkipReason};
use crate::core::keys::key_set::KeySet;
use crate::core::policy::{Policy, Profile};
use crate::core::time::NumericDate;
use crate::core::token::claims::claim_path::ClaimPath;
use crate::core::token::claims::mapped::MAX_ACTORS;
use crate::core::token::claims::required_claim::RequiredClaim;
use crate::core::verdict::facts::{AcceptedIssuers, Facts, KeySetAge};
use crate::core::verdict::reason::Reason;
use crate::core::verdict::recognize::Familiar;

/// Names of issuers, audiences and keys listed in one sentence.
const MAX_LISTED: usize = 10;

pub(crate) fn sentences(reason: Reason, facts: &Facts, familiar: Option<Familiar>) -> String {
    match facts {
        Facts::None | Facts::Opaque { is_googles: false } => plain(reason).to_owned(),
        Facts::Length { part, bytes, limit } => {
            // A header's bound is no setting.
            let setting = if *part == "token" {
                " (the Validator's max_token_bytes)"
            } else {
                ""
            };
            format!("The {part} has {bytes} bytes; at most {limit} are taken{setting}.")
        }
        Facts::Json(fault) => json(reason, *fault),
        Facts::Opaque { is_googles: true } => {
            "The token is opaque, and by how it begins an access token of Google for Google's own APIs. The client must send what \
             this API takes: an access token of an issuer that is configured here."
                .to_owned()
        }
        Facts::Issuer { found, accepted } => issuer(found, accepted, familiar),
        Facts::Tenant { found, policy } => format!(
            "The token's issuer is \"{found}\", a tenant of \"{}\" that is not among those that are allowed.",
            policy.issuer()
        ),
        Facts::NoIssuer { typ } => format!("{}{}", plain(reason), kind_of(typ)),
        Facts::Type { found, policy } => typ(found, policy),
        Facts::Member(name) => member(reason, name),
        Facts::Claim(path) => claim(path),
        Facts::Required(claim) => required(reason, claim),
        Facts::Algorithm { found, allowed } => algorithm(found, *allowed),
        Facts::Audience { found, policy } => format!(
            "The token is for another audience: it has {}, and this API takes {}.{} Ask the authorization server for a \
             token for this API (its resource or audience parameter), or set the audience that it writes.",
            quoted(found.iter().map(String::as_str)),
            if policy.audiences().next().is_none() {
                "only tokens without one, since none is set".to_owned()
            } else {
                quoted(policy.audiences())
            },
            audience_slip(found, policy)
        ),
        Facts::Time {
            at,
            now,
            skew,
            limit,
        } => time(reason, *at, *now, *skew, *limit),
        Facts::Key {
            id,
            id_is_known,
            algorithm,
            key_use,
            keys,
            age,
        } => {
            let id = id.as_deref();
            key(id, *id_is_known, algorithm.as_str(), *key_use, keys, *age)
        }
        Facts::Signature { algorithm, .. } if algorithm.is_hmac() => format!(
            "The signature ({algorithm}) does not verify with the secret that is configured for this issuer: the token was \
             changed, or signed with another secret. Is the configured one still encoded (base64, hex)? It is taken as it is."
        ),
        Facts::Signature {
            id,
            algorithm,
            tried,
        } => {
            let which = match id {
                Some(id) => format!("kid \"{id}\""),
                None => "no kid".to_owned(),
            };
            format!(
                "The signature ({algorithm}, {which}) does not verify with {}: the token was changed, or signed with \
                 another key under the same kid (another environment of the same issuer?).",
                match tried {
                    1 => "the key that fits".to_owned(),
                    n => format!("any of the {n} keys that fit"),
                }
            )
        }
        Facts::Fit { column } => format!(
            "The claims don't fit the type that this API reads them into, from column {column} of the claims set on."
        ),
        Facts::Scope(requirement) => format!(
            "The token is good, but the operation needs {requirement}, which its scopes don't hold."
        ),
    }
}

fn plain(reason: Reason) -> &'static str {
    match reason {
        Reason::NoCredentials => "The request presented no access token.",
        Reason::MalformedToken => {
            "What was presented is no token: it is empty or has characters that no token has, such as white space \
             or quotes. Is a whole header value or a JSON body being passed instead of the token?"
        }
        Reason::OpaqueToken => {
            "The token is not a JWT but opaque, and no introspection is configured for such. Was the client given a \
             token without an audience or resource, for which some authorization servers, Auth0 among them, issue opaque ones?"
        }
        Reason::Inactive => {
            "The authorization server says that the token is not active: it has expired, was revoked, or is none that it \
             knows. Was it issued by another authorization server?"
        }
        Reason::EncryptedToken => {
            "The token is encrypted (JWE). This API has no decryption key; ask for signed tokens. (Auth0 issues encrypted ones, \
             for itself, where the client names no audience.)"
        }
        Reason::NotBase64url => {
            "A part of the token is not canonical base64url: it was cut, padded or changed on its way, or has white space \
             behind it that must be trimmed."
        }
        Reason::Unsigned => "The token has no signature, which is never accepted.",
        Reason::IssuerMissing => {
            "The token has no iss claim, so nothing says whose keys would verify it. (A SPIFFE JWT-SVID needs none, where its \
             sub is a SPIFFE ID with a path and its trust domain is configured.)"
        }
        Reason::TenantMismatch => {
            "The token's tid is not the tenant in its iss, so one of them is not true of it."
        }
        Reason::KeyOfAnotherIssuer => {
            "The key of the token's kid is published for another issuer (the \"issuer\" of its JWK): it can't vouch for this \
             token's tenant."
        }
        Reason::CriticalHeader => {
            "The token's header marks extensions as critical (crit). None is understood here, so it must be refused."
        }
        Reason::MalformedKeyId => "The token's kid is not a string.",
        Reason::AlgorithmMissing => "The token's header has no alg, or one that is not a string.",
        Reason::AudienceMissing => {
            "The token has no audience, so nothing says that it is meant for this API. Ask the authorization server \
             for a token for this API (its resource or audience parameter)."
        }
        Reason::ExpiryMissing => "The token has no exp, so it would be good for ever.",
        Reason::ClientNotAllowed => {
            "The token's client (by its client_id, else azp, unless the policy names other claims) is missing, or is none of \
             those that the policy allows."
        }
        Reason::MalformedScope => {
            "A scope of the token has characters that no scope may have (RFC 6749 section 3.3), or stands in an \
             array where the policy wants a string."
        }
        Reason::MalformedConfirmation => {
            "The token's cnf has not the form that RFC 7800 and its kin give it, so what it is bound to is unknown."
        }
        Reason::UnknownConfirmation => {
            "The token is bound (cnf) to something other than a DPoP key or a client certificate; no proof of that \
             can be checked here."
        }
        Reason::ProofOfPossessionMissing => {
            "The token is good but bound (cnf) to a key or certificate of its client. It came as a plain bearer \
             token, without proof that the presenter holds that."
        }
        // These always carry facts; the name is the least that can be said.
        other => other.as_str(),
    }
}

/// Why a header or claims set was not read, with the bound if it was over one.
fn json(reason: Reason, fault: Fault) -> String {
    let part = match reason {
        Reason::MalformedHeader => "header",
        _ => "claims set",
    };
    let problem = match fault {
        Fault::Syntax | Fault::NotAnObject => "is not a well-formed JSON object".to_owned(),
        Fault::Duplicate => "has two members of the same name in one object".to_owned(),
        Fault::Number => {
            "has a number of more than 64 bytes or beyond the range of a double (both bounds are fixed)"
                .to_owned()
        }
        Fault::TooDeep { limit } => format!(
            "has objects and arrays nested more than {limit} deep (max_depth, which is fixed)"
        ),
    };
    format!("The token's {part} {problem}.")
}

fn member(reason: Reason, name: &str) -> String {
    match reason {
        Reason::NotAnAccessToken if ["nonce", "at_hash", "c_hash", "s_hash"].contains(&name) => format!(
            "This is an ID token, by its \"{name}\" claim. ID tokens are for the client that signed the user in; the \
             client must send its access token. (For a provider whose access tokens carry it, the policy has \
             allow_id_token_claims.)"
        ),
        Reason::NotAnAccessToken if name == "typ" => {
            "By the typ among its claims this is an ID, refresh or logout token; the client must send its access token."
                .to_owned()
        }
        Reason::NotAnAccessToken if name == "token_use" => {
            "By its \"token_use\", or for want of one, this is no access token. The client must send its access token."
                .to_owned()
        }
        Reason::NotAnAccessToken if name == "token_type" => format!(
            "By the \"{name}\" of the authorization server's answer this is no access token; it knows other kinds of token \
             too. The client must send its access token."
        ),
        Reason::NotAnAccessToken => {
            format!("By its \"{name}\" claim this is another kind of JWT, not an access token.")
        }
        Reason::UnsupportedHeader => {
            format!("The token's header has \"{name}\", which access tokens here must not have.")
        }
        Reason::ClaimMissing => {
            format!("The token has no \"{name}\" claim, which the policy of its issuer requires.")
        }
        _ if name == "act" => format!(
            "The token's \"act\" claim is no chain of at most {MAX_ACTORS} objects, whose iss and sub are strings (RFC 8693 \
             section 4.1)."
        ),
        _ => format!(
            "The token's \"{name}\" claim is not of the type that its specification gives it."
        ),
    }
}

/// A claim that the policy reads.
fn claim(path: &ClaimPath) -> String {
    format!(
        "The token's claim {path}, which the policy of its issuer reads, is not of the type that it must be, or can't be \
         reached: what it stands in is no object."
    )
}

/// A claim that the policy requires: what it wants, and nothing of what the token has there.
fn required(reason: Reason, required: &RequiredClaim) -> String {
    /// Values that are shown.
    const MAX_SHOWN: usize = 10;

    let path = required.path();
    let values = required.values();
    let mut wanted: Vec<_> = values
        .iter()
        .take(MAX_SHOWN)
        .map(ToString::to_string)
        .collect();
    if values.len() > MAX_SHOWN {
        wanted.push("..".to_owned());
    }
    let wanted = match wanted.as_slice() {
        [] => String::new(),
        [one] => format!(": {one}"),
        several => format!(": one of {}", several.join(", ")),
    };
    match reason {
        Reason::ClaimMissing => format!(
            "The token has no claim {path}, or null there; the policy of its issuer requires it{wanted}."
        ),
        _ => format!(
            "The token's claim {path} is not what the policy of its issuer requires{wanted} (compared exactly and by type: a \
             list is none of its entries)."
        ),
    }
}

/// What a `typ` says that a token is, where it says that it is no access token.
fn kind_of(typ: &str) -> &'static str {
    match typ.to_ascii_lowercase().as_str() {
        "dpop+jwt" => " It is a DPoP proof.",
        "logout+jwt" => " It is a logout token.",
        "secevent+jwt" => " It is a security event.",
        "token-introspection+jwt" => " It is a signed introspection response.",
        _ => "",
    }
}

fn algorithm(found: &str, allowed: Option<AlgorithmSet>) -> String {
    let reads = if found.eq_ignore_ascii_case("none") {
        "The token is unsecured (alg none), which is never accepted.".to_owned()
    } else if found.starts_with("HS")
        && !allowed.is_some_and(|set| set.iter().any(Algorithm::is_hmac))
    {
        format!(
            "The token's alg is \"{found}\", a shared-secret algorithm, which is never taken with an issuer's public keys."
        )
    } else if allowed.is_none() {
        format!("The token's alg \"{found}\" is not one that is verified here.")
    } else {
        format!("The token's alg is \"{found}\", which the policy of its issuer leaves out.")
    };
    match allowed {
        None => reads,
        Some(set) => {
            let names: Vec<_> = set.iter().map(Algorithm::as_str).collect();
            format!("{reads} It allows: {}.", names.join(", "))
        }
    }
}

fn typ(found: &str, policy: &Policy) -> String {
    let expected = match (policy.accepted_types(), policy.profile()) {
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
    let known = kind_of(found);
    format!("The token's typ is \"{found}\"; an access token here has {expected}.{known}")
}

fn time(
    reason: Reason,
    at: NumericDate,
    now: NumericDate,
    skew: Duration,
    limit: Option<Duration>,
) -> String {
    let skew_s = skew.as_secs();
    let ahead = at.since(now).as_secs();
    let ago = now.since(at).as_secs();
    let limit = limit.unwrap_or_default().as_secs();
    match reason {
        Reason::Expired => {
            let verdict = if ago <= 300 {
                "If the client had just fetched it, look at the clocks of both machines."
            } else {
                "No clock skew explains that; the client must fetch a new one."
            };
            format!(
                "The token expired {ago} s ago, at {at} (now {now}, skew allowed {skew_s} s). {verdict}"
            )
        }
        Reason::NotYetValid => format!(
            "The token is valid only from {at} on, in {ahead} s (now {now}, skew allowed {skew_s} s). Look at the \
             clocks of both machines."
        ),
        Reason::IssuedInTheFuture => format!(
            "The token says that it was issued at {at}, {ahead} s from now (now {now}, skew allowed {skew_s} s). Look \
             at the clocks of both machines."
        ),
        Reason::TooOld => format!(
            "The token was issued {ago} s ago, at {at}; the policy takes none older than {limit} s (skew allowed \
             {skew_s} s)."
        ),
        _ => format!(
            "The token lives until {at}, {ahead} s from now; the policy takes none that lives longer than {limit} s \
             (skew allowed {skew_s} s)."
        ),
    }
}

/// Where an audience of the token is nearly one that is taken.
fn audience_slip(found: &[String], policy: &Policy) -> String {
    let slips = found.iter().flat_map(|found| {
        policy
            .audiences()
            .filter_map(move |accepted| difference(found, accepted))
    });
    match slips.min() {
        Some(Difference::TrailingSlash) => " They differ only in a trailing slash.".to_owned(),
        Some(Difference::Case) => " They differ only in upper and lower case.".to_owned(),
        Some(Difference::Scheme) => " They differ only in the scheme.".to_owned(),
        Some(Difference::Port | Difference::Path) | None => String::new(),
    }
}

fn key(
    id: Option<&str>,
    id_is_known: bool,
    algorithm: &str,
    key_use: KeyUse,
    keys: &KeySet,
    known: KeySetAge,
) -> String {
    let mut text = match id {
        Some(id) if id_is_known => format!(
            "The issuer's key with kid \"{id}\" is not one for {algorithm}, the token's algorithm."
        ),
        Some(id) => format!("The issuer has no key with kid \"{id}\"."),
        None => format!("The token names no kid, and no key of the issuer fits {algorithm}."),
    };
    let usable = keys.of(key_use);
    if key_use == KeyUse::JwtSvid && usable.is_empty() {
        text.push_str(" The key set has no key whose use is jwt-svid.");
    } else if usable.is_empty() {
        text.push_str(" The key set is empty.");
    } else {
        let ids = usable.iter().filter_map(|key| key.key_id());
        let ids: Vec<_> = ids.take(MAX_LISTED + 1).map(excerpt).collect();
        if ids.is_empty() {
            text.push_str(" None of its keys has a kid.");
        } else {
            text.push_str(" Its keys are ");
            text.push_str(&quoted(ids.iter().map(String::as_str)));
            text.push('.');
        }
    }
    let skipped = keys.skipped().iter().filter(|skipped| {
        key_use == KeyUse::Signature || skipped.reason() != SkipReason::OnlyForSvids
    });
    for skipped in skipped.take(MAX_LISTED) {
        text.push_str(" Left out: ");
        text.push_str(&skipped.to_string());
        text.push('.');
    }
    if let Some(age) = known.age {
        let _ = write!(text, " The set is {} s old", age.as_secs());
        if let Some(asked) = known.last_asked {
            let _ = write!(text, " and was last asked for {} s ago", asked.as_secs());
        }
        text.push('.');
    }
    if !id_is_known {
        text.push_str(
            " If keys were rotated, this set is old; if not, the token is from another environment.",
        );
    }
    text
}

fn issuer(found: &str, accepted: &AcceptedIssuers, familiar: Option<Familiar>) -> String {
    let names = accepted.names();
    // Of another kind of token the version doesn't matter.
    if familiar.is_none()
        && let Some(text) = microsoft_version(found, &names)
    {
        return text;
    }
    // The nearest: a slip in a slash before one in the path.
    let nearest = names
        .iter()
        .filter_map(|name| difference(found, name).map(|difference| (difference, name)))
        .min_by_key(|(difference, _)| *difference);
    match nearest {
        Some((difference, name)) => format!(
            "The token is from issuer \"{found}\"; configured is \"{name}\". They differ {}",
            difference.in_words()
        ),
        None => format!(
            "The token is from issuer \"{found}\", which is not configured here; configured is {}.",
            quoted(names.into_iter())
        ),
    }
}

/// Microsoft Entra has two names for one tenant, by the version of its tokens.
fn microsoft_version(found: &str, names: &[&str]) -> Option<String> {
    let version = |issuer: &str| {
        if let Some(tenant) = issuer.strip_prefix("https://sts.windows.net/") {
            return Some((1, tenant.trim_end_matches('/').to_owned()));
        }
        let tenant = issuer.strip_prefix("https://login.microsoftonline.com/")?;
        let tenant = tenant.trim_end_matches('/').strip_suffix("/v2.0")?;
        Some((2, tenant.to_owned()))
    };
    let (found_version, tenant) = version(found)?;
    let (name, wanted) = names.iter().find_map(|name| {
        let (wanted, of) = version(name)?;
        let is_of_it = of == tenant || of.starts_with('{');
        (is_of_it && wanted != found_version).then_some((name, wanted))
    })?;
    Some(format!(
        "The token is from issuer \"{found}\", which is Microsoft Entra's for tokens of version {found_version}; configured is \
         \"{name}\", of version {wanted}. Set the version in the manifest of this API's app registration \
         (requestedAccessTokenVersion, or accessTokenAcceptedVersion: {}), or configure the issuer that the token has.",
        if wanted == 2 { "2" } else { "null" }
    ))
}

/// How two issuers differ, where they are near enough that it may be a slip; the nearest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    TrailingSlash,
    Case,
    Scheme,
    Port,
    Path,
}

impl Difference {
    fn in_words(self) -> &'static str {
        match self {
            Difference::TrailingSlash => {
                "only in a trailing slash: write the issuer as the token has it."
            }
            Difference::Case => {
                "only in upper and lower case: write the issuer as the token has it."
            }
            Difference::Scheme => "in the scheme (http or https).",
            Difference::Port => "in the port.",
            Difference::Path => {
                "in the path, which is often the tenant or realm: is the token from another one, or another environment?"
            }
        }
    }
}

fn difference(found: &str, expected: &str) -> Option<Difference> {
    let bare = |text: &str| text.trim_end_matches('/').to_owned();
    if bare(found) == bare(expected) {
        return Some(Difference::TrailingSlash);
    }
    if found.eq_ignore_ascii_case(expected) {
        return Some(Difference::Case);
    }
    let (found_scheme, found_rest) = found.split_once("://")?;
    let (expected_scheme, expected_rest) = expected.split_once("://")?;
    if bare(found_rest) == bare(expected_rest) && found_scheme != expected_scheme {
        return Some(Difference::Scheme);
    }
    let (found_host, found_path) = found_rest.split_once('/').unwrap_or((found_rest, ""));
    let (expected_host, expected_path) =
        expected_rest.split_once('/').unwrap_or((expected_rest, ""));
    if found_host == expected_host && found_path != expected_path {
        return Some(Difference::Path);
    }
    let (found_name, found_port) = host_and_port(found_host)?;
    let (expected_name, expected_port) = host_and_port(expected_host)?;
    (found_name == expected_name && found_port != expected_port).then_some(Difference::Port)
}

/// `None` where it is more than that, such as a user name that looks like a host.
fn host_and_port(authority: &str) -> Option<(&str, &str)> {
    // An IPv6 address has colons within its brackets.
    let host_end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let colon = authority.get(host_end..)?.find(':').map(|at| host_end + at);
    let (host, port) = match colon {
        Some(colon) => (authority.get(..colon)?, authority.get(colon + 1..)?),
        None => (authority, ""),
    };
    let is_plain = !host.contains('@') && port.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then_some((host, port))
}

fn quoted<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<_> = texts.collect();
    let mut shown: Vec<_> = texts
        .iter()
        .take(MAX_LISTED)
        .map(|text| format!("\"{text}\""))
        .collect();
    if texts.len() > MAX_LISTED {
        shown.push("and more".to_owned());
    }
    shown.join(", ")
}
