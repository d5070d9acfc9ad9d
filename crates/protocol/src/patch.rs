//! What changed, as RFC 6902 has it.

use json_patch::PatchOperation;
use serde_json::Value;

use crate::{EMPTY_OBJECT, Object};

/// Patches up to this many bytes name each changed member, also where `replace /data` would be
/// shorter: a reader sees what changed. Above it the shorter form is sent.
const SMALL_PATCH: usize = 1024;

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
/// `None` stands for the empty object. Where a tree cannot hold the data exactly (duplicate
/// members), or naming every changed member takes longer than the data itself, the data is
/// replaced as a whole.
pub fn object_patch(old: Option<&Object>, new: Option<&Object>, out: &mut String) {
    match by_member(old, new) {
        Some(patch) if patch.len() <= SMALL_PATCH => out.push_str(&patch),
        Some(patch) => {
            let whole = replace_data(old, new);
            out.push_str(if whole.len() < patch.len() { &whole } else { &patch });
        }
        None => out.push_str(&replace_data(old, new)),
    }
}

/// The operations that name each changed member, or `None` when a tree would lose something.
fn by_member(old: Option<&Object>, new: Option<&Object>) -> Option<String> {
    let patch = json_patch::diff(&document(old)?, &document(new)?);
    serde_json::to_string(&patch).ok()
}

/// The operations that replace `data` as a whole, and the rest by member.
fn replace_data(old: Option<&Object>, new: Option<&Object>) -> String {
    let head = |object: Option<&Object>| {
        let mut value = match object {
            Some(object) => Object { data: crate::Json::from(&Value::Null), ..object.clone() }
                .to_exact_value()
                .unwrap_or_default(),
            None => serde_json::from_str(EMPTY_OBJECT).unwrap_or_default(),
        };
        if let Some(data) = value.get_mut("data") {
            *data = Value::Null;
        }
        value
    };
    let mut operations: Vec<String> = json_patch::diff(&head(old), &head(new))
        .0
        .iter()
        .map(|operation: &PatchOperation| operation.to_string())
        .collect();
    let data = new.map_or("{}", |object| object.data.as_str());
    operations.push(format!(r#"{{"op":"replace","path":"/data","value":{data}}}"#));
    format!("[{}]", operations.join(","))
}

fn document(object: Option<&Object>) -> Option<Value> {
    match object {
        Some(object) => object.to_exact_value(),
        None => serde_json::from_str(EMPTY_OBJECT).ok(),
    }
}
