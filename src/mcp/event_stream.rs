//! Reading an event stream as far as needed (WHATWG HTML, "Server-sent events").

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

/// The field of an event that has its message.
const DATA: &[u8] = b"data";

/// Whether the headers announce an event stream whose bytes can be read.
pub(super) fn is_readable(headers: &HeaderMap) -> bool {
    is_event_stream(headers) && !headers.contains_key(CONTENT_ENCODING)
}

/// Whether the headers announce an event stream.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    media_type.is_some_and(|text| {
        let essence = text.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("text/event-stream")
    })
}

/// Where the bytes that were read end.
#[derive(Clone, Copy, Debug)]
enum Position {
    /// After so many bytes of a line that begins as [`DATA`] does.
    Name(usize),
    /// In the value of [`DATA`], after nothing but spaces.
    Value,
    /// In a line that is no message.
    Other,
}

/// Finds the first message: data that is not empty, or a comment.
#[derive(Clone, Copy, Debug)]
pub(super) struct MessageFinder(Position);

impl MessageFinder {
    pub(super) const fn new() -> Self {
        MessageFinder(Position::Name(0))
    }

    /// Whether the next bytes of the stream have the beginning of a message.
    pub(super) fn finds_in(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            self.0 = match (self.0, byte) {
                (_, b'\n' | b'\r') => Position::Name(0),
                (Position::Name(0), b':') => return true,
                (Position::Name(read), b':') if read == DATA.len() => Position::Value,
                (Position::Name(read), _) if DATA.get(read) == Some(&byte) => {
                    Position::Name(read + 1)
                }
                (Position::Value, b' ') => Position::Value,
                (Position::Value, _) => return true,
                (Position::Name(_) | Position::Other, _) => Position::Other,
            };
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn h12_a_message_is_data_or_a_comment() {
        for (text, has_message) in [
            ("", false),
            ("id: 0\nretry: 3000\n\n", false),
            // rmcp's first event: data that is empty.
            ("id: 0\nretry: 3000\ndata: \n\n", false),
            ("data:\n\ndata\n\ndata:   \r\n\r\n", false),
            ("event: message\n", false),
            ("database: a\ndat: a\n", false),
            ("id: data: a\n", false),
            ("id: 0\n\ndata: {}\n\n", true),
            ("data:{}", true),
            ("id: 0\r\rdata: {}", true),
            (":\n\n", true),
            ("id: 0\n: keep-alive\n\n", true),
            ("id: :\n\n", false),
        ] {
            assert_eq!(
                MessageFinder::new().finds_in(text.as_bytes()),
                has_message,
                "H12: {text:?}"
            );
            // The same wherever it is cut into frames.
            let mut finder = MessageFinder::new();
            let mut frames = text.as_bytes().chunks(1);
            assert_eq!(
                frames.any(|frame| finder.finds_in(frame)),
                has_message,
                "H12: {text:?}"
            );
        }
    }

    #[test]
    fn h12_an_event_stream_is_known_by_its_media_type() {
        for (media_type, is_one) in [
            (Some("text/event-stream"), true),
            (Some("Text/Event-Stream ; charset=utf-8"), true),
            (Some("application/json"), false),
            (Some("text/event-streams"), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(media_type) = media_type {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
            }
            assert_eq!(is_readable(&headers), is_one, "H12: {media_type:?}");
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            assert!(!is_readable(&headers), "H12: {media_type:?}");
            assert_eq!(is_event_stream(&headers), is_one, "H12: {media_type:?}");
        }
    }
}
