//! The committed truth, in memory, and the one place where it changes.

mod accounts;
mod durable;
mod flight;
mod import;
mod limits;
mod queues;
mod tree;

use std::sync::{Arc, PoisonError};

use monoxide_protocol::{Glob, Json, Key, List, Object, Version};

pub use self::accounts::{AccountChanges, AccountEntry};
pub(crate) use self::accounts::{AccountWrite, Entries};
use self::{flight::Flight, limits::LimitIndex, queues::Queues, tree::Tree};
use crate::{
    clock::Clock,
    condition::Condition,
    error::Error,
    event::{Commit, Event},
    filter::{Bound, Caller, Rules, path_of},
    hub::{Place, Publisher},
    log::{Durability, Log, Queue},
    patch::Patch,
    sync::{Mutex, MutexGuard},
};

/// How often a patch is worked out beside the others of its key before it queues with them.
const TRIES: usize = 3;

#[derive(Debug)]
pub(crate) struct Store {
    rules: Arc<Rules>,
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
        rules: Arc<Rules>,
        publisher: Publisher,
        clock: Clock,
        log: Option<Arc<Log>>,
    ) -> Self {
        let state = Mutex::new(State::new(clock.next(), rules.limits().len()));
        Self { rules, clock, publisher, queues: Queues::default(), state, log }
    }

    pub(crate) fn rules(&self) -> &Arc<Rules> {
        &self.rules
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
        if self.rules.is_oldest_first(glob) {
            objects.reverse();
        }
        (version, objects)
    }

    /// Every key of an object that is not hidden from a client.
    pub(crate) fn keys_seen(&self, caller: &Caller) -> Vec<Key> {
        if !self.rules.filters_reads() {
            return self.keys();
        }
        let objects: Vec<_> = self.lock().objects().cloned().collect();
        let seen = objects.iter().filter(|object| !self.is_hidden(caller, object));
        seen.map(|object| object.key.clone()).collect()
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
        let is_limited = |key: &Key| self.rules.limit_of(key) == Some(nth);
        let more = state.flight.difference(&state.tree, is_limited);
        state.limits.count(nth).saturating_add_signed(more)
    }

    pub(crate) async fn set(
        &self,
        caller: &Caller,
        key: &Key,
        data: Json,
        condition: &Condition,
    ) -> Result<Version, Error> {
        let path = path_of(key);
        let data = self.rules.write(caller, &path, data).await?;
        let (bytes, mut data) = (size(key, &data), Some(data));
        let version = loop {
            let before = self.failures();
            let decide = |tree: &Tree| {
                condition.check(tree.get(key))?;
                // What was once decided is not decided again.
                Ok(vec![Change::set(key.clone(), data.take().ok_or(Error::Storage)?)])
            };
            match self.commit(self.under_limit(key, bytes)?, decide).await {
                Err(refusal) if !self.stands(&refusal, key, before).await => {}
                decided => break decided?,
            }
        };
        self.rules.after_write(caller, &path).await;
        Ok(version)
    }

    pub(crate) async fn push(
        &self,
        caller: &Caller,
        list: &List,
        data: Json,
    ) -> Result<(Key, Version), Error> {
        let data = self.rules.write(caller, list.glob(), data).await?;
        let mut key = list.key(self.clock.next());
        let aside = self.under_limit(&key, size(&key, &data))?;
        let decide = |tree: &Tree| {
            // Somebody may have set this very key by hand.
            while tree.get(&key).is_some() {
                key = list.key(self.clock.next());
            }
            Ok::<_, Error>(vec![Change::set(key.clone(), data)])
        };
        let version = self.commit(aside, decide).await?;
        self.rules.after_write(caller, list.glob()).await;
        Ok((key, version))
    }

    /// Applies `patch` to what is stored, as one step: no write comes between.
    pub(crate) async fn patch(
        &self,
        caller: &Caller,
        key: &Key,
        patch: &Patch,
        condition: &Condition,
    ) -> Result<Version, Error> {
        let path = path_of(key);
        let mut turn = None;
        let mut tries = 0..TRIES;
        let version = loop {
            if tries.next().is_none() && turn.is_none() {
                // Others were faster each time. From here on, one after the other.
                turn = Some(self.queues.turn(key).await);
            }
            let before = self.failures();
            match self.try_patch(caller, key, patch, condition).await {
                Ok(version) => break version,
                Err(Conflict::Changed) => {}
                Err(Conflict::Failed(refusal)) => {
                    if self.stands(&refusal, key, before).await {
                        return Err(refusal);
                    }
                }
            }
        };
        drop(turn);
        self.rules.after_write(caller, &path).await;
        Ok(version)
    }

    /// Applies `patch` to what writers see now, unless that changes meanwhile.
    async fn try_patch(
        &self,
        caller: &Caller,
        key: &Key,
        patch: &Patch,
        condition: &Condition,
    ) -> Result<Version, Conflict> {
        let seen = self.lock().tree.get(key).cloned().ok_or(Error::NotFound)?;
        let hidden = self.is_hidden(caller, &seen);
        // Whoever may write what it may not see learns no more of it than that it is there.
        if hidden && (patch.asks() || *condition != Condition::Always) {
            return Err(Error::NotFound.into());
        }
        condition.check(Some(&seen))?;
        let patched = patch.apply(&seen.data);
        let patched = if hidden { patched.or(Err(Error::NotFound)) } else { patched };
        let data = self.rules.write(caller, &path_of(key), patched?).await?;
        let aside = self.under_limit(key, size(key, &data))?;
        let decide = |tree: &Tree| match tree.get(key) {
            Some(now) if Arc::ptr_eq(now, &seen) => Ok(vec![Change::set(key.clone(), data)]),
            _ => Err(Conflict::Changed),
        };
        self.commit(aside, decide).await
    }

    pub(crate) async fn delete(
        &self,
        caller: &Caller,
        key: &Key,
        condition: &Condition,
    ) -> Result<Version, Error> {
        self.rules.delete(caller, &path_of(key)).await?;
        let decide = |tree: &Tree| {
            let now = tree.get(key);
            condition.check(now)?;
            now.ok_or(Error::NotFound)?;
            Ok(vec![Change::delete(key.clone())])
        };
        loop {
            let before = self.failures();
            match self.commit(Aside::default(), decide).await {
                Err(refusal) if !self.stands(&refusal, key, before).await => {}
                decided => return decided,
            }
        }
    }

    /// Deletes everything that `glob` names, in one commit.
    pub(crate) async fn delete_all(&self, caller: &Caller, glob: &Glob) -> Result<Version, Error> {
        self.rules.delete(caller, glob).await?;
        let aside = Aside { cleared: Some(glob.clone()), ..Aside::default() };
        let gone = |tree: &Tree| {
            tree.list(glob).map(|(_, object)| Change::delete(object.key.clone())).collect()
        };
        self.commit(aside, |tree| Ok(gone(tree))).await
    }

    /// Deletes what its limit no longer allows.
    pub(crate) async fn expire(&self) -> Result<(), Error> {
        for (nth, (_, limit)) in self.rules.limits().iter().enumerate() {
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

    /// Whether a read filter hides an object from a client.
    fn is_hidden(&self, caller: &Caller, object: &Arc<Object>) -> bool {
        let seen = || self.rules.object(&caller.identity, &object.key, Some(object));
        !caller.is_program && matches!(seen(), Ok(None))
    }

    fn under_limit(&self, key: &Key, bytes: usize) -> Result<Aside, Error> {
        let nth = self.rules.limit_of(key);
        let limit = nth.and_then(|nth| Some((nth, &self.rules.limits().get(nth)?.1)));
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
        let version = self.clock.next();
        let mut events: Vec<Event> =
            changes.into_iter().map(|change| state.tree.stamp(change, version)).collect();
        if let Some((nth, bound)) = limit {
            state.evict(nth, bound, &mut events, version, self.clock.wall());
        }
        state.apply(&events, &self.rules);
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

    fn apply(&mut self, events: &[Event], rules: &Rules) {
        for event in events {
            match &event.new {
                Some(object) => self.tree.insert(Arc::clone(object)),
                None => self.tree.remove(&event.key),
            }
            if let Some(nth) = rules.limit_of(&event.key) {
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
