//! The settings of this API, from the environment.

use std::fmt;
use std::net::SocketAddr;

use resource_server::Issuer;
use serde_json::{Map, Value};

use crate::keys::OneKey;

/// | variable | content | without it |
/// | --- | --- | --- |
/// | `LISTEN` | address and port | a free port of 127.0.0.1 |
/// | `RESOURCE` | the URL of the resource as clients see it, with its path; https, or http on loopback | `/orders` at that address |
/// | `ISSUER`, `ISSUER_JWK` | the `iss` of the tokens and its public key as a JWK, both or neither | an authorization server of the example's own |
/// | `NONCES` | `on`: each proof needs a nonce | `off` |
/// | `FAPI2` | `on`: the FAPI 2.0 Security Profile | `off` |
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `LISTEN`.
    pub listen: Option<SocketAddr>,
    /// `RESOURCE`.
    pub resource: Option<String>,
    /// `ISSUER` and `ISSUER_JWK`.
    pub trusted: Option<(String, Map<String, Value>)>,
    /// `NONCES`.
    pub has_nonces: bool,
    /// `FAPI2`.
    pub is_fapi2: bool,
}

/// A variable has a value that can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The name of the variable.
    pub variable: &'static str,
    expected: &'static str,
}

impl Settings {
    /// Reads each variable by `read`, such as `|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    /// A variable has a value that can't be used.
    pub fn read(read: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let wrong = |variable, expected| SettingsError { variable, expected };
        let switch = |variable| match read(variable).as_deref() {
            None | Some("off") => Ok(false),
            Some("on") => Ok(true),
            Some(_) => Err(wrong(variable, "on or off")),
        };
        let listen = match read("LISTEN").map(|address| address.parse()) {
            None => None,
            Some(Ok(address)) => Some(address),
            Some(Err(_)) => return Err(wrong("LISTEN", "an address and a port")),
        };
        let trusted = match (read("ISSUER"), read("ISSUER_JWK")) {
            (None, None) => None,
            (None, Some(_)) => return Err(wrong("ISSUER", "the issuer of ISSUER_JWK")),
            (Some(issuer), jwk) => match serde_json::from_str(&jwk.unwrap_or_default()) {
                Ok(Value::Object(jwk)) => Some((issuer, jwk)),
                _ => return Err(wrong("ISSUER_JWK", "a JWK")),
            },
        };
        Ok(Settings {
            listen,
            resource: read("RESOURCE"),
            trusted,
            has_nonces: switch("NONCES")?,
            is_fapi2: switch("FAPI2")?,
        })
    }

    /// The issuer that is trusted, if the settings name one.
    ///
    /// # Errors
    /// Its key can't be used.
    pub fn issuer(&self) -> Result<Option<Issuer>, SettingsError> {
        let Some((name, jwk)) = &self.trusted else {
            return Ok(None);
        };
        let key = OneKey::new(jwk.clone()).map_err(|_| SettingsError {
            variable: "ISSUER_JWK",
            expected: "a public key that can verify signatures",
        })?;
        Ok(Some(Issuer::new(name).source(key)))
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} must be {}", self.variable, self.expected)
    }
}

impl std::error::Error for SettingsError {}
