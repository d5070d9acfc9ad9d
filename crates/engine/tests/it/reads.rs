//! What read filters hide and rewrite, and for whom.

use std::sync::Arc;

use monoxide_engine::{Condition, Context, Denied, Engine, Error, Filters, Patch, Seen};
use monoxide_protocol::{Message, Object};
use serde_json::{Value, json};

use crate::{
    Follower, account, client, data, filtered, glob, json, key, listed, operations, settle, truth,
};

/// What is hidden is so for everybody but who hid it.
fn visible(context: &Context, object: &Object) -> Seen {
    match object.data.to_value().get("by") {
        Some(by) if by.as_str() != context.identity.name() => Seen::Hidden,
        _ => Seen::Whole,
    }
}

fn feed() -> Engine {
    filtered(Filters::new().open("open/*").read_list("feed/*", visible))
}

fn hidden() -> Value {
    json!({"by": "ann"})
}

/// Q8 of ooo's quirks: it sent the hidden object itself, at `/-1`.
#[tokio::test]
async fn an_object_that_becomes_hidden_leaves_and_one_that_becomes_visible_enters() {
    let engine = feed();
    for n in 1..=3 {
        engine.set(key(&format!("feed/{n}")), json(n)).await.unwrap();
    }
    let mut list = Follower::by(&client(&engine), "feed/*").await;
    let mut wide = Follower::by(&client(&engine), "*/*").await;
    let mut one = Follower::by(&client(&engine), "feed/2").await;
    list.start().await;
    wide.start().await;
    one.start().await;

    engine.set(key("feed/2"), json(hidden())).await.unwrap();
    assert_eq!(operations(&list.hear().await), ["remove /1"]);
    assert_eq!(operations(&wide.hear().await), ["remove /1"]);
    one.hear().await;
    assert_eq!(
        one.document(),
        &serde_json::from_str::<Value>(monoxide_protocol::EMPTY_OBJECT).unwrap()
    );

    engine.set(key("feed/2"), json(hidden())).await.unwrap();
    settle(&engine).await;
    assert!(list.hear_now().is_none() && wide.hear_now().is_none() && one.hear_now().is_none());

    engine.set(key("feed/2"), json(5)).await.unwrap();
    assert_eq!(operations(&list.hear().await), ["add /1"]);
    assert_eq!(operations(&wide.hear().await), ["add /1"]);
    assert_eq!(operations(&one.hear().await), ["snapshot"]);
    assert_eq!(list.document(), &truth(&engine, &glob("feed/*")));
}

/// Q13 of ooo's quirks: a hidden object could be read by its key.
#[tokio::test]
async fn what_is_hidden_is_as_if_it_were_not_there() {
    let engine = feed();
    engine.set(key("feed/1"), json(hidden())).await.unwrap();
    let (ann, bob) = (account(&engine, "ann"), account(&engine, "bob"));

    assert!(matches!(bob.get(&key("feed/1")), Err(Error::NotFound)));
    assert!(matches!(client(&engine).get(&key("feed/1")), Err(Error::NotFound)));
    for text in ["feed/*", "*/*", "*/1"] {
        assert_eq!(listed(&bob, text), [Value::Null; 0], "`{text}`");
        assert_eq!(listed(&ann, text), [hidden()], "`{text}`");
        let mut watching = Follower::by(&bob, text).await;
        assert_eq!(watching.start().await, &json!([]), "`{text}`");
    }
    let mut watching = Follower::by(&bob, "feed/1").await;
    assert_eq!(watching.start().await["created"], 0);
    assert_eq!(Follower::by(&ann, "feed/1").await.start().await["data"], hidden());
    assert_eq!(crate::read_keys(&engine).await["data"], json!({}), "nor is it counted");
}

#[tokio::test]
async fn a_patch_does_not_tell_what_is_in_an_object_that_is_hidden() {
    let engine = feed();
    engine.set(key("feed/1"), json(json!({"by": "ann", "a": {"b": 1}}))).await.unwrap();
    engine.set(key("open/1"), json(1)).await.unwrap();
    let (ann, bob) = (account(&engine, "ann"), account(&engine, "bob"));
    let test: Value = json!([{"op": "test", "path": "/a/b", "value": 1}]);
    let asking = Patch::JsonPatch(serde_json::from_value(test).unwrap());
    let failing = crate::merge(json!({"a": 5}));

    for patch in [&asking, &failing] {
        let patched = bob.patch(&key("feed/1"), patch, &Condition::Always).await;
        assert!(matches!(patched, Err(Error::NotFound)));
    }
    let exists = bob.patch(&key("feed/1"), &crate::merge(json!({})), &Condition::Exists).await;
    assert!(matches!(exists, Err(Error::NotFound)));
    assert_eq!(bob.all_keys(), [key("open/1")], "nor is its key told");

    assert_eq!(ann.all_keys(), [key("feed/1"), key("open/1")]);
    ann.patch(&key("feed/1"), &asking, &Condition::Always).await.unwrap();
}

#[tokio::test]
async fn the_object_filter_comes_first_and_the_list_filter_sees_what_it_made() {
    let filters = Filters::new()
        .read_object("n/*", |_, object: Option<&Object>| match object {
            Some(it) if it.data == json("locked") => Err(Denied::new("locked")),
            Some(_) => Ok(Seen::As(json("rewritten"))),
            None => Ok(Seen::Whole),
        })
        .read_whole_list("n/*", |_, objects: Vec<Arc<Object>>| {
            assert!(objects.iter().all(|it| it.data == json("rewritten")));
            // Twice is once.
            Ok(objects.iter().chain(&objects).cloned().collect())
        });
    let engine = filtered(filters);
    let mut all = Follower::of(&engine, "n/*").await;
    let mut wide = Follower::of(&engine, "*/*").await;
    all.start().await;
    wide.start().await;
    engine.set(key("n/1"), json(1)).await.unwrap();
    engine.set(key("n/2"), json(2)).await.unwrap();
    engine.set(key("n/1"), json("locked")).await.unwrap();

    let heard = [all.hear().await, all.hear().await, all.hear().await];
    let heard: Vec<_> = heard.iter().flat_map(operations).collect();
    assert_eq!(heard, ["add /0", "add /0", "remove /1"]);
    assert_eq!(data(all.document()), ["rewritten"]);
    assert_eq!(listed(&client(&engine), "*/*"), [json!("rewritten")]);
    let refused = engine.get(&key("n/1")).unwrap_err();
    assert_eq!(refused.to_string(), "locked");
    assert!(engine.subscribe(glob("n/1"), None).await.is_err());
    engine.delete_all(&glob("n/*")).await.unwrap();
    assert_eq!(operations(&all.hear().await), ["snapshot"]);
}

#[tokio::test]
async fn what_one_filter_hides_a_filter_of_a_wider_list_is_not_told_of() {
    let filters =
        Filters::new().read_list("feed/*", visible).read_whole_list("*/*", |_, all| Ok(all));
    let engine = filtered(filters);
    engine.set(key("feed/1"), json(hidden())).await.unwrap();
    engine.set(key("other/1"), json(1)).await.unwrap();
    assert_eq!(listed(&client(&engine), "*/*"), [json!(1)]);
    assert_eq!(data(Follower::of(&engine, "*/*").await.start().await), [1]);
}

#[tokio::test]
async fn only_what_a_read_filter_is_about_has_a_topic_for_each_identity() {
    let engine = feed();
    let (ann, bob) = (account(&engine, "ann"), account(&engine, "bob"));
    let topics = async |text: &str| {
        let _watching = (Follower::by(&ann, text).await, Follower::by(&bob, text).await);
        let topics = engine.topics().await.unwrap();
        topics.iter().filter(|topic| topic.watched == glob(text).into()).count()
    };
    assert_eq!(topics("open/*").await, 1);
    assert_eq!(topics("open/1").await, 1);
    assert_eq!(topics("feed/*").await, 2);
    assert_eq!(topics("feed/1").await, 2);
    assert_eq!(topics("*/*").await, 2);
}

#[tokio::test]
async fn whoever_comes_back_as_somebody_else_gets_a_snapshot_and_as_the_same_what_it_missed() {
    let engine = feed();
    let (ann, bob) = (account(&engine, "ann"), account(&engine, "bob"));
    let (mut by_ann, mut by_bob) =
        (Follower::by(&ann, "feed/*").await, Follower::by(&bob, "feed/*").await);
    by_ann.start().await;
    by_bob.start().await;
    engine.set(key("feed/1"), json(hidden())).await.unwrap();
    // Both are told of this one.
    engine.set(key("feed/2"), json(2)).await.unwrap();
    by_ann.hear().await;
    let since = by_ann.hear().await.version();
    by_bob.hear().await;
    engine.set(key("feed/3"), json(3)).await.unwrap();

    let first = async |session: &monoxide_engine::Session| {
        let mut back = session.subscribe(glob("feed/*"), Some(since)).await.unwrap();
        let frame = back.next().await.unwrap();
        Message::decode(std::str::from_utf8(&frame).unwrap()).unwrap()
    };
    assert_eq!(operations(&first(&ann).await), ["add /0"]);
    assert_eq!(operations(&first(&bob).await), ["snapshot"]);
}

#[tokio::test]
async fn what_is_not_broadcast_is_told_to_nobody_and_read_by_everybody_who_comes() {
    let engine = Engine::builder().no_broadcast([glob("quiet/*"), glob("n")]).start().unwrap();
    let (mut quiet, mut wide) =
        (Follower::of(&engine, "quiet/*").await, Follower::of(&engine, "*/*").await);
    let mut single = Follower::of(&engine, "n").await;
    quiet.start().await;
    wide.start().await;
    single.start().await;

    engine.set(key("n"), json(1)).await.unwrap();
    engine.set(key("quiet/1"), json(1)).await.unwrap();
    engine.set(key("loud/1"), json(2)).await.unwrap();
    assert_eq!(data(Follower::of(&engine, "quiet/*").await.start().await), [1]);
    assert_eq!(data(Follower::of(&engine, "*/*").await.start().await), [2, 1]);
    assert_eq!(Follower::of(&engine, "n").await.start().await["data"], 1);
    engine.delete_all(&glob("quiet/*")).await.unwrap();
    engine.delete_all(&glob("*/*")).await.unwrap();
    settle(&engine).await;

    assert_eq!(operations(&wide.hear().await), ["add /0"]);
    assert_eq!(operations(&wide.hear().await), ["remove /0"]);
    assert!(quiet.hear_now().is_none() && wide.hear_now().is_none() && single.hear_now().is_none());
}

#[tokio::test]
async fn without_patches_every_message_is_the_whole() {
    let engine = Engine::builder().no_patch(true).start().unwrap();
    let mut all = Follower::of(&engine, "n/*").await;
    all.start().await;
    engine.set(key("n/1"), json(1)).await.unwrap();
    assert_eq!(operations(&all.hear().await), ["snapshot"]);
    assert_eq!(all.document(), &truth(&engine, &glob("n/*")));
}

#[tokio::test]
async fn in_a_static_engine_only_covered_keys_are_in_the_document_of_keys() {
    let engine = filtered(Filters::new().open("open/*").write_only("in/*").only_these());
    for at in ["open/1", "in/1", "n"] {
        engine.set(key(at), json(1)).await.unwrap();
    }
    assert_eq!(crate::read_keys(&engine).await["data"], json!({"open/*": {"count": 1}}));
}

#[tokio::test]
async fn a_typed_read_filter_shows_what_it_gives_and_hides_what_is_not_of_its_type() {
    #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
    struct Post {
        text: String,
        #[serde(default)]
        is_draft: bool,
    }
    let published = |_: &Context, post: Post| (!post.is_draft).then_some(post);
    let shouted = |_: &Context, post: Option<Post>| {
        Ok(post.map(|post| Post { text: post.text.to_uppercase(), ..post }))
    };
    let filters =
        Filters::new().read_list_as("posts/*", published).read_object_as("motto", shouted);
    let engine = filtered(filters);
    engine.set(key("posts/1"), json(json!({"text": "a"}))).await.unwrap();
    engine.set(key("posts/2"), json(json!({"text": "b", "is_draft": true}))).await.unwrap();
    engine.set(key("posts/3"), json("no post")).await.unwrap();

    let reader = client(&engine);
    assert_eq!(listed(&reader, "posts/*"), [json!({"text": "a", "is_draft": false})]);
    assert!(matches!(reader.get(&key("posts/3")), Err(Error::NotFound)));
    assert!(matches!(reader.get(&key("motto")), Err(Error::NotFound)));
    engine.set(key("motto"), json(json!({"text": "live"}))).await.unwrap();
    assert_eq!(reader.get(&key("motto")).unwrap().data.to_value()["text"], "LIVE");
}
