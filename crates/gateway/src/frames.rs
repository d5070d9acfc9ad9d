//! Messages on their way to a client, from memory that all its fellows share.
//!
//! tungstenite copies each message into a buffer of the connection, and never gives that back: a
//! thousand subscribers of one document would hold a thousand copies of it. It reads, and writes
//! what is short; messages go past it.

use std::{
    io::{self, ErrorKind},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes, buf::Chain};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_write_buf;

/// The first byte of a binary frame that is a whole message.
const BINARY: u8 = 0x82;

/// The frame that a connection has to finish before anything else is written to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frames(Arc<Mutex<Option<Chain<Bytes, Bytes>>>>);

impl Frames {
    /// Begins a message. Everything that was written before it has to be flushed, and flushing
    /// sends it.
    pub(crate) fn begin(&self, message: Bytes) {
        *self.lock() = Some(header(message.len()).chain(message));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Chain<Bytes, Bytes>>> {
        // A panic while it was held would have been in the connection's own task.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands before this many bytes (RFC 6455, section 5.2). The server masks nothing.
fn header(len: usize) -> Bytes {
    let mut header = vec![BINARY];
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ 0..126), _) => header.push(len),
        (_, Ok(len)) => {
            header.push(126);
            header.extend(len.to_be_bytes());
        }
        _ => {
            header.push(127);
            header.extend((len as u64).to_be_bytes());
        }
    }
    header.into()
}

/// A connection that finishes its frame before it writes what it is given.
#[derive(Debug)]
pub(crate) struct Framed<T> {
    connection: T,
    frames: Frames,
}

impl<T: AsyncWrite + Unpin> Framed<T> {
    pub(crate) fn new(connection: T) -> (Self, Frames) {
        let frames = Frames::default();
        (Self { connection, frames: frames.clone() }, frames)
    }

    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut frame = self.frames.lock();
        while let Some(left) = frame.as_mut().filter(|frame| frame.has_remaining()) {
            let written = ready!(poll_write_buf(Pin::new(&mut self.connection), context, left))?;
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
        }
        *frame = None;
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Framed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Framed<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_frame(context))?;
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_frame(context))?;
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_frame(context))?;
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(len: usize, expected: &[u8]) {
        assert_eq!(header(len), expected, "{len}");
    }

    #[test]
    fn a_length_is_written_in_the_fewest_bytes() {
        check(0, b"\x82\x00");
        check(125, b"\x82\x7d");
        check(126, b"\x82\x7e\x00\x7e");
        check(65_535, b"\x82\x7e\xff\xff");
        check(65_536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00");
    }
}
