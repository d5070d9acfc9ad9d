//! A disk that is full, for a while.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use rlimit::{INFINITY, Resource, prlimit};
use tempfile::{TempDir, tempdir};

use crate::{
    Running, signal,
    storage::{ask, on, send},
};

/// More than fits anywhere here.
const TOO_MANY: usize = 20_000;

/// A disk that is full before long, and may get room.
trait Disk {
    /// Where the data goes.
    fn folder(&self) -> PathBuf;

    /// Sees to it that it is full soon; the server runs.
    fn fill(&self, server: &Running);

    fn make_room(&self, server: &Running);
}

/// What becomes of it when there is room again.
#[derive(PartialEq, Eq)]
enum Then {
    GoesOn,
    /// sled never lets go of its files after some failures.
    NeedsRestart,
}

/// Files may not grow.
struct Limited(TempDir);

impl Limited {
    fn limit(server: &Running, bytes: u64) {
        let pid = server.child.id().unwrap().cast_signed();
        prlimit(pid, Resource::FSIZE, Some((bytes, INFINITY)), None).unwrap();
    }
}

impl Disk for Limited {
    fn folder(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    fn fill(&self, server: &Running) {
        Self::limit(server, 6 * 1024 * 1024);
    }

    fn make_room(&self, server: &Running) {
        Self::limit(server, INFINITY);
    }
}

/// A small file system of its own.
struct Mounted(TempDir);

impl Mounted {
    /// `None` where nothing may be mounted.
    fn new() -> Option<Self> {
        let folder = tempdir().unwrap();
        mount(&["-t", "tmpfs", "-o", "size=16m", "tmpfs"], folder.path()).then_some(Self(folder))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: the server may be on its way out.
        _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

impl Disk for Mounted {
    fn folder(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn fill(&self, _: &Running) {}

    fn make_room(&self, _: &Running) {
        assert!(mount(&["-o", "remount,size=256m"], self.0.path()));
    }
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    let mounted = Command::new("mount").args(arguments).arg(at).output();
    mounted.is_ok_and(|mounted| mounted.status.success())
}

fn body(n: usize) -> String {
    format!("{{\"n\":{n},\"text\":\"{}\"}}", "x".repeat(20_000))
}

/// Asks until it is well again.
async fn well(server: &Running) {
    assert_eq!(ask(server, "GET", "/_health", "").await.text(), "ok");
}

async fn check_full(disk: &impl Disk, backend: &str, then: Then) {
    let server = Running::start(on(&disk.folder(), &["--backend", backend])).await;
    well(&server).await;
    ask(&server, "POST", "/n/0", &body(0)).await;
    disk.fill(&server);

    let mut written = 1;
    let refused = loop {
        let answer = send(&server, "POST", &format!("/n/{written}"), &body(written)).await;
        if answer.status != 200 {
            break answer;
        }
        written += 1;
        assert!(written < TOO_MANY, "it is never full");
    };

    assert_eq!((refused.status, refused.text()), (503, "ooo: storage is failing"));
    let again = send(&server, "DELETE", "/n/0", "").await;
    assert_eq!((again.status, again.text()), (503, "ooo: storage is failing"));
    let health = send(&server, "GET", "/_health", "").await;
    assert_eq!((health.status, health.text()), (503, "failing"));
    let info = send(&server, "GET", "/?api=info", "").await;
    assert!(info.text().contains("the disk is full"), "{}", info.text());
    let before = send(&server, "GET", "/n/*", "").await;
    assert_eq!(
        before.text().matches("\"index\"").count(),
        written,
        "what was refused is not there"
    );

    disk.make_room(&server);
    if then == Then::GoesOn {
        well(&server).await;
        assert_eq!(send(&server, "GET", "/n/*", "").await.text(), before.text());
        assert_eq!(send(&server, "POST", "/later", &body(0)).await.status, 200);
    }

    signal(&server.child, "KILL").await;
    _ = server.ended().await;
    let server = Running::start(on(&disk.folder(), &[])).await;
    let after = ask(&server, "GET", "/n/*", "").await;
    if then == Then::GoesOn {
        assert_eq!(after.text(), before.text());
        assert_eq!(send(&server, "GET", "/later", "").await.status, 200);
    } else {
        // It died while it failed, so what was refused last may be there too.
        let all = before.text().trim_start_matches('[');
        assert!(after.text().ends_with(all), "what was answered is there");
    }
    assert_eq!(ask(&server, "POST", "/later", &body(0)).await.status, 200);
}

#[tokio::test]
async fn a_file_that_may_not_grow_stops_writes_but_not_reads_until_it_may_with_redb() {
    check_full(&Limited(tempdir().unwrap()), "redb", Then::GoesOn).await;
}

#[tokio::test]
async fn a_file_that_may_not_grow_stops_writes_but_not_reads_until_it_may_with_sled() {
    check_full(&Limited(tempdir().unwrap()), "sled", Then::GoesOn).await;
}

#[tokio::test]
async fn a_full_disk_stops_writes_but_not_reads_until_it_has_room_with_redb() {
    let Some(disk) = Mounted::new() else { return };
    check_full(&disk, "redb", Then::GoesOn).await;
}

#[tokio::test]
async fn a_full_disk_stops_writes_but_not_reads_until_it_has_room_and_a_restart_with_sled() {
    let Some(disk) = Mounted::new() else { return };
    check_full(&disk, "sled", Then::NeedsRestart).await;
}
