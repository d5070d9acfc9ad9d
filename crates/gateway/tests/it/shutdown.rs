//! The phases of a server's life, in their order.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use monoxide_gateway::Builder;
use monoxide_testkit::TestServer;
use tokio::sync::Notify;

type Log = Arc<Mutex<Vec<String>>>;

fn read(log: &Log) -> Vec<String> {
    log.lock().unwrap().clone()
}

/// A hook that notes its name.
fn notes(
    log: &Log,
    name: &'static str,
) -> impl Fn() -> std::future::Ready<()> + Send + Sync + 'static {
    let log = Arc::clone(log);
    move || {
        log.lock().unwrap().push(name.to_owned());
        std::future::ready(())
    }
}

fn all(server: Builder, log: &Log) -> Builder {
    let unsubscribed = Arc::clone(log);
    server
        .on_close(notes(log, "close"))
        .on_post_shutdown(notes(log, "post 1"))
        .on_proxy_teardown(notes(log, "teardown 1"))
        .on_proxy_teardown(notes(log, "teardown 2"))
        .on_pre_shutdown(notes(log, "pre 1"))
        .on_pre_shutdown(notes(log, "pre 2"))
        .on_post_shutdown(notes(log, "post 2"))
        .on_start(notes(log, "start 1"))
        .on_start(notes(log, "start 2"))
        .on_unsubscribe(move |it| unsubscribed.lock().unwrap().push(format!("end {}", it.path)))
}

#[tokio::test]
async fn hooks_run_by_phase_and_then_in_their_order() {
    let log = Log::default();
    let server = TestServer::with(|server| all(server, &log)).await;
    let mut socket = server.socket("/thing").await;
    socket.message().await;
    assert_eq!(read(&log), ["start 1", "start 2"]);

    server.stop();
    server.stop();
    assert_eq!(socket.closed().await, 1001);
    server.close().await;

    let stopping =
        ["pre 1", "pre 2", "teardown 1", "teardown 2", "end thing", "post 1", "post 2", "close"];
    assert_eq!(read(&log)[2..], stopping);
}

#[tokio::test]
async fn everything_works_until_the_hooks_before_the_shutdown_are_done() {
    let (begun, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let server = TestServer::with(|server| {
        let (begun, done) = (Arc::clone(&begun), Arc::clone(&done));
        server.tick(Duration::from_millis(20)).on_pre_shutdown(move || {
            let (begun, done) = (Arc::clone(&begun), Arc::clone(&done));
            async move {
                begun.notify_one();
                done.notified().await;
            }
        })
    })
    .await;
    let mut clock = server.socket("/").await;
    let mut thing = server.socket("/thing").await;
    thing.message().await;
    server.stop();
    begun.notified().await;

    assert_eq!(server.request("POST", "/thing", "1").await.status, 200);
    thing.message().await;
    for _ in 0..3 {
        clock.message().await;
    }

    done.notify_one();
    assert_eq!((thing.closed().await, clock.closed().await), (1001, 1001));
    server.close().await;
}

#[tokio::test]
async fn a_hook_that_panics_stops_no_other() {
    let log = Log::default();
    let server = TestServer::with(|server| {
        let server = server
            .on_start(async || panic!("a start with a mistake"))
            .on_pre_shutdown(async || panic!("a hook with a mistake"))
            .on_close(async || panic!("a last mistake"));
        all(server, &log)
    })
    .await;
    server.close().await;
    assert_eq!(read(&log).len(), 9);
}

fn slow(
    log: &Log,
    name: &'static str,
) -> impl Fn() -> futures_util::future::BoxFuture<'static, ()> + use<> {
    let log = Arc::clone(log);
    move || {
        let log = Arc::clone(&log);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            log.lock().unwrap().push(name.to_owned());
        })
    }
}

fn three(server: Builder, log: &Log) -> Builder {
    server
        .on_pre_shutdown(slow(log, "one"))
        .on_pre_shutdown(slow(log, "two"))
        .on_post_shutdown(slow(log, "three"))
        .on_close(slow(log, "four"))
}

/// Time is paused: a second of a hook passes when nothing else can happen.
#[tokio::test(start_paused = true)]
async fn hooks_that_have_not_begun_when_the_budget_is_spent_are_skipped() {
    for (budget, expected) in [
        (500, &["one"][..]),
        (1000, &["one"]),
        (1500, &["one", "two"]),
        (2500, &["one", "two", "three"]),
        (0, &["one", "two", "three", "four"]),
    ] {
        let log = Log::default();
        let budget = Duration::from_millis(budget);
        let server = TestServer::with(|server| three(server, &log).shutdown_budget(budget)).await;
        server.close().await;
        assert_eq!(read(&log), expected, "{budget:?}");
    }
}
