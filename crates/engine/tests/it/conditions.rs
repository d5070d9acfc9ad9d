//! Writes that are done only when something is so.

use std::sync::Arc;

use monoxide_engine::{Condition, Context, Error, Filters};
use monoxide_protocol::Json;
use serde_json::json;
use tokio::sync::Barrier;

use crate::{account, client, engine, filtered, json, key, merge};

#[tokio::test]
async fn a_write_is_done_only_when_its_condition_holds() {
    let engine = engine();
    let client = client(&engine);
    let set = async |condition: Condition| client.set(&key("n"), json(json!({})), &condition).await;
    let refused = |result: Result<_, Error>| matches!(result, Err(Error::Condition));

    assert!(refused(set(Condition::Exists).await));
    assert!(matches!(engine.get(&key("n")), Err(Error::NotFound)), "nothing was changed");
    let first = set(Condition::Missing).await.unwrap();
    assert!(refused(set(Condition::Missing).await));
    let second = set(Condition::Version(vec![first])).await.unwrap();
    assert!(refused(set(Condition::Version(vec![first])).await));
    assert!(refused(set(Condition::Version(vec![])).await));
    let third = set(Condition::Version(vec![first, second])).await.unwrap();
    assert_eq!(engine.get(&key("n")).unwrap().version, third);

    let stale = Condition::Version(vec![first]);
    assert!(refused(client.patch(&key("n"), &merge(json!({})), &stale).await));
    assert!(refused(client.delete(&key("n"), &stale).await));
    assert!(refused(client.delete(&key("missing"), &Condition::Exists).await));
    assert_eq!(engine.get(&key("n")).unwrap().version, third);
    client.patch(&key("n"), &merge(json!({})), &Condition::Exists).await.unwrap();
    client.delete(&key("n"), &Condition::Exists).await.unwrap();
}

/// All of them saw the same version, and all filters are done before the first of them writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_writes_under_one_condition_one_is_done() {
    const WRITERS: usize = 16;
    let barrier = Arc::new(Barrier::new(WRITERS));
    let meet = move |context: Context, data: Json| {
        let barrier = Arc::clone(&barrier);
        async move {
            if context.identity.name().is_some() {
                barrier.wait().await;
            }
            Ok(data)
        }
    };
    let engine = filtered(Filters::new().write_async("n", meet));
    let first = engine.set(key("n"), json(0)).await.unwrap();
    for condition in [Condition::Version(vec![first]), Condition::Missing] {
        if condition == Condition::Missing {
            engine.delete(&key("n")).await.unwrap();
        }
        let writing: Vec<_> = (0..WRITERS)
            .map(|n| {
                let (session, condition) = (account(&engine, "ann"), condition.clone());
                tokio::spawn(async move { session.set(&key("n"), json(n), &condition).await })
            })
            .collect();
        let mut done = 0;
        for task in writing {
            match task.await.unwrap() {
                Ok(_) => done += 1,
                Err(error) => assert!(matches!(error, Error::Condition), "{error}"),
            }
        }
        assert_eq!(done, 1);
    }
}
