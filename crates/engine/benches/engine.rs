//! What must not grow: a write with the filters that are registered, a change with the length of
//! its list.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark fails by panicking")]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use monoxide_engine::{Condition, Engine, Filters, Identity, Session, Subscription};
use monoxide_protocol::{Glob, Json, Key};
use tokio::runtime::Runtime;

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn one() -> Json {
    Json::parse(b"1").unwrap()
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

/// So many lists with filters of their own, and what a client may do with them.
fn filtered(runtime: &Runtime, count: usize) -> (Engine, Session) {
    let filters = (0..count).fold(Filters::new().only_these(), |filters, n| {
        let path = format!("list{n}/*");
        filters.write(&path, |_, data| Ok(data)).read_only(&path).delete_open(&path)
    });
    let _inside = runtime.enter();
    let engine = Engine::builder().filters(filters).start().unwrap();
    let session = engine.session(Identity::anonymous());
    (engine, session)
}

fn writes_and_reads_through_filters(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("filters");
    for count in [1, 1_000] {
        let (engine, session) = filtered(&runtime, count);
        let at = key(&format!("list{}/n", count - 1));
        group.bench_with_input(BenchmarkId::new("write", count), &at, |bench, at| {
            bench.iter(|| runtime.block_on(session.set(at, one(), &Condition::Always)).unwrap());
        });
        group.bench_with_input(BenchmarkId::new("read", count), &at, |bench, at| {
            bench.iter(|| session.get(at).unwrap());
        });
        let uncovered = key("nothing/n");
        group.bench_with_input(BenchmarkId::new("refuse", count), &uncovered, |bench, at| {
            bench.iter(|| session.get(at).unwrap_err());
        });
        runtime.block_on(engine.close());
    }
    group.finish();
}

/// A list of so many objects that somebody watches.
async fn watched(length: usize) -> (Engine, Subscription) {
    let engine = Engine::builder().start().unwrap();
    for n in 0..length {
        engine.set(key(&format!("n/{n}")), one()).await.unwrap();
    }
    let mut subscription = engine.subscribe(Glob::parse("n/*").unwrap(), None).await.unwrap();
    subscription.next().await.unwrap();
    (engine, subscription)
}

fn changes_of_a_list(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("list");
    for length in [100, 100_000] {
        let (engine, mut subscription) = runtime.block_on(watched(length));
        let middle = key(&format!("n/{}", length / 2));
        group.bench_with_input(BenchmarkId::new("change, heard", length), &middle, |bench, at| {
            bench.iter(|| {
                runtime.block_on(async {
                    engine.set(at.clone(), one()).await.unwrap();
                    subscription.next().await.unwrap()
                })
            });
        });
        runtime.block_on(engine.close());
    }
    group.finish();
}

fn snapshots(criterion: &mut Criterion) {
    let runtime = runtime();
    let (engine, _subscription) = runtime.block_on(watched(10_000));
    let objects = engine.list(&Glob::parse("n/*").unwrap()).unwrap();
    criterion.bench_function("snapshot of 10,000 objects", |bench| {
        bench.iter(|| monoxide_engine::list_json(&objects));
    });
    runtime.block_on(engine.close());
}

criterion_group!(benches, writes_and_reads_through_filters, changes_of_a_list, snapshots);
criterion_main!(benches);
