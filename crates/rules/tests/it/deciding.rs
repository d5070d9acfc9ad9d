//! What expressions say, and which of them decides.

use monoxide_engine::{Asked, Identity, Inputs, Operation, Rules as _};
use monoxide_protocol::Json;
use serde_json::{Value, json as value};

use super::{ann, glob, key, may, reading, rules};

/// Whether ann may read `books/dune`, that holds `old`.
#[track_caller]
fn check(expression: &str, old: Value, expected: bool) {
    let rules = reading(expression);
    let may = may(&rules, &ann(), Operation::Read, "books/dune", Some(old), None);
    assert_eq!((may, rules.errors()), (expected, 0), "{expression}");
}

#[test]
fn an_expression_knows_who_asks_where_and_what_is_there() {
    for expression in [
        r#"account == "ann""#,
        "signed_in",
        r#"role == "editor""#,
        r#"role == "writer""#,
        r#""editor" == role"#,
        r#"role != "admin""#,
        r#"role in ["admin", "editor"]"#,
        r#""editor" in roles"#,
        r#""admin" !in roles"#,
        "roles.len() == 2",
        r#"segments[0] == "books" && segments[-1] == "dune""#,
        r#"key == "books/dune""#,
        r#"key.starts_with("books/") && key.ends_with("une")"#,
        "old.owner == account",
        "old.pages > 400 && old.pages % 2 == 0",
        r#"old.by.name == "Frank""#,
        r#"old.by["name"] == "Frank""#,
        r#""sf" in old.tags && old.tags.contains("old") && old.tags.len() == 2"#,
        r#"old.tags == ["sf", "old"]"#,
        r#""pages" in old"#,
        "old.public && old.new == 1 && old.type == 2",
        "old.nothing == () && old.missing == ()",
        r#"old.missing?.further ?? "x" == "x""#,
        "new == ()",
        "(old.price < 10 || old.price > 11.5) && !(old.price == 10)",
    ] {
        let by = value!({"name": "Frank"});
        let old = value!({
            "owner": "ann", "pages": 412, "by": by, "tags": ["sf", "old"], "nothing": null,
            "price": 12.5, "public": true, "new": 1, "type": 2,
        });
        check(expression, old, true);
    }
}

#[test]
fn what_is_compared_with_something_of_another_kind_is_not_equal() {
    for expression in [
        "old.owner == account",
        "old.pages == 5",
        "old == account",
        r#"account in old.tags"#,
        "old.list == old.pages",
        "role == old.owner",
        r#"role == "admin""#,
    ] {
        let old = value!({"owner": 5, "pages": "5", "tags": [["ann"], 1, null], "list": [5]});
        check(expression, old, false);
    }
}

#[test]
fn whoever_has_no_account_is_nobody() {
    let nobody = Identity::anonymous();
    let may_read = |expression: &str, old: Value| {
        may(&reading(expression), &nobody, Operation::Read, "a", Some(old), None)
    };
    assert!(!may_read("signed_in", value!(1)));
    assert!(!may_read(r#"role == """#, value!(1)));
    assert!(!may_read(r#"account == "" || account == "null""#, value!(1)));
    assert!(may_read("account == ()", value!(1)));
    assert!(
        may_read("old.owner == account", value!({})),
        "what belongs to nobody is nobody's: docs/rules.md says to ask for `signed_in` first"
    );
}

#[test]
fn what_cannot_be_evaluated_is_refused_and_counted() {
    for expression in [
        "segments[7] == account",
        "old.owner.name == account",
        r#"old.owner > 5 + "x".len() / 0"#,
        "old.owner",
        "account + 1 == 5",
        "!old.owner",
        "old.owner.starts_with(5)",
    ] {
        let rules = reading(expression);
        for n in 1..=2 {
            let may = may(&rules, &ann(), Operation::Read, "a", Some(value!({"owner": 5})), None);
            assert_eq!((may, rules.errors()), (false, n), "{expression}");
        }
    }
}

#[test]
fn a_number_beyond_all_numbers_equals_nothing_not_even_what_is_missing() {
    let rules = reading("old.limit == () || old.limit < 5");
    for (number, expected) in [("3", true), ("null", true), ("7", false), ("1e999", false)] {
        let old = Json::parse(format!(r#"{{"limit":{number}}}"#).as_bytes()).unwrap();
        let (identity, key) = (&ann(), &key("a"));
        let asked = Asked { identity, operation: Operation::Read, key, old: Some(&old), new: None };
        assert_eq!(rules.decide(&asked).is_allowed, expected, "{number}");
    }
    assert_eq!(rules.errors(), 1);
}

#[test]
fn an_expression_that_takes_too_many_operations_is_refused_and_costs_no_more() {
    let hostile = format!("\"x\" in [{}]", vec!["account"; 100_000].join(","));
    let rules = reading(&hostile);

    assert!(!may(&rules, &ann(), Operation::Read, "a", None, None));

    assert_eq!(rules.errors(), 1);
    let explanation = rules.explain(&Asked {
        identity: &ann(),
        operation: Operation::Read,
        key: &key("a"),
        old: None,
        new: None,
    });
    assert!(explanation.text.contains("more than 1000 operations"), "{}", explanation.text.len());
}

#[test]
fn large_data_is_read_only_where_the_expression_looks() {
    let old = value!({
        "owner": "ann", "text": "x".repeat(1_000_000), "deep": {"er": vec![1; 10_000]},
    });
    check("old.owner == account", old.clone(), true);
    check("old.text.len() == 1000000 && old.deep.er.len() == 10000", old.clone(), true);
    check(r#""text" in old && old["owner"] == account"#, old, true);
}

#[test]
fn the_most_specific_path_that_says_something_decides() {
    let rules = rules(
        r#"
        ["**"]
        read = 'role == "admin"'
        write = 'role == "admin"'
        ["books/*"]
        read = 'true'
        list = 'signed_in'
        update = 'new.title == old.title'
        ["books/secret"]
        read = 'false'
        ["books/*/pages/**"]
        delete = 'segments[1] == account'
        "#,
    );
    let (nobody, admin) = (Identity::anonymous(), Identity::account("root", ["admin"]));
    let may = |who: &Identity, operation, at| {
        let title = || Some(value!({"title": "Dune"}));
        may(&rules, who, operation, at, title(), title())
    };
    assert!(may(&nobody, Operation::Read, "books/dune"));
    assert!(!may(&nobody, Operation::List, "books/dune"), "list has a rule of its own");
    assert!(may(&ann(), Operation::List, "books/dune"));
    assert!(may(&nobody, Operation::Watch, "books/dune"), "reading is also about watching");
    assert!(!may(&nobody, Operation::WatchItem, "books/dune"));
    assert!(!may(&admin, Operation::Read, "books/secret"), "a name is before a star");
    assert!(!may(&admin, Operation::List, "books/secret"));
    assert!(may(&nobody, Operation::Update, "books/dune"));
    assert!(!may(&ann(), Operation::Create, "books/dune"), "that is for `**` to say");
    assert!(may(&admin, Operation::Delete, "books/dune"));
    assert!(may(&ann(), Operation::Delete, "books/ann/pages/1/2"));
    assert!(!may(&admin, Operation::Delete, "books/ann/pages/1"));
    assert!(may(&admin, Operation::Read, &vec!["a"; 100].join("/")));
}

#[test]
fn what_no_rule_is_about_nobody_may() {
    let rules = rules("['books/*']\nread = 'true'");
    let admin = Identity::account("root", ["admin"]);
    for (operation, at) in [
        (Operation::Read, "other"),
        (Operation::Read, "books/dune/pages"),
        (Operation::Create, "books/dune"),
        (Operation::Update, "books/dune"),
        (Operation::Delete, "books/dune"),
    ] {
        assert!(!may(&rules, &admin, operation, at, Some(value!(1)), Some(value!(1))));
    }
    let none = super::rules("");
    assert!(!may(&none, &admin, Operation::Read, "books/dune", None, None));
}

#[test]
fn what_decides_about_reading_is_known_beforehand() {
    let rules = rules(
        r#"
        ["**"]
        read = 'signed_in'
        write = 'account == "root"'
        ["books/*"]
        list = 'role == "editor"'
        ["users/*/**"]
        watch = 'segments[1] == account'
        "#,
    );
    let signed_in = Inputs { signed_in: true, ..Inputs::default() };
    assert_eq!(rules.inputs(Some(&glob("games/*"))), signed_in);
    assert_eq!(rules.inputs(Some(&glob("books/*"))), Inputs { roles: true, ..signed_in });
    let own = Inputs { account: true, ..signed_in };
    assert_eq!(rules.inputs(Some(&glob("*/ann/x"))), own);
    assert_eq!(rules.inputs(None), Inputs { roles: true, account: true, signed_in: true });
}
