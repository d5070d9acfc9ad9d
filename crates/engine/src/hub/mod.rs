//! Who is told of what.
//!
//! One task owns the map from keys to topics and publishes commits in their order. A topic is
//! shared with its subscribers, who read its window at their own pace, so nobody waits for them.

mod document;
mod frame;
mod keys;
mod list;
mod routes;
mod subscription;
mod topic;
mod totals;
mod view;
mod window;

use std::{collections::HashMap, sync::Arc, time::Duration};

use monoxide_protocol::{Glob, Key, Version, Watched};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use self::{
    document::Document,
    routes::Routes,
    topic::{Number, Topic},
    view::View,
};
pub use self::{
    document::list_json,
    frame::Overdue,
    subscription::{Backlog, Subscription},
    topic::TopicState,
    totals::Stats,
};
pub(crate) use self::{keys::KeyIndex, totals::Totals};
use crate::{
    error::Error,
    event::{Commit, Event},
    hooks::EventHook,
    identity::Identity,
    store::Store,
    trie::Trie,
};

/// How many requests may wait for the hub before writers and joiners wait for it.
const REQUESTS: usize = 1024;

/// How many of these may be of joiners and others who ask. The rest of them wait before the queue,
/// so that writers always find a place in it, and only so many joiners before them: making a topic
/// of a long list, for somebody with a view of their own, takes as long as a thousand commits.
const ASKING: usize = 32;

/// How many requests are taken at once.
const BATCH: usize = 64;

/// How long changes of the key index are gathered: watchers see at most ten messages a second,
/// also while thousands of objects are made.
const KEYS_PAUSE: Duration = Duration::from_millis(100);

/// How often topics without subscribers, and snapshots that nobody asked for, are looked at.
const SWEEP: Duration = Duration::from_secs(5);

/// How topics behave; see [`Builder`](crate::Builder) for each.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) window_messages: usize,
    pub(crate) window_bytes: usize,
    pub(crate) linger: Duration,
    pub(crate) idle_topics: usize,
    pub(crate) no_patch: bool,
    pub(crate) no_broadcast: Vec<Glob>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window_messages: 256,
            window_bytes: 1024 * 1024,
            linger: Duration::from_secs(60),
            idle_topics: 1024,
            no_patch: false,
            no_broadcast: Vec::new(),
        }
    }
}

#[derive(Debug)]
enum Request {
    /// What was stored before the start; nothing else comes before it.
    Loaded(KeyIndex),
    Commit(Commit),
    Subscribe {
        watched: Watched,
        identity: Identity,
        since: Option<Version>,
        answer: oneshot::Sender<Subscription>,
    },
    Keys {
        answer: oneshot::Sender<String>,
    },
    Topics {
        answer: oneshot::Sender<Vec<TopicState>>,
    },
}

/// What the hub is asked to do, in the order it was asked. One queue for commits and joiners: who
/// joins after a write was answered finds it in the snapshot.
#[derive(Debug)]
pub(crate) struct Requests(mpsc::Receiver<Request>);

/// The store's end: commits go in.
#[derive(Debug)]
pub(crate) struct Publisher(mpsc::Sender<Request>);

/// Everyone else's end: subscribers join.
#[derive(Debug)]
pub(crate) struct Hub {
    requests: mpsc::Sender<Request>,
    turns: Semaphore,
}

pub(crate) fn channel() -> (Publisher, Hub, Requests) {
    let (sender, receiver) = mpsc::channel(REQUESTS);
    let hub = Hub { requests: sender.clone(), turns: Semaphore::new(ASKING) };
    (Publisher(sender), hub, Requests(receiver))
}

/// A place in the hub's queue.
#[derive(Debug)]
pub(crate) struct Place<'a>(mpsc::Permit<'a, Request>);

impl Publisher {
    /// Waits for a place in the queue.
    pub(crate) async fn reserve(&self) -> Result<Place<'_>, Error> {
        self.0.reserve().await.map(Place).map_err(|_| Error::Closed)
    }

    /// Waits for so many places in the queue, at most as many as it has.
    pub(crate) async fn reserve_many(
        &self,
        count: usize,
    ) -> Result<impl Iterator<Item = Place<'_>>, Error> {
        let places = self.0.reserve_many(count).await.map_err(|_| Error::Closed)?;
        Ok(places.map(Place))
    }

    /// Says which keys there are before the first commit.
    pub(crate) async fn loaded(&self, keys: KeyIndex) {
        // A hub that has ended tells nobody of anything.
        drop(self.0.send(Request::Loaded(keys)).await);
    }
}

impl Place<'_> {
    /// Hands the commit over; this waits for nothing.
    pub(crate) fn publish(self, commit: Commit) {
        self.0.send(Request::Commit(commit));
    }
}

impl Hub {
    pub(crate) async fn subscribe(
        &self,
        watched: Watched,
        identity: Identity,
        since: Option<Version>,
    ) -> Result<Subscription, Error> {
        self.ask(|answer| Request::Subscribe { watched, identity, since, answer }).await
    }

    pub(crate) async fn keys(&self) -> Result<String, Error> {
        self.ask(|answer| Request::Keys { answer }).await
    }

    pub(crate) async fn topics(&self) -> Result<Vec<TopicState>, Error> {
        self.ask(|answer| Request::Topics { answer }).await
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, Error> {
        let _turn = self.turns.acquire().await.map_err(|_| Error::Closed)?;
        let (answer, answered) = oneshot::channel();
        self.requests.send(request(answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)
    }
}

/// The one task that publishes.
#[derive(Debug)]
pub(crate) struct Task {
    store: Arc<Store>,
    settings: Settings,
    totals: Arc<Totals>,
    events: EventHook,
    routes: Routes,
    /// The globs of which nobody is told.
    silent: Trie<()>,
    keys: KeyIndex,
    keys_topic: Option<Arc<Topic>>,
    keys_due: Option<Instant>,
}

impl Task {
    pub(crate) fn new(
        store: Arc<Store>,
        settings: Settings,
        totals: Arc<Totals>,
        events: EventHook,
    ) -> Self {
        let keys = KeyIndex::new(store.version());
        let routes = Routes::default();
        let mut silent = Trie::default();
        settings.no_broadcast.iter().for_each(|glob| *silent.entry(glob, || ()) = ());
        let (keys_topic, keys_due) = (None, None);
        Self { store, settings, totals, events, routes, silent, keys, keys_topic, keys_due }
    }

    pub(crate) async fn run(mut self, Requests(mut requests): Requests, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            let keys_due = self.keys_due;
            tokio::select! {
                () = stop.cancelled(), if !requests.is_closed() => requests.close(),
                count = requests.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        break; // closed, and everything that was taken is published
                    }
                    batch.drain(..).for_each(|request| self.take(request));
                }
                () = until(keys_due) => self.publish_keys(),
                _ = sweep.tick() => self.sweep(),
            }
        }
        self.publish_keys();
        self.events.close();
        self.all_topics().for_each(|topic| topic.close());
    }

    fn take(&mut self, request: Request) {
        // Whoever asked may have given up; then the answer is dropped, and that is all.
        match request {
            Request::Loaded(keys) => self.keys = keys,
            Request::Commit(commit) => self.publish(&commit),
            Request::Subscribe { watched, identity, since, answer } => {
                drop(answer.send(Subscription::new(self.topic(watched, identity), since)));
            }
            Request::Keys { answer } => {
                let document = self.keys.document();
                let mut out = String::with_capacity(document.encoded_len());
                document.encode(&mut out);
                drop(answer.send(out));
            }
            Request::Topics { answer } => {
                drop(answer.send(self.all_topics().map(|topic| topic.state()).collect()));
            }
        }
    }

    /// The topic of what is watched, made when it is not there.
    fn topic(&mut self, watched: Watched, identity: Identity) -> Arc<Topic> {
        match watched {
            Watched::Glob(glob) => {
                let view = View::new(self.store.rules(), &glob, identity);
                self.routes.get(&glob, &view).unwrap_or_else(|| self.new_topic(&glob, view))
            }
            Watched::Keys => {
                self.publish_keys();
                let (keys, settings, totals) = (&self.keys, &self.settings, &self.totals);
                let new = || {
                    let document = Document::Keys(keys.document().clone());
                    Arc::new(Topic::new(
                        Watched::Keys,
                        Number::of(keys.version()),
                        document,
                        settings,
                        totals,
                    ))
                };
                Arc::clone(self.keys_topic.get_or_insert_with(new))
            }
        }
    }

    fn new_topic(&mut self, glob: &Glob, view: View) -> Arc<Topic> {
        let (version, objects) = self.store.list(glob);
        let number = self.number(version, view.is_personal());
        let document = match glob.as_key() {
            Some(key) => Document::object(view.clone(), &key, objects.first()),
            None => Document::list(view.clone(), glob, objects),
        };
        let watched = Watched::Glob(glob.clone());
        let topic = Topic::new(watched, number, document, &self.settings, &self.totals);
        let topic = Arc::new(topic);
        self.routes.insert(glob, view, Arc::clone(&topic));
        topic
    }

    fn number(&self, commit: Version, is_personal: bool) -> Number {
        let message = if is_personal { self.store.next_version() } else { commit };
        Number { commit, message }
    }

    fn publish(&mut self, commit: &Commit) {
        self.events.send(&commit.events);
        let rules = self.store.rules();
        let untold = self.keys.take(commit, |key| rules.is_public(key));
        match &self.keys_topic {
            Some(_) if untold => {
                self.keys_due.get_or_insert_with(|| Instant::now() + KEYS_PAUSE);
            }
            Some(_) => {}
            None => self.keys.forget_untold(),
        }
        for (topic, told) in self.told(commit) {
            let number = self.number(commit.version, topic.is_personal());
            match told {
                Told::Cleared => topic.clear(number),
                Told::Events(events) => topic.publish(number, &events),
            }
        }
    }

    /// Which topics hear of which events of `commit`.
    fn told<'a>(&self, commit: &'a Commit) -> Vec<(Arc<Topic>, Told<'a>)> {
        let cleared = commit.cleared.iter().flat_map(|glob| self.routes.covered_by(glob));
        // Of a list that is silent in part, only the rest may be told to be gone.
        let cleared = cleared.filter(|topic| !self.is_silent_in_part(topic.watched()));
        let mut told: Vec<_> = cleared.map(|topic| (topic, Told::Cleared)).collect();
        let mut places: HashMap<_, _> =
            told.iter().enumerate().map(|(nth, (topic, _))| (Arc::as_ptr(topic), nth)).collect();
        for event in &commit.events {
            if self.is_silent(&event.key) {
                self.routes.matching(&event.key).for_each(|topic| topic.outdate());
                continue;
            }
            for topic in self.routes.matching(&event.key) {
                let nth = *places.entry(Arc::as_ptr(topic)).or_insert_with(|| {
                    told.push((Arc::clone(topic), Told::Events(Vec::new())));
                    told.len() - 1
                });
                if let Some((_, Told::Events(events))) = told.get_mut(nth) {
                    events.push(event);
                }
            }
        }
        told
    }

    fn is_silent(&self, key: &Key) -> bool {
        self.silent.matching(key).next().is_some()
    }

    fn is_silent_in_part(&self, watched: &Watched) -> bool {
        match watched {
            Watched::Glob(glob) => self.silent.overlapping(glob).next().is_some(),
            Watched::Keys => false,
        }
    }

    fn publish_keys(&mut self) {
        self.keys_due = None;
        if let Some(topic) = &self.keys_topic {
            topic.publish_keys(&mut self.keys);
        }
    }

    fn sweep(&mut self) {
        let now = Instant::now();
        let Settings { linger, idle_topics, .. } = self.settings;
        self.routes.retain_recent(now, linger, idle_topics);
        if self.keys_topic.as_ref().is_some_and(|topic| topic.idle(now) > linger) {
            self.keys_topic = None;
        }
        self.all_topics().for_each(|topic| topic.drop_unused_snapshot());
    }

    fn all_topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.routes.topics().chain(&self.keys_topic)
    }
}

/// What a topic is told of a commit.
enum Told<'a> {
    /// All of its list is gone.
    Cleared,
    Events(Vec<&'a Event>),
}

/// Waits until `due`, or for ever.
async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
