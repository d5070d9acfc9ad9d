//! What the subscribers of one topic know.

use std::sync::Arc;

use monoxide_protocol::{EMPTY_OBJECT, ListChange, Object, list_patch, object_patch};

use super::{keys, list::List};
use crate::event::Event;

#[derive(Debug, Clone)]
pub(super) enum Document {
    Object(Option<Arc<Object>>),
    List(List),
    Keys(keys::Document),
}

/// How a document has changed, as JSON.
pub(super) enum Change {
    /// All of it is new.
    Whole,
    /// These RFC 6902 operations.
    Operations(String),
}

impl Document {
    /// Takes the events of one commit in, and says how the document has changed, if it has.
    pub(super) fn apply(&mut self, events: &[&Event]) -> Option<Change> {
        match self {
            Self::Object(object) => events.last().and_then(|event| apply_object(object, event)),
            Self::List(list) => apply_list(list, events),
            Self::Keys(_) => None,
        }
    }

    /// About how many bytes [`encode`](Self::encode) writes.
    pub(super) fn encoded_len(&self) -> usize {
        match self {
            Self::Object(None) => EMPTY_OBJECT.len(),
            Self::Object(Some(object)) => object.encoded_len(),
            Self::List(list) => 2 + list.iter().map(|it| 1 + it.encoded_len()).sum::<usize>(),
            Self::Keys(keys) => keys.encoded_len(),
        }
    }

    /// Adds the whole document to `out`.
    pub(super) fn encode(&self, out: &mut String) {
        match self {
            Self::Object(None) => out.push_str(EMPTY_OBJECT),
            Self::Object(Some(object)) => object.encode(out),
            Self::List(list) => encode_list(list.iter(), out),
            Self::Keys(keys) => keys.encode(out),
        }
    }
}

/// Objects as a JSON array.
pub(crate) fn list_json(objects: &[Arc<Object>]) -> String {
    let size = objects.iter().map(|it| 1 + it.encoded_len()).sum::<usize>();
    let mut out = String::with_capacity(2 + size);
    encode_list(objects.iter(), &mut out);
    out
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

fn apply_object(object: &mut Option<Arc<Object>>, event: &Event) -> Option<Change> {
    let old = std::mem::replace(object, event.new.clone());
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

fn apply_list(list: &mut List, events: &[&Event]) -> Option<Change> {
    let mut changes = Vec::with_capacity(events.len());
    let stays = |event: &&&Event| match (&event.old, &event.new) {
        (Some(old), Some(new)) => old.created == new.created,
        _ => false,
    };
    // Removals come first, so that a list with a limit is never above it.
    for event in events.iter().filter(|event| !stays(event)) {
        let removed = event.old.as_ref().and_then(|old| list.remove(old));
        changes.extend(removed.map(ListChange::Remove));
    }
    for event in events {
        let Some(new) = &event.new else { continue };
        let replaced = event.old.as_ref().and_then(|old| list.replace(old, Arc::clone(new)));
        changes.push(match replaced {
            Some(at) => ListChange::Replace(at, new),
            None => ListChange::Add(list.insert(Arc::clone(new)), new),
        });
    }
    if changes.is_empty() {
        return None;
    }
    let mut operations = String::new();
    list_patch(&changes, &mut operations);
    Some(Change::Operations(operations))
}
