//! Shared parts of the benchmarks. Cases run in turn, round by round in one process, so that other
//! load of the machine affects all alike. Allocations are counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ROUNDS: usize = 301;
/// How long each case runs in a round.
const SLICE: Duration = Duration::from_millis(1);

/// Counts allocations, but not while cases are timed: counting needs time for each allocation.
struct Counting;

static IS_TIMED: AtomicBool = AtomicBool::new(false);

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

fn count(allocations: usize, new: usize, old: usize) {
    if !IS_TIMED.load(Ordering::Relaxed) {
        ALLOCATIONS.fetch_add(allocations, Ordering::Relaxed);
        BYTES.fetch_add(new.wrapping_sub(old), Ordering::Relaxed);
    }
}

// SAFETY: every call is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size, layout.size());
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that are allocated now.
#[allow(dead_code)] // not by each benchmark
pub(crate) fn allocated_bytes() -> usize {
    BYTES.load(Ordering::Relaxed)
}

pub(crate) struct Case<'a> {
    pub(crate) name: &'static str,
    pub(crate) run: Box<dyn Fn() + 'a>,
}

pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) median_ns: f64,
    pub(crate) ratio: f64,
    pub(crate) allocations: usize,
}

/// Runs a future that never waits.
pub(crate) fn pollster<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("what it needs is at hand"),
    }
}

/// Medians of the rounds, and of the rounds' ratios to the case at the place that `base` gives for
/// a case's own.
pub(crate) fn measure(cases: &[Case<'_>], base: impl Fn(usize) -> usize) -> Vec<Figure> {
    let repeats: Vec<u32> = cases
        .iter()
        .map(|case| {
            (case.run)();
            let started = Instant::now();
            (case.run)();
            let once = started.elapsed().max(Duration::from_nanos(50));
            u32::try_from(SLICE.as_nanos() / once.as_nanos())
                .unwrap_or(1)
                .max(1)
        })
        .collect();
    let mut rounds = vec![Vec::with_capacity(ROUNDS); cases.len()];
    IS_TIMED.store(true, Ordering::Relaxed);
    for _ in 0..ROUNDS {
        for ((case, repeats), times) in cases.iter().zip(&repeats).zip(&mut rounds) {
            let started = Instant::now();
            for _ in 0..*repeats {
                (case.run)();
            }
            times.push(started.elapsed().as_secs_f64() * 1e9 / f64::from(*repeats));
        }
    }
    IS_TIMED.store(false, Ordering::Relaxed);
    cases
        .iter()
        .enumerate()
        .map(|(at, case)| {
            let before = ALLOCATIONS.load(Ordering::Relaxed);
            (case.run)();
            let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
            let ratios = rounds[at]
                .iter()
                .zip(&rounds[base(at)])
                .map(|(own, base)| own / base);
            Figure {
                name: case.name,
                median_ns: median(rounds[at].clone()),
                ratio: median(ratios.collect()),
                allocations,
            }
        })
        .collect()
}

#[allow(dead_code)] // not by each benchmark
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
