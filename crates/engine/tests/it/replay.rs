//! Coming back: what was missed, and nothing else.

use std::time::Duration;

use monoxide_engine::{Engine, Subscription};
use monoxide_protocol::{Message, Version};

use crate::{engine, glob, json, key, operations};

async fn back(engine: &Engine, watched: &str, since: Version) -> Subscription {
    engine.subscribe(glob(watched), Some(since)).await.unwrap()
}

async fn hear(subscription: &mut Subscription) -> Message {
    let frame = subscription.next().await.unwrap();
    Message::decode(std::str::from_utf8(&frame).unwrap()).unwrap()
}

#[tokio::test]
async fn whoever_comes_back_gets_exactly_what_it_missed() {
    let engine = engine();
    let first = engine.set(key("n/1"), json(1)).await.unwrap();
    let watcher = crate::Follower::of(&engine, "n/*").await;
    let second = engine.set(key("n/2"), json(2)).await.unwrap();
    let third = engine.set(key("n/3"), json(3)).await.unwrap();
    drop(watcher);

    for (since, missed) in [(first, vec![second, third]), (second, vec![third])] {
        let mut subscription = back(&engine, "n/*", since).await;
        for version in missed {
            let message = hear(&mut subscription).await;
            assert_eq!((operations(&message), message.version()), (vec!["add /0".into()], version));
        }
    }
}

#[tokio::test]
async fn whoever_missed_nothing_is_told_nothing_until_there_is_something() {
    let engine = engine();
    let _watcher = crate::Follower::of(&engine, "n/*").await;
    let current = engine.set(key("n/1"), json(1)).await.unwrap();

    let mut subscription = back(&engine, "n/*", current).await;
    let next = engine.set(key("n/2"), json(2)).await.unwrap();

    let message = hear(&mut subscription).await;
    assert_eq!((operations(&message), message.version()), (vec!["add /0".into()], next));
}

#[tokio::test]
async fn whoever_names_a_version_that_is_not_known_gets_a_snapshot() {
    let engine = Engine::builder().window(2, 1024).start().unwrap();
    let _watcher = crate::Follower::of(&engine, "n/*").await;
    let old = engine.set(key("n/1"), json(1)).await.unwrap();
    for n in 2..6 {
        engine.set(key(&format!("n/{n}")), json(n)).await.unwrap();
    }
    for since in [old, Version::new(old.number() - 1), Version::new(1), Version::new(u64::MAX)] {
        let mut subscription = back(&engine, "n/*", since).await;
        assert_eq!(operations(&hear(&mut subscription).await), ["snapshot"], "since {since}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_outlives_its_last_subscriber_for_a_while() {
    let linger = Duration::from_secs(60);
    let engine = Engine::builder().linger(linger).start().unwrap();
    let mut watcher = crate::Follower::of(&engine, "n/*").await;
    let seen = watcher.hear().await.version();
    drop(watcher);
    // The hub looks at its topics every few seconds, and then nobody was there.
    tokio::time::sleep(linger / 2).await;
    let missed = engine.set(key("n/1"), json(1)).await.unwrap();

    let mut subscription = back(&engine, "n/*", seen).await;
    assert_eq!(hear(&mut subscription).await.version(), missed, "soon: a patch");
    drop(subscription);

    tokio::time::sleep(linger * 2).await;
    assert_eq!(engine.topics().await.unwrap(), [], "the topic is gone");
    let mut subscription = back(&engine, "n/*", seen).await;
    assert_eq!(operations(&hear(&mut subscription).await), ["snapshot"], "late: a snapshot");
}

#[tokio::test(start_paused = true)]
async fn of_too_many_topics_that_nobody_watches_the_last_to_be_left_are_kept() {
    let engine = Engine::builder().idle_topics(3).start().unwrap();
    let mut watched = crate::Follower::of(&engine, "watched").await;
    watched.hear().await;
    for n in 0..10 {
        drop(crate::Follower::of(&engine, &format!("n/{n}")).await);
        tokio::time::advance(Duration::from_millis(1)).await;
    }

    tokio::time::sleep(Duration::from_secs(6)).await;

    let left = engine.topics().await.unwrap();
    let mut left: Vec<_> = left.iter().map(|topic| topic.watched.to_string()).collect();
    left.sort_unstable();
    assert_eq!(left, ["n/7", "n/8", "n/9", "watched"]);
}
