//! What the presenter of a token has proven to hold.

use crate::core::thumbprint::Thumbprint;

/// What the presenter of a token has proven to possess.
///
/// [`bearer`](Possession::bearer) is for a request that proved nothing. The rest comes from
/// [`binding::verify_proof`](crate::binding::verify_proof) and
/// [`ClientCertificate::possession`](crate::binding::ClientCertificate::possession).
///
/// ```
/// use resource_server::Possession;
///
/// let nothing_but_the_token = Possession::bearer();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Possession {
    /// The thumbprint of the key that signed a proof.
    pub(crate) jkt: Option<Thumbprint>,
    /// The thumbprint of the certificate of the TLS connection.
    pub(crate) x5t_s256: Option<Thumbprint>,
}

impl Possession {
    /// The token alone.
    pub const fn bearer() -> Self {
        Possession {
            jkt: None,
            x5t_s256: None,
        }
    }

    /// What this and the other possession prove together. If both name a key, that of `self`
    /// applies. The same holds for certificates.
    #[must_use]
    pub const fn and(self, other: Possession) -> Self {
        Possession {
            jkt: match self.jkt {
                Some(_) => self.jkt,
                None => other.jkt,
            },
            x5t_s256: match self.x5t_s256 {
                Some(_) => self.x5t_s256,
                None => other.x5t_s256,
            },
        }
    }

    /// The same, with the key of a proof.
    pub(crate) const fn with_key(self, jkt: Thumbprint) -> Self {
        Possession {
            jkt: Some(jkt),
            ..self
        }
    }

    /// The same, with the certificate of a connection (RFC 8705 section 3).
    pub(crate) const fn with_certificate(self, x5t_s256: Option<Thumbprint>) -> Self {
        Possession { x5t_s256, ..self }
    }
}
