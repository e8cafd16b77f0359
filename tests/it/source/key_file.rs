//! Row S11: a key file that is read again when it changes.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;
use std::{fs, io, thread};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use resource_server::testing::{ManualClock, TestIssuer};
use resource_server::{
    Algorithm, Issuer, Policy, Reason, Validator, error::ConfigErrorKind, keys::KeyFile,
};
use serde_json::{Value, json};

use crate::support::http::{AUDIENCE, chain, clock, outage, reason, until, validator};
use crate::support::problems;

const NAME: &str = "https://as.example.com";
const INTERVAL: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("resource-server-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("jwks.json")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes what is there: a file, a folder or a link.
fn remove(path: &Path) {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    };
    removed.unwrap();
}

struct World {
    folder: Folder,
    clock: ManualClock,
    issuer: TestIssuer,
    validator: Validator,
}

impl World {
    fn new() -> Self {
        let (folder, clock) = (Folder::new(), clock());
        let issuer = TestIssuer::new(NAME, AUDIENCE).clock(clock.clone());
        fs::write(folder.file(), issuer.jwks()).unwrap();
        let validator = validator(Issuer::new(NAME).key_file(folder.file()), &clock);
        World {
            folder,
            clock,
            issuer,
            validator,
        }
    }

    fn publish(&self) {
        fs::write(self.folder.file(), self.issuer.jwks()).unwrap();
    }

    fn long_token(&self) -> String {
        let token = self.issuer.token();
        token.expires_in(Duration::from_secs(1_000_000)).mint()
    }

    fn stray_token(&self) -> String {
        self.issuer.token().header("kid", "stray").mint()
    }

    fn last_error(&self) -> Option<String> {
        self.validator.health()[0].status().last_error.clone()
    }
}

#[tokio::test]
async fn s11_a_file_that_changes() {
    let world = World::new();
    let health = world.validator.health();
    assert!(!health[0].is_ready());
    let old = world.long_token();
    world.validator.validate(&old).await.unwrap();
    assert!(world.validator.health()[0].is_ready());

    // A new key works at once, be it the first second after a look.
    world.issuer.rotate_keys();
    let new = world.long_token();
    assert_eq!(
        reason(world.validator.validate(&new).await),
        Reason::UnknownKey
    );
    world.publish();
    world.clock.advance(SECOND);
    assert!(world.validator.validate_cached(&new).is_none());
    world.validator.validate(&new).await.unwrap();
    world.validator.validate(&old).await.unwrap();

    // A removed key stops at the next look.
    world.issuer.withdraw_old_keys();
    world.publish();
    world.clock.advance(INTERVAL.saturating_sub(SECOND));
    world.validator.validate_cached(&old).unwrap().unwrap();
    world.clock.advance(SECOND);
    assert!(world.validator.validate_cached(&old).is_none());
    world.validator.validate(&new).await.unwrap();
    assert_eq!(
        reason(world.validator.validate(&old).await),
        Reason::UnknownKey
    );
    let health = world.validator.health();
    let status = health[0].status();
    assert_eq!(status.age, Some(Duration::ZERO));
    assert_eq!(status.next_refresh, Some(INTERVAL));
    assert_eq!(status.usable_for, None);
}

#[tokio::test]
async fn s11_an_unchanged_file_is_not_taken_for_a_new_one() {
    let world = World::new();
    let token = world.long_token();
    let keys = || world.validator.health()[0].status().keys.clone();
    world.validator.validate(&token).await.unwrap();
    let first = keys().unwrap();
    // The file is written again, broken, and written again.
    for text in [world.issuer.jwks(), String::new(), world.issuer.jwks()] {
        fs::write(world.folder.file(), text).unwrap();
        world.clock.advance(INTERVAL);
        world.validator.validate(&token).await.unwrap();
    }
    assert_eq!(world.last_error(), None);
    assert!(Arc::ptr_eq(&first, &keys().unwrap()));
}

/// As the kubelet does it: the file is a link through a folder that is a link, and that one is
/// replaced by renaming.
#[cfg(unix)]
#[tokio::test]
async fn s11_a_symlink_that_is_swapped() {
    use std::os::unix::fs::symlink;

    let world = World::new();
    let folder = &world.folder.0;
    remove(&world.folder.file());
    let mount = |version: &str| {
        fs::create_dir(folder.join(version)).unwrap();
        fs::write(folder.join(version).join("jwks.json"), world.issuer.jwks()).unwrap();
        symlink(version, folder.join("..data_tmp")).unwrap();
        fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    };
    mount("..1");
    symlink("..data/jwks.json", world.folder.file()).unwrap();
    let old = world.long_token();
    world.validator.validate(&old).await.unwrap();
    world.issuer.rotate_keys();
    world.issuer.withdraw_old_keys();
    mount("..2");
    remove(&folder.join("..1"));
    world.clock.advance(INTERVAL);
    assert_eq!(
        reason(world.validator.validate(&old).await),
        Reason::UnknownKey
    );
    world.validator.validate(&world.long_token()).await.unwrap();
    assert_eq!(world.last_error(), None);
}

type Put = Box<dyn Fn(&Path)>;

/// What is reported of a bad file, and what puts it there instead of good keys.
fn bad_files() -> Vec<(&'static str, Put)> {
    fn text(text: impl AsRef<[u8]> + 'static) -> Put {
        Box::new(move |path| fs::write(path, &text).unwrap())
    }
    let secret = r#"{"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0"}]}"#;
    let half = TestIssuer::new(NAME, AUDIENCE).jwks();
    let half = half[..half.len() / 2].to_owned();
    let large = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(1024 * 1024));
    let mut files: Vec<(_, Put)> = vec![
        ("No such file", Box::new(|_| {})),
        ("directory", Box::new(|path| fs::create_dir(path).unwrap())),
        ("larger than 1048576", text(large)),
        ("utf-8", text([0xff_u8, 0xfe])),
        ("not well-formed JSON", text("")),
        ("not well-formed JSON", text(half)),
        ("not a JWK Set", text("[]")),
        ("is empty", text(r#"{"keys":[]}"#)),
        ("symmetric", text(secret)),
    ];
    if cfg!(unix) {
        let pipe = |path: &Path| {
            let made = Command::new("mkfifo").arg(path).status().unwrap();
            assert!(made.success());
        };
        files.push(("pipe", Box::new(pipe)));
    }
    files
}

#[tokio::test]
async fn s11_a_bad_file_keeps_the_old_keys() {
    let world = World::new();
    let (path, token) = (world.folder.file(), world.long_token());
    for (part, put) in bad_files() {
        remove(&path);
        world.publish();
        world.clock.advance(INTERVAL);
        world.validator.validate(&token).await.unwrap();
        assert_eq!(world.last_error(), None, "{part}");
        remove(&path);
        put(&path);
        // For as long as it lasts: a file is not an outage.
        for _ in 0..3 {
            world.clock.advance(Duration::from_secs(20_000));
            world.validator.validate(&token).await.unwrap();
        }
        let said = world.last_error().unwrap();
        let name = path.display().to_string();
        assert!(said.contains(part) && said.contains(&name), "{said}");
        assert!(!said.contains("c2VjcmV0"), "{said}");
        assert!(world.validator.health()[0].is_ready());
        // It may be the key that could not be read.
        let said = outage(world.validator.validate(&world.stray_token()).await);
        assert!(said.contains(part), "{said}");
    }
    remove(&path);
    world.publish();
    world.clock.advance(SECOND);
    let judged = world.validator.validate(&world.stray_token()).await;
    assert_eq!(reason(judged), Reason::UnknownKey);
    assert_eq!(world.last_error(), None);
}

#[tokio::test]
async fn s11_a_file_that_is_bad_from_the_start() {
    for (part, put) in bad_files() {
        let world = World::new();
        let path = world.folder.file();
        remove(&path);
        put(&path);
        let failed = world.validator.warm_up().await.unwrap_err().to_string();
        let name = path.display().to_string();
        assert!(failed.contains(part) && failed.contains(&name), "{failed}");
        let error = world.validator.validate(&world.long_token()).await;
        let said = outage(error);
        assert!(said.contains(part) && said.contains(&name), "{said}");
        assert!(!world.validator.health()[0].is_ready());
        // Repaired, and nothing has to be restarted.
        remove(&path);
        world.publish();
        world.clock.advance(SECOND);
        world.validator.validate(&world.long_token()).await.unwrap();
        assert!(world.validator.health()[0].is_ready());
        assert_eq!(world.last_error(), None);
    }
}

#[tokio::test]
async fn s11_a_flood_of_unknown_kids_looks_once_a_second() {
    let world = World::new();
    let (known, stray) = (world.long_token(), world.stray_token());
    world.validator.validate(&known).await.unwrap();
    let mut looks = 0;
    for _ in 0..1_000 {
        if world.validator.validate_cached(&stray).is_none() {
            looks += 1;
        }
        let judged = world.validator.validate(&stray).await;
        assert_eq!(reason(judged), Reason::UnknownKey);
        // No other caller waits.
        world.validator.validate_cached(&known).unwrap().unwrap();
        world.clock.advance(Duration::from_millis(6));
    }
    assert_eq!(looks, 5);
}

/// A secret in the file is never used as a secret, with any policy.
#[tokio::test]
async fn s11_a_file_holds_no_secrets() {
    const SECRET: &[u8; 32] = b"01234567890123456789012345678901";
    let world = World::new();
    let mut set: Value = serde_json::from_str(&world.issuer.jwks()).unwrap();
    let secret = URL_SAFE_NO_PAD.encode(SECRET);
    let symmetric = json!({"kty": "oct", "kid": "oct", "alg": "HS256", "k": secret});
    set["keys"].as_array_mut().unwrap().push(symmetric);
    fs::write(world.folder.file(), set.to_string()).unwrap();
    world.validator.validate(&world.long_token()).await.unwrap();
    let health = world.validator.health();
    let keys = health[0].status().keys.as_ref().unwrap();
    assert_eq!(keys.skipped()[0].key_id(), Some("oct"));
    let forged = world.issuer.token().hmac(Algorithm::HS256, SECRET);
    let forged = forged.header("kid", "oct").mint();
    let judged = world.validator.validate(&forged).await;
    assert_eq!(reason(judged), Reason::AlgorithmNotAllowed);
    // A policy that lists HMAC is a build error.
    let issuer = Issuer::new(NAME)
        .key_file(world.folder.file())
        .policy(Policy::builder().algorithms([Algorithm::HS256]));
    assert_eq!(
        problems(issuer),
        [(Some(NAME.into()), ConfigErrorKind::HmacWithFetchedKeys)]
    );
}

#[test]
fn s11_settings_that_can_not_work_are_told_when_built() {
    let issuer = || NAME.to_owned();
    for interval in [
        Duration::ZERO,
        Duration::from_millis(999),
        Duration::from_secs(3_601),
    ] {
        let file = KeyFile::new("/keys.json").look_every(interval);
        let told = problems(Issuer::new(NAME).key_file(file));
        assert_eq!(told, [(Some(issuer()), ConfigErrorKind::KeyFileInterval)]);
    }
    let two = Issuer::discover(NAME).key_file("/keys.json");
    let told = problems(two);
    assert_eq!(told, [(Some(issuer()), ConfigErrorKind::SeveralSources)]);
    let opaque = Issuer::new(NAME).key_file("/keys.json").opaque_tokens();
    let told = problems(opaque);
    assert_eq!(told, [(Some(issuer()), ConfigErrorKind::OpaqueWithKeys)]);
}

#[tokio::test]
async fn s11_keys_in_pem() {
    let (folder, clock) = (Folder::new(), clock());
    let issuer = TestIssuer::new(NAME, AUDIENCE)
        .algorithms([Algorithm::Ed25519])
        .clock(clock.clone());
    let file = KeyFile::new(folder.file()).pem(Algorithm::Ed25519);
    let validator = validator(Issuer::new(NAME).key_file(file), &clock);
    // RFC 8410 section 10.1.
    let publish = |issuer: &TestIssuer| {
        let set: Value = serde_json::from_str(&issuer.jwks()).unwrap();
        let keys = set["keys"].as_array().unwrap();
        let key = keys.iter().find(|key| key["crv"] == "Ed25519").unwrap();
        let x = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap());
        let prefix = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
        let der = STANDARD.encode([&prefix[..], &x.unwrap()].concat());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n");
        fs::write(folder.file(), pem).unwrap();
    };
    let token = |issuer: &TestIssuer| issuer.token().algorithm(Algorithm::Ed25519).mint();
    publish(&issuer);
    validator.validate(&token(&issuer)).await.unwrap();
    fs::write(folder.file(), issuer.jwks()).unwrap();
    clock.advance(INTERVAL);
    validator.validate(&token(&issuer)).await.unwrap();
    let health = validator.health();
    let said = health[0].status().last_error.clone().unwrap();
    assert!(said.contains("no PEM block"), "{said}");
    let other = TestIssuer::new(NAME, AUDIENCE)
        .algorithms([Algorithm::Ed25519])
        .clock(clock.clone());
    publish(&other);
    clock.advance(INTERVAL);
    validator.validate(&token(&other)).await.unwrap();
    let judged = validator.validate(&token(&issuer)).await;
    assert_eq!(reason(judged), Reason::BadSignature);
}

#[tokio::test]
async fn s11_a_caller_that_goes_away_does_not_stop_the_look() {
    // The file may be read before the caller has looked once: then no caller goes away.
    for _ in 0..100 {
        let world = World::new();
        let token = world.long_token();
        let was_pending = {
            let mut judging = pin!(world.validator.validate(&token));
            let mut context = Context::from_waker(Waker::noop());
            judging.as_mut().poll(&mut context).is_pending()
        };
        until(|| world.validator.validate_cached(&token).is_some()).await;
        if was_pending {
            return;
        }
    }
}

/// A Validator of files alone needs no runtime.
#[test]
fn s11_without_a_runtime() {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let world = World::new();
    let token = world.long_token();
    let mut judging = pin!(world.validator.validate(&token));
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let judged = loop {
        match judging.as_mut().poll(&mut context) {
            Poll::Ready(judged) => break judged,
            Poll::Pending => thread::park(),
        }
    };
    judged.unwrap();
}

#[tokio::test]
async fn s11_the_error_has_its_cause() {
    let world = World::new();
    remove(&world.folder.file());
    let error = world.validator.validate(&world.long_token()).await;
    let error = error.unwrap_err();
    assert!(chain(&error).contains("has given no keys yet"));
    let mut cause = std::error::Error::source(&error);
    let mut kind = None;
    while let Some(next) = cause {
        kind = next
            .downcast_ref::<io::Error>()
            .map(io::Error::kind)
            .or(kind);
        cause = next.source();
    }
    assert_eq!(kind, Some(io::ErrorKind::NotFound));
}
