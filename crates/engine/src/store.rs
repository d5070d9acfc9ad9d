//! The committed truth, in memory, and the one place where it changes.

mod limits;
mod queues;
mod tree;

use std::sync::{Arc, PoisonError};

use monoxide_protocol::{Glob, Json, Key, List, Object, Version};

use self::{limits::LimitIndex, queues::Queues, tree::Tree};
use crate::{
    clock::{self, Clock},
    condition::Condition,
    error::Error,
    event::{Commit, Event},
    filter::{Bound, Caller, Rules, path_of},
    hub::Publisher,
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
}

#[derive(Debug)]
struct State {
    version: Version,
    tree: Tree,
    limits: LimitIndex,
}

/// What a write decided: the new data of a key, or that it goes.
struct Change {
    key: Key,
    data: Option<Json>,
}

impl Change {
    fn set(key: Key, data: Json) -> Self {
        Self { key, data: Some(data) }
    }

    fn delete(key: Key) -> Self {
        Self { key, data: None }
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
}

impl Store {
    pub(crate) fn new(rules: Arc<Rules>, publisher: Publisher) -> Self {
        let clock = Clock::default();
        let limits = LimitIndex::new(rules.limits().len());
        let state = Mutex::new(State { version: clock.next(), tree: Tree::default(), limits });
        Self { rules, clock, publisher, queues: Queues::default(), state }
    }

    pub(crate) fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// The version of the last commit, or of the start.
    pub(crate) fn version(&self) -> Version {
        self.lock().version
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Object>> {
        self.lock().tree.get(key).cloned()
    }

    /// Every object that `glob` names, in its order, and the version at which that is so.
    pub(crate) fn list(&self, glob: &Glob) -> (Version, Vec<Arc<Object>>) {
        let (version, mut objects) = {
            let state = self.lock();
            (state.version, state.tree.list(glob).cloned().collect::<Vec<_>>())
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
        let objects: Vec<_> = self.lock().tree.objects().cloned().collect();
        let seen = objects.iter().filter(|object| !self.is_hidden(caller, object));
        seen.map(|object| object.key.clone()).collect()
    }

    /// Every key there is.
    pub(crate) fn keys(&self) -> Vec<Key> {
        self.lock().tree.objects().map(|object| object.key.clone()).collect()
    }

    /// How many objects the limit with this number holds.
    pub(crate) fn limited(&self, nth: usize) -> usize {
        self.lock().limits.count(nth)
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
        let decide = |tree: &Tree| {
            condition.check(tree.get(key))?;
            Ok::<_, Error>(vec![Change::set(key.clone(), data)])
        };
        let version = self.commit(self.under_limit(key)?, decide).await?;
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
        let aside = self.under_limit(&key)?;
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
            let seen = self.get(key).ok_or(Error::NotFound)?;
            let hidden = self.is_hidden(caller, &seen);
            // Whoever may write what it may not see learns no more of it than that it is there.
            if hidden && (patch.asks() || *condition != Condition::Always) {
                return Err(Error::NotFound);
            }
            condition.check(Some(&seen))?;
            let patched = patch.apply(&seen.data);
            let patched = if hidden { patched.or(Err(Error::NotFound)) } else { patched };
            let data = self.rules.write(caller, &path, patched?).await?;
            let decide = |tree: &Tree| match tree.get(key) {
                Some(now) if Arc::ptr_eq(now, &seen) => Ok(vec![Change::set(key.clone(), data)]),
                _ => Err(Conflict::Changed),
            };
            match self.commit(self.under_limit(key)?, decide).await {
                Ok(version) => break version,
                Err(Conflict::Changed) => {}
                Err(Conflict::Failed(error)) => return Err(error),
            }
        };
        drop(turn);
        self.rules.after_write(caller, &path).await;
        Ok(version)
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
        self.commit(Aside::default(), decide).await
    }

    /// Deletes everything that `glob` names, in one commit.
    pub(crate) async fn delete_all(&self, caller: &Caller, glob: &Glob) -> Result<Version, Error> {
        self.rules.delete(caller, glob).await?;
        let aside = Aside { cleared: Some(glob.clone()), limit: None };
        let gone = |tree: &Tree| tree.list(glob).map(|it| Change::delete(it.key.clone())).collect();
        self.commit(aside, |tree| Ok(gone(tree))).await
    }

    /// Deletes what its limit no longer allows.
    pub(crate) async fn expire(&self) -> Result<(), Error> {
        for (nth, (_, limit)) in self.rules.limits().iter().enumerate() {
            // A panic is logged where it was caught, and the other limits hold all the same.
            let Ok(bound) = limit.bound() else { continue };
            let over = |state: &State| state.limits.over(nth, bound, clock::wall(), &[]);
            if over(&self.lock()).is_empty() {
                continue;
            }
            let aside = Aside { cleared: None, limit: Some((nth, bound)) };
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

    fn under_limit(&self, key: &Key) -> Result<Aside, Error> {
        let nth = self.rules.limit_of(key);
        let limit = nth.and_then(|nth| Some((nth, &self.rules.limits().get(nth)?.1)));
        let limit = limit.map(|(nth, limit)| Ok::<_, Error>((nth, limit.bound()?))).transpose()?;
        Ok(Aside { cleared: None, limit })
    }

    /// A version that no commit has: for what only some are told.
    pub(crate) fn next_version(&self) -> Version {
        self.clock.next()
    }

    /// Reserve, decide, log, apply, publish, answer.
    async fn commit<E: From<Error>>(
        &self,
        Aside { cleared, limit }: Aside,
        decide: impl FnOnce(&Tree) -> Result<Vec<Change>, E>,
    ) -> Result<Version, E> {
        // All waiting is here, before the lock. Inside it nothing waits, so the order of events
        // is the order of changes.
        let place = self.publisher.reserve().await?;
        let mut state = self.lock();
        let changes = decide(&state.tree)?;
        let version = self.clock.next();
        let mut events: Vec<Event> =
            changes.into_iter().map(|change| state.tree.stamp(change, version)).collect();
        if let Some((nth, bound)) = limit {
            state.evict(nth, bound, &mut events, version);
        }
        // The log stands here. Without a backend it is absent and costs nothing.
        let commit = Commit { version, events, cleared };
        state.apply(&commit, &self.rules);
        place.publish(commit);
        Ok(version)
    }

    /// A panic elsewhere does not leave half a change: deciding changes nothing, and applying
    /// cannot panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Adds to `events` that what is over a limit goes: at no version there is more than that.
    fn evict(&self, nth: usize, bound: Bound, events: &mut Vec<Event>, version: Version) {
        let written = events.len();
        for key in self.limits.over(nth, bound, clock::wall(), events) {
            match events.iter_mut().take(written).find(|event| event.key == key) {
                // What was written is itself over the limit.
                Some(event) => event.new = None,
                None => events.push(self.tree.stamp(Change::delete(key), version)),
            }
        }
        events.retain(|event| event.old.is_some() || event.new.is_some());
    }

    fn apply(&mut self, commit: &Commit, rules: &Rules) {
        for event in &commit.events {
            match &event.new {
                Some(object) => self.tree.insert(Arc::clone(object)),
                None => self.tree.remove(&event.key),
            }
            if let Some(nth) = rules.limit_of(&event.key) {
                self.limits.apply(nth, event);
            }
        }
        self.version = commit.version;
    }
}

impl Tree {
    /// The change as an event: with what was there, and when what is there now was made.
    fn stamp(&self, Change { key, data }: Change, version: Version) -> Event {
        let old = self.get(&key).cloned();
        let (created, updated) = match &old {
            Some(old) => (old.created, version.number()),
            None => (version.number(), 0),
        };
        let new =
            data.map(|data| Arc::new(Object { key: key.clone(), created, updated, version, data }));
        Event { key, version, old, new }
    }
}
