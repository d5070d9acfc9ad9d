//! What writes do to the store.

use std::collections::HashSet;

use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use monoxide_engine::Error;
use serde_json::json;
use tokio::task::unconstrained;

use crate::{Follower, data, engine, glob, json, key, list, merge};

#[tokio::test]
async fn an_object_keeps_when_it_was_made_until_it_is_deleted() {
    let engine = engine();
    let first = engine.set(key("n"), json(1)).await.unwrap();
    let object = engine.get(&key("n")).unwrap();
    assert_eq!((object.created, object.updated), (first.number(), 0));

    let second = engine.set(key("n"), json(2)).await.unwrap();
    let object = engine.get(&key("n")).unwrap();
    assert_eq!((object.created, object.updated), (first.number(), second.number()));

    engine.delete(&key("n")).await.unwrap();
    let third = engine.set(key("n"), json(3)).await.unwrap();
    let object = engine.get(&key("n")).unwrap();
    assert_eq!((object.created, object.updated), (third.number(), 0));
}

#[tokio::test]
async fn a_list_is_newest_first_whatever_the_keys_are() {
    let engine = engine();
    for name in ["m", "z", "a"] {
        engine.set(key(&format!("n/{name}")), json(name)).await.unwrap();
    }
    engine.set(key("n/m"), json("again")).await.unwrap();

    let names: Vec<_> =
        engine.list(&glob("n/*")).unwrap().iter().map(|it| it.key.index().to_owned()).collect();
    assert_eq!(names, ["a", "z", "m"], "an update moves nothing");
}

#[tokio::test]
async fn a_glob_lists_the_keys_of_its_depth_and_no_others() {
    let engine = engine();
    // `-` and `.` come before `/` in the alphabet, so these lie around the range of `b/*`.
    for at in ["b", "b/1", "b/2", "b/1/c", "b-x/1", "b.x/1", "b0/1", "a/1", "c/1"] {
        engine.set(key(at), json(1)).await.unwrap();
    }
    let listed = |text: &str| {
        let objects = engine.list(&glob(text)).unwrap();
        let mut keys: Vec<_> = objects.iter().map(|it| it.key.to_string()).collect();
        keys.sort();
        keys
    };
    assert_eq!(listed("b/*"), ["b/1", "b/2"]);
    assert_eq!(listed("*"), ["b"]);
    assert_eq!(listed("*/1"), ["a/1", "b-x/1", "b.x/1", "b/1", "b0/1", "c/1"]);
    assert_eq!(listed("b/*/*"), ["b/1/c"]);
    assert_eq!(listed("nothing/*"), [""; 0]);
}

#[tokio::test]
async fn what_is_pushed_gets_a_key_of_its_own() {
    let engine = engine();
    let pushing: Vec<_> = (0..8)
        .map(|n| {
            let engine = engine.clone();
            tokio::spawn(async move {
                let mut keys = Vec::new();
                for _ in 0..100 {
                    keys.push(engine.push(&list("n/*"), json(n)).await.unwrap().0);
                }
                keys
            })
        })
        .collect();
    let mut keys = HashSet::new();
    for task in pushing {
        keys.extend(task.await.unwrap());
    }
    assert_eq!(keys.len(), 800);
    assert_eq!(engine.list(&glob("n/*")).unwrap().len(), 800);
    assert!(keys.iter().all(|key| key.index().len() == 16), "the clock in hexadecimal");
}

/// Q10 of ooo's quirks: it lost 19 of 200.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_patches_at_once_none_is_lost() {
    let engine = engine();
    engine.set(key("n"), json(json!({}))).await.unwrap();

    let patching: Vec<_> = (0..200)
        .map(|n| {
            let engine = engine.clone();
            tokio::spawn(async move {
                engine.patch(&key("n"), &merge(json!({ format!("m{n}"): n }))).await.unwrap();
            })
        })
        .collect();
    for task in patching {
        task.await.unwrap();
    }

    let data = engine.get(&key("n")).unwrap().data.to_value();
    assert_eq!(data.as_object().unwrap().len(), 200);
}

#[tokio::test]
async fn a_write_that_is_refused_changes_nothing_and_tells_nobody() {
    let engine = engine();
    engine.set(key("n"), json(json!({"a": {"b": 1}}))).await.unwrap();
    let before = engine.get(&key("n")).unwrap();
    let mut watcher = crate::Follower::of(&engine, "n").await;
    watcher.hear().await;

    let refused =
        engine.patch(&key("n"), &crate::merge(json!({"a": 1, "c": 2}))).await.unwrap_err();
    assert!(matches!(refused, Error::Merge(_)));
    let missing = engine.patch(&key("nothing"), &merge(json!({}))).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound));
    assert!(matches!(engine.delete(&key("nothing")).await, Err(Error::NotFound)));

    assert_eq!(engine.get(&key("n")).unwrap(), before);
    // The hub has nothing left to do when it answers this.
    engine.topics().await.unwrap();
    assert!(watcher.hear_now().is_none());
}

#[tokio::test]
async fn a_closed_engine_takes_no_writes_and_ends_its_subscriptions() {
    let engine = engine();
    let mut watcher = crate::Follower::of(&engine, "n").await;
    engine.set(key("n"), json(1)).await.unwrap();

    engine.close().await;

    assert!(matches!(engine.set(key("n"), json(2)).await, Err(Error::Closed)));
    assert!(matches!(engine.subscribe(glob("n"), None).await, Err(Error::Closed)));
    watcher.hear_out().await;
    assert_eq!(watcher.document(), &crate::truth(&engine, &glob("n")), "what was taken was told");
    engine.close().await;
}

#[test]
fn an_engine_outside_of_a_runtime_says_what_is_missing() {
    let error = monoxide_engine::Engine::builder().start().unwrap_err();
    assert_eq!(error.to_string(), "an engine has to be started inside a tokio runtime");
}

#[tokio::test]
async fn a_key_of_ten_thousand_segments_is_a_key() {
    let engine = engine();
    let deep = vec!["a"; 10_000].join("/");
    let mut watcher = crate::Follower::of(&engine, &format!("{deep}/*")).await;
    watcher.hear().await;

    engine.set(key(&format!("{deep}/1")), json(1)).await.unwrap();

    assert_eq!(crate::operations(&watcher.hear().await), ["add /0"]);
    engine.delete_all(&glob(&format!("{deep}/*"))).await.unwrap();
    engine.close().await;
}

/// There is one thread, and the engine had no time on it: nobody who joins was answered yet.
#[tokio::test]
async fn a_writer_waits_for_none_of_thousands_who_join_and_who_joins_later_finds_what_it_wrote() {
    let engine = engine();
    let mut joining: FuturesUnordered<_> = (0..5_000)
        .map(|n| {
            let engine = engine.clone();
            async move { Follower::of(&engine, &format!("n/{}/*", n % 100)).await }
        })
        .collect();
    assert!(unconstrained(joining.next()).now_or_never().is_none(), "all have asked");

    for n in 0..100 {
        let write = engine.set(key(&format!("n/{n}/x")), json(n));
        let written = unconstrained(write).now_or_never();
        written.expect("there is a place in the queue for it").unwrap();
    }

    let late = async {
        let mut late = Follower::of(&engine, "n/7/*").await;
        assert_eq!(data(late.start().await), [&json(7).to_value()]);
    };
    let all = async {
        while let Some(mut follower) = joining.next().await {
            while data(follower.start().await).is_empty() {}
        }
    };
    tokio::join!(late, all);
}
