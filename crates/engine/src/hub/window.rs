//! The last messages of a topic: queue, replay history and slow-consumer policy in one.

use std::collections::VecDeque;

use monoxide_protocol::Version;

use super::frame::Frame;

/// A ring of messages, each with a number of its own: the first ever is 0.
#[derive(Debug)]
pub(super) struct Window {
    messages: VecDeque<Message>,
    /// The number of the oldest message that is kept, or of the next one when none is.
    first: u64,
    /// The version before the oldest message: who has it can go on from there.
    before: Version,
    bytes: usize,
    /// Of all messages that ever were.
    total_bytes: u64,
    max_messages: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Message {
    version: Version,
    frame: Frame,
}

/// What a reader at some position finds.
#[derive(Debug)]
pub(super) enum Found {
    /// The next message.
    Message(Frame),
    /// It has everything.
    Nothing,
    /// It has fallen out of the window.
    Gone,
}

impl Window {
    pub(super) fn new(version: Version, max_messages: usize, max_bytes: usize) -> Self {
        let messages = VecDeque::new();
        let (bytes, total_bytes) = (0, 0);
        Self { messages, first: 0, before: version, bytes, total_bytes, max_messages, max_bytes }
    }

    /// Adds a message, and lets go of the oldest ones that no longer fit. The newest stays,
    /// whatever its size: those who keep up are not to pay for it.
    pub(super) fn push(&mut self, version: Version, frame: Frame) {
        self.bytes += frame.bytes.len();
        self.total_bytes += frame.bytes.len() as u64;
        self.messages.push_back(Message { version, frame });
        while self.messages.len() > self.max_messages
            || (self.bytes > self.max_bytes && self.messages.len() > 1)
        {
            let Some(oldest) = self.messages.pop_front() else { break };
            self.bytes -= oldest.frame.bytes.len();
            oldest.frame.release();
            self.before = oldest.version;
            self.first += 1;
        }
    }

    /// Lets go of everything: who has not read it is not to read it any more.
    pub(super) fn cut(&mut self) {
        self.before = self.version();
        self.first = self.end();
        self.bytes = 0;
        self.messages.drain(..).for_each(|message| message.frame.release());
    }

    /// The version of the newest message, or the one the topic began with.
    pub(super) fn version(&self) -> Version {
        self.messages.back().map_or(self.before, |message| message.version)
    }

    /// The number that the next message will have.
    pub(super) fn end(&self) -> u64 {
        self.first + self.messages.len() as u64
    }

    /// How many messages are kept, and how many bytes.
    pub(super) fn fill(&self) -> (usize, usize) {
        (self.messages.len(), self.bytes)
    }

    /// How many bytes of messages there ever were.
    pub(super) fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// What a reader finds that wants message number `position`.
    pub(super) fn read(&self, position: u64) -> Found {
        let Some(nth) = position.checked_sub(self.first) else { return Found::Gone };
        let message = usize::try_from(nth).ok().and_then(|nth| self.messages.get(nth));
        message.map_or(Found::Nothing, |message| Found::Message(message.frame.clone()))
    }

    /// Whether message number `position` is there or still to come.
    pub(super) fn reaches(&self, position: u64) -> bool {
        position >= self.first
    }

    /// The number of the message after `version`, when the topic was ever told so and remembers.
    pub(super) fn after(&self, version: Version) -> Option<u64> {
        if version == self.before {
            return Some(self.first);
        }
        let nth = self.messages.binary_search_by_key(&version, |message| message.version).ok()?;
        Some(self.first + nth as u64 + 1)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{super::frame::Pins, *};

    fn window(max_messages: usize, max_bytes: usize, sizes: &[usize]) -> Window {
        let mut window = Window::new(Version::new(100), max_messages, max_bytes);
        for (nth, &size) in sizes.iter().enumerate() {
            let frame = Frame::new("x".repeat(size), &Arc::new(Pins::new(0)));
            window.push(Version::new(101 + nth as u64), frame);
        }
        window
    }

    /// The size of the message that a reader finds; 0 when it has everything.
    fn found(window: &Window, position: u64) -> Option<usize> {
        match window.read(position) {
            Found::Message(frame) => Some(frame.bytes.len()),
            Found::Nothing => Some(0),
            Found::Gone => None,
        }
    }

    #[test]
    fn it_keeps_the_last_messages_and_knows_who_fell_out() {
        let window = window(2, 1_000, &[1, 2, 3]);
        assert_eq!([0, 1, 2, 3].map(|nth| found(&window, nth)), [None, Some(2), Some(3), Some(0)]);
    }

    #[test]
    fn bytes_are_bounded_and_the_newest_message_stays_whatever_its_size() {
        let small = window(100, 10, &[4, 4, 4]);
        assert_eq!((found(&small, 0), small.bytes), (None, 8));

        let large = window(100, 10, &[4, 4, 50]);
        assert_eq!([1, 2].map(|nth| found(&large, nth)), [None, Some(50)]);
    }

    #[test]
    fn a_version_is_resumed_from_only_when_every_message_after_it_is_kept() {
        let window = window(2, 1_000, &[1, 1, 1]);
        let after = |version| window.after(Version::new(version));
        assert_eq!(after(100), None, "message 101 is gone");
        assert_eq!(after(101), Some(1), "the version before the oldest message");
        assert_eq!(after(102), Some(2));
        assert_eq!(after(103), Some(3), "the current version: nothing was missed");
        assert_eq!(after(104), None, "a version of another life");
    }
}
