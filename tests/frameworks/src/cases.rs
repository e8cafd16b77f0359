//! Requests, and the answers that they must get in every framework.
//!
//! The routes:
//!
//! | path | protection | body if it is served |
//! | --- | --- | --- |
//! | `/open` | none | `open` |
//! | `/orders` | required | the subject |
//! | `/orders/write` | required outside, the scope `orders:write` inside | the subject |
//! | `/scoped` | the scopes `orders:read` and `orders:write` in one layer | the subject |
//! | `/clerk` | the role `clerk` | the subject |
//! | `/recent` | a sign-in in the last 300 s | the subject |
//! | `/handler` | required; the handler requires the scope `orders:write` by `?` | the subject |
//! | `/claims` | required; the handler reads a claim `department` | the department |
//! | `/optional` | optional | the subject, or `anonymous` |
//! | `/mistake` | a requirement that no token can meet | |
//! | `/bare` | none; the handler asks for a token | |
//! | `/bare-optional` | none; the handler asks for an optional token | |
//! | the metadata | none | the document |

use crate::Reply;

const METADATA: &str =
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource/v1\"";

const METADATA_PATH: &str = "/.well-known/oauth-protected-resource/v1";

/// Where an answer may differ, since the server library refuses the request before us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// actix-web, on its own server.
    Actix,
    /// axum, on hyper.
    Axum,
    /// tonic, on hyper with HTTP/2. Its cases are calls.
    Tonic,
}

/// One request.
pub struct Case {
    /// The requirement that it shows, and what it is.
    pub name: &'static str,
    /// The request's method.
    pub method: &'static str,
    /// The request's path.
    pub path: &'static str,
    /// A word in braces stands for a token: see [`World::headers`](crate::World::headers).
    pub headers: Vec<(&'static str, &'static [u8])>,
    expected: Expected,
    exceptions: Vec<(Framework, Expected)>,
}

/// An answer. The headers are all that the decision is responsible for.
#[derive(Clone, Debug)]
pub struct Expected {
    /// 0 if the server library ends the stream without an answer.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: &'static str,
}

impl Expected {
    /// Whether the reply is exactly this one. What is served has a media type of the handler's.
    pub fn is(&self, reply: &Reply) -> bool {
        let mut headers: Vec<_> = self.headers.iter().collect();
        headers.sort();
        let is_served = self.status == 200;
        let found = reply.headers.iter();
        let found: Vec<_> = found
            .filter(|(name, _)| !(is_served && name == "content-type"))
            .collect();
        let is_same = found.len() == headers.len()
            && found
                .iter()
                .zip(&headers)
                .all(|(found, expected)| found.0 == expected.0 && found.1 == expected.1);
        self.status == reply.status && is_same && self.body == reply.body
    }
}

impl Case {
    /// The answer that this framework must give.
    pub fn expected_of(&self, framework: Framework) -> &Expected {
        let mut exceptions = self.exceptions.iter();
        let exception = exceptions.find(|(one, _)| *one == framework);
        exception.map_or(&self.expected, |(_, expected)| expected)
    }

    /// Whether it can be a call of gRPC: no other method of HTTP, and no document.
    pub fn is_call(&self) -> bool {
        self.method == "GET" && self.path != METADATA_PATH
    }

    fn exception(mut self, framework: Framework, expected: Expected) -> Self {
        self.exceptions.push((framework, expected));
        self
    }
}

fn served(body: &'static str) -> Expected {
    Expected {
        status: 200,
        headers: Vec::new(),
        body,
    }
}

/// Refused with a challenge that has these parameters before `resource_metadata`.
fn challenged(status: u16, parameters: &str) -> Expected {
    let separator = if parameters.is_empty() { "" } else { ", " };
    let challenge = format!("Bearer {parameters}{separator}{METADATA}");
    Expected {
        status,
        headers: vec![
            ("www-authenticate", challenge),
            ("cache-control", "no-store".to_owned()),
        ],
        body: "",
    }
}

fn plain(status: u16) -> Expected {
    Expected {
        status,
        headers: Vec::new(),
        body: "",
    }
}

fn no_credentials() -> Expected {
    challenged(401, "scope=\"orders:read\"")
}

fn malformed() -> Expected {
    challenged(400, "error=\"invalid_request\"")
}

fn bad_token() -> Expected {
    challenged(401, "error=\"invalid_token\"")
}

fn lacks_scope(scopes: &str) -> Expected {
    challenged(
        403,
        &format!("error=\"insufficient_scope\", scope=\"{scopes}\""),
    )
}

fn forbidden() -> Expected {
    Expected {
        headers: vec![("cache-control", "no-store".to_owned())],
        ..plain(403)
    }
}

fn outage() -> Expected {
    Expected {
        headers: vec![("retry-after", "7".to_owned())],
        ..plain(503)
    }
}

fn without_layer() -> Expected {
    Expected {
        headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())],
        body: "a handler or a layer asks for the token of a request that no layer judged: add \
               .layer(validator.protect()) to the route, .wrap(validator.protect()) in actix-web, \
               or .layer(validator.protect().grpc()) in tonic. In axum the layer that is added \
               last runs first, so add it after ToolScopes and Sessions",
        ..plain(500)
    }
}

fn get(
    name: &'static str,
    path: &'static str,
    headers: &[(&'static str, &'static [u8])],
    expected: Expected,
) -> Case {
    Case {
        name,
        method: "GET",
        path,
        headers: headers.to_vec(),
        expected,
        exceptions: Vec::new(),
    }
}

/// A request whose only header is `Authorization`.
fn with(
    name: &'static str,
    path: &'static str,
    authorization: &'static [u8],
    expected: Expected,
) -> Case {
    get(name, path, &[("authorization", authorization)], expected)
}

/// Every case.
pub fn cases() -> Vec<Case> {
    let groups = [
        routes(),
        schemes(),
        malformed_credentials(),
        refused_tokens(),
        operations(),
        optional(),
        mistakes_and_outages(),
        forged(),
        refused_by_the_server(),
    ];
    groups.into_iter().flatten().collect()
}

fn routes() -> Vec<Case> {
    let document = "{\"authorization_servers\":[\"https://as.example.com\",\"https://down.example.com\"],\
                    \"bearer_methods_supported\":[\"header\"],\
                    \"resource\":\"https://api.example.com/v1\",\
                    \"scopes_supported\":[\"orders:read\",\"orders:write\"]}";
    let mut options = get("h06 no method is exempt", "/orders", &[], no_credentials());
    options.method = "OPTIONS";
    let mut head = get(
        "h04 the metadata has no body for HEAD",
        METADATA_PATH,
        &[],
        served(""),
    );
    head.method = "HEAD";
    let mut with_methods = no_credentials();
    with_methods.headers.push(("allow", "GET,HEAD".to_owned()));
    let options = options.exception(Framework::Axum, with_methods);
    vec![
        get(
            "h06 a route without a layer is open",
            "/open",
            &[],
            served("open"),
        ),
        get(
            "h04 the metadata needs no token",
            METADATA_PATH,
            &[],
            served(document),
        ),
        with(
            "h04 nor judges one",
            METADATA_PATH,
            b"Bearer {expired}",
            served(document),
        ),
        head,
        get("h02 no credentials", "/orders", &[], no_credentials()),
        with(
            "h05 a good token",
            "/orders",
            b"Bearer {good}",
            served("alice"),
        ),
        options,
    ]
}

fn schemes() -> Vec<Case> {
    vec![
        with(
            "h01 lower case",
            "/orders",
            b"bearer {good}",
            served("alice"),
        ),
        with(
            "h01 upper case, two spaces",
            "/orders",
            b"BEARER  {good}",
            served("alice"),
        ),
        with(
            "h01 a scheme that is not offered",
            "/orders",
            b"Basic YTpi",
            no_credentials(),
        ),
        with(
            "h01 a scheme with the token's name",
            "/orders",
            b"Bearer2 {good}",
            no_credentials(),
        ),
        with(
            "h01 DPoP was presented",
            "/orders",
            b"DPoP {good}",
            bad_token(),
        ),
    ]
}

fn malformed_credentials() -> Vec<Case> {
    let lines: [(&'static str, &'static [u8]); 9] = [
        ("h01 the scheme alone", b"Bearer"),
        ("h01 no token after the space", b"Bearer "),
        ("h01 two words", b"Bearer {good} {good}"),
        ("h01 a tab", b"Bearer\t{good}"),
        ("h01 quotes", b"Bearer \"{good}\""),
        ("h01 padding alone", b"Bearer ="),
        ("h01 not ASCII", b"Bearer \xc3\xa9{good}"),
        ("h01 a comma", b"Bearer {good}, Basic YTpi"),
        ("h01 no scheme", b"=Bearer {good}"),
    ];
    let mut cases: Vec<_> = lines
        .into_iter()
        .flat_map(|(name, line)| {
            ["/orders", "/optional"].map(|path| with(name, path, line, malformed()))
        })
        .collect();
    let doubled: [&[(&str, &[u8])]; 4] = [
        &[
            ("authorization", b"Bearer {good}"),
            ("authorization", b"Bearer {good}"),
        ],
        &[
            ("authorization", b"Bearer {good}"),
            ("authorization", b"Basic YTpi"),
        ],
        &[
            ("authorization", b"Basic YTpi"),
            ("authorization", b"Basic YTpi"),
        ],
        &[("authorization", b"Bearer {good}"), ("Authorization", b"")],
    ];
    for headers in doubled {
        for path in ["/orders", "/optional"] {
            cases.push(get(
                "h01 two Authorization lines",
                path,
                headers,
                malformed(),
            ));
        }
    }
    cases
}

fn refused_tokens() -> Vec<Case> {
    let tokens: [(&'static str, &'static [u8]); 6] = [
        ("h02 expired", b"Bearer {expired}"),
        ("h02 for another API", b"Bearer {foreign}"),
        ("h02 forged", b"Bearer {forged}"),
        ("h02 of an unknown issuer", b"Bearer {unknown}"),
        ("h02 opaque", b"Bearer abc"),
        ("h03 hostile claims", b"Bearer {hostile}"),
    ];
    let cases = tokens.into_iter().flat_map(|(name, line)| {
        ["/orders", "/scoped", "/optional", "/handler"]
            .map(|path| with(name, path, line, bad_token()))
    });
    cases.collect()
}

fn operations() -> Vec<Case> {
    let step_up = "error=\"insufficient_user_authentication\", max_age=\"300\"";
    vec![
        with(
            "h02 a scope of the inner layer",
            "/orders/write",
            b"Bearer {good}",
            lacks_scope("orders:write"),
        ),
        get(
            "h02 the outer layer refuses first",
            "/orders/write",
            &[],
            no_credentials(),
        ),
        with(
            "h02 all scopes of the layer",
            "/scoped",
            b"Bearer {good}",
            lacks_scope("orders:read orders:write"),
        ),
        get(
            "h02 the scopes of the layer without a token",
            "/scoped",
            &[],
            challenged(401, "scope=\"orders:read orders:write\""),
        ),
        with(
            "h12 refused in the handler",
            "/handler",
            b"Bearer {good}",
            lacks_scope("orders:write"),
        ),
        with("h02 a role", "/clerk", b"Bearer {good}", forbidden()),
        with(
            "h02 with the role",
            "/clerk",
            b"Bearer {clerk}",
            served("alice"),
        ),
        get(
            "h02 a role without a token",
            "/clerk",
            &[],
            no_credentials(),
        ),
        with(
            "h02 a step-up",
            "/recent",
            b"Bearer {good}",
            challenged(401, step_up),
        ),
        with(
            "h02 claims of another type",
            "/claims",
            b"Bearer {good}",
            bad_token(),
        ),
    ]
}

fn optional() -> Vec<Case> {
    vec![
        get("h06 none", "/optional", &[], served("anonymous")),
        with(
            "h06 a good token",
            "/optional",
            b"Bearer {good}",
            served("alice"),
        ),
        with(
            "h06 a scheme that is not offered",
            "/optional",
            b"Basic YTpi",
            served("anonymous"),
        ),
        with(
            "h01 DPoP is no anonymous request",
            "/optional",
            b"DPoP {good}",
            bad_token(),
        ),
        with(
            "h06 an outage",
            "/optional",
            b"Bearer {unreachable}",
            outage(),
        ),
    ]
}

fn mistakes_and_outages() -> Vec<Case> {
    vec![
        with(
            "h02 an outage",
            "/orders",
            b"Bearer {unreachable}",
            outage(),
        ),
        with(
            "o02 a requirement that can't be met",
            "/mistake",
            b"Bearer {good}",
            plain(500),
        ),
        get("o02 the same without a token", "/mistake", &[], plain(500)),
        with("h06 no layer", "/bare", b"Bearer {good}", without_layer()),
        get("h06 no layer and no token", "/bare", &[], without_layer()),
        get(
            "h06 no layer, an optional token",
            "/bare-optional",
            &[],
            without_layer(),
        ),
    ]
}

fn forged() -> Vec<Case> {
    vec![get(
        "h07 nothing in the answer comes from the request",
        "/orders",
        &[
            ("host", b"evil.example.com"),
            ("x-forwarded-host", b"evil.example.com"),
            ("x-forwarded-proto", b"http"),
            ("forwarded", b"host=evil.example.com;proto=http"),
            ("x-original-url", b"/open"),
        ],
        no_credentials(),
    )]
}

/// The server library answers before the layer.
fn refused_by_the_server() -> Vec<Case> {
    let control = with(
        "h01 a control byte",
        "/orders",
        b"Bearer a\x01b",
        plain(400),
    );
    let long = with("t01 100 KB", "/orders", b"Bearer {long}", bad_token());
    vec![
        control.exception(Framework::Tonic, plain(0)),
        // A list of headers may have 16 KiB.
        long.exception(Framework::Tonic, plain(0)),
    ]
}
