//! What pages of other origins are told (CORS), row by row as ooo tells it.

use monoxide_testkit::{Answer, Http, TestServer};

const PAGE: &str = "https://app.example";

async fn ask(server: &TestServer, method: &str, target: &str, headers: &str) -> Answer {
    let mut http = Http::connect(server.address()).await;
    let head = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
    http.send(head).await.unwrap();
    http.answer().await
}

/// The headers of an answer that concern CORS, sorted.
fn cors(answer: &Answer) -> Vec<String> {
    let concerns =
        |(name, _): &&(String, String)| name.starts_with("access-control-") || name == "vary";
    let mut headers: Vec<_> = answer.headers.iter().filter(concerns).collect();
    headers.sort();
    headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

const VARY: [&str; 1] = ["vary: Accept-Encoding, Origin"];
const VARY_OF_A_PREFLIGHT: &str =
    "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

#[track_caller]
fn check(answer: &Answer, status: u16, origin: Option<&str>) {
    let mut wanted: Vec<_> =
        origin.map(|it| format!("access-control-allow-origin: {it}")).into_iter().collect();
    wanted.extend(VARY.map(str::to_owned));
    let mut told = cors(answer);
    told.sort();
    // Writes name the version that they made, and a page may read it.
    told.retain(|it| it != "access-control-expose-headers: ETag");
    assert_eq!((answer.status, told), (status, wanted));
}

#[tokio::test]
async fn any_page_may_read_any_answer_unless_origins_are_listed() {
    let server = TestServer::start().await;
    let from = format!("Origin: {PAGE}\r\n");
    server.request("POST", "/thing", "1").await;
    for (method, target, status) in [
        ("GET", "/thing", 200),
        ("GET", "/books/*", 200),
        ("GET", "/nothing", 404),
        ("GET", "/a//b", 400),
        ("GET", "/a@b", 404),
        ("PUT", "/thing", 405),
        ("GET", "/", 200),
        ("DELETE", "/thing", 204),
    ] {
        check(&ask(&server, method, target, &from).await, status, Some("*"));
        let status = if method == "DELETE" { 404 } else { status };
        check(&ask(&server, method, target, "").await, status, None);
    }
}

#[tokio::test]
async fn a_listed_page_is_named_and_an_unlisted_one_is_not_but_is_served() {
    let server = TestServer::with(|server| server.origins([PAGE, "http://localhost:3000"])).await;
    let body = "Content-Length: 1\r\n";
    for (origin, told) in [
        (PAGE, Some(PAGE)),
        ("HTTPS://App.Example", Some("HTTPS://App.Example")),
        ("http://localhost:3000", Some("http://localhost:3000")),
        ("http://localhost:3001", None),
        ("http://app.example", None),
        ("https://app.example.evil.example", None),
        ("null", None),
    ] {
        let mut http = Http::connect(server.address()).await;
        let head = format!("POST /thing HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n{body}\r\n1");
        http.send(head).await.unwrap();
        check(&http.answer().await, 200, told);
    }
    check(&ask(&server, "DELETE", "/thing", "Origin: https://evil.example\r\n").await, 204, None);
    check(&ask(&server, "GET", "/thing", "").await, 404, None);
}

#[tokio::test]
async fn a_star_among_the_listed_is_everybody() {
    let server = TestServer::with(|server| server.origins([PAGE, "*"])).await;
    let answer = ask(&server, "GET", "/a/*", "Origin: https://other.example\r\n").await;
    check(&answer, 200, Some("*"));
}

async fn preflight(server: &TestServer, target: &str, headers: &str) -> Vec<String> {
    let answer = ask(server, "OPTIONS", target, headers).await;
    assert_eq!((answer.status, answer.text()), (204, ""), "{headers}");
    assert_eq!(answer.header("content-encoding"), None);
    cors(&answer)
}

#[tokio::test]
async fn a_preflight_is_answered_before_the_router_with_what_it_asked_for() {
    let server = TestServer::start().await;
    for method in ["GET", "POST", "DELETE", "PUT", "PATCH"] {
        for (names, told) in [
            ("", None),
            ("content-type", Some("content-type")),
            ("authorization,content-type", Some("authorization,content-type")),
            ("Authorization, Content-Type", Some("Authorization, Content-Type")),
            ("if-match", Some("if-match")),
        ] {
            let asked = if names.is_empty() {
                String::new()
            } else {
                format!("Access-Control-Request-Headers: {names}\r\n")
            };
            let asked =
                format!("Origin: {PAGE}\r\nAccess-Control-Request-Method: {method}\r\n{asked}");
            // No key, a wrong one, and none of ours: nothing of it is looked at.
            for target in ["/thing", "/a//b", "/a@b", "/", "/_keys"] {
                let mut wanted = Vec::new();
                wanted.extend(told.map(|it| format!("access-control-allow-headers: {it}")));
                wanted.push(format!("access-control-allow-methods: {method}"));
                wanted.push("access-control-allow-origin: *".to_owned());
                wanted.push(VARY_OF_A_PREFLIGHT.to_owned());
                assert_eq!(preflight(&server, target, &asked).await, wanted, "{asked}");
            }
        }
    }
}

#[tokio::test]
async fn a_preflight_for_what_is_not_allowed_is_told_nothing() {
    let server = TestServer::start().await;
    let from = format!("Origin: {PAGE}\r\n");
    for asked in [
        format!("{from}Access-Control-Request-Method: TRACE\r\n"),
        format!("{from}Access-Control-Request-Method: post\r\n"),
        format!(
            "{from}Access-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: x-custom\r\n"
        ),
        format!(
            "{from}Access-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: content-type,x-custom\r\n"
        ),
        "Access-Control-Request-Method: POST\r\n".to_owned(),
    ] {
        assert_eq!(preflight(&server, "/thing", &asked).await, [VARY_OF_A_PREFLIGHT], "{asked}");
    }
}

#[tokio::test]
async fn a_preflight_of_an_unlisted_page_is_told_nothing() {
    let server = TestServer::with(|server| server.origins([PAGE])).await;
    let asked =
        |origin: &str| format!("Origin: {origin}\r\nAccess-Control-Request-Method: PATCH\r\n");
    assert_eq!(
        preflight(&server, "/thing", &asked(PAGE)).await,
        [
            "access-control-allow-methods: PATCH",
            "access-control-allow-origin: https://app.example",
            VARY_OF_A_PREFLIGHT
        ]
    );
    let unlisted = preflight(&server, "/thing", &asked("https://evil.example")).await;
    assert_eq!(unlisted, [VARY_OF_A_PREFLIGHT]);
}

#[tokio::test]
async fn what_asks_for_no_method_is_no_preflight() {
    let server = TestServer::start().await;
    let answer = ask(&server, "OPTIONS", "/a@b", &format!("Origin: {PAGE}\r\n")).await;
    check(&answer, 404, Some("*"));
    // Nor is what is no OPTIONS.
    let asks = format!("Origin: {PAGE}\r\nAccess-Control-Request-Method: POST\r\n");
    check(&ask(&server, "GET", "/a/*", &asks).await, 200, Some("*"));
}
