//! `/_monitor`: how the server is, and `/?api=connections` that ends a connection.

use std::time::Duration;

use monoxide_engine::Engine;
use monoxide_protocol::{Message, Monitor, Replica, SAMPLES, Version};
use monoxide_testkit::{Answer, Socket, TestServer};
use serde_json::Value;

fn monitor(document: &Value) -> Monitor {
    assert_eq!(document["path"], "_monitor");
    serde_json::from_value(document["data"].clone()).unwrap()
}

fn read(answer: &Answer) -> Monitor {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    monitor(&serde_json::from_slice(&answer.body).unwrap())
}

/// One who watches `/_monitor`.
struct Watcher {
    socket: Socket,
    copy: Replica,
}

impl Watcher {
    async fn of(server: &TestServer) -> Self {
        Self { socket: server.socket("/_monitor").await, copy: Replica::default() }
    }

    /// The document after the next message, and how long that was.
    async fn next(&mut self) -> (Monitor, usize) {
        let text = self.socket.message().await;
        self.copy.apply(Message::decode(&text).unwrap()).unwrap();
        (monitor(self.copy.document().unwrap()), text.len())
    }

    /// Waits until what is told is as wanted.
    async fn until(&mut self, mut wanted: impl FnMut(&Monitor) -> bool) -> Monitor {
        loop {
            let (monitor, _) = self.next().await;
            if wanted(&monitor) {
                return monitor;
            }
        }
    }
}

#[tokio::test]
async fn who_watches_is_told_all_of_it_at_once_and_then_small_patches() {
    let server = TestServer::with(|server| server.name("books")).await;
    let before = Engine::wall_time();
    let mut watcher = Watcher::of(&server).await;

    let (first, whole) = watcher.next().await;
    let (second, patch) = watcher.next().await;

    assert_eq!((first.server.name.as_str(), first.server.health.as_str()), ("books", "ok"));
    assert_eq!(first.server.address, server.address().to_string());
    assert_eq!(first.server.storage, None);
    assert_eq!(first.server.settings["deadline"], "10s");
    assert!(first.server.started <= before / 1_000_000_000 + 1);
    assert!(first.now.memory > 1_000_000, "{:?}", first.now);
    assert!(second.now.span >= 500, "a second or so: {:?}", second.now);
    assert!(patch < whole, "{patch} of {whole}");
}

#[tokio::test]
async fn what_is_asked_and_sent_is_counted_by_what_it_is() {
    let server = TestServer::start().await;
    let mut books = server.socket("/books/*").await;
    books.message().await;
    let mut watcher = Watcher::of(&server).await;
    watcher.next().await;

    for n in 0..4 {
        server.request("POST", &format!("/books/{n}"), "1").await;
        books.message().await;
    }
    for target in ["/books/1", "/books/2", "/books/none", "/books/*", "/*", "/?api=info"] {
        server.request("GET", target, "").await;
    }
    let mut sums = [0; 6];
    let told = watcher.until(|monitor| {
        let now = monitor.now;
        let more = [now.reads, now.lists, now.writes, now.refused, now.failed, now.p99];
        sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        sums[..5] == [3, 2, 4, 1, 0]
    });
    let told = tokio::time::timeout(Duration::from_secs(20), told).await.unwrap();

    assert!(sums[5] > 0, "handling takes time");
    assert_eq!((told.now.objects, told.now.sockets), (4, 2));
    let topic = &told.topics.top["books/*"];
    assert_eq!((topic.subscribers, topic.messages, topic.window_messages), (1, 4, 4));
    assert!(topic.version.parse::<Version>().is_ok() && topic.bytes > 200);
    let (_, socket) = told.connections.top.iter().find(|(_, it)| it.watches == "books/*").unwrap();
    assert_eq!((socket.messages, socket.account.as_deref()), (5, None));
    assert_eq!(told.connections.total, 2);
}

/// Paused time: an hour and a half passes at once.
#[tokio::test(start_paused = true)]
async fn samples_of_the_last_hour_are_kept_though_nobody_watches() {
    let server = TestServer::start().await;
    server.request("POST", "/books/dune", "1").await;

    tokio::time::sleep(Duration::from_secs(30)).await;
    let early = read(&server.request("GET", "/_monitor", "").await);
    tokio::time::sleep(Duration::from_secs(5400)).await;
    let late = read(&server.request("GET", "/_monitor", "").await);

    assert!((3..=4).contains(&early.history.len()), "{:?}", early.history);
    assert_eq!(early.history.values().map(|it| it.writes).sum::<u64>(), 1);
    assert_eq!(late.history.len(), SAMPLES);
    assert_eq!(late.history.values().map(|it| it.writes).sum::<u64>(), 0, "that is too long ago");
    assert!(late.history.values().all(|it| it.span == 10_000));
}

/// Paused time: nothing is worked out anew but once a second.
#[tokio::test(start_paused = true)]
async fn it_is_worked_out_once_for_all_who_ask_at_the_same_time() {
    let server = TestServer::start().await;
    let mut watchers = Vec::new();
    for _ in 0..5 {
        watchers.push(server.socket("/_monitor").await);
    }
    for watcher in &mut watchers {
        watcher.message().await;
    }
    let mut told = Vec::new();
    for watcher in &mut watchers {
        told.push(watcher.message().await);
    }
    assert!(told.iter().all(|it| *it == told[0] && it.starts_with(r#"{"snapshot":false"#)));
}

#[tokio::test]
async fn a_connection_that_is_closed_is_told_why_and_is_gone() {
    let server = TestServer::start().await;
    let mut books = server.socket("/books/*").await;
    books.message().await;
    let mut watcher = Watcher::of(&server).await;
    let (told, _) = watcher.next().await;
    let (id, _) = told.connections.top.iter().find(|(_, it)| it.watches == "books/*").unwrap();
    let target = format!("/?api=connections&id={id}");

    let closed = server.request("DELETE", &target, "").await;
    let again = server.request("DELETE", &target, "").await;

    assert_eq!((closed.status, again.status, again.text()), (204, 404, "ooo: no such connection"));
    assert_eq!(books.closed().await, 4000);
    watcher.until(|monitor| monitor.connections.total == 1).await;
    let own = server.request("DELETE", "/?api=connections&id=2", "").await;
    assert_eq!((own.status, watcher.socket.closed().await), (204, 4000), "one's own, too");
}

#[tokio::test]
async fn what_is_no_connection_is_not_closed() {
    let server = TestServer::start().await;
    for (target, status) in [
        ("/?api=connections&id=7", 404),
        ("/?api=connections&id=-1", 400),
        ("/?api=connections&id=99999999999999999999", 400),
        ("/?api=connections&id=", 400),
        ("/?api=connections", 400),
        ("/?api=info&id=1", 405),
        ("/?id=1", 405),
        ("/", 405),
        ("/_monitor", 405),
    ] {
        let answer = server.request("DELETE", target, "").await;
        assert_eq!(answer.status, status, "{target}");
        if status == 405 {
            assert_eq!(answer.header("allow"), Some("GET,HEAD"), "{target}");
        }
    }
}

#[tokio::test]
async fn many_connections_and_topics_are_sorted_found_and_paged() {
    let server = TestServer::start().await;
    let mut sockets = Vec::new();
    for n in 0..60 {
        let mut socket = server.socket(&format!("/l{}/*", n / 10)).await;
        socket.message().await;
        sockets.push(socket);
    }
    let told = read(&server.request("GET", "/_monitor", "").await);
    assert_eq!((told.connections.total, told.connections.top.len()), (60, 50));
    assert_eq!((told.topics.total, told.topics.top.len()), (6, 6));

    let ids = async |query: &str| -> (u64, Vec<u64>) {
        let answer = server.request("GET", &format!("/?api=connections{query}"), "").await;
        let page: Value = serde_json::from_slice(&answer.body).unwrap();
        let rows = page["connections"].as_array().unwrap();
        let ids = rows.iter().map(|row| row["id"].as_u64().unwrap()).collect();
        (page["total"].as_u64().unwrap(), ids)
    };
    assert_eq!(ids("&sort=id&order=asc&limit=3&page=2").await, (60, vec![4, 5, 6]));
    assert_eq!(ids("&sort=watches&limit=2").await, (60, vec![60, 59]));
    assert_eq!(ids("&find=L3&sort=since&order=asc&limit=1").await, (10, vec![31]));
    assert_eq!(ids("&sort=nothing&limit=2").await, (60, vec![60, 59]));
    assert_eq!(ids("&find=nowhere").await, (0, vec![]));
    let answer = server.request("GET", "/?api=topics&sort=key&limit=1&find=l", "").await;
    let topics: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((&topics["topics"][0]["key"], &topics["total"]), (&"l5/*".into(), &6.into()));
    assert_eq!(topics["topics"][0]["subscribers"], 10);
}
