//! Documents that take long to work out, beside the hub.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, PoisonError},
};

use monoxide_protocol::{Glob, Object, Version};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use super::{document::Document, topic::Topic, view::View};
use crate::{
    store::Store,
    sync::{Mutex, MutexGuard},
};

/// How many threads work on them at once: they are to leave some of the machine to the hub.
const WORKERS: usize = 2;

/// Work for the threads, in the order it came.
#[derive(Debug, Clone)]
pub(super) struct Builds {
    store: Arc<Store>,
    tasks: TaskTracker,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    builds: VecDeque<Build>,
    workers: usize,
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

impl Builds {
    pub(super) fn new(store: Arc<Store>, tasks: TaskTracker) -> Self {
        Self { store, tasks, queue: Arc::default() }
    }

    /// Has the document made beside the hub.
    pub(super) fn push(&self, build: Build) {
        let mut queue = self.lock();
        queue.builds.push_back(build);
        if queue.workers < WORKERS {
            queue.workers += 1;
            let builds = self.clone();
            self.tasks.spawn_blocking(move || builds.work());
        }
    }

    fn work(self) {
        loop {
            let build = {
                let mut queue = self.lock();
                let Some(build) = queue.builds.pop_front() else {
                    queue.workers -= 1;
                    return;
                };
                build
            };
            self.build(build);
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
