//! The one hand-made HTTP server: the test computes each response from the request.

use std::future::{Future, ready};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

pub(crate) const JSON: &str = "content-type: application/json\r\n";
pub(crate) const NOT_FOUND: &str =
    "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
pub(crate) const UNAVAILABLE: &str =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// The head and body of each request that came, in their order.
pub(crate) type Requests = Arc<Mutex<Vec<String>>>;

/// One request, and which one it is.
pub(crate) struct Request {
    /// From 1, over all connections.
    pub(crate) number: usize,
    /// From 1, in the order in which the connections were accepted.
    pub(crate) connection: usize,
    /// The address of this server, without a path.
    pub(crate) host: String,
    pub(crate) text: String,
}

impl Request {
    pub(crate) fn is_get(&self) -> bool {
        self.text.starts_with("GET ")
    }

    /// The target of the request line.
    pub(crate) fn path(&self) -> &str {
        path(&self.text)
    }
}

/// The target of a request's first line.
pub(crate) fn path(request: &str) -> &str {
    request.split(' ').nth(1).unwrap()
}

#[derive(Clone)]
pub(crate) struct HandMade {
    /// `http://` with an IP address and a port.
    pub(crate) host: String,
    pub(crate) requests: Requests,
}

impl HandMade {
    /// Starts a server that sends these responses, in the background of the current runtime.
    pub(crate) async fn answering(answer: impl Fn(Request) -> String + Send + 'static) -> Self {
        Self::answering_later(move |request| ready(answer(request))).await
    }

    /// The same with responses that take time. The server works on other requests in the meantime.
    ///
    /// After a response it closes the connection, unless the response says `connection:
    /// keep-alive`. An empty response closes it too.
    pub(crate) async fn answering_later<A>(answer: impl Fn(Request) -> A + Send + 'static) -> Self
    where
        A: Future<Output = String> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let server = HandMade {
            host,
            requests: Requests::default(),
        };
        let (shared, answer) = (server.clone(), Arc::new(Mutex::new(answer)));
        tokio::spawn(async move {
            let mut connections = 0;
            while let Ok((stream, _)) = listener.accept().await {
                connections += 1;
                tokio::spawn(shared.clone().serve(stream, connections, answer.clone()));
            }
        });
        server
    }

    /// A server of which some requests, by their number, wait until the semaphore has a permit.
    pub(crate) async fn gated(
        waits: impl Fn(usize) -> bool + Send + 'static,
        answer: impl Fn(usize) -> String + Send + 'static,
    ) -> (Self, Arc<Semaphore>) {
        let gate = Arc::new(Semaphore::new(0));
        let shared = Arc::clone(&gate);
        let server = Self::answering_later(move |request| {
            let response = answer(request.number);
            let gate = waits(request.number).then(|| Arc::clone(&shared));
            async move {
                if let Some(gate) = gate {
                    let _permit = gate.acquire().await;
                }
                response
            }
        });
        (server.await, gate)
    }

    async fn serve<A: Future<Output = String>>(
        self,
        mut stream: TcpStream,
        connection: usize,
        answer: Arc<Mutex<impl Fn(Request) -> A>>,
    ) {
        while let Some(text) = read_request(&mut stream).await {
            let response = {
                let answer = answer.lock().unwrap();
                let number = {
                    let mut requests = self.requests.lock().unwrap();
                    requests.push(text.clone());
                    requests.len()
                };
                answer(Request {
                    number,
                    connection,
                    host: self.host.clone(),
                    text,
                })
            };
            let response = response.await;
            let _ = stream.write_all(response.as_bytes()).await;
            if !response.contains("\r\nconnection: keep-alive\r\n") {
                return;
            }
        }
    }

    pub(crate) fn jwks_url(&self) -> String {
        format!("{}/jwks", self.host)
    }

    /// How many requests came.
    pub(crate) fn calls(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// How many requests had this path.
    pub(crate) fn asked_for(&self, wanted: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|one| path(one) == wanted).count()
    }

    fn at_jwks(self) -> (String, Requests) {
        (self.jwks_url(), self.requests)
    }
}

/// The address and the requests of a server that responds by the number of the request, from 1.
pub(crate) async fn by_hand<A>(answer: impl Fn(usize) -> A + Send + 'static) -> (String, Requests)
where
    A: Future<Output = String> + Send + 'static,
{
    let server = HandMade::answering_later(move |request| answer(request.number));
    server.await.at_jwks()
}

/// The same, by the text of the request.
pub(crate) async fn by_request(
    answer: impl Fn(&str) -> String + Send + 'static,
) -> (String, Requests) {
    let server = HandMade::answering(move |request| answer(&request.text));
    server.await.at_jwks()
}

/// The same, with responses that take time.
pub(crate) async fn by_request_later<A>(
    answer: impl Fn(&str) -> A + Send + 'static,
) -> (String, Requests)
where
    A: Future<Output = String> + Send + 'static,
{
    let server = HandMade::answering_later(move |request| answer(&request.text));
    server.await.at_jwks()
}

/// Head and body of one request. `None` where the connection ends before.
async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<String> {
    let mut text = String::new();
    let mut piece = [0; 1024];
    loop {
        let count = stream.read(&mut piece).await.ok()?;
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

/// A response with this body and these header lines, each with its line end.
pub(crate) fn ok(body: &str, headers: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

/// A response with this JSON text.
pub(crate) fn json(body: &serde_json::Value) -> String {
    ok(&body.to_string(), JSON)
}

/// The pairs of a request body in application/x-www-form-urlencoded.
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
