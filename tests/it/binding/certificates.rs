//! Client certificates, with those of RFC 8705 and RFC 9440.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use resource_server::binding::{ClientCertificate, Connection, DpopRequest, verify_proof};
use resource_server::claims::Thumbprint;
use resource_server::clock::Clock;
use resource_server::error::{CertificateError, ThumbprintError};
use resource_server::keys::KeySet;
use resource_server::testing::TestClient;
use resource_server::{Evidence, Policy, Possession, PresentedToken, Reason, verify};

use crate::support::form::decode_base64;
use crate::support::{API, ISSUER, clock, signer};

/// RFC 8705 appendix A.
const OF_RFC_8705: &str = "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwO\
                           VoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49Aw\
                           EHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneI\
                           XhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/\
                           PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=";
/// RFC 9440 appendix A: the client's certificate.
const OF_RFC_9440: &str = "MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50a\
                           WNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMT\
                           AxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8Yn\
                           XXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J\
                           84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2\
                           DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYm\
                           RjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMj\
                           eSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=";
/// RFC 9440 appendix A: the certificate of the client's issuer.
const OF_ITS_ISSUER: &str = "MIIB5jCCAYugAwIBAgIBFjAKBggqhkjOPQQDAjBWMQswCQYDVQQGEwJVUzEbMBkGA1UECgwST\
                             GV0J3MgQXV0aGVudGljYXRlMSowKAYDVQQDDCFMZXQncyBBdXRoZW50aWNhdGUgUm9vdCBB\
                             dXRob3JpdHkwHhcNMjAwMTE0MjEzMjMwWhcNMzAwMTExMjEzMjMwWjA6MRswGQYDVQQKDBJM\
                             ZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTBZMBMGByqG\
                             SM49AgEGCCqGSM49AwEHA0IABJf+aA54RC5pyLAR5yfXVYmNpgd+CGUTDp2KOGhc0gK91zxh\
                             HesEYkdXkpS2UN8Kati+yHtWCV3kkhCngGyv7RqjZjBkMB0GA1UdDgQWBBRm3WjLa38lbEYC\
                             uiCPct0ZaSED2DAfBgNVHSMEGDAWgBTEA2Q6eecKu9g9yb5glbkhhVINGDASBgNVHRMBAf8E\
                             CDAGAQH/AgEAMA4GA1UdDwEB/wQEAwIBhjAKBggqhkjOPQQDAgNJADBGAiEA5pLvaFwRRkxo\
                             mIAtDIwg9D7gC1xzxBl4r28EzmSO1pcCIQCJUShpSXO9HDIQMUgH69fNDEMHXD3RRX5gP7ku\
                             u2KGMg==";

#[test]
fn m01_the_thumbprint_is_sha_256_of_the_der() {
    // Of the first the RFC prints it. The others are by `openssl x509 -fingerprint -sha256`.
    for (certificate, thumbprint) in [
        (OF_RFC_8705, "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"),
        (OF_RFC_9440, "v68ffgcPn6jdYpBfFY2nP4ShE2Yk-6_Mk5PI9yh6aes"),
        (OF_ITS_ISSUER, "6H31tD6_m4nKKyu_MaTnrVpA1ATPuy_MGkA8JlEoWtw"),
    ] {
        let certificate = ClientCertificate::from_der(&decode_base64(certificate)).unwrap();
        assert_eq!(Ok(certificate.thumbprint()), thumbprint.parse());
    }
}

#[test]
fn m01_the_thumbprint_that_rfc_8705_section_3_1_prints_has_stray_bits() {
    let printed = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2";
    assert_eq!(printed.parse::<Thumbprint>(), Err(ThumbprintError));
    // Without the bits that no byte of the digest has.
    let canonical = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0";
    assert!(canonical.parse::<Thumbprint>().is_ok());
}

/// The core alone, without a Validator.
#[test]
fn m03_each_binding_of_a_token_needs_a_possession_of_its_own() {
    let clock = clock();
    let now = clock.now();
    let signer = signer(ISSUER, &clock);
    let (client, other) = (TestClient::new(), TestClient::new());
    let policy = Policy::builder().issuer(ISSUER).audience(API).build();
    let policy = policy.unwrap();
    let keys = Evidence::Keys(Arc::new(KeySet::from_jwks(&signer.jwks()).unwrap()));
    let url = "https://api.example.com/orders";
    let bound = || signer.token().bound_to_certificate_of(&client);
    let by_certificate = bound().mint();
    let by_both = bound().bound_to_key_of(&client).mint();
    let proven = |by: &TestClient| {
        let proof = by.proof("GET", url, &by_both).issued_at(now).mint();
        let request = DpopRequest::new("GET", url, &by_both).unwrap();
        let verified = verify_proof(&proof, &request, &policy, now);
        verified.unwrap().possession()
    };
    let certificate = |of: &TestClient| of.certificate().possession();
    let nothing = Possession::bearer();
    let missing = Some(Reason::ProofOfPossessionMissing);
    let mismatch = Some(Reason::PossessionMismatch);
    #[rustfmt::skip]
    let cases = [
        ("certificate: nothing", &by_certificate, nothing, missing),
        ("certificate: it", &by_certificate, certificate(&client), None),
        ("certificate: another", &by_certificate, certificate(&other), mismatch),
        ("certificate: it and nothing", &by_certificate, nothing.and(certificate(&client)), None),
        ("both: nothing", &by_both, nothing, missing),
        ("both: the certificate", &by_both, certificate(&client), missing),
        ("both: the key", &by_both, proven(&client), missing),
        ("both: both", &by_both, certificate(&client).and(proven(&client)), None),
        ("both: both in turn", &by_both, proven(&client).and(certificate(&client)), None),
        ("both: another key", &by_both, certificate(&client).and(proven(&other)), mismatch),
        ("both: another certificate", &by_both, proven(&client).and(certificate(&other)), mismatch),
        ("both: the first key applies", &by_both, proven(&other).and(proven(&client)), mismatch),
        ("certificate: the first applies", &by_certificate, certificate(&other).and(certificate(&client)), mismatch),
    ];
    for (case, token, possession, expected) in cases {
        let token = PresentedToken::parse(token).unwrap();
        let unconfirmed = verify(&token, &keys, &policy, now).unwrap();
        let found = unconfirmed.confirm(&possession).err();
        let found = found.map(|rejection| rejection.reason());
        assert_eq!(found, expected, "{case}");
    }
}

#[test]
fn m02_a_certificate_has_every_byte_and_no_more() {
    let der = decode_base64(OF_RFC_8705);
    for length in 0..der.len() {
        let refused = ClientCertificate::from_der(&der[..length]).map(|_| ());
        assert_eq!(refused, Err(CertificateError::NotACertificate), "{length}");
    }
    let chain = [decode_base64(OF_RFC_9440), decode_base64(OF_ITS_ISSUER)].concat();
    let longer = [&*der, b"\n"].concat();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{OF_RFC_8705}\n-----END CERTIFICATE-----\n");
    for bytes in [chain, longer, pem.into_bytes()] {
        let refused = ClientCertificate::from_der(&bytes).map(|_| ());
        assert_eq!(refused, Err(CertificateError::NotACertificate));
    }
    let refused = ClientCertificate::from_der(&vec![0x30; 64 * 1024 + 1]).map(|_| ());
    assert_eq!(refused, Err(CertificateError::TooLarge));
}

#[test]
fn m02_a_connection_is_what_the_server_knows() {
    let address: SocketAddr = "[2001:db8::7]:443".parse().unwrap();
    let certificate = ClientCertificate::from_der(&decode_base64(OF_RFC_8705)).unwrap();
    let connection = Connection::from(address);
    assert_eq!(connection.peer(), Some(address.ip()));
    assert!(connection.client_certificate().is_none());
    let connection = Connection::from_peer(IpAddr::from([192, 0, 2, 7])).certificate(certificate);
    assert_eq!(connection.peer(), Some(IpAddr::from([192, 0, 2, 7])));
    let thumbprint = connection.client_certificate().map(|of| of.thumbprint());
    assert_eq!(thumbprint, Some(certificate.thumbprint()));
    let unknown = Connection::default();
    assert!(unknown.peer().is_none() && unknown.client_certificate().is_none());
    // A thumbprint is not shown.
    let shown = "Connection { peer: Some(192.0.2.7), certificate: Some(ClientCertificate(..)) }";
    assert_eq!(format!("{connection:?}"), shown);
}

/// What `TestClient` sends as a proxy is read as the proxy's.
#[test]
fn m02_headers_of_the_test_client() {
    use resource_server::binding::{
        CertificateHeader, ClientCertificates, Connection, TrustedPeers,
    };
    use resource_server::resource::RequestHead;
    use resource_server::testing::{TestClient, TestIssuer};
    use resource_server::{Error, Reason, Validator};

    let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    let (client, other) = (TestClient::new(), TestClient::new());
    let authorization = format!(
        "Bearer {}",
        issuer.token().bound_to_certificate_of(&client).mint()
    );
    for header in [
        CertificateHeader::rfc9440(),
        CertificateHeader::nginx("x-client-cert"),
        CertificateHeader::envoy_xfcc(),
    ] {
        let peers = TrustedPeers::addresses(["192.0.2.7"]);
        let api = Validator::builder()
            .resource("https://api.example.com")
            .client_certificates(ClientCertificates::from_header(header.clone(), peers))
            .issuer(issuer.to_issuer())
            .build()
            .unwrap();
        let mismatch = Some(Reason::PossessionMismatch);
        let missing = Some(Reason::ProofOfPossessionMissing);
        for (sender, peer, expected) in [
            (&client, "192.0.2.7", None),
            (&other, "192.0.2.7", mismatch),
            (&client, "192.0.2.8", missing),
        ] {
            let (name, value) = sender.certificate_header(&header);
            let connection = Connection::from_peer(peer.parse().unwrap());
            let head = RequestHead::new("GET", "/").connection(&connection);
            let presented = api.credentials(&head, |wanted| match wanted {
                "authorization" => vec![authorization.as_bytes()],
                wanted if wanted == name => vec![value.as_bytes()],
                _ => Vec::new(),
            });
            let found = match crate::support::block_on(api.authenticate(&presented)) {
                Ok(_) => None,
                Err(Error::Rejected(rejection)) => Some(rejection.reason()),
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(found, expected, "{name} from {peer}");
        }
    }
}
