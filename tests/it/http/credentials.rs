//! Row H01: what an `Authorization` header may hold.

use crate::support::{ISSUER, block_on, clock, signer, validator};
use resource_server::{Credentials, Error, Reason, Validator};

/// What comes of the lines: the reason, the status and the OAuth error, or nothing for a good
/// token.
type Outcome = Option<(Reason, u16, Option<&'static str>)>;

const MALFORMED: Outcome = Some((Reason::MalformedCredentials, 400, Some("invalid_request")));
const NOTHING: Outcome = Some((Reason::NoCredentials, 401, None));
const DPOP: Outcome = Some((Reason::DpopNotSupported, 401, Some("invalid_token")));

fn outcome(validator: &Validator, lines: &[Vec<u8>]) -> Outcome {
    let presented = Credentials::from_authorization(lines.iter().map(Vec::as_slice));
    match block_on(validator.authenticate(&presented)) {
        Ok(_) => None,
        Err(Error::Rejected(rejection)) => Some((
            rejection.reason(),
            rejection.status(),
            rejection.oauth_error(),
        )),
        Err(other) => panic!("{other:?}"),
    }
}

/// `{}` is a good token.
const LINES: &[(&[&str], Outcome)] = &[
    (&["Bearer {}"], None),
    (&["bearer {}"], None),
    (&["BEARER {}"], None),
    (&["Bearer    {}"], None),
    (&[], NOTHING),
    // One line exactly, of any schemes.
    (&["Bearer {}", "Bearer {}"], MALFORMED),
    (&["Basic QTpC", "Bearer {}"], MALFORMED),
    (&["Basic QTpC", "Basic QTpC"], MALFORMED),
    (&["", "Bearer {}"], MALFORMED),
    (&["Bearer {}", "DPoP {}"], MALFORMED),
    (&["Bearer {}", "Bearer {}", "Bearer {}"], MALFORMED),
    // The scheme is Bearer, and what follows is not one token.
    (&["Bearer"], MALFORMED),
    (&["Bearer "], MALFORMED),
    (&["Bearer      "], MALFORMED),
    (&["Bearer\t{}"], MALFORMED),
    (&["Bearer \t{}"], MALFORMED),
    (&["Bearer {} "], MALFORMED),
    (&["Bearer {}\t"], MALFORMED),
    (&["Bearer {} {}"], MALFORMED),
    (&["Bearer {},Bearer {}"], MALFORMED),
    (&["Bearer \"{}\""], MALFORMED),
    (&["Bearer token={}"], MALFORMED),
    (&["Bearer ="], MALFORMED),
    (&["Bearer ==="], MALFORMED),
    (&["Bearer, {}"], MALFORMED),
    (&["Bearer:{}"], MALFORMED),
    (&["Bearer={}"], MALFORMED),
    (&["Bearer \u{e9}"], MALFORMED),
    (&["Bearer a\0b"], MALFORMED),
    (&["Bearer a\r\nx: y"], MALFORMED),
    // The scheme is missing.
    (&[""], MALFORMED),
    (&[" "], MALFORMED),
    (&[" Bearer {}"], MALFORMED),
    (&["\"Bearer\" {}"], MALFORMED),
    (&["\u{e9} {}"], MALFORMED),
    // Another scheme means that there are no credentials.
    (&["Basic QTpC"], NOTHING),
    (&["Negotiate"], NOTHING),
    (&["Bearers {}"], NOTHING),
    (&["Bear {}"], NOTHING),
    (&["Digest username=\"Bearer\""], NOTHING),
    (&["{}"], NOTHING),
    // A token was presented under a scheme that binds it to a key.
    (&["DPoP {}"], DPOP),
    (&["dpop {}"], DPOP),
    (&["DPoP"], DPOP),
    (&["DPoP\t{}"], DPOP),
];

#[test]
fn h01_exactly_one_line_with_one_token() {
    let clock = clock();
    let signer = signer(ISSUER, &clock);
    let validator = validator(signer.to_issuer(), &clock);
    let good = signer.token().mint();
    for (lines, expected) in LINES {
        let lines: Vec<Vec<u8>> = lines
            .iter()
            .map(|line| line.replace("{}", &good).into_bytes())
            .collect();
        assert_eq!(outcome(&validator, &lines), *expected, "H01: {lines:?}");
    }
    // No part of a line needs to be text.
    for line in [
        &b"Bearer \xff"[..],
        b"\xff\xfe",
        b"Bearer\xff a",
        b"Basic \xff",
    ] {
        let found = outcome(&validator, &[line.to_vec()]);
        let expected = if line.starts_with(b"Basic") {
            NOTHING
        } else {
            MALFORMED
        };
        assert_eq!(found, expected, "H01: {line:?}");
    }
}

#[test]
fn h01_a_long_line_is_refused_as_a_long_token() {
    let clock = clock();
    let signer = signer(ISSUER, &clock);
    let validator = validator(signer.to_issuer(), &clock);
    let long = format!("Bearer {}", "a".repeat(100_000));
    let reason = outcome(&validator, &[long.into_bytes()]).map(|(reason, ..)| reason);
    assert_eq!(reason, Some(Reason::TooLong));
}

#[test]
fn p01_credentials_show_no_token() {
    for line in [
        "Bearer s3cr3t",
        "DPoP s3cr3t",
        "Bearer s3cr3t s3cr3t",
        "Basic s3cr3t",
    ] {
        let presented = Credentials::from_authorization([line.as_bytes()]);
        assert!(!format!("{presented:?}").contains("s3cr3t"), "{line}");
    }
}
