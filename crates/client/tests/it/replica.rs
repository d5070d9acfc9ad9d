//! The promise that everything else is for: a copy ends equal to the document.

use std::collections::VecDeque;

use monoxide_client::{Client, State};
use monoxide_protocol::Glob;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::server::{Peer, Server, server};

/// Something that happens to the server.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// A value is put at the front of the list.
    Push(i64),
    /// The value at the end of the list goes.
    Pop,
    /// The connection breaks.
    Break,
    /// The connection is closed with a code.
    Close(u16),
    /// The server forgets which patches it sent.
    Forget,
    /// Something is sent that does not fit.
    Garble,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => any::<i64>().prop_map(Deed::Push),
        2 => Just(Deed::Pop),
        1 => Just(Deed::Break),
        1 => prop_oneof![Just(1000), Just(1001), Just(1011)].prop_map(Deed::Close),
        1 => Just(Deed::Forget),
        1 => Just(Deed::Garble),
    ]
}

/// A list with its history, as the engine keeps it.
#[derive(Default)]
struct Store {
    version: u64,
    list: VecDeque<i64>,
    window: Vec<(u64, String)>,
}

impl Store {
    /// Brings a new peer up to date, by patches where that is possible.
    async fn greet(&self, peer: &mut Peer) {
        let version = peer.address.split_once("?v=").map(|(_, hex)| u64::from_str_radix(hex, 16));
        match version {
            Some(Ok(version)) if self.knows(version) => {
                for (number, patch) in self.window.iter().filter(|(number, _)| *number > version) {
                    peer.patch(*number, patch).await;
                }
            }
            _ => peer.snapshot(self.version, &json!(self.list).to_string()).await,
        }
    }

    fn knows(&self, version: u64) -> bool {
        version == self.version
            || self
                .window
                .first()
                .is_some_and(|(first, _)| (first - 1..self.version).contains(&version))
    }

    async fn commit(&mut self, patch: Value, peer: &mut Peer) {
        self.version += 1;
        let patch = patch.to_string();
        peer.patch(self.version, &patch).await;
        self.window.push((self.version, patch));
    }
}

/// Does all deeds, a last push after them, and keeps the connection.
async fn serve(server: Server, deeds: Vec<Deed>) -> (Peer, VecDeque<i64>) {
    let mut store = Store { version: 1, ..Store::default() };
    let mut peer = server.accept().await;
    store.greet(&mut peer).await;
    for deed in deeds.into_iter().chain([Deed::Break, Deed::Push(END)]) {
        match deed {
            Deed::Push(value) => {
                store.list.push_front(value);
                store.commit(json!([{"op": "add", "path": "/0", "value": value}]), &mut peer).await;
            }
            Deed::Pop if store.list.pop_back().is_some() => {
                let path = format!("/{}", store.list.len());
                store.commit(json!([{"op": "remove", "path": path}]), &mut peer).await;
            }
            Deed::Pop => {}
            Deed::Forget => store.window.clear(),
            Deed::Break | Deed::Close(_) | Deed::Garble => {
                match deed {
                    Deed::Close(code) => peer.close(code).await,
                    Deed::Garble => peer.patch(u64::MAX, r#"[{"op":"remove","path":"/x"}]"#).await,
                    _ => drop(peer),
                }
                peer = server.accept().await;
                store.greet(&mut peer).await;
            }
        }
    }
    (peer, store.list)
}

/// No other deed pushes this.
const END: i64 = i64::MIN;

async fn follow(client: &Client) -> Value {
    let mut subscription = client.subscribe(Glob::parse("list/*").unwrap());
    loop {
        let document = subscription.document();
        let is_done = document.is_some_and(|it| it.get(0) == Some(&json!(END)));
        if is_done && *subscription.state() == State::Live {
            return document.unwrap().clone();
        }
        subscription.next().await.expect("the subscription goes on");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_copy_ends_equal_whatever_happens_to_its_connections(
        deeds in prop::collection::vec(deed(), 0..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (copy, list) = runtime.block_on(async {
            let (server, client) = server().await;
            let script = tokio::spawn(serve(server, deeds));
            let copy = follow(&client).await;
            let (_peer, list) = script.await.unwrap();
            (copy, list)
        });
        prop_assert_eq!(copy, json!(list));
    }
}
