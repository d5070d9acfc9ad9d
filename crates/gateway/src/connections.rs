//! Which sockets there are: who watches what, and how it goes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use monoxide_engine::{Backlog, Engine, Identity};

use crate::guests::Guest;

/// Every socket, in the order they were opened. It is only locked to open and close one, and to
/// look at them.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<Sockets>);

#[derive(Debug, Default)]
struct Sockets {
    last: u64,
    open: BTreeMap<u64, Arc<Connection>>,
}

/// One socket. There may be a hundred thousand, so it holds nothing that is elsewhere already.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The how manieth since the start.
    pub(crate) id: u64,
    pub(crate) guest: Arc<Guest>,
    pub(crate) identity: Identity,
    /// When it was opened, in nanoseconds since the Unix epoch.
    pub(crate) since: u64,
    /// What it watches; `None` is the clock.
    pub(crate) backlog: Option<Backlog>,
    messages: AtomicU64,
    bytes: AtomicU64,
}

/// A socket that is among the others until this is dropped.
#[derive(Debug)]
pub(crate) struct Listed(Arc<Connection>);

impl Connections {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().open.len()
    }

    /// How many there are, and of these `limit`, the newest first, after the first `skip`.
    pub(crate) fn page(&self, skip: usize, limit: usize) -> (usize, Vec<Arc<Connection>>) {
        let sockets = self.lock();
        let newest = sockets.open.values().rev();
        (sockets.open.len(), newest.skip(skip).take(limit).map(Arc::clone).collect())
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, Sockets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// How many messages it was sent.
    pub(crate) fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// How many bytes these were.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Listed {
    pub(crate) fn new(guest: Arc<Guest>, identity: Identity, backlog: Option<Backlog>) -> Self {
        let (messages, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        let since = Engine::wall_time();
        let all = Arc::clone(&guest);
        let mut sockets = all.connections().lock();
        sockets.last += 1;
        let id = sockets.last;
        let connection = Connection { id, guest, identity, since, backlog, messages, bytes };
        let connection = Arc::new(connection);
        sockets.open.insert(id, Arc::clone(&connection));
        Self(connection)
    }

    /// It was sent so many messages of so many bytes together.
    pub(crate) fn sent(&self, messages: u64, bytes: usize) {
        self.0.messages.fetch_add(messages, Ordering::Relaxed);
        self.0.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let gone = self.0.guest.connections().lock().open.remove(&self.0.id);
        // Outside of the lock: with it may go the last of a topic.
        drop(gone);
    }
}
