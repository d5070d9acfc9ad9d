//! The committed truth, in memory, and the one place where it changes.

mod tree;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use monoxide_protocol::{Glob, Json, Key, List, Object, Version, merge};
use serde_json::Value;

use self::tree::Tree;
use crate::{
    clock::Clock,
    error::Error,
    event::{Commit, Event},
    hub::Publisher,
};

/// How often a patch is worked out beside the lock before it is worked out under it.
const TRIES: usize = 3;

#[derive(Debug)]
pub(crate) struct Store {
    clock: Clock,
    publisher: Publisher,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    version: Version,
    tree: Tree,
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

impl Store {
    pub(crate) fn new(publisher: Publisher) -> Self {
        let clock = Clock::default();
        let state = State { version: clock.next(), tree: Tree::default() };
        Self { clock, publisher, state: Mutex::new(state) }
    }

    /// The version of the last commit, or of the start.
    pub(crate) fn version(&self) -> Version {
        self.lock().version
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Object>> {
        self.lock().tree.get(key).cloned()
    }

    /// Every object that `glob` names, newest first, and the version at which that is so.
    pub(crate) fn list(&self, glob: &Glob) -> (Version, Vec<Arc<Object>>) {
        let (version, mut objects) = {
            let state = self.lock();
            (state.version, state.tree.list(glob).cloned().collect::<Vec<_>>())
        };
        objects.sort_by(|a, b| a.list_order(b));
        (version, objects)
    }

    pub(crate) async fn set(&self, key: Key, data: Json) -> Result<Version, Error> {
        self.commit(None, |_| Ok(vec![Change::set(key, data)])).await
    }

    pub(crate) async fn push(&self, list: &List, data: Json) -> Result<(Key, Version), Error> {
        let mut pushed = None;
        let decide = |tree: &Tree| {
            let new = || list.key(self.clock.next());
            let mut key = new();
            // Somebody may have set this very key by hand.
            while tree.get(&key).is_some() {
                key = new();
            }
            pushed = Some(key.clone());
            Ok::<_, Error>(vec![Change::set(key, data)])
        };
        let version = self.commit(None, decide).await?;
        Ok((pushed.ok_or(Error::Closed)?, version))
    }

    /// Merges `patch` into what is stored, as one step: no write comes between.
    pub(crate) async fn patch(&self, key: &Key, patch: &Value) -> Result<Version, Error> {
        let merged = |object: &Object| -> Result<Json, Error> {
            let merged = merge(object.data.to_value(), patch.clone())?;
            Ok(Json::parse(merged.to_string().as_bytes())?)
        };
        for _ in 0..TRIES {
            let seen = self.get(key).ok_or(Error::NotFound)?;
            let data = merged(&seen)?;
            let decide = |tree: &Tree| match tree.get(key) {
                Some(now) if Arc::ptr_eq(now, &seen) => Ok(vec![Change::set(key.clone(), data)]),
                _ => Err(Conflict::Changed),
            };
            match self.commit(None, decide).await {
                Ok(version) => return Ok(version),
                Err(Conflict::Changed) => {}
                Err(Conflict::Failed(error)) => return Err(error),
            }
        }
        // Others were faster each time. Under the lock nobody is.
        let decide = |tree: &Tree| {
            let data = merged(tree.get(key).ok_or(Error::NotFound)?)?;
            Ok(vec![Change::set(key.clone(), data)])
        };
        self.commit(None, decide).await
    }

    pub(crate) async fn delete(&self, key: &Key) -> Result<Version, Error> {
        let decide = |tree: &Tree| {
            tree.get(key).ok_or(Error::NotFound)?;
            Ok(vec![Change::delete(key.clone())])
        };
        self.commit(None, decide).await
    }

    /// Deletes everything that `glob` names, in one commit.
    pub(crate) async fn delete_all(&self, glob: &Glob) -> Result<Version, Error> {
        let gone = |tree: &Tree| tree.list(glob).map(|it| Change::delete(it.key.clone())).collect();
        self.commit(Some(glob.clone()), |tree| Ok(gone(tree))).await
    }

    /// Reserve, decide, log, apply, publish, answer.
    async fn commit<E: From<Error>>(
        &self,
        cleared: Option<Glob>,
        decide: impl FnOnce(&Tree) -> Result<Vec<Change>, E>,
    ) -> Result<Version, E> {
        // All waiting is here, before the lock. Inside it nothing waits, so the order of events
        // is the order of changes.
        let place = self.publisher.reserve().await?;
        let mut state = self.lock();
        let changes = decide(&state.tree)?;
        let version = self.clock.next();
        let events = changes.into_iter().map(|change| state.tree.stamp(change, version)).collect();
        // The log stands here. Without a backend it is absent and costs nothing.
        let commit = Commit { version, events, cleared };
        state.apply(&commit);
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
    fn apply(&mut self, commit: &Commit) {
        for event in &commit.events {
            match &event.new {
                Some(object) => self.tree.insert(Arc::clone(object)),
                None => self.tree.remove(&event.key),
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
        let new = data.map(|data| Arc::new(Object { key: key.clone(), created, updated, data }));
        Event { key, old, new }
    }
}
