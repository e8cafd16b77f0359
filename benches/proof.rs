//! A DPoP proof: its check and its entry in a replay store with a million live entries, next to the
//! bare verification of its signature.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench proof` prints a table.

#[allow(dead_code)] // a part of it is used
mod cell;
#[allow(dead_code)] // a part of it is used
mod rounds;

use std::cell::Cell;

use aws_lc_rs::signature::{self as backend, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resource_server::binding::{
    DpopRequest, MemoryReplayStore, ProofEntry, ReplayStore, verify_proof,
};
use resource_server::testing::TestClient;
use resource_server::{Algorithm, NumericDate, Policy};

use cell::time;
use rounds::{Case, measure, pollster};

const URL: &str = "https://api.example.com/orders";
const NOW: NumericDate = NumericDate::from_secs(1_800_000_000);
/// Entries in the store before the first proof.
const LIVE: u64 = 1_000_000;
/// Bytes of the access token, whose hash is in the proof.
const TOKEN_BYTES: usize = 860;

/// A proof for one token, and what its signature is verified with.
struct Proof {
    token: String,
    text: String,
    key: ParsedPublicKey,
    signature: Vec<u8>,
}

impl Proof {
    fn by(algorithm: Algorithm) -> Self {
        let client = TestClient::with_algorithm(algorithm);
        let token = "a".repeat(TOKEN_BYTES);
        let text = client.proof("GET", URL, &token).issued_at(NOW).mint();
        let jwk = client.jwk();
        let bytes = |name: &str| {
            let text = jwk[name].as_str().expect("a member");
            URL_SAFE_NO_PAD.decode(text).expect("base64url")
        };
        let key = match algorithm {
            Algorithm::ES256 => ParsedPublicKey::new(
                &backend::ECDSA_P256_SHA256_FIXED,
                [vec![4], bytes("x"), bytes("y")].concat(),
            ),
            _ => ParsedPublicKey::new(&backend::ED25519, bytes("x")),
        };
        let (_, signature) = text.rsplit_once('.').expect("three parts");
        Proof {
            key: key.expect("a key"),
            signature: URL_SAFE_NO_PAD.decode(signature).expect("base64url"),
            token,
            text,
        }
    }

    fn signed(&self) -> &[u8] {
        let end = self.text.rfind('.').expect("three parts");
        &self.text.as_bytes()[..end]
    }
}

fn full_store() -> MemoryReplayStore {
    let store = MemoryReplayStore::new().max_entries(20_000_000);
    let store = store.and_then(|store| store.max_entries_per_client(20_000_000));
    let store = store.expect("bounds within their range");
    store.begin(NOW.saturating_sub(std::time::Duration::from_secs(3_600)));
    for number in 0..LIVE {
        let entry = ProofEntry::new(client(number % 1_000), id(number), NOW, NOW);
        pollster(store.insert(&entry, NOW)).expect("room");
    }
    store
}

fn client(number: u64) -> [u8; 32] {
    let mut jkt = [0; 32];
    jkt[..8].copy_from_slice(&number.to_be_bytes());
    jkt
}

fn id(number: u64) -> [u8; 16] {
    u128::from(number)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
        .to_be_bytes()
}

fn main() {
    let policy = Policy::builder()
        .issuer("https://as.example.com")
        .audience("https://api.example.com");
    let policy = policy.build().expect("a policy");
    let columns = [Algorithm::ES256, Algorithm::EdDSA].map(|algorithm| {
        let proof = Proof::by(algorithm);
        let request = DpopRequest::new("GET", URL, &proof.token).expect("a URL");
        let store = full_store();
        let next = Cell::new(LIVE);
        let bare = || {
            let verified = proof.key.verify_sig(proof.signed(), &proof.signature);
            verified.expect("a good signature");
        };
        let checked = || {
            let verified = verify_proof(&proof.text, &request, &policy, NOW);
            verified.expect("a good proof");
        };
        let entered = || {
            let verified = verify_proof(&proof.text, &request, &policy, NOW);
            let entry = *verified.expect("a good proof").entry();
            next.set(next.get() + 1);
            // Each proof of a client has another id.
            let entry = ProofEntry::new(entry.jkt, id(next.get()), entry.made_at, entry.until);
            pollster(store.insert(&entry, NOW)).expect("room");
        };
        let cases = [
            Case {
                name: "the bare signature",
                run: Box::new(bare),
            },
            Case {
                name: "the check of a proof",
                run: Box::new(checked),
            },
            Case {
                name: "the check, and its entry in the store",
                run: Box::new(entered),
            },
        ];
        measure(&cases, |_| 0)
    });
    println!("<!-- proof -->");
    println!("| case | ES256 | EdDSA |");
    println!("| --- | --: | --: |");
    for (at, figure) in columns[0].iter().enumerate() {
        let [es256, eddsa] = columns.each_ref().map(|figures| match at {
            0 => time(figures[0].median_ns),
            _ => format!("{:.2}", figures[at].ratio),
        });
        println!("| {} | {es256} | {eddsa} |", figure.name);
    }
}
