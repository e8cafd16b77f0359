//! The tokens and key sets that all peers get: the same bytes for each.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::RsaPublicKeyComponents;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use resource_server::Algorithm;
use resource_server::testing::{TestClient, TestIssuer, TestToken};
use serde_json::{Value, json};

use Verdict::{Accept, Either, Refuse};

pub(crate) const ISSUER: &str = "https://as.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const SCOPE: &str = "orders:read";

/// How long the tokens of a run are good for.
const LIFETIME: i64 = 7200;

/// What is right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accept,
    Refuse,
    /// Profiles differ, and both verdicts are sound.
    Either,
}

/// A token to judge once.
pub(crate) struct Odd {
    pub(crate) name: &'static str,
    /// The section that says so.
    pub(crate) section: &'static str,
    pub(crate) right: Verdict,
    /// Whether a scope is what the case is about. Most libraries leave scopes to the program.
    pub(crate) is_about_scope: bool,
    pub(crate) token: String,
    /// The key set, where it is not the usual one.
    pub(crate) jwks: Option<String>,
}

/// The issuer, with one key for each of three algorithms.
pub(crate) struct Scene {
    pub(crate) issuer: TestIssuer,
    /// The same name and other keys.
    impostor: TestIssuer,
    keys: Vec<Value>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let algorithms = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
        let issuer = TestIssuer::new(ISSUER, AUDIENCE).algorithms(algorithms);
        let jwks: Value = serde_json::from_str(&issuer.jwks()).expect("a JWK Set");
        let mut keys = jwks["keys"].as_array().expect("keys").clone();
        for key in &mut keys {
            let algorithm = match key["kty"].as_str() {
                Some("RSA") => "RS256",
                Some("EC") => "ES256",
                _ => "EdDSA",
            };
            key["alg"] = algorithm.into();
        }
        Scene {
            issuer,
            impostor: TestIssuer::new(ISSUER, AUDIENCE).algorithms(algorithms),
            keys,
        }
    }

    /// The usual key set: each key has `kid`, `use` and `alg`.
    pub(crate) fn jwks(&self) -> String {
        jwks(&self.keys)
    }

    /// Ten claims, good for the whole run.
    pub(crate) fn token(&self, algorithm: Algorithm) -> TestToken {
        self.issuer
            .token()
            .algorithm(algorithm)
            .subject("248289761001-a1b2c3d4")
            .client_id("orders-web-frontend")
            .scope("orders:read orders:write profile")
            .claim("nbf", now())
            .claim("exp", now() + LIFETIME)
            .claim("tenant", "b9d1f0aa-7c1e-4b6e-9d7e-2f6a1c3b5d7f")
    }

    /// Tokens that differ in `jti`.
    pub(crate) fn distinct(&self, algorithm: Algorithm, count: usize) -> Vec<String> {
        (0..count).map(|_| self.token(algorithm).mint()).collect()
    }

    pub(crate) fn expired(&self) -> String {
        let token = self.token(Algorithm::RS256);
        token.claim("exp", 1_700_000_000).mint()
    }

    /// Each names another key that there is not.
    pub(crate) fn of_unknown_keys(&self, count: usize) -> Vec<String> {
        let (_, signature) = parts(&self.token(Algorithm::RS256).mint());
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        (0..count)
            .map(|_| {
                let mut kid = [0; 12];
                aws_lc_rs::rand::fill(&mut kid).expect("random bytes");
                let token = self.token(Algorithm::RS256);
                let token = token.header("kid", URL_SAFE_NO_PAD.encode(kid));
                token.signature(&signature).mint()
            })
            .collect()
    }

    fn key(&self, kty: &str) -> &Value {
        let mut keys = self.keys.iter();
        keys.find(|key| key["kty"] == kty).expect("a key")
    }

    /// The public RSA key in PEM, which an attacker has too.
    fn rsa_pem(&self) -> String {
        let member = |name: &str| {
            let text = self.key("RSA")[name].as_str().expect("a member");
            URL_SAFE_NO_PAD.decode(text).expect("base64url")
        };
        let components = RsaPublicKeyComponents {
            n: member("n"),
            e: member("e"),
        };
        let key =
            components.to_parsed_public_key(&aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256);
        let der: PublicKeyX509Der<'_> = key.expect("a key").as_der().expect("an encoding");
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<_> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).expect("base64"))
            .collect();
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            lines.join("\n")
        )
    }

    /// Bad and odd tokens by the usual key set.
    fn odd_tokens(&self) -> Vec<Odd> {
        let good = || self.token(Algorithm::RS256);
        let now = now();
        let later = now + LIFETIME;
        let client = TestClient::new();
        let cases = [
            ("ES256", "7518 3.4", Accept, self.token(Algorithm::ES256)),
            ("EdDSA", "8037 3.1", Accept, self.token(Algorithm::EdDSA)),
            (
                "`typ` is `application/at+jwt`",
                "9068 2.1",
                Accept,
                good().typ("application/at+jwt"),
            ),
            ("`typ` is `JWT`", "9068 4", Either, good().typ("JWT")),
            ("no `typ`", "9068 4", Either, good().without_header("typ")),
            (
                "no `kid`, three keys",
                "7515 4.1.4",
                Either,
                good().without_header("kid"),
            ),
            ("no `nbf`", "7519 4.1.5", Accept, good().without("nbf")),
            (
                "`aud` is a list",
                "7519 4.1.3",
                Accept,
                good().claim("aud", json!(["https://b.example.com", AUDIENCE])),
            ),
            (
                "`exp` with a fraction",
                "7519 2",
                Accept,
                good().claim("exp", later as f64 + 0.5),
            ),
            (
                "unknown header member",
                "7515 4",
                Accept,
                good().header("x-region", "eu"),
            ),
            (
                "expired",
                "7519 4.1.4",
                Refuse,
                good().claim("exp", now - 3600),
            ),
            ("`exp` missing", "9068 2.2", Refuse, good().without("exp")),
            (
                "`exp` is a string",
                "7519 4.1.4",
                Refuse,
                good().claim("exp", later.to_string()),
            ),
            (
                "`nbf` in an hour",
                "7519 4.1.5",
                Refuse,
                good().claim("nbf", now + 3600),
            ),
            (
                "wrong issuer",
                "9068 4",
                Refuse,
                good().issuer("https://as.example.org"),
            ),
            (
                "issuer with one more slash",
                "9068 4",
                Refuse,
                good().issuer("https://as.example.com/"),
            ),
            ("`iss` missing", "9068 2.2", Refuse, good().without("iss")),
            (
                "wrong audience",
                "9068 4",
                Refuse,
                good().audience("https://b.example.com"),
            ),
            ("`aud` missing", "9068 2.2", Refuse, good().without("aud")),
            (
                "`aud` is an empty list",
                "9068 4",
                Refuse,
                good().claim("aud", json!([])),
            ),
            (
                "`alg` is `none`",
                "8725 3.2",
                Refuse,
                good().header("alg", "none").unsigned(),
            ),
            (
                "HS256 with the public key as secret",
                "8725 2.1",
                Refuse,
                good()
                    .header("kid", self.key("RSA")["kid"].clone())
                    .hmac(Algorithm::HS256, self.rsa_pem().as_bytes()),
            ),
            (
                "signed by another key",
                "7515 5.2",
                Refuse,
                good()
                    .signed_by(&self.impostor)
                    .header("kid", self.key("RSA")["kid"].clone()),
            ),
            (
                "the signer's key in the header (`jwk`)",
                "8725 3.10",
                Refuse,
                self.with_own_key(),
            ),
            (
                "`kid` of a key of another type",
                "8725 3.1",
                Refuse,
                good().header("kid", self.key("EC")["kid"].clone()),
            ),
            (
                "unknown `crit`",
                "7515 4.1.11",
                Refuse,
                good()
                    .header("crit", json!(["x-region"]))
                    .header("x-region", "eu"),
            ),
            (
                "empty `crit`",
                "7515 4.1.11",
                Refuse,
                good().header("crit", json!([])),
            ),
            (
                "`b64` is `false`",
                "7797 7",
                Refuse,
                good().header("crit", json!(["b64"])).header("b64", false),
            ),
            (
                "bound by DPoP, as bearer token",
                "9449 7.2",
                Refuse,
                good().bound_to_key_of(&client),
            ),
            (
                "bound to a certificate, without it",
                "8705 3",
                Refuse,
                good().bound_to_certificate_of(&client),
            ),
            (
                "`typ` is `dpop+jwt`",
                "8725 3.11",
                Refuse,
                good().typ("dpop+jwt"),
            ),
            (
                "`typ` is `logout+jwt`",
                "8725 3.11",
                Refuse,
                good().typ("logout+jwt"),
            ),
            (
                "ID token: `nonce`, `at_hash`",
                "8725 3.12",
                Refuse,
                good()
                    .typ("JWT")
                    .claim("nonce", "n-0S6_WzA2Mj")
                    .claim("at_hash", "77QmUPtjPfzWtF2AnpK9RQ"),
            ),
        ];
        let mut odd = vec![self.odd("a good token", "9068 4", Accept, good().mint())];
        odd.extend(
            cases
                .into_iter()
                .map(|(name, section, right, token)| self.odd(name, section, right, token.mint())),
        );
        odd.extend(self.odd_texts());
        for (name, token) in [
            ("scope missing", good().without("scope")),
            ("another scope", good().scope("orders:write")),
        ] {
            odd.push(Odd {
                is_about_scope: true,
                ..self.odd(name, "6750 3.1", Refuse, token.mint())
            });
        }
        odd
    }

    fn odd(&self, name: &'static str, section: &'static str, right: Verdict, token: String) -> Odd {
        Odd {
            name,
            section,
            right,
            is_about_scope: false,
            token,
            jwks: None,
        }
    }

    /// Signed by a key of the signer's own that the header brings along.
    fn with_own_key(&self) -> TestToken {
        let jwks: Value = serde_json::from_str(&self.impostor.jwks()).expect("a JWK Set");
        let keys = jwks["keys"].as_array().expect("keys");
        let key = keys.iter().find(|key| key["kty"] == "RSA").expect("a key");
        let token = self.token(Algorithm::RS256).signed_by(&self.impostor);
        token.header("jwk", key.clone())
    }

    /// Tokens that are odd as texts.
    fn odd_texts(&self) -> Vec<Odd> {
        let good = self.token(Algorithm::RS256).mint();
        let (input, signature) = parts(&good);
        let (header, payload) = input.split_once('.').expect("a token");
        let now = now();
        let claims = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
        let claims = String::from_utf8(claims).expect("JSON");
        let doubled = claims.replace(['{', '}'], "");
        let doubled = format!("{{{doubled},\"exp\":{}}}", now - 3600);
        let admin = claims.replace("orders:write", "orders:admin");
        let raw = |payload: String| self.token(Algorithm::RS256).raw_payload(payload.as_bytes());
        let exponent = claims.replace(
            &format!("\"exp\":{}", exp(&claims)),
            &format!("\"exp\":{:.1}e9", (now as f64 / 1e9) + 0.1),
        );
        vec![
            self.odd(
                "`exp` with an exponent",
                "7519 2",
                Accept,
                raw(exponent).mint(),
            ),
            self.odd(
                "`exp` twice, the last one past",
                "7519 4",
                Refuse,
                raw(doubled).mint(),
            ),
            self.odd(
                "last character of the signature changed",
                "7515 5.2",
                Refuse,
                changed_at_the_end(&good),
            ),
            self.odd(
                "payload changed",
                "7515 5.2",
                Refuse,
                format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(admin)),
            ),
            self.odd("no signature", "7515 5.2", Refuse, format!("{input}.")),
            self.odd("padded base64url", "7515 2", Refuse, format!("{good}==")),
            self.odd(
                "a fourth part",
                "7515 7.1",
                Refuse,
                format!("{good}.{signature}"),
            ),
            self.odd(
                "860 bytes without dots",
                "7519 7.2",
                Refuse,
                "x".repeat(860),
            ),
        ]
    }

    /// Tokens by other key sets. All but the last ones are good, since a key that can't be used
    /// must not spoil the set.
    fn odd_keys(&self) -> Vec<Odd> {
        let good = || self.token(Algorithm::RS256).mint();
        let rsa = self.key("RSA").clone();
        let with = |change: &dyn Fn(&mut Value)| {
            let mut key = rsa.clone();
            change(&mut key);
            key
        };
        let without = |names: &[&str]| {
            let mut key = rsa.clone();
            for name in names {
                key.as_object_mut().expect("an object").remove(*name);
            }
            key
        };
        let broken = with(&|key| {
            key["kid"] = "broken".into();
            key["n"] = "!".into();
        });
        let unnamed = self.token(Algorithm::RS256).without_header("kid").mint();
        let case = |name, section, right, token, keys: &[Value]| Odd {
            jwks: Some(jwks(keys)),
            ..self.odd(name, section, right, token)
        };
        let rest = &self.keys;
        let beside = |key: Value| [vec![key], rest.clone()].concat();
        let unknown_kty =
            json!({"kty": "LATTICE", "kid": "next", "use": "sig", "alg": "LT-5", "x": "AAAA"});
        let unknown_curve = json!({"kty": "EC", "crv": "P-999", "kid": "next", "use": "sig", "x": "AAAA", "y": "AAAA"});
        let unknown_alg = with(&|key| {
            key["kid"] = "next".into();
            key["alg"] = "RS1024".into();
        });
        let post_quantum = TestIssuer::new(ISSUER, AUDIENCE).algorithms([Algorithm::MlDsa65]);
        let ml_dsa: Value = serde_json::from_str(&post_quantum.jwks()).expect("a JWK Set");
        let ml_dsa = ml_dsa["keys"]
            .as_array()
            .expect("keys")
            .iter()
            .find(|key| key["kty"] == "AKP");
        vec![
            case(
                "next to a key of an unknown `kty`",
                "7517 5",
                Accept,
                good(),
                &beside(unknown_kty),
            ),
            case(
                "next to a key on an unknown curve",
                "7517 5",
                Accept,
                good(),
                &beside(unknown_curve),
            ),
            case(
                "next to a key for an unknown `alg`",
                "7517 5",
                Accept,
                good(),
                &beside(unknown_alg),
            ),
            case(
                "next to an ML-DSA key",
                "7517 5",
                Accept,
                good(),
                &beside(ml_dsa.expect("the key").clone()),
            ),
            case(
                "next to a damaged RSA key",
                "7517 5",
                Accept,
                good(),
                &beside(broken),
            ),
            case(
                "next to a key without `kid`",
                "7517 4.5",
                Accept,
                good(),
                &beside({
                    let mut key = self.key("EC").clone();
                    key.as_object_mut().expect("an object").remove("kid");
                    key
                }),
            ),
            case(
                "the key has no `alg`",
                "7517 4.4",
                Accept,
                good(),
                &[without(&["alg"])],
            ),
            case(
                "the key has no `use`",
                "7517 4.2",
                Accept,
                good(),
                &[without(&["use"])],
            ),
            case(
                "one key without `kid`, none in the token",
                "7515 4.1.4",
                Accept,
                unnamed,
                &[without(&["kid"])],
            ),
            case(
                "the key has `use` `enc`",
                "7517 4.2",
                Refuse,
                good(),
                &[with(&|key| key["use"] = "enc".into())],
            ),
            case(
                "the key has `key_ops` `encrypt`",
                "7517 4.3",
                Refuse,
                good(),
                &[{
                    let mut key = without(&["use"]);
                    key["key_ops"] = json!(["encrypt"]);
                    key
                }],
            ),
            case(
                "the key has `alg` `RSA-OAEP`",
                "7517 4.4",
                Refuse,
                good(),
                &[with(&|key| key["alg"] = "RSA-OAEP".into())],
            ),
            case(
                "the key has `alg` `PS256`",
                "7517 4.4",
                Refuse,
                good(),
                &[with(&|key| key["alg"] = "PS256".into())],
            ),
        ]
    }

    /// All of them; those by the usual key set first.
    pub(crate) fn odd_cases(&self) -> Vec<Odd> {
        let mut cases = self.odd_tokens();
        cases.extend(self.odd_keys());
        cases
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
    i64::try_from(now.expect("a clock after 1970").as_secs())
        .expect("a clock before the year 10000")
}

fn jwks(keys: &[Value]) -> String {
    json!({"keys": keys}).to_string()
}

/// What is signed, and the signature.
fn parts(token: &str) -> (String, String) {
    let (input, signature) = token.rsplit_once('.').expect("a token");
    (input.to_owned(), signature.to_owned())
}

/// The value of `exp`, as text.
fn exp(claims: &str) -> i64 {
    let claims: Value = serde_json::from_str(claims).expect("JSON");
    claims["exp"].as_i64().expect("a number")
}

/// Another last character, which changes bits of the signature and not just unused ones.
fn changed_at_the_end(token: &str) -> String {
    let mut text = token.to_owned();
    let last = text.pop().expect("a character");
    text.push(if last == 'A' { 'Q' } else { 'A' });
    text
}
