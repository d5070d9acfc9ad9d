//! Export and import.

use monoxide_testkit::Socket;

use super::{Place, fill, stop};
use crate::{signal, storage::ask};

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
