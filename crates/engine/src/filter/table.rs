//! Filters of one kind, found by what is asked for.

use monoxide_protocol::Glob;

use crate::trie::Trie;

/// Filters by path. Of those that match, the first that was added decides, and it is found
/// without looking at the others.
pub(super) struct Table<T> {
    trie: Trie<(usize, T)>,
    len: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { trie: Trie::default(), len: 0 }
    }
}

impl<T> Table<T> {
    pub(super) fn add(&mut self, path: &Glob, filter: T) {
        let nth = self.len;
        // A second filter of one path is never the first.
        self.trie.entry(path, || (nth, filter));
        self.len += 1;
    }

    /// The first filter that names `path`, or every key that the glob `path` names.
    pub(super) fn first(&self, path: &Glob) -> Option<&T> {
        let found = self.trie.covering(path).min_by_key(|(nth, _)| *nth);
        found.map(|(_, filter)| filter)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }
}
