//! What a token asks of the keys that are held.

use std::ops::Deref;
use std::sync::Arc;

use crate::core::{KeySet, Policy, PresentedToken, has_candidate};

/// What keys are asked for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// A token that is presented.
    Token(&'a PresentedToken<'a>),
    /// A token that was accepted before. Whether its key is still there is for the caller to see: a
    /// key that is gone is no reason to fetch.
    Accepted,
    /// No token yet.
    Ahead,
}

/// What is asked of the keys that are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A key that is among them.
    Known,
    /// A key that is not among them.
    Unknown,
    /// Before there is a token: so there is time to confirm given keys.
    Ahead,
}

/// State under a lock that holds keys.
pub(super) trait HoldsKeys {
    fn held(&self) -> Option<Arc<KeySet>>;
}

/// What is asked of these keys. A token may prepare one, and may have to look at many.
pub(super) fn asked_of(keys: Option<&KeySet>, purpose: Purpose<'_>, policy: &Policy) -> Asked {
    let token = match purpose {
        Purpose::Token(token) => token,
        Purpose::Accepted => return Asked::Known,
        Purpose::Ahead => return Asked::Ahead,
    };
    let Some(jwt) = token.jwt() else {
        return Asked::Known;
    };
    if keys.is_some_and(|keys| has_candidate(keys, jwt, policy)) {
        Asked::Known
    } else {
        Asked::Unknown
    }
}

/// Locks the state, with what is asked of the keys that it holds by then. `ask` is called without
/// the lock, so a key that is prepared there holds up no other token. `seen` are the keys that were
/// held a moment ago.
pub(super) fn locked<S: HoldsKeys, G: Deref<Target = S>>(
    mut seen: Option<Arc<KeySet>>,
    lock: impl Fn() -> G,
    ask: impl Fn(Option<&KeySet>) -> Asked,
) -> (G, Asked) {
    // One more round for each set that came in the meantime.
    loop {
        let asked = ask(seen.as_deref());
        let state = lock();
        let held = state.held();
        if held.as_ref().map(Arc::as_ptr) == seen.as_ref().map(Arc::as_ptr) {
            return (state, asked);
        }
        drop(state);
        seen = held;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{RwLock, RwLockWriteGuard};

    use super::*;

    struct State(Option<Arc<KeySet>>);

    impl HoldsKeys for State {
        fn held(&self) -> Option<Arc<KeySet>> {
            self.0.clone()
        }
    }

    /// Keys that come while the old ones are looked at are looked at too, all without the lock.
    #[test]
    fn k06_keys_are_looked_at_without_the_lock() {
        let state = RwLock::new(State(None));
        let new = Arc::new(KeySet::default());
        let lock = || state.write().unwrap();
        let ask = |keys: Option<&KeySet>| {
            let mut state = state.try_write().expect("no lock is held");
            state.0 = Some(Arc::clone(&new));
            match keys {
                None => Asked::Unknown,
                Some(keys) if std::ptr::eq(keys, &raw const *new) => Asked::Known,
                Some(_) => Asked::Ahead,
            }
        };
        let (held, asked): (RwLockWriteGuard<'_, State>, Asked) = locked(None, lock, ask);
        assert_eq!(asked, Asked::Known);
        assert!(Arc::ptr_eq(&held.held().unwrap(), &new));
    }
}
