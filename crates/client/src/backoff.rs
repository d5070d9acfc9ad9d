//! How long to wait before the next attempt.

use std::time::Duration;

/// Exponential backoff with full jitter: a random time up to a ceiling that doubles.
///
/// After "Exponential Backoff And Jitter" (M. Brooker, AWS Architecture Blog, 2015), with one
/// difference: there the wait may be zero, here it is at least a fifth of the first ceiling, so
/// that no luck makes a client that is refused try again without a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Self::BASE, Self::CAP)
    }
}

impl Backoff {
    /// The ceiling of the first wait.
    pub(crate) const BASE: Duration = Duration::from_millis(250);
    /// The ceiling of all waits.
    pub(crate) const CAP: Duration = Duration::from_secs(30);

    pub(crate) fn new(base: Duration, cap: Duration) -> Self {
        let base = base.max(Duration::from_millis(5));
        Self { base, cap: cap.max(base) }
    }

    /// The shortest wait there is.
    pub(crate) fn floor(self) -> Duration {
        self.base / 5
    }

    /// The ceiling after this many failures in a row.
    pub(crate) fn ceiling(self, failures: u32) -> Duration {
        self.base.saturating_mul(2_u32.saturating_pow(failures)).min(self.cap)
    }

    /// The wait after this many failures in a row; `luck` is at least 0 and less than 1.
    pub(crate) fn wait(self, failures: u32, luck: f64) -> Duration {
        self.floor() + (self.ceiling(failures) - self.floor()).mul_f64(luck)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_is_never_without_delay_and_never_above_its_ceiling(
            base in 0_u64..10_000,
            cap in 0_u64..100_000,
            failures: u32,
            luck in 0.0..1.0_f64,
        ) {
            let backoff = Backoff::new(Duration::from_millis(base), Duration::from_millis(cap));
            let wait = backoff.wait(failures, luck);
            prop_assert!(wait >= backoff.floor() && !wait.is_zero());
            prop_assert!(wait <= backoff.ceiling(failures));
            prop_assert!(wait <= backoff.cap);
        }
    }

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let ceilings: Vec<_> =
            (0..9).map(|failures| Backoff::default().ceiling(failures).as_millis()).collect();
        assert_eq!(ceilings, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    }
}
