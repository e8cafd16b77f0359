//! Bodies in memory, each within a bound and all together within another.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, HttpBody};
use bytes::Bytes;

use super::refusal::{Invalid, Refused};

/// The first memory of a body, in bytes. Most messages are shorter.
const FIRST_BYTES: usize = 1024;

/// The memory for all bodies together.
#[derive(Clone, Debug)]
pub(super) struct Room {
    bytes: usize,
    used: Arc<AtomicUsize>,
}

impl Room {
    pub(super) fn of(bytes: usize) -> Self {
        Room {
            bytes,
            used: Arc::default(),
        }
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn share(&self) -> Share {
        Share {
            room: self.clone(),
            bytes: 0,
        }
    }
}

/// What one body has of the room, until it is dropped.
struct Share {
    room: Room,
    bytes: usize,
}

impl Share {
    /// Takes as much as is missing to `bytes`, if there is that much.
    fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let within = |used: usize| {
            used.checked_add(more)
                .filter(|used| *used <= self.room.bytes)
        };
        let order = Ordering::Relaxed;
        let is_granted = self.room.used.fetch_update(order, order, within).is_ok();
        if is_granted {
            self.bytes += more;
        }
        is_granted
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A body that was read, with its share of the room.
struct Held {
    bytes: Vec<u8>,
    share: Share,
}

impl Held {
    /// Adds bytes, within the memory that the share counts.
    fn add(&mut self, more: &[u8], max_bytes: usize) -> Result<(), Refused> {
        let length = self.bytes.len().saturating_add(more.len());
        if length > max_bytes {
            return Err(Refused::Invalid(Invalid::too_long()));
        }
        if length > self.share.bytes {
            let doubled = self.share.bytes.saturating_mul(2).max(FIRST_BYTES);
            let memory = doubled.max(length).min(max_bytes);
            if !self.share.grow_to(memory) {
                return Err(Refused::Busy);
            }
            self.bytes.reserve_exact(memory - self.bytes.len());
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads a body to its end. The bytes keep their share of the room as long as a part of them is
/// held.
pub(super) async fn read(mut body: Body, max_bytes: usize, room: &Room) -> Result<Bytes, Refused> {
    let announced = usize::try_from(body.size_hint().lower());
    if announced.map_or(true, |bytes| bytes > max_bytes) {
        return Err(Refused::Invalid(Invalid::too_long()));
    }
    let mut held = Held {
        bytes: Vec::new(),
        share: room.share(),
    };
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        // A client that goes away before the end has sent no message.
        let frame = frame.map_err(|_| Refused::Invalid(Invalid::message()))?;
        if let Some(data) = frame.data_ref() {
            held.add(data, max_bytes)?;
        }
    }
    Ok(Bytes::from_owner(held))
}

#[cfg(test)]
mod tests;
