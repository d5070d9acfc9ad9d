//! What the application is told of, off the path of the write.

use std::sync::{Arc, mpsc};

use monoxide_engine::{Engine, Filters, Limit};
use serde_json::json;

use crate::{glob, json, key};

#[tokio::test]
async fn every_change_is_told_in_order_with_what_was_and_what_is() {
    let (told, heard) = mpsc::channel();
    let engine = Engine::builder()
        .filters(Filters::new().limit("n/*", Limit::count(1)))
        .on_event(move |event| told.send(event.clone()).unwrap())
        .start()
        .unwrap();

    engine.set(key("n/1"), json(1)).await.unwrap();
    engine.set(key("n/1"), json(2)).await.unwrap();
    engine.set(key("n/2"), json(3)).await.unwrap();
    engine.delete_all(&glob("n/*")).await.unwrap();
    engine.close().await;

    let data = |it: Option<Arc<monoxide_protocol::Object>>| it.map(|it| it.data.to_value());
    let heard: Vec<_> = heard.try_iter().collect();
    let changes: Vec<_> = heard
        .iter()
        .map(|it| (it.key.to_string(), data(it.old.clone()), data(it.new.clone())))
        .collect();
    let (one, two, three) = (Some(json!(1)), Some(json!(2)), Some(json!(3)));
    assert_eq!(
        changes,
        [
            ("n/1".to_owned(), None, one.clone()),
            ("n/1".to_owned(), one, two.clone()),
            ("n/2".to_owned(), None, three.clone()),
            ("n/1".to_owned(), two, None),
            ("n/2".to_owned(), three, None),
        ],
        "what a limit evicts is told too"
    );
    assert!(heard.is_sorted_by_key(|event| event.version));
    assert_eq!(engine.dropped_events(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hook_that_is_too_slow_loses_events_that_are_counted_and_holds_nobody_up() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let called = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counting = Arc::clone(&called);
    let engine = Engine::builder()
        .event_queue(10)
        .on_event(move |_| {
            // The first call waits; when the sender is gone, none does.
            _ = wait.lock().unwrap().recv();
            counting.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        })
        .start()
        .unwrap();

    for n in 0..100 {
        engine.set(key("n"), json(n)).await.unwrap();
    }
    crate::settle(&engine).await;
    let dropped = engine.dropped_events();
    assert!((89..=90).contains(&dropped), "10 wait, one is being told: {dropped}");

    drop(go);
    engine.close().await;
    assert_eq!(called.load(std::sync::atomic::Ordering::Relaxed) + dropped, 100);
}

#[tokio::test]
async fn a_panic_in_the_hook_is_not_its_last_call() {
    let (told, heard) = mpsc::channel();
    let engine = Engine::builder()
        .on_event(move |event| {
            told.send(event.key.clone()).unwrap();
            assert!(event.key != key("bad"), "in the hook");
        })
        .start()
        .unwrap();
    engine.set(key("bad"), json(1)).await.unwrap();
    engine.set(key("good"), json(1)).await.unwrap();
    engine.close().await;
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [key("bad"), key("good")]);
}

#[tokio::test]
async fn a_hook_may_write() {
    let (told, mut heard) = tokio::sync::mpsc::channel(8);
    let home = Arc::new(std::sync::OnceLock::<Engine>::new());
    let inside = Arc::clone(&home);
    let engine = Engine::builder()
        .on_event(move |event| {
            let engine = inside.get().unwrap().clone();
            let (told, event) = (told.clone(), event.clone());
            tokio::spawn(async move {
                if event.key == key("n") {
                    engine.set(key("copy"), event.new.unwrap().data.clone()).await.unwrap();
                } else {
                    told.send(event.key).await.unwrap();
                }
            });
        })
        .start()
        .unwrap();
    home.set(engine.clone()).unwrap();

    engine.set(key("n"), json(7)).await.unwrap();

    assert_eq!(heard.recv().await, Some(key("copy")));
    assert_eq!(engine.get(&key("copy")).unwrap().data, json(7));
}
