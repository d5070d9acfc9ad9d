//! When a session is renewed. Times are milliseconds since the Unix epoch, as this machine's clock
//! has them: the server's may be wrong, or ours.

/// The longest time after which it is looked whether it is time, so that a clock that was set back
/// does not put it off for days.
const LONGEST: u64 = 10 * 60 * 1000;

/// Waiting after the first failure, and at most.
const FIRST: u64 = 1000;
const LAST: u64 = 30_000;

/// When a token should be renewed that is good for `lifetime` seconds from `now`, of which one may
/// be over already, as the server counts whole ones: when a fifth is left, which is time for many
/// tries.
#[must_use]
pub fn due(now: u64, lifetime: u64) -> u64 {
    now.saturating_add(lifetime.saturating_sub(1).saturating_mul(800))
}

/// How long to wait until then.
#[must_use]
pub fn wait(now: u64, due: u64) -> u64 {
    due.saturating_sub(now).min(LONGEST)
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
        assert_eq!(wait(1000, due(1000, 601)), 480_000);
    }

    #[test]
    fn what_is_overdue_is_renewed_at_once() {
        assert_eq!(wait(10_000, 2_000), 0);
        assert_eq!(wait(10_000, due(10_000, 0)), 0);
    }

    #[test]
    fn a_clock_that_was_set_back_puts_it_off_by_minutes_at_most() {
        assert_eq!(wait(0, u64::MAX), LONGEST);
    }

    #[test]
    fn a_server_out_of_reach_is_asked_less_and_less_often() {
        let waits: Vec<_> = (0..8).map(wait_again).collect();
        assert_eq!(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(wait_again(u32::MAX), LAST);
    }
}
