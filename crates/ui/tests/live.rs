//! The hooks, outside a browser: signals on tokio, and a server that does what a test tells it.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use leptos::prelude::*;
use monoxide_protocol::{Glob, Watched};
use monoxide_testkit::TestServer;
use monoxide_ui::{Change, Client, Live, State, use_clock, use_live};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{LocalSet, yield_now},
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};

/// Runs a test as a component, in an owner that provides a client of `address`.
async fn component<T: Future>(address: String, test: impl FnOnce(Owner) -> T) -> T::Output {
    // Another test may have been first.
    _ = any_spawner::Executor::init_tokio();
    let owner = Owner::new();
    owner.set();
    provide_context(Client::new(&address).unwrap());
    LocalSet::new().run_until(async { test(owner).await }).await
}

/// A list that is watched.
fn list(name: &str) -> Option<Watched> {
    Some(Glob::parse(&format!("{name}/*")).unwrap().into())
}

async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        yield_now().await;
    }
}

fn document(live: Live) -> Option<Value> {
    live.with_untracked(|document| document.cloned())
}

struct Server(TcpListener);

impl Server {
    async fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        (Self(listener), address)
    }

    async fn accept(&self) -> Peer {
        Peer(accept_async(self.0.accept().await.unwrap().0).await.unwrap())
    }
}

struct Peer(WebSocketStream<TcpStream>);

impl Peer {
    async fn tell(&mut self, is_snapshot: bool, version: usize, data: Value) {
        let text =
            json!({"snapshot": is_snapshot, "version": format!("{version:x}"), "data": data});
        self.0.send(Message::binary(text.to_string())).await.unwrap();
    }

    /// Waits until the client says goodbye.
    async fn goodbye(mut self) {
        assert_eq!(self.0.next().await.unwrap().unwrap(), Message::Close(None));
    }
}

#[tokio::test]
async fn the_document_and_its_changes_are_told_together() {
    let (server, address) = Server::start().await;
    component(address, async |_| {
        let live = use_live(|| list("books"));
        assert_eq!((document(live), live.state.get_untracked()), (None, State::Connecting(None)));

        let mut peer = server.accept().await;
        peer.tell(true, 1, json!([1])).await;
        until(|| live.state.get_untracked().is_live()).await;
        assert_eq!(document(live), Some(json!([1])));
        assert!(matches!(live.changes.get_untracked()[..], [Change::Snapshot { .. }]));

        peer.tell(false, 2, json!([{"op": "add", "path": "/0", "value": 2}])).await;
        until(|| document(live) == Some(json!([2, 1]))).await;
        assert!(matches!(live.changes.get_untracked()[..], [Change::Patch { .. }]));
    })
    .await;
}

#[tokio::test]
async fn another_choice_closes_the_socket_and_opens_one() {
    let (server, address) = Server::start().await;
    component(address, async |_| {
        let choice = RwSignal::new(list("books"));
        let live = use_live(move || choice.get());
        let mut books = server.accept().await;
        books.tell(true, 1, json!(["dune"])).await;
        until(|| document(live).is_some()).await;

        choice.set(list("films"));
        books.goodbye().await;
        assert_eq!((document(live), live.state.get_untracked()), (None, State::Connecting(None)));
        let mut films = server.accept().await;
        films.tell(true, 1, json!(["alien"])).await;
        until(|| document(live) == Some(json!(["alien"]))).await;

        choice.set(None);
        films.goodbye().await;
        assert_eq!(document(live), None);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_left_of_a_component_that_is_gone() {
    let (server, address) = Server::start().await;
    component(address, async |owner| {
        let child = owner.child();
        let live = child.with(|| use_live(|| list("books")));
        let mut books = server.accept().await;
        books.tell(true, 1, json!([])).await;
        until(|| document(live).is_some()).await;
        let (time, _) = child.with(use_clock);
        let mut clock = server.accept().await;
        clock.0.send(Message::binary("1")).await.unwrap();
        until(|| time.get_untracked().is_some()).await;

        drop(child);

        books.goodbye().await;
        // After five seconds without a tick it would be called again anyway.
        timeout(Duration::from_secs(2), clock.goodbye()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_burst_is_few_notifications_and_loses_no_change() {
    const BURST: usize = 2_000;
    let (server, address) = Server::start().await;
    component(address, async |_| {
        let live = use_live(|| list("books"));
        let (runs, changes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counters = (Arc::clone(&runs), Arc::clone(&changes));
        Effect::new(move || {
            counters.0.fetch_add(1, Ordering::Relaxed);
            counters.1.fetch_add(live.changes.with(Vec::len), Ordering::Relaxed);
        });

        let mut peer = server.accept().await;
        peer.tell(true, 1, json!(0)).await;
        for version in 2..=BURST {
            peer.tell(false, version, json!([{"op": "replace", "path": "", "value": version}]))
                .await;
        }
        until(|| changes.load(Ordering::Relaxed) == BURST).await;

        assert_eq!(document(live), Some(json!(BURST)));
        assert!(runs.load(Ordering::Relaxed) < BURST / 10, "{runs:?}");
    })
    .await;
}

#[tokio::test]
async fn the_clock_of_a_real_server_ticks() {
    let server = TestServer::start().await;
    component(server.url(), async |_| {
        let (time, state) = use_clock();
        until(|| time.get_untracked().is_some() && state.get_untracked().is_live()).await;
    })
    .await;
    server.close().await;
}
