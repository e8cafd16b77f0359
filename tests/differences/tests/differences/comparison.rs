//! The same token, key, policy and moment before both libraries.

use std::sync::{Arc, LazyLock, Mutex, Once, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{
    Algorithm, Error, Evidence, Issuer, NumericDate, Policy, Possession, PresentedToken, Reason,
    Rejection, StaticKeys, Validator,
    keys::{KeySet, VerificationKey},
    verify,
};
use serde_json::{Value, json};

use crate::draft::{API, Draft, ISSUER, asymmetric};

/// Seconds of clock skew on both sides; our default.
const LEEWAY: u64 = 30;

/// Why each side refuses a token; `None` where it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdicts {
    pub(crate) ours: Option<Reason>,
    /// The name of the `ErrorKind`.
    pub(crate) theirs: Option<String>,
}

impl Verdicts {
    pub(crate) fn agree(&self) -> bool {
        self.ours.is_none() == self.theirs.is_none()
    }
}

/// One issuer, with what each side knows of each of its keys.
pub(crate) struct Comparison {
    issuer: TestIssuer,
    stranger: TestIssuer,
    sides: Vec<Sides>,
}

/// What both sides know of one key.
struct Sides {
    kid: String,
    algorithms: Vec<Algorithm>,
    evidence: Evidence,
    policy: Policy,
    validator: Validator,
    /// The validator's, for one test at a time.
    clock: Mutex<ManualClock>,
    peer: Result<(DecodingKey, Validation), String>,
}

impl Comparison {
    /// Made once: keys take a while.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<Comparison> = LazyLock::new(Comparison::new);
        &SHARED
    }

    fn new() -> Self {
        install_provider();
        let issuers = [(); 2].map(|()| TestIssuer::new(ISSUER, API).algorithms(asymmetric()));
        let [issuer, stranger] = issuers;
        let set: Value = serde_json::from_str(&issuer.jwks()).expect("a JWK Set");
        let keys = set["keys"].as_array().expect("keys");
        Comparison {
            sides: keys.iter().map(Sides::new).collect(),
            issuer,
            stranger,
        }
    }

    /// What both sides say of a token, at one moment: the clock is read before and after.
    pub(crate) fn judge(&self, draft: &Draft) -> Verdicts {
        let sides = self.sides_of(draft.algorithm);
        loop {
            let now = unix_seconds();
            let token = draft.mint(&self.issuer, &self.stranger, &sides.kid, now);
            let verdicts = Verdicts {
                ours: sides.ours(&token, now),
                theirs: sides.theirs(&token),
            };
            if unix_seconds() == now {
                return verdicts;
            }
        }
    }

    fn sides_of(&self, algorithm: Algorithm) -> &Sides {
        let mut sides = self.sides.iter();
        sides
            .find(|sides| sides.algorithms.contains(&algorithm))
            .expect("a key for every algorithm")
    }
}

/// A build of the workspace may have another backend next to this one, and then none is chosen by
/// default.
pub(crate) fn install_provider() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let installed = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        assert!(installed.is_ok(), "another provider is installed");
    });
}

impl Sides {
    fn new(jwk: &Value) -> Self {
        let set = json!({ "keys": [jwk] }).to_string();
        let key = VerificationKey::from_jwk(&jwk.to_string()).expect("a usable key");
        let algorithms: Vec<_> = key.algorithms().collect();
        let clock = ManualClock::at(NumericDate::from_secs(0));
        let settings = Policy::builder()
            .audience(API)
            .algorithms(algorithms.iter().copied());
        let keys = StaticKeys::from_jwks(&set).expect("a usable key");
        let issuer = Issuer::new(ISSUER).policy(settings.clone()).keys(keys);
        let validator = Validator::builder().issuer(issuer).clock(clock.clone());
        Sides {
            kid: key.key_id().expect("a name").to_owned(),
            evidence: Evidence::Keys(Arc::new(KeySet::from_jwks(&set).expect("a JWK Set"))),
            policy: settings.issuer(ISSUER).build().expect("a policy"),
            validator: validator.build().expect("a validator"),
            clock: Mutex::new(clock),
            peer: peer_of(jwk, &algorithms).map_err(|error| name_of(&error)),
            algorithms,
        }
    }

    /// Our verdict, of the pure core and of the validator.
    fn ours(&self, token: &str, now: i64) -> Option<Reason> {
        let now = NumericDate::from_secs(now);
        let verdict = PresentedToken::parse(token)
            .and_then(|token| verify(&token, &self.evidence, &self.policy, now))
            .and_then(|unconfirmed| unconfirmed.confirm(&Possession::bearer()));
        let reason = verdict.err().map(|rejection: Rejection| rejection.reason());

        let clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        clock.set(now);
        let validated = match self.validator.validate_cached(token) {
            Some(Ok(_)) => None,
            Some(Err(Error::Rejected(rejection))) => Some(rejection.reason()),
            other => panic!("no verdict: {other:?}"),
        };
        assert_eq!(validated, reason, "validate_cached");
        reason
    }

    fn theirs(&self, token: &str) -> Option<String> {
        match &self.peer {
            Ok((key, validation)) => {
                let decoded = jsonwebtoken::decode::<Value>(token, key, validation);
                decoded.err().map(|error| name_of(&error))
            }
            Err(name) => Some(name.clone()),
        }
    }
}

/// The peer, as strict as its settings allow for the same intent.
fn peer_of(
    jwk: &Value,
    algorithms: &[Algorithm],
) -> jsonwebtoken::errors::Result<(DecodingKey, Validation)> {
    let jwk: Jwk = serde_json::from_value(jwk.clone())?;
    let names = algorithms.iter().map(|algorithm| algorithm.as_str());
    let mut validation = Validation {
        algorithms: names.filter_map(|name| name.parse().ok()).collect(),
        leeway: LEEWAY,
        validate_nbf: true,
        ..Validation::default()
    };
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[API]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    Ok((DecodingKey::from_jwk(&jwk)?, validation))
}

/// `MissingRequiredClaim("exp")` is named `MissingRequiredClaim`.
fn name_of(error: &jsonwebtoken::errors::Error) -> String {
    let name = format!("{:?}", error.kind());
    let end = name.find(|c: char| !c.is_alphanumeric());
    name[..end.unwrap_or(name.len())].to_owned()
}

fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.expect("a clock after 1970").as_secs();
    i64::try_from(seconds).expect("a clock before the end of time")
}
