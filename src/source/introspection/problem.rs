//! What can be wrong with the settings of introspection.

use std::time::Duration;

use super::super::address::AddressError;

/// What is wrong with an [`Introspection`](crate::Introspection).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntrospectionError {
    /// No client authentication is set. An endpoint that answers anyone can be searched for valid
    /// tokens (RFC 7662 section 4).
    #[error(
        "introspection needs client authentication: add .client_secret_basic(..), .client_secret_post(..), \
         .private_key_jwt(..), .bearer_token(..) or .tls_client_auth(..)"
    )]
    NoAuthentication,
    /// More than one client authentication is set.
    #[error("more than one way of client authentication is set: leave one")]
    SeveralAuthentications,
    /// An empty client id or secret, or one that can't be sent in a header.
    #[error("the client id or secret is empty, or the token has characters that can't be sent")]
    Credentials,
    /// A [`secret_header`](crate::Introspection::secret_header) that can't be sent. It shows the
    /// header's name.
    #[error(
        "the secret header \"{0}\" can't be sent: its name or value has characters that are not allowed, it is set twice, or \
         the request sets it itself"
    )]
    SecretHeader(String),
    /// [`tls_client_auth`](crate::Introspection::tls_client_auth) without a client certificate on
    /// the [`Fetch`](crate::Fetch) that is used.
    #[error(
        "tls_client_auth(..) needs a client certificate: set Fetch::client_certificate_pem on this issuer's Fetch, or on the \
         Validator's"
    )]
    NoClientCertificate,
    /// [`assertion_audience`](crate::Introspection::assertion_audience) without
    /// [`private_key_jwt`](crate::Introspection::private_key_jwt), or an empty one.
    #[error(
        "assertion_audience is the audience of the assertion of private_key_jwt: set both, and do not leave the audience empty"
    )]
    AssertionAudience,
    /// [`signed_answers`](crate::Introspection::signed_answers) or a
    /// [`store`](crate::Introspection::store) without a client id.
    #[error(
        "a response that is signed or shared is for one client: set the client id of this API with .client_id(..)"
    )]
    NoClientId,
    /// A client id that is empty, has white space around it, or differs from that of
    /// the client authentication.
    #[error(
        "client_id(..) is empty, has white space around it, or differs from that of the client authentication"
    )]
    ClientId,
    /// [`answer_keys_at`](crate::Introspection::answer_keys_at) without
    /// [`signed_answers`](crate::Introspection::signed_answers).
    #[error("answer_keys_at(..) sets the keys for signed responses: add .signed_answers()")]
    KeysForPlainAnswers,
    /// An address that can't be used for the endpoint or for the keys of signed responses.
    #[error("{what} {address} can't be used: {problem}")]
    Address {
        /// What the address is for.
        what: &'static str,
        /// The address, without user name, password and query.
        address: String,
        /// What is wrong with it.
        problem: AddressError,
    },
    /// The key of a [`store`](crate::Introspection::store) has less than 32 bytes, or repeats one
    /// byte.
    #[error("the key that authenticates stored responses must have at least 32 random bytes")]
    StoreKey,
    /// Responses are cached for more than an hour.
    #[error("responses are cached for {} s, more than 3600: a revocation has no effect for that long", .0.as_secs())]
    CachedTooLong(Duration),
    /// A cache of less than 128 KiB. To cache nothing, set the durations to zero.
    #[error(
        "the cache has {0} bytes: set at least 131072, or set the durations to zero to cache nothing"
    )]
    CacheTooSmall(u64),
    /// A client of your own, which may follow redirects and so send token and secret elsewhere.
    #[error(
        "introspection does not go through an HTTP client of your own (Fetch::client), which may follow a redirect and send \
         token and secret elsewhere: set trust, proxy and identity on Fetch instead"
    )]
    OwnClient,
    /// No concurrent calls, or more than 1024.
    #[error("max_concurrent_calls is {0}: set 1 to 1024")]
    ConcurrentCalls(usize),
}
