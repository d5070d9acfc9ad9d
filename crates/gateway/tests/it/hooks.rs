//! Hooks of subscriptions: asked once before, told once after.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use monoxide_engine::{Denied, Engine, Filters, Identity};
use monoxide_gateway::{Builder, Subscriber};
use monoxide_testkit::{
    Http, Socket, TestServer,
    socket::{CLOSE, UPGRADE},
};
use tokio::sync::mpsc;

use crate::ask::line;

/// Tells a channel what the hooks are told.
fn told(server: Builder) -> (Builder, mpsc::Receiver<String>) {
    let (sender, receiver) = mpsc::channel(64);
    let ended = sender.clone();
    let server = server
        .on_subscribe(move |subscriber: Subscriber| {
            let sender = sender.clone();
            async move {
                sender.send(format!("begin `{}`", subscriber.path)).await.unwrap();
                match subscriber.path.starts_with("denied") {
                    true => Err(Denied::new("denied by the hook")),
                    false => Ok(()),
                }
            }
        })
        .on_unsubscribe(move |it| ended.try_send(format!("end `{}`", it.path)).unwrap());
    (server, receiver)
}

async fn server() -> (TestServer, mpsc::Receiver<String>) {
    let mut hooks = None;
    let filters =
        Filters::new().read_object("locked", |_, _| Err(Denied::new("locked by a filter")));
    let engine = Engine::builder().filters(filters).start().unwrap();
    let server = TestServer::at(([127, 0, 0, 1], 0).into(), engine, |server| {
        let (server, receiver) = told(server);
        hooks = Some(receiver);
        server
    })
    .await;
    (server, hooks.unwrap())
}

async fn refused(server: &TestServer, target: &str, headers: &str) -> String {
    let headers = format!("Host: {}\r\n{headers}", server.address());
    let http = Http::connect(server.address()).await;
    line(&Socket::over(http, target, &headers).await.unwrap_err())
}

#[tokio::test]
async fn each_subscription_is_asked_about_and_its_end_told_once() {
    let (server, mut hooks) = server().await;
    for (target, path) in
        [("/thing", "thing"), ("/books/*", "books/*"), ("/", ""), ("/_keys", "_keys")]
    {
        let mut socket = server.socket(target).await;
        socket.message().await;
        assert_eq!(hooks.recv().await.unwrap(), format!("begin `{path}`"));
        socket.send(CLOSE, 1000_u16.to_be_bytes()).await.unwrap();
        assert_eq!(hooks.recv().await.unwrap(), format!("end `{path}`"));
    }
    // A client that just hangs up.
    drop(server.socket("/thing").await);
    assert_eq!(hooks.recv().await.unwrap(), "begin `thing`");
    assert_eq!(hooks.recv().await.unwrap(), "end `thing`");
    server.close().await;
    assert_eq!(hooks.recv().await, None);
}

#[tokio::test]
async fn the_end_of_the_server_is_the_end_of_each_subscription() {
    let (server, mut hooks) = server().await;
    let mut sockets = Vec::new();
    for _ in 0..5 {
        let mut socket = server.socket("/thing").await;
        socket.message().await;
        sockets.push(socket);
        assert_eq!(hooks.recv().await.unwrap(), "begin `thing`");
    }
    server.stop();
    for socket in &mut sockets {
        assert_eq!(socket.closed().await, 1001);
    }
    server.close().await;
    for _ in 0..5 {
        assert_eq!(hooks.recv().await.unwrap(), "end `thing`");
    }
    assert_eq!(hooks.recv().await, None);
}

#[tokio::test]
async fn a_refused_subscription_is_told_why_before_the_upgrade_and_has_no_end() {
    let (server, mut hooks) = server().await;
    for target in ["/denied", "/denied/x", "/denied/*"] {
        assert_eq!(refused(&server, target, UPGRADE).await, "400 denied by the hook", "{target}");
        assert_eq!(hooks.recv().await.unwrap(), format!("begin `{}`", &target[1..]));
    }
    assert_eq!(server.request("GET", "/denied", "").await.status, 404, "reading is not watching");
    server.close().await;
    assert_eq!(hooks.recv().await, None);
}

#[tokio::test]
async fn what_may_not_be_read_is_refused_before_the_hook_is_asked() {
    let (server, mut hooks) = server().await;
    assert_eq!(refused(&server, "/locked", UPGRADE).await, "400 locked by a filter");
    assert_eq!(refused(&server, "/a//b", UPGRADE).await, "400 ooo: key is not valid");
    let no_key = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    assert_eq!(refused(&server, "/thing", no_key).await, "400 Bad Request\n");
    server.close().await;
    assert_eq!(hooks.recv().await, None);
}

#[tokio::test]
async fn the_first_hook_that_refuses_decides_and_a_panic_refuses_too() {
    let asked = Arc::new(AtomicUsize::new(0));
    let second = Arc::clone(&asked);
    let server = TestServer::with(|server| {
        server
            .on_subscribe(async |it| match it.path.as_str() {
                "one" => Err(Denied::new("the first says no")),
                "bad" => panic!("a hook with a mistake"),
                _ => Ok(()),
            })
            .on_subscribe(move |it| {
                second.fetch_add(1, Ordering::SeqCst);
                async move {
                    assert_eq!(it.identity, Identity::anonymous());
                    Err(Denied::new("the second says no"))
                }
            })
            .on_unsubscribe(|_| panic!("nothing began"))
    })
    .await;
    assert_eq!(refused(&server, "/one", UPGRADE).await, "400 the first says no");
    assert_eq!(refused(&server, "/bad", UPGRADE).await, "500 ooo: internal error");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert_eq!(refused(&server, "/two", UPGRADE).await, "400 the second says no");
    assert_eq!(refused(&server, "/", UPGRADE).await, "400 the second says no");
}
