//! Lists that have a bound.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use monoxide_engine::{Error, Filters, Limit};
use serde_json::json;

use crate::{Follower, client, data, filtered, glob, json, key, listed, merge, operations, settle};

#[tokio::test]
async fn a_limit_keeps_the_newest_and_says_so_in_one_message_with_removals_first() {
    let engine = filtered(Filters::new().limit("n/*", Limit::count(2)));
    let mut all = Follower::of(&engine, "n/*").await;
    let mut first = Follower::of(&engine, "n/1").await;
    all.start().await;
    first.start().await;
    for n in 1..=3 {
        engine.set(key(&format!("n/{n}")), json(n)).await.unwrap();
    }

    let heard = [all.hear().await, all.hear().await, all.hear().await];
    let heard: Vec<_> = heard.iter().flat_map(operations).collect();
    assert_eq!(heard, ["add /0", "add /0", "remove /1", "add /0"]);
    assert_eq!(data(all.document()), [3, 2]);
    assert_eq!(listed(&client(&engine), "n/*"), [json!(3), json!(2)]);
    assert!(matches!(engine.get(&key("n/1")), Err(Error::NotFound)));
    assert_eq!(engine.limited(&glob("n/*")), 2);
    first.hear().await;
    first.hear().await;
    assert_eq!(first.document()["created"], 0, "its own subscriber is told that it is gone");
}

#[tokio::test]
async fn oldest_first_is_the_order_everywhere() {
    let engine = filtered(Filters::new().limit("n/*", Limit::count(2).oldest_first()));
    let mut all = Follower::of(&engine, "n/*").await;
    all.start().await;
    for n in 1..=3 {
        engine.set(key(&format!("n/{n}")), json(n)).await.unwrap();
    }
    let heard = [all.hear().await, all.hear().await, all.hear().await];
    let heard: Vec<_> = heard.iter().flat_map(operations).collect();
    assert_eq!(heard, ["add /0", "add /1", "remove /0", "add /1"]);
    assert_eq!(listed(&client(&engine), "n/*"), [json!(2), json!(3)]);
    assert_eq!(data(Follower::of(&engine, "n/*").await.start().await), [2, 3]);
}

#[tokio::test]
async fn a_limit_over_several_stars_is_one_limit() {
    let engine = filtered(Filters::new().limit("u/*/p/*", Limit::count(2)));
    for at in ["u/1/p/1", "u/2/p/1", "u/1/p/2"] {
        engine.set(key(at), json(at)).await.unwrap();
    }
    assert_eq!(listed(&client(&engine), "u/*/p/*"), [json!("u/1/p/2"), json!("u/2/p/1")]);
    engine.delete_all(&glob("u/1/p/*")).await.unwrap();
    assert_eq!(engine.limited(&glob("u/*/p/*")), 1, "what was deleted is not counted");
}

#[tokio::test]
async fn what_is_too_old_goes_within_a_second_and_everyone_is_told() {
    let age = Duration::from_millis(300);
    let engine = filtered(Filters::new().limit("n/*", Limit::count(9).and_age(age)));
    let (mut all, mut one) =
        (Follower::of(&engine, "n/*").await, Follower::of(&engine, "n/1").await);
    all.start().await;
    one.start().await;
    let began = std::time::SystemTime::now();
    engine.set(key("n/1"), json(1)).await.unwrap();
    all.hear().await;
    one.hear().await;

    assert_eq!(operations(&all.hear().await), ["remove /0"]);
    let lived = began.elapsed().unwrap();
    assert!(lived >= age && lived < age + Duration::from_secs(1), "{lived:?}");
    one.hear().await;
    assert_eq!(one.document()["created"], 0);
    assert!(matches!(engine.get(&key("n/1")), Err(Error::NotFound)));
}

#[tokio::test]
async fn a_limit_that_is_lowered_holds_at_once_also_for_what_is_written() {
    let most = Arc::new(AtomicUsize::new(3));
    let asked = Arc::clone(&most);
    let limit = Limit::count_by(move || asked.load(Ordering::Relaxed));
    let engine = filtered(Filters::new().limit("n/*", limit));
    for n in 1..=3 {
        engine.set(key(&format!("n/{n}")), json(json!({ "n": n }))).await.unwrap();
    }
    let mut all = Follower::of(&engine, "n/*").await;
    all.start().await;

    most.store(1, Ordering::Relaxed);
    assert_eq!(operations(&all.hear().await), ["remove /2", "remove /1"], "without a write");

    most.store(0, Ordering::Relaxed);
    all.hear().await;
    engine.set(key("n/4"), json(4)).await.unwrap();
    settle(&engine).await;
    assert_eq!(all.document(), &json!([]));
    assert!(all.hear_now().is_none(), "nobody ever saw more than the limit");
    assert!(matches!(engine.patch(&key("n/4"), &merge(json!({}))).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn at_no_message_there_is_more_than_the_limit() {
    let engine = filtered(Filters::new().limit("n/*", Limit::count(5)));
    let mut all = Follower::of(&engine, "*/*").await;
    all.start().await;
    for n in 0..50_usize {
        engine.set(key(&format!("n/{}", n * 7 % 11)), json(n)).await.unwrap();
    }
    settle(&engine).await;
    let mut heard = 0;
    while let Some(message) = all.hear_now() {
        heard += 1;
        let mut count = data(all.document()).len();
        assert!(count <= 5, "{count} after {message:?}");
        count = operations(&message).len();
        assert!(count <= 2);
    }
    assert!(heard > 40);
    assert_eq!(all.document(), &crate::truth(&engine, &glob("n/*")));
}

#[tokio::test]
async fn looking_at_a_limit_does_not_run_the_application() {
    let limit = Limit::count(1).and_age_by(|| panic!("asked"));
    assert!(format!("{limit:?}").contains("dynamic"));
    assert!(limit.is_age_dynamic() && !limit.is_count_dynamic());
    assert_eq!(limit.current_age(), None);
}
