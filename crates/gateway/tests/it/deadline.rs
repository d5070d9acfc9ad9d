//! What happens to a request that takes too long.

use std::{sync::Arc, time::Duration};

use monoxide_engine::{Engine, Filters};
use monoxide_protocol::{Json, Key};
use monoxide_testkit::{Answer, Http, TestServer};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

const DEADLINE: Duration = Duration::from_millis(400);

/// A server with a write filter on `slow` that takes longer than the deadline, and says when it
/// was through after all.
async fn server(through: &Arc<Notify>) -> TestServer {
    let through = Arc::clone(through);
    let filters = Filters::new()
        .write_async("slow", move |_, data| {
            let through = Arc::clone(&through);
            async move {
                sleep(Duration::from_millis(600)).await;
                through.notify_one();
                Ok(data)
            }
        })
        .open("*");
    let engine = Engine::builder().filters(filters).start().unwrap();
    let free = ([127, 0, 0, 1], 0).into();
    TestServer::at(free, engine, |server| server.deadline(DEADLINE)).await
}

#[track_caller]
fn check_late(answer: &Answer) {
    assert_eq!((answer.status, answer.text()), (503, "ooo: server deadline reached"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
}

/// ooo stores it all the same (Q20).
#[tokio::test(start_paused = true)]
async fn a_write_past_the_deadline_is_answered_503_and_never_happens() {
    let through = Arc::default();
    let server = server(&through).await;
    let start = Instant::now();

    check_late(&server.request("POST", "/slow", "1").await);

    assert_eq!(start.elapsed().as_millis() / 100, DEADLINE.as_millis() / 100);
    // The filter was stopped, so there is nothing left that could store it.
    assert!(tokio::time::timeout(10 * DEADLINE, through.notified()).await.is_err());
    assert_eq!(server.request("GET", "/slow", "").await.status, 404);
    assert_eq!(server.request("POST", "/quick", "1").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_patch_past_the_deadline_changes_nothing() {
    let through = Arc::default();
    let server = server(&through).await;
    let object: Key = "slow".parse().unwrap();
    let data = Json::parse(br#"{"a":1}"#).unwrap();
    server.engine().set(object.clone(), data).await.unwrap();

    check_late(&server.request("PATCH", "/slow", r#"{"a":2}"#).await);

    assert_eq!(server.engine().get(&object).unwrap().data.as_str(), r#"{"a":1}"#);
}

#[tokio::test(start_paused = true)]
async fn a_body_has_to_come_before_the_deadline() {
    let server = server(&Arc::default()).await;
    let mut http = Http::connect(server.address()).await;
    http.send("POST /quick HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1").await.unwrap();

    check_late(&http.answer().await);

    // The connection is still in step.
    http.send("2GET /*/* HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(http.answer().await.text(), "[]");
    assert_eq!(server.request("GET", "/quick", "").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_socket_lives_past_the_deadline() {
    let server = server(&Arc::default()).await;
    let mut socket = server.socket("/quick").await;
    socket.message().await;
    sleep(10 * DEADLINE).await;
    server.request("POST", "/quick", "1").await;
    assert!(socket.message().await.ends_with(r#""data":1}}"#));
}
