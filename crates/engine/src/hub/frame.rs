//! A message as it is sent, and who keeps it alive.
//!
//! A topic keeps a message for as long as somebody may want it. Whoever is in the middle of being
//! sent it keeps it for longer, and a stalled reader for as long as it stalls. A thousand of these
//! could each hold another version of a large document, so what only they hold is counted.

use std::{
    collections::BTreeMap,
    fmt,
    pin::Pin,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::sync::{Mutex, MutexGuard};

/// Messages below this are not counted: a connection's own buffers hold about as much.
const LARGE: usize = 64 * 1024;

/// An encoded message, shared by all who are sent it.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) bytes: Bytes,
    /// Only of a large one.
    hold: Option<Arc<Hold>>,
}

/// What is known of a large message besides its bytes.
#[derive(Debug)]
pub(super) struct Hold {
    pins: Arc<Pins>,
    /// Its number among the pinned, since its topic let go of it; 0 before that.
    number: AtomicU64,
    /// Nobody is to be waited for who has not taken it yet.
    overdue: CancellationToken,
}

/// The bytes of a large message; dropped with the last of those who share them.
struct Owner {
    text: String,
    hold: Arc<Hold>,
}

/// The large messages that are kept alive by nobody but those who are being sent them.
#[derive(Debug)]
pub(crate) struct Pins {
    most: usize,
    pinned: Mutex<Pinned>,
}

#[derive(Debug, Default)]
struct Pinned {
    /// How many there ever were.
    last: u64,
    bytes: usize,
    /// Their sizes, those first that have been outdated for longest.
    messages: BTreeMap<u64, (usize, CancellationToken)>,
}

impl Frame {
    pub(super) fn new(text: String, pins: &Arc<Pins>) -> Self {
        if text.len() < LARGE {
            return Self { bytes: text.into(), hold: None };
        }
        let (number, overdue) = (AtomicU64::new(0), CancellationToken::new());
        let hold = Arc::new(Hold { pins: Arc::clone(pins), number, overdue });
        let owner = Owner { text, hold: Arc::clone(&hold) };
        Self { bytes: Bytes::from_owner(owner), hold: Some(hold) }
    }

    /// Whether somebody is being sent it, or is about to be.
    pub(super) fn is_in_use(&self) -> bool {
        !self.bytes.is_unique()
    }

    /// The topic lets go of it: nobody else will be sent it.
    pub(super) fn release(self) {
        if let Some(hold) = self.hold.as_ref().filter(|_| self.is_in_use()) {
            hold.pins.add(self.bytes.len(), hold);
        }
    }

    pub(super) fn hold(&self) -> Option<Arc<Hold>> {
        self.hold.clone()
    }
}

impl Pins {
    /// Counts up to `most` bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, pinned: Mutex::default() }
    }

    /// How many bytes there are, without those that are overdue.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Counts a message, and gives up those that were outdated first while there are too many. The
    /// last one stays, whatever its size: a document may be larger than all that is allowed.
    fn add(&self, bytes: usize, hold: &Hold) {
        let mut overdue = Vec::new();
        {
            let mut pinned = self.lock();
            pinned.last += 1;
            let number = pinned.last;
            hold.number.store(number, Ordering::Relaxed);
            pinned.bytes += bytes;
            pinned.messages.insert(number, (bytes, hold.overdue.clone()));
            while pinned.bytes > self.most && pinned.messages.len() > 1 {
                let Some((_, (bytes, token))) = pinned.messages.pop_first() else { break };
                pinned.bytes -= bytes;
                overdue.push(token);
            }
        }
        for token in overdue {
            tracing::debug!("those who are still being sent an old message are given up");
            token.cancel();
        }
    }

    fn remove(&self, number: u64) {
        let mut pinned = self.lock();
        if let Some((bytes, _)) = pinned.messages.remove(&number) {
            pinned.bytes -= bytes;
        }
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, Pinned> {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // The topic, which sets it, held the message when it did.
        match self.hold.number.load(Ordering::Relaxed) {
            0 => {}
            number => self.hold.pins.remove(number),
        }
    }
}

/// Comes about when whoever is still being sent a message should be given up, because the memory
/// is needed; see [`Builder::max_pinned`](crate::Builder::max_pinned).
#[derive(Default)]
pub struct Overdue(Option<Pin<Box<WaitForCancellationFutureOwned>>>);

impl Overdue {
    pub(super) fn of(hold: Option<&Arc<Hold>>) -> Self {
        Self(hold.map(|hold| Box::pin(hold.overdue.clone().cancelled_owned())))
    }
}

impl Future for Overdue {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Some(overdue) => overdue.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for Overdue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overdue").field("is_large", &self.0.is_some()).finish()
    }
}
