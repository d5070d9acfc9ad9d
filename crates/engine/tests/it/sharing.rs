//! What costs once, however many there are.

use bytes::Bytes;
use monoxide_protocol::Watched;

use crate::{engine, glob, json, key, operations};

/// Whether two messages are one in memory.
fn same(a: &Bytes, b: &Bytes) -> bool {
    std::ptr::eq(a.as_ptr(), b.as_ptr())
}

#[tokio::test]
async fn a_message_is_encoded_once_for_all_subscribers() {
    let engine = engine();
    let mut one = engine.subscribe(glob("n/*"), None).await.unwrap();
    let mut two = engine.subscribe(glob("n/*"), None).await.unwrap();
    one.next().await.unwrap();
    two.next().await.unwrap();

    engine.set(key("n/1"), json(1)).await.unwrap();

    assert!(same(&one.next().await.unwrap(), &two.next().await.unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_who_join_at_once_share_one_snapshot() {
    let engine = engine();
    for n in 0..100 {
        engine.set(key(&format!("n/{n}")), json(n)).await.unwrap();
    }
    let joining: Vec<_> = (0..1_000)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move {
                let mut subscription = engine.subscribe(glob("n/*"), None).await.unwrap();
                (subscription.next().await.unwrap(), subscription)
            })
        })
        .collect();
    let mut snapshots = Vec::new();
    for task in joining {
        snapshots.push(task.await.unwrap());
    }
    assert!(snapshots.iter().all(|(snapshot, _)| same(snapshot, &snapshots[0].0)));
}

/// A generic comparison of the arrays would say `replace` for every object behind the new one.
#[tokio::test]
async fn a_message_does_not_grow_with_the_list_it_lands_in() {
    let engine = engine();
    let mut size = None;
    for count in [10, 1_000] {
        let name = format!("n{count}/*");
        for _ in 0..count {
            engine.push(&crate::list(&name), json(7)).await.unwrap();
        }
        let mut watcher = crate::Follower::of(&engine, &name).await;
        watcher.hear().await;

        engine.set(key(&format!("n{count}/new")), json(7)).await.unwrap();
        assert_eq!(operations(&watcher.hear().await), ["add /0"]);
        let oldest = watcher.document().as_array().unwrap().last().unwrap()["path"].clone();
        engine.delete(&key(oldest.as_str().unwrap())).await.unwrap();
        let message = watcher.hear().await;
        assert_eq!(operations(&message), [format!("remove /{count}")]);
        size.get_or_insert(1);
    }
}

#[tokio::test]
async fn reading_leaves_nothing_behind_on_the_server() {
    let engine = engine();
    engine.set(key("n/1"), json(1)).await.unwrap();
    for n in 0..1_000 {
        assert_eq!(engine.get(&key(&format!("missing/{n}"))), None);
        assert!(engine.list(&glob(&format!("missing/{n}/*"))).is_empty());
    }
    assert_eq!(engine.topics().await.unwrap(), []);
}

#[tokio::test]
async fn a_topic_knows_how_many_watch_it() {
    let engine = engine();
    let one = engine.subscribe(glob("n/*"), None).await.unwrap();
    let two = engine.subscribe(glob("n/*"), None).await.unwrap();
    let state = engine.topics().await.unwrap();
    assert_eq!((&state[0].watched, state[0].subscribers), (&Watched::Glob(glob("n/*")), 2));

    drop((one, two));
    assert_eq!(engine.topics().await.unwrap()[0].subscribers, 0);
}
