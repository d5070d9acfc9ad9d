//! What the subscribers of one topic know.

use std::{collections::HashMap, sync::Arc};

use monoxide_protocol::{EMPTY_OBJECT, Glob, Key, ListChange, Object, list_patch, object_patch};

use super::{keys, list::List, view::View};
use crate::event::Event;

#[derive(Debug, Clone)]
pub(super) enum Document {
    /// What is seen of an object.
    Object(View, Option<Arc<Object>>),
    /// What is seen of a list, object by object.
    List(View, List),
    /// What is seen of a list, decided from all of it.
    Whole(Box<Whole>),
    Keys(keys::Document),
}

/// A list of which a filter decides from the whole what is seen.
#[derive(Debug, Clone)]
pub(super) struct Whole {
    view: View,
    glob: Glob,
    stored: List,
    seen: Vec<Arc<Object>>,
}

/// How a document has changed, as JSON.
pub(super) enum Change {
    /// All of it is new.
    Whole,
    /// These RFC 6902 operations.
    Operations(String),
}

impl Document {
    pub(super) fn object(view: View, key: &Key, object: Option<&Arc<Object>>) -> Self {
        let seen = view.object(key, object);
        Self::Object(view, seen)
    }

    /// The document of a list whose objects are in order already.
    pub(super) fn list(view: View, glob: &Glob, objects: Vec<Arc<Object>>) -> Self {
        let is_oldest_first = view.is_oldest_first(glob);
        if view.is_whole(glob) {
            let stored = List::new(&objects, is_oldest_first);
            let seen = view.list(glob, objects);
            return Self::Whole(Box::new(Whole { view, glob: glob.clone(), stored, seen }));
        }
        let seen = view.list(glob, objects);
        Self::List(view, List::new(&seen, is_oldest_first))
    }

    /// The document of what `glob` names, objects in order.
    pub(super) fn of(view: View, glob: &Glob, objects: Vec<Arc<Object>>) -> Self {
        match glob.as_key() {
            Some(key) => Self::object(view, &key, objects.first()),
            None => Self::list(view, glob, objects),
        }
    }

    /// How the document has become `new`, if it is another.
    pub(super) fn change_to(&self, new: &Self) -> Option<Change> {
        let change = match (self, new) {
            (Self::Object(_, old), Self::Object(_, new)) => {
                apply_object(&mut old.clone(), new.clone())
            }
            (Self::List(_, old), Self::List(_, new)) => operations(&old.changes_to(new)),
            (Self::Whole(old), Self::Whole(new)) => compare(&old.seen, &new.seen),
            _ => Some(Change::Whole),
        };
        match change {
            Some(Change::Operations(it)) if it.len() > new.encoded_len() => Some(Change::Whole),
            change => change,
        }
    }

    /// Whether what is seen may depend on who looks.
    pub(super) fn is_personal(&self) -> bool {
        match self {
            Self::Object(view, _) | Self::List(view, _) => view.is_personal(),
            Self::Whole(whole) => whole.view.is_personal(),
            Self::Keys(_) => false,
        }
    }

    /// Takes the events of one commit in, and says how the document has changed, if it has.
    pub(super) fn apply(&mut self, events: &[&Event]) -> Option<Change> {
        match self {
            Self::Object(view, object) => {
                let event = events.last()?;
                apply_object(object, view.object(&event.key, event.new.as_ref()))
            }
            Self::List(view, list) => apply_list(list, events, |object| view.item(object)),
            Self::Whole(whole) => whole.apply(events),
            Self::Keys(_) => None,
        }
    }

    /// Takes in that nothing is left of the list.
    pub(super) fn clear(&mut self) {
        match self {
            Self::List(_, list) => list.clear(),
            Self::Whole(whole) => {
                whole.stored.clear();
                whole.seen = whole.view.list(&whole.glob, Vec::new());
            }
            Self::Object(..) | Self::Keys(_) => {}
        }
    }

    /// What is seen, if it is of a list. It shares its objects with the document.
    pub(super) fn seen(&self) -> Option<List> {
        match self {
            Self::List(_, list) => Some(list.clone()),
            Self::Whole(whole) => Some(List::new(&whole.seen, false)),
            Self::Object(..) | Self::Keys(_) => None,
        }
    }

    /// About how many bytes [`encode`](Self::encode) writes.
    pub(super) fn encoded_len(&self) -> usize {
        match self {
            Self::Object(_, None) => EMPTY_OBJECT.len(),
            Self::Object(_, Some(object)) => object.encoded_len(),
            Self::List(_, list) => encoded_len(list.iter()),
            Self::Whole(whole) => encoded_len(whole.seen.iter()),
            Self::Keys(keys) => keys.encoded_len(),
        }
    }

    /// Adds the whole document to `out`.
    pub(super) fn encode(&self, out: &mut String) {
        match self {
            Self::Object(_, None) => out.push_str(EMPTY_OBJECT),
            Self::Object(_, Some(object)) => object.encode(out),
            Self::List(_, list) => encode_list(list.iter(), out),
            Self::Whole(whole) => encode_list(whole.seen.iter(), out),
            Self::Keys(keys) => keys.encode(out),
        }
    }
}

/// Objects as a JSON array.
#[must_use]
pub fn list_json(objects: &[Arc<Object>]) -> String {
    let mut out = String::with_capacity(encoded_len(objects.iter()));
    encode_list(objects.iter(), &mut out);
    out
}

fn encoded_len<'a>(objects: impl Iterator<Item = &'a Arc<Object>>) -> usize {
    2 + objects.map(|it| 1 + it.encoded_len()).sum::<usize>()
}

/// Adds objects as a JSON array to `out`.
fn encode_list<'a>(objects: impl Iterator<Item = &'a Arc<Object>>, out: &mut String) {
    out.push('[');
    for (nth, object) in objects.enumerate() {
        if nth > 0 {
            out.push(',');
        }
        object.encode(out);
    }
    out.push(']');
}

fn apply_object(object: &mut Option<Arc<Object>>, new: Option<Arc<Object>>) -> Option<Change> {
    let old = std::mem::replace(object, new);
    match (&old, object) {
        (None, None) => None,
        // There is nothing to patch in an empty object.
        (None, Some(_)) => Some(Change::Whole),
        (Some(old), new) => {
            let mut operations = String::new();
            object_patch(Some(old), new.as_deref(), &mut operations);
            (operations != "[]").then_some(Change::Operations(operations))
        }
    }
}

/// Changes the list by what is `seen` of each new object.
fn apply_list(
    list: &mut List,
    events: &[&Event],
    seen: impl Fn(&Arc<Object>) -> Option<Arc<Object>>,
) -> Option<Change> {
    let new: Vec<_> = events.iter().map(|event| event.new.as_ref().and_then(&seen)).collect();
    let mut changes = Vec::with_capacity(events.len());
    // Removals come first, so that a list with a limit is never above it.
    for (event, new) in events.iter().zip(&new) {
        let Some(old) = &event.old else { continue };
        let stays = new.as_ref().is_some_and(|new| new.created == old.created);
        let removed = if stays { None } else { list.remove(old) };
        changes.extend(removed.map(ListChange::Remove));
    }
    for (event, new) in events.iter().zip(&new) {
        let Some(new) = new else { continue };
        let replaced = event.old.as_ref().and_then(|old| list.replace(old, Arc::clone(new)));
        changes.push(match replaced {
            Some(at) => ListChange::Replace(at, new),
            None => ListChange::Add(list.insert(Arc::clone(new)), new),
        });
    }
    operations(&changes)
}

impl Whole {
    fn apply(&mut self, events: &[&Event]) -> Option<Change> {
        apply_list(&mut self.stored, events, |object| Some(Arc::clone(object)));
        let stored = self.stored.iter().cloned().collect();
        let seen = self.view.list(&self.glob, stored);
        let old = std::mem::replace(&mut self.seen, seen);
        compare(&old, &self.seen)
    }
}

/// How one list has become another, by key. When objects have changed places it is sent anew.
fn compare(old: &[Arc<Object>], new: &[Arc<Object>]) -> Option<Change> {
    let place = |objects: &[Arc<Object>]| -> HashMap<Key, usize> {
        objects.iter().enumerate().map(|(nth, object)| (object.key.clone(), nth)).collect()
    };
    let (in_old, in_new) = (place(old), place(new));
    let kept = old.iter().filter_map(|object| in_new.get(&object.key));
    if !kept.is_sorted() {
        return Some(Change::Whole);
    }
    let gone = old.iter().enumerate().rev().filter(|(_, object)| !in_new.contains_key(&object.key));
    let mut changes: Vec<_> = gone.map(|(nth, _)| ListChange::Remove(nth)).collect();
    for (nth, object) in new.iter().enumerate() {
        let before = in_old.get(&object.key).and_then(|&nth| old.get(nth));
        match before {
            None => changes.push(ListChange::Add(nth, object)),
            Some(before) if before != object => changes.push(ListChange::Replace(nth, object)),
            Some(_) => {}
        }
    }
    operations(&changes)
}

fn operations(changes: &[ListChange<'_>]) -> Option<Change> {
    if changes.is_empty() {
        return None;
    }
    let mut operations = String::new();
    list_patch(changes, &mut operations);
    Some(Change::Operations(operations))
}
