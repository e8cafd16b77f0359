//! Tokens of a real authorization server that are bound to their client: to a DPoP key (RFC 9449),
//! in the hands of clients on `openid-client` and `oauth4webapi`, or to a certificate (RFC 8705).
//! An API on axum serves them. Rows D01, D04 to D06, D09 and M01.

#[path = "support/bound_api.rs"]
mod bound_api;
mod support;

use std::time::Duration;

use live_tests::{AuthorizationServer, DpopClient, DpopLibrary, EscapedPem};
use reqwest::Method;
use resource_server::binding::DpopNonces;
use resource_server::claims::SenderConstraint;
use resource_server::{Algorithm, Introspection, Issuer, Policy, PolicyBuilder, Reason};
use serde_json::json;

use bound_api::BoundApi;
use support::{OPAQUE_API, SCOPE, TestResult, json as json_of, resource};

const OK: &[Option<Reason>] = &[None];
/// How far from the API's clock a proof may be made, as MCP has it. So no test depends on how fast
/// it runs.
const WINDOW: Duration = Duration::from_secs(300);
/// The shortest that there is.
const NONCE_LIFETIME: Duration = Duration::from_secs(30);

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Jwt,
    Opaque,
}

impl Kind {
    const ALL: [Kind; 2] = [Kind::Jwt, Kind::Opaque];

    /// The API that gets tokens of this kind.
    fn api(self) -> String {
        match self {
            Kind::Jwt => resource(Algorithm::ES256),
            Kind::Opaque => OPAQUE_API.to_owned(),
        }
    }

    fn issuer(self, server: &AuthorizationServer, policy: PolicyBuilder) -> Issuer {
        let issuer = match self {
            Kind::Jwt => Issuer::discover(server.issuer()),
            Kind::Opaque => {
                let api = AuthorizationServer::BASIC_API;
                let introspection = Introspection::discover();
                let introspection = introspection.client_secret_basic(api.id, api.secret);
                Issuer::new(server.issuer()).introspection(introspection)
            }
        };
        issuer.policy(policy)
    }

    /// What the API answers to a good token of this client.
    fn answer(self, client: &str) -> String {
        let by = match self {
            Kind::Jwt => "keys",
            Kind::Opaque => "introspection",
        };
        format!("{client} by {by}")
    }
}

fn policy() -> PolicyBuilder {
    let policy = Policy::builder().proof_max_age(WINDOW);
    policy.proof_max_ahead(WINDOW)
}

/// Each library with each kind of token, and each algorithm that the authorization server knows in
/// proofs.
fn clients() -> impl Iterator<Item = (DpopLibrary, &'static str, Kind)> {
    [
        (DpopLibrary::OpenidClient, "ES256", Kind::Jwt),
        (DpopLibrary::OpenidClient, "Ed25519", Kind::Opaque),
        (DpopLibrary::Oauth4webapi, "Ed25519", Kind::Jwt),
        (DpopLibrary::Oauth4webapi, "ES256", Kind::Opaque),
    ]
    .into_iter()
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn d04_a_bound_token_is_accepted_from_its_client_alone() -> TestResult {
    let server = AuthorizationServer::start().await;
    for (library, algorithm, kind) in clients() {
        let case = format!("{library:?}, {algorithm}, {kind:?}");
        let issuer = kind.issuer(&server, policy());
        let api = BoundApi::serve(&kind.api(), issuer, |dpop| dpop).await?;
        let client = DpopClient::start(library, algorithm, &server).await;
        let (token, _) = client.token(&kind.api(), SCOPE).await;

        let page = format!("{}?page=2", api.url);
        let called = client.call("GET", &page, &token).await;
        assert_eq!(called.statuses(), [200], "{case}");
        assert_eq!(api.decisions(), OK, "{case}");
        assert_eq!(called.last().nonce(), None, "{case}");

        // What was on the wire, sent by another.
        let (authorization, proof) = (called.last().authorization(), called.last().proof());
        assert_eq!(authorization, format!("DPoP {token}"), "{case}");
        assert_eq!(json_of(proof, 0)["alg"], algorithm, "{case}");
        let bearer = format!("Bearer {token}");
        for (what, method, headers, reason) in [
            (
                "the token as a bearer token",
                Method::GET,
                vec![("authorization", &*bearer)],
                Reason::ProofOfPossessionMissing,
            ),
            (
                "the token as a bearer token, with its proof",
                Method::GET,
                vec![("authorization", &*bearer), ("dpop", proof)],
                Reason::ProofOfPossessionMissing,
            ),
            (
                "no proof",
                Method::GET,
                vec![("authorization", authorization)],
                Reason::ProofMissing,
            ),
            (
                "the proof again",
                Method::GET,
                vec![("authorization", authorization), ("dpop", proof)],
                Reason::ProofReplayed,
            ),
            (
                "the proof for another method",
                Method::POST,
                vec![("authorization", authorization), ("dpop", proof)],
                Reason::ProofMismatch,
            ),
        ] {
            let refused = api.send(method, &headers).await;
            assert_eq!(refused.status, 401, "{case}: {what}");
            assert_eq!(api.decisions(), [Some(reason)], "{case}: {what}");
            let challenges: Vec<_> = refused
                .challenges
                .iter()
                .filter_map(|challenge| challenge.split(' ').next())
                .collect();
            let expected: &[_] = if reason == Reason::ProofOfPossessionMissing {
                &["Bearer", "DPoP"]
            } else {
                &["DPoP"]
            };
            assert_eq!(challenges, expected, "{case}: {what}");
        }

        let thief = DpopClient::start(library, algorithm, &server).await;
        let refused = thief.call("GET", &api.url, &token).await;
        assert_eq!(refused.statuses(), [401], "{case}");
        assert_eq!(
            api.decisions(),
            [Some(Reason::PossessionMismatch)],
            "{case}"
        );
        let challenges = refused.challenges().as_array().expect("a list");
        assert_eq!(challenges.len(), 1, "{case}: {challenges:?}");
        assert_eq!(challenges[0]["scheme"], "dpop", "{case}");
        assert_eq!(
            challenges[0]["parameters"]["error"], "invalid_token",
            "{case}"
        );

        let again = client.call("POST", &api.url, &token).await;
        assert_eq!(again.statuses(), [200], "{case}");
        assert_eq!(api.decisions(), OK, "{case}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn d05_clients_make_the_round_trip_of_nonces_by_themselves() -> TestResult {
    // It requires nonces of its own in the proofs of token requests.
    let server = AuthorizationServer::start_with_dpop_nonces().await;
    for (library, algorithm, kind) in clients() {
        let case = format!("{library:?}, {algorithm}, {kind:?}");
        let nonces = DpopNonces::of_this_process()?.lifetime(NONCE_LIFETIME);
        let issuer = kind.issuer(&server, policy());
        let api = BoundApi::serve(&kind.api(), issuer, |dpop| dpop.require_nonces(nonces)).await?;
        let client = DpopClient::start(library, algorithm, &server).await;
        let (token, requested) = client.token(&kind.api(), SCOPE).await;
        assert_eq!(requested.statuses(), [400, 200], "{case}");

        let round_trip = [Some(Reason::ProofNonce), None];
        let first = client.call("GET", &api.url, &token).await;
        assert_eq!(first.statuses(), [401, 200], "{case}");
        assert_eq!(api.decisions(), round_trip, "{case}");
        let nonce_of = |proof: &str| json_of(proof, 1)["nonce"].clone();
        let used = nonce_of(first.last().proof());
        assert_eq!(
            first.last().nonce(),
            None,
            "{case}: a fresh one needs no other"
        );

        let second = client.call("GET", &api.url, &token).await;
        assert_eq!(second.statuses(), [200], "{case}");
        assert_eq!(api.decisions(), OK, "{case}");
        assert_eq!(nonce_of(second.last().proof()), used, "{case}");

        // Near the end of the nonce, a response brings the next one, so no round trip is lost.
        api.clock
            .advance(NONCE_LIFETIME / 2 + Duration::from_secs(1));
        let third = client.call("GET", &api.url, &token).await;
        assert_eq!(third.statuses(), [200], "{case}");
        let next = third.last().nonce().expect("the next nonce").to_owned();
        assert_ne!(json!(next), used, "{case}");
        api.clock
            .advance(NONCE_LIFETIME / 2 + Duration::from_secs(1));
        let fourth = client.call("GET", &api.url, &token).await;
        assert_eq!(fourth.statuses(), [200], "{case}");
        assert_eq!(nonce_of(fourth.last().proof()), json!(next), "{case}");
        assert_eq!(api.decisions(), [None, None], "{case}");

        api.clock.advance(NONCE_LIFETIME * 2);
        let after = client.call("POST", &api.url, &token).await;
        assert_eq!(after.statuses(), [401, 200], "{case}");
        assert_eq!(api.decisions(), round_trip, "{case}");

        // A proof of the time before is of no use to anyone.
        let (authorization, proof) = (fourth.last().authorization(), fourth.last().proof());
        let headers = [("authorization", authorization), ("dpop", proof)];
        let refused = api.send(Method::GET, &headers).await;
        assert_eq!(refused.status, 401, "{case}");
        assert_eq!(api.decisions(), [Some(Reason::ProofNonce)], "{case}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn d09_a_policy_may_refuse_the_bearer_tokens_of_the_same_server() -> TestResult {
    let server = AuthorizationServer::start().await;
    let library = DpopLibrary::Oauth4webapi;
    let client = DpopClient::start(library, "ES256", &server).await;
    for kind in Kind::ALL {
        let unbound = server.token(&kind.api(), SCOPE).await;
        let bearer = format!("Bearer {unbound}");
        let bearer = [("authorization", bearer.as_str())];
        let not_bound = [Some(Reason::TokenNotBound)];

        let api = BoundApi::serve(&kind.api(), kind.issuer(&server, policy()), |dpop| dpop).await?;
        let accepted = api.send(Method::GET, &bearer).await;
        assert_eq!(accepted.body, kind.answer("live-test"), "{kind:?}");
        assert_eq!(api.decisions(), OK, "{kind:?}");
        // The scheme DPoP promises more than such a token has.
        let refused = client.call("GET", &api.url, &unbound).await;
        assert_eq!(refused.statuses(), [401], "{kind:?}");
        assert_eq!(api.decisions(), not_bound, "{kind:?}");

        let strict = policy().sender_constraint(SenderConstraint::Dpop);
        let api = BoundApi::serve(&kind.api(), kind.issuer(&server, strict), |dpop| dpop).await?;
        let refused = api.send(Method::GET, &bearer).await;
        assert_eq!(refused.status, 401, "{kind:?}");
        assert_eq!(api.decisions(), not_bound, "{kind:?}");
        assert_eq!(refused.challenges.len(), 1, "{kind:?}: {refused:?}");
        assert!(
            refused.challenges[0].starts_with("DPoP "),
            "{kind:?}: {refused:?}"
        );
        let (bound, _) = client.token(&kind.api(), SCOPE).await;
        let called = client.call("GET", &api.url, &bound).await;
        assert_eq!(called.statuses(), [200], "{kind:?}");
        assert_eq!(api.decisions(), OK, "{kind:?}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs node: see tests/live/README.md"]
async fn m01_a_certificate_bound_token_needs_its_certificate() -> TestResult {
    let server = AuthorizationServer::start_with_certificates().await;
    let (own, other) = (EscapedPem::new_client(), EscapedPem::new_client());
    for kind in Kind::ALL {
        let api = BoundApi::serve(&kind.api(), kind.issuer(&server, policy()), |dpop| dpop).await?;
        let name = kind.api();
        let token = server.certificate_bound_token(&name, SCOPE, &own).await;
        let bearer = format!("Bearer {token}");
        let authorization = ("authorization", bearer.as_str());
        let missing = Some(Reason::ProofOfPossessionMissing);
        let mismatch = Some(Reason::PossessionMismatch);
        for (what, certificate, expected) in [
            ("its own", Some(&own), None),
            ("none", None, missing),
            ("another", Some(&other), mismatch),
            ("its own again", Some(&own), None),
        ] {
            let mut headers = vec![authorization];
            headers.extend(certificate.map(|one| (EscapedPem::HEADER, one.as_str())));
            let response = api.send(Method::GET, &headers).await;
            assert_eq!(api.decisions(), [expected], "{kind:?}: {what}");
            let status = if expected.is_some() { 401 } else { 200 };
            assert_eq!(response.status, status, "{kind:?}: {what}");
            if expected.is_none() {
                assert_eq!(response.body, kind.answer("live-certificate"), "{kind:?}");
            }
        }
        // A certificate does no harm to a token that is bound to none.
        let unbound = server.token(&kind.api(), SCOPE).await;
        let bearer = format!("Bearer {unbound}");
        let headers = [
            ("authorization", &*bearer),
            (EscapedPem::HEADER, other.as_str()),
        ];
        assert_eq!(
            api.send(Method::GET, &headers).await.status,
            200,
            "{kind:?}"
        );
    }
    Ok(())
}
