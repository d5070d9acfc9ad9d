//! What changed: the operations that the wire has, and no others.

use insta::assert_snapshot;
use monoxide_protocol::{EMPTY_OBJECT, ListChange, Object, Replica, list_patch, object_patch};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

use crate::{any_json, deepest, may_stand_in_a_script, object, patch, snapshot};

fn object_patch_of(old: Option<&Object>, new: Option<&Object>) -> String {
    let mut out = String::new();
    object_patch(old, new, &mut out);
    out
}

/// What a rewrite from `old` to `new` tells subscribers.
fn rewrite(old: &str, new: &str) -> String {
    object_patch_of(Some(&object("a/b", 7, 8, old)), Some(&object("a/b", 7, 8, new)))
}

fn list_patch_of(changes: &[ListChange<'_>]) -> String {
    let mut out = String::new();
    list_patch(changes, &mut out);
    out
}

fn document(object: Option<&Object>) -> String {
    object.map_or_else(|| EMPTY_OBJECT.to_owned(), Object::to_json)
}

/// What a subscriber that has `document` has after `operations`.
#[track_caller]
fn patched(document: &str, operations: &str) -> Value {
    let mut copy = Replica::default();
    copy.apply(snapshot(1, document)).unwrap();
    copy.apply(patch(2, operations)).unwrap();
    copy.document().unwrap().clone()
}

#[track_caller]
fn check(old: Option<&Object>, new: Option<&Object>) {
    let operations = object_patch_of(old, new);

    let expected = patched(&document(new), "[]");
    assert_eq!(patched(&document(old), &operations), expected, "after {operations}");
}

#[track_caller]
fn check_rewrite(old: &str, new: &str) {
    check(Some(&object("a/b", 7, 8, old)), Some(&object("a/b", 7, 8, new)));
}

#[test]
fn an_update_names_what_changed() {
    let old = object("obj", 1, 0, r#"{"a":1,"b":[1,2]}"#);
    let new = object("obj", 1, 2, r#"{"a":2,"b":[1,2]}"#);
    assert_snapshot!(object_patch_of(Some(&old), Some(&new)), @r#"[{"op":"replace","path":"/updated","value":2},{"op":"replace","path":"/data/a","value":2}]"#);
}

#[test]
fn the_same_data_again_changes_only_the_time() {
    let old = object("obj", 1, 2, r#"{"a":1}"#);
    let new = object("obj", 1, 3, r#"{"a":1}"#);
    assert_snapshot!(object_patch_of(Some(&old), Some(&new)), @r#"[{"op":"replace","path":"/updated","value":3}]"#);
}

#[test]
fn nothing_changed_is_no_operation() {
    assert_snapshot!(rewrite(r#"{"a":1}"#, r#"{"a":1}"#), @"[]");
    assert_snapshot!(rewrite(r#"{"a":1,"b":{}}"#, r#"{"b":{},"a":1}"#), @"[]");
    assert_snapshot!(object_patch_of(None, None), @"[]");
}

#[test]
fn members_come_and_go() {
    assert_snapshot!(rewrite(r#"{"a":1,"b":2}"#, r#"{"b":2,"c":{"d":1}}"#), @r#"[{"op":"add","path":"/data/c","value":{"d":1}},{"op":"remove","path":"/data/a"}]"#);
}

#[test]
fn data_of_another_type_is_replaced() {
    assert_snapshot!(rewrite(r#"{"a":1}"#, "5"), @r#"[{"op":"replace","path":"/data","value":5}]"#);
    assert_snapshot!(rewrite("[1]", r#"{"0":1}"#), @r#"[{"op":"replace","path":"/data","value":{"0":1}}]"#);
}

#[test]
fn a_delete_leads_to_the_empty_object() {
    let old = object("a/b", 7, 8, r#"{"x":1}"#);
    assert_snapshot!(object_patch_of(Some(&old), None), @r#"[{"op":"replace","path":"/created","value":0},{"op":"replace","path":"/updated","value":0},{"op":"replace","path":"/index","value":""},{"op":"remove","path":"/data/x"},{"op":"remove","path":"/path"}]"#);

    let never_updated = object("a/b", 7, 0, "{}");
    assert_snapshot!(object_patch_of(Some(&never_updated), None), @r#"[{"op":"replace","path":"/created","value":0},{"op":"replace","path":"/index","value":""},{"op":"remove","path":"/path"}]"#);
}

#[test]
fn a_create_starts_from_the_empty_object() {
    let new = object("a/b", 7, 0, r#"{"x":1}"#);
    assert_snapshot!(object_patch_of(None, Some(&new)), @r#"[{"op":"replace","path":"/created","value":7},{"op":"replace","path":"/index","value":"b"},{"op":"add","path":"/path","value":"a/b"},{"op":"add","path":"/data/x","value":1}]"#);
}

/// ooo compared arrays as sets, and its clients were left with `[1,3]`.
#[test]
fn arrays_are_compared_by_position() {
    assert_snapshot!(rewrite("[1,2,3]", "[3,1]"), @r#"[{"op":"replace","path":"/data/0","value":3},{"op":"replace","path":"/data/1","value":1},{"op":"remove","path":"/data/2"}]"#);
    assert_snapshot!(rewrite("[1]", "[1,2,3]"), @r#"[{"op":"add","path":"/data/1","value":2},{"op":"add","path":"/data/2","value":3}]"#);
}

/// Removed from the front, 100,000 elements would cost a reader seconds.
#[test]
fn arrays_shrink_from_the_end() {
    assert_snapshot!(rewrite("[1,2,3,4]", "[1]"), @r#"[{"op":"remove","path":"/data/3"},{"op":"remove","path":"/data/2"},{"op":"remove","path":"/data/1"}]"#);
}

#[test]
fn names_are_escaped_for_the_pointer_and_for_json() {
    let old = r#"{"a/b":1,"a~1b":1,"\u007e":1,"\"":1,"<":1,"":1,"é\n":1}"#;
    let new = old.replace('1', "2").replace("~2", "~1");
    assert_snapshot!(rewrite(old, &new), @r#"[{"op":"replace","path":"/data/a~1b","value":2},{"op":"replace","path":"/data/a~01b","value":2},{"op":"replace","path":"/data/~0","value":2},{"op":"replace","path":"/data/\"","value":2},{"op":"replace","path":"/data/\u003c","value":2},{"op":"replace","path":"/data/","value":2},{"op":"replace","path":"/data/é\n","value":2}]"#);
}

#[test]
fn numbers_and_strings_are_sent_as_they_were_written() {
    assert_snapshot!(rewrite(r#"[1,"a"]"#, r#"[1.0E3,"\u0061<"]"#), @r#"[{"op":"replace","path":"/data/0","value":1.0E3},{"op":"replace","path":"/data/1","value":"\u0061\u003c"}]"#);
}

#[test]
fn members_of_one_name_are_replaced_with_what_they_are_in() {
    let (old, new) = (r#"{"x":{"a":1,"a":2},"y":1}"#, r#"{"x":{"a":2,"a":3},"y":2}"#);
    assert_snapshot!(rewrite(old, new), @r#"[{"op":"replace","path":"/data/x","value":{"a":2,"a":3}},{"op":"replace","path":"/data/y","value":2}]"#);
    assert_snapshot!(rewrite(r#"{"a":1,"\u0061":2}"#, r#"{"a":1}"#), @r#"[{"op":"replace","path":"/data","value":{"a":1}}]"#);
    check_rewrite(old, new);
}

/// `fast-json-patch` throws at `__proto__` and at `constructor/prototype` in a path.
#[test]
fn no_path_has_a_name_that_javascript_clients_refuse() {
    let (old, new) = (r#"{"__proto__":{"a":1}}"#, r#"{"__proto__":{"a":2}}"#);
    assert_snapshot!(rewrite(old, new), @r#"[{"op":"replace","path":"/data","value":{"__proto__":{"a":2}}}]"#);
    let (old, new) = (r#"{"constructor":{}}"#, r#"{"constructor":{"prototype":1}}"#);
    assert_snapshot!(rewrite(old, new), @r#"[{"op":"replace","path":"/data/constructor","value":{"prototype":1}}]"#);
}

#[test]
fn data_is_replaced_when_naming_every_change_takes_longer() {
    let numbers = |from: u32, to: u32| json!((from..to).collect::<Vec<_>>()).to_string();

    assert_snapshot!(rewrite(&numbers(0, 1000), "[]"), @r#"[{"op":"replace","path":"/data","value":[]}]"#);
    assert!(rewrite(&numbers(0, 10), &numbers(10, 20)).len() > numbers(10, 20).len());
    let long = numbers(1000, 2000);
    let whole = format!(r#"[{{"op":"replace","path":"/data","value":{long}}}]"#);
    assert_eq!(rewrite(&numbers(0, 1000), &long), whole);
    let end = long.replace("1999", "0");
    assert_snapshot!(rewrite(&long, &end), @r#"[{"op":"replace","path":"/data/999","value":0}]"#);
}

#[test]
fn what_changes_deep_down_is_replaced_from_the_sixteenth_level() {
    let operations = rewrite(&deepest("1"), &deepest("2"));

    assert!(operations.contains(r#""path":"/data/a/0/a/0/a/0/a/0/a/0/a/0/a/0/a","value":[{"a""#));
    check_rewrite(&deepest("1"), &deepest("2"));
    check_rewrite("1", &deepest("2"));
}

#[test]
fn list_changes_are_said_by_position() {
    let one = object("books/1", 1, 0, r#"{"t":"<"}"#);
    let changes = [ListChange::Remove(2), ListChange::Add(0, &one), ListChange::Replace(10, &one)];
    assert_snapshot!(list_patch_of(&changes), @r#"[{"op":"remove","path":"/2"},{"op":"add","path":"/0","value":{"created":1,"updated":0,"index":"1","path":"books/1","data":{"t":"\u003c"}}},{"op":"replace","path":"/10","value":{"created":1,"updated":0,"index":"1","path":"books/1","data":{"t":"\u003c"}}}]"#);
    assert_snapshot!(list_patch_of(&[]), @"[]");
}

fn any_object() -> impl Strategy<Value = Option<Object>> {
    let object = ("(a|b)(/a)?", 0..3_u64, 0..3_u64, any_json())
        .prop_map(|(key, created, updated, data)| object(&key, created, updated, data.as_str()));
    prop::option::weighted(0.9, object)
}

/// Arrays whose elements repeat, so that one looks like a shifted other.
fn any_numbers(length: usize) -> impl Strategy<Value = String> {
    vec(0..4_u8, 0..length).prop_map(|numbers| json!({"list": numbers}).to_string())
}

proptest! {
    #[test]
    fn the_patch_leads_from_the_old_document_to_the_new(old in any_object(), new in any_object()) {
        check(old.as_ref(), new.as_ref());
    }

    #[test]
    fn arrays_that_shrink_grow_and_turn_end_equal(old in any_numbers(8), new in any_numbers(8)) {
        check_rewrite(&old, &new);
    }

    #[test]
    fn long_data_ends_equal(old in any_numbers(900), new in any_numbers(900)) {
        check_rewrite(&old, &new);
    }

    #[test]
    fn only_three_operations_are_sent_and_only_where_documents_differ(
        old in any_object(),
        new in any_object(),
    ) {
        let operations = object_patch_of(old.as_ref(), new.as_ref());

        for operation in serde_json::from_str::<Vec<Value>>(&operations).unwrap() {
            let op = operation["op"].as_str().unwrap();
            prop_assert!(["add", "replace", "remove"].contains(&op), "{}", operation);
            prop_assert_eq!(operation.get("value").is_none(), op == "remove");
            let path: Vec<&str> = operation["path"].as_str().unwrap().split('/').collect();
            let members = ["created", "updated", "index", "path", "data"];
            prop_assert!(path[0].is_empty() && members.contains(&path[1]), "{}", operation);
            prop_assert!(path.len() == 2 || path[1] == "data", "{}", operation);
            let refused = path.contains(&"__proto__") || path.contains(&"prototype");
            prop_assert!(!refused, "{}", operation);
        }
    }

    #[test]
    fn a_patch_is_small_or_not_much_longer_than_the_document(
        old in any_numbers(2000),
        new in any_numbers(2000),
    ) {
        let operations = rewrite(&old, &new);
        prop_assert!(operations.len() <= (new.len() + 200).max(1100), "{}", operations.len());
    }

    #[test]
    fn a_patch_may_stand_in_a_script(old in any_object(), new in any_object()) {
        let operations = object_patch_of(old.as_ref(), new.as_ref());
        prop_assert!(may_stand_in_a_script(&operations));
    }

    #[test]
    fn a_list_that_hears_its_changes_equals_the_list(
        changes in vec((0..3_u8, any::<Index>(), 0..100_u64), 0..12),
    ) {
        let mut list: Vec<Object> = Vec::new();
        let mut copy = Replica::default();
        copy.apply(snapshot(1, "[]")).unwrap();

        for (version, (kind, at, created)) in (2..).zip(changes) {
            let new = object("books/dune", created, 0, "{}");
            let change = match kind {
                0 if !list.is_empty() => {
                    let at = at.index(list.len());
                    list.remove(at);
                    ListChange::Remove(at)
                }
                1 if !list.is_empty() => {
                    let at = at.index(list.len());
                    list[at] = new.clone();
                    ListChange::Replace(at, &new)
                }
                _ => {
                    let at = at.index(list.len() + 1);
                    list.insert(at, new.clone());
                    ListChange::Add(at, &new)
                }
            };
            copy.apply(patch(version, &list_patch_of(&[change]))).unwrap();

            let objects: Vec<String> = list.iter().map(Object::to_json).collect();
            let expected: Value = serde_json::from_str(&format!("[{}]", objects.join(","))).unwrap();
            prop_assert_eq!(copy.document(), Some(&expected));
        }
    }
}
