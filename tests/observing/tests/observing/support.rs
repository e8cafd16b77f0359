//! An API and its authorization server, and what is recorded while they work.
#![allow(dead_code)] // each test binary uses another part

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{Issuer, NumericDate, Validator, ValidatorBuilder};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

pub(crate) const ISSUER: &str = "https://as.example.com";
pub(crate) const API: &str = "https://api.example.com";
/// 2023-11-14T22:13:20Z.
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) fn clock() -> ManualClock {
    ManualClock::at(NumericDate::from_secs(NOW))
}

pub(crate) fn signer(clock: &ManualClock) -> TestIssuer {
    TestIssuer::new(ISSUER, API).clock(clock.clone())
}

pub(crate) fn builder(issuer: Issuer, clock: &ManualClock) -> ValidatorBuilder {
    let builder = Validator::builder().audience(API).clock(clock.clone());
    builder.issuer(issuer)
}

/// On this thread alone, where the subscriber and the recorder are.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// An event of this crate: its level, and its fields as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) level: Level,
    pub(crate) fields: BTreeMap<&'static str, String>,
}

impl Seen {
    pub(crate) fn new(level: Level, fields: &[(&'static str, &str)]) -> Self {
        let owned = |(name, value): &(&'static str, &str)| (*name, (*value).to_owned());
        Seen {
            level,
            fields: fields.iter().map(owned).collect(),
        }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

/// Keeps the events of this crate, and calls a function at each.
struct Keeper<F> {
    seen: Arc<Mutex<Vec<Seen>>>,
    on_event: F,
}

impl<S: Subscriber, F: Fn() + Send + Sync + 'static> Layer<S> for Keeper<F> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != "resource_server" {
            return;
        }
        let mut fields = Fields(BTreeMap::new());
        event.record(&mut fields);
        self.seen.lock().unwrap().push(Seen {
            level: *event.metadata().level(),
            fields: fields.0,
        });
        (self.on_event)();
    }
}

struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

/// The events while this work is done, up to this level.
pub(crate) fn events_up_to(level: LevelFilter, work: impl FnOnce()) -> Vec<Seen> {
    events_with(level, || (), work)
}

pub(crate) fn events(work: impl FnOnce()) -> Vec<Seen> {
    events_up_to(LevelFilter::TRACE, work)
}

pub(crate) fn events_with(
    level: LevelFilter,
    on_event: impl Fn() + Send + Sync + 'static,
    work: impl FnOnce(),
) -> Vec<Seen> {
    let (subscriber, seen) = keeping(level, on_event);
    tracing::subscriber::with_default(subscriber, work);
    std::mem::take(&mut *seen.lock().unwrap())
}

/// A subscriber, and the events that it keeps.
pub(crate) fn keeping(
    level: LevelFilter,
    on_event: impl Fn() + Send + Sync + 'static,
) -> (impl Subscriber + Send + Sync, Arc<Mutex<Vec<Seen>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keeper = Keeper {
        seen: Arc::clone(&seen),
        on_event,
    };
    (
        tracing_subscriber::registry().with(level).with(keeper),
        seen,
    )
}

/// What is measured while this work is done: counts as they are, histograms as the list of their
/// values. Each is at its name, with its labels in order.
pub(crate) fn measures(work: impl FnOnce()) -> BTreeMap<String, String> {
    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, work);
    measured(&recorder.snapshotter())
}

pub(crate) fn measured(snapshotter: &Snapshotter) -> BTreeMap<String, String> {
    let snapshot = snapshotter.snapshot().into_vec();
    let measured = snapshot.into_iter().map(|(key, _, _, value)| {
        let (_, key) = key.into_parts();
        let mut labels: Vec<_> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        labels.sort();
        let value = match value {
            DebugValue::Counter(count) => count.to_string(),
            DebugValue::Gauge(value) => value.to_string(),
            DebugValue::Histogram(values) => {
                let values: Vec<f64> = values.into_iter().map(Into::into).collect();
                format!("{values:?}")
            }
        };
        (format!("{}{{{}}}", key.name(), labels.join(",")), value)
    });
    measured.collect()
}
