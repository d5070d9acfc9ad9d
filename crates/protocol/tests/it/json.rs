//! What is let in as JSON, and how it is kept.

use monoxide_protocol::{Json, JsonError};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

use crate::{any_text, may_stand_in_a_script};

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(crate::json(text).as_str(), expected);
}

#[track_caller]
fn check_refused(bytes: impl AsRef<[u8]>, is_expected: impl Fn(&JsonError) -> bool) {
    let bytes = bytes.as_ref();
    let said = Json::parse(bytes);
    let text = String::from_utf8_lossy(bytes);
    assert!(said.as_ref().is_err_and(is_expected), "{text:?} gives {said:?}");
}

#[test]
fn blanks_between_tokens_go_and_those_in_strings_stay() {
    check(" \t\r\n{ \"a b\" : [ 1 , \" \\t\" ] }\n", r#"{"a b":[1," \t"]}"#);
    check("[\n]", "[]");
    check(" 1 ", "1");
}

#[test]
fn what_was_written_stays_as_it_was_written() {
    check(r#"{"b":1,"a":2,"b":3}"#, r#"{"b":1,"a":2,"b":3}"#);
    check("[1.10,1e3,1E+03,-0,1e999]", "[1.10,1e3,1E+03,-0,1e999]");
    check("12345678901234567890123", "12345678901234567890123");
    check(r#""\u0041\/\ud83d\ude00é😀""#, r#""\u0041\/\ud83d\ude00é😀""#);
}

#[test]
fn what_could_end_a_script_is_escaped_once() {
    check(r#"{"<":"</script>&"}"#, r#"{"\u003c":"\u003c/script\u003e\u0026"}"#);
    check("\"\u{2028}\u{2029}\"", r#""\u2028\u2029""#);
    check(r#""\u003c\\u003c\\<""#, r#""\u003c\\u003c\\\u003c""#);
}

#[test]
fn values_may_be_nested_128_deep_and_no_deeper() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));

    check(&nested(128), &nested(128));
    check(&crate::deepest("1"), &crate::deepest("1"));
    check_refused(nested(129), |error| matches!(error, JsonError::TooDeep));
    check_refused(crate::deepest("[]"), |error| matches!(error, JsonError::TooDeep));
    check(&format!("[{}]", vec!["[]"; 200].join(",")), &format!("[{}]", vec!["[]"; 200].join(",")));
    check(&format!("\"{}\"", "[".repeat(200)), &format!("\"{}\"", "[".repeat(200)));
}

#[test]
fn nothing_and_blanks_are_no_value() {
    for text in ["", " ", "\r\n\t "] {
        check_refused(text, |error| matches!(error, JsonError::Empty));
    }
}

#[test]
fn what_ooo_let_in_by_mistake_is_refused() {
    let texts = [
        "{bad",
        "[1,2",
        "\"abc",
        "tru",
        "NaN",
        "{'a':1}",
        "{\"a\":1,}",
        "[1,]",
        "01",
        "-",
        "1.",
        ".5",
        "+1",
        "1e",
        "\u{feff}1",
        "\"\n\"",
        "\"\0\"",
        "\"\t\"",
        r#""\x""#,
        r#""\u12g4""#,
        "{\"a\"}",
        "{a:1}",
        "{1:1}",
        "/**/1",
        "\u{a0}1",
        "123abc",
        "{\"a\":1} junk",
        "[1]]",
        "1 2",
    ];
    for text in texts {
        check_refused(text, |error| matches!(error, JsonError::Syntax(_)));
    }
    for bytes in [&b"\"\xff\""[..], b"\"\xed\xa0\x80\"", b"\xff", b"1\xff"] {
        check_refused(bytes, |error| matches!(error, JsonError::Syntax(_)));
    }
}

#[test]
fn half_of_a_surrogate_pair_is_refused() {
    let halves = [
        r#""\ud800""#,
        r#""\udfff""#,
        r#""\ude00\ud83d""#,
        r#""\ud83d\ud83d\ude00""#,
        r#""\ud83dx""#,
        r#""\ud83d\n""#,
        r#""\ud83d\u0041""#,
        r#"{"\uD83D":1}"#,
    ];
    for text in halves {
        check_refused(text, |error| matches!(error, JsonError::Surrogate));
    }
    check(r#""\\ud800""#, r#""\\ud800""#);
    check(r#""\uD83D\uDE00""#, r#""\uD83D\uDE00""#);
}

/// `serde_json` takes such an object for a number, or for what its text says: a copy would not be
/// what was written, or no copy at all.
#[test]
fn a_member_cannot_pass_for_something_else() {
    let reserved = [
        r#"{"$serde_json::private::Number":"1"}"#,
        r#"[{"a":1,"$serde_json::private::Number" : "x"}]"#,
        r#"{"$serde_json::private::RawValue":"{\"a\":1}"}"#,
        r#"{"\u0024serde_json::private::RawValue":"{\"a\":1}"}"#,
    ];
    for text in reserved {
        check_refused(text, |error| matches!(error, JsonError::Reserved(_)));
    }
    check(r#"["$serde_json::private::Number"]"#, r#"["$serde_json::private::Number"]"#);
}

#[test]
fn refusals_say_why() {
    let why = |text: &str| Json::parse(text.as_bytes()).unwrap_err().to_string();

    assert_eq!(why(" "), "there is no value");
    assert_eq!(why("01"), "invalid number at line 1 column 2");
    assert_eq!(why(&"[".repeat(129)), "EOF while parsing a list at line 1 column 129");
    assert_eq!(why(&crate::deepest("[]")), "the value is nested deeper than 128");
    assert_eq!(why(r#""\ud800""#), "a string has half of a surrogate pair (RFC 7493, 2.1)");
    assert_eq!(
        why(r#"{"$serde_json::private::Number":1}"#),
        "a member may not be called `$serde_json::private::Number`"
    );
}

#[test]
fn of_members_with_one_name_a_tree_has_the_last() {
    let twice = crate::json(r#"{"a":1,"b":[{"c":2,"\u0063":3}]}"#);

    assert_eq!(twice.to_value(), json!({"a": 1, "b": [{"c": 3}]}));
    assert_eq!(twice.to_exact_value(), None);
}

#[test]
fn a_tree_that_is_too_deep_does_not_become_json() {
    let value = (0..129).fold(Value::Null, |inner, _| json!([inner]));
    assert!(matches!(Json::try_from(&value), Err(JsonError::TooDeep)));
}

#[test]
fn data_in_an_object_goes_through_the_same_door() {
    let read = |text: &str| serde_json::from_str::<Json>(text);

    assert_eq!(read(r#" { "a" : "<" } "#).unwrap().as_str(), r#"{"a":"\u003c"}"#);
    assert!(read(&crate::deepest("[]")).is_err());
    assert!(read(r#""\ud800""#).is_err());
}

proptest! {
    #[test]
    fn parsing_never_panics(bytes: Vec<u8>) {
        let _ = Json::parse(&bytes);
    }

    #[test]
    fn parsing_never_panics_on_what_looks_like_json(text in r#"[\[\]{}:," \\u0d89ent.-]{0,20}"#) {
        let _ = Json::parse(text.as_bytes());
    }

    #[test]
    fn what_is_kept_is_kept_again_as_it_is((text, _) in any_text()) {
        let once = crate::json(&text);
        let again = crate::json(once.as_str());
        prop_assert_eq!(again.as_str(), once.as_str());
    }

    #[test]
    fn what_is_kept_means_what_was_written((text, _) in any_text()) {
        let written: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(crate::json(&text).to_value(), written);
    }

    #[test]
    fn what_is_kept_may_stand_in_a_script((text, _) in any_text()) {
        let json = crate::json(&text);
        prop_assert!(may_stand_in_a_script(json.as_str()));
    }

    #[test]
    fn a_tree_is_exact_unless_a_name_stands_twice((text, twice) in any_text()) {
        let json = crate::json(&text);
        let exact = (!twice).then(|| json.to_value());
        prop_assert_eq!(json.to_exact_value(), exact);
    }

    #[test]
    fn a_tree_and_its_json_mean_the_same((text, _) in any_text()) {
        let value = crate::json(&text).to_value();
        prop_assert_eq!(Json::try_from(&value).unwrap().to_value(), value);
    }

    #[test]
    fn broken_json_is_refused_and_nothing_else_is(
        (text, _) in any_text(),
        breaks in vec((any::<Index>(), any::<u8>(), 0..3_u8), 0..3),
    ) {
        let mut bytes = text.into_bytes();
        for (at, byte, kind) in breaks {
            let at = at.index(bytes.len() + 1);
            match kind {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => _ = bytes.remove(at),
                _ => bytes.truncate(at),
            }
        }

        let is_json = serde_json::from_slice::<Value>(&bytes).is_ok();
        prop_assert_eq!(Json::parse(&bytes).is_ok(), is_json);
    }
}
