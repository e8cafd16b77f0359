//! Rows D06 and D09: what challenges and metadata say of DPoP and certificates.

use crate::support::bound::{PATH, URL, World, challenges, header};
use crate::support::{API, block_on};
use resource_server::binding::{ClientCertificates, Dpop};
use resource_server::claims::SenderConstraint::{self, Dpop as D, Either, IfBound, MutualTls};
use resource_server::{Algorithm, Credentials, Issuer, Policy, Requirement, Validator};

const METADATA: &str =
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";

fn es256() -> resource_server::PolicyBuilder {
    Policy::builder().proof_algorithms([Algorithm::ES256, Algorithm::Ed25519])
}

#[test]
fn d06_both_schemes_where_both_are_offered() {
    let world = World::with(es256(), Dpop::at(API));
    let algs = "algs=\"ES256 Ed25519\"";
    let none = block_on(world.api.authenticate(&Credentials::none())).unwrap_err();
    assert_eq!(
        challenges(&none),
        [
            format!("Bearer {METADATA}"),
            format!("DPoP {METADATA}, {algs}")
        ]
    );
    let bound = world.bound().mint();
    let bearer = block_on(world.api.validate(&bound)).unwrap_err();
    assert_eq!(
        challenges(&bearer),
        [
            format!("Bearer error=\"invalid_token\", {METADATA}"),
            format!("DPoP {METADATA}, {algs}"),
        ]
    );
    let proof = world.client.proof("PUT", URL, &bound).mint();
    let refused = world.get(&bound, &proof).unwrap_err();
    assert_eq!(
        challenges(&refused),
        [format!(
            "DPoP error=\"invalid_dpop_proof\", {METADATA}, {algs}"
        )]
    );
    // A scope is missing: the scheme that was used is the one to use again.
    let bearer = block_on(world.api.validate(&world.signer.token().mint())).unwrap();
    let lacking = bearer.require(&Requirement::scope("a")).unwrap_err();
    assert_eq!(
        challenges(&lacking),
        [format!(
            "Bearer error=\"insufficient_scope\", scope=\"a\", {METADATA}"
        )]
    );
    let proof = world.client.proof("GET", URL, &bound).mint();
    let token = world.get(&bound, &proof).unwrap();
    let lacking = token.require(&Requirement::scope("a")).unwrap_err();
    assert_eq!(
        challenges(&lacking),
        [format!(
            "DPoP error=\"insufficient_scope\", scope=\"a\", {METADATA}, {algs}"
        )]
    );
    assert_eq!(header(&lacking, "dpop-nonce"), None);
}

#[test]
fn d06_dpop_alone_where_every_token_must_be_bound_to_a_key() {
    let policy = es256().sender_constraint(SenderConstraint::Dpop);
    let world = World::with(policy, Dpop::at(API));
    let algs = "algs=\"ES256 Ed25519\"";
    let none = block_on(world.api.authenticate(&Credentials::none())).unwrap_err();
    assert_eq!(challenges(&none), [format!("DPoP {METADATA}, {algs}")]);
    let unbound = block_on(world.api.validate(&world.signer.token().mint())).unwrap_err();
    assert_eq!(
        challenges(&unbound),
        [format!("DPoP error=\"invalid_token\", {METADATA}, {algs}")]
    );
}

/// Without DPoP, a token under its scheme was presented all the same.
#[test]
fn d06_an_api_without_dpop_refuses_the_scheme() {
    let world = World::new();
    let api = Validator::builder()
        .resource(API)
        .issuer(world.signer.to_issuer())
        .clock(world.clock.clone())
        .build()
        .unwrap();
    let token = world.bound().mint();
    let proof = world.client.proof("GET", URL, &token).mint();
    let presented = Credentials::dpop(&token, &proof, "GET", PATH);
    let error = block_on(api.authenticate(&presented)).unwrap_err();
    assert_eq!(
        challenges(&error),
        [format!("Bearer error=\"invalid_token\", {METADATA}")]
    );
}

fn metadata(api: &Validator) -> serde_json::Value {
    serde_json::from_str(api.resource_metadata().unwrap().body()).unwrap()
}

#[test]
fn d09_the_metadata_says_what_is_configured() {
    let world = World::new();
    let api = |constraints: &[SenderConstraint], certificates: bool| {
        let mut builder = Validator::builder().resource(API).dpop(Dpop::at(API));
        if certificates {
            builder = builder.client_certificates(ClientCertificates::from_tls());
        }
        for (number, constraint) in constraints.iter().enumerate() {
            let name = format!("https://as{number}.example.com");
            let policy = es256().sender_constraint(*constraint);
            let keys = resource_server::StaticKeys::from_jwks(&world.signer.jwks()).unwrap();
            builder = builder.issuer(Issuer::new(&name).keys(keys).policy(policy));
        }
        metadata(&builder.build().unwrap())
    };
    let required = "dpop_bound_access_tokens_required";
    let certificates = "tls_client_certificate_bound_access_tokens";
    for (constraints, has_certificates, is_required) in [
        (&[IfBound][..], false, false),
        (&[D], false, true),
        (&[D, D], false, true),
        (&[D, IfBound], false, false),
        (&[Either], false, false),
        (&[Either], true, false),
        (&[D, MutualTls], true, false),
    ] {
        let found = api(constraints, has_certificates);
        let algorithms = &found["dpop_signing_alg_values_supported"];
        assert_eq!(algorithms, &serde_json::json!(["ES256", "Ed25519"]));
        assert_eq!(
            found.get(required).is_some(),
            is_required,
            "{constraints:?}"
        );
        assert_eq!(found.get(certificates).is_some(), has_certificates);
    }
    let plain = Validator::builder()
        .resource(API)
        .issuer(world.signer.to_issuer())
        .build()
        .unwrap();
    let plain = metadata(&plain);
    for member in [required, certificates, "dpop_signing_alg_values_supported"] {
        assert_eq!(plain.get(member), None);
    }
}
