//! Conditional requests: who changes what another has changed meanwhile is told so.

use monoxide_testkit::{Answer, TestServer};

use crate::ask::{ask, line};

const REFUSED: &str = "412 ooo: precondition failed";

fn tag(answer: &Answer) -> String {
    answer.header("etag").expect("an ETag").to_owned()
}

async fn thing() -> (TestServer, String) {
    let server = TestServer::start().await;
    let answer = server.request("POST", "/thing", r#"{"a":1}"#).await;
    let tag = tag(&answer);
    (server, tag)
}

async fn data(server: &TestServer) -> Option<String> {
    let thing = server.engine().get(&"thing".parse().unwrap()).ok()?;
    Some(thing.data.as_str().to_owned())
}

#[tokio::test]
async fn an_object_s_tag_is_its_version_wherever_it_is_told() {
    let (server, first) = thing().await;
    let object = server.engine().get(&"thing".parse().unwrap()).unwrap();
    assert_eq!(first, format!("\"{}\"", object.version));
    for method in ["GET", "HEAD"] {
        assert_eq!(tag(&server.request(method, "/thing", "").await), first, "{method}");
    }

    let second = tag(&server.request("PATCH", "/thing", r#"{"a":2}"#).await);
    assert_ne!(second, first);
    assert_eq!(tag(&server.request("GET", "/thing", "").await), second);

    let pushed = server.request("POST", "/books/*", "1").await;
    let book = server.engine().list(&"books/*".parse().unwrap()).unwrap();
    assert_eq!(tag(&pushed), format!("\"{}\"", book[0].version));
    assert_eq!(server.request("GET", "/books/*", "").await.header("etag"), None);
}

#[tokio::test]
async fn who_has_the_newest_version_is_not_sent_it_again() {
    let (server, tag) = thing().await;
    for known in [&tag, "*", &format!("W/{tag}"), &format!(r#""x,y" , {tag}"#)] {
        for method in ["GET", "HEAD"] {
            let header = format!("If-None-Match: {known}\r\n");
            let answer = ask(&server, method, "/thing", &header, "").await;
            assert_eq!(
                (answer.status, answer.header("etag")),
                (304, Some(tag.as_str())),
                "{known}"
            );
            assert!(answer.body.is_empty());
        }
    }
    server.request("POST", "/thing", "2").await;
    let answer = ask(&server, "GET", "/thing", &format!("If-None-Match: {tag}\r\n"), "").await;
    assert!(line(&answer).ends_with(r#""data":2}"#));
    assert_eq!(ask(&server, "GET", "/none", "If-None-Match: *\r\n", "").await.status, 404);
}

#[tokio::test]
async fn a_write_for_another_version_is_refused_and_changes_nothing() {
    for method in ["POST", "PATCH", "DELETE"] {
        let (server, tag) = thing().await;
        for header in [
            "If-Match: \"1\"".to_owned(),
            "If-Match: \"not-ours\"".to_owned(),
            format!("If-Match: W/{tag}"),
            "If-None-Match: *".to_owned(),
            format!("If-None-Match: \"1\", W/{tag}"),
            format!("If-Match: {tag}\r\nIf-None-Match: {tag}"),
            format!("If-Match: {tag}\r\nIf-None-Match: *"),
        ] {
            let answer = ask(&server, method, "/thing", &format!("{header}\r\n"), "{}").await;
            assert_eq!(line(&answer), REFUSED, "{method} {header}");
            assert_eq!(data(&server).await.as_deref(), Some(r#"{"a":1}"#), "{method} {header}");
        }
    }
}

#[tokio::test]
async fn a_write_for_this_version_is_done() {
    for method in ["POST", "PATCH", "DELETE"] {
        for (header, also) in [
            ("If-Match: TAG", ""),
            ("If-Match: *", ""),
            ("If-Match: \"1\", TAG", ""),
            ("If-Match: \"1\"\r\nIf-Match: TAG", ""),
            ("If-None-Match: \"1\"", ""),
            ("If-Match: TAG", "If-None-Match: \"1\"\r\n"),
        ] {
            let (server, tag) = thing().await;
            let headers = format!("{}\r\n{also}", header.replace("TAG", &tag));
            let answer = ask(&server, method, "/thing", &headers, r#"{"a":2}"#).await;
            assert!(matches!(answer.status, 200 | 204), "{method} {headers}: {}", line(&answer));
            let after = data(&server).await;
            let expected = (method != "DELETE").then_some(r#"{"a":2}"#);
            assert_eq!(after.as_deref(), expected, "{method} {headers}");
        }
    }
}

#[tokio::test]
async fn what_is_to_be_new_is_written_only_where_nothing_is() {
    let server = TestServer::start().await;
    let answer = ask(&server, "POST", "/thing", "If-Match: *\r\n", "1").await;
    assert_eq!(line(&answer), REFUSED);
    assert_eq!(data(&server).await, None);
    let answer = ask(&server, "POST", "/thing", "If-None-Match: *\r\n", "1").await;
    assert_eq!(answer.status, 200);
    let answer = ask(&server, "POST", "/thing", "If-None-Match: *\r\n", "2").await;
    assert_eq!(line(&answer), REFUSED);
    assert_eq!(data(&server).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn of_many_who_write_for_one_version_one_succeeds() {
    let (server, tag) = thing().await;
    let header = format!("If-Match: {tag}\r\n");
    for method in ["POST", "PATCH"] {
        let (server, tag) = thing().await;
        let header = format!("If-Match: {tag}\r\n");
        let writes = (0..50).map(|_| ask(&server, method, "/thing", &header, "{}"));
        let answers = futures_util::future::join_all(writes).await;
        let done = answers.iter().filter(|answer| answer.status == 200).count();
        let refused = answers.iter().filter(|answer| answer.status == 412).count();
        assert_eq!((done, refused), (1, 49), "{method}");
    }
    let deletes = (0..20).map(|_| ask(&server, "DELETE", "/thing", &header, ""));
    let answers = futures_util::future::join_all(deletes).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
}

#[tokio::test]
async fn a_condition_that_cannot_be_read_is_refused() {
    let (server, tag) = thing().await;
    for header in [
        "If-Match: abc".to_owned(),
        "If-Match:".to_owned(),
        "If-Match: \"abc".to_owned(),
        "If-Match: w/\"a\"".to_owned(),
        format!("If-Match: {tag} {tag}"),
        format!("If-Match: *, {tag}"),
        "If-None-Match: ,".to_owned(),
        "If-None-Match: \"a b\"".to_owned(),
    ] {
        for method in ["GET", "POST", "PATCH", "DELETE"] {
            let answer = ask(&server, method, "/thing", &format!("{header}\r\n"), "{}").await;
            assert_eq!(line(&answer), "400 ooo: precondition is not valid", "{method} {header}");
        }
    }
    assert_eq!(data(&server).await.as_deref(), Some(r#"{"a":1}"#));
}

/// A list has no version, so nothing can be said about it; it would be worse not to say so.
#[tokio::test]
async fn a_pattern_takes_no_condition() {
    let (server, _) = thing().await;
    for (method, target) in [("POST", "/books/*"), ("DELETE", "/books/*"), ("DELETE", "/*")] {
        let answer = ask(&server, method, target, "If-Match: *\r\n", "1").await;
        let text = "400 ooo: glob pattern not allowed for this operation";
        assert_eq!(line(&answer), text, "{method} {target}");
    }
    assert!(data(&server).await.is_some());
}

#[tokio::test]
async fn options_names_the_methods_of_an_address() {
    let (server, _) = thing().await;
    for (target, allowed) in [
        ("/thing", "GET,HEAD,POST,PATCH,DELETE,OPTIONS"),
        ("/books/*", "GET,HEAD,POST,DELETE,OPTIONS"),
        ("/*/dune", "GET,HEAD,DELETE,OPTIONS"),
        ("/*/*", "GET,HEAD,DELETE,OPTIONS"),
    ] {
        let answer = server.request("OPTIONS", target, "").await;
        let told = (answer.status, answer.header("allow"), answer.text());
        assert_eq!(told, (204, Some(allowed), ""), "{target}");
    }
    assert_eq!(server.request("OPTIONS", "/a//b", "").await.status, 400);
}
