//! Rows I01 and I11: this API authenticates by its private key (RFC 7523), and only to the issuer.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::encoding::{AsBigEndian, AsDer};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use resource_server::testing::ManualClock;
use resource_server::{
    Algorithm, Evidence, Introspection, Issuer, NumericDate, Policy, Possession, PresentedToken,
    error::{ClientKeyError, ConfigErrorKind, IntrospectionError},
    introspection::ClientKey,
    keys::KeySet,
    verify,
};
use serde_json::{Value, json};

use crate::support::http::{AUDIENCE, HandMade, by_hand, clock, json, url_decoded, validator};
use crate::support::{self, ISSUER, NOW};

const CLIENT: &str = "orders-api";

/// RSA of 1024 bits (PKCS #1), which is too short for anything.
const SHORT_RSA: &str = "\
    MIICXAIBAAKBgQCpW9pwpl3njGx/aq9Og0NZddFy7gvjZnB6CjtON8hSiButSe45KOBcBHgLdNHCzgMnKt8eMDXDrdbSOswvmoW0\
    BhIbvgby8YKJoixqNiwS83rAU6lM4RMY94nulUYFIRAYC6ZfeFM0AYPMHpAIh0cYogDi+6ojm8hMWH8QBhhGSwIDAQABAoGACdCO\
    6jRaAM88gm3WVwB4aLjROI3fFoCbSBdLtI67Bz1oDTTZn2plBjAkHNXaSiXSPPTZFVDJ7NsoNeq+ZovX76y4CWwXOg2UpMChQwx0\
    IPUJUQxhAwDHMLRDt3YkgvdD/axqM+9NmkJPGZR97lGpK6eqKzH4rhk6bqVAO05ukDECQQDbIOQay1NE8VIdzJeFGAPYhGxSsHSo\
    Px2H3IiSmauj2NvXisT3uNW4w/D6/TlUq1Uxrid9xIWLR2G/D/HKRbQXAkEAxdsZbp03AkIP7ryXqkIz9tC2B5LWNsr8JaO19gDM\
    oUeeUPcMCzdy6m1ccngQEVhn2RSpsA3JEwd2jRt/7LL77QJAcSq9YzEaogJXPFiK8AuFAO7y2omS1ckywRWd2shOImI+t0RNkPn+\
    NlvLOnRIhXeumeetMYCqz1FgI8JiRupUpQJAAo9jNNsz6wOP0Tb/f2R756WrtU1hGDRoLtR/dj9sZmnW0pVfwoVlJ0Ni/tgu3QqX\
    zWdHCtAi2ewuzISekyF9wQJBANbSyLhPHhPQhMe3M1kXifWgh1/HvyFSfr+2VBCcMlgF/imjQEuNy+BVXlqL2DxrAKYJVo6VT92v\
    PYp1Mkvtgng=";

fn active() -> String {
    json(&json!({"active": true, "aud": AUDIENCE}))
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// A key pair in all its forms.
struct Keys {
    pkcs8: Vec<u8>,
    /// With its private members.
    jwk: Value,
}

impl Keys {
    fn public(&self) -> String {
        let mut jwk = self.jwk.clone();
        let members = jwk.as_object_mut().unwrap();
        members.retain(|name, _| ["kty", "crv", "kid", "n", "e", "x", "y"].contains(&&**name));
        json!({"keys": [jwk]}).to_string()
    }

    fn rsa(size: KeySize) -> Self {
        let pair = RsaKeyPair::generate(size).unwrap();
        let pkcs8 = pair.as_der().unwrap().as_ref().to_vec();
        Self::rsa_from(pkcs8)
    }

    fn rsa_from(pkcs8: Vec<u8>) -> Self {
        // SEQUENCE { version, algorithm, OCTET STRING { SEQUENCE { version, n, e, d, p, q, dp, dq,
        // qi } } }
        let mut outer = Der(&Der(&pkcs8).next().unwrap().1).collect::<Vec<_>>();
        let pkcs1 = outer.remove(2).1;
        let numbers = Der(&Der(&pkcs1).next().unwrap().1).collect::<Vec<_>>();
        let mut jwk = json!({"kty": "RSA", "kid": "own", "alg": "RS256"});
        for (index, name) in ["n", "e", "d", "p", "q", "dp", "dq", "qi"]
            .iter()
            .enumerate()
        {
            let bytes = &numbers[index + 1].1;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            jwk[*name] = encoded(&bytes[zeros..]).into();
        }
        Keys { pkcs8, jwk }
    }

    fn ec(crv: &str, algorithm: &'static signature::EcdsaSigningAlgorithm) -> Self {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let d = pair.private_key().as_be_bytes().unwrap();
        Keys {
            pkcs8: pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
            jwk: json!({"kty": "EC", "crv": crv, "kid": "own", "d": encoded(d.as_ref()), "x": encoded(x), "y": encoded(y)}),
        }
    }

    fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let d = pair.seed().unwrap().as_be_bytes().unwrap();
        let x = encoded(pair.public_key().as_ref());
        Keys {
            pkcs8: pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
            jwk: json!({"kty": "OKP", "crv": "Ed25519", "kid": "own", "d": encoded(d.as_ref()), "x": x}),
        }
    }
}

/// The elements of a DER text: tag and content.
struct Der<'d>(&'d [u8]);

impl Iterator for Der<'_> {
    type Item = (u8, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let (digits, behind) = rest.split_at(usize::from(first & 0x7f));
            length = digits
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            rest = behind;
        }
        let (content, rest) = rest.split_at(length);
        self.0 = rest;
        Some((tag, content.to_vec()))
    }
}

/// Asks about a token and gives the form that was sent.
async fn form_of(
    introspection: fn(Introspection) -> Introspection,
    key: ClientKey,
) -> Vec<(String, String)> {
    let (url, requests) = by_hand(|_| std::future::ready(active())).await;
    let at = Introspection::at(url).private_key_jwt(CLIENT, key);
    let issuer = Issuer::new(ISSUER).introspection(introspection(at));
    let validator = validator(issuer, &clock());
    assert!(validator.validate("token").await.is_ok());
    let request = requests.lock().unwrap()[0].clone();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(
        !head.to_ascii_lowercase().contains("authorization"),
        "{head}"
    );
    url_decoded(body)
}

fn assertion(form: &[(String, String)]) -> &str {
    let pair = |name: &str| {
        let mut found = form.iter().filter(|(known, _)| known == name);
        let value = &found.next().unwrap().1;
        assert!(found.next().is_none());
        value.as_str()
    };
    assert_eq!(pair("client_id"), CLIENT);
    assert_eq!(
        pair("client_assertion_type"),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    pair("client_assertion")
}

/// What a part of the assertion says.
fn part(assertion: &str, index: usize) -> Value {
    let text = assertion.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// Good for an authorization server that verifies it as this crate verifies tokens.
fn check(assertion: &str, keys: &Keys, algorithm: Algorithm, audience: &str) {
    let policy = Policy::builder()
        .issuer(CLIENT)
        .audience(audience)
        .algorithms([algorithm])
        .max_remaining(Duration::from_secs(60));
    let policy = policy.build().unwrap();
    let token = PresentedToken::parse(assertion).unwrap();
    let evidence = Evidence::Keys(Arc::new(KeySet::from_jwks(&keys.public()).unwrap()));
    let verified = verify(&token, &evidence, &policy, NumericDate::from_secs(NOW)).unwrap();
    let verified = verified.confirm(&Possession::bearer()).unwrap();
    assert_eq!(verified.subject(), Some(CLIENT));
    let claims = part(assertion, 1);
    let jti = claims["jti"].as_str().unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(jti).unwrap().len(), 16);
    // One string and nothing more.
    let expected = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": audience, "iat": NOW, "exp": NOW + 60, "jti": jti,
    });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn i01_an_assertion_is_signed_by_each_algorithm_and_from_each_form_of_key() {
    let rsa = Keys::rsa(KeySize::Rsa2048);
    let p256 = Keys::ec("P-256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING);
    let p384 = Keys::ec("P-384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING);
    let p521 = Keys::ec("P-521", &signature::ECDSA_P521_SHA512_FIXED_SIGNING);
    let ed25519 = Keys::ed25519();
    let cases = [
        (&rsa, Algorithm::RS256),
        (&rsa, Algorithm::RS384),
        (&rsa, Algorithm::RS512),
        (&rsa, Algorithm::PS256),
        (&rsa, Algorithm::PS384),
        (&rsa, Algorithm::PS512),
        (&p256, Algorithm::ES256),
        (&p384, Algorithm::ES384),
        (&p521, Algorithm::ES512),
        (&ed25519, Algorithm::EdDSA),
        (&ed25519, Algorithm::Ed25519),
    ];
    for (keys, algorithm) in cases {
        let text = pem("PRIVATE KEY", &keys.pkcs8);
        let by_pem = ClientKey::from_pem(algorithm, &text).unwrap();
        let mut jwk = keys.jwk.clone();
        jwk["alg"] = algorithm.as_str().into();
        let by_jwk = ClientKey::from_jwk(&jwk.to_string()).unwrap();
        assert_eq!((by_pem.key_id(), by_jwk.key_id()), (None, Some("own")));
        assert_eq!(by_jwk.algorithm(), algorithm);
        for (key, kid) in [
            (by_pem.clone(), None),
            (by_pem.with_key_id("own"), Some("own")),
            (by_jwk, Some("own")),
        ] {
            let form = form_of(|i| i, key).await;
            let assertion = assertion(&form);
            check(assertion, keys, algorithm, ISSUER);
            let mut header = json!({"alg": algorithm.as_str(), "typ": "JWT"});
            if let Some(kid) = kid {
                header["kid"] = kid.into();
            }
            assert_eq!(part(assertion, 0), header);
        }
    }
    // Without alg, an EC or Ed25519 key says it by its curve.
    for (keys, algorithm) in [
        (&p256, Algorithm::ES256),
        (&p384, Algorithm::ES384),
        (&p521, Algorithm::ES512),
        (&ed25519, Algorithm::EdDSA),
    ] {
        let key = ClientKey::from_jwk(&keys.jwk.to_string()).unwrap();
        assert_eq!(key.algorithm(), algorithm);
    }
    // PKCS #1 and SEC 1.
    let pkcs1 = Der(&Der(&rsa.pkcs8).next().unwrap().1).nth(2).unwrap().1;
    let key = ClientKey::from_pem(Algorithm::PS256, pem("RSA PRIVATE KEY", &pkcs1)).unwrap();
    check(
        assertion(&form_of(|i| i, key).await),
        &rsa,
        Algorithm::PS256,
        ISSUER,
    );
    let sec1 = Der(&Der(&p256.pkcs8).next().unwrap().1).nth(2).unwrap().1;
    let key = ClientKey::from_pem(Algorithm::ES256, pem("EC PRIVATE KEY", &sec1)).unwrap();
    check(
        assertion(&form_of(|i| i, key).await),
        &p256,
        Algorithm::ES256,
        ISSUER,
    );
}

/// CVE-2025-27370: an assertion for an address that metadata names would be good at that address's
/// owner's victim.
#[tokio::test]
async fn i11_a_hostile_endpoint_in_metadata_does_not_become_the_audience() {
    let keys = Keys::ed25519();
    let thief = HandMade::answering(|_| active()).await;
    let hostile = thief.jwks_url();
    let named = hostile.clone();
    let server = HandMade::answering(move |request| {
        json(&json!({
            "issuer": request.host, "introspection_endpoint": named, "token_endpoint": named,
        }))
    })
    .await;
    let name = &*server.host;
    let key = ClientKey::from_jwk(&keys.jwk.to_string()).unwrap();
    let introspection = Introspection::discover().private_key_jwt(CLIENT, key);
    let validator = validator(Issuer::new(name).introspection(introspection), &clock());
    assert!(validator.validate("token").await.is_ok());
    let request = thief.requests.lock().unwrap()[0].clone();
    let form = url_decoded(request.split_once("\r\n\r\n").unwrap().1);
    let assertion = assertion(&form);
    assert!(!part(assertion, 1).to_string().contains(&hostile));
    check(assertion, &keys, Algorithm::EdDSA, name);
}

#[tokio::test]
async fn i11_another_audience_only_as_it_is_given() {
    let keys = Keys::ed25519();
    let key = ClientKey::from_jwk(&keys.jwk.to_string()).unwrap();
    let form = form_of(
        |i| i.assertion_audience("https://as.example.com/token"),
        key,
    )
    .await;
    let assertion = assertion(&form);
    check(
        assertion,
        &keys,
        Algorithm::EdDSA,
        "https://as.example.com/token",
    );
}

/// Each call has its own assertion, with the time of that moment.
#[tokio::test]
async fn i11_no_assertion_is_sent_twice() {
    let keys = Keys::ed25519();
    let (url, requests) = by_hand(|_| std::future::ready(active())).await;
    let key = ClientKey::from_jwk(&keys.jwk.to_string()).unwrap();
    let introspection = Introspection::at(url)
        .private_key_jwt(CLIENT, key)
        .cache_active_for(Duration::ZERO);
    let clock: ManualClock = clock();
    let validator = validator(Issuer::new(ISSUER).introspection(introspection), &clock);
    for _ in 0..3 {
        assert!(validator.validate("token").await.is_ok());
        clock.advance(Duration::from_secs(100));
    }
    let mut seen = Vec::new();
    for (number, request) in requests.lock().unwrap().iter().enumerate() {
        let form = url_decoded(request.split_once("\r\n\r\n").unwrap().1);
        let claims = part(assertion(&form), 1);
        let issued = NOW + 100 * i64::try_from(number).unwrap();
        assert_eq!(
            (&claims["iat"], &claims["exp"]),
            (&json!(issued), &json!(issued + 60))
        );
        let jti = claims["jti"].as_str().unwrap().to_owned();
        assert!(!seen.contains(&jti));
        seen.push(jti);
    }
    assert_eq!(seen.len(), 3);
}

#[test]
fn i01_what_is_no_key_to_sign_with_is_told() {
    use ClientKeyError as P;
    let p256 = Keys::ec("P-256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING);
    let other = Keys::ec("P-256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING);
    let rsa = Keys::rsa(KeySize::Rsa2048);
    let private = pem("PRIVATE KEY", &p256.pkcs8);
    let twice = format!("{private}{private}");
    let damaged = pem("PRIVATE KEY", &p256.pkcs8[..p256.pkcs8.len() - 1]);
    let large = format!("{private}{}", "#".repeat(64 * 1024));
    let beside = format!("{}{private}", pem("CERTIFICATE", &[0; 8]));
    let by_pem = |algorithm, text: &str| ClientKey::from_pem(algorithm, text).err();
    assert_eq!(by_pem(Algorithm::ES256, &private), None);
    assert_eq!(by_pem(Algorithm::ES256, &beside), None);
    #[rustfmt::skip]
    let cases = [
        ("empty", Algorithm::ES256, "", P::NoPrivateKey),
        ("garbage", Algorithm::ES256, "garbage", P::NoPrivateKey),
        ("public", Algorithm::ES256, &pem("PUBLIC KEY", &p256.pkcs8), P::NoPrivateKey),
        ("encrypted", Algorithm::ES256, &pem("ENCRYPTED PRIVATE KEY", &p256.pkcs8), P::NoPrivateKey),
        ("no base64", Algorithm::ES256, "-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----\n", P::NoPrivateKey),
        ("two", Algorithm::ES256, &twice, P::SeveralKeys),
        ("large", Algorithm::ES256, &large, P::TooLarge),
        ("damaged", Algorithm::ES256, &damaged, P::Refused),
        ("of another curve", Algorithm::ES384, &private, P::Refused),
        ("of another kind", Algorithm::RS256, &private, P::Refused),
        ("of another kind", Algorithm::EdDSA, &private, P::Refused),
        ("labelled otherwise", Algorithm::RS256, &pem("EC PRIVATE KEY", &rsa.pkcs8), P::Refused),
        ("HMAC", Algorithm::HS256, &private, P::Unsupported),
        ("not signed by here", Algorithm::ES256K, &private, P::Unsupported),
        ("not signed by here", Algorithm::MlDsa65, &private, P::Unsupported),
    ];
    for (name, algorithm, text, problem) in cases {
        assert_eq!(by_pem(algorithm, text), Some(problem), "{name}");
    }

    let with = |keys: &Keys, name: &str, value: Value| {
        let mut jwk = keys.jwk.clone();
        jwk[name] = value;
        ClientKey::from_jwk(&jwk.to_string()).err()
    };
    let without = |keys: &Keys, name: &str| {
        let mut jwk = keys.jwk.clone();
        jwk.as_object_mut().unwrap().remove(name);
        ClientKey::from_jwk(&jwk.to_string()).err()
    };
    assert_eq!(with(&p256, "use", json!("sig")), None);
    assert_eq!(with(&p256, "key_ops", json!(["sign"])), None);
    assert_eq!(with(&p256, "use", json!("enc")), Some(P::NotForSigning));
    assert_eq!(
        with(&p256, "key_ops", json!(["verify"])),
        Some(P::NotForSigning)
    );
    assert_eq!(
        with(&p256, "key_ops", json!("sign")),
        Some(P::NotForSigning)
    );
    assert_eq!(with(&p256, "alg", json!("ES384")), Some(P::Refused));
    assert_eq!(with(&p256, "alg", json!("RS256")), Some(P::Refused));
    assert_eq!(with(&p256, "alg", json!("HS256")), Some(P::Unsupported));
    assert_eq!(with(&p256, "alg", json!("none")), Some(P::Unsupported));
    assert_eq!(with(&p256, "alg", json!(1)), Some(P::Member("alg")));
    assert_eq!(with(&p256, "kty", json!("oct")), Some(P::Unsupported));
    assert_eq!(with(&p256, "crv", json!("secp256k1")), Some(P::Unsupported));
    assert_eq!(with(&p256, "kid", json!(7)), Some(P::Member("kid")));
    assert_eq!(with(&p256, "d", json!("a=b")), Some(P::Member("d")));
    assert_eq!(with(&p256, "d", json!("")), Some(P::Member("d")));
    // Private and public halves of two keys.
    assert_eq!(with(&p256, "d", other.jwk["d"].clone()), Some(P::Refused));
    assert_eq!(
        with(&Keys::ed25519(), "d", Keys::ed25519().jwk["d"].clone()),
        Some(P::Refused)
    );
    for name in ["d", "x", "y"] {
        assert_eq!(without(&p256, name), Some(P::Member(name)));
    }
    // One byte short.
    let short = json!(encoded(&[7; 31]));
    for name in ["x", "y"] {
        assert_eq!(with(&p256, name, short.clone()), Some(P::Member(name)));
    }
    for name in ["d", "x"] {
        let found = with(&Keys::ed25519(), name, short.clone());
        assert_eq!(found, Some(P::Member(name)));
    }
    assert_eq!(without(&p256, "kty"), Some(P::Member("kty")));
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        assert_eq!(without(&rsa, name), Some(P::Member(name)));
    }
    assert_eq!(without(&rsa, "alg"), Some(P::AlgorithmMissing));
    assert_eq!(with(&rsa, "dp", rsa.jwk["dq"].clone()), Some(P::Refused));
    assert_eq!(with(&rsa, "n", p256.jwk["x"].clone()), Some(P::Refused));
    for text in ["", "[]", "{", "\"d\"", r#"{"kty":"EC","kty":"EC"}"#] {
        assert_eq!(ClientKey::from_jwk(text).err(), Some(P::NotAJwk), "{text}");
    }
    let large = format!("{}{}", p256.jwk, " ".repeat(64 * 1024));
    assert_eq!(ClientKey::from_jwk(&large).err(), Some(P::TooLarge));

    let short = STANDARD.decode(SHORT_RSA).unwrap();
    let short = by_pem(Algorithm::RS256, &pem("RSA PRIVATE KEY", &short));
    assert_eq!(short, Some(P::Refused));
}

#[test]
fn i11_settings_of_the_assertion_are_told_when_built() {
    let key = || ClientKey::from_jwk(&Keys::ed25519().jwk.to_string()).unwrap();
    let at = || Introspection::at("https://as.example.com/introspect");
    let problems = |introspection| {
        let issuer = Issuer::new(ISSUER).introspection(introspection);
        support::problems(issuer)
    };
    let own = || at().private_key_jwt(CLIENT, key());
    assert_eq!(problems(own()), []);
    assert_eq!(
        problems(own().assertion_audience("https://as.example.com/token")),
        []
    );
    let cases = [
        (
            at().private_key_jwt("", key()),
            IntrospectionError::Credentials,
        ),
        (
            own().assertion_audience(""),
            IntrospectionError::AssertionAudience,
        ),
        (
            at().client_secret_basic("api", "hush-hush")
                .assertion_audience(ISSUER),
            IntrospectionError::AssertionAudience,
        ),
        (
            own().bearer_token("t"),
            IntrospectionError::SeveralAuthentications,
        ),
    ];
    for (introspection, problem) in cases {
        let issuer = ISSUER.to_owned();
        assert_eq!(
            problems(introspection),
            [(Some(issuer), ConfigErrorKind::Introspection(problem))]
        );
    }
}

#[test]
fn p01_nothing_of_the_key_is_shown() {
    let keys = Keys::ed25519();
    let key = ClientKey::from_jwk(&keys.jwk.to_string()).unwrap();
    assert_eq!(
        format!("{key:?}"),
        r#"ClientKey { algorithm: EdDSA, key_id: Some("own"), .. }"#
    );
    let introspection = Introspection::discover().private_key_jwt(CLIENT, key);
    let alone = format!("{introspection:?}");
    let issuer = Issuer::new(ISSUER).introspection(introspection);
    let shown = format!("{alone} {issuer:?}");
    assert!(!shown.contains(keys.jwk["d"].as_str().unwrap()), "{shown}");
}
