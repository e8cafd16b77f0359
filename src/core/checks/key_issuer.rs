//! Which issuers a key may vouch for, where its JWK states an `issuer`.
//!
//! The member is not one of RFC 7517. Sets that many tenants share use it to say whose key each one
//! is.

use crate::core::policy::tenants::IssuerTemplate;

/// Prefixes of the two names that Microsoft Entra ID gives one tenant: in tokens of version 2.0 and
/// of version 1.0.
///
/// One key signs both. The published sets state the name of version 2.0 or none, so that name is
/// read as both.
const ENTRA_ID: [(&str, &str); 3] = [
    (
        "https://login.microsoftonline.com/",
        "https://sts.windows.net/",
    ),
    (
        "https://login.microsoftonline.us/",
        "https://sts.windows.net/",
    ),
    (
        "https://login.partner.microsoftonline.cn/",
        "https://sts.chinacloudapi.cn/",
    ),
];

/// Whether a key that states this issuer may verify a token of `issuer`. The stated value is a name
/// or a template of names.
///
/// Any number of keys is asked for one token, so what can't match costs a comparison.
pub(crate) fn vouches_for(stated: &str, issuer: &str) -> bool {
    is_name_of(stated, issuer)
        || entra_id_v1(stated, issuer).is_some_and(|older| is_name_of(&older, issuer))
}

fn is_name_of(stated: &str, issuer: &str) -> bool {
    stated == issuer
        || before_placeholder(stated).is_some_and(|before| issuer.starts_with(before))
            && IssuerTemplate::parse(stated)
                .is_some_and(|template| template.tenant_of(issuer).is_some())
}

/// What a template begins with; `None` for a name.
fn before_placeholder(stated: &str) -> Option<&str> {
    stated.split_once('{').map(|(before, _)| before)
}

/// The name of version 1.0 of the tenant that a name of version 2.0 is about, where it may be the
/// issuer's.
fn entra_id_v1(stated: &str, issuer: &str) -> Option<String> {
    let tenant_of_issuer = |v1| issuer.strip_prefix(v1)?.strip_suffix('/');
    ENTRA_ID.iter().find_map(|(v2, v1)| {
        let tenant = stated.strip_prefix(v2)?.strip_suffix("/v2.0")?;
        let may_be = tenant.contains('{') || tenant_of_issuer(v1) == Some(tenant);
        (may_be && issuer.starts_with(v1)).then(|| format!("{v1}{tenant}/"))
    })
}
