//! Row D11: the resource endpoint's cases of the OpenID Foundation's FAPI 2.0 plan.

use crate::support::bound::{PATH, Request, URL, World, challenges, header, reason};
use crate::support::{API, NOW};
use resource_server::binding::Dpop;
use resource_server::testing::TestClient;
use resource_server::{Algorithm, NumericDate, Policy, Reason};

fn world() -> World {
    World::with(Policy::builder().fapi2(), Dpop::at(API))
}

fn request(token: &str, proofs: &[String]) -> Request<'static> {
    Request {
        method: "GET",
        path: PATH,
        authorization: format!("DPoP {token}"),
        proofs: proofs.to_vec(),
    }
}

fn at(seconds: i64) -> NumericDate {
    NumericDate::from_secs(NOW + seconds)
}

#[test]
fn d11_what_the_plan_refuses() {
    let world = world();
    let token = world.bound().mint();
    let good = || world.client.proof("GET", URL, &token);
    let other = TestClient::new().clock(world.clock.clone());
    let hmac = "HS256";
    let mut private = world.client.jwk();
    private["d"] = "AAAA".into();
    #[rustfmt::skip]
    let cases = [
        ("not a JWT", "no.jwt".to_owned(), Reason::ProofMalformed),
        ("no typ", good().without_header("typ").mint(), Reason::ProofMalformed),
        ("no alg", good().without_header("alg").mint(), Reason::ProofMalformed),
        ("no jwk", good().without_header("jwk").mint(), Reason::ProofMalformed),
        ("no jti", good().without("jti").mint(), Reason::ProofMalformed),
        ("no htm", good().without("htm").mint(), Reason::ProofMalformed),
        ("no htu", good().without("htu").mint(), Reason::ProofMalformed),
        ("no iat", good().without("iat").mint(), Reason::ProofMalformed),
        ("no ath", good().without("ath").mint(), Reason::ProofMalformed),
        ("wrong typ", good().header("typ", "JWT").mint(), Reason::ProofMalformed),
        ("an algorithm outside the profile", good().header("alg", "RS256").mint(), Reason::ProofMalformed),
        ("alg none", good().header("alg", "none").mint(), Reason::ProofMalformed),
        ("a symmetric alg", good().header("alg", hmac).mint(), Reason::ProofMalformed),
        ("a private jwk", good().header("jwk", private).mint(), Reason::ProofMalformed),
        ("another method", good().claim("htm", "POST").mint(), Reason::ProofMismatch),
        ("another URL", good().claim("htu", "https://api.example.com/other").mint(), Reason::ProofMismatch),
        ("an hour old", good().issued_at(at(-3_600)).mint(), Reason::ProofNotCurrent),
        ("an hour ahead", good().issued_at(at(3_600)).mint(), Reason::ProofNotCurrent),
        ("another token's hash", good().claim("ath", "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo").mint(), Reason::ProofMismatch),
        ("a bad signature", good().signed_by(&other).mint(), Reason::ProofBadSignature),
        ("another key", other.proof("GET", URL, &token).mint(), Reason::PossessionMismatch),
    ];
    for (case, proof, expected) in cases {
        let error = world.send(&request(&token, &[proof])).unwrap_err();
        assert_eq!(reason(&error), expected, "{case}");
        assert_eq!(error.status(), 401, "{case}");
        let challenges = challenges(&error);
        assert!(
            challenges[0].starts_with("DPoP error=\"invalid_"),
            "{case}: {challenges:?}"
        );
        assert_eq!(
            header(&error, "cache-control").as_deref(),
            Some("no-store"),
            "{case}"
        );
    }

    // The same `jti` twice, in two proofs.
    let proof = good().claim("jti", "once");
    let again = proof.clone().claim("extra", 1).mint();
    world.send(&request(&token, &[proof.mint()])).unwrap();
    let error = world.send(&request(&token, &[again])).unwrap_err();
    assert_eq!(reason(&error), Reason::ProofReplayed);

    let two = [good().mint(), good().mint()];
    let error = world.send(&request(&token, &two)).unwrap_err();
    assert_eq!(reason(&error), Reason::ProofMalformed);
    let joined = [format!("{}, {}", two[0], two[1])];
    let error = world.send(&request(&token, &joined)).unwrap_err();
    assert_eq!(reason(&error), Reason::ProofMalformed);
    let error = world.send(&request(&token, &[])).unwrap_err();
    assert_eq!(reason(&error), Reason::ProofMissing);

    let bearer = Request {
        authorization: format!("Bearer {token}"),
        ..request(&token, &[good().mint()])
    };
    let error = world.send(&bearer).unwrap_err();
    assert_eq!(reason(&error), Reason::ProofOfPossessionMissing);

    // Client 1's key with client 2's token.
    let others = world.signer.token().bound_to_key_of(&other).mint();
    let proof = world.client.proof("GET", URL, &others).mint();
    let error = world.send(&request(&others, &[proof])).unwrap_err();
    assert_eq!(reason(&error), Reason::PossessionMismatch);

    // A good proof after all of these.
    world.send(&request(&token, &[good().mint()])).unwrap();
}

#[test]
fn d11_what_the_plan_accepts() {
    let world = world();
    let token = world.bound().mint();
    let good = || world.client.proof("GET", URL, &token);
    let cases = [
        ("a query in htu", good().claim("htu", format!("{URL}?a=b"))),
        ("a fragment in htu", good().claim("htu", format!("{URL}#a"))),
        ("more members in the header", good().header("extra", "x")),
        ("more claims", good().claim("extra", "x")),
        (
            "scheme and host of htu in upper case",
            good().claim("htu", "HTTPS://API.EXAMPLE.COM/orders"),
        ),
        (
            "the default port",
            good().claim("htu", "https://api.example.com:443/orders"),
        ),
        ("iat 8 s ahead", good().issued_at(at(8))),
        ("iat 10 s ahead", good().issued_at(at(10))),
        ("iat 10 s back", good().issued_at(at(-10))),
        (
            "nbf now and exp in 5 minutes",
            good().claim("nbf", NOW).claim("exp", NOW + 300),
        ),
    ];
    for (case, proof) in cases {
        let sent = world.send(&request(&token, &[proof.mint()]));
        assert!(sent.is_ok(), "{case}: {}", sent.unwrap_err().explain());
    }
    for scheme in ["dPoP", "DPOP", "dpop"] {
        let request = Request {
            authorization: format!("{scheme} {token}"),
            ..request(&token, &[good().mint()])
        };
        assert!(world.send(&request).is_ok(), "{scheme}");
    }
}

/// FAPI 2.0 Security Profile section 5.4.1.
#[test]
fn d10_the_profile_allows_four_algorithms() {
    for (algorithm, is_allowed) in [
        (Algorithm::PS256, true),
        (Algorithm::ES256, true),
        (Algorithm::EdDSA, true),
        (Algorithm::Ed25519, true),
        (Algorithm::RS256, false),
        (Algorithm::ES384, false),
        (Algorithm::PS512, false),
    ] {
        let world = World::of(Policy::builder().fapi2(), Dpop::at(API), algorithm);
        let token = world.bound().mint();
        let proof = world.client.proof("GET", URL, &token).mint();
        let expected = (!is_allowed).then_some(Reason::ProofMalformed);
        assert_eq!(
            world.reason(&token, &proof),
            expected,
            "a proof by {algorithm}"
        );

        let es256 = world_of_es256();
        let token = es256.bound().algorithm(algorithm).mint();
        let proof = es256.client.proof("GET", URL, &token).mint();
        let expected = (!is_allowed).then_some(Reason::AlgorithmNotAllowed);
        assert_eq!(
            es256.reason(&token, &proof),
            expected,
            "a token by {algorithm}"
        );
    }
}

fn world_of_es256() -> World {
    world()
}
