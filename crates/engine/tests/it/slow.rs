//! A subscriber that does not read.

use monoxide_engine::Engine;

use crate::{Follower, glob, json, key, operations, truth};

#[tokio::test]
async fn a_slow_subscriber_holds_no_one_up_and_ends_equal() {
    let engine = Engine::builder().window(8, 1024 * 1024).start().unwrap();
    let mut slow = Follower::of(&engine, "n/*").await;
    slow.hear().await;
    let mut fast = Follower::of(&engine, "n/*").await;
    fast.hear().await;

    for n in 0..1_000 {
        // Were anyone to wait for the slow one, this would not end.
        engine.set(key(&format!("n/{}", n % 10)), json(n)).await.unwrap();
        assert_ne!(operations(&fast.hear().await), ["snapshot"], "the fast one hears each change");
    }

    assert_eq!(operations(&slow.hear().await), ["snapshot"], "one message says it all");
    assert_eq!(slow.document(), &truth(&engine, &glob("n/*")));
    assert!(slow.hear_now().is_none());
    assert_eq!(fast.document(), slow.document());
}

#[tokio::test]
async fn a_subscriber_inside_the_window_hears_each_change() {
    let engine = Engine::builder().window(8, 1024 * 1024).start().unwrap();
    let mut late = Follower::of(&engine, "n/*").await;
    late.hear().await;
    for n in 0..8 {
        engine.set(key(&format!("n/{n}")), json(n)).await.unwrap();
    }
    for _ in 0..8 {
        assert_eq!(operations(&late.hear().await), ["add /0"]);
    }
    assert!(late.hear_now().is_none());
}

#[tokio::test]
async fn the_window_is_bounded_in_bytes_too() {
    let engine = Engine::builder().window(1_000, 10_000).start().unwrap();
    let mut slow = Follower::of(&engine, "n").await;
    slow.hear().await;
    engine.set(key("n"), json("first")).await.unwrap();
    slow.hear().await;
    for n in 0..20 {
        engine.set(key("n"), json(format!("{n}").repeat(1_000))).await.unwrap();
    }
    assert_eq!(operations(&slow.hear().await), ["snapshot"]);
    assert_eq!(slow.document(), &truth(&engine, &glob("n")));
}

#[tokio::test]
async fn a_message_larger_than_the_window_still_reaches_those_who_keep_up() {
    let engine = Engine::builder().window(10, 100).start().unwrap();
    let mut watcher = Follower::of(&engine, "n/*").await;
    watcher.hear().await;

    engine.set(key("n/1"), json("x".repeat(10_000))).await.unwrap();

    assert_eq!(operations(&watcher.hear().await), ["add /0"]);
}

#[tokio::test]
async fn each_time_a_subscriber_falls_out_it_gets_one_snapshot_and_that_is_counted() {
    let engine = Engine::builder().window(8, 1024 * 1024).start().unwrap();
    let mut slow = Follower::of(&engine, "n/*").await;
    slow.hear().await;
    let mut fast = Follower::of(&engine, "n/*").await;
    fast.hear().await;
    let backlog = slow.subscription.backlog();

    for fallen in 1..=3 {
        for n in 0..100 {
            engine.set(key(&format!("n/{n}")), json(n)).await.unwrap();
            fast.hear().await;
        }
        assert_eq!(backlog.behind(), 100, "how many there were, also those that are gone");
        assert_eq!(operations(&slow.hear().await), ["snapshot"]);
        assert!(slow.hear_now().is_none(), "and no second one");
        assert_eq!((backlog.behind(), backlog.skips()), (0, fallen));
    }

    assert_eq!(fast.subscription.backlog().skips(), 0);
    assert_eq!(engine.stats().await.unwrap().skips, 3);
    drop(slow);
    assert_eq!(engine.stats().await.unwrap().skips, 3, "the total outlives who skipped");
}

/// Its snapshot is as new as what it fell behind on, so nothing is left to be told twice.
#[tokio::test]
async fn who_falls_out_again_before_it_asks_gets_one_snapshot_for_both() {
    let engine = Engine::builder().window(2, 1024 * 1024).start().unwrap();
    let mut slow = Follower::of(&engine, "n").await;
    slow.hear().await;
    let mut joiner = Follower::of(&engine, "n").await;
    for n in 0..100 {
        engine.set(key("n"), json(n)).await.unwrap();
    }
    crate::settle(&engine).await;
    // A snapshot that others asked for is shared as long as it is the newest, and not after.
    joiner.hear().await;
    for n in 100..200 {
        engine.set(key("n"), json(n)).await.unwrap();
    }
    crate::settle(&engine).await;

    assert_eq!(operations(&slow.hear().await), ["snapshot"]);
    assert_eq!(slow.document(), &truth(&engine, &glob("n")));
    assert!(slow.hear_now().is_none());
    assert_eq!(slow.subscription.backlog().skips(), 1);
    assert_eq!(joiner.subscription.backlog().skips(), 0, "joining is no skip");
}
