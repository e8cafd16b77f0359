//! The cost of validating a token, compared with bare signature verification and with jsonwebtoken,
//! and the cost of a refusal.
//!
//! `cargo bench --manifest-path benches/Cargo.toml` prints a table; with `-- --json` it
//! prints a line of JSON for each algorithm and case.
//!
//! Figures are medians of the rounds, and ratios are medians of the ratios of the rounds.
//! Allocations are exact.

#[path = "rounds.rs"]
mod rounds;

use std::hint::black_box;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{self as backend, KeyPair, ParsedPublicKey, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{Algorithm, Issuer, StaticKeys, Validator};
use serde_json::{Value, json};

use rounds::{Case, measure, pollster};

const ISSUER: &str = "https://as.example.com";
const AUDIENCE: &str = "https://api.example.com";

/// What jsonwebtoken decodes into: the same claims.
#[derive(serde::Deserialize)]
#[allow(dead_code)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    iat: u64,
    nbf: u64,
    jti: String,
    client_id: String,
    scope: String,
    tenant: String,
}

fn main() {
    let as_json = std::env::args().any(|argument| argument == "--json");
    jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER
        .install_default()
        .expect("no provider was installed before");
    if !as_json {
        println!(
            "{:<11} {:<30} {:>10} {:>8} {:>12}",
            "algorithm", "case", "median us", "ratio", "allocations"
        );
    }
    for subject in subjects() {
        let cases = subject.cases();
        let place = |name: &str| cases.iter().position(|case| case.name == name);
        let (signature, validate) = (place("signature"), place("validate"));
        let base = |at| {
            if Some(at) == validate {
                signature
            } else {
                validate
            }
        };
        let figures = measure(&cases, |at| base(at).expect("a case"));
        for figure in figures {
            if as_json {
                let line = json!({
                    "algorithm": subject.name,
                    "case": figure.name,
                    "median_ns": figure.median_ns.round(),
                    "ratio": (figure.ratio * 1000.0).round() / 1000.0,
                    "allocations": figure.allocations,
                });
                println!("{line}");
            } else {
                println!(
                    "{:<11} {:<30} {:>10.2} {:>8.3} {:>12}",
                    subject.name,
                    figure.name,
                    figure.median_ns / 1000.0,
                    figure.ratio,
                    figure.allocations
                );
            }
        }
    }
    if !as_json {
        println!(
            "\nratio: of validate to signature, of jsonwebtoken to validate, of a refusal to validate"
        );
    }
}

/// One algorithm: a token, and the key to it in each party's form.
struct Subject {
    name: &'static str,
    algorithm: Algorithm,
    issuer: TestIssuer,
    /// The test issuer has no such key.
    own_key: Option<(RsaKeyPair, String)>,
}

fn subjects() -> Vec<Subject> {
    let of = |name, algorithm| Subject {
        name,
        algorithm,
        issuer: TestIssuer::new(ISSUER, AUDIENCE).algorithms([algorithm]),
        own_key: None,
    };
    let rsa_4096 = RsaKeyPair::generate(KeySize::Rsa4096).expect("a key");
    let n = rsa_4096
        .public_key()
        .modulus()
        .big_endian_without_leading_zero();
    let e = rsa_4096
        .public_key()
        .exponent()
        .big_endian_without_leading_zero();
    let jwks = json!({"keys": [{
        "kty": "RSA", "kid": "rsa-4096", "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e),
    }]});
    let jwks = jwks.to_string();
    vec![
        of("RS256", Algorithm::RS256),
        Subject {
            own_key: Some((rsa_4096, jwks)),
            ..of("RS256-4096", Algorithm::RS256)
        },
        of("PS256", Algorithm::PS256),
        of("ES256", Algorithm::ES256),
        of("EdDSA", Algorithm::EdDSA),
        of("ML-DSA-65", Algorithm::MlDsa65),
    ]
}

impl Subject {
    fn token(&self, adapt: impl FnOnce(TestToken) -> TestToken) -> String {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("now");
        let token = self
            .issuer
            .token()
            .algorithm(self.algorithm)
            .subject("248289761001-a1b2c3d4")
            .client_id("orders-web-frontend")
            .scope("orders:read orders:write profile")
            .claim("nbf", now.as_secs())
            .claim("tenant", "b9d1f0aa-7c1e-4b6e-9d7e-2f6a1c3b5d7f");
        let token = match &self.own_key {
            None => adapt(token),
            Some((key, _)) => {
                let token = adapt(token.header("kid", "rsa-4096"));
                let pkcs8 = aws_lc_rs::encoding::AsDer::as_der(key).expect("an encoding");
                let pkcs8: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pkcs8;
                let key = RsaKeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
                token.sign_with(move |input| {
                    let mut signature = vec![0; key.public_modulus_len()];
                    key.sign(
                        &backend::RSA_PKCS1_SHA256,
                        &SystemRandom::new(),
                        input,
                        &mut signature,
                    )
                    .expect("a signature");
                    signature
                })
            }
        };
        token.mint()
    }

    fn jwks(&self) -> String {
        match &self.own_key {
            None => self.issuer.jwks(),
            Some((_, jwks)) => jwks.clone(),
        }
    }

    fn jwk(&self) -> Value {
        let kty = match self.algorithm {
            Algorithm::RS256 | Algorithm::PS256 => "RSA",
            Algorithm::ES256 => "EC",
            Algorithm::EdDSA => "OKP",
            _ => "AKP",
        };
        let set: Value = serde_json::from_str(&self.jwks()).expect("a JWK Set");
        let keys = set["keys"].as_array().expect("keys");
        keys.iter()
            .find(|key| key["kty"] == kty)
            .expect("the key")
            .clone()
    }

    /// The first is what the second's ratio is to, and so on; see the table's last line.
    fn cases(&self) -> Vec<Case<'_>> {
        let token = self.token(|token| token);
        let (input, signature) = token.rsplit_once('.').expect("a token");
        let input = input.to_owned();
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        let parsed = self.parsed_key();
        let validator = Validator::builder()
            .audience(AUDIENCE)
            .issuer(Issuer::new(ISSUER).keys(StaticKeys::from_jwks(&self.jwks()).expect("keys")))
            .build()
            .expect("a Validator");
        let mut cases = vec![
            Case {
                name: "signature",
                run: Box::new(move || {
                    let verified = parsed.verify_sig(black_box(input.as_bytes()), &signature);
                    assert!(black_box(verified).is_ok());
                }),
            },
            {
                let (validator, token) = (validator.clone(), token.clone());
                Case {
                    name: "validate",
                    run: Box::new(move || {
                        let judged = pollster(validator.validate(black_box(&token)));
                        assert!(black_box(judged).is_ok());
                    }),
                }
            },
        ];
        if let Some((key, validation)) = self.peer() {
            let token = token.clone();
            cases.push(Case {
                name: "jsonwebtoken",
                run: Box::new(move || {
                    let decoded =
                        jsonwebtoken::decode::<Claims>(black_box(&token), &key, &validation);
                    assert!(black_box(decoded).is_ok());
                }),
            });
        }
        for (name, token) in self.refused(&token) {
            let validator = validator.clone();
            cases.push(Case {
                name,
                run: Box::new(move || {
                    let judged = pollster(validator.validate(black_box(&token)));
                    assert!(black_box(judged).is_err());
                }),
            });
        }
        cases
    }

    fn refused(&self, good: &str) -> Vec<(&'static str, String)> {
        if self.name != "RS256" {
            return Vec::new();
        }
        vec![
            ("refuse_garbage", "x".repeat(good.len())),
            ("refuse_garbage_860_bytes", "x".repeat(860)),
            ("refuse_garbage_16_kib", "x".repeat(16 * 1024)),
            (
                "refuse_unknown_algorithm",
                self.token(|token| token.header("alg", "XS256")),
            ),
            (
                "refuse_expired",
                self.token(|token| token.claim("exp", 1_700_000_000)),
            ),
            (
                "refuse_wrong_issuer",
                self.token(|token| token.issuer("https://other.example.com")),
            ),
            (
                "refuse_wrong_audience",
                self.token(|token| token.audience("https://other.example.com")),
            ),
            (
                "refuse_unknown_key",
                self.token(|token| token.header("kid", "another")),
            ),
        ]
    }

    fn parsed_key(&self) -> ParsedPublicKey {
        let jwk = self.jwk();
        let bytes = |name: &str| {
            let text = jwk[name].as_str().expect("a member");
            URL_SAFE_NO_PAD.decode(text).expect("base64url")
        };
        let rsa = |parameters| {
            PublicKeyComponents {
                n: bytes("n"),
                e: bytes("e"),
            }
            .to_parsed_public_key(parameters)
        };
        match self.algorithm {
            Algorithm::RS256 => rsa(&backend::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::PS256 => rsa(&backend::RSA_PSS_2048_8192_SHA256),
            Algorithm::ES256 => ParsedPublicKey::new(
                &backend::ECDSA_P256_SHA256_FIXED,
                [vec![4], bytes("x"), bytes("y")].concat(),
            ),
            Algorithm::EdDSA => ParsedPublicKey::new(&backend::ED25519, bytes("x")),
            _ => ParsedPublicKey::new(&backend::ML_DSA_65, bytes("pub")),
        }
        .expect("a key")
    }

    /// As its documentation has it: issuer, audience and expiry checked.
    fn peer(&self) -> Option<(jsonwebtoken::DecodingKey, jsonwebtoken::Validation)> {
        let jwk = self.jwk();
        let member = |name: &str| jwk[name].as_str().expect("a member");
        let (algorithm, key) = match self.algorithm {
            Algorithm::RS256 => (
                jsonwebtoken::Algorithm::RS256,
                jsonwebtoken::DecodingKey::from_rsa_components(member("n"), member("e")),
            ),
            Algorithm::PS256 => (
                jsonwebtoken::Algorithm::PS256,
                jsonwebtoken::DecodingKey::from_rsa_components(member("n"), member("e")),
            ),
            Algorithm::ES256 => (
                jsonwebtoken::Algorithm::ES256,
                jsonwebtoken::DecodingKey::from_ec_components(member("x"), member("y")),
            ),
            Algorithm::EdDSA => (
                jsonwebtoken::Algorithm::EdDSA,
                jsonwebtoken::DecodingKey::from_ed_components(member("x")),
            ),
            _ => return None,
        };
        let mut validation = jsonwebtoken::Validation::new(algorithm);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.validate_nbf = true;
        Some((key.expect("a key"), validation))
    }
}
