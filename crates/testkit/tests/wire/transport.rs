//! Origins, compression and the deadline, with the flags that change them.

use monoxide_protocol::Json;
use monoxide_testkit::{Answer, Http, Socket, TestServer, fixture::Fixture, socket::UPGRADE};

use crate::{messages::change, table::ask};

const PREFLIGHT: &str = "[Origin: http://app.example; Access-Control-Request-Method: PATCH; \
    Access-Control-Request-Headers: content-type] OPTIONS /a//b";

/// The headers of an answer that are about origins, but for `Vary`.
fn cors(answer: &Answer) -> Vec<(&str, &str)> {
    let headers = answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    headers.filter(|(name, _)| name.starts_with("access-control-")).collect()
}

/// All that an answer says it depends on.
fn vary(answer: &Answer) -> String {
    let vary = answer.headers.iter().filter(|(name, _)| name == "vary");
    vary.map(|(_, value)| value.to_lowercase()).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn a_page_of_any_origin_may_read_and_write() {
    let server = Fixture::with("").await;
    for request in ["GET /nothing", "POST /a 1", "GET /a@b", "DELETE /a"] {
        let answer = ask(&server, &format!("[Origin: http://app.example] {request}")).await;
        assert!(cors(&answer).contains(&("access-control-allow-origin", "*")), "{request}");
        assert!(vary(&answer).contains("origin"), "{request}");
        let answer = ask(&server, request).await;
        assert!(cors(&answer).is_empty(), "{request}");
    }
}

/// It never reaches a route, nor a key.
#[tokio::test]
async fn a_preflight_echoes_what_was_asked_for() {
    let server = Fixture::with("").await;
    let answer = ask(&server, PREFLIGHT).await;
    assert_eq!((answer.status, answer.text()), (204, ""));
    let expected = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "PATCH"),
        ("access-control-allow-headers", "content-type"),
    ];
    for header in expected {
        assert!(cors(&answer).contains(&header), "{header:?} {:?}", answer.headers);
    }
    let expected = "origin, access-control-request-method, access-control-request-headers";
    assert_eq!(vary(&answer), expected);

    for refused in [PREFLIGHT.replace("PATCH", "TRACE"), PREFLIGHT.replace("content-type", "x-y")] {
        let answer = ask(&server, &refused).await;
        assert_eq!((answer.status, cors(&answer)), (204, vec![]), "{refused}");
    }
}

#[tokio::test]
async fn with_origins_listed_others_are_not_told_but_carried_out() {
    let server = Fixture::with("--origins http://app.example,https://b.example").await;
    let answer = ask(&server, "[Origin: HTTP://APP.example] POST /a 1").await;
    assert!(cors(&answer).contains(&("access-control-allow-origin", "HTTP://APP.example")));
    let answer = ask(&server, "[Origin: http://evil.example] POST /a 2").await;
    assert_eq!((answer.status, cors(&answer)), (200, vec![]));
    assert_eq!(server.engine().get(&"a".parse().unwrap()).unwrap().data.as_str(), "2");
    let answer = ask(&server, &PREFLIGHT.replace("app.example", "evil.example")).await;
    assert_eq!((answer.status, cors(&answer)), (204, vec![]));
}

async fn opens(server: &TestServer, origin: &str) -> u16 {
    let headers = format!("Host: {}\r\n{UPGRADE}{origin}", server.address());
    match Socket::over(Http::connect(server.address()).await, "/a", &headers).await {
        Ok(_) => 101,
        Err(answer) => {
            assert_eq!(answer.text(), "Forbidden\n", "{origin}");
            answer.status
        }
    }
}

#[tokio::test]
async fn sockets_are_for_pages_of_listed_origins_our_own_and_programs() {
    let server = Fixture::with("--origins http://app.example").await;
    let own = format!("Origin: http://{}\r\n", server.address());
    assert_eq!(opens(&server, "").await, 101);
    assert_eq!(opens(&server, &own).await, 101);
    assert_eq!(opens(&server, "Origin: http://app.example\r\n").await, 101);
    assert_eq!(opens(&server, "Origin: http://evil.example\r\n").await, 403);
    assert_eq!(opens(&server, "Origin: null\r\n").await, 403);

    for flags in ["", "--origins http://app.example,*"] {
        let server = Fixture::with(flags).await;
        assert_eq!(opens(&server, "Origin: http://evil.example\r\n").await, 101, "{flags}");
    }
}

#[tokio::test]
async fn large_answers_are_packed_for_those_who_can_read_it() {
    let large = format!("\"{}\"", "x".repeat(10_000));
    for (flags, accept, expected) in [
        ("", "gzip", Some("gzip")),
        ("", "br", Some("br")),
        ("", "identity", None),
        ("--no-compress", "gzip, br", None),
    ] {
        let server = Fixture::with(flags).await;
        change(&server, "POST", "/a", &large).await;
        let answer = ask(&server, &format!("[Accept-Encoding: {accept}] GET /a")).await;
        assert_eq!(answer.header("content-encoding"), expected, "{flags} {accept}");
        assert_eq!(answer.body.len() < 1_000, expected.is_some(), "{flags} {accept}");
    }
}

/// ooo packs everything: errors lose their type, and nothing gets larger.
#[tokio::test]
async fn q17_small_empty_and_error_answers_are_never_packed() {
    let server = Fixture::with("").await;
    let longer = "x".repeat(3_000);
    for request in [
        "POST /a 1".to_owned(),
        "GET /a".to_owned(),
        "GET /a@b".to_owned(),
        "GET /nothing".to_owned(),
        "DELETE /a".to_owned(),
        format!("POST /a {{\"{longer}\":"),
    ] {
        let answer = ask(&server, &format!("[Accept-Encoding: gzip, br] {request}")).await;
        assert_eq!(answer.header("content-encoding"), None, "{request}");
        assert_eq!(answer.header("content-type").is_some(), answer.status != 204, "{request}");
    }
}

#[tokio::test]
async fn q20_a_write_that_runs_past_the_deadline_is_not_done() {
    let server = Fixture::with("--extra --deadline 100ms").await;
    let mut socket = server.socket("/slowwrite").await;
    socket.message().await;

    let answer = server.request("POST", "/slowwrite", "1").await;

    assert_eq!((answer.status, answer.text()), (503, "ooo: server deadline reached"));
    // The program's own write takes as long, so the refused one would be told before it.
    server.engine().set("slowwrite".parse().unwrap(), Json::parse(b"2").unwrap()).await.unwrap();
    assert!(socket.message().await.contains(r#""data":2"#));
}
