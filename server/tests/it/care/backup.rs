//! Backups, made and restored.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use monoxide_testkit::Http;

use super::{BACKENDS, Place, fill, stop};
use crate::storage::{ask, on};

/// A folder with data of which there is a backup, and no server.
struct Backed {
    place: Place,
    backup: String,
    /// What is in it.
    before: String,
}

async fn backed_up() -> Backed {
    let place = Place::new();
    let backup = place.text("a.backup");
    let running = place.start(&[]).await;
    fill(&running).await;
    let before = place.everything().await;
    place.done(&["backup", &backup]).await;
    stop(running).await;
    Backed { place, backup, before }
}

#[tokio::test]
async fn what_was_backed_up_and_wiped_is_back_with_every_key_time_and_version() {
    for backend in BACKENDS {
        let place = Place::new();
        let backup = place.text("a.backup");
        let running = place.start(&["--backend", backend]).await;
        fill(&running).await;
        let before = place.everything().await;
        assert_eq!(before.lines().count(), 40);
        let told = place.done(&["backup", &backup]).await.err;
        assert!(told.contains("backed up and verified: 40 objects"), "{told}");
        let last = ask(&running, "POST", "/books/*", "\"after the backup\"").await;
        stop(running).await;
        let mode = fs::metadata(&backup).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "it has everything, so it is nobody else's");

        fs::remove_dir_all(place.data()).unwrap();
        let told = place.done(&["restore", &backup]).await.err;

        assert!(told.starts_with("verified: ") && told.contains("40 objects"), "{told}");
        assert_eq!(place.everything().await, before, "without a server");
        let running = place.start(&[]).await;
        assert_eq!(place.everything().await, before, "with one");
        let next = ask(&running, "POST", "/new", "1").await;
        assert!(next.header("etag").unwrap() > last.header("etag").unwrap(), "versions go on");
        // Without a server it is the same backup.
        stop(running).await;
        place.done(&["backup", "--force", &backup]).await;
        place.done(&["restore", "--force", &backup]).await;
        assert_eq!(place.everything().await.lines().count(), 41);
    }
}

#[tokio::test]
async fn a_restore_keeps_versions_above_those_of_what_it_replaces() {
    let place = Place::new();
    let backup = place.text("a.backup");
    let running = place.start(&[]).await;
    ask(&running, "POST", "/a", "1").await;
    place.done(&["backup", &backup]).await;
    stop(running).await;
    // The clock was a year ahead.
    let year = 365 * 24 * 60 * 60 * 1_000_000_000_u64;
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let ahead = u64::try_from(now.as_nanos()).unwrap() + year;
    let writer = monoxide_engine::backup::Writer::new(Vec::new()).unwrap();
    let (later, _) = writer.finish(monoxide_protocol::Version::new(ahead), ahead).unwrap();
    place.done(&["restore", "--force", &place.write("later.backup", later)]).await;

    place.done(&["restore", "--force", &backup]).await;

    let running = place.start(&[]).await;
    let answer = ask(&running, "POST", "/b", "1").await;
    let version = answer.header("etag").unwrap().trim_matches('"').to_owned();
    assert!(u64::from_str_radix(&version, 16).unwrap() > ahead, "{version}");
}

#[tokio::test]
async fn a_restore_can_change_the_backend() {
    let place = Place::new();
    let backup = place.text("a.backup");
    let running = place.start(&["--backend", "redb"]).await;
    fill(&running).await;
    let before = place.everything().await;
    stop(running).await;
    place.done(&["backup", &backup]).await;

    place.done(&["restore", "--force", "--backend", "sled", &backup]).await;

    assert_eq!(fs::read_to_string(place.data().join("format")).unwrap(), "monoxide 1 sled\n");
    assert!(!place.data().join("redb").exists());
    assert!(!place.data().join("before-restore").exists());
    let running = place.start(&[]).await;
    assert_eq!(place.everything().await, before);
    stop(running).await;
}

#[tokio::test]
async fn a_backup_while_writers_write_is_of_one_moment() {
    let place = Place::new();
    let running = place.start(&[]).await;
    let address = running.address;
    let writing = tokio::spawn(async move {
        let mut http = Http::connect(address).await;
        for n in 0..300 {
            let head = format!("POST /n/{n} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1");
            http.send(head).await.unwrap();
            assert_eq!(http.answer().await.status, 200);
        }
    });
    let mut backups = 0;
    while backups == 0 || !writing.is_finished() {
        place.done(&["backup", &place.text(&format!("{backups}.backup"))]).await;
        backups += 1;
    }
    writing.await.unwrap();
    stop(running).await;

    for nth in 0..backups {
        place.done(&["restore", "--force", &place.text(&format!("{nth}.backup"))]).await;
        let all = place.everything().await;
        let count = all.lines().count();
        for n in 0..count {
            assert!(all.contains(&format!("\"key\":\"n/{n}\"")), "{n} of {count}");
        }
    }
}

#[tokio::test]
async fn a_backup_that_is_not_as_it_was_is_refused_and_nothing_is_changed() {
    let Backed { place, backup, before } = backed_up().await;
    let whole = fs::read(&backup).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 4;
    let mut unknown = whole.clone();
    unknown[16] = b'2';
    let cut = &whole[..whole.len() - 1];
    for (content, why) in [
        (flipped.as_slice(), "damaged"),
        (&unknown, "the format `2`, which this program does not know"),
        (cut, "cut off"),
        (&whole[..40], "cut off"),
        (&[&*whole, b"x"].concat(), "follows its end"),
        (b"", "it is no backup"),
        (b"{\"key\":\"a\"}", "it is no backup"),
    ] {
        let bad = place.write("bad.backup", content);
        place.refused(&["restore", "--force", &bad], "", &["cannot be restored", why]).await;
    }
    let nowhere = place.text("nowhere");
    place.refused(&["restore", "--force", &nowhere], "", &["cannot read", "nowhere"]).await;
    assert_eq!(place.everything().await, before);
    // And a folder that is not there does not come into being.
    fs::remove_dir_all(place.data()).unwrap();
    let bad = place.write("bad.backup", cut);
    place.refused(&["restore", &bad], "", &["cut off"]).await;
    assert!(!place.data().exists());
}

#[tokio::test]
async fn a_restore_never_replaces_anything_unasked_and_not_under_a_server() {
    let place = Place::new();
    let backup = place.text("a.backup");
    let running = place.start(&[]).await;
    place.done(&["backup", &backup]).await;
    for arguments in [&["restore", &backup][..], &["restore", "--force", &backup]] {
        place.refused(arguments, "", &["no server runs", "in use by another process"]).await;
    }
    stop(running).await;
    place.refused(&["restore", &backup], "", &["has data already", "--force"]).await;
}

/// As if the power had been cut between the steps of a restore.
#[tokio::test]
async fn a_restore_that_was_cut_off_is_refused_by_everybody_until_it_is_done_again() {
    let Backed { place, backup, before } = backed_up().await;
    let data = place.data();
    fs::create_dir(data.join("before-restore")).unwrap();
    fs::rename(data.join("redb"), data.join("before-restore/redb")).unwrap();
    fs::write(data.join("format"), "monoxide restoring\n").unwrap();

    let served = on(&data, &[]).output().await.unwrap();
    assert_eq!(served.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&served.stderr).contains("a restore into"));
    for command in [&["export"][..], &["compact"], &["import"], &["restore", &backup]] {
        place.refused(command, "", &["was cut off: do it again", "before-restore"]).await;
    }
    place.done(&["restore", "--force", &backup]).await;

    assert_eq!(place.everything().await, before);
    assert!(!data.join("before-restore").exists());
}

#[tokio::test]
async fn a_backup_replaces_nothing_unasked_and_leaves_no_half_a_file() {
    let place = Place::new();
    let running = place.start(&[]).await;
    fill(&running).await;
    let file = place.write("a.backup", "mine");
    place.refused(&["backup", &file], "", &["is there already", "--force"]).await;
    place.refused(&["backup", place.0.path().to_str().unwrap()], "", &["is a folder"]).await;
    place.refused(&["backup", &place.text("no/folder")], "", &["cannot write"]).await;
    check_full(&place).await;
    place.done(&["backup", "--force", &file]).await;
    stop(running).await;
    check_full(&place).await;
    let names = fs::read_dir(place.0.path()).unwrap().map(|it| it.unwrap().file_name());
    assert_eq!(names.count(), 2, "the folder and the backup");
}

/// A disk without room.
async fn check_full(place: &Place) {
    if Path::new("/dev/full").exists() {
        let why = ["cannot write `/dev/full`", "No space left"];
        place.refused(&["backup", "/dev/full"], "", &why).await;
        place.refused(&["export", "-o", "/dev/full"], "", &why).await;
    }
}
