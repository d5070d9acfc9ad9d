//! Which answers are packed, and how.

use std::io::Read as _;

use monoxide_testkit::{Answer, Http, Socket, TestServer, socket::UPGRADE};

const LARGE: usize = 5000;

async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.request("POST", "/large", format!("\"{}\"", "x".repeat(LARGE))).await;
    server.request("POST", "/small", r#"{"a":1}"#).await;
    server
}

async fn ask(server: &TestServer, method: &str, target: &str, encodings: &str) -> Answer {
    let mut http = Http::connect(server.address()).await;
    let head = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {encodings}");
    http.send(format!("{head}\r\n\r\n")).await.unwrap();
    if method == "HEAD" { http.head().await } else { http.answer().await }
}

fn unpacked(answer: &Answer) -> String {
    let mut text = String::new();
    match answer.header("content-encoding") {
        Some("br") => brotli::Decompressor::new(&*answer.body, 4096).read_to_string(&mut text),
        Some("gzip") => flate2::read::GzDecoder::new(&*answer.body).read_to_string(&mut text),
        encoding => {
            assert_eq!(encoding, None);
            answer.body.as_slice().read_to_string(&mut text)
        }
    }
    .unwrap();
    text
}

#[tokio::test]
async fn a_large_answer_is_packed_as_the_client_can_read_it() {
    let server = server().await;
    let plain = server.request("GET", "/large", "").await.text().to_owned();
    for (accepted, encoding) in [
        ("gzip", Some("gzip")),
        ("br", Some("br")),
        ("gzip, deflate, br", Some("br")),
        ("gzip;q=1, br;q=0.5", Some("gzip")),
        ("br;q=0, gzip", Some("gzip")),
        ("GZIP", Some("gzip")),
        ("*;q=0", None),
        ("deflate", None),
        ("zstd", None),
        ("identity", None),
        ("", None),
    ] {
        let answer = ask(&server, "GET", "/large", accepted).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, encoding));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let mut varies = answer.headers.iter().filter(|(name, _)| name == "vary");
        assert!(varies.any(|(_, on)| on.eq_ignore_ascii_case("accept-encoding")), "{accepted}");
        assert_eq!(answer.body.len() < LARGE / 10, encoding.is_some(), "{accepted}");
        assert_eq!(unpacked(&answer), plain, "{accepted}");
    }
    let answer = server.request("GET", "/large", "").await;
    assert_eq!(answer.header("content-encoding"), None, "who says nothing gets it as it is");
    assert_eq!(answer.header("content-length"), Some(&*plain.len().to_string()));
}

/// ooo packs each of these, and loses what they are on the way (Q17).
#[tokio::test]
async fn small_and_empty_answers_and_errors_stay_as_they_are() {
    let server = server().await;
    for (method, target, status, kind) in [
        ("GET", "/small", 200, Some("application/json")),
        ("GET", "/books/*", 200, Some("application/json")),
        ("GET", "/nothing", 404, Some("text/plain; charset=utf-8")),
        ("GET", "/a//b", 400, Some("text/plain; charset=utf-8")),
        ("PUT", "/thing", 405, Some("text/plain; charset=utf-8")),
        ("DELETE", "/small", 204, None),
    ] {
        let answer = ask(&server, method, target, "gzip, br").await;
        assert_eq!((answer.status, answer.header("content-type")), (status, kind), "{target}");
        assert_eq!(answer.header("content-encoding"), None, "{method} {target}");
        assert_eq!(answer.header("transfer-encoding"), None, "{method} {target}");
    }
    let head = ask(&server, "HEAD", "/large", "gzip, br").await;
    assert_eq!((head.status, head.header("content-encoding")), (200, None));
}

#[tokio::test]
async fn a_socket_is_never_packed() {
    let server = server().await;
    let headers = format!("{UPGRADE}Accept-Encoding: gzip, br\r\n");
    let http = Http::connect(server.address()).await;
    let mut socket = Socket::over(http, "/large", &headers).await.unwrap();
    assert_eq!(socket.answer.header("content-encoding"), None);
    assert!(socket.message().await.len() > LARGE);
}

#[tokio::test]
async fn compression_can_be_turned_off() {
    let server = TestServer::with(|server| server.compression(false)).await;
    server.request("POST", "/large", format!("\"{}\"", "x".repeat(LARGE))).await;
    let answer = ask(&server, "GET", "/large", "gzip, br").await;
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert!(answer.body.len() > LARGE);
}
