//! Which rows of a table are chosen.

use std::collections::HashSet;

use monoxide_protocol::Key;

/// Some objects; or all that match, but for some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    is_all: bool,
    /// Those that are chosen; or those that are not, of all.
    keys: HashSet<Key>,
}

impl Selection {
    /// All that match.
    #[must_use]
    pub fn all() -> Self {
        Self { is_all: true, keys: HashSet::new() }
    }

    /// Whether these are all that match, but for a few perhaps.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.is_all
    }

    /// Those that are chosen by themselves; or those that are not, of all.
    #[must_use]
    pub fn keys(&self) -> &HashSet<Key> {
        &self.keys
    }

    /// Whether an object is chosen.
    #[must_use]
    pub fn has(&self, key: &Key) -> bool {
        self.keys.contains(key) != self.is_all
    }

    /// Chooses an object, or not.
    pub fn set(&mut self, key: &Key, chosen: bool) {
        if chosen == self.is_all {
            self.keys.remove(key);
        } else {
            self.keys.insert(key.clone());
        }
    }

    /// How many are chosen, of so many that match.
    #[must_use]
    pub fn count(&self, matching: usize) -> usize {
        if self.is_all { matching.saturating_sub(self.keys.len()) } else { self.keys.len() }
    }

    /// Whether nothing is chosen, of so many that match.
    #[must_use]
    pub fn is_empty(&self, matching: usize) -> bool {
        self.count(matching) == 0
    }

    /// Takes note that these are gone.
    pub fn forget<'a>(&mut self, gone: impl IntoIterator<Item = &'a Key>) {
        gone.into_iter().for_each(|key| _ = self.keys.remove(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    #[test]
    fn what_is_chosen_can_be_chosen_no_more() {
        let mut selection = Selection::default();
        selection.set(&key("a"), true);
        selection.set(&key("a"), true);
        selection.set(&key("b"), true);
        selection.set(&key("b"), false);
        assert!(selection.has(&key("a")) && !selection.has(&key("b")));
        assert_eq!(selection.count(9), 1);
    }

    #[test]
    fn of_all_some_can_be_left_out_and_taken_in_again() {
        let mut selection = Selection::all();
        assert_eq!(selection.count(9), 9);
        selection.set(&key("a"), false);
        assert!(!selection.has(&key("a")) && selection.has(&key("b")));
        assert_eq!(selection.count(9), 8);
        selection.set(&key("a"), true);
        assert_eq!(selection, Selection::all());
    }

    #[test]
    fn what_is_gone_is_chosen_no_more() {
        let mut selection = Selection::default();
        selection.set(&key("a"), true);
        selection.forget(&[key("a")]);
        assert!(selection.is_empty(9));
    }
}
