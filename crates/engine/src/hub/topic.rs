//! One watched key, list or document: what its subscribers know, and the messages they share.

use std::{
    mem,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use monoxide_protocol::{Kind, Version, Watched, encode};
use tokio::{sync::Mutex as AsyncMutex, time::Instant};

use super::{
    Settings,
    document::{Change, Document},
    frame::Frame,
    keys::KeyIndex,
    listing::Listing,
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
    /// That of the last message, or of what the topic began with.
    pub version: Version,
    /// How many messages there were since the topic began, each counted once, however many were
    /// told.
    pub messages: u64,
    /// How many bytes these were.
    pub bytes: u64,
    /// How many of them are kept for those who are behind or come back.
    pub window_messages: usize,
    /// How many bytes these are.
    pub window_bytes: usize,
    /// How often a subscriber fell out of the window and went on with a snapshot.
    pub skips: u64,
}

#[derive(Debug)]
pub(super) struct Topic {
    watched: Watched,
    /// Messages have versions of their own, not their commits'.
    is_personal: AtomicBool,
    /// Changes are sent as whole documents.
    no_patch: bool,
    state: Mutex<State>,
    /// Tells subscribers that there is more to read, and how far. It also counts them.
    progress: watch::Sender<Progress>,
    /// Held by whoever encodes a snapshot; the others wait and share it.
    encoding: AsyncMutex<()>,
    skips: AtomicU64,
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
    /// What happened since the document was begun to be worked out anew.
    held: Option<Vec<Held>>,
    /// How often everything was forgotten.
    cuts: u64,
    window: Window,
    snapshot: Option<Snapshot>,
    snapshot_used: bool,
    /// When the last subscriber was seen.
    busy: Instant,
}

/// A change that waits until the document is there.
#[derive(Debug)]
enum Held {
    Cleared(Number),
    Events(Number, Vec<Event>),
}

/// How many changes wait for a document at most. A topic with more of them is given up, and its
/// subscribers go on with another, and with a snapshot.
const HELD: usize = 65_536;

/// How far the topic is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The number that the next message will have.
    pub(super) end: u64,
    /// The document is not there yet.
    pub(super) paused: bool,
    /// Who follows the topic is to ask for another one, and to read nothing more here.
    pub(super) retired: bool,
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
            held: None,
            cuts: 0,
            window,
            snapshot: None,
            snapshot_used: false,
            busy,
        };
        let (progress, _) = watch::channel(Progress::default());
        Self {
            watched,
            is_personal: AtomicBool::new(is_personal),
            no_patch: settings.no_patch,
            state: Mutex::new(state),
            progress,
            encoding: AsyncMutex::new(()),
            skips: AtomicU64::new(0),
            totals: Arc::clone(totals),
        }
    }

    /// Tells every subscriber of the events of one commit, in one message.
    pub(super) fn publish(&self, number: Number, events: &[&Event]) {
        let hold = || Held::Events(number, events.iter().map(|&event| event.clone()).collect());
        self.hold_or(hold, number, |document| document.apply(events));
    }

    /// Tells every subscriber that nothing is left of the list.
    pub(super) fn clear(&self, number: Number) {
        self.hold_or(|| Held::Cleared(number), number, cleared);
    }

    /// Changes the document, unless it is being worked out anew: then that waits.
    fn hold_or(
        &self,
        hold: impl FnOnce() -> Held,
        number: Number,
        how: impl FnOnce(&mut Document) -> Option<Change>,
    ) {
        let mut state = self.lock();
        let Some(held) = &mut state.held else {
            drop(state);
            return self.change(number, how);
        };
        held.push(hold());
        if held.len() > HELD {
            drop(state);
            self.retire();
        }
    }

    /// Sends nothing until [`resume`](Self::resume): what is seen is worked out anew. What was not
    /// read yet is not to be read any more.
    pub(super) fn pause(&self) {
        self.is_personal.store(true, Ordering::Relaxed);
        let mut state = self.lock();
        state.held = Some(Vec::new());
        state.forget();
        self.progress.send_modify(|progress| progress.paused = true);
    }

    /// Goes on with what is seen from `version` on, and tells it as the message with the number
    /// `told`; nobody, when nobody was told of anything before.
    pub(super) fn resume(&self, version: Version, document: Document, told: Option<Version>) {
        let old = self.lock().document.clone();
        let change = told.and_then(|told| Some((told, old.change_to(&document)?)));
        let mut state = self.lock();
        let held = mem::take(&mut state.held).unwrap_or_default();
        state.document = document;
        state.commit = version;
        if let Some((told, change)) = change {
            self.push(&mut state, told, &change);
        }
        for held in held {
            match held {
                Held::Cleared(number) => self.change_in(&mut state, number, cleared),
                Held::Events(number, events) => {
                    let events: Vec<_> = events.iter().collect();
                    self.change_in(&mut state, number, |document| document.apply(&events));
                }
            }
        }
        let end = state.window.end();
        drop(state);
        self.progress.send_modify(|progress| (progress.end, progress.paused) = (end, false));
    }

    /// Has every subscriber ask for another topic, and read nothing more here.
    pub(super) fn retire(&self) {
        let mut state = self.lock();
        state.outdated = true;
        state.held = None;
        state.forget();
        drop(state);
        self.progress.send_modify(|progress| progress.retired = true);
    }

    /// Tells every subscriber which keys came and went since the last time.
    pub(super) fn publish_keys(&self, number: Number, keys: &mut KeyIndex) {
        self.change(number, |document| match document {
            Document::Keys(document) => keys.bring_up(document).map(Change::Operations),
            Document::Object(..) | Document::List(..) | Document::Whole(_) => None,
        });
    }

    fn change(&self, number: Number, how: impl FnOnce(&mut Document) -> Option<Change>) {
        let end = {
            let mut state = self.lock();
            let before = state.window.end();
            self.change_in(&mut state, number, how);
            match state.window.end() {
                end if end == before => return,
                end => end,
            }
        };
        self.progress.send_modify(|progress| progress.end = end);
    }

    fn change_in(
        &self,
        state: &mut State,
        number: Number,
        how: impl FnOnce(&mut Document) -> Option<Change>,
    ) {
        // What the topic was made from holds this commit already.
        if number.commit <= state.commit {
            return;
        }
        state.commit = number.commit;
        if let Some(change) = how(&mut state.document) {
            self.push(state, number.message, &change);
        }
    }

    fn push(&self, state: &mut State, version: Version, change: &Change) {
        let frame = match change {
            Change::Operations(operations) if !self.no_patch => {
                encode(Kind::Patch, version, operations.len(), |out| out.push_str(operations))
            }
            Change::Whole | Change::Operations(_) => whole(version, &state.document),
        };
        state.window.push(version, Frame::new(frame, &self.totals.pins));
    }

    /// Whether messages have versions of their own.
    pub(super) fn is_personal(&self) -> bool {
        self.is_personal.load(Ordering::Relaxed)
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
        let (version, messages, bytes, (window_messages, window_bytes)) = {
            let window = &self.lock().window;
            (window.version(), window.end(), window.total_bytes(), window.fill())
        };
        TopicState {
            watched: self.watched.clone(),
            subscribers: self.progress.receiver_count(),
            version,
            messages,
            bytes,
            window_messages,
            window_bytes,
            skips: self.skips.load(Ordering::Relaxed),
        }
    }

    /// Takes note that a subscriber fell out of the window.
    pub(super) fn skipped(&self) {
        self.skips.fetch_add(1, Ordering::Relaxed);
        self.totals.skips.fetch_add(1, Ordering::Relaxed);
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

    /// Waits until the document is there, or will not be.
    async fn resumed(&self) {
        if self.progress.borrow().paused {
            let mut progress = self.watch();
            // The sender lives as long as the topic.
            while matches!(
                *progress.borrow_and_update(),
                Progress { paused: true, retired: false, .. }
            ) && progress.changed().await.is_ok()
            {}
        }
    }

    /// What is seen of a list as it is now; `None` where this is not to be read any more, and of
    /// what is no list.
    pub(super) async fn listing(&self) -> Option<Listing> {
        loop {
            self.resumed().await;
            let state = self.lock();
            if self.progress.borrow().retired {
                return None;
            }
            if state.held.is_none() {
                let list = state.document.seen()?;
                return Some(Listing::new(state.window.version(), list, state.cuts));
            }
        }
    }

    /// How often everything that was told was taken back.
    pub(super) fn cuts(&self) -> u64 {
        self.lock().cuts
    }

    /// The document as it is now, or newer. A thousand who ask at once share two encodings.
    pub(super) async fn snapshot(&self) -> Snapshot {
        self.resumed().await;
        let wanted = self.lock().window.version();
        if let Some(snapshot) = self.lock().shared_snapshot(wanted) {
            return snapshot;
        }
        let _turn = self.encoding.lock().await;
        loop {
            let (version, position, cuts, document) = {
                let mut state = self.lock();
                // Whoever had the turn before may have encoded what is wanted here.
                if let Some(snapshot) = state.shared_snapshot(wanted) {
                    return snapshot;
                }
                (state.window.version(), state.window.end(), state.cuts, state.document.clone())
            };
            let frame = Frame::new(whole(version, &document), &self.totals.pins);
            let snapshot = Snapshot { version, position, frame };
            let mut state = self.lock();
            if state.cuts != cuts && state.held.is_none() {
                // Meanwhile it was worked out anew what is seen.
                continue;
            }
            if state.cuts == cuts {
                let old = state.snapshot.replace(snapshot.clone());
                old.into_iter().for_each(|old| old.frame.release());
                state.snapshot_used = true;
            }
            return snapshot;
        }
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
    /// Lets go of every message and of the snapshot.
    fn forget(&mut self) {
        self.cuts += 1;
        self.window.cut();
        self.snapshot.take().into_iter().for_each(|snapshot| snapshot.frame.release());
    }

    /// The encoded snapshot, when it is as new as `wanted` and every message after it is there.
    fn shared_snapshot(&mut self, wanted: Version) -> Option<Snapshot> {
        let usable = |it: &&Snapshot| it.version >= wanted && self.window.reaches(it.position);
        let snapshot = self.snapshot.as_ref().filter(usable).cloned();
        self.snapshot_used |= snapshot.is_some();
        snapshot
    }
}

fn cleared(document: &mut Document) -> Option<Change> {
    document.clear();
    Some(Change::Whole)
}

fn whole(version: Version, document: &Document) -> String {
    let size = document.encoded_len();
    encode(Kind::Snapshot, version, size, |out| document.encode(out))
}
