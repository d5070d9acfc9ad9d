//! The management API: each noun, byte for byte.

use std::{collections::HashSet, net::SocketAddr, time::Duration};

use axum::{
    extract::Request,
    http::StatusCode,
    middleware::{Next, from_fn},
    response::Response,
};
use monoxide_engine::{Engine, Filters, Identity, Limit};
use monoxide_gateway::Endpoint;
use monoxide_testkit::{Answer, Http, Socket, TestServer, socket::UPGRADE};
use serde_json::Value;

use crate::{
    ask::line,
    liveness::{narrow, open},
};

async fn with_filters(filters: Filters) -> TestServer {
    let engine = Engine::builder().filters(filters).start().unwrap();
    TestServer::at(([127, 0, 0, 1], 0).into(), engine, |server| server).await
}

async fn with_keys(keys: &[&str]) -> TestServer {
    let server = TestServer::start().await;
    for key in keys {
        server.request("POST", &format!("/{key}"), "1").await;
    }
    server
}

async fn api(server: &TestServer, query: &str) -> Answer {
    let answer = server.request("GET", &format!("/?api={query}"), "").await;
    assert_eq!(answer.header("content-type"), Some("application/json"), "{query}");
    assert!(answer.text().ends_with('\n'), "{query}");
    answer
}

#[tokio::test]
async fn keys_are_sorted_by_bytes_and_counted() {
    let server = with_keys(&["config", "books/b", "books/a", "Zoo", "a/b/c"]).await;
    insta::assert_snapshot!(line(&api(&server, "keys").await), @r#"200 {"keys":["Zoo","a/b/c","books/a","books/b","config"],"total":5,"page":1,"limit":50,"filter":""}"#);
    insta::assert_snapshot!(line(&api(&server, "keys&page=2&limit=2").await), @r#"200 {"keys":["books/a","books/b"],"total":5,"page":2,"limit":2,"filter":""}"#);
    insta::assert_snapshot!(line(&api(&server, "keys&filter=books/*/x").await), @r#"200 {"keys":["books/a","books/b"],"total":2,"page":1,"limit":50,"filter":"books/*/x"}"#);
    insta::assert_snapshot!(line(&api(&server, "keys&filter=B").await), @r#"200 {"keys":[],"total":0,"page":1,"limit":50,"filter":"B"}"#);
    insta::assert_snapshot!(line(&api(&server, "keys&page=9").await), @r#"200 {"keys":[],"total":5,"page":9,"limit":50,"filter":""}"#);
    insta::assert_snapshot!(line(&api(&server, "keys&filter=%3Cb%3E%22").await), @r#"200 {"keys":[],"total":0,"page":1,"limit":50,"filter":"\u003cb\u003e\""}"#);
}

#[tokio::test]
async fn a_page_that_is_asked_for_wrongly_is_the_first_one_of_fifty() {
    let server = with_keys(&["a"]).await;
    for query in ["page=0", "page=-3", "page=x", "page=9223372036854775808", "limit=0", "limit=501"]
    {
        let answer = api(&server, &format!("keys&{query}")).await;
        let expected = r#"{"keys":["a"],"total":1,"page":1,"limit":50,"filter":""}"#;
        assert_eq!(answer.text(), format!("{expected}\n"), "{query}");
    }
}

/// ooo drops the connection (Q15).
#[tokio::test]
async fn a_page_far_beyond_the_end_is_empty() {
    let server = with_keys(&["a"]).await;
    let answer = api(&server, "keys&page=9223372036854775807&limit=500").await;
    insta::assert_snapshot!(line(&answer), @r#"200 {"keys":[],"total":1,"page":9223372036854775807,"limit":500,"filter":""}"#);
}

#[tokio::test]
async fn the_first_of_several_nouns_counts_and_an_unknown_one_is_the_page() {
    let server = with_keys(&["a"]).await;
    assert_eq!(line(&api(&server, "proxies&api=keys").await), "200 []\n");
    for query in ["?api=nothing", "?api=", "?API=keys", "?api=nothing&api=keys", ""] {
        let answer = server.request("GET", &format!("/{query}"), "").await;
        let kind = answer.header("content-type");
        assert_eq!((answer.status, kind), (200, Some("text/html; charset=utf-8")), "{query}");
    }
    for method in ["POST", "PUT", "DELETE"] {
        let answer = server.request(method, "/?api=keys", "").await;
        assert_eq!(line(&answer), "405 Method Not Allowed\n", "{method}");
    }
    let head = server.request("HEAD", "/?api=proxies", "").await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("3")));
}

#[tokio::test]
async fn info_says_how_the_server_is_set_and_how_it_is() {
    let server = with_keys(&["a", "b"]).await;
    let mut socket = server.socket("/a").await;
    socket.message().await;
    let text = api(&server, "info").await.text().trim_end().to_owned();
    let mut info: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(info["address"], server.address().to_string());
    assert!(info["uptime"].as_u64().unwrap() > 0);
    // The socket, who asks, and perhaps some who have not left yet.
    assert!(info["connections"].as_u64().unwrap() >= 2);
    info["address"] = "…".into();
    info["uptime"] = 1.into();
    info["connections"] = 2.into();
    insta::assert_snapshot!(info, @r#"{"name":"monoxide","address":"…","deadline":10000000000,"readTimeout":60000000000,"writeTimeout":60000000000,"readHeaderTimeout":10000000000,"idleTimeout":10000000000,"forcePatch":false,"noPatch":false,"static":false,"silence":true,"workers":1,"tick":1000000000,"watchPanics":0,"droppedEvents":0,"version":"0.1.0","uptime":1,"objects":2,"connections":2,"refusedConnections":0,"refusedByAddress":0,"refusedRequests":0,"subscribers":1,"topics":1,"skips":0,"pinnedBytes":0,"health":"ok","backup":{}}"#);
}

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Settings {
    theme: String,
    size: u32,
}

/// ooo gives no schema and no clean-up (Q28).
#[tokio::test]
async fn filters_say_what_each_path_is_for() {
    let hour = Duration::from_secs(3600);
    let server = with_filters(
        Filters::new()
            .open("books/*")
            .about("books, open")
            .after_write("books/*", |_| {})
            .about("counts writes")
            .open("settings")
            .about("app settings")
            .schema::<Settings>()
            .read_only("readonly/*")
            .write_only("writeonly/*")
            .delete("odd", |_| Ok(()))
            .limit("logs/*", Limit::count(3).and_age(24 * hour))
            .about("last three logs")
            .limit("dyn/*", Limit::count_by(|| 5).oldest_first().clean_up(Duration::from_secs(90)))
            .limit("ages/*", Limit::age(Duration::from_millis(1500)))
            .open("pivot/things/*"),
    )
    .await;
    server.request("POST", "/logs/*", "1").await;

    let answer = api(&server, "filters").await;
    let lines = answer.text().trim_end().replace("},{\"path\"", "},\n{\"path\"");
    insta::assert_snapshot!(lines, @r#"
{"paths":["books/*","settings","readonly/*","writeonly/*","odd","logs/*","dyn/*","ages/*","pivot/things/*"],"filters":[{"path":"books/*","type":"open","canRead":true,"canWrite":true,"canDelete":true,"isGlob":true,"descWrite":"books, open","descRead":"books, open","descDelete":"books, open","descAfterWrite":"counts writes"},
{"path":"settings","type":"open","canRead":true,"canWrite":true,"canDelete":true,"isGlob":false,"descWrite":"app settings","descRead":"app settings","descDelete":"app settings","schema":{"size":0,"theme":""},"jsonSchema":{"type":"object","properties":{"theme":{"type":"string"},"size":{"type":"integer","format":"uint32","minimum":0}},"required":["theme","size"],"title":"Settings","$schema":"https://json-schema.org/draft/2020-12/schema"}},
{"path":"readonly/*","type":"read-only","canRead":true,"canWrite":false,"canDelete":false,"isGlob":true},
{"path":"writeonly/*","type":"write-only","canRead":false,"canWrite":true,"canDelete":false,"isGlob":true},
{"path":"odd","type":"custom","canRead":false,"canWrite":false,"canDelete":true,"isGlob":false},
{"path":"logs/*","type":"limit","canRead":true,"canWrite":true,"canDelete":true,"isGlob":true,"limit":3,"maxAge":"24h0m0s","order":"desc","cleanupEnabled":true,"cleanupInterval":"10m0s","descLimit":"last three logs","objects":1},
{"path":"dyn/*","type":"limit","canRead":true,"canWrite":true,"canDelete":true,"isGlob":true,"limitDynamic":true,"order":"asc","cleanupEnabled":true,"cleanupInterval":"1m30s","objects":0,"currentLimit":5},
{"path":"ages/*","type":"limit","canRead":true,"canWrite":true,"canDelete":true,"isGlob":true,"maxAge":"1.5s","order":"desc","cleanupEnabled":true,"cleanupInterval":"10m0s","objects":0}]}
"#);

    let none = TestServer::start().await;
    assert_eq!(api(&none, "filters").await.text(), "{\"paths\":[],\"filters\":[]}\n");
}

#[tokio::test]
async fn state_counts_who_watches_what_the_clock_first() {
    let server = TestServer::start().await;
    insta::assert_snapshot!(line(&api(&server, "state").await), @r#"200 {"pools":[],"totalConnections":0}"#);
    let mut sockets = Vec::new();
    for target in ["/users/*/posts/*", "/books/*", "/", "/books/*"] {
        let mut socket = server.socket(target).await;
        socket.message().await;
        sockets.push(socket);
    }
    insta::assert_snapshot!(line(&api(&server, "state").await), @r#"200 {"pools":[{"key":"(clock)","connections":1},{"key":"books/*","connections":2},{"key":"users/*/posts/*","connections":1}],"totalConnections":4}"#);
}

/// Says that whoever asks has the account that a header names.
async fn ann(mut request: Request, next: Next) -> Response {
    if request.headers().contains_key("x-ann") {
        request.extensions_mut().insert(Identity::account("ann", ["editor"]));
    }
    next.run(request).await
}

#[tokio::test]
async fn connections_are_the_sockets_and_how_it_goes_for_them_the_newest_first() {
    let server = TestServer::with(|server| server.layer(from_fn(ann))).await;
    let mut books = server.socket("/books/*").await;
    books.message().await;
    for n in 0..3 {
        server.request("POST", "/books/dune", n.to_string()).await;
        books.message().await;
    }
    let http = Http::connect(server.address()).await;
    let mut anns = Socket::over(http, "/thing", &format!("X-Ann: 1\r\n{UPGRADE}")).await.unwrap();
    anns.message().await;
    let mut clock = server.socket("/").await;
    clock.message().await;

    let answer = api(&server, "connections").await;
    let mut page: Value = serde_json::from_str(answer.text()).unwrap();
    let mut addresses = HashSet::new();
    for connection in page["connections"].as_array_mut().unwrap() {
        let address: SocketAddr = connection["address"].as_str().unwrap().parse().unwrap();
        assert!(address.ip().is_loopback() && addresses.insert(address));
        assert!(connection["since"].as_u64().unwrap() > 1_700_000_000_000_000_000);
        connection["address"] = "…".into();
        connection["since"] = 1.into();
    }
    // What the clock has told in the meantime is another matter.
    page["connections"][0]["messages"] = 1.into();
    page["connections"][0]["bytes"] = 19.into();
    let lines = page.to_string().replace("},{", "},\n{");
    insta::assert_snapshot!(lines, @r#"
{"connections":[{"id":3,"address":"…","watches":"(clock)","since":1,"messages":1,"bytes":19,"behind":0,"skips":0,"messagesPerSecond":0,"bytesPerSecond":0},
{"id":2,"address":"…","watches":"thing","account":"ann","since":1,"messages":1,"bytes":100,"behind":0,"skips":0,"messagesPerSecond":0,"bytesPerSecond":0},
{"id":1,"address":"…","watches":"books/*","since":1,"messages":4,"bytes":631,"behind":0,"skips":0,"messagesPerSecond":0,"bytesPerSecond":0}],"total":3,"page":1,"limit":50}
"#);

    let second = api(&server, "connections&page=2&limit=1").await;
    let second: Value = serde_json::from_str(second.text()).unwrap();
    assert_eq!((&second["total"], &second["connections"][0]["id"]), (&3.into(), &2.into()));
    drop((books, anns, clock));
    gone(&server).await;
}

/// Waits until no socket is listed any more.
async fn gone(server: &TestServer) {
    let none = async {
        while !api(server, "connections").await.text().contains(r#""connections":[]"#) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), none).await.expect("who left is not listed");
}

/// What stalls is seen from outside, also while it takes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_reader_is_seen_to_fall_behind_and_then_to_have_skipped() {
    let engine = Engine::builder().window(4, 64 * 1024 * 1024).start().unwrap();
    let server = TestServer::at(([127, 0, 0, 1], 0).into(), engine, |server| server).await;
    let mut stalled = open(narrow(&server).await, "/thing").await;
    stalled.message().await;
    // More than the buffers of both ends hold: from here on it stalls.
    server.request("POST", "/thing", format!("\"{}\"", "x".repeat(9_000_000))).await;
    let listed = async |what: &str| {
        // Asked through the queue in which the writes are, so that they are told.
        server.engine().topics().await.unwrap();
        let page = api(&server, "connections").await;
        let page: Value = serde_json::from_str(page.text()).unwrap();
        page["connections"][0][what].as_u64().unwrap()
    };
    while listed("behind").await > 0 {
        tokio::task::yield_now().await;
    }

    for n in 0..10 {
        server.request("POST", "/thing", n.to_string()).await;
    }

    assert_eq!(listed("behind").await, 10);
    assert_eq!(listed("skips").await, 0, "it is told when it has taken what is on its way");
    while !stalled.message().await.ends_with(r#""data":9}}"#) {}
    assert_eq!((listed("behind").await, listed("skips").await), (0, 1));
    let info = api(&server, "info").await;
    assert!(info.text().contains(r#""skips":1"#), "{}", info.text());
}

#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Policy {
    name: String,
    level: i64,
    enabled: bool,
    tags: Vec<String>,
    owner: Owner,
    meta: std::collections::HashMap<String, String>,
    note: Option<String>,
}

#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Owner {
    id: String,
    score: f64,
    #[schemars(default)]
    kind: String,
}

/// It contains itself.
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Tree {
    name: String,
    children: Vec<Self>,
}

async fn ok() -> StatusCode {
    StatusCode::OK
}

fn described() -> [Endpoint; 3] {
    let policies = Endpoint::new("/policies/{id}")
        .about("Manage policies")
        .var("id", "Policy ID")
        .put(ok)
        .request::<Policy>()
        .response::<String>()
        .get(ok)
        .param("filter", "optional filter")
        .response::<std::collections::HashMap<String, u64>>();
    let counters = Endpoint::new("/counters/{name}/{kind}").get(ok);
    [policies, counters, Endpoint::new("/slow").about("sleeps").post(ok).request::<Tree>()]
}

#[tokio::test]
async fn endpoints_are_described_with_examples_and_schemas() {
    let server = TestServer::with(|server| {
        described().into_iter().fold(server, |server, endpoint| server.endpoint(endpoint))
    })
    .await;
    let answer = api(&server, "endpoints").await;
    let mut endpoints: Value = serde_json::from_str(answer.text()).unwrap();
    for endpoint in endpoints.as_array_mut().unwrap() {
        for method in endpoint["methods"].as_array_mut().unwrap() {
            let method = method.as_object_mut().unwrap();
            for (example, schema) in [("request", "requestSchema"), ("response", "responseSchema")]
            {
                let schema = method.remove(schema);
                assert_eq!(schema.is_some(), method.contains_key(example));
                assert!(schema.is_none_or(|schema| schema["$schema"].is_string()));
            }
        }
    }
    let lines = endpoints.to_string().replace("},{\"path\"", "},\n{\"path\"");
    insta::assert_snapshot!(lines, @r#"
[{"path":"/policies/{id}","methods":[{"method":"PUT","request":{"enabled":false,"level":0,"meta":{},"name":"","owner":{"id":"","kind":"","score":0},"tags":[""]},"response":{"type":"string"}},{"method":"GET","response":{"type":"map"},"params":{"filter":"optional filter"}}],"description":"Manage policies","vars":{"id":"Policy ID"}},
{"path":"/counters/{name}/{kind}","methods":[{"method":"GET"}],"description":"","vars":{"kind":"kind","name":"name"}},
{"path":"/slow","methods":[{"method":"POST","request":{"children":[{"children":[{"children":[{"children":[],"name":""}],"name":""}],"name":""}],"name":""}}],"description":"sleeps"}]
"#);

    let none = TestServer::start().await;
    assert_eq!(api(&none, "endpoints").await.text(), "[]\n");
}

#[tokio::test]
async fn replication_is_not_configured() {
    let server = TestServer::start().await;
    insta::assert_snapshot!(line(&api(&server, "pivot").await), @r#"200 {"role":"none","pivotIP":"","nodes":null,"syncedKeys":null,"pivotHealthy":false,"pivotLastCheck":"","pivotProtocol":"","pivotCompatible":false}"#);
}

#[tokio::test]
async fn orphans_are_keys_that_no_read_filter_covers() {
    let server = with_filters(Filters::new().open("books/*").write_only("secret")).await;
    for key in ["books/a", "secret", "b", "a", "pivot/x", "pivots/x"] {
        server.request("POST", &format!("/{key}"), "1").await;
    }
    insta::assert_snapshot!(line(&api(&server, "orphan-keys").await), @r#"200 ["a","b","pivots/x","secret"]"#);
    let none = TestServer::start().await;
    assert_eq!(api(&none, "orphan-keys").await.text(), "[]\n");
}
