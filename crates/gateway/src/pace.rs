//! How long a connection may keep the server waiting: for a head, a body, the next request, or
//! until it takes an answer.
//!
//! hyper's only timeout cannot tell a slow head from an idle connection, so the connection itself
//! is watched here. A socket has rules of its own ([`crate::websocket`]): from the upgrade on, none
//! of these count.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use crate::linger::Rest;

/// Up to here an answer's head and body are copied into one piece: that is cheaper than having the
/// system gather them.
const SMALL: usize = 1024;

/// How long each kind of waiting may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// From the first byte of a head to its last; of the first one on a connection, TLS included.
    pub(crate) header: Duration,
    /// From a head to the end of its body.
    pub(crate) read: Duration,
    /// Without the client taking one byte of what waits for it.
    pub(crate) write: Duration,
    /// From one request to the next.
    pub(crate) idle: Duration,
}

/// What a connection is doing. Cloning it gives the same connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// How many requests have begun.
    requests: AtomicUsize,
    /// How many halves of a request, what is asked and what is answered, are not done.
    busy: AtomicUsize,
    /// The connection is a socket now.
    upgraded: AtomicBool,
}

impl Pace {
    /// A request begins, and is in work until what this gives is dropped.
    pub(crate) fn begin(&self) -> Busy {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        self.busy()
    }

    /// The connection goes on as a socket.
    pub(crate) fn upgrade(&self) {
        self.0.upgraded.store(true, Ordering::Relaxed);
    }

    fn is_upgraded(&self) -> bool {
        self.0.upgraded.load(Ordering::Relaxed)
    }

    fn is_busy(&self) -> bool {
        self.0.busy.load(Ordering::Relaxed) > 0
    }

    fn busy(&self) -> Busy {
        self.0.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }
}

/// Half of a request that is not done.
#[derive(Debug)]
pub(crate) struct Busy(Pace);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that breaks when it keeps the server waiting for too long.
#[derive(Debug)]
pub(crate) struct Paced<T> {
    connection: T,
    pace: Pace,
    timeouts: Timeouts,
    /// Never later than it has to be, and looked at again when it was too early: resetting it for
    /// each request would cost more than everything else here.
    timer: Pin<Box<Sleep>>,
    /// The requests that were begun when `head` was last right.
    requests: usize,
    /// When the head that is being read began.
    head: Option<Instant>,
    /// When the last byte came or went.
    active: Instant,
    /// Since when the client takes nothing of what waits for it.
    blocked: Option<Instant>,
}

impl<T> Paced<T> {
    pub(crate) fn new(connection: T, timeouts: Timeouts) -> (Self, Pace) {
        let (pace, now) = (Pace::default(), Instant::now());
        let paced = Self {
            connection,
            pace: pace.clone(),
            timeouts,
            timer: Box::pin(sleep_until(now + timeouts.header)),
            requests: 0,
            head: Some(now),
            active: now,
            blocked: None,
        };
        (paced, pace)
    }

    /// What is below, once nothing is to be watched any more.
    pub(crate) fn into_inner(self) -> T {
        self.connection
    }

    /// When this has waited for too long, if it waits for its client at all.
    fn deadline(&mut self) -> Option<Instant> {
        if let Some(since) = self.blocked {
            return Some(since + self.timeouts.write);
        }
        self.notice_requests();
        if self.pace.is_busy() {
            return None;
        }
        Some(match self.head {
            Some(since) => since + self.timeouts.header,
            None => self.active + self.timeouts.idle,
        })
    }

    /// A request that has begun has ended its head.
    fn notice_requests(&mut self) {
        let requests = self.pace.0.requests.load(Ordering::Relaxed);
        if self.requests != requests {
            (self.requests, self.head) = (requests, None);
        }
    }

    /// Fails when this has waited for too long, and otherwise sees to it that it is asked again.
    fn poll_waiting<R>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<R>> {
        loop {
            let deadline = self.deadline();
            // Nothing tells us when a request ends, so we come back from time to time.
            let look = deadline.unwrap_or_else(|| Instant::now() + self.timeouts.idle);
            if look < self.timer.deadline() {
                self.timer.as_mut().reset(look);
            }
            ready!(self.timer.as_mut().poll(context));
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.timer.as_mut().reset(look);
        }
    }

    /// Notes what became of writing something.
    fn wrote<R>(
        &mut self,
        written: Poll<io::Result<R>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<R>> {
        if self.pace.is_upgraded() {
            return written;
        }
        let now = Instant::now();
        if written.is_ready() {
            (self.active, self.blocked) = (now, None);
            return written;
        }
        self.blocked.get_or_insert(now);
        self.poll_waiting(context)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Paced<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.connection).poll_read(context, buffer);
        if self.pace.is_upgraded() {
            return read;
        }
        let Poll::Ready(read) = read else { return self.poll_waiting(context) };
        if buffer.filled().len() > before {
            self.active = Instant::now();
            self.notice_requests();
            if self.head.is_none() && !self.pace.is_busy() {
                self.head = Some(self.active);
            }
        }
        Poll::Ready(read)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Paced<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.wrote(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut small = [0; SMALL];
        let connection = Pin::new(&mut self.connection);
        let written = match gather(slices, &mut small) {
            Some(bytes) => connection.poll_write(context, bytes),
            None => connection.poll_write_vectored(context, slices),
        };
        self.wrote(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

/// All slices in one piece, when they are small enough.
fn gather<'a>(slices: &[io::IoSlice<'_>], room: &'a mut [u8; SMALL]) -> Option<&'a [u8]> {
    let mut end = 0;
    for slice in slices {
        room.get_mut(end..end + slice.len())?.copy_from_slice(slice);
        end += slice.len();
    }
    room.get(..end)
}

/// A request's body, which has to come within the read timeout.
#[derive(Debug)]
pub(crate) struct Upload {
    body: Incoming,
    deadline: Instant,
    /// Only for those who have to be waited for.
    timer: Option<Pin<Box<Sleep>>>,
    _busy: Busy,
}

impl Upload {
    pub(crate) fn new(body: Incoming, pace: &Pace, timeouts: Timeouts) -> Self {
        let deadline = Instant::now() + timeouts.read;
        Self { body, deadline, timer: None, _busy: pace.busy() }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = self.deadline;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Some(Err("the body did not come in time".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body, after which the connection is idle.
#[derive(Debug)]
pub(crate) struct Download<B> {
    body: B,
    _busy: Busy,
    _rest: Option<Rest>,
}

impl<B> Download<B> {
    /// Of a request that is in work until then, and of whose body there is possibly a rest.
    pub(crate) fn new(body: B, busy: Busy, rest: Option<Rest>) -> Self {
        Self { body, _busy: busy, _rest: rest }
    }
}

impl<B: Body + Unpin> Body for Download<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
