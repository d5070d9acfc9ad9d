//! Lists that are bounded by count and by age: what goes is announced as it goes.

use insta::assert_snapshot;
use monoxide_testkit::fixture::Fixture;

use crate::messages::{Listener, change};

#[tokio::test]
async fn beyond_the_limit_the_oldest_goes_and_the_newest_is_first() {
    let server = Fixture::with("--static").await;
    for name in ["a", "b"] {
        change(&server, "POST", &format!("/logs/{name}"), "1").await;
    }
    let mut logs = Listener::new(&server, "/logs/*").await;
    assert_snapshot!(logs.hears().await, @r##"{"snapshot":true,"version":"#1","data":[{"created":#1,"updated":0,"index":"b","path":"logs/b","data":1},{"created":#2,"updated":0,"index":"a","path":"logs/a","data":1}]}"##);
    assert_snapshot!(logs.hears_of("POST", "/logs/c", "1").await, @r##"{"snapshot":false,"version":"#3","data":[{"op":"add","path":"/0","value":{"created":#3,"updated":0,"index":"c","path":"logs/c","data":1}}]}"##);
    assert_snapshot!(logs.hears_of("POST", "/logs/d", "1").await, @r##"{"snapshot":false,"version":"#4","data":[{"op":"remove","path":"/2"},{"op":"add","path":"/0","value":{"created":#4,"updated":0,"index":"d","path":"logs/d","data":1}}]}"##);
    assert_snapshot!(logs.hears_of("POST", "/logs/b", "2").await, @r##"{"snapshot":false,"version":"#5","data":[{"op":"replace","path":"/2","value":{"created":#1,"updated":#5,"index":"b","path":"logs/b","data":2}}]}"##);
    assert_snapshot!(logs.hears_of("DELETE", "/logs/c", "").await, @r##"{"snapshot":false,"version":"#6","data":[{"op":"remove","path":"/1"}]}"##);
    assert_eq!(indexes(&server, "/logs/*").await, ["d", "b"]);
}

#[tokio::test]
async fn oldest_first_is_the_same_list_the_other_way_round() {
    let server = Fixture::with("--static").await;
    for name in ["a", "b"] {
        change(&server, "POST", &format!("/events/{name}"), "1").await;
    }
    let mut events = Listener::new(&server, "/events/*").await;
    assert_snapshot!(events.hears().await, @r##"{"snapshot":true,"version":"#1","data":[{"created":#2,"updated":0,"index":"a","path":"events/a","data":1},{"created":#1,"updated":0,"index":"b","path":"events/b","data":1}]}"##);
    assert_snapshot!(events.hears_of("POST", "/events/c", "1").await, @r##"{"snapshot":false,"version":"#3","data":[{"op":"add","path":"/2","value":{"created":#3,"updated":0,"index":"c","path":"events/c","data":1}}]}"##);
    assert_snapshot!(events.hears_of("POST", "/events/d", "1").await, @r##"{"snapshot":false,"version":"#4","data":[{"op":"remove","path":"/0"},{"op":"add","path":"/2","value":{"created":#4,"updated":0,"index":"d","path":"events/d","data":1}}]}"##);
    assert_snapshot!(events.hears_of("POST", "/events/b", "2").await, @r##"{"snapshot":false,"version":"#5","data":[{"op":"replace","path":"/0","value":{"created":#1,"updated":#5,"index":"b","path":"events/b","data":2}}]}"##);
    assert_eq!(indexes(&server, "/events/*").await, ["b", "c", "d"]);
}

#[tokio::test]
async fn an_evicted_object_is_gone_by_key_too() {
    let server = Fixture::with("--static").await;
    for name in ["a", "b", "c", "d"] {
        change(&server, "POST", &format!("/logs/{name}"), "1").await;
    }
    assert_eq!(server.request("GET", "/logs/a", "").await.text(), "ooo: empty key");
    assert_eq!(server.request("DELETE", "/logs/a", "").await.text(), "storage: not found");
    assert_eq!(server.engine().all_keys().len(), 3);
}

async fn indexes(server: &Fixture, target: &str) -> Vec<String> {
    let list = server.request("GET", target, "").await;
    let list: serde_json::Value = serde_json::from_slice(&list.body).unwrap();
    list.as_array().unwrap().iter().map(|it| it["index"].as_str().unwrap().to_owned()).collect()
}
