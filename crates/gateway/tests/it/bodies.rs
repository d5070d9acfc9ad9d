//! Bodies: how large they may be, how they may come, and what is left when they do not.

use std::time::Duration;

use monoxide_testkit::{Answer, Http, TestServer};

/// ooo's limit, and our default.
const CAP: usize = 10 * 1024 * 1024;

/// JSON of exactly this many bytes.
fn json(bytes: usize) -> Vec<u8> {
    let mut json = vec![b'x'; bytes];
    (json[0], json[bytes - 1]) = (b'"', b'"');
    json
}

fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(size) {
        out.extend(format!("{:x}\r\n", chunk.len()).bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}

fn head(method: &str, target: &str, headers: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").into_bytes()
}

/// Sends all of it, and only then looks at the answer.
async fn exchange(server: &TestServer, head: &[u8], body: &[u8]) -> (Answer, Http) {
    let mut http = Http::connect(server.address()).await;
    http.send(head).await.unwrap();
    http.send(body).await.unwrap();
    let answer = http.answer().await;
    (answer, http)
}

fn stored(server: &TestServer, key: &str) -> Option<String> {
    server.engine().get(&key.parse().unwrap()).map(|object| object.data.as_str().to_owned())
}

#[track_caller]
fn check_too_large(answer: &Answer) {
    let close = answer.header("connection");
    assert_eq!(
        (answer.status, answer.text(), close),
        (413, "Request Entity Too Large", Some("close"))
    );
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("content-length"), Some("24"));
}

#[tokio::test]
async fn a_body_of_exactly_the_cap_passes_and_one_more_byte_is_refused() {
    let server = TestServer::start().await;
    let declared = |bytes: usize| format!("Content-Length: {bytes}\r\n");
    let whole = json(CAP);

    for (key, headers, body) in [
        ("declared", declared(CAP), whole.clone()),
        ("chunked", "Transfer-Encoding: chunked\r\n".to_owned(), chunked(&whole, 60_000)),
    ] {
        let head = head("POST", &format!("/{key}"), &headers);
        let (answer, _) = exchange(&server, &head, &body).await;
        assert_eq!((answer.status, answer.text()), (200, &*format!(r#"{{"index":"{key}"}}"#)));
        assert_eq!(stored(&server, key).map(|it| it.len()), Some(CAP));
    }

    let over = json(CAP + 1);
    for method in ["POST", "PATCH"] {
        for (headers, body) in [
            (declared(CAP + 1), over.clone()),
            ("Transfer-Encoding: chunked\r\n".to_owned(), chunked(&over, 60_000)),
            ("Transfer-Encoding: chunked\r\n".to_owned(), chunked(&over, CAP + 1)),
        ] {
            let (answer, mut http) =
                exchange(&server, &head(method, "/over", &headers), &body).await;
            check_too_large(&answer);
            assert!(http.rest().await.is_empty(), "the connection ends in order");
            assert_eq!(stored(&server, "over"), None);
        }
    }
    assert_eq!(server.request("POST", "/small", "1").await.status, 200, "others go on");
}

#[tokio::test]
async fn a_client_that_writes_a_hundred_megabytes_before_it_reads_gets_its_answer() {
    let server = TestServer::start().await;
    let body = json(100_000_000);
    let declared = format!("Content-Length: {}\r\n", body.len());
    let asking = format!("{declared}Expect: 100-continue\r\n");
    for headers in [declared, asking] {
        let (answer, mut http) = exchange(&server, &head("POST", "/over", &headers), &body).await;
        check_too_large(&answer);
        assert!(http.rest().await.is_empty());
    }
    assert_eq!(stored(&server, "over"), None);
}

/// Whatever the reason is that nobody wants the body.
#[tokio::test]
async fn a_client_that_writes_all_before_it_reads_gets_every_refusal() {
    let server = TestServer::start().await;
    let body = json(20_000_000);
    for (method, target, status) in [
        ("POST", "/a//b", 400),
        ("POST", "/a@b", 404),
        ("PUT", "/thing", 405),
        ("POST", "/_keys", 405),
        ("PATCH", "/books/*", 400),
        ("DELETE", "/nothing", 404),
        ("DELETE", "/books/*", 204),
        ("GET", "/nothing", 404),
    ] {
        let head = head(method, target, &format!("Content-Length: {}\r\n", body.len()));
        let (answer, mut http) = exchange(&server, &head, &body).await;
        assert_eq!(answer.status, status, "{method} {target}");

        http.send("GET /*/* HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert_eq!(http.answer().await.text(), "[]", "the connection goes on");
    }
}

#[tokio::test]
async fn the_refusal_comes_before_the_body() {
    let server = TestServer::with(|server| server.max_body(10)).await;
    for headers in ["", "Expect: 100-continue\r\n"] {
        let mut http = Http::connect(server.address()).await;
        let headers = format!("Content-Length: 11\r\n{headers}");
        http.send(head("POST", "/over", &headers)).await.unwrap();

        check_too_large(&http.answer().await);

        http.send(json(11)).await.unwrap();
        assert!(http.rest().await.is_empty(), "nothing is said twice");
    }
    let mut http = Http::connect(server.address()).await;
    http.send(head("POST", "/over", "Transfer-Encoding: chunked\r\n")).await.unwrap();
    http.send(b"b\r\n\"123456789\"\r\n").await.unwrap();
    check_too_large(&http.answer().await);
    http.send(b"0\r\n\r\n").await.unwrap();
    assert!(http.rest().await.is_empty());
}

/// Paused time: the half minute passes when nothing else can happen.
#[tokio::test(start_paused = true)]
async fn a_client_that_never_finishes_a_refused_body_is_hung_up_on() {
    let server = TestServer::with(|server| server.max_body(10)).await;
    let mut http = Http::connect(server.address()).await;
    http.send(head("POST", "/over", "Content-Length: 11\r\n")).await.unwrap();
    let before = tokio::time::Instant::now();

    check_too_large(&http.answer().await);
    assert!(http.rest().await.is_empty());

    assert_eq!(before.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_is_told_to_go_on() {
    let server = TestServer::start().await;
    let mut http = Http::connect(server.address()).await;
    http.send(head("POST", "/thing", "Content-Length: 1\r\nExpect: 100-continue\r\n"))
        .await
        .unwrap();
    assert_eq!(http.answer().await.status, 100);

    http.send(b"7").await.unwrap();

    assert_eq!(http.answer().await.text(), r#"{"index":"thing"}"#);
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_to_a_wrong_key_is_not_told_to_go_on() {
    let server = TestServer::start().await;
    let mut http = Http::connect(server.address()).await;
    http.send(head("POST", "/a//b", "Content-Length: 1\r\nExpect: 100-continue\r\n"))
        .await
        .unwrap();
    assert_eq!(http.answer().await.text(), "ooo: key is not valid");
}

#[tokio::test]
async fn a_body_that_is_cut_off_stores_nothing() {
    let server = TestServer::start().await;
    for (headers, part) in [
        ("Content-Length: 10\r\n", "123"),
        ("Transfer-Encoding: chunked\r\n", "3\r\n123\r\n"),
        ("Transfer-Encoding: chunked\r\n", "3\r\n123\r\n0\r\n"),
        ("Transfer-Encoding: chunked\r\n", "3\r\n123\r\nzz\r\n"),
        ("Transfer-Encoding: chunked\r\n", "3\r\n12345\r\n0\r\n\r\n"),
    ] {
        let mut http = Http::connect(server.address()).await;
        http.send(head("POST", "/thing", headers)).await.unwrap();
        http.send(part).await.unwrap();
        http.finish().await;

        let answer = http.answer().await;

        assert_eq!((answer.status, answer.text()), (400, "unexpected EOF"), "{part:?}");
        assert_eq!(stored(&server, "thing"), None);
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_its_body_stores_nothing() {
    let server = TestServer::start().await;
    let mut watching = server.socket("/thing").await;
    watching.message().await;
    for _ in 0..10 {
        let mut http = Http::connect(server.address()).await;
        http.send(head("POST", "/thing", "Content-Length: 10\r\n")).await.unwrap();
        http.send(b"1").await.unwrap();
    }
    server.request("POST", "/thing", "2").await;
    assert!(watching.message().await.ends_with(r#","data":2}}"#), "nothing came before");
}

/// What reads one request where another reads two lets a client speak for its neighbour.
#[tokio::test]
async fn a_request_of_doubtful_length_is_refused() {
    let server = TestServer::start().await;
    for headers in [
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: 1a\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
    ] {
        let (answer, mut http) = exchange(&server, &head("POST", "/thing", headers), b"1").await;
        assert_eq!(answer.status, 400, "{headers}");
        http.rest().await;
        assert_eq!(stored(&server, "thing"), None, "{headers}");
    }
}

#[tokio::test]
async fn what_comes_behind_a_body_is_the_next_request_and_no_part_of_it() {
    let server = TestServer::start().await;
    let head = head("POST", "/thing", "Content-Length: 1\r\n");
    let (answer, mut http) = exchange(&server, &head, b"123\r\n\r\n").await;
    assert_eq!((answer.status, stored(&server, "thing").as_deref()), (200, Some("1")));
    assert_eq!(http.answer().await.status, 400);
}

#[tokio::test]
async fn requests_that_come_at_once_are_answered_in_their_order() {
    let server = TestServer::start().await;
    let mut all = Vec::new();
    for n in 0..50 {
        all.extend(head("POST", &format!("/n/{n}"), "Content-Length: 1\r\n"));
        all.extend(b"1");
        all.extend(head("GET", &format!("/n/{n}"), ""));
    }
    all.extend(head("GET", "/a//b", "Connection: close\r\n"));
    let mut http = Http::connect(server.address()).await;
    http.send(all).await.unwrap();
    for n in 0..50 {
        assert_eq!(http.answer().await.text(), format!(r#"{{"index":"{n}"}}"#));
        assert!(http.answer().await.text().contains(&format!(r#""index":"{n}""#)));
    }
    assert_eq!(http.answer().await.text(), "ooo: key is not valid");
    assert!(http.rest().await.is_empty());
}

#[tokio::test]
async fn a_packed_body_is_not_json() {
    let server = TestServer::start().await;
    let packed =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x033\x04\x00\xb7\xef\xdc\x83\x01\x00\x00\x00";
    let headers = format!("Content-Length: {}\r\nContent-Encoding: gzip\r\n", packed.len());
    let (answer, _) = exchange(&server, &head("POST", "/thing", &headers), packed).await;
    assert_eq!((answer.status, stored(&server, "thing")), (400, None));
}

#[tokio::test]
async fn a_slow_body_holds_nobody_up() {
    let server = TestServer::start().await;
    let mut slow = Http::connect(server.address()).await;
    slow.send(head("POST", "/thing", "Content-Length: 3\r\n")).await.unwrap();
    for byte in ["1", "2", "3"] {
        assert_eq!(server.request("POST", "/other", "1").await.status, 200);
        assert_eq!(stored(&server, "thing"), None);
        slow.send(byte).await.unwrap();
    }
    assert_eq!(slow.answer().await.status, 200);
    assert_eq!(stored(&server, "thing").as_deref(), Some("123"));
}

#[tokio::test]
async fn a_request_may_name_the_whole_address() {
    let server = TestServer::start().await;
    let body = "Content-Length: 1\r\n";
    let (answer, _) =
        exchange(&server, &head("POST", "http://example.com/thing?x=y", body), b"1").await;
    assert_eq!((answer.status, stored(&server, "thing").as_deref()), (200, Some("1")));
}

#[tokio::test]
async fn a_target_that_is_no_path_is_no_page() {
    let server = TestServer::start().await;
    for (method, target) in [("OPTIONS", "*"), ("CONNECT", "example.com:443")] {
        let (answer, _) = exchange(&server, &head(method, target, ""), b"").await;
        assert_eq!((answer.status, answer.text()), (404, "404 page not found\n"), "{method}");
    }
}

#[tokio::test]
async fn an_old_client_is_answered_and_hung_up_on() {
    let server = TestServer::start().await;
    let mut http = Http::connect(server.address()).await;
    http.send("GET /nothing HTTP/1.0\r\n\r\n").await.unwrap();
    let answer = String::from_utf8(http.rest().await).unwrap();
    assert!(answer.starts_with("HTTP/1.0 404 "), "{answer}");
    assert!(answer.ends_with("ooo: empty key"), "{answer}");
}

#[tokio::test]
async fn what_is_no_request_is_a_bad_one() {
    let server = TestServer::start().await;
    for bytes in ["\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET /\u{e9} HTTP/1.1\r\nHo st: x\r\n\r\n"] {
        let mut http = Http::connect(server.address()).await;
        http.send(bytes).await.unwrap();
        assert_eq!(http.answer().await.status, 400, "{bytes:?}");
        http.rest().await;
    }
    let limit = Duration::from_secs(10);
    tokio::time::timeout(limit, server.close()).await.expect("nothing hangs");
}
