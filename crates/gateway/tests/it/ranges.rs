//! Parts of lists: read once, and told again whenever they change.

use insta::assert_snapshot;
use monoxide_engine::{Engine, Filters, Seen};
use monoxide_protocol::{Message, Replica};
use monoxide_testkit::{Socket, TestServer};
use serde_json::{Value, json};

use crate::redact::Redactor;

async fn with_books(titles: &[&str]) -> TestServer {
    let server = TestServer::start().await;
    for (nth, title) in titles.iter().enumerate() {
        let body = json!({"title": title, "n": nth});
        server.request("POST", &format!("/books/{nth}"), &body.to_string()).await;
    }
    server
}

async fn page(server: &TestServer, query: &str) -> Value {
    let answer = server.request("GET", &format!("/?api=range&key=books/*&{query}"), "").await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    serde_json::from_str(answer.text()).unwrap()
}

fn titles(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["data"]["title"].as_str().unwrap_or("-")).collect()
}

/// A copy of what a socket tells.
struct Copy {
    socket: Socket,
    replica: Replica,
}

impl Copy {
    async fn of(server: &TestServer, query: &str) -> Self {
        let socket = server.socket(&format!("/_window?key=books/*&{query}")).await;
        let mut copy = Self { socket, replica: Replica::default() };
        copy.next().await;
        copy
    }

    async fn next(&mut self) -> &Value {
        let message = self.socket.message().await;
        self.replica.apply(Message::decode(&message).unwrap()).unwrap();
        self.replica.document().unwrap()
    }

    /// Takes messages until the document is so.
    async fn until(&mut self, holds: impl Fn(&Value) -> bool) {
        while !self.replica.document().is_some_and(&holds) {
            self.next().await;
        }
    }
}

#[tokio::test]
async fn a_part_is_told_with_what_there_is_of_all() {
    let server = with_books(&["Dune", "Emma"]).await;
    let answer = server.request("GET", "/?api=range&key=books/*&limit=1", "").await;
    let text = Redactor::default().redact(answer.text());
    assert_snapshot!(text, @r##"{"version":"#1","total":2,"matching":2,"from":0,"items":[{"key":"books/1","index":"1","created":#1,"updated":0,"version":"#1","data":{"title":"Emma","n":1}}]}"##);
    let answer = server.request("GET", "/?api=range&key=books/*&from=1&pick=/title,/x", "").await;
    let text = Redactor::default().redact(answer.text());
    assert_snapshot!(text, @r##"{"version":"#1","total":2,"matching":2,"from":1,"items":[{"key":"books/0","index":"0","created":#2,"updated":0,"version":"#2","data":{"/title":"Dune"}}]}"##);
}

#[tokio::test]
async fn a_part_can_be_sorted_and_searched() {
    let server = with_books(&["dune", "Emma", "Beloved", "Dracula"]).await;
    for (query, expected) in [
        ("", vec!["Dracula", "Beloved", "Emma", "dune"]),
        ("from=1&limit=2", vec!["Beloved", "Emma"]),
        ("sort=created", vec!["dune", "Emma", "Beloved", "Dracula"]),
        ("sort=created&from=1&limit=2", vec!["Emma", "Beloved"]),
        ("sort=-created&from=3", vec!["dune"]),
        ("sort=/title", vec!["Beloved", "Dracula", "dune", "Emma"]),
        ("sort=-/n&limit=2", vec!["Dracula", "Beloved"]),
        ("sort=key&from=3", vec!["Dracula"]),
        ("find=D%20u", vec!["Dracula", "dune"]),
        ("find=d&sort=/title&from=1", vec!["Dracula", "dune"]),
        ("from=4", vec![]),
        ("from=18446744073709551615", vec![]),
    ] {
        assert_eq!(titles(&page(&server, query).await), expected, "{query}");
    }
    let found = page(&server, "find=e&limit=1").await;
    assert_eq!((&found["total"], &found["matching"]), (&json!(4), &json!(3)));
}

#[tokio::test]
async fn a_range_that_cannot_be_read_is_a_problem_that_says_which_parameter() {
    let server = with_books(&[]).await;
    for (query, said) in [
        ("", "`key`"),
        ("key=books", "`key`"),
        ("key=books/*&from=-1", "`from`"),
        ("key=books/*&limit=0", "`limit`"),
        ("key=books/*&sort=title", "`sort`"),
        ("key=books/*&pick=title", "`pick`"),
        (&format!("key=books/*&find={}", "x".repeat(1025)), "`find`"),
    ] {
        for path in ["?api=range&", "_window?"] {
            let answer = server.request("GET", &format!("/{path}{query}"), "").await;
            let kind = answer.header("content-type");
            assert_eq!((answer.status, kind), (400, Some("application/problem+json")), "{query}");
            assert!(answer.text().contains(said), "{query}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn more_than_a_thousand_are_never_told_at_once() {
    let server = TestServer::start().await;
    for n in 0..1002 {
        server.request("POST", &format!("/books/{n}"), "1").await;
    }
    let page = page(&server, "limit=99999").await;
    assert_eq!((page["items"].as_array().unwrap().len(), &page["total"]), (1000, &json!(1002)));
}

#[tokio::test]
async fn who_watches_a_part_is_told_what_changes_in_it_and_how_much_there_is() {
    let server = with_books(&["Dune", "Emma", "Beloved"]).await;
    let mut copy = Copy::of(&server, "limit=2").await;
    let mut sorted = Copy::of(&server, "limit=2&sort=/title").await;
    assert_eq!(titles(copy.replica.document().unwrap()), ["Beloved", "Emma"]);

    server.request("POST", "/books/new", r#"{"title":"Carrie"}"#).await;
    copy.until(|it| it["total"] == 4).await;
    sorted.until(|it| it["total"] == 4).await;
    assert_eq!(titles(copy.replica.document().unwrap()), ["Carrie", "Beloved"]);
    assert_eq!(titles(sorted.replica.document().unwrap()), ["Beloved", "Carrie"]);

    server.request("DELETE", "/books/*", "").await;
    copy.until(|it| it["total"] == 0).await;
    sorted.until(|it| it["items"] == json!([])).await;
}

#[tokio::test]
async fn a_change_outside_of_the_part_is_not_told() {
    let server = with_books(&["Dune", "Emma", "Beloved"]).await;
    let mut copy = Copy::of(&server, "limit=1").await;

    server.request("POST", "/books/0", r#"{"title":"Dune II"}"#).await;
    server.request("POST", "/books/2", r#"{"title":"Sula"}"#).await;

    assert_eq!(titles(copy.next().await), ["Sula"]);
}

#[tokio::test]
async fn what_a_filter_hides_is_in_no_part() {
    let filters = Filters::new().read_list("books/*", |_, object| {
        if object.data.as_str().contains("secret") { Seen::Hidden } else { Seen::Whole }
    });
    let engine = Engine::builder().filters(filters).start().unwrap();
    let server = TestServer::at(([127, 0, 0, 1], 0).into(), engine, |server| server).await;
    for (key, title) in [("a", "Dune"), ("b", "secret"), ("c", "Emma")] {
        let body = json!({ "title": title }).to_string();
        server.request("POST", &format!("/books/{key}"), &body).await;
    }

    for query in ["", "sort=/title&find=e"] {
        let mut copy = Copy::of(&server, query).await;
        // Once somebody watches, it is read from what that one is told.
        for page in [page(&server, query).await, copy.replica.document().unwrap().clone()] {
            assert!(!page.to_string().contains("secret"), "{page}");
            assert_eq!(page["total"], 2, "{page}");
        }
        server.request("POST", "/books/c", r#"{"title":"Emma, secret"}"#).await;
        copy.until(|it| it["total"] == 1).await;
        server.request("POST", "/books/c", r#"{"title":"Emma"}"#).await;
        copy.until(|it| it["total"] == 2).await;
    }
}
