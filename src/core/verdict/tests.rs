use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::core::json::Fault;
use crate::core::keys::KeyUse;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::key_set::KeySet;
use crate::core::policy::accepted::Policy;
use crate::core::time::NumericDate;
use crate::core::token::claims::claim_path::ClaimPath;
use crate::core::token::claims::required_claim::RequiredClaim;
use crate::core::token::claims::requirement::Requirement;
use crate::core::token::jws::FormFault;
use crate::core::token::payload::Foreign;
use crate::core::verdict::reason::Reason;
use crate::core::verdict::refusal::{AcceptedIssuers, KeySetAge, Moment, Refusal};
use crate::core::verdict::rejection::Rejection;

/// Every kind of refusal, with the words that its explanation must have.
fn refusals() -> Vec<(Refusal, Reason, &'static str)> {
    let policy = Policy::builder()
        .issuer("https://as.example.com")
        .audience("https://api.example.com")
        .build()
        .unwrap();
    let found = || "https://found.example".to_owned();
    let moment = Moment {
        at: NumericDate::from_secs(1_000),
        now: NumericDate::from_secs(2_000),
        skew: Duration::from_secs(30),
    };
    let limit = Duration::from_secs(77);
    let (bytes, limit_bytes) = (99, 88);
    let form = Refusal::Form;
    let too_long = FormFault::TokenTooLong {
        bytes,
        limit: limit_bytes,
    };
    let header_too_long = FormFault::HeaderTooLong {
        bytes,
        limit: limit_bytes,
    };
    let of_policy = || AcceptedIssuers::One(policy.clone());
    let required = || RequiredClaim::equals("tenant", "acme");
    let allowed = policy.algorithm_set();
    let insufficient = |has_scope_claim| Refusal::InsufficientScope {
        requirement: Requirement::scope("orders:read"),
        has_scope_claim,
        role_slip: None,
    };
    #[rustfmt::skip]
    let mut refusals = vec![
        (Refusal::NoCredentials, Reason::NoCredentials, "no access token"),
        (form(too_long), Reason::TooLong, "max_token_bytes"),
        (form(header_too_long), Reason::TooLong, "header has 99 bytes"),
        (form(FormFault::Malformed), Reason::MalformedToken, "no token"),
        (form(FormFault::NotBase64url), Reason::NotBase64url, "base64url"),
        (form(FormFault::MalformedHeader(Fault::Syntax)), Reason::MalformedHeader, "header"),
        (form(FormFault::MalformedPayload(Fault::Duplicate)), Reason::MalformedPayload, "claims set"),
        (form(FormFault::Unsigned), Reason::Unsigned, "no signature"),
        (Refusal::Opaque { is_googles: true }, Reason::OpaqueToken, "Google"),
        (Refusal::Opaque { is_googles: false }, Reason::OpaqueToken, "no introspection"),
        (Refusal::Encrypted, Reason::EncryptedToken, "JWE"),
        (Refusal::Inactive, Reason::Inactive, "not active"),
        (Refusal::IssuerMissing { typ: "dpop+jwt".into() }, Reason::IssuerMissing, "DPoP proof"),
        (Refusal::IssuerMismatch { found: found(), accepted: of_policy() }, Reason::IssuerMismatch, "found.example"),
        (Refusal::TenantNotAllowed { found: found(), policy: policy.clone() }, Reason::TenantNotAllowed, "found.example"),
        (Refusal::TenantMismatch, Reason::TenantMismatch, "tid"),
        (Refusal::TypeNotAccepted { found: "x+jwt".into(), policy: policy.clone() }, Reason::TypeNotAccepted, "x+jwt"),
        (Refusal::NotAnAccessToken(Foreign::IdToken("nonce")), Reason::NotAnAccessToken, "\"nonce\""),
        (Refusal::NotAnAccessToken(Foreign::Other("events")), Reason::NotAnAccessToken, "\"events\""),
        (Refusal::NotAnAccessToken(Foreign::AuthorizationResponse("code")), Reason::NotAnAccessToken, "JARM"),
        (Refusal::NotAnAccessToken(Foreign::Typ), Reason::NotAnAccessToken, "typ among its claims"),
        (Refusal::NotAnAccessToken(Foreign::TokenUse), Reason::NotAnAccessToken, "token_use"),
        (Refusal::NotAnAccessToken(Foreign::TokenType), Reason::NotAnAccessToken, "token_type"),
        (Refusal::CriticalHeader, Reason::CriticalHeader, "crit"),
        (Refusal::UnsupportedHeader("zip"), Reason::UnsupportedHeader, "\"zip\""),
        (Refusal::MalformedKeyId, Reason::MalformedKeyId, "kid"),
        (Refusal::AlgorithmMissing, Reason::AlgorithmMissing, "no alg"),
        (Refusal::AlgorithmUnknown { found: "X1".into() }, Reason::AlgorithmUnknown, "\"X1\""),
        (Refusal::AlgorithmNotAllowed { found: "HS256".into(), allowed }, Reason::AlgorithmNotAllowed, "It allows: "),
        (Refusal::AudienceMissing(policy.clone()), Reason::AudienceMissing, "allow_jwt_without_audience"),
        (Refusal::AudienceMissingInResponse, Reason::AudienceMissing, "allow_missing_audience, together with allowed_clients"),
        (Refusal::AudienceAndTypeMissing, Reason::AudienceMissing, "neither aud nor token_type"),
        (Refusal::AudienceMismatch { found: vec![found()], policy: policy.clone() }, Reason::AudienceMismatch, "api.example.com"),
        (Refusal::ExpiryMissing, Reason::ExpiryMissing, "no exp"),
        (Refusal::ExpiryNotInSeconds { unit: "milliseconds" }, Reason::MalformedClaim, "milliseconds"),
        (Refusal::Expired(moment), Reason::Expired, "1000 s ago"),
        (Refusal::NotYetValid(moment), Reason::NotYetValid, "valid only from"),
        (Refusal::IssuedInTheFuture(moment), Reason::IssuedInTheFuture, "issued at"),
        (Refusal::TooOld { issued: moment, max_age: limit }, Reason::TooOld, "77 s"),
        (Refusal::LifetimeTooLong { expires: moment, max_remaining: limit }, Reason::LifetimeTooLong, "77 s"),
        (Refusal::ClaimMissing("jti"), Reason::ClaimMissing, "no \"jti\""),
        (Refusal::RequiredClaimMissing { required: required(), slip: None }, Reason::ClaimMissing, "\"acme\""),
        (Refusal::RequiredClaimMismatch(required()), Reason::ClaimMismatch, "\"acme\""),
        (Refusal::MalformedClaim("exp"), Reason::MalformedClaim, "\"exp\""),
        (Refusal::EmptySubject, Reason::MalformedClaim, "\"sub\" claim is empty"),
        (Refusal::MalformedActor, Reason::MalformedClaim, "\"act\""),
        (Refusal::UnreadableClaim(ClaimPath::from("groups")), Reason::MalformedClaim, "\"groups\""),
        (Refusal::ClientNotAllowed { slip: None }, Reason::ClientNotAllowed, "client"),
        (Refusal::MalformedScope, Reason::MalformedScope, "characters"),
        (Refusal::ScopeInList, Reason::MalformedScope, "allow_scope_array"),
        (Refusal::MalformedConfirmation, Reason::MalformedConfirmation, "cnf"),
        (Refusal::UnknownConfirmation, Reason::UnknownConfirmation, "cnf"),
        (Refusal::ProofOfPossessionMissing, Reason::ProofOfPossessionMissing, "cnf"),
        (Refusal::ClaimsDoNotFit { column: 7 }, Reason::ClaimsDoNotFit, "column 7"),
        (insufficient(true), Reason::InsufficientScope, "which its scopes don't include"),
        (insufficient(false), Reason::InsufficientScope, "orders:read"),
    ];
    refusals.extend(refusals_of_keys());
    refusals
}

fn refusals_of_keys() -> [(Refusal, Reason, &'static str); 3] {
    let id = || Some("key-1".to_owned());
    let key_of_another_issuer = Refusal::KeyOfAnotherIssuer {
        stated: "https://a.example.com".to_owned(),
        issuer: "https://b.example.com".to_owned(),
    };
    let unknown_key = Refusal::UnknownKey {
        id: id(),
        id_is_known: false,
        is_by_thumbprint: false,
        algorithm: Algorithm::ES256,
        key_use: KeyUse::Signature,
        keys: Arc::new(KeySet::from_jwks(r#"{"keys":[]}"#).unwrap()),
        age: KeySetAge::default(),
    };
    let bad_signature = Refusal::BadSignature {
        id: id(),
        algorithm: Algorithm::ES256,
        tried: 2,
    };
    [
        (unknown_key, Reason::UnknownKey, "\"key-1\""),
        (
            key_of_another_issuer,
            Reason::KeyOfAnotherIssuer,
            "published for issuer \"https://a.example.com\"",
        ),
        (bad_signature, Reason::BadSignature, "2 keys"),
    ]
}

#[test]
fn p07_every_refusal_has_its_reason_and_its_own_explanation() {
    let mut explained = HashSet::new();
    for (refusal, reason, words) in refusals() {
        let rejection = Rejection::from(refusal);
        assert_eq!(rejection.reason(), reason);
        let text = rejection.explain();
        assert!(text.contains(words), "{reason}: no {words:?}: {text}");
        // A sentence, not the machine name, and not the text of another refusal.
        assert!(text.ends_with(['.', '?', ')']), "{reason}: {text}");
        assert!(explained.insert(text.clone()), "{reason}: {text}");
    }
}

#[test]
fn p07_every_reason_has_a_refusal() {
    let reasons: HashSet<Reason> = refusals().iter().map(|(_, reason, _)| *reason).collect();
    for reason in Reason::ALL {
        assert!(reasons.contains(reason), "{reason}");
    }
}

#[test]
fn h02_the_reason_decides_the_answer() {
    for (refusal, reason, _) in refusals() {
        let rejection = Rejection::from(refusal);
        let expected = match reason {
            Reason::NoCredentials => (401, None),
            Reason::InsufficientScope => (403, Some("insufficient_scope")),
            _ => (401, Some("invalid_token")),
        };
        assert_eq!(
            (rejection.status(), rejection.oauth_error()),
            expected,
            "{reason}"
        );
        let asks = rejection.requirement().is_some();
        assert_eq!(asks, reason == Reason::InsufficientScope, "{reason}");
    }
}
