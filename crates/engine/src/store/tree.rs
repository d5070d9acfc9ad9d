//! What has keys, ordered so that a list is a range.

use std::{collections::BTreeMap, sync::Arc};

use monoxide_protocol::{Glob, Key, Object};

/// Objects, or what stands for them, by how many segments their keys have, and then by key.
///
/// All keys of one depth with one prefix lie side by side, so `books/*` reads its own objects and
/// nothing else, whatever lies below them.
#[derive(Debug)]
pub(crate) struct Tree<T = Arc<Object>> {
    entries: BTreeMap<Place, T>,
}

/// What has a place in a tree.
pub(super) trait Keyed {
    fn key(&self) -> &Key;
}

impl Keyed for Arc<Object> {
    fn key(&self) -> &Key {
        &self.key
    }
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new() }
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    depth: usize,
    // Text and not a key: a prefix such as `books/` has a place too.
    text: Arc<str>,
}

impl Place {
    pub(super) fn of(key: &Key) -> Self {
        Self { depth: key.segments().count(), text: key.shared() }
    }
}

impl<T: Keyed> Tree<T> {
    pub(super) fn get(&self, key: &Key) -> Option<&T> {
        self.entries.get(&Place::of(key))
    }

    pub(super) fn insert(&mut self, entry: T) {
        self.entries.insert(Place::of(entry.key()), entry);
    }

    pub(super) fn get_mut(&mut self, key: &Key) -> Option<&mut T> {
        self.entries.get_mut(&Place::of(key))
    }

    /// The entry of a key, made when it is not there.
    pub(super) fn entry(&mut self, key: &Key, new: impl FnOnce() -> T) -> &mut T {
        self.entries.entry(Place::of(key)).or_insert_with(new)
    }

    pub(super) fn remove(&mut self, key: &Key) {
        self.entries.remove(&Place::of(key));
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every entry, those with fewer segments first.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Place, &T)> {
        self.entries.iter()
    }

    /// Every entry that `glob` names, ordered by key.
    pub(super) fn list<'a>(&'a self, glob: &'a Glob) -> impl Iterator<Item = (&'a Place, &'a T)> {
        let text = glob.as_str();
        let prefix = text.split_once('*').map_or(text, |(prefix, _)| prefix);
        let depth = glob.segments().count();
        let from = Place { depth, text: prefix.into() };
        self.entries
            .range(from..)
            .take_while(move |(place, _)| place.depth == depth && place.text.starts_with(prefix))
            .filter(|(_, entry)| glob.matches(entry.key()))
    }
}

impl<T: Keyed> FromIterator<T> for Tree<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let entries = entries.into_iter().map(|entry| (Place::of(entry.key()), entry));
        Self { entries: entries.collect() }
    }
}
