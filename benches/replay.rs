//! The replay stores: memory of an entry, time of an insertion in one and in two threads, the worst
//! insertion while time slices end, and Redis next to a bare `SET NX` over a socket.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench replay` prints tables.

#[allow(dead_code)] // a part of it is used
mod cell;
#[allow(dead_code)] // a part of it is used
mod rounds;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use cell::{thousands, time};
use resource_server::NumericDate;
use resource_server::binding::{
    Insertion, MemoryReplayStore, ProofEntry, RedisReplayStore, ReplayStore,
};
use rounds::{allocated_bytes, pollster};

const START: i64 = 1_800_000_000;
/// The default window of proofs, in seconds.
const GOOD_FOR: i64 = 60;
const LIVE: u64 = 1_000_000;
/// Insertions in a second, so that so many are live.
const RATE: u64 = LIVE / GOOD_FOR as u64;
/// Only such insertions are looked at for the worst one.
const SLOW: Duration = Duration::from_micros(20);
/// Times in which all entries are replaced, while the worst insertion is looked for.
const WINDOWS: usize = 5;
/// How often the time of all insertions is taken: the shortest is the least disturbed.
const TRIES: usize = 3;
const CALLS: usize = 20_000;
const TASKS: usize = 256;

fn main() {
    let columns = [1_000, LIVE].map(in_memory);
    println!("<!-- replay -->");
    println!("| in memory | 1,000 clients | 1,000,000 clients |");
    println!("| --- | --: | --: |");
    let row = |name: &str, cell: &dyn Fn(&InMemory) -> String| {
        let [few, many] = columns.each_ref().map(cell);
        println!("| {name} | {few} | {many} |");
    };
    let each = |bytes: usize| format!("{:.0}", bytes as f64 / LIVE as f64);
    row(
        "bytes for a live entry, when 1,000,000 are inserted",
        &|one| each(one.filled),
    );
    row(
        "the same at the most while they come and go, with entries that have just ended",
        &|one| each(one.most),
    );
    row("an insertion, one thread", &|one| time(one.ns[0]));
    row("an insertion, two threads, by the time of all", &|one| {
        time(one.ns[1])
    });
    row(
        "the worst of 5,000,000 insertions, while slices end and tables grow",
        &|one| format!("{:.2} ms", one.worst.as_secs_f64() * 1e3),
    );
    println!("\n<!-- replay/redis -->");
    match Redis::start() {
        Some(redis) => in_redis(&redis),
        None => println!("skipped: redis-server is not installed"),
    }
}

struct InMemory {
    filled: usize,
    most: usize,
    /// With one thread, and with two.
    ns: [f64; 2],
    worst: Duration,
}

fn in_memory(clients: u64) -> InMemory {
    let before = allocated_bytes();
    let store = MemoryReplayStore::new()
        .max_entries(4_000_000)
        .expect("in range");
    store.begin(at(0));
    // The first fills it to so many live entries, as they come in a window's time.
    let mut numbers = 0..;
    let rate = usize::try_from(RATE).expect("it fits");
    for now in 0..GOOD_FOR {
        for number in numbers.by_ref().take(rate) {
            insert(&store, clients, number, now);
        }
    }
    let filled = allocated_bytes() - before;

    // Entries come and go, for some slices.
    let mut times = Vec::new();
    let mut known_waited = waited();
    let mut most = filled;
    for now in GOOD_FOR..(1 + WINDOWS as i64) * GOOD_FOR {
        for number in numbers.by_ref().take(rate) {
            let started = Instant::now();
            insert(&store, clients, number, now);
            let time = started.elapsed();
            if time > SLOW {
                // Other processes had the core for a part of it.
                let now_waited = waited();
                times.push(time.saturating_sub(now_waited - known_waited));
                known_waited = now_waited;
            }
        }
        most = most.max(allocated_bytes() - before);
    }
    let worst = times.into_iter().max().unwrap_or(SLOW);
    drop(store);
    let ns = [1, 2].map(|threads| {
        let tries = (0..TRIES).map(|_| ns_of_insertion(threads, clients));
        tries.fold(f64::MAX, f64::min)
    });
    InMemory {
        filled,
        most,
        ns,
        worst,
    }
}

/// Of a full store whose entries are replaced twice.
fn ns_of_insertion(threads: u64, clients: u64) -> f64 {
    let store = MemoryReplayStore::new()
        .max_entries(4_000_000)
        .expect("in range");
    store.begin(at(0));
    let numbers_of = |second: i64| {
        let first = RATE * u64::try_from(second).expect("it is positive");
        first..first + RATE
    };
    for now in 0..GOOD_FOR {
        for number in numbers_of(now) {
            insert(&store, clients, number, now);
        }
    }
    // No thread is ahead of the other's clock.
    let same_second = Barrier::new(usize::try_from(threads).expect("it fits"));
    let seconds = GOOD_FOR..3 * GOOD_FOR;
    let started = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (store, same_second, seconds) = (&store, &same_second, seconds.clone());
            scope.spawn(move || {
                for now in seconds {
                    same_second.wait();
                    for number in numbers_of(now).filter(|one| one % threads == thread) {
                        insert(store, clients, number, now);
                    }
                }
            });
        }
    });
    let count = RATE as f64 * (seconds.end - seconds.start) as f64;
    started.elapsed().as_secs_f64() * 1e9 / count
}

/// How long this thread waited for a core since it began, where the system says so.
fn waited() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = text.split(' ').nth(1).and_then(|field| field.parse().ok());
    Duration::from_nanos(waited.unwrap_or(0))
}

fn at(second: i64) -> NumericDate {
    NumericDate::from_secs(START + second)
}

/// A proof that is new, made at this second.
fn proof(clients: u64, number: u64, second: i64) -> ProofEntry {
    let (mut jkt, mut id) = ([0; 32], [0; 16]);
    jkt[..8].copy_from_slice(&mixed(number % clients).to_le_bytes());
    id[..8].copy_from_slice(&mixed(number).to_le_bytes());
    id[8..].copy_from_slice(&mixed(!number).to_le_bytes());
    ProofEntry::new(jkt, id, at(second), at(second + GOOD_FOR))
}

fn insert(store: &MemoryReplayStore, clients: u64, number: u64, second: i64) {
    let inserted = pollster(store.insert(&proof(clients, number, second), at(second)));
    assert_eq!(inserted.expect("there is room"), Insertion::New);
}

/// A number that looks random, as a hash does: the finisher of splitmix64.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A server of this program's own.
struct Redis {
    process: Child,
    port: u16,
}

impl Redis {
    fn start() -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let redis = Redis { process, port };
        while TcpStream::connect(redis.address()).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(redis)
    }

    fn address(&self) -> (&'static str, u16) {
        ("127.0.0.1", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn in_redis(redis: &Redis) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let url = format!("redis://127.0.0.1:{}", redis.port);
    let store = RedisReplayStore::connect_lazily(&url).expect("a URL of Redis");
    let store = Arc::new(store.timeout(Duration::from_secs(30)).expect("in range"));
    let mut socket = TcpStream::connect(redis.address()).expect("it is running");
    socket.set_nodelay(true).expect("a socket");
    let mut bare = |number: usize| {
        let key = format!("resource-server:proof:{number:022}");
        let command = format!(
            "*6\r\n$3\r\nSET\r\n${}\r\n{key}\r\n$0\r\n\r\n$2\r\nNX\r\n$2\r\nPX\r\n$5\r\n66000\r\n",
            key.len()
        );
        socket.write_all(command.as_bytes()).expect("it is sent");
        let mut reply = [0; 5];
        socket.read_exact(&mut reply).expect("a reply");
        assert_eq!(&reply, b"+OK\r\n");
    };
    let ours = |number: usize| {
        let number = u64::try_from(number).expect("it fits");
        let inserted = runtime.block_on(store.insert(&proof(1_000, number, 0), at(0)));
        assert_eq!(inserted.expect("it is up"), Insertion::New);
    };
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..CALLS {
        let started = Instant::now();
        bare(number);
        times[0].push(started.elapsed());
        let started = Instant::now();
        ours(number);
        times[1].push(started.elapsed());
    }
    let started = Instant::now();
    runtime.block_on(async {
        let mut tasks = Vec::new();
        for task in 0..TASKS {
            let store = Arc::clone(&store);
            tasks.push(tokio::spawn(async move {
                for call in 0..CALLS / 20 {
                    let number = CALLS + task * CALLS + call;
                    let number = u64::try_from(number).expect("it fits");
                    let inserted = store.insert(&proof(1_000, number, 0), at(0)).await;
                    assert_eq!(inserted.expect("it is up"), Insertion::New);
                }
            }));
        }
        for task in tasks {
            task.await.expect("it ends");
        }
    });
    let each_second = (TASKS * CALLS / 20) as f64 / started.elapsed().as_secs_f64();
    println!("| Redis on loopback | median | 99 of 100 | insertions a second by {TASKS} tasks |");
    println!("| --- | --: | --: | --: |");
    let names = [
        "a bare `SET NX PX` over a blocking socket",
        "`RedisReplayStore`, over its one connection",
    ];
    let many = ["not measured", &thousands(each_second.round() as u64)];
    for ((name, mut times), many) in names.into_iter().zip(times).zip(many) {
        times.sort_unstable();
        let at = |place: usize| time(times[place].as_secs_f64() * 1e9);
        let (median, last) = (at(CALLS / 2), at(CALLS / 100 * 99));
        println!("| {name} | {median} | {last} | {many} |");
    }
}
