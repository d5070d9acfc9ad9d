//! From a request to a socket: who is let in, and what the others are told.

use monoxide_testkit::{
    Answer, Http, Socket, TestServer,
    socket::{BINARY, PONG, UPGRADE},
};
use tokio::net::TcpStream;

/// Asks for `/thing` as a socket with these headers.
async fn ask(server: &TestServer, headers: &str) -> Result<Socket, Answer> {
    Socket::over(Http::connect(server.address()).await, "/thing", headers).await
}

/// The usual headers with one of them another way.
fn with(from: &str, to: &str) -> String {
    let headers = UPGRADE.replace(from, to);
    assert_ne!(headers, UPGRADE, "`{from}` is one of them");
    headers
}

#[track_caller]
fn check_refused(answered: Result<Socket, Answer>, status: u16, text: &str) -> Answer {
    let answer = answered.map(|socket| socket.answer).expect_err("a refusal");
    assert_eq!((answer.status, answer.text()), (status, text));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    answer
}

#[tokio::test]
async fn an_upgrade_is_answered_with_the_proof_of_rfc_6455_and_nothing_more() {
    let server = TestServer::start().await;
    let socket = ask(&server, UPGRADE).await.unwrap();
    let mut headers = socket.answer.headers.clone();
    headers.retain(|(name, _)| name != "date");
    headers.sort();
    let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(
        headers,
        [
            "connection: Upgrade",
            "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "upgrade: websocket",
        ]
    );
}

/// ooo serves the first as a plain GET (Q18).
#[tokio::test]
async fn the_words_of_an_upgrade_may_be_in_any_case_and_among_others() {
    let server = TestServer::start().await;
    for headers in [
        with("Upgrade: websocket", "Upgrade: WebSocket"),
        with("Upgrade: websocket", "upgrade: h2c, WEBSOCKET"),
        with("Upgrade: websocket", "Upgrade: h2c\r\nUpgrade: websocket"),
        with("Connection: Upgrade", "connection: keep-alive, upgrade"),
        with("Connection: Upgrade", "Connection: keep-alive\r\nConnection: UPGRADE"),
    ] {
        ask(&server, &headers).await.unwrap().message().await;
    }
}

#[tokio::test]
async fn a_handshake_that_is_wrong_is_a_bad_request_and_names_the_version() {
    let server = TestServer::start().await;
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for headers in [
        with(key, ""),
        with(key, "Sec-WebSocket-Key: \r\n"),
        with(key, "Sec-WebSocket-Key: short\r\n"),
        with(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n"),
        with(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n"),
        with(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!!==\r\n"),
        with(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQdGhlIHNhbXBsZQ==\r\n"),
        with("Sec-WebSocket-Version: 13\r\n", ""),
        with("Version: 13", "Version: 8"),
        with("Version: 13", "Version: 013"),
        with("Connection: Upgrade\r\n", ""),
        with("Connection: Upgrade\r\n", "Connection: keep-alive\r\n"),
    ] {
        let answer = check_refused(ask(&server, &headers).await, 400, "Bad Request\n");
        assert_eq!(answer.header("sec-websocket-version"), Some("13"), "{headers}");
    }
    let mut http = Http::connect(server.address()).await;
    http.send(format!("GET /thing HTTP/1.0\r\n{UPGRADE}\r\n")).await.unwrap();
    let answer = String::from_utf8(http.rest().await).unwrap();
    assert!(answer.starts_with("HTTP/1.0 400 "), "{answer}");
}

#[tokio::test]
async fn another_protocol_is_not_gone_over_to() {
    let server = TestServer::start().await;
    let plain = ask(&server, &with("Upgrade: websocket", "Upgrade: h2c")).await;
    check_refused(plain, 404, "ooo: empty key");
}

#[tokio::test]
async fn only_a_get_is_an_upgrade() {
    let server = TestServer::start().await;
    let mut http = Http::connect(server.address()).await;
    http.send(format!("POST /thing HTTP/1.1\r\nContent-Length: 1\r\n{UPGRADE}\r\n1"))
        .await
        .unwrap();
    assert_eq!(http.answer().await.text(), r#"{"index":"thing"}"#);
    http.send(format!("HEAD /thing HTTP/1.1\r\n{UPGRADE}\r\n")).await.unwrap();
    assert_eq!(http.head().await.status, 200);
}

/// ooo answers 400 without a word (Q22).
#[tokio::test]
async fn a_socket_is_refused_in_the_words_of_rest() {
    let server = TestServer::start().await;
    for (target, status, text) in [
        ("/a//b", 400, "ooo: key is not valid"),
        ("/_a", 400, "ooo: key is not valid"),
        ("/lit*", 400, "ooo: key is not valid"),
        ("/a@b", 404, "404 page not found\n"),
    ] {
        // The key is checked before the handshake.
        for headers in [UPGRADE, &with("Version: 13", "Version: 8")] {
            let http = Http::connect(server.address()).await;
            check_refused(Socket::over(http, target, headers).await, status, text);
        }
    }
    server.engine().close().await;
    check_refused(ask(&server, UPGRADE).await, 503, "ooo: server is closing");
}

#[tokio::test]
async fn bearer_is_echoed_wherever_it_stands_and_nothing_else_ever() {
    let server = TestServer::start().await;
    for (offered, echoed) in [
        ("bearer", Some("bearer")),
        ("bearer, secret", Some("bearer")),
        ("secret,bearer", Some("bearer")),
        ("a, b ,bearer , c", Some("bearer")),
        ("a\r\nSec-WebSocket-Protocol: bearer", Some("bearer")),
        ("secret", None),
        ("bearers", None),
        // Names of protocols are case-sensitive: this client would not know the answer.
        ("Bearer", None),
    ] {
        let headers = format!("{UPGRADE}Sec-WebSocket-Protocol: {offered}\r\n");
        let socket = ask(&server, &headers).await.unwrap();
        assert_eq!(socket.answer.header("sec-websocket-protocol"), echoed, "{offered}");
    }
}

#[tokio::test]
async fn extensions_are_not_agreed_to() {
    let server = TestServer::start().await;
    let headers = format!("{UPGRADE}Sec-WebSocket-Extensions: permessage-deflate\r\n");
    let socket = ask(&server, &headers).await.unwrap();
    assert_eq!(socket.answer.header("sec-websocket-extensions"), None);
}

#[tokio::test]
async fn a_page_of_another_origin_may_not_open_a_socket() {
    let server = TestServer::start().await;
    let from = |host: &str, origin: &str| format!("Host: {host}\r\nOrigin: {origin}\r\n{UPGRADE}");
    for (host, origin) in [
        ("live.example", "http://live.example"),
        ("live.example", "https://LIVE.example"),
        ("live.example:8800", "http://live.example:8800"),
        ("[::1]:8800", "http://[::1]:8800"),
    ] {
        ask(&server, &from(host, origin)).await.unwrap().message().await;
    }
    for (host, origin) in [
        ("live.example", "http://evil.example"),
        ("live.example", "http://live.example.evil.example"),
        ("live.example", "http://live.example:81"),
        ("live.example:8800", "http://live.example"),
        ("live.example", "null"),
        ("live.example", "live.example"),
        ("live.example", "http://live.example@evil.example"),
        ("live.example", "http://live.example/../evil.example"),
        ("live.example", "file://"),
        ("live.example", ""),
    ] {
        let answer = ask(&server, &from(host, origin)).await;
        check_refused(answer, 403, "Forbidden\n");
        let http = Http::connect(server.address()).await;
        check_refused(Socket::over(http, "/", &from(host, origin)).await, 403, "Forbidden\n");
    }
    let nowhere = format!("Origin: http://live.example\r\n{UPGRADE}");
    check_refused(ask(&server, &nowhere).await, 403, "Forbidden\n");
    ask(&server, UPGRADE).await.expect("programs send no origin");
}

/// Otherwise a client could hide a frame in it, or a request in a frame.
#[tokio::test]
async fn an_upgrade_has_no_body() {
    let server = TestServer::start().await;
    for (headers, body) in [
        ("Content-Length: 4\r\n", "\u{1}\u{2}ab"),
        ("Content-Length: 100000\r\n", &*"x".repeat(100_000)),
        ("Transfer-Encoding: chunked\r\n", "4\r\nabcd\r\n0\r\n\r\n"),
    ] {
        let answer = ask(&server, &format!("{headers}{UPGRADE}\r\n{body}")).await;
        check_refused(answer, 400, "Bad Request\n");
    }
    ask(&server, &format!("Content-Length: 0\r\n{UPGRADE}")).await.unwrap().message().await;
}

#[tokio::test]
async fn a_client_that_leaves_during_the_upgrade_leaves_nothing_behind() {
    let server = TestServer::start().await;
    for _ in 0..200 {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        stream.set_zero_linger().unwrap();
        let mut http = Http::over(stream);
        http.send(format!("GET /thing HTTP/1.1\r\n{UPGRADE}\r\n")).await.unwrap();
    }
    server.socket("/thing").await.message().await;
    // Every task has ended, or this would wait for it.
    server.close().await;
}

#[tokio::test]
async fn a_thousand_half_open_upgrades_hold_nobody_up() {
    let server = TestServer::start().await;
    let mut half_open = Vec::new();
    for nth in 0..1_000 {
        let mut http = Http::connect(server.address()).await;
        let request = format!("GET /thing HTTP/1.1\r\n{UPGRADE}");
        http.send(&request[..10 + nth % (request.len() - 10)]).await.unwrap();
        half_open.push(http);
    }
    server.request("POST", "/thing", "1").await;
    assert!(server.socket("/thing").await.message().await.ends_with(r#","data":1}}"#));
}

#[tokio::test]
async fn frames_that_come_with_the_request_are_not_lost() {
    let server = TestServer::start().await;
    let mut http = Http::connect(server.address()).await;
    let ping = [0x89, 0x82, 0, 0, 0, 0, b'h', b'i'];
    let request = format!("GET /thing HTTP/1.1\r\n{UPGRADE}\r\n");
    http.send([request.as_bytes(), &ping].concat()).await.unwrap();
    let mut socket = Socket::answered(http).await.unwrap();
    let mut frames = [socket.frame().await, socket.frame().await];
    frames.sort_by_key(|frame| frame.first);
    assert_eq!((frames[0].first, frames[1].first), (BINARY, PONG));
    assert_eq!(frames[1].payload, b"hi");
}
