//! The API's issuers and Validator, and the tokens that requests present.

use std::time::Duration;

use resource_server::testing::{ManualClock, TestIssuer, TestToken};
use resource_server::{
    Evidence, Issuer, KeySource, NumericDate, Policy, PresentedToken, Resource, Validator,
    error::SourceError,
};

use crate::Case;

/// The API's identifier, and the audience of its tokens.
pub const API: &str = "https://api.example.com/v1";
const NOW: i64 = 1_700_000_000;

/// The API, and the issuers of tokens.
pub struct World {
    /// Trusts one issuer that it reaches, and one that it does not.
    pub validator: Validator,
    /// The time of the API and its issuers.
    pub clock: ManualClock,
    trusted: TestIssuer,
    unreachable: TestIssuer,
    unknown: TestIssuer,
}

/// A source that can't be reached.
struct Down;

impl KeySource for Down {
    async fn evidence(&self, _: &PresentedToken<'_>) -> Result<Evidence, SourceError> {
        Err(SourceError::new("it is down").retry_in(Duration::from_millis(6_500)))
    }
}

impl World {
    /// # Panics
    /// The settings are faulty.
    pub fn new() -> Self {
        let clock = ManualClock::at(NumericDate::from_secs(NOW));
        let issuer = |name| TestIssuer::new(name, API).clock(clock.clone());
        let trusted = issuer("https://as.example.com");
        let unreachable = issuer("https://down.example.com");
        let resource = Resource::new(API)
            .scopes_supported(["orders:read", "orders:write"])
            .entry_scopes(["orders:read"]);
        let roles = Policy::builder().role_claims(["roles"]);
        let validator = Validator::builder()
            .resource(resource)
            .issuer(trusted.to_issuer().policy(roles))
            .issuer(Issuer::new(unreachable.name()).source(Down))
            .clock(clock.clone())
            .build()
            .expect("the settings are sound");
        World {
            validator,
            unknown: issuer("https://unknown.example.com"),
            clock,
            trusted,
            unreachable,
        }
    }

    /// A token of the trusted issuer, for alice, with the scope `orders:read`.
    pub fn token(&self) -> TestToken {
        self.trusted.token().subject("alice").scope("orders:read")
    }

    /// A token of the issuer that can't be reached.
    pub fn unreachable_token(&self) -> TestToken {
        self.unreachable.token()
    }

    /// The headers of a case, with a token in place of each word in braces.
    pub fn headers(&self, case: &Case) -> Vec<(&'static str, Vec<u8>)> {
        let lines = case.headers.iter();
        lines
            .map(|(name, value)| (*name, self.filled(value)))
            .collect()
    }

    /// # Panics
    /// No token has such a name.
    fn filled(&self, value: &[u8]) -> Vec<u8> {
        let Some(open) = value.iter().position(|byte| *byte == b'{') else {
            return value.to_vec();
        };
        let close = value.iter().position(|byte| *byte == b'}');
        let close = close.expect("a brace is closed");
        let token = match &value[open + 1..close] {
            b"good" => self.token().mint(),
            b"expired" => {
                let past = NumericDate::from_secs(NOW - 3_600);
                self.token().expires_at(past).mint()
            }
            b"foreign" => self.token().audience("https://other.example.com").mint(),
            b"forged" => self.token().signed_by(&self.unknown).mint(),
            b"unknown" => self.unknown.token().mint(),
            b"unreachable" => self.unreachable_token().mint(),
            b"clerk" => self.token().claim("roles", vec!["clerk"]).mint(),
            b"hostile" => {
                let text = "m4rked\", x=\"\r\ny: z";
                self.token().claim("scope", text).header("kid", text).mint()
            }
            b"long" => "a".repeat(100_000),
            other => panic!("no token is named {}", String::from_utf8_lossy(other)),
        };
        [&value[..open], token.as_bytes(), &value[close + 1..]].concat()
    }
}

impl Default for World {
    fn default() -> Self {
        World::new()
    }
}
