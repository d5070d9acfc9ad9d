//! The store as the log's thread uses it: what waits, what landed, and what came to nothing.

use std::{collections::BTreeSet, mem, sync::PoisonError, time::Duration};

use monoxide_protocol::{Key, Version};

use super::{State, Store};
use crate::{
    backend::{BackendError, Batch, Space},
    backup::{Other, Snapshot},
    error::Error,
    event::{Commit, Event},
    hub::KeyIndex,
    log::{Chore, Durability, Health, Loaded, Log, Pace, Receipt, Unsure, Work, Write},
    store::AccountWrite,
};

/// How long the thread waits for writes before it looks whether something is to be noted.
const IDLE: Duration = Duration::from_millis(250);

/// Writes that readers see now.
pub(crate) struct Landed {
    pub(crate) receipts: Vec<Receipt>,
    /// How many writes waited meanwhile.
    pub(crate) waiting: usize,
}

impl Store {
    /// Takes what was kept, and gives the keys that limits do not allow any more, which are gone.
    pub(crate) async fn install(&self, Loaded { objects, accounts, floor }: Loaded) -> Vec<Key> {
        self.clock.start_above(floor);
        let version = self.clock.next();
        let keys = objects.iter().map(|object| &object.key);
        let mut index = KeyIndex::of(version, keys, |key| self.filters.is_public(key));
        let mut made = State::new(version, self.filters.limits().len());
        let limited = objects.iter().filter_map(|object| {
            Some((self.filters.limit_of(&object.key)?, (object.created, object.key.clone())))
        });
        made.limits.fill(limited);
        made.accounts = accounts;
        made.tree = objects.into_iter().collect();
        let evicted = self.evict_all(&mut made);
        index.take(&evicted, |key| self.filters.is_public(key));
        *self.lock() = made;
        // The hub has heard of nothing before.
        self.publisher.loaded(index).await;
        evicted.events.into_iter().map(|event| event.key).collect()
    }

    /// Removes what is over a limit.
    fn evict_all(&self, state: &mut State) -> Commit {
        let version = self.clock.next();
        let mut events = Vec::new();
        for (nth, (_, limit)) in self.filters.limits().iter().enumerate() {
            // A panic is logged where it was caught, and the other limits hold all the same.
            let Ok(bound) = limit.bound() else { continue };
            let mut gone = Vec::new();
            state.evict(nth, bound, &mut gone, version, self.clock.wall());
            state.apply(&gone, &self.filters);
            events.append(&mut gone);
        }
        state.version = version;
        Commit { version, events, cleared: None }
    }

    /// Waits for writes, and takes all there are; none when there were none for a while or there
    /// is a chore, and `None` when there will be none any more.
    pub(crate) fn gather(&self, log: &Log, pace: &Pace) -> Option<Work> {
        let mut state = self.lock();
        state.queue.wanted = 1;
        if state.queue.is_empty() {
            if log.is_closing() {
                return None;
            }
            let waited = log.work.wait_timeout(state, IDLE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if state.queue.work.is_empty() {
                return Some(Work::default());
            }
        }
        // Whoever was answered just now is likely to come again: one flush is to serve all.
        state.queue.wanted = pace.expected;
        let waited = log.work.wait_timeout_while(state, pace.patience, |state| {
            let waits = state.queue.chores.is_empty() && state.queue.work.len() < pace.expected;
            waits && !log.is_full() && !log.is_closing()
        });
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        Some(mem::take(&mut state.queue.work))
    }

    /// Has the log's thread do something, unless nothing can be done now.
    pub(crate) fn give_chore(&self, log: &Log, chore: Chore) -> Result<(), Error> {
        log.check_ready()?;
        let mut state = self.lock();
        state.queue.check()?;
        if log.is_closing() {
            return Err(Error::Closed);
        }
        state.queue.chores.push(chore);
        log.work.notify_one();
        Ok(())
    }

    pub(crate) fn take_chores(&self) -> Vec<Chore> {
        mem::take(&mut self.lock().queue.chores)
    }

    /// Everything that readers see, and `others`.
    pub(crate) fn snapshot(&self, others: Vec<Other>) -> Snapshot {
        // Room is made before the lock.
        let mut objects = Vec::with_capacity(self.objects());
        let version = {
            let state = self.lock();
            objects.extend(state.objects().cloned());
            self.clock.last()
        };
        Snapshot { version, taken: self.clock.wall(), objects, others }
    }

    /// Shows durable writes to readers and to the hub, in order.
    pub(crate) async fn land(&self, writes: Vec<Write>) -> Landed {
        // The hub may be behind, and never waits for the log. When it is gone, nobody listens.
        let mut places = self.publisher.reserve_many(writes.len()).await.ok();
        let mut receipts = Vec::with_capacity(writes.len());
        let mut state = self.lock();
        for Write { commit, receipt } in writes {
            commit.events.iter().for_each(|event| state.flight.land(event));
            state.version = commit.version;
            receipts.push(receipt);
            if let Some(place) = places.as_mut().and_then(Iterator::next) {
                place.publish(commit);
            }
        }
        Landed { receipts, waiting: state.queue.work.len() }
    }

    /// Shows durable changes of accounts, and answers them.
    pub(crate) fn land_accounts(&self, log: &Log, writes: Vec<AccountWrite>) {
        for write in writes {
            write.changes.apply(&mut self.lock().accounts);
            write.finish(log, Ok(()));
        }
    }

    /// Refuses writes from now on. What was in flight is taken back and answered, and what readers
    /// saw already is at risk. Gives what the backend may have something else of.
    pub(crate) fn fail(&self, log: &Log, work: Work, reason: &'static str) -> Unsure {
        let mut state = self.lock();
        let Work { writes, accounts } = work;
        let Work { writes: waiting, accounts: accounts_waiting } = mem::take(&mut state.queue.work);
        // Whoever waits for one hears that it was dropped.
        state.queue.chores.clear();
        let is_shown = log.durability() != Durability::Flushed;
        let keys = |writes: &[Write]| -> BTreeSet<Key> {
            let events = writes.iter().flat_map(|write| &write.commit.events);
            events.map(|event| event.key.clone()).collect()
        };
        let mut unsure = keys(&writes);
        let mut at_risk = None;
        if is_shown {
            unsure.append(&mut keys(&waiting));
            let mut all = writes.iter().chain(&waiting).map(|write| write.commit.version);
            at_risk = all.next().map(|first| (first, all.next_back().unwrap_or(first)));
        } else {
            for write in waiting.iter().rev().chain(writes.iter().rev()) {
                write.commit.events.iter().rev().for_each(|it| state.take_back(it, &self.filters));
            }
            state.flight.clear();
        }
        state.queue.failing = Some(Health::Failing { since: self.clock.wall(), reason, at_risk });
        let failures = log.count_failure();
        drop(state);
        log.tell_failure(failures);
        for write in writes.into_iter().chain(waiting) {
            write.receipt.finish(log, Err(Error::Storage));
        }
        if let Some((first, last)) = at_risk {
            tracing::error!(%first, %last, "these versions were answered and are not on disk");
        }
        // What only waited has not come near the backend.
        let names = accounts.iter().flat_map(|write| write.changes.names());
        let unsure_accounts = names.map(Box::from).collect();
        for write in accounts.into_iter().chain(accounts_waiting) {
            write.finish(log, Err(Error::Storage));
        }
        Unsure { keys: unsure.into_iter().collect(), accounts: unsure_accounts }
    }

    /// It is still failing, perhaps for another reason.
    pub(crate) fn fail_again(&self, why: &'static str) {
        if let Some(Health::Failing { reason, .. }) = &mut self.lock().queue.failing {
            *reason = why;
        }
    }

    /// Waits a while, unless the log is to be closed.
    pub(crate) fn pause(&self, log: &Log, pause: Duration) {
        let waited = log.work.wait_timeout_while(self.lock(), pause, |_| !log.is_closing());
        drop(waited);
    }

    /// What there is of what the backend may have something else of, as a batch.
    pub(crate) fn kept(&self, unsure: &Unsure) -> Batch {
        let state = self.lock();
        let mut batch = Batch::default();
        for key in &unsure.keys {
            match state.tree.get(key) {
                Some(object) => batch.put_object(object),
                None => batch.delete_object(key),
            }
        }
        for name in &unsure.accounts {
            match state.accounts.get(name) {
                Some(value) => batch.put(Space::Accounts, name, value),
                None => batch.delete(Space::Accounts, name),
            }
        }
        batch
    }

    /// Writes are taken again.
    pub(crate) fn work_again(&self) {
        self.lock().queue.failing = None;
    }

    /// The log ends while what readers saw is not on disk.
    pub(crate) fn lose(&self, error: &BackendError) {
        if let Some(Health::Failing { at_risk: Some((first, last)), .. }) =
            &self.lock().queue.failing
        {
            tracing::error!(%error, %first, %last, "these versions are lost");
        }
    }

    /// Takes no more writes; what waits becomes durable first.
    pub(crate) fn close_log(&self) {
        if let Some(log) = &self.log {
            let _state = self.lock();
            log.close();
        }
    }

    /// There is no thread any more: nothing that waits will become durable. When it `panicked`,
    /// what it had in hand will not either.
    pub(crate) fn end_log(&self, log: &Log, panicked: bool) {
        let waits = {
            let mut state = self.lock();
            state.queue.is_closed = true;
            state.queue.chores.clear();
            !state.queue.work.is_empty()
        };
        if panicked || waits {
            self.fail(log, Work::default(), "the log has ended");
        }
        log.tell_end();
    }

    /// The last version that was handed out, also without a commit.
    pub(crate) fn last_version(&self) -> Version {
        self.clock.last()
    }

    /// Wall time, as the clock has it.
    pub(crate) fn wall(&self) -> u64 {
        self.clock.wall()
    }

    pub(crate) fn health(&self) -> Health {
        let Some(log) = &self.log else { return Health::Ok };
        let failing = || self.lock().queue.failing.clone();
        let stalled = || log.stalled(self.clock.wall());
        log.loading().or_else(failing).or_else(stalled).unwrap_or(Health::Ok)
    }
}

impl State {
    /// Undoes an event, which is the last that was done.
    fn take_back(&mut self, event: &Event, filters: &crate::filter::FilterSet) {
        let back = Event { old: event.new.clone(), new: event.old.clone(), ..event.clone() };
        self.apply(&[back], filters);
    }
}
