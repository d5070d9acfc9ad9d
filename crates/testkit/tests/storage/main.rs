//! Every backend passes the same suite.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod ledger;

use monoxide_engine::backend::{Folder, Kind};
use monoxide_testkit::storage::{Disk, Faults, conformance, power_cuts};

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

/// How often the power is cut: `MONOXIDE_POWER_CUTS`, or some hundreds.
fn cuts() -> u32 {
    let named = std::env::var("MONOXIDE_POWER_CUTS").ok();
    named.map_or(300, |number| number.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_or_told_survives_a_power_cut_with_redb() {
    let report = power_cuts(1, cuts()).await.unwrap_or_else(|error| panic!("{error:#}"));
    assert!(
        report.tally.done > 0 && report.tally.vanished > 0 && report.at_start > 0,
        "{report:?}"
    );
}

#[test]
fn a_folder_whose_making_was_interrupted_is_made_to_its_end() {
    for (kind, whole, half) in [
        (Kind::Redb, "redb/state.redb", "redb/state.draft"),
        (Kind::Sled, "sled/conf", "sled/conf"),
    ] {
        let made = tempfile::tempdir().unwrap();
        drop(Folder::open(made.path(), kind).unwrap().backend().unwrap());
        let whole = std::fs::read(made.path().join(whole)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::open(folder.path(), kind).unwrap();
        let half = folder.path().join(half);
        std::fs::create_dir_all(half.parent().unwrap()).unwrap();
        std::fs::write(half, &whole[..whole.len() - 4]).unwrap();

        conformance(&|| folder.backend());
    }
}
