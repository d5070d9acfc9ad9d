//! Where writes wait until they are durable, and how that is going.
//!
//! A write is decided under the store's lock, gets its version there, and joins the queue of the
//! log. One thread takes all that wait, has the backend make them durable with one flush, and
//! only then shows them to readers, tells the hub, and answers.

mod chore;
mod thread;

use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use monoxide_protocol::Version;
use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError, oneshot, watch};
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    chore::Chore,
    thread::{Loaded, Pace, Thread, Unsure},
};
use crate::{
    error::Error,
    event::Commit,
    store::{AccountChanges, AccountWrite},
    sync::Condvar,
};

/// How many KiB may wait for the log. Each write counts as at least one, so this bounds their
/// number too. Above it writers wait before they are decided.
const ROOM: u32 = 64 * 1024;

/// How many KiB may wait for that room. Above it writes are refused: a disk that stalls must not
/// fill the memory with what waits for it.
const LINE: u32 = 256 * 1024;

/// How long a disk may take for one batch before it counts as failing.
const SLOW: Duration = Duration::from_secs(10);

/// When a write is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// When it is on disk: what was answered, and what anybody was told of, survives a kill and a
    /// power cut.
    #[default]
    Flushed,
    /// At once; everything that was written is on disk after at most about this time. What was
    /// written within it is lost when the process is killed.
    Interval(Duration),
}

/// How an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// All is well.
    Ok,
    /// It reads what its backend has kept, and does nothing else.
    Loading {
        /// How many objects it has read.
        objects: u64,
    },
    /// Nothing can be written, or the disk has not answered for ten seconds; what is there can
    /// be read. It is tried again and again.
    Failing {
        /// Since when, in nanoseconds since the Unix epoch.
        since: u64,
        /// Why. It names no file, so anybody may know.
        reason: &'static str,
        /// With [`Durability::Interval`], the first and the last version of what was answered
        /// and is not on disk.
        at_risk: Option<(Version, Version)>,
    },
}

/// The writers' end of the log.
pub(crate) struct Log {
    durability: Durability,
    room: Semaphore,
    /// How many KiB wait for room.
    line: AtomicU32,
    /// Wakes the thread. It goes with the store's lock.
    pub(crate) work: Condvar,
    news: watch::Sender<News>,
    /// How often what was in flight came to nothing. It changes under the store's lock.
    failures: AtomicU64,
    loaded: AtomicU64,
    /// Since when the backend works on a batch, in nanoseconds since the Unix epoch; 0 when it
    /// does not.
    flushing: AtomicU64,
    is_ready: AtomicBool,
    is_closing: AtomicBool,
    ended: CancellationToken,
}

/// What the thread has to say.
#[derive(Debug, Clone)]
struct News {
    start: Start,
    committed: Version,
    failures: u64,
}

#[derive(Debug, Clone)]
enum Start {
    Loading,
    Ready,
    Failed(String),
}

/// What waits for the thread; under the store's lock.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) work: Work,
    /// What else the thread is to do.
    pub(crate) chores: Vec<Chore>,
    /// How many writes the thread is to be woken for.
    pub(crate) wanted: usize,
    pub(crate) failing: Option<Health>,
    pub(crate) is_closed: bool,
}

/// What is to become durable with one flush.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) writes: Vec<Write>,
    pub(crate) accounts: Vec<AccountWrite>,
}

/// A write that is not yet durable.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) commit: Commit,
    pub(crate) receipt: Receipt,
}

/// What is to be done when a write is durable, or is not going to be.
#[derive(Debug)]
pub(crate) struct Receipt {
    version: Version,
    room: u32,
    /// Who waits; nobody when the write was answered already.
    answer: Option<oneshot::Sender<Result<Version, Error>>>,
}

/// A turn in the line of those who wait for room. Whoever gives up leaves the line.
struct Turn<'a> {
    line: &'a AtomicU32,
    room: u32,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.line.fetch_sub(self.room, Ordering::Relaxed);
    }
}

/// A place in the queue.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    log: &'a Log,
    permit: SemaphorePermit<'a>,
}

/// The answer to a write, which comes when it is durable.
pub(crate) type Answer = oneshot::Receiver<Result<Version, Error>>;

impl Log {
    pub(crate) fn new(durability: Durability) -> Self {
        let news = News { start: Start::Loading, committed: Version::default(), failures: 0 };
        Self {
            durability,
            room: Semaphore::new(ROOM as usize),
            line: AtomicU32::new(0),
            work: Condvar::new(),
            news: watch::Sender::new(news),
            failures: AtomicU64::new(0),
            loaded: AtomicU64::new(0),
            flushing: AtomicU64::new(0),
            is_ready: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            ended: CancellationToken::new(),
        }
    }

    /// Waits until there is room for a write of so many bytes.
    pub(crate) async fn reserve(&self, bytes: usize) -> Result<Place<'_>, Error> {
        self.check_ready()?;
        // A write that is larger than all the room takes all of it.
        let room = u32::try_from(bytes / 1024 + 1).unwrap_or(ROOM).min(ROOM);
        let permit = match self.room.try_acquire_many(room) {
            Ok(permit) => permit,
            Err(TryAcquireError::Closed) => return Err(self.end()),
            Err(TryAcquireError::NoPermits) => {
                let _turn = self.line_up(room)?;
                self.room.acquire_many(room).await.map_err(|_| self.end())?
            }
        };
        Ok(Place { log: self, permit })
    }

    /// Takes a turn in the line of those who wait for room.
    fn line_up(&self, room: u32) -> Result<Turn<'_>, Error> {
        let before = self.line.fetch_add(room, Ordering::Relaxed);
        // Whoever is refused leaves the line by dropping the turn.
        let turn = Turn { line: &self.line, room };
        if before > LINE - room { Err(Error::Busy) } else { Ok(turn) }
    }

    /// Why nothing can be written any more.
    fn end(&self) -> Error {
        if self.is_closing() { Error::Closed } else { Error::Storage }
    }

    /// Fails until everything is loaded.
    pub(crate) fn check_ready(&self) -> Result<(), Error> {
        if self.is_ready.load(Ordering::Acquire) {
            return Ok(());
        }
        match self.news.borrow().start {
            Start::Failed(_) => Err(Error::Storage),
            Start::Loading | Start::Ready => Err(Error::Loading),
        }
    }

    /// Waits until everything is loaded.
    pub(crate) async fn ready(&self) -> Result<(), Error> {
        let mut news = self.news.subscribe();
        let news = news.wait_for(|news| !matches!(news.start, Start::Loading)).await;
        match news.map(|news| news.start.clone()) {
            Ok(Start::Failed(why)) => Err(Error::Load(why)),
            _ => Ok(()),
        }
    }

    pub(crate) fn durability(&self) -> Durability {
        self.durability
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Acquire)
    }

    pub(crate) fn loading(&self) -> Option<Health> {
        let is_loading = matches!(self.news.borrow().start, Start::Loading);
        is_loading.then(|| Health::Loading { objects: self.loaded.load(Ordering::Relaxed) })
    }

    /// Whether the backend has worked on one batch for too long, when it is `now`.
    pub(crate) fn stalled(&self, now: u64) -> Option<Health> {
        let since = self.flushing.load(Ordering::Relaxed);
        let is_slow = since != 0 && u128::from(now.saturating_sub(since)) > SLOW.as_nanos();
        let reason = "the disk does not answer";
        is_slow.then_some(Health::Failing { since, reason, at_risk: None })
    }

    /// Waits until `version` is committed; false when there was another failure than those
    /// `before`, and it may have come to nothing.
    pub(crate) async fn landed(&self, version: Version, before: u64) -> bool {
        let mut news = self.news.subscribe();
        let news = news.wait_for(|it| it.failures != before || it.committed >= version).await;
        news.is_ok_and(|news| news.failures == before)
    }

    /// Wakes the thread when it waits for no more than there is.
    fn wake(&self, queue: &Queue) {
        if queue.work.len() >= queue.wanted || self.is_full() {
            self.work.notify_one();
        }
    }

    /// Whether the thread had better not wait for more writes.
    pub(crate) fn is_full(&self) -> bool {
        self.room.available_permits() < ROOM as usize / 2
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    /// Takes no more writes. The thread ends when those it has are durable. The store is locked,
    /// so that the thread cannot miss it.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
        self.room.close();
        self.work.notify_one();
    }

    /// Waits for the end of the thread.
    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Another time what was in flight came to nothing; the store is locked.
    pub(crate) fn count_failure(&self) -> u64 {
        self.failures.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Tells those who wait for it that what was in flight came to nothing.
    pub(crate) fn tell_failure(&self, failures: u64) {
        self.news.send_modify(|news| news.failures = failures);
    }

    fn tell_start(&self, start: Start) {
        self.is_ready.store(matches!(start, Start::Ready), Ordering::Release);
        self.news.send_modify(|news| news.start = start);
    }

    /// There is no thread any more: what is not loaded never will be, and nobody waits for room.
    pub(crate) fn tell_end(&self) {
        self.room.close();
        if matches!(self.news.borrow().start, Start::Loading) {
            self.tell_start(Start::Failed("the log has ended".to_owned()));
        }
    }

    fn tell_committed(&self, version: Version) {
        self.news.send_modify(|news| news.committed = version);
    }
}

impl Place<'_> {
    /// Puts a write into the queue; it is answered when it is durable.
    pub(crate) fn submit(self, queue: &mut Queue, commit: Commit) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.join(queue, commit, Some(answer));
        answered
    }

    /// Puts a write into the queue that is answered already.
    pub(crate) fn submit_answered(self, queue: &mut Queue, commit: Commit) {
        self.join(queue, commit, None);
    }

    fn join(
        self,
        queue: &mut Queue,
        commit: Commit,
        answer: Option<oneshot::Sender<Result<Version, Error>>>,
    ) {
        let room = u32::try_from(self.permit.num_permits()).unwrap_or(ROOM);
        // From here on the room is the thread's to give back.
        self.permit.forget();
        let receipt = Receipt { version: commit.version, room, answer };
        queue.work.writes.push(Write { commit, receipt });
        self.log.wake(queue);
    }

    /// Puts changes of accounts into the queue; they are answered when they are durable.
    pub(crate) fn submit_accounts(
        self,
        queue: &mut Queue,
        changes: AccountChanges,
    ) -> oneshot::Receiver<Result<(), Error>> {
        let (answer, answered) = oneshot::channel();
        let room = u32::try_from(self.permit.num_permits()).unwrap_or(ROOM);
        self.permit.forget();
        queue.work.accounts.push(AccountWrite { changes, room, answer });
        self.log.wake(queue);
        answered
    }
}

impl Queue {
    /// Whether there is nothing to be done.
    pub(crate) fn is_empty(&self) -> bool {
        self.work.is_empty() && self.chores.is_empty()
    }

    /// Fails when nothing can be written now.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.failing {
            Some(_) => Err(Error::Storage),
            None if self.is_closed => Err(Error::Closed),
            None => Ok(()),
        }
    }
}

impl Work {
    pub(crate) fn len(&self) -> usize {
        self.writes.len() + self.accounts.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl AccountWrite {
    /// Gives the room back, and the answer to who waits.
    pub(crate) fn finish(self, log: &Log, result: Result<(), Error>) {
        log.room.add_permits(self.room as usize);
        drop(self.answer.send(result));
    }
}

impl Receipt {
    /// Gives the room back, and the answer to who waits.
    pub(crate) fn finish(self, log: &Log, result: Result<(), Error>) {
        log.room.add_permits(self.room as usize);
        if let Some(answer) = self.answer {
            // Whoever asked may have given up.
            drop(answer.send(result.map(|()| self.version)));
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("news", &self.news).finish_non_exhaustive()
    }
}
