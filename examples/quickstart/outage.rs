//! Keys that come, go and are unavailable.

use std::time::Duration;

use resource_server::Validator;
use resource_server::testing::{Fault, ManualClock, TestIssuer, TestServer};

const CALLERS: u32 = 100;
const MINUTE: Duration = Duration::from_secs(60);

/// How many callers saw each status.
#[derive(Default, PartialEq)]
struct Seen {
    ok: u32,
    unauthorized: u32,
    unavailable: u32,
}

const ALL_200: Seen = Seen {
    ok: CALLERS,
    unauthorized: 0,
    unavailable: 0,
};
const ALL_401: Seen = Seen {
    ok: 0,
    unauthorized: CALLERS,
    unavailable: 0,
};
const ALL_503: Seen = Seen {
    ok: 0,
    unauthorized: 0,
    unavailable: CALLERS,
};

/// Shows each scene and returns how many had an unexpected result.
pub(crate) async fn show(
    validator: &Validator,
    server: &TestServer,
    issuer: &TestIssuer,
    clock: &ManualClock,
) -> usize {
    println!(
        "\n{:<52} {:>4} {:>5} {:>5} {:>8}",
        "100 callers in turn", 200, 401, 503, "fetches"
    );
    println!("{}", "-".repeat(79));
    let mut surprises = 0;
    let mut scene = async |name: &str, token: &str, minutes: u32, expected: Seen| {
        let before = server.fetches();
        let mut seen = Seen::default();
        for _ in 0..CALLERS {
            clock.advance(MINUTE * minutes / CALLERS);
            match validator
                .validate(token)
                .await
                .map_err(|error| error.status())
            {
                Ok(_) => seen.ok += 1,
                Err(401) => seen.unauthorized += 1,
                Err(_) => seen.unavailable += 1,
            }
        }
        let after = server.fetches();
        let fetches = after.jwks + after.discovery - before.jwks - before.discovery;
        println!(
            "{name:<52} {:>4} {:>5} {:>5} {fetches:>8}",
            seen.ok, seen.unauthorized, seen.unavailable
        );
        surprises += usize::from(seen != expected);
    };
    let mint = || issuer.token().expires_in(MINUTE * 10_000).mint();

    let old = mint();
    scene("an ordinary hour", &old, 60, ALL_200).await;

    issuer.rotate_keys();
    clock.advance(Duration::from_secs(10));
    let new = mint();
    scene("keys rotated: tokens of the new key", &new, 1, ALL_200).await;
    scene("  tokens of the old key, still published", &old, 1, ALL_200).await;

    issuer.withdraw_old_keys();
    clock.advance(MINUTE * 10);
    scene(
        "old key withdrawn: its tokens, 10 minutes later",
        &old,
        1,
        ALL_401,
    )
    .await;

    server.fail(Fault::Status {
        code: 503,
        retry_after: None,
    });
    scene("server down for an hour", &new, 60, ALL_200).await;
    clock.advance(MINUTE * 15);
    scene(
        "  beyond the outage tolerance: 503, never 401",
        &new,
        10,
        ALL_503,
    )
    .await;

    server.recover();
    clock.advance(MINUTE);
    scene("server up again", &new, 1, ALL_200).await;
    surprises
}
