//! Entries that are kept beside the state, for whoever keeps accounts.
//!
//! They are durable with the same flushes as the state, and nothing else: no key leads to them,
//! nobody can watch them, and no filter is asked about them.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

use super::Store;
use crate::{
    backend::{Batch, Entry, Space},
    error::Error,
};

/// One of them: its name, and its value.
pub type AccountEntry = (Box<[u8]>, Box<[u8]>);

/// What there is, in memory.
pub(crate) type Entries = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// Changes of entries that become durable together.
///
/// ```
/// use monoxide_engine::AccountChanges;
///
/// let mut changes = AccountChanges::default();
/// changes.put("account/ann", "{}");
/// changes.delete("account/bob");
/// assert!(!changes.is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct AccountChanges(Batch);

impl AccountChanges {
    /// Keeps `value` under `name`, whatever was there.
    pub fn put(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.0.put(Space::Accounts, name, value);
    }

    /// Keeps nothing under `name`.
    pub fn delete(&mut self, name: impl AsRef<[u8]>) {
        self.0.delete(Space::Accounts, name);
    }

    /// Whether nothing is to be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.entries().is_empty()
    }

    /// How much of the log's room they take.
    fn size(&self) -> usize {
        let entries = self.0.entries().iter();
        entries.map(|it| it.key.len() + it.value.as_ref().map_or(0, |value| value.len())).sum()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.entries().iter().map(|entry| &*entry.key)
    }

    pub(crate) fn apply(&self, entries: &mut Entries) {
        for Entry { key, value, .. } in self.0.entries() {
            match value {
                Some(value) => entries.insert(key.clone(), value.clone()),
                None => entries.remove(key),
            };
        }
    }

    pub(crate) fn join(&self, batch: &mut Batch) {
        for Entry { key, value, .. } in self.0.entries() {
            match value {
                Some(value) => batch.put(Space::Accounts, key, value),
                None => batch.delete(Space::Accounts, key),
            }
        }
    }
}

/// Changes that wait for the log.
#[derive(Debug)]
pub(crate) struct AccountWrite {
    pub(crate) changes: AccountChanges,
    pub(crate) room: u32,
    pub(crate) answer: oneshot::Sender<Result<(), Error>>,
}

impl Store {
    /// Every entry there is.
    pub(crate) fn accounts(&self) -> Vec<AccountEntry> {
        let state = self.lock();
        state.accounts.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Makes changes durable, whatever the durability of the state is. Once it has begun to wait
    /// for that, they are carried out, also when nobody waits any more.
    pub(crate) async fn change_accounts(&self, changes: AccountChanges) -> Result<(), Error> {
        let Some(log) = &self.log else {
            changes.apply(&mut self.lock().accounts);
            return Ok(());
        };
        let room = log.reserve(changes.size()).await?;
        let answer = {
            let mut state = self.lock();
            state.queue.check()?;
            room.submit_accounts(&mut state.queue, changes)
        };
        answer.await.map_err(|_| Error::Closed)?
    }
}
