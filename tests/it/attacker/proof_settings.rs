//! Rows D02, D05, D09 and M02: every combination of settings of proofs, and each of its problems
//! once.

use std::time::Duration;

use resource_server::binding::{
    CertificateHeader, ClientCertificates, Dpop, DpopNonces, TrustedPeers,
};
use resource_server::claims::SenderConstraint;
use resource_server::error::{BuildError, ConfigErrorKind};
use resource_server::{Policy, Resource, Validator};

use crate::support::{API, ISSUER, clock, problems_of, signer};

const OTHER: &str = "https://other.example.com";
/// An origin has no path.
const BAD_ORIGIN: &str = "https://api.example.com/v1";

/// What is wrong, in one word each.
fn words(error: Option<&BuildError>) -> Vec<&'static str> {
    let problems = error.map_or_else(Vec::new, problems_of);
    let word = |kind: &ConfigErrorKind| match kind {
        ConfigErrorKind::Dpop(_) => "dpop",
        ConfigErrorKind::DpopWithoutResource => "resource",
        ConfigErrorKind::ClientCertificates(_) => "certificates",
        ConfigErrorKind::Unprovable { .. } => "unprovable",
        other => panic!("{other:?}"),
    };
    let mut words: Vec<_> = problems.iter().map(|(_, kind)| word(kind)).collect();
    words.sort_unstable();
    words
}

#[test]
fn d02_d05_d09_m02_each_problem_of_proofs_is_told_once() {
    let issuer = signer(ISSUER, &clock());
    let required = [
        SenderConstraint::IfBound,
        SenderConstraint::Dpop,
        SenderConstraint::MutualTls,
        SenderConstraint::Either,
    ];
    let short = || {
        let nonces = DpopNonces::of_this_process().unwrap();
        nonces.lifetime(Duration::ZERO)
    };
    // With the number of their own problems.
    let dpop = [
        None,
        Some((Dpop::at(API), 0)),
        Some((Dpop::at(BAD_ORIGIN), 1)),
        Some((Dpop::at(BAD_ORIGIN).accept_nonces(short()), 2)),
    ];
    let by_header = |peers| ClientCertificates::from_header(CertificateHeader::rfc9440(), peers);
    let certificates = [
        None,
        Some((ClientCertificates::from_tls(), 0)),
        Some((by_header(TrustedPeers::addresses(["10.0.0.1"])), 0)),
        Some((by_header(TrustedPeers::addresses([""; 0])), 1)),
    ];
    let resources = [
        None,
        Some((Resource::new(API), 0)),
        Some((Resource::new(API).dpop_origin(OTHER), 0)),
        Some((Resource::new(API).dpop_origin(BAD_ORIGIN), 1)),
    ];
    for required in required {
        for ((dpop, certificates), resource) in dpop
            .iter()
            .flat_map(|dpop| certificates.iter().map(move |one| (dpop, one)))
            .flat_map(|both| resources.iter().map(move |one| (both, one)))
        {
            let policy = Policy::builder().sender_constraint(required);
            let entry = issuer.to_issuer().policy(policy);
            let mut builder = Validator::builder().audience(API).issuer(entry);
            let mut expected = Vec::new();
            if let Some((certificates, problems)) = certificates {
                builder = builder.client_certificates(certificates.clone());
                expected.extend(vec!["certificates"; *problems]);
            }
            if let Some((dpop, problems)) = dpop {
                builder = builder.dpop(dpop.clone());
                match resource {
                    None => expected.push("resource"),
                    // A faulty origin of the resource is looked at where the others are sound.
                    Some((_, of_resource)) if *problems == 0 => {
                        expected.extend(vec!["dpop"; *of_resource]);
                    }
                    Some(_) => expected.extend(vec!["dpop"; *problems]),
                }
            }
            if let Some((resource, _)) = resource {
                builder = builder.resource(resource.clone());
            }
            let (has_key, has_certificate) = (dpop.is_some(), certificates.is_some());
            let is_provable = match required {
                SenderConstraint::Dpop => has_key,
                SenderConstraint::MutualTls => has_certificate,
                SenderConstraint::Either => has_key || has_certificate,
                _ => true,
            };
            if !is_provable {
                expected.push("unprovable");
            }
            expected.sort_unstable();
            let built = builder.build();
            let case = format!("{required} {dpop:?} {certificates:?} {resource:?}");
            assert_eq!(words(built.as_ref().err()), expected, "{case}");
            // A further resource has no problem but that of its own origin.
            if let Ok(first) = built {
                let further = |origin| first.for_resource(Resource::new(OTHER).dpop_origin(origin));
                assert_eq!(words(further(OTHER).err().as_ref()), [""; 0], "{case}");
                let expected = vec!["dpop"; usize::from(has_key)];
                assert_eq!(
                    words(further(BAD_ORIGIN).err().as_ref()),
                    expected,
                    "{case}"
                );
            }
        }
    }
}
