//! What changed, as RFC 6902 has it.

use crate::{EMPTY_OBJECT, Object, diff::diff};

/// A patch up to this many bytes names each changed member, whatever replacing would take.
const SMALL_PATCH: usize = 1024;

/// How deep members are named. Two adversarial documents of 10 MiB take half a second then.
const DEPTH: usize = 16;

/// How deep `data` is.
const DATA: usize = 1;

/// One change of a list, by position.
///
/// The position is known, so nothing is compared: comparing lists would say `replace` for every
/// object behind an insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListChange<'a> {
    /// The object now stands at this position; what stood there and behind it moves down.
    Add(usize, &'a Object),
    /// The object at this position is now this one.
    Replace(usize, &'a Object),
    /// What stood at this position is gone; what stood behind it moves up.
    Remove(usize),
}

/// Adds the operations that make `changes`, in order, to `out`.
///
/// ```
/// # use monoxide_protocol::{ListChange, list_patch};
/// let mut out = String::new();
/// list_patch(&[ListChange::Remove(2), ListChange::Remove(0)], &mut out);
/// assert_eq!(out, r#"[{"op":"remove","path":"/2"},{"op":"remove","path":"/0"}]"#);
/// ```
pub fn list_patch(changes: &[ListChange<'_>], out: &mut String) {
    let mut digits = itoa::Buffer::new();
    out.push('[');
    for (nth, change) in changes.iter().enumerate() {
        let (op, at, object) = match *change {
            ListChange::Add(at, object) => ("add", at, Some(object)),
            ListChange::Replace(at, object) => ("replace", at, Some(object)),
            ListChange::Remove(at) => ("remove", at, None),
        };
        out.push_str(if nth == 0 { "{\"op\":\"" } else { ",{\"op\":\"" });
        out.push_str(op);
        out.push_str("\",\"path\":\"/");
        out.push_str(digits.format(at));
        out.push('"');
        if let Some(object) = object {
            out.push_str(",\"value\":");
            object.encode(out);
        }
        out.push('}');
    }
    out.push(']');
}

/// Adds the operations that turn the document of `old` into that of `new` to `out`.
///
/// `None` stands for the empty object. Every changed member is named, also where replacing what
/// it is in would be shorter: a reader sees what changed. What is replaced as a whole all the
/// same: data, when naming its members takes more than 1,024 bytes and more than the new object;
/// what lies deeper than 16; and an object in which no path may name the members, because two
/// have the same name or one is `__proto__` or `prototype`, which JavaScript clients refuse.
pub fn object_patch(old: Option<&Object>, new: Option<&Object>, out: &mut String) {
    let document =
        |object: Option<&Object>| object.map_or_else(|| EMPTY_OBJECT.to_owned(), Object::to_json);
    let (old, new) = (document(old), document(new));
    let patch = document_patch(&old, &new)
        .or_else(|| diff(&old, &new, DATA, usize::MAX).ok())
        .expect("no text is longer than usize::MAX");
    out.push_str(&patch);
}

/// The operations that turn `old` into `new`, two documents in compact JSON, named as finely as
/// [`object_patch`] does it; `None` when they take more than 1,024 bytes and more than `new`.
///
/// ```
/// # use monoxide_protocol::document_patch;
/// let patch = document_patch(r#"{"rows":[1,2]}"#, r#"{"rows":[1,3]}"#);
/// assert_eq!(patch.as_deref(), Some(r#"[{"op":"replace","path":"/rows/1","value":3}]"#));
/// ```
#[must_use]
pub fn document_patch(old: &str, new: &str) -> Option<String> {
    diff(old, new, DEPTH, SMALL_PATCH.max(new.len())).ok()
}
