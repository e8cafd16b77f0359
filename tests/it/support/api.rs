//! What several test files share: one API, its issuer, and every way to validate a token, which
//! must agree.

use std::future::Future;
use std::sync::Arc;

use resource_server::testing::{ManualClock, TestIssuer, TestToken};
use resource_server::{
    AccessToken, Evidence, Issuer, KeySource, NumericDate, Policy, PolicyBuilder, Possession,
    PresentedToken, Reason, Rejection, Validator, clock::Clock, error::SourceError,
    introspection::IntrospectionResponse, keys::KeySet, verify,
};

use super::verdict::{API, ISSUER, NOW, clock, signer, validator, verdict as verdict_of};

/// A thumbprint in its right form.
pub(crate) const THUMBPRINT: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
/// In a table: the claim is left out.
pub(crate) const ABSENT: &str = "absent";

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// An issuer's keys from a source that caches nothing.
pub(crate) struct NeverAtHand(pub(crate) TestIssuer);

impl KeySource for NeverAtHand {
    async fn evidence(&self, token: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        tokio::task::yield_now().await;
        self.0.evidence(token).await
    }
}

/// An API with one issuer and a clock that shows [`NOW`].
pub(crate) struct Api {
    pub(crate) issuer: TestIssuer,
    pub(crate) clock: ManualClock,
    pub(crate) validator: Validator,
    asking: Validator,
    caching: Validator,
    policy: Policy,
}

impl Api {
    pub(crate) fn new() -> Self {
        Self::with(Policy::builder())
    }

    pub(crate) fn with(settings: PolicyBuilder) -> Self {
        Self::trusting(ISSUER, settings)
    }

    pub(crate) fn trusting(name: &str, settings: PolicyBuilder) -> Self {
        let clock = clock();
        let issuer = signer(name, &clock);
        let settings = settings.audience(API);
        let validator = |entry: Issuer| validator(entry.policy(settings.clone()), &clock);
        Api {
            validator: validator(issuer.to_issuer()),
            asking: validator(Issuer::new(name).source(NeverAtHand(issuer.clone()))),
            caching: caching(issuer.to_issuer().policy(settings.clone()), &clock),
            policy: settings.clone().issuer(name).build().unwrap(),
            issuer,
            clock,
        }
    }

    pub(crate) fn token(&self) -> TestToken {
        self.issuer.token()
    }

    /// The verdict on a token: of the pure core, of `validate_cached`, and of `validate` with
    /// cached keys and without, and with a cache of verified tokens at the first and second sight.
    pub(crate) fn judge(&self, token: &str) -> Result<AccessToken, Rejection> {
        let keys = KeySet::from_jwks(&self.issuer.jwks()).unwrap();
        let verdict = PresentedToken::parse(token)
            .and_then(|presented| {
                let evidence = Evidence::Keys(Arc::new(keys));
                verify(&presented, &evidence, &self.policy, self.clock.now())
            })
            .and_then(|unconfirmed| unconfirmed.confirm(&Possession::bearer()));
        let reason = verdict.as_ref().err().map(Rejection::reason);

        let now = self.validator.validate_cached(token);
        assert_eq!(
            verdict_of(now.expect("the keys are cached")),
            reason,
            "validate_cached"
        );
        let later = block_on(self.validator.validate(token));
        assert_eq!(verdict_of(later), reason, "validate");
        let asked = block_on(self.asking.validate(token));
        assert_eq!(verdict_of(asked), reason, "validate, with a source to ask");
        for sight in ["first", "second"] {
            let known = block_on(self.caching.validate(token));
            assert_eq!(verdict_of(known), reason, "validate, {sight} sight");
        }
        verdict
    }

    /// Why a token is refused; `None` where it is accepted.
    pub(crate) fn reason(&self, token: &str) -> Option<Reason> {
        self.judge(token).err().map(|rejection| rejection.reason())
    }

    /// Judges tokens that are good but for one claim, which is each of these JSON texts. White
    /// space separates the texts, so a space in one is written `\u0020`.
    pub(crate) fn check(&self, row: &str, claim: &str, table: &[(Option<Reason>, &str)]) {
        for (expected, texts) in table {
            for text in texts.split_whitespace() {
                let found = self.reason(&self.minted(&[(claim, text)]));
                assert_eq!(found, *expected, "{row}: {claim} is {text}");
            }
        }
    }

    /// A token that is good but for these claims.
    pub(crate) fn minted(&self, changes: &[(&str, &str)]) -> String {
        self.token().raw_payload(&self.claims(changes)).mint()
    }

    /// The claims set of a good token in which these claims are these JSON texts, or absent.
    pub(crate) fn claims(&self, changes: &[(&str, &str)]) -> Vec<u8> {
        let quoted = |text: &str| format!("\"{text}\"");
        let mut claims = vec![
            ("iss", quoted(self.issuer.name())),
            ("aud", quoted(API)),
            ("sub", quoted("alice")),
            ("client_id", quoted("web")),
            ("iat", NOW.to_string()),
            ("exp", (NOW + 300).to_string()),
            ("jti", quoted("1")),
        ];
        for (name, text) in changes {
            claims.retain(|(known, _)| known != name);
            if *text != ABSENT {
                claims.push((name, (*text).to_owned()));
            }
        }
        let members: Vec<_> = claims.iter().map(|(n, v)| format!("\"{n}\":{v}")).collect();
        format!("{{{}}}", members.join(",")).into_bytes()
    }
}

/// An API that trusts one issuer and keeps verified tokens.
fn caching(issuer: Issuer, clock: &ManualClock) -> Validator {
    let builder = Validator::builder().audience(API).clock(clock.clone());
    let builder = builder.issuer(issuer).token_cache(1024 * 1024);
    builder.build().unwrap()
}

/// A claims set with more members after its own.
pub(crate) fn with_members(mut claims: Vec<u8>, members: &str) -> Vec<u8> {
    claims.pop();
    claims.extend_from_slice(format!(",{members}}}").as_bytes());
    claims
}

/// The core's verdict on an opaque token with an introspection response of these members.
pub(crate) fn introspected(
    settings: PolicyBuilder,
    members: &serde_json::Value,
) -> Result<AccessToken, Rejection> {
    let mut answer = serde_json::json!({"active": true, "aud": API, "exp": NOW + 300});
    for (name, value) in members.as_object().unwrap() {
        answer[name] = value.clone();
    }
    let response = IntrospectionResponse::from_json(&answer.to_string()).unwrap();
    let policy = settings.issuer(ISSUER).audience(API).build().unwrap();
    let token = PresentedToken::parse("opaque").unwrap();
    let evidence = Evidence::Introspection(Arc::new(response));
    verify(&token, &evidence, &policy, NumericDate::from_secs(NOW))?.confirm(&Possession::bearer())
}
