//! A JWT by which a client proves that it holds a key: its form, key, times and identity. What the
//! proof is about is for the kind of proof, such as [`dpop`](super::dpop).

use std::time::Duration;

use super::ProofEntry;
use crate::core::{
    Algorithm, AlgorithmSet, Claim, JsonValue, NumericDate, ProofFault, Rounding, Thumbprint,
    VerificationKey, decode_base64url, names_media_type, read_date, read_json_object, sha256,
};

/// The largest proof, in bytes. One of ML-DSA-87, which has the largest keys and signatures, has
/// about 12,000.
const MAX_PROOF_BYTES: usize = 16 * 1024;
/// The largest encoded header, in bytes. One with an ML-DSA-87 key has 4,719.
const MAX_HEADER_BYTES: usize = 8 * 1024;
/// The largest `jti`, in bytes.
const MAX_ID_BYTES: usize = 256;

/// A proof whose form is sound. Its signature is not verified yet.
pub(super) struct Proof<'p> {
    signing_input: &'p str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    key: VerificationKey,
    jkt: Thumbprint,
    id: String,
    iat: NumericDate,
    nbf: Option<NumericDate>,
    exp: Option<NumericDate>,
}

/// The header of a proof, as its JSON has it.
struct Header {
    algorithm: Algorithm,
    key: VerificationKey,
}

impl<'p> Proof<'p> {
    /// Reads a proof of this `typ`, by one of these algorithms, and its text claims of these
    /// names.
    pub(super) fn read<const N: usize>(
        text: &'p str,
        typ: &'static str,
        names: [&'static str; N],
        allowed: AlgorithmSet,
    ) -> Result<(Self, [Claim<String>; N]), ProofFault> {
        let limit = MAX_PROOF_BYTES;
        if text.len() > limit {
            return Err(ProofFault::TooLong { limit });
        }
        let mut parts = text.splitn(4, '.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ProofFault::NotAJwt);
        };
        let limit = MAX_HEADER_BYTES;
        if header.len() > limit {
            return Err(ProofFault::TooLong { limit });
        }
        let signing_input = text
            .get(..header.len() + 1 + claims.len())
            .unwrap_or_default();
        let header = Header::read(&json_text(header, "header")?, typ, allowed)?;
        let signature = decode_base64url(signature).map_err(|_| ProofFault::NotAJwt)?;
        let claims = json_text(claims, "claims set")?;

        let mut texts = [const { Claim::Absent }; N];
        let (mut id, mut iat) = (Claim::Absent, Claim::Absent);
        let (mut nbf, mut exp) = (Claim::Absent, Claim::Absent);
        let read = read_json_object(&claims, |name, value| match name {
            "jti" => id = text_of(value),
            "iat" => iat = Claim::or_malformed(read_date(value, Rounding::Up)),
            "nbf" => nbf = Claim::or_malformed(read_date(value, Rounding::Up)),
            "exp" => exp = Claim::or_malformed(read_date(value, Rounding::Down)),
            _ => {
                let mut known = names.iter().zip(&mut texts);
                if let Some((_, claim)) = known.find(|(known, _)| **known == name) {
                    *claim = text_of(value);
                }
            }
        });
        let part = "claims set";
        read.map_err(|fault| ProofFault::Json { part, fault })?;

        let (Claim::Is(id), Claim::Is(iat)) = (id, &iat) else {
            return Err(ProofFault::Claim(if iat.get().is_some() {
                "jti"
            } else {
                "iat"
            }));
        };
        if id.is_empty() {
            return Err(ProofFault::Claim("jti"));
        }
        let limit = MAX_ID_BYTES;
        if id.len() > limit {
            return Err(ProofFault::LongId { limit });
        }
        let optional = |claim: Claim<NumericDate>, name| match claim {
            Claim::Absent => Ok(None),
            Claim::Malformed => Err(ProofFault::Claim(name)),
            Claim::Is(date) => Ok(Some(date)),
        };
        let proof = Proof {
            signing_input,
            signature,
            algorithm: header.algorithm,
            jkt: header.key.thumbprint().ok_or(ProofFault::NoKey)?,
            key: header.key,
            id,
            iat: *iat,
            nbf: optional(nbf, "nbf")?,
            exp: optional(exp, "exp")?,
        };
        Ok((proof, texts))
    }

    /// The thumbprint of its key.
    pub(super) fn jkt(&self) -> Thumbprint {
        self.jkt
    }

    pub(super) fn issued_at(&self) -> NumericDate {
        self.iat
    }

    /// Checks `iat`: at most this old, and at most this far ahead.
    pub(super) fn check_issued(
        &self,
        now: NumericDate,
        max_age: Duration,
        max_ahead: Duration,
    ) -> Result<(), ProofFault> {
        if now > self.iat.saturating_add(max_age) || self.iat > now.saturating_add(max_ahead) {
            return Err(not_current("iat", max_age, max_ahead));
        }
        Ok(())
    }

    /// Checks `nbf` and `exp`, which are optional.
    pub(super) fn check_lifetime(
        &self,
        now: NumericDate,
        max_age: Duration,
        max_ahead: Duration,
    ) -> Result<(), ProofFault> {
        let latest = now.saturating_add(max_ahead);
        if self.nbf.is_some_and(|nbf| nbf > latest) {
            return Err(not_current("nbf", max_age, max_ahead));
        }
        let has_passed = |exp: NumericDate| now >= exp.saturating_add(max_ahead);
        if self.exp.is_some_and(has_passed) {
            return Err(not_current("exp", max_age, max_ahead));
        }
        Ok(())
    }

    /// Checks its signature by the key that it names. This proves possession of that key, and
    /// nothing else.
    pub(super) fn check_signature(&self) -> Result<(), ProofFault> {
        self.key
            .verify(
                self.algorithm,
                self.signing_input.as_bytes(),
                &self.signature,
            )
            .map_err(|_| ProofFault::Signature)
    }

    /// What a replay store remembers of it.
    pub(super) fn entry(&self, made_at: NumericDate, until: NumericDate) -> ProofEntry {
        let jkt = *self.jkt.as_bytes();
        let digest = sha256(&[&jkt, self.id.as_bytes()].concat());
        let mut id = [0; 16];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        ProofEntry {
            jkt,
            id,
            made_at,
            until,
        }
    }
}

impl Header {
    /// RFC 9449 section 4.2. `jku`, `x5u` and `x5c` have no effect.
    fn read(text: &str, typ: &'static str, allowed: AlgorithmSet) -> Result<Self, ProofFault> {
        let (mut has_type, mut unsupported) = (false, None);
        let (mut algorithm, mut jwk) = (None, None);
        let read = read_json_object(text, |name, value| match name {
            "typ" => {
                has_type = value
                    .as_str()
                    .is_some_and(|found| names_media_type(&found, typ));
            }
            "alg" => algorithm = value.as_str().and_then(|alg| alg.parse::<Algorithm>().ok()),
            "jwk" => jwk = value.is_object().then_some(value.text()),
            "crit" => unsupported = Some("crit"),
            "b64" => unsupported = Some("b64"),
            "zip" => unsupported = Some("zip"),
            _ => {}
        });
        let part = "header";
        read.map_err(|fault| ProofFault::Json { part, fault })?;
        if !has_type {
            return Err(ProofFault::Type { expected: typ });
        }
        if let Some(name) = unsupported {
            return Err(ProofFault::Header(name));
        }
        // No symmetric algorithm is in the set.
        let algorithm = algorithm.filter(|algorithm| allowed.contains(*algorithm));
        let algorithm = algorithm.ok_or(ProofFault::Algorithm)?;
        let jwk = jwk.ok_or(ProofFault::NoKey)?;
        let key = VerificationKey::from_jwk_of_proof(jwk, algorithm).map_err(ProofFault::Key)?;
        Ok(Header { algorithm, key })
    }
}

/// Decodes one of the two parts that are JSON.
fn json_text(part: &str, name: &'static str) -> Result<String, ProofFault> {
    let bytes = decode_base64url(part).map_err(|_| ProofFault::NotAJwt)?;
    String::from_utf8(bytes).map_err(|_| ProofFault::Json {
        part: name,
        fault: crate::core::JsonFault::Syntax,
    })
}

fn text_of(value: JsonValue<'_>) -> Claim<String> {
    Claim::or_malformed(value.as_str().map(std::borrow::Cow::into_owned))
}

fn not_current(claim: &'static str, max_age: Duration, max_ahead: Duration) -> ProofFault {
    ProofFault::NotCurrent {
        claim,
        max_age,
        max_ahead,
    }
}
