//! The commands that look after what is kept, beside a running server and without one.

mod backup;
mod scheduled;
mod transfer;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::PathBuf,
    process::Stdio,
};

use monoxide_testkit::Http;
use tempfile::{TempDir, tempdir};
use tokio::{io::AsyncWriteExt as _, net::UnixStream};

use crate::{
    Running, monoxide, signal,
    storage::{ask, on},
};

const BACKENDS: [&str; 2] = ["redb", "sled"];

/// What a command has said and done.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A folder with data, and room beside it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempdir().unwrap())
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).unwrap();
        self.text(name)
    }

    /// A path as an argument.
    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    async fn start(&self, arguments: &[&str]) -> Running {
        let running = Running::start(on(&self.data(), arguments)).await;
        // It has loaded.
        ask(&running, "GET", "/nothing", "").await;
        running
    }

    /// Runs a command with something to read.
    async fn run_with(&self, arguments: &[&str], input: &str) -> Done {
        let mut command = monoxide(arguments);
        command.env_remove("MONOXIDE_MEMORY").env("MONOXIDE_DATA", self.data());
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // It may have had enough before the end.
        _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Done { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    async fn run(&self, arguments: &[&str]) -> Done {
        self.run_with(arguments, "").await
    }

    /// Runs a command that has to work.
    async fn done(&self, arguments: &[&str]) -> Done {
        let done = self.run(arguments).await;
        assert_eq!(done.code, Some(0), "{arguments:?}: {done:?}");
        done
    }

    /// Runs a command that has to fail with one line that says `why`, and change nothing.
    async fn refused(&self, arguments: &[&str], input: &str, why: &[&str]) {
        let before = self.content();
        let done = self.run_with(arguments, input).await;
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{arguments:?}: {done:?}");
        assert_eq!(done.err.lines().count(), 1, "{done:?}");
        for why in why {
            assert!(done.err.contains(why), "`{}` does not say `{why}`", done.err);
        }
        assert_eq!(self.content(), before, "{arguments:?} leaves everything as it was");
    }

    /// What there is beside the data, and in it but for the backend's own files.
    fn content(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut all = BTreeMap::new();
        let (here, data) = (self.0.path().to_owned(), self.data());
        for folder in [here, data] {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let entry = entry.unwrap();
                all.insert(entry.path(), fs::read(entry.path()).ok());
            }
        }
        all
    }

    /// Everything that is stored, with all that is known of it.
    async fn everything(&self) -> String {
        self.done(&["export"]).await.out
    }
}

async fn stop(running: Running) {
    signal(&running.child, "TERM").await;
    assert_eq!(running.ended().await.0, Some(0));
}

/// Objects that were pushed, set, changed and deleted.
async fn fill(running: &Running) {
    for n in 0..20 {
        ask(running, "POST", "/books/*", &format!("{{\"n\":{n}}}")).await;
        ask(running, "POST", &format!("/deep/{n}/er"), "[1.50,\"ü<\"]").await;
    }
    ask(running, "POST", "/config", "{\"a\":1}").await;
    ask(running, "PATCH", "/config", "{\"b\":2}").await;
    ask(running, "DELETE", "/deep/7/er", "").await;
}
#[tokio::test]
async fn compaction_gives_room_back_and_keeps_everything() {
    for backend in BACKENDS {
        let place = Place::new();
        let running = place.start(&["--backend", backend]).await;
        let large = format!("\"{}\"", "x".repeat(100_000));
        for n in 0..30 {
            ask(&running, "POST", &format!("/n/{n}"), &large).await;
        }
        fill(&running).await;
        ask(&running, "DELETE", "/n/*", "").await;
        let before = place.everything().await;
        let size = || fs::metadata(place.data().join("redb/state.redb")).map(|it| it.len());
        let large = size().ok();

        let told = place.done(&["compact"]).await.err;

        match large {
            Some(large) => {
                assert!(told.starts_with("compacted: "), "{told}");
                assert!(size().unwrap() < large, "{large} bytes before: {told}");
            }
            None => assert!(told.contains("by itself"), "{told}"),
        }
        assert_eq!(place.everything().await, before);
        let answer = ask(&running, "POST", "/after", "1").await;
        assert_eq!(answer.status, 200, "writes go on");
        stop(running).await;
        place.done(&["compact"]).await;
        assert_eq!(place.everything().await.lines().count(), 41);
    }
}

#[tokio::test]
async fn the_socket_is_this_users_alone_and_gone_with_the_server() {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    let socket = place.data().join("monoxide.sock");
    // Of a server that was killed.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let running = place.start(&[]).await;
    let found = fs::metadata(&socket).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);

    let mut http = Http::over(UnixStream::connect(&socket).await.unwrap());
    http.send("GET /?api=info HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(http.answer().await.text().contains("\"health\":\"ok\""));
    http.send("GET /books/* HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(http.answer().await.status, 404, "it has no other doors");

    stop(running).await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_data_folder_with_a_long_name_has_its_socket_too() {
    let place = Place::new();
    let data = place.path(&"long/".repeat(40));
    let running = Running::start(on(&data, &[])).await;
    let mut command = monoxide(&["export"]);
    command.env_remove("MONOXIDE_MEMORY").arg("--data").arg(&data);
    assert!(command.status().await.unwrap().success() || !cfg!(target_os = "linux"));
    stop(running).await;
}

#[tokio::test]
async fn nobody_has_a_backup_over_the_network_by_default() {
    let place = Place::new();
    let running = place.start(&[]).await;
    ask(&running, "POST", "/secret", "\"word\"").await;
    for (method, noun, status) in [
        ("POST", "backup", 401),
        ("POST", "import", 405),
        ("POST", "compact", 405),
        ("POST", "nonsense", 405),
    ] {
        let answer = ask(&running, method, &format!("/?api={noun}"), "{}").await;
        assert_eq!(answer.status, status, "{method} {noun}");
        assert_eq!(answer.header("allow").is_some(), status == 405);
    }
    for noun in ["backup", "export"] {
        let answer = ask(&running, "GET", &format!("/?api={noun}"), "").await;
        assert!(!answer.text().contains("word"), "GET {noun} is the page");
    }
}

#[tokio::test]
async fn a_folder_without_anything_is_refused_and_stays_so() {
    let place = Place::new();
    let file = place.text("a.backup");
    for command in [&["backup", &file][..], &["export"], &["compact"]] {
        place.refused(command, "", &["there is nothing in"]).await;
    }
    assert!(!place.data().exists());
    let done = place.run(&["--memory", "export"]).await;
    assert_eq!(done.code, Some(1));
    assert!(done.err.contains("with --memory nothing is kept"), "{done:?}");
}

#[tokio::test]
async fn a_command_that_cannot_be_read_is_one_line_and_exit_code_2() {
    let place = Place::new();
    for arguments in [
        &["backup"][..],
        &["export", "b k/*"],
        &["export", "--format", "xml"],
        &["import", "--plain"],
        &["import", "--into", "a/*"],
        &["import", "--plain", "--into", "*/a"],
        &["restore"],
        &["--backup-every", "1h"],
        &["--backup-dir", "x"],
        &["--backup-dir", "x", "--backup-every", "1h", "--backup-keep", "0"],
    ] {
        let done = place.run(arguments).await;
        assert_eq!(done.code, Some(2), "{arguments:?}: {done:?}");
        assert_eq!(done.err.lines().count(), 1, "{done:?}");
    }
}

/// Whoever asks while the server goes away gets the server, or the folder that it has left.
#[tokio::test]
async fn a_command_beside_a_server_that_stops_works() {
    let place = Place::new();
    let running = place.start(&[]).await;
    fill(&running).await;
    stop(running).await;
    for _ in 0..5 {
        let running = place.start(&[]).await;
        signal(&running.child, "TERM").await;
        assert_eq!(place.everything().await.lines().count(), 40);
        assert_eq!(running.ended().await.0, Some(0));
    }
}
