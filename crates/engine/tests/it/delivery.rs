//! The central promise: whoever listens, whenever it joins, stalls, leaves and comes back, ends
//! equal to the store, and hears of every change once and in order.

use std::collections::BTreeMap;

use monoxide_engine::{Engine, Error};
use monoxide_protocol::{Key, Message, Replica, Version};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{glob, json, key, list, truth};

/// Few keys, so that writers meet.
const KEYS: &[&str] =
    &["a", "a/1", "a/2", "a/3", "b/1", "b/1/c/1", "b/1/c/2", "b/2/c/1", "b/2/c/2"];
const LISTS: &[&str] = &["a/*", "b/1/c/*", "b/2/c/*"];
const CLEARED: &[&str] = &["a/*", "*", "*/*", "b/1/c/*", "b/*/c/*", "b/*/c/1", "b/2/*/*"];
const WATCHED: &[&str] =
    &["a", "a/1", "a/*", "*", "*/*", "b/1/c/1", "b/1/c/*", "b/*/c/*", "b/*/c/1", "*/*/*/*"];

#[derive(Debug, Clone)]
enum Write {
    Set(&'static str, Value),
    Push(&'static str, Value),
    Patch(&'static str, Value),
    Delete(&'static str),
    DeleteAll(&'static str),
}

/// A write that was done, for the model.
#[derive(Debug, Clone)]
enum Done {
    Set(Key, Value),
    Delete(Key),
    DeleteAll(&'static str),
}

#[derive(Debug, Clone)]
enum Step {
    /// Read as many messages, as far as they are there.
    Read(usize),
    /// Let the others go on.
    Stall(usize),
    /// Hang up, and come back with the last version.
    Resume,
    /// Hang up, and come back as if for the first time.
    Restart,
}

fn data() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..3_u32).prop_map(|n| json!(n)),
        ("[xy]", 0..3_u32).prop_map(|(name, n)| json!({ name: n })),
        prop::collection::vec(0..3_u32, 0..4).prop_map(|list| json!({ "x": list })),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    use prop::sample::select;
    prop_oneof![
        6 => (select(KEYS), data()).prop_map(|(key, data)| Write::Set(key, data)),
        3 => (select(LISTS), data()).prop_map(|(list, data)| Write::Push(list, data)),
        2 => (select(KEYS), ("[xy]", 0..9_u32)).prop_map(|(key, (name, n))| {
            Write::Patch(key, json!({ name: n }))
        }),
        3 => select(KEYS).prop_map(Write::Delete),
        1 => select(CLEARED).prop_map(Write::DeleteAll),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..6_usize).prop_map(Step::Read),
        4 => (1..20_usize).prop_map(Step::Stall),
        1 => Just(Step::Resume),
        1 => Just(Step::Restart),
    ]
}

/// Does the writes, and says which of them counted and under which version.
async fn do_writes(engine: Engine, writes: Vec<Write>) -> Vec<(Version, Done)> {
    let mut done = Vec::new();
    for write in writes {
        done.extend(do_write(&engine, write).await);
        tokio::task::yield_now().await;
    }
    done
}

async fn do_write(engine: &Engine, write: Write) -> Option<(Version, Done)> {
    Some(match write {
        Write::Set(at, data) => {
            let version = engine.set(key(at), json(data.clone())).await.unwrap();
            (version, Done::Set(key(at), data))
        }
        Write::Push(at, data) => {
            let (key, version) = engine.push(&list(at), json(data.clone())).await.unwrap();
            (version, Done::Set(key, data))
        }
        // What a patch makes of what is there is not known here. `Value::Null` says so.
        Write::Patch(at, patch) => match engine.patch(&key(at), &patch).await {
            Ok(version) => (version, Done::Set(key(at), Value::Null)),
            Err(Error::NotFound | Error::Merge(_)) => return None,
            Err(error) => panic!("{error}"),
        },
        Write::Delete(at) => match engine.delete(&key(at)).await {
            Ok(version) => (version, Done::Delete(key(at))),
            Err(Error::NotFound) => return None,
            Err(error) => panic!("{error}"),
        },
        Write::DeleteAll(at) => (engine.delete_all(&glob(at)).await.unwrap(), Done::DeleteAll(at)),
    })
}

/// What a subscriber heard: whether it was a snapshot, and the version.
type Heard = Vec<(bool, Version)>;

/// Follows `watched` by the script, lets go of `scripted`, and follows on to the end.
async fn follow(
    engine: Engine,
    watched: &'static str,
    script: Vec<Step>,
    scripted: mpsc::Sender<()>,
) -> (Replica, Heard) {
    let (mut copy, mut heard) = (Replica::default(), Heard::new());
    let mut take = |copy: &mut Replica, frame: &[u8]| {
        let message = Message::decode(std::str::from_utf8(frame).unwrap()).unwrap();
        heard.push((matches!(message, Message::Snapshot { .. }), message.version()));
        // This refuses versions that do not grow.
        copy.apply(message).unwrap();
    };
    let mut subscription = engine.subscribe(glob(watched), None).await.unwrap();
    for step in script {
        match step {
            Step::Read(count) => {
                for _ in 0..count {
                    // A read that is given up must lose nothing.
                    let next = futures_util::FutureExt::now_or_never(subscription.next());
                    let Some(frame) = next else { break };
                    take(&mut copy, &frame.expect("the engine is running"));
                }
            }
            Step::Stall(count) => {
                for _ in 0..count {
                    tokio::task::yield_now().await;
                }
            }
            Step::Resume => {
                drop(subscription);
                tokio::task::yield_now().await;
                subscription = engine.subscribe(glob(watched), copy.version()).await.unwrap();
            }
            Step::Restart => {
                subscription = engine.subscribe(glob(watched), None).await.unwrap();
            }
        }
    }
    drop(scripted);
    while let Some(frame) = subscription.next().await {
        take(&mut copy, &frame);
    }
    (copy, heard)
}

/// The versions at which the document of `watched` changed, by a model that is just a map.
fn changes(log: &BTreeMap<Version, Done>, watched: &str) -> Vec<Version> {
    let watched = glob(watched);
    let mut there = std::collections::BTreeSet::new();
    let mut changes = Vec::new();
    for (&version, done) in log {
        let touched = match done {
            Done::Set(key, _) => {
                there.insert(key.clone());
                watched.matches(key)
            }
            Done::Delete(key) => {
                there.remove(key);
                watched.matches(key)
            }
            Done::DeleteAll(cleared) => {
                let cleared = glob(cleared);
                let seen = there.iter().any(|key| cleared.matches(key) && watched.matches(key));
                there.retain(|key| !cleared.matches(key));
                // A list that was all deleted is told so, also when it was empty.
                seen || (watched.is_list() && cleared.covers(&watched))
            }
        };
        if touched {
            changes.push(version);
        }
    }
    changes
}

/// Panics when a subscriber missed or doubled a message: from any snapshot on, it has to have
/// heard of every change after it until the next snapshot.
#[track_caller]
fn check_no_gap(heard: &Heard, changes: &[Version], watched: &str) {
    let mut last = None;
    for &(snapshot, version) in heard {
        if let (false, Some(last)) = (snapshot, last) {
            let after: Option<&Version> = changes.iter().find(|&&change| change > last);
            assert_eq!(after, Some(&version), "`{watched}` after {last}, heard {heard:?}");
        }
        last = Some(version);
    }
    if let (Some(last), Some(&newest)) = (last, changes.last()) {
        assert!(last >= newest, "`{watched}` heard of {last} last, and not of {newest}");
    }
}

/// The objects by key in the model after everything.
fn final_data(log: &BTreeMap<Version, Done>) -> BTreeMap<Key, Value> {
    let mut all = BTreeMap::new();
    for done in log.values() {
        match done {
            Done::Set(key, data) => _ = all.insert(key.clone(), data.clone()),
            Done::Delete(key) => _ = all.remove(key),
            Done::DeleteAll(cleared) => all.retain(|key, _| !glob(cleared).matches(key)),
        }
    }
    all
}

fn check(writers: Vec<Vec<Write>>, followers: Vec<(&'static str, Vec<Step>)>, window: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async move {
        let engine = Engine::builder().window(window, 1024 * 1024).start().unwrap();
        let writing: Vec<_> =
            writers.into_iter().map(|it| tokio::spawn(do_writes(engine.clone(), it))).collect();
        let (scripted, mut all_scripted) = mpsc::channel(1);
        let following: Vec<_> = followers
            .into_iter()
            .map(|(watched, script)| {
                let following = follow(engine.clone(), watched, script, scripted.clone());
                (watched, tokio::spawn(following))
            })
            .collect();
        drop(scripted);

        let mut log = BTreeMap::new();
        for writer in writing {
            for (version, done) in writer.await.unwrap() {
                assert!(log.insert(version, done).is_none(), "two commits have one version");
            }
        }
        // Whoever comes back after the end would be refused, so all scripts come to theirs first.
        assert_eq!(all_scripted.recv().await, None);
        engine.close().await;

        for (watched, task) in following {
            let (copy, heard) = task.await.unwrap();
            assert_eq!(copy.document(), Some(&truth(&engine, &glob(watched))), "`{watched}`");
            check_no_gap(&heard, &changes(&log, watched), watched);
        }
        for (key, data) in final_data(&log) {
            let stored = engine.get(&key).expect("what was written last is there");
            if data != Value::Null {
                assert_eq!(stored.data.to_value(), data, "`{key}`");
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_copy_ends_equal_to_the_store_and_heard_of_each_change_once(
        writers in prop::collection::vec(prop::collection::vec(write(), 1..60), 1..5),
        followers in prop::collection::vec(
            (prop::sample::select(WATCHED), prop::collection::vec(step(), 0..30)),
            1..12,
        ),
        window in 1..40_usize,
    ) {
        check(writers, followers, window);
    }
}

#[tokio::test]
async fn a_subscriber_gets_a_snapshot_and_then_one_patch_for_each_change() {
    let engine = crate::engine();
    engine.set(key("books/dune"), json(1)).await.unwrap();

    let mut books = crate::Follower::of(&engine, "books/*").await;
    assert_eq!(crate::operations(&books.hear().await), ["snapshot"]);

    engine.set(key("books/emma"), json(2)).await.unwrap();
    assert_eq!(crate::operations(&books.hear().await), ["add /0"], "the newest stands first");
    engine.set(key("books/dune"), json(3)).await.unwrap();
    assert_eq!(crate::operations(&books.hear().await), ["replace /1"], "an update moves nothing");
    engine.delete(&key("books/emma")).await.unwrap();
    assert_eq!(crate::operations(&books.hear().await), ["remove /0"]);

    assert_eq!(books.document(), &truth(&engine, &glob("books/*")));
}

#[tokio::test]
async fn a_write_that_was_answered_is_in_the_snapshot_of_whoever_joins_after_it() {
    let engine = crate::engine();
    // A topic is there already, and may lag behind.
    let _first = crate::Follower::of(&engine, "n/*").await;
    for n in 0..200_usize {
        engine.set(key(&format!("n/{n}")), json(n)).await.unwrap();

        let mut joiner = crate::Follower::of(&engine, "n/*").await;
        joiner.hear().await;
        assert_eq!(joiner.document().as_array().unwrap().len(), n + 1);
    }
}

#[tokio::test]
async fn deleting_a_whole_list_is_one_snapshot_of_nothing() {
    let engine = crate::engine();
    for n in 0..3 {
        engine.set(key(&format!("books/{n}")), json(n)).await.unwrap();
    }
    let mut books = crate::Follower::of(&engine, "books/*").await;
    books.hear().await;

    engine.delete_all(&glob("books/*")).await.unwrap();
    assert_eq!(crate::operations(&books.hear().await), ["snapshot"]);
    assert_eq!(books.document(), &json!([]));

    engine.delete_all(&glob("books/*")).await.unwrap();
    assert_eq!(crate::operations(&books.hear().await), ["snapshot"], "also when it was empty");
    assert!(books.hear_now().is_none());
}

/// Q4 of ooo's quirks: it sent `[]` to whoever watched more than what was deleted.
#[tokio::test]
async fn deleting_a_part_of_a_list_removes_just_that_part() {
    let engine = crate::engine();
    for at in ["users/u1/posts/1", "users/u2/posts/1", "users/u1/posts/2"] {
        engine.set(key(at), json(1)).await.unwrap();
    }
    let mut posts = crate::Follower::of(&engine, "users/*/posts/*").await;
    posts.hear().await;

    engine.delete_all(&glob("users/u1/posts/*")).await.unwrap();

    assert_eq!(crate::operations(&posts.hear().await), ["remove /2", "remove /0"]);
    assert_eq!(posts.document(), &truth(&engine, &glob("users/*/posts/*")));
    assert_eq!(posts.document().as_array().unwrap().len(), 1);
}

/// Q5 of ooo's quirks.
#[tokio::test]
async fn a_key_is_no_object_of_the_list_below_it() {
    let engine = crate::engine();
    let mut below = crate::Follower::of(&engine, "par/*").await;
    below.hear().await;

    engine.set(key("par"), json(1)).await.unwrap();
    engine.delete(&key("par")).await.unwrap();
    engine.set(key("par/1/deeper"), json(1)).await.unwrap();
    engine.set(key("par/1"), json(1)).await.unwrap();

    assert_eq!(crate::operations(&below.hear().await), ["add /0"]);
    assert!(below.hear_now().is_none());
}

#[tokio::test]
async fn an_object_is_empty_before_it_is_made_and_after_it_is_deleted() {
    let engine = crate::engine();
    let empty: Value = serde_json::from_str(monoxide_protocol::EMPTY_OBJECT).unwrap();
    let mut thing = crate::Follower::of(&engine, "thing").await;
    thing.hear().await;
    assert_eq!(thing.document(), &empty);

    engine.set(key("thing"), json(json!({"a": 1}))).await.unwrap();
    assert_eq!(crate::operations(&thing.hear().await), ["snapshot"]);
    engine.set(key("thing"), json(json!({"a": 2}))).await.unwrap();
    assert_eq!(crate::operations(&thing.hear().await), ["replace /updated", "replace /data/a"]);
    engine.delete(&key("thing")).await.unwrap();
    thing.hear().await;
    assert_eq!(thing.document(), &empty);
}
