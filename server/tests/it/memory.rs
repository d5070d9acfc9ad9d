//! What subscribers cost.

use monoxide_testkit::{Http, Socket};

use crate::{Running, monoxide};

/// How many bytes of memory the server has in use.
fn resident(running: &Running) -> u64 {
    let id = running.child.id().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Memory per connection is what ends servers of this kind.
#[tokio::test]
async fn a_hundred_subscribers_of_a_large_document_share_one_copy_of_it() {
    const SIZE: usize = 5_000_000;
    let running = Running::start(monoxide(&["--addr", "127.0.0.1:0"])).await;
    let mut http = Http::connect(running.address).await;
    let head = format!("POST /thing HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", SIZE + 2);
    http.send(format!("{head}\"{}\"", "x".repeat(SIZE))).await.unwrap();
    assert_eq!(http.answer().await.status, 200);
    let mut sockets = vec![Socket::open(running.address, "/thing").await];
    sockets[0].message().await;
    let before = resident(&running);

    for nth in 0..100 {
        let mut socket = Socket::open(running.address, "/thing").await;
        // Every other one reads nothing but the beginning.
        if nth % 2 == 0 {
            socket.message().await;
        }
        sockets.push(socket);
    }

    let more = resident(&running).saturating_sub(before);
    assert!(more < 4 * SIZE as u64, "{more} bytes for a hundred more");
}
