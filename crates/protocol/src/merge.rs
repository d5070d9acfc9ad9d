//! ooo's PATCH: a recursive merge, which is neither RFC 6902 nor RFC 7396.

use serde_json::{Map, Value};

/// Why a patch cannot be merged. Nothing of it is applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// The patch is no object, so it does not say what to change.
    #[error("merge: patch must be an object")]
    PatchNotObject,
    /// What is stored has neither members nor elements.
    #[error("merge: the stored value is neither an object nor an array")]
    NothingToMerge,
    /// Objects may only be merged with objects. Names are joined by dots.
    #[error("{}", .0.iter().map(|key| format!("merge: patch value must be object for key {key:?}")).collect::<Vec<_>>().join("\n"))]
    ObjectExpected(Vec<String>),
}

/// Merges `patch` into `current`.
///
/// Objects are merged member by member, an object changes the elements of an array by their
/// index, and anything else replaces what was there; `null` sets null. Members of the result are
/// sorted by name.
///
/// # Errors
///
/// [`MergeError`], and then nothing is merged.
///
/// ```
/// # use monoxide_protocol::merge;
/// use serde_json::json;
///
/// assert_eq!(merge(json!({"a": 1, "b": 2}), json!({"a": 9}))?, json!({"a": 9, "b": 2}));
/// assert_eq!(merge(json!([1, 2, 3]), json!({"1": 9}))?, json!([1, 9, 3]));
/// assert!(merge(json!({"a": {"x": 1}}), json!({"a": 5})).is_err());
/// # Ok::<(), monoxide_protocol::MergeError>(())
/// ```
pub fn merge(mut current: Value, patch: Value) -> Result<Value, MergeError> {
    let Value::Object(patch) = patch else { return Err(MergeError::PatchNotObject) };
    let mut wrong = Vec::new();
    match &mut current {
        Value::Object(members) => merge_members(members, patch, "", &mut wrong),
        Value::Array(elements) => merge_elements(elements, patch, "", &mut wrong),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err(MergeError::NothingToMerge);
        }
    }
    if !wrong.is_empty() {
        return Err(MergeError::ObjectExpected(wrong));
    }
    current.sort_all_objects();
    Ok(current)
}

fn merge_members(
    members: &mut Map<String, Value>,
    patch: Map<String, Value>,
    at: &str,
    wrong: &mut Vec<String>,
) {
    for (name, value) in patch {
        match members.get_mut(&name) {
            Some(member) => merge_value(member, value, &join(at, &name), wrong),
            None => _ = members.insert(name, value),
        }
    }
}

/// An index that is not in the array is passed over, as ooo does.
fn merge_elements(
    elements: &mut [Value],
    patch: Map<String, Value>,
    at: &str,
    wrong: &mut Vec<String>,
) {
    for (index, value) in patch {
        let element = index.parse().ok().and_then(|index: usize| elements.get_mut(index));
        if let Some(element) = element {
            merge_value(element, value, &join(at, &index), wrong);
        }
    }
}

fn merge_value(current: &mut Value, patch: Value, at: &str, wrong: &mut Vec<String>) {
    match (current, patch) {
        (Value::Object(members), Value::Object(patch)) => merge_members(members, patch, at, wrong),
        (Value::Object(_), _) => wrong.push(at.to_owned()),
        (Value::Array(elements), Value::Object(patch)) => {
            merge_elements(elements, patch, at, wrong);
        }
        (current, patch) => *current = patch,
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}
