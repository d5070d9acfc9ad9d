//! The least that a server can do: the sockets' work, and nothing besides.
//!
//! What a benchmark of the server is compared with. It keeps no state, parses only where a request
//! ends, and answers everybody with the same bytes, as many as the server does. Whoever watches a
//! path is sent one frame, built once and shared, for each POST to that path.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use clap::Parser;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    sync::broadcast::{self, error::RecvError},
};

/// How many frames a reader may be behind before it loses some.
const BEHIND: usize = 64;

/// How many connections may wait to be accepted. Who comes when all places are taken tries again
/// after a second.
const BACKLOG: u32 = 4096;

/// How much is read at once.
const READ: usize = 1024;

/// The end of a request's body that the frame ends with, too: it has the number in it by which the
/// load generator knows its messages.
const TAIL: usize = 24;

/// Answers with fixed bytes, on a free port.
#[derive(Debug, Parser)]
struct Flags {
    /// How long an answer's head is, in bytes.
    #[arg(long, default_value_t = 128)]
    head: usize,
    /// How long an answer's body is.
    #[arg(long, default_value_t = 16)]
    body: usize,
    /// How long a message is.
    #[arg(long, default_value_t = 256)]
    message: usize,
    /// How long the first message on a socket is.
    #[arg(long, default_value_t = 256)]
    snapshot: usize,
}

/// What all connections share.
struct Floor {
    answer: Bytes,
    welcome: Bytes,
    message: usize,
    watched: Mutex<HashMap<Vec<u8>, broadcast::Sender<Bytes>>>,
}

/// One request, as far as it matters.
struct Request<'a> {
    path: &'a [u8],
    body: &'a [u8],
    is_write: bool,
    is_upgrade: bool,
    length: usize,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "whoever started it waits for the address")]
async fn main() -> io::Result<()> {
    let flags = Flags::parse();
    // Without more files there are fewer connections; that shows soon enough.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let floor = Arc::new(Floor::new(&flags));
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let floor = Arc::clone(&floor);
        tokio::spawn(async move {
            // A connection that breaks is nobody's business here.
            let _ = connection(stream, &floor).await;
        });
    }
}

impl Floor {
    fn new(flags: &Flags) -> Self {
        let length = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nx: ", flags.body);
        let head = format!("{length:a<0$}\r\n\r\n", flags.head.saturating_sub(4));
        let answer = format!("{head}{:a<1$}", "", flags.body);
        let handshake = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\
            connection: upgrade\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        let start = r#"{"snapshot":true,"version":"0000000000000000","data":"#;
        let snapshot = frame(start.as_bytes(), flags.snapshot, b"\"~0000000000\"}");
        Self {
            answer: answer.into(),
            welcome: [handshake.as_bytes(), &snapshot].concat().into(),
            message: flags.message,
            watched: Mutex::default(),
        }
    }

    fn watch(&self, path: &[u8]) -> broadcast::Receiver<Bytes> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.entry(path.to_owned()).or_insert_with(|| broadcast::channel(BEHIND).0).subscribe()
    }

    fn publish(&self, request: &Request<'_>) {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(readers) = watched.get(request.path) {
            let tail = request.body.get(request.body.len().saturating_sub(TAIL)..);
            let message = frame(br#"{"snapshot":false"#, self.message, tail.unwrap_or_default());
            // Nobody reads any more: then it is for nobody.
            let _ = readers.send(message);
        }
    }
}

/// Answers requests until one asks for a socket.
async fn connection(mut stream: TcpStream, floor: &Floor) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(READ);
    let path = loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        let mut done = 0;
        let mut upgrade = None;
        while let Some(request) = Request::parse(buffer.get(done..).unwrap_or_default()) {
            done += request.length;
            if request.is_upgrade {
                upgrade = Some(request.path.to_owned());
                break;
            }
            if request.is_write {
                floor.publish(&request);
            }
            stream.write_all(&floor.answer).await?;
        }
        buffer.drain(..done);
        if let Some(path) = upgrade {
            break path;
        }
    };
    drop(buffer);
    let frames = floor.watch(&path);
    stream.write_all(&floor.welcome).await?;
    socket(stream, frames).await
}

/// Sends each frame, until the other end closes.
async fn socket(mut stream: TcpStream, mut frames: broadcast::Receiver<Bytes>) -> io::Result<()> {
    let (mut reading, mut writing) = stream.split();
    loop {
        let mut read = [0; 32];
        tokio::select! {
            frame = frames.recv() => match frame {
                Ok(frame) => writing.write_all(&frame).await?,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
            count = reading.read(&mut read) => if count? == 0 {
                return Ok(());
            },
        }
    }
}

impl<'a> Request<'a> {
    /// The first request of `bytes`, when all of it is there.
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let mut lines = bytes.get(..head)?.split(|&byte| byte == b'\n');
        let mut words = lines.next()?.split(|&byte| byte == b' ' || byte == b'?');
        let (method, path) = (words.next()?, words.next()?);
        let (mut body, mut is_upgrade) = (0, false);
        for line in lines {
            if let Some(length) = header(line, b"content-length:") {
                body = std::str::from_utf8(length).ok()?.trim().parse().ok()?;
            }
            is_upgrade |= header(line, b"upgrade:").is_some();
        }
        let length = head + body;
        let body = bytes.get(head..length)?;
        Some(Self { path, body, is_write: method == b"POST", is_upgrade, length })
    }
}

/// What a header says, if it has this name.
fn header<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then_some(value)
}

/// A binary frame whose payload has this length, start and end.
fn frame(start: &[u8], length: usize, end: &[u8]) -> Bytes {
    let length = length.max(start.len() + end.len());
    let mut frame = Vec::with_capacity(length + 10);
    frame.push(0x82);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => frame.push(short),
        (_, Ok(middle)) => {
            frame.push(126);
            frame.extend(middle.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend(u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    frame.extend(start);
    frame.resize(frame.len() + length - start.len() - end.len(), b' ');
    frame.extend(end);
    frame.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_when_all_of_it_is_there() {
        let text = b"POST /a?v=1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyzGET /b HTTP/1.1\r\n\r\n";
        let whole = text.iter().position(|&byte| byte == b'G').unwrap();

        assert!(Request::parse(&text[..whole - 1]).is_none());
        let first = Request::parse(text).unwrap();
        assert_eq!((first.path, first.body, first.length), (&b"/a"[..], &b"xyz"[..], whole));
        assert!(first.is_write && !first.is_upgrade);
        let second = Request::parse(&text[whole..]).unwrap();
        assert_eq!((second.path, second.body, second.is_write), (&b"/b"[..], &b""[..], false));
    }

    #[test]
    fn an_answer_is_as_long_as_it_was_asked_to_be() {
        let floor = Floor::new(&Flags { head: 170, body: 14, message: 0, snapshot: 0 });

        let text = std::str::from_utf8(&floor.answer).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!((head.len() + 4, body.len()), (170, 14));
        assert!(head.contains("content-length: 14\r\n"));
    }

    #[test]
    fn a_frame_has_the_length_start_and_end_that_were_asked_for() {
        for (length, header) in [(10, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let frame = frame(b"start", length, b"end");
            assert_eq!(frame.len(), header + length);
            assert!(frame[header..].starts_with(b"start") && frame.ends_with(b"end"));
        }
    }
}
