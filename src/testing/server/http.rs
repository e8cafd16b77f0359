//! As much of HTTP/1.1 as a test server needs, with each byte of an answer in its hands.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A request's head is no longer than this.
const MAX_HEAD_BYTES: usize = 8 * 1024;
/// Nor its body than this.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;
/// White space is written in pieces of this size.
const FILLER: &[u8] = &[b' '; 4 * 1024];

/// What a request asks for; no more of it is of interest.
pub(super) struct Request {
    pub(super) method: String,
    /// Without a query.
    pub(super) path: String,
    pub(super) if_none_match: Option<String>,
    pub(super) authorization: Option<String>,
    pub(super) body: String,
    body_bytes: usize,
    keep_alive: bool,
}

/// What happens to a request.
pub(super) enum Answer {
    Respond(Response),
    /// RST.
    Reset,
    /// The connection ends without an answer.
    HangUp,
}

pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    pub(super) delivery: Delivery,
}

/// How a body is written.
pub(super) enum Delivery {
    Whole,
    /// With a pause before each byte.
    Slow(Duration),
    /// Half of what is announced.
    Truncated,
    /// The body is followed by white space, up to this size.
    Padded(usize),
    /// The body is followed by endless white space.
    Endless,
}

impl Response {
    pub(super) fn new(status: u16, content_type: &str, body: String) -> Self {
        Response {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body,
            delivery: Delivery::Whole,
        }
    }

    pub(super) fn empty(status: u16) -> Self {
        Response {
            status,
            headers: Vec::new(),
            body: String::new(),
            delivery: Delivery::Whole,
        }
    }

    #[must_use]
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn head(&self, keep_alive: bool) -> String {
        let mut head = format!("HTTP/1.1 {:03} \r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        match self.delivery {
            Delivery::Endless => head.push_str("transfer-encoding: chunked\r\n"),
            // These never have a body, and 304's length would be that of the document.
            _ if matches!(self.status, 100..200 | 204 | 304) => {}
            _ => {
                let _ = write!(head, "content-length: {}\r\n", self.announced_length());
            }
        }
        if !keep_alive {
            head.push_str("connection: close\r\n");
        }
        head.push_str("\r\n");
        head
    }

    fn announced_length(&self) -> usize {
        match self.delivery {
            Delivery::Padded(size) => self.body.len().max(size),
            // More than comes, for an empty body too.
            Delivery::Truncated => self.body.len().max(1),
            _ => self.body.len(),
        }
    }

    /// Whether another request may follow on the connection.
    fn ends_well(&self) -> bool {
        !matches!(self.delivery, Delivery::Truncated | Delivery::Endless)
    }
}

/// A connection, plain or by TLS.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Wire for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// One connection, with what was read of it and not yet used.
pub(super) struct Connection<W> {
    wire: W,
    unread: Vec<u8>,
}

impl<W: Wire> Connection<W> {
    pub(super) fn new(wire: W) -> Self {
        Connection {
            wire,
            unread: Vec::new(),
        }
    }

    /// The next request, or none where the client has no more.
    pub(super) async fn request(&mut self) -> io::Result<Option<Request>> {
        loop {
            if let Some(at) = memmem::find(&self.unread, b"\r\n\r\n") {
                let rest = self.unread.split_off(at + 4);
                let head = std::mem::replace(&mut self.unread, rest);
                let Some(request) = Request::parse(&head) else {
                    return Ok(None);
                };
                return self.with_body(request).await;
            }
            if self.unread.len() > MAX_HEAD_BYTES || !self.read_more().await? {
                return Ok(None);
            }
        }
    }

    async fn with_body(&mut self, mut request: Request) -> io::Result<Option<Request>> {
        if request.body_bytes > MAX_BODY_BYTES {
            return Ok(None);
        }
        while self.unread.len() < request.body_bytes {
            if !self.read_more().await? {
                return Ok(None);
            }
        }
        let rest = self.unread.split_off(request.body_bytes);
        let body = std::mem::replace(&mut self.unread, rest);
        request.body = String::from_utf8_lossy(&body).into_owned();
        Ok(Some(request))
    }

    /// False at the end.
    async fn read_more(&mut self) -> io::Result<bool> {
        let mut piece = [0; 1024];
        let count = self.wire.read(&mut piece).await?;
        self.unread.extend(piece.iter().take(count));
        Ok(count > 0)
    }

    /// Answers the request; true where the connection goes on.
    pub(super) async fn answer(&mut self, request: &Request, answer: Answer) -> io::Result<bool> {
        match answer {
            Answer::Respond(response) => {
                let goes_on = request.keep_alive && response.ends_well();
                self.write(&response, goes_on).await?;
                Ok(goes_on)
            }
            Answer::Reset => {
                // A linger of zero makes the close an RST, and doesn't block. `set_zero_linger`
                // would need tokio 1.50.
                #[allow(deprecated)]
                self.wire.tcp().set_linger(Some(Duration::ZERO))?;
                Ok(false)
            }
            Answer::HangUp => Ok(false),
        }
    }

    async fn write(&mut self, response: &Response, keep_alive: bool) -> io::Result<()> {
        let wire = &mut self.wire;
        let body = response.body.as_bytes();
        let mut first = response.head(keep_alive).into_bytes();
        match response.delivery {
            Delivery::Whole => {
                first.extend(body);
                wire.write_all(&first).await?;
            }
            Delivery::Slow(pause) => {
                wire.write_all(&first).await?;
                for byte in body {
                    wire.flush().await?;
                    tokio::time::sleep(pause).await;
                    wire.write_all(&[*byte]).await?;
                }
            }
            Delivery::Truncated => {
                first.extend(body.iter().take(body.len() / 2));
                wire.write_all(&first).await?;
                wire.flush().await?;
                wire.shutdown().await?;
            }
            Delivery::Padded(size) => {
                first.extend(body);
                wire.write_all(&first).await?;
                let mut left = size.saturating_sub(body.len());
                while left > 0 {
                    let piece = FILLER.get(..left).unwrap_or(FILLER);
                    wire.write_all(piece).await?;
                    left -= piece.len();
                }
            }
            Delivery::Endless => {
                // Without its last character the document may always go on.
                let start = body.split_last().map_or(body, |(_, start)| start);
                if !start.is_empty() {
                    write_chunk(&mut first, start);
                }
                wire.write_all(&first).await?;
                let mut chunk = Vec::new();
                write_chunk(&mut chunk, FILLER);
                loop {
                    wire.write_all(&chunk).await?;
                }
            }
        }
        wire.flush().await
    }
}

fn write_chunk(to: &mut Vec<u8>, data: &[u8]) {
    to.extend(format!("{:x}\r\n", data.len()).bytes());
    to.extend(data);
    to.extend(b"\r\n");
}

impl Request {
    /// None where it is no request of HTTP/1.
    fn parse(head: &[u8]) -> Option<Self> {
        let head = std::str::from_utf8(head).ok()?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        if !version.starts_with("HTTP/1.") {
            return None;
        }
        let header = |wanted: &str| {
            lines.clone().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case(wanted).then(|| value.trim())
            })
        };
        let closes = header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let is_chunked = header("transfer-encoding").is_some();
        Some(Request {
            method: method.to_owned(),
            path: target.split('?').next()?.to_owned(),
            if_none_match: header("if-none-match").map(str::to_owned),
            authorization: header("authorization").map(str::to_owned),
            body: String::new(),
            body_bytes: header("content-length").map_or(Some(0), |text| text.parse().ok())?,
            // Chunks aren't read, so what follows them is no request.
            keep_alive: version == "HTTP/1.1" && !is_chunked && !closes,
        })
    }

    /// Whether the client holds the document of this entity tag.
    pub(super) fn has_match(&self, etag: &str) -> bool {
        let Some(tags) = &self.if_none_match else {
            return false;
        };
        // RFC 9110 section 13.1.2: by the weak comparison.
        tags.split(',').map(str::trim).any(|tag| {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            opaque == etag || opaque == "*"
        })
    }
}
