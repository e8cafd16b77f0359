//! What holds for every token, policy and moment, tried with generated ones.

#[allow(dead_code)]
#[path = "../../it/support/api.rs"]
mod api;
#[allow(dead_code)]
#[path = "../../it/support/verdict.rs"]
mod verdict;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::test_runner::{TestCaseResult, TestRunner};
use resource_server::testing::{TestIssuer, TestToken};
use resource_server::{
    AccessToken, Algorithm, Evidence, NumericDate, Policy, PolicyBuilder, Possession,
    PresentedToken, Profile, Reason, Rejection, claims::ScopeClaim, keys::KeySet, verify,
};
use serde_json::{Map, Value, json};

use api::{ABSENT, Api};
use verdict::{API, ISSUER, NOW};

const OTHER_API: &str = "https://other.example.com";

fn holds<S: Strategy>(cases: u32, generated: S, test: impl Fn(S::Value) -> TestCaseResult) {
    let mut config = ProptestConfig::with_cases(cases);
    config.failure_persistence = None;
    let outcome = TestRunner::new(config).run(&generated, test);
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

fn issuer() -> TestIssuer {
    verdict::signer(ISSUER, &verdict::clock()).algorithms([Algorithm::EdDSA])
}

fn keys_of(jwks: &str) -> Evidence {
    Evidence::Keys(Arc::new(KeySet::from_jwks(jwks).unwrap()))
}

fn settings() -> PolicyBuilder {
    Policy::builder().issuer(ISSUER).audience(API)
}

fn judge(token: &str, keys: &Evidence, policy: &Policy, now: i64) -> Result<AccessToken, Reason> {
    PresentedToken::parse(token)
        .and_then(|token| verify(&token, keys, policy, NumericDate::from_secs(now)))
        .and_then(|unconfirmed| unconfirmed.confirm(&Possession::bearer()))
        .map_err(|rejection: Rejection| rejection.reason())
}

/// The `kid` of the key that signs by this algorithm.
fn kid_of(issuer: &TestIssuer, algorithm: Algorithm) -> String {
    let token = issuer.token().algorithm(algorithm).mint();
    let token = PresentedToken::parse(&token).unwrap();
    token.jwt().unwrap().key_id().unwrap().to_owned()
}

/// Members of an object: name and value, both as JSON text.
type Members = Vec<(String, String)>;

fn object(members: &Members) -> String {
    let members: Vec<_> = members.iter().map(|(n, v)| format!("{n}:{v}")).collect();
    format!("{{{}}}", members.join(","))
}

/// The members of an object, for another order.
fn members_of(value: &Value) -> Members {
    let members = value.as_object().unwrap().iter();
    members
        .map(|(name, value)| (json!(name).to_string(), value.to_string()))
        .collect()
}

#[test]
fn no_order_of_members_and_keys_makes_a_difference() {
    let issuer = issuer();
    // Keys of older generations are in the set too; of each kind no more than are tried.
    for _ in 0..3 {
        issuer.rotate_keys();
    }
    let set: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let keys: Vec<_> = set["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(members_of)
        .collect();
    assert_eq!(keys.len(), 8);
    let keys = keys.into_iter().map(|key| Just(key).prop_shuffle());
    let keys = keys.collect::<Vec<_>>().prop_shuffle();

    let claims = json!({
        "iss": ISSUER, "aud": [API, OTHER_API], "sub": "alice", "client_id": "web", "jti": "1", "scope": "read write",
        "iat": NOW, "nbf": NOW, "exp": NOW + 300, "act": {"sub": "bob"}, "tenant": null, "auth_time": NOW,
    });
    let with_kid = (
        select(vec![Algorithm::ES256, Algorithm::EdDSA]),
        any::<bool>(),
    );
    let header = with_kid.prop_flat_map({
        let issuer = issuer.clone();
        move |(algorithm, has_kid)| {
            let mut header =
                json!({"alg": algorithm.as_str(), "typ": "at+jwt", "jku": "x", "y": [1]});
            if has_kid {
                header["kid"] = json!(kid_of(&issuer, algorithm));
            }
            (Just(algorithm), Just(members_of(&header)).prop_shuffle())
        }
    });
    let policy = settings().profile(Profile::Rfc9068).build().unwrap();
    let shuffled = (keys, header, Just(members_of(&claims)).prop_shuffle());
    holds(200, shuffled, |(keys, (algorithm, header), members)| {
        let token = issuer.token().algorithm(algorithm);
        let token = token.raw_header(object(&header).as_bytes());
        let token = token.raw_payload(object(&members).as_bytes()).mint();
        let keys: Vec<_> = keys.iter().map(object).collect();
        let keys = keys_of(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")));
        let accepted = judge(&token, &keys, &policy, NOW);
        let accepted = accepted.map_err(|reason| TestCaseError::fail(reason.as_str()))?;
        prop_assert_eq!(accepted.claims::<Value>().unwrap(), claims.clone());
        Ok(())
    });
}

/// Each character of a short token as each other one of ASCII, each beginning and each end of it,
/// each character more.
#[test]
fn no_change_of_one_character_passes() {
    let issuer = issuer();
    let claims = format!(r#"{{"iss":"{ISSUER}","aud":"{API}","exp":{}}}"#, NOW + 300);
    let good = issuer.token().raw_header(br#"{"alg":"ES256"}"#);
    let good = good.raw_payload(claims.as_bytes()).mint();
    let (keys, policy) = (keys_of(&issuer.jwks()), settings().build().unwrap());
    let accepts = |token: &str| judge(token, &keys, &policy, NOW).is_ok();
    assert!(accepts(&good));
    for at in 0..good.len() {
        let (start, end) = (&good[..at], &good[at..]);
        for refused in [start, &end[usize::from(at == 0)..]] {
            assert!(!accepts(refused), "{refused}");
        }
        for character in (0..=0x7f).map(char::from) {
            if !end.starts_with(character) {
                let changed = format!("{start}{character}{}", &end[1..]);
                assert!(!accepts(&changed), "{character:?} at {at}: {changed}");
            }
        }
    }
    for character in (0..=0xff).map(char::from) {
        assert!(!accepts(&format!("{good}{character}")), "{character:?}");
        assert!(!accepts(&format!("{character}{good}")), "{character:?}");
    }
}

#[derive(Clone, Debug)]
enum Edit {
    Replace(Index, char),
    Insert(Index, char),
    Remove(Index),
    Swap(Index),
    CutAt(Index),
    BeginAt(Index),
    Append(String),
    Repeat(Index, Index),
}

impl Edit {
    fn any() -> impl Strategy<Value = Edit> {
        let character = || {
            prop_oneof![
                4 => proptest::char::range('0', 'z'),
                1 => proptest::char::range('\0', '\x7f'),
                1 => any::<char>(),
            ]
        };
        prop_oneof![
            6 => (any::<Index>(), character()).prop_map(|(at, new)| Edit::Replace(at, new)),
            2 => (any::<Index>(), character()).prop_map(|(at, new)| Edit::Insert(at, new)),
            2 => any::<Index>().prop_map(Edit::Remove),
            2 => any::<Index>().prop_map(Edit::Swap),
            1 => any::<Index>().prop_map(Edit::CutAt),
            1 => any::<Index>().prop_map(Edit::BeginAt),
            1 => "[A-Za-z0-9_.=~-]{1,8}".prop_map(Edit::Append),
            1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Edit::Repeat(from, to)),
        ]
    }

    /// Of a token, which is ASCII.
    fn apply(&self, token: &str) -> String {
        let at = |index: &Index| token.split_at(index.index(token.len()));
        match self {
            Edit::Replace(index, new) => format!("{}{new}{}", at(index).0, &at(index).1[1..]),
            Edit::Insert(index, new) => format!("{}{new}{}", at(index).0, at(index).1),
            Edit::Remove(index) => format!("{}{}", at(index).0, &at(index).1[1..]),
            Edit::Swap(index) => {
                let (start, end) = token.split_at(index.index(token.len() - 1));
                format!("{start}{}{}{}", &end[1..2], &end[..1], &end[2..])
            }
            Edit::CutAt(index) => at(index).0.to_owned(),
            Edit::BeginAt(index) => at(index).1.to_owned(),
            Edit::Append(text) => format!("{token}{text}"),
            Edit::Repeat(from, to) => {
                let (from, to) = (at(from).0.len(), at(to).0.len());
                format!("{}{}", &token[..from.max(to)], &token[from.min(to)..])
            }
        }
    }
}

#[test]
fn no_edit_passes() {
    // ML-DSA where the backend has it.
    let last = match Algorithm::MlDsa44 {
        algorithm if algorithm.is_supported() => algorithm,
        _ => Algorithm::PS256,
    };
    let issuer = issuer().algorithms([Algorithm::RS256, last]);
    let (keys, policy) = (keys_of(&issuer.jwks()), settings().build().unwrap());
    let algorithms = [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256, last];
    // Lengths of all remainders, so that there are bits to spare in the last characters, or none.
    let good: Vec<_> = (0..12)
        .map(|n| {
            let token = issuer.token().algorithm(algorithms[n % 4]);
            let token = token.header("pad", "x".repeat(n % 3));
            token.claim("pad", "x".repeat(n / 3)).mint()
        })
        .collect();
    for token in &good {
        assert!(judge(token, &keys, &policy, NOW).is_ok());
    }
    holds(2_000, (select(good), Edit::any()), |(token, edit)| {
        let edited = edit.apply(&token);
        prop_assume!(edited != token);
        prop_assert!(judge(&edited, &keys, &policy, NOW).is_err());
        Ok(())
    });
}

/// A token of any kind: most are good or nearly so.
#[derive(Clone, Debug)]
struct Draft {
    algorithm: Algorithm,
    header: Members,
    claims: Members,
    signature: Signature,
}

#[derive(Clone, Copy, Debug)]
enum Signature {
    Right,
    OfAnother,
    Zeros,
    Cut,
    None,
}

/// In a header: the `kid` of the key that signs.
const OWN_KID: &str = "own";

/// Values of any type, for any claim.
const ANYTHING: &str = r#"null true 0 -1.5 1e3 1e400 01 "" "x" "\u0000" "\ud800" [] ["x"] [1] {} {"a":1} {"a":1,"a":1} {"a":1,"\u0061":2} absent"#;

/// One of the values, which are separated by white space, or now and then a value of any type.
fn mostly(name: &'static str, values: &'static str) -> impl Strategy<Value = (String, String)> {
    let one_of = |values: &'static str| select(values.split_whitespace().collect::<Vec<_>>());
    let value = prop_oneof![40 => one_of(values), 1 => one_of(ANYTHING)];
    let is_escaped = prop_oneof![20 => Just(false), 1 => Just(true)];
    (value, is_escaped)
        .prop_map(move |(value, is_escaped)| (spelled(name, is_escaped), value.to_owned()))
}

/// The name of a member as JSON text; its first character as an escape, where that is wanted and it
/// isn't one already.
fn spelled(name: &str, is_escaped: bool) -> String {
    match name.chars().next() {
        Some(first) if is_escaped && first != '\\' => {
            format!("\"\\u{:04x}{}\"", u32::from(first), &name[1..])
        }
        _ => format!("\"{name}\""),
    }
}

impl Draft {
    fn any() -> impl Strategy<Value = Draft> {
        let claims = (
            mostly(
                "iss",
                r#""https://as.example.com" "https:\/\/as.example.com""#,
            ),
            mostly(
                "aud",
                r#""https://api.example.com" ["https://api.example.com"] "https://other.example.com"
                   ["https://other.example.com","https://\u0061pi.example.com"]"#,
            ),
            // Around NOW, which is 1700000000.
            mostly(
                "exp",
                "1700000010 1700000200 1700000300 1700000300.5 1.7000003e9 1700003600 1699999980",
            ),
            mostly(
                "iat",
                "1700000000 1699999999.5 1699999000 1700000020 absent",
            ),
            mostly("nbf", "absent 1700000000 1700000020 1699999000"),
            (
                mostly("sub", r#""alice" "\u0061lice" "bob""#),
                mostly("client_id", r#""web" "app" "cli" absent"#),
                mostly("jti", r#""1" "2" absent"#),
            ),
            (
                mostly("scope", r#""read" "read\u0020write" ["read"] absent"#),
                mostly("scp", r#"absent ["read"] "read""#),
                mostly(
                    "cnf",
                    "absent absent absent {\"x\":1} {\"jkt\":\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\"}",
                ),
            ),
            (
                mostly("nonce", r#"absent absent absent "n""#),
                mostly("typ", r#"absent absent absent "Bearer" "ID""#),
                mostly("role", r#"absent "clerk" 5 [null]"#),
            ),
        );
        let claims = claims.prop_map(|(iss, aud, exp, iat, nbf, a, b, c)| {
            vec![
                iss, aud, exp, iat, nbf, a.0, a.1, a.2, b.0, b.1, b.2, c.0, c.1, c.2,
            ]
        });
        let header = (
            mostly("alg", r#""ES256" "EdDSA" "Ed25519""#),
            mostly("typ", r#""at+jwt" "JWT" "application/at+jwt" absent"#),
            mostly("kid", "own own own absent \"stray\""),
            mostly("x", r#"absent absent absent absent "x""#),
        );
        let header = header.prop_map(|(alg, typ, kid, x)| vec![alg, typ, kid, x]);
        // Now and then a name is there twice, with another value.
        let with_double = |members: BoxedStrategy<Members>| {
            let places = (any::<Index>(), any::<Index>(), any::<bool>());
            let double = prop_oneof![20 => Just(None), 1 => places.prop_map(Some)];
            (members, double)
                .prop_map(|(mut members, double)| {
                    members.retain(|(_, value)| value != ABSENT);
                    if let Some((name, value, is_escaped)) = double
                        && !members.is_empty()
                    {
                        let (name, _) = &members[name.index(members.len())];
                        let (_, value) = &members[value.index(members.len())];
                        let name = name.trim_matches('"');
                        members.push((spelled(name, is_escaped), value.clone()));
                    }
                    members
                })
                .prop_shuffle()
        };
        let signature = prop_oneof![
            40 => Just(Signature::Right),
            1 => Just(Signature::OfAnother),
            1 => Just(Signature::Zeros),
            1 => Just(Signature::Cut),
            1 => Just(Signature::None),
        ];
        let claims = with_double(claims.boxed());
        (with_double(header.boxed()), claims, signature).prop_map(|(header, claims, signature)| {
            let alg = header.iter().find(|(name, _)| name == "\"alg\"");
            let algorithm = match alg {
                Some((_, alg)) if alg.contains("Ed") => Algorithm::EdDSA,
                _ => Algorithm::ES256,
            };
            Draft {
                algorithm,
                header,
                claims,
                signature,
            }
        })
    }

    fn mint(&self, issuer: &TestIssuer, another: &TestIssuer) -> String {
        let mut header = self.header.clone();
        for (_, value) in &mut header {
            if value == OWN_KID {
                *value = json!(kid_of(issuer, self.algorithm)).to_string();
            }
        }
        let token: TestToken = issuer.token().algorithm(self.algorithm);
        let token = token.raw_header(object(&header).as_bytes());
        let token = token.raw_payload(object(&self.claims).as_bytes());
        match self.signature {
            Signature::Right => token,
            Signature::OfAnother => token.signed_by(another),
            Signature::Zeros => token.signature(&[0; 64]),
            Signature::Cut => token.signature(&[1; 63]),
            Signature::None => token.unsigned(),
        }
        .mint()
    }
}

/// The pure core, `validate_cached`, and `validate` with cached keys and with a source that must be
/// called give one verdict and one reason: [`Api::judge`] compares them.
#[test]
fn all_ways_to_judge_agree() {
    let apis = [
        Policy::builder(),
        Policy::builder().profile(Profile::Rfc9068),
        Policy::builder()
            .allowed_clients(["web"])
            .max_token_age(Duration::from_secs(600))
            .max_remaining(Duration::from_secs(600)),
        Policy::builder()
            .allow_scope_array()
            .allow_id_token_claims()
            .scope_claim(ScopeClaim::Scp),
        Policy::builder().algorithms([Algorithm::EdDSA]),
    ]
    .map(|settings| {
        let api = Api::with(settings);
        drop(api.issuer.clone().algorithms([Algorithm::EdDSA]));
        api
    });
    let another = issuer();
    let (accepted, reasons) = (Cell::new(0), RefCell::new(BTreeSet::new()));
    let edit = prop_oneof![12 => Just(None), 1 => Edit::any().prop_map(Some)];
    let drafts = (0..apis.len(), Draft::any(), edit);
    holds(1_500, drafts, |(at, draft, edit)| {
        let mut token = draft.mint(&apis[at].issuer, &another);
        if let Some(edit) = edit {
            token = edit.apply(&token);
        }
        match apis[at].judge(&token) {
            Ok(_) => accepted.set(accepted.get() + 1),
            Err(rejection) => {
                reasons.borrow_mut().insert(rejection.reason().as_str());
            }
        }
        Ok(())
    });
    // What was tried reaches far enough.
    let reasons = reasons.into_inner();
    assert!(accepted.get() > 50, "{} accepted", accepted.get());
    assert!(reasons.len() > 15, "{reasons:?}");
}

/// The order of members changes neither a verdict nor its reason.
#[test]
fn no_order_of_members_makes_a_difference_to_a_verdict() {
    let (issuer, another) = (issuer(), issuer());
    let keys = keys_of(&issuer.jwks());
    let policy = settings().max_token_age(Duration::from_secs(600));
    let policy = policy.build().unwrap();
    let two_orders = Draft::any().prop_flat_map(|draft| {
        let header = Just(draft.header.clone()).prop_shuffle();
        let claims = Just(draft.claims.clone()).prop_shuffle();
        (Just(draft), header, claims)
    });
    holds(1_000, two_orders, |(draft, header, claims)| {
        let reordered = Draft {
            header,
            claims,
            ..draft.clone()
        };
        let [first, second] = [draft, reordered].map(|draft| {
            let judged = judge(&draft.mint(&issuer, &another), &keys, &policy, NOW);
            judged.map(|token| token.claims::<Value>().unwrap())
        });
        prop_assert_eq!(first, second);
        Ok(())
    });
}

#[derive(Clone, Debug)]
struct Settings {
    algorithms: Vec<Algorithm>,
    audiences: Vec<&'static str>,
    profile: Profile,
    skew: u64,
    max_age: Option<u64>,
    max_remaining: Option<u64>,
    clients: Option<Vec<&'static str>>,
    scope_claim: ScopeClaim,
    takes_scope_array: bool,
    takes_id_token_claims: bool,
}

const ALGORITHMS: [Algorithm; 3] = [Algorithm::ES256, Algorithm::EdDSA, Algorithm::Ed25519];
const CLIENTS: [&str; 3] = ["web", "app", "cli"];

impl Settings {
    /// Of those that can be made stricter.
    const COUNT: usize = 9;

    fn any() -> impl Strategy<Value = Settings> {
        // Lax ones for the most part, so that something passes.
        let rarely = || prop_oneof![5 => Just(false), 1 => Just(true)];
        let limit = || prop_oneof![3 => Just(None), 1 => (200_u64..4_000).prop_map(Some)];
        let clients = prop_oneof![
            3 => Just(None),
            1 => subsequence(CLIENTS.to_vec(), 1..=3).prop_map(Some),
        ];
        let lists = (
            subsequence(ALGORITHMS.to_vec(), 1..=3),
            subsequence(vec![API, OTHER_API], 1..=2),
        );
        let flags = (rarely(), rarely(), any::<bool>(), any::<bool>());
        (lists, flags, 0_u64..=300, limit(), limit(), clients).prop_map(
            |((algorithms, audiences), flags, skew, max_age, max_remaining, clients)| Settings {
                algorithms,
                audiences,
                profile: if flags.0 {
                    Profile::Rfc9068
                } else {
                    Profile::Default
                },
                skew,
                max_age,
                max_remaining,
                clients,
                scope_claim: if flags.1 {
                    ScopeClaim::Scp
                } else {
                    ScopeClaim::Scope
                },
                takes_scope_array: flags.2,
                takes_id_token_claims: flags.3,
            },
        )
    }

    /// The same but for one setting, which is stricter or as strict.
    fn stricter(mut self, which: usize, by: Index) -> Self {
        fn drop_one<T>(list: &mut Vec<T>, at: Index) {
            if list.len() > 1 {
                list.remove(at.index(list.len()));
            }
        }
        let lower =
            |limit: u64| u64::try_from(by.index(usize::try_from(limit).unwrap())).unwrap() + 1;
        match which {
            0 => drop_one(&mut self.algorithms, by),
            1 => drop_one(&mut self.audiences, by),
            2 => self.profile = Profile::Rfc9068,
            3 => self.skew = lower(self.skew + 1) - 1,
            4 => self.max_age = Some(lower(self.max_age.unwrap_or(4_000))),
            5 => self.max_remaining = Some(lower(self.max_remaining.unwrap_or(4_000))),
            6 => match &mut self.clients {
                Some(clients) => drop_one(clients, by),
                None => self.clients = Some(vec![CLIENTS[by.index(3)]]),
            },
            7 => self.takes_scope_array = false,
            _ => self.takes_id_token_claims = false,
        }
        self
    }

    fn policy(&self) -> Policy {
        let mut builder = Policy::builder()
            .issuer(ISSUER)
            .algorithms(self.algorithms.iter().copied())
            .profile(self.profile)
            .clock_skew(Duration::from_secs(self.skew))
            .scope_claim(self.scope_claim);
        for audience in &self.audiences {
            builder = builder.audience(*audience);
        }
        if let Some(seconds) = self.max_age {
            builder = builder.max_token_age(Duration::from_secs(seconds));
        }
        if let Some(seconds) = self.max_remaining {
            builder = builder.max_remaining(Duration::from_secs(seconds));
        }
        if let Some(clients) = &self.clients {
            builder = builder.allowed_clients(clients.iter().copied());
        }
        if self.takes_scope_array {
            builder = builder.allow_scope_array();
        }
        if self.takes_id_token_claims {
            builder = builder.allow_id_token_claims();
        }
        builder.build().unwrap()
    }
}

#[test]
fn a_stricter_policy_never_accepts_more() {
    let (issuer, another) = (issuer(), issuer());
    let keys = keys_of(&issuer.jwks());
    // How often both accepted, and by which settings only the laxer did.
    let (both, told_apart) = (Cell::new(0), RefCell::new(BTreeSet::new()));
    let tried = (Settings::any(), any::<Index>(), Draft::any());
    holds(2_500, tried, |(lax, by, draft)| {
        let token = draft.mint(&issuer, &another);
        let by_lax = judge(&token, &keys, &lax.policy(), NOW);
        for which in 0..Settings::COUNT {
            let strict = lax.clone().stricter(which, by);
            let by_strict = judge(&token, &keys, &strict.policy(), NOW);
            match (by_strict, &by_lax) {
                (Ok(_), Ok(_)) => both.set(both.get() + 1),
                (Err(_), Ok(_)) => drop(told_apart.borrow_mut().insert(which)),
                (Err(_), Err(_)) => {}
                (Ok(_), Err(reason)) => {
                    let message = format!("{reason}, but not for {strict:?}");
                    return Err(TestCaseError::fail(message));
                }
            }
        }
        Ok(())
    });
    assert!(both.get() > 500, "{} accepted", both.get());
    let told_apart = told_apart.into_inner();
    assert_eq!(told_apart.len(), Settings::COUNT, "{told_apart:?}");
}

/// JSON text with some of its characters escaped: those whose turn it is by the bits of `escapes`.
fn spell(value: &Value, escapes: u64, text: &mut String) {
    match value {
        Value::String(string) => {
            text.push('"');
            for (at, character) in string.chars().enumerate() {
                let must = character < ' ' || matches!(character, '"' | '\\');
                if must || escapes >> (at % 64) & 1 == 1 {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(text, "\\u{unit:04X}").unwrap();
                    }
                } else {
                    text.push(character);
                }
            }
            text.push('"');
        }
        Value::Array(elements) => {
            text.push('[');
            for (at, element) in elements.iter().enumerate() {
                text.push_str(if at > 0 { " , " } else { "" });
                spell(element, escapes.rotate_right(7), text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (at, (name, member)) in members.iter().enumerate() {
                text.push_str(if at > 0 { "\n," } else { "" });
                spell(&json!(name), escapes.rotate_right(13), text);
                text.push_str(": ");
                spell(member, escapes.rotate_right(5), text);
            }
            text.push('}');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

fn any_string() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[\\x00-\\x1f\"\\\\/éß\u{2028}\u{1f600}a-c]{0,6}"
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Such that every reader reads the same double.
        (-4_000_i32..4_000).prop_map(|n| json!(f64::from(n) / 8.0)),
        any_string().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any_string(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Claims that are good, of any values.
fn good_claims() -> impl Strategy<Value = Map<String, Value>> {
    let scope_words = || prop::collection::vec("[!#-\\[\\]-~]{1,6}", 0..4);
    let scopes = prop_oneof![
        Just(None),
        (select(vec!["scope", "scp"]), scope_words(), "[ ]{1,3}")
            .prop_map(|(name, words, space)| Some((name, json!(words.join(&space))))),
        scope_words().prop_map(|words| Some(("scp", json!(words)))),
    ];
    let audience = prop_oneof![
        Just(json!(API)),
        prop::collection::vec(any_string(), 0..4).prop_map(|mut others| {
            others.push(API.to_owned());
            json!(others)
        }),
    ];
    let time = |from: i64, to: i64| {
        prop_oneof![
            (from..to).prop_map(|seconds| json!(seconds)),
            (from..to - 1, 1_u8..4).prop_map(|(seconds, quarters)| {
                let seconds = i32::try_from(seconds).unwrap();
                json!(f64::from(seconds) + f64::from(quarters) / 4.0)
            }),
        ]
    };
    let strings = (
        option::of(any_string()),
        option::of(any_string()),
        option::of(any_string()),
    );
    let times = (
        time(NOW + 1, NOW + 1_000),
        option::of(time(0, NOW)),
        option::of(time(0, NOW)),
    );
    // Few for the most part, or more than are usual.
    let others =
        |count| prop::collection::btree_map("x[a-z\"\\\\é \u{1f600}]{0,9}", any_json(), count);
    let others = prop_oneof![9 => others(0..5), 1 => others(25..60)];
    (strings, times, audience, scopes, others).prop_map(
        |(strings, (exp, iat, nbf), audience, scopes, others)| {
            let others: BTreeMap<String, Value> = others;
            let mut claims: Map<String, Value> = others.into_iter().collect();
            claims.insert("iss".into(), json!(ISSUER));
            claims.insert("aud".into(), audience);
            claims.insert("exp".into(), exp);
            let optional = [
                // An empty one would be refused.
                (
                    "sub",
                    strings.0.filter(|sub| !sub.is_empty()).map(Value::from),
                ),
                ("client_id", strings.1.map(Value::from)),
                ("jti", strings.2.map(Value::from)),
                ("iat", iat),
                ("nbf", nbf),
            ];
            for (name, value) in optional
                .into_iter()
                .chain(scopes.map(|(n, v)| (n, Some(v))))
            {
                if let Some(value) = value {
                    claims.insert(name.into(), value);
                }
            }
            claims
        },
    )
}

#[test]
fn a_double_is_found_wherever_it_stands() {
    let issuer = issuer();
    let (keys, policy) = (keys_of(&issuer.jwks()), settings().build().unwrap());
    let places = (any::<Index>(), any::<Index>(), any::<bool>());
    let tried = (good_claims(), any::<u64>(), places, any_json());
    holds(600, tried, |(claims, escapes, places, other)| {
        let written = |value: &Value, escapes| {
            let mut text = String::new();
            spell(value, escapes, &mut text);
            text
        };
        let (which, place, is_nested) = places;
        let mut members: Members = claims
            .iter()
            .map(|(name, value)| (written(&json!(name), escapes), written(value, 0)))
            .collect();
        let name = claims.keys().nth(which.index(claims.len())).unwrap();
        let double = (written(&json!(name), !escapes), written(&other, 0));
        let judge = |members: &Members| {
            let mut text = object(members);
            if is_nested {
                let exp = NOW + 300;
                text =
                    format!(r#"{{"iss":"{ISSUER}","x":[{text},{{}}],"aud":"{API}","exp":{exp}}}"#);
            }
            let token = issuer.token().raw_payload(text.as_bytes()).mint();
            judge(&token, &keys, &policy, NOW).map(drop)
        };
        prop_assert_eq!(judge(&members), Ok(()));
        members.insert(place.index(members.len() + 1), double);
        prop_assert_eq!(judge(&members), Err(Reason::MalformedPayload));
        Ok(())
    });
}

/// One string or a list of them.
fn strings_of(value: Option<&Value>) -> Vec<&str> {
    match value {
        None => Vec::new(),
        Some(Value::Array(entries)) => entries.iter().filter_map(Value::as_str).collect(),
        Some(one) => one.as_str().into_iter().collect(),
    }
}

#[test]
fn all_ways_to_read_a_claim_agree() {
    let issuer = issuer();
    let (keys, policy) = (keys_of(&issuer.jwks()), settings().build().unwrap());
    holds(600, (good_claims(), any::<u64>()), |(claims, escapes)| {
        let written = Value::Object(claims.clone());
        let mut text = String::new();
        spell(&written, escapes & escapes.rotate_left(3), &mut text);
        let token = issuer.token().raw_payload(text.as_bytes()).mint();
        let token = judge(&token, &keys, &policy, NOW)
            .map_err(|reason| TestCaseError::fail(format!("{reason}: {text}")))?;

        let read: Map<String, Value> = token.claims().unwrap();
        prop_assert_eq!(&read, &claims);
        for (name, value) in &claims {
            prop_assert_eq!(token.claim(name), Some(value.clone()), "{}", name);
        }
        for absent in ["", "x-", "ISS", "iss ", "tenant", "iss\0"] {
            prop_assert_eq!(token.claim(absent), None, "{}", absent);
        }

        let string = |name| read.get(name).and_then(Value::as_str);
        prop_assert_eq!(Some(token.issuer()), string("iss"));
        prop_assert_eq!(token.subject(), string("sub"));
        prop_assert_eq!(token.client_id(), string("client_id"));
        prop_assert_eq!(token.jwt_id(), string("jti"));
        let identity = token.identity();
        let identity = identity.as_ref().map(|who| (who.issuer(), who.subject()));
        prop_assert_eq!(identity, string("sub").map(|subject| (ISSUER, subject)));
        let audience: Vec<_> = token.audience().iter().collect();
        prop_assert_eq!(audience, strings_of(read.get("aud")));
        let scopes: Vec<_> = token.scopes().iter().collect();
        let entries = strings_of(read.get("scope").or(read.get("scp")));
        let words = entries.iter().flat_map(|entry| entry.split(' '));
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        prop_assert_eq!(token.scopes().is_empty(), words.is_empty());
        prop_assert_eq!(scopes, words);

        // So that the token lives shorter.
        let time = |name, round: fn(f64) -> f64| {
            let seconds = read.get(name).and_then(Value::as_f64)?;
            Some(round(seconds))
        };
        #[allow(clippy::cast_precision_loss)] // far below 2^53
        let seconds = |date: Option<NumericDate>| date.map(|date| date.as_secs() as f64);
        prop_assert_eq!(seconds(token.expires_at()), time("exp", f64::floor));
        prop_assert_eq!(seconds(token.issued_at()), time("iat", f64::ceil));
        prop_assert_eq!(seconds(token.not_before()), time("nbf", f64::ceil));
        Ok(())
    });
}

/// A time in a token, relative to the time of its validation.
#[derive(Clone, Debug)]
enum When {
    Absent,
    /// A JSON text that is not a NumericDate of 64 bits.
    Wrong(&'static str),
    At(Moment, Spelling),
}

#[derive(Clone, Copy, Debug)]
enum Moment {
    FromNow(i64),
    /// Relative to the first and the last moment that the skew allows.
    FromTheEdge(i64, bool),
    Anywhere(i64),
}

#[derive(Clone, Copy, Debug)]
enum Spelling {
    Whole,
    PointZero,
    Exponent,
    Thousandths(i128),
}

fn any_seconds() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -10_000_000_000_i64..10_000_000_000,
        (i64::MIN..=i64::MIN + 400),
        (i64::MAX - 400..=i64::MAX),
        select(vec![i64::MIN, i64::MAX, 0, -1, 1, 253_402_300_800]),
    ]
}

impl When {
    fn any(absent: u32) -> impl Strategy<Value = When> {
        let moment = prop_oneof![
            3 => (-700_i64..700).prop_map(Moment::FromNow),
            4 => (-2_i64..=2, any::<bool>()).prop_map(|(by, is_ahead)| Moment::FromTheEdge(by, is_ahead)),
            2 => any_seconds().prop_map(Moment::Anywhere),
        ];
        let spelling = prop_oneof![
            4 => Just(Spelling::Whole),
            1 => Just(Spelling::PointZero),
            1 => Just(Spelling::Exponent),
            2 => (1_i128..1_000).prop_map(Spelling::Thousandths),
        ];
        let wrong = select(vec![
            "null",
            "true",
            "\"1700000000\"",
            "\"\"",
            "[]",
            "[1700000000]",
            "{}",
            "9223372036854775808",
            "-9223372036854777856",
            "1e19",
            "-1e300",
        ]);
        prop_oneof![
            absent => Just(When::Absent),
            1 => wrong.prop_map(When::Wrong),
            20 => (moment, spelling).prop_map(|(moment, spelling)| When::At(moment, spelling)),
        ]
    }

    /// Its text, and how many thousandths of a second it means, exactly.
    fn spelled(&self, now: i64, skew: u64) -> (Option<String>, Claimed) {
        let (moment, spelling) = match self {
            When::Absent => return (None, Claimed::Absent),
            When::Wrong(text) => return (Some((*text).to_owned()), Claimed::Wrong),
            When::At(moment, spelling) => (moment, spelling),
        };
        let (now, skew) = (i128::from(now), i128::from(skew));
        let seconds = match *moment {
            Moment::FromNow(by) => now + i128::from(by),
            Moment::FromTheEdge(by, true) => now + skew + i128::from(by),
            Moment::FromTheEdge(by, false) => now - skew + i128::from(by),
            Moment::Anywhere(seconds) => i128::from(seconds),
        };
        let seconds = seconds.clamp(i64::MIN.into(), i64::MAX.into());
        // As far as a double distinguishes thousandths.
        let is_exact = seconds.abs() < 1 << 40;
        let (text, thousandths) = match *spelling {
            Spelling::PointZero if is_exact => (format!("{seconds}.0"), seconds * 1_000),
            Spelling::Exponent if is_exact => (format!("{seconds}e0"), seconds * 1_000),
            Spelling::Thousandths(more) if is_exact => {
                let all = seconds * 1_000 + more;
                let sign = if all < 0 { "-" } else { "" };
                let digits = all.abs();
                (
                    format!("{sign}{}.{:03}", digits / 1_000, digits % 1_000),
                    all,
                )
            }
            _ => (seconds.to_string(), seconds * 1_000),
        };
        (Some(text), Claimed::Is(thousandths))
    }
}

#[derive(Clone, Copy, Debug)]
enum Claimed {
    Absent,
    Wrong,
    Is(i128),
}

impl Claimed {
    /// In whole seconds, rounded up; `None` where it is absent.
    fn up(self) -> Result<Option<i128>, Reason> {
        match self {
            Claimed::Absent => Ok(None),
            Claimed::Wrong => Err(Reason::MalformedClaim),
            Claimed::Is(thousandths) => Ok(Some(-(-thousandths).div_euclid(1_000))),
        }
    }
}

/// The rules of RFC 7519 sections 4.1.4 to 4.1.6 with numbers that don't overflow, and ours for an
/// `exp` that is not in seconds. No moment is after the last one that 64 bits hold.
fn model(
    [exp, nbf, iat]: [Claimed; 3],
    now: i64,
    skew: u64,
    max_age: Option<u64>,
    max_remaining: Option<u64>,
) -> Result<(), Reason> {
    let now = i128::from(now);
    let skew = i128::from(skew);
    let is_over = |end: i128| now >= end.min(i64::MAX.into());
    let exp = match exp {
        Claimed::Absent => return Err(Reason::ExpiryMissing),
        Claimed::Wrong => return Err(Reason::MalformedClaim),
        Claimed::Is(thousandths) => thousandths.div_euclid(1_000),
    };
    // In milliseconds, microseconds or nanoseconds it would be a time from 2010 to 2110.
    let is_in_smaller_unit = [1_000, 1_000_000, 1_000_000_000]
        .into_iter()
        .any(|unit| (1_262_304_000 * unit..4_417_977_600 * unit).contains(&exp));
    if is_in_smaller_unit {
        return Err(Reason::MalformedClaim);
    }
    if is_over(exp + skew) {
        return Err(Reason::Expired);
    }
    if nbf.up()?.is_some_and(|nbf| nbf > now + skew) {
        return Err(Reason::NotYetValid);
    }
    let iat = iat.up()?;
    if iat.is_some_and(|iat| iat > now + skew) {
        return Err(Reason::IssuedInTheFuture);
    }
    if let Some(max_age) = max_age {
        let iat = iat.ok_or(Reason::ClaimMissing)?;
        if is_over(iat + i128::from(max_age) + skew) {
            return Err(Reason::TooOld);
        }
    }
    match max_remaining {
        Some(most) if exp - now > i128::from(most) + skew => Err(Reason::LifetimeTooLong),
        _ => Ok(()),
    }
}

#[test]
fn time_is_judged_as_the_rules_say() {
    let issuer = issuer();
    let keys = keys_of(&issuer.jwks());
    let seen = RefCell::new(BTreeSet::new());
    let limit = || {
        prop_oneof![
            4 => Just(None),
            2 => (1_u64..700).prop_map(Some),
            1 => any::<u64>().prop_map(|seconds| Some(seconds.max(1))),
        ]
    };
    let now = prop_oneof![2 => NOW - 10..NOW + 10, 2 => any_seconds()];
    let times = [When::any(1), When::any(10), When::any(10)];
    let tried = (times, now, 0_u64..=300, limit(), limit());
    holds(
        4_000,
        tried,
        |(times, now, skew, max_age, max_remaining)| {
            let mut settings = settings().clock_skew(Duration::from_secs(skew));
            if let Some(seconds) = max_age {
                settings = settings.max_token_age(Duration::from_secs(seconds));
            }
            if let Some(seconds) = max_remaining {
                settings = settings.max_remaining(Duration::from_secs(seconds));
            }
            let mut claims = format!(r#"{{"iss":"{ISSUER}","aud":"{API}""#);
            let mut claimed = [Claimed::Absent; 3];
            for (at, name) in ["exp", "nbf", "iat"].into_iter().enumerate() {
                let (text, means) = times[at].spelled(now, skew);
                claimed[at] = means;
                if let Some(text) = text {
                    write!(claims, r#","{name}":{text}"#).unwrap();
                }
            }
            claims.push('}');
            let token = issuer.token().raw_payload(claims.as_bytes()).mint();
            let found = judge(&token, &keys, &settings.build().unwrap(), now).map(drop);
            let expected = model(claimed, now, skew, max_age, max_remaining);
            prop_assert_eq!(found, expected, "{} at {}", claims, now);
            seen.borrow_mut().insert(expected.map_err(Reason::as_str));
            Ok(())
        },
    );
    let seen = seen.into_inner();
    assert_eq!(seen.len(), 9, "{seen:?}");
}
