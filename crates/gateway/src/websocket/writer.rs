//! What a client is told, frame by frame (RFC 6455, section 5). A server masks nothing.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes};
use tokio::io::AsyncWrite;

/// The first bytes of frames that are whole messages.
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// Up to here a frame is copied into one piece: that is cheaper than having the system gather it.
const SMALL: usize = 1024;

/// How many frames are handed over at once.
const AT_ONCE: usize = 32;

/// The frames that are to be sent, the first one possibly in part.
#[derive(Debug, Default)]
pub(super) struct Queue {
    frames: VecDeque<Frame>,
    controls: usize,
}

#[derive(Debug)]
struct Frame {
    head: Head,
    payload: Bytes,
    is_control: bool,
}

/// What stands before a payload, as far as it was not sent.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    bytes: [u8; 10],
    start: u8,
    end: u8,
}

impl Queue {
    pub(super) fn message(&mut self, payload: Bytes) {
        self.push(BINARY, payload, false);
    }

    pub(super) fn ping(&mut self) {
        self.push(PING, Bytes::new(), true);
    }

    pub(super) fn pong(&mut self, payload: Bytes) {
        self.push(PONG, payload, true);
    }

    pub(super) fn close(&mut self, payload: Bytes) {
        self.push(CLOSE, payload, true);
    }

    fn push(&mut self, first: u8, payload: Bytes, is_control: bool) {
        self.controls += usize::from(is_control);
        self.frames.push_back(Frame { head: Head::new(first, payload.len()), payload, is_control });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// How many frames wait that are not messages.
    pub(super) fn controls(&self) -> usize {
        self.controls
    }

    /// Writes some of what waits.
    pub(super) fn poll_write(
        &mut self,
        connection: Pin<&mut impl AsyncWrite>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let written = match self.frames.front() {
            None => return Poll::Ready(Ok(())),
            Some(frame) if self.frames.len() == 1 && frame.len() <= SMALL => {
                let mut bytes = [0; SMALL];
                let piece = frame.copy_to(&mut bytes);
                ready!(connection.poll_write(context, piece))?
            }
            Some(_) => {
                let mut slices = [IoSlice::new(&[]); 2 * AT_ONCE];
                let frames = self.frames.iter().take(AT_ONCE);
                let parts = frames.flat_map(|frame| [frame.head.left(), &frame.payload]);
                let parts = parts.filter(|part| !part.is_empty());
                let count = slices
                    .iter_mut()
                    .zip(parts)
                    .map(|(slice, part)| *slice = IoSlice::new(part))
                    .count();
                let slices = slices.get(..count).unwrap_or_default();
                ready!(connection.poll_write_vectored(context, slices))?
            }
        };
        if written == 0 {
            return Poll::Ready(Err(ErrorKind::WriteZero.into()));
        }
        self.advance(written);
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(frame) = self.frames.front_mut() {
            let of_head = written.min(frame.head.left().len());
            frame.head.advance(of_head);
            let of_payload = (written - of_head).min(frame.payload.len());
            frame.payload.advance(of_payload);
            written -= of_head + of_payload;
            if frame.len() > 0 {
                return;
            }
            self.controls -= usize::from(frame.is_control);
            self.frames.pop_front();
        }
    }
}

impl Frame {
    fn len(&self) -> usize {
        self.head.left().len() + self.payload.len()
    }

    /// Copies what is left to the start of `bytes`, which is large enough.
    fn copy_to<'a>(&self, bytes: &'a mut [u8; SMALL]) -> &'a [u8] {
        let (head, rest) = bytes.split_at_mut(self.head.left().len());
        head.copy_from_slice(self.head.left());
        if let Some(payload) = rest.get_mut(..self.payload.len()) {
            payload.copy_from_slice(&self.payload);
        }
        bytes.get(..self.len()).unwrap_or_default()
    }
}

impl Head {
    fn new(first: u8, len: usize) -> Self {
        let mut bytes = [0; 10];
        bytes[0] = first;
        let end = match (u8::try_from(len), u16::try_from(len)) {
            (Ok(len @ 0..126), _) => {
                bytes[1] = len;
                2
            }
            (_, Ok(len)) => {
                bytes[1] = 126;
                bytes[2..4].copy_from_slice(&len.to_be_bytes());
                4
            }
            _ => {
                bytes[1] = 127;
                bytes[2..].copy_from_slice(&(len as u64).to_be_bytes());
                10
            }
        };
        Self { bytes, start: 0, end }
    }

    fn left(&self) -> &[u8] {
        self.bytes.get(self.start.into()..self.end.into()).unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        self.start = u8::try_from(count).map_or(self.end, |count| self.start + count);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(len: usize, expected: &[u8]) {
        assert_eq!(Head::new(BINARY, len).left(), expected, "{len}");
    }

    #[test]
    fn a_length_is_written_in_the_fewest_bytes() {
        check(0, b"\x82\x00");
        check(125, b"\x82\x7d");
        check(126, b"\x82\x7e\x00\x7e");
        check(65_535, b"\x82\x7e\xff\xff");
        check(65_536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00");
    }

    /// A connection that takes so many bytes at a time.
    struct Slow(Vec<u8>, usize);

    impl AsyncWrite for Slow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let count = bytes.len().min(self.1);
            self.0.extend_from_slice(&bytes[..count]);
            Poll::Ready(Ok(count))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    proptest! {
        #[test]
        fn frames_arrive_whole_and_in_order_however_they_are_taken(
            sizes in prop::collection::vec(prop_oneof![0..200_usize, 900..1_200_usize], 1..80),
            at_a_time in 1..3_000_usize,
        ) {
            let (mut queue, mut expected) = (Queue::default(), Vec::new());
            for (nth, &size) in sizes.iter().enumerate() {
                let payload = Bytes::from(vec![u8::try_from(nth).unwrap(); size]);
                expected.extend_from_slice(Head::new(BINARY, size).left());
                expected.extend_from_slice(&payload);
                queue.message(payload);
            }

            let mut slow = Slow(Vec::new(), at_a_time);
            let mut context = Context::from_waker(std::task::Waker::noop());
            while !queue.is_empty() {
                prop_assert!(queue.poll_write(Pin::new(&mut slow), &mut context).is_ready());
            }

            prop_assert_eq!(slow.0, expected);
        }
    }
}
