//! Thousands of subscribers on a few threads.
//!
//! Between two phases of a scenario nobody reads: the threads live as long as a phase, and their
//! subscribers are handed from one to the next.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};
use socket2::{Domain, Socket, Type};

use crate::{
    THREADS,
    board::Board,
    clock::now,
    frames::{Frame, FrameReader},
    http::{self, Answer},
    report::Latencies,
};

/// How much is read at once.
const READ: usize = 256 * 1024;

/// How long all subscribers of a phase together may take to open.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a thread looks whether its phase is over.
const TURN: Duration = Duration::from_millis(20);

/// The receive buffer of who will not read, so that the server soon notices.
const SMALL: usize = 4096;

/// A subscriber as a scenario wants it.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    request: Arc<[u8]>,
    /// It has arrived when it has seen this number, or for zero any message.
    until: u64,
    stalled: bool,
}

impl Wish {
    /// Who watches `target` and has arrived with its first message.
    pub(crate) fn to_watch(target: &str) -> Self {
        Self { request: http::upgrade(target).into(), until: 0, stalled: false }
    }

    /// Who has arrived only when it has seen this number.
    pub(crate) fn until(self, until: u64) -> Self {
        Self { until, ..self }
    }

    /// Who does not read once it has arrived.
    pub(crate) fn and_stall(self) -> Self {
        Self { stalled: true, ..self }
    }
}

/// What subscribers have seen.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    /// From the connect to the arrival, or from publication to delivery.
    pub(crate) latencies: Latencies,
    pub(crate) snapshots: u64,
    pub(crate) patches: u64,
    pub(crate) closed: u64,
    /// How long the last snapshot was.
    pub(crate) snapshot: usize,
    /// How long the last patch was.
    pub(crate) patch: usize,
    /// The version of the last message.
    pub(crate) version: String,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.latencies.add(&other.latencies);
        self.snapshots += other.snapshots;
        self.patches += other.patches;
        self.closed += other.closed;
        self.snapshot = self.snapshot.max(other.snapshot);
        self.patch = self.patch.max(other.patch);
        if self.version.len() <= other.version.len() && self.version < other.version {
            self.version.clone_from(&other.version);
        }
    }

    fn see(&mut self, frame: &Frame<'_>) {
        if frame.is_snapshot() {
            self.snapshots += 1;
            self.snapshot = frame.length;
        } else {
            self.patches += 1;
            self.patch = frame.length;
        }
    }
}

/// All subscribers of a scenario.
#[derive(Debug)]
pub(crate) struct Swarm {
    address: SocketAddr,
    shards: Vec<Shard>,
}

impl Swarm {
    pub(crate) fn new(address: SocketAddr) -> io::Result<Self> {
        let shards = (0..THREADS).map(|_| Shard::new()).collect::<io::Result<_>>()?;
        Ok(Self { address, shards })
    }

    /// Opens a subscriber for each wish, of which at most `at_once` are on their way, and waits
    /// until all have arrived. Their latencies run from the connect to the arrival.
    pub(crate) fn open(&mut self, wishes: &[Wish], at_once: usize) -> io::Result<()> {
        let address = self.address;
        // One at a time is one at a time in all threads together.
        let threads = self.shards.len().min(at_once).max(1);
        let share = wishes.len().div_ceil(threads).max(1);
        let at_once = at_once.div_ceil(threads);
        thread::scope(|scope| {
            let opening: Vec<_> = (self.shards.iter_mut())
                .zip(wishes.chunks(share))
                .map(|(shard, wishes)| scope.spawn(move || shard.open(address, wishes, at_once)))
                .collect();
            opening.into_iter().try_for_each(joined)
        })
    }

    /// Lets all read while `work` is done.
    pub(crate) fn listen<T>(
        &mut self,
        board: &Board,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        thread::scope(|scope| {
            let listening: Vec<_> = (self.shards.iter_mut())
                .map(|shard| scope.spawn(move || shard.listen(board)))
                .collect();
            let outcome = work();
            board.finish();
            listening.into_iter().try_for_each(joined)?;
            outcome
        })
    }

    /// Lets those that stalled read until all have seen `number`, or for `patience`; tells how
    /// many have.
    pub(crate) fn drain(&mut self, number: u64, patience: Duration) -> io::Result<u64> {
        let deadline = now() + patience;
        thread::scope(|scope| {
            let draining: Vec<_> = (self.shards.iter_mut())
                .map(|shard| scope.spawn(move || shard.drain(number, deadline)))
                .collect();
            let mut arrived = 0;
            for drained in draining {
                arrived += drained.join().map_err(|_| io::Error::other("a thread panicked"))??;
            }
            Ok(arrived)
        })
    }

    /// What was seen since the last time.
    pub(crate) fn take_tally(&mut self) -> Tally {
        let mut tally = Tally::default();
        for shard in &mut self.shards {
            tally.add(&shard.tally);
            shard.tally = Tally::default();
        }
        tally
    }

    /// Closes every connection.
    pub(crate) fn close(&mut self) {
        for shard in &mut self.shards {
            shard.subscribers.clear();
        }
    }
}

fn joined(thread: thread::ScopedJoinHandle<'_, io::Result<()>>) -> io::Result<()> {
    thread.join().map_err(|_| io::Error::other("a thread panicked"))?
}

/// The subscribers of one thread.
#[derive(Debug)]
struct Shard {
    poll: Poll,
    subscribers: Vec<Subscriber>,
    buffer: Vec<u8>,
    tally: Tally,
}

#[derive(Debug)]
struct Subscriber {
    stream: TcpStream,
    wish: Wish,
    stage: Stage,
    frames: FrameReader,
    started: Instant,
    messages: u64,
    number: u64,
}

#[derive(Debug)]
enum Stage {
    Connecting,
    /// Has asked; these bytes of the answer have come.
    Asking(Vec<u8>),
    /// Has its socket.
    Open,
    /// Has what it came for.
    Arrived,
    Closed,
}

impl Shard {
    fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        Ok(Self { poll, subscribers: Vec::new(), buffer: vec![0; READ], tally: Tally::default() })
    }

    fn open(&mut self, address: SocketAddr, wishes: &[Wish], at_once: usize) -> io::Result<()> {
        let deadline = now() + PATIENCE;
        let mut events = Events::with_capacity(1024);
        let (mut under_way, mut wishes) = (0, wishes.iter());
        loop {
            while under_way < at_once
                && let Some(wish) = wishes.next()
            {
                self.connect(address, wish)?;
                under_way += 1;
            }
            if under_way == 0 {
                return Ok(());
            }
            if now() > deadline {
                return Err(io::Error::new(ErrorKind::TimedOut, "subscribers do not arrive"));
            }
            self.poll.poll(&mut events, Some(TURN))?;
            for event in &events {
                let index = event.token().0;
                let before = self.has_arrived(index);
                self.wake(index, None)?;
                if !before && self.has_arrived(index) {
                    under_way -= 1;
                }
            }
        }
    }

    fn connect(&mut self, address: SocketAddr, wish: &Wish) -> io::Result<()> {
        let started = now();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if wish.stalled {
            socket.set_recv_buffer_size(SMALL)?;
        }
        socket.set_nonblocking(true)?;
        match socket.connect(&address.into()) {
            // EINPROGRESS has no kind of its own.
            Err(error) if error.raw_os_error() == Some(115) => {}
            outcome => outcome?,
        }
        let mut stream = TcpStream::from_std(socket.into());
        let token = Token(self.subscribers.len());
        self.poll.registry().register(
            &mut stream,
            token,
            Interest::READABLE | Interest::WRITABLE,
        )?;
        self.subscribers.push(Subscriber {
            stream,
            wish: wish.clone(),
            stage: Stage::Connecting,
            frames: FrameReader::default(),
            started,
            messages: 0,
            number: 0,
        });
        Ok(())
    }

    fn has_arrived(&self, index: usize) -> bool {
        let subscriber = self.subscribers.get(index);
        subscriber.is_some_and(|it| matches!(it.stage, Stage::Arrived | Stage::Closed))
    }

    fn listen(&mut self, board: &Board) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        while !board.is_done() {
            self.poll.poll(&mut events, Some(TURN))?;
            let mut delivered = 0;
            for event in &events {
                delivered += self.wake(event.token().0, Some(board))?;
            }
            if delivered > 0 {
                board.delivered(delivered);
            }
        }
        Ok(())
    }

    fn drain(&mut self, number: u64, deadline: Instant) -> io::Result<u64> {
        let slow: Vec<_> = (0..self.subscribers.len())
            .filter(|&index| self.subscribers.get(index).is_some_and(|it| it.wish.stalled))
            .collect();
        for &index in &slow {
            if let Some(subscriber) = self.subscribers.get_mut(index) {
                subscriber.wish.stalled = false;
            }
            // What had come before it began to read makes no event.
            self.wake(index, None)?;
        }
        let mut events = Events::with_capacity(1024);
        loop {
            let subscribers = slow.iter().filter_map(|&index| self.subscribers.get(index));
            let arrived = subscribers.filter(|it| it.number == number).count();
            if arrived == slow.len() || now() > deadline {
                return Ok(u64::try_from(arrived).unwrap_or_default());
            }
            self.poll.poll(&mut events, Some(TURN))?;
            for event in &events {
                self.wake(event.token().0, None)?;
            }
        }
    }

    /// Does what can be done for a connection; tells how many messages came.
    fn wake(&mut self, index: usize, board: Option<&Board>) -> io::Result<u64> {
        let Self { subscribers, buffer, tally, .. } = self;
        let Some(subscriber) = subscribers.get_mut(index) else { return Ok(0) };
        if let Stage::Connecting = subscriber.stage
            && !subscriber.ask()?
        {
            return Ok(0);
        }
        subscriber.read(buffer, tally, board)
    }
}

impl Subscriber {
    /// Asks for the socket, if it is connected by now.
    fn ask(&mut self) -> io::Result<bool> {
        match self.stream.write(&self.wish.request) {
            Ok(_) => {
                self.stage = Stage::Asking(Vec::new());
                Ok(true)
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn read(
        &mut self,
        buffer: &mut [u8],
        tally: &mut Tally,
        board: Option<&Board>,
    ) -> io::Result<u64> {
        let before = self.messages;
        loop {
            if matches!(self.stage, Stage::Closed)
                || self.wish.stalled && matches!(self.stage, Stage::Arrived)
            {
                break;
            }
            let count = match self.stream.read(buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
                Err(error) => return Err(error),
            };
            if count == 0 {
                self.stage = Stage::Closed;
                tally.closed += 1;
                break;
            }
            self.take(buffer.get(..count).unwrap_or_default(), tally, board)?;
            // The socket is empty. epoll tells of what comes next, so asking again is not needed.
            if count < buffer.len() {
                break;
            }
        }
        Ok(self.messages - before)
    }

    fn take(&mut self, bytes: &[u8], tally: &mut Tally, board: Option<&Board>) -> io::Result<()> {
        let mut after_answer = Vec::new();
        let mut bytes = bytes;
        if let Stage::Asking(answer) = &mut self.stage {
            answer.extend(bytes);
            let Some(head) = Answer::parse(answer)? else { return Ok(()) };
            if head.status != 101 {
                let text = format!("a subscription was answered {}", head.status);
                return Err(io::Error::other(text));
            }
            after_answer.extend(answer.iter().skip(head.head));
            bytes = &after_answer;
            self.stage = Stage::Open;
        }
        let at = now();
        let Self { frames, messages, number, .. } = self;
        frames.feed(bytes, |frame| {
            if !frame.is_message() {
                return;
            }
            *messages += 1;
            tally.see(&frame);
            if let Some(new) = frame.number() {
                *number = new;
                let latency = board.and_then(|board| board.latency(new, at));
                latency.into_iter().for_each(|latency| tally.latencies.record(latency));
            }
            if board.is_none() {
                tally.version.clear();
                tally.version.push_str(frame.version().unwrap_or_default());
            }
        });
        if matches!(self.stage, Stage::Open) && self.messages > 0 && self.number >= self.wish.until
        {
            self.stage = Stage::Arrived;
            tally.latencies.record(at - self.started);
        }
        Ok(())
    }
}
