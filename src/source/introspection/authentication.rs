//! How this API authenticates at the endpoint (RFC 7662 section 2.1, RFC 6749 section 2.3).

use reqwest::header::HeaderValue;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::core::NumericDate;

use super::client_key::{ClientKey, NotSigned};

/// How this API authenticates (RFC 7662 section 2.1, RFC 6749 section 2.3).
pub(crate) enum Authentication {
    /// Of the Basic or the Bearer scheme.
    Header(HeaderValue),
    Form {
        client_id: String,
        proof: Proof,
    },
    /// What can't be sent.
    Unsound,
}

/// What the form has besides the client id.
pub(crate) enum Proof {
    Secret(Zeroizing<String>),
    /// Nothing: the client certificate authenticates (RFC 8705 section 2).
    Certificate,
    /// RFC 7523 section 2.2.
    Assertion {
        key: ClientKey,
        audience: String,
        /// Set by [`Introspection::assertion_audience`], which no document changes.
        is_set: bool,
    },
}

/// The registered name of a JWT as client assertion (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Authentication {
    pub(super) fn header(&self) -> Option<&HeaderValue> {
        match self {
            Authentication::Header(value) => Some(value),
            Authentication::Form { .. } | Authentication::Unsound => None,
        }
    }

    /// What it adds to a form that is sent now. `issuer` is the name of the issuer of metadata,
    /// where the endpoint is found in metadata.
    pub(super) fn append_to(
        &self,
        form: &mut form_urlencoded::Serializer<'_, String>,
        issuer: Option<&str>,
        now: NumericDate,
    ) -> Result<(), NotSigned> {
        let Authentication::Form { client_id, proof } = self else {
            return Ok(());
        };
        form.append_pair("client_id", client_id);
        match proof {
            Proof::Certificate => {}
            Proof::Secret(secret) => {
                form.append_pair("client_secret", secret);
            }
            Proof::Assertion {
                key,
                audience,
                is_set,
            } => {
                let audience = issuer.filter(|_| !is_set).unwrap_or(audience);
                let assertion = key.assertion(client_id, audience, now)?;
                form.append_pair("client_assertion_type", JWT_BEARER)
                    .append_pair("client_assertion", &assertion);
            }
        }
        Ok(())
    }
}
