//! How a server is, as programs see it; and messages that are kept as they came.

use monoxide_client::{
    Client, State, Subscription, Trouble, Update,
    monitor::{self, Query},
};
use monoxide_protocol::{Glob, Json, Key};
use monoxide_testkit::TestServer;

async fn server() -> (TestServer, Client) {
    let server = TestServer::start().await;
    let client = Client::new(&server.url()).unwrap();
    (server, client)
}

async fn live(subscription: &mut Subscription) {
    while !subscription.state().is_live() {
        subscription.next().await.unwrap();
    }
}

async fn set(server: &TestServer, key: &str, json: &str) {
    let json = Json::parse(json.as_bytes()).unwrap();
    server.engine().set(Key::parse(key).unwrap(), json).await.unwrap();
}

#[tokio::test]
async fn a_monitor_and_its_parts_are_read_with_types() {
    let (server, client) = server().await;
    let mut books = client.subscribe(Glob::parse("books/*").unwrap());
    live(&mut books).await;
    set(&server, "books/dune", "412").await;
    let mut watched = client.monitor();
    live(&mut watched).await;

    let told = monitor::read(watched.document().unwrap()).unwrap();
    let query = Query { sort: "key".to_owned(), page: 1, limit: 10, ..Query::default() };
    let topics = client.ask(&monitor::topics(&query)).await.unwrap();
    let found = Query { find: "books/*".to_owned(), ..query };
    let connections = client.ask(&monitor::connections(&found)).await.unwrap();

    assert_eq!((told.server.name.as_str(), told.topics.top["books/*"].messages), ("monoxide", 1));
    assert_eq!(
        (topics.total, topics.rows[0].0.as_str(), topics.rows[0].1.messages),
        (1, "books/*", 1)
    );
    assert_eq!((connections.total, connections.rows[0].watches.as_str()), (1, "books/*"));
}

#[tokio::test]
async fn who_is_closed_by_an_administrator_says_so_and_comes_back() {
    let (_server, client) = server().await;
    let mut books = client.subscribe(Glob::parse("books/*").unwrap());
    live(&mut books).await;

    client.ask(&monitor::close_connection(1)).await.unwrap();

    let why = loop {
        if let Update::State(State::Stale(why)) = books.next().await.unwrap() {
            break why;
        }
    };
    assert_eq!(
        why,
        Trouble::Hangup { code: 4000, reason: "closed by an administrator".to_owned() }
    );
    assert!(client.ask(&monitor::close_connection(1)).await.unwrap_err().is_missing());
    live(&mut books).await;
}

#[tokio::test]
async fn messages_are_kept_as_they_came_and_no_more_than_there_is_room_for() {
    let (server, client) = server().await;
    let books = client.subscribe(Glob::parse("books/*").unwrap());
    let mut books = books.keeping_messages(2, 1 << 20);
    live(&mut books).await;
    for n in 1..=3 {
        set(&server, "books/dune", &n.to_string()).await;
        while books.document().unwrap()[0]["data"] != n {
            books.next().await.unwrap();
        }
    }

    let (missed, texts) = books.take_messages();

    assert_eq!((missed, texts.len()), (2, 2), "the snapshot and the first patch had no room");
    assert!(texts[1].starts_with(r#"{"snapshot":false,"version":"#), "{texts:?}");
    assert!(texts[1].ends_with(r#""data":3}}]}"#), "{texts:?}");
    assert_eq!(books.take_messages(), (0, Vec::new()));

    let dune = client.subscribe(Glob::parse("books/dune").unwrap());
    let mut dune = dune.keeping_messages(100, 10);
    live(&mut dune).await;
    assert_eq!(dune.take_messages().1.len(), 1, "the last is kept whatever its size");
}
