//! Whose pages may open sockets. That only our own may by default is in `upgrades.rs`.

use monoxide_testkit::{Http, Socket, TestServer, socket::UPGRADE};

/// Whether a page of `origin` may open each kind of socket.
async fn check(server: &TestServer, origin: Option<&str>, opens: bool) {
    for target in ["/thing", "/books/*", "/", "/_keys", "/_window?key=a/*"] {
        let origin = origin.map(|it| format!("Origin: {it}\r\n")).unwrap_or_default();
        let headers = format!("Host: live.example\r\n{origin}{UPGRADE}");
        match Socket::over(Http::connect(server.address()).await, target, &headers).await {
            Ok(mut socket) => {
                assert!(opens, "{target} {origin}");
                socket.message().await;
            }
            Err(answer) => {
                assert!(!opens, "{target} {origin}");
                assert_eq!((answer.status, answer.text()), (403, "Forbidden\n"));
            }
        }
    }
}

#[tokio::test]
async fn a_listed_page_may_open_a_socket_and_so_may_our_own_and_programs() {
    let server =
        TestServer::with(|server| server.origins(["https://app.example", "http://localhost:3000"]))
            .await;
    for (origin, opens) in [
        (None, true),
        (Some("http://live.example"), true),
        (Some("https://app.example"), true),
        (Some("https://APP.example"), true),
        (Some("http://localhost:3000"), true),
        (Some("http://app.example"), false),
        (Some("http://localhost"), false),
        (Some("https://app.example.evil.example"), false),
        (Some("null"), false),
    ] {
        check(&server, origin, opens).await;
    }
}

#[tokio::test]
async fn a_star_lets_every_page_open_a_socket() {
    let server = TestServer::with(|server| server.origins(["*"])).await;
    for origin in [None, Some("http://evil.example"), Some("null"), Some("file://")] {
        check(&server, origin, true).await;
    }
}

#[tokio::test]
async fn an_empty_list_leaves_our_own_pages_alone() {
    let server = TestServer::with(|server| server.origins([""; 0])).await;
    check(&server, Some("http://live.example"), true).await;
    check(&server, Some("http://evil.example"), false).await;
}
