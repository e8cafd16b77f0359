//! What the tests of fetched keys share.

#![allow(dead_code)] // each test file uses a part of it

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resource_server::testing::{ManualClock, TestServer};
use resource_server::{AccessToken, Error, Issuer, NumericDate, Reason, Validator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) use super::chain;

pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const LIFETIME: Duration = Duration::from_secs(600);
pub(crate) const TOLERANCE: Duration = Duration::from_secs(3_600);
pub(crate) const COOLDOWN: Duration = Duration::from_secs(10);

/// A server and a Validator that discovers it, both by one clock, without a background task: every fetch is one that the
/// test asked for.
pub(crate) struct World {
    pub(crate) server: TestServer,
    pub(crate) clock: ManualClock,
    pub(crate) validator: Validator,
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::at(NumericDate::from_secs(1_700_000_000))
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|issuer| issuer).await
    }

    pub(crate) async fn with(adapt: impl FnOnce(Issuer) -> Issuer) -> Self {
        let server = TestServer::start(AUDIENCE).await.unwrap();
        let clock = clock();
        let issuer = Issuer::discover(server.url()).refresh_on_demand();
        let validator = validator(adapt(issuer), &clock);
        World {
            server,
            clock,
            validator,
        }
    }

    /// A good token by the clock, signed with the current key.
    pub(crate) fn token(&self) -> String {
        let issuer = self.server.issuer().clone().clock(self.clock.clone());
        issuer.token().subject("alice").mint()
    }

    /// A token that lives long enough for tests that let hours pass.
    pub(crate) fn long_token(&self) -> String {
        let issuer = self.server.issuer().clone().clock(self.clock.clone());
        issuer
            .token()
            .expires_in(Duration::from_secs(1_000_000))
            .mint()
    }

    /// A good token but for the kid, which nobody has published.
    pub(crate) fn stray_token(&self, kid: &str) -> String {
        let issuer = self.server.issuer().clone().clock(self.clock.clone());
        issuer.token().header("kid", kid).mint()
    }

    pub(crate) async fn validate(&self, token: &str) -> Result<AccessToken, Error> {
        self.validator.validate(token).await
    }

    pub(crate) fn last_error(&self) -> Option<String> {
        self.validator.health()[0].status().last_error.clone()
    }
}

pub(crate) fn validator(issuer: Issuer, clock: &ManualClock) -> Validator {
    Validator::builder()
        .audience(AUDIENCE)
        .issuer(issuer)
        .clock(clock.clone())
        .build()
        .unwrap()
}

pub(crate) fn reason(result: Result<AccessToken, Error>) -> Reason {
    match result {
        Err(Error::Rejected(rejection)) => rejection.reason(),
        other => panic!("not refused: {other:?}"),
    }
}

/// The error and its causes, of an outage and nothing else.
#[track_caller]
pub(crate) fn outage(result: Result<AccessToken, Error>) -> String {
    let Err(error) = result else {
        panic!("accepted");
    };
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert_eq!(error.status(), 503);
    chain(&error)
}

/// Waits for what another task brings about.
pub(crate) async fn until(what: impl Fn() -> bool) {
    let waited = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited)
        .await
        .expect("it comes about within a minute");
}

/// A server whose answers are made by hand, from the number of the request on. Requests are kept with their bodies.
pub(crate) async fn by_hand<F, A>(answer: F) -> (String, Arc<Mutex<Vec<String>>>)
where
    F: Fn(usize) -> A + Send + 'static,
    A: Future<Output = String> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let Some(request) = read_request(&mut connection).await else {
                continue;
            };
            let number = {
                let mut heads = heads.lock().unwrap();
                heads.push(request);
                heads.len()
            };
            let answer = answer(number);
            tokio::spawn(async move {
                let _ = connection.write_all(answer.await.as_bytes()).await;
            });
        }
    });
    (url, asked)
}

/// From what is asked, some at once.
pub(crate) async fn by_request_later<F, A>(answer: F) -> (String, Arc<Mutex<Vec<String>>>)
where
    F: Fn(&str) -> A + Send + 'static,
    A: Future<Output = String> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let Some(request) = read_request(&mut connection).await else {
                continue;
            };
            let answer = answer(&request);
            requests.lock().unwrap().push(request);
            tokio::spawn(async move {
                let _ = connection.write_all(answer.await.as_bytes()).await;
            });
        }
    });
    (url, asked)
}

/// The same from what is asked.
pub(crate) async fn by_request<F>(answer: F) -> (String, Arc<Mutex<Vec<String>>>)
where
    F: Fn(&str) -> String + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let Some(request) = read_request(&mut connection).await else {
                continue;
            };
            let answer = answer(&request);
            requests.lock().unwrap().push(request);
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
    (url, asked)
}

/// Head and body of one request. `None` where the connection ends before.
pub(crate) async fn read_request(connection: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    let mut piece = [0; 1024];
    loop {
        let count = connection.read(&mut piece).await.ok()?;
        if count == 0 {
            return None;
        }
        text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let mut lengths = head
            .lines()
            .filter_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= lengths.next().map_or(0, |length| length.parse().unwrap()) {
            return Some(text);
        }
    }
}

/// An answer with this body.
pub(crate) fn ok(body: &str, headers: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

/// application/x-www-form-urlencoded, by hand.
pub(crate) fn url_decoded(body: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'+' => bytes.push(b' '),
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    let digits = std::str::from_utf8(&digits).unwrap();
                    bytes.push(u8::from_str_radix(digits, 16).unwrap());
                }
                other => bytes.push(other),
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    let pairs = body.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
