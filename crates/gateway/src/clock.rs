//! The page's address as a socket: what time it is, once a tick, for everyone at once.

use std::{fmt, time::Duration};

use bytes::Bytes;
use monoxide_engine::Engine;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;

/// Tells the time. Cloning it gives the same clock.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    ticks: watch::Sender<Bytes>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { ticks: watch::Sender::new(now()) }
    }

    /// Ticks until `stop` is cancelled.
    pub(crate) async fn run(self, tick: Duration, stop: CancellationToken) {
        let mut interval = interval_at(Instant::now() + tick, tick);
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = interval.tick() => drop(self.ticks.send_replace(now())),
            }
        }
    }

    /// How many are told.
    pub(crate) fn subscribers(&self) -> usize {
        self.ticks.receiver_count()
    }

    pub(crate) fn subscribe(&self) -> Ticks {
        Ticks { ticks: self.ticks.subscribe(), first: true }
    }
}

/// One subscriber of the clock.
pub(crate) struct Ticks {
    ticks: watch::Receiver<Bytes>,
    first: bool,
}

impl Ticks {
    /// The time: at once, and then at each tick. Whoever is slow misses ticks, not the time.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.first) {
            return Some(now());
        }
        self.ticks.changed().await.ok()?;
        Some(self.ticks.borrow_and_update().clone())
    }
}

impl fmt::Debug for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticks")
    }
}

/// Nanoseconds since the Unix epoch, in decimal digits.
fn now() -> Bytes {
    Engine::wall_time().to_string().into()
}
