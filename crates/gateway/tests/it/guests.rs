//! How many are let in, and what the others are told.

use std::{net::SocketAddr, time::Duration};

use monoxide_testkit::{Http, Socket, TestServer, socket::UPGRADE};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// Far more than anything here takes.
const PROMPTLY: Duration = Duration::from_secs(10);

async fn limited(total: usize, per_address: usize) -> TestServer {
    TestServer::with(|server| {
        server.max_connections(total).max_connections_per_address(per_address)
    })
    .await
}

/// A connection from this address of the machine.
async fn from(server: &TestServer, address: [u8; 4]) -> Http {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((address, 0))).unwrap();
    Http::over(socket.connect(server.address()).await.unwrap())
}

const READ: &str = "GET /a/* HTTP/1.1\r\nHost: x\r\n\r\n";

/// A connection that was let in: it has been answered.
async fn guest(server: &TestServer) -> Http {
    let mut http = Http::connect(server.address()).await;
    http.send(READ).await.unwrap();
    assert_eq!(http.answer().await.status, 200);
    http
}

/// A new connection is told this, whether it asks first or listens first, and closed.
async fn check_told(server: &TestServer, address: [u8; 4], status: u16, body: &str) {
    for asks in [true, false] {
        let mut http = from(server, address).await;
        if asks {
            http.send(READ).await.unwrap();
        }
        let answer = http.answer().await;
        assert_eq!((answer.status, answer.text()), (status, body));
        assert_eq!(answer.header("retry-after"), Some("5"));
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(http.rest().await.is_empty());
    }
}

/// Who is let in as soon as there is room.
async fn let_in(server: &TestServer) -> Http {
    let trying = async {
        loop {
            let mut http = Http::connect(server.address()).await;
            _ = http.send(READ).await;
            if http.answer().await.status == 200 {
                return http;
            }
        }
    };
    timeout(PROMPTLY, trying).await.expect("who left makes room")
}

#[tokio::test]
async fn one_connection_too_many_is_told_503_and_those_inside_do_not_notice() {
    let server = limited(3, 100).await;
    let mut inside = guest(&server).await;
    let leaving = guest(&server).await;
    let mut socket = server.socket("/thing").await;
    socket.message().await;

    check_told(&server, [127, 0, 0, 1], 503, "ooo: too many connections").await;

    inside.send("POST /thing HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1").await.unwrap();
    assert_eq!(inside.answer().await.status, 200);
    socket.message().await;
    drop(leaving);
    let _other = let_in(&server).await;
    check_told(&server, [127, 0, 0, 1], 503, "ooo: too many connections").await;
}

#[tokio::test]
async fn a_socket_is_a_connection_until_it_is_closed() {
    let server = limited(1, 1).await;
    let mut socket = server.socket("/thing").await;
    socket.message().await;
    check_told(&server, [127, 0, 0, 1], 503, "ooo: too many connections").await;
    drop(socket);
    let_in(&server).await;
}

#[tokio::test]
async fn one_address_cannot_take_the_room_of_the_others() {
    let server = limited(100, 2).await;
    let _one = guest(&server).await;
    let mut socket = server.socket("/thing").await;
    socket.message().await;
    let told = "ooo: too many connections from this address";
    check_told(&server, [127, 0, 0, 1], 429, told).await;

    let other = from(&server, [127, 0, 0, 2]).await;
    let mut other = Socket::over(other, "/thing", UPGRADE).await.unwrap();
    other.message().await;
    drop(socket);
    let_in(&server).await;
}

#[tokio::test]
async fn a_thousand_who_are_turned_away_leave_nothing_open() {
    let server = limited(1, 10_000).await;
    let inside = guest(&server).await;
    let mut outside = Vec::new();
    for _ in 0..1_000 {
        outside.push(TcpStream::connect(server.address()).await.unwrap());
    }
    check_told(&server, [127, 0, 0, 1], 503, "ooo: too many connections").await;
    for stream in outside {
        let mut http = Http::over(stream);
        assert_eq!(http.answer().await.status, 503, "each is told");
        http.rest().await;
    }
    drop(inside);
    let_in(&server).await;
}
