//! Writes: asked about beside the lock, then decided under it.

use std::{collections::HashMap, sync::Arc};

use monoxide_protocol::{Glob, Json, Key, List, Object, Version};
use tokio::sync::OwnedMutexGuard;

use super::{Aside, Change, Conflict, Store, size, tree::Tree};
use crate::{
    access::Access,
    condition::Condition,
    error::Error,
    filter::{Caller, path_of},
    patch::Patch,
    rules::Operation,
};

/// How often a write is worked out beside the others of its key before it queues with them.
const TRIES: usize = 3;

/// How often a deletion of many is worked out anew because of what was written meanwhile.
const SWEEPS: usize = 100;

/// What rules have allowed, and what it was that they looked at.
#[derive(Debug)]
struct Grant {
    access: Arc<Access>,
    is_ruled: bool,
    looked_at_old: bool,
    seen: Option<Arc<Object>>,
}

impl Grant {
    /// Whether it is good for what is there now.
    fn holds(&self, store: &Store, now: Option<&Arc<Object>>) -> bool {
        let is_alike = match (&self.seen, now) {
            _ if !self.is_ruled => true,
            (None, None) => true,
            (Some(seen), Some(now)) => !self.looked_at_old || Arc::ptr_eq(seen, now),
            _ => false,
        };
        is_alike && store.is_in_force(&self.access)
    }
}

/// The data of a write, before and after its filter.
struct Written {
    /// As it was sent, when rules may have to be asked about it again.
    sent: Option<Json>,
    data: Option<Json>,
    is_filtered: bool,
}

impl Written {
    fn new(data: Json, is_ruled: bool) -> Self {
        Self { sent: is_ruled.then(|| data.clone()), data: Some(data), is_filtered: false }
    }

    /// What rules are asked about. Where there were none at first, that is what the filter made.
    fn asked(&self) -> Option<&Json> {
        self.sent.as_ref().or(self.data.as_ref())
    }

    /// Has it filtered, once.
    async fn filter<O>(&mut self, filter: impl FnOnce(Json) -> O) -> Result<(), Error>
    where
        O: Future<Output = Result<Json, Error>>,
    {
        if !std::mem::replace(&mut self.is_filtered, true) {
            let data = self.take()?;
            self.data = Some(filter(data).await?);
        }
        Ok(())
    }

    fn size(&self, key: &Key) -> usize {
        self.data.as_ref().map_or(0, |data| size(key, data))
    }

    /// What is to be stored. What was once decided is not decided again.
    fn take(&mut self) -> Result<Json, Error> {
        self.data.take().ok_or(Error::Storage)
    }
}

/// The turns of a write that is worked out again when its object has changed.
struct Tries<'a> {
    store: &'a Store,
    key: &'a Key,
    left: usize,
    turn: Option<OwnedMutexGuard<()>>,
}

impl<'a> Tries<'a> {
    fn new(store: &'a Store, key: &'a Key) -> Self {
        Self { store, key, left: TRIES, turn: None }
    }

    async fn next(&mut self) {
        if self.left == 0 && self.turn.is_none() {
            // Others were faster each time. From here on, one after the other.
            self.turn = Some(self.store.queues.turn(self.key).await);
        }
        self.left = self.left.saturating_sub(1);
    }
}

impl Store {
    pub(crate) async fn set(
        &self,
        caller: &Caller,
        key: &Key,
        data: Json,
        condition: &Condition,
    ) -> Result<Version, Error> {
        let path = path_of(key);
        let mut tries = Tries::new(self, key);
        let mut written = Written::new(data, self.access().is_ruled(caller));
        let version = loop {
            tries.next().await;
            let before = self.failures();
            let decided = match self.granted(caller, key, written.asked()) {
                Ok(grant) => {
                    written.filter(|data| self.filters.write(caller, &path, data)).await?;
                    let aside = self.under_limit(key, written.size(key))?;
                    let decide = |tree: &Tree| {
                        let now = tree.get(key);
                        grant.holds(self, now).then_some(()).ok_or(Conflict::Changed)?;
                        condition.check(now)?;
                        Ok(vec![Change::set(key.clone(), written.take()?)])
                    };
                    self.commit(aside, decide).await
                }
                Err(refusal) => Err(refusal.into()),
            };
            if let Some(answer) = self.settled(decided, key, before).await {
                break answer?;
            }
        };
        drop(tries);
        self.filters.after_write(caller, &path).await;
        Ok(version)
    }

    pub(crate) async fn push(
        &self,
        caller: &Caller,
        list: &List,
        data: Json,
    ) -> Result<(Key, Version), Error> {
        let mut written = Written::new(data, self.access().is_ruled(caller));
        let (key, version) = loop {
            let key = list.key(self.clock.next());
            let grant = self.granted(caller, &key, written.asked())?;
            written.filter(|data| self.filters.write(caller, list.glob(), data)).await?;
            let aside = self.under_limit(&key, written.size(&key))?;
            let decide = |tree: &Tree| {
                // Somebody may have set this very key by hand.
                let is_free = tree.get(&key).is_none() && grant.holds(self, None);
                is_free.then_some(()).ok_or(Conflict::Changed)?;
                Ok(vec![Change::set(key.clone(), written.take()?)])
            };
            match self.commit(aside, decide).await {
                Ok(version) => break (key, version),
                Err(Conflict::Failed(error)) => return Err(error),
                Err(Conflict::Changed) => {}
            }
        };
        self.filters.after_write(caller, list.glob()).await;
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
        let mut tries = Tries::new(self, key);
        let version = loop {
            tries.next().await;
            let before = self.failures();
            let decided = self.try_patch(caller, key, patch, condition).await;
            if let Some(answer) = self.settled(decided, key, before).await {
                break answer?;
            }
        };
        drop(tries);
        self.filters.after_write(caller, &path_of(key)).await;
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
        let access = self.access();
        let seen = self.lock().tree.get(key).cloned().ok_or(Error::NotFound)?;
        let hidden = access.hides(caller, Operation::Read, &seen);
        // Whoever may write what it may not see learns no more of it than that it is there.
        if hidden && (patch.asks() || *condition != Condition::Always) {
            return Err(Error::NotFound.into());
        }
        let patched = patch.apply(&seen.data);
        let patched = if hidden { patched.or(Err(Error::NotFound)) } else { patched };
        // Whoever may not write it learns nothing from how its patch fits.
        let asked = patched.as_ref().unwrap_or(&seen.data);
        let grant = grant(&access, caller, key, Some(Arc::clone(&seen)), Some(asked));
        let grant = if hidden { grant.or(Err(Error::NotFound)) } else { grant }?;
        condition.check(Some(&seen))?;
        let data = self.filters.write(caller, &path_of(key), patched?).await?;
        let aside = self.under_limit(key, size(key, &data))?;
        let decide = |tree: &Tree| match tree.get(key) {
            Some(now) if Arc::ptr_eq(now, &seen) && grant.holds(self, Some(now)) => {
                Ok(vec![Change::set(key.clone(), data)])
            }
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
        let mut is_filtered = false;
        let mut tries = Tries::new(self, key);
        loop {
            tries.next().await;
            let before = self.failures();
            let decided = match self.granted(caller, key, None) {
                Ok(grant) => {
                    if !is_filtered {
                        self.filters.delete(caller, &path_of(key)).await?;
                        is_filtered = true;
                    }
                    let decide = |tree: &Tree| {
                        let now = tree.get(key);
                        grant.holds(self, now).then_some(()).ok_or(Conflict::Changed)?;
                        condition.check(now)?;
                        now.ok_or(Error::NotFound)?;
                        Ok(vec![Change::delete(key.clone())])
                    };
                    self.commit(Aside::default(), decide).await
                }
                // As if it were not there.
                Err(Error::NotFound) => {
                    self.filters.delete(caller, &path_of(key)).await?;
                    Err(condition.check(None).err().unwrap_or(Error::NotFound).into())
                }
                Err(refusal) => Err(refusal.into()),
            };
            if let Some(answer) = self.settled(decided, key, before).await {
                return answer;
            }
        }
    }

    /// Deletes everything that `glob` names and may be deleted, in one commit.
    pub(crate) async fn delete_all(&self, caller: &Caller, glob: &Glob) -> Result<Version, Error> {
        self.filters.delete(caller, glob).await?;
        let mut asked: HashMap<Key, (Grant, bool)> = HashMap::new();
        let mut sweeps = SWEEPS;
        loop {
            let is_ruled = self.ask_about(caller, glob, &mut asked)?;
            sweeps -= 1;
            let decide = |tree: &Tree| {
                let mut gone = Vec::new();
                for (_, object) in tree.list(glob) {
                    match asked.get(&object.key) {
                        _ if !is_ruled => gone.push(Change::delete(object.key.clone())),
                        Some((grant, may)) if grant.holds(self, Some(object)) => {
                            gone.extend(may.then(|| Change::delete(object.key.clone())));
                        }
                        _ if sweeps > 0 => return Err(Conflict::Changed),
                        // It was written while everything was deleted, and so after that.
                        _ => {}
                    }
                }
                let same_rules = is_ruled == self.access().is_ruled(caller);
                if same_rules { Ok(gone) } else { Err(Conflict::Changed) }
            };
            let aside = Aside { cleared: Some(glob.clone()), ..Aside::default() };
            match self.commit(aside, decide).await {
                Ok(version) => return Ok(version),
                Err(Conflict::Failed(error)) => return Err(error),
                Err(Conflict::Changed) => {}
            }
        }
    }

    /// Asks the rules, when there are any for `caller`, which of the objects that `glob` names may
    /// be deleted, as far as that is not known; and says whether there are rules.
    fn ask_about(
        &self,
        caller: &Caller,
        glob: &Glob,
        asked: &mut HashMap<Key, (Grant, bool)>,
    ) -> Result<bool, Error> {
        let access = self.access();
        if !access.is_ruled(caller) {
            return Ok(false);
        }
        let objects: Vec<_> =
            self.lock().tree.list(glob).map(|(_, object)| Arc::clone(object)).collect();
        let (mut refused, mut may_any) = (None, false);
        for object in objects {
            let known = asked.get(&object.key).filter(|it| it.0.holds(self, Some(&object)));
            let may = match known {
                Some((_, may)) => *may,
                None => {
                    let verdict =
                        access.may_write(&caller.identity, &object.key, Some(&object), None);
                    let is_secret = || access.hides(caller, Operation::List, &object);
                    if !verdict.is_allowed && refused.is_none() && !is_secret() {
                        refused = Some(forbidden(caller));
                    }
                    let (seen, access) = (Some(Arc::clone(&object)), Arc::clone(&access));
                    let looked_at_old = verdict.looked_at_old;
                    let grant = Grant { access, is_ruled: true, looked_at_old, seen };
                    asked.insert(object.key.clone(), (grant, verdict.is_allowed));
                    verdict.is_allowed
                }
            };
            may_any |= may;
        }
        // Who sees something there and may delete nothing of it is told so.
        match refused {
            Some(refused) if !may_any => Err(refused),
            _ => Ok(true),
        }
    }

    /// What rules say about a write against what writers see now, or about a deletion when there
    /// is no `new` data.
    fn granted(&self, caller: &Caller, key: &Key, new: Option<&Json>) -> Result<Grant, Error> {
        let access = self.access();
        if !access.is_ruled(caller) {
            return Ok(Grant { access, is_ruled: false, looked_at_old: false, seen: None });
        }
        let seen = self.lock().tree.get(key).cloned();
        if seen.is_none() && new.is_none() {
            // There is nothing to delete, whoever asks.
            return Ok(Grant { access, is_ruled: true, looked_at_old: true, seen });
        }
        grant(&access, caller, key, seen, new)
    }

    /// The answer to a write; none when it has to be worked out again.
    async fn settled(
        &self,
        decided: Result<Version, Conflict>,
        key: &Key,
        before: u64,
    ) -> Option<Result<Version, Error>> {
        match decided {
            Ok(version) => Some(Ok(version)),
            Err(Conflict::Changed) => None,
            Err(Conflict::Failed(refusal)) => {
                self.stands(&refusal, key, before).await.then_some(Err(refusal))
            }
        }
    }
}

/// What rules say about writing `new` data where `seen` is, or about deleting it.
fn grant(
    access: &Arc<Access>,
    caller: &Caller,
    key: &Key,
    seen: Option<Arc<Object>>,
    new: Option<&Json>,
) -> Result<Grant, Error> {
    let access = Arc::clone(access);
    if !access.is_ruled(caller) {
        return Ok(Grant { access, is_ruled: false, looked_at_old: false, seen });
    }
    let verdict = access.may_write(&caller.identity, key, seen.as_deref(), new);
    if verdict.is_allowed {
        let looked_at_old = verdict.looked_at_old;
        return Ok(Grant { access, is_ruled: true, looked_at_old, seen });
    }
    // What is hidden from somebody is not even there to be deleted.
    let is_secret = |seen: &Arc<Object>| access.hides(caller, Operation::Read, seen);
    match &seen {
        Some(seen) if new.is_none() && is_secret(seen) => Err(Error::NotFound),
        _ => Err(forbidden(caller)),
    }
}

fn forbidden(caller: &Caller) -> Error {
    Error::Forbidden { signed_in: caller.identity.name().is_some() }
}
