//! The document of what exists.

use monoxide_engine::{Engine, Subscription};
use monoxide_protocol::{Keys, Message, Replica, Watched};
use serde_json::{Value, json};

use crate::{engine, glob, json, key, operations};

async fn hear(subscription: &mut Subscription, copy: &mut Replica) -> Message {
    let frame = subscription.next().await.unwrap();
    let message = Message::decode(std::str::from_utf8(&frame).unwrap()).unwrap();
    copy.apply(message.clone()).unwrap();
    message
}

async fn read(engine: &Engine) -> Value {
    serde_json::from_str(&engine.keys().await.unwrap()).unwrap()
}

#[tokio::test]
async fn keys_of_one_segment_stand_alone_and_the_others_in_lists() {
    let engine = engine();
    for at in ["config", "books/1", "books/2", "users/ann/posts/1"] {
        engine.set(key(at), json(1)).await.unwrap();
    }
    let document = read(&engine).await;
    let keys: Keys = serde_json::from_value(document["data"].clone()).unwrap();
    let counts: Vec<_> = keys.iter().map(|(glob, it)| (glob.as_str(), it.count)).collect();
    assert_eq!(counts, [("books/*", 2), ("config", 1), ("users/ann/posts/*", 1)]);

    engine.delete_all(&glob("books/*")).await.unwrap();
    engine.delete(&key("config")).await.unwrap();
    assert_eq!(read(&engine).await["data"], json!({"users/ann/posts/*": {"count": 1}}));
}

#[tokio::test(start_paused = true)]
async fn many_changes_are_gathered_into_one_message() {
    let engine = engine();
    engine.set(key("gone"), json(1)).await.unwrap();
    engine.set(key("books/0"), json(1)).await.unwrap();
    let mut subscription = engine.subscribe(Watched::Keys, None).await.unwrap();
    let mut copy = Replica::default();
    hear(&mut subscription, &mut copy).await;

    for n in 1..100 {
        engine.set(key(&format!("books/{n}")), json(n)).await.unwrap();
    }
    engine.set(key("books/1"), json("an update changes no count")).await.unwrap();
    engine.delete(&key("gone")).await.unwrap();
    engine.set(key("new"), json(1)).await.unwrap();
    engine.set(key("brief"), json(1)).await.unwrap();
    engine.delete(&key("brief")).await.unwrap();

    let message = hear(&mut subscription, &mut copy).await;
    let expected =
        ["replace /updated", "replace /data/books~1*/count", "remove /data/gone", "add /data/new"];
    assert_eq!(operations(&message), expected);
    assert_eq!(copy.document(), Some(&read(&engine).await));
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_the_keys_sees_every_write_that_was_answered() {
    let engine = engine();
    let _first = engine.subscribe(Watched::Keys, None).await.unwrap();
    for n in 0..20 {
        engine.set(key(&format!("k{n}")), json(n)).await.unwrap();

        let mut joiner = engine.subscribe(Watched::Keys, None).await.unwrap();
        let mut copy = Replica::default();
        hear(&mut joiner, &mut copy).await;
        assert_eq!(copy.document().unwrap()["data"].as_object().unwrap().len(), n + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_of_the_keys_ends_equal_under_many_writers() {
    let engine = engine();
    let mut subscription = engine.subscribe(Watched::Keys, None).await.unwrap();
    let writing: Vec<_> = (0..4)
        .map(|writer| {
            let engine = engine.clone();
            tokio::spawn(async move {
                for n in 0..300 {
                    let at = key(&format!("l{}/{}", n % 7, (n * writer) % 11));
                    match n % 3 {
                        0 => drop(engine.delete(&at).await),
                        _ => drop(engine.set(at, json(n)).await),
                    }
                }
            })
        })
        .collect();
    for task in writing {
        task.await.unwrap();
    }
    let expected = read(&engine).await;
    engine.close().await;

    let mut copy = Replica::default();
    while let Some(frame) = subscription.next().await {
        copy.apply(Message::decode(std::str::from_utf8(&frame).unwrap()).unwrap()).unwrap();
    }
    assert_eq!(copy.document(), Some(&expected));
}
