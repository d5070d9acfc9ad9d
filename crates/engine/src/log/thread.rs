//! The thread that makes writes durable. It may block; no runtime thread ever does.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use monoxide_protocol::{Key, Object, Version};
use tokio::{runtime::Handle, time::Instant};
use tokio_util::sync::DropGuard;

use super::{Durability, Log, Start, Work};
use crate::{
    backend::{Backend, BackendError, Batch, Opener, Space, record},
    store::Entries,
    store::Store,
};

/// How many commits are handed to the hub at once. It is less than the hub's queue holds.
const CHUNK: usize = 256;

/// How long it is waited before a backend that failed is opened again: at first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(5));

/// How far the numbers after a restart are at least above the highest that was noted.
const MARGIN: Duration = Duration::from_secs(1);

/// How far a noted version may be ahead of the wall clock before somebody is told.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// How often is said how far the loading has come.
const PROGRESS: Duration = Duration::from_secs(1);

/// How many objects are loaded between two looks at the time.
const STEP: u64 = 4096;

pub(crate) struct Thread {
    pub(super) store: Arc<Store>,
    log: Arc<Log>,
    open: Opener,
    runtime: Handle,
    backend: Option<Box<dyn Backend>>,
    /// The highest version that the backend knows.
    noted: Version,
    pace: Pace,
    _ended: DropGuard,
}

/// How long the thread waits for more writes to share a flush.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// How many writes may be expected: as many as were just answered and had come meanwhile.
    pub(crate) expected: usize,
    /// For how long they are waited for.
    pub(crate) patience: Duration,
}

/// What a backend has kept.
pub(crate) struct Loaded {
    pub(crate) objects: Vec<Arc<Object>>,
    pub(crate) accounts: Entries,
    /// The numbers from here on were never handed out.
    pub(crate) floor: Version,
}

/// Of what the backend may have something else than the memory.
#[derive(Debug, Default)]
pub(crate) struct Unsure {
    pub(crate) keys: Vec<Key>,
    pub(crate) accounts: Vec<Box<[u8]>>,
}

impl Thread {
    /// The thread of a log, to be [run](Self::run) on a thread of its own.
    pub(crate) fn new(store: Arc<Store>, log: Arc<Log>, open: Opener, runtime: Handle) -> Self {
        let _ended = log.ended.clone().drop_guard();
        let pace = match log.durability() {
            Durability::Flushed => Pace::default(),
            Durability::Interval(interval) => Pace { expected: usize::MAX, patience: interval },
        };
        let noted = Version::default();
        Self { store, log, open, runtime, backend: None, noted, pace, _ended }
    }

    /// Loads, and then makes durable what is written until the log is closed.
    pub(crate) fn run(mut self) {
        let ended = catch_unwind(AssertUnwindSafe(|| self.load_and_write()));
        // Nobody waits for a thread that is gone.
        self.store.end_log(&self.log, ended.is_err());
        if ended.is_err() {
            tracing::error!("the log panicked, and nothing can be written any more");
        }
        let closed = self.backend.take().map(|backend| guarded(|| backend.close()));
        if let Some(Err(error)) = closed {
            tracing::error!(%error, "the backend did not close well");
        }
    }

    fn load_and_write(&mut self) {
        if let Err(error) = self.load() {
            if !self.log.is_closing() {
                tracing::error!(%error, "cannot load what is stored");
            }
            self.store.fail(&self.log, Work::default(), error.reason());
            self.log.tell_start(Start::Failed(error.to_string()));
            return;
        }
        while let Some(work) = self.store.gather(&self.log, &self.pace) {
            self.write(work);
            self.do_chores();
        }
    }

    fn load(&mut self) -> Result<(), BackendError> {
        let begun = Instant::now();
        let mut backend = guarded(|| (self.open)())?;
        let (objects, highest) = guarded(|| self.read(&mut *backend))?;
        let accounts = guarded(|| read_accounts(&mut *backend))?;
        self.backend = Some(backend);
        let count = objects.len();
        let floor = if highest == Version::default() { highest } else { self.floor(highest) };
        let evicted =
            self.runtime.block_on(self.store.install(Loaded { objects, accounts, floor }));
        if count > 0 {
            tracing::info!(objects = count, took = ?begun.elapsed(), "loaded what is stored");
        }
        // The numbers of this life are noted before the first is used, and what limits no longer
        // allow is gone before anybody sees it.
        let mut batch = Batch::default();
        evicted.iter().for_each(|key| batch.delete_object(key));
        let started = self.commit(batch);
        self.log.tell_start(Start::Ready);
        if let Err(error) = started {
            let unsure = Unsure { keys: evicted, ..Unsure::default() };
            self.recover(Work::default(), unsure, &error);
        }
        Ok(())
    }

    fn read(&self, backend: &mut dyn Backend) -> Result<(Vec<Arc<Object>>, Version), BackendError> {
        let mut highest = noted(backend)?;
        let (mut objects, mut said) = (Vec::new(), Instant::now());
        backend.load(Space::State, &mut |key, value| {
            let object = record::decode(key, value)?;
            highest = highest.max(object.version);
            objects.push(Arc::new(object));
            let count = objects.len() as u64;
            if !count.is_multiple_of(STEP) {
                return Ok(());
            }
            self.log.loaded.store(count, Ordering::Relaxed);
            if said.elapsed() >= PROGRESS {
                tracing::info!(objects = count, "loading what is stored");
                said = Instant::now();
            }
            match self.log.is_closing() {
                true => Err(BackendError::Io("the engine is closed".to_owned())),
                false => Ok(()),
            }
        })?;
        Ok((objects, highest))
    }

    /// Where the numbers of this life begin: above all that may have been handed out without a
    /// commit, or with one that was lost.
    fn floor(&self, highest: Version) -> Version {
        if highest.number().saturating_sub(self.store.wall()) > nanos(AHEAD) {
            let ahead = highest.number() - self.store.wall();
            let ahead = Duration::from_nanos(ahead);
            tracing::warn!(?ahead, "the clock is behind the stored versions by more than a day");
        }
        Version::new(highest.number().saturating_add(nanos(self.margin())))
    }

    fn margin(&self) -> Duration {
        match self.log.durability() {
            Durability::Flushed => MARGIN,
            Durability::Interval(interval) => MARGIN.max(interval.saturating_mul(2)),
        }
    }

    /// Makes writes durable, shows them, and answers.
    fn write(&mut self, work: Work) {
        let mut batch = Batch::default();
        for event in work.writes.iter().flat_map(|write| &write.commit.events) {
            match &event.new {
                Some(object) => batch.put_object(object),
                None => batch.delete_object(&event.key),
            }
        }
        work.accounts.iter().for_each(|write| write.changes.join(&mut batch));
        let begun = Instant::now();
        let done = if work.is_empty() { self.note() } else { self.commit(batch) };
        match done {
            Ok(()) => self.land(work, begun.elapsed()),
            Err(error) => self.recover(work, Unsure::default(), &error),
        }
    }

    /// Notes the numbers that were handed out without a commit, before they are so many that a
    /// restart could hand them out again.
    fn note(&mut self) -> Result<(), BackendError> {
        let last = self.store.last_version().number();
        let behind = Duration::from_nanos(last.saturating_sub(self.noted.number()));
        if behind < self.margin() / 2 { Ok(()) } else { self.commit(Batch::default()) }
    }

    /// Makes a batch durable, and with it the highest version.
    fn commit(&mut self, mut batch: Batch) -> Result<(), BackendError> {
        let highest = self.store.last_version();
        batch.put_version(highest);
        self.log.flushing.store(self.store.wall(), Ordering::Relaxed);
        let committed = self.with_backend(|backend| backend.commit(&batch));
        self.log.flushing.store(0, Ordering::Relaxed);
        committed?;
        self.noted = highest;
        Ok(())
    }

    pub(super) fn with_backend<T>(
        &mut self,
        call: impl FnOnce(&mut (dyn Backend + 'static)) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let backend = self.backend.as_deref_mut();
        let backend = backend.ok_or_else(|| BackendError::Io("it is not open".to_owned()))?;
        guarded(|| call(backend))
    }

    /// Shows durable writes to everybody, in order, and answers them.
    fn land(&mut self, Work { writes, accounts }: Work, took: Duration) {
        self.store.land_accounts(&self.log, accounts);
        if self.log.durability() != Durability::Flushed {
            return writes.into_iter().for_each(|it| it.receipt.finish(&self.log, Ok(())));
        }
        self.pace.expected = writes.len();
        let mut waiting = 0;
        let mut writes = writes.into_iter();
        loop {
            let chunk: Vec<_> = writes.by_ref().take(CHUNK).collect();
            let Some(last) = chunk.last().map(|write| write.commit.version) else { break };
            let landed = self.runtime.block_on(self.store.land(chunk));
            self.log.tell_committed(last);
            landed.receipts.into_iter().for_each(|receipt| receipt.finish(&self.log, Ok(())));
            waiting = landed.waiting;
        }
        self.pace.expected += waiting;
        self.pace.patience = took / 2;
    }

    /// Takes back what could not be made durable, and tries until the backend works again and has
    /// what the memory has of the keys in question.
    pub(super) fn recover(&mut self, work: Work, mut unsure: Unsure, error: &BackendError) {
        tracing::error!(%error, "what is written cannot be made durable; writes are refused");
        let failed = self.store.fail(&self.log, work, error.reason());
        unsure.keys.extend(failed.keys);
        unsure.accounts.extend(failed.accounts);
        let (mut wait, longest) = BACK_OFF;
        loop {
            let failed = self.backend.take();
            // It is of no use any more, whatever it says.
            _ = guarded(|| failed.map_or(Ok(()), Backend::close));
            self.store.pause(&self.log, wait);
            wait = (2 * wait).min(longest);
            let error = match self.reopen(&unsure) {
                Ok(()) => break,
                Err(error) => error,
            };
            self.store.fail_again(error.reason());
            tracing::debug!(%error, "it still cannot");
            if self.log.is_closing() {
                self.store.lose(&error);
                return;
            }
        }
        self.store.work_again();
        tracing::info!("what is written is made durable again");
    }

    fn reopen(&mut self, unsure: &Unsure) -> Result<(), BackendError> {
        let mut backend = guarded(|| (self.open)())?;
        // A disk that was taken away leaves an empty folder, and what is opened there is new.
        if guarded(|| noted(&mut *backend))? < self.noted {
            return Err(BackendError::Damaged("what was committed is gone".to_owned()));
        }
        self.backend = Some(backend);
        let batch = self.store.kept(unsure);
        self.commit(batch)
    }
}

fn read_accounts(backend: &mut dyn Backend) -> Result<Entries, BackendError> {
    let mut entries = Entries::new();
    backend.load(Space::Accounts, &mut |name, value| {
        entries.insert(name.into(), value.into());
        Ok(())
    })?;
    Ok(entries)
}

/// The highest version that a backend knows of.
fn noted(backend: &mut dyn Backend) -> Result<Version, BackendError> {
    let mut highest = Version::default();
    backend.load(Space::System, &mut |key, value| {
        highest = highest.max(record::decode_version(key, value)?.unwrap_or_default());
        Ok(())
    })?;
    Ok(highest)
}

/// Calls the backend. Some panic where others give an error; either way it is dropped then.
fn guarded<T>(call: impl FnOnce() -> Result<T, BackendError>) -> Result<T, BackendError> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(BackendError::Io("the backend panicked".to_owned())))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
