//! Tells all connections of a client that there is no need to wait any longer.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
};

/// Rings for everyone who listens.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    ears: Mutex<Vec<Weak<Ear>>>,
}

impl Bell {
    pub(crate) fn listen(&self) -> Arc<Ear> {
        let ear = Arc::default();
        let mut ears = lock(&self.ears);
        ears.retain(|ear| ear.strong_count() > 0);
        ears.push(Arc::downgrade(&ear));
        ear
    }

    pub(crate) fn ring(&self) {
        for ear in lock(&self.ears).iter().filter_map(Weak::upgrade) {
            ear.hear();
        }
    }
}

/// One listener. It hears no more often than it is asked.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    state: Mutex<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    has_rung: bool,
    waker: Option<Waker>,
}

impl Ear {
    fn hear(&self) {
        let mut state = lock(&self.state);
        state.has_rung = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Ready once for all the ringing since the time before.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if mem::take(&mut state.has_rung) {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Nothing can fail while one of these locks is held, so what is behind it is always whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
