//! PATCH in each of its languages, by the tables of those who made them.

use monoxide_testkit::TestServer;
use serde_json::Value;

use crate::ask::{ask, line};

/// The cases of <https://github.com/json-patch/json-patch-tests> (Apache-2.0), in one line each:
/// document, patch, and what comes out; nothing where the patch has to be refused.
const JSON_PATCH: &str = include_str!("json_patch.txt");

/// RFC 7396, appendix A.
const MERGE_PATCH: &[(&str, &str, &str)] = &[
    (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
    (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
    (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
    (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
    (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
    (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
    (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
    (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
    (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
    (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
    (r#"{"a":"foo"}"#, "null", "null"),
    (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
    (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
    ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
    ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    (
        // Section 3.
        r#"{"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"tags":["example","sample"],"content":"This will be unchanged"}"#,
        r#"{"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"tags":["example"]}"#,
        r#"{"title":"Hello!","author":{"givenName":"John"},"tags":["example"],"content":"This will be unchanged","phoneNumber":"+01-123-456-7890"}"#,
    ),
];

async fn patched(server: &TestServer, kind: &str, document: &str, patch: &str) -> (u16, Value) {
    assert_eq!(server.request("POST", "/thing", document).await.status, 200);
    let kind = format!("Content-Type: {kind}\r\n");
    let answer = ask(server, "PATCH", "/thing", &kind, patch).await;
    let thing = server.engine().get(&"thing".parse().unwrap()).unwrap();
    (answer.status, thing.data.to_value())
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_merge_patch_does_what_rfc_7396_says() {
    let server = TestServer::start().await;
    for (document, patch, expected) in MERGE_PATCH {
        let kind = "application/merge-patch+json";
        let (status, result) = patched(&server, kind, document, patch).await;
        assert_eq!((status, result), (200, value(expected)), "{document} + {patch}");
    }
}

#[tokio::test]
async fn a_json_patch_does_what_rfc_6902_says_or_nothing_at_all() {
    let server = TestServer::start().await;
    let mut cases = 0;
    for case in JSON_PATCH.lines().filter(|line| !line.starts_with('#')) {
        let (document, rest) = case.split_once('\t').unwrap();
        let (patch, expected) = rest.split_once('\t').unwrap();
        let kind = "application/json-patch+json";
        let (status, result) = patched(&server, kind, document, patch).await;
        let want = match expected {
            "" => (400, value(document)),
            expected => (200, value(expected)),
        };
        assert_eq!((status, result), want, "{document} + {patch}");
        cases += 1;
    }
    assert_eq!(cases, 104);
}

/// `json_patch::patch` panics over the first: taking back a move to the root.
#[tokio::test]
async fn what_fails_half_way_changes_nothing() {
    let server = TestServer::start().await;
    for (document, patch) in [
        (
            r#"{"a":{"b":1}}"#,
            r#"[{"op":"move","from":"/a","path":""},{"op":"test","path":"/b","value":2}]"#,
        ),
        (r#"{"a":1}"#, r#"[{"op":"remove","path":"/a"},{"op":"remove","path":"/a"}]"#),
        (r#"{"a":{"b":1}}"#, r#"[{"op":"move","from":"/a","path":"/a/b/c"}]"#),
    ] {
        let (status, result) =
            patched(&server, "application/json-patch+json", document, patch).await;
        assert_eq!((status, result), (400, value(document)), "{patch}");
    }
}

#[tokio::test]
async fn what_is_no_json_patch_is_refused_before_anything() {
    let server = TestServer::start().await;
    for body in ["{}", "5", r#"[{"op":"add"}]"#, r#"[{"op":"add","path":"a","value":1}]"#, "[1]"] {
        let (status, result) =
            patched(&server, "application/json-patch+json", r#"{"a":1}"#, body).await;
        assert_eq!((status, result), (400, value(r#"{"a":1}"#)), "{body}");
    }
    let kind = "Content-Type: application/json-patch+json\r\n";
    let answer = ask(&server, "PATCH", "/thing", kind, "[{]").await;
    assert_eq!(answer.status, 400);
    let answer = ask(&server, "PATCH", "/nothing", kind, "[]").await;
    insta::assert_snapshot!(line(&answer), @"404 ooo: not found");
}

#[tokio::test]
async fn a_type_may_have_parameters_and_capitals_and_any_other_is_a_merge() {
    let server = TestServer::start().await;
    let patch = r#"{"a":null}"#;
    for (kind, expected) in [
        ("application/merge-patch+json; charset=utf-8", "{}"),
        ("Application/Merge-Patch+JSON", "{}"),
        ("application/json", r#"{"a":null}"#),
        ("text/plain", r#"{"a":null}"#),
    ] {
        let (status, result) = patched(&server, kind, r#"{"a":1}"#, patch).await;
        assert_eq!((status, result), (200, value(expected)), "{kind}");
    }
}
