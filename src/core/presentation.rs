//! How a request presented its token, for the answer.

use std::sync::Arc;

/// The scheme of the `Authorization` header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// RFC 6750 section 2.1.
    #[default]
    Bearer,
    /// RFC 9449 section 7.1.
    Dpop,
}

/// How a request presented its token. The answer to it uses the same scheme.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presentation {
    pub(crate) scheme: Scheme,
    /// The nonce for the client's next proof, if it needs one (RFC 9449 section 9).
    pub(crate) fresh_nonce: Option<Arc<str>>,
}

/// The schemes that this API offers, for its challenges and metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schemes {
    /// Whether some issuer's tokens are accepted as bearer tokens, or bound to a certificate.
    pub(crate) offers_bearer: bool,
    /// The algorithms of DPoP proofs, if DPoP is offered.
    pub(crate) dpop_algorithms: Option<Vec<&'static str>>,
    /// Whether every issuer's tokens must be bound to a DPoP key.
    pub(crate) requires_dpop: bool,
    /// Whether tokens may be bound to a client's certificate.
    pub(crate) offers_certificates: bool,
}

impl Schemes {
    /// Bearer alone.
    pub(crate) const BEARER: Schemes = Schemes {
        offers_bearer: true,
        dpop_algorithms: None,
        requires_dpop: false,
        offers_certificates: false,
    };
}
