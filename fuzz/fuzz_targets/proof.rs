//! Row P03, `verify_proof()` on any header and claims, well signed: what is accepted is for this
//! request and this moment by another reader too, and neither a changed proof nor a made-up nonce
//! is.

#![no_main]

use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use resource_server::binding::{DpopNonces, DpopRequest, VerifiedProof, verify_proof};
use resource_server::keys::VerificationKey;
use resource_server::{NumericDate, Policy, Reason, Rejection};
use resource_server_fuzz::is_orders;
use serde_json::Value;

const URL: &str = "https://api.example.com/orders";
const TOKEN: &str = "token";
const NOW: i64 = 1_000;
/// The defaults of the policy.
const MAX_AGE: i64 = 60;
const MAX_AHEAD: i64 = 10;
/// The same in each run, so that the seeds have its public half.
const SEED: [u8; 32] = [7; 32];

struct World {
    key: Ed25519KeyPair,
    policy: Policy,
    request: DpopRequest<'static>,
    with_nonces: DpopRequest<'static>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let policy = Policy::builder().issuer("https://a").audience("b").build();
    let request = DpopRequest::new("GET", URL, TOKEN).expect("a request");
    let nonces = DpopNonces::of_this_process().expect("a secret");
    World {
        key: Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a key"),
        policy: policy.expect("a policy"),
        with_nonces: request.clone().require_nonces(nonces),
        request,
    }
});

fn judge(proof: &str, request: &DpopRequest<'_>) -> Result<VerifiedProof, Rejection> {
    let now = NumericDate::from_secs(NOW);
    verify_proof(proof, request, &WORLD.policy, now)
}

// A header, a line break, and claims.
fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    let end = input.iter().position(|byte| *byte == b'\n');
    let (header, claims) = input.split_at(end.unwrap_or(input.len()));
    let claims = claims.get(1..).unwrap_or_default();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = [part(header), part(claims)].join(".");
    let signature = world.key.sign(signed.as_bytes());
    let proof = [signed, part(signature.as_ref())].join(".");

    let by_nonce = judge(&proof, &world.with_nonces).map(|_| ());
    let by_nonce = by_nonce.expect_err("no nonce was given to anyone");
    let verified = match judge(&proof, &world.request) {
        Ok(verified) => verified,
        Err(rejection) => {
            assert!(!rejection.explain().is_empty());
            assert!(matches!(
                rejection.reason(),
                Reason::ProofMalformed
                    | Reason::ProofMismatch
                    | Reason::ProofNotCurrent
                    | Reason::ProofBadSignature
            ));
            return;
        }
    };
    assert_eq!(by_nonce.reason(), Reason::ProofNonce);

    let header: Value = serde_json::from_slice(header).expect("a header");
    let typ = header["typ"].as_str().expect("typ").to_ascii_lowercase();
    assert_eq!(typ.trim_start_matches("application/"), "dpop+jwt");
    assert!(["EdDSA", "Ed25519"].contains(&header["alg"].as_str().expect("alg")));
    for name in ["crit", "b64", "zip"] {
        assert!(header.get(name).is_none(), "{name}");
    }
    let jwk = header["jwk"].as_object().expect("a key");
    assert_eq!(jwk["x"], part(world.key.public_key().as_ref()));
    assert!(!jwk.contains_key("d") && !jwk.contains_key("k"));
    let key = VerificationKey::from_jwk(&header["jwk"].to_string()).expect("a key");
    let jkt = key.thumbprint().expect("a public key");

    let claims: Value = serde_json::from_slice(claims).expect("claims");
    assert_eq!(claims["htm"], "GET");
    assert!(is_orders(claims["htu"].as_str().expect("htu")));
    // By `printf token | openssl dgst -sha256 -binary`, in base64url.
    assert_eq!(claims["ath"], "PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A");
    assert!((1..=256).contains(&claims["jti"].as_str().expect("jti").len()));
    let [earliest, latest, now] = [NOW - MAX_AGE, NOW + MAX_AHEAD, NOW].map(|time| time as f64);
    let issued = claims["iat"].as_f64().expect("iat");
    assert!((earliest - 1.0..=latest).contains(&issued), "{issued}");
    if let Some(nbf) = claims.get("nbf") {
        assert!(nbf.as_f64().expect("a number") <= latest);
    }
    if let Some(exp) = claims.get("exp") {
        assert!(exp.as_f64().expect("a number") > now - 10.0);
    }
    let entry = verified.entry();
    assert_eq!(&entry.jkt, jkt.as_bytes());
    assert!(entry.until >= NumericDate::from_secs(NOW));
    let again = judge(&proof, &world.request).expect("it is pure");
    assert_eq!(again.entry().id, entry.id);

    // Which character is changed depends on the input.
    let sum: usize = input.iter().map(|byte| usize::from(*byte)).sum();
    let mut changed = proof.into_bytes();
    let place = sum % changed.len();
    changed[place] ^= 1;
    let changed = String::from_utf8(changed).expect("ASCII");
    assert!(
        judge(&changed, &world.request).is_err(),
        "a changed proof is no proof"
    );
});
