//! Rows D09 and D10: the binding that a policy requires.

use crate::support::bound::{PATH, URL, World, reason};
use crate::support::{API, NOW, block_on, problems_of};
use resource_server::binding::{ClientCertificates, Dpop, DpopNonces};
use resource_server::claims::SenderConstraint::{self, Dpop as D, Either, IfBound, MutualTls};
use resource_server::error::BuildError;
use resource_server::error::{ConfigErrorKind, DpopError, PolicyErrorKind};
use resource_server::{Algorithm, Credentials, Policy, PolicyBuilder, Profile, Reason, Validator};
use std::time::Duration;

#[test]
fn d09_a_policy_can_require_a_binding() {
    let world = World::new();
    let api = |required| {
        Validator::builder()
            .resource(API)
            .dpop(Dpop::at(API))
            .client_certificates(ClientCertificates::from_tls())
            .issuer(
                world
                    .signer
                    .to_issuer()
                    .policy(Policy::builder().sender_constraint(required)),
            )
            .clock(world.clock.clone())
            .build()
            .unwrap()
    };
    let unbound = world.signer.token().mint();
    let by_key = world.bound().mint();
    let by_certificate = world
        .signer
        .token()
        .bound_to_certificate_of(&world.client)
        .mint();
    let by_both = world.bound().bound_to_certificate_of(&world.client).mint();
    let not_bound = Some(Reason::TokenNotBound);
    let missing = Some(Reason::ProofOfPossessionMissing);
    // What is proven: nothing, the key, the certificate.
    #[rustfmt::skip]
    let cases = [
        (IfBound, &unbound, [None, not_bound, None]),
        (D, &unbound, [not_bound, not_bound, not_bound]),
        (MutualTls, &unbound, [not_bound, not_bound, not_bound]),
        (Either, &unbound, [not_bound, not_bound, not_bound]),
        (IfBound, &by_key, [missing, None, missing]),
        (D, &by_key, [missing, None, missing]),
        (MutualTls, &by_key, [missing, not_bound, missing]),
        (Either, &by_key, [missing, None, missing]),
        (IfBound, &by_certificate, [missing, not_bound, None]),
        (D, &by_certificate, [missing, not_bound, not_bound]),
        (MutualTls, &by_certificate, [missing, not_bound, None]),
        (Either, &by_certificate, [missing, not_bound, None]),
        (IfBound, &by_both, [missing, missing, missing]),
        (Either, &by_both, [missing, missing, missing]),
    ];
    for (required, token, expected) in cases {
        let api = api(required);
        let proof = world.client.proof("GET", URL, token).mint();
        let presented = [
            Credentials::bearer(token),
            Credentials::dpop(token, &proof, "GET", PATH),
            Credentials::bearer(token).with_certificate(world.client.certificate()),
        ];
        for (presented, expected) in presented.iter().zip(expected) {
            let found = block_on(api.authenticate(presented)).err();
            let found = found.map(|error| reason(&error));
            assert_eq!(found, expected, "{required}: {presented:?} {token}");
        }
        // Both together prove all that any of the tokens is bound to.
        let proof = world.client.proof("GET", URL, token).mint();
        let both = Credentials::dpop(token, &proof, "GET", PATH);
        let both = both.with_certificate(world.client.certificate());
        let has_key = token == &by_key || token == &by_both;
        let meets = has_key && (required != MutualTls || token == &by_both);
        assert_eq!(
            block_on(api.authenticate(&both)).is_ok(),
            meets,
            "{required}"
        );
    }
}

/// M03: a token that is bound to both needs both.
#[test]
fn m03_both_bindings_must_hold() {
    let world = World::new();
    let api = Validator::builder()
        .resource(API)
        .dpop(Dpop::at(API))
        .client_certificates(ClientCertificates::from_tls())
        .issuer(world.signer.to_issuer())
        .clock(world.clock.clone())
        .build()
        .unwrap();
    let other = resource_server::testing::TestClient::new();
    let token = world.bound().bound_to_certificate_of(&world.client).mint();
    let send = |certificate: Option<&resource_server::testing::TestClient>| {
        let proof = world.client.proof("GET", URL, &token).mint();
        let mut presented = Credentials::dpop(&token, &proof, "GET", PATH);
        if let Some(client) = certificate {
            presented = presented.with_certificate(client.certificate());
        }
        block_on(api.authenticate(&presented))
            .err()
            .map(|error| reason(&error))
    };
    assert_eq!(send(Some(&world.client)), None);
    assert_eq!(send(Some(&other)), Some(Reason::PossessionMismatch));
    assert_eq!(send(None), Some(Reason::ProofOfPossessionMissing));
}

/// M01: a certificate that nothing is configured to read proves nothing.
#[test]
fn m01_certificates_are_off_unless_configured() {
    let world = World::new();
    let token = world
        .signer
        .token()
        .bound_to_certificate_of(&world.client)
        .mint();
    let presented = Credentials::bearer(&token).with_certificate(world.client.certificate());
    let error = block_on(world.api.authenticate(&presented)).unwrap_err();
    assert_eq!(reason(&error), Reason::ProofOfPossessionMissing);
}

fn kinds_of(error: &BuildError) -> Vec<ConfigErrorKind> {
    let problems = problems_of(error).into_iter();
    problems.map(|(_, kind)| kind).collect()
}

fn problems(policy: PolicyBuilder) -> Vec<PolicyErrorKind> {
    let policy = policy.issuer("https://as.example.com").audience(API);
    let error = policy.build().unwrap_err();
    error.problems().to_vec()
}

#[test]
fn d09_a_binding_that_no_request_could_prove_fails_build() {
    let world = World::new();
    let build = |required, dpop: bool, certificates: bool| {
        let policy = Policy::builder().sender_constraint(required);
        let mut builder = Validator::builder().resource(API);
        builder = builder.issuer(world.signer.to_issuer().policy(policy));
        if dpop {
            builder = builder.dpop(Dpop::at(API));
        }
        if certificates {
            builder = builder.client_certificates(ClientCertificates::from_tls());
        }
        builder.build().err().map(|error| kinds_of(&error))
    };
    for (required, dpop, certificates, is_provable) in [
        (IfBound, false, false, true),
        (D, false, true, false),
        (D, true, false, true),
        (MutualTls, true, false, false),
        (MutualTls, false, true, true),
        (Either, false, false, false),
        (Either, true, false, true),
        (Either, false, true, true),
    ] {
        let expected = (!is_provable).then(|| vec![ConfigErrorKind::Unprovable { required }]);
        assert_eq!(build(required, dpop, certificates), expected, "{required}");
    }
}

#[test]
fn d02_d05_settings_that_can_not_work_fail_build() {
    let world = World::new();
    let kinds = |dpop: Dpop, has_resource: bool| {
        let mut builder = Validator::builder().audience(API).dpop(dpop);
        if has_resource {
            builder = builder.resource(API);
        }
        let error = builder
            .issuer(world.signer.to_issuer())
            .build()
            .unwrap_err();
        kinds_of(&error)
    };
    let without = kinds(Dpop::at(API), false);
    assert_eq!(without, [ConfigErrorKind::DpopWithoutResource]);
    for origin in [
        "",
        "api.example.com",
        "http://api.example.com",
        "https://api.example.com/v1",
    ] {
        let found = kinds(Dpop::at(origin), true);
        let is_origin = matches!(
            &found[..],
            [ConfigErrorKind::Dpop(
                DpopError::Origin { .. } | DpopError::OriginWithPath { .. }
            )]
        );
        assert!(is_origin, "{origin}: {found:?}");
    }
    let found = kinds(
        Dpop::at("x")
            .replace_path_prefix("v1", "/v1/")
            .require_nonces(
                DpopNonces::of_this_process()
                    .unwrap()
                    .lifetime(Duration::ZERO),
            ),
        true,
    );
    assert_eq!(found.len(), 3, "{found:?}");
    for loopback in [
        "http://localhost:8080",
        "http://127.0.0.1:3000",
        "http://[::1]",
    ] {
        let builder = Validator::builder().resource(API).dpop(Dpop::at(loopback));
        assert!(
            builder.issuer(world.signer.to_issuer()).build().is_ok(),
            "{loopback}"
        );
    }
}

#[test]
fn d03_windows_and_algorithms_have_bounds() {
    let seconds = Duration::from_secs;
    for (policy, expected) in [
        (
            Policy::builder().proof_max_age(seconds(0)),
            PolicyErrorKind::ProofWindow,
        ),
        (
            Policy::builder().proof_max_age(seconds(301)),
            PolicyErrorKind::ProofWindow,
        ),
        (
            Policy::builder().proof_max_ahead(seconds(301)),
            PolicyErrorKind::ProofWindow,
        ),
        (
            Policy::builder().proof_algorithms([Algorithm::HS256]),
            PolicyErrorKind::HmacProof(Algorithm::HS256),
        ),
        (
            Policy::builder().proof_algorithms([]),
            PolicyErrorKind::EmptyList("proof_algorithms"),
        ),
    ] {
        assert_eq!(problems(policy), [expected]);
    }
}

#[test]
fn d10_what_the_profile_does_not_allow_fails_build() {
    let fapi2 = || Policy::builder().fapi2();
    let seconds = Duration::from_secs;
    for (setting, policy) in [
        ("algorithms", fapi2().algorithms([Algorithm::RS256])),
        (
            "proof_algorithms",
            fapi2().proof_algorithms([Algorithm::ES384]),
        ),
        (
            "sender_constraint",
            fapi2().sender_constraint(SenderConstraint::IfBound),
        ),
        ("clock_skew", fapi2().clock_skew(seconds(60))),
        ("clock_skew", fapi2().clock_skew(seconds(9))),
        ("proof_max_ahead", fapi2().proof_max_ahead(seconds(60))),
        ("proof_max_ahead", fapi2().proof_max_ahead(seconds(9))),
    ] {
        assert_eq!(
            problems(policy),
            [PolicyErrorKind::OutsideFapi2 { setting }]
        );
    }
    let read: PolicyBuilder = serde_json::from_str(r#"{"fapi2": true}"#).unwrap();
    let without_audience = read.allow_jwt_without_audience().allowed_clients(["web"]);
    let outside = PolicyErrorKind::OutsideFapi2 {
        setting: "allow_jwt_without_audience",
    };
    assert_eq!(problems(without_audience), [outside]);
}

/// FAPI 2.0 Security Profile section 5.3.2.1 item 13.
#[test]
fn d10_clocks_of_the_profile() {
    let world = World::with(Policy::builder().fapi2(), Dpop::at(API));
    for (claim, ahead, expected) in [
        ("iat", 10, None),
        ("nbf", 10, None),
        ("iat", 60, Some(Reason::IssuedInTheFuture)),
        ("nbf", 60, Some(Reason::NotYetValid)),
    ] {
        let token = world.bound().claim(claim, NOW + ahead).mint();
        let proof = world.client.proof("GET", URL, &token).mint();
        assert_eq!(world.reason(&token, &proof), expected, "{claim} {ahead}");
    }
    let unbound = world.signer.token().mint();
    let error = block_on(world.api.validate(&unbound)).unwrap_err();
    assert_eq!(reason(&error), Reason::TokenNotBound);
}

/// A token of SPIFFE is signed with RSA or ECDSA (JWT-SVID section 2.1).
#[test]
fn d10_the_profile_adds_no_algorithm_to_those_of_jwt_svid() {
    let policy = Policy::builder()
        .issuer("spiffe://example.org")
        .audience("spiffe://example.org/orders")
        .profile(Profile::JwtSvid)
        .fapi2()
        .build()
        .unwrap();
    let algorithms: Vec<_> = policy.algorithms().collect();
    assert_eq!(algorithms, [Algorithm::PS256, Algorithm::ES256], "D10");
}
