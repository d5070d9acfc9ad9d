//! The handle that the rest of the house holds.

use std::{sync::Arc, time::Duration};

use monoxide_protocol::{Glob, Json, Key, List, Object, Version, Watched};
use serde_json::Value;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    error::Error,
    hub::{self, Hub, Limits, Subscription, TopicState},
    store::Store,
};

/// Live state: objects by key, and everyone who watches them. Cloning it is cheap and gives the
/// same engine.
#[derive(Debug, Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<Store>,
    hub: Hub,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Engine {
    /// Starts describing an engine.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Stores `data` under `key` and tells everyone who watches it.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] during shutdown.
    pub async fn set(&self, key: Key, data: Json) -> Result<Version, Error> {
        self.shared.store.set(key, data).await
    }

    /// Stores `data` as a new object of `list`, and gives the key it got.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] during shutdown.
    pub async fn push(&self, list: &List, data: Json) -> Result<(Key, Version), Error> {
        self.shared.store.push(list, data).await
    }

    /// Merges `patch` into what is under `key` ([`monoxide_protocol::merge`]), as one step: of
    /// many patches at once none is lost.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when there is nothing, [`Error::Merge`] when the patch does not fit,
    /// [`Error::Closed`] during shutdown.
    pub async fn patch(&self, key: &Key, patch: &Value) -> Result<Version, Error> {
        self.shared.store.patch(key, patch).await
    }

    /// Deletes what is under `key`.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when there is nothing, [`Error::Closed`] during shutdown.
    pub async fn delete(&self, key: &Key) -> Result<Version, Error> {
        self.shared.store.delete(key).await
    }

    /// Deletes everything that `glob` names in one step, also when that is nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] during shutdown.
    pub async fn delete_all(&self, glob: &Glob) -> Result<Version, Error> {
        self.shared.store.delete_all(glob).await
    }

    /// What is under `key`.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Arc<Object>> {
        self.shared.store.get(key)
    }

    /// Every object that `glob` names, newest first.
    #[must_use]
    pub fn list(&self, glob: &Glob) -> Vec<Arc<Object>> {
        self.shared.store.list(glob).1
    }

    /// Every object that `glob` names, newest first, as a JSON array.
    #[must_use]
    pub fn list_json(&self, glob: &Glob) -> String {
        hub::list_json(&self.list(glob))
    }

    /// Which lists and single keys exist, as the document that subscribers of
    /// [`Watched::Keys`] have.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] during shutdown.
    pub async fn keys(&self) -> Result<String, Error> {
        self.shared.hub.keys().await
    }

    /// Watches an object, a list or a document of the server.
    ///
    /// The first message is a snapshot, then comes every change after it, once and in order. With
    /// `since`, a version that this subscriber has seen, the first messages are those it missed,
    /// as far as they are still kept.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] during shutdown.
    pub async fn subscribe(
        &self,
        watched: impl Into<Watched>,
        since: Option<Version>,
    ) -> Result<Subscription, Error> {
        self.shared.hub.subscribe(watched.into(), since).await
    }

    /// What is watched, and by how many; also what was watched a moment ago.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] during shutdown.
    pub async fn topics(&self) -> Result<Vec<TopicState>, Error> {
        self.shared.hub.topics().await
    }

    /// Wall time in nanoseconds since the Unix epoch: what the clock socket tells.
    #[must_use]
    pub fn wall_time() -> u64 {
        crate::clock::wall()
    }

    /// Takes no more writes, publishes what was taken, ends every subscription, and waits for it.
    pub async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.wait().await;
    }
}

/// How to build an [`Engine`]; every setting has a default that works.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), monoxide_engine::Error> {
/// let engine = monoxide_engine::Engine::builder().window(64, 256 * 1024).start()?;
/// engine.close().await;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing before `start`"]
pub struct Builder {
    limits: Limits,
}

impl Builder {
    /// How many messages, and how many bytes of them, a topic keeps for those who are behind or
    /// come back. The newest message is kept whatever its size. Who falls out of it gets the
    /// newest snapshot instead. Default: 256 messages and 1 MiB.
    pub fn window(mut self, messages: usize, bytes: usize) -> Self {
        self.limits.window_messages = messages.max(1);
        self.limits.window_bytes = bytes;
        self
    }

    /// How long a topic outlives its last subscriber, so that one who comes back quickly gets
    /// just what it missed. Default: one minute.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.limits.linger = linger;
        self
    }

    /// Starts the engine's tasks.
    ///
    /// # Errors
    ///
    /// [`Error::NoRuntime`] outside of a tokio runtime.
    pub fn start(self) -> Result<Engine, Error> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let (publisher, hub, requests) = hub::channel();
        let store = Arc::new(Store::new(publisher));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let task = hub::Task::new(Arc::clone(&store), self.limits);
        tasks.spawn_on(task.run(requests, stop.clone()), &runtime);
        tasks.close();
        Ok(Engine { shared: Arc::new(Shared { store, hub, stop, tasks }) })
    }
}
