//! The central promise: whoever listens, whenever it joins, stalls, leaves and comes back, ends
//! equal to the store, and hears of every change once and in order.

mod history;
mod property;
mod script;
mod world;

use serde_json::{Value, json};

use crate::{glob, json, key, truth};

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
