//! What filters let through, change, hide and refuse, over REST and on sockets.

use monoxide_protocol::Json;
use monoxide_testkit::{Http, Socket, TestServer, fixture::Fixture, socket::UPGRADE};

use crate::table::check;

/// A socket is refused with this answer.
async fn check_socket_refused(server: &TestServer, target: &str, status: u16, text: &str) {
    let headers = format!("Host: {}\r\n{UPGRADE}", server.address());
    let refused = Socket::over(Http::connect(server.address()).await, target, &headers).await;
    let answer = refused.expect_err("no socket");
    assert_eq!((answer.status, answer.text()), (status, text), "{target}");
}

#[tokio::test]
async fn static_mode_refuses_what_no_filter_covers_over_every_door() {
    let server = Fixture::with("--static").await;
    server.engine().set("there".parse().unwrap(), Json::parse(b"{}").unwrap()).await.unwrap();
    let table = r##"
        GET /nope => 400 filters: route not defined
        GET /nope/* => 400 filters: route not defined
        GET /books => 400 filters: route not defined
        GET /there => 400 filters: route not defined
        POST /nope 1 => 400 filters: route not defined, key:nope
        POST /nope/* 1 => 400 filters: route not defined, key:nope/*
        POST /books 1 => 400 filters: route not defined, key:books
        PATCH /there {} => 400 filters: route not defined, key:there
        DELETE /nope => 400 filters: route not defined, key:nope
        DELETE /there => 400 filters: route not defined, key:there
        DELETE /nope/* => 400 filters: route not defined, key:nope/*
        DELETE /books/*/* => 400 filters: route not defined, key:books/*/*
    "##;
    check(&server, table).await;
    check_socket_refused(&server, "/nope", 400, "filters: route not defined").await;
    check_socket_refused(&server, "/nope/*", 400, "filters: route not defined").await;
    check_socket_refused(&server, "/writeonly/*", 400, "filters: route not defined").await;
    check_socket_refused(&server, "/writeonly/a", 400, "filters: route not defined").await;
}

/// The order of ooo's checks: what is not there, and what is no JSON, is said first.
#[tokio::test]
async fn static_mode_says_first_what_ooo_says_first() {
    let server = Fixture::with("--static").await;
    let table = r##"
        PATCH /nope {} => 404 ooo: not found
        POST /nope => 400 EOF
        POST /a//b 1 => 400 ooo: key is not valid
        POST /nope/*/a 1 => 400 key: glob pattern must be at the end of the path
        PATCH /nope/* {} => 400 ooo: glob pattern not allowed for this operation
        GET /a@b => 404 404 page not found
    "##;
    check(&server, table).await;
    let answer = server.request("POST", "/nope", "{bad").await;
    assert!(answer.status == 400 && answer.text().starts_with("json: "), "{}", answer.text());
}

/// A pattern that reaches further than a filter is not covered by it.
#[tokio::test]
async fn a_pattern_wider_than_a_filter_is_not_covered_by_it() {
    let server = Fixture::with("--static").await;
    let table = "
        GET /*/* => 400 filters: route not defined
        GET /*/*/*/* => 400 filters: route not defined
        GET /users/*/*/* => 400 filters: route not defined
        DELETE /*/* => 400 filters: route not defined, key:*/*
        GET /users/*/posts/* => 200 []
        GET /users/ann/posts/* => 200 []
        GET /users/*/posts/p1 => 200 []
    ";
    check(&server, table).await;
}

#[tokio::test]
async fn in_open_mode_what_has_no_filter_is_free_and_the_filters_hold() {
    let server = Fixture::with("--filters").await;
    let table = r##"
        POST /nope 1 => 200 {"index":"nope"}
        GET /nope => 200 {"created":#1,"updated":0,"index":"nope","path":"nope","data":1}
        POST /readonly/a 1 => 200 {"index":"a"}
        GET /writeonly/* => 200 []
        POST /validated/a 1 => 400 validated: object required
        POST /badfilter 1 => 400 filters: invalid filter result error, key:badfilter
        DELETE /guarded/a => 400 guarded: cannot delete
        DELETE /nope => 204
    "##;
    check(&server, table).await;
}

#[tokio::test]
async fn an_open_filter_lets_everything_through() {
    let server = Fixture::with("--static").await;
    let table = r##"
        POST /books/dune {"pages":412} => 200 {"index":"dune"}
        POST /books/* {"pages":474} => 200 {"index":"#1"}
        PATCH /books/dune {"read":true} => 200 {"index":"dune"}
        GET /books/dune => 200 {"created":#2,"updated":#3,"index":"dune","path":"books/dune","data":{"pages":412,"read":true}}
        DELETE /books/dune => 204
        DELETE /books/dune => 404 storage: not found
        DELETE /books/* => 204
        GET /books/* => 200 []
        POST /settings {"theme":"dark"} => 200 {"index":"settings"}
        DELETE /settings => 204
        POST /users/ann/posts/* 1 => 200 {"index":"#4"}
        DELETE /users/ann/posts/* => 204
        DELETE /users/*/posts/* => 204
    "##;
    check(&server, table).await;
}

#[tokio::test]
async fn a_write_filter_refuses_and_rewrites_what_is_set_pushed_and_patched() {
    let server = Fixture::with("--static").await;
    let table = r##"
        POST /validated/a 5 => 400 validated: object required
        POST /validated/a [] => 400 validated: object required
        POST /validated/a {} => 400 validated: name required
        POST /validated/a {"name":""} => 400 validated: name required
        POST /validated/* {"name":5} => 400 validated: name required
        GET /validated/* => 200 []
        POST /validated/a {"name":"ann"} => 200 {"index":"a"}
        GET /validated/a => 200 {"created":#1,"updated":0,"index":"a","path":"validated/a","data":{"name":"ann","checked":true}}
        PATCH /validated/a {"age":3} => 200 {"index":"a"}
        GET /validated/a => 200 {"created":#1,"updated":#2,"index":"a","path":"validated/a","data":{"age":3,"checked":true,"name":"ann"}}
        PATCH /validated/a {"name":""} => 400 validated: name required
        GET /validated/a => 200 {"created":#1,"updated":#2,"index":"a","path":"validated/a","data":{"age":3,"checked":true,"name":"ann"}}
        DELETE /validated/a => 204
        POST /badfilter {"a":1} => 400 filters: invalid filter result error, key:badfilter
        GET /badfilter => 400 filters: route not defined
    "##;
    check(&server, table).await;
    assert!(server.engine().get(&"badfilter".parse().unwrap()).is_err(), "nothing was stored");
}

#[tokio::test]
async fn a_read_filter_of_an_object_changes_what_is_seen_or_refuses() {
    let server = Fixture::with("--static").await;
    let table = r##"
        GET /config => 404 ooo: empty key
        POST /config {"a":1} => 200 {"index":"config"}
        GET /config => 200 {"created":#1,"updated":0,"index":"config","path":"config","data":{"a":1,"seen":true}}
        POST /config {"locked":true} => 200 {"index":"config"}
        GET /config => 400 config: locked
        PATCH /config {"locked":false} => 200 {"index":"config"}
        GET /config => 200 {"created":#1,"updated":#2,"index":"config","path":"config","data":{"locked":false,"seen":true}}
        DELETE /config => 400 filters: route not defined, key:config
    "##;
    check(&server, table).await;
    assert_eq!(
        server.engine().all_keys(),
        ["config".parse().unwrap()],
        "what is seen is not what is stored",
    );
    server.request("POST", "/config", r#"{"locked":true}"#).await;
    check_socket_refused(&server, "/config", 400, "config: locked").await;
}

#[tokio::test]
async fn a_read_filter_of_a_list_hides_objects_and_opens_single_reads() {
    let server = Fixture::with("--static").await;
    let table = r##"
        POST /feed/a {"n":1} => 200 {"index":"a"}
        POST /feed/b {"hidden":true} => 200 {"index":"b"}
        GET /feed/* => 200 [{"created":#1,"updated":0,"index":"a","path":"feed/a","data":{"n":1}}]
        GET /feed/a => 200 {"created":#1,"updated":0,"index":"a","path":"feed/a","data":{"n":1}}
        GET /feed/b => 404 ooo: empty key
        GET /feed/c => 404 ooo: empty key
        DELETE /feed/b => 204
    "##;
    check(&server, table).await;
}

#[tokio::test]
async fn what_is_only_read_is_not_written_and_what_is_only_written_is_not_read() {
    let server = Fixture::with("--static").await;
    let table = "
        GET /readonly/* => 200 []
        GET /readonly/a => 404 ooo: empty key
        POST /readonly/a 1 => 400 filters: route not defined, key:readonly/a
        POST /readonly/* 1 => 400 filters: route not defined, key:readonly/*
        PATCH /readonly/a {} => 404 ooo: not found
        DELETE /readonly/a => 400 filters: route not defined, key:readonly/a
        DELETE /readonly/* => 400 filters: route not defined, key:readonly/*
        POST /writeonly/a {} => 200 {\"index\":\"a\"}
        PATCH /writeonly/a {} => 200 {\"index\":\"a\"}
        GET /writeonly/a => 400 filters: route not defined
        GET /writeonly/* => 400 filters: route not defined
        DELETE /writeonly/a => 400 filters: route not defined, key:writeonly/a
    ";
    check(&server, table).await;
}

#[tokio::test]
async fn a_delete_filter_refuses_keys_and_patterns() {
    let server = Fixture::with("--static").await;
    let table = r##"
        POST /guarded/a 1 => 200 {"index":"a"}
        POST /guarded/free 1 => 200 {"index":"free"}
        DELETE /guarded/a => 400 guarded: cannot delete
        DELETE /guarded/* => 400 guarded: cannot delete
        DELETE /guarded/nothing => 400 guarded: cannot delete
        DELETE /guarded/free => 204
        DELETE /guarded/free => 404 storage: not found
        GET /guarded/* => 200 [{"created":#1,"updated":0,"index":"a","path":"guarded/a","data":1}]
    "##;
    check(&server, table).await;
}
