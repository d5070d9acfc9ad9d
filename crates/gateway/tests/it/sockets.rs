//! What subscribers are told, frame by frame, and what becomes of what they say.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use insta::assert_snapshot;
use monoxide_protocol::{Message, Replica, Version};
use monoxide_testkit::{
    Socket, TestServer,
    socket::{BINARY, CLOSE, PING, PONG, TEXT},
};
use serde_json::Value;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

use crate::redact::Redactor;

/// A server, one subscriber, and short names for the times that it is told.
struct Story {
    server: TestServer,
    socket: Socket,
    redactor: Redactor,
}

impl Story {
    async fn of(target: &str) -> Self {
        let server = TestServer::start().await;
        let socket = server.socket(target).await;
        Self { server, socket, redactor: Redactor::default() }
    }

    /// Does what a client does, which has to work, and gives what the subscriber is told.
    async fn tells(&mut self, method: &str, target: &str, body: &str) -> String {
        let answer = self.server.request(method, target, body).await;
        assert!(matches!(answer.status, 200 | 204), "{} {}", answer.status, answer.text());
        self.next().await
    }

    async fn next(&mut self) -> String {
        let message = self.socket.message().await;
        self.redactor.redact(&message)
    }
}

fn version(message: &str) -> Version {
    Message::decode(message).unwrap().version()
}

/// The messages are those that `server` sends next: nothing was on its way before them.
async fn check_next_is(server: &TestServer, socket: &mut Socket, key: &str, data: &str) {
    server.request("POST", key, data).await;
    let message = socket.message().await;
    assert!(message.starts_with(r#"{"snapshot":false,"#), "{message}");
    assert!(message.contains(data), "{message}");
}

#[tokio::test]
async fn the_life_of_an_object_is_told_as_ooo_tells_it() {
    let mut story = Story::of("/obj").await;
    assert_snapshot!(story.next().await, @r##"{"snapshot":true,"version":"#1","data":{"created":0,"updated":0,"index":"","data":{}}}"##);
    // Created: a whole document, because there was nothing to patch.
    assert_snapshot!(story.tells("POST", "/obj", r#"{"a":1,"b":[1,2]}"#).await, @r##"{"snapshot":true,"version":"#2","data":{"created":#2,"updated":0,"index":"obj","path":"obj","data":{"a":1,"b":[1,2]}}}"##);
    assert_snapshot!(story.tells("POST", "/obj", r#"{"a":2,"b":[1,2]}"#).await, @r##"{"snapshot":false,"version":"#3","data":[{"op":"replace","path":"/updated","value":#3},{"op":"replace","path":"/data/a","value":2}]}"##);
    // The same data again.
    assert_snapshot!(story.tells("POST", "/obj", r#"{"a":2,"b":[1,2]}"#).await, @r##"{"snapshot":false,"version":"#4","data":[{"op":"replace","path":"/updated","value":#4}]}"##);
    assert_snapshot!(story.tells("PATCH", "/obj", r#"{"c":{"d":1}}"#).await, @r##"{"snapshot":false,"version":"#5","data":[{"op":"replace","path":"/updated","value":#5},{"op":"add","path":"/data/c","value":{"d":1}}]}"##);
    assert_snapshot!(story.tells("POST", "/obj", r#"{"b":[1,2],"c":{"d":1}}"#).await, @r##"{"snapshot":false,"version":"#6","data":[{"op":"replace","path":"/updated","value":#6},{"op":"remove","path":"/data/a"}]}"##);
    // Another type.
    assert_snapshot!(story.tells("POST", "/obj", "5").await, @r##"{"snapshot":false,"version":"#7","data":[{"op":"replace","path":"/updated","value":#7},{"op":"replace","path":"/data","value":5}]}"##);
    assert_snapshot!(story.tells("POST", "/obj", r#"{"x":1}"#).await, @r##"{"snapshot":false,"version":"#8","data":[{"op":"replace","path":"/updated","value":#8},{"op":"replace","path":"/data","value":{"x":1}}]}"##);
    assert_snapshot!(story.tells("DELETE", "/obj", "").await, @r##"{"snapshot":false,"version":"#9","data":[{"op":"replace","path":"/created","value":0},{"op":"replace","path":"/updated","value":0},{"op":"replace","path":"/index","value":""},{"op":"remove","path":"/data/x"},{"op":"remove","path":"/path"}]}"##);
    // Created again: a time of its own, and never written since.
    assert_snapshot!(story.tells("POST", "/obj", "{}").await, @r##"{"snapshot":true,"version":"#10","data":{"created":#10,"updated":0,"index":"obj","path":"obj","data":{}}}"##);
    // Never written since, so `updated` is no part of the patch.
    assert_snapshot!(story.tells("DELETE", "/obj", "").await, @r##"{"snapshot":false,"version":"#11","data":[{"op":"replace","path":"/created","value":0},{"op":"replace","path":"/index","value":""},{"op":"remove","path":"/path"}]}"##);
}

/// ooo compares arrays of different lengths as sets, and its clients end with another one (Q3).
#[tokio::test]
async fn an_array_that_shrinks_or_grows_is_the_same_for_the_subscriber() {
    let server = TestServer::start().await;
    let (mut socket, mut replica) = (server.socket("/obj").await, Replica::default());
    replica.apply(Message::decode(&socket.message().await).unwrap()).unwrap();
    for data in ["[1,2,3]", "[3,1]", "[3,1,3,3]", "[]", "[[1],{}]", "[{},[1]]", r#"{"a/b~c":[1]}"#]
    {
        server.request("POST", "/obj", data).await;
        replica.apply(Message::decode(&socket.message().await).unwrap()).unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(replica.document().unwrap()["data"], data);
    }
}

/// ooo adds at the end of what it sent newest first (Q1).
#[tokio::test]
async fn a_list_is_told_by_position_newest_first() {
    let mut story = Story::of("/books/*").await;
    assert_snapshot!(story.next().await, @r##"{"snapshot":true,"version":"#1","data":[]}"##);
    assert_snapshot!(story.tells("POST", "/books/a", "1").await, @r##"{"snapshot":false,"version":"#2","data":[{"op":"add","path":"/0","value":{"created":#2,"updated":0,"index":"a","path":"books/a","data":1}}]}"##);
    assert_snapshot!(story.tells("POST", "/books/b", "2").await, @r##"{"snapshot":false,"version":"#3","data":[{"op":"add","path":"/0","value":{"created":#3,"updated":0,"index":"b","path":"books/b","data":2}}]}"##);
    assert_snapshot!(story.tells("POST", "/books/a", "3").await, @r##"{"snapshot":false,"version":"#4","data":[{"op":"replace","path":"/1","value":{"created":#2,"updated":#4,"index":"a","path":"books/a","data":3}}]}"##);
    let mut late = story.server.socket("/books/*").await;
    assert_snapshot!(story.redactor.redact(&late.message().await), @r##"{"snapshot":true,"version":"#4","data":[{"created":#3,"updated":0,"index":"b","path":"books/b","data":2},{"created":#2,"updated":#4,"index":"a","path":"books/a","data":3}]}"##);
    // A push: its name is taken from the clock just before its time.
    assert_snapshot!(story.tells("POST", "/books/*", "{}").await, @r##"{"snapshot":false,"version":"#5","data":[{"op":"add","path":"/0","value":{"created":#5,"updated":0,"index":"#6","path":"books/#6","data":{}}}]}"##);
    assert_snapshot!(story.tells("DELETE", "/books/b", "").await, @r##"{"snapshot":false,"version":"#7","data":[{"op":"remove","path":"/1"}]}"##);
    // Everything at once, and again when there is nothing left.
    assert_snapshot!(story.tells("DELETE", "/books/*", "").await, @r##"{"snapshot":true,"version":"#8","data":[]}"##);
    assert_snapshot!(story.tells("DELETE", "/books/*", "").await, @r##"{"snapshot":true,"version":"#9","data":[]}"##);
    // A wider pattern covers the list too.
    assert_snapshot!(story.tells("DELETE", "/*/*", "").await, @r##"{"snapshot":true,"version":"#10","data":[]}"##);
}

/// ooo tells `[]` to each of these (Q4).
#[tokio::test]
async fn a_delete_that_takes_a_part_of_a_list_is_told_as_that_part() {
    let server = TestServer::start().await;
    for key in ["/users/ann/posts/1", "/users/bob/posts/1", "/users/ann/posts/2"] {
        server.request("POST", key, "1").await;
    }
    let mut redactor = Redactor::default();
    let mut sockets = Vec::new();
    for target in [
        "/users/*/posts/*",
        "/users/ann/posts/*",
        "/users/*/posts/1",
        "/*/*/*/*",
        "/users/ann/posts/1",
    ] {
        let mut socket = server.socket(target).await;
        socket.message().await;
        sockets.push(socket);
    }
    server.request("DELETE", "/users/ann/posts/*", "").await;
    let mut told = Vec::new();
    for socket in &mut sockets {
        let message = redactor.redact(&socket.message().await);
        told.push(message.replace(r##","version":"#1","data""##, ""));
    }
    assert_eq!(
        told,
        [
            r#"{"snapshot":false:[{"op":"remove","path":"/2"},{"op":"remove","path":"/0"}]}"#,
            r#"{"snapshot":true:[]}"#,
            r#"{"snapshot":false:[{"op":"remove","path":"/1"}]}"#,
            r#"{"snapshot":false:[{"op":"remove","path":"/2"},{"op":"remove","path":"/0"}]}"#,
            r#"{"snapshot":false:[{"op":"replace","path":"/created","value":0},{"op":"replace","path":"/index","value":""},{"op":"replace","path":"/data","value":{}},{"op":"remove","path":"/path"}]}"#,
        ]
    );
}

/// ooo tells subscribers of `par/*` of `par` (Q5).
#[tokio::test]
async fn a_list_does_not_hear_of_the_key_above_it_nor_of_those_below() {
    let server = TestServer::start().await;
    let mut socket = server.socket("/par/*").await;
    socket.message().await;
    for key in ["/par", "/par/a/b", "/parent/a", "/pa/r"] {
        server.request("POST", key, r#""no""#).await;
        server.request("DELETE", key, "").await;
    }
    server.request("DELETE", "/*", "").await;
    check_next_is(&server, &mut socket, "/par/a", r#""yes""#).await;
}

#[tokio::test]
async fn patterns_side_by_side_have_positions_of_their_own() {
    let server = TestServer::start().await;
    let targets = ["/users/*/posts/*", "/users/ann/posts/*", "/users/*/posts/1", "/*/*/*/*"];
    let mut watching = Vec::new();
    for target in targets {
        let (mut socket, mut replica) = (server.socket(target).await, Replica::default());
        replica.apply(Message::decode(&socket.message().await).unwrap()).unwrap();
        watching.push((target, socket, replica));
    }
    for n in 0..60 {
        let key = format!("/users/{}/posts/{}", ["ann", "bob", "eve"][n % 3], n % 4);
        let method = if n % 7 == 6 { "DELETE" } else { "POST" };
        server.request(method, &key, n.to_string()).await;
    }
    for (target, socket, replica) in &mut watching {
        let wanted = server.request("GET", target, "").await;
        let wanted: Value = serde_json::from_slice(&wanted.body).unwrap();
        while replica.document() != Some(&wanted) {
            let message = Message::decode(&socket.message().await).unwrap();
            assert!(matches!(message, Message::Patch { .. }), "{target}");
            replica.apply(message).unwrap();
        }
    }
}

#[tokio::test]
async fn all_subscribers_of_a_key_are_told_the_same_bytes() {
    let server = TestServer::start().await;
    let mut sockets = Vec::new();
    for _ in 0..50 {
        sockets.push(server.socket("/books/*").await);
    }
    for n in 0..20 {
        server.request("POST", &format!("/books/{}", n % 7), n.to_string()).await;
    }
    let mut told = Vec::new();
    for socket in &mut sockets {
        let mut all = Vec::new();
        for _ in 0..21 {
            all.push(socket.frame().await);
        }
        told.push(all);
    }
    assert!(told.iter().all(|it| *it == told[0]));
    assert!(told[0].iter().all(|frame| frame.first == BINARY), "the JS client reads ArrayBuffers");
}

#[tokio::test]
async fn a_frame_of_any_length_arrives_whole() {
    let server = TestServer::start().await;
    let mut socket = server.socket("/thing").await;
    socket.message().await;
    let around = |len: usize| len - 145..len - 130;
    let mut lengths = Vec::new();
    for len in (0..10).chain(around(65_536)).chain([1_000_000, 0]) {
        let data = format!("\"{}\"", "x".repeat(len));
        server.request("POST", "/thing", &data).await;
        let message = socket.message().await;
        assert!(message.contains(&data), "{len}");
        lengths.push(message.len());
        // Answers and messages do not mix.
        socket.send(PING, b"hi").await.unwrap();
        assert_eq!(socket.frame().await.first, PONG);
        server.request("DELETE", "/thing", "").await;
        socket.message().await;
    }
    assert!(lengths.contains(&65_535) && lengths.contains(&65_536), "{lengths:?}");
    // The clock's messages are the short ones.
    server.socket("/").await.message().await;
}

#[tokio::test]
async fn versions_only_ever_grow() {
    let server = TestServer::start().await;
    let mut socket = server.socket("/thing").await;
    let mut last = version(&socket.message().await);
    for n in 0..50 {
        server.request("POST", "/thing", n.to_string()).await;
        let next = version(&socket.message().await);
        assert!(last < next);
        last = next;
    }
}

#[tokio::test]
async fn who_names_the_current_version_is_told_nothing_until_something_happens() {
    let server = TestServer::start().await;
    for target in ["/thing", "/books/*"] {
        let current = version(&server.socket(target).await.message().await);
        let mut back = server.socket(&format!("{target}?v={current}")).await;
        let key = target.replace('*', "new");
        server.request("POST", &key, r#""yes""#).await;
        let first = back.message().await;
        assert!(version(&first) > current && first.contains(r#""yes""#), "{first}");
        // A created object is a snapshot for everyone, so look at one that changed.
        let current = version(&first);
        let mut back = server.socket(&format!("{target}?x=y&v={current}")).await;
        check_next_is(&server, &mut back, &key, r#""again""#).await;
    }
}

#[tokio::test]
async fn who_names_an_older_version_gets_exactly_what_it_missed() {
    let server = TestServer::start().await;
    let mut socket = server.socket("/books/*").await;
    let mut told = vec![socket.message().await];
    for n in 0..10 {
        server.request("POST", &format!("/books/{n}"), "1").await;
        told.push(socket.message().await);
    }
    drop(socket);
    for seen in 0..10 {
        let mut back = server.socket(&format!("/books/*?v={}", version(&told[seen]))).await;
        for missed in &told[seen + 1..] {
            assert_eq!(back.message().await, *missed);
        }
    }
}

#[tokio::test]
async fn who_names_no_version_of_ours_gets_a_snapshot() {
    let server = TestServer::start().await;
    server.request("POST", "/thing", "1").await;
    let current = version(&server.socket("/thing").await.message().await).to_string();
    let other = version(&server.socket("/other").await.message().await);
    server.request("POST", "/another", "1").await;
    let newer = version(&server.socket("/another").await.message().await);
    assert_ne!(current, current.to_uppercase());
    for since in [
        current.to_uppercase(),
        format!("0{current}"),
        format!("0x{current}"),
        format!("+{current}"),
        format!("%20{current}"),
        format!("{current}%20"),
        format!("{current}&v={current}"),
        "0".to_owned(),
        "1".to_owned(),
        String::new(),
        "ffffffffffffffff".to_owned(),
        "fffffffffffffffff".to_owned(),
        "%FF".to_owned(),
        newer.to_string(),
    ] {
        let first = server.socket(&format!("/thing?v={since}")).await.message().await;
        assert!(
            first.starts_with(&format!(r#"{{"snapshot":true,"version":"{current}""#)),
            "{since}: {first}"
        );
    }
    assert!(other >= version(&server.socket("/other").await.message().await));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_joins_in_the_middle_of_writes_begins_with_a_snapshot_and_misses_nothing() {
    let server = TestServer::start().await;
    let writing = async {
        for n in 0..300 {
            server.request("POST", &format!("/n/{}", n % 10), n.to_string()).await;
        }
    };
    let joining = async {
        let mut joined = Vec::new();
        for _ in 0..30 {
            let (mut socket, mut replica) = (server.socket("/n/*").await, Replica::default());
            let first = socket.message().await;
            assert!(first.starts_with(r#"{"snapshot":true,"#), "{first}");
            replica.apply(Message::decode(&first).unwrap()).unwrap();
            joined.push((socket, replica));
        }
        joined
    };
    let (mut joined, ()) = tokio::join!(joining, writing);
    let all = server.request("GET", "/n/*", "").await;
    let all: Value = serde_json::from_slice(&all.body).unwrap();
    for (socket, replica) in &mut joined {
        while replica.document() != Some(&all) {
            replica.apply(Message::decode(&socket.message().await).unwrap()).unwrap();
        }
    }
}

#[tokio::test]
async fn what_a_subscriber_says_is_thrown_away() {
    let server = TestServer::start().await;
    let mut socket = server.socket("/thing").await;
    socket.message().await;
    let large = vec![b'x'; 1024 * 1024];
    for (first, payload) in [
        (TEXT, &b"hello"[..]),
        (TEXT, b""),
        (BINARY, b"\0\xff"),
        (BINARY, &large),
        // In fragments, with a pong in between.
        (0x01, b"a"),
        (0x00, b""),
        (PONG, b"unasked"),
        (0x00, "é".as_bytes().split_at(1).0),
        (0x80, "é".as_bytes().split_at(1).1),
    ] {
        socket.send(first, payload).await.unwrap();
    }
    server.request("POST", "/thing", "1").await;
    assert!(socket.message().await.ends_with(r#","data":1}}"#));
}

#[tokio::test]
async fn a_ping_is_answered_with_what_it_carries() {
    let server = TestServer::start().await;
    let mut socket = server.socket("/thing").await;
    socket.message().await;
    for payload in [&b""[..], b"hi", &[0xff; 125]] {
        socket.send(PING, payload).await.unwrap();
        let pong = socket.frame().await;
        assert_eq!((pong.first, pong.payload.as_slice()), (PONG, payload));
    }
}

#[tokio::test]
async fn a_close_frame_is_answered_with_its_code_and_the_end() {
    let server = TestServer::start().await;
    for (sent, answered) in [
        (&b"\x03\xe8"[..], &b"\x03\xe8"[..]),
        (b"\x03\xe9bye", b"\x03\xe9bye"),
        (b"\x0f\xa0", b"\x0f\xa0"),
        (b"", b""),
    ] {
        let mut socket = server.socket("/thing").await;
        socket.message().await;
        socket.send(CLOSE, sent).await.unwrap();
        let close = socket.frame().await;
        assert_eq!((close.first, close.payload.as_slice()), (CLOSE, answered));
        assert!(socket.rest().await.is_empty());
    }
}

/// The bytes break the protocol, and the client learns how before the connection ends.
async fn check_closed_with(server: &TestServer, bytes: &[u8], code: u16) {
    let mut socket = server.socket("/thing").await;
    socket.send_raw(bytes).await.expect("the server hears it out");
    let closed = timeout(Duration::from_secs(10), socket.closed()).await;
    assert_eq!(closed, Ok(code), "{:?}", &bytes[..bytes.len().min(20)]);
}

#[tokio::test]
async fn a_broken_frame_closes_the_socket_with_1002() {
    let server = TestServer::start().await;
    for bytes in [
        &b"\x82\x01x"[..],                                     // no mask
        b"\xc2\x80\0\0\0\0",                                   // a reserved bit
        b"\x83\x80\0\0\0\0",                                   // an opcode that has no meaning
        b"\x8b\x80\0\0\0\0",                                   // another
        b"\x80\x80\0\0\0\0",                                   // goes on with nothing
        b"\x01\x80\0\0\0\0\x01\x80\0\0\0\0",                   // begins twice
        b"\x09\x80\0\0\0\0",                                   // a ping in fragments
        &[&b"\x89\xfe\0\x7e\0\0\0\0"[..], &[0; 126]].concat(), // a ping of 126 bytes
        b"\x88\x81\0\0\0\0\x03",                               // half a close code
        b"\x88\x82\0\0\0\0\0\x01",                             // a code that has no meaning
        b"\x88\x82\0\0\0\0\x03\xed",                           // a code that is never sent
    ] {
        check_closed_with(&server, bytes, 1002).await;
        // And with more behind it, which is still on its way when the server has had enough.
        check_closed_with(&server, &[bytes, &[0; 300_000]].concat(), 1002).await;
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_closes_the_socket_with_1009() {
    let server = TestServer::start().await;
    let frame = |first: u8, len: usize| {
        let mut frame = vec![first, 0xff];
        frame.extend((len as u64).to_be_bytes());
        frame.extend(vec![0; 4 + len]);
        frame
    };
    let over = 1024 * 1024 + 1;
    check_closed_with(&server, &frame(0x82, over), 1009).await;
    check_closed_with(&server, &frame(0x82, 8_000_000), 1009).await;
    check_closed_with(&server, &frame(0x82, over)[..14], 1009).await;
    check_closed_with(&server, b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 1009).await;
    let halves = [frame(0x02, over / 2), frame(0x80, over / 2 + 1)].concat();
    check_closed_with(&server, &halves, 1009).await;

    let server = TestServer::with(|server| server.max_message(200)).await;
    check_closed_with(&server, &frame(0x82, 201), 1009).await;
    let mut socket = server.socket("/thing").await;
    socket.message().await;
    socket.send_raw(frame(0x82, 200)).await.unwrap();
    socket.send(PING, b"").await.unwrap();
    assert_eq!(socket.frame().await.first, PONG, "as much as that is let through");
}

/// ooo does not look.
#[tokio::test]
async fn a_text_that_is_not_utf_8_closes_the_socket_with_1007() {
    let server = TestServer::start().await;
    check_closed_with(&server, b"\x81\x81\0\0\0\0\xff", 1007).await;
    check_closed_with(&server, b"\x01\x81\0\0\0\0\xc3\x80\x81\0\0\0\0\x28", 1007).await;
    check_closed_with(&server, b"\x88\x83\0\0\0\0\x03\xe8\xff", 1007).await;
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_no_task_behind() {
    let server = TestServer::start().await;
    for _ in 0..100 {
        let mut socket = server.socket("/thing").await;
        socket.message().await;
    }
    timeout(Duration::from_secs(5), server.close()).await.expect("every task has ended");
}

#[tokio::test]
async fn a_common_client_understands_us() {
    let server = TestServer::start().await;
    let url = format!("ws://{}/books/*", server.address());
    let stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let (mut client, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let snapshot = client.next().await.unwrap().unwrap();
    assert!(snapshot.is_binary() && snapshot.to_text().unwrap().ends_with(r#","data":[]}"#));

    let large = "x".repeat(3_000_000);
    server.request("POST", "/books/a", format!("\"{large}\"")).await;
    assert!(client.next().await.unwrap().unwrap().to_text().unwrap().contains(&large));

    client.send(tungstenite::Message::text("hello")).await.unwrap();
    client.close(None).await.unwrap();
    assert!(matches!(client.next().await, Some(Ok(tungstenite::Message::Close(None)))));
    assert!(client.next().await.is_none(), "closed as it should be");
}
