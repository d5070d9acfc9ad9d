//! Who writes while others watch: a few connections that take turns.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::{
    http::{Answer, Post},
    report::Sizes,
};

/// How long an answer may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes, and reads each answer before the same connection's next request.
#[derive(Debug)]
pub(crate) struct Publisher {
    connections: Vec<Connection>,
    turn: usize,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// How many answers are still to come.
    unanswered: usize,
    read: Vec<u8>,
    last: Option<Answer>,
}

impl Publisher {
    pub(crate) fn connect(address: SocketAddr, connections: usize) -> io::Result<Self> {
        let connect = |_| Connection::connect(address);
        Ok(Self { connections: (0..connections).map(connect).collect::<io::Result<_>>()?, turn: 0 })
    }

    /// Sends a request once the answer to this connection's last one has come; `before` is called
    /// just before the bytes go out.
    pub(crate) fn send(&mut self, request: &[u8], before: impl FnOnce()) -> io::Result<()> {
        self.turn = (self.turn + 1) % self.connections.len();
        let turn = self.turn;
        let connection = self.connections.get_mut(turn).ok_or(io::ErrorKind::NotConnected)?;
        connection.answers()?;
        before();
        connection.send(request)
    }

    /// Sends a POST with this number in its data.
    pub(crate) fn post(&mut self, post: &mut Post, number: u64) -> io::Result<()> {
        self.send(post.numbered(number), || {})
    }

    /// Sends many requests in their order over one connection.
    pub(crate) fn pipeline(&mut self, requests: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
        const DEPTH: usize = 64;
        self.finish()?;
        let connection = self.connections.first_mut().ok_or(io::ErrorKind::NotConnected)?;
        let mut together = Vec::new();
        for request in requests {
            together.extend(request);
            connection.unanswered += 1;
            if connection.unanswered == DEPTH {
                connection.stream.write_all(&together)?;
                together.clear();
                connection.answers()?;
            }
        }
        connection.stream.write_all(&together)?;
        connection.answers()
    }

    /// Waits for every answer that is still to come.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.connections.iter_mut().try_for_each(Connection::answers)
    }

    /// How large the last answer was.
    pub(crate) fn sizes(&self) -> Sizes {
        let last = self.connections.iter().find_map(|connection| connection.last);
        last.map(|it| Sizes { head: it.head, body: it.body, ..Sizes::default() })
            .unwrap_or_default()
    }
}

impl Connection {
    fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, unanswered: 0, read: Vec::new(), last: None })
    }

    fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.unanswered += 1;
        self.stream.write_all(request)
    }

    /// Reads until there are no more answers to come.
    fn answers(&mut self) -> io::Result<()> {
        while self.unanswered > 0 {
            while let Some(answer) = Answer::parse(&self.read)? {
                if self.read.len() < answer.len() {
                    break;
                }
                self.last = Some(answer.expect_success()?);
                self.read.drain(..answer.len());
                self.unanswered -= 1;
            }
            if self.unanswered > 0 {
                let mut buffer = [0; 16 * 1024];
                let count = self.stream.read(&mut buffer)?;
                if count == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.read.extend(buffer.iter().take(count));
            }
        }
        Ok(())
    }
}
