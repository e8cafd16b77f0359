//! Refusals for the issuer or its tenant: usually another name for the right one.

use std::sync::Arc;

use crate::core::policy::accepted::Policy;
use crate::core::verdict::explained::Explained;
use crate::core::verdict::hint::Hint;
use crate::core::verdict::kind;
use crate::core::verdict::likeness::difference;
use crate::core::verdict::list::quoted;
use crate::core::verdict::reason::Reason;

#[derive(Clone)]
pub(crate) enum IssuerRefusal {
    /// There is no `iss`; the header's `typ` may say why.
    Missing { typ: String },
    /// `iss`, or the trust domain of a JWT-SVID, is not accepted.
    Mismatch {
        found: String,
        accepted: AcceptedIssuers,
    },
    /// `iss` fits the policy's template, but its tenant is not allowed.
    TenantNotAllowed { found: String, policy: Policy },
    /// `tid` is not the tenant in `iss`.
    TenantMismatch,
}

/// The issuers that are accepted.
#[derive(Clone)]
pub(crate) enum AcceptedIssuers {
    /// The policy's.
    One(Policy),
    /// Every issuer of a Validator.
    Many(Arc<[Box<str>]>),
}

impl AcceptedIssuers {
    fn names(&self) -> Vec<&str> {
        match self {
            AcceptedIssuers::One(policy) => vec![policy.issuer()],
            AcceptedIssuers::Many(names) => names.iter().map(AsRef::as_ref).collect(),
        }
    }
}

impl Explained for IssuerRefusal {
    fn reason(&self) -> Reason {
        match self {
            IssuerRefusal::Missing { .. } => Reason::IssuerMissing,
            IssuerRefusal::Mismatch { .. } => Reason::IssuerMismatch,
            IssuerRefusal::TenantNotAllowed { .. } => Reason::TenantNotAllowed,
            IssuerRefusal::TenantMismatch => Reason::TenantMismatch,
        }
    }

    fn sentences(&self, hint: Option<Hint>) -> String {
        match self {
            IssuerRefusal::Missing { typ } => missing(typ),
            IssuerRefusal::Mismatch { found, accepted } => mismatch(found, accepted, hint),
            IssuerRefusal::TenantNotAllowed { found, policy } => tenant_not_allowed(found, policy),
            IssuerRefusal::TenantMismatch => {
                "The token's tid is not the tenant in its iss, so one of the two is wrong."
                    .to_owned()
            }
        }
    }
}

fn missing(typ: &str) -> String {
    format!(
        "The token has no iss claim, so nothing says whose keys verify it. (A SPIFFE JWT-SVID needs \
         no iss if its sub is a SPIFFE ID with a path and its trust domain is configured.){}",
        kind::in_words(typ)
    )
}

fn tenant_not_allowed(found: &str, policy: &Policy) -> String {
    format!(
        "The token's issuer is \"{found}\". It is a tenant of \"{}\", but not one that is allowed \
         here.",
        policy.issuer()
    )
}

fn mismatch(found: &str, accepted: &AcceptedIssuers, hint: Option<Hint>) -> String {
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
        "The token is from issuer \"{found}\", the name that Microsoft Entra has for tokens of \
         version {found_version}. Configured is \"{name}\", of version {wanted}. Set the version in the \
         manifest of this API's app registration (requestedAccessTokenVersion, or \
         accessTokenAcceptedVersion: {}), or configure the issuer that the token has.",
        if wanted == 2 { "2" } else { "null" }
    ))
}
