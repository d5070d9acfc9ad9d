//! What a backend costs on this machine: `storage fill|load|write|flush|grow KIND FOLDER [NUMBER]`.
//!
//! `fill` puts so many objects of 200 bytes into the folder, `load` starts an engine on it and says
//! how long that takes and what it costs in memory, `write` has so many writers write at once for
//! some seconds, `flush` says how long a flush takes, of the disk itself and of one small write, and
//! `grow` overwrites 10,000 objects again and again, then deletes them, and says how large the files are.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it is a measurement")]

use std::{
    env,
    fs::{self, File},
    io::{Seek as _, SeekFrom, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
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
        println!("storage fill|load|write|flush|grow KIND FOLDER [NUMBER]");
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
        "grow" => grow(&folder.unwrap(), number),
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

/// How many bytes of disk the files of a folder have.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let sizes = entries.map(|entry| match entry.metadata().unwrap() {
        it if it.is_dir() => size(&entry.path()),
        it => it.blocks() * 512,
    });
    sizes.sum()
}

/// As many writers as are usual share a flush.
fn grow(folder: &Folder, count: u64) {
    const KEYS: u64 = 10_000;
    const WRITERS: u64 = 100;
    let mut backend = folder.backend().unwrap();
    let (begun, mut largest) = (Instant::now(), 0);
    for from in (0..count).step_by(usize::try_from(WRITERS).unwrap()) {
        let mut batch = Batch::default();
        for n in from..from + WRITERS {
            let (n, version) = (n.wrapping_mul(7919) % KEYS, Version::new(n));
            let created = version.number();
            batch.put_object(&Object { key: key(n), created, updated: 0, version, data: data(n) });
        }
        backend.commit(&batch).unwrap();
        if from.is_multiple_of(count / 100) {
            largest = largest.max(size(folder.path()));
        }
    }
    let mega = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    let (took, grown) = (begun.elapsed(), size(folder.path()));
    println!("{count} overwrites in {took:?}: {}, at most {}", mega(grown), mega(largest));
    for from in (0..KEYS).step_by(usize::try_from(WRITERS).unwrap()) {
        let mut batch = Batch::default();
        (from..from + WRITERS).for_each(|n| batch.delete_object(&key(n)));
        backend.commit(&batch).unwrap();
    }
    println!("everything deleted: {}", mega(size(folder.path())));
    backend.close().unwrap();
    println!("closed: {}", mega(size(folder.path())));
    folder.backend().unwrap().close().unwrap();
    println!("opened once more: {}", mega(size(folder.path())));
}

/// How long the disk takes to make one block durable that it has room for.
fn raw_flush(folder: &Path) -> Duration {
    let path = folder.join("raw");
    let mut file = File::create(&path).unwrap();
    file.write_all(&[b'x'; 65536]).unwrap();
    file.sync_all().unwrap();
    let took = (0..500_u64).map(|n| {
        file.seek(SeekFrom::Start(n % 16 * 4096)).unwrap();
        file.write_all(&[b'y'; 4096]).unwrap();
        let begun = Instant::now();
        file.sync_data().unwrap();
        begun.elapsed()
    });
    let mut took: Vec<_> = took.collect();
    took.sort_unstable();
    fs::remove_file(path).unwrap();
    took[250]
}

fn flush(folder: &Folder) {
    println!("a flush of the disk takes {:?}", raw_flush(folder.path()));
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
    println!("a write takes {:?}, at worst {:?}", took[250], took[499]);
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
