//! Row P03, the headers `Authorization` and `DPoP` with any bytes: a request is accepted only with
//! exactly one good token, and with one good proof if the token is bound. A refusal says nothing of
//! what was presented.

#![no_main]

use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use resource_server::binding::{Dpop, Insertion, ProofEntry, ReplayStore};
use resource_server::error::SourceError;
use resource_server::resource::RequestHead;
use resource_server::testing::{ManualClock, TestClient, TestIssuer};
use resource_server::{Credentials, Error, NumericDate, Reason, Validator};
use resource_server_fuzz::is_orders;

const API: &str = "https://api.example.com";
const URL: &str = "https://api.example.com/orders";

/// Every input may have the same proof.
struct AlwaysNew;

impl ReplayStore for AlwaysNew {
    async fn insert(&self, _: &ProofEntry, _: NumericDate) -> Result<Insertion, SourceError> {
        Ok(Insertion::New)
    }
}

/// The API, and what stands for a name in braces.
struct World {
    api: Validator,
    bearer: String,
    bound: String,
    proof: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let clock = ManualClock::at(NumericDate::from_secs(1_000_000));
    let issuer = TestIssuer::new("https://as.example.com", API).clock(clock.clone());
    let client = TestClient::new().clock(clock.clone());
    let api = Validator::builder()
        .resource(API)
        .dpop(Dpop::at(API).replay_store(AlwaysNew))
        .issuer(issuer.to_issuer())
        .clock(clock)
        .build();
    let bound = issuer.token().bound_to_key_of(&client).mint();
    World {
        api: api.expect("an API"),
        bearer: issuer.token().mint(),
        proof: client.proof("GET", URL, &bound).mint(),
        bound,
    }
});

impl World {
    /// The value of a header line, with what the names in braces stand for.
    fn value(&self, line: &[u8]) -> Vec<u8> {
        let names = [
            (b"{bearer}".as_slice(), &self.bearer),
            (b"{bound}", &self.bound),
            (b"{proof}", &self.proof),
        ];
        let mut rest = line.trim_ascii();
        let mut value = Vec::with_capacity(rest.len());
        while let Some((first, after)) = rest.split_first() {
            if let Some((name, text)) = names.iter().find(|(name, _)| rest.starts_with(name)) {
                value.extend_from_slice(text.as_bytes());
                rest = &rest[name.len()..];
            } else {
                value.push(*first);
                rest = after;
            }
        }
        value
    }
}

/// Nothing here waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

// The head of a request: method and path, and header lines after it.
fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    let mut lines = input.split(|byte| *byte == b'\n');
    let start = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let (method, path) = start.split_once(' ').unwrap_or((&start, ""));
    let (mut authorizations, mut proofs) = (Vec::new(), Vec::new());
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = world.value(value.get(1..).unwrap_or_default());
        if name.eq_ignore_ascii_case(b"authorization") {
            authorizations.push(value);
        } else if name.eq_ignore_ascii_case(b"dpop") {
            proofs.push(value);
        }
    }
    let head = RequestHead::new(method, path);
    let presented = world.api.credentials(&head, |name| {
        let lines = match name {
            "authorization" => authorizations.as_slice(),
            "dpop" => proofs.as_slice(),
            _ => &[],
        };
        lines.iter().map(Vec::as_slice)
    });
    let shown = format!("{presented:?}");
    let forms = ["none", "bearer", "DPoP", "malformed"];
    assert!(
        forms
            .iter()
            .any(|form| shown == format!("Credentials({form})"))
    );

    match now(world.api.authenticate(&presented)) {
        Ok(_) => {
            let [authorization] = authorizations.as_slice() else {
                panic!("one token is in one line");
            };
            let space = authorization.iter().position(|byte| *byte == b' ');
            let (scheme, token) = authorization.split_at(space.expect("scheme and token"));
            let token = token.trim_ascii_start();
            if scheme.eq_ignore_ascii_case(b"Bearer") {
                assert_eq!(token, world.bearer.as_bytes());
            } else {
                assert!(scheme.eq_ignore_ascii_case(b"DPoP"));
                assert_eq!(token, world.bound.as_bytes());
                assert_eq!(proofs, [world.proof.as_bytes()]);
                assert_eq!(method, "GET");
                assert!(is_orders(&[API, path].concat()), "{path}");
            }
        }
        Err(error) => check_refusal(&error, &presented, &authorizations),
    }
});

fn check_refusal(error: &Error, presented: &Credentials<'_>, authorizations: &[Vec<u8>]) {
    let Error::Rejected(rejection) = error else {
        panic!("nothing is out of order: {}", error.explain());
    };
    assert!(!error.explain().is_empty());
    let answer = error.answer();
    let values = answer
        .headers()
        .filter(|(name, _)| *name == "www-authenticate");
    let challenges: Vec<_> = values.map(|(_, value)| value).collect();
    let schemes: Vec<_> = challenges
        .iter()
        .map(|value| value.split(' ').next().unwrap_or_default())
        .collect();
    let is_dpop = format!("{presented:?}") == "Credentials(DPoP)";
    match answer.status() {
        400 => assert!(
            !is_dpop,
            "what is under the scheme DPoP is refused with 401"
        ),
        401 if is_dpop => assert_eq!(schemes, ["DPoP"]),
        401 => assert_eq!(schemes, ["Bearer", "DPoP"]),
        status => panic!("{status}"),
    }
    let has_error = challenges.iter().any(|value| value.contains("error="));
    let is_none = rejection.reason() == Reason::NoCredentials;
    if answer.status() == 401 {
        assert_eq!(has_error, !is_none);
    }
    assert!(!authorizations.is_empty() || is_none);
    for text in [&WORLD.bearer, &WORLD.bound, &WORLD.proof] {
        let (_, secret) = text.rsplit_once('.').expect("a signature");
        assert!(!error.to_string().contains(secret));
        assert!(!format!("{error:?}").contains(secret));
        assert!(!answer.body().contains(secret));
        assert!(!challenges.iter().any(|value| value.contains(secret)));
    }
}
