//! A copy that hears every message equals the original.

use monoxide_protocol::{
    EMPTY_OBJECT, Kind, Message, Object, Replica, Version, encode, object_patch,
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::{any_json, json, object, patch, snapshot};

/// A copy at version 5 of this document.
fn copy_of(document: &Value) -> Replica {
    let mut copy = Replica::default();
    copy.apply(snapshot(5, &document.to_string())).unwrap();
    copy
}

/// A message that does not fit leaves everything as it was and says why.
#[track_caller]
fn check_refused(copy: &Replica, message: Message, why: &str) {
    let mut after = copy.clone();
    let error = after.apply(message).unwrap_err().to_string();

    assert_eq!(error, why);
    assert_eq!(after.document(), copy.document());
    assert_eq!(after.version(), copy.version());
}

#[test]
fn a_new_copy_knows_nothing() {
    let copy = Replica::default();
    assert_eq!((copy.document(), copy.version()), (None, None));
}

#[test]
fn a_copy_cannot_begin_with_a_patch() {
    let why = "the patch to version 1 does not fit the copy: there is no copy yet";
    check_refused(&Replica::default(), patch(1, "[]"), why);
}

#[test]
fn versions_of_patches_grow() {
    let copy = copy_of(&json!([1]));

    let why = "the patch to version 5 does not fit the copy: the copy is at version 5 already";
    check_refused(&copy, patch(5, r#"[{"op":"remove","path":"/0"}]"#), why);
    let why = "the patch to version 4 does not fit the copy: the copy is at version 5 already";
    check_refused(&copy, patch(4, r#"[{"op":"remove","path":"/0"}]"#), why);

    let mut copy = copy;
    copy.apply(patch(6, r#"[{"op":"remove","path":"/0"}]"#)).unwrap();
    assert_eq!((copy.document(), copy.version()), (Some(&json!([])), Some(Version::new(6))));
}

/// A server that lost its state begins again, with lower versions.
#[test]
fn a_snapshot_always_fits() {
    let mut copy = copy_of(&json!([1]));
    copy.apply(snapshot(2, "[2]")).unwrap();
    assert_eq!((copy.document(), copy.version()), (Some(&json!([2])), Some(Version::new(2))));
}

#[test]
fn a_patch_that_does_not_fit_is_taken_back_whole() {
    let copy = copy_of(&json!({"a": [1], "b": {}}));
    let operations = r#"[{"op":"add","path":"/a/0","value":0},{"op":"replace","path":"/b","value":1},
        {"op":"remove","path":"/a"},{"op":"remove","path":"/none"}]"#;
    let why = "the patch to version 6 does not fit the copy: \
               operation '/3' failed at path '/none': path is invalid";
    check_refused(&copy, patch(6, operations), why);
}

/// `json_patch` panics when it takes this `move` back.
#[test]
fn operations_that_the_wire_does_not_have_are_refused() {
    let copy = copy_of(&json!({"a": {"b": 1}}));
    let why = "the patch to version 6 does not fit the copy: \
               it does more than add, replace and remove";

    for operation in [
        r#"{"op":"move","from":"/a","path":""}"#,
        r#"{"op":"copy","from":"/a","path":"/c"}"#,
        r#"{"op":"test","path":"/a","value":{"b":1}}"#,
    ] {
        let operations = format!(r#"[{operation},{{"op":"remove","path":"/none"}}]"#);
        let patch = serde_json::from_str(&operations).unwrap();
        check_refused(&copy, Message::Patch { version: Version::new(6), patch }, why);
    }
}

/// The states of one key over time, and which of them are sent as snapshots.
fn any_states() -> impl Strategy<Value = Vec<(Option<Object>, bool)>> {
    let state = (0..3_u64, 0..3_u64, any_json())
        .prop_map(|(created, updated, data)| object("a/b", created, updated, data.as_str()));
    vec((prop::option::weighted(0.8, state), prop::bool::weighted(0.2)), 1..8)
}

/// Operations that may or may not fit.
fn any_operations() -> impl Strategy<Value = String> {
    let path = select(&["", "/a", "/b", "/0", "/1", "/-", "/a/0", "/a/-", "/b/a", "/0/a"][..]);
    let operation = (select(&["add", "replace", "remove"][..]), path, any_json()).prop_map(
        |(op, path, value)| format!(r#"{{"op":"{op}","path":"{path}","value":{value:?}}}"#),
    );
    vec(operation, 0..6).prop_map(|operations| format!("[{}]", operations.join(",")))
}

proptest! {
    #[test]
    fn a_copy_that_hears_every_message_equals_the_original(states in any_states()) {
        let mut copy = Replica::default();
        let mut before: Option<Option<&Object>> = None;

        for (number, (state, as_snapshot)) in (1..).zip(&states) {
            let (version, state) = (Version::new(number), state.as_ref());
            let document = state.map_or_else(|| EMPTY_OBJECT.to_owned(), Object::to_json);
            let text = match before {
                Some(old) if !as_snapshot => {
                    encode(Kind::Patch, version, 0, |out| object_patch(old, state, out))
                }
                _ => encode(Kind::Snapshot, version, 0, |out| out.push_str(&document)),
            };
            copy.apply(Message::decode(&text).unwrap()).unwrap();

            prop_assert_eq!(copy.document(), Some(&json(&document).to_value()));
            prop_assert_eq!(copy.version(), Some(version));
            before = Some(state);
        }
    }

    #[test]
    fn a_patch_is_applied_whole_or_not_at_all(document in any_json(), operations in any_operations()) {
        let original = copy_of(&document.to_value());
        let mut copy = original.clone();

        match copy.apply(patch(6, &operations)) {
            Ok(()) => prop_assert_eq!(copy.version(), Some(Version::new(6))),
            Err(_) => {
                prop_assert_eq!(copy.document(), original.document());
                prop_assert_eq!(copy.version(), original.version());
            }
        }
    }
}
