//! From a key to the topics that hear of it.

use std::{sync::Arc, time::Duration};

use monoxide_protocol::{Glob, Key};
use tokio::time::Instant;

use super::{topic::Topic, view::View};
use crate::trie::Trie;

/// The topics by what they watch; of one glob there is a topic for each view.
#[derive(Debug, Default)]
pub(super) struct Routes {
    views: Trie<Vec<(View, Arc<Topic>)>>,
}

impl Routes {
    pub(super) fn insert(&mut self, glob: &Glob, view: View, topic: Arc<Topic>) {
        self.views.entry(glob, Vec::new).push((view, topic));
    }

    /// The topic that whoever joins is to follow, when there is one.
    pub(super) fn get(&self, glob: &Glob, view: &View) -> Option<Arc<Topic>> {
        let mut views = self.views.get(glob)?.iter();
        let usable = |(it, topic): &&(View, Arc<Topic>)| it == view && !topic.is_outdated();
        views.find(usable).map(|(_, topic)| Arc::clone(topic))
    }

    /// The topics that hear of changes of `key`.
    pub(super) fn matching(&self, key: &Key) -> impl Iterator<Item = &Arc<Topic>> {
        self.views.matching(key).flatten().map(|(_, topic)| topic)
    }

    /// The topics of lists of which `glob` names every object.
    pub(super) fn covered_by(&self, glob: &Glob) -> impl Iterator<Item = Arc<Topic>> {
        self.views.lists_covered_by(glob).flatten().map(|(_, topic)| Arc::clone(topic))
    }

    pub(super) fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.views.values().flatten().map(|(_, topic)| topic)
    }

    /// Lets go of the topics that `keep` does not want, which may change what view they show.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut View, &Arc<Topic>) -> bool) {
        self.views.retain(|views| {
            views.retain_mut(|(view, topic)| keep(view, topic));
            !views.is_empty()
        });
    }

    /// Lets go of topics that nobody has watched for longer than `linger`, and of the longest
    /// alone when more than `most` are alone.
    pub(super) fn retain_recent(&mut self, now: Instant, linger: Duration, most: usize) {
        let idle = self.topics().map(|topic| topic.idle(now));
        let mut alone: Vec<Duration> = idle.filter(|idle| !idle.is_zero()).collect();
        alone.sort_unstable();
        let kept = alone.partition_point(|idle| *idle <= linger).min(most);
        // Alone for longer than this one is alone for too long.
        let Some(longest) = alone.get(kept) else { return };
        let longest = *longest;
        self.retain(|_, topic| topic.idle(now) < longest);
    }
}

#[cfg(test)]
mod tests {
    use monoxide_protocol::{Version, Watched};

    use super::{
        super::{Settings, Totals, document::Document, topic::Number},
        *,
    };
    use crate::{access::Access, filter::Caller};

    fn view() -> View {
        let access = Arc::new(Access::new(Arc::default(), None));
        View::new(&access, Some(&glob("n")), &Caller::default())
    }

    fn topic() -> Arc<Topic> {
        let document = Document::object(view(), &Key::parse("n").unwrap(), None);
        Arc::new(Topic::new(
            Watched::Keys,
            Number::of(Version::new(1)),
            document,
            &Settings::default(),
            &Arc::new(Totals::new(0)),
        ))
    }

    fn glob(text: &str) -> Glob {
        Glob::parse(text).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn topics_that_nobody_watches_go_after_a_while() {
        let mut routes = Routes::default();
        let watched = topic();
        let _subscriber = watched.watch();
        routes.insert(&glob("books/*"), view(), Arc::clone(&watched));
        routes.insert(&glob("books/dune/pages/*"), view(), topic());
        let linger = Duration::from_secs(60);

        tokio::time::advance(linger / 2).await;
        routes.retain_recent(Instant::now(), linger, 10);
        assert_eq!(routes.topics().count(), 2, "who comes back soon finds its topic");

        tokio::time::advance(linger).await;
        routes.retain_recent(Instant::now(), linger, 10);
        assert_eq!(routes.topics().count(), 1);
        assert!(routes.get(&glob("books/*"), &view()).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn of_too_many_topics_that_nobody_watches_the_longest_alone_go() {
        let mut routes = Routes::default();
        for n in 0..10 {
            routes.insert(&glob(&format!("n/{n}")), view(), topic());
            tokio::time::advance(Duration::from_millis(1)).await;
        }

        routes.retain_recent(Instant::now(), Duration::from_secs(60), 3);

        let left = (0..10).filter(|n| routes.get(&glob(&format!("n/{n}")), &view()).is_some());
        assert_eq!(left.collect::<Vec<_>>(), [7, 8, 9]);
    }
}
