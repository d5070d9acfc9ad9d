//! What each request is answered, by ooo's table: status, headers, body, and what it changed.

use std::collections::BTreeSet;

use monoxide_engine::list_json;
use monoxide_testkit::{Answer, TestServer};
use serde_json::{Value, json};

/// Status, type and body in one line.
fn line(answer: &Answer) -> String {
    let kind = answer.header("content-type").unwrap_or("-");
    format!("{} {kind} {}", answer.status, answer.text().escape_debug())
}

/// A server with a few objects, and a picture of all that it keeps.
async fn server() -> (TestServer, String) {
    let server = TestServer::start().await;
    for (key, data) in [
        ("thing", r#"{"a":1,"b":2}"#),
        ("number", "5"),
        ("array", "[1,2,3]"),
        ("deep", r#"{"a":{"x":1,"y":{"z":1}},"b":1,"c":[1,2]}"#),
        ("books/dune", r#"{"pages":412}"#),
        ("books/emma", r#"{"pages":474}"#),
        ("users/ann/posts/1", "1"),
        ("users/bob/posts/1", "2"),
    ] {
        assert_eq!(server.request("POST", &format!("/{key}"), data).await.status, 200);
    }
    let picture = picture(&server);
    (server, picture)
}

fn picture(server: &TestServer) -> String {
    let all = ["*", "*/*", "*/*/*", "*/*/*/*"];
    all.map(|glob| list_json(&server.engine().list(&glob.parse().unwrap()).unwrap())).join("\n")
}

/// The request is answered so, and changes nothing.
#[track_caller]
fn check_refused(
    (server, before): &(TestServer, String),
    request: (&str, &str, &str),
    answer: &Answer,
    expected: &str,
) {
    assert_eq!(line(answer), expected, "{request:?}");
    assert_eq!(&picture(server), before, "{request:?} was refused and changed something");
}

async fn refuses(cases: &[(&str, &str, &str, &str)]) {
    let server = server().await;
    for &(method, target, body, expected) in cases {
        let answer = server.0.request(method, target, body).await;
        check_refused(&server, (method, target, body), &answer, expected);
    }
}

/// ooo's own texts, in ooo's own type.
const PLAIN: &str = "text/plain; charset=utf-8";

fn plain(status: u16, text: &str) -> String {
    format!("{status} {PLAIN} {text}")
}

async fn refuses_all(requests: &[(&str, &str, &str)], status: u16, text: &str) {
    let expected = plain(status, text);
    let cases: Vec<_> = requests
        .iter()
        .map(|&(method, target, body)| (method, target, body, expected.as_str()))
        .collect();
    refuses(&cases).await;
}

const METHODS: [&str; 4] = ["GET", "POST", "PATCH", "DELETE"];

async fn refuses_every_method(targets: &[&str], status: u16, text: &str) {
    for method in METHODS {
        let requests: Vec<_> = targets.iter().map(|&target| (method, target, "{}")).collect();
        refuses_all(&requests, status, text).await;
    }
}

#[tokio::test]
async fn an_address_outside_the_key_alphabet_is_no_page() {
    let outside = [
        "/a%20b",
        "/a@b",
        "/a:b",
        "/a+b",
        "/a~b",
        "/a,b",
        "/a$b",
        "/%C3%A9",
        "/%FF",
        "/a%00b",
        "/a;b",
        "/a%",
        "/a%2",
        "/thing%0A",
        "/(a)",
        "/a=b",
        "/%2a%25",
        "/books/d%2Cune",
    ];
    refuses_every_method(&outside, 404, "404 page not found\\n").await;
    let odd: Vec<_> = ["PUT", "OPTIONS", "TRACE", "FOO"].map(|it| (it, "/a@b", "")).into();
    refuses_all(&odd, 404, "404 page not found\\n").await;
}

#[tokio::test]
async fn a_key_that_breaks_a_rule_is_refused_by_every_method() {
    let invalid = [
        "/a//b", "/a/**", "/a/", "/-a", "/a-", "/_a", "/a_", "/.a", "/a.", "//a", "//", "/-", "/.",
        "/*/", "/***",
    ];
    refuses_every_method(&invalid, 400, "ooo: key is not valid").await;
    refuses_all(&[("PUT", "/a//b", ""), ("FOO", "/_a", "")], 400, "ooo: key is not valid").await;
}

/// ooo takes each of these for the name of an object (Q21).
#[tokio::test]
async fn a_segment_of_dots_is_not_a_name() {
    let dots = ["/a/../b", "/a/./b", "/a/%2e%2e/b", "/../thing", "/books/..", "/x/../../etc"];
    refuses_every_method(&dots, 400, "ooo: key is not valid").await;
}

/// ooo stores the first, and lists but never patches the others (Q6, Q21).
#[tokio::test]
async fn a_star_that_is_not_a_whole_segment_is_refused() {
    let invalid = "ooo: key is not valid";
    refuses_all(&[("POST", "/lit*", "1"), ("POST", "/a/b*", "1")], 400, invalid).await;
    for method in ["GET", "PATCH", "DELETE"] {
        refuses_all(&[(method, "/lit*", "{}"), (method, "/a*b", "{}")], 400, invalid).await;
    }
    let placed = "key: glob pattern must be at the end of the path";
    refuses_all(&[("POST", "/a*b", "1"), ("POST", "/*a", "1")], 400, placed).await;
}

#[tokio::test]
async fn a_push_goes_to_a_list_with_its_one_star_at_the_end() {
    let placed = "key: glob pattern must be at the end of the path";
    refuses_all(&[("POST", "/a/*/b", "1"), ("POST", "/*/a", "1")], 400, placed).await;
    let several = "key: contains more than one glob pattern";
    refuses_all(&[("POST", "/a/*/b/*", "1"), ("POST", "/*/*", "1")], 400, several).await;
}

#[tokio::test]
async fn a_pattern_cannot_be_patched() {
    let refused = "ooo: glob pattern not allowed for this operation";
    refuses_all(&[("PATCH", "/books/*", "{}"), ("PATCH", "/*", "{}")], 400, refused).await;
    refuses_all(&[("PATCH", "/users/*/posts/*", "{}")], 400, refused).await;
    let missing = "ooo: not found";
    refuses_all(&[("PATCH", "/users/*/posts", "{}"), ("PATCH", "/*/a", "{}")], 404, missing).await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    refuses_all(&[("GET", "/nothing", ""), ("GET", "/books", "")], 404, "ooo: empty key").await;
    refuses_all(&[("PATCH", "/nothing", "{}")], 404, "ooo: not found").await;
    refuses_all(&[("PATCH", "/nothing", "5")], 404, "ooo: not found").await;
    refuses_all(&[("DELETE", "/nothing", "")], 404, "storage: not found").await;
}

/// Keys are checked before bodies, as ooo does.
#[tokio::test]
async fn a_wrong_key_is_said_before_a_wrong_body() {
    let invalid = "ooo: key is not valid";
    refuses_all(&[("POST", "/a//b", "{bad"), ("PATCH", "/a//b", "{bad")], 400, invalid).await;
    let pattern = "ooo: glob pattern not allowed for this operation";
    refuses_all(&[("PATCH", "/books/*", "{bad")], 400, pattern).await;
    refuses_all(&[("POST", "/*/*", "")], 400, "key: contains more than one glob pattern").await;
    refuses_all(&[("PATCH", "/nothing", "")], 400, "EOF").await;
}

#[tokio::test]
async fn no_body_is_the_end_of_file() {
    for body in ["", " ", "\r\n\t "] {
        refuses_all(&[("POST", "/thing", body), ("POST", "/books/*", body)], 400, "EOF").await;
        refuses_all(&[("PATCH", "/thing", body)], 400, "EOF").await;
    }
}

/// ooo stores most of these, and then cannot read the list that they are in (Q7).
#[tokio::test]
async fn what_is_not_json_is_refused_and_never_stored() {
    let server = server().await;
    let bodies: [&[u8]; 26] = [
        b"{bad",
        b"[1,2",
        b"\"abc",
        b"tru",
        b"NaN",
        b"{'a':1}",
        b"{\"a\":1,}",
        b"[1,]",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"\xef\xbb\xbf{}",
        b"\"a\nb\"",
        b"\"\xff\"",
        b"\xff",
        b"\"\\ud800\"",
        b"{\"a\":1} junk",
        b"123abc",
        b"[1]]",
        b"{} {}",
        b"1 2",
        b"\0",
        b"\"\\x\"",
        b"{\"a\"}",
        b"\x1f\x8b\x08\x00",
    ];
    for body in bodies {
        for (method, target) in [("POST", "/thing"), ("POST", "/books/*"), ("PATCH", "/thing")] {
            let answer = server.0.request(method, target, body).await;
            let request = format!("{method} {target} {}", body.escape_ascii());
            assert_eq!(answer.status, 400, "{request}");
            assert_eq!(answer.header("content-type"), Some(PLAIN), "{request}");
            assert!(answer.text().starts_with("json: "), "{request}: {}", answer.text());
            assert_eq!(picture(&server.0), server.1, "{request}");
        }
    }
}

#[tokio::test]
async fn json_deeper_than_128_is_refused() {
    let nested = |depth: usize| "[".repeat(depth) + "]".repeat(depth).as_str();
    let server = TestServer::start().await;
    for depth in [127, 128] {
        let answer = server.request("POST", "/deep", nested(depth)).await;
        assert_eq!(line(&answer), r#"200 application/json {\"index\":\"deep\"}"#);
        assert!(server.request("GET", "/deep", "").await.text().contains(&nested(depth)));
    }
    for depth in [129, 200, 100_000] {
        let answer = server.request("POST", "/deep", nested(depth)).await;
        assert_eq!(answer.status, 400, "{depth}");
        assert!(answer.text().starts_with("json: "), "{}", answer.text());
    }
    assert!(server.request("GET", "/deep", "").await.text().contains(&nested(128)));
}

/// ooo answers 200 to the first and does nothing (Q19).
#[tokio::test]
async fn a_patch_that_cannot_be_merged_is_refused() {
    let object = "merge: patch must be an object";
    for body in ["[]", "5", "\"s\"", "null", r#"[{"op":"remove","path":"/a"}]"#] {
        for target in ["/thing", "/array", "/number"] {
            refuses_all(&[("PATCH", target, body)], 400, object).await;
        }
    }
    let nothing = "merge: the stored value is neither an object nor an array";
    refuses_all(&[("PATCH", "/number", r#"{"a":1}"#)], 400, nothing).await;
    for value in ["5", "null", "[1]"] {
        let body = format!(r#"{{"a":{value},"b":6}}"#);
        let wrong = r#"merge: patch value must be object for key \"a\""#;
        refuses_all(&[("PATCH", "/deep", &body)], 400, wrong).await;
    }
    let wrong = r#"merge: patch value must be object for key \"a.y\""#;
    refuses_all(&[("PATCH", "/deep", r#"{"a":{"y":1},"b":6}"#)], 400, wrong).await;
}

/// ooo answers 404 (Q16).
#[tokio::test]
async fn a_method_that_a_key_does_not_have_names_those_it_has() {
    let server = server().await;
    for method in ["PUT", "TRACE", "FOO"] {
        for (target, allowed) in [
            ("/thing", "GET,HEAD,POST,PATCH,DELETE,OPTIONS"),
            ("/books/*", "GET,HEAD,POST,DELETE,OPTIONS"),
            ("/*/dune", "GET,HEAD,DELETE,OPTIONS"),
            ("/nothing", "GET,HEAD,POST,PATCH,DELETE,OPTIONS"),
            ("/", "GET,HEAD,DELETE"),
            ("/_keys", "GET,HEAD"),
        ] {
            let answer = server.0.request(method, target, "{}").await;
            let request = (method, target, "{}");
            check_refused(&server, request, &answer, &plain(405, "Method Not Allowed\\n"));
            assert_eq!(answer.header("allow"), Some(allowed), "{request:?}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{request:?}");
        }
    }
    for method in ["POST", "PATCH", "DELETE"] {
        for target in ["/", "/_keys", "/_ui", "/_ui/a/b", "/_pkg/monoxide.js"] {
            let answer = server.0.request(method, target, "{}").await;
            let expected = plain(405, "Method Not Allowed\\n");
            check_refused(&server, (method, target, "{}"), &answer, &expected);
            // A connection can be deleted there, and the page itself cannot.
            let has_more = target == "/" && method != "DELETE";
            let allowed = if has_more { "GET,HEAD,DELETE" } else { "GET,HEAD" };
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {target}");
        }
    }
}

#[tokio::test]
async fn a_page_that_is_not_there_tells_browsers_not_to_guess() {
    let server = TestServer::start().await;
    let answer = server.request("GET", "/a@b", "").await;
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn answers_say_how_long_they_are_and_nothing_of_who_answers() {
    let (server, _) = server().await;
    for (method, target) in [("GET", "/thing"), ("GET", "/books/*"), ("GET", "/nothing")] {
        let answer = server.request(method, target, "").await;
        let length = answer.body.len().to_string();
        assert_eq!(answer.header("content-length"), Some(length.as_str()), "{target}");
        assert_eq!(answer.header("server"), None);
    }
}

#[tokio::test]
async fn a_write_answers_the_last_segment_of_its_key() {
    let server = TestServer::start().await;
    for (target, data, expected) in [
        ("/thing", r#"{"a":1}"#, r#"{\"index\":\"thing\"}"#),
        ("/a/b/c", "1", r#"{\"index\":\"c\"}"#),
        ("/a%2Fb%2Fd", "1", r#"{\"index\":\"d\"}"#),
        ("/A", "null", r#"{\"index\":\"A\"}"#),
        ("/0", "false", r#"{\"index\":\"0\"}"#),
        ("/a-b_c.d/e--f", "\"\"", r#"{\"index\":\"e--f\"}"#),
        ("/a/-/b", "[]", r#"{\"index\":\"b\"}"#),
        ("/q?v=1&x=%20", "{}", r#"{\"index\":\"q\"}"#),
    ] {
        let answer = server.request("POST", target, data).await;
        assert_eq!(line(&answer), format!("200 application/json {expected}"), "{target}");
        let answer = server.request("GET", target, "").await;
        assert_eq!(answer.status, 200, "{target}");
        assert!(answer.text().ends_with(&format!(r#","data":{data}}}"#)), "{}", answer.text());
    }
    assert!(server.engine().get(&"a/b/d".parse().unwrap()).is_ok(), "%2F is a slash");
    assert_eq!(server.request("GET", "/a", "").await.status, 404, "keys are case-sensitive");
}

#[tokio::test]
async fn a_push_answers_the_name_that_the_server_chose() {
    let server = TestServer::start().await;
    for (list, parent) in [("/books/*", "/books/"), ("/*", "/"), ("/a/b/%2A", "/a/b/")] {
        let answer = server.request("POST", list, r#"{"t":1}"#).await;
        assert_eq!(answer.status, 200);
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let index = answer["index"].as_str().unwrap();
        assert!(index.len() == 16 && u64::from_str_radix(index, 16).is_ok(), "{index}");

        let object = server.request("GET", &format!("{parent}{index}"), "").await;
        let object: Value = serde_json::from_slice(&object.body).unwrap();
        assert_eq!(object["index"], json!(index));
        assert_eq!(object["path"], json!(format!("{parent}{index}")[1..]));
        let index = u64::from_str_radix(index, 16).unwrap();
        assert!(object["created"].as_u64().unwrap() > index, "the name is read off first");
    }
}

#[tokio::test]
async fn an_object_has_its_history_and_its_name_around_its_data() {
    let (server, mut redact) = (TestServer::start().await, crate::redact::Redactor::default());
    let mut get = async || redact.redact(server.request("GET", "/a/thing", "").await.text());

    server.request("POST", "/a/thing", r#"{"a":1}"#).await;
    insta::assert_snapshot!(get().await, @r#"{"created":#1,"updated":0,"index":"thing","path":"a/thing","data":{"a":1}}"#);

    server.request("POST", "/a/thing", r#"{"a":1}"#).await;
    insta::assert_snapshot!(get().await, @r#"{"created":#1,"updated":#2,"index":"thing","path":"a/thing","data":{"a":1}}"#);

    server.request("PATCH", "/a/thing", "{}").await;
    insta::assert_snapshot!(get().await, @r#"{"created":#1,"updated":#3,"index":"thing","path":"a/thing","data":{"a":1}}"#);

    server.request("DELETE", "/a/thing", "").await;
    server.request("POST", "/a/thing", "2").await;
    insta::assert_snapshot!(get().await, @r#"{"created":#4,"updated":0,"index":"thing","path":"a/thing","data":2}"#);
}

#[tokio::test]
async fn data_is_read_as_it_was_written_but_compact_and_safe_in_a_script() {
    let server = TestServer::start().await;
    let written =
        "{ \"b\" : 1.10,\n\"a\": [1e3, 12345678901234567890, -0],\"b\":\"<&>\u{2028}é\" }";
    server.request("POST", "/thing", written).await;
    let read = server.request("GET", "/thing", "").await;
    let data =
        r#""data":{"b":1.10,"a":[1e3,12345678901234567890,-0],"b":"\u003c\u0026\u003e\u2028é"}}"#;
    assert!(read.text().ends_with(data), "{}", read.text());
}

/// The names of a list's objects, in its order.
async fn indexes(server: &TestServer, target: &str) -> Vec<String> {
    let answer = server.request("GET", target, "").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let list: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
    list.iter().map(|object| object["path"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_list_is_newest_first_and_an_update_moves_nothing() {
    let server = TestServer::start().await;
    for name in ["c", "a", "b"] {
        server.request("POST", &format!("/n/{name}"), "1").await;
    }
    server.request("POST", "/n/c", "2").await;
    server.request("PATCH", "/n/c", "{}").await;
    assert_eq!(indexes(&server, "/n/*").await, ["n/b", "n/a", "n/c"]);
}

#[tokio::test]
async fn a_pattern_anywhere_is_a_list_of_exactly_its_depth() {
    let (server, _) = server().await;
    let posts = ["users/bob/posts/1", "users/ann/posts/1"];
    assert_eq!(indexes(&server, "/users/*/posts/*").await, posts);
    assert_eq!(indexes(&server, "/users/*/posts/1").await, posts);
    assert_eq!(indexes(&server, "/*/*/*/*").await, posts);
    assert_eq!(indexes(&server, "/*/ann/posts/1").await, posts[1..]);
    assert_eq!(indexes(&server, "/books/*").await, ["books/emma", "books/dune"]);
    assert_eq!(indexes(&server, "/*").await, ["deep", "array", "number", "thing"]);
    assert_eq!(server.request("GET", "/users/*", "").await.text(), "[]", "never 404");
    assert_eq!(server.request("GET", "/no/*", "").await.text(), "[]");
}

#[tokio::test]
async fn a_patch_merges_by_the_table() {
    let server = TestServer::start().await;
    for (current, patch, merged) in [
        (r#"{"a":1,"b":2}"#, r#"{"a":9,"c":3}"#, r#"{"a":9,"b":2,"c":3}"#),
        (r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":null}"#),
        (
            r#"{"a":{"x":1,"y":{"z":1}}}"#,
            r#"{"a":{"y":{"w":3}}}"#,
            r#"{"a":{"x":1,"y":{"w":3,"z":1}}}"#,
        ),
        (r#"{"a":5}"#, r#"{"a":{"x":1}}"#, r#"{"a":{"x":1}}"#),
        (r#"{"a":null}"#, r#"{"a":{"x":1}}"#, r#"{"a":{"x":1}}"#),
        (r#"{"a":[1]}"#, r#"{"a":{"x":1}}"#, r#"{"a":[1]}"#),
        (r#"{"a":[1,2,3]}"#, r#"{"a":[9]}"#, r#"{"a":[9]}"#),
        (r#"{"a":[1,2,3]}"#, r#"{"a":{"1":9}}"#, r#"{"a":[1,9,3]}"#),
        (r#"{"a":[1,2,3]}"#, r#"{"a":{"7":9}}"#, r#"{"a":[1,2,3]}"#),
        ("[1,2,3]", r#"{"0":9}"#, "[9,2,3]"),
        (r#"{"z":1,"a":1}"#, "{}", r#"{"a":1,"z":1}"#),
    ] {
        server.request("POST", "/x/thing", current).await;
        let answer = server.request("PATCH", "/x/thing", patch).await;
        assert_eq!(line(&answer), r#"200 application/json {\"index\":\"thing\"}"#, "{patch}");
        let read = server.request("GET", "/x/thing", "").await;
        let data = format!(r#""data":{merged}}}"#);
        assert!(read.text().ends_with(&data), "{current} + {patch}: {}", read.text());
    }
}

/// ooo loses about one in ten (Q10).
#[tokio::test(flavor = "multi_thread")]
async fn of_many_patches_at_once_none_is_lost() {
    let server = TestServer::start().await;
    server.request("POST", "/thing", "{}").await;
    let patches = (0..100).map(|n| {
        let server = &server;
        async move { server.request("PATCH", "/thing", format!(r#"{{"f{n}":1}}"#)).await.status }
    });
    let answers = futures_util::future::join_all(patches).await;
    assert!(answers.iter().all(|&status| status == 200));
    let thing = server.engine().get(&"thing".parse().unwrap()).unwrap();
    assert_eq!(thing.data.to_value().as_object().unwrap().len(), 100);
}

#[tokio::test]
async fn a_delete_takes_the_key_or_what_the_pattern_names_and_no_more() {
    let (server, _) = server().await;
    assert_eq!(line(&server.request("DELETE", "/thing", "").await), "204 - ");
    assert_eq!(server.request("GET", "/thing", "").await.status, 404);
    assert_eq!(
        line(&server.request("DELETE", "/thing", "").await),
        plain(404, "storage: not found")
    );

    assert_eq!(line(&server.request("DELETE", "/users/*/posts/*", "").await), "204 - ");
    assert_eq!(server.request("GET", "/users/*/posts/*", "").await.text(), "[]");
    assert_eq!(indexes(&server, "/books/*").await, ["books/emma", "books/dune"]);
    assert_eq!(line(&server.request("DELETE", "/*/dune", "").await), "204 - ");
    assert_eq!(indexes(&server, "/books/*").await, ["books/emma"]);
    assert_eq!(line(&server.request("DELETE", "/nothing/*", "").await), "204 - ");
    assert_eq!(line(&server.request("DELETE", "/*", "").await), "204 - ");
    assert_eq!(indexes(&server, "/*").await, [""; 0]);
    assert_eq!(indexes(&server, "/books/*").await, ["books/emma"], "another depth");
}

#[tokio::test]
async fn a_delete_does_not_mind_a_body() {
    let (server, _) = server().await;
    assert_eq!(server.request("DELETE", "/thing", "{bad").await.status, 204);
}

/// ooo answers 404 (Q16).
#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let (server, _) = server().await;
    for target in ["/thing", "/books/*", "/nothing", "/a//b", "/a@b", "/", "/_keys"] {
        let (get, head) =
            (server.request("GET", target, "").await, server.request("HEAD", target, "").await);
        let about = |answer: &Answer| {
            let date = |(name, _): &&(String, String)| name != "date";
            (answer.status, answer.headers.iter().filter(date).cloned().collect::<BTreeSet<_>>())
        };
        assert_eq!(about(&head), about(&get), "{target}");
    }
}

#[tokio::test]
async fn a_key_may_be_as_long_as_a_request_line() {
    let server = TestServer::start().await;
    let key = format!("/{}a", "a/".repeat(32_000));
    let socket = &mut server.socket(&key).await;
    socket.message().await;
    for list in ["*/".repeat(32_000) + "*", "*/".repeat(32_000) + "a"] {
        assert_eq!(server.request("GET", &format!("/{list}"), "").await.text(), "[]");
    }

    assert_eq!(server.request("POST", &key, "1").await.status, 200);
    assert!(socket.message().await.ends_with(r#","data":1}}"#));
    assert_eq!(server.request("PATCH", &key, "{}").await.status, 400);
    assert_eq!(server.request("DELETE", &key, "").await.status, 204);

    let too_long = server.request("GET", &format!("/{}", "a".repeat(70_000)), "").await;
    assert_eq!(too_long.status, 414);
    server.close().await;
}
