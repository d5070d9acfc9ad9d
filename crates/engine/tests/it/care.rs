//! Looking after what is kept: snapshots, imports, compaction.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use monoxide_engine::{
    Denied, Engine, Error, Filters, Limit,
    backend::{BackendError, Space, record},
    backup::{self, Snapshot},
    transfer::{Import, ImportError, Imported},
};
use monoxide_protocol::{Json, Target};
use monoxide_testkit::storage::{Disk, Faults};
use serde_json::{Value, json};

use crate::{
    Follower, client, data, engine, filtered, glob, json, key, list, listed, operations, truth,
};

/// What is to be imported, with when it was made, each in a line of its own.
fn imports<'a>(all: impl IntoIterator<Item = (&'a str, Option<u64>, Value)>) -> Vec<Import> {
    let import = |(nth, (at, created, data)): (usize, (&str, Option<u64>, Value))| Import {
        line: nth + 1,
        target: Target::parse(at).unwrap(),
        data: json(data),
        created,
        updated: None,
    };
    all.into_iter().enumerate().map(import).collect()
}

async fn import(engine: &Engine, all: Vec<Import>) -> Result<Imported, ImportError> {
    engine.import(all, false).await
}

/// The objects of a snapshot, after it was a backup.
fn objects(snapshot: Snapshot) -> BTreeMap<String, Value> {
    let (mut file, mut all) = (Vec::new(), BTreeMap::new());
    let written = snapshot.write(&mut file).unwrap();
    let read = backup::read(&*file, |space, key, value| {
        if space == Space::State {
            let object = record::decode(key, value)?;
            all.insert(object.key.to_string(), object.data.to_value());
        }
        Ok(())
    });
    assert_eq!(read.unwrap(), written);
    all
}

/// On a disk and in memory.
async fn engines() -> [Engine; 2] {
    let kept = Engine::builder().backend(Disk::default().opener()).start().unwrap();
    kept.ready().await.unwrap();
    [kept, engine()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_snapshot_while_writers_write_is_of_one_moment() {
    const COUNT: usize = 1_000;
    for engine in engines().await {
        let stop = Arc::new(AtomicBool::new(false));
        let pairs = tokio::spawn({
            let (engine, stop) = (engine.clone(), Arc::clone(&stop));
            async move {
                for n in 0.. {
                    let pair = [("pair/a", None, json!(n)), ("pair/b", None, json!(n))];
                    import(&engine, imports(pair)).await.unwrap();
                    if stop.load(Ordering::Relaxed) {
                        return n;
                    }
                }
                unreachable!("it goes on until it is stopped")
            }
        });
        let counting = tokio::spawn({
            let engine = engine.clone();
            async move {
                for n in 0..COUNT {
                    engine.set(key(&format!("n/{n}")), json(n)).await.unwrap();
                }
            }
        });

        let mut counted = 0;
        while counted < COUNT {
            let objects = objects(engine.snapshot().await.unwrap());
            assert_eq!(objects.get("pair/a"), objects.get("pair/b"));
            counted = objects.keys().filter(|key| key.starts_with("n/")).count();
            let expected = (0..counted).all(|n| objects.contains_key(&format!("n/{n}")));
            assert!(expected, "there is no gap in {counted}");
            tokio::task::yield_now().await;
        }

        stop.store(true, Ordering::Relaxed);
        assert!(pairs.await.unwrap() > 0);
        counting.await.unwrap();
        engine.close().await;
    }
}

#[tokio::test]
async fn a_snapshot_has_nothing_that_is_not_durable() {
    let faults = Faults::default();
    let engine = Engine::builder().backend(faults.opener(&Disk::default())).start().unwrap();
    engine.ready().await.unwrap();
    engine.set(key("a"), json(1)).await.unwrap();
    faults.stall();
    let writing = tokio::spawn({
        let engine = engine.clone();
        async move { engine.set(key("b"), json(2)).await }
    });
    // It is decided: writers see it.
    while !matches!(engine.import(imports([("b", None, json!(3))]), true).await.unwrap().changed, 1)
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(engine.stored(None).unwrap().len(), 1);
    let snapshot = tokio::spawn({
        let engine = engine.clone();
        async move { engine.snapshot().await }
    });

    faults.fail_all(BackendError::Full("no room".to_owned()));
    faults.fail_opening(BackendError::Full("no room".to_owned()));
    faults.release();

    assert!(matches!(writing.await.unwrap(), Err(Error::Storage)));
    match snapshot.await.unwrap() {
        Ok(snapshot) => assert_eq!(objects(snapshot).len(), 1),
        Err(error) => assert!(matches!(error, Error::Storage), "{error}"),
    }
    assert!(matches!(engine.snapshot().await, Err(Error::Storage)), "the backend cannot be read");
    assert!(matches!(engine.compact().await, Err(Error::Storage)));
    engine.close().await;
    assert!(matches!(engine.snapshot().await, Err(Error::Closed | Error::Storage)));
}

#[tokio::test]
async fn an_import_is_one_commit_and_one_message() {
    let engine = engine();
    engine.set(key("n/1"), json("old")).await.unwrap();
    let mut all = Follower::of(&engine, "n/*").await;
    all.start().await;

    let imported =
        import(&engine, imports((1..=3).map(|n| (["n/1", "n/2", "n/3"][n - 1], None, json!(n)))));
    let imported = imported.await.unwrap();

    assert_eq!((imported.created, imported.changed, imported.evicted), (2, 1, 0));
    assert_eq!(operations(&all.hear().await).len(), 3);
    assert_eq!(all.document(), &truth(&engine, &glob("n/*")));
    for object in engine.list(&glob("n/*")).unwrap() {
        assert_eq!(Some(object.version), imported.version);
    }
}

#[tokio::test]
async fn an_import_keeps_when_things_were_made_and_changed() {
    let engine = engine();
    engine.set(key("n/here"), json(1)).await.unwrap();
    engine.set(key("n/moved"), json(1)).await.unwrap();
    engine.set(key("n/last"), json(1)).await.unwrap();
    let mut all = Follower::of(&engine, "n/*").await;
    let mut one = Follower::of(&engine, "n/moved").await;
    all.start().await;
    one.start().await;

    let mut wanted = imports([("n/moved", Some(5), json!(2)), ("n/new", Some(7), json!(2))]);
    wanted[0].updated = Some(6);
    let version = import(&engine, wanted).await.unwrap().version.unwrap();

    let times = |at: &str| {
        let object = engine.get(&key(at)).unwrap();
        (object.created, object.updated, object.version)
    };
    assert_eq!(times("n/moved"), (5, 6, version));
    assert_eq!(times("n/new"), (7, 0, version));
    all.hear().await;
    one.hear().await;
    assert_eq!(all.document(), &truth(&engine, &glob("n/*")), "it has changed its place");
    assert_eq!(data(all.document()), [1, 1, 2, 2]);
    assert_eq!(one.document(), &truth(&engine, &glob("n/moved")));
    // What is not said is as with any write.
    let created = times("n/here").0;
    let version = import(&engine, imports([("n/here", None, json!(3))])).await.unwrap().version;
    let version = version.unwrap();
    assert_eq!(times("n/here"), (created, version.number(), version));
}

#[tokio::test]
async fn of_an_import_that_is_refused_nothing_is_there_and_the_line_is_named() {
    let filters = Filters::new().write("n/*", |_, data: Json| match data.as_str() {
        "13" => Err(Denied::new("no luck")),
        _ => Ok(data),
    });
    let engine = filtered(filters);
    engine.set(key("n/1"), json(1)).await.unwrap();
    let before = truth(&engine, &glob("n/*"));
    for (all, why) in [
        (
            [("n/1", None, json!(7)), ("n/2", None, json!(8)), ("n/3", None, json!(13))],
            "line 3: no luck",
        ),
        (
            [("n/1", None, json!(7)), ("n/2", None, json!(8)), ("n/1", None, json!(9))],
            "line 3: `n/1` stands in line 1 already",
        ),
    ] {
        for is_rehearsal in [true, false] {
            let refused = engine.import(imports(all.clone()), is_rehearsal).await.unwrap_err();
            assert_eq!(refused.to_string(), why);
            assert_eq!(truth(&engine, &glob("n/*")), before);
        }
    }
}

#[tokio::test]
async fn a_rehearsal_writes_nothing() {
    let engine = engine();
    engine.set(key("a"), json(1)).await.unwrap();

    let all = [("a", None, json!(2)), ("b", None, json!(2)), ("n/*", None, json!(2))];
    let imported = engine.import(imports(all), true).await.unwrap();

    assert_eq!((imported.created, imported.changed, imported.version), (2, 1, None));
    assert_eq!(engine.objects(), 1);
    assert_eq!(engine.get(&key("a")).unwrap().data, json(1));
}

#[tokio::test]
async fn what_is_imported_into_a_limit_is_the_newest_of_all() {
    let engine = filtered(Filters::new().limit("n/*", Limit::count(3)));
    for n in 1..=2 {
        engine.set(key(&format!("n/{n}")), json(n)).await.unwrap();
    }
    let mut all = Follower::of(&engine, "n/*").await;
    all.start().await;
    let future = u64::MAX / 4;

    let wanted = [
        ("n/old", Some(1), json!("old")),
        ("n/new", Some(future), json!("new")),
        // It was among the newest, and is the oldest now.
        ("n/2", Some(2), json!("older")),
    ];
    let imported = import(&engine, imports(wanted)).await.unwrap();

    assert_eq!((imported.created, imported.changed, imported.evicted), (2, 1, 1));
    assert_eq!(listed(&client(&engine), "n/*"), [json!("new"), json!(1), json!("older")]);
    all.hear().await;
    assert_eq!(all.document(), &truth(&engine, &glob("n/*")));
    assert_eq!(engine.limited(&glob("n/*")), 3);
    // The limit still knows which is the oldest.
    engine.set(key("n/3"), json(3)).await.unwrap();
    assert!(engine.get(&key("n/2")).is_err());
}

#[tokio::test]
async fn plain_data_is_pushed_in_its_order() {
    let engine = engine();
    import(&engine, imports((0..50).map(|n| ("n/*", None, json!(n))))).await.unwrap();
    engine.push(&list("n/*"), json("last")).await.unwrap();
    let expected: Vec<Value> =
        [json!("last")].into_iter().chain((0..50).rev().map(Value::from)).collect();
    assert_eq!(listed(&client(&engine), "n/*"), expected);
}

#[tokio::test]
async fn an_import_that_cannot_be_made_durable_leaves_no_trace() {
    let (disk, faults) = (Disk::default(), Faults::default());
    let engine = Engine::builder().backend(faults.opener(&disk)).start().unwrap();
    engine.ready().await.unwrap();
    engine.set(key("a"), json(1)).await.unwrap();
    faults.fail_all(BackendError::Full("no room".to_owned()));

    let all = imports([("a", None, json!(2)), ("b", None, json!(2))]);
    let refused = import(&engine, all).await.unwrap_err();

    assert_eq!(refused.line, None);
    assert_eq!(refused.to_string(), "what is written cannot be made durable");
    assert_eq!(engine.stored(None).unwrap().len(), 1);
    assert_eq!(engine.get(&key("a")).unwrap().data, json(1));
    engine.close().await;
}
