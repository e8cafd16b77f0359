//! The cost of validating a token, compared with bare signature verification and with jsonwebtoken,
//! and the cost of a refusal.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench validate` prints the tables.
//!
//! A pass gives medians of its rounds, and medians of the ratios of the rounds. The tables have the
//! medians of the passes, and the range of the ratios. Allocations are exact.

#[allow(dead_code)] // a part of it is used
mod cell;
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

use cell::{percent, time};
use rounds::{Case, Figure, measure, median, pollster};

const PASSES: usize = 5;
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
    jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER
        .install_default()
        .expect("no provider was installed before");
    // Each pass has keys, tokens and Validators of its own, since their addresses matter too.
    let passes: Vec<Vec<(&str, Vec<Figure>)>> = (0..PASSES)
        .map(|pass| {
            eprintln!("pass {} of {PASSES}", pass + 1);
            let subjects = subjects();
            let figures = |subject: &Subject| (subject.name, subject.figures());
            subjects.iter().map(figures).collect()
        })
        .collect();
    println!("<!-- validate -->");
    println!(
        "| algorithm | signature | validate | to signature | jsonwebtoken to validate \
         | allocations: `validate`, `jsonwebtoken` |"
    );
    println!("| --- | --: | --: | --: | --: | --: |");
    for (at, (algorithm, _)) in passes[0].iter().enumerate() {
        let of = |name: &str| Spread::of(passes.iter().map(|pass| &pass[at].1), name);
        let [signature, validate] = ["signature", "validate"].map(|name| of(name).expect("a case"));
        let peer = of("jsonwebtoken");
        println!(
            "| {algorithm} | {} | {} | {} | {} | {}{} |",
            time(signature.median_ns),
            time(validate.median_ns),
            validate.ratio_text(),
            peer.as_ref().map_or("not timed".into(), Spread::ratio_text),
            validate.allocations,
            peer.map_or(String::new(), |peer| format!(", {}", peer.allocations)),
        );
    }
    println!("\n<!-- validate/refusals -->");
    println!("| refused for | time | share of an acceptance |");
    println!("| --- | --: | --: |");
    for figure in passes[0][0]
        .1
        .iter()
        .skip_while(|figure| figure.name != "jsonwebtoken")
        .skip(1)
    {
        let spread = Spread::of(passes.iter().map(|pass| &pass[0].1), figure.name);
        let spread = spread.expect("a case");
        println!(
            "| {} | {} | {} |",
            figure.name,
            time(spread.median_ns),
            percent(spread.ratio)
        );
    }
}

/// A case over the passes: medians, and the range of the ratio.
struct Spread {
    median_ns: f64,
    ratio: f64,
    range: [f64; 2],
    allocations: usize,
}

impl Spread {
    fn of<'f>(passes: impl Iterator<Item = &'f Vec<Figure>>, name: &str) -> Option<Self> {
        let figures: Vec<&Figure> = passes
            .filter_map(|figures| figures.iter().find(|figure| figure.name == name))
            .collect();
        let ratios: Vec<f64> = figures.iter().map(|figure| figure.ratio).collect();
        Some(Spread {
            allocations: figures.first()?.allocations,
            median_ns: median(figures.iter().map(|figure| figure.median_ns).collect()),
            range: [
                ratios.iter().copied().fold(f64::MAX, f64::min),
                ratios.iter().copied().fold(f64::MIN, f64::max),
            ],
            ratio: median(ratios),
        })
    }

    fn ratio_text(&self) -> String {
        let [least, most] = self.range;
        format!("{:.3} ({least:.3} to {most:.3})", self.ratio)
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
        of("RS256, 2048 bits", Algorithm::RS256),
        Subject {
            own_key: Some((rsa_4096, jwks)),
            ..of("RS256, 4096 bits", Algorithm::RS256)
        },
        of("PS256, 2048 bits", Algorithm::PS256),
        of("ES256", Algorithm::ES256),
        of("EdDSA", Algorithm::EdDSA),
        of("ML-DSA-65", Algorithm::MlDsa65),
    ]
}

impl Subject {
    /// One pass. The ratio of `validate` is to the signature, and that of all others to `validate`.
    fn figures(&self) -> Vec<Figure> {
        let cases = self.cases();
        let at_of = |name: &str| cases.iter().position(|case| case.name == name);
        let signature = at_of("signature").expect("a case");
        let validate = at_of("validate").expect("a case");
        measure(
            &cases,
            |at| if at == validate { signature } else { validate },
        )
    }

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

    /// The refusals are the last ones.
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
        if self.algorithm != Algorithm::RS256 || self.own_key.is_some() {
            return Vec::new();
        }
        vec![
            ("garbage of the same size", "x".repeat(good.len())),
            ("garbage of 860 bytes", "x".repeat(860)),
            ("garbage of 16 KiB", "x".repeat(16 * 1024)),
            (
                "unknown algorithm",
                self.token(|token| token.header("alg", "XS256")),
            ),
            (
                "expired",
                self.token(|token| token.claim("exp", 1_700_000_000)),
            ),
            (
                "wrong issuer",
                self.token(|token| token.issuer("https://other.example.com")),
            ),
            (
                "wrong audience",
                self.token(|token| token.audience("https://other.example.com")),
            ),
            (
                "unknown key",
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
