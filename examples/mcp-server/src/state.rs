//! What the server keeps between calls, and what it gives a client to keep. Both are of one user: a
//! handle or a state alone is no proof of who presents it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use resource_server::claims::Identity;
use rmcp::model::{RequestStateCodec, SealOptions};

/// The totals that are kept.
const MAX_TOTALS: usize = 10_000;
/// How long a client may think about a number.
const TIME_TO_CONFIRM: Duration = Duration::from_secs(5 * 60);

/// The totals of all users.
#[derive(Default)]
pub(crate) struct Totals(Mutex<HashMap<(Identity<'static>, String), i64>>);

impl Totals {
    /// Adds to the total of this user with this handle, or to a new one. `None`: the user has no
    /// such total, or there are too many.
    pub(crate) fn add(
        &self,
        user: &Identity<'_>,
        handle: Option<String>,
        number: i64,
    ) -> Option<(i64, String)> {
        let mut totals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = handle.is_none();
        let handle = handle.unwrap_or_else(random_handle);
        let key = (user.clone().into_owned(), handle.clone());
        if is_new && totals.len() < MAX_TOTALS {
            totals.insert(key.clone(), 0);
        }
        let total = totals.get_mut(&key)?;
        *total = total.saturating_add(number);
        Some((*total, handle))
    }
}

/// Numbers that wait for a second call: the client keeps them, sealed (`requestState`).
pub(crate) struct Unconfirmed(RequestStateCodec);

impl Unconfirmed {
    /// With a key of this process. Several processes share a secret of 32 bytes or more.
    ///
    /// # Panics
    /// The system gives no random bytes.
    pub(crate) fn with_random_key() -> Self {
        let codec = RequestStateCodec::try_new(random::<{ RequestStateCodec::MIN_KEY_LENGTH }>());
        Unconfirmed(codec.expect("the key is long enough"))
    }

    pub(crate) fn seal(&self, user: &Identity<'_>, handle: Option<&str>, number: i64) -> String {
        let call = bytes_of(user, handle);
        let options = SealOptions::new().associated_data(&call);
        let options = options.ttl(TIME_TO_CONFIRM);
        self.0.seal_with(&number.to_be_bytes(), &options)
    }

    /// The number, if it was sealed for this user and this total, and not too long ago.
    pub(crate) fn open(
        &self,
        user: &Identity<'_>,
        handle: Option<&str>,
        sealed: &str,
    ) -> Option<i64> {
        let bytes = self.0.open_with(sealed, &bytes_of(user, handle)).ok()?;
        bytes.try_into().ok().map(i64::from_be_bytes)
    }
}

/// Whose call it is, and which. No two have the same bytes, since the texts are quoted.
fn bytes_of(user: &Identity<'_>, handle: Option<&str>) -> Vec<u8> {
    format!("add {:?} {:?} {handle:?}", user.issuer(), user.subject()).into_bytes()
}

fn random_handle() -> String {
    random::<16>().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    bytes
}
