//! The keys as those see them for whom rules decide.

use std::sync::Arc;

use monoxide_protocol::{Version, Watched};

use super::{
    Settings,
    document::Document,
    keys::KeyIndex,
    topic::{Number, Topic},
    totals::Totals,
    view::View,
};
use crate::event::Commit;

/// The keys that some see, with the topic of these.
#[derive(Debug)]
pub(super) struct RuledKeys {
    pub(super) view: View,
    pub(super) topic: Arc<Topic>,
    counted: Counted,
}

#[derive(Debug)]
enum Counted {
    Keys(KeyIndex),
    /// They are being counted, and this has happened since.
    NotYet(Vec<Commit>),
}

/// How many commits may happen while keys are counted, before it is begun anew.
const MEANWHILE: usize = 16_384;

impl RuledKeys {
    /// What is seen, when these are the keys.
    pub(super) fn new(view: View, topic: Arc<Topic>, keys: KeyIndex) -> Self {
        Self { view, topic, counted: Counted::Keys(keys) }
    }

    /// What is seen, when the keys are still being counted and the topic waits for them.
    pub(super) fn later(view: View, topic: Arc<Topic>) -> Self {
        Self { view, topic, counted: Counted::NotYet(Vec::new()) }
    }

    /// Takes a commit in, and says whether there is something to be told.
    pub(super) fn take(&mut self, commit: &Commit) -> bool {
        match &mut self.counted {
            Counted::Keys(keys) => keys.take_seen(commit, |object| self.view.lists(object)),
            Counted::NotYet(since) => {
                since.push(commit.clone());
                false
            }
        }
    }

    /// Goes on with what was counted.
    pub(super) fn begin(&mut self, mut keys: KeyIndex) {
        if let Counted::NotYet(since) = &self.counted {
            for commit in since {
                keys.take_seen(commit, |object| self.view.lists(object));
            }
        }
        keys.forget_untold();
        self.topic.resume(keys.version(), Document::Keys(keys.document().clone()), None);
        self.counted = Counted::Keys(keys);
    }

    /// Tells what was not yet told, under a version of its own.
    pub(super) fn publish(&mut self, version: impl FnOnce() -> Version) {
        if let Counted::Keys(keys) = &mut self.counted {
            let number = Number { commit: keys.version(), message: version() };
            self.topic.publish_keys(number, keys);
        }
    }

    /// Whether too much has happened while they were counted.
    pub(super) fn is_too_far(&self) -> bool {
        matches!(&self.counted, Counted::NotYet(since) if since.len() > MEANWHILE)
    }
}

/// A topic of which keys there are.
pub(super) fn keys_topic(
    keys: &KeyIndex,
    number: Number,
    settings: &Settings,
    totals: &Arc<Totals>,
) -> Arc<Topic> {
    let document = Document::Keys(keys.document().clone());
    Arc::new(Topic::new(Watched::Keys, number, document, settings, totals))
}
