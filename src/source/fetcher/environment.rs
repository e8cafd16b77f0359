//! Proxies that the environment names, for errors.

use super::super::address::Address;

/// In the order in which programs read them.
const HTTPS: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The name in capitals is left out, as it may come from the `Proxy` header of a CGI request.
const HTTP: [&str; 3] = ["http_proxy", "ALL_PROXY", "all_proxy"];

/// The variable that names a proxy for this address.
pub(super) fn proxy_in(
    address: &Address,
    variable: impl Fn(&str) -> Option<String>,
) -> Option<&'static str> {
    let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let host = address.url().host_str()?;
    let direct = set("NO_PROXY").or_else(|| set("no_proxy"));
    let is_excepted = direct.is_some_and(|list| list.split(',').any(|one| covers(one, host)));
    if is_excepted || address.is_loopback() {
        return None;
    }
    let names: &[&'static str] = if address.is_http() { &HTTP } else { &HTTPS };
    names.iter().copied().find(|name| set(name).is_some())
}

/// Whether an entry of `NO_PROXY` is this host or a domain above it.
fn covers(entry: &str, host: &str) -> bool {
    let entry = entry
        .trim()
        .trim_start_matches("*.")
        .trim_start_matches('.');
    let is_above = || {
        host.strip_suffix(entry)
            .is_some_and(|rest| rest.ends_with('.'))
    };
    !entry.is_empty() && (entry == "*" || entry.eq_ignore_ascii_case(host) || is_above())
}

#[cfg(test)]
mod tests {
    use super::super::super::address::Http;
    use super::*;

    #[test]
    fn f05_which_variable_names_a_proxy() {
        /// An address, the variables that are set, and the one that names its proxy.
        type Case = (
            &'static str,
            &'static [(&'static str, &'static str)],
            Option<&'static str>,
        );
        let cases: &[Case] = &[
            ("https://as.example.com", &[], None),
            (
                "https://as.example.com",
                &[("HTTPS_PROXY", "http://p")],
                Some("HTTPS_PROXY"),
            ),
            (
                "https://as.example.com",
                &[("https_proxy", "http://p")],
                Some("https_proxy"),
            ),
            (
                "https://as.example.com",
                &[("all_proxy", "http://p")],
                Some("all_proxy"),
            ),
            ("https://as.example.com", &[("HTTPS_PROXY", " ")], None),
            (
                "https://as.example.com",
                &[("http_proxy", "http://p")],
                None,
            ),
            (
                "http://as.example.com",
                &[("http_proxy", "http://p")],
                Some("http_proxy"),
            ),
            (
                "http://as.example.com",
                &[("HTTPS_PROXY", "http://p")],
                None,
            ),
            ("http://localhost", &[("http_proxy", "http://p")], None),
            (
                "https://as.example.com",
                &[("HTTPS_PROXY", "p"), ("NO_PROXY", "x, *")],
                None,
            ),
            (
                "https://as.example.com",
                &[("HTTPS_PROXY", "p"), ("no_proxy", ".example.com")],
                None,
            ),
            (
                "https://as.example.com",
                &[("HTTPS_PROXY", "p"), ("NO_PROXY", "AS.example.com")],
                None,
            ),
            (
                "https://as.example.com",
                &[("HTTPS_PROXY", "p"), ("NO_PROXY", "ample.com,,10.0.0.0/8")],
                Some("HTTPS_PROXY"),
            ),
        ];
        for (address, variables, expected) in cases {
            let address = Address::parse(address, Http::Anywhere).unwrap();
            let find = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(
                proxy_in(&address, find),
                *expected,
                "{address} {variables:?}"
            );
        }
    }
}
