//! Objects and lists over HTTP, of the server that they are for.

use std::net::SocketAddr;

use monoxide_client::{
    Client,
    accounts::AskError,
    data::{self, Condition, Patch},
};
use monoxide_engine::{Denied, Engine, Filters};
use monoxide_protocol::{Glob, Json, Key, List, Range, Target};
use monoxide_testkit::TestServer;

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap()
}

fn books() -> List {
    match Target::parse("books/*").unwrap() {
        Target::List(list) => list,
        Target::Object(_) => unreachable!(),
    }
}

async fn server() -> (TestServer, Client) {
    let server = TestServer::start().await;
    let client = Client::new(&format!("http://{}", server.address())).unwrap();
    (server, client)
}

#[tokio::test]
async fn what_is_set_is_read_to_the_last_digit_and_in_its_order() {
    let (server, client) = server().await;
    let dune = json(r#"{"z":1.10,"id":12345678901234567890123,"a":1,"a":2}"#);

    let written = client.ask(&data::set(&key("books/dune"), &dune, Condition::Always)).await;
    let read = client.ask(&data::read(&key("books/dune"))).await.unwrap();

    assert_eq!(read.version, written.unwrap().version);
    assert_eq!(read.data, dune);
    server.close().await;
}

#[tokio::test]
async fn who_comes_second_with_the_same_version_is_told_of_a_conflict() {
    let (server, client) = server().await;
    let dune = key("books/dune");
    let first = client.ask(&data::set(&dune, &json("1"), Condition::Missing)).await.unwrap();
    let as_it_was = Condition::Version(first.version);

    client.ask(&data::set(&dune, &json("2"), as_it_was)).await.unwrap();
    let set = client.ask(&data::set(&dune, &json("3"), as_it_was)).await.unwrap_err();
    let new = client.ask(&data::set(&dune, &json("3"), Condition::Missing)).await.unwrap_err();
    let gone = client.ask(&data::delete(&dune, as_it_was)).await.unwrap_err();
    let merge = Patch::Merge(json("{}"));
    let patched = client.ask(&data::patch(&dune, &merge, as_it_was)).await.unwrap_err();

    for error in [set, new, gone, patched] {
        assert!(error.is_conflict(), "{error}");
    }
    assert_eq!(client.ask(&data::read(&dune)).await.unwrap().data, json("2"));
    server.close().await;
}

#[tokio::test]
async fn what_is_pushed_has_a_key_in_its_list() {
    let (server, client) = server().await;

    let pushed = client.ask(&data::push(&books(), &json("1"))).await.unwrap();

    let key = pushed.key_in(&books()).unwrap();
    assert_eq!(client.ask(&data::read(&key)).await.unwrap().version, pushed.version);
    let list = client.ask(&data::list(books().glob())).await.unwrap();
    assert_eq!(list.iter().map(|it| &it.key).collect::<Vec<_>>(), [&key]);
    server.close().await;
}

#[tokio::test]
async fn a_part_of_a_list_has_its_objects_as_they_were_written() {
    let (server, client) = server().await;
    let odd = r#"{"z":1.10,"id":12345678901234567890123,"a":1,"a":2}"#;
    for (name, data) in [("books/a", odd), ("books/b", "2"), ("books/c", odd)] {
        client.ask(&data::set(&key(name), &json(data), Condition::Always)).await.unwrap();
    }

    let find = "1234567890".to_owned();
    let range = Range { find, from: 1, ..Range::of(books().glob().clone()) };
    let part = client.ask(&data::part(&range)).await.unwrap();

    assert_eq!((part.matching, part.objects.len()), (2, 1));
    assert_eq!(part.objects[0], client.ask(&data::read(&key("books/a"))).await.unwrap());
    server.close().await;
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let (server, client) = server().await;
    let dune = key("books/dune");
    client.ask(&data::set(&dune, &json(r#"{"a":1,"b":2}"#), Condition::Always)).await.unwrap();

    let merge = Patch::Merge(json(r#"{"a":null,"c":3}"#));
    client.ask(&data::patch(&dune, &merge, Condition::Exists)).await.unwrap();
    let steps = Patch::Operations(json(r#"[{"op":"replace","path":"/b","value":9}]"#));
    client.ask(&data::patch(&dune, &steps, Condition::Always)).await.unwrap();

    let now = client.ask(&data::read(&dune)).await.unwrap();
    assert_eq!(now.data, json(r#"{"b":9,"c":3}"#));
    server.close().await;
}

#[tokio::test]
async fn what_is_deleted_is_missing_and_a_list_goes_as_a_whole() {
    let (server, client) = server().await;
    let dune = key("books/dune");
    for name in ["books/dune", "books/emma", "books/ulysses"] {
        client.ask(&data::set(&key(name), &json("1"), Condition::Always)).await.unwrap();
    }

    client.ask(&data::delete(&dune, Condition::Exists)).await.unwrap();
    assert!(client.ask(&data::read(&dune)).await.unwrap_err().is_missing());
    assert!(client.ask(&data::delete(&dune, Condition::Always)).await.unwrap_err().is_missing());
    client.ask(&data::delete_all(&Glob::parse("books/*").unwrap())).await.unwrap();

    assert_eq!(client.ask(&data::list(books().glob())).await, Ok(vec![]));
    server.close().await;
}

#[tokio::test]
async fn a_filter_says_no_in_its_own_words() {
    let filters = Filters::new().write("books/*", |_, _| Err(Denied::new("too dear")));
    let engine = Engine::builder().filters(filters).start().unwrap();
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = TestServer::at(free, engine, |server| server).await;
    let client = Client::new(&format!("http://{}", server.address())).unwrap();

    let error = client.ask(&data::push(&books(), &json("1"))).await.unwrap_err();

    let AskError::Refused(problem) = &error else { panic!("{error}") };
    assert_eq!((problem.status, problem.detail.as_str()), (400, "too dear"));
    assert!(!error.is_conflict() && !error.may_pass());
    server.close().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_may_come() {
    let (server, client) = server().await;
    server.close().await;

    let error = client.ask(&data::read(&key("books/dune"))).await.unwrap_err();

    assert!(error.may_pass() && error.status().is_none(), "{error}");
}
