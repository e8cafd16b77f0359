use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::core::json::Fault;
use crate::core::keys::KeyUse;
use crate::core::keys::algorithm::Algorithm;
use crate::core::keys::key_set::KeySet;
use crate::core::keys::skip_reason::KeyError;
use crate::core::policy::accepted::Policy;
use crate::core::policy::sender_constraint::SenderConstraint;
use crate::core::time::NumericDate;
use crate::core::token::claims::claim_path::ClaimPath;
use crate::core::token::claims::required_claim::RequiredClaim;
use crate::core::token::claims::requirement::Requirement;
use crate::core::token::jws::FormFault;
use crate::core::token::payload::Foreign;
use crate::core::verdict::audience::AudienceRefusal;
use crate::core::verdict::claims::ClaimRefusal;
use crate::core::verdict::denial::{DenialRefusal, Denied};
use crate::core::verdict::form::{CredentialsFault, FormRefusal};
use crate::core::verdict::header::HeaderRefusal;
use crate::core::verdict::issuer::{AcceptedIssuers, IssuerRefusal};
use crate::core::verdict::key::{KeyRefusal, KeySetAge};
use crate::core::verdict::kind::KindRefusal;
use crate::core::verdict::operation::{Deficit, OperationRefusal, Unmet};
use crate::core::verdict::possession::PossessionRefusal;
use crate::core::verdict::proof::ProofFault;
use crate::core::verdict::reason::Reason;
use crate::core::verdict::rejection::Rejection;
use crate::core::verdict::time::{Moment, TimeRefusal};

fn refusals_of_proofs() -> Vec<(Rejection, Reason, &'static str)> {
    let proof = |fault| Rejection::from(PossessionRefusal::Proof(fault));
    let json = |fault| ProofFault::Json {
        part: "header",
        fault,
    };
    let not_current = ProofFault::NotCurrent {
        claim: "iat",
        max_age: Duration::from_secs(61),
        max_ahead: Duration::from_secs(7),
    };
    #[rustfmt::skip]
    let refusals = vec![
        (proof(ProofFault::Missing), Reason::ProofMissing, "drop that header"),
        (proof(ProofFault::Several), Reason::ProofMalformed, "comma"),
        (proof(ProofFault::TooLong { limit: 77 }), Reason::ProofMalformed, "77 bytes"),
        (proof(ProofFault::NotAJwt), Reason::ProofMalformed, "three parts"),
        (proof(json(Fault::Syntax)), Reason::ProofMalformed, "within the bounds"),
        (proof(json(Fault::Duplicate)), Reason::ProofMalformed, "same name"),
        (proof(ProofFault::Type { expected: "dpop+jwt" }), Reason::ProofMalformed, "dpop+jwt"),
        (proof(ProofFault::Header("crit")), Reason::ProofMalformed, "\"crit\""),
        (proof(ProofFault::Algorithm), Reason::ProofMalformed, "proof_algorithms"),
        (proof(ProofFault::NoKey), Reason::ProofMalformed, "no jwk"),
        (proof(ProofFault::Key(KeyError::Private)), Reason::ProofMalformed, "private key"),
        (proof(ProofFault::Claim("jti")), Reason::ProofMalformed, "\"jti\""),
        (proof(ProofFault::LongId { limit: 77 }), Reason::ProofMalformed, "77 bytes"),
        (proof(ProofFault::Mismatch("htm")), Reason::ProofMismatch, "HTTP method"),
        (proof(ProofFault::Mismatch("htu")), Reason::ProofMismatch, "replace_path_prefix"),
        (proof(ProofFault::Mismatch("ath")), Reason::ProofMismatch, "another access token"),
        (proof(not_current), Reason::ProofNotCurrent, "61 s old"),
        (proof(ProofFault::NoNonce), Reason::ProofNonce, "no nonce"),
        (proof(ProofFault::OldNonce), Reason::ProofNonce, "from_secrets"),
        (proof(ProofFault::Signature), Reason::ProofBadSignature, "does not verify"),
        (proof(ProofFault::Replayed), Reason::ProofReplayed, "used before"),
    ];
    refusals
}

/// Every kind of refusal, with the words that its explanation must have.
fn refusals() -> Vec<(Rejection, Reason, &'static str)> {
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
    let form = FormRefusal::Fault;
    let credentials = |fault| FormRefusal::Credentials(fault).into();
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
    #[rustfmt::skip]
    let mut refusals = vec![
        (FormRefusal::NoCredentials.into(), Reason::NoCredentials, "no access token"),
        (credentials(CredentialsFault::SeveralLines), Reason::MalformedCredentials, "several"),
        (credentials(CredentialsFault::NoScheme), Reason::MalformedCredentials, "name of a scheme"),
        (credentials(CredentialsFault::NotOneToken), Reason::MalformedCredentials, "not one token"),
        (FormRefusal::DpopScheme.into(), Reason::DpopNotSupported, "scheme DPoP"),
        (form(too_long).into(), Reason::TooLong, "max_token_bytes"),
        (form(header_too_long).into(), Reason::TooLong, "header has 99 bytes"),
        (form(FormFault::Malformed).into(), Reason::MalformedToken, "not a token"),
        (form(FormFault::NotBase64url).into(), Reason::NotBase64url, "base64url"),
        (form(FormFault::MalformedHeader(Fault::Syntax)).into(), Reason::MalformedHeader, "header"),
        (form(FormFault::MalformedPayload(Fault::Duplicate)).into(), Reason::MalformedPayload, "claims set"),
        (form(FormFault::Unsigned).into(), Reason::Unsigned, "no signature"),
        (FormRefusal::Opaque { is_googles: true }.into(), Reason::OpaqueToken, "Google"),
        (FormRefusal::Opaque { is_googles: false }.into(), Reason::OpaqueToken, "no introspection"),
        (FormRefusal::Encrypted.into(), Reason::EncryptedToken, "JWE"),
        (FormRefusal::Inactive.into(), Reason::Inactive, "not active"),
        (IssuerRefusal::Missing { typ: "dpop+jwt".into() }.into(), Reason::IssuerMissing, "DPoP proof"),
        (IssuerRefusal::Mismatch { found: found(), accepted: of_policy() }.into(), Reason::IssuerMismatch, "found.example"),
        (IssuerRefusal::TenantNotAllowed { found: found(), policy: policy.clone() }.into(), Reason::TenantNotAllowed, "found.example"),
        (IssuerRefusal::TenantMismatch.into(), Reason::TenantMismatch, "tid"),
        (KindRefusal::TypeNotAccepted { found: "x+jwt".into(), policy: policy.clone() }.into(), Reason::TypeNotAccepted, "x+jwt"),
        (KindRefusal::NotAnAccessToken(Foreign::IdToken("nonce")).into(), Reason::NotAnAccessToken, "\"nonce\""),
        (KindRefusal::NotAnAccessToken(Foreign::Other("events")).into(), Reason::NotAnAccessToken, "\"events\""),
        (KindRefusal::NotAnAccessToken(Foreign::AuthorizationResponse("code")).into(), Reason::NotAnAccessToken, "JARM"),
        (KindRefusal::NotAnAccessToken(Foreign::Typ).into(), Reason::NotAnAccessToken, "typ among its claims"),
        (KindRefusal::NotAnAccessToken(Foreign::TokenUse).into(), Reason::NotAnAccessToken, "token_use"),
        (KindRefusal::NotAnAccessToken(Foreign::TokenType).into(), Reason::NotAnAccessToken, "token_type"),
        (HeaderRefusal::Critical.into(), Reason::CriticalHeader, "crit"),
        (HeaderRefusal::Unsupported("zip").into(), Reason::UnsupportedHeader, "\"zip\""),
        (HeaderRefusal::MalformedKeyId.into(), Reason::MalformedKeyId, "kid"),
        (HeaderRefusal::AlgorithmMissing.into(), Reason::AlgorithmMissing, "no alg"),
        (HeaderRefusal::AlgorithmUnknown { found: "X1".into() }.into(), Reason::AlgorithmUnknown, "\"X1\""),
        (HeaderRefusal::AlgorithmNotAllowed { found: "HS256".into(), allowed }.into(), Reason::AlgorithmNotAllowed, "It allows: "),
        (AudienceRefusal::Missing(policy.clone()).into(), Reason::AudienceMissing, "allow_jwt_without_audience"),
        (AudienceRefusal::MissingInResponse.into(), Reason::AudienceMissing, "allow_missing_audience, together with allowed_clients"),
        (AudienceRefusal::MissingWithType.into(), Reason::AudienceMissing, "neither aud nor token_type"),
        (AudienceRefusal::Mismatch { found: vec![found()], policy: policy.clone() }.into(), Reason::AudienceMismatch, "api.example.com"),
        (TimeRefusal::ExpiryMissing.into(), Reason::ExpiryMissing, "no exp"),
        (TimeRefusal::ExpiryNotInSeconds { unit: "milliseconds" }.into(), Reason::MalformedClaim, "milliseconds"),
        (TimeRefusal::Expired(moment).into(), Reason::Expired, "1000 s ago"),
        (TimeRefusal::NotYetValid(moment).into(), Reason::NotYetValid, "valid only from"),
        (TimeRefusal::IssuedInTheFuture(moment).into(), Reason::IssuedInTheFuture, "issued at"),
        (TimeRefusal::TooOld { issued: moment, max_age: limit }.into(), Reason::TooOld, "77 s"),
        (TimeRefusal::LifetimeTooLong { expires: moment, max_remaining: limit }.into(), Reason::LifetimeTooLong, "77 s"),
        (ClaimRefusal::Missing("jti").into(), Reason::ClaimMissing, "no \"jti\""),
        (ClaimRefusal::RequiredMissing { required: required(), slip: None }.into(), Reason::ClaimMissing, "\"acme\""),
        (ClaimRefusal::RequiredMismatch(required()).into(), Reason::ClaimMismatch, "\"acme\""),
        (ClaimRefusal::Malformed("exp").into(), Reason::MalformedClaim, "\"exp\""),
        (ClaimRefusal::EmptySubject.into(), Reason::MalformedClaim, "\"sub\" claim is empty"),
        (ClaimRefusal::MalformedActor.into(), Reason::MalformedClaim, "\"act\""),
        (ClaimRefusal::Unreadable(ClaimPath::from("groups")).into(), Reason::MalformedClaim, "\"groups\""),
        (ClaimRefusal::ClientNotAllowed { slip: None }.into(), Reason::ClientNotAllowed, "client"),
        (ClaimRefusal::MalformedScope.into(), Reason::MalformedScope, "characters"),
        (ClaimRefusal::ScopeInList.into(), Reason::MalformedScope, "allow_scope_array"),
        (PossessionRefusal::Malformed.into(), Reason::MalformedConfirmation, "cnf"),
        (PossessionRefusal::Unknown.into(), Reason::UnknownConfirmation, "cnf"),
        (PossessionRefusal::Missing.into(), Reason::ProofOfPossessionMissing, "cnf.jkt"),
        (PossessionRefusal::CertificateMissing.into(), Reason::ProofOfPossessionMissing, "client_certificates"),
        (PossessionRefusal::AnotherKey.into(), Reason::PossessionMismatch, "another key"),
        (PossessionRefusal::AnotherCertificate.into(), Reason::PossessionMismatch, "renewed"),
        (PossessionRefusal::NotBoundToKey.into(), Reason::TokenNotBound, "without a DPoP proof"),
        (PossessionRefusal::NoLongerBound.into(), Reason::TokenNotBound, "response"),
        (PossessionRefusal::NotBound { required: SenderConstraint::MutualTls }.into(), Reason::TokenNotBound, "mtls"),
        (credentials(CredentialsFault::PlaceWithoutOneToken), Reason::MalformedCredentials, "tokens_from"),
        (credentials(CredentialsFault::SeveralPlaces), Reason::MalformedCredentials, "several of the places"),
        (credentials(CredentialsFault::Certificate), Reason::MalformedCredentials, "from_header"),
    ];
    refusals.extend(refusals_of_proofs());
    refusals.extend(refusals_of_keys());
    refusals.extend(refusals_of_operations());
    refusals
}

/// Refusals of a good token.
fn refusals_of_operations() -> Vec<(Rejection, Reason, &'static str)> {
    let limit = Duration::from_secs(77);
    let scope = || Requirement::scope("orders:read");
    let unmet = |has_scope_claim, lacking: Requirement| {
        let lacks_role = lacking == Requirement::role("clerk");
        let deficit = Deficit {
            scopes: vec!["orders:read".to_owned()],
            acr: Vec::new(),
            max_age: (lacking == Requirement::max_age(limit)).then_some(limit),
            is_forbidden: lacks_role,
            lacks_scope: lacking == scope(),
            lacking: vec![lacking],
        };
        let (requirement, role_slip) = (scope(), None);
        OperationRefusal::Unmet(Box::new(Unmet {
            requirement,
            deficit,
            has_scope_claim,
            role_slip,
            reads_no_roles: lacks_role,
        }))
    };
    let denied = |denied| Rejection::from(DenialRefusal::of(denied));
    #[rustfmt::skip]
    let refusals = vec![
        (denied(Denied::Token), Reason::TokenDenied, "refused the token. It gave no reason"),
        (denied(Denied::Token).because("left"), Reason::TokenDenied, "refused the token: \"left\"."),
        (denied(Denied::Operation), Reason::OperationDenied, "refused the request. It gave no reason"),
        (denied(Denied::Operation).because("left"), Reason::OperationDenied, "refused the request: \"left\"."),
        (OperationRefusal::ClaimsDoNotFit { column: 7 }.into(), Reason::ClaimsDoNotFit, "column 7"),
        (unmet(true, scope()).into(), Reason::InsufficientScope, "which its scopes don't include"),
        (unmet(false, scope()).into(), Reason::InsufficientScope, "orders:read"),
        (unmet(true, Requirement::max_age(limit)).into(), Reason::AuthenticationInsufficient, "at most 77 s ago"),
        (unmet(true, Requirement::role("clerk")).into(), Reason::OperationNotAllowed, "role_claims"),
    ];
    refusals
}

fn refusals_of_keys() -> [(Rejection, Reason, &'static str); 3] {
    let id = || Some("key-1".to_owned());
    let key_of_another_issuer = KeyRefusal::OfAnotherIssuer {
        stated: "https://a.example.com".to_owned(),
        issuer: "https://b.example.com".to_owned(),
    };
    let unknown_key = KeyRefusal::Unknown {
        id: id(),
        id_is_known: false,
        is_by_thumbprint: false,
        algorithm: Algorithm::ES256,
        key_use: KeyUse::Signature,
        keys: Arc::new(KeySet::from_jwks(r#"{"keys":[]}"#).unwrap()),
        age: KeySetAge::default(),
    };
    let bad_signature = KeyRefusal::BadSignature {
        id: id(),
        algorithm: Algorithm::ES256,
        tried: 2,
    };
    [
        (unknown_key.into(), Reason::UnknownKey, "\"key-1\""),
        (
            key_of_another_issuer.into(),
            Reason::KeyOfAnotherIssuer,
            "published for issuer \"https://a.example.com\"",
        ),
        (bad_signature.into(), Reason::BadSignature, "2 keys"),
    ]
}

#[test]
fn p07_every_refusal_has_its_reason_and_its_own_explanation() {
    let mut explained = HashSet::new();
    for (rejection, reason, words) in refusals() {
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
    for (rejection, reason, _) in refusals() {
        let expected = match reason {
            Reason::NoCredentials => (401, None),
            Reason::MalformedCredentials => (400, Some("invalid_request")),
            Reason::InsufficientScope => (403, Some("insufficient_scope")),
            Reason::AuthenticationInsufficient => (401, Some("insufficient_user_authentication")),
            Reason::OperationNotAllowed | Reason::OperationDenied => (403, None),
            Reason::ProofMissing
            | Reason::ProofMalformed
            | Reason::ProofMismatch
            | Reason::ProofNotCurrent
            | Reason::ProofBadSignature
            | Reason::ProofReplayed => (401, Some("invalid_dpop_proof")),
            Reason::ProofNonce => (401, Some("use_dpop_nonce")),
            _ => (401, Some("invalid_token")),
        };
        assert_eq!(
            (rejection.status(), rejection.oauth_error()),
            expected,
            "{reason}"
        );
        let asks = rejection.requirement().is_some();
        let of_operations = [
            Reason::InsufficientScope,
            Reason::AuthenticationInsufficient,
            Reason::OperationNotAllowed,
        ];
        assert_eq!(asks, of_operations.contains(&reason), "{reason}");
    }
}
