//! The memory of keys in a set, next to the estimate that `Issuer::max_key_bytes_of_all_tenants`
//! bounds, and the time to read a set. It is what the allocator of the C library has handed out, so
//! the memory of the signature backend, which is C, is included.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench key_memory` prints a table. It needs
//! glibc.

#[allow(dead_code)] // a part of it is used
mod cell;
/// Of the crate. It sees the types of `core` below.
#[allow(dead_code)] // a part of it is used
#[path = "../src/core/keys/footprint.rs"]
mod footprint;

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::rand;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resource_server::keys::{KeySet, KeySetLimits};
use serde_json::{Value, json};

use cell::thousands;
use core::keys::material::PublicMaterial;

/// Keys of a set whose memory is measured.
const KEYS: usize = 1_000;
/// Keys of a set that is prepared when it is read.
const KEYS_PREPARED_AT_ONCE: usize = 100;
/// The time is the median of so many.
const READS: usize = 21;

/// What the estimate is made of, as far as it looks at it.
mod core {
    pub(crate) mod keys {
        pub(crate) mod material {
            #[allow(dead_code)] // only lengths matter
            pub(crate) enum PublicMaterial {
                Rsa { n: Vec<u8>, e: Vec<u8> },
                Ec { x: Vec<u8>, y: Vec<u8> },
                Ed25519 { x: Vec<u8> },
                MlDsa { public: Vec<u8> },
            }
        }

        pub(crate) mod notes {
            pub(crate) struct KeyNote;

            impl KeyNote {
                pub(crate) fn key_id(&self) -> Option<&str> {
                    None
                }
            }
        }
    }
}

struct Kind {
    name: &'static str,
    new: fn() -> PublicMaterial,
    members: Value,
    signature_bytes: usize,
}

fn kinds() -> Vec<Kind> {
    let kind = |name, new, members, signature_bytes| Kind {
        name,
        new,
        members,
        signature_bytes,
    };
    let ec = |curve| json!({"kty": "EC", "crv": curve});
    let rs256 = || json!({"kty": "RSA", "alg": "RS256"});
    let akp = |algorithm| json!({"kty": "AKP", "alg": algorithm});
    vec![
        kind(
            "Ed25519",
            ed25519,
            json!({"kty": "OKP", "crv": "Ed25519"}),
            64,
        ),
        kind(
            "P-256",
            || point(&ECDSA_P256_SHA256_FIXED_SIGNING),
            ec("P-256"),
            64,
        ),
        kind(
            "P-521",
            || point(&ECDSA_P521_SHA512_FIXED_SIGNING),
            ec("P-521"),
            132,
        ),
        kind("RSA 2048 with `alg`", || rsa(2_048), rs256(), 256),
        kind(
            "RSA 2048 without `alg`",
            || rsa(2_048),
            json!({"kty": "RSA"}),
            256,
        ),
        kind("RSA 4096 with `alg`", || rsa(4_096), rs256(), 512),
        kind("RSA 8192 with `alg`", || rsa(8_192), rs256(), 1_024),
        kind("ML-DSA-44", || ml_dsa(1_312), akp("ML-DSA-44"), 2_420),
        kind("ML-DSA-87", || ml_dsa(2_592), akp("ML-DSA-87"), 4_627),
    ]
}

fn random(bytes: usize) -> Vec<u8> {
    let mut text = vec![0; bytes];
    rand::fill(&mut text).expect("random bytes");
    text
}

fn ed25519() -> PublicMaterial {
    let key = Ed25519KeyPair::generate().expect("a key");
    PublicMaterial::Ed25519 {
        x: key.public_key().as_ref().to_vec(),
    }
}

fn point(algorithm: &'static EcdsaSigningAlgorithm) -> PublicMaterial {
    let key = EcdsaKeyPair::generate(algorithm).expect("a key");
    // The first byte says that both coordinates follow.
    let coordinates = &key.public_key().as_ref()[1..];
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    PublicMaterial::Ec {
        x: x.to_vec(),
        y: y.to_vec(),
    }
}

/// Of a random odd number, since two primes would take minutes and change no size.
fn rsa(bits: usize) -> PublicMaterial {
    let mut n = random(bits / 8);
    n[0] |= 0x80;
    n[bits / 8 - 1] |= 1;
    PublicMaterial::Rsa {
        n,
        e: vec![1, 0, 1],
    }
}

/// Any bytes are a key.
fn ml_dsa(bytes: usize) -> PublicMaterial {
    PublicMaterial::MlDsa {
        public: random(bytes),
    }
}

impl Kind {
    fn jwk(&self, id: &str, material: &PublicMaterial) -> Value {
        let mut jwk = self.members.clone();
        jwk["kid"] = id.into();
        let mut set = |name: &str, bytes: &[u8]| jwk[name] = URL_SAFE_NO_PAD.encode(bytes).into();
        match material {
            PublicMaterial::Rsa { n, e } => {
                set("n", n);
                set("e", e);
            }
            PublicMaterial::Ec { x, y } => {
                set("x", x);
                set("y", y);
            }
            PublicMaterial::Ed25519 { x } => set("x", x),
            PublicMaterial::MlDsa { public } => set("pub", public),
        }
        jwk
    }

    /// A JWK Set, and the materials with the bytes of their names.
    fn set(&self, keys: usize) -> (String, Vec<(PublicMaterial, usize)>) {
        let mut materials = Vec::new();
        let mut jwks = Vec::new();
        for number in 0..keys {
            let (id, material) = (number.to_string(), (self.new)());
            jwks.push(self.jwk(&id, &material));
            materials.push((material, id.len()));
        }
        (json!({"keys": jwks}).to_string(), materials)
    }

    fn measure(&self) {
        let (text, materials) = self.set(KEYS);
        let before = bytes_in_use();
        let set = read(&text);
        let after_reading = bytes_in_use();
        assert_eq!(set.len(), KEYS, "{}", self.name);
        let signature = vec![0; self.signature_bytes];
        let mut prepared = 0;
        for key in set.keys() {
            for algorithm in key.algorithms() {
                // The first call prepares the key.
                assert!(key.verify(algorithm, b"message", &signature).is_err());
                prepared += 1;
            }
        }
        let after_preparing = bytes_in_use();
        assert!(set.skipped_at_first_use().is_empty(), "{}", self.name);
        let algorithms = prepared / KEYS;
        let estimate: usize = materials
            .iter()
            .map(|(material, id)| footprint::of_public_key(material, algorithms, *id))
            .sum();
        let (small_text, _) = self.set(KEYS_PREPARED_AT_ONCE);
        println!(
            "| {} | {} | {} | {algorithms} | {} | {} | {:.1} us | {:.1} us |",
            self.name,
            mean(text.len(), KEYS),
            mean(after_reading - before, KEYS),
            mean(after_preparing - after_reading, prepared),
            mean(estimate, KEYS),
            us_to_read(&text),
            us_to_read(&small_text),
        );
    }
}

fn mean(sum: usize, count: usize) -> String {
    thousands(((sum + count / 2) / count) as u64)
}

fn read(text: &str) -> KeySet {
    let limits = KeySetLimits::new(KEYS, 16 * 1024 * 1024).expect("in range");
    KeySet::from_jwks_within(text, limits).expect("a JWK Set")
}

/// For each 1,000 bytes of the text.
fn us_to_read(text: &str) -> f64 {
    let mut times: Vec<f64> = (0..READS)
        .map(|_| {
            let started = Instant::now();
            let set = read(black_box(text));
            let time = started.elapsed().as_secs_f64() * 1e6;
            drop(set);
            time
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[READS / 2] / text.len() as f64 * 1_000.0
}

/// What the allocator has handed out and not got back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn bytes_in_use() -> usize {
    use malloc_info::info::{SystemType, TotalType};

    let info = malloc_info::malloc_info().expect("the report of the allocator");
    let obtained = info
        .system
        .iter()
        .filter(|one| one.r#type == SystemType::Current);
    let obtained: usize = obtained.map(|one| one.size).sum();
    let total = |of: TotalType| -> usize {
        let totals = info.total.iter().filter(|one| one.r#type == of);
        totals.map(|one| one.size).sum()
    };
    obtained + total(TotalType::Mmap) - total(TotalType::Fast) - total(TotalType::Rest)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn bytes_in_use() -> usize {
    unreachable!("nothing is measured without glibc")
}

fn main() {
    println!("<!-- key_memory -->");
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        println!("skipped: the C library is not glibc");
        return;
    }
    println!(
        "| key | text | read, not prepared | algorithms | each that it is prepared for \
         | estimate, all prepared | reading 1,000 bytes of a set \
         | the same, {KEYS_PREPARED_AT_ONCE} keys |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: |");
    for kind in kinds() {
        kind.measure();
    }
}
