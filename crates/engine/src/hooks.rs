//! What the application is told of every change, off the path of the write.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::mpsc;

use crate::{event::Event, guard};

type Hook = Arc<dyn Fn(&Event) + Send + Sync>;

/// The application's function for events, or none, and the queue before it.
#[derive(Clone)]
pub(crate) struct EventHook {
    hook: Option<Hook>,
    queue: Option<mpsc::Sender<Event>>,
    /// How many events may wait for the hook. Above it they are dropped for the hook and counted:
    /// waiting would hold up the hub, and with it the very write that the hook may be waiting for.
    length: usize,
    dropped: Arc<AtomicU64>,
}

impl EventHook {
    /// Calls `hook` from now on.
    pub(crate) fn set(&mut self, hook: impl Fn(&Event) + Send + Sync + 'static) {
        self.hook = Some(Arc::new(hook));
    }

    /// Lets this many events wait, one at least.
    pub(crate) fn set_length(&mut self, length: usize) {
        self.length = length.max(1);
    }

    /// The hook with its queue, and the task that calls it until everyone has let go of it.
    pub(crate) fn start(self) -> (Self, impl Future<Output = ()>) {
        let (queue, mut events) = mpsc::channel(self.length);
        let hook = self.hook.clone();
        let task = async move {
            let Some(hook) = hook else { return };
            while let Some(event) = events.recv().await {
                // It is logged, and the next event is another matter.
                drop(guard::call("the hook for events", || hook(&event)));
            }
        };
        let queue = self.hook.as_ref().map(|_| queue);
        (Self { queue, ..self }, task)
    }

    /// Hands events over; this waits for nothing.
    pub(crate) fn send(&self, events: &[Event]) {
        let Some(queue) = &self.queue else { return };
        for event in events {
            if queue.try_send(event.clone()).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Lets the task end once it has called the hook for everything that was handed over.
    pub(crate) fn close(&mut self) {
        self.queue = None;
    }

    /// How many events were dropped, now and later. Whoever counts does not hold the queue open.
    pub(crate) fn dropped(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.dropped)
    }
}

impl Default for EventHook {
    fn default() -> Self {
        Self { hook: None, queue: None, length: 1024, dropped: Arc::default() }
    }
}

impl fmt::Debug for EventHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventHook").field("is_set", &self.hook.is_some()).finish_non_exhaustive()
    }
}
