//! What those hold who do not take what they are sent.
//!
//! A gateway that is still sending a message holds it; here a test does.

use bytes::Bytes;
use futures_util::FutureExt as _;
use monoxide_engine::{Engine, Subscription};

use crate::{glob, json, key, settle};

/// Large enough to be counted, and a bit more when encoded.
const SIZE: usize = 100_000;

/// A subscriber in the middle of being sent a message.
struct Stalled {
    subscription: Subscription,
    message: Option<Bytes>,
}

impl Stalled {
    async fn of(engine: &Engine) -> Self {
        let mut subscription = engine.subscribe(glob("n"), None).await.unwrap();
        let message = subscription.next().await;
        Self { subscription, message }
    }

    fn is_overdue(&self) -> bool {
        self.subscription.overdue().now_or_never().is_some()
    }
}

/// An engine that lets old messages have so many times `SIZE`.
fn engine(most: usize) -> Engine {
    Engine::builder().window(1, 0).max_pinned(most * SIZE + SIZE / 2).start().unwrap()
}

/// Makes every snapshot that there is an old one.
async fn write(engine: &Engine, n: usize) {
    engine.set(key("n"), json(format!("{n}{}", "x".repeat(SIZE)))).await.unwrap();
    settle(engine).await;
}

/// The size of what is held, in old snapshots.
async fn pinned(engine: &Engine) -> usize {
    engine.stats().await.unwrap().pinned_bytes / SIZE
}

#[tokio::test]
async fn old_messages_that_are_still_being_sent_are_counted_once_each() {
    let engine = engine(100);
    write(&engine, 0).await;
    let mut stalled = Vec::new();
    for n in 1..=3 {
        for _ in 0..10 {
            stalled.push(Stalled::of(&engine).await);
        }
        assert_eq!(pinned(&engine).await, n - 1, "the newest snapshot is nobody's fault");
        write(&engine, n).await;
        // Only who wants a newer snapshot makes the topic let go of the old one.
        Stalled::of(&engine).await;
    }
    assert_eq!(pinned(&engine).await, 3);

    stalled.drain(..19);
    assert_eq!(pinned(&engine).await, 2, "the last of its readers lets go of a message");
    stalled[0].message = None;
    assert_eq!(pinned(&engine).await, 1, "also one that goes on");
    drop(stalled);
    assert_eq!(pinned(&engine).await, 0);
}

#[tokio::test]
async fn of_too_many_old_messages_the_readers_of_the_oldest_are_given_up() {
    let engine = engine(3);
    write(&engine, 0).await;
    let mut healthy = Stalled::of(&engine).await;
    let mut stalled = Vec::new();
    for n in 1..=8 {
        for _ in 0..2 {
            stalled.push(Stalled::of(&engine).await);
        }
        write(&engine, n).await;
        healthy.message = None;
        healthy.message = healthy.subscription.next().await;
        assert!(pinned(&engine).await <= 3, "it does not wait for those it gave up");
    }
    Stalled::of(&engine).await;

    let given_up: Vec<_> = stalled.iter().map(Stalled::is_overdue).collect();
    assert_eq!(given_up, [vec![true; 10], vec![false; 6]].concat(), "the last three stay");
    assert!(!healthy.is_overdue());
}

#[tokio::test]
async fn nobody_is_given_up_over_the_only_message_however_large() {
    let engine = engine(0);
    write(&engine, 0).await;
    let newest = Stalled::of(&engine).await;
    assert!(!newest.is_overdue());
    write(&engine, 1).await;
    let next = Stalled::of(&engine).await;
    assert_eq!((newest.is_overdue(), pinned(&engine).await), (false, 1), "the only old one");
    write(&engine, 2).await;
    let last = Stalled::of(&engine).await;
    let given_up = [&newest, &next, &last].map(Stalled::is_overdue);
    assert_eq!((given_up, pinned(&engine).await), ([true, false, false], 1));
}

/// A large patch, or a whole document that is sent in place of one.
#[tokio::test]
async fn messages_that_have_left_the_window_count_too() {
    let engine = engine(1);
    write(&engine, 0).await;
    let mut stalled = Vec::new();
    for n in 1..=3 {
        let mut next = Stalled::of(&engine).await;
        write(&engine, n).await;
        next.message = next.subscription.next().await;
        stalled.push(next);
    }
    write(&engine, 4).await;
    let given_up: Vec<_> = stalled.iter().map(Stalled::is_overdue).collect();
    assert_eq!((given_up, pinned(&engine).await), (vec![true, true, false], 1));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_still_being_sent_is_not_encoded_again() {
    let engine = engine(1);
    write(&engine, 0).await;
    let slow = Stalled::of(&engine).await;
    // The engine looks after its topics every few seconds.
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;

    let joiner = Stalled::of(&engine).await;

    let address = |it: &Stalled| it.message.as_ref().map(|message| message.as_ptr());
    assert_eq!(address(&slow), address(&joiner));
    assert_eq!(pinned(&engine).await, 0);
}
