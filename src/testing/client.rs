//! A client that holds a key and a certificate, and proves that it does.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand;
use serde_json::{Map, Value, json};

use super::key::TestKey;
use crate::binding::{CertificateHeader, ClientCertificate};
use crate::claims::Thumbprint;
use crate::clock::{Clock, SystemClock};
use crate::core::{encode_base64url, sha256};
use crate::{Algorithm, NumericDate};

/// A client of an API: it holds a DPoP key (RFC 9449) and a certificate (RFC 8705), and makes
/// proofs, right ones and each kind of wrong one. Clones are the same client.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use resource_server::binding::Dpop;
/// use resource_server::testing::{TestClient, TestIssuer};
/// use resource_server::{Credentials, Validator};
///
/// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let validator = Validator::builder()
///     .resource("https://api.example.com")
///     .dpop(Dpop::at("https://api.example.com"))
///     .issuer(issuer.to_issuer())
///     .build()?;
///
/// let client = TestClient::new();
/// let token = issuer.token().bound_to_key_of(&client).mint();
/// let proof = client.proof("GET", "https://api.example.com/orders", &token).mint();
/// let presented = Credentials::dpop(&token, &proof, "GET", "/orders");
/// assert!(validator.authenticate(&presented).await.is_ok());
/// // A proof is accepted once.
/// assert!(validator.authenticate(&presented).await.is_err());
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct TestClient {
    key: Arc<TestKey>,
    algorithm: Algorithm,
    certificate: Arc<Certificate>,
    clock: Arc<dyn Clock>,
}

struct Certificate {
    der: Vec<u8>,
    key_der: Vec<u8>,
}

impl TestClient {
    /// A client with new keys, whose proofs are signed by ES256.
    ///
    /// # Panics
    /// It panics if the backend can't make a key. This is a tool for tests.
    pub fn new() -> Self {
        Self::with_algorithm(Algorithm::ES256)
    }

    /// A client whose proofs are signed by this algorithm.
    ///
    /// # Panics
    /// It panics if the algorithm is HMAC, or the backend can't make a key.
    pub fn with_algorithm(algorithm: Algorithm) -> Self {
        let made = "the backend makes a certificate";
        let key = rcgen::KeyPair::generate().expect(made);
        let parameters = rcgen::CertificateParams::new(vec!["client.example.com".to_owned()]);
        let certificate = parameters.expect(made).self_signed(&key).expect(made);
        TestClient {
            key: Arc::new(TestKey::generate(algorithm.family(), "client".to_owned())),
            algorithm,
            certificate: Arc::new(Certificate {
                der: certificate.der().to_vec(),
                key_der: key.serialize_der(),
            }),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Makes proofs by this clock instead of the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The JWK of its DPoP key: the public half, with only the members that RFC 7638 names.
    pub fn jwk(&self) -> Value {
        let mut jwk = self.key.jwk.clone();
        if let Some(members) = jwk.as_object_mut() {
            members.remove("kid");
            members.remove("use");
        }
        jwk
    }

    /// The thumbprint of its DPoP key (RFC 7638), as the `cnf.jkt` of a token has it.
    pub fn jkt(&self) -> Thumbprint {
        let jwk = self.jwk();
        let members = jwk.as_object().into_iter().flatten();
        let mut members: Vec<_> = members
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        members.sort_unstable();
        let text = format!("{{{}}}", members.join(","));
        Thumbprint::from_bytes(sha256(text.as_bytes()))
    }

    /// Its certificate, as the TLS layer hands it in.
    ///
    /// # Panics
    /// It panics if its own certificate can't be read, which does not happen.
    pub fn certificate(&self) -> ClientCertificate {
        ClientCertificate::from_der(&self.certificate.der).expect("the client's certificate is one")
    }

    /// The name and the value of the header in which a proxy hands its certificate on.
    ///
    /// ```
    /// use resource_server::binding::CertificateHeader;
    /// use resource_server::testing::TestClient;
    ///
    /// let client = TestClient::new();
    /// let (name, value) = client.certificate_header(&CertificateHeader::rfc9440());
    /// assert_eq!(name, "client-cert");
    /// assert!(value.starts_with(":MII"));
    /// ```
    pub fn certificate_header(&self, header: &CertificateHeader) -> (String, String) {
        let value = header.value_of(&self.certificate.der);
        (header.name().to_owned(), value)
    }

    /// Its certificate in DER (self-signed).
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate.der
    }

    /// The private key of its certificate, in PKCS #8 DER.
    pub fn certificate_key_der(&self) -> &[u8] {
        &self.certificate.key_der
    }

    /// A proof to mint, for a request with this method and URL and this access token. It is good by
    /// RFC 9449 section 4.2: it has the claims `htm`, `htu`, `ath`, `iat` and `jti`. The methods of
    /// [`TestProof`] change and remove them.
    ///
    /// # Panics
    /// It panics if the system has no random bytes.
    pub fn proof(&self, method: &str, url: &str, token: &str) -> TestProof {
        let mut random = [0; 16];
        rand::fill(&mut random).expect("the system has random bytes");
        let claims = json!({
            "htm": method,
            "htu": url,
            "ath": encode_base64url(&sha256(token.as_bytes())),
            "iat": self.clock.now().as_secs(),
            "jti": encode_base64url(&random),
        });
        let header = json!({
            "typ": "dpop+jwt", "alg": self.algorithm.as_str(), "jwk": self.jwk(),
        });
        let object = |value| match value {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        TestProof {
            client: self.clone(),
            signer: self.clone(),
            header: object(header),
            claims: object(claims),
        }
    }
}

impl Default for TestClient {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestClient(..)")
    }
}

/// A DPoP proof on its way to be minted. Every part of it can be made wrong. A clone has the same
/// claims, its `jti` included.
#[derive(Clone, Debug)]
#[must_use]
pub struct TestProof {
    client: TestClient,
    signer: TestClient,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl TestProof {
    /// The `nonce` claim: what an answer had in `DPoP-Nonce`.
    pub fn nonce(self, nonce: &str) -> Self {
        self.claim("nonce", nonce)
    }

    /// The `iat` claim.
    pub fn issued_at(self, at: NumericDate) -> Self {
        self.claim("iat", at.as_secs())
    }

    /// Any claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Any member of the header: `typ`, `alg` and `jwk` are set unless they are given here.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a member from the header.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Signs with another client's key. The `jwk` stays this client's.
    pub fn signed_by(mut self, other: &TestClient) -> Self {
        self.signer = other.clone();
        self
    }

    /// The proof in its compact form, for the header `DPoP`.
    ///
    /// # Panics
    /// It panics if the backend can't sign.
    pub fn mint(self) -> String {
        let part = |members| encode_base64url(Value::Object(members).to_string().as_bytes());
        let signed = [part(self.header), part(self.claims)].join(".");
        let algorithm = self.client.algorithm;
        let signature = self.signer.key.sign(algorithm, signed.as_bytes());
        [signed, encode_base64url(&signature)].join(".")
    }
}
