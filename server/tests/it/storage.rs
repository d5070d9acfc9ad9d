//! What is kept over a restart, and who may have it.

use std::path::Path;

use monoxide_testkit::{Answer, Http};
use tempfile::tempdir;
use tokio::process::Command;

use crate::{Running, monoxide, signal};

/// The program on a folder.
pub(crate) fn on(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = monoxide(&["--addr", "127.0.0.1:0"]);
    command.env_remove("MONOXIDE_MEMORY").arg("--data").arg(folder).args(arguments);
    command
}

pub(crate) async fn send(running: &Running, method: &str, target: &str, body: &str) -> Answer {
    let mut http = Http::connect(running.address).await;
    let length = body.len();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}");
    http.send(format!("{head}\r\n\r\n{body}")).await.unwrap();
    http.answer().await
}

/// As [`send`], once it is no longer loading or failing.
pub(crate) async fn ask(running: &Running, method: &str, target: &str, body: &str) -> Answer {
    loop {
        let answer = send(running, method, target, body).await;
        if answer.status != 503 {
            return answer;
        }
    }
}

async fn check_survives(arguments: &[&str], end: &str) {
    let folder = tempdir().unwrap();
    let running = Running::start(on(folder.path(), arguments)).await;
    for n in 1..=20 {
        let (at, body) = (format!("/books/{n}"), format!("{{\"n\":{n}}}"));
        assert_eq!(ask(&running, "POST", &at, &body).await.status, 200);
    }
    assert_eq!(ask(&running, "DELETE", "/books/7", "").await.status, 204);
    let before = ask(&running, "GET", "/books/*", "").await.text().to_owned();

    signal(&running.child, end).await;
    _ = running.ended().await;

    let again = Running::start(on(folder.path(), &[])).await;
    assert_eq!(ask(&again, "GET", "/books/*", "").await.text(), before);
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    for backend in ["redb", "sled"] {
        check_survives(&["--backend", backend], "KILL").await;
    }
}

#[tokio::test]
async fn what_was_answered_survives_a_stop_with_an_interval_too() {
    check_survives(&["--durability", "interval:1h"], "TERM").await;
}

/// It says no more than this one line, which has all of `parts`.
async fn check_refused(mut command: Command, parts: &[&str]) {
    let output = command.output().await.unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout), (Some(1), vec![]), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    for part in parts {
        assert!(err.starts_with("error: ") && err.contains(part), "`{part}` in {err}");
    }
}

#[tokio::test]
async fn a_second_process_on_a_folder_is_refused_with_one_line_that_names_it() {
    let folder = tempdir().unwrap();
    let _first = Running::start(on(folder.path(), &[])).await;

    let name = folder.path().to_str().unwrap();
    check_refused(on(folder.path(), &[]), &[name, "in use by another process"]).await;
    check_refused(on(folder.path(), &["--backend", "sled"]), &[name, "in use"]).await;
}

#[tokio::test]
async fn a_folder_of_another_backend_or_format_is_refused_and_stays_as_it_is() {
    let folder = tempdir().unwrap();
    let running = Running::start(on(folder.path(), &["--backend", "sled"])).await;
    ask(&running, "POST", "/n", "1").await;
    signal(&running.child, "TERM").await;
    _ = running.ended().await;
    let name = folder.path().to_str().unwrap();

    let redb = on(folder.path(), &["--backend", "redb"]);
    check_refused(redb, &[name, "with the backend sled, not redb"]).await;
    assert!(!folder.path().join("redb").exists());

    let format = folder.path().join("format");
    assert_eq!(std::fs::read_to_string(&format).unwrap(), "monoxide 1 sled\n");
    for other in ["monoxide 2 sled\n", "monoxide 1 lost\n", "monoxide 11 sled", "", "\u{fffd}"] {
        std::fs::write(&format, other).unwrap();
        check_refused(on(folder.path(), &[]), &[name, "does not know"]).await;
    }
    std::fs::remove_file(&format).unwrap();
    for arguments in [&[][..], &["--backend", "redb"], &["--backend", "sled"]] {
        check_refused(on(folder.path(), arguments), &[name, "sled, but no file `format`"]).await;
    }
}

#[tokio::test]
async fn nobody_else_may_look_into_a_folder_that_it_has_made() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempdir().unwrap();
    let made = folder.path().join("a/b");
    let _running = Running::start(on(&made, &[])).await;

    let mode = std::fs::metadata(&made).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_one_line() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    check_refused(on(&file, &[]), &[file.to_str().unwrap(), "cannot be used"]).await;
}

#[tokio::test]
async fn what_cannot_be_loaded_ends_the_start_and_says_why() {
    let folder = tempdir().unwrap();
    let running = Running::start(on(folder.path(), &["--backend", "redb"])).await;
    signal(&running.child, "TERM").await;
    _ = running.ended().await;
    std::fs::write(folder.path().join("redb/state.redb"), "this is no tree".repeat(1000)).unwrap();

    let output = on(folder.path(), &["--log", "off"]).output().await.unwrap();

    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("cannot load what is stored"), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
}
