//! The committed truth, in memory, and the one place where it changes.

mod accounts;
mod durable;
mod flight;
mod import;
mod limits;
mod queues;
mod tree;
mod write;

use std::sync::{Arc, PoisonError, RwLock};

use monoxide_protocol::{Glob, Json, Key, Object, Version};

pub use self::accounts::{AccountChanges, AccountEntry};
pub(crate) use self::accounts::{AccountWrite, Entries};
use self::{flight::Flight, limits::LimitIndex, queues::Queues, tree::Tree};
use crate::{
    access::Access,
    clock::Clock,
    error::Error,
    event::{Commit, Event},
    filter::{Bound, Caller, FilterSet},
    hub::{KeyIndex, Place, Publisher},
    log::{Durability, Log, Queue},
    rules::{Operation, Rules},
    sync::{Mutex, MutexGuard},
};

#[derive(Debug)]
pub(crate) struct Store {
    filters: Arc<FilterSet>,
    /// It is changed under the lock of the state, so that a write is decided by those rules that
    /// are in force in its moment.
    access: RwLock<Arc<Access>>,
    clock: Clock,
    publisher: Publisher,
    queues: Queues,
    state: Mutex<State>,
    /// Absent without a backend.
    log: Option<Arc<Log>>,
}

#[derive(Debug)]
struct State {
    /// The version of the last commit, or of the start.
    version: Version,
    /// What writers see: what is committed, and on top of it what is in flight.
    tree: Tree,
    limits: LimitIndex,
    flight: Flight,
    queue: Queue,
    /// What is kept beside, as far as it is durable.
    accounts: Entries,
}

/// What a write decided: the new data of a key, or that it goes.
#[derive(Debug)]
struct Change {
    key: Key,
    data: Option<Json>,
    /// When it was made and changed, where that is not now.
    times: Times,
}

/// When an object was made and last changed, as far as that is known from elsewhere.
#[derive(Debug, Clone, Copy, Default)]
struct Times {
    created: Option<u64>,
    updated: Option<u64>,
}

impl Change {
    fn set(key: Key, data: Json) -> Self {
        Self { key, data: Some(data), times: Times::default() }
    }

    fn delete(key: Key) -> Self {
        Self { key, data: None, times: Times::default() }
    }
}

/// Why a change that was worked out beside the lock was not made.
enum Conflict {
    /// The object is no longer the one it was worked out from.
    Changed,
    Failed(Error),
}

impl From<Error> for Conflict {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What else belongs to a commit.
#[derive(Default)]
struct Aside {
    /// The glob of a deletion by glob.
    cleared: Option<Glob>,
    /// The limit that is written under, and what it is now. It is asked for before the lock: it
    /// may be a function of the application.
    limit: Option<(usize, Bound)>,
    /// How many bytes are written, for the log.
    bytes: usize,
}

impl Store {
    pub(crate) fn new(
        filters: Arc<FilterSet>,
        rules: Option<Arc<dyn Rules>>,
        publisher: Publisher,
        clock: Clock,
        log: Option<Arc<Log>>,
    ) -> Self {
        let state = Mutex::new(State::new(clock.next(), filters.limits().len()));
        let access = RwLock::new(Arc::new(Access::new(Arc::clone(&filters), rules)));
        Self { filters, access, clock, publisher, queues: Queues::default(), state, log }
    }

    /// The rules that are in force, with the filters.
    pub(crate) fn access(&self) -> Arc<Access> {
        // It is replaced in one step, so it is whole also after a panic.
        Arc::clone(&self.access.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether these are the rules that are in force.
    fn is_in_force(&self, access: &Arc<Access>) -> bool {
        Arc::ptr_eq(access, &self.access.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other rules in force, and gives the version at which that is so. When this comes
    /// about, everybody who watches has been told what it changes for them.
    pub(crate) async fn set_rules(&self, rules: Option<Arc<dyn Rules>>) -> Result<Version, Error> {
        let place = self.publisher.reserve().await?;
        let (version, told) = {
            let _state = self.lock();
            let version = self.clock.next();
            let access = Arc::new(self.access().with(rules));
            *self.access.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&access);
            (version, place.change_rules(access))
        };
        told.await.map_err(|_| Error::Closed)?;
        Ok(version)
    }

    pub(crate) fn filters(&self) -> &Arc<FilterSet> {
        &self.filters
    }

    /// The version of the last commit, or of the start.
    pub(crate) fn version(&self) -> Version {
        self.lock().version
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Object>> {
        self.lock().committed(key).cloned()
    }

    /// Every object that `glob` names, in its order, and the version at which that is so.
    pub(crate) fn list(&self, glob: &Glob) -> (Version, Vec<Arc<Object>>) {
        let (version, mut objects) = {
            let state = self.lock();
            (state.version, state.flight.committed_list(&state.tree, glob))
        };
        objects.sort_by(|a, b| a.list_order(b));
        if self.filters.is_oldest_first(glob) {
            objects.reverse();
        }
        (version, objects)
    }

    /// Every key of an object that is not hidden from a client.
    pub(crate) fn keys_seen(&self, caller: &Caller) -> Vec<Key> {
        let access = self.access();
        if !access.filters().filters_reads() && !access.is_ruled(caller) {
            return self.keys();
        }
        let (_, objects) = self.all();
        let seen = objects.iter().filter(|it| !access.hides(caller, Operation::List, it));
        seen.map(|object| object.key.clone()).collect()
    }

    /// The keys that somebody sees, as a document.
    pub(crate) fn keys_document(&self, caller: &Caller) -> String {
        let access = self.access();
        let (version, objects) = self.all();
        let seen = objects.iter().filter(|it| access.is_listed(caller, Operation::List, it));
        KeyIndex::of(version, seen.map(|object| &object.key), |_| true).to_json()
    }

    /// Every object, those of one list side by side, and the version at which that is so.
    pub(crate) fn all(&self) -> (Version, Vec<Arc<Object>>) {
        let state = self.lock();
        (state.version, state.objects().cloned().collect())
    }

    /// Every key there is.
    pub(crate) fn keys(&self) -> Vec<Key> {
        self.lock().objects().map(|object| object.key.clone()).collect()
    }

    /// How many objects there are.
    pub(crate) fn objects(&self) -> usize {
        let state = self.lock();
        let more = state.flight.difference(&state.tree, |_| true);
        state.tree.len().saturating_add_signed(more)
    }

    /// How many objects the limit with this number holds.
    pub(crate) fn limited(&self, nth: usize) -> usize {
        let state = self.lock();
        let is_limited = |key: &Key| self.filters.limit_of(key) == Some(nth);
        let more = state.flight.difference(&state.tree, is_limited);
        state.limits.count(nth).saturating_add_signed(more)
    }

    /// Deletes what its limit no longer allows.
    pub(crate) async fn expire(&self) -> Result<(), Error> {
        for (nth, (_, limit)) in self.filters.limits().iter().enumerate() {
            // A panic is logged where it was caught, and the other limits hold all the same.
            let Ok(bound) = limit.bound() else { continue };
            let over = |state: &State| state.limits.over(nth, bound, self.clock.wall(), &[]);
            if over(&self.lock()).is_empty() {
                continue;
            }
            let aside = Aside { limit: Some((nth, bound)), ..Aside::default() };
            // The commit sees for itself what is over the limit.
            self.commit(aside, |_| Ok::<_, Error>(Vec::new())).await?;
        }
        Ok(())
    }

    fn under_limit(&self, key: &Key, bytes: usize) -> Result<Aside, Error> {
        let nth = self.filters.limit_of(key);
        let limit = nth.and_then(|nth| Some((nth, &self.filters.limits().get(nth)?.1)));
        let limit = limit.map(|(nth, limit)| Ok::<_, Error>((nth, limit.bound()?))).transpose()?;
        Ok(Aside { cleared: None, limit, bytes })
    }

    /// A version that no commit has: for what only some are told. The backend does not know of
    /// it, so it stays close to those that it knows of.
    pub(crate) fn next_version(&self) -> Version {
        self.clock.next_small()
    }

    /// Reserve, decide, log, apply, publish, answer.
    async fn commit<E: From<Error>>(
        &self,
        aside: Aside,
        decide: impl FnOnce(&Tree) -> Result<Vec<Change>, E>,
    ) -> Result<Version, E> {
        self.commit_by(aside.bytes, |state| self.decide(state, aside, decide)).await
    }

    /// Like [`commit`](Self::commit), for so many `bytes`, with the whole state to decide on.
    async fn commit_by<E: From<Error>>(
        &self,
        bytes: usize,
        decide: impl FnOnce(&mut State) -> Result<Commit, E>,
    ) -> Result<Version, E> {
        // All waiting is before the lock. Inside it nothing waits, so the order of events is the
        // order of changes.
        let Some(log) = &self.log else {
            let place = self.publisher.reserve().await?;
            let mut state = self.lock();
            let commit = decide(&mut state)?;
            return Ok(state.publish(commit, place));
        };
        let room = log.reserve(bytes).await?;
        if log.durability() == Durability::Flushed {
            let answer = {
                let mut state = self.lock();
                state.queue.check()?;
                let commit = decide(&mut state)?;
                commit.events.iter().for_each(|event| state.flight.begin(event));
                room.submit(&mut state.queue, commit)
            };
            // A thread that is gone answers nobody, and what it had came to nothing.
            return answer.await.unwrap_or(Err(Error::Storage)).map_err(E::from);
        }
        let place = self.publisher.reserve().await?;
        let mut state = self.lock();
        state.queue.check()?;
        let commit = decide(&mut state)?;
        room.submit_answered(&mut state.queue, commit.clone());
        Ok(state.publish(commit, place))
    }

    /// Decides a write against what writers see, and does it there.
    fn decide<E>(
        &self,
        state: &mut State,
        Aside { cleared, limit, .. }: Aside,
        decide: impl FnOnce(&Tree) -> Result<Vec<Change>, E>,
    ) -> Result<Commit, E> {
        let changes = decide(&state.tree)?;
        // What may not be deleted stays: then the rest is told one by one.
        let cleared = cleared.filter(|glob| state.tree.list(glob).count() == changes.len());
        let version = self.clock.next();
        let mut events: Vec<Event> =
            changes.into_iter().map(|change| state.tree.stamp(change, version)).collect();
        if let Some((nth, bound)) = limit {
            state.evict(nth, bound, &mut events, version, self.clock.wall());
        }
        state.apply(&events, &self.filters);
        Ok(Commit { version, events, cleared })
    }

    /// How often what was in flight has come to nothing.
    fn failures(&self) -> u64 {
        self.log.as_ref().map_or(0, |log| log.failures())
    }

    /// Whether a refusal may be answered: what it was decided on is committed, which is waited
    /// for. It may not when that came to nothing, in a failure after those `before`.
    async fn stands(&self, refusal: &Error, key: &Key, before: u64) -> bool {
        let Some(log) = &self.log else { return true };
        if matches!(refusal, Error::Closed | Error::Loading | Error::Storage | Error::Busy) {
            return true;
        }
        let newest = {
            let state = self.lock();
            if log.failures() != before {
                return false;
            }
            state.flight.newest(key)
        };
        match newest {
            Some(version) => log.landed(version, before).await,
            None => true,
        }
    }

    /// A panic elsewhere does not leave half a change: deciding changes nothing, and applying
    /// cannot panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much of the log's room a write takes.
fn size(key: &Key, data: &Json) -> usize {
    key.as_str().len() + data.as_str().len()
}

impl State {
    fn new(version: Version, limits: usize) -> Self {
        let (tree, limits) = (Tree::default(), LimitIndex::new(limits));
        let (flight, queue, accounts) = (Flight::default(), Queue::default(), Entries::new());
        Self { version, tree, limits, flight, queue, accounts }
    }

    /// What readers see of `key`.
    fn committed(&self, key: &Key) -> Option<&Arc<Object>> {
        self.flight.committed(&self.tree, key)
    }

    /// What readers see of everything.
    fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.flight.all_committed(&self.tree)
    }

    /// Adds to `events` that what is over a limit goes: at no version there is more than that.
    fn evict(&self, nth: usize, bound: Bound, events: &mut Vec<Event>, version: Version, now: u64) {
        let written = events.len();
        for key in self.limits.over(nth, bound, now, events) {
            match events.iter_mut().take(written).find(|event| event.key == key) {
                // What was written is itself over the limit.
                Some(event) => event.new = None,
                None => events.push(self.tree.stamp(Change::delete(key), version)),
            }
        }
        events.retain(|event| event.old.is_some() || event.new.is_some());
    }

    fn apply(&mut self, events: &[Event], filters: &FilterSet) {
        for event in events {
            match &event.new {
                Some(object) => self.tree.insert(Arc::clone(object)),
                None => self.tree.remove(&event.key),
            }
            if let Some(nth) = filters.limit_of(&event.key) {
                self.limits.apply(nth, event);
            }
        }
    }

    /// Makes what was done the truth for everybody.
    fn publish(&mut self, commit: Commit, place: Place<'_>) -> Version {
        let version = commit.version;
        self.version = version;
        place.publish(commit);
        version
    }
}

impl Tree {
    /// The change as an event: with what was there, and when what is there now was made.
    fn stamp(&self, Change { key, data, times }: Change, version: Version) -> Event {
        let old = self.get(&key).cloned();
        let (created, updated) = match &old {
            Some(old) => (old.created, version.number()),
            None => (version.number(), 0),
        };
        let created = times.created.unwrap_or(created);
        let updated = times.updated.unwrap_or(updated);
        let new =
            data.map(|data| Arc::new(Object { key: key.clone(), created, updated, version, data }));
        Event { key, version, old, new }
    }
}
