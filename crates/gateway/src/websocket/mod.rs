//! The server's end of a WebSocket (RFC 6455), as small as a subscriber can be.
//!
//! A library for everybody gathers what is heard and copies what is said, in buffers of each
//! connection. Here nothing is kept of what a client says, and messages are written from memory
//! that all its fellows share, so an idle connection has no buffer at all.

mod reader;
#[cfg(test)]
mod reference;
mod utf8;
mod writer;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    time::Instant,
};

pub(crate) use self::reader::Violation;
use self::{
    reader::{Control, Reader},
    writer::Queue,
};

/// How much is read at once. Clients say little.
const READ: usize = 1024;

/// How many answers to pings may wait for a client that does not take them, before nothing more is
/// read of it.
const UNANSWERED: usize = 64;

/// A connection that was upgraded.
#[derive(Debug)]
pub(crate) struct WebSocket<T> {
    connection: T,
    reader: Reader,
    queue: Queue,
    /// When it last gave a sign of life: it sent something, or took bytes that had been waiting. A
    /// byte that goes straight into our own socket buffer says nothing about the other end.
    last_sign: Instant,
    /// The last write had to wait for the other end.
    blocked: bool,
    /// Nothing the client says counts any more.
    over: bool,
    /// The client said goodbye.
    left: bool,
    /// We did.
    closing: bool,
}

/// What became of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Everything that was to be sent was taken.
    Drained,
    /// The client said goodbye, and was answered.
    Left,
    /// The client said something that is kept.
    Said,
}

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the client hung up")]
    HungUp,
    #[error(transparent)]
    Violation(#[from] Violation),
    #[error(transparent)]
    Connection(#[from] io::Error),
}

/// What a close frame says: a code (RFC 6455, section 7.4) and a reason in words.
pub(crate) type Close = (u16, &'static str);

impl<T: AsyncRead + AsyncWrite + Unpin> WebSocket<T> {
    /// Goes on after the upgrade. Messages of more than `max_message` bytes are a violation.
    pub(crate) fn new(connection: T, max_message: usize) -> Self {
        Self {
            connection,
            reader: Reader::new(max_message),
            queue: Queue::default(),
            last_sign: Instant::now(),
            blocked: false,
            over: false,
            left: false,
            closing: false,
        }
    }

    /// Keeps the small texts that the client says from now on.
    pub(crate) fn keep_texts(&mut self) {
        self.reader.keep_texts();
    }

    /// What the client said since this was asked last.
    pub(crate) fn take_texts(&mut self) -> Vec<String> {
        self.reader.take_texts()
    }

    /// Has a message sent.
    pub(crate) fn send(&mut self, message: Bytes) {
        self.queue.message(message);
    }

    /// Has the client asked for a sign of life.
    pub(crate) fn ping(&mut self) {
        self.queue.ping();
    }

    /// Whether nothing waits to be sent.
    pub(crate) fn is_drained(&self) -> bool {
        self.queue.is_empty()
    }

    /// When it last gave a sign of life.
    pub(crate) fn last_sign(&self) -> Instant {
        self.last_sign
    }

    /// Writes what waits, and reads what is there; pings are answered, and everything else is
    /// thrown away but texts that are to be [kept](Self::keep_texts). It loses nothing when it is not polled to the end.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Event, Broken>> {
        let waited = !self.queue.is_empty();
        loop {
            if self.reader.has_texts() && !self.closing {
                return Poll::Ready(Ok(Event::Said));
            }
            let written = self.poll_queue(context)?;
            if self.left && written.is_ready() {
                return Poll::Ready(Ok(Event::Left));
            }
            // What a client says after its goodbye does not count, and one that asks more than
            // it takes answers is not heard until it does.
            let read = if self.left || self.queue.controls() > UNANSWERED {
                Poll::Pending
            } else {
                self.poll_read(context)?
            };
            match (read, written) {
                (Poll::Ready(()), _) => {}
                (Poll::Pending, Poll::Ready(())) if waited => {
                    return Poll::Ready(Ok(Event::Drained));
                }
                (Poll::Pending, _) => return Poll::Pending,
            }
        }
    }

    /// Says goodbye, and waits for the client to do so and to hang up. It takes as long as the
    /// client does.
    pub(crate) async fn close(mut self, close: Option<Close>) -> Result<(), Broken> {
        if let Some((code, reason)) = close {
            let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
            self.queue.close(payload.into());
            self.closing = true;
            std::future::poll_fn(|context| self.poll_queue(context)).await?;
            while !self.over {
                match std::future::poll_fn(|context| self.poll(context)).await {
                    Ok(Event::Drained | Event::Said) => {}
                    Ok(Event::Left) | Err(_) => break,
                }
            }
        }
        // Left unread, what the client still sends would turn our last words into a reset.
        self.connection.shutdown().await?;
        tokio::io::copy(&mut self.connection, &mut tokio::io::sink()).await?;
        Ok(())
    }

    /// Writes until nothing is left.
    fn poll_queue(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.queue.is_empty() {
            let written = self.queue.poll_write(Pin::new(&mut self.connection), context)?;
            let Poll::Ready(()) = written else {
                self.blocked = true;
                return Poll::Pending;
            };
            if std::mem::take(&mut self.blocked) {
                self.last_sign = Instant::now();
            }
        }
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let mut bytes = [0; READ];
        let mut buffer = ReadBuf::new(&mut bytes);
        if let Err(error) = ready!(Pin::new(&mut self.connection).poll_read(context, &mut buffer)) {
            self.over = true;
            return Poll::Ready(Err(error.into()));
        }
        if buffer.filled().is_empty() {
            self.over = true;
            return Poll::Ready(Err(Broken::HungUp));
        }
        self.last_sign = Instant::now();
        self.hear(buffer.filled_mut())?;
        Poll::Ready(Ok(()))
    }

    /// Hears what was read of the connection.
    pub(crate) fn hear(&mut self, bytes: &mut [u8]) -> Result<(), Violation> {
        let (queue, left, closing) = (&mut self.queue, &mut self.left, self.closing);
        let heard = self.reader.read(bytes, |control| match control {
            Control::Ping(payload) => queue.pong(payload),
            Control::Pong => {}
            Control::Close(payload) => {
                *left = true;
                if !closing {
                    queue.close(payload);
                }
            }
        });
        self.over |= heard.is_err();
        heard
    }
}
