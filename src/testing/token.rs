//! One token on its way to be minted.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::{hmac, rand};
use serde_json::{Map, Value, json};

use super::client::TestClient;
use super::issuer::TestIssuer;
use crate::core::{encode_base64url, sha256};
use crate::{Algorithm, NumericDate};

const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);

/// A token on its way to be minted. Without any change it is a good one by RFC 9068; every part of
/// it can be made wrong. A clone has the same claims, its `jti` included.
///
/// ```
/// use resource_server::{Algorithm, testing::TestIssuer};
/// use serde_json::json;
///
/// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
/// let good = issuer.token().subject("alice").scope("orders:read").mint();
/// let rich = issuer.token().algorithm(Algorithm::EdDSA).claim("roles", json!(["clerk"])).mint();
/// let unsecured = issuer.token().header("alg", "none").unsigned().mint();
/// let forged = issuer.token().signed_by(&TestIssuer::new("https://evil.example", "x")).mint();
/// let odd = issuer.token().raw_payload(br#"{"iss":"a","iss":"b"}"#).mint();
/// ```
#[derive(Clone)]
#[must_use]
pub struct TestToken {
    issuer: TestIssuer,
    algorithm: Algorithm,
    header: Map<String, Value>,
    absent_headers: Vec<String>,
    pub(super) claims: Map<String, Value>,
    raw_header: Option<Vec<u8>>,
    raw_payload: Option<Vec<u8>>,
    signer: Signer,
}

type Sign = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

#[derive(Clone)]
enum Signer {
    Own,
    Other(TestIssuer),
    Secret(Box<hmac::Key>),
    Custom(Sign),
}

impl TestIssuer {
    /// A token to mint. It is valid by RFC 9068, with a lifetime of 300 seconds. It has `typ`
    /// `at+jwt`, and the claims `iss`, `aud`, `sub` (`test-subject`), `client_id` (`test-client`),
    /// `iat`, `exp` and `jti`. The methods of [`TestToken`] change and remove them; for tokens of a
    /// provider, see [`like_keycloak`](TestToken::like_keycloak) and the methods next to it.
    pub fn token(&self) -> TestToken {
        TestToken::new(self.clone())
    }
}

impl TestToken {
    pub(super) fn new(issuer: TestIssuer) -> Self {
        let now = issuer.now();
        let mut random = [0; 16];
        rand::fill(&mut random).expect("the system has random bytes");
        let claims = json!({
            "iss": issuer.name(),
            "aud": issuer.audience(),
            "sub": "test-subject",
            "client_id": "test-client",
            "iat": now.as_secs(),
            "exp": now.saturating_add(DEFAULT_LIFETIME).as_secs(),
            "jti": encode_base64url(&random),
        });
        TestToken {
            issuer,
            algorithm: Algorithm::ES256,
            header: Map::from_iter([("typ".to_owned(), json!("at+jwt"))]),
            absent_headers: Vec::new(),
            claims: match claims {
                Value::Object(claims) => claims,
                _ => Map::new(),
            },
            raw_header: None,
            raw_payload: None,
            signer: Signer::Own,
        }
    }

    /// The `sub` claim.
    pub fn subject(self, subject: &str) -> Self {
        self.claim("sub", subject)
    }

    /// The `scope` claim: scopes with spaces between them.
    pub fn scope(self, scope: &str) -> Self {
        self.claim("scope", scope)
    }

    /// The `aud` claim, as one string.
    pub fn audience(self, audience: &str) -> Self {
        self.claim("aud", audience)
    }

    /// The `iss` claim. The key stays this issuer's.
    pub fn issuer(self, issuer: &str) -> Self {
        self.claim("iss", issuer)
    }

    /// The `client_id` claim.
    pub fn client_id(self, client_id: &str) -> Self {
        self.claim("client_id", client_id)
    }

    /// The `iat` claim, and `exp` 300 seconds after it.
    pub fn issued_at(self, at: NumericDate) -> Self {
        self.claim("iat", at.as_secs())
            .expires_at(at.saturating_add(DEFAULT_LIFETIME))
    }

    /// The `exp` claim.
    pub fn expires_at(self, at: NumericDate) -> Self {
        self.claim("exp", at.as_secs())
    }

    /// The `exp` claim, this long from now.
    pub fn expires_in(self, lifetime: Duration) -> Self {
        let at = self.issuer.now().saturating_add(lifetime);
        self.expires_at(at)
    }

    /// The `nbf` claim.
    pub fn not_before(self, at: NumericDate) -> Self {
        self.claim("nbf", at.as_secs())
    }

    /// Any claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Binds the token to the DPoP key of this client (`cnf.jkt`, RFC 9449 section 6.1), besides
    /// any binding that it has.
    pub fn bound_to_key_of(self, client: &TestClient) -> Self {
        self.bound("jkt", &client.jkt().to_string())
    }

    /// Binds the token to the certificate of this client (`cnf.x5t#S256`, RFC 8705 section 3.1),
    /// besides any binding that it has.
    pub fn bound_to_certificate_of(self, client: &TestClient) -> Self {
        let thumbprint = sha256(client.certificate_der());
        self.bound("x5t#S256", &encode_base64url(&thumbprint))
    }

    fn bound(mut self, member: &str, thumbprint: &str) -> Self {
        let cnf = self.claims.entry("cnf").or_insert_with(|| json!({}));
        if let Some(members) = cnf.as_object_mut() {
            members.insert(member.to_owned(), thumbprint.into());
        }
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// The claims set as these bytes, unchecked.
    pub fn raw_payload(mut self, payload: &[u8]) -> Self {
        self.raw_payload = Some(payload.to_vec());
        self
    }

    /// The header's `typ`; `at+jwt` unless changed.
    pub fn typ(self, typ: &str) -> Self {
        self.header("typ", typ)
    }

    /// Any member of the header. `alg` and `kid` are set from the signing key unless they are given
    /// here.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a member from the header.
    pub fn without_header(mut self, name: &str) -> Self {
        self.absent_headers.push(name.to_owned());
        self
    }

    /// Sets the header to these bytes, without a check.
    pub fn raw_header(mut self, header: &[u8]) -> Self {
        self.raw_header = Some(header.to_vec());
        self
    }

    /// Signs with this algorithm and the issuer's key for it. For an HMAC algorithm use
    /// [`hmac`](TestToken::hmac).
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Signs with this HMAC algorithm and this secret, which may have any length. The header then
    /// has no `kid`, unless you set one.
    ///
    /// ```
    /// use resource_server::{Algorithm, Issuer, Validator, testing::TestIssuer};
    ///
    /// let secret = [7; 31].iter().chain(&[8]).copied().collect::<Vec<u8>>();
    /// let validator = Validator::builder()
    ///     .audience("https://api.example.com")
    ///     .issuer(Issuer::hmac("https://as.example.com", Algorithm::HS256, &secret))
    ///     .build()?;
    /// let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    /// let token = issuer.token().hmac(Algorithm::HS256, &secret).mint();
    /// assert!(validator.validate_cached(&token).unwrap().is_ok());
    /// # Ok::<(), resource_server::error::BuildError>(())
    /// ```
    ///
    /// # Panics
    /// It panics if the algorithm is not HMAC.
    pub fn hmac(mut self, algorithm: Algorithm, secret: &[u8]) -> Self {
        let hash = match algorithm {
            Algorithm::HS256 => hmac::HMAC_SHA256,
            Algorithm::HS384 => hmac::HMAC_SHA384,
            Algorithm::HS512 => hmac::HMAC_SHA512,
            other => panic!("{other} is not HMAC"),
        };
        self.algorithm = algorithm;
        self.signer = Signer::Secret(Box::new(hmac::Key::new(hash, secret)));
        self
    }

    /// Signs with another issuer's key. The `kid` stays that of this issuer's key.
    pub fn signed_by(mut self, other: &TestIssuer) -> Self {
        self.signer = Signer::Other(other.clone());
        self
    }

    /// Signs with your function, which receives the bytes to sign.
    pub fn sign_with(mut self, sign: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Self {
        self.signer = Signer::Custom(Arc::new(sign));
        self
    }

    /// These bytes for a signature.
    pub fn signature(self, signature: &[u8]) -> Self {
        let signature = signature.to_vec();
        self.sign_with(move |_| signature.clone())
    }

    /// An empty signature.
    pub fn unsigned(self) -> Self {
        self.signature(&[])
    }

    /// The token in its compact form.
    ///
    /// # Panics
    /// It panics if the backend can't make a key or sign. This is a tool for tests.
    pub fn mint(self) -> String {
        let key_id = if self.algorithm.is_hmac() {
            None
        } else {
            Some(self.issuer.key_for(self.algorithm).id.clone())
        };
        let header = self.header_bytes(key_id);
        let payload = self
            .raw_payload
            .unwrap_or_else(|| Value::Object(self.claims).to_string().into_bytes());
        let mut token = encode_base64url(&header);
        token.push('.');
        token.push_str(&encode_base64url(&payload));
        let by_key_of = |issuer: &TestIssuer| {
            let key = issuer.key_for(self.algorithm);
            key.sign(self.algorithm, token.as_bytes())
        };
        let signature = match self.signer {
            Signer::Own => by_key_of(&self.issuer),
            Signer::Other(other) => by_key_of(&other),
            Signer::Secret(secret) => hmac::sign(&secret, token.as_bytes()).as_ref().to_vec(),
            Signer::Custom(sign) => sign(token.as_bytes()),
        };
        token.push('.');
        token.push_str(&encode_base64url(&signature));
        token
    }

    fn header_bytes(&self, key_id: Option<String>) -> Vec<u8> {
        if let Some(raw) = &self.raw_header {
            return raw.clone();
        }
        let mut header = self.header.clone();
        header
            .entry("alg")
            .or_insert_with(|| self.algorithm.as_str().into());
        if let Some(key_id) = key_id {
            header.entry("kid").or_insert_with(|| key_id.into());
        }
        for name in &self.absent_headers {
            header.remove(name);
        }
        Value::Object(header).to_string().into_bytes()
    }
}
