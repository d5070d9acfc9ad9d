//! What is kept beside the state is durable like it, and nowhere to be found in it.

use std::time::Duration;

use futures_util::{FutureExt as _, future::join_all};
use monoxide_engine::{AccountChanges, Durability, Engine, Error, Health};
use monoxide_testkit::storage::{Disk, Fault, Faults};

use crate::{client, engine, glob, json, key};

fn put(name: &str, value: &str) -> AccountChanges {
    let mut changes = AccountChanges::default();
    changes.put(name, value);
    changes
}

fn delete(name: &str) -> AccountChanges {
    let mut changes = AccountChanges::default();
    changes.delete(name);
    changes
}

fn accounts(engine: &Engine) -> Vec<(String, String)> {
    let text = |bytes: Box<[u8]>| String::from_utf8(bytes.into()).unwrap();
    let all = engine.accounts().unwrap();
    all.into_iter().map(|(name, value)| (text(name), text(value))).collect()
}

fn entry(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

async fn on(disk: &Disk, faults: &Faults, durability: Durability) -> Engine {
    let builder = Engine::builder().backend(faults.opener(disk)).durability(durability);
    let engine = builder.start().unwrap();
    engine.ready().await.unwrap();
    engine
}

#[tokio::test]
async fn they_are_there_after_a_restart_and_no_key_leads_to_them() {
    let (disk, faults) = (Disk::default(), Faults::default());
    let engine = on(&disk, &faults, Durability::Flushed).await;
    engine.set(key("account/ann"), json("a stored thing")).await.unwrap();

    engine.change_accounts(put("account/ann", "1")).await.unwrap();
    engine.change_accounts(put("account/bob", "2")).await.unwrap();
    engine.change_accounts(delete("account/ann")).await.unwrap();

    engine.close().await;
    let engine = on(&disk, &faults, Durability::Flushed).await;
    assert_eq!(accounts(&engine), [entry("account/bob", "2")]);
    assert_eq!(engine.all_keys(), [key("account/ann")]);
    assert_eq!(engine.list(&glob("account/*")).unwrap().len(), 1);
    let keys = client(&engine).keys().await.unwrap();
    assert!(!keys.contains("bob"), "{keys}");
}

#[tokio::test]
async fn without_a_backend_they_are_in_memory() {
    let engine = engine();

    engine.change_accounts(put("a", "1")).await.unwrap();

    assert_eq!(accounts(&engine), [entry("a", "1")]);
}

#[tokio::test]
async fn they_are_answered_when_they_are_on_disk_whatever_the_durability() {
    for durability in [Durability::Flushed, Durability::Interval(Duration::from_millis(5))] {
        let (disk, faults) = (Disk::default(), Faults::default());
        let engine = on(&disk, &faults, durability).await;
        faults.stall();
        let there = engine.clone();
        let change = tokio::spawn(async move { there.change_accounts(put("a", "1")).await });
        let waiting = faults.clone();
        tokio::task::spawn_blocking(move || waiting.wait_until_stalled()).await.unwrap();

        assert!(!change.is_finished());
        assert_eq!(accounts(&engine), []);
        faults.mend();
        change.await.unwrap().unwrap();
        assert_eq!(accounts(&engine), [entry("a", "1")]);
        engine.close().await;
    }
}

#[tokio::test]
async fn one_flush_serves_accounts_and_state() {
    let (disk, faults) = (Disk::default(), Faults::default());
    let engine = on(&disk, &faults, Durability::Flushed).await;
    faults.stall();
    let first = tokio::spawn({
        let engine = engine.clone();
        async move { engine.change_accounts(put("first", "1")).await }
    });
    let waiting = faults.clone();
    tokio::task::spawn_blocking(move || waiting.wait_until_stalled()).await.unwrap();
    let before = faults.commits();
    let changes = (0..100).map(|n| engine.change_accounts(put(&n.to_string(), "1")));
    let mut changes = Box::pin(join_all(changes.collect::<Vec<_>>()));
    let mut write = Box::pin(engine.set(key("a"), json(1)));
    // Each is asked once, and so is in the queue.
    assert!(changes.as_mut().now_or_never().is_none());
    assert!(write.as_mut().now_or_never().is_none());

    faults.mend();
    first.await.unwrap().unwrap();
    changes.await.into_iter().for_each(Result::unwrap);
    write.await.unwrap();
    assert!(faults.commits() - before <= 2, "{} flushes", faults.commits() - before);
}

#[tokio::test]
async fn what_fails_leaves_no_trace_in_memory_or_on_disk() {
    let (disk, faults) = (Disk::default(), Faults::default());
    let engine = on(&disk, &faults, Durability::Flushed).await;
    engine.change_accounts(put("ann", "old")).await.unwrap();
    // The disk has the change, and says that it has not.
    faults.plan(1, Fault::Lies);
    let mut changes = put("ann", "new");
    changes.put("bob", "new");

    let failed = engine.change_accounts(changes).await;

    assert!(matches!(failed, Err(Error::Storage)), "{failed:?}");
    while engine.health() != Health::Ok {
        tokio::task::yield_now().await;
    }
    assert_eq!(accounts(&engine), [entry("ann", "old")]);
    engine.close().await;
    let engine = on(&disk, &faults, Durability::Flushed).await;
    assert_eq!(accounts(&engine), [entry("ann", "old")]);
}

#[tokio::test]
async fn after_the_end_they_cannot_be_changed() {
    let (disk, faults) = (Disk::default(), Faults::default());
    let engine = on(&disk, &faults, Durability::Flushed).await;
    engine.close().await;

    let refused = engine.change_accounts(put("a", "1")).await;

    assert!(matches!(refused, Err(Error::Closed)), "{refused:?}");
}
