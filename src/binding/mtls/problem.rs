//! What can be wrong with the settings of client certificates.

/// Why [`ClientCertificates`](super::ClientCertificates) can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientCertificatesError {
    /// The header's name is one that no request can have.
    #[error(
        "no request can have the certificate header \"{}\": a name has only letters, digits and !#$%&'*+-.^_`|~",
        found.escape_debug()
    )]
    HeaderName {
        /// The name that was set.
        found: String,
    },
    /// The list of trusted peers is empty.
    #[error(
        "no peer is trusted to set the certificate header: name the addresses of the proxy with TrustedPeers::addresses(..)"
    )]
    NoPeer,
    /// A trusted peer is not an address or network.
    #[error(
        "the trusted peer \"{}\" is not an address or network: write it such as 10.0.0.7, 10.0.0.0/8 or 2001:db8::/32",
        found.escape_debug()
    )]
    Peer {
        /// The value that was set.
        found: String,
    },
    /// The address of a network has bits that are not of the network.
    #[error(
        "the trusted peer \"{found}\" has bits after its prefix: leave out its length, or set these bits to 0"
    )]
    BitsAfterPrefix {
        /// The value that was set.
        found: String,
    },
    /// A network has every address.
    #[error(
        "the trusted peer \"{found}\" is every address: if that is meant, write TrustedPeers::every_peer()"
    )]
    EveryAddress {
        /// The value that was set.
        found: String,
    },
}
