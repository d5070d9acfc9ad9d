//! What clients are told while storage loads or fails.

use futures_util::FutureExt as _;
use monoxide_engine::{Engine, Error, Health, backend::BackendError};
use monoxide_protocol::{Json, Key};
use monoxide_testkit::{
    Answer, Http, Socket, TestServer,
    socket::UPGRADE,
    storage::{Disk, Faults},
};

/// A server whose storage fails as the faults say. It may still be loading.
async fn server(faults: &Faults) -> TestServer {
    let engine = Engine::builder().backend(faults.opener(&Disk::default())).start().unwrap();
    TestServer::at(([127, 0, 0, 1], 0).into(), engine, |server| server).await
}

/// Waits until the health is as wanted, and gives what `/_health` says then.
async fn healthy(server: &TestServer, wanted: impl Fn(&Health) -> bool) -> (u16, String) {
    while !wanted(&server.engine().health()) {
        tokio::task::yield_now().await;
    }
    let answer = server.request("GET", "/_health", "").await;
    (answer.status, answer.text().to_owned())
}

/// Waits until it says that all is well.
async fn open(server: &TestServer) {
    while server.request("GET", "/_health", "").await.text() != "ok" {}
}

#[track_caller]
fn check_unavailable(answer: &Answer, text: &str) {
    assert_eq!((answer.status, answer.text()), (503, text));
}

#[tokio::test]
async fn while_it_loads_everything_is_refused_but_the_question_how_it_is() {
    let faults = Faults::default();
    faults.stall();
    let server = server(&faults).await;
    faults.wait_until_stalled();

    for (method, target) in
        [("GET", "/"), ("GET", "/?api=info"), ("GET", "/n"), ("GET", "/n/*"), ("POST", "/n")]
    {
        let answer = server.request(method, target, "1").await;
        check_unavailable(&answer, "ooo: server is loading");
        assert_eq!(answer.header("retry-after"), Some("1"), "{method} {target}");
    }
    for target in ["/n", "/"] {
        let http = Http::connect(server.address()).await;
        let answered = Socket::over(http, target, UPGRADE).await;
        let refused = answered.map(|socket| socket.answer).expect_err("it is refused before");
        check_unavailable(&refused, "ooo: server is loading");
    }
    let loading = healthy(&server, |_| true).await;
    assert_eq!(loading, (503, "loading".to_owned()));

    faults.mend();
    open(&server).await;
    assert_eq!(server.request("POST", "/n", "1").await.status, 200);
    assert_eq!(server.request("GET", "/n", "").await.status, 200);
    server.close().await;
}

#[tokio::test]
async fn it_is_not_well_before_what_is_to_be_done_at_the_start_is_done() {
    let engine = Engine::builder().backend(Disk::default().opener()).start().unwrap();
    let (go, goes) = tokio::sync::watch::channel(false);
    let server = TestServer::at(([127, 0, 0, 1], 0).into(), engine, |server| {
        server.on_start(move || {
            let mut goes = goes.clone();
            async move { drop(goes.wait_for(|goes| *goes).await) }
        })
    })
    .await;

    let loading = healthy(&server, |it| *it == Health::Ok).await;

    assert_eq!(loading, (503, "loading".to_owned()));
    check_unavailable(&server.request("GET", "/n", "").await, "ooo: server is loading");
    go.send(true).unwrap();
    open(&server).await;
    assert_eq!(server.request("POST", "/n", "1").await.status, 200);
    server.close().await;
}

#[tokio::test]
async fn what_a_slow_disk_has_no_room_for_is_refused_for_a_moment() {
    let faults = Faults::default();
    let server = server(&faults).await;
    open(&server).await;
    assert_eq!(server.request("POST", "/n", "1").await.status, 200);
    faults.stall();
    let large = Json::parse(format!("\"{}\"", "x".repeat(63 << 20)).as_bytes()).unwrap();
    let mut waiting = Vec::new();
    loop {
        let mut write = Box::pin(server.engine().set(Key::parse("large").unwrap(), large.clone()));
        match write.as_mut().now_or_never() {
            None => waiting.push(write),
            Some(refused) => break assert!(matches!(refused, Err(Error::Busy)), "{refused:?}"),
        }
    }

    // Something small may still find a place.
    let answer = server.request("POST", "/n", &format!("\"{}\"", "x".repeat(9 << 20))).await;

    check_unavailable(&answer, "ooo: too many writes are waiting");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(server.request("GET", "/n", "").await.status, 200);
    drop(waiting);
    faults.mend();
    while server.request("POST", "/n", "2").await.status == 503 {}
    server.close().await;
}

#[tokio::test]
async fn while_it_fails_writes_are_503_and_reads_go_on_and_nobody_learns_where_its_files_are() {
    let faults = Faults::default();
    let server = server(&faults).await;
    open(&server).await;
    assert_eq!(server.request("POST", "/n", "{}").await.status, 200);
    let error = BackendError::Full("/var/secret/place".to_owned());
    faults.fail_all(error.clone());
    faults.fail_opening(error);

    for (method, target) in
        [("POST", "/n"), ("POST", "/m/*"), ("PATCH", "/n"), ("DELETE", "/n"), ("DELETE", "/m/*")]
    {
        let answer = server.request(method, target, "{}").await;
        check_unavailable(&answer, "ooo: storage is failing");
        assert_eq!(answer.header("retry-after"), None, "nobody knows when");
    }
    assert_eq!(server.request("GET", "/n", "").await.status, 200);
    assert!(server.socket("/n").await.message().await.contains(r#""data":{}"#));
    let failing = healthy(&server, |it| matches!(it, Health::Failing { .. })).await;
    assert_eq!(failing, (503, "failing".to_owned()));
    let info = server.request("GET", "/?api=info", "").await;
    let info: serde_json::Value = serde_json::from_str(info.text()).unwrap();
    assert_eq!(info["health"], "failing");
    assert_eq!(info["failing"]["reason"], "the disk is full");
    assert!(info["failing"]["since"].as_u64().unwrap() > 0 && info["failing"]["atRisk"].is_null());
    assert!(!info.to_string().contains("secret"));

    faults.mend();
    assert_eq!(healthy(&server, |it| *it == Health::Ok).await.0, 200);
    assert_eq!(server.request("POST", "/n", "2").await.status, 200);
    server.close().await;
}
