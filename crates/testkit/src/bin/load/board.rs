//! What the publisher and the readers tell each other: what went out when, and how much has come.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use crate::clock::now;

/// How many publications may be on their way at once.
const SLOTS: usize = 4096;

/// How long deliveries may stay away before they count as lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// Made by the publisher's thread, which is woken as deliveries come in.
#[derive(Debug)]
pub(crate) struct Board {
    origin: Instant,
    /// When each publication went out, in nanoseconds since `origin`.
    sent: Vec<AtomicU64>,
    delivered: AtomicU64,
    /// How many deliveries each publication makes.
    readers: u64,
    publisher: Thread,
    measuring: AtomicBool,
    done: AtomicBool,
}

impl Board {
    pub(crate) fn new(readers: u64) -> Self {
        Self {
            origin: now(),
            sent: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            delivered: AtomicU64::new(0),
            readers,
            publisher: thread::current(),
            measuring: AtomicBool::new(false),
            done: AtomicBool::new(false),
        }
    }

    fn slot(&self, number: u64) -> Option<&AtomicU64> {
        self.sent.get(usize::try_from(number).ok()? % SLOTS)
    }

    /// Notes that this publication goes out now.
    pub(crate) fn leaves(&self, number: u64) {
        let nanos = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if let Some(slot) = self.slot(number) {
            slot.store(nanos, Relaxed);
        }
    }

    /// How long the publication that came at `at` has been under way, while that is measured.
    pub(crate) fn latency(&self, number: u64, at: Instant) -> Option<Duration> {
        if !self.measuring.load(Relaxed) {
            return None;
        }
        let sent = Duration::from_nanos(self.slot(number)?.load(Relaxed));
        Some(at.saturating_duration_since(self.origin).saturating_sub(sent))
    }

    /// Notes deliveries; wakes the publisher each time that another publication's worth has come.
    pub(crate) fn delivered(&self, count: u64) {
        let before = self.delivered.fetch_add(count, Relaxed);
        if before / self.readers != (before + count) / self.readers {
            self.publisher.unpark();
        }
    }

    pub(crate) fn deliveries(&self) -> u64 {
        self.delivered.load(Relaxed)
    }

    /// Waits for the deliveries of this many publications; false when they stay away.
    pub(crate) fn wait_for(&self, publications: u64) -> bool {
        let (expected, start) = (publications * self.readers, now());
        while self.deliveries() < expected {
            if start.elapsed() > PATIENCE {
                return false;
            }
            thread::park_timeout(Duration::from_millis(20));
        }
        true
    }

    /// Whether latencies count from now on.
    pub(crate) fn measure(&self, measuring: bool) {
        self.measuring.store(measuring, Relaxed);
    }

    pub(crate) fn finish(&self) {
        self.done.store(true, Relaxed);
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Relaxed)
    }
}
