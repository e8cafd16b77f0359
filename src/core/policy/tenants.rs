//! Issuers whose names differ in one path segment, the tenant's, and which tenants are allowed.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// The longest tenant, in bytes.
const MAX_TENANT_BYTES: usize = 64;

/// An issuer's name with a placeholder, such as `https://login.example.com/{tenantid}/v2.0`: one
/// whole path segment in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IssuerTemplate {
    text: Box<str>,
    before: Box<str>,
    /// The placeholder with its braces.
    placeholder: Box<str>,
    after: Box<str>,
}

impl IssuerTemplate {
    /// `None` unless it has exactly one placeholder that is a whole segment of the path.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let start = text.find('{')?;
        let (before, rest) = text.split_at_checked(start)?;
        let (placeholder, after) = rest.split_at_checked(rest.find('}')? + 1)?;
        let name = placeholder.strip_prefix('{')?.strip_suffix('}')?;
        let authority = before.split_once("://")?.1;
        let is_segment = authority.contains('/') // in the path, never in the host
            && before.ends_with('/')
            && (after.is_empty() || after.starts_with('/'));
        let is_sound = is_segment
            && !before.contains(['?', '#', '}'])
            && !after.contains(['{', '}', '?', '#'])
            && is_tenant(name);
        is_sound.then(|| IssuerTemplate {
            text: text.into(),
            before: before.into(),
            placeholder: placeholder.into(),
            after: after.into(),
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The tenant in an issuer's name, byte for byte.
    pub(crate) fn tenant_of<'a>(&self, issuer: &'a str) -> Option<&'a str> {
        let tenant = issuer
            .strip_prefix(&*self.before)?
            .strip_suffix(&*self.after)?;
        is_tenant(tenant).then_some(tenant)
    }

    /// Puts this tenant in the place of the same placeholder in another text.
    #[cfg(feature = "fetch")]
    pub(crate) fn fill(&self, text: &str, tenant: &str) -> String {
        text.replace(&*self.placeholder, tenant)
    }

    /// Whether this text has the same placeholder.
    #[cfg(feature = "fetch")]
    pub(crate) fn is_in(&self, text: &str) -> bool {
        text.contains(&*self.placeholder)
    }

    /// Whether one name could match both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let is_open = |segment: &str| segment.starts_with('{');
        let (ours, theirs) = (self.text.split('/'), other.text.split('/'));
        ours.clone().count() == theirs.clone().count()
            && ours
                .zip(theirs)
                .all(|(one, two)| one == two || is_open(one) || is_open(two))
    }
}

/// `[A-Za-z0-9-]{1,64}`: no character that could end the segment.
fn is_tenant(text: &str) -> bool {
    (1..=MAX_TENANT_BYTES).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Which tenants of an issuer's template are allowed, for
/// [`Issuer::template`](crate::Issuer::template).
///
/// A tenant is the segment of `iss` where the template has its placeholder: 1 to 64 of `A` to `Z`,
/// `a` to `z`, `0` to `9` and `-`, compared byte for byte. In a configuration file it is a list of
/// tenants, or the word `"any"`.
///
/// ```
/// use resource_server::Tenants;
///
/// let two = Tenants::only(["acme", "globex"]);
/// let in_our_books = Tenants::matching(|tenant| tenant.starts_with("customer-"));
/// let any: Tenants = serde_json::from_str(r#""any""#)?;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Tenants(Allowed);

#[derive(Clone)]
enum Allowed {
    Any,
    Only(Arc<BTreeSet<String>>),
    Matching(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl Tenants {
    /// Only these tenants. An empty list, or a malformed tenant, is an error of the policy.
    pub fn only<T: Into<String>>(tenants: impl IntoIterator<Item = T>) -> Self {
        let tenants = tenants.into_iter().map(Into::into).collect();
        Tenants(Allowed::Only(Arc::new(tenants)))
    }

    /// The tenants for which this function returns true. It is called for each token before its
    /// signature is checked, so anyone may have made the tenant up. It must be quick and do no I/O:
    /// look into a map that the application keeps.
    pub fn matching(allows: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Tenants(Allowed::Matching(Arc::new(allows)))
    }

    /// Every tenant. The authorization server may let anyone create one, so the application decides
    /// what a tenant may do, by [`AccessToken::tenant`](crate::AccessToken::tenant).
    pub fn any() -> Self {
        Tenants(Allowed::Any)
    }

    pub(crate) fn allow(&self, tenant: &str) -> bool {
        match &self.0 {
            Allowed::Any => true,
            Allowed::Only(tenants) => tenants.contains(tenant),
            Allowed::Matching(allows) => allows(tenant),
        }
    }

    /// Whether the API has chosen each tenant that is allowed.
    #[cfg(feature = "fetch")]
    pub(crate) fn are_chosen(&self) -> bool {
        !matches!(self.0, Allowed::Any)
    }

    /// The number of tenants, if it is known.
    pub(crate) fn count(&self) -> Option<usize> {
        match &self.0 {
            Allowed::Only(tenants) => Some(tenants.len()),
            Allowed::Any | Allowed::Matching(_) => None,
        }
    }

    /// The tenants that are listed, if any are.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &str> {
        let listed = match &self.0 {
            Allowed::Only(tenants) => Some(tenants),
            Allowed::Any | Allowed::Matching(_) => None,
        };
        listed
            .into_iter()
            .flat_map(|tenants| tenants.iter().map(String::as_str))
    }

    /// A listed tenant that is malformed.
    pub(crate) fn malformed(&self) -> Option<&str> {
        self.listed().find(|tenant| !is_tenant(tenant))
    }
}

impl fmt::Debug for Tenants {
    /// Shows how many, since a list may be long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Allowed::Any => f.write_str("Tenants(any)"),
            Allowed::Only(tenants) => write!(f, "Tenants(only {})", tenants.len()),
            Allowed::Matching(_) => f.write_str("Tenants(matching ..)"),
        }
    }
}

impl Serialize for Tenants {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Allowed::Any => serializer.serialize_str("any"),
            Allowed::Only(tenants) => tenants.serialize(serializer),
            Allowed::Matching(_) => Err(ser::Error::custom(
                "tenants that a function allows can't be written down",
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Tenants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a list of tenants, or the word \"any\"")]
        enum Text {
            Word(String),
            List(Vec<String>),
        }
        match Text::deserialize(deserializer)? {
            Text::Word(word) if word == "any" => Ok(Tenants::any()),
            Text::Word(_) => Err(de::Error::custom(
                "a list of tenants is needed, or the word \"any\"",
            )),
            Text::List(tenants) => Ok(Tenants::only(tenants)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c10_which_texts_are_templates() {
        for (text, is_template) in [
            ("https://as.example.com/{tenantid}/v2.0", true),
            ("https://as.example.com/{tenantid}", true),
            ("https://as.example.com/a/{t}/b/c", true),
            ("https://as.example.com/v2.0", false),
            ("https://{tenant}.example.com/v2.0", false),
            ("https://as.example.com{tenant}/v2.0", false),
            ("https://as.example.com/x{tenant}/v2.0", false),
            ("https://as.example.com/{tenant}x/v2.0", false),
            ("https://as.example.com/{a}/{b}", false),
            ("https://as.example.com/{}/v2.0", false),
            ("https://as.example.com/{a b}/v2.0", false),
            ("https://as.example.com/{{a}}/v2.0", false),
            ("https://as.example.com/?t=/{a}", false),
            ("https://as.example.com/#/{a}", false),
            ("https://as.example.com/{a", false),
            ("https://as.example.com/a}/{b}", false),
            ("{tenant}", false),
            ("", false),
        ] {
            assert_eq!(IssuerTemplate::parse(text).is_some(), is_template, "{text}");
        }
    }

    #[test]
    fn c10_the_tenant_is_one_whole_segment_of_plain_characters() {
        let template = IssuerTemplate::parse("https://as.example.com/{tenantid}/v2.0").unwrap();
        let longest = "a".repeat(64);
        for (tenant, is_one) in [
            ("acme", true),
            ("72F988BF-86f1-41af-91ab-2d7cd011db47", true),
            (longest.as_str(), true),
            (&format!("{longest}a"), false),
            ("", false),
            ("a/b", false),
            ("..", false),
            ("a.b", false),
            ("a%2Fb", false),
            ("a?b", false),
            ("a#b", false),
            ("user@evil.example", false),
            ("a:b", false),
            ("acm\u{e9}", false),
            ("a b", false),
            ("a_b", false),
        ] {
            let name = format!("https://as.example.com/{tenant}/v2.0");
            assert_eq!(
                template.tenant_of(&name),
                is_one.then_some(tenant),
                "{name}"
            );
        }
        for other in [
            "https://as.example.com/v2.0",
            "https://as.example.com//v2.0",
            "https://as.example.com/acme/v2.0/",
            "https://as.example.com/acme/v2",
            "http://as.example.com/acme/v2.0",
            "https://AS.example.com/acme/v2.0",
            "https://as.example.com/{tenantid}/v2.0",
            "xhttps://as.example.com/acme/v2.0",
        ] {
            assert_eq!(template.tenant_of(other), None, "{other}");
        }
    }

    #[test]
    fn c10_templates_that_one_name_could_fit_overlap() {
        let overlap = |one: &str, two: &str| {
            let [one, two] = [one, two].map(|text| IssuerTemplate::parse(text).unwrap());
            assert_eq!(one.overlaps(&two), two.overlaps(&one));
            one.overlaps(&two)
        };
        assert!(overlap("https://a/{t}/v2", "https://a/{u}/v2"));
        assert!(overlap("https://a/{t}/v2", "https://a/x/{u}"));
        assert!(!overlap("https://a/{t}/v2", "https://a/{t}/v1"));
        assert!(!overlap("https://a/{t}/v2", "https://b/{t}/v2"));
        assert!(!overlap("https://a/{t}", "https://a/{t}/v2"));
    }
}
