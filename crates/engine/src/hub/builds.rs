//! Documents that take long to work out, beside the hub.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, PoisonError},
};

use monoxide_protocol::{Glob, Object, Version};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use super::{Hub, document::Document, keys::KeyIndex, topic::Topic, view::View};
use crate::{
    store::Store,
    sync::{Mutex, MutexGuard},
};

/// How many threads work on them at once: they are to leave some of the machine to the hub.
const WORKERS: usize = 2;

/// Work for the threads, in the order it came.
#[derive(Debug, Clone)]
pub(crate) struct Builds {
    store: Arc<Store>,
    hub: Hub,
    tasks: TaskTracker,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: VecDeque<Job>,
    workers: usize,
}

#[derive(Debug)]
pub(super) enum Job {
    Document(Build),
    /// To count the keys that are seen in a view, for a topic that is paused until then. The hub
    /// is told, which goes on counting.
    Keys(View, Arc<Topic>),
}

/// A topic that is paused until its document is there.
#[derive(Debug)]
pub(super) struct Build {
    pub(super) topic: Arc<Topic>,
    pub(super) glob: Glob,
    pub(super) view: View,
    pub(super) from: From,
}

/// What the document is made from.
#[derive(Debug)]
pub(super) enum From {
    /// These objects, as they were at a version, for those who are told of nothing yet.
    Objects(Version, Vec<Arc<Object>>),
    /// What is stored when it comes to it. The message that says what is different has a version.
    /// When all that were begun together are done, they are let go of.
    Store(Version, Arc<Told>),
}

/// Says that it is done when it is dropped.
#[derive(Debug)]
pub(super) struct Told(Option<oneshot::Sender<()>>);

impl Told {
    pub(super) fn new(answer: oneshot::Sender<()>) -> Self {
        Self(Some(answer))
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        // Whoever asked may have given up.
        _ = self.0.take().map(|answer| answer.send(()));
    }
}

/// The keys that are seen in a view.
pub(super) fn count_keys(store: &Store, view: &View) -> KeyIndex {
    let (version, objects) = store.all();
    let seen = objects.iter().filter(|object| view.lists(object)).map(|object| &object.key);
    KeyIndex::of(version, seen, |_| true)
}

impl Builds {
    pub(crate) fn new(store: Arc<Store>, hub: Hub, tasks: TaskTracker) -> Self {
        Self { store, hub, tasks, queue: Arc::default() }
    }

    /// Has it done beside the hub.
    pub(super) fn push(&self, job: Job) {
        let mut queue = self.lock();
        queue.jobs.push_back(job);
        if queue.workers < WORKERS {
            queue.workers += 1;
            let builds = self.clone();
            self.tasks.spawn_blocking(move || builds.work());
        }
    }

    fn work(self) {
        loop {
            let job = {
                let mut queue = self.lock();
                let Some(job) = queue.jobs.pop_front() else {
                    queue.workers -= 1;
                    return;
                };
                job
            };
            match job {
                Job::Document(build) => self.build(build),
                Job::Keys(view, topic) => {
                    let keys = count_keys(&self.store, &view);
                    self.hub.keys_are_counted(topic, keys);
                }
            }
        }
    }

    fn build(&self, Build { topic, glob, view, from }: Build) {
        match from {
            From::Objects(version, objects) => {
                topic.resume(version, Document::of(view, &glob, objects), None);
            }
            From::Store(number, told) => {
                let (version, objects) = self.store.list(&glob);
                topic.resume(version, Document::of(view, &glob, objects), Some(number));
                mem::drop(told);
            }
        }
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
