//! Which toasts show, and for how much longer.

/// At most so many show at once; the oldest makes room.
const MOST: usize = 3;

/// For how many milliseconds a toast shows that only says something.
const SAID: u64 = 6_000;

/// And one that can be taken back, or that says what went wrong.
const LONGER: u64 = 12_000;

/// The toasts that show, the oldest first. Times are milliseconds of one clock.
///
/// ```
/// # use monoxide_ui::model::Queue;
/// let mut queue = Queue::default();
/// let first = queue.add(0, false);
/// assert_eq!(queue.due(), Some((first, 6_000)));
/// queue.hold(1_000);
/// assert_eq!(queue.due(), None, "somebody is reading");
/// queue.release(60_000);
/// assert_eq!(queue.due(), Some((first, 65_000)));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queue {
    shown: Vec<Shown>,
    last: u64,
    /// Since when nothing may leave by itself.
    held: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    id: u64,
    /// When it leaves.
    until: u64,
}

impl Queue {
    /// Adds one, which stays for longer when there is more to do than to read. Says what it is
    /// called here.
    pub fn add(&mut self, now: u64, longer: bool) -> u64 {
        self.last += 1;
        // While time stands still it has not moved since then, for this one either.
        let until = self.held.unwrap_or(now) + if longer { LONGER } else { SAID };
        self.shown.push(Shown { id: self.last, until });
        let spare = self.shown.len().saturating_sub(MOST);
        self.shown.drain(..spare);
        self.last
    }

    /// Takes one away.
    pub fn remove(&mut self, id: u64) {
        self.shown.retain(|it| it.id != id);
    }

    /// Takes away what has shown for long enough.
    pub fn expire(&mut self, now: u64) {
        if self.held.is_none() {
            self.shown.retain(|it| it.until > now);
        }
    }

    /// Somebody is reading: time stands still.
    pub fn hold(&mut self, now: u64) {
        self.held.get_or_insert(now);
    }

    /// Time goes on.
    pub fn release(&mut self, now: u64) {
        let Some(since) = self.held.take() else { return };
        for shown in &mut self.shown {
            shown.until += now.saturating_sub(since);
        }
    }

    /// Which one leaves next, and when; `None` while nothing does.
    #[must_use]
    pub fn due(&self) -> Option<(u64, u64)> {
        let next = self.shown.iter().min_by_key(|it| it.until).filter(|_| self.held.is_none());
        next.map(|it| (it.id, it.until))
    }

    /// What shows, the oldest first.
    #[must_use]
    pub fn ids(&self) -> Vec<u64> {
        self.shown.iter().map(|it| it.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fourth_takes_the_place_of_the_oldest() {
        let mut queue = Queue::default();
        let ids: Vec<u64> = (0..4).map(|now| queue.add(now, false)).collect();

        assert_eq!(queue.ids(), ids[1..]);
    }

    #[test]
    fn what_can_be_taken_back_stays_longer() {
        let mut queue = Queue::default();
        let undo = queue.add(0, true);
        let said = queue.add(0, false);

        assert_eq!(queue.due(), Some((said, SAID)));
        queue.expire(SAID);
        assert_eq!(queue.ids(), [undo]);
        queue.expire(LONGER);
        assert_eq!(queue.due(), None);
    }

    #[test]
    fn nothing_leaves_while_somebody_reads_and_none_loses_time_by_it() {
        let mut queue = Queue::default();
        let first = queue.add(0, false);
        queue.hold(1_000);
        queue.hold(2_000);
        let second = queue.add(5_000, false);

        queue.expire(1_000_000);
        assert_eq!(queue.ids(), [first, second]);

        queue.release(11_000);
        assert_eq!(queue.due(), Some((first, SAID + 10_000)));
        queue.remove(first);
        assert_eq!(queue.due(), Some((second, 11_000 + SAID)));
    }
}
