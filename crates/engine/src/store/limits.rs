//! Which objects each limit holds, the oldest first.

use std::collections::BTreeSet;

use monoxide_protocol::Key;

use crate::{event::Event, filter::Bound};

/// The objects under each limit by when they were made, so that finding what is over a limit
/// costs as much as there is over it.
#[derive(Debug)]
pub(super) struct LimitIndex {
    limits: Vec<BTreeSet<(u64, Key)>>,
}

impl LimitIndex {
    pub(super) fn new(count: usize) -> Self {
        Self { limits: vec![BTreeSet::new(); count] }
    }

    /// The index of these objects, each with the number of its limit.
    pub(super) fn fill(&mut self, objects: impl Iterator<Item = (usize, (u64, Key))>) {
        let mut by_limit: Vec<Vec<(u64, Key)>> = vec![Vec::new(); self.limits.len()];
        for (nth, object) in objects {
            by_limit.get_mut(nth).into_iter().for_each(|all| all.push(object.clone()));
        }
        self.limits = by_limit.into_iter().map(BTreeSet::from_iter).collect();
    }

    pub(super) fn count(&self, nth: usize) -> usize {
        self.limits.get(nth).map_or(0, BTreeSet::len)
    }

    /// Takes note of an event under a limit.
    pub(super) fn apply(&mut self, nth: usize, event: &Event) {
        let Some(objects) = self.limits.get_mut(nth) else { return };
        if let Some(old) = &event.old {
            objects.remove(&(old.created, old.key.clone()));
        }
        if let Some(new) = &event.new {
            objects.insert((new.created, new.key.clone()));
        }
    }

    /// What is over a limit once `events` are done, the oldest first.
    pub(super) fn over(&self, nth: usize, bound: Bound, now: u64, events: &[Event]) -> Vec<Key> {
        let Some(objects) = self.limits.get(nth) else { return Vec::new() };
        let made = events.iter().filter(|event| event.old.is_none());
        let made = made.filter_map(|event| event.new.as_deref());
        let count = objects.len() + made.clone().count();
        let too_many = bound.count.map_or(0, |most| count.saturating_sub(most));
        let age = bound.age.map(|age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
        let too_old = |created: u64| age.is_some_and(|age| created.saturating_add(age) <= now);
        let stored = objects.iter().map(|(created, key)| (*created, key));
        stored
            // What is made now is the newest: its version is above all that were.
            .chain(made.map(|object| (object.created, &object.key)))
            .enumerate()
            .take_while(|(place, (created, _))| *place < too_many || too_old(*created))
            .map(|(_, (_, key))| key.clone())
            .collect()
    }
}
