//! Rows H02, H03, H05, H07 and H11: the answer to a request that is not served.

use std::time::Duration;

use crate::support::{API, NOW, block_on, clock, signer};
use resource_server::resource::Answer;
use resource_server::testing::{ManualClock, TestIssuer, TestToken};
use resource_server::{
    Credentials, Error, Evidence, Issuer, KeySource, NumericDate, PresentedToken, Requirement,
    Resource, Validator, ValidatorBuilder, error::SourceError,
};

const AS: &str = "https://as.example.com";
const METADATA: &str =
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";

pub(super) struct World {
    pub(super) signer: TestIssuer,
    clock: ManualClock,
}

impl World {
    pub(super) fn new() -> Self {
        let clock = clock();
        let signer = signer(AS, &clock);
        World { signer, clock }
    }

    pub(super) fn api(&self, resource: impl Into<Resource>) -> Validator {
        self.builder(resource).build().unwrap()
    }

    pub(super) fn builder(&self, resource: impl Into<Resource>) -> ValidatorBuilder {
        let builder = Validator::builder().resource(resource);
        let builder = builder.issuer(self.signer.to_issuer());
        builder.clock(self.clock.clone())
    }

    /// An API whose authorization server can't be reached.
    pub(super) fn api_in_outage(&self, resource: impl Into<Resource>, down: Down) -> Validator {
        let builder = Validator::builder().resource(resource);
        let builder = builder.issuer(Issuer::new(AS).source(down));
        builder.clock(self.clock.clone()).build().unwrap()
    }
}

/// Why the token is refused, or the operation after it.
pub(super) fn refused(validator: &Validator, token: &TestToken) -> Error {
    let minted = token.clone().mint();
    match block_on(validator.authenticate(&Credentials::bearer(&minted))) {
        Err(error) => error,
        Ok(token) => token
            .require(&Requirement::all_scopes(["orders:read", "orders:export"]))
            .unwrap_err(),
    }
}

/// A source that fails, and may know when to try again.
pub(super) struct Down(pub(super) Option<Duration>);

impl KeySource for Down {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        let error = SourceError::new("it is down");
        Err(match self.0 {
            Some(wait) => error.retry_in(wait),
            None => error,
        })
    }
}

pub(super) fn expired_token(world: &World) -> TestToken {
    let hour_ago = NumericDate::from_secs(NOW - 3_600);
    world.signer.token().expires_at(hour_ago)
}

fn without_credentials(validator: &Validator) -> Answer {
    block_on(validator.authenticate(&Credentials::none()))
        .unwrap_err()
        .answer()
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut found = answer.headers().filter(|(known, _)| *known == name);
    let value = found.next().map(|(_, value)| value);
    assert!(found.next().is_none(), "{name} occurs twice");
    value
}

fn challenge(answer: &Answer) -> &str {
    header(answer, "www-authenticate").unwrap()
}

#[test]
fn h02_h05_each_situation_has_its_answer() {
    let world = World::new();
    let api = world.api(API);
    let token = || world.signer.token();
    let expired = refused(&api, &expired_token(&world));
    let cases = [
        (without_credentials(&api), 401, format!("Bearer {METADATA}")),
        (
            expired.answer(),
            401,
            format!("Bearer error=\"invalid_token\", {METADATA}"),
        ),
        (
            refused(&api, &token().audience("https://other.example.com")).answer(),
            401,
            format!("Bearer error=\"invalid_token\", {METADATA}"),
        ),
        (
            refused(&api, &token().scope("orders:read")).answer(),
            403,
            format!(
                "Bearer error=\"insufficient_scope\", scope=\"orders:read orders:export\", {METADATA}"
            ),
        ),
    ];
    for (answer, status, expected) in cases {
        assert_eq!((answer.status(), challenge(&answer)), (status, &*expected));
        assert_eq!(
            header(&answer, "cache-control"),
            Some("no-store"),
            "{expected}"
        );
        assert_eq!(
            (answer.body(), answer.headers().count()),
            ("", 2),
            "{expected}"
        );
    }
    let two = Credentials::from_authorization([&b"Bearer a"[..], b"Bearer b"]);
    let answer = block_on(api.authenticate(&two)).unwrap_err().answer();
    assert_eq!(
        (answer.status(), challenge(&answer)),
        (
            400,
            &*format!("Bearer error=\"invalid_request\", {METADATA}")
        )
    );
}

#[test]
fn h02_an_outage_and_our_own_mistake_have_no_challenge() {
    let world = World::new();
    let token = world.signer.token();
    for (wait, expected) in [
        (None, None),
        (Some(Duration::from_secs(7)), Some("7")),
        (Some(Duration::from_millis(1)), Some("1")),
        (Some(Duration::from_millis(2_001)), Some("3")),
        (Some(Duration::MAX), Some("18446744073709551615")),
    ] {
        let api = world.api_in_outage(API, Down(wait));
        let answer = refused(&api, &token).answer();
        assert_eq!(answer.status(), 503);
        assert_eq!(header(&answer, "retry-after"), expected);
        assert_eq!(answer.headers().count(), usize::from(expected.is_some()));
    }
    let api = world.api(API);
    let accepted = block_on(api.validate(&token.clone().mint())).unwrap();
    let mistake = accepted
        .require(&Requirement::scope("orders read"))
        .unwrap_err();
    let answer = mistake.answer();
    assert_eq!((answer.status(), answer.headers().count()), (500, 0));
    assert_eq!(answer.body(), "");
}

#[test]
fn h02_a_challenge_names_the_scopes_to_request() {
    let world = World::new();
    let resource = Resource::new(API)
        .realm("orders")
        .entry_scopes(["openid", "orders:read"]);
    let api = world.api(resource);
    assert_eq!(
        challenge(&without_credentials(&api)),
        format!("Bearer realm=\"orders\", scope=\"openid orders:read\", {METADATA}")
    );
    // A bad token needs no other scope.
    let bad = refused(&api, &world.signer.token().issuer("https://b.example.com"));
    assert!(!challenge(&bad.answer()).contains("scope="));
    // Of alternatives the first.
    let token = block_on(api.validate(&world.signer.token().mint())).unwrap();
    let lacking = token.require(&Requirement::any_scope(["orders:read", "admin"]));
    let answer = lacking.unwrap_err().answer();
    assert!(
        challenge(&answer).contains("scope=\"orders:read\", "),
        "{answer:?}"
    );
    // Claims that this API needs.
    let unfit = token.claims::<Vec<u8>>().unwrap_err().answer();
    assert_eq!(unfit.status(), 401);
    assert_eq!(
        challenge(&unfit),
        format!("Bearer realm=\"orders\", error=\"invalid_token\", {METADATA}")
    );
}

#[test]
fn h02_a_challenge_has_at_least_one_parameter() {
    let world = World::new();
    let builder = Validator::builder()
        .audience(API)
        .issuer(world.signer.to_issuer());
    let api = builder.build().unwrap();
    assert_eq!(
        challenge(&without_credentials(&api)),
        "Bearer realm=\"api\""
    );
}

/// Nothing of a token gets into an answer, and a description never says what is expected.
#[test]
fn h03_p01_an_answer_shows_nothing_of_the_token() {
    let world = World::new();
    let api = world.api(Resource::new(API).describe_errors().problem_json());
    let marked = "m4rked\", x=\"\r\ny: z";
    let token = || world.signer.token();
    let tokens = [
        token().issuer(marked),
        token().audience(marked),
        token().header("kid", marked),
        token().header("alg", marked),
        token().typ(marked),
        token().claim("scope", marked),
        token().claim("nonce", marked),
        token()
            .claim("client_id", marked)
            .subject(marked)
            .scope("m4rked"),
    ];
    for token in tokens {
        let error = refused(&api, &token);
        let answer = error.answer();
        let shown = format!("{answer:?}");
        assert!(!shown.contains("m4rked"), "{shown}");
        let text = challenge(&answer);
        assert!(
            text.contains("error_description=\"The access token "),
            "{text}"
        );
        assert!(!text.contains(AS), "{text}");
        assert!(
            text.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{text}"
        );
    }
    let described = without_credentials(&api);
    assert_eq!(challenge(&described), format!("Bearer {METADATA}"));
}

#[test]
fn h03_values_in_a_challenge_are_quoted() {
    let world = World::new();
    let api = world.api(Resource::new(API).realm(r#"a "b" \c"#));
    assert_eq!(
        challenge(&without_credentials(&api)),
        format!(r#"Bearer realm="a \"b\" \\c", {METADATA}"#)
    );
}

/// The API's own body, and no header, comes from the hook.
#[test]
fn h11_the_body_is_the_apis_own() {
    let world = World::new();
    let problem = world.api(Resource::new(API).problem_json());
    let answer = without_credentials(&problem);
    assert_eq!(
        header(&answer, "content-type"),
        Some("application/problem+json")
    );
    assert_eq!(answer.body(), r#"{"status":401,"title":"Unauthorized"}"#);
    let expired = refused(&problem, &expired_token(&world));
    assert_eq!(
        expired.answer().body(),
        r#"{"error":"invalid_token","status":401,"title":"Unauthorized"}"#
    );

    let hooked = |resource: Resource| {
        resource.body(|status, error| ("text/plain", format!("{status} {error:?}")))
    };
    let api = world.api(hooked(Resource::new(API)));
    let token = block_on(api.validate(&world.signer.token().mint())).unwrap();
    let lacking = token
        .require(&Requirement::scope("a"))
        .unwrap_err()
        .answer();
    assert_eq!(lacking.body(), r#"403 Some("insufficient_scope")"#);
    assert_eq!(header(&lacking, "content-type"), Some("text/plain"));
    let mistake = token.require(&Requirement::scope("")).unwrap_err().answer();
    assert_eq!((mistake.status(), mistake.body()), (500, "500 None"));
    let down = world.api_in_outage(hooked(Resource::new(API)), Down(None));
    let outage = refused(&down, &world.signer.token()).answer();
    assert_eq!(outage.body(), "503 None");
    assert!(header(&outage, "www-authenticate").is_none());
}

/// A header with such a value would be refused by a framework, or would be two headers.
#[test]
fn h02_a_body_of_an_unusable_media_type_is_left_out() {
    let world = World::new();
    for (media_type, is_usable) in [
        ("application/json; charset=utf-8", true),
        ("", false),
        (" ", false),
        ("text/plain\r\nset-cookie: a=b", false),
        ("text/plain\0", false),
        ("text/plain\u{7f}", false),
        ("text/\u{e9}", false),
    ] {
        let resource = Resource::new(API).body(move |_, _| (media_type, "body".to_owned()));
        let answer = without_credentials(&world.api(resource));
        assert_eq!(answer.status(), 401, "{media_type:?}");
        let expected = is_usable.then_some(media_type);
        assert_eq!(header(&answer, "content-type"), expected, "{media_type:?}");
        assert_eq!(!answer.body().is_empty(), is_usable, "{media_type:?}");
    }
}

/// The API's name is with the result of every verb. It comes from the configuration: the crate
/// never sees a `Host` header.
#[test]
fn h02_h07_every_verb_keeps_the_resource() {
    let world = World::new();
    let api = world.api(API);
    let bad = world.signer.token().issuer("https://b.example.com").mint();
    let good = world.signer.token().mint();
    let cached = |token: &str| api.validate_cached(token).unwrap();
    let nothing = api.authenticate_cached(&Credentials::none()).unwrap();
    let errors = [
        nothing.unwrap_err(),
        block_on(api.validate(&bad)).unwrap_err(),
        block_on(api.validate_online(&bad)).unwrap_err(),
        cached(&bad).unwrap_err(),
        cached(&good)
            .unwrap()
            .require(&Requirement::scope("a"))
            .unwrap_err(),
    ];
    for error in errors {
        assert!(challenge(&error.answer()).contains(METADATA), "{error:?}");
    }
}
