//! Requests and what they are answered, a line each.

use monoxide_testkit::{Answer, Redactor, TestServer};

/// Sends what stands before each `=>`, and expects what stands behind it: the status and the
/// body, with times as `#1`, `#2`, … A line may begin with headers in brackets.
pub(crate) async fn check(server: &TestServer, table: &str) {
    let mut redactor = Redactor::default();
    let (mut expected, mut actual) = (String::new(), String::new());
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (request, _) = line.split_once("=>").unwrap();
        let answer = ask(server, request.trim()).await;
        check_type(&answer, line);
        let text = redactor.redact(answer.text().trim_end_matches('\n'));
        expected.push_str(&format!("{line}\n"));
        actual.push_str(format!("{request}=> {} {text}", answer.status).trim_end());
        actual.push('\n');
    }
    // The whole table at once, so that a difference is seen among its neighbours.
    assert!(expected == actual, "expected:\n{expected}\nbut was:\n{actual}");
}

/// Sends `METHOD /target body`, or the same behind `[Name: value; Name: value]`.
pub(crate) async fn ask(server: &TestServer, request: &str) -> Answer {
    let (headers, request) = match request.strip_prefix('[') {
        Some(rest) => rest.split_once("] ").unwrap(),
        None => ("", request),
    };
    let headers: String = headers
        .split(';')
        .filter(|it| !it.is_empty())
        .map(|it| format!("{}\r\n", it.trim()))
        .collect();
    let mut words = request.splitn(3, ' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    server.request_with(method, target, &headers, words.next().unwrap_or("")).await
}

/// Data is JSON, and a refusal is a text.
#[track_caller]
fn check_type(answer: &Answer, line: &str) {
    let expected = match answer.status {
        204 => None,
        200 => Some("application/json"),
        _ => Some("text/plain; charset=utf-8"),
    };
    assert_eq!(answer.header("content-type"), expected, "{line}");
}
