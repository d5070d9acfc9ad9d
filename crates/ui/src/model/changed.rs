//! What somebody changed, so that only that is saved, and two changes can be put together.

use serde_json::{Map, Value};

/// The JSON Merge Patch (RFC 7396) that makes `new` of `old`; `None` when none does, because a
/// member became `null`, or the whole is no object.
///
/// ```
/// # use monoxide_ui::model::merge_patch;
/// use serde_json::json;
///
/// let (old, new) = (json!({"a": 1, "b": {"c": 2}, "d": 3}), json!({"a": 1, "b": {"c": 9}}));
/// assert_eq!(merge_patch(&old, &new), Some(json!({"b": {"c": 9}, "d": null})));
/// assert_eq!(merge_patch(&json!({"a": 1}), &json!({"a": null})), None);
/// ```
#[must_use]
pub fn merge_patch(old: &Value, new: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return None };
    members_patch(old, new).map(Value::Object)
}

fn members_patch(old: &Map<String, Value>, new: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut patch = Map::new();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, value) in new {
        let change = match (old.get(name), value) {
            (Some(was), now) if was == now => continue,
            (Some(Value::Object(was)), Value::Object(now)) => {
                Value::Object(members_patch(was, now)?)
            }
            // A patch leaves members of an object out that are null in it.
            (_, now) if has_null(now) => return None,
            (_, now) => now.clone(),
        };
        patch.insert(name.clone(), change);
    }
    Some(patch)
}

/// Whether a member of the value, or the value itself, is null; elements of arrays do not matter.
fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

/// What both have changed of `base`, put together; `None` when both changed the same place.
///
/// ```
/// # use monoxide_ui::model::together;
/// use serde_json::json;
///
/// let base = json!({"title": "Dune", "pages": 412});
/// let (mine, theirs) = (json!({"title": "Dune!", "pages": 412}), json!({"title": "Dune", "pages": 413}));
/// assert_eq!(together(&base, &mine, &theirs), Some(json!({"title": "Dune!", "pages": 413})));
/// assert_eq!(together(&base, &json!({"title": "D"}), &json!({"title": "E"})), None);
/// ```
#[must_use]
pub fn together(base: &Value, mine: &Value, theirs: &Value) -> Option<Value> {
    match (base, mine, theirs) {
        _ if mine == theirs || base == mine => Some(theirs.clone()),
        _ if base == theirs => Some(mine.clone()),
        (Value::Object(base), Value::Object(mine), Value::Object(theirs)) => {
            let mut merged = Map::new();
            let names = theirs.keys().chain(mine.keys().filter(|it| !theirs.contains_key(*it)));
            for name in names {
                let value = match (base.get(name), mine.get(name), theirs.get(name)) {
                    (Some(base), Some(mine), Some(theirs)) => Some(together(base, mine, theirs)?),
                    (base, mine, theirs) if base == mine || mine == theirs => theirs.cloned(),
                    (base, mine, theirs) if base == theirs => mine.cloned(),
                    _ => return None,
                };
                merged.extend(value.map(|value| (name.clone(), value)));
            }
            Some(Value::Object(merged))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn applied(old: &Value, patch: &Value) -> Value {
        let Value::Object(patch) = patch else { return patch.clone() };
        let mut members = old.as_object().cloned().unwrap_or_default();
        for (name, change) in patch {
            match change {
                Value::Null => _ = members.shift_remove(name),
                change => {
                    let was = members.get(name).cloned().unwrap_or_default();
                    members.insert(name.clone(), applied(&was, change));
                }
            }
        }
        Value::Object(members)
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(json!(null)), (0..3_i32).prop_map(Value::from), Just(json!("x"))];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::hash_map("[ab~/]{1,2}", inner, 0..4)
                    .prop_map(|it| Value::Object(it.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_merge_patch_makes_the_new_of_the_old(old in value(), new in value()) {
            if let Some(patch) = merge_patch(&old, &new) {
                prop_assert_eq!(applied(&old, &patch), new);
            }
        }

        #[test]
        fn who_changed_nothing_gets_what_the_other_has(base in value(), other in value()) {
            prop_assert_eq!(together(&base, &base, &other), Some(other.clone()));
            prop_assert_eq!(together(&base, &other, &base), Some(other));
        }
    }

    #[test]
    fn one_takes_a_member_away_and_the_other_adds_one() {
        let base = json!({"a": 1, "b": {"c": 2}});
        let (mine, theirs) = (json!({"b": {"c": 2}}), json!({"a": 1, "b": {"c": 2, "d": 3}}));
        assert_eq!(together(&base, &mine, &theirs), Some(json!({"b": {"c": 2, "d": 3}})));
    }

    #[test]
    fn one_takes_away_what_the_other_changes() {
        assert_eq!(together(&json!({"a": 1}), &json!({}), &json!({"a": 2})), None);
    }
}
