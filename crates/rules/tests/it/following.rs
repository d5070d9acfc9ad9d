//! A file of rules that changes while the server runs.

use std::{fs, path::Path, sync::Arc, time::Duration};

use monoxide_engine::{Engine, Error, Identity, Session};
use monoxide_rules::{RuleError, RuleSet, follow};
use tempfile::TempDir;

use super::{json, key};

const OPEN: &str = "['**']\nread = 'true'";
const SHUT: &str = "['**']\nread = 'false'";

/// An engine that follows a file, and somebody who wants to read `a`.
async fn following(text: &str) -> (TempDir, Engine, Session) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.toml");
    fs::write(&path, text).unwrap();
    let rules = RuleSet::from_file(&path).unwrap();
    let engine = Engine::builder().rules(Some(Arc::new(rules))).start().unwrap();
    engine.set(key("a"), json(1)).await.unwrap();
    tokio::spawn(follow(engine.clone(), path));
    let session = engine.session(Identity::anonymous());
    (folder, engine, session)
}

async fn until_readable(session: &Session, wanted: bool) {
    let changed = async {
        while session.get(&key("a")).is_ok() != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), changed).await.expect("the rules change");
}

/// Comes about when the file was looked at since; the time is paused, and jumps.
async fn looked() {
    tokio::time::sleep(Duration::from_secs(3)).await;
}

fn replace(folder: &Path, text: &str) {
    // As editors do it: another file is moved into its place.
    fs::write(folder.join("new"), text).unwrap();
    fs::rename(folder.join("new"), folder.join("rules.toml")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_is_in_force_soon_after() {
    let (folder, _engine, session) = following(OPEN).await;
    until_readable(&session, true).await;

    replace(folder.path(), SHUT);
    until_readable(&session, false).await;

    fs::write(folder.path().join("rules.toml"), OPEN).unwrap();
    until_readable(&session, true).await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_or_missing_file_changes_nothing_and_a_mended_one_is_taken() {
    let (folder, engine, session) = following(OPEN).await;
    until_readable(&session, true).await;
    looked().await;
    let before = engine.rules().unwrap();

    for broken in ["['**']\nread = 'oops'", "['**'", "\u{0}"] {
        replace(folder.path(), broken);
        looked().await;
        assert!(session.get(&key("a")).is_ok());
    }
    fs::remove_file(folder.path().join("rules.toml")).unwrap();
    looked().await;
    assert!(Arc::ptr_eq(&before, &engine.rules().unwrap()));

    replace(folder.path(), SHUT);
    until_readable(&session, false).await;
}

#[tokio::test(start_paused = true)]
async fn following_ends_with_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.toml");
    fs::write(&path, OPEN).unwrap();
    let engine = Engine::builder().start().unwrap();
    let following = tokio::spawn(follow(engine.clone(), path));

    engine.close().await;

    tokio::time::timeout(Duration::from_secs(20), following).await.unwrap().unwrap();
    assert!(matches!(engine.set_rules(None).await, Err(Error::Closed)));
}

#[test]
fn a_file_that_cannot_be_had_says_which_and_why() {
    let missing = RuleSet::from_file(Path::new("no/such/rules.toml")).unwrap_err();
    assert!(matches!(missing, RuleError::File { .. }));
    assert!(missing.to_string().starts_with("cannot read no/such/rules.toml: "));
}
