//! What time it is. Tests say so themselves.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use governor::clock::Clock as GovernorClock;

/// Tells the time, as the time since the Unix epoch. Cloning it is cheap.
///
/// ```
/// use std::time::Duration;
/// use monoxide_identity::Clock;
///
/// let clock = Clock::new(|| Duration::from_secs(1_000));
/// assert_eq!(clock.seconds(), 1_000);
/// assert!(Clock::default().seconds() > 1_700_000_000);
/// ```
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// A clock that shows what `now` says.
    pub fn new(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time since the Unix epoch.
    #[must_use]
    pub fn now(&self) -> Duration {
        (self.0)()
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.now().as_secs()
    }
}

impl Default for Clock {
    /// The system's clock.
    fn default() -> Self {
        Self::new(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

impl GovernorClock for Clock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.now()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
