//! Rows D01, D04, D06, D07, M01 and M03: what RFCs 9449, 8705 and 7800 print of bound tokens,
//! proofs and certificates. Each text is that of the section that is named next to it.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use resource_server::binding::{ClientCertificate, DpopRequest, VerifiedProof, verify_proof};
use resource_server::claims::Thumbprint;
use resource_server::introspection::IntrospectionResponse;
use resource_server::keys::{KeySet, VerificationKey};
use resource_server::testing::{TestClient, TestIssuer};
use resource_server::{
    AccessToken, Algorithm, Backend, Evidence, NumericDate, Policy, Possession, PresentedToken,
    Reason, Rejection, verify,
};
use serde_json::{Value, json};

/// The issuer of all examples.
const ISSUER: &str = "https://server.example.com";
/// RFC 9449 section 7.1, figure 13: the URL of the request.
const PROTECTED: &str = "https://resource.example.org/protectedresource";
/// RFC 9449 sections 5, 6.2 and 7.1.
const DPOP_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
/// RFC 9449 sections 6.1 and 6.2: the thumbprint of the key of all proofs.
const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
/// RFC 9449 section 4.1, figure 2, the header of all proofs.
const PROOF_HEADER: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieC\
                            I6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5Ijoi\
                            OVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6Il\
                            AtMjU2In19";
/// RFC 9449 section 7.1, figure 13: claims and signature.
const RESOURCE_PROOF: [&str; 2] = [
    "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm\
     9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhX\
     WG9hTnk1OUlpS0NBcWtzbVFFbyJ9",
    "2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
];
/// RFC 9449 section 4.1, figure 2: claims and signature. It is for a token request.
const TOKEN_PROOF: [&str; 2] = [
    "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY2\
     9tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ",
    "2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
];
/// RFC 9449 section 5, figure 7: claims and signature. It is for a token request too.
const REFRESH_PROOF: [&str; 2] = [
    "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY2\
     9tL3Rva2VuIiwiaWF0IjoxNTYyMjY1Mjk2fQ",
    "pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5QsGSuKDYW7_X620BxqhvYC8ynrrvZLTk41mSRroapUA",
];
/// RFC 8705 appendix A: a certificate, and its thumbprint.
const CERTIFICATE: &str = "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcw\
                           OVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49\
                           AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9Wu\
                           neIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+\
                           hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=";
const THUMBPRINT: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

fn compact(parts: [&str; 2]) -> String {
    [PROOF_HEADER, parts[0], parts[1]].join(".")
}

fn at(seconds: i64) -> NumericDate {
    NumericDate::from_secs(seconds)
}

fn policy(audience: &str) -> Policy {
    let policy = Policy::builder().issuer(ISSUER).audience(audience);
    policy.build().unwrap()
}

/// Checks the proof of section 7.1 for a request with this method, URL and token.
fn resource_proof(
    method: &str,
    url: &str,
    token: &str,
    now: NumericDate,
) -> Result<VerifiedProof, Rejection> {
    let request = DpopRequest::new(method, url, token).unwrap();
    verify_proof(&compact(RESOURCE_PROOF), &request, &policy(PROTECTED), now)
}

/// The members of a JSON object, besides these.
fn with(mut object: Value, members: &[(&str, &str)]) -> Value {
    for (name, value) in members {
        object[*name] = (*value).into();
    }
    object
}

/// Judges an opaque token of this introspection response.
fn introspected(
    token: &str,
    response: &Value,
    possession: &Possession,
    now: NumericDate,
) -> Result<AccessToken, Rejection> {
    let response = IntrospectionResponse::from_json(&response.to_string()).unwrap();
    let evidence = Evidence::Introspection(Arc::new(response));
    let token = PresentedToken::parse(token)?;
    verify(&token, &evidence, &policy(PROTECTED), now)?.confirm(possession)
}

/// Judges a JWT with these claims.
fn signed(
    claims: &Value,
    possession: &Possession,
    now: NumericDate,
) -> Result<AccessToken, Rejection> {
    let issuer = TestIssuer::new(ISSUER, PROTECTED).algorithms([Algorithm::ES256]);
    let keys = KeySet::from_jwks(&issuer.jwks()).unwrap();
    let payload = claims.to_string();
    let token = issuer.token().raw_payload(payload.as_bytes()).mint();
    let audience = claims["aud"].as_str().unwrap();
    let evidence = Evidence::Keys(Arc::new(keys));
    let token = PresentedToken::parse(&token)?;
    verify(&token, &evidence, &policy(audience), now)?.confirm(possession)
}

fn reason<T>(result: Result<T, Rejection>) -> Option<Reason> {
    result.err().map(|rejection| rejection.reason())
}

/// RFC 9449 section 7.1: request, proof and hash of the token, at the proof's time.
#[test]
fn d04_the_protected_request_of_rfc_9449_has_a_good_proof() {
    let made = 1_562_262_618;
    let verified = resource_proof("GET", PROTECTED, DPOP_TOKEN, at(made)).unwrap();
    let jkt = Thumbprint::from_bytes(verified.entry().jkt);
    assert_eq!(jkt.to_string(), JKT);
    assert_eq!(verified.entry().made_at, at(made));
    let mismatch = Some(Reason::ProofMismatch);
    let late = Some(Reason::ProofNotCurrent);
    for (expected, method, url, token, now) in [
        (None, "GET", PROTECTED, DPOP_TOKEN, made + 60),
        (late, "GET", PROTECTED, DPOP_TOKEN, made + 61),
        (None, "GET", PROTECTED, DPOP_TOKEN, made - 10),
        (late, "GET", PROTECTED, DPOP_TOKEN, made - 11),
        (mismatch, "POST", PROTECTED, DPOP_TOKEN, made),
        (
            mismatch,
            "GET",
            "https://resource.example.org/",
            DPOP_TOKEN,
            made,
        ),
        (
            mismatch,
            "GET",
            PROTECTED,
            "Kz~8mXK1EalYznwH-LC-1fBAo",
            made,
        ),
    ] {
        let found = reason(resource_proof(method, url, token, at(now)));
        assert_eq!(found, expected, "{method} {url} {token} {now}");
    }
}

/// RFC 9449 sections 6.1, 6.2 and 7.1 together: the claims of figure 9, and the introspection
/// response of figure 11, are of a token that the proof of figure 13 belongs to. Neither has an
/// `aud`, which this crate requires.
#[test]
fn d06_the_bound_tokens_of_rfc_9449_are_confirmed_by_its_proof_alone() {
    let now = at(1_562_262_618);
    let figure_9 = json!({
        "sub": "someone@example.com", "iss": ISSUER, "nbf": 1_562_262_611, "exp": 1_562_266_216,
        "cnf": { "jkt": JKT },
    });
    let claims = with(figure_9, &[("aud", PROTECTED)]);
    let mut response = claims.clone();
    response["active"] = true.into();
    let verified = resource_proof("GET", PROTECTED, DPOP_TOKEN, now).unwrap();
    let proven = verified.possession();
    let of_certificate = certificate().possession();
    let missing = Some(Reason::ProofOfPossessionMissing);
    for (expected, possession) in [
        (None, proven),
        (missing, Possession::bearer()),
        (missing, of_certificate),
    ] {
        let found = introspected(DPOP_TOKEN, &response, &possession, now);
        assert_eq!(reason(found), expected, "{possession:?}");
        assert_eq!(
            reason(signed(&claims, &possession, now)),
            expected,
            "{possession:?}"
        );
    }
    // Without the binding, a proof promises too much.
    let unbound = json!({
        "active": true, "iss": ISSUER, "exp": 1_562_266_216, "aud": PROTECTED,
    });
    let found = reason(introspected(DPOP_TOKEN, &unbound, &proven, now));
    assert_eq!(found, Some(Reason::TokenNotBound));
}

/// RFC 9449 sections 4.1, 4.2 and 5: the proofs of token requests. Their form and signature are
/// good, and they are not for an API, since they have no hash of a token.
#[test]
fn d01_the_proofs_of_token_requests_in_rfc_9449_are_not_for_an_api() {
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let read = |part: &str| -> Value { serde_json::from_slice(&decode(part)).unwrap() };
    // Figure 3.
    let header = json!({
        "typ": "dpop+jwt", "alg": "ES256",
        "jwk": {
            "kty": "EC", "crv": "P-256",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        },
    });
    assert_eq!(read(PROOF_HEADER), header);
    for (parts, made) in [(TOKEN_PROOF, 1_562_262_616), (REFRESH_PROOF, 1_562_265_296)] {
        // Figure 3 again, with the time of each.
        let url = "https://server.example.com/token";
        let claims = json!({ "jti": "-BwC3ESc6acc2lTc", "htm": "POST", "htu": url, "iat": made });
        assert_eq!(read(parts[0]), claims);
        let proof = compact(parts);
        for backend in [Backend::AwsLcRs, Backend::RustCrypto] {
            let key = VerificationKey::from_jwk_for(backend, &header["jwk"].to_string()).unwrap();
            let thumbprint = key.thumbprint().map(|found| found.to_string());
            assert_eq!(thumbprint.as_deref(), Some(JKT), "{backend:?}");
            let (input, signature) = proof.rsplit_once('.').unwrap();
            let verdict = key.verify(Algorithm::ES256, input.as_bytes(), &decode(signature));
            assert_eq!(verdict, Ok(()), "{backend:?}");
        }
        let request = DpopRequest::new("POST", url, DPOP_TOKEN).unwrap();
        let found = verify_proof(&proof, &request, &policy(PROTECTED), at(made));
        let rejection = found.unwrap_err();
        assert_eq!(rejection.reason(), Reason::ProofMalformed);
        assert!(
            rejection.explain().contains("ath"),
            "{}",
            rejection.explain()
        );
    }
}

fn certificate() -> ClientCertificate {
    ClientCertificate::from_der(&STANDARD.decode(CERTIFICATE).unwrap()).unwrap()
}

/// RFC 8705 appendix A: a token with this thumbprint needs this certificate. Sections 3.1 and 3.2
/// give the other claims, which lack an `aud`.
#[test]
fn m01_the_certificate_of_rfc_8705_confirms_a_token_with_its_thumbprint() {
    let now = at(1_493_722_860);
    let verified = resource_proof("GET", PROTECTED, DPOP_TOKEN, at(1_562_262_618)).unwrap();
    let claims = with(section_3_1(THUMBPRINT), &[("aud", PROTECTED)]);
    let mut response = claims.clone();
    response["active"] = true.into();
    let other = TestClient::new().certificate();
    for (what, expected, possession) in [
        ("the certificate", None, certificate().possession()),
        (
            "nothing",
            Some(Reason::ProofOfPossessionMissing),
            Possession::bearer(),
        ),
        (
            "another one",
            Some(Reason::PossessionMismatch),
            other.possession(),
        ),
        (
            "a proof of a key",
            Some(Reason::TokenNotBound),
            verified.possession(),
        ),
    ] {
        assert_eq!(
            reason(signed(&claims, &possession, now)),
            expected,
            "{what}"
        );
        let found = introspected("opaque", &response, &possession, now);
        assert_eq!(reason(found), expected, "{what}");
    }
}

fn section_3_1(thumbprint: &str) -> Value {
    json!({
        "iss": ISSUER, "sub": "ty.webb@example.com", "exp": 1_493_726_400, "nbf": 1_493_722_800,
        "cnf": { "x5t#S256": thumbprint },
    })
}

/// RFC 8705 sections 3.1 and 3.2 print a thumbprint whose last character has bits of no byte. It is
/// not canonical (RFC 4648 section 3.5), so nothing is bound to it, and it is not read as no `cnf`.
#[test]
fn m01_d07_the_thumbprint_in_section_3_of_rfc_8705_is_refused() {
    let now = at(1_493_722_860);
    let printed = section_3_1("bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2");
    let claims = with(printed, &[("aud", PROTECTED)]);
    let mut response = claims.clone();
    response["active"] = true.into();
    let malformed = Some(Reason::MalformedConfirmation);
    for possession in [Possession::bearer(), certificate().possession()] {
        assert_eq!(reason(signed(&claims, &possession, now)), malformed);
        let found = introspected("opaque", &response, &possession, now);
        assert_eq!(reason(found), malformed);
    }
}

/// RFC 7800 sections 3.2, 3.4 and 3.5 bind tokens in ways that this crate has no proof of.
#[test]
fn m03_the_confirmations_of_rfc_7800_are_unknown() {
    let jwk = json!({
        "kty": "EC", "use": "sig", "crv": "P-256",
        "x": "18wHLeIgW9wVN6VD1Txgpqy2LszYkMf6J8njVAibvhM",
        "y": "-V4dS4UaLMgP_4fY4j8ir7cl1TXlFdAgcx55o7TkcSA",
    });
    let reference = json!({
        "jku": "https://keys.example.net/pop-keys.json", "kid": "2015-08-28",
    });
    for (section, exp, cnf) in [
        ("3.2", 1_361_398_824, json!({ "jwk": jwk })),
        (
            "3.4",
            1_361_398_824,
            json!({ "kid": "dfd1aa97-6d8d-4575-a0fe-34b96de2bfad" }),
        ),
        ("3.5", 1_440_804_813, reference),
    ] {
        let claims = json!({
            "iss": ISSUER, "aud": "https://client.example.org", "exp": exp, "cnf": cnf,
        });
        let now = at(exp - 60);
        for possession in [Possession::bearer(), certificate().possession()] {
            let found = reason(signed(&claims, &possession, now));
            assert_eq!(found, Some(Reason::UnknownConfirmation), "{section}");
        }
    }
}
