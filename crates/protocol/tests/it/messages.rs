//! Every message as it is on the wire.

use insta::assert_snapshot;
use monoxide_protocol::{
    EMPTY_OBJECT, Json, Kind, ListChange, Message, Object, Version, encode, list_patch,
    object_patch,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{any_json, deepest, object};

const VERSION: Version = Version::new(0x18e9_e3e2_64ba_0945);

fn snapshot(document: &str) -> String {
    encode(Kind::Snapshot, VERSION, document.len(), |out| out.push_str(document))
}

fn patch(changes: &[ListChange<'_>]) -> String {
    encode(Kind::Patch, VERSION, 0, |out| list_patch(changes, out))
}

fn dune() -> Object {
    object("books/dune", 1_795_216_331_200_612_975, 0, r#"{ "pages": 412 }"#)
}

#[track_caller]
fn check_refused(text: &str, why: &str) {
    let error = Message::decode(text).unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn a_subscriber_of_a_key_is_told_the_object() {
    assert_snapshot!(snapshot(&dune().to_json()), @r#"{"snapshot":true,"version":"18e9e3e264ba0945","data":{"created":1795216331200612975,"updated":0,"index":"dune","path":"books/dune","data":{"pages":412}}}"#);
}

#[test]
fn a_subscriber_of_a_missing_key_is_told_the_empty_object() {
    assert_snapshot!(snapshot(EMPTY_OBJECT), @r#"{"snapshot":true,"version":"18e9e3e264ba0945","data":{"created":0,"updated":0,"index":"","data":{}}}"#);
}

#[test]
fn a_subscriber_of_a_list_is_told_the_objects() {
    assert_snapshot!(snapshot("[]"), @r#"{"snapshot":true,"version":"18e9e3e264ba0945","data":[]}"#);
    assert_snapshot!(snapshot(&format!("[{}]", dune().to_json())), @r#"{"snapshot":true,"version":"18e9e3e264ba0945","data":[{"created":1795216331200612975,"updated":0,"index":"dune","path":"books/dune","data":{"pages":412}}]}"#);
}

#[test]
fn an_insert_an_update_and_a_delete_are_one_operation_each() {
    assert_snapshot!(patch(&[ListChange::Add(1, &dune())]), @r#"{"snapshot":false,"version":"18e9e3e264ba0945","data":[{"op":"add","path":"/1","value":{"created":1795216331200612975,"updated":0,"index":"dune","path":"books/dune","data":{"pages":412}}}]}"#);
    assert_snapshot!(patch(&[ListChange::Replace(1, &dune())]), @r#"{"snapshot":false,"version":"18e9e3e264ba0945","data":[{"op":"replace","path":"/1","value":{"created":1795216331200612975,"updated":0,"index":"dune","path":"books/dune","data":{"pages":412}}}]}"#);
    assert_snapshot!(patch(&[ListChange::Remove(1)]), @r#"{"snapshot":false,"version":"18e9e3e264ba0945","data":[{"op":"remove","path":"/1"}]}"#);
}

#[test]
fn an_insert_and_its_eviction_are_one_message() {
    assert_snapshot!(patch(&[ListChange::Remove(2), ListChange::Add(0, &dune())]), @r#"{"snapshot":false,"version":"18e9e3e264ba0945","data":[{"op":"remove","path":"/2"},{"op":"add","path":"/0","value":{"created":1795216331200612975,"updated":0,"index":"dune","path":"books/dune","data":{"pages":412}}}]}"#);
}

#[test]
fn a_change_of_an_object_names_its_members() {
    let changed =
        object("books/dune", dune().created, 1_795_216_331_302_353_093, r#"{"pages":500}"#);
    let text =
        encode(Kind::Patch, VERSION, 0, |out| object_patch(Some(&dune()), Some(&changed), out));
    assert_snapshot!(text, @r#"{"snapshot":false,"version":"18e9e3e264ba0945","data":[{"op":"replace","path":"/updated","value":1795216331302353093},{"op":"replace","path":"/data/pages","value":500}]}"#);
}

#[test]
fn newer_objects_stand_first_in_a_list_and_equals_by_key() {
    let mut list =
        [("a/c", 1), ("a/b", 2), ("a/a", 1), ("a/B", 2)].map(|(key, at)| object(key, at, 9, "1"));
    list.sort_by(Object::list_order);

    assert_eq!(list.map(|object| object.key.to_string()), ["a/B", "a/b", "a/a", "a/c"]);
}

#[test]
fn a_reader_gets_the_numbers_that_were_sent() {
    let message = Message::decode(&snapshot(&dune().to_json())).unwrap();

    let Message::Snapshot { version, document } = message else { panic!("{message:?}") };
    assert_eq!(version, VERSION);
    assert_eq!(document["created"], json!(1_795_216_331_200_612_975_u64));
}

#[test]
fn members_may_come_in_any_order_and_unknown_ones_are_passed_over() {
    let message =
        Message::decode(r#" {"data": [], "new": 1, "version": "1f", "snapshot": false} "#);
    assert_eq!(message.unwrap(), crate::patch(31, "[]"));
}

#[test]
fn what_is_no_message_says_why() {
    check_refused("", "EOF");
    check_refused("null", "invalid type: null");
    check_refused("1795216592268589282", "invalid type");
    check_refused("{}", "missing field `snapshot`");
    check_refused(r#"{"snapshot":true,"version":"1"}"#, "missing field `data`");
    check_refused(r#"{"snapshot":true,"version":"1F","data":1}"#, "`1F` is not a version");
    check_refused(r#"{"snapshot":true,"version":31,"data":1}"#, "expected a string");
    check_refused(r#"{"snapshot":1,"version":"1","data":1}"#, "expected a boolean");
    check_refused(r#"{"snapshot":true,"version":"1","data":1} 2"#, "trailing characters");
    check_refused(r#"{"snapshot":true,"version":"1","data":01}"#, "invalid number");
    check_refused(r#"{"snapshot":true,"version":"1","data":"\ud800"}"#, "hex escape");
}

#[test]
fn what_is_no_patch_says_why() {
    let patch = |data: &str| format!(r#"{{"snapshot":false,"version":"1","data":{data}}}"#);

    check_refused(&patch("{}"), "expected a sequence");
    check_refused(&patch("[1]"), "invalid type");
    check_refused(&patch(r#"[{"op":"add","path":"/a"}]"#), "missing field `value`");
    check_refused(&patch(r#"[{"op":"remove"}]"#), "missing field `path`");
    check_refused(&patch(r#"[{"op":"remove","path":"a"}]"#), "slash");
    check_refused(&patch(r#"[{"op":"remove","path":"/~2"}]"#), "malformed");
    check_refused(&patch(r#"[{"op":"grow","path":"/a"}]"#), "adds, replaces or removes");
    check_refused(&patch(r#"[{"op":"move","from":"/a","path":""}]"#), "adds, replaces or removes");
}

#[test]
fn the_deepest_data_is_read_in_a_list_and_in_a_patch() {
    let deep = object("books/dune", 1, 2, &deepest("1"));

    let list = Message::decode(&snapshot(&format!("[{}]", deep.to_json()))).unwrap();
    let Message::Snapshot { document, .. } = list else { panic!("{list:?}") };
    assert_eq!(document[0]["data"], deep.data.to_value());

    let added = Message::decode(&patch(&[ListChange::Add(0, &deep)])).unwrap();
    let Message::Patch { patch, .. } = added else { panic!("{added:?}") };
    assert_eq!(json!(patch)[0]["value"]["data"], deep.data.to_value());
}

#[test]
fn a_long_list_is_not_a_deep_one() {
    let list = format!("[{}]", vec![dune().to_json(); 300].join(","));

    let Message::Snapshot { document, .. } = Message::decode(&snapshot(&list)).unwrap() else {
        panic!("a snapshot is no patch")
    };
    assert_eq!(document.as_array().map(Vec::len), Some(300));
}

#[test]
fn a_message_without_end_to_its_depth_is_refused() {
    let endless = snapshot(&"[".repeat(1_000_000));
    check_refused(&endless, "nested deeper");
    let endless = snapshot(&r#"{"a":"#.repeat(1_000_000));
    check_refused(&endless, "nested deeper");
}

proptest! {
    #[test]
    fn a_snapshot_is_read_as_it_was_written(number: u64, data in any_json()) {
        let version = Version::new(number);
        let text = encode(Kind::Snapshot, version, 0, |out| out.push_str(data.as_str()));

        let message = Message::decode(&text).unwrap();
        prop_assert_eq!(message.version(), version);
        prop_assert_eq!(message, Message::Snapshot { version, document: data.to_value() });
    }

    #[test]
    fn a_patch_is_read_as_it_was_written(number: u64, data in any_json()) {
        let version = Version::new(number);
        let new = object("a/b", 1, 2, data.as_str());
        let text = encode(Kind::Patch, version, 0, |out| object_patch(None, Some(&new), out));

        let message = Message::decode(&text).unwrap();
        prop_assert_eq!(message.version(), version);
        let Message::Patch { patch, .. } = message else { panic!("{message:?}") };
        let sent: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&json!(patch), &sent["data"]);
    }

    #[test]
    fn an_object_is_read_as_it_was_written(created: u64, updated: u64, data in any_json()) {
        let written = object("books/dune", created, updated, data.as_str());
        prop_assert_eq!(serde_json::from_str::<Object<Json>>(&written.to_json()).unwrap(), written);
    }

    #[test]
    fn an_object_is_no_longer_than_it_says(created: u64, updated: u64, key in "[a-z]{1,9}(/[a-z]{1,9}){0,3}") {
        let object = object(&key, created, updated, "{}");
        prop_assert!(object.to_json().len() <= object.encoded_len());
    }

    #[test]
    fn reading_never_panics(text: String) {
        let _ = Message::decode(&text);
    }

    #[test]
    fn reading_operations_never_panics(data in r#"[\[\]{}:," ]{0,6}"#, json in any_json()) {
        for data in [data.as_str(), json.as_str()] {
            let _ = Message::decode(&format!(r#"{{"snapshot":false,"version":"1","data":{data}}}"#));
            let operation = format!(r#"[{{"op":"add","path":{data},"value":{data}}}]"#);
            let _ = Message::decode(&format!(r#"{{"snapshot":false,"version":"1","data":{operation}}}"#));
        }
    }
}
