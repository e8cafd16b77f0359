//! Headers with a secret that go to the endpoint in addition to client authentication.

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH,
    CONTENT_TYPE, HOST, HeaderMap, HeaderName, TRANSFER_ENCODING,
};
use zeroize::Zeroizing;

use crate::core::excerpt;

use super::super::fetcher::sensitive;
use super::problem::IntrospectionError;

/// Headers that describe the request itself.
const OWN: [HeaderName; 8] = [
    ACCEPT,
    ACCEPT_ENCODING,
    CACHE_CONTROL,
    CONNECTION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    HOST,
    TRANSFER_ENCODING,
];

/// The headers that were checked. A value is kept as text, which is wiped; a header is not.
pub(crate) struct SecretHeaders(Vec<(HeaderName, Zeroizing<String>)>);

impl SecretHeaders {
    /// Checks names and values. `has_authorization`: client authentication sends that header.
    pub(super) fn checked(
        settings: Vec<(String, Zeroizing<String>)>,
        has_authorization: bool,
        problems: &mut Vec<IntrospectionError>,
    ) -> Self {
        let mut sound: Vec<(HeaderName, _)> = Vec::new();
        for (text, value) in settings {
            let can_be_sent = !value.is_empty() && sensitive(&value).is_some();
            let is_free = |name: &HeaderName| {
                let is_authorization = has_authorization && *name == AUTHORIZATION;
                let is_used = OWN.contains(name) || sound.iter().any(|(other, _)| other == name);
                !is_authorization && !is_used
            };
            let name = HeaderName::from_bytes(text.as_bytes()).ok();
            match name.filter(|name| can_be_sent && is_free(name)) {
                Some(name) => sound.push((name, value)),
                None => problems.push(IntrospectionError::SecretHeader(excerpt(&text))),
            }
        }
        SecretHeaders(sound)
    }

    /// For one request.
    pub(super) fn to_send(&self) -> HeaderMap {
        let all = self.0.iter();
        all.filter_map(|(name, value)| Some((name.clone(), sensitive(value)?)))
            .collect()
    }
}
