//! A request with headers of the test's own.

use monoxide_testkit::{Answer, Http, TestServer};

/// Sends it on a connection of its own; each header ends with a line break.
pub(crate) async fn ask(
    server: &TestServer,
    method: &str,
    target: &str,
    headers: &str,
    body: &str,
) -> Answer {
    let mut http = Http::connect(server.address()).await;
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        server.address(),
        body.len()
    );
    http.send(request).await.unwrap();
    if method == "HEAD" { http.head().await } else { http.answer().await }
}

/// Status and body in one line.
pub(crate) fn line(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.text())
}
