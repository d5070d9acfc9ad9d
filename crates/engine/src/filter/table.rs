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
        self.first_with_place(path).map(|(_, filter)| filter)
    }

    /// The filters of which each decides about some key that `path` names: the first that names
    /// all of them, and those before it that name a part.
    pub(super) fn deciding(&self, path: &Glob) -> Vec<&T> {
        let first = self.first_with_place(path);
        if !path.is_list() {
            return first.into_iter().map(|(_, filter)| filter).collect();
        }
        let last = first.map_or(usize::MAX, |&(nth, _)| nth);
        let mut found: Vec<_> = self.trie.overlapping(path).filter(|it| it.0 <= last).collect();
        found.sort_unstable_by_key(|(nth, _)| *nth);
        found.into_iter().map(|(_, filter)| filter).collect()
    }

    /// Whether `is_wanted` says yes to a filter that names a key that `path` names too.
    pub(super) fn any_overlapping(&self, path: &Glob, is_wanted: impl Fn(&T) -> bool) -> bool {
        self.trie.overlapping(path).any(|(_, filter)| is_wanted(filter))
    }

    fn first_with_place(&self, path: &Glob) -> Option<&(usize, T)> {
        let mut first: Option<&(usize, T)> = None;
        self.trie.each_covering(path, &mut |found| {
            if first.is_none_or(|first| found.0 < first.0) {
                first = Some(found);
            }
        });
        first
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }
}
