//! How a server ends.

use std::{io::ErrorKind, time::Duration};

use monoxide_testkit::{Http, TestServer, socket::CLOSE};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// Well below the ten seconds that the server gives to those who do not end by themselves.
const PROMPTLY: Duration = Duration::from_secs(5);

/// A request that is running from the moment in which it is told to go on.
const RUNNING: &str =
    "POST /thing HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";

async fn ends_promptly(server: TestServer) {
    timeout(PROMPTLY, server.close()).await.expect("nothing is left to wait for");
}

#[tokio::test]
async fn sockets_are_told_that_the_server_goes_away() {
    let server = TestServer::start().await;
    let mut sockets = Vec::new();
    for target in ["/thing", "/books/*", "/", "/_keys", "/_window?key=a/*"] {
        let mut socket = server.socket(target).await;
        socket.message().await;
        sockets.push(socket);
    }
    server.stop();
    for socket in &mut sockets {
        let close = socket.frame().await;
        assert_eq!((close.first, &close.payload[..2]), (CLOSE, &1001_u16.to_be_bytes()[..]));
        // As a browser does.
        socket.send(CLOSE, 1001_u16.to_be_bytes()).await.unwrap();
        assert!(socket.rest().await.is_empty());
    }
    ends_promptly(server).await;
}

/// Time is paused: the second passes when nothing else can happen.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_its_close_frame_is_waited_for_a_second() {
    let server = TestServer::start().await;
    let mut socket = server.socket("/thing").await;
    let start = tokio::time::Instant::now();
    server.close().await;
    assert_eq!(start.elapsed().as_secs(), 1);
    assert_eq!(socket.closed().await, 1001);
}

#[tokio::test]
async fn a_running_request_is_finished() {
    let server = TestServer::start().await;
    let mut http = Http::connect(server.address()).await;
    http.send(RUNNING).await.unwrap();
    assert_eq!(http.answer().await.status, 100);

    server.stop();
    // It goes on until the server has stopped to listen.
    while TcpStream::connect(server.address()).await.is_ok() {}
    http.send("123").await.unwrap();

    assert_eq!(http.answer().await.text(), r#"{"index":"thing"}"#);
    assert!(http.rest().await.is_empty());
    let thing = server.engine().get(&"thing".parse().unwrap());
    ends_promptly(server).await;
    assert_eq!(thing.unwrap().data.as_str(), "123");
}

#[tokio::test]
async fn idle_connections_delay_nothing() {
    let server = TestServer::start().await;
    let mut idle = Http::connect(server.address()).await;
    idle.send("GET /_keys HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(idle.answer().await.status, 200);
    let mut silent = Http::connect(server.address()).await;
    let mut refused = Http::connect(server.address()).await;
    refused.send("POST /a//b HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n").await.unwrap();
    assert_eq!(refused.answer().await.status, 400);

    ends_promptly(server).await;

    assert!(idle.rest().await.is_empty() && silent.rest().await.is_empty());
    refused.rest().await;
}

#[tokio::test]
async fn new_connections_are_refused() {
    let server = TestServer::start().await;
    let address = server.address();
    ends_promptly(server).await;
    let refused = TcpStream::connect(address).await.map_err(|error| error.kind());
    assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
}

/// Time is paused: the ten seconds pass when nothing else can happen.
#[tokio::test(start_paused = true)]
async fn who_does_not_end_in_time_is_cut() {
    let server = TestServer::start().await;
    let mut http = Http::connect(server.address()).await;
    http.send(RUNNING).await.unwrap();
    assert_eq!(http.answer().await.status, 100);
    let start = tokio::time::Instant::now();
    server.close().await;
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_of_its_answer_is_cut() {
    let server = TestServer::with(|server| server.deadline(Duration::from_secs(3))).await;
    server.request("POST", "/thing", format!("\"{}\"", "x".repeat(9_000_000))).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let mut stalled = socket.connect(server.address()).await.unwrap();
    stalled.write_all(b"GET /thing HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    stalled.readable().await.unwrap();

    let start = tokio::time::Instant::now();
    server.close().await;

    assert_eq!(start.elapsed().as_secs(), 3);
    let mut answer = Vec::new();
    _ = timeout(PROMPTLY, stalled.read_to_end(&mut answer)).await.expect("the end comes");
    assert!(answer.len() < 9_000_000, "{}", answer.len());
}

#[tokio::test]
async fn an_address_is_free_again_at_once() {
    let server = TestServer::start().await;
    let address = server.address();
    let mut socket = server.socket("/thing").await;
    socket.message().await;
    ends_promptly(server).await;
    let engine = monoxide_engine::Engine::builder().start().unwrap();
    let next = TestServer::at(address, engine, |server| server).await;
    next.socket("/thing").await.message().await;
}

#[tokio::test]
async fn a_closed_engine_takes_no_more_writes_and_says_so() {
    let server = TestServer::start().await;
    server.request("POST", "/thing", r#"{"a":1}"#).await;
    let mut socket = server.socket("/thing").await;
    server.engine().close().await;
    for (method, target) in [
        ("POST", "/thing"),
        ("POST", "/books/*"),
        ("PATCH", "/thing"),
        ("DELETE", "/thing"),
        ("DELETE", "/*"),
        ("GET", "/_keys"),
    ] {
        let answer = server.request(method, target, "{}").await;
        let told = (answer.status, answer.text());
        assert_eq!(told, (503, "ooo: server is closing"), "{method} {target}");
    }
    assert!(server.request("GET", "/thing", "").await.text().ends_with(r#","data":{"a":1}}"#));
    assert_eq!(socket.closed().await, 1001);
    ends_promptly(server).await;
}
