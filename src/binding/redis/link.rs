//! The connection to Redis, and one entry over it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, RedisError, RedisResult, Value};

use super::outage;
use super::policy;
use crate::binding::replay::Insertion;
use crate::source_error::SourceError;

/// How many limits of a call a connect or a response may last in the background. A call itself ends
/// after one.
const LEFTOVER_LIMITS: u32 = 2;
/// The reply of a replica. After a failover, the address may belong to another server.
const READ_ONLY: &str = "READONLY";

/// A Redis server, and the one connection to it that all calls share.
pub(super) struct Server {
    client: Client,
    /// Host and port, or the path of the socket: no user information.
    address: String,
    link: Mutex<Option<Arc<Link>>>,
    warning: Mutex<Option<String>>,
}

/// A connection that is made by its first call. After an error it is replaced, and not mended: so
/// no call meets an error that an earlier attempt to connect has left.
struct Link {
    connection: ConnectionManager,
    /// Whether the eviction policy was read, or is being read.
    is_policy_known: AtomicBool,
}

impl Server {
    pub(super) fn new(client: Client) -> Self {
        Server {
            address: client.get_connection_info().addr().to_string(),
            client,
            link: Mutex::default(),
            warning: Mutex::default(),
        }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn warning(&self) -> Option<String> {
        locked(&self.warning).clone()
    }

    /// Enters a key for a time, within a limit.
    pub(super) async fn enter(
        self: Arc<Self>,
        key: &str,
        lifetime: Duration,
        limit: Duration,
    ) -> Result<Insertion, SourceError> {
        let mut command = redis::cmd("SET");
        command.arg(key).arg("").arg("NX").arg("PX");
        command.arg(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX));
        let mut link = self.link(limit)?;
        let entered = tokio::time::timeout(limit, self.set(&command, &mut link, limit)).await;
        let entered = entered.unwrap_or_else(|_| {
            // The other end may be gone without a word, so the next call connects again.
            self.discard(&link);
            Err(outage::late(&self.address, limit))
        });
        if entered.is_ok() && !link.is_policy_known.swap(true, Ordering::Relaxed) {
            tokio::spawn(self.read_policy(link));
        }
        entered
    }

    async fn set(
        &self,
        command: &Cmd,
        link: &mut Arc<Link>,
        limit: Duration,
    ) -> Result<Insertion, SourceError> {
        match self.attempt(command, link).await {
            // The connection ended, perhaps long ago.
            Err(error) if error.is_io_error() => *link = self.link(limit)?,
            entered => return entered.map_err(|error| outage::of(&error, &self.address, limit)),
        }
        match self.attempt(command, link).await {
            // The first attempt may have entered it.
            Ok(Insertion::Seen) => Err(outage::unclear(&self.address)),
            Ok(Insertion::New) => Ok(Insertion::New),
            Err(error) => Err(outage::of(&error, &self.address, limit)),
        }
    }

    async fn attempt(&self, command: &Cmd, link: &Arc<Link>) -> RedisResult<Insertion> {
        let reply = link.connection.clone().send_packed_command(command).await;
        let reply = reply.and_then(Value::extract_error);
        match reply {
            Ok(Value::Okay) => Ok(Insertion::New),
            Ok(Value::Nil) => Ok(Insertion::Seen),
            Ok(_) => {
                self.discard(link);
                Err(outage::unexpected())
            }
            Err(error) => {
                if !is_of_command(&error) {
                    self.discard(link);
                }
                Err(error)
            }
        }
    }

    /// The current link, or a new one.
    fn link(&self, limit: Duration) -> Result<Arc<Link>, SourceError> {
        let mut current = locked(&self.link);
        if let Some(link) = &*current {
            return Ok(Arc::clone(link));
        }
        // The crate's own six retries last for seconds. Its limits end what calls leave behind.
        let of_leftovers = limit.saturating_mul(LEFTOVER_LIMITS);
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(of_leftovers))
            .set_response_timeout(Some(of_leftovers));
        let connection = ConnectionManager::new_lazy_with_config(self.client.clone(), config)
            .map_err(|error| outage::of(&error, &self.address, limit))?;
        let link = Arc::new(Link {
            connection,
            is_policy_known: AtomicBool::new(false),
        });
        *current = Some(Arc::clone(&link));
        Ok(link)
    }

    /// Makes the next call connect again.
    pub(super) fn disconnect(&self) {
        *locked(&self.link) = None;
    }

    /// Makes the next call connect again, unless another call has done so.
    fn discard(&self, link: &Arc<Link>) {
        let mut current = locked(&self.link);
        if current.as_ref().is_some_and(|one| Arc::ptr_eq(one, link)) {
            *current = None;
        }
    }

    /// `CONFIG GET` is often forbidden, and `INFO memory` has the policy too.
    async fn read_policy(self: Arc<Self>, link: Arc<Link>) {
        let mut command = redis::cmd("INFO");
        command.arg("memory");
        let mut connection = link.connection.clone();
        let info: RedisResult<String> = command.query_async(&mut connection).await;
        match info {
            Ok(info) => *locked(&self.warning) = policy::warning_of(&info, &self.address),
            Err(error) if is_of_command(&error) => {
                *locked(&self.warning) = Some(policy::unknown(&self.address));
            }
            // The next call connects again, and then it is read again.
            Err(_) => self.discard(&link),
        }
    }
}

/// Whether the server refused this command, over a connection that is good for the next one.
fn is_of_command(error: &RedisError) -> bool {
    error.code().is_some_and(|code| code != READ_ONLY)
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
