//! Whether the other end of a connection is still there.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

/// How much is read from a peer that takes nothing. Pings are answered, and these answers wait in
/// memory until the peer takes them.
const READ_WHILE_BLOCKED: usize = 64 * 1024;

/// When a connection last gave a sign of life: it sent something, or took bytes that had been
/// waiting. A byte that goes straight into our own socket buffer says nothing about the peer.
#[derive(Debug, Clone)]
pub(crate) struct Liveness {
    start: Instant,
    /// Milliseconds after `start`.
    last: Arc<AtomicU64>,
}

impl Liveness {
    fn new() -> Self {
        Self { start: Instant::now(), last: Arc::default() }
    }

    fn sign(&self) {
        let after = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(after, Ordering::Relaxed);
    }

    /// When the connection gave its last sign of life.
    pub(crate) fn last(&self) -> Instant {
        self.start + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }
}

/// A connection whose signs of life are noted.
#[derive(Debug)]
pub(crate) struct Watched<T> {
    connection: T,
    liveness: Liveness,
    /// The last write had to wait for the peer.
    blocked: bool,
    /// How much was read since then.
    read: usize,
    /// Who wants to read on when the peer has taken something.
    reader: Option<Waker>,
}

impl<T> Watched<T> {
    pub(crate) fn new(connection: T) -> (Self, Liveness) {
        let liveness = Liveness::new();
        let (blocked, read, reader) = (false, 0, None);
        (Self { connection, liveness: liveness.clone(), blocked, read, reader }, liveness)
    }

    fn wrote(&mut self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Pending if self.blocked => {}
            Poll::Pending => (self.blocked, self.read) = (true, 0),
            Poll::Ready(Ok(count)) if *count > 0 && self.blocked => {
                (self.blocked, self.read) = (false, 0);
                self.liveness.sign();
                self.reader.take().into_iter().for_each(Waker::wake);
            }
            Poll::Ready(_) => {}
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.blocked && self.read >= READ_WHILE_BLOCKED {
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.connection).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        if read > 0 {
            self.read += read;
            self.liveness.sign();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write_vectored(context, slices);
        self.wrote(&written);
        written
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
