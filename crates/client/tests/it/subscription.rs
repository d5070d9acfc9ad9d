//! A subscription keeps its copy, whatever happens to its connections.

use std::time::Duration;

use monoxide_client::{Change, Client, Clock, Reason, State, Subscription, Trouble, Update};
use monoxide_protocol::{Glob, Version};
use serde_json::json;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::server::{FLOOR, impatient, server};

const HOUR: Duration = Duration::from_secs(3600);

fn books() -> Glob {
    Glob::parse("books/*").unwrap()
}

/// Waits until the copy is `document`, and the server's.
async fn becomes(subscription: &mut Subscription, document: serde_json::Value) {
    while subscription.document() != Some(&document) || !subscription.state().is_live() {
        subscription.next().await.expect("the subscription goes on");
    }
}

/// Waits for a state, and tells what came before it.
async fn reaches(subscription: &mut Subscription, is_it: impl Fn(&State) -> bool) -> State {
    loop {
        match subscription.next().await.expect("the subscription goes on") {
            Update::State(state) if is_it(&state) => return state,
            _ => {}
        }
    }
}

#[tokio::test]
async fn updates_tell_the_states_and_what_changed() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        let mut peer = server.accept().await;
        peer.snapshot(1, "[1,2]").await;
        peer.patch(2, r#"[{"op":"remove","path":"/0"}]"#).await;
        peer
    });
    let mut subscription = client.subscribe(books());
    assert_eq!(subscription.state(), &State::Connecting(None));

    let Some(Update::Change(Change::Snapshot { version })) = subscription.next().await else {
        panic!("the first change is a snapshot");
    };
    assert_eq!((version, subscription.document()), (Version::new(1), Some(&json!([1, 2]))));
    assert_eq!(subscription.next().await, Some(Update::State(State::Live)));
    let Some(Update::Change(Change::Patch { version, patch })) = subscription.next().await else {
        panic!("the second change is a patch");
    };
    assert_eq!((version, subscription.document()), (Version::new(2), Some(&json!([2]))));
    assert_eq!(patch.to_string(), r#"[{"op":"remove","path":"/0"}]"#);

    assert_eq!(script.await.unwrap().address, "/books/*");
}

#[tokio::test]
async fn a_lost_connection_is_made_again_from_the_version_we_have() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        server.accept().await.snapshot(0x1f, r#"{"n":1}"#).await;
        let mut peer = server.accept().await;
        peer.patch(0x20, r#"[{"op":"replace","path":"/n","value":2}]"#).await;
        peer
    });
    let mut subscription = client.subscribe(books());

    reaches(&mut subscription, |state| matches!(state, State::Stale(_))).await;
    assert_eq!(subscription.document(), Some(&json!({"n": 1})), "it stays readable");
    becomes(&mut subscription, json!({"n": 2})).await;

    assert_eq!(script.await.unwrap().address, "/books/*?v=1f");
}

#[tokio::test]
async fn a_server_with_nothing_new_is_believed_without_a_message() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        server.accept().await.snapshot(1, "[]").await;
        server.accept().await
    });
    let mut subscription = client.subscribe(books());

    reaches(&mut subscription, |state| matches!(state, State::Stale(_))).await;
    reaches(&mut subscription, State::is_live).await;
    script.await.unwrap();
}

#[tokio::test]
async fn a_patch_that_does_not_fit_is_healed_by_a_snapshot() {
    for misfit in [
        r#"{"snapshot":false,"version":"2","data":[{"op":"remove","path":"/7"}]}"#,
        r#"{"snapshot":false,"version":"1","data":[]}"#,
        "not a message",
    ] {
        let (server, client) = server().await;
        let script = tokio::spawn(async move {
            let mut first = server.accept().await;
            first.snapshot(1, "[1]").await;
            first.send(misfit).await;
            let mut second = server.accept().await;
            second.snapshot(3, "[3]").await;
            second
        });
        let mut subscription = client.subscribe(books());

        let stale = reaches(&mut subscription, |state| matches!(state, State::Stale(_))).await;
        assert!(matches!(stale, State::Stale(Trouble::Misfit(_))), "{stale}");
        assert_eq!(subscription.document(), Some(&json!([1])), "it stays as it was");
        becomes(&mut subscription, json!([3])).await;

        assert_eq!(script.await.unwrap().address, "/books/*", "no version is named");
    }
}

#[tokio::test]
async fn text_frames_are_read_as_well() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        let mut peer = server.accept().await;
        peer.send(r#"{"snapshot":true,"version":"1","data":"text"}"#).await;
        peer
    });
    let mut subscription = client.subscribe(books());

    becomes(&mut subscription, json!("text")).await;
    script.await.unwrap();
}

#[tokio::test]
async fn what_the_server_refuses_for_good_ends_the_subscription() {
    for (code, expected) in [
        (4400, Reason::Invalid("because".to_owned())),
        (4401, Reason::NeedsAuth),
        (4403, Reason::Forbidden),
    ] {
        let (server, client) = server().await;
        let script = tokio::spawn(async move { server.accept().await.close(code).await });
        let mut subscription = client.subscribe(books());

        let closed = State::Closed(expected);
        assert_eq!(subscription.next().await, Some(Update::State(closed.clone())));
        assert_eq!(subscription.next().await, None);
        assert_eq!((subscription.next().await, subscription.state()), (None, &closed));
        script.await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_upgrade_says_why() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        server.refuse("500 Internal Server Error").await;
        server.refuse("400 Bad Request").await;
    });
    let mut subscription = client.subscribe(books());

    let refused = State::Connecting(Some(Trouble::Refused(500)));
    assert_eq!(subscription.next().await, Some(Update::State(refused)));
    let invalid = State::Closed(Reason::Invalid("400".to_owned()));
    assert_eq!(subscription.next().await, Some(Update::State(invalid)));
    assert_eq!(subscription.next().await, None);
    script.await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    let (gone, _) = server().await;
    let host = gone.host();
    drop(gone);
    let mut subscription = impatient(&host).subscribe(books());

    let unreachable = reaches(&mut subscription, |state| *state != State::Connecting(None)).await;
    assert!(
        matches!(unreachable, State::Connecting(Some(Trouble::Unreachable(_)))),
        "{unreachable}"
    );
}

#[tokio::test]
async fn dropping_a_subscription_says_goodbye() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        let mut peer = server.accept().await;
        peer.snapshot(1, "[]").await;
        (peer.receive().await, peer.receive().await)
    });
    let mut subscription = client.subscribe(books());
    becomes(&mut subscription, json!([])).await;

    drop(subscription);

    assert_eq!(script.await.unwrap(), (Some(Message::Close(None)), None));
}

#[tokio::test]
async fn waiting_for_an_update_can_be_given_up_without_losing_one() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        let mut peer = server.accept().await;
        peer.snapshot(0, "0").await;
        for version in 1..100 {
            let replace = format!(r#"[{{"op":"replace","path":"","value":{version}}}]"#);
            peer.patch(version, &replace).await;
            tokio::task::yield_now().await;
        }
        peer
    });
    let mut subscription = client.subscribe(books());

    while subscription.document() != Some(&json!(99)) {
        tokio::select! {
            biased;
            _ = subscription.next() => {}
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(script.await.unwrap().address, "/books/*");
}

/// <https://github.com/centrifugal/centrifuge-js/pull/408>: 189 attempts in half a second.
#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_up_at_once_is_never_called_again_without_a_pause() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        let mut attempts = Vec::new();
        for _ in 0..20 {
            attempts.push((server.accept().await, Instant::now()).1);
        }
        attempts
    });
    let mut subscription = client.subscribe(books());

    let attempts = tokio::select! {
        attempts = script => attempts.unwrap(),
        () = async { while subscription.next().await.is_some() {} } => panic!("it gave up"),
    };

    for (earlier, later) in attempts.iter().zip(attempts.iter().skip(1)) {
        assert!(*later - *earlier >= FLOOR);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_goes_silent_is_replaced() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        let mut silent = server.accept().await;
        silent.snapshot(1, "[]").await;
        (server.accept().await, Instant::now())
    });
    let start = Instant::now();
    let mut subscription = client.subscribe(books());

    let stale = reaches(&mut subscription, |state| matches!(state, State::Stale(_))).await;
    assert_eq!(stale, State::Stale(Trouble::Silence));
    reaches(&mut subscription, State::is_live).await;

    let (second, at) = script.await.unwrap();
    assert_eq!(second.address, "/books/*?v=1");
    assert!(at - start >= Duration::from_secs(150));
}

#[tokio::test(start_paused = true)]
async fn a_quiet_connection_that_pings_is_kept() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        let mut peer = server.accept().await;
        peer.snapshot(1, "[]").await;
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_secs(60)).await;
            peer.send(Message::Ping("".into())).await;
            assert_eq!(peer.receive().await, Some(Message::Pong("".into())));
        }
        peer.snapshot(2, "[2]").await;
        peer
    });
    let mut subscription = client.subscribe(books());

    reaches(&mut subscription, State::is_live).await;
    let change = Change::Snapshot { version: Version::new(2) };
    assert_eq!(subscription.next().await, Some(Update::Change(change)));
    script.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_accepts_and_says_nothing_is_given_up_after_ten_seconds() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        let mute = server.connection().await;
        let start = Instant::now();
        let mut peer = server.accept().await;
        peer.snapshot(1, "[]").await;
        (mute, peer, start.elapsed())
    });
    let mut subscription = client.subscribe(books());

    becomes(&mut subscription, json!([])).await;
    let (.., waited) = script.await.unwrap();
    assert!(waited >= Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_time_gets_it() {
    let (server, client) = server().await;
    let script = tokio::spawn(async move {
        server.accept().await.close(1013).await;
        let start = Instant::now();
        let mut peer = server.accept().await;
        peer.snapshot(1, "[]").await;
        (peer, start.elapsed())
    });
    let mut subscription = client.subscribe(books());

    becomes(&mut subscription, json!([])).await;
    assert!(script.await.unwrap().1 >= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_wake_ends_the_wait() {
    let (server, client) = server().await;
    let client = client.with_backoff(HOUR, HOUR);
    let script = tokio::spawn(async move {
        server.accept().await.snapshot(1, "[]").await;
        (server.accept().await, Instant::now())
    });
    let start = Instant::now();
    let mut subscription = client.subscribe(books());

    reaches(&mut subscription, |state| matches!(state, State::Stale(_))).await;
    client.wake();
    reaches(&mut subscription, State::is_live).await;

    let (_peer, at) = script.await.unwrap();
    assert!(at - start <= Duration::from_secs(2), "and not an hour");
}

#[test]
fn a_subscription_may_be_moved_to_a_task() {
    fn movable<T: Send + 'static>() {}
    fn shared<T: Send + Sync + Clone + 'static>() {}
    movable::<Subscription>();
    movable::<Clock>();
    shared::<Client>();
}
