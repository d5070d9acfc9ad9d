//! The numbers of commits: wall time, but never the same twice and never going back.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use monoxide_protocol::Version;

/// What tells the time, in nanoseconds since the Unix epoch.
pub(crate) type Wall = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Hands out versions in nanoseconds since the Unix epoch, each above all before it.
#[derive(Default)]
pub(crate) struct Clock {
    last: AtomicU64,
    /// The system's, if nothing else.
    wall: Option<Wall>,
}

impl Clock {
    pub(crate) fn new(wall: Option<Wall>) -> Self {
        Self { last: AtomicU64::new(0), wall }
    }

    pub(crate) fn next(&self) -> Version {
        self.after(self.wall())
    }

    /// A version right above the last, whatever the time.
    pub(crate) fn next_small(&self) -> Version {
        self.after(0)
    }

    /// The last version that was handed out.
    pub(crate) fn last(&self) -> Version {
        Version::new(self.last.load(Ordering::Relaxed))
    }

    /// Hands out nothing up to `version` any more.
    pub(crate) fn start_above(&self, version: Version) {
        self.last.fetch_max(version.number(), Ordering::Relaxed);
    }

    pub(crate) fn wall(&self) -> u64 {
        self.wall.as_ref().map_or_else(wall, |wall| wall())
    }

    /// The wall clock may be set back; what we hand out may not go back with it.
    fn after(&self, wall: u64) -> Version {
        let step = |last: u64| wall.max(last.saturating_add(1));
        let last =
            self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(step(last)));
        Version::new(step(last.unwrap_or_else(|last| last)))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("last", &self.last()).finish_non_exhaustive()
    }
}

/// Wall time in nanoseconds since the Unix epoch.
pub(crate) fn wall() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, thread};

    use super::*;

    #[test]
    fn a_wall_clock_that_is_set_back_does_not_take_versions_back() {
        let clock = Clock::default();
        let before = clock.after(2_000);

        let after = clock.after(1_000);

        assert_eq!((before, after), (Version::new(2_000), Version::new(2_001)));
    }

    #[test]
    fn a_jump_forward_is_taken_at_once() {
        let clock = Clock::default();
        clock.after(1_000);
        assert_eq!(clock.after(9_000_000), Version::new(9_000_000));
    }

    #[test]
    fn threads_never_get_the_same_version_and_each_sees_them_grow() {
        let clock = Clock::default();
        let taken: Vec<Version> = thread::scope(|scope| {
            let take = || (0..10_000).map(|_| clock.next()).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads
                .into_iter()
                .flat_map(|thread| {
                    let taken = thread.join().unwrap();
                    assert!(taken.is_sorted());
                    taken
                })
                .collect()
        });
        assert_eq!(taken.iter().collect::<HashSet<_>>().len(), taken.len());
    }
}
