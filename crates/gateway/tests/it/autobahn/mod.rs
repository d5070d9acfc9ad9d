//! The cases of the Autobahn test suite for WebSocket servers, by their numbers, against the wire.
//!
//! The suite's server echoes; ours throws away what it is told. So after each legal case the
//! socket still answers a ping and is told of the next change, after each illegal one it is closed
//! with the code that RFC 6455 asks for, and whoever else watches the same key misses nothing.
//!
//! Time is paused: sleeping means that everybody else has come to rest. So what is sent in chops
//! is read in chops.

mod closing;
mod framing;
mod limits;
mod utf8;

use std::time::Duration;

use monoxide_testkit::{
    Http, Socket, TestServer,
    socket::{BINARY, CLOSE, Frame, PING, PONG, TEXT, UPGRADE},
};
use tokio::{net::TcpStream, time::sleep};

/// The first byte of a frame that goes on with a message, and of one that does and is the last.
const GOES_ON: u8 = 0x00;
const ENDS: u8 = 0x80;
/// The first byte of a frame that begins a message of several.
const TEXT_BEGINS: u8 = 0x01;
const BINARY_BEGINS: u8 = 0x02;

/// How a client hands its frames to the network.
#[derive(Debug, Clone, Copy)]
enum Sent {
    /// All in one piece.
    AtOnce,
    /// Each by itself.
    ByFrame,
    /// This many bytes at a time, wherever frames begin and end.
    InChops(usize),
}

const HOWEVER: [Sent; 3] = [Sent::AtOnce, Sent::ByFrame, Sent::InChops(1)];

/// A frame as a client sends it: masked, its length in the fewest bytes.
fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let (payload, mask) = (payload.as_ref(), [0x37, 0xfa, 0x21, 0x3d]);
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(len @ 0..126), _) => frame.push(0x80 | len),
        (_, Ok(len)) => {
            frame.push(0x80 | 126);
            frame.extend(len.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A message in frames of at most so many bytes.
fn fragments(begins: u8, payload: &[u8], size: usize) -> Vec<Vec<u8>> {
    let mut frames: Vec<_> = payload.chunks(size).map(|part| frame(GOES_ON, part)).collect();
    frames[0][0] |= begins;
    frames.last_mut().unwrap()[0] |= ENDS;
    frames
}

/// A server, and somebody who watches the same key as the sockets that are tried.
struct Stand {
    server: TestServer,
    bystander: Socket,
    changes: usize,
}

impl Stand {
    async fn start() -> Self {
        let server = TestServer::start().await;
        let bystander = open(&server).await;
        Self { server, bystander, changes: 0 }
    }

    async fn open(&self) -> Socket {
        open(&self.server).await
    }

    /// These frames are legal, and each ping among them is answered, in order.
    async fn check_legal(&mut self, case: &str, sent: Sent, frames: &[Vec<u8>], pongs: &[&[u8]]) {
        let mut socket = self.open().await;
        send(&mut socket, sent, frames).await.unwrap_or_else(|error| panic!("{case}: {error}"));
        self.check_open(case, &mut socket, pongs).await;
    }

    /// The socket answers its pings and one more, and is told of the next change.
    async fn check_open(&mut self, case: &str, socket: &mut Socket, pongs: &[&[u8]]) {
        for pong in pongs {
            assert_eq!(next(socket).await, Frame { first: PONG, payload: pong.to_vec() }, "{case}");
        }
        socket.send_raw(frame(PING, "still there?")).await.unwrap();
        assert_eq!(next(socket).await.payload, b"still there?", "{case}");
        let change = self.change().await;
        let told = next(socket).await;
        assert_eq!(told.first, BINARY, "{case}");
        assert!(told.payload.ends_with(change.as_bytes()), "{case}: {told:?}");
    }

    /// These frames break the protocol: the socket is closed with this code, and nothing that
    /// comes after the mistake is answered.
    async fn check_failed(&mut self, case: &str, sent: Sent, frames: &[Vec<u8>], code: u16) {
        let mut socket = self.open().await;
        // The server may have had enough before everything was sent.
        let _ = send(&mut socket, sent, frames).await;
        self.check_closed(case, socket, code).await;
    }

    /// The next frame closes the socket with this code and a reason that is a text.
    async fn check_closed(&mut self, case: &str, mut socket: Socket, code: u16) {
        let close = next(&mut socket).await;
        assert_eq!(close.first, CLOSE, "{case}");
        let (answered, reason) = close.payload.split_at(2);
        assert_eq!(u16::from_be_bytes(answered.try_into().unwrap()), code, "{case}");
        assert!(std::str::from_utf8(reason).is_ok() && close.payload.len() <= 125, "{case}");
        assert_eq!(socket.rest().await, b"", "{case}: nothing comes after a close frame");
        self.change().await;
    }

    /// Changes what everybody here watches; whoever stands by is told of it and of nothing else.
    async fn change(&mut self) -> String {
        self.changes += 1;
        self.server.request("POST", "/thing", self.changes.to_string()).await;
        let told = self.bystander.message().await;
        // The first one makes the object, and those after it change it.
        let change = match self.changes {
            1 => format!(r#","data":{}}}}}"#, self.changes),
            _ => format!(r#"{{"op":"replace","path":"/data","value":{}}}]}}"#, self.changes),
        };
        assert!(told.ends_with(&change), "{told}");
        change
    }
}

async fn open(server: &TestServer) -> Socket {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut socket = Socket::over(Http::over(stream), "/thing", UPGRADE).await.unwrap();
    socket.message().await;
    socket
}

async fn send(socket: &mut Socket, sent: Sent, frames: &[Vec<u8>]) -> std::io::Result<()> {
    let chops: Vec<Vec<u8>> = match sent {
        Sent::AtOnce => vec![frames.concat()],
        Sent::ByFrame => frames.to_vec(),
        Sent::InChops(size) => frames.concat().chunks(size).map(<[u8]>::to_vec).collect(),
    };
    for chop in chops {
        socket.send_raw(chop).await?;
        settle().await;
    }
    Ok(())
}

/// Waits until everybody else has come to rest.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// The next frame but the server's own pings.
async fn next(socket: &mut Socket) -> Frame {
    loop {
        let frame = socket.frame().await;
        if frame.first != PING {
            return frame;
        }
    }
}
