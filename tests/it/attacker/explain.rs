//! What `explain()` says to the person on call (row P07; also rows C01 and T08, which require a
//! sentence).

use std::time::Duration;

use crate::support::{API, Api, ISSUER, NOW, assert_explained, block_on};
use resource_server::Reason::{
    self, AlgorithmNotAllowed, AlgorithmUnknown, AudienceMismatch, AudienceMissing, BadSignature,
    ClaimMissing, EncryptedToken, Expired, IssuerMismatch, IssuerMissing, MalformedClaim,
    MalformedToken, NotAnAccessToken, OpaqueToken, TypeNotAccepted, UnknownKey, Unsigned,
    UnsupportedHeader,
};
use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{
    Algorithm, Error, Issuer, NumericDate, Policy, PolicyBuilder, Profile, Rejection, StaticKeys,
    Validator, claims::RequiredClaim,
};
use serde_json::{Value, json};

#[track_caller]
fn refusal(validator: &Validator, token: &str) -> Rejection {
    match block_on(validator.validate(token)) {
        Err(Error::Rejected(rejection)) => rejection,
        other => panic!("not refused: {other:?}"),
    }
}

/// A Validator that trusts issuers of these names.
fn trusting(names: &[&str]) -> Validator {
    names
        .iter()
        .map(|name| TestIssuer::new(name, API).to_issuer())
        .fold(Validator::builder().audience(API), |builder, issuer| {
            builder.issuer(issuer)
        })
        .build()
        .unwrap()
}

/// Configured, found, how they differ; and words that would lead astray.
#[rustfmt::skip]
const ISSUERS: &[(&str, &str, &str, &[&str])] = &[
    ("https://as.example.com", "https://as.example.com/", "trailing slash", &["path", "port"]),
    ("https://as.example.com/", "https://as.example.com", "trailing slash", &["path", "port"]),
    ("https://as.example.com/a", "https://as.example.com/a/", "trailing slash", &["path", "port"]),
    ("https://as.example.com", "http://as.example.com", "scheme", &["slash", "path", "port"]),
    ("http://localhost:8080/a", "https://localhost:8080/a", "scheme", &["slash", "path", "port"]),
    ("https://as.example.com", "https://AS.example.com", "case", &["slash", "path", "port"]),
    ("https://as.example.com/realms/Orders", "https://as.example.com/realms/orders", "case", &["slash", "port"]),
    ("https://as.example.com/realms/a", "https://as.example.com/realms/b", "path", &["slash", "port"]),
    ("https://login.example/tenant-1/v2.0", "https://login.example/tenant-2/v2.0", "tenant", &["slash", "port"]),
    ("https://as.example.com", "https://as.example.com/tenant", "path", &["port"]),
    ("https://as.example.com/realms/dev", "https://as.example.com/realms/prod", "environment", &["port"]),
    ("https://as.example.com:8443", "https://as.example.com", "port", &["slash", "path"]),
    ("http://localhost:8080", "http://localhost:9090", "port", &["slash", "path"]),
    ("https://as.example.com", "https://other.example.com", "not configured", &["slash", "path", "port", "scheme"]),
    ("https://as.example.com", "https://other.example.com:8443", "not configured", &["slash", "path", "port", "scheme"]),
    ("https://as.example.com", "http://other.example.com", "not configured", &["slash", "path", "port", "scheme"]),
    ("https://as.example.com", "https://as.example.com.evil.example", "not configured", &["slash", "path", "port"]),
    ("https://as.example.com", "https://as.example.com:x@evil.example", "not configured", &["slash", "port"]),
    ("https://as.example.com", "https://evil.example/as.example.com", "not configured", &["slash", "port"]),
    ("https://as.example.com", "urn:as", "not configured", &["slash", "path", "port", "scheme"]),
    ("https://as.example.com", "", "not configured", &["slash", "path", "port", "scheme"]),
];

#[test]
fn p07_another_issuer_is_told_by_how_it_differs() {
    assert_told(ISSUERS);
}

/// Two hosts, though both begin with a bracket.
#[test]
fn p07_an_address_in_brackets_is_a_host() {
    assert_told(&[
        (
            "http://[::1]:8080",
            "http://[::1]:9090",
            "port",
            &["slash", "path"],
        ),
        (
            "http://[::]:8080",
            "http://[::]:9090",
            "port",
            &["slash", "path"],
        ),
        (
            "http://[::1]:8080",
            "http://[::2]:8080",
            "not configured",
            &["slash", "path", "port"],
        ),
    ]);
}

#[track_caller]
fn assert_told(table: &[(&str, &str, &str, &[&str])]) {
    for (configured, found, difference, lacks) in table {
        let validator = trusting(&[configured]);
        let token = TestIssuer::new(found, API).token().mint();
        let rejection = refusal(&validator, &token);
        let (configured, found) = (format!("\"{configured}\""), format!("\"{found}\""));
        assert_explained(
            &rejection,
            IssuerMismatch,
            &[&configured, &found, difference],
            lacks,
        );
    }
}

#[test]
fn p07_of_several_issuers_the_nearest_is_named() {
    for (names, found, has, lacks) in [
        (
            ["https://as.example.com/a", "https://as.example.com/b/"],
            "https://as.example.com/b",
            ["\"https://as.example.com/b/\"", "trailing slash"],
            ["tenant", "port"],
        ),
        (
            ["https://as.example.com/b", "https://as.example.com/A"],
            "https://as.example.com/a",
            ["\"https://as.example.com/A\"", "case"],
            ["tenant", "port"],
        ),
        (
            ["https://one.example.com", "https://as.example.com:8443"],
            "https://as.example.com",
            ["\"https://as.example.com:8443\"", "port"],
            ["slash", "tenant"],
        ),
        (
            ["https://one.example.com", "https://two.example.com"],
            "https://three.example.com",
            ["\"https://one.example.com\"", "\"https://two.example.com\""],
            ["slash", "port"],
        ),
    ] {
        let token = TestIssuer::new(found, API).token().mint();
        assert_explained(
            &refusal(&trusting(&names), &token),
            IssuerMismatch,
            &has,
            &lacks,
        );
    }
}

/// An expired token of another environment is explained as a token of another environment.
#[test]
fn p07_the_issuer_is_told_before_the_time() {
    let token = TestIssuer::new("https://as.example.com/dev", API).token();
    let rejection = refusal(
        &trusting(&["https://as.example.com/prod"]),
        &token.claim("exp", 0).mint(),
    );
    assert_explained(
        &rejection,
        IssuerMismatch,
        &["/dev", "/prod", "environment"],
        &["expired"],
    );
}

type Change = fn(TestToken) -> TestToken;

#[rustfmt::skip]
const FOREIGN: &[(Reason, Change, &[&str], &[&str])] = &[
    // Another audience: the one that the token has, and the one that this API accepts.
    (AudienceMismatch, |t| t.audience("https://other.example.com"),
        &["audience", "\"https://other.example.com\"", "\"https://api.example.com\""], &["expired"]),
    (AudienceMismatch, |t| t.claim("aud", json!(["account", "urn:b"])),
        &["audience", "\"account\"", "\"urn:b\"", "\"https://api.example.com\""], &[]),
    (AudienceMismatch, |t| t.audience("https://api.example.com/"),
        &["\"https://api.example.com/\"", "\"https://api.example.com\"", "trailing slash"], &["case"]),
    (AudienceMismatch, |t| t.audience("https://API.example.com"), &["upper and lower case"], &["slash", "scheme"]),
    (AudienceMismatch, |t| t.audience("http://api.example.com"), &["only in the scheme"], &["slash", "case"]),
    (AudienceMismatch, |t| t.audience("https://api.example.com/b"), &["another audience"], &["differ"]),
    (AudienceMissing, |t| t.without("aud"), &["no audience", "resource"], &[]),
    // An ID token.
    (NotAnAccessToken, |t| t.typ("JWT").claim("nonce", "n-0S6"), &["ID token", "nonce", "access token"], &["n-0S6"]),
    (NotAnAccessToken, |t| t.without_header("typ").claim("at_hash", "h-1"), &["ID token", "at_hash"], &["h-1"]),
    (NotAnAccessToken, |t| t.typ("JWT").claim("typ", "Refresh"), &["refresh", "access token"], &[]),
    (NotAnAccessToken, |t| t.typ("JWT").claim("events", json!({})), &["events", "not an access token"], &["ID token"]),
    // Algorithms that are never accepted, or left out.
    (AlgorithmUnknown, |t| t.header("alg", "none"), &["unsecured", "none", "never"], &[]),
    (AlgorithmUnknown, |t| t.header("alg", "NoNe"), &["unsecured", "never"], &[]),
    (Unsigned, |t| t.header("alg", "none").unsigned(), &["no signature", "never"], &[]),
    (AlgorithmNotAllowed, |t| t.header("alg", "HS256"), &["\"HS256\"", "shared secret", "public keys"], &[]),
    (AlgorithmUnknown, |t| t.header("alg", "RS1"), &["\"RS1\"", "not supported here"], &["shared secret"]),
    (AlgorithmNotAllowed, |t| t.algorithm(Algorithm::ES256K), &["\"ES256K\"", "policy", "ES256,", "RS256"], &["never"]),
    // Members of the header, and claims, by their names.
    (UnsupportedHeader, |t| t.header("zip", "DEF"), &["header", "\"zip\"", "must not have"], &["claim"]),
    (MalformedClaim, |t| t.claim("jti", 1), &["\"jti\"", "type"], &["header", "requires"]),
    (MalformedClaim, |t| t.subject(""), &["\"sub\"", "empty"], &["type"]),
    // Other kinds by their type.
    (TypeNotAccepted, |t| t.typ("dpop+jwt"), &["\"dpop+jwt\"", "DPoP proof", "at+jwt"], &[]),
    (TypeNotAccepted, |t| t.typ("logout+jwt"), &["\"logout+jwt\"", "logout token"], &["DPoP"]),
    (TypeNotAccepted, |t| t.typ("secevent+jwt"), &["\"secevent+jwt\"", "security event"], &["DPoP"]),
    (TypeNotAccepted, |t| t.typ("token-introspection+jwt"), &["signed introspection response"], &["DPoP"]),
];

#[test]
fn p07_foreign_tokens_are_known() {
    let api = Api::new();
    for (reason, change, has, lacks) in FOREIGN {
        let rejection = api.judge(&change(api.token()).mint()).unwrap_err();
        assert_explained(&rejection, *reason, has, lacks);
    }
}

#[test]
fn p07_what_a_profile_wants_is_named() {
    let api = Api::with(Policy::builder().profile(Profile::Rfc9068));
    let rejection = api.judge(&api.token().without("jti").mint()).unwrap_err();
    assert_explained(
        &rejection,
        ClaimMissing,
        &["no \"jti\" claim", "requires"],
        &["type"],
    );
    let rejection = api.judge(&api.token().typ("JWT").mint()).unwrap_err();
    assert_explained(
        &rejection,
        TypeNotAccepted,
        &["\"JWT\"", "RFC 9068"],
        &["none"],
    );
    let cognito = Policy::builder().profile(Profile::Cognito);
    let api = Api::with(cognito.allowed_clients(["web"]));
    for token in [api.token(), api.token().claim("token_use", "id")] {
        let token = token.typ("JWT");
        assert_explained(
            &api.judge(&token.mint()).unwrap_err(),
            NotAnAccessToken,
            &["its \"token_use\" is missing or is not", "access token"],
            &["another kind"],
        );
    }
}

/// Ten names, and that there are more.
#[test]
fn p07_long_lists_are_cut() {
    for (count, is_cut) in [(10, false), (11, true)] {
        // The API's own name is one of them.
        let more = |policy: PolicyBuilder, n| policy.audience(format!("urn:{n}"));
        let api = Api::with((1..count).fold(Policy::builder(), more));
        let audiences = api
            .judge(&api.token().audience("urn:x").mint())
            .unwrap_err();
        assert_eq!(audiences.reason(), AudienceMismatch);

        let issuer = TestIssuer::new(ISSUER, API);
        let mut jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
        let key = jwks["keys"][0].clone();
        let named = |n: usize| {
            let mut key = key.clone();
            key["kid"] = json!(format!("key-{n}"));
            key
        };
        jwks["keys"] = (0..count).map(named).collect();
        let keys = StaticKeys::from_jwks(&jwks.to_string()).unwrap();
        let validator = Validator::builder()
            .audience(API)
            .issuer(Issuer::new(ISSUER).keys(keys))
            .build()
            .unwrap();
        let keys = refusal(&validator, &issuer.token().mint());
        assert_explained(&keys, UnknownKey, &["\"key-9\""], &["\"key-10\""]);

        let wanted = (0..count).map(|n| format!("v{n}"));
        let api = Api::with(Policy::builder().required_claim(RequiredClaim::one_of("x", wanted)));
        let claim = api.judge(&api.token().claim("x", "y").mint()).unwrap_err();

        for (rejection, sign) in [(audiences, "and more"), (keys, "and more"), (claim, ", ..")] {
            let explained = rejection.explain();
            assert_eq!(explained.contains(sign), is_cut, "{count}: {explained}");
        }
    }
}

/// A DPoP proof as clients make it has no issuer (RFC 9449 section 4.2).
#[test]
fn p07_a_dpop_proof_is_known_without_an_issuer() {
    let api = Api::new();
    let claims =
        br#"{"jti":"a","htm":"GET","htu":"https://api.example.com/orders","iat":1700000000}"#;
    let proof = api.token().typ("dpop+jwt").raw_payload(claims).mint();
    let rejection = api.judge(&proof).unwrap_err();
    assert_explained(&rejection, IssuerMissing, &["DPoP proof"], &["orders"]);
}

#[test]
fn p07_what_is_no_jwt_is_told_apart() {
    let api = Api::new();
    for (text, reason, has) in [
        (
            "2YotnFZFEjr1zCsicMWpAA",
            OpaqueToken,
            ["opaque", "introspection"],
        ),
        ("v2.local.abc", OpaqueToken, ["opaque", "audience"]),
        (
            "eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d",
            EncryptedToken,
            ["encrypted", "decryption key"],
        ),
        (
            "Bearer eyJ9.e30.AA",
            MalformedToken,
            ["header value", "not a token"],
        ),
        ("", MalformedToken, ["empty", "not a token"]),
    ] {
        assert_explained(&api.judge(text).unwrap_err(), reason, &has, &[]);
    }
}

#[test]
fn p07_expiry_is_told_by_how_long_and_whether_clocks_matter() {
    for (skew, ago, clocks) in [
        (30, 30, true),
        (30, 31, true),
        (30, 300, true),
        (30, 301, false),
        (30, 86_400, false),
        (0, 0, true),
        (300, 300, true),
        (300, 301, false),
    ] {
        let api = Api::with(Policy::builder().clock_skew(Duration::from_secs(skew)));
        let rejection = api
            .judge(&api.token().claim("exp", NOW - ago).mint())
            .unwrap_err();
        let (ago_text, skew_text) = (format!(" {ago} s"), format!("{skew} s"));
        let at = NumericDate::from_secs(NOW - ago).to_string();
        let facts = [
            "expired",
            &ago_text,
            &skew_text,
            &at,
            "2023-11-14T22:13:20Z",
        ];
        let (has, lacks) = if clocks {
            ("clocks of both machines", "no clock skew")
        } else {
            ("no clock skew explains", "clocks of both")
        };
        assert_explained(&rejection, Expired, &facts, &[lacks]);
        assert_explained(&rejection, Expired, &[has], &[]);
    }
}

#[test]
fn p07_other_times_are_told_with_the_limit() {
    let seconds = Duration::from_secs;
    let (skewed, young, short) = (
        Api::new(),
        Api::with(Policy::builder().max_token_age(seconds(600))),
        Api::with(Policy::builder().max_remaining(seconds(600))),
    );
    #[rustfmt::skip]
    let cases = [
        (&skewed, "nbf", NOW + 90, Reason::NotYetValid, ["90 s", "clocks"]),
        (&skewed, "iat", NOW + 90, Reason::IssuedInTheFuture, ["90 s", "clocks"]),
        (&young, "iat", NOW - 999, Reason::TooOld, ["999 s", "600 s"]),
        (&short, "exp", NOW + 999, Reason::LifetimeTooLong, ["999 s", "600 s"]),
    ];
    for (api, claim, at, reason, has) in cases {
        let rejection = api.judge(&api.token().claim(claim, at).mint()).unwrap_err();
        let at = NumericDate::from_secs(at).to_string();
        assert_explained(&rejection, reason, &[has[0], has[1], &at, "30 s"], &[]);
    }
}

#[test]
fn p07_an_unknown_kid_is_told_beside_the_known_ones() {
    let api = Api::new();
    let _ = api.token().algorithm(Algorithm::RS256).mint();
    let unknown = api
        .judge(&api.token().header("kid", "new-key").mint())
        .unwrap_err();
    assert_explained(
        &unknown,
        UnknownKey,
        &[
            "no key with kid \"new-key\"",
            "\"p256-0\"",
            "\"rsa-0\"",
            "rotated",
        ],
        &["ES256"],
    );
    // There, but for another algorithm: no rotation would help.
    let misfit = api
        .judge(&api.token().header("kid", "rsa-0").mint())
        .unwrap_err();
    assert_explained(
        &misfit,
        UnknownKey,
        &["\"rsa-0\"", "not one for ES256"],
        &["no key with kid", "rotated"],
    );

    let none = api
        .token()
        .algorithm(Algorithm::ES256)
        .header("alg", "ES384")
        .without_header("kid");
    let none = api.judge(&none.mint()).unwrap_err();
    assert_explained(&none, UnknownKey, &["no kid", "ES384", "\"p256-0\""], &[]);
}

#[test]
fn p07_a_key_that_was_left_out_is_told_with_the_reason() {
    let issuer = TestIssuer::new(ISSUER, API);
    let mut jwks: serde_json::Value = serde_json::from_str(&issuer.jwks()).unwrap();
    jwks["keys"][0]["use"] = json!("enc");
    let other = TestIssuer::new(ISSUER, API).algorithms([Algorithm::Ed25519]);
    let others: serde_json::Value = serde_json::from_str(&other.jwks()).unwrap();
    jwks["keys"]
        .as_array_mut()
        .unwrap()
        .push(others["keys"][1].clone());
    let keys = StaticKeys::from_jwks(&jwks.to_string()).unwrap();
    let validator = Validator::builder()
        .audience(API)
        .issuer(Issuer::new(ISSUER).keys(keys))
        .build()
        .unwrap();
    let rejection = refusal(&validator, &issuer.token().mint());
    assert_explained(
        &rejection,
        UnknownKey,
        &["left out", "\"p256-0\"", "use or key_ops", "\"ed25519-0\""],
        &[],
    );
}

/// Keys that can't be used for this kind of token are not listed, unless the operator must know of
/// them.
#[test]
fn p07_keys_for_svids_are_told_where_they_are_of_no_use() {
    let issuer = TestIssuer::new(ISSUER, API);
    let _ = issuer.token().algorithm(Algorithm::RS256).mint();
    let mut jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let ids: Vec<_> = jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].clone())
        .collect();
    assert_eq!(ids, ["p256-0", "rsa-0"]);
    jwks["keys"][0]["use"] = json!("jwt-svid");
    let explained = |name: &str, policy: PolicyBuilder, jwks: &Value| {
        let keys = StaticKeys::from_jwks(&jwks.to_string()).unwrap();
        let validator = Validator::builder()
            .audience(API)
            .issuer(Issuer::new(name).keys(keys).policy(policy))
            .build()
            .unwrap();
        let token = issuer
            .token()
            .subject("spiffe://example.org/a")
            .issuer(name);
        let rejection = refusal(
            &validator,
            &token.typ("JWT").header("kid", "new-key").mint(),
        );
        assert_eq!(rejection.reason(), UnknownKey);
        rejection.explain()
    };
    let svids = || Policy::builder().profile(Profile::JwtSvid);

    let told = explained(ISSUER, Policy::builder(), &jwks);
    assert!(told.contains("Its keys are \"rsa-0\"."), "{told}");
    assert!(
        told.contains("Left out: ") && told.contains("\"p256-0\""),
        "{told}"
    );

    let told = explained("spiffe://example.org", svids(), &jwks);
    assert!(told.contains("Its keys are \"p256-0\"."), "{told}");
    assert!(!told.contains("Left out"), "{told}");

    // A fault of a key is reported in any case.
    jwks["keys"][1]["use"] = json!("enc");
    let told = explained("spiffe://example.org", svids(), &jwks);
    assert!(
        told.contains("Left out: ") && told.contains("\"rsa-0\""),
        "{told}"
    );

    // Only for SVIDs: then nothing is left for others.
    let told = explained(ISSUER, Policy::builder(), &jwks);
    assert!(
        told.contains("The key set is empty.") && !told.contains("whose use is"),
        "{told}"
    );
}

#[test]
fn p07_a_bad_signature_names_kid_and_algorithm() {
    let (api, other) = (Api::new(), Api::new());
    let forged = api
        .judge(&api.token().signed_by(&other.issuer).mint())
        .unwrap_err();
    assert_explained(
        &forged,
        BadSignature,
        &["signature", "\"p256-0\"", "ES256", "environment"],
        &[],
    );
    let forged = api
        .token()
        .signed_by(&other.issuer)
        .without_header("kid")
        .mint();
    assert_explained(
        &api.judge(&forged).unwrap_err(),
        BadSignature,
        &["no kid"],
        &[],
    );
}
