//! The engine's promises, without a network. One binary for the whole crate.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod accounts;
mod care;
mod conditions;
mod delivery;
mod filters;
mod hooks;
mod keys;
mod limits;
mod model;
mod pinned;
mod ranges;
mod reads;
mod replay;
mod sharing;
mod slow;
mod storage;
mod writes;

use futures_util::FutureExt as _;
use monoxide_engine::{Engine, Filters, Identity, Patch, Session, Subscription};
use monoxide_protocol::{Glob, Json, Key, List, Message, Replica, Target};
use serde_json::Value;

fn engine() -> Engine {
    Engine::builder().start().unwrap()
}

fn filtered(filters: Filters) -> Engine {
    Engine::builder().filters(filters).start().unwrap()
}

/// What nobody in particular may do.
fn client(engine: &Engine) -> Session {
    engine.session(Identity::anonymous())
}

/// What somebody with an account may do.
fn account(engine: &Engine, name: &str) -> Session {
    engine.session(Identity::account(name, [""; 0]))
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn glob(text: &str) -> Glob {
    Glob::parse(text).unwrap()
}

fn list(text: &str) -> List {
    match Target::parse(text).unwrap() {
        Target::List(list) => list,
        Target::Object(key) => panic!("`{key}` is no list"),
    }
}

fn json(value: impl Into<Value>) -> Json {
    Json::parse(value.into().to_string().as_bytes()).unwrap()
}

/// ooo's merge of `value`.
fn merge(value: Value) -> Patch {
    Patch::Merge(value)
}

/// The document of what exists.
async fn read_keys(engine: &Engine) -> Value {
    serde_json::from_str(&client(engine).keys().await.unwrap()).unwrap()
}

/// What a subscriber of `glob` would have as its document.
fn truth(engine: &Engine, glob: &Glob) -> Value {
    serde_json::from_str(&match glob.as_key() {
        None => monoxide_engine::list_json(&engine.list(glob).unwrap()),
        Some(key) => engine
            .get(&key)
            .map_or_else(|_| monoxide_protocol::EMPTY_OBJECT.to_owned(), |object| object.to_json()),
    })
    .unwrap()
}

/// A subscriber that applies what it hears.
struct Follower {
    subscription: Subscription,
    copy: Replica,
}

impl Follower {
    async fn of(engine: &Engine, watched: &str) -> Self {
        Self::new(engine.subscribe(glob(watched), None).await.unwrap())
    }

    /// As somebody.
    async fn by(session: &Session, watched: &str) -> Self {
        Self::new(session.subscribe(glob(watched), None).await.unwrap())
    }

    fn new(subscription: Subscription) -> Self {
        Self { subscription, copy: Replica::default() }
    }

    /// Waits for the first message, and gives what is seen.
    async fn start(&mut self) -> &Value {
        self.hear().await;
        self.document()
    }

    /// Waits for the next message.
    async fn hear(&mut self) -> Message {
        let next =
            tokio::time::timeout(std::time::Duration::from_secs(20), self.subscription.next());
        let message = next.await.expect("a message comes").expect("the engine is running");
        self.apply(&message)
    }

    /// The next message, if it is there already.
    fn hear_now(&mut self) -> Option<Message> {
        let message = self.subscription.next().now_or_never()?.expect("the engine is running");
        Some(self.apply(&message))
    }

    /// Everything up to the end of the engine.
    async fn hear_out(&mut self) -> Vec<Message> {
        let mut heard = Vec::new();
        while let Some(message) = self.subscription.next().await {
            heard.push(self.apply(&message));
        }
        heard
    }

    fn apply(&mut self, message: &[u8]) -> Message {
        let message = Message::decode(std::str::from_utf8(message).unwrap()).unwrap();
        self.copy.apply(message.clone()).unwrap();
        message
    }

    fn document(&self) -> &Value {
        self.copy.document().expect("a snapshot was heard")
    }
}

/// The data of each object of a list, in its order.
fn data(document: &Value) -> Vec<&Value> {
    document.as_array().unwrap().iter().map(|object| &object["data"]).collect()
}

/// The data of each object that is listed, in its order.
fn listed(session: &Session, text: &str) -> Vec<Value> {
    session.list(&glob(text)).unwrap().iter().map(|object| object.data.to_value()).collect()
}

/// Waits until the hub has done everything that was asked of it before.
async fn settle(engine: &Engine) {
    engine.topics().await.unwrap();
}

/// The operations of a patch, short: `add /0`.
fn operations(message: &Message) -> Vec<String> {
    match message {
        Message::Snapshot { .. } => vec!["snapshot".to_owned()],
        Message::Patch { patch, .. } => {
            let value = serde_json::to_value(patch).unwrap();
            let operations = value.as_array().unwrap().iter();
            let text = |it: &Value, member: &str| it[member].as_str().unwrap().to_owned();
            operations.map(|it| format!("{} {}", text(it, "op"), text(it, "path"))).collect()
        }
    }
}
