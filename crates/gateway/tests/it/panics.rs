//! What the application panics over is the error of who asked, and of nobody else: whoever
//! watches, the very list among them, is told of everything else.

use std::{
    future::Ready,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use monoxide_engine::{Denied, Engine, Filters, Limit};
use monoxide_gateway::Subscriber;
use monoxide_protocol::{Json, Message, Replica};
use monoxide_testkit::{
    Http, Socket, TestServer,
    socket::{PING, PONG, UPGRADE},
};
use tokio::{sync::mpsc, time::timeout};

/// Far more than anything here takes.
const PROMPTLY: Duration = Duration::from_secs(20);

type Answer = Result<Json, Denied>;

/// A filter or a hook of each kind that has a mistake. What is written as `"bad"` is its input.
fn filters(limit_is_bad: &Arc<AtomicBool>) -> Filters {
    let is_bad = |data: &Json| data.as_str() == r#""bad""#;
    let (count_is_bad, age_is_bad) = (Arc::clone(limit_is_bad), Arc::clone(limit_is_bad));
    let check = |is_bad: &AtomicBool| assert!(!is_bad.load(Ordering::Relaxed), "in a limit");
    let (most, oldest) = (10, Duration::from_secs(60 * 60));
    Filters::new()
        .write("write/now", |_, _| panic!("in a write filter"))
        .write_async("write/made", |_, _| -> Ready<Answer> { panic!("before it waits") })
        .write_async("write/later", |_, _| async {
            tokio::task::yield_now().await;
            panic!("after it waited")
        })
        .write_as("write/typed", |_, _: String| panic!("in a write filter of a type"))
        .after_write("after/now", |_| panic!("in a hook after writes"))
        .after_write_async("after/later", |_| async {
            tokio::task::yield_now().await;
            panic!("in a hook after writes, after it waited")
        })
        .delete("delete/now", |_| panic!("in a delete filter"))
        .delete_async("delete/later", |_| async {
            tokio::task::yield_now().await;
            panic!("in a delete filter, after it waited")
        })
        .read_object("read/object", |_, _| panic!("in a read filter"))
        .read_object_as("read/typed", |_, _: Option<String>| panic!("in a read filter of a type"))
        .read_list("each/*", move |_, object| {
            assert!(!is_bad(&object.data), "in a filter of each object");
            monoxide_engine::Seen::Whole
        })
        .read_list_as("typed/*", |_, data: String| {
            assert_ne!(data, "bad", "in a filter of each object of a type");
            Some(data)
        })
        .read_whole_list("whole/*", move |_, objects| {
            assert!(!objects.iter().any(|object| is_bad(&object.data)), "in a filter of a list");
            Ok(objects)
        })
        .limit(
            "few/*",
            Limit::count_by(move || {
                check(&count_is_bad);
                most
            }),
        )
        .limit(
            "young/*",
            Limit::age_by(move || {
                check(&age_is_bad);
                oldest
            }),
        )
}

/// Sockets that go on all the while, and what they have.
struct Bystanders {
    sockets: Vec<(&'static str, Socket, Replica)>,
    said: usize,
}

impl Bystanders {
    async fn of(server: &TestServer) -> Self {
        let mut sockets = Vec::new();
        for target in ["/fine", "/each/*", "/typed/*", "/*/*", "/*"] {
            let (mut socket, mut copy) = (server.socket(target).await, Replica::default());
            copy.apply(Message::decode(&socket.message().await).unwrap()).unwrap();
            sockets.push((target, socket, copy));
        }
        Self { sockets, said: 0 }
    }

    /// Everything else still works, and everybody is told of it.
    async fn check(&mut self, server: &TestServer, after: &str) {
        let checked = timeout(PROMPTLY, self.check_in_time(server, after)).await;
        checked.unwrap_or_else(|_| panic!("nothing works after {after}"));
    }

    async fn check_in_time(&mut self, server: &TestServer, after: &str) {
        self.said += 1;
        let said = format!(r#""said {}""#, self.said);
        for key in ["/fine", "/each/fine", "/typed/fine", "/whole/fine"] {
            assert_eq!(server.request("POST", key, &said).await.status, 200, "{key} after {after}");
        }
        for (target, socket, copy) in &mut self.sockets {
            let wanted = server.request("GET", target, "").await;
            let wanted = serde_json::from_slice(&wanted.body).unwrap();
            assert!(serde_json::Value::to_string(&wanted).contains(&said), "{target} {wanted}");
            while copy.document() != Some(&wanted) {
                copy.apply(Message::decode(&socket.message().await).unwrap()).unwrap();
            }
            socket.send(PING, "").await.unwrap();
            assert_eq!(socket.frame().await.first, PONG, "{target} after {after}");
        }
    }
}

/// The request fails as the server's own mistake, of which the client is told no more.
async fn check_fails(server: &TestServer, method: &str, target: &str) {
    let answer = server.request(method, target, r#""bad""#).await;
    let line = (answer.status, answer.text());
    assert_eq!(line, (500, "ooo: internal error"), "{method} {target}");
}

async fn serve(filters: Filters) -> TestServer {
    let engine = Engine::builder().filters(filters).start().unwrap();
    TestServer::at(([127, 0, 0, 1], 0).into(), engine, |server| server).await
}

#[tokio::test]
async fn a_panic_in_a_filter_of_any_kind_is_the_error_of_its_request_alone() {
    let server = serve(filters(&Arc::default())).await;
    let mut others = Bystanders::of(&server).await;
    for target in ["/write/now", "/write/made", "/write/later", "/write/typed"] {
        check_fails(&server, "POST", target).await;
        assert_eq!(server.request("GET", target, "").await.status, 404, "nothing was written");
        others.check(&server, target).await;
    }
    for target in ["/after/now", "/after/later"] {
        let answer = server.request("POST", target, "1").await;
        assert_eq!(answer.status, 200, "{target}: it was done before the hook was told");
        assert_eq!(server.request("GET", target, "").await.status, 200);
        others.check(&server, target).await;
    }
    for target in ["/delete/now", "/delete/later"] {
        server.request("POST", target, "1").await;
        check_fails(&server, "DELETE", target).await;
        check_fails(&server, "DELETE", "/delete/*").await;
        assert_eq!(server.request("GET", target, "").await.status, 200, "nothing was deleted");
        others.check(&server, target).await;
    }
}

#[tokio::test]
async fn a_panic_in_a_read_filter_hides_what_it_is_about_and_nothing_else() {
    let server = serve(filters(&Arc::default())).await;
    let mut others = Bystanders::of(&server).await;
    for target in ["/read/object", "/read/typed"] {
        assert_eq!(server.request("POST", target, r#""bad""#).await.status, 200);
        check_fails(&server, "GET", target).await;
        let refused = Socket::over(Http::connect(server.address()).await, target, UPGRADE).await;
        assert_eq!(refused.expect_err("a refusal").status, 500, "{target}");
        others.check(&server, target).await;
    }
    for list in ["each", "typed"] {
        let bad = format!("/{list}/bad");
        assert_eq!(server.request("POST", &bad, r#""bad""#).await.status, 200);
        assert_eq!(server.request("GET", &bad, "").await.status, 404, "it is not seen");
        others.check(&server, &bad).await;
        let all = server.request("GET", &format!("/{list}/*"), "").await;
        assert!(all.status == 200 && !all.text().contains("bad"), "{}", all.text());
        // It is seen again when there is nothing wrong with it.
        server.request("POST", &bad, r#""good""#).await;
        assert_eq!(server.request("GET", &bad, "").await.status, 200);
        others.check(&server, &bad).await;
    }
}

/// Whoever watches the list sees none of it while its filter cannot say what is to be seen.
#[tokio::test]
async fn a_list_whose_filter_panics_is_empty_until_it_does_not() {
    let server = serve(filters(&Arc::default())).await;
    let mut others = Bystanders::of(&server).await;
    let mut socket = server.socket("/whole/*").await;
    socket.message().await;
    server.request("POST", "/whole/a", r#""good""#).await;
    assert!(socket.message().await.contains("good"));

    server.request("POST", "/whole/b", r#""bad""#).await;
    let emptied = socket.message().await;
    assert!(emptied.ends_with(r#""data":[{"op":"remove","path":"/0"}]}"#), "{emptied}");
    check_fails(&server, "GET", "/whole/*").await;
    let refused = Socket::over(Http::connect(server.address()).await, "/whole/*", UPGRADE).await;
    assert_eq!(refused.expect_err("a refusal").status, 500);
    others.check(&server, "a filter of a whole list").await;

    server.request("DELETE", "/whole/b", "").await;
    assert!(socket.message().await.contains("good"));
    others.check(&server, "a filter that has come to its senses").await;
}

#[tokio::test]
async fn a_panic_in_the_function_of_a_limit_is_the_error_of_the_write_alone() {
    let is_bad = Arc::new(AtomicBool::new(false));
    let server = serve(filters(&is_bad)).await;
    let mut others = Bystanders::of(&server).await;
    for _ in 0..2 {
        for list in ["few", "young"] {
            let key = format!("/{list}/1");
            is_bad.store(true, Ordering::Relaxed);
            check_fails(&server, "POST", &key).await;
            check_fails(&server, "POST", &format!("/{list}/*")).await;
            others.check(&server, &key).await;
            is_bad.store(false, Ordering::Relaxed);
            assert_eq!(server.request("POST", &key, "1").await.status, 200);
            others.check(&server, &key).await;
        }
    }
}

/// It is also asked when nobody writes.
#[tokio::test(start_paused = true)]
async fn a_limit_whose_function_panics_is_no_excuse_for_the_others() {
    let most = Arc::new(AtomicUsize::new(2));
    let asked = Arc::clone(&most);
    let filters = Filters::new()
        .limit("bad/*", Limit::count_by(|| panic!("in a limit")))
        .limit("good/*", Limit::count_by(move || asked.load(Ordering::Relaxed)));
    let server = serve(filters).await;
    for key in ["/good/1", "/good/2"] {
        server.request("POST", key, "1").await;
    }
    let mut socket = server.socket("/good/*").await;
    socket.message().await;
    most.store(1, Ordering::Relaxed);
    let evicted = socket.message().await;
    assert!(evicted.ends_with(r#""data":[{"op":"remove","path":"/1"}]}"#), "{evicted}");
}

#[tokio::test]
async fn a_panic_in_a_hook_of_a_subscription_hurts_nobody_else() {
    let (told, mut heard) = mpsc::channel(16);
    let panics = |it: &Subscriber| assert!(!it.path.starts_with("bad"), "in a hook");
    let server = TestServer::with(|server| {
        server
            .on_subscribe(async |it| {
                assert!(it.path != "bad/begin", "in a hook");
                Ok(())
            })
            .on_subscribe(async |it| {
                tokio::task::yield_now().await;
                assert!(it.path != "bad/later", "in a hook, after it waited");
                Ok(())
            })
            .on_unsubscribe(panics)
            .on_unsubscribe(move |it| drop(told.try_send(it.path.clone())))
    })
    .await;
    let mut others = Bystanders::of(&server).await;
    for target in ["/bad/begin", "/bad/later"] {
        let refused = Socket::over(Http::connect(server.address()).await, target, UPGRADE).await;
        assert_eq!(refused.expect_err("a refusal").status, 500, "{target}");
        others.check(&server, target).await;
    }
    let mut socket = server.socket("/bad/end").await;
    socket.message().await;
    drop(socket);
    let next = timeout(PROMPTLY, heard.recv()).await.expect("the next hook is told all the same");
    assert_eq!(next.as_deref(), Some("bad/end"));
    others.check(&server, "a hook for the end").await;
    server.close().await;
}

#[tokio::test]
async fn a_panic_in_the_hook_for_events_hurts_nobody() {
    let (told, mut heard) = mpsc::channel(64);
    let hook = move |event: &monoxide_engine::Event| {
        drop(told.try_send(event.key.to_string()));
        assert!(!event.key.as_str().ends_with("fine"), "in the hook for events");
    };
    let engine = Engine::builder().on_event(hook).start().unwrap();
    let server = TestServer::at(([127, 0, 0, 1], 0).into(), engine, |server| server).await;
    let mut others = Bystanders::of(&server).await;
    for _ in 0..3 {
        others.check(&server, "an event").await;
        for key in ["fine", "each/fine", "typed/fine", "whole/fine"] {
            assert_eq!(heard.recv().await.as_deref(), Some(key), "it is told of the next one");
        }
    }
    assert_eq!(server.engine().dropped_events(), 0);
}

#[tokio::test]
async fn a_panic_in_a_hook_of_the_start_or_of_the_end_hurts_nobody() {
    let (told, mut heard) = mpsc::channel(16);
    let tell = |phase: &'static str| {
        let told = told.clone();
        move || {
            let told = told.clone();
            async move { told.send(phase).await.unwrap() }
        }
    };
    let server = TestServer::with(|server| {
        server
            .on_start(|| -> Ready<()> { panic!("at the start") })
            .on_start(async || panic!("at the start, later"))
            .on_start(tell("start"))
            .on_pre_shutdown(|| -> Ready<()> { panic!("before the end") })
            .on_pre_shutdown(tell("pre-shutdown"))
            .on_proxy_teardown(async || panic!("at the end of proxies"))
            .on_proxy_teardown(tell("proxies"))
            .on_post_shutdown(async || panic!("after the end"))
            .on_post_shutdown(tell("post-shutdown"))
            .on_close(async || panic!("at the very end"))
            .on_close(tell("close"))
    })
    .await;
    let mut others = Bystanders::of(&server).await;
    others.check(&server, "the start").await;
    server.stop();
    for (target, socket, _) in &mut others.sockets {
        assert_eq!(socket.closed().await, 1001, "{target} is told goodbye");
    }
    server.close().await;
    for phase in ["start", "pre-shutdown", "proxies", "post-shutdown", "close"] {
        assert_eq!(heard.recv().await, Some(phase));
    }
}
