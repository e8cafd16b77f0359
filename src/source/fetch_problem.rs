//! What can be wrong with the settings of the HTTP client.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

/// What is wrong with the settings of a [`Fetch`](crate::Fetch).
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A time limit of zero, or above 60 s.
    #[error("a time limit of {} ms: set from 1 ms to 60 s", .0.as_millis())]
    Timeout(Duration),
    /// A PEM text without a certificate, or with a damaged one.
    #[error("a root certificate's PEM text has no certificate in it, or a damaged one")]
    RootCertificate,
    /// Roots to add to the system's, and roots to trust alone.
    #[error(
        "root certificates are set both in addition to the system's and instead of them: choose one"
    )]
    TwoKindsOfRoots,
    /// A client certificate that can't be read.
    #[error("the client certificate's PEM text must have a certificate and its private key")]
    ClientCertificate,
    /// A proxy address that can't be read.
    #[error("the proxy's address is not an http or https URL")]
    Proxy,
    /// A header whose name or value can't be sent in a request.
    #[error(
        "the header \"{0}\" can't be sent: its name or value has characters that are not allowed"
    )]
    Header(String),
    /// A header that has credentials, set by [`header`](crate::Fetch::header).
    #[error(
        "the header \"{0}\" has credentials, which header(..) doesn't bind to one origin: set them by basic, \
         bearer_file or secret_header of Issuer::fetch"
    )]
    CredentialHeader(String),
    /// More than one of `bearer_file`, `basic` and `secret_header`, or a `header` of the same name.
    #[error("several credentials are set, or a header of the same name: leave one")]
    SeveralCredentials,
    /// A user name or password that can't be sent in a request.
    #[error(
        "the user name and password can't be sent: both are empty, or there is a control character in them, or a colon in \
         the name (RFC 7617 section 2)"
    )]
    BasicCredentials,
    /// An origin that credentials may not go to.
    #[error(
        "an origin that credentials may also go to is not an origin: write it as https://host or https://host:port (http is for \
         loopback)"
    )]
    CredentialsOrigin,
    /// An origin for credentials, and no credentials.
    #[error("an origin is named that credentials may also go to, and there are no credentials")]
    OriginWithoutCredentials,
    /// Credentials in the [`Fetch`](crate::Fetch) of a whole Validator, by which each issuer would
    /// get them.
    #[error(
        "credentials are set for all issuers: set them for the one that they are for, by Issuer::fetch"
    )]
    CredentialsForAll,
    /// Credentials, and a client of one's own, which may send them on.
    #[error(
        "credentials are set together with a client of your own: send them by that client, or remove it"
    )]
    CredentialsWithOwnClient,
    /// Credentials, and an issuer with introspection.
    #[error(
        "credentials are set in the Fetch of an issuer with introspection: set them in the Introspection"
    )]
    CredentialsWithIntrospection,
    /// Credentials that would go over plain http, or through a proxy without encryption.
    #[error(
        "credentials are set for an address of plain http: they are sent by https only (http is for loopback, without a proxy)"
    )]
    CredentialsOverHttp,
    /// Settings that an own client already has.
    #[error(
        "trust, proxy, identity or connect timeout is set together with a client of your own: set these on that client"
    )]
    SettingsBesideClient,
    /// The client can't be made.
    #[error("the HTTP client can't be made")]
    Client(#[source] Arc<dyn StdError + Send + Sync>),
}

impl PartialEq for FetchError {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for FetchError {}
