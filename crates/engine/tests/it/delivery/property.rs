//! Random writers and followers, on one thread where time is made, and on several in real time.

use std::{
    env,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use monoxide_engine::{Engine, Health, list_json};
use monoxide_protocol::EMPTY_OBJECT;
use monoxide_testkit::storage::{Disk, Fault, Faults};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc,
    time::timeout,
};

use super::{
    history::{History, Terms},
    script::{Step, Write, follow, write},
    world::{self, Bounds},
};
use crate::glob;

/// How many cases are tried, unless the environment asks for more.
const CASES: u32 = 10_000;

/// A day at the engine.
#[derive(Debug, Clone)]
struct Case {
    writers: Vec<Vec<Write>>,
    followers: Vec<(&'static str, &'static str, Vec<Step>)>,
    window: usize,
    bytes: usize,
    linger: Duration,
    no_patch: bool,
    /// The commits that go wrong, each so many after the one before; without a disk none.
    disk: Option<Vec<(usize, Fault)>>,
}

fn data() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (0..5_u32).prop_map(|n| json!(n)),
        1 => ("[xy]", 0..3_u32).prop_map(|(name, n)| json!({ name: n })),
        1 => vec(0..3_u32, 0..4).prop_map(|list| json!({ "x": list })),
    ]
}

/// Nothing; long enough for limits to be looked at; long enough for topics.
fn time() -> impl Strategy<Value = Duration> {
    select(&[0, 300, 6_000][..]).prop_map(Duration::from_millis)
}

fn a_write(rests: u32) -> impl Strategy<Value = Write> {
    let patch = ("[xy]", 0..9_u32).prop_map(|(name, n)| json!({ name: n }));
    prop_oneof![
        12 => (select(world::KEYS), data()).prop_map(|(key, data)| Write::Set(key, data)),
        6 => (select(world::LISTS), data()).prop_map(|(list, data)| Write::Push(list, data)),
        3 => (select(world::KEYS), patch).prop_map(|(key, patch)| Write::Patch(key, patch)),
        6 => select(world::KEYS).prop_map(Write::Delete),
        2 => select(world::CLEARED).prop_map(Write::DeleteAll),
        1 => (0..4_usize, any::<bool>()).prop_map(|(count, young)| Write::Bound(count, young)),
        rests => time().prop_map(Write::Rest),
    ]
}

fn step(rests: u32) -> impl Strategy<Value = Step> {
    let away = time().prop_map(move |time| if rests == 0 { Duration::ZERO } else { time });
    prop_oneof![
        8 => (1..6_usize).prop_map(Step::Read),
        8 => (1..20_usize).prop_map(Step::Stall),
        3 => away.prop_map(Step::Resume),
        1 => Just(Step::Restart),
        1 => select(world::NAMES).prop_map(Step::Become),
        rests => time().prop_map(Step::Rest),
    ]
}

/// A case of a size; `rests` says how often somebody rests, when time is free.
fn case(writes: usize, steps: usize, rests: u32) -> impl Strategy<Value = Case> {
    let follower = (select(world::WATCHED), select(world::NAMES), vec(step(rests), 0..steps));
    let linger = select(&[0, 2, 60][..]).prop_map(Duration::from_secs);
    let bytes = prop_oneof![9 => Just(1024 * 1024), 1 => Just(1_000_usize)];
    let settings = (1..20_usize, bytes, linger, prop::bool::weighted(0.1));
    let writers = vec(vec(a_write(rests), 1..writes), 1..4);
    (writers, vec(follower, 1..6), settings).prop_map(
        |(writers, followers, (window, bytes, linger, no_patch))| Case {
            writers,
            followers,
            window,
            bytes,
            linger,
            no_patch,
            disk: None,
        },
    )
}

/// A case whose backend fails now and then.
fn case_with_a_disk() -> impl Strategy<Value = Case> {
    let fault = select(&[Fault::Fails, Fault::Tears, Fault::Lies][..]);
    let faults = vec((1..20_usize, fault), 0..4);
    (case(24, 16, 0), faults).prop_map(|(case, faults)| Case { disk: Some(faults), ..case })
}

async fn check(case: Case) {
    let (log, bounds) = (Arc::new(Mutex::new(Vec::new())), Bounds::default());
    bounds.set(3, false);
    let events = Arc::clone(&log);
    let builder = Engine::builder()
        .window(case.window, case.bytes)
        .linger(case.linger)
        .no_patch(case.no_patch)
        .filters(world::filters(&bounds))
        .on_event(move |event| events.lock().unwrap().push(event.clone()));
    let (disk, faults) = (Disk::default(), Faults::default());
    let builder = match case.disk {
        Some(_) => builder.backend(faults.opener(&disk)),
        None => builder,
    };
    let engine = builder.start().unwrap();
    engine.ready().await.unwrap();
    let mut nth = 0;
    for (after, fault) in case.disk.iter().flatten() {
        nth += after;
        faults.plan(nth, *fault);
    }
    let (scripted, mut all_scripted) = mpsc::channel(1);
    let followers = case.followers.into_iter().map(|(watched, name, script)| {
        let following = follow(engine.clone(), watched, name, script, scripted.clone());
        (watched, name, tokio::spawn(following))
    });
    let followers: Vec<_> = followers.collect();
    drop(scripted);
    let writers = case.writers.into_iter().map(|it| write(engine.clone(), bounds.clone(), it));
    let writers: Vec<_> = writers.map(tokio::spawn).collect();
    let mut done = Vec::new();
    for writer in writers {
        done.extend(writer.await.unwrap());
    }
    // Whoever comes back after the end would be refused, so all scripts come to theirs first.
    assert_eq!(all_scripted.recv().await, None);
    // A process that ends while its disk fails may leave what it refused.
    while engine.health() != Health::Ok {
        tokio::task::yield_now().await;
    }
    engine.close().await;

    assert_eq!(engine.dropped_events(), 0, "the log is whole");
    let history = History::of(&log.lock().unwrap(), &done);
    assert_eq!(engine.all_keys().len(), history.objects().count());
    if case.disk.is_some() {
        check_disk(&disk, &history).await;
    }
    let terms = Terms {
        window: (case.bytes > 1_000).then_some(case.window),
        topics_stay: case.linger > Duration::from_secs(30),
        no_patch: case.no_patch,
    };
    for (watched, name, following) in followers {
        check_read(&engine, &history, watched, name);
        history.check(watched, &following.await.unwrap(), terms);
    }
}

/// What is read is what the log says is there.
fn check_read(engine: &Engine, history: &History, watched: &str, name: &str) {
    let (session, glob) = (engine.session(world::identity(name)), glob(watched));
    let read = match glob.as_key().map(|key| session.get(&key)) {
        None => list_json(&session.list(&glob).unwrap()),
        Some(Ok(object)) => object.to_json(),
        Some(Err(_)) => EMPTY_OBJECT.to_owned(),
    };
    let read: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(read, world::document(name, &glob, history.objects()), "`{watched}` of `{name}`");
}

/// What is loaded is what the log says is there.
async fn check_disk(disk: &Disk, history: &History) {
    let engine = Engine::builder().backend(disk.opener()).start().unwrap();
    engine.ready().await.unwrap();
    let loaded = engine.all_keys().into_iter().map(|key| engine.get(&key).unwrap());
    let (mut loaded, mut stored): (Vec<_>, Vec<_>) =
        (loaded.collect(), history.objects().cloned().collect());
    loaded.sort_by(|a, b| a.key.cmp(&b.key));
    stored.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(loaded, stored);
    engine.close().await;
}

/// On one thread, where time goes on when nothing else can happen.
fn check_in_made_time(case: Case) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let ends = async { timeout(Duration::from_secs(60 * 60), check(case)).await };
    runtime.block_on(ends).expect("everything comes to its end");
}

/// On several threads at once.
fn check_in_real_time(case: Case) {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap()
    });
    let ends = async { timeout(Duration::from_secs(60), check(case)).await };
    RUNTIME.block_on(ends).expect("everything comes to its end");
}

/// How many cases a test tries that does this share of them all.
fn config(share: u32) -> ProptestConfig {
    let asked = env::var("MONOXIDE_SOAK_CASES").ok().map(|cases| cases.parse::<u32>().unwrap());
    let cases = asked.unwrap_or(CASES).div_ceil(100) * share;
    ProptestConfig { max_shrink_time: 20_000, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    // Threads take their time.
    #![proptest_config(config(20))]

    #[test]
    fn every_copy_ends_equal_to_the_store_and_heard_of_each_change_once(case in case(24, 16, 0)) {
        check_in_real_time(case);
    }
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn whoever_comes_and_goes_while_topics_die_misses_nothing(case in case(16, 12, 4)) {
        check_in_made_time(case);
    }

    #[test]
    fn in_any_order_of_steps_each_copy_is_at_each_version_what_the_store_was(
        case in case(24, 24, 1),
    ) {
        check_in_made_time(case);
    }
}

proptest! {
    // Waiting for a disk to work again takes its time.
    #![proptest_config(config(10))]

    #[test]
    fn with_a_disk_that_fails_nobody_sees_what_is_not_on_it_and_all_else_is_the_same(
        case in case_with_a_disk(),
    ) {
        check_in_real_time(case);
    }
}
