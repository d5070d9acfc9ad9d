//! The commands that look after what is kept, beside a running server and without one.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use monoxide_testkit::{Http, Socket};
use tempfile::{TempDir, tempdir};
use tokio::{io::AsyncWriteExt as _, net::UnixStream, time::timeout};

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
    let place = Place::new();
    let backup = place.text("a.backup");
    let running = place.start(&[]).await;
    fill(&running).await;
    let before = place.everything().await;
    place.done(&["backup", &backup]).await;
    stop(running).await;
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
    let place = Place::new();
    let backup = place.text("a.backup");
    let running = place.start(&[]).await;
    fill(&running).await;
    let before = place.everything().await;
    place.done(&["backup", &backup]).await;
    stop(running).await;
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

#[tokio::test]
async fn an_import_is_all_or_nothing_and_a_bad_line_is_named() {
    let good = "{\"key\":\"a\",\"data\":1}\n{\"key\":\"b\",\"data\":2}\n";
    let lines = [
        ("nonsense", "line 3: "),
        ("{\"key\":\"c\",\"data\":}", "line 3: "),
        ("{\"key\":\"c\"}", "line 3: missing field `data`"),
        ("{\"data\":1}", "line 3: missing field `key`"),
        ("{\"key\":\"_c\",\"data\":1}", "line 3: `_c`"),
        ("{\"key\":\"c/*\",\"data\":1}", "line 3: "),
        ("{\"key\":\"a\",\"data\":1}", "line 3: `a` stands in line 1 already"),
        ("{\"key\":\"c\",\"creatd\":1,\"data\":1}", "line 3: unknown field `creatd`"),
        ("{\"key\":\"c\",\"created\":-1,\"data\":1}", "line 3: "),
        ("{\"key\":\"example/notes/1\",\"data\":{\"text\":\"\"}}", "line 3: a note says something"),
    ];
    for is_running in [true, false] {
        let place = Place::new();
        let running = place.start(&[]).await;
        ask(&running, "POST", "/a", "\"old\"").await;
        let mut running = Some(running);
        if !is_running {
            stop(running.take().unwrap()).await;
        }
        let before = place.everything().await;
        for (line, why) in lines {
            let input = format!("{good}{line}\n");
            place.refused(&["import"], &input, &["nothing was imported: ", why]).await;
        }
        assert_eq!(place.everything().await, before);
        let told = place.run_with(&["import", "--dry-run"], good).await;
        assert_eq!(told.code, Some(0));
        assert!(told.err.contains("nothing was written: 2 objects, 1 new and 1 replaced"));
        assert_eq!(place.everything().await, before);
        let told = place.run_with(&["import"], &format!("\u{feff}{good}\r\n\n")).await;
        assert!(told.err.contains("imported 2 objects, 1 new and 1 replaced"), "{told:?}");
        let array = "[\n{\"key\":\"c\",\"data\":1},\n{\"key\":\"a\"}]";
        let why = ["line 3: missing field `data`"];
        place.refused(&["import", "--format", "json"], array, &why).await;
        place.refused(&["import", "--format", "json"], "[1,", &["line 1: "]).await;
        drop(running);
    }
}

#[tokio::test]
async fn an_import_reaches_subscribers_as_one_change() {
    let place = Place::new();
    let running = place.start(&[]).await;
    let mut socket = Socket::open(running.address, "/n/*").await;
    socket.message().await;

    let lines = "{\"key\":\"n/1\",\"created\":5,\"data\":1}\n{\"key\":\"n/2\",\"data\":2}";
    place.run_with(&["import"], lines).await;

    let message = socket.message().await;
    assert_eq!(message.matches("\"op\":\"add\"").count(), 2, "{message}");
    let listed = ask(&running, "GET", "/n/*", "").await;
    assert!(listed.text().contains("\"created\":5,"), "{}", listed.text());
    // What did not exist before is durable like any write.
    signal(&running.child, "KILL").await;
    _ = running.ended().await;
    assert_eq!(place.everything().await.lines().count(), 2);
}

/// What is exported with these arguments and imported elsewhere with those is the same there.
async fn check_round_trip(export: &[&str], import: &[&str]) {
    let (place, other) = (Place::new(), Place::new());
    let running = place.start(&[]).await;
    fill(&running).await;
    let export = [&["export"], export].concat();
    let exported = place.done(&export).await.out;
    stop(running).await;
    assert_eq!(place.done(&export).await.out, exported, "with and without a server");
    assert!(exported.lines().count() > 0);

    let imported = other.run_with(&[&["import"], import].concat(), &exported).await;

    assert_eq!(imported.code, Some(0), "{imported:?}");
    let again = other.done(&export).await.out;
    assert_eq!(without_versions(&again), without_versions(&exported));
}

#[tokio::test]
async fn what_is_exported_can_be_imported_in_every_format() {
    check_round_trip(&[], &[]).await;
    check_round_trip(&["books/*"], &[]).await;
    check_round_trip(&["deep/*/er"], &[]).await;
    check_round_trip(&["config", "--format", "json"], &["--format", "json"]).await;
    check_round_trip(&["--format", "json"], &["--format", "json"]).await;
    check_round_trip(&["books/*", "--plain"], &["--plain", "--into", "books/*"]).await;
    check_round_trip(&["config", "--plain"], &["--plain", "--into", "config"]).await;
    let json = ["books/*", "--plain", "--format", "json"];
    check_round_trip(&json, &["--plain", "--into", "books/*", "--format", "json"]).await;
    check_round_trip(&["*"], &[]).await;
}

#[tokio::test]
async fn an_export_of_nothing_is_empty_and_can_be_imported() {
    let place = Place::new();
    let running = place.start(&[]).await;
    assert_eq!(place.done(&["export", "none/*"]).await.out, "");
    let empty = place.done(&["export", "none/*", "--format", "json"]).await.out;
    assert_eq!(empty, "[]\n");
    let told = place.run_with(&["import", "--format", "json"], &empty).await;
    assert!(told.err.contains("imported 0 objects"), "{told:?}");
    stop(running).await;
}

/// An import has versions of its own.
fn without_versions(text: &str) -> String {
    let parts = text.split("\"version\":\"");
    parts.map(|part| part.split_once("\",").map_or(part, |(_, rest)| rest)).collect()
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
