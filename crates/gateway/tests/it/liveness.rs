//! Who is still there, and what those who are not cost the others: nothing.
//!
//! Time is paused in most of these tests: it moves on when nothing else can happen, so sleeping
//! means that everybody else has come to rest.

use std::time::Duration;

use monoxide_engine::Engine;
use monoxide_protocol::{Message, Replica};
use monoxide_testkit::{
    Http, Socket, TestServer,
    socket::{BINARY, PING, PONG, TEXT, UPGRADE},
};
use serde_json::Value;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep, timeout},
};

/// The default, which is ooo's.
const PONG_TIME: Duration = Duration::from_secs(150);

/// Far more than anything here takes, and far less than waiting for somebody who is gone.
const PROMPTLY: Duration = Duration::from_secs(10);

/// A connection whose own end holds little, so that the server notices when nobody reads.
pub(crate) async fn narrow(server: &TestServer) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.connect(server.address()).await.unwrap()
}

pub(crate) async fn open(stream: TcpStream, target: &str) -> Socket {
    Socket::over(Http::over(stream), target, UPGRADE).await.unwrap()
}

/// The end came after the pong time, and at most the second that a close frame may take.
#[track_caller]
fn check_one_pong_time(since: Instant) {
    let over = since.elapsed().checked_sub(PONG_TIME);
    assert!(over.is_some_and(|over| over <= Duration::from_secs(2)), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_pinged_and_then_closed_with_1008() {
    let server = TestServer::start().await;
    let mut socket = server.socket("/thing").await;
    socket.message().await;
    let start = Instant::now();

    for minute in [60, 120] {
        let ping = socket.frame().await;
        assert_eq!((ping.first, ping.payload.len()), (PING, 0));
        assert_eq!(start.elapsed().as_secs(), minute);
    }
    assert_eq!(socket.closed().await, 1008);
    check_one_pong_time(start);
}

/// ooo counts pongs only (Q23).
#[tokio::test(start_paused = true)]
async fn any_frame_is_a_sign_of_life() {
    let server = TestServer::start().await;
    for first in [PONG, PING, TEXT] {
        let mut socket = server.socket("/thing").await;
        socket.message().await;
        for _ in 0..10 {
            sleep(PONG_TIME - Duration::from_secs(1)).await;
            socket.send(first, b"").await.unwrap();
        }
        let silent = Instant::now();
        assert_eq!(socket.closed().await, 1008);
        check_one_pong_time(silent);
    }
}

/// What it is sent goes into our own buffers, and shows no sign of it.
#[tokio::test(start_paused = true)]
async fn writing_to_a_dead_peer_is_no_sign_of_life() {
    let server = TestServer::start().await;
    let mut socket = server.socket("/thing").await;
    socket.message().await;
    let start = Instant::now();
    for n in 0..14 {
        sleep(Duration::from_secs(10)).await;
        server.request("POST", "/thing", n.to_string()).await;
    }
    assert_eq!(socket.closed().await, 1008);
    check_one_pong_time(start);
}

#[tokio::test(start_paused = true)]
async fn the_clock_hangs_up_on_a_silent_peer_too() {
    let server = TestServer::start().await;
    assert_eq!(server.socket("/").await.closed().await, 1008);
}

/// It says nothing, not even a pong: those would have to wait until it has read the ping.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_that_keeps_draining_is_not_closed() {
    let server = TestServer::start().await;
    let large = "x".repeat(9_000_000);
    server.request("POST", "/thing", format!("\"{large}\"")).await;
    let mut socket = open(narrow(&server).await, "/thing").await;
    let start = Instant::now();

    let snapshot = socket.message_in_steps(256 * 1024, Duration::from_secs(20)).await;

    assert!(snapshot.contains(&large));
    assert!(start.elapsed() > 4 * PONG_TIME, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_given_up() {
    let server = TestServer::start().await;
    server.request("POST", "/thing", format!("\"{}\"", "x".repeat(9_000_000))).await;
    let _stalled = open(narrow(&server).await, "/thing").await;
    sleep(PONG_TIME + Duration::from_secs(5)).await;
    // Stopping waits for every socket for up to ten seconds: there is none left.
    let start = Instant::now();
    server.close().await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

/// It is alive, but answers to what it says are kept back, not gathered.
#[tokio::test(start_paused = true)]
async fn a_peer_that_pings_and_never_reads_is_given_up_in_the_end() {
    let server = TestServer::start().await;
    server.request("POST", "/thing", format!("\"{}\"", "x".repeat(9_000_000))).await;
    let mut flood = open(narrow(&server).await, "/thing").await;
    let start = Instant::now();
    let ping = [&[PING, 0x80 | 125, 0, 0, 0, 0][..], &[b'x'; 125]].concat().repeat(100);
    let flooding = async { while flood.send_raw(&ping).await.is_ok() {} };
    timeout(10 * PONG_TIME, flooding).await.expect("the connection ends");
    assert!(start.elapsed() >= PONG_TIME, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_ping_comes_after_the_message_that_is_under_way() {
    let server = TestServer::start().await;
    let large = "x".repeat(9_000_000);
    server.request("POST", "/thing", format!("\"{large}\"")).await;
    let mut socket = open(narrow(&server).await, "/thing").await;
    for n in 0_u8..10 {
        sleep(Duration::from_secs(1)).await;
        socket.send(PING, [n]).await.unwrap();
    }
    assert!(socket.message().await.contains(&large));
    // Who answers late may answer the last of several only (RFC 6455, section 5.5.3).
    loop {
        let pong = socket.frame().await;
        assert_eq!(pong.first, PONG);
        if pong.payload == [9] {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_comes_after_the_answers_that_are_under_way() {
    let server = TestServer::start().await;
    let mut socket = open(narrow(&server).await, "/thing").await;
    let ping = [&[PING, 0x80 | 125, 0, 0, 0, 0][..], &[b'x'; 125]].concat().repeat(100);
    let flooding = async { while socket.send_raw(&ping).await.is_ok() {} };
    timeout(Duration::from_secs(1), flooding).await.expect_err("the server stops reading");

    server.request("POST", "/thing", r#""yes""#).await;

    loop {
        let frame = socket.frame().await;
        match frame.first {
            PONG => assert_eq!(frame.payload, [b'x'; 125]),
            BINARY if frame.payload.ends_with(br#","data":"yes"}}"#) => break,
            BINARY => assert!(frame.payload.starts_with(br#"{"snapshot":true"#)),
            _ => panic!("{frame:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_reader_holds_no_one_up_and_ends_equal() {
    let server = TestServer::start().await;
    let mut stalled = open(narrow(&server).await, "/n/*").await;
    let mut fast = Vec::new();
    for _ in 0..20 {
        let mut socket = server.socket("/n/*").await;
        socket.message().await;
        fast.push(socket);
    }

    let large = "x".repeat(100_000);
    for n in 0..100 {
        let (key, data) = (format!("/n/{}", n % 9), format!(r#"["{large}",{n}]"#));
        let write = server.request("POST", &key, &data);
        assert_eq!(timeout(PROMPTLY, write).await.expect("a writer waits for nobody").status, 200);
        for socket in &mut fast {
            let told = timeout(PROMPTLY, socket.message()).await.expect("nor does a reader");
            assert!(told.contains(&data), "and each is told of every write");
        }
    }

    let wanted = server.request("GET", "/n/*", "").await;
    let wanted: Value = serde_json::from_slice(&wanted.body).unwrap();
    let (mut replica, mut messages) = (Replica::default(), 0);
    while replica.document() != Some(&wanted) {
        replica.apply(Message::decode(&stalled.message().await).unwrap()).unwrap();
        messages += 1;
    }
    assert!(messages < 100, "it was spared what it had fallen behind on: {messages}");
}

/// Each stalls over another version of a large document, which nobody else needs any more.
#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_hold_too_much_the_slowest_are_closed_with_1013_and_no_one_else() {
    const SIZE: usize = 6_000_000;
    let engine = Engine::builder().window(1, 0).max_pinned(2 * SIZE + SIZE / 2).start().unwrap();
    let server = TestServer::at(([127, 0, 0, 1], 0).into(), engine, |server| server).await;
    let mut healthy = server.socket("/thing").await;
    healthy.message().await;
    let mut stalled = Vec::new();

    for n in 0..5 {
        let large = format!("\"{n}{}\"", "x".repeat(SIZE));
        let write = server.request("POST", "/thing", &large);
        assert_eq!(timeout(PROMPTLY, write).await.expect("a writer waits for nobody").status, 200);
        let told = timeout(PROMPTLY, healthy.message()).await.expect("nor does a reader");
        assert!(told.contains(&large[..3]));
        let mut socket = open(narrow(&server).await, "/thing").await;
        socket.begin().await;
        stalled.push(socket);
    }

    // Who reads on at once is told why; the oldest two had to go when the last one came.
    for (nth, socket) in stalled.iter_mut().enumerate().skip(1) {
        let snapshot = timeout(PROMPTLY, socket.message()).await.expect("it may finish");
        assert!(snapshot.contains(&format!("\"{nth}xxx")));
        if nth == 1 {
            assert_eq!(timeout(PROMPTLY, socket.closed()).await.unwrap(), 1013);
        } else if nth < 4 {
            assert!(timeout(PROMPTLY, socket.message()).await.unwrap().contains("\"4xxx"));
        }
    }
    while server.engine().stats().await.unwrap().pinned_bytes > 0 {
        tokio::task::yield_now().await;
    }
}
