//! Requests with bound tokens, and the answers that they must get in every framework.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use resource_server::testing::TestClient;

use super::{BoundWorld, ORIGIN, Wire};
use crate::cases::Expected;

const METADATA: &str =
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource/v1\"";

/// One request, and the answer that it must get.
pub(super) struct Case {
    /// The requirement that it shows, and what it is.
    pub(super) name: &'static str,
    pub(super) route: String,
    pub(super) headers: Vec<(&'static str, Vec<u8>)>,
    pub(super) expected: Expected,
}

pub(super) fn served() -> Expected {
    Expected {
        status: 200,
        headers: Vec::new(),
        body: "alice",
    }
}

/// Refused, with these parameters before the others in the challenges of these schemes.
pub(super) fn refused(status: u16, challenges: &[(&str, &str)]) -> Expected {
    let mut headers = vec![("cache-control", "no-store".to_owned())];
    for (scheme, parameters) in challenges {
        let separator = if parameters.is_empty() { "" } else { ", " };
        let algorithms = match *scheme {
            "DPoP" => ", algs=\"ES256\"",
            _ => "",
        };
        let challenge = format!("{scheme} {parameters}{separator}{METADATA}{algorithms}");
        headers.push(("www-authenticate", challenge));
    }
    Expected {
        status,
        headers,
        body: "",
    }
}

fn bad_proof() -> Expected {
    refused(401, &[("DPoP", "error=\"invalid_dpop_proof\"")])
}

/// The token is refused under the scheme that it was presented with.
fn bad_token(scheme: &str) -> Expected {
    let error = "error=\"invalid_token\"";
    match scheme {
        "DPoP" => refused(401, &[("DPoP", error)]),
        _ => refused(401, &[("Bearer", error), ("DPoP", "")]),
    }
}

fn line(scheme: &str, token: &str) -> (&'static str, Vec<u8>) {
    ("authorization", format!("{scheme} {token}").into_bytes())
}

/// Requests under the scheme DPoP to a route whose path is `prefix` and then `/orders`.
pub(super) fn of_dpop(world: &BoundWorld, wire: Wire, prefix: &str) -> Vec<Case> {
    let route = format!("{prefix}/orders");
    let url = format!("{ORIGIN}{}", wire.path(&route));
    let inner = format!("{ORIGIN}{}", wire.path("/orders"));
    let bound = world.token().bound_to_key_of(&world.client).mint();
    let method = wire.method();
    let proof_for = |method: &str, url: &str| world.client.proof(method, url, &bound).mint();
    let proof = || proof_for(method, &url).into_bytes();
    let with = |proof: Vec<u8>| vec![line("DPoP", &bound), ("dpop", proof)];
    let case = |name, headers, expected| Case {
        name,
        route: route.clone(),
        headers,
        expected,
    };
    let host = |value: &str| ("host", value.as_bytes().to_vec());
    let by_other = world.other.proof(method, &url, &bound).mint().into_bytes();
    let of_caller = proof_for(
        method,
        &url.replace("api.example.com", "elsewhere.example.net"),
    );
    let mut query = case("d02 a query is not compared", with(proof()), served());
    query.route += "?page=2";
    let mut cases = vec![
        case("d02 the path on the wire", with(proof()), served()),
        case(
            "d02 another method",
            with(proof_for("PUT", &url).into_bytes()),
            bad_proof(),
        ),
        case(
            "d02 the path in the router",
            with(proof_for(method, &inner).into_bytes()),
            bad_proof(),
        ),
        case(
            "d02 the authority is the caller's",
            [with(proof()), vec![host("elsewhere.example.net")]].concat(),
            served(),
        ),
        case(
            "d02 a proof for the caller's authority",
            [
                with(of_caller.into_bytes()),
                vec![host("elsewhere.example.net")],
            ]
            .concat(),
            bad_proof(),
        ),
        case(
            "d01 DPOP in upper case",
            vec![line("DPoP", &bound), ("DPOP", proof())],
            served(),
        ),
        case(
            "d11 the scheme dPoP",
            vec![line("dPoP", &bound), ("dpop", proof())],
            served(),
        ),
        case(
            "d01 two lines",
            [with(proof()), vec![("dpop", proof())]].concat(),
            bad_proof(),
        ),
        case(
            "d01 two lines, one DPOP",
            [with(proof()), vec![("DPOP", proof())]].concat(),
            bad_proof(),
        ),
        case(
            "d01 a comma",
            with([proof(), proof()].join(&b", "[..])),
            bad_proof(),
        ),
        case(
            "d01 a comma at the end",
            with([&proof()[..], b","].concat()),
            bad_proof(),
        ),
        case("d01 no proof", vec![line("DPoP", &bound)], bad_proof()),
        case("d01 not ASCII", with(b"\xc3\xa9".to_vec()), bad_proof()),
        case(
            "d04 another client's key",
            with(by_other),
            bad_token("DPoP"),
        ),
        case(
            "d04 the scheme Bearer",
            vec![line("Bearer", &bound), ("dpop", proof())],
            bad_token("Bearer"),
        ),
        case(
            "d06 no credentials",
            vec![],
            refused(401, &[("Bearer", ""), ("DPoP", "")]),
        ),
    ];
    if !Wire::GRPC.contains(&wire) {
        cases.push(query);
    }
    cases
}

/// Requests with client certificates. The header is the one that RFC 9440 names, from 127.0.0.1.
pub(super) fn of_certificates(world: &BoundWorld, prefix: &str) -> Vec<Case> {
    let bound = world.token().bound_to_certificate_of(&world.client).mint();
    let (own, others) = (rfc9440(&world.client), rfc9440(&world.other));
    let presented = |lines: &[(&'static str, &[u8])]| {
        let lines = lines.iter().map(|(name, value)| (*name, value.to_vec()));
        [line("Bearer", &bound)].into_iter().chain(lines).collect()
    };
    let case = |name, route: &str, headers, expected| Case {
        name,
        route: format!("{prefix}{route}"),
        headers,
        expected,
    };
    let malformed = || {
        refused(
            400,
            &[("Bearer", "error=\"invalid_request\""), ("DPoP", "")],
        )
    };
    let proxy = "/behind-proxy";
    let two = [&own[..], b", ", &own].concat();
    vec![
        case(
            "m01 the certificate",
            proxy,
            presented(&[("client-cert", &own)]),
            served(),
        ),
        case(
            "m01 in upper case",
            proxy,
            presented(&[("CLIENT-CERT", &own)]),
            served(),
        ),
        case(
            "m01 another certificate",
            proxy,
            presented(&[("client-cert", &others)]),
            bad_token("Bearer"),
        ),
        case(
            "m01 no certificate",
            proxy,
            presented(&[]),
            bad_token("Bearer"),
        ),
        case(
            "m02 another header",
            proxy,
            presented(&[("client_cert", &own)]),
            bad_token("Bearer"),
        ),
        case(
            "m02 two lines",
            proxy,
            presented(&[("client-cert", &own), ("client-cert", &own)]),
            malformed(),
        ),
        case(
            "m02 two values",
            proxy,
            presented(&[("client-cert", &two)]),
            malformed(),
        ),
        case(
            "m02 garbage",
            proxy,
            presented(&[("client-cert", b":aGVsbG8=:")]),
            malformed(),
        ),
        case(
            "m02 a peer that is not trusted",
            "/elsewhere",
            presented(&[("client-cert", &own)]),
            bad_token("Bearer"),
        ),
    ]
}

/// The certificate as RFC 9440 section 2.2 writes it.
fn rfc9440(client: &TestClient) -> Vec<u8> {
    format!(":{}:", STANDARD.encode(client.certificate_der())).into_bytes()
}
