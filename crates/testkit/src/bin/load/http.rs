//! As much of HTTP/1.1 as a load generator needs: requests made once, answers measured.

use std::{fmt::Write as _, io};

/// Every upgrade has the same key: nobody here checks what the server makes of it.
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// How many digits the number in a body has.
pub(crate) const DIGITS: usize = 10;

/// The start of an answer, measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: usize,
    pub(crate) body: usize,
}

impl Answer {
    /// How many bytes it has.
    pub(crate) fn len(self) -> usize {
        self.head + self.body
    }

    /// Measures the answer at the start of `bytes`, when its head is whole.
    pub(crate) fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = bytes.get(..end).unwrap_or_default();
        let status = head.get(9..12).and_then(number).ok_or_else(no_http)?;
        let lines = head.split(|&byte| byte == b'\n');
        let length = lines.filter_map(|line| value(line, b"content-length:")).next();
        let body = match length {
            Some(length) => number(length.trim_ascii()).ok_or_else(no_http)?,
            // A body in chunks would need a parser of its own; the server has none for small data.
            None if matches!(status, 101 | 204 | 304) => 0,
            None => return Err(io::Error::other("an answer without a length")),
        };
        let status = u16::try_from(status).map_err(|_| no_http())?;
        Ok(Some(Self { status, head: end + 4, body }))
    }

    /// An error unless it is a success.
    pub(crate) fn expect_success(self) -> io::Result<Self> {
        match self.status {
            200..=204 => Ok(self),
            status => Err(io::Error::other(format!("an answer with status {status}"))),
        }
    }
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then_some(value)
}

fn no_http() -> io::Error {
    io::Error::other("an answer that is no HTTP")
}

/// A request without a body.
pub(crate) fn request(method: &str, target: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nHost: load\r\n\r\n").into_bytes()
}

/// A request for a socket.
pub(crate) fn upgrade(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: load\r\n{UPGRADE}\r\n").into_bytes()
}

/// A POST whose data has a number in it, which can be changed in place.
///
/// The number stands where every message about the data ends, so that a reader finds it without
/// reading the rest.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    bytes: Vec<u8>,
    digits: usize,
}

impl Post {
    /// A POST to `target` with a body of about `size` bytes.
    pub(crate) fn new(target: &str, size: usize) -> Self {
        let mut body = String::from(r#"{"text":""#);
        let tail = 1 + DIGITS + 2;
        while body.len() + tail < size {
            body.push('x');
        }
        let _ = write!(body, "~{:0DIGITS$}\"}}", 0);
        let length = body.len();
        let mut bytes = format!("POST {target} HTTP/1.1\r\nHost: load\r\n").into_bytes();
        bytes.extend(format!("Content-Length: {length}\r\n\r\n{body}").bytes());
        let digits = bytes.len() - 2 - DIGITS;
        Self { bytes, digits }
    }

    /// The request with this number in its data.
    pub(crate) fn numbered(&mut self, mut number: u64) -> &[u8] {
        let digits = self.bytes.iter_mut().skip(self.digits).take(DIGITS);
        for digit in digits.rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_measured_once_its_head_is_whole() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nx: y\r\n\r\n{\"a\":1}";

        assert_eq!(Answer::parse(&text[..30]).unwrap(), None);
        let answer = Answer::parse(text).unwrap().unwrap();
        assert_eq!(answer, Answer { status: 200, head: text.len() - 7, body: 7 });
        assert_eq!(answer.len(), text.len());
    }

    #[test]
    fn an_answer_that_has_no_body_needs_no_length() {
        let answer = Answer::parse(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap();

        assert_eq!((answer.status, answer.body), (204, 0));
    }

    #[test]
    fn what_cannot_be_measured_is_an_error() {
        for text in ["HTTP/1.1 200 OK\r\n\r\n", "hello\r\n\r\n"] {
            assert!(Answer::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Answer { status: 404, head: 0, body: 0 }.expect_success().is_err());
    }

    #[test]
    fn a_post_carries_its_number_at_the_end_of_valid_data() {
        let mut post = Post::new("/a", 60);

        let text = String::from_utf8(post.numbered(1042).to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
        assert_eq!(body.len(), 60);
        let data: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!(data["text"].as_str().unwrap().ends_with("x~0000001042"));
    }
}
