//! Addresses that may be fetched from.

use std::fmt;

use url::{Host, Url};

use crate::core::excerpt;

/// An address that passed the rules: https (http for loopback or by leave), no user name, password
/// or fragment.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address(Url);

/// The most characters of an address that are shown.
const MAX_SHOWN: usize = 512;

/// Why an address may not be fetched from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It is not an absolute URL.
    #[error("it is not an absolute URL: write it with https:// in front")]
    NotAUrl,
    /// `http`, which anyone on the network path can change.
    #[error(
        "it is http, which anyone on the network path can change: use https (http is for loopback; Fetch::danger_allow_http \
         lifts this)"
    )]
    Http,
    /// Another scheme than https.
    #[error("its scheme is not https")]
    Scheme,
    /// A user name or password, which would end up in logs.
    #[error("it has a user name or password: leave them out")]
    UserInfo,
    /// A fragment, which is never sent.
    #[error("it has a fragment (#...): leave it out")]
    Fragment,
    /// A metadata document's address where an issuer's name is wanted.
    #[error(
        "it is the address of a metadata document, not the issuer's name: use the name as it appears in `iss`, and set the \
         address by discovery_at if it can't be derived"
    )]
    WellKnown,
    /// A placeholder in braces, which is a tenant's where the issuer's name has the same one.
    #[error(
        "it has braces: a placeholder names a tenant only where the issuer's name has the same one (Issuer::template)"
    )]
    Placeholder,
    /// An issuer with a query, which RFC 8414 section 2 forbids.
    #[error("it has a query (?...), which an issuer can't have (RFC 8414 section 2)")]
    Query,
}

/// Where plain http is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Http {
    Never,
    ToLoopback,
    Anywhere,
}

impl Address {
    pub(crate) fn parse(text: &str, http: Http) -> Result<Self, AddressError> {
        // The parser mends much in silence; what needs mending is no address, and no issuer's name.
        let is_sound = text.contains("://")
            && !text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\');
        if !is_sound {
            return Err(AddressError::NotAUrl);
        }
        if text.contains(['{', '}']) {
            return Err(AddressError::Placeholder);
        }
        let url = Url::parse(text).map_err(|_| AddressError::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" => {
                let is_allowed = match http {
                    Http::Never => false,
                    Http::ToLoopback => leads_to_loopback(&url),
                    Http::Anywhere => true,
                };
                if !is_allowed {
                    return Err(AddressError::Http);
                }
            }
            _ => return Err(AddressError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(AddressError::Fragment);
        }
        Ok(Address(url))
    }

    /// A text that is no address, or not a fit one, for an error: without user name, password and
    /// query.
    pub(crate) fn shown(text: &str) -> String {
        let text = text.split(['?', '#']).next().unwrap_or_default();
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (authority, path) = match rest.find(['/', '\\']) {
            Some(end) => rest.split_at(end),
            None => (rest, ""),
        };
        // Shows the text after the last `@`, since no rule holds for a text that is not a URL.
        let behind = |part: &str| part.rsplit('@').next().unwrap_or_default().to_owned();
        let shown = if path.contains('@') {
            behind(path)
        } else {
            format!("{}{path}", behind(authority))
        };
        let separator = if scheme.is_empty() { "" } else { "://" };
        excerpt(&format!("{scheme}{separator}{shown}"))
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    pub(crate) fn is_http(&self) -> bool {
        self.0.scheme() == "http"
    }

    pub(crate) fn is_loopback(&self) -> bool {
        leads_to_loopback(&self.0)
    }

    /// What an address that this one's document names may use: a document that came by https can't
    /// lead to http.
    pub(crate) fn http_of_what_it_names(&self, setting: Http) -> Http {
        match (setting, self.0.scheme()) {
            (_, "https") => Http::Never,
            (setting, _) => setting,
        }
    }

    /// The same origin with another path.
    pub(crate) fn with_path(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(path);
        url.set_query(None);
        Address(url)
    }
}

impl fmt::Display for Address {
    /// Shows the address without its query, which may hold a key. It is cut, since metadata may
    /// name any address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        shown.set_query(None);
        // A URL is ASCII.
        match shown.as_str().get(..MAX_SHOWN) {
            Some(start) if shown.as_str().len() > MAX_SHOWN => write!(f, "{start}..."),
            _ => f.write_str(shown.as_str()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

fn leads_to_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s01_which_addresses_are_taken() {
        use AddressError as P;
        let cases = [
            ("https://as.example.com/jwks?x=1", None),
            ("https://as.example.com:8443/", None),
            ("http://127.0.0.1:80/", None),
            ("http://[::1]/", None),
            ("http://localhost/", None),
            ("http://as.example.com/", Some(P::Http)),
            ("http://localhost.example.com/", Some(P::Http)),
            ("http://127.0.0.1.example.com/", Some(P::Http)),
            ("http://10.0.0.1/", Some(P::Http)),
            ("http://0.0.0.0/", Some(P::Http)),
            ("http://[::ffff:127.0.0.1]/", Some(P::Http)),
            ("http://localhost./", Some(P::Http)),
            ("file:///etc/passwd", Some(P::Scheme)),
            ("ftp://as.example.com/", Some(P::Scheme)),
            ("data:application/json,{}", Some(P::NotAUrl)),
            ("https://user@as.example.com/", Some(P::UserInfo)),
            ("https://user:secret@as.example.com/", Some(P::UserInfo)),
            ("https://:secret@as.example.com/", Some(P::UserInfo)),
            ("https://as.example.com/#x", Some(P::Fragment)),
            ("https://as.example.com/{tenant}/jwks", Some(P::Placeholder)),
            ("as.example.com", Some(P::NotAUrl)),
            ("/jwks", Some(P::NotAUrl)),
            ("", Some(P::NotAUrl)),
            ("https:as.example.com", Some(P::NotAUrl)),
            ("https://as.exa\nmple.com/", Some(P::NotAUrl)),
            (" https://as.example.com/", Some(P::NotAUrl)),
            (r"https:\\as.example.com\@evil.example/", Some(P::NotAUrl)),
            (r"https://as.example.com\@evil.example/", Some(P::NotAUrl)),
        ];
        for (text, problem) in cases {
            assert_eq!(
                Address::parse(text, Http::ToLoopback).err(),
                problem,
                "{text}"
            );
        }
        assert!(Address::parse("http://as.internal/", Http::Anywhere).is_ok());
        assert_eq!(
            Address::parse("http://127.0.0.1/", Http::Never),
            Err(P::Http)
        );
    }

    #[test]
    fn p01_a_query_is_not_shown() {
        let address =
            Address::parse("https://as.example.com/jwks?key=secret", Http::Never).unwrap();
        assert_eq!(address.to_string(), "https://as.example.com/jwks");
        assert_eq!(
            format!("{address:?}"),
            "Address(https://as.example.com/jwks)"
        );
    }

    #[test]
    fn p01_a_long_address_is_cut() {
        for (length, shown) in [(512, 512), (513, 515), (1 << 20, 515)] {
            let text = format!("https://as.example.com/{}", "x".repeat(length - 23));
            let address = Address::parse(&text, Http::Never).unwrap();
            assert_eq!(address.to_string().len(), shown);
        }
    }
}
