//! The peers that are trusted to set a header with a certificate.

use std::fmt;
use std::net::IpAddr;

use super::problem::ClientCertificatesError;

/// The peers whose header with a client certificate is trusted: the proxies that terminate TLS and
/// remove the header from the requests of their clients.
///
/// ```
/// use resource_server::binding::TrustedPeers;
/// use std::net::IpAddr;
///
/// let peers = TrustedPeers::addresses(["10.0.0.0/8", "2001:db8::7"]);
/// let peers = TrustedPeers::addresses([IpAddr::from([127, 0, 0, 1])]);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TrustedPeers(Peers);

#[derive(Clone, Debug)]
enum Peers {
    Every,
    Listed(Vec<Result<Network, ClientCertificatesError>>),
}

/// An address and those that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    /// At least 1.
    prefix_bits: u32,
}

impl TrustedPeers {
    /// These addresses: each an [`IpAddr`], or its text, or a network such as `10.0.0.0/8`. An
    /// IPv4 address that is written as IPv6 (`::ffff:10.0.0.7`) is the IPv4 address.
    ///
    /// What is not an address is reported when the Validator is built.
    pub fn addresses(addresses: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        let networks = addresses.into_iter().map(|text| read(&text.to_string()));
        TrustedPeers(Peers::Listed(networks.collect()))
    }

    /// Every peer that reaches this server, also where its address is unknown.
    ///
    /// Use it only where nothing but the proxy can connect, such as on a socket of its own. Anyone
    /// else who connects presents any certificate that is known to them, without its private key.
    pub const fn every_peer() -> Self {
        TrustedPeers(Peers::Every)
    }

    pub(super) fn trust(&self, peer: Option<IpAddr>) -> bool {
        let networks = match &self.0 {
            Peers::Every => return true,
            Peers::Listed(networks) => networks,
        };
        let mut sound = networks.iter().flatten();
        peer.is_some_and(|peer| sound.any(|network| network.contains(peer)))
    }

    pub(super) fn problems(&self) -> Vec<ClientCertificatesError> {
        match &self.0 {
            Peers::Every => Vec::new(),
            Peers::Listed(networks) if networks.is_empty() => vec![ClientCertificatesError::NoPeer],
            Peers::Listed(networks) => {
                let refused = networks.iter().filter_map(|network| network.as_ref().err());
                refused.cloned().collect()
            }
        }
    }
}

impl Network {
    fn contains(self, peer: IpAddr) -> bool {
        // A server that listens on IPv6 sees IPv4 peers as mapped addresses (RFC 4291 section
        // 2.5.5.2).
        match (self.address, peer.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(peer)) => {
                let differing = ours.to_bits() ^ peer.to_bits();
                differing.leading_zeros() >= self.prefix_bits
            }
            (IpAddr::V6(ours), IpAddr::V6(peer)) => {
                let differing = ours.to_bits() ^ peer.to_bits();
                differing.leading_zeros() >= self.prefix_bits
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    fn has_bits_after_prefix(self) -> bool {
        let trailing_zeros = match self.address {
            IpAddr::V4(address) => address.to_bits().trailing_zeros(),
            IpAddr::V6(address) => address.to_bits().trailing_zeros(),
        };
        trailing_zeros < bits_of(self.address) - self.prefix_bits
    }
}

const fn bits_of(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn read(text: &str) -> Result<Network, ClientCertificatesError> {
    let found = || text.to_owned();
    let network = parse(text).ok_or_else(|| ClientCertificatesError::Peer { found: found() })?;
    if network.prefix_bits == 0 {
        return Err(ClientCertificatesError::EveryAddress { found: found() });
    }
    if network.has_bits_after_prefix() {
        return Err(ClientCertificatesError::BitsAfterPrefix { found: found() });
    }
    Ok(network)
}

fn parse(text: &str) -> Option<Network> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let written: IpAddr = address.parse().ok()?;
    let address = written.to_canonical();
    let most = bits_of(written);
    let prefix_bits = match prefix {
        None => most,
        Some(digits) => {
            let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
            let is_shortest = digits == "0" || !digits.starts_with('0');
            digits
                .parse()
                .ok()
                .filter(|bits| is_number && is_shortest && *bits <= most)?
        }
    };
    // The first 96 bits of a mapped address are the same for all.
    let mapped_bits = most - bits_of(address);
    Some(Network {
        address,
        prefix_bits: prefix_bits.checked_sub(mapped_bits)?,
    })
}
