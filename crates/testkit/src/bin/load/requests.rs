//! Requests as fast as they are answered: each connection sends its next when it has an answer.

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::{
    THREADS, clock,
    http::Answer,
    process::Process,
    report::{Latencies, Row, Sizes, Stretch},
};

/// How long the server may get used to the work.
const WARM_UP: Duration = Duration::from_millis(200);

/// How much is read at once.
const READ: usize = 64 * 1024;

/// What the threads share with the one that measures.
#[derive(Debug, Default)]
struct Shared {
    answered: AtomicU64,
    measuring: AtomicBool,
    done: AtomicBool,
}

/// What one thread found.
#[derive(Debug, Default)]
struct Found {
    latencies: Latencies,
    sizes: Sizes,
}

/// Sends each of `requests` over a connection of its own, again and again for `time`.
pub(crate) fn measure(
    name: &str,
    address: SocketAddr,
    server: &Process,
    requests: &[Vec<u8>],
    time: Duration,
) -> io::Result<Row> {
    let shared = Shared::default();
    thread::scope(|scope| {
        let share = requests.len().div_ceil(THREADS);
        let run = |requests| Worker::connect(address, requests).and_then(|it| it.run(&shared));
        let workers: Vec<_> =
            requests.chunks(share).map(|requests| scope.spawn(move || run(requests))).collect();
        let spent = shared.measure(server, time);
        shared.done.store(true, Relaxed);
        let mut all = Found::default();
        for worker in workers {
            let found = worker.join().map_err(|_| io::Error::other("a thread panicked"))??;
            all.latencies.add(&found.latencies);
            all.sizes = found.sizes;
        }
        let (answered, spent) = spent?;
        Ok(Row::new(name, "request", answered, spent).latencies(&all.latencies).sizes(all.sizes))
    })
}

impl Shared {
    fn measure(&self, server: &Process, time: Duration) -> io::Result<(u64, crate::report::Spent)> {
        clock::sleep(WARM_UP);
        self.measuring.store(true, Relaxed);
        let before = self.answered.load(Relaxed);
        let stretch = Stretch::begin(server)?;
        clock::sleep(time);
        let spent = stretch.end()?;
        Ok((self.answered.load(Relaxed) - before, spent))
    }
}

/// Some of the connections, and the thread that serves them.
struct Worker<'a> {
    poll: Poll,
    connections: Vec<Connection<'a>>,
    buffer: Vec<u8>,
    found: Found,
}

struct Connection<'a> {
    stream: TcpStream,
    request: &'a [u8],
    /// What came of an answer that is not whole yet.
    partial: Vec<u8>,
    sent: Instant,
}

impl<'a> Worker<'a> {
    fn connect(address: SocketAddr, requests: &'a [Vec<u8>]) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::with_capacity(requests.len());
        for (number, request) in requests.iter().enumerate() {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
            let partial = Vec::new();
            connections.push(Connection { stream, request, partial, sent: clock::now() });
        }
        Ok(Self { poll, connections, buffer: vec![0; READ], found: Found::default() })
    }

    fn run(mut self, shared: &Shared) -> io::Result<Found> {
        for connection in &mut self.connections {
            connection.send()?;
        }
        let mut events = Events::with_capacity(256);
        while !shared.done.load(Relaxed) {
            self.poll.poll(&mut events, Some(Duration::from_millis(50)))?;
            let mut answered = 0;
            for event in &events {
                let Some(connection) = self.connections.get_mut(event.token().0) else { continue };
                if let Some((answer, latency)) = connection.read(&mut self.buffer)? {
                    answered += 1;
                    self.found.sizes.head = answer.head;
                    self.found.sizes.body = answer.body;
                    if shared.measuring.load(Relaxed) {
                        self.found.latencies.record(latency);
                    }
                    connection.send()?;
                }
            }
            shared.answered.fetch_add(answered, Relaxed);
        }
        Ok(self.found)
    }
}

impl Connection<'_> {
    fn send(&mut self) -> io::Result<()> {
        self.sent = clock::now();
        // It is small, and there is nothing before it.
        self.stream.write_all(self.request)
    }

    /// Reads what is there; gives the answer when it is whole.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<(Answer, Duration)>> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            };
            let mut bytes = buffer.get(..count).unwrap_or_default();
            if !self.partial.is_empty() {
                self.partial.extend(bytes);
                bytes = &self.partial;
            }
            if let Some(answer) = Answer::parse(bytes)?
                && bytes.len() >= answer.len()
            {
                self.partial.clear();
                return Ok(Some((answer.expect_success()?, self.sent.elapsed())));
            }
            if self.partial.is_empty() {
                self.partial.extend(buffer.iter().take(count));
            }
        }
    }
}
