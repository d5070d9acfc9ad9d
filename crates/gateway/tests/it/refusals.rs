//! What is too much, and what two programs could read in two ways.

use std::num::NonZeroU32;

use monoxide_testkit::{Http, Socket, TestServer, socket::UPGRADE};

use crate::ask::ask;

fn rate(rate: u32) -> NonZeroU32 {
    NonZeroU32::new(rate).unwrap()
}

#[tokio::test]
async fn too_many_requests_of_an_address_are_429_and_change_nothing() {
    let server =
        TestServer::with(|server| server.max_requests(rate(100)).max_writes(rate(1))).await;
    for n in 0..5 {
        let target = format!("/w/{n}");
        assert_eq!(ask(&server, "POST", &target, "", "1").await.status, 200);
    }
    let refused = ask(&server, "POST", "/w/5", "", "1").await;
    assert_eq!((refused.status, refused.text()), (429, "ooo: too many requests"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(ask(&server, "GET", "/w/5", "", "").await.status, 404, "and it was not written");
    assert_eq!(ask(&server, "GET", "/w/4", "", "").await.status, 200, "reads go on");
    let info = ask(&server, "GET", "/?api=info", "", "").await;
    assert!(info.text().contains(r#""refusedRequests":1"#), "{}", info.text());
}

#[tokio::test]
async fn a_socket_is_a_request_and_is_refused_like_one() {
    let server = TestServer::with(|server| server.max_requests(rate(1))).await;
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(Socket::open(server.address(), "/a").await);
    }
    let headers = format!("Host: {}\r\n{UPGRADE}", server.address());
    let http = Http::connect(server.address()).await;
    let refused = Socket::over(http, "/a", &headers).await.map(|it| it.answer).unwrap_err();
    assert_eq!(refused.status, 429);
}

#[tokio::test]
async fn those_behind_a_proxy_are_counted_each_when_it_is_trusted_and_together_when_not() {
    for (trusted, expected) in [(Some("127.0.0.0/8"), 200), (None, 429)] {
        let networks = trusted.map(|it| it.parse().unwrap());
        let with = |server: monoxide_gateway::Builder| {
            server.trusted_proxies(networks).max_requests(rate(1))
        };
        let server = TestServer::with(with).await;
        for _ in 0..5 {
            let one = "X-Forwarded-For: 6.6.6.6, 10.0.0.1\r\n";
            assert_eq!(ask(&server, "GET", "/a/*", one, "").await.status, 200);
        }
        let other = "X-Forwarded-For: 10.0.0.2\r\n";
        assert_eq!(ask(&server, "GET", "/a/*", other, "").await.status, expected, "{trusted:?}");
        let again = "X-Forwarded-For: 7.7.7.7, 10.0.0.1\r\n";
        assert_eq!(ask(&server, "GET", "/a/*", again, "").await.status, 429, "{trusted:?}");
    }
}

/// Sends a request and behind it what a program that reads it otherwise would take for another.
async fn check_one(head: &str, expected: u16) {
    let server = TestServer::start().await;
    let smuggled = "POST /smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1";
    let mut http = Http::connect(server.address()).await;
    http.send(format!("{head}{smuggled}")).await.unwrap();
    assert_eq!(http.answer().await.status, expected, "{head:?}");
    assert!(http.rest().await.is_empty(), "nothing more is answered: {head:?}");
    let found = server.request("GET", "/smuggled", "").await;
    assert_eq!(found.status, 404, "{head:?}");
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused_or_the_end_of_its_connection() {
    let post = "POST /thing HTTP/1.1\r\nHost: x\r\n";
    // Both lengths: the chunks count, as they have to, and nothing is read behind them.
    let chunks = "1\r\n1\r\n0\r\n\r\n";
    let both = "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
    check_one(&format!("{post}{both}{chunks}"), 200).await;
    let both = "Transfer-Encoding: chunked\r\nContent-Length: 100\r\n\r\n";
    check_one(&format!("{post}{both}{chunks}"), 200).await;
    for headers in [
        "Content-Length: 1\r\nContent-Length: 50\r\n\r\n1",
        "Content-Length: 1, 50\r\n\r\n1",
        "Content-Length : 1\r\n\r\n1",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "X: a\r\n Content-Length: 1\r\n\r\n1",
        "X: a\0b\r\n\r\n",
        " X: a\r\n\r\n",
    ] {
        check_one(&format!("{post}{headers}"), 400).await;
    }
    check_one("POST /thing HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400).await;
    check_one("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400).await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_before_it_is_read() {
    let server = TestServer::start().await;
    let one = format!("X: {}\r\n", "a".repeat(1 << 20));
    let many = "X: a\r\n".repeat(200);
    for headers in [one, many] {
        let mut http = Http::connect(server.address()).await;
        // It may have had enough before the end.
        _ = http.send(format!("GET /a HTTP/1.1\r\nHost: x\r\n{headers}\r\n")).await;
        assert_eq!(http.answer().await.status, 431);
    }
    let mut http = Http::connect(server.address()).await;
    let target = "a".repeat(70_000);
    _ = http.send(format!("GET /{target} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    assert_eq!(http.answer().await.status, 414);
}
