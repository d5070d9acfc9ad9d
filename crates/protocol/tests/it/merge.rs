//! ooo's PATCH, row by row, and what it never does.

use monoxide_protocol::{MergeError, merge};
use proptest::{collection::btree_map, prelude::*};
use serde_json::{Value, json};

use crate::any_json;

/// Compares texts, because the order of members is part of the promise.
#[track_caller]
fn check(current: &str, patch: &str, expected: Result<&str, &str>) {
    let value = |text| crate::json(text).to_value();
    let merged = merge(value(current), value(patch));
    let said = merged.map(|value| value.to_string()).map_err(|error| error.to_string());
    assert_eq!(said, expected.map(str::to_owned).map_err(str::to_owned));
}

#[test]
fn members_are_set_and_added_and_come_out_sorted() {
    check(r#"{"a":1,"b":2}"#, r#"{"a":9,"c":3}"#, Ok(r#"{"a":9,"b":2,"c":3}"#));
    check(
        r#"{"b":{"z":1,"a":2},"a":[{"y":1,"x":2}]}"#,
        "{}",
        Ok(r#"{"a":[{"x":2,"y":1}],"b":{"a":2,"z":1}}"#),
    );
}

#[test]
fn null_sets_null_and_nothing_can_be_removed() {
    check(r#"{"a":1}"#, r#"{"a":null}"#, Ok(r#"{"a":null}"#));
}

#[test]
fn objects_are_merged_all_the_way_down() {
    check(
        r#"{"a":{"x":1,"y":{"z":1}}}"#,
        r#"{"a":{"y":{"w":3}}}"#,
        Ok(r#"{"a":{"x":1,"y":{"w":3,"z":1}}}"#),
    );
}

#[test]
fn an_object_is_only_merged_with_an_object() {
    let wrong = r#"merge: patch value must be object for key "a""#;
    for value in ["5", "null", "[1]", r#""s""#, "true"] {
        check(r#"{"a":{"x":1},"b":1}"#, &format!(r#"{{"a":{value},"b":6}}"#), Err(wrong));
    }
}

#[test]
fn every_wrong_member_is_named_with_the_names_above_it() {
    let current = r#"{"a":{"b":{}},"c":{},"d":[{"e":{}},{}]}"#;
    let wrong = [r#""a.b""#, r#""c""#, r#""d.0.e""#, r#""d.1""#]
        .map(|key| format!("merge: patch value must be object for key {key}"));
    check(current, r#"{"a":{"b":1},"c":2,"d":{"0":{"e":3},"1":4}}"#, Err(&wrong.join("\n")));
}

/// 10 MiB of patch can be wrong half a million times, each time under a name of 5 MiB.
#[test]
fn an_error_names_no_more_than_about_a_kilobyte() {
    let name = "n".repeat(400);
    let many = |value: Value| -> Value {
        (0..100)
            .map(|i| (format!("{name}{i:03}"), value.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };

    let error = merge(many(json!({})), many(json!(1))).unwrap_err();
    assert!(matches!(error, MergeError::ObjectExpected(names) if names.len() == 3));
}

#[test]
fn scalars_null_and_arrays_are_replaced() {
    check(r#"{"a":5}"#, r#"{"a":{"x":1}}"#, Ok(r#"{"a":{"x":1}}"#));
    check(r#"{"a":null}"#, r#"{"a":{"x":1}}"#, Ok(r#"{"a":{"x":1}}"#));
    check(r#"{"a":[1,2,3]}"#, r#"{"a":[9]}"#, Ok(r#"{"a":[9]}"#));
    check(r#"{"a":[1,2,3]}"#, r#"{"a":5}"#, Ok(r#"{"a":5}"#));
}

#[test]
fn an_object_changes_the_elements_of_an_array() {
    check(r#"{"a":[1,2,3]}"#, r#"{"a":{"1":9}}"#, Ok(r#"{"a":[1,9,3]}"#));
    check("[1,2,3]", r#"{"0":9}"#, Ok("[9,2,3]"));
    check(r#"[{"x":{"y":1}}]"#, r#"{"0":{"x":{"z":2}}}"#, Ok(r#"[{"x":{"y":1,"z":2}}]"#));
}

#[test]
fn an_index_that_is_not_there_is_passed_over() {
    check(
        r#"{"a":[1]}"#,
        r#"{"a":{"1":9,"-1":9,"x":9,"":9,"99999999999999999999":9}}"#,
        Ok(r#"{"a":[1]}"#),
    );
}

/// ooo answers 200 and does nothing, so the writer never learns.
#[test]
fn what_cannot_be_merged_is_an_error() {
    for patch in ["[]", "5", r#""s""#, "null", r#"[{"op":"remove","path":"/a"}]"#] {
        check(r#"{"a":1}"#, patch, Err("merge: patch must be an object"));
        check("[1]", patch, Err("merge: patch must be an object"));
    }
    for current in ["5", "null", r#""s""#, "true"] {
        check(current, "{}", Err("merge: the stored value is neither an object nor an array"));
    }
}

#[test]
fn numbers_keep_their_digits() {
    check(
        r#"{"a":1.10,"b":12345678901234567890}"#,
        r#"{"c":2.0}"#,
        Ok(r#"{"a":1.10,"b":12345678901234567890,"c":2.0}"#),
    );
}

/// What RFC 7396 makes of the same, where both agree: objects of objects and scalars, no null.
fn model(current: &Value, patch: &Value) -> Value {
    let mut merged = current.clone();
    json_patch::merge(&mut merged, patch);
    merged
}

fn any_scalars() -> impl Strategy<Value = Value> {
    let scalar =
        prop_oneof![any::<i8>().prop_map(Value::from), any::<bool>().prop_map(Value::from)];
    btree_map("[a-d]", scalar, 0..4).prop_map(|members| json!(members))
}

proptest! {
    #[test]
    fn merging_never_panics_and_keeps_to_the_rules(current in any_json(), patch in any_json()) {
        let (current, patch) = (current.to_value(), patch.to_value());
        let is_object = patch.is_object();
        let is_container = current.is_object() || current.is_array();

        match merge(current, patch) {
            Ok(_) => prop_assert!(is_object && is_container),
            Err(MergeError::PatchNotObject) => prop_assert!(!is_object),
            Err(MergeError::NothingToMerge) => prop_assert!(is_object && !is_container),
            Err(MergeError::ObjectExpected(names)) => prop_assert!(!names.is_empty()),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn an_empty_patch_changes_nothing_but_the_order_of_members(current in any_json()) {
        let current = current.to_value();
        if current.is_object() || current.is_array() {
            prop_assert_eq!(merge(current.clone(), json!({})).unwrap(), current);
        }
    }

    #[test]
    fn members_of_the_result_are_sorted(current in any_json(), patch in any_json()) {
        if let Ok(merged) = merge(current.to_value(), patch.to_value()) {
            let mut sorted = merged.clone();
            sorted.sort_all_objects();
            prop_assert_eq!(merged.to_string(), sorted.to_string());
        }
    }

    #[test]
    fn merging_twice_is_merging_once(current in any_scalars(), patch in any_scalars()) {
        let once = merge(current, patch.clone()).unwrap();
        prop_assert_eq!(merge(once.clone(), patch).unwrap(), once);
    }

    #[test]
    fn objects_of_scalars_are_merged_as_rfc_7396_has_it(current in any_scalars(), patch in any_scalars()) {
        let expected = model(&current, &patch);
        prop_assert_eq!(merge(current, patch).unwrap(), expected);
    }
}
