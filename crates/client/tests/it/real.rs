//! The client and the server that it is for.

use std::{net::SocketAddr, sync::Arc};

use monoxide_client::{State, Subscription, Tick, Trouble, Update};
use monoxide_engine::Engine;
use monoxide_protocol::{Glob, Json, Key, Watched};
use monoxide_testkit::TestServer;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::server::impatient;

fn items() -> Glob {
    Glob::parse("items/*").unwrap()
}

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap()
}

/// Waits until the copy is what the server has under `glob`.
async fn becomes_equal(subscription: &mut Subscription, engine: &Engine, glob: &Glob) {
    let list: Value = serde_json::from_str(&engine.list_json(glob)).unwrap();
    while subscription.document() != Some(&list) || !subscription.state().is_live() {
        subscription.next().await.expect("the subscription goes on");
    }
}

/// A way to the server on which connections can be cut.
async fn cuttable(server: SocketAddr) -> (SocketAddr, Arc<Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let cut = Arc::new(Notify::new());
    let is_cut = Arc::clone(&cut);
    tokio::spawn(async move {
        loop {
            let mut client = listener.accept().await.unwrap().0;
            let mut server = TcpStream::connect(server).await.unwrap();
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                () = is_cut.notified() => {}
            }
        }
    });
    (address, cut)
}

#[tokio::test]
async fn a_copy_ends_equal_to_the_store_however_often_its_connection_is_cut() {
    let server = TestServer::start().await;
    let (address, cut) = cuttable(server.address()).await;
    let mut subscription = impatient(&address.to_string()).subscribe(items());
    let engine = server.engine().clone();

    let writes = tokio::spawn(async move {
        for number in 0..600 {
            let key = Key::parse(&format!("items/{}", number % 17)).unwrap();
            match number % 5 {
                0 => _ = engine.delete(&key).await,
                _ => _ = engine.set(key, json(&number.to_string())).await.unwrap(),
            }
            if number % 40 == 39 {
                cut.notify_one();
            }
            tokio::task::yield_now().await;
        }
    });
    while !writes.is_finished() {
        tokio::select! {
            update = subscription.next() => assert!(update.is_some()),
            () = tokio::task::yield_now() => {}
        }
    }
    writes.await.unwrap();

    becomes_equal(&mut subscription, server.engine(), &items()).await;
    server.close().await;
}

#[tokio::test]
async fn a_server_that_was_stopped_and_started_is_followed_again() {
    let first = TestServer::start().await;
    let address = first.address();
    let mut subscription = impatient(&address.to_string()).subscribe(items());
    let mut clock = impatient(&address.to_string()).clock();
    first.engine().set(Key::parse("items/1").unwrap(), json("1")).await.unwrap();
    becomes_equal(&mut subscription, first.engine(), &items()).await;
    assert!(matches!(clock.next().await, Some(Tick::Time(_))));

    first.close().await;
    loop {
        match subscription.next().await.expect("the subscription goes on") {
            Update::State(State::Stale(Trouble::Hangup { code, .. })) => {
                assert_eq!(code, 1001);
                break;
            }
            Update::State(State::Live) | Update::Change(_) => {}
            other @ Update::State(_) => panic!("{other:?}"),
        }
    }
    let engine = Engine::builder().start().unwrap();
    let second = TestServer::at(address, engine, |server| server).await;

    becomes_equal(&mut subscription, second.engine(), &items()).await;
    second.engine().set(Key::parse("items/2").unwrap(), json("2")).await.unwrap();
    becomes_equal(&mut subscription, second.engine(), &items()).await;
    while clock.next().await != Some(Tick::State(State::Live)) {}
    second.close().await;
}

#[tokio::test]
async fn the_keys_of_the_server_can_be_watched() {
    let server = TestServer::start().await;
    let mut keys = impatient(&server.address().to_string()).subscribe(Watched::Keys);
    server.engine().set(Key::parse("items/1").unwrap(), json("1")).await.unwrap();

    let count = |document: Option<&Value>| document?.pointer("/data/items~1*/count")?.as_u64();
    while count(keys.document()) != Some(1) {
        keys.next().await.expect("the subscription goes on");
    }
    server.close().await;
}
