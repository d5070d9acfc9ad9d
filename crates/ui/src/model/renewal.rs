//! When a session is renewed. Times are milliseconds since the Unix epoch, as this machine's clock
//! has them: the server's may be wrong, or ours.

use std::fmt;

/// The longest time after which it is looked whether it is time, so that a clock that was set back
/// does not put it off for days.
const LONGEST: u64 = 10 * 60 * 1000;

/// Waiting after the first failure, and at most.
const FIRST: u64 = 1000;
const LAST: u64 = 30_000;

/// Until when a token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// When it should be renewed.
    pub due: u64,
    /// Its end, in seconds since the Unix epoch as the server counts them.
    pub expires: u64,
}

impl Term {
    /// What was [written](fmt::Display) before, if that is what it is.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (due, expires) = text.split_once(' ')?;
        Some(Self { due: due.parse().ok()?, expires: expires.parse().ok()? })
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.due, self.expires)
    }
}

/// Whether a token that ends at `expires` is newer than the one that is known.
#[must_use]
pub fn is_newer(known: Option<Term>, expires: u64) -> bool {
    known.is_none_or(|known| known.expires < expires)
}

/// When a token should be renewed that is good for `lifetime` seconds from `now`, of which one may
/// be over already, as the server counts whole ones: when a fifth is left, which is time for many
/// tries.
#[must_use]
pub fn due(now: u64, lifetime: u64) -> u64 {
    now.saturating_add(lifetime.saturating_sub(1).saturating_mul(800))
}

/// How long to wait until then; a moment where that is not known, as without storage.
#[must_use]
pub fn wait(now: u64, due: Option<u64>) -> u64 {
    due.map_or(FIRST, |due| due.saturating_sub(now)).min(LONGEST)
}

/// How long to wait after the server was out of reach so often in a row.
#[must_use]
pub fn wait_again(failures: u32) -> u64 {
    FIRST.saturating_mul(2_u64.saturating_pow(failures)).min(LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_when_a_fifth_of_its_life_is_left() {
        assert_eq!(due(1000, 601), 1000 + 480_000);
        assert_eq!(wait(1000, Some(due(1000, 601))), 480_000);
    }

    #[test]
    fn what_is_overdue_is_renewed_at_once() {
        assert_eq!(wait(10_000, Some(2_000)), 0);
        assert_eq!(wait(10_000, Some(due(10_000, 0))), 0);
    }

    #[test]
    fn where_it_is_not_known_when_it_is_looked_once_a_second() {
        assert_eq!(wait(10_000, None), FIRST);
    }

    #[test]
    fn a_token_that_another_page_got_is_newer_than_what_this_one_knows() {
        let known = Term { due: 1_000, expires: 600 };
        assert_eq!(Term::read(&known.to_string()), Some(known));
        assert!(is_newer(Some(known), 601) && is_newer(None, 600));
        assert!(!is_newer(Some(known), 600));
        assert_eq!(Term::read("1000"), None, "as it was before");
    }

    #[test]
    fn a_clock_that_was_set_back_puts_it_off_by_minutes_at_most() {
        assert_eq!(wait(0, Some(u64::MAX)), LONGEST);
    }

    #[test]
    fn a_server_out_of_reach_is_asked_less_and_less_often() {
        let waits: Vec<_> = (0..8).map(wait_again).collect();
        assert_eq!(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(wait_again(u32::MAX), LAST);
    }
}
