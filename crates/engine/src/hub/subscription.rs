//! One subscriber's end: what it has not been sent yet is a position in the topic's window.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use monoxide_protocol::Version;
use tokio::sync::watch;

use super::{
    topic::{Progress, Topic},
    window::Found,
};

/// What one subscriber has not been sent yet. Dropping it unsubscribes.
///
/// It costs a few words, however far behind it is: messages are kept once, by the topic. A
/// subscriber that falls out of the topic's window goes on with the newest snapshot.
pub struct Subscription {
    topic: Arc<Topic>,
    progress: watch::Receiver<Progress>,
    /// The number of the next message; `None` when a snapshot has to come first.
    position: Option<u64>,
}

impl Subscription {
    pub(super) fn new(topic: Arc<Topic>, since: Option<Version>) -> Self {
        let position = since.and_then(|version| topic.after(version));
        let progress = topic.watch();
        Self { topic, progress, position }
    }

    /// The next message, shared by all who are told of it; `None` when the engine was closed and
    /// everything was read.
    ///
    /// It may be dropped while it waits, and then nothing is lost.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            let Some(position) = self.position else {
                let snapshot = self.topic.snapshot().await;
                self.position = Some(snapshot.position);
                return Some(snapshot.frame);
            };
            let Progress { end, closed } = *self.progress.borrow_and_update();
            if position < end {
                match self.read(position) {
                    Some(frame) => return Some(frame),
                    None => continue,
                }
            }
            if closed {
                return None;
            }
            // The sender lives as long as the topic, which this subscription holds.
            self.progress.changed().await.ok()?;
        }
    }

    /// The next message, if nothing has to be waited for: neither for a change, nor for a
    /// snapshot.
    pub fn ready(&mut self) -> Option<Bytes> {
        let position = self.position?;
        if position < self.progress.borrow().end { self.read(position) } else { None }
    }

    /// The message at `position`, which was there; or nothing, and a snapshot comes next.
    fn read(&mut self, position: u64) -> Option<Bytes> {
        match self.topic.read(position) {
            Found::Message(frame) => {
                self.position = Some(position + 1);
                Some(frame)
            }
            // Sending what was missed one by one would take ever longer than it takes to be
            // written. The newest snapshot says the same.
            Found::Gone | Found::Nothing => {
                let watched = self.topic.watched();
                tracing::debug!(%watched, "a slow subscriber goes on with a snapshot");
                self.position = None;
                None
            }
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("position", &self.position).finish_non_exhaustive()
    }
}
