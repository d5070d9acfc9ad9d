//! The same rules at every door, over real sockets.

use std::sync::Arc;

use axum::{
    extract::{Path, Request},
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use monoxide_engine::{Condition, Engine, Error, Identity, Session};
use monoxide_gateway::{Caller, Endpoint};
use monoxide_protocol::Key;
use monoxide_testkit::{Http, Socket, TestServer, socket::UPGRADE};
use serde_json::{Value, json as value};

use super::{json, key, rules};

/// A server with these rules, that believes who somebody says to be: `X-As: ann;editor`.
async fn server(text: &str) -> TestServer {
    let engine = Engine::builder().rules(Some(Arc::new(rules(text)))).start().unwrap();
    let free = ([127, 0, 0, 1], 0).into();
    TestServer::at(free, engine, |server| {
        server.layer(from_fn(believe)).endpoint(
            Endpoint::new("/notes/{name}")
                .get(async |Caller(session): Caller, Path(name): Path<String>| {
                    let note = session.get(&note(&name));
                    answer(note.map(|object| object.data.as_str().to_owned()))
                })
                .put(async |Caller(session): Caller, Path(name): Path<String>| {
                    let set = session.set(&note(&name), json(1), &Condition::Always).await;
                    answer(set.map(|_| String::new()))
                })
                .delete(async |Caller(session): Caller, Path(name): Path<String>| {
                    answer(
                        session
                            .delete(&note(&name), &Condition::Always)
                            .await
                            .map(|_| String::new()),
                    )
                }),
        )
    })
    .await
}

fn note(name: &str) -> Key {
    key(&format!("n/{name}"))
}

fn answer(result: Result<String, Error>) -> Response {
    match result {
        Ok(text) => text.into_response(),
        Err(Error::Forbidden { .. }) => StatusCode::FORBIDDEN.into_response(),
        Err(Error::NotFound) => StatusCode::NOT_FOUND.into_response(),
        Err(other) => panic!("{other}"),
    }
}

async fn believe(mut request: Request, next: Next) -> Response {
    if let Some(said) = request.headers().get("x-as").and_then(|it| it.to_str().ok()) {
        let (name, role) = said.split_once(';').unwrap();
        let identity = Identity::account(name, [role]);
        request.extensions_mut().insert(identity);
    }
    next.run(request).await
}

const NOBODY: &str = "";
const GUEST: &str = "X-As: bob;guest\r\n";
const EDITOR: &str = "X-As: ann;editor\r\n";

/// Rules that let editors do these things and nobody anything else, and everybody read `shown/*`.
fn only(words: &[&str]) -> String {
    let rules = words.iter().map(|word| format!("{word} = 'role == \"editor\"'\n"));
    format!("['**']\n{}['shown/*']\nread = 'true'", rules.collect::<String>())
}

async fn seeded(words: &[&str]) -> TestServer {
    let server = server(&only(words)).await;
    for at in ["n/1", "n/2", "shown/1"] {
        server.engine().set(key(at), json(value!({"at": at}))).await.unwrap();
    }
    server
}

/// What each of the three is answered.
#[track_caller]
fn check(answers: [u16; 3], expected: [u16; 3], what: &str) {
    assert_eq!(answers, expected, "{what}: nobody, a guest, an editor");
}

async fn ask(server: &TestServer, method: &str, target: &str, body: &str) -> [u16; 3] {
    let mut answers = [0; 3];
    for (answer, who) in answers.iter_mut().zip([NOBODY, GUEST, EDITOR]) {
        *answer = server.request_with(method, target, who, body).await.status;
    }
    answers
}

async fn open(server: &TestServer, target: &str, who: &str) -> Socket {
    let address = server.address();
    let headers = format!("Host: {address}\r\n{UPGRADE}{who}");
    Socket::over(Http::connect(address).await, target, &headers).await.unwrap()
}

/// What somebody hears first.
async fn heard(server: &TestServer, target: &str, who: &str) -> Value {
    let text = open(server, target, who).await.message().await;
    serde_json::from_str::<Value>(&text).unwrap()["data"].clone()
}

async fn text(server: &TestServer, target: &str, who: &str) -> String {
    server.request_with("GET", target, who, "").await.text().to_owned()
}

#[tokio::test]
async fn reading_by_key() {
    let server = seeded(&["read"]).await;
    check(ask(&server, "GET", "/n/1", "").await, [404, 404, 200], "GET");
    check(ask(&server, "HEAD", "/n/1", "").await, [404, 404, 200], "HEAD");
    check(ask(&server, "GET", "/notes/1", "").await, [404, 404, 200], "an endpoint");
    check(ask(&server, "GET", "/shown/1", "").await, [200; 3], "what all may read");
    for who in [NOBODY, GUEST] {
        let hidden = server.request_with("GET", "/n/1", who, "").await;
        let missing = server.request_with("GET", "/n/9", who, "").await;
        assert_eq!(hidden, missing, "one cannot be told from the other");
        assert_eq!(heard(&server, "/n/1", who).await, heard(&server, "/n/9", who).await);
    }
    assert_eq!(heard(&server, "/n/1", EDITOR).await["data"], value!({"at": "n/1"}));
    server.close().await;
}

#[tokio::test]
async fn listing() {
    let server = seeded(&["list"]).await;
    for (who, count) in [(NOBODY, 0), (GUEST, 0), (EDITOR, 2)] {
        let list: Value = serde_json::from_str(&text(&server, "/n/*", who).await).unwrap();
        assert_eq!(list.as_array().unwrap().len(), count);
        assert_eq!(heard(&server, "/n/*", who).await, list);
        let keys: Value = serde_json::from_str(&text(&server, "/?api=keys", who).await).unwrap();
        assert_eq!(keys["total"], count + 1, "and what is shown to all");
        let keys: Value = serde_json::from_str(&text(&server, "/_keys", who).await).unwrap();
        assert_eq!(keys["data"]["n/*"]["count"].as_u64().unwrap_or(0), count as u64);
        assert_eq!(heard(&server, "/_keys", who).await["data"], keys["data"]);
        let orphans = text(&server, "/?api=orphan-keys", who).await;
        assert_eq!(orphans.contains("\"n/1\""), count > 0);
    }
    check(ask(&server, "GET", "/n/1", "").await, [404; 3], "a list is not its objects");
    server.close().await;
}

#[tokio::test]
async fn watching() {
    let server = seeded(&["read"]).await;
    let text = format!("{}\nwatch = 'role == \"editor\"'", only(&[]));
    server.engine().set_rules(Some(Arc::new(rules(&text)))).await.unwrap();
    assert_eq!(heard(&server, "/shown/*", GUEST).await, value!([]));
    assert_eq!(heard(&server, "/shown/*", EDITOR).await[0]["data"], value!({"at": "shown/1"}));
    check(ask(&server, "GET", "/shown/1", "").await, [200; 3], "it can be read all the same");
    server.close().await;
}

#[tokio::test]
async fn creating() {
    let server = seeded(&["create"]).await;
    check(ask(&server, "POST", "/n/9", "{}").await, [401, 403, 200], "POST");
    check(ask(&server, "POST", "/n/*", "{}").await, [401, 403, 200], "a push");
    check(ask(&server, "PUT", "/notes/8", "").await, [403, 403, 200], "an endpoint");
    check(ask(&server, "POST", "/n/1", "{}").await, [401, 403, 403], "it is there");
    check(ask(&server, "PATCH", "/n/7", "{}").await, [404; 3], "there is nothing to patch");
    assert_eq!(server.engine().objects(), 6);
    server.close().await;
}

#[tokio::test]
async fn updating() {
    let server = seeded(&["update"]).await;
    check(ask(&server, "POST", "/n/1", "{}").await, [401, 403, 200], "POST");
    check(
        ask(&server, "PATCH", "/n/2", r#"{"x":1}"#).await,
        [404, 404, 200],
        "PATCH of the unseen",
    );
    check(ask(&server, "PATCH", "/shown/1", "{}").await, [401, 403, 200], "PATCH of what is seen");
    check(ask(&server, "POST", "/n/9", "{}").await, [401, 403, 403], "it is not there");
    check(ask(&server, "PUT", "/notes/1", "").await, [403, 403, 200], "an endpoint");
    assert_eq!(server.engine().objects(), 3);
    server.close().await;
}

#[tokio::test]
async fn deleting() {
    let server = seeded(&["delete"]).await;
    check(ask(&server, "DELETE", "/n/1", "").await, [404, 404, 204], "what is not seen");
    check(ask(&server, "DELETE", "/shown/1", "").await, [401, 403, 204], "what is seen");
    check(ask(&server, "DELETE", "/notes/2", "").await, [404, 404, 200], "an endpoint");
    server.engine().set(key("n/3"), json(1)).await.unwrap();
    server.engine().set(key("shown/3"), json(1)).await.unwrap();
    check(ask(&server, "DELETE", "/n/*", "").await, [204; 3], "a list that is not seen");
    assert_eq!(server.engine().objects(), 1, "the editor's delete was one");
    check(ask(&server, "DELETE", "/shown/*", "").await, [401, 403, 204], "one that is seen");
    assert_eq!(server.engine().objects(), 0);
    server.close().await;
}

#[tokio::test]
async fn writing_is_all_three() {
    let server = seeded(&["write"]).await;
    check(ask(&server, "POST", "/n/9", "{}").await, [401, 403, 200], "create");
    check(ask(&server, "POST", "/n/1", "{}").await, [401, 403, 200], "update");
    check(ask(&server, "DELETE", "/n/1", "").await, [404, 404, 204], "delete");
    server.close().await;
}

#[tokio::test]
async fn a_refused_write_says_no_more_than_that_and_changes_nothing() {
    let server = seeded(&["read"]).await;
    let refused = server.request_with("POST", "/n/1", GUEST, "{}").await;
    assert_eq!((refused.status, refused.text()), (403, "ooo: not allowed"));
    let refused = server.request_with("POST", "/n/1", NOBODY, "{}").await;
    assert_eq!((refused.status, refused.text()), (401, "not authorized"));
    let tag = "If-None-Match: *\r\n";
    let refused = server.request_with("POST", "/n/1", &format!("{GUEST}{tag}"), "{}").await;
    assert_eq!(refused.status, 403, "a condition tells nothing of what is there");
    assert_eq!(server.engine().get(&key("n/1")).unwrap().data, json(value!({"at": "n/1"})));
    server.close().await;
}

#[tokio::test]
async fn a_socket_hears_of_a_revocation_and_then_of_nothing() {
    let server = seeded(&["read"]).await;
    let mut list = open(&server, "/n/*", EDITOR).await;
    let mut one = open(&server, "/n/1", EDITOR).await;
    list.message().await;
    one.message().await;

    server.engine().set_rules(Some(Arc::new(rules(&only(&["write"]))))).await.unwrap();

    let data = |text: &str| serde_json::from_str::<Value>(text).unwrap()["data"].clone();
    let removed = data(&list.message().await);
    assert_eq!(removed, value!([]), "that is shorter than two removals");
    let gone = one.message().await;
    assert!(gone.contains(r#""data":{}"#) && !gone.contains("n/1"), "{gone}");
    let written = server.request_with("POST", "/n/1", EDITOR, "{}").await;
    assert_eq!(written.status, 200);
    server.engine().set_rules(Some(Arc::new(rules(&only(&["read"]))))).await.unwrap();
    let seen = list.message().await;
    assert!(seen.contains(r#""data":{}"#), "the next that it hears is what it may read again");
    server.close().await;
}

/// Not everything is in a session's hands: the program itself is asked nothing.
#[tokio::test]
async fn the_program_itself_may_do_everything() {
    let engine = Engine::builder().rules(Some(Arc::new(rules("")))).start().unwrap();
    let nobody: Session = engine.session(Identity::anonymous());
    engine.set(key("a"), json(1)).await.unwrap();
    let mut program = engine.subscribe(super::glob("a"), None).await.unwrap();
    let mut client = nobody.subscribe(super::glob("a"), None).await.unwrap();
    assert!(program.next().await.unwrap().ends_with(br#""data":1}}"#));
    assert!(!client.next().await.unwrap().ends_with(br#""data":1}}"#));
    engine.delete(&key("a")).await.unwrap();
}
