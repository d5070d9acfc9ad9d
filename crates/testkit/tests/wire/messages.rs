//! Every kind of message that a subscriber is sent, byte for byte.

use insta::assert_snapshot;
use monoxide_testkit::{Redactor, Socket, TestServer, fixture::Fixture};

/// A subscriber, and what it was told as one reads it.
pub(crate) struct Listener<'a> {
    server: &'a TestServer,
    socket: Socket,
    redactor: Redactor,
}

impl<'a> Listener<'a> {
    pub(crate) async fn new(server: &'a TestServer, target: &str) -> Self {
        let socket = server.socket(target).await;
        Self { server, socket, redactor: Redactor::default() }
    }

    /// The next message.
    pub(crate) async fn hears(&mut self) -> String {
        self.redactor.redact(&self.socket.message().await)
    }

    /// What comes of a request.
    pub(crate) async fn hears_of(&mut self, method: &str, target: &str, body: &str) -> String {
        change(self.server, method, target, body).await;
        self.hears().await
    }
}

/// Sends a request that succeeds.
pub(crate) async fn change(server: &TestServer, method: &str, target: &str, body: &str) {
    let answer = server.request(method, target, body).await;
    assert!(answer.status < 300, "{method} {target}: {} {}", answer.status, answer.text());
}

#[tokio::test]
async fn a_filtered_object_is_told_as_it_is_seen() {
    let server = Fixture::with("--static").await;
    let mut config = Listener::new(&server, "/config").await;
    assert_snapshot!(config.hears().await, @r##"{"snapshot":true,"version":"#1","data":{"created":0,"updated":0,"index":"","data":{}}}"##);
    let told = config.hears_of("POST", "/config", r#"{"a":1}"#).await;
    assert_snapshot!(told, @r##"{"snapshot":true,"version":"#2","data":{"created":#3,"updated":0,"index":"config","path":"config","data":{"a":1,"seen":true}}}"##);
    let told = config.hears_of("POST", "/config", r#"{"a":2}"#).await;
    assert_snapshot!(told, @r##"{"snapshot":false,"version":"#4","data":[{"op":"replace","path":"/updated","value":#5},{"op":"replace","path":"/data/a","value":2}]}"##);
    // What may no longer be seen goes as what is deleted goes (Q14).
    let told = config.hears_of("POST", "/config", r#"{"locked":true}"#).await;
    assert_snapshot!(told, @r##"{"snapshot":false,"version":"#6","data":[{"op":"replace","path":"/created","value":0},{"op":"replace","path":"/updated","value":0},{"op":"replace","path":"/index","value":""},{"op":"remove","path":"/data/a"},{"op":"remove","path":"/data/seen"},{"op":"remove","path":"/path"}]}"##);
    let told = config.hears_of("POST", "/config", r#"{"a":3}"#).await;
    assert_snapshot!(told, @r##"{"snapshot":true,"version":"#7","data":{"created":#3,"updated":#8,"index":"config","path":"config","data":{"a":3,"seen":true}}}"##);
}

#[tokio::test]
async fn without_patches_every_message_is_a_snapshot() {
    let server = Fixture::with("--no-patch").await;
    let mut object = Listener::new(&server, "/a").await;
    assert_snapshot!(object.hears().await, @r##"{"snapshot":true,"version":"#1","data":{"created":0,"updated":0,"index":"","data":{}}}"##);
    assert_snapshot!(object.hears_of("POST", "/a", "1").await, @r##"{"snapshot":true,"version":"#2","data":{"created":#2,"updated":0,"index":"a","path":"a","data":1}}"##);
    assert_snapshot!(object.hears_of("POST", "/a", "2").await, @r##"{"snapshot":true,"version":"#3","data":{"created":#2,"updated":#3,"index":"a","path":"a","data":2}}"##);
    assert_snapshot!(object.hears_of("DELETE", "/a", "").await, @r##"{"snapshot":true,"version":"#4","data":{"created":0,"updated":0,"index":"","data":{}}}"##);

    let mut list = Listener::new(&server, "/l/*").await;
    assert_snapshot!(list.hears().await, @r##"{"snapshot":true,"version":"#1","data":[]}"##);
    assert_snapshot!(list.hears_of("POST", "/l/a", "1").await, @r##"{"snapshot":true,"version":"#2","data":[{"created":#2,"updated":0,"index":"a","path":"l/a","data":1}]}"##);
    assert_snapshot!(list.hears_of("POST", "/l/a", "2").await, @r##"{"snapshot":true,"version":"#3","data":[{"created":#2,"updated":#3,"index":"a","path":"l/a","data":2}]}"##);
    assert_snapshot!(list.hears_of("DELETE", "/l/a", "").await, @r##"{"snapshot":true,"version":"#4","data":[]}"##);
}

/// Either side may be the pattern. REST tells the truth all the same.
#[tokio::test]
async fn keys_that_are_not_broadcast_are_only_read() {
    let server = Fixture::with("--no-broadcast quiet/*,still").await;
    let mut item = Listener::new(&server, "/quiet/a").await;
    let mut list = Listener::new(&server, "/quiet/*").await;
    let mut wide = Listener::new(&server, "/*/*").await;
    let mut still = Listener::new(&server, "/still").await;
    for listener in [&mut item, &mut list, &mut wide, &mut still] {
        listener.hears().await;
    }

    change(&server, "POST", "/quiet/a", "1").await;
    change(&server, "POST", "/still", "1").await;
    change(&server, "POST", "/loud/a", "1").await;

    assert!(wide.hears().await.contains(r#""path":"loud/a""#), "the first that is told");
    assert_eq!(server.request("GET", "/quiet/a", "").await.status, 200);
    assert_eq!(server.request("GET", "/still", "").await.status, 200);
    // Nothing was told that nobody should hear: the next thing each of them gets is the end.
    server.stop();
    for listener in [&mut item, &mut list, &mut still] {
        assert_eq!(listener.socket.frame().await.first, monoxide_testkit::socket::CLOSE);
    }
}
