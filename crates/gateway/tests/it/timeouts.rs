//! How long a connection may keep the server waiting.
//!
//! Time is paused: it moves on when nothing else can happen.

use std::time::Duration;

use monoxide_gateway::{BuildError, Builder, Server};
use monoxide_testkit::{Http, Socket, TestServer, socket::UPGRADE};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep},
};

const SECOND: Duration = Duration::from_secs(1);

/// Waits until the server hangs up, and checks how long that took.
async fn check_hung_up_after(http: &mut Http, since: Instant, seconds: u32) {
    assert_eq!(String::from_utf8(http.rest().await).unwrap(), "");
    let over = since.elapsed().checked_sub(seconds * SECOND);
    assert!(over.is_some_and(|over| over < SECOND), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_in_is_hung_up_on() {
    let server = TestServer::with(|server| server.header_timeout(3 * SECOND)).await;
    let mut http = Http::connect(server.address()).await;
    let start = Instant::now();
    for byte in "GET /th".bytes() {
        http.send([byte]).await.unwrap();
        sleep(SECOND / 3).await;
    }
    check_hung_up_after(&mut http, start, 3).await;
}

#[tokio::test(start_paused = true)]
async fn the_head_of_a_later_request_has_the_header_timeout_too() {
    let idle = |server: Builder| server.header_timeout(3 * SECOND).idle_timeout(60 * SECOND);
    let server = TestServer::with(idle).await;
    let mut http = Http::connect(server.address()).await;
    http.send("GET /a/* HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(http.answer().await.text(), "[]");
    sleep(30 * SECOND).await;

    let start = Instant::now();
    http.send("G").await.unwrap();
    sleep(2 * SECOND).await;
    http.send("E").await.unwrap();
    check_hung_up_after(&mut http, start, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_is_hung_up_on() {
    let server = TestServer::with(|server| server.header_timeout(3 * SECOND)).await;
    let start = Instant::now();
    let mut http = Http::connect(server.address()).await;
    check_hung_up_after(&mut http, start, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_kept_for_the_idle_timeout_and_no_longer() {
    for (header, idle) in [(2, 20), (20, 2)] {
        let timeouts =
            |server: Builder| server.header_timeout(header * SECOND).idle_timeout(idle * SECOND);
        let server = TestServer::with(timeouts).await;
        let mut http = Http::connect(server.address()).await;
        for (method, body) in [("GET", ""), ("POST", "1"), ("POST", "2"), ("DELETE", "")] {
            let length = body.len();
            let head = format!("{method} /thing HTTP/1.1\r\nHost: x\r\nContent-Length: {length}");
            http.send(format!("{head}\r\n\r\n{body}")).await.unwrap();
            http.answer().await;
            // Each request begins it anew.
            sleep((idle - 1) * SECOND).await;
        }
        http.send("GET /thing HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        http.answer().await;
        check_hung_up_after(&mut http, Instant::now(), idle).await;
    }
}

/// The deadline is the shorter one, unless it is set to more.
#[tokio::test(start_paused = true)]
async fn a_body_that_drips_in_is_cut_off() {
    let patient = |server: Builder| server.deadline(60 * SECOND).read_timeout(3 * SECOND);
    let server = TestServer::with(patient).await;
    let mut http = Http::connect(server.address()).await;
    http.send("POST /thing HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1").await.unwrap();
    let start = Instant::now();
    for digit in "23".bytes() {
        sleep(SECOND).await;
        http.send([digit]).await.unwrap();
    }
    let answer = http.answer().await;
    assert_eq!((answer.status, answer.text()), (400, "unexpected EOF"));
    check_hung_up_after(&mut http, start, 3).await;
    assert!(server.engine().get(&"thing".parse().unwrap()).is_err());
}

/// A connection whose own end holds little, so that the server notices when nobody reads.
async fn narrow(server: &TestServer) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.connect(server.address()).await.unwrap()
}

const LARGE: usize = 9_000_000;

async fn large(server: impl FnOnce(Builder) -> Builder) -> TestServer {
    let server = TestServer::with(server).await;
    server.request("POST", "/thing", format!("\"{}\"", "x".repeat(LARGE))).await;
    server
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_of_its_answer_is_given_up() {
    let server = large(|server| server.write_timeout(3 * SECOND)).await;
    let mut http = Http::over(narrow(&server).await);
    http.send("GET /thing HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(http.head().await.status, 200);
    sleep(4 * SECOND).await;
    // Stopping waits for every connection: there is none left.
    let start = Instant::now();
    server.close().await;
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_takes_its_answer_slowly_gets_all_of_it() {
    let timeouts = |server: Builder| {
        let server = server.header_timeout(SECOND).idle_timeout(SECOND).read_timeout(SECOND);
        server.write_timeout(60 * SECOND).deadline(SECOND)
    };
    let server = large(timeouts).await;
    let mut http = Http::over(narrow(&server).await);
    http.send("GET /thing HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut left: usize = http.head().await.header("content-length").unwrap().parse().unwrap();
    assert!(left > LARGE);
    while left > 0 {
        sleep(20 * SECOND).await;
        left -= http.bytes(left.min(1_000_000)).await.len();
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_has_none_of_these_timeouts() {
    let timeouts = |server: Builder| {
        let server = server.header_timeout(SECOND).idle_timeout(SECOND).read_timeout(SECOND);
        server.write_timeout(SECOND).deadline(SECOND)
    };
    let server = large(timeouts).await;
    let mut socket =
        Socket::over(Http::over(narrow(&server).await), "/thing", UPGRADE).await.unwrap();
    sleep(20 * SECOND).await;
    assert!(socket.message().await.len() > LARGE);
    sleep(20 * SECOND).await;
    server.request("POST", "/thing", "1").await;
    assert!(socket.message().await.contains(r#""value":1"#));
}

/// Half of the heads of many come in time, and the server has answered everyone else meanwhile.
#[tokio::test(start_paused = true)]
async fn requests_behind_one_another_are_each_in_time() {
    let server =
        TestServer::with(|server| server.header_timeout(3 * SECOND).idle_timeout(3 * SECOND)).await;
    let mut http = Http::connect(server.address()).await;
    let request = "GET /a/* HTTP/1.1\r\nHost: x\r\n\r\n";
    http.send([request, request, &request[..9]].concat()).await.unwrap();
    sleep(2 * SECOND).await;
    http.send(&request[9..]).await.unwrap();
    for _ in 0..3 {
        assert_eq!(http.answer().await.text(), "[]");
    }
}

#[tokio::test]
async fn a_time_of_zero_is_refused() {
    type Set = fn(Builder, Duration) -> Builder;
    let settings: [(Set, _); 8] = [
        (Builder::ping, "ping time"),
        (Builder::pong, "pong time"),
        (Builder::tick, "tick"),
        (Builder::deadline, "deadline"),
        (Builder::header_timeout, "header timeout"),
        (Builder::read_timeout, "read timeout"),
        (Builder::write_timeout, "write timeout"),
        (Builder::idle_timeout, "idle timeout"),
    ];
    for (set, name) in settings {
        let engine = monoxide_engine::Engine::builder().start().unwrap();
        let refused = set(Server::builder(engine), Duration::ZERO).build().unwrap_err();
        assert_eq!(refused, BuildError::Zero(name));
        assert_eq!(refused.to_string(), format!("the {name} is zero"));
    }
}
