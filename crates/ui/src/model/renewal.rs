//! When a session is renewed. Times are milliseconds since the Unix epoch, as this machine's clock
//! has them: the server's may be wrong, or ours.

/// The longest time after which it is looked whether it is time, so that a clock that was set back
/// does not put it off for days.
const LONGEST: f64 = 10.0 * 60.0 * 1000.0;

/// Waiting after the first failure, and at most.
const FIRST: f64 = 1000.0;
const LAST: f64 = 30_000.0;

/// When a token should be renewed that is good for `lifetime` seconds from `now`, of which one may
/// be over already, as the server counts whole ones: when a fifth is left, which is time for many
/// tries.
#[must_use]
pub fn due(now: f64, lifetime: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a lifetime is no such number")]
    let lifetime = lifetime.saturating_sub(1) as f64;
    now + lifetime * 800.0
}

/// How long to wait until then.
#[must_use]
pub fn wait(now: f64, due: f64) -> f64 {
    (due - now).clamp(0.0, LONGEST)
}

/// How long to wait after the server was out of reach so often in a row.
#[must_use]
pub fn wait_again(failures: u32) -> f64 {
    let doubled = 2_f64.powi(i32::try_from(failures.min(16)).unwrap_or(16));
    (FIRST * doubled).min(LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_when_a_fifth_of_its_life_is_left() {
        assert_eq!(due(1000.0, 601), 1000.0 + 480_000.0);
        assert_eq!(wait(1000.0, due(1000.0, 601)), 480_000.0);
    }

    #[test]
    fn what_is_overdue_is_renewed_at_once() {
        assert_eq!(wait(10_000.0, 2_000.0), 0.0);
        assert_eq!(wait(10_000.0, due(10_000.0, 0)), 0.0);
    }

    #[test]
    fn a_clock_that_was_set_back_puts_it_off_by_minutes_at_most() {
        assert_eq!(wait(0.0, 1e12), LONGEST);
    }

    #[test]
    fn a_server_out_of_reach_is_asked_less_and_less_often() {
        let waits: Vec<_> = (0..8).map(wait_again).collect();
        let expected = [1000.0, 2000.0, 4000.0, 8000.0, 16_000.0, 30_000.0, 30_000.0, 30_000.0];
        assert_eq!(waits, expected);
        assert_eq!(wait_again(u32::MAX), LAST);
    }
}
