//! ooo's PATCH: a recursive merge, which is neither RFC 6902 nor RFC 7396.

use serde_json::{Map, Value};

/// How many bytes of names an error has, about. A patch of 10 MiB can have 500,000 wrong members
/// under one long name, and all their names together would fill the memory.
const NAMED: usize = 1024;

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
    /// Objects may only be merged with objects. The first names are told, joined by dots.
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
    let mut merge = Merge { at: String::new(), wrong: Vec::new(), room: NAMED };
    match &mut current {
        Value::Object(members) => merge.members(members, patch),
        Value::Array(elements) => merge.elements(elements, patch),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err(MergeError::NothingToMerge);
        }
    }
    if !merge.wrong.is_empty() {
        return Err(MergeError::ObjectExpected(merge.wrong));
    }
    current.sort_all_objects();
    Ok(current)
}

struct Merge {
    /// The names that lead here, joined by dots.
    at: String,
    /// Where an object was expected.
    wrong: Vec<String>,
    /// How many bytes of names are still to be written down in `wrong`.
    room: usize,
}

impl Merge {
    fn members(&mut self, members: &mut Map<String, Value>, patch: Map<String, Value>) {
        for (name, value) in patch {
            match members.get_mut(&name) {
                Some(member) => self.below(&name, member, value),
                None => _ = members.insert(name, value),
            }
        }
    }

    /// An index that is not in the array is passed over, as ooo does.
    fn elements(&mut self, elements: &mut [Value], patch: Map<String, Value>) {
        for (index, value) in patch {
            let element = index.parse().ok().and_then(|index: usize| elements.get_mut(index));
            if let Some(element) = element {
                self.below(&index, element, value);
            }
        }
    }

    fn below(&mut self, name: &str, current: &mut Value, patch: Value) {
        let here = self.at.len();
        if here > 0 {
            self.at.push('.');
        }
        self.at.push_str(name);
        self.value(current, patch);
        self.at.truncate(here);
    }

    fn value(&mut self, current: &mut Value, patch: Value) {
        match (current, patch) {
            (Value::Object(members), Value::Object(patch)) => self.members(members, patch),
            (Value::Object(_), _) => self.name_wrong(),
            (Value::Array(elements), Value::Object(patch)) => self.elements(elements, patch),
            (current, patch) => *current = patch,
        }
    }

    fn name_wrong(&mut self) {
        if self.room > 0 {
            self.wrong.push(self.at.clone());
            self.room = self.room.saturating_sub(self.at.len() + 1);
        }
    }
}
