//! A WebSocket by hand, so that a test sees and decides on every byte.

use std::{io, net::SocketAddr, time::Duration};

use crate::http::{Answer, Http};

/// The client's end of a socket. It does nothing by itself: pings are not answered.
#[derive(Debug)]
pub struct Socket {
    http: Http,
    /// Of a frame of which nothing else was read.
    head: Option<(u8, usize)>,
    /// What the server answered the upgrade.
    pub answer: Answer,
}

/// One frame from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its first byte: `0x80` for the last of a message, and the opcode.
    pub first: u8,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// The first byte of an unfragmented frame with text.
pub const TEXT: u8 = 0x81;
/// The first byte of an unfragmented frame with bytes.
pub const BINARY: u8 = 0x82;
/// The first byte of a close frame.
pub const CLOSE: u8 = 0x88;
/// The first byte of a ping.
pub const PING: u8 = 0x89;
/// The first byte of a pong.
pub const PONG: u8 = 0x8a;

/// The headers with which a socket is asked for.
pub const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

impl Socket {
    /// Opens a socket.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn open(address: SocketAddr, target: &str) -> Self {
        Self::over(Http::connect(address).await, target, &format!("Host: {address}\r\n{UPGRADE}"))
            .await
            .unwrap_or_else(|answer| panic!("{} {}", answer.status, answer.text()))
    }

    /// Asks for a socket on a connection, with these headers.
    ///
    /// # Errors
    ///
    /// The answer when the server refuses.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub async fn over(mut http: Http, target: &str, headers: &str) -> Result<Self, Answer> {
        let request = format!("GET {target} HTTP/1.1\r\n{headers}\r\n");
        http.send(request).await.expect("the server reads");
        Self::answered(http).await
    }

    /// Goes on with a connection on which a socket was asked for.
    ///
    /// # Errors
    ///
    /// The answer when the server refuses.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub async fn answered(mut http: Http) -> Result<Self, Answer> {
        let answer = http.answer().await;
        if answer.status == 101 { Ok(Self { http, head: None, answer }) } else { Err(answer) }
    }

    /// Sends a frame with this first byte.
    ///
    /// # Errors
    ///
    /// When the server has closed the connection.
    pub async fn send(&mut self, first: u8, payload: impl AsRef<[u8]>) -> io::Result<()> {
        let payload = payload.as_ref();
        let mut frame = vec![first];
        // The high bit says that a mask follows; ours is zero and changes nothing.
        match payload.len() {
            len @ 0..126 => frame.push(0x80 | u8::try_from(len).unwrap_or_default()),
            len => {
                frame.push(0x80 | 127);
                frame.extend(u64::try_from(len).unwrap_or_default().to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.http.send(frame).await
    }

    /// Sends bytes that need not be a frame.
    ///
    /// # Errors
    ///
    /// When the server has closed the connection.
    pub async fn send_raw(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.http.send(bytes).await
    }

    /// Waits until the next frame begins, and reads no more of it than its head.
    ///
    /// # Panics
    ///
    /// When none comes.
    pub async fn begin(&mut self) {
        self.head = Some(self.head().await);
    }

    /// The next frame.
    ///
    /// # Panics
    ///
    /// When none comes, or the server masks it.
    pub async fn frame(&mut self) -> Frame {
        let (first, len) = self.head().await;
        Frame { first, payload: self.http.bytes(len).await }
    }

    /// A frame's first byte, and the length of what it carries.
    async fn head(&mut self) -> (u8, usize) {
        if let Some(head) = self.head.take() {
            return head;
        }
        let head = self.http.bytes(2).await;
        let len = match head[1] {
            126 => self.http.bytes(2).await,
            127 => self.http.bytes(8).await,
            len => vec![len],
        };
        let width = len.len();
        let len = len.into_iter().fold(0, |len, byte| len << 8 | usize::from(byte));
        let shortest = if len < 126 {
            1
        } else if len < 65_536 {
            2
        } else {
            8
        };
        assert_eq!(width, shortest, "a length is written in the fewest bytes");
        (head[0], len)
    }

    /// Reads until the server closes the connection.
    ///
    /// # Panics
    ///
    /// When the connection is reset.
    pub async fn rest(&mut self) -> Vec<u8> {
        self.http.rest().await
    }

    /// The next message. Pings before it are passed over.
    ///
    /// # Panics
    ///
    /// When another frame comes than the wire has: binary, unfragmented, UTF-8.
    pub async fn message(&mut self) -> String {
        loop {
            let frame = self.frame().await;
            match frame.first {
                PING => {}
                BINARY => return String::from_utf8(frame.payload).expect("UTF-8"),
                _ => panic!("a message was expected, not {frame:?}"),
            }
        }
    }

    /// The next message, read as a slow client reads: this many bytes, then a pause.
    ///
    /// # Panics
    ///
    /// When none comes.
    pub async fn message_in_steps(&mut self, step: usize, pause: Duration) -> String {
        let len = self.head().await.1;
        let mut payload = Vec::with_capacity(len);
        while payload.len() < len {
            tokio::time::sleep(pause).await;
            payload.extend(self.http.bytes(step.min(len - payload.len())).await);
        }
        String::from_utf8(payload).expect("UTF-8")
    }

    /// Reads on to the close frame, and gives its code. Then the server closes the connection.
    ///
    /// # Panics
    ///
    /// When the connection ends without one, or does not end after it.
    pub async fn closed(&mut self) -> u16 {
        loop {
            let frame = self.frame().await;
            if frame.first == CLOSE {
                assert!(self.rest().await.is_empty(), "nothing comes after a close frame");
                let code = frame.payload.get(..2).expect("a close frame has a code");
                return code.iter().fold(0, |code, &byte| code << 8 | u16::from(byte));
            }
        }
    }
}
