//! Filters and limits together, against a model that is just a map: at every version, everybody
//! has what they may see, and nobody more than the limit.

use std::collections::BTreeMap;

use monoxide_engine::{Context, Engine, Filters, Limit, Seen};
use monoxide_protocol::Object;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Follower, account, glob, json, key, listed, settle};

/// `logs/*` holds three, `feed/*` is filtered, and what nobody bounds is beside them.
const KEYS: &[&str] =
    &["logs/1", "logs/2", "logs/3", "logs/4", "logs/5", "feed/1", "feed/2", "feed/3", "free/1"];
const WATCHED: &[&str] = &["logs/*", "feed/*", "*/*", "*/1", "logs/1", "feed/1"];
const NAMES: &[&str] = &["ann", "bob"];
const MOST: usize = 3;

#[derive(Debug, Clone)]
enum Write {
    Set(&'static str, u8),
    Delete(&'static str),
    DeleteAll(&'static str),
}

fn write() -> impl Strategy<Value = Write> {
    use prop::sample::select;
    prop_oneof![
        8 => (select(KEYS), 0..4_u8).prop_map(|(at, n)| Write::Set(at, n)),
        2 => select(KEYS).prop_map(Write::Delete),
        1 => select(&["logs/*", "feed/*", "*/*", "*/1"][..]).prop_map(Write::DeleteAll),
    ]
}

/// 1 is for Ann only, 2 for Bob only, and 3 is rewritten for each of them.
fn seen(name: &str, n: u8) -> Option<Value> {
    match (n, name) {
        (1, "bob") | (2, "ann") => None,
        (3, name) => Some(json!(format!("for {name}"))),
        _ => Some(json!(n)),
    }
}

fn filter(context: &Context, object: &Object) -> Seen {
    let n = object.data.to_value().as_u64().and_then(|n| u8::try_from(n).ok()).unwrap();
    match seen(context.identity.name().unwrap(), n) {
        None => Seen::Hidden,
        Some(data) => Seen::As(json(data)),
    }
}

/// What is stored, with a number that grows with each object that is made.
#[derive(Default)]
struct Model {
    objects: BTreeMap<&'static str, (usize, u8)>,
    made: usize,
}

impl Model {
    fn set(&mut self, at: &'static str, n: u8) {
        self.made += 1;
        self.objects.entry(at).or_insert((self.made, n)).1 = n;
        let logs = self.objects.iter().filter(|(at, _)| at.starts_with("logs/"));
        let oldest = logs.clone().min_by_key(|(_, (made, _))| *made).map(|(at, _)| *at);
        if let (true, Some(oldest)) = (logs.count() > MOST, oldest) {
            self.objects.remove(oldest);
        }
    }

    /// The data of what `name` sees of `watched`, the newest first.
    fn seen(&self, name: &str, watched: &str) -> Vec<Value> {
        let watched = glob(watched);
        let named = self.objects.iter().filter(|(at, _)| watched.matches(&key(at)));
        let mut seen: Vec<_> = named
            .filter_map(|(at, &(made, n))| match at.starts_with("feed/") {
                true => Some((made, seen(name, n)?)),
                false => Some((made, json!(n))),
            })
            .collect();
        seen.sort_by_key(|(made, _)| std::cmp::Reverse(*made));
        seen.into_iter().map(|(_, data)| data).collect()
    }
}

/// The data in a document; of an empty object, nothing.
fn data(document: &Value) -> Vec<Value> {
    let objects = document.as_array().cloned().unwrap_or_else(|| vec![document.clone()]);
    let there = objects.into_iter().filter(|object| object["created"] != 0);
    there.map(|object| object["data"].clone()).collect()
}

async fn check(writes: Vec<Write>) {
    let filters = Filters::new().limit("logs/*", Limit::count(MOST)).read_list("feed/*", filter);
    let engine = Engine::builder().filters(filters).start().unwrap();
    let mut followers = Vec::new();
    for (name, watched) in NAMES.iter().flat_map(|name| WATCHED.iter().map(move |it| (name, it))) {
        followers.push((name, watched, Follower::by(&account(&engine, name), watched).await));
    }
    let mut model = Model::default();
    for write in writes {
        match write {
            Write::Set(at, n) => {
                engine.set(key(at), json(n)).await.unwrap();
                model.set(at, n);
            }
            Write::Delete(at) => {
                assert_eq!(
                    engine.delete(&key(at)).await.is_ok(),
                    model.objects.remove(at).is_some()
                );
            }
            Write::DeleteAll(at) => {
                engine.delete_all(&glob(at)).await.unwrap();
                model.objects.retain(|it, _| !glob(at).matches(&key(it)));
            }
        }
        settle(&engine).await;
        for (name, watched, follower) in &mut followers {
            let mut messages = 0;
            while follower.hear_now().is_some() {
                messages += 1;
                let logs = data(follower.document()).len();
                assert!(**watched != "logs/*" || logs <= MOST);
            }
            assert!(messages <= 2, "a snapshot at first, and one message for one commit");
            let expect = model.seen(name, watched);
            assert_eq!(data(follower.document()), expect, "`{watched}` of {name}");
            if glob(watched).is_list() {
                assert_eq!(listed(&account(&engine, name), watched), expect);
            }
        }
    }
    engine.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn everybody_sees_what_they_may_and_no_list_is_above_its_limit(
        writes in prop::collection::vec(write(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(check(writes));
    }
}
