//! What is wrong with a token's issuer: usually another name for the right one.

use crate::core::policy::accepted::Policy;
use crate::core::verdict::explain::header::kind_of;
use crate::core::verdict::explain::likeness::difference;
use crate::core::verdict::explain::list::quoted;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::refusal::AcceptedIssuers;

pub(super) fn missing(typ: &str) -> String {
    format!(
        "The token has no iss claim, so nothing says whose keys would verify it. (A SPIFFE \
         JWT-SVID needs none, where its sub is a SPIFFE ID with a path and its trust domain is \
         configured.){}",
        kind_of(typ)
    )
}

pub(super) fn tenant_not_allowed(found: &str, policy: &Policy) -> String {
    format!(
        "The token's issuer is \"{found}\", a tenant of \"{}\" that is not among those that are \
         allowed.",
        policy.issuer()
    )
}

pub(super) fn mismatch(found: &str, accepted: &AcceptedIssuers, hint: Option<Hint>) -> String {
    let names = accepted.names();
    // If the token is for another API, its version does not matter.
    if hint.is_none()
        && let Some(text) = microsoft_version(found, &names)
    {
        return text;
    }
    // The nearest name is shown: one that differs in a slash before one that differs in its path.
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

/// Explains the two names that Microsoft Entra has for one tenant, by the version of its tokens.
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
        "The token is from issuer \"{found}\", which is Microsoft Entra's for tokens of version \
         {found_version}; configured is \"{name}\", of version {wanted}. Set the version in the \
         manifest of this API's app registration (requestedAccessTokenVersion, or \
         accessTokenAcceptedVersion: {}), or configure the issuer that the token has.",
        if wanted == 2 { "2" } else { "null" }
    ))
}
