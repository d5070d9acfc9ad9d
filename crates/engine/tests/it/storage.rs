//! What is acknowledged is durable, and what is not durable nobody ever sees.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::{FutureExt as _, future::join_all};
use monoxide_engine::{
    Builder, Condition, Durability, Engine, Error, Filters, Health, Limit,
    backend::{BackendError, Batch, Space},
};
use monoxide_protocol::{Json, Key, Version};
use monoxide_testkit::storage::{Disk, Fault, Faults};
use serde_json::json;

use crate::{Follower, client, glob, json, key, list, listed, merge, read_keys, settle};

/// An engine on `disk` that has loaded.
async fn on(disk: &Disk) -> Engine {
    started(Engine::builder().backend(disk.opener())).await
}

/// An engine on a disk of its own that fails as the faults say.
async fn faulty() -> (Engine, Disk, Faults) {
    let (disk, faults) = (Disk::default(), Faults::default());
    let engine = started(Engine::builder().backend(faults.opener(&disk))).await;
    (engine, disk, faults)
}

async fn started(builder: Builder) -> Engine {
    let engine = builder.start().unwrap();
    engine.ready().await.unwrap();
    engine
}

/// Everything there is, with all that is stored of it.
fn all(engine: &Engine) -> BTreeMap<Key, (u64, u64, Version, Json)> {
    let keys = engine.all_keys();
    keys.into_iter()
        .map(|key| {
            let it = engine.get(&key).unwrap();
            (key, (it.created, it.updated, it.version, it.data.clone()))
        })
        .collect()
}

/// What an engine that starts now finds on `disk`.
async fn reloaded(disk: &Disk) -> BTreeMap<Key, (u64, u64, Version, Json)> {
    let engine = on(disk).await;
    let all = all(&engine);
    engine.close().await;
    all
}

/// Waits until writes are taken again.
async fn recovered(engine: &Engine) {
    while engine.health() != Health::Ok {
        tokio::task::yield_now().await;
    }
}

fn out_of_room() -> BackendError {
    BackendError::Full("the test has no room".to_owned())
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "it is all that is done with it")]
fn check_refused<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::Storage)), "{result:?}");
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart_as_it_was() {
    let disk = Disk::default();
    let engine = on(&disk).await;
    engine.set(key("a"), json(1)).await.unwrap();
    engine.set(key("a"), json(2)).await.unwrap();
    engine.push(&list("b/*"), json(3)).await.unwrap();
    engine.set(key("c/d/e"), json(json!({"n": 1}))).await.unwrap();
    engine.patch(&key("c/d/e"), &merge(json!({"m": 2}))).await.unwrap();
    engine.set(key("gone"), json(5)).await.unwrap();
    engine.delete(&key("gone")).await.unwrap();
    engine.set(key("f/1"), json(6)).await.unwrap();
    engine.delete_all(&glob("f/*")).await.unwrap();
    let (before, keys) = (all(&engine), read_keys(&engine).await["data"].clone());
    // Nobody says good-bye: a killed process does not either.
    assert_eq!(before.len(), 3);

    assert_eq!(reloaded(&disk).await, before);
    let engine = on(&disk).await;
    assert_eq!(read_keys(&engine).await["data"], keys, "the index of keys knows them too");
}

#[tokio::test]
async fn an_answer_comes_after_the_flush_and_a_reader_sees_nothing_before() {
    let (disk, faults) = (Disk::default(), Faults::default());
    let filters = Filters::new().limit("n/*", Limit::count(9));
    let builder = Engine::builder().filters(filters).backend(faults.opener(&disk));
    let engine = started(builder).await;
    let mut follower = Follower::of(&engine, "n/*").await;
    follower.start().await;
    engine.set(key("n/1"), json(1)).await.unwrap();
    follower.hear().await;
    faults.stall();

    let session = client(&engine);
    let (one, two, three) = (key("n/1"), key("n/2"), key("n/3"));
    let mut writes = Box::pin(async {
        tokio::join!(
            engine.set(one.clone(), json(2)),
            engine.set(two.clone(), json(2)),
            session.delete(&one, &Condition::Always),
            session.set(&three, json(3), &Condition::Missing),
        )
    });
    assert!(writes.as_mut().now_or_never().is_none());
    faults.wait_until_stalled();
    settle(&engine).await;

    assert!(writes.as_mut().now_or_never().is_none(), "nobody is answered");
    assert!(follower.hear_now().is_none(), "nobody is told");
    assert_eq!(listed(&session, "n/*"), [json!(1)]);
    assert_eq!(engine.get(&one).unwrap().data, json(1));
    assert_eq!(engine.all_keys(), std::slice::from_ref(&one));
    assert_eq!((engine.objects(), engine.limited(&glob("n/*"))), (1, 1));
    assert_eq!(read_keys(&engine).await["data"], json!({"n/*": {"count": 1}}));
    let mut joiner = Follower::of(&engine, "n/*").await;
    assert_eq!(crate::data(joiner.start().await), [1], "nor is who joins");

    faults.mend();
    let (set, other, deleted, third) = writes.await;
    assert!(set.unwrap() < other.unwrap() && deleted.unwrap() < third.unwrap());
    settle(&engine).await;
    assert_eq!(listed(&session, "n/*"), [json!(3), json!(2)]);
    while follower.hear_now().is_some() {}
    assert_eq!(crate::data(follower.document()), [3, 2]);
    assert_eq!(reloaded(&disk).await, all(&engine));
}

#[tokio::test]
async fn writers_see_what_is_in_flight() {
    let (engine, _, faults) = faulty().await;
    faults.stall();
    let session = client(&engine);
    let (n, exists) = (key("n"), Condition::Exists);
    let merge = merge(json!({"b": 2}));
    let mut writes = Box::pin(async {
        tokio::join!(
            session.set(&n, json(json!({"a": 1})), &Condition::Missing),
            session.patch(&n, &merge, &exists),
            session.set(&n, json(0), &Condition::Missing),
        )
    });
    assert!(writes.as_mut().now_or_never().is_none(), "a refusal waits for what it rests on");
    faults.wait_until_stalled();
    assert!(writes.as_mut().now_or_never().is_none());

    faults.mend();
    let (set, patched, refused) = writes.await;

    set.unwrap();
    patched.unwrap();
    assert!(matches!(refused, Err(Error::Condition)));
    assert_eq!(engine.get(&n).unwrap().data, json(json!({"a": 1, "b": 2})));
}

#[tokio::test]
async fn a_refusal_that_rests_on_what_then_fails_is_decided_again() {
    let (engine, _, faults) = faulty().await;
    engine.set(key("there"), json(json!({"n": 1}))).await.unwrap();
    faults.stall();
    let session = client(&engine);
    let (there, new, always) = (key("there"), key("new"), Condition::Always);
    let test = json!([{"op": "test", "path": "", "value": 2}]);
    let test = monoxide_engine::Patch::JsonPatch(serde_json::from_value(test).unwrap());
    let nothing = merge(json!({}));
    let mut writes = Box::pin(async {
        tokio::join!(
            session.delete(&there, &always),
            session.set(&new, json(1), &always),
            // Of what is in flight the first two are refused by a deletion, the others by what was set.
            session.delete(&there, &always),
            session.patch(&there, &nothing, &always),
            session.set(&new, json(2), &Condition::Missing),
            session.patch(&new, &test, &always),
        )
    });
    assert!(writes.as_mut().now_or_never().is_none());
    faults.wait_until_stalled();
    faults.fail_opening(out_of_room());
    faults.fail_all(out_of_room());
    faults.release();

    let (a, b, c, d, e, f) = writes.await;

    check_refused(a);
    check_refused(b);
    check_refused(c);
    check_refused(d);
    check_refused(e);
    assert!(matches!(f, Err(Error::NotFound)), "without the write there is nothing: {f:?}");
}

#[tokio::test]
async fn a_failed_flush_leaves_no_trace_and_stops_writes_until_it_works_again() {
    let limits = Filters::new().limit("n/*", Limit::count(2));
    let (disk, faults) = (Disk::default(), Faults::default());
    let builder = Engine::builder().filters(limits).backend(faults.opener(&disk));
    let engine = started(builder).await;
    for n in 1..=2 {
        engine.set(key(&format!("n/{n}")), json(n)).await.unwrap();
    }
    let mut follower = Follower::of(&engine, "*/*").await;
    follower.start().await;
    let (before, document) = (all(&engine), follower.document().clone());
    faults.fail_opening(out_of_room());
    faults.fail_all(out_of_room());

    // An insert with its eviction, updates of one key, a deletion, and a deletion by glob.
    let (three, two, one, glob) = (key("n/3"), key("n/2"), key("n/1"), glob("n/*"));
    let (a, b, c, d, e) = tokio::join!(
        engine.set(three.clone(), json(3)),
        engine.set(two.clone(), json(9)),
        engine.delete(&one),
        engine.set(two, json(10)),
        engine.delete_all(&glob),
    );

    for result in [a, b, d, e] {
        check_refused(result);
    }
    assert!(c.is_err(), "it was evicted, or the write that did it has failed");
    check_refused(engine.set(three.clone(), json(3)).await);
    let Health::Failing { reason, at_risk: None, since } = engine.health() else { panic!() };
    assert_eq!(reason, "the disk is full");
    assert!(since > 0);
    settle(&engine).await;
    assert_eq!(all(&engine), before);
    assert_eq!(engine.limited(&glob), 2);
    assert!(follower.hear_now().is_none());

    faults.mend();
    recovered(&engine).await;
    assert_eq!(reloaded(&disk).await, before, "nothing of it is on the disk");
    engine.set(three, json(3)).await.unwrap();
    follower.hear().await;
    assert_ne!(follower.document(), &document);
    assert_eq!(listed(&client(&engine), "n/*"), [json!(3), json!(2)], "limits still hold");
    assert_eq!(reloaded(&disk).await, all(&engine));
}

#[tokio::test]
async fn what_is_on_a_full_disk_can_be_read_after_a_start_and_is_written_once_there_is_room() {
    let (disk, faults) = (Disk::default(), Faults::default());
    let engine = on(&disk).await;
    for n in 0..3 {
        engine.set(key(&format!("n/{n}")), json(n)).await.unwrap();
    }
    engine.close().await;
    faults.fail_all(out_of_room());

    let limited = Filters::new().limit("n/*", Limit::count(2));
    let engine = started(Engine::builder().filters(limited).backend(faults.opener(&disk))).await;
    while engine.health() == Health::Ok {
        tokio::task::yield_now().await;
    }

    assert_eq!(listed(&client(&engine), "n/*"), [json!(2), json!(1)]);
    check_refused(engine.set(key("m"), json(1)).await);
    faults.mend();
    recovered(&engine).await;
    engine.set(key("m"), json(1)).await.unwrap();
    assert_eq!(reloaded(&disk).await, all(&engine), "also what the limit evicted is gone");
}

#[tokio::test]
async fn a_torn_batch_is_mended_before_writes_are_taken_again() {
    let (engine, disk, faults) = faulty().await;
    engine.set(key("a"), json(1)).await.unwrap();
    engine.set(key("b"), json(1)).await.unwrap();
    let before = all(&engine);
    faults.stall();
    let (a, b, c) = (key("a"), key("b"), key("c"));
    let mut writes = Box::pin(async {
        tokio::join!(engine.set(a, json(2)), engine.delete(&b), engine.set(c, json(2)))
    });
    assert!(writes.as_mut().now_or_never().is_none());
    faults.wait_until_stalled();
    faults.plan(0, Fault::Tears);
    faults.release();

    let (a, b, c) = writes.await;

    [a, b, c].into_iter().for_each(check_refused);
    recovered(&engine).await;
    assert_eq!(all(&engine), before);
    assert_eq!(reloaded(&disk).await, before);
}

#[tokio::test]
async fn a_backend_that_panics_is_one_that_fails() {
    let (engine, disk, faults) = faulty().await;
    faults.plan(1, Fault::Panics);
    check_refused(engine.set(key("a"), json(1)).await);
    recovered(&engine).await;
    engine.set(key("a"), json(2)).await.unwrap();
    assert_eq!(reloaded(&disk).await, all(&engine));
}

#[tokio::test]
async fn a_disk_that_stalls_holds_up_no_reader_and_no_subscriber() {
    let (engine, _, faults) = faulty().await;
    engine.set(key("n/1"), json(1)).await.unwrap();
    faults.stall();
    // More than there is room for: those who come too late wait before they are decided.
    let large = json("x".repeat(20 * 1024 * 1024));
    let writes = (0..8).map(|n| engine.set(key(&format!("n/{n}")), large.clone()));
    let mut writes = Box::pin(join_all(writes));
    assert!(writes.as_mut().now_or_never().is_none());
    faults.wait_until_stalled();

    for _ in 0..2_000 {
        assert_eq!(engine.list(&glob("n/*")).unwrap().len(), 1);
        let mut joiner = Follower::of(&engine, "n/1").await;
        assert_eq!(joiner.start().await["data"], 1);
    }

    assert!(writes.as_mut().now_or_never().is_none());
    faults.mend();
    assert!(writes.await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_disk_that_does_not_answer_counts_as_failing() {
    let faults = Faults::default();
    let now = Arc::new(AtomicU64::new(1_000_000_000));
    let builder = Engine::builder().wall_clock(clock(&now));
    let engine = started(builder.backend(faults.opener(&Disk::default()))).await;
    faults.stall();
    let a = key("a");
    let mut write = Box::pin(engine.set(a, json(1)));
    assert!(write.as_mut().now_or_never().is_none());
    faults.wait_until_stalled();
    assert_eq!(engine.health(), Health::Ok);

    now.fetch_add(11_000_000_000, Ordering::Relaxed);

    let Health::Failing { since, reason, at_risk: None } = engine.health() else { panic!() };
    assert_eq!((since, reason), (1_000_000_000, "the disk does not answer"));
    faults.mend();
    write.await.unwrap();
    assert_eq!(engine.health(), Health::Ok);
}

#[tokio::test]
async fn one_flush_serves_all_writers_that_wait() {
    let (engine, _, faults) = faulty().await;
    faults.stall();
    let before = faults.commits();
    let writes: Vec<_> = (0..1_000)
        .map(|n| {
            let engine = engine.clone();
            tokio::spawn(async move { engine.set(key(&format!("n/{n}")), json(n)).await })
        })
        .collect();
    for _ in 0..100 {
        tokio::task::yield_now().await; // each comes as far as the queue
    }
    faults.wait_until_stalled();
    faults.mend();

    for write in writes {
        write.await.unwrap().unwrap();
    }

    let flushes = faults.commits() - before;
    assert!(flushes <= 3, "{flushes} for a thousand writers");
}

#[tokio::test]
async fn a_write_that_is_given_up_while_it_is_flushed_stands() {
    let (engine, disk, faults) = faulty().await;
    faults.stall();
    assert!(engine.set(key("a"), json(1)).now_or_never().is_none());
    faults.wait_until_stalled();
    faults.mend();

    engine.set(key("b"), json(1)).await.unwrap();

    assert_eq!(engine.get(&key("a")).unwrap().data, json(1));
    assert_eq!(reloaded(&disk).await, all(&engine));
}

#[tokio::test]
async fn closing_makes_durable_what_was_taken_and_tells_everybody() {
    let (engine, disk, faults) = faulty().await;
    let mut follower = Follower::of(&engine, "n/*").await;
    follower.start().await;
    faults.stall();
    let writes = (0..10).map(|n| engine.set(key(&format!("n/{n}")), json(n)));
    let mut writes = Box::pin(join_all(writes));
    assert!(writes.as_mut().now_or_never().is_none());
    faults.wait_until_stalled();
    let closing = tokio::spawn({
        let engine = engine.clone();
        async move { engine.close().await }
    });
    settle(&engine).await;
    faults.mend();

    closing.await.unwrap();

    assert!(writes.await.iter().all(Result::is_ok));
    assert!(matches!(engine.set(key("late"), json(1)).await, Err(Error::Closed)));
    follower.hear_out().await;
    assert_eq!(follower.document().as_array().unwrap().len(), 10);
    assert_eq!(reloaded(&disk).await.len(), 10);
}

/// Wall time that a test sets.
fn clock(now: &Arc<AtomicU64>) -> impl Fn() -> u64 + Send + Sync + 'static {
    let now = Arc::clone(now);
    move || now.load(Ordering::Relaxed)
}

#[tokio::test]
async fn versions_go_on_after_a_restart_with_the_clock_set_back() {
    const HOUR: u64 = 3_600_000_000_000;
    let disk = Disk::default();
    let now = Arc::new(AtomicU64::new(
        u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap(),
    ));
    let mut last = Version::default();
    for round in 0..4_u64 {
        let builder = Engine::builder().backend(disk.opener()).wall_clock(clock(&now));
        let engine = started(builder).await;
        let mut follower = Follower::of(&engine, "n/*").await;
        let heard = follower.hear().await.version();
        assert!(heard > last, "a version of the last life is not given out again");
        for n in 0..round {
            let version = engine.set(key("n/1"), json(n)).await.unwrap();
            assert!(version > last);
            last = version;
        }
        last = last.max(heard);
        if round % 2 == 0 {
            engine.close().await;
        }
        now.fetch_sub(HOUR, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn limits_hold_from_the_first_moment_after_a_restart() {
    let disk = Disk::default();
    let engine = on(&disk).await;
    for n in 0..5 {
        engine.set(key(&format!("n/{n}")), json(n)).await.unwrap();
    }
    engine.close().await;

    let limited = || Engine::builder().filters(Filters::new().limit("n/*", Limit::count(2)));
    let engine = started(limited().backend(disk.opener())).await;
    assert_eq!(listed(&client(&engine), "n/*"), [json!(4), json!(3)]);
    assert_eq!(engine.limited(&glob("n/*")), 2);
    assert_eq!(read_keys(&engine).await["data"], json!({"n/*": {"count": 2}}));
    engine.set(key("n/5"), json(5)).await.unwrap();
    assert_eq!(listed(&client(&engine), "n/*"), [json!(5), json!(4)]);
    assert_eq!(reloaded(&disk).await, all(&engine));
}

#[tokio::test]
async fn nothing_can_be_done_until_everything_is_loaded() {
    let (disk, faults) = (Disk::default(), Faults::default());
    faults.stall();
    let engine = Engine::builder().backend(faults.opener(&disk)).start().unwrap();
    faults.wait_until_stalled();

    assert!(matches!(engine.health(), Health::Loading { .. }));
    assert!(matches!(engine.get(&key("a")), Err(Error::Loading)));
    assert!(matches!(engine.list(&glob("*")), Err(Error::Loading)));
    assert!(matches!(engine.set(key("a"), json(1)).await, Err(Error::Loading)));
    assert!(matches!(engine.subscribe(glob("a"), None).await, Err(Error::Loading)));
    assert!(matches!(client(&engine).keys().await, Err(Error::Loading)));

    faults.mend();
    engine.ready().await.unwrap();
    assert_eq!(engine.health(), Health::Ok);
    engine.set(key("a"), json(1)).await.unwrap();
}

#[tokio::test]
async fn a_torn_record_is_an_error_that_names_its_key() {
    let disk = Disk::default();
    let engine = on(&disk).await;
    engine.set(key("books/dune"), json(412)).await.unwrap();
    engine.close().await;
    let mut batch = Batch::default();
    let [(name, record)] = disk.entries(Space::State).try_into().unwrap();
    batch.put(Space::State, name, &record[..record.len() - 1]);
    disk.write(batch.entries());

    let engine = Engine::builder().backend(disk.opener()).start().unwrap();
    let error = engine.ready().await.unwrap_err().to_string();

    assert!(error.contains("`books/dune` is torn"), "{error}");
    check_refused(engine.get(&key("books/dune")));
    check_refused(engine.set(key("a"), json(1)).await);
    assert!(matches!(engine.health(), Health::Failing { reason, .. } if !reason.contains("books")));
    engine.close().await;
}

#[tokio::test]
async fn with_an_interval_writes_are_answered_at_once_and_flushed_soon() {
    let (disk, faults) = (Disk::default(), Faults::default());
    let builder = || {
        let interval = Durability::Interval(Duration::from_millis(20));
        Engine::builder().backend(faults.opener(&disk)).durability(interval)
    };
    let engine = started(builder()).await;
    let mut follower = Follower::of(&engine, "n").await;
    follower.start().await;
    faults.stall();
    engine.set(key("n"), json(1)).await.unwrap();
    assert_eq!(follower.hear().await.version(), engine.get(&key("n")).unwrap().version);
    faults.wait_until_stalled();
    let second = engine.set(key("n"), json(2)).await.unwrap();
    let third = engine.set(key("m"), json(3)).await.unwrap();
    let before = all(&engine);

    faults.fail_opening(out_of_room());
    faults.fail_all(out_of_room());
    faults.release();
    while engine.health() == Health::Ok {
        tokio::task::yield_now().await;
    }

    let Health::Failing { at_risk: Some((first, last)), .. } = engine.health() else { panic!() };
    assert!(first < second && last == third, "they were answered and are not on disk");
    check_refused(engine.set(key("n"), json(4)).await);
    assert_eq!(all(&engine), before, "what was answered stays");
    faults.mend();
    recovered(&engine).await;
    assert_eq!(reloaded(&disk).await, before, "and is on disk in the end");

    engine.set(key("n"), json(5)).await.unwrap();
    engine.close().await;
    assert_eq!(reloaded(&disk).await, all(&engine), "a graceful end flushes");
}

#[tokio::test]
async fn what_is_told_without_a_commit_is_not_told_again_by_the_next_life() {
    const HOUR: u64 = 3_600_000_000_000;
    let (disk, faults) = (Disk::default(), Faults::default());
    let now = Arc::new(AtomicU64::new(10 * HOUR));
    let builder = || {
        let filters = Filters::new().read_list("n/*", |_, _| monoxide_engine::Seen::Whole);
        Engine::builder().filters(filters).wall_clock(clock(&now))
    };
    let engine = started(builder().backend(faults.opener(&disk))).await;
    engine.set(key("n/1"), json(1)).await.unwrap();
    faults.fail_all(out_of_room()); // nothing can be noted any more
    now.fetch_add(HOUR, Ordering::Relaxed);
    let mut follower = Follower::by(&crate::account(&engine, "ann"), "n/*").await;
    let told = follower.hear().await.version();

    now.fetch_sub(2 * HOUR, Ordering::Relaxed);
    let engine = started(builder().backend(disk.opener())).await;

    assert!(engine.set(key("n/1"), json(2)).await.unwrap() > told);
}

#[tokio::test]
async fn when_too_much_waits_for_a_disk_that_stalls_writes_are_refused_at_once() {
    let (engine, disk, faults) = faulty().await;
    faults.stall();
    // 64 MiB are taken, 256 MiB wait, and the rest is told so.
    let large = json("x".repeat(8 * 1024 * 1024 - 100));
    let writes = (0..50).map(|n| engine.set(key(&format!("n/{n}")), large.clone()));
    let mut writes: Vec<_> = writes.map(Box::pin).collect();
    let refused = writes.iter_mut().filter_map(|write| write.as_mut().now_or_never());
    let refused: Vec<_> = refused.collect();
    assert_eq!(refused.len(), 50 - 8 - 32);
    assert!(refused.iter().all(|it| matches!(it, Err(Error::Busy))), "{refused:?}");

    // Who gives up makes room for others.
    drop(writes.remove(20));
    let again = engine.set(key("again"), large.clone()).now_or_never();
    assert!(again.is_none(), "it waits, and then gives up too: {again:?}");
    writes.truncate(39);
    faults.mend();

    assert!(join_all(writes).await.iter().all(Result::is_ok));
    engine.set(key("small"), json(1)).await.unwrap();
    assert_eq!(reloaded(&disk).await.len(), 40);
}

#[tokio::test]
async fn a_disk_that_comes_back_empty_is_not_taken_for_the_one_that_was() {
    let (disk, faults) = (Disk::default(), Faults::default());
    let opened = AtomicU64::new(0);
    let (first, other) = (faults.opener(&disk), Disk::default().opener());
    let open = move || match opened.fetch_add(1, Ordering::Relaxed) {
        0 => first(),
        // It is gone at first, and then something else is in its place.
        1 | 2 => other(),
        _ => first(),
    };
    let engine = started(Engine::builder().backend(open)).await;
    engine.set(key("kept"), json(1)).await.unwrap();
    faults.plan(1, Fault::Fails);

    check_refused(engine.set(key("a"), json(1)).await);
    recovered(&engine).await;

    engine.set(key("b"), json(1)).await.unwrap();
    assert_eq!(faults.opened(), 2, "the others were not used");
    assert_eq!(reloaded(&disk).await, all(&engine));
}

/// The wall clock is a function of the application too.
#[tokio::test]
async fn when_the_log_itself_panics_writes_are_refused_and_reads_go_on_and_nobody_waits_for_ever() {
    let (disk, faults) = (Disk::default(), Faults::default());
    let armed = Arc::new(AtomicU64::new(0));
    let wall = {
        let armed = Arc::clone(&armed);
        move || {
            let is_log = std::thread::current().name() == Some("log");
            assert!(!is_log || armed.swap(0, Ordering::Relaxed) == 0, "the test wants it to panic");
            1
        }
    };
    let engine = started(Engine::builder().backend(faults.opener(&disk)).wall_clock(wall)).await;
    engine.set(key("a"), json(1)).await.unwrap();
    let before = all(&engine);
    faults.stall();
    // The last finds no room.
    let large = json("x".repeat(40 * 1024 * 1024));
    let writes = (0..3).map(|_| engine.set(key("a"), large.clone()));
    let mut writes = Box::pin(join_all(writes));
    assert!(writes.as_mut().now_or_never().is_none());
    faults.wait_until_stalled();
    armed.store(1, Ordering::Relaxed);
    faults.plan(0, Fault::Fails);
    faults.release();

    writes.await.into_iter().for_each(check_refused);

    assert!(matches!(engine.health(), Health::Failing { .. }), "{:?}", engine.health());
    assert_eq!(all(&engine), before);
    check_refused(engine.set(key("a"), json(2)).await);
    assert!(engine.patch(&key("a"), &merge(json!({"n": 1}))).await.is_err());
    engine.close().await;
    assert_eq!(reloaded(&disk).await, before);
}
