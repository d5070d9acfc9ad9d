//! Parts of lists: what is in them, and who sees it.

use std::sync::Arc;

use monoxide_engine::{Engine, Filters, Limit, Listing, Seen};
use monoxide_protocol::{By, Object, Order, Range, Rank};
use proptest::prelude::*;
use serde_json::json;

use crate::{account, client, engine, filtered, glob, json, key};

/// The part as it is worked out from the whole list, simply.
fn expected(mut all: Vec<Arc<Object>>, range: &Range) -> (usize, Vec<Arc<Object>>) {
    let words: Vec<_> = range.find.split_whitespace().map(str::to_lowercase).collect();
    all.retain(|object| {
        let text = format!("{} {}", object.key, object.data.to_value()["t"]).to_lowercase();
        words.iter().all(|word| text.contains(word))
    });
    if let Some(Order { by, is_descending }) = &range.order {
        all.sort_by(|one, other| {
            let order = match by {
                By::Created => one.created.cmp(&other.created),
                By::Updated => one.updated.max(one.created).cmp(&other.updated.max(other.created)),
                By::Key => one.key.cmp(&other.key),
                By::Data(at) => {
                    let [one, other] = [one, other].map(|it| Rank::of(&it.data, at));
                    let missing = one.is_nothing().cmp(&other.is_nothing());
                    let order = one.cmp(&other);
                    return missing.then(if *is_descending { order.reverse() } else { order });
                }
            };
            if *is_descending { order.reverse() } else { order }
        });
    }
    (all.len(), all.into_iter().skip(range.from).take(range.limit).collect())
}

#[track_caller]
fn check(listing: &Listing, all: &[Arc<Object>], range: &Range) {
    let (matching, objects) = expected(all.to_vec(), range);
    let page = listing.page(range);
    assert_eq!((page.total, page.matching, page.from), (all.len(), matching, range.from));
    let keys = |objects: &[Arc<Object>]| -> Vec<_> {
        objects.iter().map(|object| object.key.clone()).collect()
    };
    assert_eq!(keys(&page.objects), keys(&objects), "{range}");
}

fn range() -> impl Strategy<Value = Range> {
    let by = prop_oneof![
        Just(By::Created),
        Just(By::Updated),
        Just(By::Key),
        Just(By::Data("/n".to_owned())),
        Just(By::Data("/t".to_owned())),
    ];
    let order = (by, any::<bool>()).prop_map(|(by, is_descending)| Order { by, is_descending });
    let find = prop_oneof![Just(""), Just("a"), Just("B a"), Just("a/1")];
    (prop::option::of(order), find, 0..30_usize, 1..60_usize).prop_map(
        |(order, find, from, limit)| {
            let find = find.to_owned();
            Range { order, find, from, limit, ..Range::of(glob("a/*")) }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is written, and whether somebody watches or not, a part is what a reader of the
    /// whole list would cut out of it.
    #[test]
    fn a_part_is_what_one_would_cut_out_of_the_whole_list(
        writes in prop::collection::vec((0..40_u8, 0..5_u8, "[abc]{0,3}", 0..6_u8), 0..80),
        ranges in prop::collection::vec(range(), 1..6),
        oldest_first in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let limit = Limit::count(1000);
            let limit = if oldest_first { limit.oldest_first() } else { limit };
            let engine = filtered(Filters::new().limit("a/*", limit));
            let mut watched = engine.subscribe(glob("a/*"), None).await.unwrap();
            for (nth, n, t, kind) in writes {
                let key = key(&format!("a/{nth}"));
                match kind {
                    0 => _ = engine.delete(&key).await,
                    1 => _ = engine.set(key, json(json!({ "t": t }))).await.unwrap(),
                    _ => _ = engine.set(key, json(json!({ "n": n, "t": t }))).await.unwrap(),
                }
            }
            let all = engine.list(&glob("a/*")).unwrap();
            // What is asked of the hub comes after the commits.
            engine.stats().await.unwrap();
            watched.changed().await.unwrap();
            let listings = [
                watched.listing().await.unwrap(),
                client(&engine).listing(&glob("a/*")).await.unwrap(),
                // Nobody watches this one.
                client(&engine).listing(&glob("*/*")).await.unwrap(),
            ];
            for range in &ranges {
                listings.iter().take(2).for_each(|listing| check(listing, &all, range));
            }
            let newest_first = engine.list(&glob("*/*")).unwrap();
            ranges.iter().for_each(|range| check(&listings[2], &newest_first, range));
        });
    }
}

#[tokio::test]
async fn a_part_shows_each_only_what_the_whole_list_shows_them() {
    let own = Filters::new().read_list("a/*", |context, object| {
        let name = context.identity.name().unwrap_or("nobody");
        if object.data.as_str().contains(name) { Seen::Whole } else { Seen::Hidden }
    });
    let engine = filtered(own);
    for (nth, name) in ["ann", "bob", "ann"].into_iter().enumerate() {
        engine.set(key(&format!("a/{nth}")), json(name)).await.unwrap();
    }

    for is_watched in [false, true] {
        let mut others = Vec::new();
        for (name, count) in [("ann", 2), ("bob", 1), ("cleo", 0)] {
            let session = account(&engine, name);
            if is_watched {
                others.push(session.subscribe(glob("a/*"), None).await.unwrap());
            }
            let listing = session.listing(&glob("a/*")).await.unwrap();
            assert_eq!(listing.len(), count, "{name}");
            let mut range = Range::of(glob("a/*"));
            range.find = "b".to_owned();
            let expected = usize::from(name == "bob");
            assert_eq!(
                listing.page(&range).matching,
                expected,
                "nobody finds what they may not see"
            );
        }
    }
}

#[tokio::test]
async fn where_only_filters_open_a_list_no_part_of_another_is_read() {
    let engine: Engine = filtered(Filters::new().only_these().open("a/*"));
    engine.set(key("b/1"), json(1)).await.unwrap();
    assert!(client(&engine).listing(&glob("b/*")).await.is_err());
    assert!(client(&engine).listing(&glob("a/*")).await.is_ok());
}

#[tokio::test]
async fn a_reader_of_parts_leaves_nothing_behind() {
    let engine = engine();
    engine.set(key("a/1"), json(1)).await.unwrap();
    client(&engine).listing(&glob("a/*")).await.unwrap();
    assert!(engine.topics().await.unwrap().is_empty());
}
