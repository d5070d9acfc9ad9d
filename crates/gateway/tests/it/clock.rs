//! The time: at once, and then for everyone together.

use std::time::Duration;

use monoxide_engine::Engine;
use monoxide_testkit::{TestServer, socket::BINARY};

#[tokio::test]
async fn the_clock_is_decimal_nanoseconds_and_nothing_else() {
    let server = TestServer::start().await;
    for target in ["/", "/?api=keys", "/?v=1"] {
        let before = Engine::wall_time();
        let first = server.socket(target).await.frame().await;
        assert_eq!(first.first, BINARY);
        let text = String::from_utf8(first.payload).unwrap();
        let time: u64 = text.parse().unwrap();
        assert!(before <= time && time <= Engine::wall_time(), "the time at which it was asked");
        assert_eq!(text, time.to_string(), "no sign, no padding");
    }
}

/// Paused time: nothing comes before its second has passed.
#[tokio::test(start_paused = true)]
async fn everyone_is_told_the_same_ticks_one_a_second() {
    let server = TestServer::start().await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        let mut socket = server.socket("/").await;
        socket.message().await;
        sockets.push(socket);
    }
    let start = tokio::time::Instant::now();
    let mut told = Vec::new();
    for socket in &mut sockets {
        let mut ticks = Vec::new();
        for _ in 0..5 {
            ticks.push(socket.message().await);
        }
        told.push(ticks);
    }
    assert!(told.iter().all(|it| *it == told[0]), "{told:?}");
    assert!(told[0].is_sorted());
    // The ten may have come together a moment after the server.
    let passed = start.elapsed();
    assert!(Duration::from_secs(4) < passed && passed <= Duration::from_secs(5), "{passed:?}");
}

#[tokio::test(start_paused = true)]
async fn who_comes_between_two_ticks_is_told_at_once_and_then_with_the_others() {
    let server = TestServer::with(|server| server.tick(Duration::from_secs(3600))).await;
    let mut early = server.socket("/").await;
    let start = tokio::time::Instant::now();
    early.message().await;
    assert!(start.elapsed() < Duration::from_secs(1));
    // Pings keep the two alive for the hour.
    tokio::time::advance(Duration::from_secs(100)).await;
    let mut late = server.socket("/").await;
    late.message().await;
    assert!(start.elapsed() < Duration::from_secs(102));
}
