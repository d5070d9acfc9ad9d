//! Readers that stall, and those who come back: what they are told, message by message.

use std::time::Duration;

use monoxide_engine::Engine;
use monoxide_protocol::{Message, Replica, Version};
use monoxide_testkit::{
    Socket, TestServer,
    socket::{PING, PONG},
};
use serde_json::Value;
use tokio::{task::yield_now, time::sleep};

use crate::liveness::{narrow, open};

/// A server whose topics keep this many messages.
async fn with_window(messages: usize, linger: Duration) -> TestServer {
    let engine = Engine::builder().window(messages, 1024 * 1024).linger(linger).start().unwrap();
    TestServer::at(([127, 0, 0, 1], 0).into(), engine, |server| server).await
}

/// A subscriber with its copy.
struct Reader {
    socket: Socket,
    copy: Replica,
}

impl Reader {
    fn new(socket: Socket) -> Self {
        Self { socket, copy: Replica::default() }
    }

    /// Whether the next message is a snapshot. It is applied.
    async fn hear(&mut self) -> bool {
        let message = Message::decode(&self.socket.message().await).unwrap();
        let is_snapshot = matches!(message, Message::Snapshot { .. });
        self.copy.apply(message).unwrap();
        is_snapshot
    }

    fn version(&self) -> Version {
        self.copy.version().unwrap()
    }

    /// There was nothing more to tell when this was asked.
    async fn check_nothing_more(&mut self) {
        self.socket.send(PING, b"").await.unwrap();
        assert_eq!(self.socket.frame().await.first, PONG);
    }
}

async fn read(server: &TestServer, target: &str) -> Value {
    serde_json::from_slice(&server.request("GET", target, "").await.body).unwrap()
}

async fn write(server: &TestServer, at: &str, data: impl ToString) -> Version {
    let json = monoxide_protocol::Json::parse(data.to_string().as_bytes()).unwrap();
    server.engine().set(at.parse().unwrap(), json).await.unwrap()
}

/// Waits until nobody watches anything.
async fn alone(server: &TestServer) {
    while server.engine().topics().await.unwrap().iter().any(|topic| topic.subscribers > 0) {
        yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stalls_beyond_the_window_is_told_one_snapshot_and_everybody_else_each_change() {
    let server = with_window(16, Duration::from_secs(60)).await;
    let mut stalled = Vec::new();
    let mut fast = Vec::new();
    for _ in 0..2 {
        let mut reader = Reader::new(open(narrow(&server).await, "/n/*").await);
        assert!(reader.hear().await, "it begins with a snapshot");
        stalled.push(reader);
        let mut reader = Reader::new(server.socket("/n/*").await);
        assert!(reader.hear().await, "and so do the others");
        fast.push(reader);
    }
    let large = "x".repeat(60_000);
    for round in 0..2 {
        for n in 0..200 {
            let data = format!(r#"["{large}",{round},{n}]"#);
            let version = write(&server, &format!("n/{}", n % 9), data).await;
            for reader in &mut fast {
                assert!(!reader.hear().await, "who keeps up is told each change");
                assert_eq!(reader.version(), version);
            }
        }
        let wanted = read(&server, "/n/*").await;
        assert!(fast.iter().all(|reader| reader.copy.document() == Some(&wanted)));
        for reader in &mut stalled {
            // What the network had taken already comes first.
            while !reader.hear().await {
                assert_ne!(reader.copy.document(), Some(&wanted), "it did not fall behind");
            }
            assert_eq!(reader.copy.document(), Some(&wanted), "the newest says it all");
            reader.check_nothing_more().await;
        }
    }

    let version = write(&server, "n/1", "true").await;
    for reader in stalled.iter_mut().chain(&mut fast) {
        assert!(!reader.hear().await, "from then on it is told each change again");
        assert_eq!(reader.version(), version);
    }
}

#[tokio::test]
async fn who_stalls_within_the_window_is_told_each_change() {
    let server = with_window(16, Duration::from_secs(60)).await;
    let mut reader = Reader::new(open(narrow(&server).await, "/n/*").await);
    reader.hear().await;
    for round in 0..20 {
        let mut versions = Vec::new();
        for n in 0..16 {
            versions.push(write(&server, &format!("n/{n}"), round).await);
        }
        for version in versions {
            assert!(!reader.hear().await);
            assert_eq!(reader.version(), version);
        }
    }
    assert_eq!(reader.copy.document(), Some(&read(&server, "/n/*").await));
}

#[tokio::test]
async fn who_comes_back_when_nobody_was_there_is_told_exactly_what_it_missed() {
    let server = with_window(16, Duration::from_secs(60)).await;
    for target in ["/books/*", "/books/1", "/*/*"] {
        write(&server, "books/1", 0).await;
        let mut reader = Reader::new(server.socket(target).await);
        reader.hear().await;
        for missed in [0, 1, 5, 16] {
            let Reader { socket, copy } = reader;
            drop(socket);
            alone(&server).await;
            let mut versions = Vec::new();
            for n in 0..missed {
                versions.push(write(&server, "books/1", n).await);
            }
            let back = format!("{target}?v={}", copy.version().unwrap());
            reader = Reader { socket: server.socket(&back).await, copy };
            for version in versions {
                assert!(!reader.hear().await, "`{target}` after {missed}");
                assert_eq!(reader.version(), version);
            }
            reader.check_nothing_more().await;
            assert_eq!(reader.copy.document(), Some(&read(&server, target).await));
        }
    }
}

#[tokio::test]
async fn who_missed_more_than_the_window_is_told_one_snapshot() {
    let server = with_window(16, Duration::from_secs(60)).await;
    let mut reader = Reader::new(server.socket("/books/*").await);
    reader.hear().await;
    let back = format!("/books/*?v={}", reader.version());
    drop(reader);
    alone(&server).await;
    for n in 0..17 {
        write(&server, &format!("books/{n}"), n).await;
    }
    let mut reader = Reader::new(server.socket(&back).await);
    assert!(reader.hear().await);
    assert_eq!(reader.copy.document(), Some(&read(&server, "/books/*").await));
    reader.check_nothing_more().await;
}

/// Each of those who lost their connections at once missed something else.
#[tokio::test]
async fn many_who_come_back_at_once_are_told_what_each_of_them_missed() {
    let server = with_window(200, Duration::from_secs(60)).await;
    let mut away = Vec::new();
    let mut versions = Vec::new();
    for n in 0..100 {
        let mut reader = Reader::new(server.socket("/books/*").await);
        reader.hear().await;
        away.push((n, reader.copy));
        versions.push(write(&server, &format!("books/{}", n % 7), n).await);
    }
    alone(&server).await;
    let back = away.into_iter().map(|(seen, copy)| {
        let (server, missed) = (&server, &versions[seen..]);
        async move {
            let target = format!("/books/*?v={}", copy.version().unwrap());
            let mut reader = Reader { socket: server.socket(&target).await, copy };
            for version in missed {
                assert!(!reader.hear().await);
                assert_eq!(reader.version(), *version);
            }
            reader.check_nothing_more().await;
            reader.copy.document().cloned()
        }
    });
    let wanted = Some(read(&server, "/books/*").await);
    for document in futures_util::future::join_all(back).await {
        assert_eq!(document, wanted);
    }
}

/// Time is paused: sleeping means that everybody else has come to rest.
#[tokio::test(start_paused = true)]
async fn who_comes_back_when_its_topic_is_gone_is_told_one_snapshot() {
    let server = with_window(16, Duration::from_secs(20)).await;
    for (away, is_snapshot) in [(10, false), (60, true)] {
        let mut reader = Reader::new(server.socket("/thing").await);
        reader.hear().await;
        write(&server, "thing", away).await;
        reader.hear().await;
        let Reader { socket, copy } = reader;
        drop(socket);
        sleep(Duration::from_secs(away)).await;
        let version = write(&server, "thing", 0).await;
        let back = format!("/thing?v={}", copy.version().unwrap());
        let mut reader = Reader { socket: server.socket(&back).await, copy };
        assert_eq!(reader.hear().await, is_snapshot, "after {away} s");
        assert_eq!(reader.version(), version);
        assert_eq!(reader.copy.document(), Some(&read(&server, "/thing").await));
    }
}

/// Time is paused here too.
#[tokio::test(start_paused = true)]
async fn whoever_has_come_and_gone_leaves_no_topic_behind() {
    let server = with_window(16, Duration::from_secs(20)).await;
    for round in 0..5 {
        for n in 0..100 {
            server.socket(&format!("/round/{round}/{n}")).await.message().await;
            server.socket(&format!("/round/{round}/{n}/*")).await.message().await;
        }
        alone(&server).await;
        assert_eq!(server.engine().topics().await.unwrap().len(), 200);
        sleep(Duration::from_secs(60)).await;
        assert_eq!(server.engine().topics().await.unwrap(), []);
    }
}
