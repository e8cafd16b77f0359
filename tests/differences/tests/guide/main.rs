//! The two programs of the guide's page on moving from `jsonwebtoken`: they compile, give the same
//! verdicts, and are what the page shows.

// The page shows them as parts of a user's library.
#[allow(unreachable_pub)]
mod after;
#[allow(unreachable_pub)]
mod before;

use resource_server::testing::TestIssuer;
use std::fs;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

#[test]
fn the_programs_of_the_guide_give_the_same_verdicts() {
    let issuer = TestIssuer::new("https://as.example.com", "https://api.example.com");
    let good = || issuer.token().subject("alice").scope("orders:read");
    let stranger = TestIssuer::new("https://as.example.com", "https://api.example.com");
    let jwks = issuer.jwks();
    let validator = after::validator(&jwks).unwrap();
    let table = [
        (good(), true),
        (good().scope("orders:read orders:write"), true),
        (good().scope("orders"), false),
        (good().without("scope"), false),
        (good().audience("https://other.example.com"), false),
        (good().without("aud"), false),
        (good().issuer("https://as.example.com/"), false),
        (good().without("exp"), false),
        (good().claim("exp", 1), false),
        (good().signed_by(&stranger), false),
        (good().header("alg", "none").unsigned(), false),
    ];
    for (position, (token, is_good)) in table.into_iter().enumerate() {
        let token = token.mint();
        let expected = is_good.then_some("alice");
        let before = before::subject(&token, &jwks).ok();
        assert_eq!(before.as_deref(), expected, "before, case {position}");
        let after = ready(after::subject(&token, &validator)).ok();
        assert_eq!(after.as_deref(), expected, "after, case {position}");
    }
}

#[test]
fn the_page_shows_these_programs() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/from-jsonwebtoken.md");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains(include_str!("before.rs")), "before.rs");
    assert!(page.contains(include_str!("after.rs")), "after.rs");
}

/// Static keys need no waiting.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}
