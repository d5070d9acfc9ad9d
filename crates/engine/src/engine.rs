//! The handle that the rest of the house holds.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use monoxide_protocol::{Glob, Json, Key, List, Object, Version, Watched};
use tokio::{
    sync::Mutex,
    time::{MissedTickBehavior, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    backend::{Backend, BackendError, Opener},
    clock::{Clock, Wall},
    condition::Condition,
    error::Error,
    event::Event,
    filter::{Caller, FilterInfo, FilterSet, Filters, path_of},
    hooks::EventHook,
    hub::{self, Builds, Hub, Listing, Settings, Stats, Subscription, TopicState, Totals},
    identity::Identity,
    log::{self, Durability, Health, Log},
    patch::Patch,
    rules::{Operation, Rules},
    store::{AccountChanges, AccountEntry, Store},
};

/// How often it is looked whether objects got too old, or a limit lower.
const EXPIRY: Duration = Duration::from_millis(250);

/// Live state: objects by key, and everyone who watches them. Cloning it is cheap and gives the
/// same engine.
///
/// Its own methods are those of the program: filters apply, but what no filter covers is open.
/// What a client asks for goes through a [`session`](Self::session).
#[derive(Debug, Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<Store>,
    hub: Hub,
    totals: Arc<Totals>,
    dropped_events: Arc<AtomicU64>,
    no_patch: bool,
    /// Absent without a backend.
    log: Option<Arc<Log>>,
    /// Held by whoever changes the rules.
    changing_rules: Arc<Mutex<()>>,
    /// Ends what works by itself.
    stop: CancellationToken,
    /// Ends the hub, after the last write.
    stop_hub: CancellationToken,
    tasks: TaskTracker,
}

impl Drop for Shared {
    /// Nobody can write any more. The log's thread would wait for ever, and hold the backend.
    fn drop(&mut self) {
        self.store.close_log();
    }
}

impl Engine {
    /// Starts describing an engine.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// What somebody may do with the engine.
    #[must_use]
    pub fn session(&self, identity: Identity) -> Session {
        Session { engine: self.clone(), caller: Caller { identity, is_program: false } }
    }

    /// What the program itself may do.
    fn program(&self) -> Session {
        Session { engine: self.clone(), caller: Self::program_caller() }
    }

    pub(crate) fn program_caller() -> Caller {
        Caller { identity: Identity::anonymous(), is_program: true }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.shared.store
    }

    pub(crate) fn log(&self) -> Option<&Log> {
        self.shared.log.as_deref()
    }

    /// Waits until everything that the backend has kept is loaded. Before that, nothing can be
    /// read or written.
    ///
    /// # Errors
    ///
    /// [`Error::Load`] when it cannot be loaded; then nothing ever can.
    pub async fn ready(&self) -> Result<(), Error> {
        match &self.shared.log {
            Some(log) => log.ready().await,
            None => Ok(()),
        }
    }

    /// How it is.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.store.health()
    }

    /// Stores `data` under `key` and tells everyone who watches it.
    ///
    /// # Errors
    ///
    /// As [`Session::set`].
    pub async fn set(&self, key: Key, data: Json) -> Result<Version, Error> {
        self.program().set(&key, data, &Condition::Always).await
    }

    /// Stores `data` as a new object of `list`, and gives the key it got.
    ///
    /// # Errors
    ///
    /// As [`Session::push`].
    pub async fn push(&self, list: &List, data: Json) -> Result<(Key, Version), Error> {
        self.program().push(list, data).await
    }

    /// Changes what is under `key`, as one step: of many patches at once none is lost.
    ///
    /// # Errors
    ///
    /// As [`Session::patch`].
    pub async fn patch(&self, key: &Key, patch: &Patch) -> Result<Version, Error> {
        self.program().patch(key, patch, &Condition::Always).await
    }

    /// Deletes what is under `key`.
    ///
    /// # Errors
    ///
    /// As [`Session::delete`].
    pub async fn delete(&self, key: &Key) -> Result<Version, Error> {
        self.program().delete(key, &Condition::Always).await
    }

    /// Deletes everything that `glob` names in one step, also when that is nothing.
    ///
    /// # Errors
    ///
    /// As [`Session::delete_all`].
    pub async fn delete_all(&self, glob: &Glob) -> Result<Version, Error> {
        self.program().delete_all(glob).await
    }

    /// What is under `key`.
    ///
    /// # Errors
    ///
    /// As [`Session::get`].
    pub fn get(&self, key: &Key) -> Result<Arc<Object>, Error> {
        self.program().get(key)
    }

    /// Every object that `glob` names, in the list's order.
    ///
    /// # Errors
    ///
    /// As [`Session::list`].
    pub fn list(&self, glob: &Glob) -> Result<Vec<Arc<Object>>, Error> {
        self.program().list(glob)
    }

    /// Watches an object, a list or a document of the server; see [`Session::subscribe`].
    ///
    /// # Errors
    ///
    /// As [`Session::subscribe`].
    pub async fn subscribe(
        &self,
        watched: impl Into<Watched>,
        since: Option<Version>,
    ) -> Result<Subscription, Error> {
        self.program().subscribe(watched, since).await
    }

    /// What is watched, and by how many; also what was watched a moment ago.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] during shutdown.
    pub async fn topics(&self) -> Result<Vec<TopicState>, Error> {
        self.shared.hub.topics().await
    }

    /// What the topics and their subscribers add up to.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] during shutdown.
    pub async fn stats(&self) -> Result<Stats, Error> {
        let topics = self.topics().await?;
        Ok(Stats {
            topics: topics.len(),
            subscribers: topics.iter().map(|topic| topic.subscribers).sum(),
            skips: self.shared.totals.skips.load(Ordering::Relaxed),
            pinned_bytes: self.shared.totals.pins.bytes(),
        })
    }

    /// The entries that are kept beside the state for whoever keeps accounts, ordered by their
    /// names. No key leads to them.
    ///
    /// # Errors
    ///
    /// [`Error::Loading`] until everything is [loaded](Self::ready).
    pub fn accounts(&self) -> Result<Vec<AccountEntry>, Error> {
        Ok(self.program().store()?.accounts())
    }

    /// Changes entries that are kept beside the state, all or none. It returns when they are on
    /// disk, whatever the durability of the state is. When it is dropped before, they may be
    /// changed or not.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] when they cannot be made durable, [`Error::Loading`] until everything
    /// is [loaded](Self::ready), [`Error::Closed`] during shutdown.
    pub async fn change_accounts(&self, changes: AccountChanges) -> Result<(), Error> {
        self.program().store()?.change_accounts(changes).await
    }

    /// Puts other rules in force, or none, and gives the version at which that is so: a write is
    /// decided by the old rules before it and by the new ones after it. Everybody who watches is
    /// told what it changes for them. When this comes about, they have been; those who read what
    /// they could not read before may still be waiting for their snapshot. Once begun, it is
    /// carried out, also when its future is dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] during shutdown.
    pub async fn set_rules(&self, rules: Option<Arc<dyn Rules>>) -> Result<Version, Error> {
        // One after the other: whoever watches is told of each.
        let turn = Arc::clone(&self.shared.changing_rules).lock_owned().await;
        let store = Arc::clone(&self.shared.store);
        let change = self.shared.tasks.spawn(async move {
            let _turn = turn;
            store.set_rules(rules).await
        });
        change.await.map_err(|_| Error::Closed)?
    }

    /// The rules that are in force.
    #[must_use]
    pub fn rules(&self) -> Option<Arc<dyn Rules>> {
        self.shared.store.access().rules().cloned()
    }

    /// Every key there is.
    #[must_use]
    pub fn all_keys(&self) -> Vec<Key> {
        self.shared.store.keys()
    }

    /// How many objects there are.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.shared.store.objects()
    }

    /// The filters, path by path.
    #[must_use]
    pub fn filters(&self) -> &[FilterInfo] {
        self.shared.store.filters().infos()
    }

    /// Whether a backend keeps what is written, and so had to be loaded.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = monoxide_engine::Engine::builder().start()?;
    /// assert!(!engine.is_durable());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.shared.log.is_some()
    }

    /// Whether only what filters cover is open to clients.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.shared.store.filters().is_static()
    }

    /// Whether a filter lets `key` be read.
    #[must_use]
    pub fn has_read_filter(&self, key: &Key) -> bool {
        self.shared.store.filters().has_read_filter(&path_of(key))
    }

    /// How many objects the limit on `path` holds now.
    #[must_use]
    pub fn limited(&self, path: &Glob) -> usize {
        let limits = self.shared.store.filters().limits();
        let nth = limits.iter().position(|(it, _)| it == path);
        nth.map_or(0, |nth| self.shared.store.limited(nth))
    }

    /// Whether every change is sent as a whole document; see [`Builder::no_patch`].
    #[must_use]
    pub fn has_no_patch(&self) -> bool {
        self.shared.no_patch
    }

    /// How many events the hook for events was too slow for; see [`Builder::on_event`].
    #[must_use]
    pub fn dropped_events(&self) -> u64 {
        self.shared.dropped_events.load(Ordering::Relaxed)
    }

    /// A version above all before it that no commit has or will have: for documents that are told
    /// like keys and not stored.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use monoxide_protocol::{Json, Key};
    /// let engine = monoxide_engine::Engine::builder().start()?;
    /// let before = engine.next_version();
    /// let written = engine.set(Key::parse("books/dune")?, Json::parse(b"412")?).await?;
    /// assert!(before < written && written < engine.next_version());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn next_version(&self) -> Version {
        self.shared.store.next_version()
    }

    /// Wall time in nanoseconds since the Unix epoch: what the clock socket tells.
    #[must_use]
    pub fn wall_time() -> u64 {
        crate::clock::wall()
    }

    /// Takes no more writes, makes durable and publishes what was taken, closes the backend, ends
    /// every subscription, and waits for it.
    pub async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.store.close_log();
        if let Some(log) = &self.shared.log {
            log.ended().await;
        }
        self.shared.stop_hub.cancel();
        self.shared.tasks.wait().await;
    }
}

/// What somebody may do with an engine: everything passes the filters, and in an engine that is
/// open to [nothing else](Filters::only_these), what no filter covers is refused.
///
/// Every method fails with [`Error::Denied`] where a filter refuses, [`Error::NoFilter`] where
/// none covers what is asked for, [`Error::Panicked`] where a filter panics, [`Error::Loading`]
/// until everything is [loaded](Engine::ready), and [`Error::Closed`] during shutdown. Writes fail
/// with [`Error::Storage`] when they cannot be made durable, and with [`Error::Busy`] when too much
/// waits for that already. A write whose future is dropped while it waits for its
/// filter or its place is not done; once it is done it stands, though its hook may be cut short.
#[derive(Debug, Clone)]
pub struct Session {
    engine: Engine,
    caller: Caller,
}

impl Session {
    /// Stores `data` under `key` and tells everyone who watches it.
    ///
    /// # Errors
    ///
    /// [`Error::Condition`] when `condition` does not hold; and see [`Session`].
    pub async fn set(
        &self,
        key: &Key,
        data: Json,
        condition: &Condition,
    ) -> Result<Version, Error> {
        self.store()?.set(&self.caller, key, data, condition).await
    }

    /// Stores `data` as a new object of `list`, and gives the key it got.
    ///
    /// # Errors
    ///
    /// See [`Session`].
    pub async fn push(&self, list: &List, data: Json) -> Result<(Key, Version), Error> {
        self.store()?.push(&self.caller, list, data).await
    }

    /// Changes what is under `key`, as one step: of many patches at once none is lost.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when there is nothing, [`Error::Merge`] and [`Error::Patch`] when the
    /// patch does not fit, [`Error::Condition`] when `condition` does not hold; and see
    /// [`Session`].
    pub async fn patch(
        &self,
        key: &Key,
        patch: &Patch,
        condition: &Condition,
    ) -> Result<Version, Error> {
        self.store()?.patch(&self.caller, key, patch, condition).await
    }

    /// Deletes what is under `key`.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when there is nothing, [`Error::Condition`] when `condition` does not
    /// hold; and see [`Session`].
    pub async fn delete(&self, key: &Key, condition: &Condition) -> Result<Version, Error> {
        self.store()?.delete(&self.caller, key, condition).await
    }

    /// Deletes everything that `glob` names in one step, also when that is nothing.
    ///
    /// # Errors
    ///
    /// See [`Session`].
    pub async fn delete_all(&self, glob: &Glob) -> Result<Version, Error> {
        self.store()?.delete_all(&self.caller, glob).await
    }

    /// What is seen under `key`.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when there is nothing, or nothing to be seen; and see [`Session`].
    pub fn get(&self, key: &Key) -> Result<Arc<Object>, Error> {
        let store = self.store()?;
        let seen = store.access().get(&self.caller, key, store.get(key).as_ref())?;
        seen.ok_or(Error::NotFound)
    }

    /// What is seen of every object that `glob` names, in the list's order: the newest first, but
    /// the oldest first under a [`Limit`](crate::Limit) that says so.
    ///
    /// # Errors
    ///
    /// See [`Session`].
    pub fn list(&self, glob: &Glob) -> Result<Vec<Arc<Object>>, Error> {
        let store = self.store()?;
        let access = store.access();
        access.readable(&self.caller, glob)?;
        access.list(&self.caller, Operation::List, glob, store.list(glob).1)
    }

    /// What is seen of every object that `glob` names, to take a part of.
    ///
    /// Where somebody who sees the same watches the list, this is what that one is told, and costs
    /// next to nothing however long the list is. Else all of it is read.
    ///
    /// # Errors
    ///
    /// See [`Session`].
    pub async fn listing(&self, glob: &Glob) -> Result<Listing, Error> {
        let store = self.store()?;
        self.may_list(glob)?;
        if let Some(listing) = self.engine.shared.hub.listing(glob, &self.caller).await? {
            return Ok(listing);
        }
        let (session, glob) = (self.clone(), glob.clone());
        let is_oldest_first = store.filters().is_oldest_first(&glob);
        let read = move || {
            let store = session.store()?;
            let (version, objects) = store.list(&glob);
            let seen = store.access().list(&session.caller, Operation::List, &glob, objects)?;
            Ok(Listing::of(version, &seen, is_oldest_first))
        };
        // Everything it does is reading: who does not wait for it lets it go on to its end.
        tokio::task::spawn_blocking(read).await.unwrap_or(Err(Error::Closed))
    }

    /// Which lists and single keys exist, as the document that subscribers of
    /// [`Watched::Keys`] have. It is the same for everybody, so it leaves out what a read filter
    /// decides about, and what no filter covers when only that is open.
    ///
    /// # Errors
    ///
    /// See [`Session`].
    pub async fn keys(&self) -> Result<String, Error> {
        let store = self.store()?;
        if store.access().is_ruled(&self.caller) {
            return Ok(store.keys_document(&self.caller));
        }
        self.engine.shared.hub.keys().await
    }

    /// Every key of an object that is not hidden from whoever this is.
    #[must_use]
    pub fn all_keys(&self) -> Vec<Key> {
        self.engine.shared.store.keys_seen(&self.caller)
    }

    /// Watches an object, a list or a document of the server.
    ///
    /// The first message is a snapshot, then comes every change after it, once and in order. With
    /// `since`, a version that this subscriber has seen, the first messages are those it missed,
    /// as far as they are still kept.
    ///
    /// # Errors
    ///
    /// See [`Session`].
    pub async fn subscribe(
        &self,
        watched: impl Into<Watched>,
        since: Option<Version>,
    ) -> Result<Subscription, Error> {
        self.store()?;
        let watched = watched.into();
        if let Watched::Glob(glob) = &watched {
            // What may not be read may not be watched, and for the same reason.
            match glob.as_key() {
                Some(key) => match self.get(&key) {
                    Ok(_) | Err(Error::NotFound) => {}
                    Err(error) => return Err(error),
                },
                None => self.may_list(glob)?,
            }
        }
        self.engine.shared.hub.subscribe(watched, self.caller.clone(), since).await
    }

    /// Who asks.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.caller.identity
    }

    fn may_list(&self, glob: &Glob) -> Result<(), Error> {
        let filters = self.store()?.filters();
        // A filter that decides from the whole list has to be asked about all of it.
        if filters.filters_whole(glob) {
            return self.list(glob).map(drop);
        }
        filters.readable(&self.caller, glob)
    }

    /// The store, once it has everything.
    fn store(&self) -> Result<&Store, Error> {
        let shared = &self.engine.shared;
        shared.log.as_ref().map_or(Ok(()), |log| log.check_ready())?;
        Ok(&shared.store)
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
#[must_use = "a builder does nothing before `start`"]
pub struct Builder {
    filters: Filters,
    rules: Option<Arc<dyn Rules>>,
    settings: Settings,
    max_pinned: usize,
    events: EventHook,
    backend: Option<Opener>,
    durability: Durability,
    wall: Option<Wall>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("filters", &self.filters)
            .field("rules", &self.rules)
            .field("settings", &self.settings)
            .field("has_backend", &self.backend.is_some())
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            filters: Filters::default(),
            rules: None,
            settings: Settings::default(),
            max_pinned: 256 * 1024 * 1024,
            events: EventHook::default(),
            backend: None,
            durability: Durability::default(),
            wall: None,
        }
    }
}

impl Builder {
    /// What may be written, read and deleted. Default: everything.
    pub fn filters(mut self, filters: Filters) -> Self {
        self.filters = filters;
        self
    }

    /// Who may do what, beside the filters: what [sessions](Engine::session) read and write is
    /// asked about, what the program itself does is not. They can be
    /// [changed](Engine::set_rules) later. Default: none, and everybody may do everything.
    pub fn rules(mut self, rules: Option<Arc<dyn Rules>>) -> Self {
        self.rules = rules;
        self
    }

    /// How many messages, and how many bytes of them, a topic keeps for those who are behind or
    /// come back. The newest message is kept whatever its size. Who falls out of it gets the
    /// newest snapshot instead. Default: 256 messages and 1 MiB.
    pub fn window(mut self, messages: usize, bytes: usize) -> Self {
        self.settings.window_messages = messages.max(1);
        self.settings.window_bytes = bytes;
        self
    }

    /// How long a topic outlives its last subscriber, so that one who comes back quickly gets
    /// just what it missed. Default: one minute.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.settings.linger = linger;
        self
    }

    /// How many topics without subscribers are kept at most, so that watching ever new keys costs
    /// bounded memory. When there are more, those that were left first go, within 5 seconds; who
    /// comes back to one of them gets a snapshot. Default: 1,024.
    pub fn idle_topics(mut self, count: usize) -> Self {
        self.settings.idle_topics = count;
        self
    }

    /// How many bytes of old messages may be kept for those who have not taken them yet: messages
    /// of 64 KiB and more that are no longer the newest snapshot and have left the window, each
    /// counted once, however many are being sent it. Above it, the subscriptions that are being
    /// sent the one that has been old for longest are [overdue](Subscription::overdue), then those
    /// of the next one, but nobody is over the last that is left. Default: 256 MiB.
    pub fn max_pinned(mut self, bytes: usize) -> Self {
        self.max_pinned = bytes;
        self
    }

    /// Sends the whole document with each change, and no patches. Default: patches.
    pub fn no_patch(mut self, no_patch: bool) -> Self {
        self.settings.no_patch = no_patch;
        self
    }

    /// Tells nobody of changes of these keys and lists; they can be read all the same. Default:
    /// everything is told.
    pub fn no_broadcast(mut self, globs: impl IntoIterator<Item = Glob>) -> Self {
        self.settings.no_broadcast = globs.into_iter().collect();
        self
    }

    /// Calls `hook` for every change, in order, on a task of its own, and so must not wait: what
    /// takes long, writing among it, is for a task that it spawns. When it falls too far
    /// [behind](Self::event_queue), it misses changes. Default: none.
    pub fn on_event(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.events.set(hook);
        self
    }

    /// How many changes the hook for events may be behind, one at least. Those above it are
    /// dropped for the hook, and [counted](Engine::dropped_events). Default: 1,024.
    pub fn event_queue(mut self, changes: usize) -> Self {
        self.events.set_length(changes);
        self
    }

    /// Keeps everything in what `open` opens. It is called on a thread of the engine's own: at the
    /// start, and again after a commit has failed, when what it gave before is dropped. Default:
    /// everything is in memory only, and nothing is left of it after the end.
    ///
    /// ```
    /// # use monoxide_engine::backend::{Batch, BackendError};
    /// # struct Nowhere;
    /// # impl monoxide_engine::backend::Backend for Nowhere {
    /// #     fn load(
    /// #         &mut self,
    /// #         _: monoxide_engine::backend::Space,
    /// #         _: &mut monoxide_engine::backend::Each<'_>,
    /// #     ) -> Result<(), BackendError> { Ok(()) }
    /// #     fn commit(&mut self, _: &Batch) -> Result<(), BackendError> { Ok(()) }
    /// #     fn close(self: Box<Self>) -> Result<(), BackendError> { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), monoxide_engine::Error> {
    /// // `Folder::open("data", Kind::Redb)?.opener()` is what a server would give.
    /// let engine = monoxide_engine::Engine::builder().backend(|| Ok(Box::new(Nowhere))).start()?;
    /// engine.ready().await?;
    /// engine.close().await;
    /// # Ok(()) }
    /// ```
    pub fn backend(
        mut self,
        open: impl Fn() -> Result<Box<dyn Backend>, BackendError> + Send + 'static,
    ) -> Self {
        self.backend = Some(Box::new(open));
        self
    }

    /// When a write is answered, with a backend. Default: when it is on disk.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// What tells the time, in nanoseconds since the Unix epoch, for versions and ages. Default:
    /// the system's clock. Tests have others.
    pub fn wall_clock(mut self, wall: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.wall = Some(Arc::new(wall));
        self
    }

    /// Starts the engine's tasks. It returns at once; with a backend, everything is refused until
    /// what that has kept is [loaded](Engine::ready).
    ///
    /// # Errors
    ///
    /// [`Error::Filter`] when the filters cannot be used, [`Error::NoRuntime`] outside of a tokio
    /// runtime.
    pub fn start(self) -> Result<Engine, Error> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let filters = Arc::new(FilterSet::new(self.filters)?);
        let (publisher, hub, requests) = hub::channel();
        let log = self.backend.as_ref().map(|_| Arc::new(Log::new(self.durability)));
        let store = Store::new(filters, self.rules, publisher, Clock::new(self.wall), log.clone());
        let store = Arc::new(store);
        let (stop, stop_hub) = (CancellationToken::new(), CancellationToken::new());
        let tasks = TaskTracker::new();
        let (events, event_task) = self.events.start();
        let no_patch = self.settings.no_patch;
        let dropped_events = events.dropped();
        let totals = Arc::new(Totals::new(self.max_pinned));
        let builds = Builds::new(Arc::clone(&store), hub.clone(), tasks.clone());
        let (own, all) = (Arc::clone(&store), Arc::clone(&totals));
        let task = hub::Task::new(own, self.settings, all, events, builds);
        tasks.spawn_on(task.run(requests, stop_hub.clone()), &runtime);
        tasks.spawn_on(event_task, &runtime);
        if !store.filters().limits().is_empty() {
            tasks.spawn_on(expire(Arc::clone(&store), stop.clone()), &runtime);
        }
        tasks.close();
        if let (Some(log), Some(open)) = (&log, self.backend) {
            let thread = log::Thread::new(Arc::clone(&store), Arc::clone(log), open, runtime);
            let named = thread::Builder::new().name("log".to_owned());
            named.spawn(|| thread.run()).map_err(|_| Error::NoThread)?;
        }
        let shared = Shared {
            store,
            hub,
            totals,
            dropped_events,
            no_patch,
            log,
            changing_rules: Arc::default(),
            stop,
            stop_hub,
            tasks,
        };
        Ok(Engine { shared: Arc::new(shared) })
    }
}

/// Deletes what limits no longer allow, a moment after they do not.
async fn expire(store: Arc<Store>, stop: CancellationToken) {
    let mut ticks = interval(EXPIRY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            // What cannot be done now is tried again with the next tick.
            _ = ticks.tick() => if matches!(store.expire().await, Err(Error::Closed)) { return },
        }
    }
}
