//! Rows P01 and P08: what the features `tracing` and `metrics` record of decisions, keys and
//! caches.

mod events;
mod measures;
mod support;
