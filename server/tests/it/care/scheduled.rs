//! Backups that a server makes by itself.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::timeout;

use super::{Place, fill, stop};
use crate::{Running, signal, storage::ask};

/// Asks until it is so.
async fn info_says(running: &Running, is_so: impl Fn(&str) -> bool) -> String {
    let asked = async {
        loop {
            let info = ask(running, "GET", "/?api=info", "").await;
            if is_so(info.text()) {
                return info.text().to_owned();
            }
        }
    };
    timeout(Duration::from_secs(30), asked).await.expect("it is so some time")
}

fn backups(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    all.sort();
    all
}

#[tokio::test]
async fn scheduled_backups_are_whole_and_the_oldest_go() {
    let place = Place::new();
    let folder = place.path("backups");
    let flags = ["--backup-every", "50ms", "--backup-keep", "3", "--backup-dir"];
    let flags = [&flags[..], &[folder.to_str().unwrap()]].concat();
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("monoxide-notes.txt"), "mine").unwrap();
    fs::write(folder.join("a.backup"), "mine too").unwrap();
    let running = place.start(&flags).await;
    fill(&running).await;
    let before = place.everything().await;
    info_says(&running, |info| info.contains("\"backup\":{\"last\":")).await;
    let first = backups(&folder)[2].clone();
    // So many are made that the first goes.
    let gone = async {
        while first.exists() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), gone).await.expect("the oldest goes");
    stop(running).await;

    let all = backups(&folder);
    let is_ours = |path: &&PathBuf| path.to_string_lossy().contains("monoxide-2");
    let ours: Vec<_> = all.iter().filter(is_ours).collect();
    assert_eq!((ours.len(), all.len()), (3, 5), "{all:?}");
    place.done(&["restore", "--force", ours[2].to_str().unwrap()]).await;
    assert_eq!(place.everything().await, before);
}

#[tokio::test]
async fn a_scheduled_backup_that_fails_is_told_and_disturbs_nothing() {
    let place = Place::new();
    let file = place.write("file", "");
    let flags = ["--backup-every", "20ms", "--backup-dir", &file];
    let running = place.start(&flags).await;

    let info = info_says(&running, |info| info.contains("\"backup\":{\"failing\":")).await;

    assert!(info.contains("\"reason\":\"the folder cannot be written\""), "{info}");
    assert!(!info.contains(&file), "it names no file");
    assert_eq!(ask(&running, "POST", "/a", "1").await.status, 200);
    // Once it can be, all is well again.
    fs::remove_file(&file).unwrap();
    info_says(&running, |info| info.contains("\"backup\":{\"last\":")).await;
    signal(&running.child, "TERM").await;
    let (code, _, log) = running.ended().await;
    assert_eq!(code, Some(0));
    assert!(log.contains("no backup could be made"), "{log}");
}
