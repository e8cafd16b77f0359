//! What a request presented.

use std::fmt;

#[cfg(any(feature = "tower", feature = "actix-web"))]
use zeroize::Zeroizing;

use crate::binding::{ClientCertificate, Connection};
use crate::core::CredentialsFault;
#[cfg(any(feature = "tower", feature = "actix-web"))]
use crate::core::Thumbprint;

/// What a request presented to get access: plain borrowed values, without a type of a framework.
///
/// ```
/// use resource_server::Credentials;
///
/// let lines: [&[u8]; 1] = [b"Bearer eyJ..."];
/// let presented = Credentials::from_authorization(lines);
/// let the_same = Credentials::bearer("eyJ...");
/// let nothing = Credentials::none();
/// ```
#[derive(Clone)]
pub struct Credentials<'r> {
    presented: Presented<'r>,
    certificate: Option<ClientCertificate>,
    /// A layer in front has entered this very proof into this replay store.
    pub(crate) entered: Option<EnteredProof>,
}

#[derive(Clone, Copy)]
pub(crate) enum Presented<'r> {
    Nothing,
    Bearer(&'r str),
    /// A token under the scheme `DPoP` (RFC 9449 section 7.1).
    Dpop(DpopCredentials<'r>),
    /// Something that is not one access token.
    Malformed(CredentialsFault),
}

/// A token under the scheme `DPoP`, and what its proof is checked against.
#[derive(Clone, Copy)]
pub(crate) struct DpopCredentials<'r> {
    /// Empty where the header has no token.
    pub(crate) token: &'r str,
    pub(crate) proof: ProofHeader<'r>,
    pub(crate) method: &'r str,
    /// As it is on the wire.
    pub(crate) path: &'r str,
}

/// What the `DPoP` header has.
#[derive(Clone, Copy)]
pub(crate) enum ProofHeader<'r> {
    Missing,
    One(&'r str),
    Several,
}

#[cfg(any(feature = "tower", feature = "actix-web"))]
/// What a request presented, without a borrow. The token is wiped on drop.
pub(crate) struct KeptCredentials {
    token: Zeroizing<Box<str>>,
    /// The proof of a token under the scheme DPoP. Without one, the scheme is Bearer.
    proof: Option<Box<str>>,
    certificate: Option<Thumbprint>,
}

/// Marks a proof as entered: the store, and a hash of proof and token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EnteredProof {
    /// The address of the store, which is only compared.
    pub(crate) store: usize,
    pub(crate) digest: [u8; 32],
}

/// The parts of a request that are not headers: what a DPoP proof is made for, and what is known of
/// the connection.
///
/// ```
/// use resource_server::resource::RequestHead;
///
/// let head = RequestHead::new("GET", "/v1/orders");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'r> {
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    pub(crate) connection: Option<&'r Connection>,
}

impl<'r> RequestHead<'r> {
    /// The request's method, and its path as it is on the wire: before a router removes a prefix. A
    /// query is ignored.
    pub const fn new(method: &'r str, path: &'r str) -> Self {
        RequestHead {
            method,
            path,
            connection: None,
        }
    }

    /// What the server knows of the connection: the peer's address and its client certificate.
    #[must_use]
    pub const fn connection(self, connection: &'r Connection) -> Self {
        RequestHead {
            connection: Some(connection),
            ..self
        }
    }
}

impl<'r> Credentials<'r> {
    /// An access token under the Bearer scheme (RFC 6750 section 2.1): the token alone, without
    /// `Bearer `.
    pub const fn bearer(token: &'r str) -> Self {
        Credentials::of(Presented::Bearer(token))
    }

    /// An access token under the scheme DPoP (RFC 9449 section 7.1), the proof of the request's
    /// `DPoP` header, and the method and path of the request. The path is as it is on the wire; a
    /// query is ignored.
    ///
    /// The Validator must offer DPoP ([`ValidatorBuilder::dpop`](crate::ValidatorBuilder::dpop)).
    pub const fn dpop(token: &'r str, proof: &'r str, method: &'r str, path: &'r str) -> Self {
        Credentials::of(Presented::Dpop(DpopCredentials {
            token,
            proof: ProofHeader::One(proof),
            method,
            path,
        }))
    }

    /// No credentials. The request is rejected with
    /// [`Reason::NoCredentials`](crate::Reason::NoCredentials), whose challenge has no error.
    pub const fn none() -> Self {
        Credentials::of(Presented::Nothing)
    }

    /// Adds the client's certificate of the TLS connection (RFC 8705 section 3). It has an effect
    /// only with
    /// [`ValidatorBuilder::client_certificates`](crate::ValidatorBuilder::client_certificates).
    #[must_use]
    pub fn with_certificate(self, certificate: ClientCertificate) -> Self {
        Credentials {
            certificate: Some(certificate),
            ..self
        }
    }

    pub(crate) const fn of(presented: Presented<'r>) -> Self {
        Credentials {
            presented,
            certificate: None,
            entered: None,
        }
    }

    pub(crate) const fn are_none(&self) -> bool {
        matches!(self.presented, Presented::Nothing)
    }

    pub(crate) const fn presented(&self) -> Presented<'r> {
        self.presented
    }

    /// The same, to be compared with what the request presents later.
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) fn kept(&self) -> KeptCredentials {
        let (token, proof) = self.token_and_proof().unwrap_or_default();
        KeptCredentials {
            token: Zeroizing::new(token.into()),
            proof: proof.map(Into::into),
            certificate: self.certificate().map(ClientCertificate::thumbprint),
        }
    }

    /// Whether they are exactly these: token, scheme, proof and certificate.
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    pub(crate) fn are(&self, kept: &KeptCredentials) -> bool {
        let certificate = self.certificate().map(ClientCertificate::thumbprint);
        self.token_and_proof()
            .is_some_and(|(token, proof)| token == &**kept.token && proof == kept.proof.as_deref())
            && certificate == kept.certificate
    }

    /// The token, and its proof if it is under the scheme DPoP, which needs exactly one.
    #[cfg(any(feature = "tower", feature = "actix-web"))]
    const fn token_and_proof(&self) -> Option<(&'r str, Option<&'r str>)> {
        match self.presented {
            Presented::Bearer(token) => Some((token, None)),
            Presented::Dpop(DpopCredentials {
                token,
                proof: ProofHeader::One(proof),
                ..
            }) => Some((token, Some(proof))),
            Presented::Dpop(_) | Presented::Nothing | Presented::Malformed(_) => None,
        }
    }

    pub(crate) const fn certificate(&self) -> Option<&ClientCertificate> {
        self.certificate.as_ref()
    }
}

impl fmt::Debug for Credentials<'_> {
    /// Shows no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.presented {
            Presented::Nothing => "Credentials(none)",
            Presented::Bearer(_) => "Credentials(bearer)",
            Presented::Dpop(_) => "Credentials(DPoP)",
            Presented::Malformed(_) => "Credentials(malformed)",
        })
    }
}
