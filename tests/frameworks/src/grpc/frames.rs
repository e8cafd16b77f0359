//! HTTP/2 frame by frame (RFC 9113), for requests that no library would send.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A frame that the server sent.
#[derive(Debug)]
pub struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload");
    let [_, length @ ..] = length.to_be_bytes();
    let head = [&length[..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// A number of HPACK in seven bits (RFC 7541 section 5.1).
fn number(value: usize) -> Vec<u8> {
    let byte = |value: usize| u8::try_from(value).expect("a byte");
    if value < 0x7f {
        return vec![byte(value)];
    }
    let mut bytes = vec![0x7f];
    let mut rest = value - 0x7f;
    while rest >= 0x80 {
        bytes.push(byte(rest % 0x80 + 0x80));
        rest /= 0x80;
    }
    bytes.push(byte(rest));
    bytes
}

/// A line as HPACK without Huffman codes and without the table (RFC 7541 section 6.2.2).
fn line(name: &str, value: &[u8]) -> Vec<u8> {
    let name = [number(name.len()), name.as_bytes().to_vec()].concat();
    [vec![0], name, number(value.len()), value.to_vec()].concat()
}

/// Calls a method without a message, and gives the frames up to the one that ends the stream.
///
/// # Panics
/// No server listens.
pub async fn exchange(address: SocketAddr, path: &str, lines: &[(&str, Vec<u8>)]) -> Vec<Frame> {
    let authority = address.to_string();
    let first = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", &authority),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let first = first.map(|(name, value)| line(name, value.as_bytes()));
    let rest = lines.iter().map(|(name, value)| line(name, value));
    let block: Vec<u8> = first.into_iter().chain(rest).flatten().collect();
    let request = [
        PREFACE.to_vec(),
        frame(SETTINGS, 0, 0, &[]),
        frame(HEADERS, END_STREAM | END_HEADERS, 1, &block),
    ];
    let mut stream = TcpStream::connect(address).await.expect("a server listens");
    stream.write_all(&request.concat()).await.expect("sent");
    let mut frames = Vec::new();
    while !frames.iter().any(ends) {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            break;
        }
        let [l1, l2, l3, kind, flags, s1, s2, s3, s4] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, l1, l2, l3]) as usize];
        if stream.read_exact(&mut payload).await.is_err() {
            break;
        }
        let id = u32::from_be_bytes([s1, s2, s3, s4]);
        frames.push(Frame {
            kind,
            flags,
            stream: id,
        });
    }
    frames
}

fn ends(frame: &Frame) -> bool {
    let is_last = frame.kind == RST_STREAM || frame.flags & END_STREAM != 0;
    frame.kind == GOAWAY || (frame.stream == 1 && is_last)
}

/// Whether the server gave no answer and ended the stream or the connection.
pub fn is_cut_off(frames: &[Frame]) -> bool {
    let has_answer = frames.iter().any(|frame| frame.kind == HEADERS);
    let mut last = frames.last().into_iter();
    !has_answer && last.any(|frame| [RST_STREAM, GOAWAY].contains(&frame.kind))
}

/// Whether the server's answer is one frame of headers that ends the stream.
pub fn is_trailers_only(frames: &[Frame]) -> bool {
    let mut answer = frames.iter().filter(|frame| frame.stream == 1);
    let is_last = |frame: &Frame| frame.kind == HEADERS && frame.flags & END_STREAM != 0;
    answer.next().is_some_and(is_last) && answer.next().is_none()
}
