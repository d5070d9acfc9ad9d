//! All objects, ordered so that a list is a range.

use std::{collections::BTreeMap, sync::Arc};

use monoxide_protocol::{Glob, Key, Object};

/// Objects by how many segments their keys have, and then by key.
///
/// All keys of one depth with one prefix lie side by side, so `books/*` reads its own objects and
/// nothing else, whatever lies below them.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    objects: BTreeMap<Place, Arc<Object>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    depth: usize,
    // Text and not a key: a prefix such as `books/` has a place too.
    text: Arc<str>,
}

impl Place {
    fn of(key: &Key) -> Self {
        Self { depth: key.segments().count(), text: key.shared() }
    }
}

impl Tree {
    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.objects.get(&Place::of(key))
    }

    pub(super) fn insert(&mut self, object: Arc<Object>) {
        self.objects.insert(Place::of(&object.key), object);
    }

    pub(super) fn remove(&mut self, key: &Key) {
        self.objects.remove(&Place::of(key));
    }

    /// Every object, those with fewer segments first.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values()
    }

    /// Every object that `glob` names, ordered by key.
    pub(super) fn list<'a>(&'a self, glob: &'a Glob) -> impl Iterator<Item = &'a Arc<Object>> {
        let text = glob.as_str();
        let prefix = text.split_once('*').map_or(text, |(prefix, _)| prefix);
        let depth = glob.segments().count();
        let from = Place { depth, text: prefix.into() };
        self.objects
            .range(from..)
            .take_while(move |(place, _)| place.depth == depth && place.text.starts_with(prefix))
            .map(|(_, object)| object)
            .filter(|object| glob.matches(&object.key))
    }
}
