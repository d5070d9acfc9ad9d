//! What a backend costs on this machine: `storage fill|load|write|flush KIND FOLDER [NUMBER]`.
//!
//! `fill` puts so many objects of 200 bytes into the folder, `load` starts an engine on it and says
//! how long that takes and what it costs in memory, `write` has so many writers write at once for
//! some seconds, and `flush` says how long a flush of one small write takes.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a measurement")]

use std::{
    env, fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use monoxide_engine::{
    Engine,
    backend::{Batch, Folder, Kind},
};
use monoxide_protocol::{Json, Key, Object, Version};
use tokio::time::Instant;

const SIZE: usize = 200;
const STEP: u64 = 10_000;
const SECONDS: u64 = 5;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, kind, folder, rest @ ..] = arguments.as_slice() else {
        println!("storage fill|load|write|flush KIND FOLDER [NUMBER]");
        return;
    };
    let number = rest.first().map_or(1_000_000, |text| text.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
    let kind: Option<Kind> = (kind != "memory").then(|| kind.parse().unwrap());
    let folder = kind.map(|kind| Folder::open(folder, kind).unwrap());
    match what.as_str() {
        "fill" => fill(&folder.unwrap(), number),
        "load" => runtime.block_on(load(folder.unwrap())),
        "flush" => flush(&folder.unwrap()),
        _ => runtime.block_on(write(folder, number)),
    }
}

fn key(n: u64) -> Key {
    Key::parse(&format!("things/{n:08}")).unwrap()
}

fn data(n: u64) -> Json {
    let text = format!(r#"{{"n":{n},"text":"{}"}}"#, "x".repeat(SIZE));
    let over = text.len() - SIZE;
    Json::parse(text.replacen(&"x".repeat(over), "", 1).as_bytes()).unwrap()
}

fn fill(folder: &Folder, count: u64) {
    let mut backend = folder.backend().unwrap();
    let begun = Instant::now();
    for from in (0..count).step_by(usize::try_from(STEP).unwrap()) {
        let mut batch = Batch::default();
        for n in from..count.min(from + STEP) {
            let version = Version::new(1_000_000_000 + n);
            let created = version.number();
            batch.put_object(&Object { key: key(n), created, updated: 0, version, data: data(n) });
        }
        backend.commit(&batch).unwrap();
    }
    backend.close().unwrap();
    println!("{count} objects in {:?}", begun.elapsed());
}

/// How many bytes of memory this process has in use.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

async fn load(folder: Folder) {
    let (before, begun) = (resident(), Instant::now());
    let engine = Engine::builder().backend(folder.opener()).start().unwrap();
    engine.ready().await.unwrap();
    let (took, grown) = (begun.elapsed(), resident() - before);
    let keys = engine.all_keys();
    let payload: usize = keys.iter().map(|key| key.as_str().len() + SIZE).sum();
    let each = (grown - payload) / keys.len();
    println!("{} objects in {took:?}, {each} bytes of overhead for each", keys.len());
    engine.close().await;
}

fn flush(folder: &Folder) {
    let mut backend = folder.backend().unwrap();
    let mut took: Vec<Duration> = (0..500_u64)
        .map(|n| {
            let mut batch = Batch::default();
            let version = Version::new(n);
            let object = Object { key: key(n), created: n, updated: 0, version, data: data(n) };
            batch.put_object(&object);
            let begun = Instant::now();
            backend.commit(&batch).unwrap();
            begun.elapsed()
        })
        .collect();
    took.sort_unstable();
    println!("a flush takes {:?}, at worst {:?}", took[250], took[499]);
}

async fn write(folder: Option<Folder>, writers: u64) {
    let builder = Engine::builder();
    let builder = match folder {
        Some(folder) => builder.backend(folder.opener()),
        None => builder,
    };
    let engine = builder.start().unwrap();
    engine.ready().await.unwrap();
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writing: Vec<_> = (0..writers)
        .map(|writer| {
            let (engine, stop, count) = (engine.clone(), Arc::clone(&stop), Arc::clone(&count));
            tokio::spawn(async move {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    engine.set(key(writer * 100 + n % 100), data(n)).await.unwrap();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(SECONDS)).await;
    stop.store(true, Ordering::Relaxed);
    for writer in writing {
        writer.await.unwrap();
    }
    println!("{writers} writers: {} writes a second", count.load(Ordering::Relaxed) / SECONDS);
    engine.close().await;
}
