//! `/_keys`: which lists and single keys there are. Watched like a key, and never stored.

use insta::assert_snapshot;
use monoxide_protocol::{Message, Replica};
use monoxide_testkit::{Socket, TestServer};
use serde_json::{Value, json};

use crate::redact::Redactor;

async fn post(server: &TestServer, key: &str) {
    assert_eq!(server.request("POST", key, "1").await.status, 200);
}

#[tokio::test]
async fn keys_are_told_as_an_object_that_is_patched() {
    let (server, mut redactor) = (TestServer::start().await, Redactor::default());
    let mut socket = server.socket("/_keys").await;
    let mut next = async |socket: &mut Socket| redactor.redact(&socket.message().await);
    assert_snapshot!(next(&mut socket).await, @r##"{"snapshot":true,"version":"#1","data":{"created":#1,"updated":#1,"index":"_keys","path":"_keys","data":{}}}"##);

    post(&server, "/books/dune").await;
    assert_snapshot!(next(&mut socket).await, @r##"{"snapshot":false,"version":"#2","data":[{"op":"replace","path":"/updated","value":#2},{"op":"add","path":"/data/books~1*","value":{"count":1}}]}"##);

    post(&server, "/books/emma").await;
    assert_snapshot!(next(&mut socket).await, @r##"{"snapshot":false,"version":"#3","data":[{"op":"replace","path":"/updated","value":#3},{"op":"replace","path":"/data/books~1*/count","value":2}]}"##);

    post(&server, "/config").await;
    assert_snapshot!(next(&mut socket).await, @r##"{"snapshot":false,"version":"#4","data":[{"op":"replace","path":"/updated","value":#4},{"op":"add","path":"/data/config","value":{"count":1}}]}"##);

    server.request("DELETE", "/books/*", "").await;
    assert_snapshot!(next(&mut socket).await, @r##"{"snapshot":false,"version":"#5","data":[{"op":"replace","path":"/updated","value":#5},{"op":"remove","path":"/data/books~1*"}]}"##);

    let mut late = server.socket("/_keys").await;
    assert_snapshot!(next(&mut late).await, @r##"{"snapshot":true,"version":"#5","data":{"created":#1,"updated":#5,"index":"_keys","path":"_keys","data":{"config":{"count":1}}}}"##);
    let answer = server.request("GET", "/_keys", "").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_snapshot!(redactor.redact(answer.text()), @r##"{"created":#1,"updated":#5,"index":"_keys","path":"_keys","data":{"config":{"count":1}}}"##);
}

/// Time is paused, so what is written meanwhile is written within one pause of the index.
#[tokio::test(start_paused = true)]
async fn many_changes_in_a_moment_are_few_messages_and_end_equal() {
    let server = TestServer::start().await;
    let (mut socket, mut replica) = (server.socket("/_keys").await, Replica::default());
    replica.apply(Message::decode(&socket.message().await).unwrap()).unwrap();
    for n in 0..200 {
        let key = format!("l{}/{n}", n % 5).parse().unwrap();
        server.engine().set(key, monoxide_protocol::Json::parse(b"1").unwrap()).await.unwrap();
    }
    // What comes and goes within a pause is not told at all.
    post(&server, "/gone").await;
    server.request("DELETE", "/gone", "").await;

    let wanted: Value =
        serde_json::from_slice(&server.request("GET", "/_keys", "").await.body).unwrap();
    let mut messages = 0;
    while replica.document() != Some(&wanted) {
        let message = socket.message().await;
        assert!(!message.contains("gone"), "{message}");
        replica.apply(Message::decode(&message).unwrap()).unwrap();
        messages += 1;
    }
    assert!(messages <= 3, "{messages} messages for 200 writes");
    assert_eq!(wanted["data"]["l3/*"], json!({"count": 40}));
}

#[tokio::test]
async fn updates_change_no_key_and_are_not_told() {
    let server = TestServer::start().await;
    post(&server, "/thing").await;
    let mut socket = server.socket("/_keys").await;
    socket.message().await;
    post(&server, "/thing").await;
    server.request("PATCH", "/thing", "{}").await;
    server.request("DELETE", "/nothing/*", "").await;
    post(&server, "/other").await;
    assert!(socket.message().await.contains("other"), "the first that is told");
}

#[tokio::test]
async fn who_comes_back_to_the_keys_gets_what_it_missed() {
    let server = TestServer::start().await;
    let mut socket = server.socket("/_keys").await;
    let seen = Message::decode(&socket.message().await).unwrap().version();
    post(&server, "/thing").await;
    let missed = socket.message().await;
    drop(socket);
    let mut back = server.socket(&format!("/_keys?v={seen}")).await;
    assert_eq!(back.message().await, missed);
}

#[tokio::test]
async fn the_keys_are_no_key() {
    let server = TestServer::start().await;
    for method in ["POST", "PATCH", "DELETE"] {
        let answer = server.request(method, "/_keys", "{}").await;
        assert_eq!((answer.status, answer.text()), (405, "Method Not Allowed\n"), "{method}");
        // However it is written, and what stands around it.
        for target in ["/%5Fkeys", "/_keys/*", "/_keys/a", "/_else"] {
            let answer = server.request(method, target, "{}").await;
            assert_eq!((answer.status, answer.text()), (400, "ooo: key is not valid"), "{target}");
        }
    }
    assert_eq!(server.request("GET", "/*", "").await.text(), "[]");
    for key in ["/keys", "/k_eys", "/a/_keys"] {
        post(&server, key).await;
    }
    let keys = server.request("GET", "/_keys", "").await;
    assert!(
        keys.text()
            .ends_with(r#""data":{"a/*":{"count":1},"k_eys":{"count":1},"keys":{"count":1}}}"#),
        "{}",
        keys.text()
    );
}
