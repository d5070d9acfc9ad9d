//! Which sockets there are: who watches what, and how it goes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;
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
    watching: Watching,
    messages: AtomicU64,
    bytes: AtomicU64,
    /// Somebody wants it to end.
    is_unwanted: AtomicBool,
    task: AtomicWaker,
}

/// What a socket watches.
#[derive(Debug)]
pub(crate) enum Watching {
    /// A key, a list or a document of the engine.
    Topic(Backlog),
    /// Something of the server's own, which has this name.
    Own(&'static str),
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

    /// All there are.
    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.lock().open.values().map(Arc::clone).collect()
    }

    /// Ends one of them, and says whether it was there. From here on it is not.
    pub(crate) fn close(&self, id: u64) -> bool {
        let gone = self.lock().open.remove(&id);
        if let Some(connection) = &gone {
            connection.is_unwanted.store(true, Ordering::Relaxed);
            connection.task.wake();
        }
        gone.is_some()
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

    /// How far behind it is, where it can be.
    pub(crate) fn backlog(&self) -> Option<&Backlog> {
        match &self.watching {
            Watching::Topic(backlog) => Some(backlog),
            Watching::Own(_) => None,
        }
    }

    /// What it watches.
    pub(crate) fn watches(&self) -> String {
        match &self.watching {
            Watching::Topic(backlog) => backlog.watched().to_string(),
            Watching::Own(name) => (*name).to_owned(),
        }
    }
}

impl Listed {
    pub(crate) fn new(guest: Arc<Guest>, identity: Identity, watching: Watching) -> Self {
        let (messages, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        let since = Engine::wall_time();
        let all = Arc::clone(&guest);
        let mut sockets = all.connections().lock();
        sockets.last += 1;
        let id = sockets.last;
        let connection = Arc::new(Connection {
            id,
            guest,
            identity,
            since,
            watching,
            messages,
            bytes,
            is_unwanted: AtomicBool::new(false),
            task: AtomicWaker::new(),
        });
        sockets.open.insert(id, Arc::clone(&connection));
        Self(connection)
    }

    /// It was sent so many messages of so many bytes together.
    pub(crate) fn sent(&self, messages: u64, bytes: usize) {
        self.0.messages.fetch_add(messages, Ordering::Relaxed);
        self.0.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.0.guest.meter().sent(messages, bytes as u64);
    }

    /// Comes about when somebody wants the socket to end.
    pub(crate) fn poll_unwanted(&self, context: &Context<'_>) -> Poll<()> {
        self.0.task.register(context.waker());
        // After it: who sets it before does not wake us.
        match self.0.is_unwanted.load(Ordering::Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let gone = self.0.guest.connections().lock().open.remove(&self.0.id);
        // Outside of the lock: with it may go the last of a topic.
        drop(gone);
    }
}
