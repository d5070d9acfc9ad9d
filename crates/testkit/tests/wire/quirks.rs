//! What ooo gets wrong, by its number in our list of repaired promises (`docs/ooo-compatibility.md`).

use std::time::Duration;

use insta::assert_snapshot;
use monoxide_testkit::{
    Http, Socket, TestServer,
    fixture::Fixture,
    socket::{PING, TEXT, UPGRADE},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    messages::{Listener, change},
    table::check,
};

/// A subscriber that does with messages what ooo's clients do.
struct Replica<'a> {
    server: &'a TestServer,
    target: &'a str,
    socket: Socket,
    document: Value,
}

impl<'a> Replica<'a> {
    async fn new(server: &'a TestServer, target: &'a str) -> Self {
        let socket = server.socket(target).await;
        let mut replica = Self { server, target, socket, document: Value::Null };
        replica.hear().await;
        replica
    }

    async fn hear(&mut self) {
        let message: Value = serde_json::from_str(&self.socket.message().await).unwrap();
        if message["snapshot"] == true {
            self.document = message["data"].clone();
        } else {
            let patch: json_patch::Patch = serde_json::from_value(message["data"].clone()).unwrap();
            json_patch::patch(&mut self.document, &patch).unwrap();
        }
    }

    /// After the next message it has what a reader gets.
    #[track_caller]
    fn becomes_equal(&mut self) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            self.hear().await;
            let answer = self.server.request("GET", self.target, "").await;
            let read: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(self.document, read, "{caller}");
        }
    }

    fn indexes(&self) -> Vec<&str> {
        self.document.as_array().unwrap().iter().map(|it| it["index"].as_str().unwrap()).collect()
    }
}

#[tokio::test]
async fn q01_live_lists_have_the_order_of_rest() {
    let server = Fixture::with("").await;
    let mut from_empty = Replica::new(&server, "/l/*").await;
    for name in ["a", "b"] {
        change(&server, "POST", &format!("/l/{name}"), "1").await;
        from_empty.becomes_equal().await;
    }
    let mut from_snapshot = Replica::new(&server, "/l/*").await;

    change(&server, "POST", "/l/c", "1").await;

    from_empty.becomes_equal().await;
    from_snapshot.becomes_equal().await;
    assert_eq!(from_snapshot.indexes(), ["c", "b", "a"]);
}

#[tokio::test]
async fn q02_reading_a_list_moves_nothing_for_its_subscribers() {
    let server = Fixture::with("").await;
    let mut replica = Replica::new(&server, "/l/*").await;
    for name in ["a", "b", "c"] {
        change(&server, "POST", &format!("/l/{name}"), "1").await;
        replica.becomes_equal().await;
    }

    server.request("GET", "/l/*", "").await;
    let _late = Replica::new(&server, "/l/*").await;
    change(&server, "DELETE", "/l/a", "").await;

    replica.becomes_equal().await;
    assert_eq!(replica.indexes(), ["c", "b"]);
}

#[tokio::test]
async fn q03_an_array_that_shrinks_or_is_reordered_is_the_same_for_subscribers() {
    let server = Fixture::with("").await;
    let mut replica = Replica::new(&server, "/a").await;
    for array in ["[1,2,3]", "[3,1]", "[1,3]", "[1,1,3,3]", "[3]", "[]", "[[1],[2]]", "[[2]]"] {
        change(&server, "POST", "/a", &format!(r#"{{"b":{array}}}"#)).await;
        replica.becomes_equal().await;
    }
}

#[tokio::test]
async fn q04_a_delete_takes_only_what_it_matches_out_of_wider_lists() {
    let server = Fixture::with("--static").await;
    for name in ["u1/posts/1", "u1/posts/2", "u2/posts/1"] {
        change(&server, "POST", &format!("/users/{name}"), "1").await;
    }
    let mut replica = Replica::new(&server, "/users/*/posts/*").await;

    change(&server, "DELETE", "/users/u1/posts/*", "").await;

    replica.becomes_equal().await;
    assert_eq!(replica.document[0]["path"], "users/u2/posts/1");
}

#[tokio::test]
async fn q05_a_list_does_not_hear_of_the_key_above_it() {
    let server = Fixture::with("").await;
    let mut list = Listener::new(&server, "/par/*").await;
    list.hears().await;
    change(&server, "POST", "/par", "1").await;
    change(&server, "DELETE", "/par", "").await;
    assert!(list.hears_of("POST", "/par/a", "1").await.contains(r#""path":"par/a""#));
}

#[tokio::test]
async fn q06_a_star_is_a_whole_segment_or_refused() {
    let server = Fixture::with("").await;
    let table = "
        GET /ab* => 400 ooo: key is not valid
        DELETE /ob* => 400 ooo: key is not valid
        GET /a/b*/c => 400 ooo: key is not valid
    ";
    check(&server, table).await;
}

#[tokio::test]
async fn q07_what_is_not_json_is_refused_and_breaks_no_list() {
    let server = Fixture::with("").await;
    let bodies: [&[u8]; 10] = [
        b"{'a':1}",
        b"{\"a\":1,}",
        b"01",
        b"\xef\xbb\xbf{}",
        b"\"\x01\"",
        b"\"\xff\"",
        b"{\"a\":1} junk",
        b"123abc",
        b"[1]]",
        b"{} {}",
    ];
    for body in bodies {
        let text = String::from_utf8_lossy(body);
        assert_eq!(server.request("POST", "/l/*", body).await.status, 400, "{text}");
        assert_eq!(server.request("PATCH", "/l/*", body).await.status, 400, "{text}");
    }
    check(&server, "GET /l/* => 200 []").await;
}

#[tokio::test]
async fn q08_an_item_that_becomes_hidden_is_removed_and_never_shown() {
    let server = Fixture::with("--static").await;
    let mut feed = Listener::new(&server, "/feed/*").await;
    feed.hears().await;
    feed.hears_of("POST", "/feed/a", "1").await;
    feed.hears_of("POST", "/feed/b", "1").await;

    let told = feed.hears_of("POST", "/feed/a", r#"{"hidden":true}"#).await;
    assert_snapshot!(told, @r##"{"snapshot":false,"version":"#6","data":[{"op":"remove","path":"/1"}]}"##);
    let told = feed.hears_of("POST", "/feed/a", r#"{"hidden":false}"#).await;
    assert_snapshot!(told, @r##"{"snapshot":false,"version":"#7","data":[{"op":"add","path":"/1","value":{"created":#3,"updated":#8,"index":"a","path":"feed/a","data":{"hidden":false}}}]}"##);
    // One that was never seen is not announced, whatever becomes of it.
    change(&server, "POST", "/feed/c", r#"{"hidden":true}"#).await;
    change(&server, "DELETE", "/feed/c", "").await;
    let told = feed.hears_of("DELETE", "/feed/b", "").await;
    assert_snapshot!(told, @r##"{"snapshot":false,"version":"#9","data":[{"op":"remove","path":"/0"}]}"##);
}

#[tokio::test]
async fn q09_evictions_and_expiry_are_told_to_everyone() {
    let server = Fixture::with("--static --extra").await;
    for name in ["a", "b", "c"] {
        change(&server, "POST", &format!("/logs/{name}"), "1").await;
    }
    let mut evicted = Listener::new(&server, "/logs/a").await;
    evicted.hears().await;
    let told = evicted.hears_of("POST", "/logs/d", "1").await;
    assert_snapshot!(told, @r##"{"snapshot":false,"version":"#3","data":[{"op":"replace","path":"/created","value":0},{"op":"replace","path":"/index","value":""},{"op":"replace","path":"/data","value":{}},{"op":"remove","path":"/path"}]}"##);

    let mut list = Replica::new(&server, "/ages/*").await;
    for name in ["a", "b"] {
        change(&server, "POST", &format!("/ages/{name}"), "1").await;
        list.becomes_equal().await;
    }
    let mut expiring = Listener::new(&server, "/ages/a").await;
    expiring.hears().await;
    while !list.indexes().is_empty() {
        list.becomes_equal().await;
    }
    assert!(expiring.hears().await.contains(r#"{"op":"replace","path":"/created","value":0}"#));
    check(&server, "GET /ages/a => 404 ooo: empty key").await;
}

#[tokio::test]
async fn q10_of_two_hundred_patches_at_once_none_is_lost() {
    let server = std::sync::Arc::new(Fixture::with("--static").await);
    change(&server, "POST", "/books/a", "{}").await;
    let mut patches = JoinSet::new();
    for nth in 0..200 {
        let server = std::sync::Arc::clone(&server);
        patches.spawn(async move {
            change(&server, "PATCH", "/books/a", &format!(r#"{{"n{nth}":{nth}}}"#)).await;
        });
    }
    patches.join_all().await;
    let book = server.engine().get(&"books/a".parse().unwrap()).unwrap();
    assert_eq!(book.data.to_value().as_object().unwrap().len(), 200);
}

/// Two clients that never read anything: everyone else goes on at once.
#[tokio::test]
async fn q11_a_subscriber_that_stops_reading_holds_nobody_up() {
    let server = Fixture::with("").await;
    let mut lively = Replica::new(&server, "/l/*").await;
    let _stalled = [server.socket("/l/*").await, server.socket("/l/a").await];
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));

    let writes = async {
        for _ in 0..24 {
            change(&server, "POST", "/l/a", &large).await;
            lively.becomes_equal().await;
        }
        Replica::new(&server, "/l/*").await;
    };

    // ooo takes fifteen seconds for each message.
    tokio::time::timeout(Duration::from_secs(15), writes).await.expect("nobody waits");
}

#[tokio::test]
async fn q12_reads_leave_nothing_behind() {
    let server = Fixture::with("--static").await;
    for nth in 0..200 {
        server.request("GET", &format!("/books/{nth}"), "").await;
        server.request("GET", "/books/*", "").await;
    }
    assert!(server.engine().topics().await.unwrap().is_empty());
    assert!(server.engine().all_keys().is_empty());
}

#[tokio::test]
async fn q13_what_a_list_hides_cannot_be_read_or_watched_by_key() {
    let server = Fixture::with("--static").await;
    change(&server, "POST", "/feed/a", r#"{"hidden":true}"#).await;
    check(&server, "GET /feed/a => 404 ooo: empty key").await;
    let mut item = Listener::new(&server, "/feed/a").await;
    let mut list = Listener::new(&server, "/feed/*").await;
    let empty = r##"{"snapshot":true,"version":"#1","data":{"created":0,"updated":0,"index":"","data":{}}}"##;
    assert_eq!(item.hears().await, empty);
    assert!(list.hears().await.ends_with(r#""data":[]}"#));
    change(&server, "PATCH", "/feed/a", r#"{"secret":1}"#).await;
    let told = item.hears_of("PATCH", "/feed/a", r#"{"hidden":false}"#).await;
    assert!(told.starts_with(r#"{"snapshot":true"#), "{told}");
}

#[tokio::test]
async fn q14_what_is_deleted_and_what_is_refused_are_the_same_empty_object() {
    let server = Fixture::with("--static").await;
    let empty = json!({"created": 0, "updated": 0, "index": "", "data": {}});
    let mut book = Replica::new(&server, "/books/a").await;
    let mut config = Replica::new(&server, "/config").await;
    for target in ["/books/a", "/config"] {
        change(&server, "POST", target, r#"{"x":{"y":[1]}}"#).await;
    }
    book.hear().await;
    config.hear().await;

    change(&server, "DELETE", "/books/a", "").await;
    change(&server, "POST", "/config", r#"{"locked":true}"#).await;

    book.hear().await;
    config.hear().await;
    assert_eq!(book.document, empty);
    assert_eq!(config.document, empty);
}

#[tokio::test]
async fn q18_an_upgrade_may_be_spelled_in_any_case() {
    let server = Fixture::with("").await;
    for word in ["websocket", "WebSocket", "WEBSOCKET"] {
        let upgrade = UPGRADE.replace("Upgrade: websocket", &format!("Upgrade: {word}"));
        let headers = format!("Host: {}\r\n{upgrade}", server.address());
        let socket = Socket::over(Http::connect(server.address()).await, "/a", &headers).await;
        socket.unwrap_or_else(|answer| panic!("{word}: {}", answer.status));
    }
}

#[tokio::test]
async fn q19_a_patch_that_would_do_nothing_is_refused() {
    let server = Fixture::with("").await;
    change(&server, "POST", "/object", r#"{"a":1}"#).await;
    change(&server, "POST", "/array", "[1]").await;
    change(&server, "POST", "/scalar", "5").await;
    let rfc_6902 = r#"[{"op":"remove","path":"/a"}]"#;
    for (target, patches) in [
        ("/object", ["[]", "5", "null", rfc_6902]),
        ("/array", ["[]", "5", "null", rfc_6902]),
        ("/scalar", ["{}", "6", "null", rfc_6902]),
    ] {
        for patch in patches {
            let answer = server.request("PATCH", target, patch).await;
            assert_eq!(answer.status, 400, "{target} {patch} {}", answer.text());
        }
    }
}

#[tokio::test]
async fn q21_stars_and_dots_are_no_names() {
    let server = Fixture::with("").await;
    let table = "
        POST /lit* 1 => 400 ooo: key is not valid
        POST /a/../b 1 => 400 ooo: key is not valid
        POST /a/./b 1 => 400 ooo: key is not valid
        POST /.. 1 => 400 ooo: key is not valid
    ";
    check(&server, table).await;
    assert!(server.engine().all_keys().is_empty());
}

#[tokio::test]
async fn q22_a_refused_upgrade_says_what_rest_says() {
    let server = Fixture::with("--static").await;
    change(&server, "POST", "/config", r#"{"locked":true}"#).await;
    for target in ["/nope", "/nope/*", "/a//b", "/a@b", "/a*b", "/writeonly/a", "/config"] {
        let headers = format!("Host: {}\r\n{UPGRADE}", server.address());
        let http = Http::connect(server.address()).await;
        let refused = Socket::over(http, target, &headers).await.expect_err(target);
        let read = server.request("GET", target, "").await;
        assert_eq!((refused.status, refused.text()), (read.status, read.text()), "{target}");
    }
}

#[tokio::test]
async fn q23_any_frame_is_a_sign_of_life_and_every_end_has_a_close_frame() {
    let server = Fixture::with("--ping 100ms --pong 1s").await;
    let mut silent = server.socket("/a").await;
    let mut chatty = server.socket("/a").await;
    chatty.message().await;
    let opened = tokio::time::Instant::now();

    // It never answers a ping, but it says something at each of them, for more than two pong times.
    while opened.elapsed() < Duration::from_millis(2_500) {
        assert_eq!(chatty.frame().await.first, PING, "nothing else is told but pings");
        chatty.send(TEXT, "still here").await.unwrap();
    }

    assert_eq!(silent.closed().await, 1008);
    server.stop();
    assert_eq!(chatty.closed().await, 1001);
}

/// ooo's own tests see a redirect here, its clients do not.
#[tokio::test]
async fn q30_two_slashes_are_a_wrong_key_and_no_redirect() {
    let server = Fixture::with("").await;
    check(&server, "GET //test => 400 ooo: key is not valid").await;
}
