//! `/_monitor`: how the server is and was. A sample of everything is kept every ten seconds, and the
//! document is worked out once a second while somebody watches, once for all of them.

mod meter;
mod observer;
mod server;
mod used;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    meter::{Kind, Meter},
    server::Stored,
    used::{Flows, Query, Rank, connection, topic_uses},
};
use crate::{
    door::Door,
    told::{Board, Reader},
};
use observer::Observer;

/// Where it is.
pub(crate) const NAME: &str = "_monitor";

/// How often watchers are told.
const TICK: Duration = Duration::from_secs(1);

/// How many ticks there are from one sample that is kept to the next.
const TICKS: usize = 10;

/// Tells how the server is. Cloning it gives the same one.
#[derive(Debug, Clone)]
pub(crate) struct Monitor {
    board: Board,
    /// Somebody has begun to watch, and nothing is there to be told.
    asked: Arc<Notify>,
    /// What each connection and topic was sent in the last second, while somebody watches.
    flows: Arc<Mutex<Arc<Flows>>>,
}

impl Monitor {
    pub(crate) fn new() -> Self {
        Self { board: Board::new(), asked: Arc::default(), flows: Arc::default() }
    }

    /// Takes samples, and works the document out for those who watch, until `stop` is cancelled.
    pub(crate) async fn run(self, door: Door, stop: CancellationToken) {
        let mut observer = Observer::new(&door);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // The first comes at once, and has nothing to tell yet; after the second there is a sample.
        let mut until_sample = 1;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {
                    if until_sample == 0 {
                        observer.keep_sample(&door).await;
                        until_sample = TICKS;
                    }
                    until_sample -= 1;
                    if self.board.readers() == 0 {
                        observer.look_away(&door);
                        if !self.board.is_empty() {
                            self.board.clear();
                            *self.lock() = Arc::default();
                        }
                    } else if !observer.has_just_looked() {
                        self.post(&mut observer, &door).await;
                    }
                }
                () = self.asked.notified() => if self.board.is_empty() {
                    self.post(&mut observer, &door).await;
                }
            }
        }
    }

    async fn post(&self, observer: &mut Observer, door: &Door) {
        // A server that ends says nothing more.
        let Ok(seen) = observer.look(door).await else { return };
        *self.lock() = Arc::new(seen.flows);
        self.board.post(seen.document, || door.engine.next_version());
    }

    /// Begins to watch.
    pub(crate) fn watch(&self) -> Reader {
        let reader = self.board.read();
        if self.board.is_empty() {
            self.asked.notify_one();
        }
        reader
    }

    /// The document as it is now, for one who does not go on watching.
    pub(crate) async fn document(&self) -> Option<String> {
        self.watch().document().await
    }

    /// What was sent in the last second, while somebody watches.
    pub(crate) fn flows(&self) -> Arc<Flows> {
        Arc::clone(&self.lock())
    }

    /// It is replaced in one step.
    fn lock(&self) -> MutexGuard<'_, Arc<Flows>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
