//! What is in flight: decided, but not yet durable. Writers see it, readers do not.
//!
//! The tree is what writers see, so that they decide against one whole structure. Here is what
//! readers see instead, for each key of which the two differ. Without a log that is none.

use std::{cmp::Ordering, sync::Arc};

use monoxide_protocol::{Glob, Key, Object, Version};

use super::tree::{Keyed, Place, Tree};
use crate::event::Event;

/// The keys in flight.
#[derive(Debug, Default)]
pub(super) struct Flight {
    shadows: Tree<Shadow>,
}

/// What is committed of a key in flight.
#[derive(Debug)]
struct Shadow {
    key: Key,
    committed: Option<Arc<Object>>,
    /// How many events of the key are in flight.
    events: usize,
    /// The version of the last of them.
    newest: Version,
}

impl Keyed for Shadow {
    fn key(&self) -> &Key {
        &self.key
    }
}

impl Flight {
    /// Takes note of an event that the tree has.
    pub(super) fn begin(&mut self, event: &Event) {
        let new = || Shadow {
            key: event.key.clone(),
            committed: event.old.clone(),
            events: 0,
            newest: event.version,
        };
        let shadow = self.shadows.entry(&event.key, new);
        shadow.events += 1;
        shadow.newest = event.version;
    }

    /// From now on readers see what the event made, which is the oldest in flight of its key.
    pub(super) fn land(&mut self, event: &Event) {
        let Some(shadow) = self.shadows.get_mut(&event.key) else { return };
        shadow.events -= 1;
        if shadow.events == 0 {
            self.shadows.remove(&event.key);
        } else {
            shadow.committed.clone_from(&event.new);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.shadows = Tree::default();
    }

    /// The version of the last change of `key` that is in flight.
    pub(super) fn newest(&self, key: &Key) -> Option<Version> {
        self.shadows.get(key).map(|shadow| shadow.newest)
    }

    /// What readers see of `key`, when `tree` is what writers see.
    pub(super) fn committed<'a>(&'a self, tree: &'a Tree, key: &Key) -> Option<&'a Arc<Object>> {
        if self.shadows.is_empty() {
            return tree.get(key);
        }
        match self.shadows.get(key) {
            Some(shadow) => shadow.committed.as_ref(),
            None => tree.get(key),
        }
    }

    /// What readers see of a list.
    pub(super) fn committed_list(&self, tree: &Tree, glob: &Glob) -> Vec<Arc<Object>> {
        merge(tree.list(glob), self.shadows.list(glob)).cloned().collect()
    }

    /// What readers see of everything, keys with fewer segments first.
    pub(super) fn all_committed<'a>(
        &'a self,
        tree: &'a Tree,
    ) -> impl Iterator<Item = &'a Arc<Object>> {
        merge(tree.all(), self.shadows.all())
    }

    /// How many more keys there are for readers than for writers, of those that `is_counted`.
    pub(super) fn difference(&self, tree: &Tree, is_counted: impl Fn(&Key) -> bool) -> isize {
        let counted = self.shadows.all().filter(|(_, shadow)| is_counted(&shadow.key));
        let more = |shadow: &Shadow| {
            isize::from(shadow.committed.is_some()) - isize::from(tree.get(&shadow.key).is_some())
        };
        counted.map(|(_, shadow)| more(shadow)).sum()
    }
}

/// Of two walks in the same order the objects, but where there is a shadow, what it says.
fn merge<'a>(
    objects: impl Iterator<Item = (&'a Place, &'a Arc<Object>)>,
    shadows: impl Iterator<Item = (&'a Place, &'a Shadow)>,
) -> impl Iterator<Item = &'a Arc<Object>> {
    let (mut objects, mut shadows) = (objects.peekable(), shadows.peekable());
    std::iter::from_fn(move || {
        loop {
            let order = match (objects.peek(), shadows.peek()) {
                (None, None) => return None,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((object, _)), Some((shadow, _))) => object.cmp(shadow),
            };
            if order == Ordering::Less {
                return objects.next().map(|(_, object)| object);
            }
            if order == Ordering::Equal {
                objects.next();
            }
            let committed = shadows.next().and_then(|(_, shadow)| shadow.committed.as_ref());
            if committed.is_some() {
                return committed;
            }
        }
    })
}
