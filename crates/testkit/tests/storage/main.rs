//! Every backend passes the same suite.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

use monoxide_engine::backend::{Folder, Kind};
use monoxide_testkit::storage::{Disk, Faults, conformance};

fn check(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let folder = Folder::open(folder.path(), kind).unwrap();
    conformance(&|| folder.backend());
}

#[test]
fn redb_keeps_the_contract() {
    check(Kind::Redb);
}

#[test]
fn sled_keeps_the_contract() {
    check(Kind::Sled);
}

#[test]
fn the_disk_in_memory_keeps_the_contract() {
    conformance(&Disk::default().opener());
}

#[test]
fn a_disk_of_which_nothing_is_wrong_keeps_the_contract() {
    conformance(&Faults::default().opener(&Disk::default()));
}
