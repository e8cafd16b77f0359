//! Row P04: what the bounds of the cache of verified tokens are for.

use resource_server::{Algorithm, Issuer, Tenants, Validator};
use serde_json::Value;

use super::token_cache_together::{Published, TEMPLATE, caching, tenant};
use crate::support::{API, ISSUER, block_on, clock, signer, verdict};

const MIB: u64 = 1024 * 1024;

/// How many of the tokens in use are still known after a flood of tokens that are used once.
fn left_after_a_flood(rotates: bool, uses_after: usize) -> (usize, usize) {
    let clock = clock();
    let issuer = signer(ISSUER, &clock).algorithms([Algorithm::EdDSA]);
    let source = Published::of(ISSUER, &issuer.jwks());
    let validator = caching(&source, &clock);
    let mint = |name: &str, number: usize| {
        let subject = format!("{name}-{number}");
        issuer
            .token()
            .algorithm(Algorithm::EdDSA)
            .subject(&subject)
            .mint()
    };
    let accept = |token: &str| assert_eq!(verdict(block_on(validator.validate(token))), None);
    let in_use: Vec<_> = (0..100).map(|number| mint("in-use", number)).collect();
    let flood: Vec<_> = (0..2_000).map(|number| mint("once", number)).collect();
    // The room fills up, and each of these is used again and again in the meantime.
    for some in flood[..1_000].chunks(250) {
        for token in in_use.iter().chain(&in_use) {
            accept(token);
        }
        for token in some {
            accept(token);
        }
    }
    if rotates {
        // The key of all these tokens stays.
        let mut jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
        let stranger = signer(ISSUER, &clock).algorithms([Algorithm::EdDSA]);
        let mut stranger: Value = serde_json::from_str(&stranger.jwks()).unwrap();
        stranger["keys"][0]["kid"] = "another".into();
        let keys = jwks["keys"].as_array_mut().unwrap();
        keys.push(stranger["keys"][0].take());
        source.publish(ISSUER, &jwks.to_string());
    }
    for _ in 0..uses_after {
        for token in &in_use {
            accept(token);
        }
    }
    for token in &flood[1_000..] {
        accept(token);
    }
    let before = source.asked();
    for token in &in_use {
        accept(token);
    }
    let status = validator.health().token_cache().unwrap();
    (in_use.len() - (source.asked() - before), status.entries())
}

/// A set of keys that came in the meantime makes no token one that was never used.
#[test]
fn p04_a_flood_after_a_rotation_displaces_no_token_in_use() {
    for uses_after in [1, 2] {
        let (without, _) = left_after_a_flood(false, uses_after);
        let (with, entries) = left_after_a_flood(true, uses_after);
        assert!(without >= 95, "{without} of 100 without a rotation");
        assert!(
            with >= without - 5,
            "{uses_after} uses after the rotation: {with} of 100 are left, {without} without it, \
             {entries} entries"
        );
    }
}

/// The source of a tenant may drop its keys long before the tenant's token ends. So the bound in
/// bytes holds for the key too.
#[test]
fn p04_the_key_of_a_tenant_is_part_of_its_token() {
    let clock = clock();
    let signer = signer(ISSUER, &clock).algorithms([Algorithm::RS256]);
    let bytes_of = |issuer: Issuer, name: &str| {
        let builder = Validator::builder().audience(API).clock(clock.clone());
        let builder = builder.issuer(issuer).token_cache(MIB);
        let validator = builder.build().unwrap();
        let token = signer.token().issuer(name).without_header("kid");
        let judged = validator.validate_cached(&token.algorithm(Algorithm::RS256).mint());
        assert_eq!(verdict(judged.unwrap()), None);
        validator.health().token_cache().unwrap()
    };
    let of_tenant = |kid: usize| {
        let name = tenant("acme");
        let mut jwks: Value = serde_json::from_str(&signer.jwks()).unwrap();
        for key in jwks["keys"].as_array_mut().unwrap() {
            key["kid"] = "k".repeat(kid).into();
        }
        let source = Published::of(&name, &jwks.to_string());
        let issuer = Issuer::template(TEMPLATE, Tenants::any()).source(source);
        bytes_of(issuer, &name)
    };
    let source = Published::of(ISSUER, &signer.jwks());
    let alone = bytes_of(Issuer::new(ISSUER).source(source), ISSUER);
    let usual = of_tenant(8);
    assert_eq!((alone.entries(), usual.entries()), (1, 1));
    // An RSA key of 2048 bits needs 2,700 bytes at least.
    assert!(usual.bytes() > alone.bytes() + 2_700, "{usual:?} {alone:?}");
    // What is too large for the cache is not in it.
    assert_eq!(of_tenant(200 * 1024).entries(), 0);
}
