//! The gate, endpoints, the management API and hooks.

use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use monoxide_testkit::{
    Http, Redactor, Socket, TestServer,
    fixture::Fixture,
    socket::{CLOSE, UPGRADE},
};
use serde_json::{Value, json};

use crate::{
    messages::{Listener, change},
    table::{ask, check},
};

/// What a socket is refused with, or 101.
async fn socket(server: &TestServer, target: &str, headers: &str) -> (u16, String) {
    let headers = format!("Host: {}\r\n{UPGRADE}{headers}", server.address());
    match Socket::over(Http::connect(server.address()).await, target, &headers).await {
        Ok(socket) => {
            (101, socket.answer.header("sec-websocket-protocol").unwrap_or("").to_owned())
        }
        Err(answer) => (answer.status, answer.text().to_owned()),
    }
}

async fn api(server: &TestServer, query: &str) -> Value {
    let answer = server.request("GET", &format!("/?api={query}"), "").await;
    assert_eq!(answer.header("content-type"), Some("application/json"), "{query}");
    assert!(answer.text().ends_with('\n'), "{query}");
    serde_json::from_slice(&answer.body).unwrap()
}

const DOORS: [&str; 13] = [
    "GET /a",
    "GET /l/*",
    "POST /a 1",
    "PATCH /a {}",
    "DELETE /a",
    "GET /a//b",
    "GET /",
    "GET /_keys",
    "GET /?api=keys",
    "GET /policies/7",
    "PUT /policies/7",
    "GET /slow",
    "HEAD /a",
];

#[tokio::test]
async fn the_gate_covers_every_door_and_decides_before_the_key_is_looked_at() {
    let server = Fixture::with("--audit").await;
    for door in DOORS {
        let answer = ask(&server, door).await;
        assert_eq!(answer.status, 401, "{door}");
        if !door.starts_with("HEAD") {
            assert_eq!(answer.text(), "not authorized", "{door}");
        }
        let wrong = ask(&server, &format!("[Authorization: Bearer guess] {door}")).await;
        assert_eq!(wrong.status, 401, "{door}");
        let right = ask(&server, &format!("[Authorization: Bearer secret] {door}")).await;
        assert_ne!(right.status, 401, "{door}");
    }
    for target in ["/", "/a", "/l/*", "/_keys", "/a//b"] {
        assert_eq!(
            socket(&server, target, "").await,
            (401, "not authorized".to_owned()),
            "{target}"
        );
    }
    for (target, protocols) in
        [("/", "bearer, secret"), ("/a", "bearer,secret"), ("/l/*", "bearer, secret")]
    {
        let bearer = format!("Sec-WebSocket-Protocol: {protocols}\r\n");
        assert_eq!(socket(&server, target, &bearer).await, (101, "bearer".to_owned()), "{target}");
    }
    assert_eq!(
        socket(&server, "/a", "Authorization: Bearer secret\r\n").await,
        (101, String::new())
    );
}

/// A preflight carries no token, and what does not exist is nobody's.
#[tokio::test]
async fn the_gate_does_not_cover_preflights_and_what_has_no_route() {
    let server = Fixture::with("--audit").await;
    let preflight = "[Origin: http://x; Access-Control-Request-Method: POST] OPTIONS /a";
    assert_eq!(ask(&server, preflight).await.status, 204);
    for request in ["GET /a@b", "POST /a%20b 1", "PUT /a@b"] {
        assert_eq!(ask(&server, request).await.status, 404, "{request}");
    }
}

#[tokio::test]
async fn endpoints_answer_beside_the_keys() {
    let server = Fixture::with("--filters").await;
    let table = r##"
        GET /policies/7 => 200 {"id":"7","filter":"","method":"GET"}
        GET /policies/7?filter=a%20b => 200 {"id":"7","filter":"a b","method":"GET"}
        PUT /policies/7 {} => 200 {"id":"7","filter":"","method":"PUT"}
        GET /counters/books/after => 200 {"afterWrites":0}
        POST /books/a 1 => 200 {"index":"a"}
        POST /books/* 1 => 200 {"index":"#1"}
        POST /books/a {} => 200 {"index":"a"}
        PATCH /books/a {} => 200 {"index":"a"}
        DELETE /books/a => 204
        GET /counters/books/after => 200 {"afterWrites":4}
        GET /policies => 404 ooo: empty key
        GET /policies/7/more => 404 ooo: empty key
    "##;
    check(&server, table).await;
    let answer = server.request("GET", "/policies/7", "").await;
    assert_eq!(answer.text(), "{\"id\":\"7\",\"filter\":\"\",\"method\":\"GET\"}\n");
    assert_eq!(server.request("GET", "/slow?ms=1", "").await.text(), "slept");
}

/// There are none yet; the addresses are taken all the same.
#[tokio::test]
async fn proxy_routes_say_that_there_are_none() {
    let server = Fixture::with("").await;
    for request in ["GET /remote/a", "POST /rlist/1/a 1", "GET /rlist/1", "DELETE /rro/a"] {
        assert_eq!(ask(&server, request).await.status, 501, "{request}");
    }
    assert_eq!(api(&server, "proxies").await, json!([]));
}

#[tokio::test]
async fn q15_a_page_beyond_every_number_is_empty() {
    let server = Fixture::with("").await;
    change(&server, "POST", "/a", "1").await;
    for page in ["9223372036854775807", "2"] {
        let keys = api(&server, &format!("keys&page={page}&limit=500")).await;
        assert_eq!(keys["keys"], json!([]), "{page}");
        assert_eq!(keys["page"].to_string(), page);
    }
    for page in ["0", "-1", "x", "9223372036854775808", ""] {
        let keys = api(&server, &format!("keys&page={page}&limit=501")).await;
        assert_eq!((&keys["page"], &keys["limit"]), (&json!(1), &json!(50)), "{page}");
        assert_eq!(keys["keys"], json!(["a"]), "{page}");
    }
}

#[tokio::test]
async fn q16_a_method_that_an_address_lacks_is_405_and_stores_nothing() {
    let server = Fixture::with("").await;
    for (request, allow) in [
        ("POST /policies/7 1", "GET, HEAD, PUT"),
        ("DELETE /policies/7", "GET, HEAD, PUT"),
        ("POST /slow 1", "GET, HEAD"),
        ("PUT /a 1", "DELETE, GET, HEAD, OPTIONS, PATCH, POST"),
    ] {
        let answer = ask(&server, request).await;
        assert_eq!(answer.status, 405, "{request}");
        let allowed = answer.header("allow").unwrap_or_default();
        let mut allowed: Vec<_> = allowed.split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(", "), allow, "{request}");
    }
    assert!(server.engine().all_keys().is_empty());
}

#[tokio::test]
async fn keys_are_listed_page_by_page_in_the_order_of_their_bytes() {
    let server = Fixture::with("").await;
    for key in ["b", "a", "B", "books/1", "books/2", "book"] {
        change(&server, "POST", &format!("/{key}"), "1").await;
    }
    for (query, expected) in [
        (
            "keys",
            r#"{"keys":["B","a","b","book","books/1","books/2"],"total":6,"page":1,"limit":50,"filter":""}"#,
        ),
        (
            "keys&limit=2&page=2",
            r#"{"keys":["b","book"],"total":6,"page":2,"limit":2,"filter":""}"#,
        ),
        ("keys&limit=2&page=9", r#"{"keys":[],"total":6,"page":9,"limit":2,"filter":""}"#),
        (
            "keys&filter=books/*",
            r#"{"keys":["books/1","books/2"],"total":2,"page":1,"limit":50,"filter":"books/*"}"#,
        ),
        (
            "keys&filter=book",
            r#"{"keys":["book","books/1","books/2"],"total":3,"page":1,"limit":50,"filter":"book"}"#,
        ),
        ("keys&filter=Book", r#"{"keys":[],"total":0,"page":1,"limit":50,"filter":"Book"}"#),
    ] {
        let answer = server.request("GET", &format!("/?api={query}"), "").await;
        assert_eq!(answer.text().trim_end(), expected, "{query}");
    }
    assert_eq!(api(&server, "info&api=keys").await["name"], "ooo", "the first wins");
    assert_eq!(server.request("POST", "/?api=keys", "").await.status, 405);
}

#[tokio::test]
async fn info_tells_the_settings() {
    let server = Fixture::with("--static --name books --tick 2s --deadline 400ms --no-patch").await;
    let info = api(&server, "info").await;
    let address = server.address().to_string();
    let expected = json!({
        "name": "books", "address": address, "deadline": 400_000_000, "readTimeout": 60_000_000_000_i64,
        "writeTimeout": 60_000_000_000_i64, "readHeaderTimeout": 10_000_000_000_i64,
        "idleTimeout": 10_000_000_000_i64, "forcePatch": false, "noPatch": true, "static": true,
        "silence": true, "tick": 2_000_000_000, "watchPanics": 0, "droppedEvents": 0,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&info[name], value, "{name}");
    }
}

#[tokio::test]
async fn filters_are_told_in_their_order() {
    let server = Fixture::with("--static").await;
    let told = api(&server, "filters").await;
    let filters = told["filters"].as_array().unwrap();
    let lines: Vec<_> = filters
        .iter()
        .map(|filter| {
            let can = ["canRead", "canWrite", "canDelete"].map(|it| filter[it] == true);
            format!("{} {} {can:?}", filter["path"].as_str().unwrap(), filter["type"])
        })
        .collect();
    let expected = [
        "books/* \"open\" [true, true, true]",
        "users/*/posts/* \"open\" [true, true, true]",
        "settings \"open\" [true, true, true]",
        "validated/* \"open\" [true, true, true]",
        "config \"custom\" [true, true, false]",
        "feed/* \"open\" [true, true, true]",
        "readonly/* \"read-only\" [true, false, false]",
        "writeonly/* \"write-only\" [false, true, false]",
        "guarded/* \"open\" [true, true, true]",
        "badfilter \"write-only\" [false, true, false]",
        "logs/* \"limit\" [true, true, true]",
        "events/* \"limit\" [true, true, true]",
    ];
    assert_eq!(lines, expected);
    let named = |path: &str| filters.iter().find(|it| it["path"] == path).unwrap();
    assert_eq!(named("books/*")["descRead"], "books, open");
    assert_eq!(named("books/*")["descAfterWrite"], "counts writes");
    assert_eq!(named("settings")["schema"], json!({"size": 0, "theme": ""}));
    assert_eq!(named("settings")["isGlob"], false);
    assert_eq!(named("readonly/*")["descRead"], "read only list");
    assert_eq!(named("writeonly/*")["descWrite"], "write only list");
    assert_eq!(told["paths"].as_array().unwrap().len(), filters.len());

    let none = Fixture::with("").await;
    assert_eq!(api(&none, "filters").await, json!({"paths": [], "filters": []}));
}

#[tokio::test]
async fn q28_a_limit_tells_its_order_and_clean_up_and_no_schema_that_it_has_not() {
    let server = Fixture::with("--static --extra").await;
    let told = api(&server, "filters").await;
    let named = |path: &str| {
        let filters = told["filters"].as_array().unwrap();
        filters.iter().find(|it| it["path"] == path).unwrap().clone()
    };
    let logs = named("logs/*");
    assert_eq!((&logs["limit"], &logs["order"]), (&json!(3), &json!("desc")));
    assert_eq!(logs["descLimit"], "last three logs");
    assert_eq!(logs.get("schema"), None);
    assert_eq!(
        (&logs["cleanupEnabled"], &logs["cleanupInterval"]),
        (&json!(true), &json!("10m0s"))
    );
    assert_eq!(named("events/*")["order"], "asc");
    assert_eq!(named("ages/*")["maxAge"], "1s");
    assert_eq!(named("dyn/*")["limitDynamic"], true);
}

#[tokio::test]
async fn state_counts_who_watches_what() {
    let server = Fixture::with("").await;
    assert_eq!(api(&server, "state").await, json!({"pools": [], "totalConnections": 0}));
    let mut sockets = Vec::new();
    for target in ["/books/*", "/", "/books/*", "/a"] {
        let mut socket = server.socket(target).await;
        socket.message().await;
        sockets.push(socket);
    }
    server.request("GET", "/never", "").await;
    let mut state = api(&server, "state").await;
    assert_eq!(state["totalConnections"], 4);
    let pools = state["pools"].as_array_mut().unwrap();
    assert_eq!(pools[0], json!({"key": "(clock)", "connections": 1}), "the clock is first");
    pools.sort_by_key(|pool| pool["key"].to_string());
    let expected = json!([
        {"key": "(clock)", "connections": 1},
        {"key": "a", "connections": 1},
        {"key": "books/*", "connections": 2},
    ]);
    assert_eq!(json!(pools), expected);
}

#[tokio::test]
async fn endpoints_are_told_with_examples_of_their_types() {
    let server = Fixture::with("").await;
    let mut told = api(&server, "endpoints").await;
    let policies = &mut told[0];
    for method in policies["methods"].as_array_mut().unwrap() {
        let method = method.as_object_mut().unwrap();
        // Ours, beside ooo's: the full schema of each type.
        assert!(method.remove("responseSchema").unwrap()["properties"]["id"].is_object());
        method.remove("requestSchema");
    }
    let policy = json!({
        "enabled": false, "level": 0, "meta": {}, "name": "",
        "owner": {"id": "", "score": 0}, "tags": [""],
    });
    let answer = json!({"filter": "", "id": "", "method": ""});
    let expected = json!({
        "path": "/policies/{id}",
        "methods": [
            {"method": "GET", "response": answer, "params": {"filter": "optional filter"}},
            {"method": "PUT", "request": policy, "response": answer},
        ],
        "description": "Manage policies",
        "vars": {"id": "Policy ID"},
    });
    assert_eq!(policies, &expected);
    assert_eq!(told[1]["vars"], json!({"name": "name", "kind": "kind"}));
    assert_eq!(told[2]["description"], "sleeps ?ms= unless the request context ends");
}

#[tokio::test]
async fn pivot_proxies_and_orphans_have_ooos_shapes() {
    let server = Fixture::with("--filters").await;
    change(&server, "POST", "/orphan", "1").await;
    change(&server, "POST", "/books/a", "1").await;
    change(&server, "POST", "/writeonly/a", "1").await;
    assert_eq!(api(&server, "orphan-keys").await, json!(["orphan", "writeonly/a"]));
    let answer = server.request("GET", "/?api=pivot", "").await;
    assert_eq!(
        answer.text(),
        "{\"role\":\"none\",\"pivotIP\":\"\",\"nodes\":null,\"syncedKeys\":null,\"pivotHealthy\":false,\
         \"pivotLastCheck\":\"\",\"pivotProtocol\":\"\",\"pivotCompatible\":false}\n",
    );
    let page = server.request("GET", "/?api=nothing", "").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
}

/// ooo shows every key to everyone here.
#[tokio::test]
async fn q29_the_management_api_is_behind_the_gate() {
    let server = Fixture::with("--static --audit").await;
    for name in
        ["keys", "info", "filters", "state", "endpoints", "proxies", "pivot", "orphan-keys", "x"]
    {
        assert_eq!(ask(&server, &format!("GET /?api={name}")).await.status, 401, "{name}");
    }
}

#[tokio::test]
async fn a_subscription_that_a_hook_refuses_is_told_why() {
    let server = Fixture::with("").await;
    for target in ["/denied", "/denied/a", "/denied/*"] {
        let (status, text) = socket(&server, target, "").await;
        assert_eq!((status, text.as_str()), (400, "denied"), "{target}");
        assert_ne!(server.request("GET", target, "").await.status, 400, "{target}");
    }
    assert_eq!(socket(&server, "/denied2", "").await.0, 101);
}

#[tokio::test]
async fn q33_the_end_of_a_subscription_is_told_once() {
    let ended = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&ended);
    let server = TestServer::with(|server| {
        server.on_unsubscribe(move |subscriber| told.lock().unwrap().push(subscriber.path.clone()))
    })
    .await;
    drop(server.socket("/gone").await);
    let mut closing = server.socket("/closing").await;
    closing.send(CLOSE, [0x03, 0xe8]).await.unwrap();
    assert_eq!(closing.closed().await, 1000);
    let mut broken = server.socket("/broken").await;
    broken.send_raw([0xff; 16]).await.unwrap();
    broken.closed().await;
    let _open = server.socket("/open").await;

    server.close().await;

    let mut ended = ended.lock().unwrap().clone();
    ended.sort_unstable();
    assert_eq!(ended, ["broken", "closing", "gone", "open"]);
}

/// ooo takes one of them away, and tells nobody of the others.
#[tokio::test]
async fn q09_a_limit_that_is_lowered_is_told_as_a_whole() {
    let server = Fixture::with("--extra").await;
    for nth in 0..5 {
        change(&server, "POST", &format!("/dyn/{nth}"), "1").await;
    }
    let mut list = Listener::new(&server, "/dyn/*").await;
    list.hears().await;
    assert_eq!(server.request("GET", "/setlimit?n=2", "").await.text(), "set");
    let told = list.hears().await;
    assert_snapshot!(told, @r##"{"snapshot":false,"version":"#6","data":[{"op":"remove","path":"/4"},{"op":"remove","path":"/3"},{"op":"remove","path":"/2"}]}"##);
    assert_snapshot!(list.hears_of("POST", "/dyn/5", "1").await, @r##"{"snapshot":false,"version":"#7","data":[{"op":"remove","path":"/1"},{"op":"add","path":"/0","value":{"created":#7,"updated":0,"index":"5","path":"dyn/5","data":1}}]}"##);
    let mut seen = Redactor::default();
    let read = server.request("GET", "/dyn/*", "").await;
    assert_snapshot!(seen.redact(read.text()), @r##"[{"created":#1,"updated":0,"index":"5","path":"dyn/5","data":1},{"created":#2,"updated":0,"index":"4","path":"dyn/4","data":1}]"##);
}
