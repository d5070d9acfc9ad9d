//! Who is told of what.
//!
//! One task owns the map from keys to topics and publishes commits in their order. A topic is
//! shared with its subscribers, who read its window at their own pace, so nobody waits for them.

mod builds;
mod document;
mod frame;
mod keys;
mod list;
mod listing;
mod routes;
mod ruled_keys;
mod subscription;
mod topic;
mod totals;
mod view;
mod window;

use std::{collections::HashMap, mem, sync::Arc, time::Duration};

use monoxide_protocol::{Glob, Key, Version, Watched};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::{builds::Builds, keys::KeyIndex, totals::Totals};
use self::{
    builds::{Build, From, Job, Told, count_keys},
    document::Document,
    routes::Routes,
    ruled_keys::{RuledKeys, keys_topic},
    subscription::Joined,
    topic::{Number, Topic},
    view::View,
};
pub use self::{
    document::list_json,
    frame::Overdue,
    listing::{Listing, Page},
    subscription::{Backlog, Subscription},
    topic::TopicState,
    totals::Stats,
};
use crate::{
    access::Access,
    error::Error,
    event::{Commit, Event},
    filter::Caller,
    hooks::EventHook,
    store::Store,
    trie::Trie,
};

/// How many requests may wait for the hub before writers and joiners wait for it.
const REQUESTS: usize = 1024;

/// How many of these may be of joiners and others who ask. The rest of them wait before the queue,
/// so that writers always find a place in it, and only so many joiners before them: making a topic
/// of a long list, for somebody with a view of their own, takes as long as a thousand commits.
const ASKING: usize = 32;

/// How many objects the hub asks rules and filters about itself, for a list that somebody joins.
/// Of a longer one the document is made beside it.
const AT_ONCE: usize = 256;

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
    /// These are the keys of a topic that waits for them.
    KeysCounted(Arc<Topic>, KeyIndex),
    /// From here on other rules are in force.
    Rules(Arc<Access>, oneshot::Sender<()>),
    Subscribe {
        watched: Watched,
        caller: Caller,
        since: Option<Version>,
        answer: oneshot::Sender<Joined>,
    },
    /// The topic that somebody would join, if it is there.
    Find {
        glob: Glob,
        caller: Caller,
        answer: oneshot::Sender<Option<Arc<Topic>>>,
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
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    requests: mpsc::Sender<Request>,
    turns: Arc<Semaphore>,
}

pub(crate) fn channel() -> (Publisher, Hub, Requests) {
    let (sender, receiver) = mpsc::channel(REQUESTS);
    let hub = Hub { requests: sender.clone(), turns: Arc::new(Semaphore::new(ASKING)) };
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

    /// Says that other rules are in force. What is given comes about when all are told what that
    /// changes for them.
    pub(crate) fn change_rules(self, access: Arc<Access>) -> oneshot::Receiver<()> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Request::Rules(access, answer));
        answered
    }
}

impl Hub {
    pub(crate) async fn subscribe(
        &self,
        watched: Watched,
        caller: Caller,
        since: Option<Version>,
    ) -> Result<Subscription, Error> {
        let joined = self.join(watched, caller.clone(), since).await?;
        Ok(Subscription::new(self.clone(), caller, joined))
    }

    async fn join(
        &self,
        watched: Watched,
        caller: Caller,
        since: Option<Version>,
    ) -> Result<Joined, Error> {
        self.ask(|answer| Request::Subscribe { watched, caller, since, answer }).await
    }

    /// What is seen of a list, if it is watched by somebody who sees the same.
    pub(crate) async fn listing(
        &self,
        glob: &Glob,
        caller: &Caller,
    ) -> Result<Option<Listing>, Error> {
        let (glob, caller) = (glob.clone(), caller.clone());
        let topic = self.ask(|answer| Request::Find { glob, caller, answer }).await?;
        match topic {
            Some(topic) => Ok(topic.listing().await),
            None => Ok(None),
        }
    }

    /// Hands over the keys of a topic, from a thread that may wait.
    fn keys_are_counted(&self, topic: Arc<Topic>, keys: KeyIndex) {
        // A hub that has ended tells nobody of anything.
        drop(self.requests.blocking_send(Request::KeysCounted(topic, keys)));
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
    /// The rules that were in force when the last commit was decided that was taken.
    access: Arc<Access>,
    builds: Builds,
    settings: Settings,
    totals: Arc<Totals>,
    events: EventHook,
    routes: Routes,
    /// The globs of which nobody is told.
    silent: Trie<()>,
    keys: KeyIndex,
    keys_topic: Option<Arc<Topic>>,
    /// The keys as those see them for whom rules decide.
    ruled_keys: Vec<RuledKeys>,
    keys_due: Option<Instant>,
}

impl Task {
    pub(crate) fn new(
        store: Arc<Store>,
        settings: Settings,
        totals: Arc<Totals>,
        events: EventHook,
        builds: Builds,
    ) -> Self {
        let access = store.access();
        let keys = KeyIndex::new(store.version());
        let routes = Routes::default();
        let mut silent = Trie::default();
        settings.no_broadcast.iter().for_each(|glob| *silent.entry(glob, || ()) = ());
        Self {
            store,
            access,
            builds,
            settings,
            totals,
            events,
            routes,
            silent,
            keys,
            keys_topic: None,
            ruled_keys: Vec::new(),
            keys_due: None,
        }
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
            Request::KeysCounted(topic, keys) => {
                let mut all = self.ruled_keys.iter_mut();
                if let Some(ruled) = all.find(|ruled| Arc::ptr_eq(&ruled.topic, &topic)) {
                    ruled.begin(keys);
                }
            }
            Request::Rules(access, answer) => self.change_rules(access, answer),
            Request::Subscribe { watched, caller, since, answer } => {
                drop(answer.send(Joined::new(self.topic(watched, &caller), since)));
            }
            Request::Find { glob, caller, answer } => {
                let view = View::new(&self.access, Some(&glob), &caller);
                drop(answer.send(self.routes.get(&glob, &view)));
            }
            Request::Keys { answer } => drop(answer.send(self.keys.to_json())),
            Request::Topics { answer } => {
                drop(answer.send(self.all_topics().map(|topic| topic.state()).collect()));
            }
        }
    }

    /// The topic of what is watched, made when it is not there.
    fn topic(&mut self, watched: Watched, caller: &Caller) -> Arc<Topic> {
        match watched {
            Watched::Glob(glob) => {
                let view = View::new(&self.access, Some(&glob), caller);
                self.routes.get(&glob, &view).unwrap_or_else(|| self.new_topic(&glob, view))
            }
            Watched::Keys => {
                self.publish_keys();
                let view = View::new(&self.access, None, caller);
                if view.is_ruled() {
                    return self.ruled_keys_topic(view);
                }
                let (keys, settings, totals) = (&self.keys, &self.settings, &self.totals);
                let new = || keys_topic(keys, Number::of(keys.version()), settings, totals);
                Arc::clone(self.keys_topic.get_or_insert_with(new))
            }
        }
    }

    fn new_topic(&mut self, glob: &Glob, view: View) -> Arc<Topic> {
        let (version, mut objects) = self.store.list(glob);
        let number = self.number(version, view.is_personal());
        let is_long = view.is_selective() && objects.len() > AT_ONCE;
        let later = if is_long { mem::take(&mut objects) } else { Vec::new() };
        let document = Document::of(view.clone(), glob, objects);
        let watched = Watched::Glob(glob.clone());
        let topic = Topic::new(watched, number, document, &self.settings, &self.totals);
        let topic = Arc::new(topic);
        if is_long {
            topic.pause();
            let (glob, topic, view) = (glob.clone(), Arc::clone(&topic), view.clone());
            let from = From::Objects(version, later);
            self.builds.push(Job::Document(Build { topic, glob, view, from }));
        }
        self.routes.insert(glob, view, Arc::clone(&topic));
        topic
    }

    fn ruled_keys_topic(&mut self, view: View) -> Arc<Topic> {
        if let Some(ruled) = self.ruled_keys.iter().find(|ruled| ruled.view == view) {
            return Arc::clone(&ruled.topic);
        }
        let is_long = self.store.objects() > AT_ONCE;
        let keys = match is_long {
            true => KeyIndex::new(self.store.version()),
            false => count_keys(&self.store, &view),
        };
        let number = self.number(keys.version(), true);
        let topic = keys_topic(&keys, number, &self.settings, &self.totals);
        let ruled = if is_long {
            topic.pause();
            self.builds.push(Job::Keys(view.clone(), Arc::clone(&topic)));
            RuledKeys::later(view, Arc::clone(&topic))
        } else {
            RuledKeys::new(view, Arc::clone(&topic), keys)
        };
        self.ruled_keys.push(ruled);
        topic
    }

    /// Has everybody see what other rules let them see. Those who see the same as each other after
    /// it as well are told what is different; the others go on with topics of their own.
    fn change_rules(&mut self, access: Arc<Access>, answer: oneshot::Sender<()>) {
        // What was done before is told under the rules of before.
        self.publish_keys();
        let were_there = self.access.rules().is_some();
        self.access = access;
        let told = Arc::new(Told::new(answer));
        let (access, builds, store) = (&self.access, &self.builds, &self.store);
        self.routes.retain(|view, topic| {
            let Watched::Glob(glob) = topic.watched() else { return false };
            let Some(changed) = view.under(access, glob) else {
                topic.retire();
                return false;
            };
            *view = changed;
            topic.pause();
            let (topic, glob, view) = (Arc::clone(topic), glob.clone(), view.clone());
            // One for each: it is a version of this view only.
            let from = From::Store(store.next_version(), Arc::clone(&told));
            builds.push(Job::Document(Build { topic, glob, view, from }));
            true
        });
        self.ruled_keys.drain(..).for_each(|ruled| ruled.topic.retire());
        if were_there != self.access.rules().is_some() {
            self.keys_topic.take().into_iter().for_each(|topic| topic.retire());
        }
    }

    fn number(&self, commit: Version, is_personal: bool) -> Number {
        let message = if is_personal { self.store.next_version() } else { commit };
        Number { commit, message }
    }

    fn publish(&mut self, commit: &Commit) {
        self.events.send(&commit.events);
        let filters = self.store.filters();
        let untold = self.keys.take(commit, |key| filters.is_public(key));
        let mut is_due = untold && self.keys_topic.is_some();
        if self.keys_topic.is_none() {
            self.keys.forget_untold();
        }
        self.ruled_keys.iter_mut().for_each(|ruled| is_due |= ruled.take(commit));
        for ruled in self.ruled_keys.extract_if(.., |ruled| ruled.is_too_far()) {
            ruled.topic.retire();
        }
        if is_due {
            self.keys_due.get_or_insert_with(|| Instant::now() + KEYS_PAUSE);
        }
        for (topic, told) in self.told(commit) {
            let number = self.number(commit.version, topic.is_personal());
            match told {
                Heard::Cleared => topic.clear(number),
                Heard::Events(events) => topic.publish(number, &events),
            }
        }
    }

    /// Which topics hear of which events of `commit`.
    fn told<'a>(&self, commit: &'a Commit) -> Vec<(Arc<Topic>, Heard<'a>)> {
        let cleared = commit.cleared.iter().flat_map(|glob| self.routes.covered_by(glob));
        // Of a list that is silent in part, only the rest may be told to be gone.
        let cleared = cleared.filter(|topic| !self.is_silent_in_part(topic.watched()));
        let mut told: Vec<_> = cleared.map(|topic| (topic, Heard::Cleared)).collect();
        let mut places: HashMap<_, _> =
            told.iter().enumerate().map(|(nth, (topic, _))| (Arc::as_ptr(topic), nth)).collect();
        for event in &commit.events {
            if self.is_silent(&event.key) {
                self.routes.matching(&event.key).for_each(|topic| topic.outdate());
                continue;
            }
            for topic in self.routes.matching(&event.key) {
                let nth = *places.entry(Arc::as_ptr(topic)).or_insert_with(|| {
                    told.push((Arc::clone(topic), Heard::Events(Vec::new())));
                    told.len() - 1
                });
                if let Some((_, Heard::Events(events))) = told.get_mut(nth) {
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
            topic.publish_keys(Number::of(self.keys.version()), &mut self.keys);
        }
        let store = &self.store;
        self.ruled_keys.iter_mut().for_each(|ruled| ruled.publish(|| store.next_version()));
    }

    fn sweep(&mut self) {
        let now = Instant::now();
        let Settings { linger, idle_topics, .. } = self.settings;
        self.routes.retain_recent(now, linger, idle_topics);
        if self.keys_topic.as_ref().is_some_and(|topic| topic.idle(now) > linger) {
            self.keys_topic = None;
        }
        self.ruled_keys.retain(|ruled| ruled.topic.idle(now) <= linger);
        self.all_topics().for_each(|topic| topic.drop_unused_snapshot());
    }

    fn all_topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        let ruled_keys = self.ruled_keys.iter().map(|ruled| &ruled.topic);
        self.routes.topics().chain(&self.keys_topic).chain(ruled_keys)
    }
}

/// What a topic is told of a commit.
enum Heard<'a> {
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
