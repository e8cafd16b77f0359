//! The order of checks (row P02) and what a refusal gives away (row P01).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error as _;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use crate::binding::secrecy::refused_proofs;
use crate::support::{API, Api, ISSUER, NOW, THUMBPRINT, block_on};
use resource_server::Reason::{
    self, AlgorithmMissing, AlgorithmNotAllowed, AlgorithmUnknown, AudienceMismatch,
    AudienceMissing, BadSignature, ClaimMismatch, ClaimMissing, ClientNotAllowed, CriticalHeader,
    EncryptedToken, Expired, ExpiryMissing, InsufficientScope, IssuedInTheFuture, IssuerMismatch,
    IssuerMissing, LifetimeTooLong, MalformedClaim, MalformedConfirmation, MalformedHeader,
    MalformedKeyId, MalformedPayload, MalformedScope, MalformedToken, NoCredentials,
    NotAnAccessToken, NotBase64url, NotYetValid, OpaqueToken, ProofOfPossessionMissing, TooLong,
    TooOld, TypeNotAccepted, UnknownConfirmation, UnknownKey, Unsigned, UnsupportedHeader,
};
use resource_server::decision::Denial;
use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{
    AccessToken, Algorithm, Credentials, Error, Evidence, Issuer, NumericDate, Policy,
    PolicyBuilder, PresentedToken, Profile, Rejection, Requirement, StaticKeys, Tenants, Validator,
    claims::{RequiredClaim, Thumbprint},
    introspection::IntrospectionResponse,
    keys::KeySet,
    verify,
};
use serde_json::json;

/// It appears in every part of a token that must not be shown.
const MARKER: &str = "s3cr3tM4rk3r";

type Change = fn(TestToken) -> TestToken;
type Put = fn(TestToken, &str) -> TestToken;

/// One fault each: the step of the order of checks that finds it, the reason, the member of the
/// token that has the fault, and how to make it. Two faults in one member make no pair.
#[rustfmt::skip]
const FAULTS: &[(u8, Reason, &str, Change)] = &[
    // Size and form.
    (0, TooLong, "pad", |t| t.claim("pad", "x".repeat(16 * 1024))),
    (0, Unsigned, "signature", TestToken::unsigned),
    (0, MalformedPayload, "nested", |t| t.claim("nested", nested(40))),
    // Issuer.
    (1, IssuerMissing, "iss", |t| t.without("iss")),
    (1, IssuerMismatch, "iss", |t| t.issuer("https://other.example.com")),
    (1, MalformedClaim, "iss", |t| t.claim("iss", json!([ISSUER]))),
    // typ and kind of token.
    (2, TypeNotAccepted, "typ", |t| t.typ("dpop+jwt")),
    (2, TypeNotAccepted, "typ", |t| t.header("typ", 1)),
    (2, NotAnAccessToken, "typ", |t| t.typ("JWT").claim("nonce", "n")),
    (2, NotAnAccessToken, "typ", |t| t.without_header("typ").claim("events", json!({}))),
    // crit and other header rules.
    (3, CriticalHeader, "crit", |t| t.header("crit", json!(["b64"]))),
    (3, UnsupportedHeader, "zip", |t| t.header("zip", "DEF")),
    (3, UnsupportedHeader, "b64", |t| t.header("b64", false)),
    (3, MalformedKeyId, "kid", |t| t.header("kid", 7)),
    // Algorithm.
    (4, AlgorithmMissing, "alg", |t| t.header("alg", 1)),
    (4, AlgorithmUnknown, "alg", |t| t.header("alg", "none")),
    (4, AlgorithmUnknown, "alg", |t| t.header("alg", "HS1")),
    (4, AlgorithmNotAllowed, "alg", |t| t.header("alg", "ES256K")),
    // Audience.
    (5, AudienceMissing, "aud", |t| t.without("aud")),
    (5, AudienceMismatch, "aud", |t| t.audience("https://other.example.com")),
    (5, MalformedClaim, "aud", |t| t.claim("aud", json!(null))),
    // Time.
    (6, ExpiryMissing, "exp", |t| t.without("exp")),
    (6, MalformedClaim, "exp", |t| t.claim("exp", "1")),
    (6, Expired, "exp", |t| t.claim("exp", NOW - 30)),
    (6, NotYetValid, "nbf", |t| t.claim("nbf", NOW + 31)),
    (6, IssuedInTheFuture, "iat", |t| t.claim("iat", NOW + 31)),
    (6, TooOld, "iat", |t| t.claim("iat", NOW - 9_999)),
    (6, LifetimeTooLong, "exp", |t| t.claim("exp", NOW + 9_999)),
    // Other claims and the shape of cnf.
    (7, MalformedClaim, "sub", |t| t.claim("sub", 1)),
    (7, MalformedClaim, "act", |t| t.claim("act", json!([]))),
    (7, MalformedClaim, "jti", |t| t.claim("jti", 1)),
    (7, ClaimMissing, "jti", |t| t.without("jti")),
    (7, ClientNotAllowed, "client_id", |t| t.client_id("other")),
    (7, ClaimMismatch, "sub", |t| t.subject("other")),
    (7, MalformedClaim, "roles", |t| t.claim("roles", 1)),
    (7, MalformedClaim, "email", |t| t.claim("email", json!([]))),
    (7, MalformedScope, "scope", |t| t.scope("a\tb")),
    (7, MalformedConfirmation, "cnf", |t| t.claim("cnf", json!({}))),
    (7, UnknownConfirmation, "cnf", |t| t.claim("cnf", json!({"kid": "a"}))),
    // Key, then signature, then the presenter.
    (8, UnknownKey, "kid", |t| t.header("kid", "strange-kid")),
    (9, BadSignature, "signature", |t| t.signature(&[0; 64])),
    (9, BadSignature, "signature", |t| t.signature(b"short")),
    (10, ProofOfPossessionMissing, "cnf", |t| t.claim("cnf", json!({"jkt": THUMBPRINT}))),
];

/// Every setting that a fault of the table needs, in the default profile.
fn strict() -> Api {
    Api::with(settings())
}

fn settings() -> PolicyBuilder {
    Policy::builder()
        .allowed_clients(["test-client"])
        .required_claim(RequiredClaim::equals("sub", "test-subject"))
        .role_claims(["roles"])
        .principal_claims(["email"])
        .max_token_age(Duration::from_secs(600))
        .max_remaining(Duration::from_secs(600))
}

fn nested(depth: usize) -> serde_json::Value {
    (0..depth).fold(json!(0), |inner, _| json!([inner]))
}

#[test]
fn p02_of_two_faults_the_earlier_check_gives_the_reason() {
    let api = strict();
    let rfc9068 = Api::with(settings().profile(Profile::Rfc9068));
    for (step, reason, member, fault) in FAULTS {
        // Only the profile of RFC 9068 requires a claim, and it accepts no other type.
        let api_of = |reasons: &[Reason]| match reasons {
            reasons if !reasons.contains(&ClaimMissing) => Some(&api),
            reasons if !reasons.contains(&NotAnAccessToken) => Some(&rfc9068),
            _ => None,
        };
        let alone = api_of(&[*reason]).unwrap();
        let found = alone.reason(&fault(alone.token()).mint());
        assert_eq!(found, Some(*reason), "P02: {member} alone");

        for (later_step, later_reason, later_member, later) in FAULTS {
            let Some(api) = api_of(&[*reason, *later_reason]) else {
                continue;
            };
            if later_step <= step || member == later_member {
                continue;
            }
            let token = later(fault(api.token())).mint();
            let shown = format!("P02: {reason} ({member}) before {later_reason} ({later_member})");
            assert_eq!(api.reason(&token), Some(*reason), "{shown}");
        }
    }
}

/// Texts of a wrong form, with every later fault in the same token.
#[test]
fn p02_form_comes_before_everything() {
    let api = strict();
    let worst = || {
        let worst = api
            .token()
            .issuer("https://other.example.com")
            .typ("dpop+jwt");
        worst
            .header("crit", json!([]))
            .header("alg", "none")
            .claim("exp", 0)
            .header("kid", 1)
    };
    let text = worst().mint();
    let (head, signature) = text.rsplit_once('.').unwrap();
    let (header, payload) = head.split_once('.').unwrap();
    let cases = [
        (
            worst().raw_payload(b"{\"iss\":1,\"iss\":1}").mint(),
            MalformedPayload,
        ),
        (
            worst()
                .raw_header(b"{\"alg\":\"none\",\"alg\":\"none\"}")
                .mint(),
            MalformedHeader,
        ),
        (worst().raw_header(b"{").mint(), MalformedHeader),
        (format!("{header}=.{payload}.{signature}"), NotBase64url),
        (format!("{header}.{payload}=.{signature}"), NotBase64url),
        (format!("{header}.{payload}.{signature}="), NotBase64url),
        (format!("{header}.{payload}."), Unsigned),
        (format!("{header}.{payload}"), OpaqueToken),
        (
            format!("{header}.{payload}.{signature}.{payload}.{payload}"),
            EncryptedToken,
        ),
        (format!("{text} "), NotBase64url),
        (format!(" {text}"), MalformedToken),
        // Size is first of all, before form.
        (format!(" {text}{}", " ".repeat(16 * 1024)), TooLong),
        (
            format!("{header}.{payload}.{}", "=".repeat(16 * 1024)),
            TooLong,
        ),
    ];
    for (token, expected) in cases {
        assert_eq!(api.reason(&token), Some(expected), "P02: {expected}");
    }
    // The size of the header is checked before its text and before the rest of the token.
    let long = worst()
        .raw_header(&b"{".repeat(4 * 1024))
        .raw_payload(b"null")
        .unsigned()
        .mint();
    assert_eq!(api.reason(&long), Some(TooLong), "P02: header");
}

/// Tokens with the marker in every place that may not be seen, for as many reasons as a token can
/// be refused for.
fn marked() -> Vec<(Option<Api>, Reason, String)> {
    #[rustfmt::skip]
    let faults: &[(Reason, Change)] = &[
        (ExpiryMissing, |t| t.without("exp")),
        (NotYetValid, |t| t.claim("nbf", NOW + 31)),
        (IssuedInTheFuture, |t| t.claim("iat", NOW + 31)),
        (MalformedClaim, |t| t.claim("sub", json!([MARKER]))),
        (MalformedClaim, |t| t.claim("jti", json!({MARKER: MARKER}))),
        (MalformedClaim, |t| t.claim("exp", MARKER)),
        (MalformedClaim, |t| t.claim("aud", json!({MARKER: MARKER}))),
        (MalformedClaim, |t| t.claim("iss", json!([MARKER]))),
        (MalformedScope, |t| t.scope(&format!("{MARKER}\t"))),
        (MalformedConfirmation, |t| t.claim("cnf", MARKER)),
        (MalformedConfirmation, |t| t.claim("cnf", json!({"jkt": MARKER}))),
        (UnknownConfirmation, |t| t.claim("cnf", json!({MARKER: MARKER}))),
        (NotAnAccessToken, |t| t.typ("JWT").claim("nonce", MARKER)),
        (NotAnAccessToken, |t| t.typ("JWT").claim("events", json!({MARKER: {}}))),
        (CriticalHeader, |t| t.header("crit", json!([MARKER]))),
        (UnsupportedHeader, |t| t.header("zip", MARKER)),
        (UnsupportedHeader, |t| t.header("cty", "JWT").header("x", MARKER)),
        (MalformedKeyId, |t| t.header("kid", json!([MARKER]))),
        (AlgorithmMissing, |t| t.header("alg", json!([MARKER]))),
        (TypeNotAccepted, |t| t.header("typ", json!([MARKER]))),
        (MalformedPayload, |t| t.claim("x", nested(40))),
        (MalformedPayload, |t| t.raw_payload(format!("{{\"{MARKER}\":\"{MARKER}\"").as_bytes())),
        (MalformedHeader, |t| t.raw_header(format!("{{\"{MARKER}\"").as_bytes())),
        (Unsigned, TestToken::unsigned),
        (TooLong, |t| t.claim("pad", MARKER.repeat(2_000))),
        (TooLong, |t| t.header("pad", MARKER.repeat(500))),
        (UnknownKey, |t| t.header("kid", "strange-kid")),
        (UnknownKey, |t| t.algorithm(Algorithm::ES384).header("kid", "p256-0")),
        (BadSignature, |t| t.signature(&[0; 64])),
        (BadSignature, |t| t.signature(MARKER.as_bytes())),
        (ProofOfPossessionMissing, |t| t.claim("cnf", json!({"jkt": THUMBPRINT, MARKER: MARKER}))),
    ];
    let mut cases = Vec::new();
    for (step, reason, _, change) in FAULTS {
        // The marker's claims replace nothing that these faults change but the client and `jti`.
        if !matches!(
            reason,
            ClaimMissing | ClientNotAllowed | TooOld | LifetimeTooLong
        ) && *step != 7
        {
            let api = Api::new();
            let token = change(mark(api.token())).mint();
            cases.push((Some(api), *reason, token));
        }
    }
    for (reason, change) in faults {
        let api = Api::new();
        let token = change(mark(api.token())).mint();
        cases.push((Some(api), *reason, token));
    }
    let by = |settings: PolicyBuilder, reason, change: Change| {
        let api = Api::with(settings);
        let token = change(mark(api.token())).mint();
        (Some(api), reason, token)
    };
    let seconds = Duration::from_secs;
    cases.push(by(
        Policy::builder().allowed_clients(["web"]),
        ClientNotAllowed,
        |t| t,
    ));
    let tenant = Policy::builder().required_claim(RequiredClaim::equals("email", "acme"));
    for (settings, reason) in [
        (tenant, ClaimMismatch),
        (Policy::builder().role_claims(["act"]), MalformedClaim),
    ] {
        cases.push(by(settings, reason, |t| t));
    }
    cases.push(by(
        Policy::builder().max_token_age(seconds(1)),
        TooOld,
        |t| t.claim("iat", NOW - 31),
    ));
    cases.push(by(
        Policy::builder().max_remaining(seconds(1)),
        LifetimeTooLong,
        |t| t,
    ));
    let rfc9068 = Policy::builder().profile(Profile::Rfc9068);
    cases.push(by(rfc9068, ClaimMissing, |t| t.without("iat")));
    for (text, reason) in [
        (MARKER.to_owned(), OpaqueToken),
        (format!("{MARKER} {MARKER}"), MalformedToken),
        (format!("Bearer {MARKER}"), MalformedToken),
        (format!("eyJ9.{MARKER}.a.b.c"), EncryptedToken),
        (format!("eyJ9=.{MARKER}.a"), NotBase64url),
    ] {
        cases.push((None, reason, text));
    }
    cases
}

/// A token with the marker in every claim and header that may not be seen.
fn mark(token: TestToken) -> TestToken {
    token
        .subject(MARKER)
        .client_id(MARKER)
        .scope(MARKER)
        .claim("jti", MARKER)
        .claim("email", MARKER)
        .claim("acr", MARKER)
        .claim("act", json!({"sub": MARKER}))
        .claim(MARKER, MARKER)
        .header("jku", MARKER)
}

/// No marker, in any spelling that a token gives it, and no piece of the token.
#[track_caller]
fn assert_secret(what: &str, shown: &str, token: &str) {
    assert!(!shown.contains(MARKER), "P01: {what}: {shown}");
    for part in token.split('.').filter(|part| part.len() >= 8) {
        for piece in [&part[..8], &part[part.len() - 8..]] {
            assert!(
                !shown.contains(piece),
                "P01: {what} shows a piece of the token: {shown}"
            );
        }
    }
}

/// The whole answer. The client must learn neither what the token says nor what this API expects.
fn answer_to(error: &Error) -> String {
    let answer = error.answer();
    let headers: Vec<_> = answer.headers().collect();
    format!("{} {headers:?} {answer:?}", answer.body())
}

fn assert_rejection_is_secret(rejection: &Rejection, token: &str) {
    assert!(rejection.source().is_none(), "P01");
    for shown in [
        format!("{rejection}"),
        format!("{rejection:?}"),
        format!("{rejection:#?}"),
        rejection.explain(),
    ] {
        assert_secret(rejection.reason().as_str(), &shown, token);
    }
    for shown in [format!("{rejection}"), format!("{rejection:?}")] {
        assert!(shown.contains(rejection.reason().as_str()), "P01: {shown}");
        // Whether the issuer vouches for it, where there was a token.
        let is_verified = rejection.reason().is_found_in_verified_token();
        let when = if is_verified { "after" } else { "before" };
        let without_token = [Reason::NoCredentials, Reason::MalformedCredentials];
        let has_token = !without_token.contains(&rejection.reason());
        assert_eq!(shown.contains(when), has_token, "P02: {shown}");
        // No value of the token at all, not even those that explain() may show.
        for value in [
            ISSUER,
            API,
            "p256-0",
            "strange-kid",
            "other.example.com",
            "1970",
            "2023",
        ] {
            assert!(!shown.contains(value), "P01: {shown}");
        }
    }
    // A sentence, not only the machine name.
    let explained = rejection.explain();
    let last = explained.trim_end_matches(')').chars().last();
    let is_sentence = matches!(last, Some('.' | '?')) && explained.split(' ').count() >= 4;
    assert!(is_sentence, "P07: {explained}");
    assert_ne!(explained, rejection.reason().as_str(), "P07");
}

#[test]
fn p01_no_refusal_shows_what_the_token_says() {
    let mut provoked: HashSet<Reason> = HashSet::new();
    let fallback = Api::new();
    for (api, reason, token) in marked() {
        let api = api.as_ref().unwrap_or(&fallback);
        let rejection = api.judge(&token).unwrap_err();
        assert_eq!(rejection.reason(), reason, "P01");
        assert_rejection_is_secret(&rejection, &token);
        provoked.insert(reason);

        let error = block_on(api.validator.validate(&token)).unwrap_err();
        for shown in [
            format!("{error}"),
            format!("{error:?}"),
            format!("{error:#?}"),
        ] {
            assert_secret("Error", &shown, &token);
        }
        let answer = answer_to(&error);
        assert_secret("Answer", &answer, &token);
        for value in [ISSUER, API, "p256-0", "strange-kid", "http"] {
            assert!(!answer.contains(value), "P01: {answer}");
        }
        // Found before the signature was checked: never a 403.
        assert_eq!(error.status(), 401, "P02: {reason}");
        if let Ok(presented) = PresentedToken::parse(&token) {
            assert_secret(
                "PresentedToken",
                &format!("{presented:?}{presented:#?}"),
                &token,
            );
            let jwt = format!("{:?}{:#?}", presented.jwt(), presented.jwt());
            assert_secret("UnverifiedJwt", &jwt, &token);
        }
        assert_secret(
            "Credentials",
            &format!("{:?}", Credentials::bearer(&token)),
            &token,
        );
        assert_secret(
            "Validator",
            &format!("{:?}{:#?}", api.validator, api.validator),
            &token,
        );
    }
    let others = [without_credentials(), unfit(), inactive()];
    for rejection in others.into_iter().chain(of_operations()).chain(denied()) {
        provoked.insert(rejection.reason());
    }
    for line in [
        format!("Bearer {MARKER} {MARKER}"),
        format!("DPoP {MARKER}"),
    ] {
        let presented = Credentials::from_authorization([line.as_bytes()]);
        let judged = block_on(fallback.validator.authenticate(&presented));
        let Err(Error::Rejected(rejection)) = judged else {
            panic!("P01: {judged:?}");
        };
        assert_rejection_is_secret(&rejection, &line);
        provoked.insert(rejection.reason());
        assert_secret("Answer", &answer_to(&rejection.into()), &line);
    }
    for (rejection, proof) in refused_proofs(MARKER) {
        assert_rejection_is_secret(&rejection, &proof);
        provoked.insert(rejection.reason());
        assert_secret("Answer", &answer_to(&rejection.into()), &proof);
    }
    provoked.extend(of_tenants());
    let never: Vec<_> = Reason::ALL
        .iter()
        .filter(|reason| !provoked.contains(reason))
        .collect();
    assert!(never.is_empty(), "P01: not provoked: {never:?}");
}

/// By the authorization server's answer, which no JWT brings about.
fn inactive() -> Rejection {
    let response = IntrospectionResponse::from_json(r#"{"active":false}"#).unwrap();
    let policy = Policy::builder()
        .issuer(ISSUER)
        .audience(API)
        .build()
        .unwrap();
    let token = PresentedToken::parse("opaque").unwrap();
    let evidence = Evidence::Introspection(Arc::new(response));
    verify(&token, &evidence, &policy, NumericDate::from_secs(NOW)).unwrap_err()
}

/// The reasons that only issuers with many tenants have.
fn of_tenants() -> [Reason; 3] {
    let acme = "https://as.example.com/acme";
    let signer = TestIssuer::new(acme, API);
    let mut set: serde_json::Value = serde_json::from_str(&signer.jwks()).unwrap();
    let keys = set["keys"].as_array_mut().unwrap();
    for key in keys {
        // Published by the issuer, so explain() may show it.
        key["issuer"] = json!("https://as.example.com/initech");
    }
    let evidence = Evidence::Keys(Arc::new(KeySet::from_jwks(&set.to_string()).unwrap()));
    let refusal = |tenants: Tenants, change: Change| {
        let policy = Policy::builder()
            .issuer("https://as.example.com/{tenant}")
            .audience(API)
            .tenants(tenants);
        let at = NumericDate::from_secs(NOW);
        let text = change(mark(signer.token().issued_at(at))).mint();
        let token = PresentedToken::parse(&text).unwrap();
        let rejection = verify(&token, &evidence, &policy.build().unwrap(), at).unwrap_err();
        assert_rejection_is_secret(&rejection, &text);
        rejection.reason()
    };
    let reasons = [
        refusal(Tenants::only(["globex"]), |t| t),
        refusal(Tenants::any(), |t| t.claim("tid", MARKER)),
        refusal(Tenants::any(), |t| t),
    ];
    assert_eq!(
        reasons,
        [
            Reason::TenantNotAllowed,
            Reason::TenantMismatch,
            Reason::KeyOfAnotherIssuer
        ]
    );
    reasons
}

fn without_credentials() -> Rejection {
    match block_on(Api::new().validator.authenticate(&Credentials::none())) {
        Err(Error::Rejected(rejection)) => {
            assert_rejection_is_secret(&rejection, MARKER);
            assert_eq!(rejection.reason(), NoCredentials);
            rejection
        }
        other => panic!("{other:?}"),
    }
}

/// An accepted token with the marker in it, and its text.
fn accepted() -> (AccessToken, String) {
    let api = Api::new();
    let text = mark(api.token()).mint();
    (api.judge(&text).unwrap(), text)
}

/// Refusals of an operation, of each kind.
fn of_operations() -> [Rejection; 3] {
    let cases = [
        (Requirement::scope("orders:read"), InsufficientScope, 403),
        (
            Requirement::acr(["gold"]),
            Reason::AuthenticationInsufficient,
            401,
        ),
        (Requirement::role("clerk"), Reason::OperationNotAllowed, 403),
    ];
    cases.map(|(requirement, reason, status)| {
        let (token, text) = accepted();
        match token.require(&requirement) {
            Err(Error::Rejected(rejection)) => {
                assert_rejection_is_secret(&rejection, &text);
                assert_eq!((rejection.reason(), rejection.status()), (reason, status));
                rejection
            }
            other => panic!("{other:?}"),
        }
    })
}

/// Refusals by a check of the API's own.
fn denied() -> [Rejection; 2] {
    let signer = TestIssuer::new(ISSUER, API);
    [Denial::token(), Denial::operation()].map(|denial| {
        let text = mark(signer.token()).mint();
        let builder = Validator::builder().audience(API);
        let builder = builder.issuer(signer.to_issuer()).check(move |_| {
            let denial = denial.clone();
            async move { Err(denial) }
        });
        match block_on(builder.build().unwrap().validate(&text)) {
            Err(Error::Rejected(rejection)) => {
                assert_rejection_is_secret(&rejection, &text);
                rejection
            }
            other => panic!("{other:?}"),
        }
    })
}

/// serde's own messages quote what they found.
fn unfit() -> Rejection {
    let (token, text) = accepted();
    let Err(Error::Rejected(rejection)) = token.claims::<HashMap<String, u64>>() else {
        unreachable!()
    };
    assert_rejection_is_secret(&rejection, &text);
    assert_eq!(rejection.status(), 401);
    assert_eq!(rejection.reason(), Reason::ClaimsDoNotFit);
    rejection
}

#[test]
fn p01_an_accepted_token_shows_no_claim() {
    fn shown(value: &impl Debug) -> String {
        format!("{value:?}{value:#?}")
    }
    let (token, text) = accepted();
    for shown in [
        shown(&token),
        shown(&token.scopes()),
        shown(&token.audience()),
        shown(&token.identity()),
        shown(&token.confirmation()),
    ] {
        assert_secret("AccessToken", &shown, &text);
    }
    assert!(!shown(&token.audience()).contains(API), "P01");
    assert!(
        !shown(&THUMBPRINT.parse::<Thumbprint>()).contains(THUMBPRINT),
        "P01"
    );
}

/// The output is not empty: a log line still says what was there, and of a token what an operator
/// may see.
#[test]
fn p01_debug_names_the_type() {
    let api = Api::new();
    let text = api.token().scope("a b").subject("alice").mint();
    let presented = PresentedToken::parse(&text).unwrap();
    let keys = KeySet::from_jwks(&api.issuer.jwks()).unwrap();
    let set_shown = format!("{keys:?}");
    let key_shown = format!("{:?}", keys.keys().next().unwrap());
    let policy = Policy::builder()
        .algorithms([Algorithm::ES256])
        .issuer(ISSUER)
        .audience(API)
        .build()
        .unwrap();
    let evidence = Evidence::Keys(Arc::new(keys));
    let unconfirmed = verify(&presented, &evidence, &policy, NumericDate::from_secs(NOW)).unwrap();
    let token = api.judge(&text).unwrap();
    let of = |text| format!("{:?}", PresentedToken::parse(text).unwrap());
    let token_shown = format!(
        "AccessToken {{ issuer: {ISSUER:?}, algorithm: Some(ES256), key_id: Some(\"p256-0\"), .. }}"
    );
    let policy_shown = format!(
        "Policy {{ issuer: {ISSUER:?}, audiences: [{API:?}], algorithms: [ES256], profile: Default, .. }}"
    );
    for (shown, expected) in [
        (
            set_shown,
            "KeySet { key_ids: [\"p256-0\"], skipped: [], notes: [], .. }",
        ),
        (
            key_shown,
            "VerificationKey { key_id: Some(\"p256-0\"), algorithms: [ES256], .. }",
        ),
        (format!("{policy:?}"), &policy_shown),
        (format!("{presented:?}"), "PresentedToken(JWT)"),
        (of("2YotnFZFEjr1zCsicMWpAA"), "PresentedToken(opaque)"),
        (of("eyJ9.a.b.c.d"), "PresentedToken(encrypted)"),
        (
            format!("{:?}", presented.jwt().unwrap()),
            "UnverifiedJwt(..)",
        ),
        (format!("{unconfirmed:?}"), "Unconfirmed(..)"),
        (format!("{token:?}"), &token_shown),
        (format!("{:?}", token.scopes()), "ScopeSet(2 scopes)"),
        (format!("{:?}", token.audience()), "Audience(1 entries)"),
        (format!("{:?}", token.identity().unwrap()), "Identity(..)"),
        (
            format!("{:?}", THUMBPRINT.parse::<Thumbprint>().unwrap()),
            "Thumbprint(..)",
        ),
        (
            format!("{:?}", api.judge("").unwrap_err()),
            "Rejection(token refused: malformed_token (found before its signature was checked))",
        ),
        (
            without_credentials().to_string(),
            "request refused: no_credentials",
        ),
        (
            unfit().to_string(),
            "token refused: claims_do_not_fit (found after the token was validated)",
        ),
    ] {
        assert_eq!(shown, expected, "P01");
    }
}

#[test]
fn p01_values_in_explain_are_escaped_and_cut() {
    let nasty = "a\r\nlevel=info msg=\"ok\" \u{1b}[2J\u{202e}\u{0}\u{85}é";
    let long = "x".repeat(1_000);
    #[rustfmt::skip]
    let places: [(Reason, Put); 6] = [
        (IssuerMismatch, |t, value| t.issuer(value)),
        (AudienceMismatch, |t, value| t.audience(value)),
        (AudienceMismatch, |t, value| t.claim("aud", json!([value, value]))),
        (TypeNotAccepted, |t, value| t.typ(value)),
        (AlgorithmUnknown, |t, value| t.header("alg", value)),
        (UnknownKey, |t, value| t.header("kid", value)),
    ];
    let api = Api::new();
    for (reason, put) in places {
        let rejection = api.judge(&put(api.token(), nasty).mint()).unwrap_err();
        let explained = rejection.explain();
        assert_eq!(rejection.reason(), reason, "P01");
        assert!(
            explained.chars().all(|c| c.is_ascii_graphic() || c == ' '),
            "P01: {explained:?}"
        );
        assert!(
            explained.contains(r"a\r\nlevel=info msg=\"),
            "P01: {explained}"
        );

        let explained = api
            .judge(&put(api.token(), &long).mint())
            .unwrap_err()
            .explain();
        assert!(explained.contains(&long[..128]), "P01: {explained}");
        assert!(!explained.contains(&long[..129]), "P01: {explained}");
    }
    // A kid under which the signature fails is shown too; many audiences are not all shown.
    let forged = api.token().signature(&[0; 64]).without_header("kid").mint();
    assert!(
        api.judge(&forged).unwrap_err().explain().len() < 1_000,
        "P01"
    );
    let many: Vec<_> = (0..900).map(|n| format!("urn:{n}")).collect();
    let explained = api
        .judge(&api.token().claim("aud", json!(many)).mint())
        .unwrap_err()
        .explain();
    assert!(explained.len() < 2_000, "P01: {explained}");
}

/// A published kid is a value from outside as well.
#[test]
fn t08_the_kids_of_the_issuers_keys_are_escaped_and_cut_in_explain() {
    let api = Api::new();
    for (kid, kept) in [("a\r\nb\u{1b}[2J".to_owned(), 14), ("x".repeat(1_000), 128)] {
        let mut jwks: serde_json::Value = serde_json::from_str(&api.issuer.jwks()).unwrap();
        jwks["keys"][0]["kid"] = json!(kid);
        let keys = StaticKeys::from_jwks(&jwks.to_string()).unwrap();
        let validator = Validator::builder()
            .audience(API)
            .issuer(Issuer::new(ISSUER).keys(keys))
            .clock(api.clock.clone())
            .build()
            .unwrap();
        let Some(Err(Error::Rejected(rejection))) = validator.validate_cached(&api.token().mint())
        else {
            panic!("T08: the kid is another")
        };
        assert_eq!(rejection.reason(), UnknownKey, "T08");
        let explained = rejection.explain();
        assert!(
            explained.chars().all(|c| c.is_ascii_graphic() || c == ' '),
            "T08: {explained:?}"
        );
        assert!(
            explained.len() < 400 + kept,
            "T08: {} bytes",
            explained.len()
        );
    }
}

#[test]
fn p02_reasons_have_stable_names_of_their_own() {
    let names: BTreeMap<_, _> = Reason::ALL
        .iter()
        .map(|reason| (reason.as_str(), reason))
        .collect();
    assert_eq!(names.len(), Reason::ALL.len());
    for (name, reason) in names {
        assert!(
            name.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        );
        assert_eq!(name, reason.to_string());
        // The name in code, in another case.
        assert_eq!(name.replace('_', ""), format!("{reason:?}").to_lowercase());
    }
    // Only a token that the issuer vouches for may be answered by 403.
    let verified: Vec<_> = Reason::ALL
        .iter()
        .filter(|r| r.is_found_in_verified_token())
        .collect();
    assert_eq!(
        verified,
        [
            &Reason::ProofBadSignature,
            &Reason::ProofReplayed,
            &Reason::PossessionMismatch,
            &Reason::TokenNotBound,
            &ProofOfPossessionMissing,
            &Reason::ClaimsDoNotFit,
            &Reason::TokenDenied,
            &InsufficientScope,
            &Reason::AuthenticationInsufficient,
            &Reason::OperationNotAllowed,
            &Reason::OperationDenied,
        ]
    );
}
