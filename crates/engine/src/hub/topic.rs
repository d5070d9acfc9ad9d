//! One watched key, list or document: what its subscribers know, and the messages they share.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use monoxide_protocol::{Kind, Version, Watched, encode};
use tokio::{sync::Mutex as AsyncMutex, time::Instant};

use super::{
    Settings,
    document::{Change, Document},
    frame::Frame,
    keys::KeyIndex,
    totals::Totals,
    window::{Found, Window},
};
use crate::{
    event::Event,
    sync::{Mutex, MutexGuard, watch},
};

/// One watched key, list or document, and how many watch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicState {
    /// What is watched.
    pub watched: Watched,
    /// How many subscriptions there are; none when the last one left a moment ago.
    pub subscribers: usize,
}

#[derive(Debug)]
pub(super) struct Topic {
    watched: Watched,
    /// What is seen may depend on who looks.
    is_personal: bool,
    /// Changes are sent as whole documents.
    no_patch: bool,
    state: Mutex<State>,
    /// Tells subscribers that there is more to read, and how far. It also counts them.
    progress: watch::Sender<Progress>,
    /// Held by whoever encodes a snapshot; the others wait and share it.
    encoding: AsyncMutex<()>,
    totals: Arc<Totals>,
}

/// The version of a change, for the store and for those who are told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    /// The commit.
    pub(super) commit: Version,
    /// The message. In a personal view it is not the commit's but one of its own: whoever comes
    /// back as somebody else with the version of a message finds it in no other view's window.
    pub(super) message: Version,
}

impl Number {
    /// That of a commit that all are told of alike.
    pub(super) fn of(commit: Version) -> Self {
        Self { commit, message: commit }
    }
}

#[derive(Debug)]
struct State {
    document: Document,
    /// The last commit that the document was told of.
    commit: Version,
    /// The document lacks changes that nobody is told of.
    outdated: bool,
    window: Window,
    snapshot: Option<Snapshot>,
    snapshot_used: bool,
    /// When the last subscriber was seen.
    busy: Instant,
}

/// How far the topic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// The number that the next message will have.
    pub(super) end: u64,
    /// No message will come any more.
    pub(super) closed: bool,
}

/// A whole document, encoded once and shared.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    version: Version,
    /// The number of the first message after it.
    pub(super) position: u64,
    pub(super) frame: Frame,
}

impl Topic {
    pub(super) fn new(
        watched: Watched,
        Number { commit, message }: Number,
        document: Document,
        settings: &Settings,
        totals: &Arc<Totals>,
    ) -> Self {
        let window = Window::new(message, settings.window_messages, settings.window_bytes);
        let busy = Instant::now();
        let is_personal = document.is_personal();
        let state = State {
            document,
            commit,
            outdated: false,
            window,
            snapshot: None,
            snapshot_used: false,
            busy,
        };
        let (progress, _) = watch::channel(Progress { end: 0, closed: false });
        Self {
            watched,
            is_personal,
            no_patch: settings.no_patch,
            state: Mutex::new(state),
            progress,
            encoding: AsyncMutex::new(()),
            totals: Arc::clone(totals),
        }
    }

    /// Tells every subscriber of the events of one commit, in one message.
    pub(super) fn publish(&self, number: Number, events: &[&Event]) {
        self.change(number, |document| document.apply(events));
    }

    /// Tells every subscriber that nothing is left of the list.
    pub(super) fn clear(&self, number: Number) {
        self.change(number, |document| {
            document.clear();
            Some(Change::Whole)
        });
    }

    /// Tells every subscriber which keys came and went since the last time.
    pub(super) fn publish_keys(&self, keys: &mut KeyIndex) {
        self.change(Number::of(keys.version()), |document| match document {
            Document::Keys(document) => keys.bring_up(document).map(Change::Operations),
            Document::Object(..) | Document::List(..) | Document::Whole(_) => None,
        });
    }

    fn change(&self, number: Number, how: impl FnOnce(&mut Document) -> Option<Change>) {
        let end = {
            let mut state = self.lock();
            // What the topic was made from holds this commit already.
            if number.commit <= state.commit {
                return;
            }
            state.commit = number.commit;
            let version = number.message;
            let frame = match how(&mut state.document) {
                None => return,
                Some(Change::Whole) => whole(version, &state.document),
                Some(Change::Operations(_)) if self.no_patch => whole(version, &state.document),
                Some(Change::Operations(operations)) => {
                    encode(Kind::Patch, version, operations.len(), |out| out.push_str(&operations))
                }
            };
            state.window.push(version, Frame::new(frame, &self.totals.pins));
            state.window.end()
        };
        self.progress.send_modify(|progress| progress.end = end);
    }

    /// Whether what is seen may depend on who looks.
    pub(super) fn is_personal(&self) -> bool {
        self.is_personal
    }

    /// Takes note that the document lacks a change, of which its subscribers are not told. Who
    /// joins from here on needs another topic.
    pub(super) fn outdate(&self) {
        self.lock().outdated = true;
    }

    pub(super) fn is_outdated(&self) -> bool {
        self.lock().outdated
    }

    /// Ends every subscription, once it has read what is there.
    pub(super) fn close(&self) {
        self.progress.send_modify(|progress| progress.closed = true);
    }

    pub(super) fn watched(&self) -> &Watched {
        &self.watched
    }

    pub(super) fn state(&self) -> TopicState {
        let subscribers = self.progress.receiver_count();
        TopicState { watched: self.watched.clone(), subscribers }
    }

    pub(super) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The number that the next message will have.
    pub(super) fn end(&self) -> u64 {
        self.progress.borrow().end
    }

    pub(super) fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    pub(super) fn read(&self, position: u64) -> Found {
        self.lock().window.read(position)
    }

    pub(super) fn after(&self, version: Version) -> Option<u64> {
        self.lock().window.after(version)
    }

    /// The document as it is now, or newer. A thousand who ask at once share two encodings.
    pub(super) async fn snapshot(&self) -> Snapshot {
        let wanted = self.lock().window.version();
        if let Some(snapshot) = self.lock().shared_snapshot(wanted) {
            return snapshot;
        }
        let _turn = self.encoding.lock().await;
        let (version, position, document) = {
            let mut state = self.lock();
            // Whoever had the turn before may have encoded what is wanted here.
            if let Some(snapshot) = state.shared_snapshot(wanted) {
                return snapshot;
            }
            (state.window.version(), state.window.end(), state.document.clone())
        };
        let frame = Frame::new(whole(version, &document), &self.totals.pins);
        let snapshot = Snapshot { version, position, frame };
        let mut state = self.lock();
        let old = state.snapshot.replace(snapshot.clone());
        old.into_iter().for_each(|old| old.frame.release());
        state.snapshot_used = true;
        snapshot
    }

    /// Lets go of a snapshot that is outdated, or that nobody has asked for since the last call
    /// and nobody is still being sent.
    pub(super) fn drop_unused_snapshot(&self) {
        let mut state = self.lock();
        let version = state.window.version();
        let used = std::mem::take(&mut state.snapshot_used);
        let is_unused = |snapshot: &mut Snapshot| {
            snapshot.version != version || !(used || snapshot.frame.is_in_use())
        };
        let unused = state.snapshot.take_if(is_unused);
        unused.into_iter().for_each(|unused| unused.frame.release());
    }

    /// For how long nobody has been watching.
    pub(super) fn idle(&self, now: Instant) -> Duration {
        let mut state = self.lock();
        if self.progress.receiver_count() > 0 {
            state.busy = now;
        }
        now.duration_since(state.busy)
    }

    /// A panic elsewhere leaves the state whole: the document is changed by calls that do not
    /// panic, and the window after it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The encoded snapshot, when it is as new as `wanted` and every message after it is there.
    fn shared_snapshot(&mut self, wanted: Version) -> Option<Snapshot> {
        let usable = |it: &&Snapshot| it.version >= wanted && self.window.reaches(it.position);
        let snapshot = self.snapshot.as_ref().filter(usable).cloned();
        self.snapshot_used |= snapshot.is_some();
        snapshot
    }
}

fn whole(version: Version, document: &Document) -> String {
    let size = document.encoded_len();
    encode(Kind::Snapshot, version, size, |out| document.encode(out))
}
