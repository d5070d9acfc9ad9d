//! What filters let be written and deleted, and by whom.

use std::sync::{Arc, Mutex};

use monoxide_engine::{Condition, Context, Denied, Error, FilterError, Filters, Limit};
use monoxide_protocol::Json;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{account, client, filtered, glob, json, key, list, merge, settle};

fn refuse(text: &'static str) -> impl Fn(&Context, Json) -> Result<Json, Denied> {
    move |_, _| Err(Denied::new(text))
}

fn pass(_: &Context, data: Json) -> Result<Json, Denied> {
    Ok(data)
}

/// A filter that notes the paths it is asked about.
fn noting(paths: &Arc<Mutex<Vec<String>>>) -> impl Fn(&Context) + Send + Sync + 'static {
    let paths = Arc::clone(paths);
    move |context| paths.lock().unwrap().push(context.path.to_string())
}

#[tokio::test]
async fn a_write_filter_changes_what_is_stored_or_refuses_it() {
    let checked = |_: &Context, data: Json| match data.to_value() {
        Value::Number(n) => Ok(json(json!({ "n": n }))),
        _ => Err(Denied::new("a number is wanted")),
    };
    let engine = filtered(Filters::new().write("n/*", checked));

    engine.set(key("n/1"), json(1)).await.unwrap();
    let refused = engine.set(key("n/2"), json("x")).await.unwrap_err();

    assert_eq!(engine.get(&key("n/1")).unwrap().data, json(json!({"n": 1})));
    assert_eq!(refused.to_string(), "a number is wanted");
    assert!(matches!(refused, Error::Denied(_)));
    assert!(matches!(engine.get(&key("n/2")), Err(Error::NotFound)));
}

#[tokio::test]
async fn of_the_filters_that_match_the_first_of_its_kind_decides() {
    let filters = Filters::new()
        .write("n/1", pass)
        .write("n/*", refuse("second"))
        .write("*/*", refuse("third"))
        .write("*/3", pass)
        .delete("n/*", |_| Err(Denied::new("kept")))
        .open("n/*");
    let engine = filtered(filters);

    engine.set(key("n/1"), json(1)).await.unwrap();
    let say = async |at: &str| engine.set(key(at), json(1)).await.unwrap_err().to_string();
    assert_eq!(say("n/2").await, "second");
    assert_eq!(say("m/3").await, "third", "an exact one does not win by being exact");
    engine.set(key("elsewhere"), json(1)).await.unwrap();
    assert_eq!(engine.delete(&key("n/1")).await.unwrap_err().to_string(), "kept");
}

#[tokio::test]
async fn a_push_is_filtered_and_told_by_the_path_of_its_list() {
    let (written, told) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let note = noting(&written);
    let filters = Filters::new()
        .write("n/*", move |context, data| {
            note(context);
            Ok(data)
        })
        .after_write("n/*", noting(&told));
    let engine = filtered(filters);

    engine.push(&list("n/*"), json(1)).await.unwrap();
    engine.set(key("n/1"), json(1)).await.unwrap();
    engine.patch(&key("n/1"), &merge(json!({}))).await.unwrap_err();
    engine.set(key("n/1"), json(json!({}))).await.unwrap();
    engine.patch(&key("n/1"), &merge(json!({}))).await.unwrap();
    engine.delete(&key("n/1")).await.unwrap();

    assert_eq!(*written.lock().unwrap(), ["n/*", "n/1", "n/1", "n/1"]);
    assert_eq!(*told.lock().unwrap(), ["n/*", "n/1", "n/1", "n/1"], "not of deletes");
}

#[tokio::test]
async fn a_patch_is_filtered_as_the_whole_it_makes() {
    let complete = |_: &Context, data: Json| match data.to_value().get("name") {
        Some(_) => Ok(data),
        None => Err(Denied::new("name required")),
    };
    let engine = filtered(Filters::new().write("n", complete));
    engine.set(key("n"), json(json!({"name": "x"}))).await.unwrap();

    engine.patch(&key("n"), &merge(json!({"age": 1}))).await.unwrap();
    assert_eq!(engine.get(&key("n")).unwrap().data, json(json!({"age": 1, "name": "x"})));

    let removes = monoxide_engine::Patch::MergePatch(json!({"name": null}));
    let refused = engine.patch(&key("n"), &removes).await.unwrap_err();
    assert_eq!(refused.to_string(), "name required");
}

/// The filter sees `now`, then somebody else writes, and the filter is asked again.
#[tokio::test]
async fn a_patch_that_another_write_overtook_is_worked_out_again() {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let waits = {
        let (asked, go, seen) = (Arc::clone(&asked), Arc::clone(&go), Arc::clone(&seen));
        move |context: Context, data: Json| {
            let (asked, go, seen) = (Arc::clone(&asked), Arc::clone(&go), Arc::clone(&seen));
            async move {
                if context.identity.name().is_some() {
                    seen.lock().unwrap().push(data.to_value());
                    asked.notify_one();
                    go.notified().await;
                }
                Ok(data)
            }
        }
    };
    let engine = filtered(Filters::new().write_async("n", waits));
    engine.set(key("n"), json(json!({"a": 0}))).await.unwrap();
    let ann = account(&engine, "ann");
    let patching = tokio::spawn(async move {
        ann.patch(&key("n"), &merge(json!({"b": 1})), &Condition::Always).await
    });

    // Five times: also when its patience is over and it waits in line.
    for n in 1..=5 {
        asked.notified().await;
        engine.set(key("n"), json(json!({ "a": n }))).await.unwrap();
        go.notify_one();
    }
    asked.notified().await;
    go.notify_one();

    patching.await.unwrap().unwrap();
    assert_eq!(engine.get(&key("n")).unwrap().data, json(json!({"a": 5, "b": 1})));
    let expect: Vec<Value> = (0..=5).map(|n| json!({"a": n, "b": 1})).collect();
    assert_eq!(*seen.lock().unwrap(), expect);
}

#[tokio::test]
async fn what_a_filter_makes_has_to_be_json() {
    let bad = |_: &Context, _: Json| Ok(Json::parse(b"notjson")?);
    let engine = filtered(Filters::new().write("bad", bad));
    let refused = engine.set(key("bad"), json(1)).await.unwrap_err();
    assert!(matches!(refused, Error::FilterResult(path) if path == glob("bad")));
}

#[tokio::test]
async fn a_typed_filter_refuses_what_is_not_of_its_type() {
    #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
    struct Book {
        title: String,
    }
    let trimmed = |_: &Context, book: Book| Ok(Book { title: book.title.trim().to_owned() });
    let engine = filtered(Filters::new().write_as("books/*", trimmed));

    engine.set(key("books/1"), json(json!({"title": " Emma "}))).await.unwrap();
    let refused = engine.set(key("books/2"), json(json!({"name": 1}))).await.unwrap_err();

    assert_eq!(engine.get(&key("books/1")).unwrap().data, json(json!({"title": "Emma"})));
    assert!(matches!(refused, Error::Denied(_)), "{refused}");
    let schema = engine.filters()[0].schema.clone().unwrap();
    assert_eq!(schema["properties"]["title"]["type"], "string");
}

#[tokio::test]
async fn a_filter_that_waits_holds_nobody_up_and_a_write_given_up_is_not_done() {
    let asked = Arc::new(Notify::new());
    let never = {
        let asked = Arc::clone(&asked);
        move |_: Context, _: Json| {
            asked.notify_one();
            std::future::pending()
        }
    };
    let engine = filtered(Filters::new().write_async("slow", never));
    let slow = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.set(key("slow"), json(1)).await })
    };
    asked.notified().await;

    engine.set(key("quick"), json(1)).await.unwrap();
    assert!(matches!(engine.get(&key("slow")), Err(Error::NotFound)));
    engine.delete(&key("quick")).await.unwrap();

    // What a deadline does.
    slow.abort();
    assert!(slow.await.unwrap_err().is_cancelled());
    assert!(matches!(engine.get(&key("slow")), Err(Error::NotFound)));
}

#[tokio::test]
async fn a_write_given_up_after_it_was_done_stands() {
    let reached = Arc::new(Notify::new());
    let never = {
        let reached = Arc::clone(&reached);
        move |_: Context| {
            reached.notify_one();
            std::future::pending()
        }
    };
    let engine = filtered(Filters::new().after_write_async("n", never));
    let writing = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.set(key("n"), json(1)).await })
    };
    reached.notified().await;
    assert!(!writing.is_finished(), "the writer waits for the hook");

    writing.abort();
    assert!(writing.await.unwrap_err().is_cancelled());

    assert_eq!(engine.get(&key("n")).unwrap().data, json(1));
}

#[tokio::test]
async fn filters_and_hooks_may_write() {
    let home = Arc::new(Mutex::new(None::<monoxide_engine::Engine>));
    let write = |at: &'static str| {
        let home = Arc::clone(&home);
        move || {
            let engine = home.lock().unwrap().clone().unwrap();
            async move { _ = engine.set(key(at), json(1)).await.unwrap() }
        }
    };
    let (before, after) = (write("log/before"), write("log/after"));
    let filters = Filters::new()
        .write_async("n", move |_, data| {
            let written = before();
            async {
                written.await;
                Ok(data)
            }
        })
        .after_write_async("n", move |_| after());
    let engine = filtered(filters);
    *home.lock().unwrap() = Some(engine.clone());

    engine.set(key("n"), json(1)).await.unwrap();

    assert_eq!(engine.list(&glob("log/*")).unwrap().len(), 2);
}

#[tokio::test]
async fn a_panic_in_a_filter_or_a_hook_hurts_only_who_asked() {
    let filters = Filters::new()
        .write("now", |_, _| panic!("in a filter"))
        .write_async("made", |_, _| -> std::future::Ready<Result<Json, Denied>> {
            panic!("before it waits")
        })
        .write_async("later", |_, _| async { panic!("after it waited") })
        .delete("kept", |_| panic!("in a delete filter"))
        .after_write("told", |_| panic!("in a hook"))
        .read_object("seen", |_, _| panic!("in a read filter"))
        .limit("many/*", Limit::count_by(|| panic!("in a limit")));
    let engine = filtered(filters);
    let mut all = crate::Follower::of(&engine, "*").await;
    all.start().await;

    for at in ["now", "made", "later", "many/1"] {
        let error = engine.set(key(at), json(1)).await.unwrap_err();
        assert!(matches!(error, Error::Panicked(_)), "`{at}`: {error}");
    }
    engine.set(key("kept"), json(1)).await.unwrap();
    assert!(matches!(engine.delete(&key("kept")).await, Err(Error::Panicked(_))));
    engine.set(key("told"), json(1)).await.expect("it was done before the hook was told");
    engine.set(key("seen"), json(1)).await.unwrap();
    assert!(matches!(engine.get(&key("seen")), Err(Error::Panicked(_))));

    engine.set(key("fine"), json("fine")).await.unwrap();
    let data = |document: &Value| crate::data(document).into_iter().cloned().collect::<Vec<_>>();
    while data(all.document()) != [json!("fine"), json!(1), json!(1)] {
        all.hear().await;
    }
}

#[tokio::test]
async fn what_no_filter_covers_is_closed_to_clients_and_open_to_the_program() {
    let engine =
        filtered(Filters::new().open("open/*").write_only("in/*").read_only("out/*").only_these());
    let client = client(&engine);
    let always = Condition::Always;
    let covered = |error: &Error| !matches!(error, Error::NoFilter(_));
    let set = async |at: &str| client.set(&key(at), json(1), &always).await;

    assert!(matches!(set("n").await, Err(Error::NoFilter(Some(path))) if path == glob("n")));
    assert!(matches!(set("open/1/2").await, Err(Error::NoFilter(_))), "depth counts");
    assert!(matches!(set("out/1").await, Err(Error::NoFilter(_))));
    set("open/1").await.unwrap();
    set("in/1").await.unwrap();
    client.push(&list("open/*"), json(1)).await.unwrap();
    assert!(matches!(client.push(&list("n/*"), json(1)).await, Err(Error::NoFilter(_))));

    engine.set(key("n"), json(json!({}))).await.unwrap();
    engine.set(key("out/1"), json(json!({}))).await.unwrap();
    assert!(matches!(client.get(&key("n")), Err(Error::NoFilter(None))));
    assert!(matches!(client.get(&key("in/1")), Err(Error::NoFilter(None))));
    assert!(matches!(client.list(&glob("*")), Err(Error::NoFilter(None))));
    assert!(matches!(client.list(&glob("*/*")), Err(Error::NoFilter(None))), "wider than covered");
    client.get(&key("out/1")).expect("a filter for a list opens its objects");
    for at in ["n", "in/1", "*", "*/*", "in/*"] {
        let refused = client.subscribe(glob(at), None).await.unwrap_err();
        assert!(matches!(refused, Error::NoFilter(None)), "`{at}`");
    }
    for at in ["open/1", "open/*", "out/1", "out/missing", "out/*"] {
        client.subscribe(glob(at), None).await.unwrap();
    }

    let patch = async |at: &str| client.patch(&key(at), &merge(json!({})), &always).await;
    assert!(matches!(patch("n").await, Err(Error::NoFilter(Some(_)))));
    assert!(matches!(patch("missing").await, Err(Error::NotFound)), "existence comes first");
    assert!(matches!(client.delete(&key("n"), &always).await, Err(Error::NoFilter(Some(_)))));
    assert!(client.delete_all(&glob("*/*")).await.is_err_and(|error| !covered(&error)));
    client.delete(&key("open/1"), &always).await.unwrap();

    assert_eq!(engine.list(&glob("*/*")).unwrap().len(), 3, "the program sees everything");
    engine.delete_all(&glob("in/*")).await.unwrap();
}

#[tokio::test]
async fn a_wider_glob_is_no_way_around_a_delete_filter() {
    let guarded = |context: &Context| match context.path.as_str().ends_with("/free") {
        true => Ok(()),
        false => Err(Denied::new("guarded")),
    };
    let filters = Filters::new().delete("guarded/*", guarded).delete_open("*/*").open("a/b/*");
    let engine = filtered(filters);
    for at in ["guarded/1", "guarded/free", "other/1", "a/b/c"] {
        engine.set(key(at), json(1)).await.unwrap();
    }

    for at in ["guarded/*", "*/*", "*/1"] {
        assert_eq!(
            engine.delete_all(&glob(at)).await.unwrap_err().to_string(),
            "guarded",
            "`{at}`"
        );
    }
    assert_eq!(engine.list(&glob("*/*")).unwrap().len(), 3);

    engine.delete_all(&glob("other/*")).await.unwrap();
    engine.delete_all(&glob("*/free")).await.unwrap();
    engine.delete_all(&glob("*/*/*")).await.unwrap();
    let left: Vec<_> = engine.all_keys().iter().map(ToString::to_string).collect();
    assert_eq!(left, ["guarded/1"]);
}

#[tokio::test]
async fn a_filter_sees_who_asks() {
    let own = |context: &Context, data: Json| match context.identity.name() {
        Some("ann") => Ok(data),
        _ => Err(Denied::new("only ann")),
    };
    let engine = filtered(Filters::new().write("n", own));
    let set = async |session: monoxide_engine::Session| {
        session.set(&key("n"), json(1), &Condition::Always).await
    };
    assert!(set(account(&engine, "bob")).await.is_err());
    assert!(set(client(&engine)).await.is_err());
    set(account(&engine, "ann")).await.unwrap();
    settle(&engine).await;
}

#[test]
fn filters_that_cannot_be_used_are_refused_at_the_start() {
    #[track_caller]
    fn check(filters: Filters, expect: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _inside = runtime.enter();
        let error = monoxide_engine::Engine::builder().filters(filters).start().unwrap_err();
        let Error::Filter(error) = error else { panic!("{error}") };
        assert_eq!(error.to_string(), expect);
    }
    let minute = std::time::Duration::from_secs(60);
    let fine = || Limit::count(1);
    check(Filters::new().limit("n", fine()), "the limit on `n` needs a path that ends in `*`");
    check(Filters::new().limit("*/n", fine()), "the limit on `*/n` needs a path that ends in `*`");
    let zero = "the limit on `n/*` is zero, so it would keep nothing";
    check(Filters::new().limit("n/*", Limit::count(0)), zero);
    check(Filters::new().limit("n/*", Limit::age(std::time::Duration::ZERO)), zero);
    check(
        Filters::new().limit("n/*", fine().clean_up(minute - std::time::Duration::from_nanos(1))),
        "the limit on `n/*` is to be cleaned up more often than once a minute",
    );
    check(Filters::new().about("nothing"), &FilterError::NothingToDescribe.to_string());
    let path = monoxide_protocol::Glob::parse("a//b").unwrap_err();
    check(Filters::new().open("a//b").open("fine"), &FilterError::Path(path).to_string());
}

#[tokio::test]
async fn the_filters_of_a_path_are_listed_once_with_what_they_are_for() {
    let filters = Filters::new()
        .open("books/*")
        .about("books")
        .after_write("books/*", |_| {})
        .about("counts")
        .read_only("out/*")
        .limit("logs/*", Limit::count(3).oldest_first())
        .about("the last three");
    let engine = filtered(filters);

    let [books, out, logs] = engine.filters() else { panic!("one entry for each path") };
    assert_eq!(books.about_write.as_deref(), Some("books"));
    assert_eq!(books.about_after_write.as_deref(), Some("counts"));
    assert!(books.can_read && books.can_write && books.can_delete);
    assert!(out.can_read && !out.can_write && !out.can_delete);
    assert_eq!(logs.about_limit.as_deref(), Some("the last three"));
    assert_eq!(logs.limit.as_ref().and_then(Limit::current_count), Some(3));
    assert!(engine.has_read_filter(&key("out/1")) && !engine.has_read_filter(&key("nothing")));
}
