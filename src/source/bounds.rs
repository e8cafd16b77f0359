//! Every bound and every pause of the sources, in one place. What is a setting has its default and
//! its limits here.

use std::time::Duration;

// The HTTP client

/// How long connecting may take where no setting says.
pub(super) const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a whole call may take where no setting says.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest time limit that can be set: a caller would not wait longer.
pub(super) const MAX_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections that are kept open to one host.
pub(super) const MAX_KEPT_CONNECTIONS: usize = 16;
/// How long a connection is kept without use. A server with one worker for each connection serves
/// no other for that time, so it is shorter than a call may take.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(1);
/// The largest metadata document that is read, in bytes.
pub(super) const MAX_METADATA_BYTES: usize = 1024 * 1024;
/// The largest introspection response that is read, in bytes.
pub(super) const MAX_INTROSPECTION_BYTES: usize = 256 * 1024;
/// The setting of the largest key set that is read, and how far it goes, for errors.
pub(super) const MAX_KEY_SET_BYTES: &str = "Issuer::max_key_set_bytes, up to 16777216";
/// How long a call over a bound on concurrent calls waits for its turn.
pub(super) const LONGEST_QUEUE: Duration = Duration::from_secs(1);
/// The longest `Retry-After` that is passed on.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);
/// The largest file with a bearer token, in bytes: no server accepts a longer header.
pub(super) const MAX_TOKEN_FILE_BYTES: usize = 16 * 1024;
/// How long a call waits for the read of a token's file: a disk that takes longer hangs.
pub(super) const LONGEST_READ: Duration = Duration::from_secs(2);

// Work in flight

/// A key set with more bytes than this is read outside the runtime. Reading takes up to 13 us for
/// each 1,000 bytes (100 P-256 keys, which are prepared at once), so up to a millisecond for this.
pub(super) const READ_APART_FROM: usize = 64 * 1024;

/// Work that has not ended this long after its own limit never will.
pub(super) const GRACE: Duration = Duration::from_secs(1);
/// Fetches that one request may wait for: fetches that were lost with their runtime, or brought
/// keys that are too old by then.
pub(super) const MAX_ROUNDS: usize = 3;
/// The refresh task checks the clock at least this often, since a clock may jump while it sleeps.
pub(super) const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// Between the end of a fetch and the refresh task's next check.
pub(super) const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

// Metadata

/// Metadata is read again this often.
pub(super) const METADATA_LIFETIME: Duration = Duration::from_secs(86_400);
/// After a failure, known metadata is read again this often, and callers use what is known.
pub(super) const METADATA_PAUSE: Duration = Duration::from_secs(60);
/// Steps that one caller waits for in addition to those that it needs: steps that are lost or
/// stuck.
pub(super) const MAX_LOST: usize = 3;

// Keys: lifetimes and pauses

/// How long keys are fresh where neither the response nor a setting says.
pub(super) const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);
/// How long keys past their lifetime are used while fetches fail, where no setting says.
pub(super) const DEFAULT_OUTAGE_TOLERANCE: Duration = Duration::from_secs(3_600);
/// The longest tolerance that can be set: a longer outage is not an outage.
pub(super) const MAX_OUTAGE_TOLERANCE: Duration = Duration::from_secs(86_400);
/// Keys are refreshed from this part of their lifetime on.
pub(super) const REFRESH_FROM: f64 = 0.7;
/// At random up to this part of their lifetime later, so that many processes don't ask at once.
pub(super) const REFRESH_SPREAD: f64 = 0.15;
/// A pause after a failure is shorter by up to this part of it, at random.
pub(super) const BACKOFF_SPREAD: f64 = 0.25;
/// Keys are fresh for at least this long: an issuer can't make us ask more often.
pub(super) const MIN_LIFETIME: Duration = Duration::from_secs(60);
/// Keys are fresh for at most this long, so a withdrawn key is gone by then.
pub(super) const MAX_LIFETIME: Duration = Duration::from_secs(3_600);
/// Between fetches for keys that are not in the set.
pub(super) const COOLDOWN: Duration = Duration::from_secs(10);
/// After the first failed fetch. It doubles with each further one.
pub(super) const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// The longest pause that doubling leads to.
pub(super) const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// The longest `Retry-After` that is honoured between fetches of keys.
pub(super) const MAX_FETCH_PAUSE: Duration = Duration::from_secs(300);
/// Fetches that may start at once, regardless of clocks and settings. Then one may start in each
/// interval.
pub(super) const BURST: u32 = 10;
/// One fetch is added to the budget in each interval.
pub(super) const BUDGET_INTERVAL: Duration = Duration::from_secs(5);
/// A failure is recent until the next fetch has had its time, and this much longer.
pub(super) const NEWS: Duration = Duration::from_secs(5);
/// How far the clocks of two machines may be apart.
pub(super) const CLOCK_SKEW: Duration = Duration::from_secs(30);

// Key files

/// How often a key file is read where no setting says.
pub(super) const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);
/// The shortest interval that can be set.
pub(super) const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// The longest interval that can be set.
pub(super) const MAX_INTERVAL: Duration = Duration::from_secs(3_600);
/// How long a request waits for the read of a key file.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Between reads of a key file for a key that is not in it, or while there are no keys.
pub(super) const KEY_FILE_COOLDOWN: Duration = Duration::from_secs(1);

// Tenants

/// Tenants that are held where no setting says.
pub(super) const DEFAULT_MAX_TENANTS: usize = 1_000;
/// The most tenants that can be set to be held.
pub(super) const MAX_TENANTS: usize = 100_000;
/// Memory for the key sets of all tenants of an issuer together where no setting says, in bytes.
pub(super) const DEFAULT_TENANT_BYTES: u64 = 256 * 1024 * 1024;
/// The least such memory that can be set, in bytes.
pub(super) const MIN_TENANT_BYTES: u64 = 1024 * 1024;
/// The most such memory that can be set, in bytes.
pub(super) const MAX_TENANT_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// How long a tenant without tokens is held where no setting says.
pub(super) const DEFAULT_IDLE_AFTER: Duration = Duration::from_secs(3_600);
/// The shortest such time that can be set.
pub(super) const MIN_IDLE_AFTER: Duration = Duration::from_secs(60);
/// The longest such time that can be set.
pub(super) const MAX_IDLE_AFTER: Duration = Duration::from_secs(7 * 86_400);
/// Calls at once, of all tenants of an issuer together.
pub(super) const TENANT_CALLS: usize = 64;
/// Tenants whose keys are fetched for the first time at once. It is less than the number of calls
/// at once. So a first fetch that has begun never waits for a call, and tenants with keys have
/// their own calls.
pub(super) const FIRST_FETCHES: usize = 48;
/// So many of these are for tenants that found no room before. A flood of new names has none of
/// them, and a server that takes seconds to refuse each name leaves none of the others free.
pub(super) const FIRST_FETCHES_OF_RETURNING: usize = FIRST_FETCHES / 4;
/// When a newcomer that found no room may find some.
pub(super) const TIME_OF_CROWD: Duration = Duration::from_secs(1);
/// Newcomers are at most a quarter of the tenants that may be held, but at least this many.
pub(super) const MIN_NEWCOMERS: usize = 16;
/// Newcomers are at most a quarter of the tenants that may be held, and at most this many.
pub(super) const MAX_NEWCOMERS: usize = 256;
/// Newcomers that found no room before may exceed that number by this part of it.
pub(super) const PART_OF_RETURNING: usize = 4;
/// How long it is remembered that a newcomer found no room.
pub(super) const TIME_TO_RETURN: Duration = Duration::from_secs(60);
/// A tenant with keys is held at least this long after its last token.
pub(super) const TIME_OF_USE: Duration = COOLDOWN;
/// If no tenant with keys could be dropped, the next attempt waits for this time. An attempt may
/// need a step under the lock for each tenant that was used since the last one.
pub(super) const TIME_WITHOUT_ROOM: Duration = Duration::from_secs(1);
/// An issuer that doesn't exist is not looked for again for this long.
pub(super) const TIME_OF_ABSENCE: Duration = Duration::from_secs(60);
/// Newcomers that are remembered after they were dropped, and names that found no room: a minute of
/// 250 new names a second, in about a megabyte for each of the two.
pub(super) const MAX_REMEMBERED: usize = 16_384;
/// Names that are remembered to have had keys: as many as the largest number of tenants that can be
/// held.
pub(super) const MAX_KNOWN: usize = MAX_TENANTS;

// Introspection

/// Calls that may wait for each one that runs. One more is turned away at once.
pub(super) const WAITING_PER_CALL: usize = 16;
/// Inactive tokens that are remembered.
pub(super) const MAX_REFUSED: u64 = 10_000;
/// How long the response for an active token is cached where no setting says.
pub(super) const DEFAULT_ACTIVE_FOR: Duration = Duration::from_secs(60);
/// How long the response for an inactive token is cached where no setting says.
pub(super) const DEFAULT_INACTIVE_FOR: Duration = Duration::from_secs(10);
/// The longest time that a response can be cached: a revocation goes unseen for that long.
pub(super) const MAX_CACHED_FOR: Duration = Duration::from_secs(3_600);
/// Memory for responses where no setting says, in bytes: about 20,000 usual responses.
pub(super) const DEFAULT_CACHE_BYTES: u64 = 16 * 1024 * 1024;
/// The least memory for responses that can be set, in bytes: less holds no response of the largest
/// size.
pub(super) const MIN_CACHE_BYTES: u64 = 128 * 1024;
/// Concurrent calls where no setting says.
pub(super) const DEFAULT_CONCURRENT_CALLS: usize = 64;
/// The most concurrent calls that can be set.
pub(super) const MAX_CONCURRENT_CALLS: usize = 1_024;
/// The longest pause that failures of the endpoint lead to, unless it asks for a longer one. A
/// token that is not cached gets no response during a pause, so an outage must not seem longer than
/// it is.
pub(super) const MAX_CALL_PAUSE: Duration = Duration::from_secs(5);
/// So many tokens whose calls fail one after another pause the calls for all tokens. Fewer may fail
/// because of the tokens.
pub(super) const FAILED_TOKENS: usize = 3;
/// Concurrent calls before the server has shown how many it answers in time.
pub(super) const CALLS_AT_FIRST: usize = 16;
/// An answer is late after this part of the time limit of a call.
pub(super) const LATE_PART: u32 = 5;
/// So many answers in time, for each connection that is kept, let one more be kept.
pub(super) const KEPT_AFTER: usize = 64;
/// The same after several answers were late: each time it doubles, up to this.
pub(super) const MAX_KEPT_AFTER: usize = 4_096;
/// Tokens that are known to have been active, and have a quarter of the calls for themselves.
pub(super) const MAX_KNOWN_TOKENS: u64 = 10_000;
/// How long a token is known after it was active.
pub(super) const KNOWN_FOR: Duration = Duration::from_secs(3_600);
/// How long a call of the user's store may take.
pub(super) const STORE_LIMIT: Duration = Duration::from_millis(100);
/// Removals from the user's store at once. One more is left out.
pub(super) const MAX_REMOVALS: usize = 256;
/// Forgotten tokens that are remembered.
pub(super) const MAX_FORGOTTEN: u64 = 10_000;
/// How long a forgotten token is remembered: longer than any response is cached, by any clock.
pub(super) const FORGOTTEN_FOR: Duration = Duration::from_secs(3_600 + 60);
/// The least length of the key that authenticates stored responses, in bytes.
pub(super) const MIN_STORE_KEY_BYTES: usize = 32;
