//! Turns of those who want to change the same key from what is there.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, Weak},
};

use monoxide_protocol::Key;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::sync::Mutex;

/// One queue for each key that somebody waits for; none for the others.
#[derive(Debug, Default)]
pub(super) struct Queues {
    by_key: Mutex<HashMap<Key, Weak<AsyncMutex<()>>>>,
}

impl Queues {
    /// Waits for the turn at a key. It ends when it is dropped.
    pub(super) async fn turn(&self, key: &Key) -> OwnedMutexGuard<()> {
        let queue = {
            // A map is whole also after a panic elsewhere.
            let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
            by_key.retain(|_, queue| queue.strong_count() > 0);
            let queue = by_key.get(key).and_then(Weak::upgrade).unwrap_or_default();
            by_key.insert(key.clone(), Arc::downgrade(&queue));
            queue
        };
        queue.lock_owned().await
    }
}
