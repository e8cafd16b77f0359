//! Of which connections a certificate is read, and which settings are refused.

use std::net::IpAddr;

use super::*;
use CertificateFault as Fault;

/// A name of the case, the trusted network, the peer, and whether it is trusted.
const PEERS: &[(&str, &str, &str, bool)] = &[
    ("the address", "10.0.0.7", "10.0.0.7", true),
    ("another address", "10.0.0.7", "10.0.0.6", false),
    ("in the network", "10.0.0.0/8", "10.255.255.255", true),
    ("past the network", "10.0.0.0/8", "11.0.0.0", false),
    ("before the network", "10.0.0.0/8", "9.255.255.255", false),
    ("odd prefix", "10.0.0.128/25", "10.0.0.128", true),
    (
        "outside an odd prefix",
        "10.0.0.128/25",
        "10.0.0.127",
        false,
    ),
    ("one bit", "128.0.0.0/1", "192.0.2.1", true),
    ("whole prefix", "10.0.0.7/32", "10.0.0.7", true),
    (
        "peer as mapped address",
        "10.0.0.0/8",
        "::ffff:10.0.0.7",
        true,
    ),
    (
        "mapped address as setting",
        "::ffff:10.0.0.7",
        "10.0.0.7",
        true,
    ),
    (
        "mapped network as setting",
        "::ffff:10.0.0.0/104",
        "10.9.9.9",
        true,
    ),
    (
        "outside a mapped network",
        "::ffff:10.0.0.0/104",
        "11.0.0.0",
        false,
    ),
    ("IPv6", "2001:db8::7", "2001:db8:0::7", true),
    ("IPv6 network", "2001:db8::/32", "2001:db8:ffff::1", true),
    (
        "outside an IPv6 network",
        "2001:db8::/32",
        "2001:db9::",
        false,
    ),
    ("IPv4 in IPv6", "::/1", "10.0.0.7", false),
    ("IPv6 in IPv4", "10.0.0.0/8", "a00::", false),
];

#[test]
fn m02_a_header_is_read_of_trusted_peers_only() {
    let listed = |network| TrustedPeers::addresses([network]);
    for (name, network, peer, is_trusted) in PEERS {
        check_trust(name, listed(*network), Some(peer), *is_trusted);
    }
    check_trust("unknown address", listed("10.0.0.7"), None, false);
    let every = TrustedPeers::every_peer;
    check_trust("every peer", every(), Some("203.0.113.9"), true);
    check_trust("every peer, unknown address", every(), None, true);
}

#[track_caller]
fn check_trust(name: &str, peers: TrustedPeers, peer: Option<&str>, is_trusted: bool) {
    let certificates = ClientCertificates::from_header(CertificateHeader::rfc9440(), peers);
    assert_eq!(certificates.problems(), [], "{name}");
    let connection = peer.map(|peer| Connection::from(peer.parse::<IpAddr>().unwrap()));
    let read = |lines: &[&str]| {
        let lines = lines.iter().map(|line| line.as_bytes());
        let read = certificates.read(connection.as_ref(), lines);
        read.map(|read| read.map(|read| read.thumbprint().to_string()))
    };
    let expected = is_trusted.then(|| CLIENT_THUMBPRINT.to_owned());
    assert_eq!(read(&[&format!(":{CLIENT}:")]), Ok(expected), "{name}");
    assert_eq!(read(&[]), Ok(None), "{name}");
    // An untrusted peer gains nothing by a bad header, and loses nothing.
    for (lines, fault) in [
        (&["bad"][..], Fault::Malformed),
        (&["a", "b"], Fault::SeveralLines),
    ] {
        let expected = if is_trusted { Err(fault) } else { Ok(None) };
        assert_eq!(read(lines), expected, "{name}");
    }
}

#[test]
fn m02_two_lines_are_refused_also_where_both_are_the_same() {
    let line = format!(":{CLIENT}:");
    let header = CertificateHeader::rfc9440();
    let certificates = ClientCertificates::from_header(header, TrustedPeers::every_peer());
    let lines = [line.as_bytes(), line.as_bytes()];
    let read = certificates.read(None, lines).map(|_| ());
    assert_eq!(read, Err(Fault::SeveralLines));
}

#[test]
fn m02_neither_way_is_a_fallback_of_the_other() {
    let line = format!(":{CLIENT}:");
    let of_proxy = ClientCertificate::of_thumbprint([7; 32]);
    let peer = IpAddr::from([10, 0, 0, 7]);
    let plain = Connection::from_peer(peer);
    let with_certificate = plain.certificate(of_proxy);
    let from_tls = ClientCertificates::from_tls();
    let from_header = ClientCertificates::from_header(
        CertificateHeader::rfc9440(),
        TrustedPeers::addresses([peer]),
    );
    let read = |certificates: &ClientCertificates, connection, lines: &[&[u8]]| {
        let read = certificates
            .read(connection, lines.iter().copied())
            .unwrap();
        read.map(|read| read.thumbprint().to_string())
    };
    let tls = Some(of_proxy.thumbprint().to_string());
    let header = Some(CLIENT_THUMBPRINT.to_owned());
    for (name, certificates, connection, has_line, expected) in [
        (
            "TLS",
            &from_tls,
            Some(&with_certificate),
            false,
            tls.clone(),
        ),
        (
            "TLS and a header",
            &from_tls,
            Some(&with_certificate),
            true,
            tls,
        ),
        (
            "no certificate but a header",
            &from_tls,
            Some(&plain),
            true,
            None,
        ),
        ("no connection but a header", &from_tls, None, true, None),
        ("header", &from_header, Some(&plain), true, header.clone()),
        (
            "header and TLS",
            &from_header,
            Some(&with_certificate),
            true,
            header,
        ),
        (
            "no header but TLS",
            &from_header,
            Some(&with_certificate),
            false,
            None,
        ),
        ("no connection", &from_header, None, true, None),
    ] {
        let lines = [line.as_bytes()];
        let lines = if has_line { &lines[..] } else { &[] };
        assert_eq!(read(certificates, connection, lines), expected, "{name}");
    }
    assert_eq!(from_tls.header_name(), None);
    assert_eq!(from_header.header_name(), Some("client-cert"));
}

#[test]
fn m02_the_name_of_the_header_is_exact() {
    let name_of = |header| {
        let peers = TrustedPeers::every_peer();
        let certificates = ClientCertificates::from_header(header, peers);
        (
            certificates.header_name().unwrap().to_owned(),
            certificates.problems(),
        )
    };
    let nginx = CertificateHeader::nginx;
    for (header, name) in [
        (CertificateHeader::rfc9440(), "client-cert"),
        (CertificateHeader::envoy_xfcc(), "x-forwarded-client-cert"),
        (nginx("X-SSL-Client-Cert"), "x-ssl-client-cert"),
        (nginx("client_cert"), "client_cert"),
    ] {
        assert_eq!(name_of(header), (name.to_owned(), vec![]));
    }
    for name in ["", "x client", "x-client:", "x\n", "\u{fc}", "x\0"] {
        let found = name.to_owned();
        let problem = ClientCertificatesError::HeaderName { found };
        assert_eq!(name_of(nginx(name)).1, [problem]);
    }
}

#[test]
fn m02_peers_that_are_no_addresses_are_reported() {
    use ClientCertificatesError as Problem;
    let problems =
        |peers| ClientCertificates::from_header(CertificateHeader::nginx("a b"), peers).problems();
    let name = Problem::HeaderName {
        found: "a b".to_owned(),
    };
    let none: [IpAddr; 0] = [];
    assert_eq!(
        problems(TrustedPeers::addresses(none)),
        [name.clone(), Problem::NoPeer]
    );
    for found in [
        "",
        "proxy",
        "10.0.0",
        "10.0.0.7:80",
        "10.0.0.07",
        "[::1]",
        "fe80::1%eth0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/+8",
        "10.0.0.0/08",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "/8",
        " 10.0.0.7",
        "10.0.0.0/255.0.0.0",
        "2001:db8::/129",
        "::ffff:10.0.0.0/95",
        "10.0.0.0/4294967304",
    ] {
        let problem = Problem::Peer {
            found: found.to_owned(),
        };
        let peers = TrustedPeers::addresses(["10.0.0.7", found]);
        assert_eq!(problems(peers), [name.clone(), problem], "{found}");
    }
    for found in [
        "10.0.0.7/8",
        "10.0.0.1/31",
        "2001:db8::1/32",
        "::ffff:10.0.0.7/104",
    ] {
        let problem = Problem::BitsAfterPrefix {
            found: found.to_owned(),
        };
        assert_eq!(
            problems(TrustedPeers::addresses([found])),
            [name.clone(), problem]
        );
    }
    for found in ["0.0.0.0/0", "::/0", "10.0.0.7/0", "::ffff:0.0.0.0/96"] {
        let problem = Problem::EveryAddress {
            found: found.to_owned(),
        };
        assert_eq!(
            problems(TrustedPeers::addresses([found])),
            [name.clone(), problem]
        );
    }
}
