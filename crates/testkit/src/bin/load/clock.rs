//! Real time: what is measured here is how long things take.

use std::{
    thread,
    time::{Duration, Instant},
};

/// The time now.
#[expect(clippy::disallowed_methods, reason = "no test pauses the time of another process")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits until `due`.
pub(crate) fn sleep_until(due: Instant) {
    while let Some(rest) = due.checked_duration_since(now()).filter(|rest| !rest.is_zero()) {
        thread::park_timeout(rest);
    }
}

/// Waits for `time`.
pub(crate) fn sleep(time: Duration) {
    sleep_until(now() + time);
}
