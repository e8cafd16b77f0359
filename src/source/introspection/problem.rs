//! What can be wrong with the settings of introspection.

use std::time::Duration;

use super::super::address::AddressError;

/// What is wrong with an [`Introspection`](crate::Introspection).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntrospectionError {
    /// No way to say who this API is: an endpoint that answers anybody can be asked for valid
    /// tokens (RFC 7662 section 4).
    #[error(
        "the introspection endpoint must know who asks: add .client_secret_basic(..), .client_secret_post(..), \
         .private_key_jwt(..), .bearer_token(..) or .tls_client_auth(..)"
    )]
    NoAuthentication,
    /// More than one way.
    #[error("more than one way of client authentication is set: leave one")]
    SeveralAuthentications,
    /// An empty client id or secret, or one that can't stand in a header.
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
        "assertion_audience names whom the assertion of private_key_jwt is for: set both, and no empty audience"
    )]
    AssertionAudience,
    /// [`signed_answers`](crate::Introspection::signed_answers) or a
    /// [`store`](crate::Introspection::store) where no client id is known.
    #[error(
        "an answer that is signed or shared is for one client: say which one this API is with .client_id(..)"
    )]
    NoClientId,
    /// A client id that is empty, has white space around it, or is another than the
    /// authentication's.
    #[error(
        "client_id(..) is empty, has white space around it, or is another than that of the client authentication"
    )]
    ClientId,
    /// [`answer_keys_at`](crate::Introspection::answer_keys_at) without
    /// [`signed_answers`](crate::Introspection::signed_answers).
    #[error("answer_keys_at(..) has keys for signed answers: add .signed_answers()")]
    KeysForPlainAnswers,
    /// An address that may not be asked at, or fetched keys of answers from.
    #[error("{what} {address} can't be used: {problem}")]
    Address {
        /// What the address is for.
        what: &'static str,
        /// The address, without user name, password and query.
        address: String,
        /// What is wrong with it.
        problem: AddressError,
    },
    /// The key of a [`store`](crate::Introspection::store) has less than 32 bytes, or is one byte
    /// again and again.
    #[error("the key that stored answers are authenticated by needs 32 random bytes at least")]
    StoreKey,
    /// Answers kept for more than an hour.
    #[error("answers are kept for {} s, more than 3600: a revocation would go unseen for that long", .0.as_secs())]
    CachedTooLong(Duration),
    /// A cache of less than 128 KiB: to keep nothing, set the times to zero.
    #[error("a cache of {0} bytes: set at least 131072, or the times to zero to keep nothing")]
    CacheTooSmall(u64),
    /// A client of one's own, which may follow redirects and so hand token and secret on.
    #[error(
        "introspection does not go through an HTTP client of your own (Fetch::client), which may follow a redirect and hand \
         token and secret on: set trust, proxy and identity on Fetch instead"
    )]
    OwnClient,
    /// No call at once, or more than 1024.
    #[error("set from 1 to 1024 calls at once, not {0}")]
    ConcurrentCalls(usize),
}
