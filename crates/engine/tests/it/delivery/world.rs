//! The application that the property is about: its keys, its filters, and its limits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use monoxide_engine::{Context, Filters, Identity, Limit, Seen};
use monoxide_protocol::{EMPTY_OBJECT, Glob, Key, Object};
use serde_json::{Value, json};

use crate::{glob, json, key};

/// Few keys, so that writers meet.
pub(super) const KEYS: &[&str] = &[
    "a", "a/1", "a/2", "a/3", "b/1", "b/1/c/1", "b/1/c/2", "b/2/c/1", "b/2/c/2", "logs/1",
    "logs/2", "logs/3", "logs/4", "tail/1", "tail/2", "tail/3", "aged/1", "aged/2", "aged/3",
    "feed/1", "feed/2", "feed/3", "top/1", "top/2", "top/3", "card",
];
pub(super) const LISTS: &[&str] =
    &["a/*", "b/1/c/*", "b/2/c/*", "logs/*", "tail/*", "aged/*", "feed/*", "top/*"];
pub(super) const CLEARED: &[&str] = &[
    "a/*", "*", "*/*", "b/1/c/*", "b/*/c/*", "b/*/c/1", "b/2/*/*", "*/1", "logs/*", "feed/*",
    "top/*",
];
pub(super) const WATCHED: &[&str] = &[
    "a", "a/1", "a/*", "*", "*/*", "*/1", "b/1/c/1", "b/1/c/*", "b/*/c/*", "b/*/c/1", "*/*/*/*",
    "logs/*", "logs/1", "tail/*", "aged/*", "aged/1", "feed/*", "feed/1", "top/*", "top/1", "card",
];
/// Nobody in particular, and two who see different things.
pub(super) const NAMES: &[&str] = &["", "ann", "bob"];

/// How many objects these lists hold at most.
pub(super) const LIMITS: &[(&str, usize)] = &[("logs/*", 3), ("tail/*", 2)];

/// What the limit of `aged/*` is at the moment. An age of nothing at all ends every object.
#[derive(Debug, Clone, Default)]
pub(super) struct Bounds {
    count: Arc<AtomicUsize>,
    is_young: Arc<AtomicUsize>,
}

impl Bounds {
    pub(super) fn set(&self, count: usize, is_young: bool) {
        self.count.store(count, Ordering::Relaxed);
        self.is_young.store(is_young.into(), Ordering::Relaxed);
    }

    fn limit(&self) -> Limit {
        let Self { count, is_young } = self.clone();
        Limit::count_by(move || count.load(Ordering::Relaxed)).and_age_by(move || {
            match is_young.load(Ordering::Relaxed) {
                0 => Duration::from_secs(60 * 60),
                _ => Duration::from_nanos(1),
            }
        })
    }
}

pub(super) fn filters(bounds: &Bounds) -> Filters {
    Filters::new()
        .limit("logs/*", Limit::count(LIMITS[0].1))
        .limit("tail/*", Limit::count(LIMITS[1].1).oldest_first())
        .limit("aged/*", bounds.limit())
        .read_list("feed/*", |context, object| match seen(name(context), object) {
            None => Seen::Hidden,
            Some(data) => Seen::As(json(data)),
        })
        .read_object("card", |context, object| {
            Ok(match object.map(|object| seen(name(context), object)) {
                None => Seen::Whole,
                Some(None) => Seen::Hidden,
                Some(Some(data)) => Seen::As(json(data)),
            })
        })
        .read_whole_list("top/*", |context, mut objects| {
            top(name(context), &mut objects);
            Ok(objects)
        })
}

pub(super) fn identity(name: &str) -> Identity {
    if name.is_empty() { Identity::anonymous() } else { Identity::account(name, [""; 0]) }
}

fn name(context: &Context) -> &str {
    context.identity.name().unwrap_or_default()
}

/// What somebody sees of an object that is filtered by itself: Ann no ones, Bob no twos, nobody in
/// particular neither, and each their own threes.
fn seen(name: &str, object: &Object) -> Option<Value> {
    let data = object.data.to_value();
    match (data.as_u64(), name) {
        (Some(1), "ann" | "") | (Some(2), "bob" | "") => None,
        (Some(3), name) => Some(json!(format!("for {name}"))),
        _ => Some(data),
    }
}

/// What somebody sees of a list that is filtered as a whole: Ann the newest two, Bob what is
/// smallest first.
fn top(name: &str, objects: &mut Vec<Arc<Object>>) {
    match name {
        "ann" => objects.truncate(2),
        "bob" => objects.sort_by_key(|object| object.data.as_str().to_owned()),
        _ => {}
    }
}

/// Whether what is seen may depend on who looks.
pub(super) fn is_personal(watched: &str) -> bool {
    ["feed/1", "top/1", "card"].iter().any(|at| glob(watched).matches(&key(at)))
}

/// Whether it may be told as a whole that a list has changed its order.
pub(super) fn is_whole(watched: &str) -> bool {
    watched == "top/*"
}

/// The document that `name` has of `watched` when `objects` are stored.
pub(super) fn document<'a>(
    name: &str,
    watched: &Glob,
    objects: impl Iterator<Item = &'a Arc<Object>>,
) -> Value {
    let named = objects.filter(|object| watched.matches(&object.key));
    let mut named: Vec<_> = named.filter_map(|object| one(name, object)).collect();
    if !watched.is_list() {
        let empty = || serde_json::from_str(EMPTY_OBJECT).unwrap();
        return named.first().map_or_else(empty, |object| value(object));
    }
    named.sort_by(|a, b| (b.created, &a.key).cmp(&(a.created, &b.key)));
    match watched.as_str() {
        "tail/*" => named.reverse(),
        "top/*" => top(name, &mut named),
        _ => {}
    }
    named.iter().map(|object| value(object)).collect()
}

/// What is seen of an object by itself.
fn one(name: &str, object: &Arc<Object>) -> Option<Arc<Object>> {
    let is_filtered = |key: &Key| key.as_str() == "card" || key.as_str().starts_with("feed/");
    if !is_filtered(&object.key) {
        return Some(Arc::clone(object));
    }
    let data = json(seen(name, object)?);
    Some(Arc::new(Object { data, ..Object::clone(object) }))
}

fn value(object: &Object) -> Value {
    json!({
        "created": object.created,
        "updated": object.updated,
        "index": object.key.index(),
        "path": object.key.as_str(),
        "data": object.data.to_value(),
    })
}
