//! From a key to the topics that hear of it: a trie over segments.

use std::{collections::HashMap, sync::Arc, time::Duration};

use monoxide_protocol::{Glob, Key};
use tokio::time::Instant;

use super::topic::Topic;

/// A trie in which a star is a segment like any other. Nodes refer to each other by number, so
/// that a key of ten thousand segments makes nothing recursive, not even the end of it.
#[derive(Debug)]
pub(super) struct Routes {
    nodes: HashMap<u64, Node>,
    next: u64,
}

#[derive(Debug, Default)]
struct Node {
    children: HashMap<Box<str>, u64>,
    topic: Option<Arc<Topic>>,
}

const ROOT: u64 = 0;

impl Default for Routes {
    fn default() -> Self {
        Self { nodes: HashMap::from([(ROOT, Node::default())]), next: ROOT + 1 }
    }
}

impl Routes {
    pub(super) fn insert(&mut self, glob: &Glob, topic: Arc<Topic>) {
        let mut at = ROOT;
        for segment in glob.segments() {
            let node = self.nodes.entry(at).or_default();
            at = *node.children.entry(segment.into()).or_insert(self.next);
            if at == self.next {
                self.next += 1;
            }
        }
        self.nodes.entry(at).or_default().topic = Some(topic);
    }

    pub(super) fn get(&self, glob: &Glob) -> Option<Arc<Topic>> {
        let at = glob.segments().try_fold(ROOT, |at, segment| self.child(at, segment));
        self.nodes.get(&at?)?.topic.clone()
    }

    /// The topics that hear of changes of `key`.
    pub(super) fn matching(&self, key: &Key) -> impl Iterator<Item = &Arc<Topic>> {
        let mut level = vec![ROOT];
        for segment in key.segments() {
            let named = |&at: &u64| [self.child(at, segment), self.child(at, "*")];
            level = level.iter().flat_map(named).flatten().collect();
        }
        level.into_iter().filter_map(|at| self.nodes.get(&at)?.topic.as_ref())
    }

    /// The topics of lists of which `glob` names every object.
    pub(super) fn covered_by(&self, glob: &Glob) -> Vec<Arc<Topic>> {
        // With each node, whether a star lies on the way to it: only then it is a list.
        let mut level = vec![(ROOT, false)];
        for segment in glob.segments() {
            let mut below = Vec::new();
            for (at, list) in level {
                let Some(node) = self.nodes.get(&at) else { continue };
                match segment {
                    "*" => below.extend(
                        node.children.iter().map(|(name, &child)| (child, list || &**name == "*")),
                    ),
                    name => below.extend(self.child(at, name).map(|child| (child, list))),
                }
            }
            level = below;
        }
        let lists = level.into_iter().filter(|(_, list)| *list);
        lists.filter_map(|(at, _)| self.nodes.get(&at)?.topic.clone()).collect()
    }

    pub(super) fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.nodes.values().filter_map(|node| node.topic.as_ref())
    }

    /// Lets go of topics that nobody has watched for longer than `linger`, and of the longest
    /// alone when more than `most` are alone.
    pub(super) fn retain_recent(&mut self, now: Instant, linger: Duration, most: usize) {
        let mut alone: Vec<(Duration, u64)> = self
            .nodes
            .iter()
            .filter_map(|(&at, node)| Some((node.topic.as_ref()?.idle(now), at)))
            .filter(|(idle, _)| !idle.is_zero())
            .collect();
        alone.sort_unstable();
        let kept = alone.partition_point(|(idle, _)| *idle <= linger).min(most);
        if kept == alone.len() {
            return;
        }
        for (_, at) in alone.drain(kept..) {
            if let Some(node) = self.nodes.get_mut(&at) {
                node.topic = None;
            }
        }
        self.prune();
    }

    /// Takes out the nodes that lead to no topic.
    fn prune(&mut self) {
        // A child always has a higher number than its parent, so children come first here.
        let mut numbers: Vec<u64> = self.nodes.keys().copied().collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        let mut empty = std::collections::HashSet::new();
        for at in numbers {
            let Some(node) = self.nodes.get_mut(&at) else { continue };
            node.children.retain(|_, child| !empty.contains(child));
            if at != ROOT && node.children.is_empty() && node.topic.is_none() {
                empty.insert(at);
                self.nodes.remove(&at);
            }
        }
    }

    fn child(&self, at: u64, segment: &str) -> Option<u64> {
        self.nodes.get(&at)?.children.get(segment).copied()
    }
}

#[cfg(test)]
mod tests {
    use monoxide_protocol::{Version, Watched};
    use proptest::prelude::*;

    use super::{
        super::{Limits, document::Document},
        *,
    };

    fn topic() -> Arc<Topic> {
        let document = Document::Object(None);
        Arc::new(Topic::new(Watched::Keys, Version::new(1), document, Limits::default()))
    }

    proptest! {
        /// The trie finds what looking at every glob finds.
        #[test]
        fn every_topic_that_matches_is_found_and_no_other(
            globs in prop::collection::btree_set("[ab*](/[ab*]){0,3}", 0..20),
            key in "[ab](/[ab]){0,3}",
            clearing in "[ab*](/[ab*]){0,3}",
        ) {
            let mut routes = Routes::default();
            let globs: Vec<(Glob, Arc<Topic>)> =
                globs.iter().map(|text| (Glob::parse(text).unwrap(), topic())).collect();
            for (glob, topic) in &globs {
                routes.insert(glob, Arc::clone(topic));
            }
            let (key, clearing) = (Key::parse(&key).unwrap(), Glob::parse(&clearing).unwrap());
            let pointers = |topics: Vec<&Arc<Topic>>| {
                let mut all: Vec<_> = topics.into_iter().map(Arc::as_ptr).collect();
                all.sort_unstable();
                all
            };
            let expect = |wanted: &dyn Fn(&Glob) -> bool| {
                pointers(globs.iter().filter(|(it, _)| wanted(it)).map(|(_, it)| it).collect())
            };
            prop_assert_eq!(
                pointers(routes.matching(&key).collect()),
                expect(&|glob| glob.matches(&key))
            );
            prop_assert_eq!(
                pointers(routes.covered_by(&clearing).iter().collect()),
                expect(&|glob| glob.is_list() && clearing.covers(glob))
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn topics_that_nobody_watches_go_after_a_while_and_leave_no_node() {
        let mut routes = Routes::default();
        let glob = |text: &str| Glob::parse(text).unwrap();
        let watched = topic();
        let _subscriber = watched.watch();
        routes.insert(&glob("books/*"), Arc::clone(&watched));
        routes.insert(&glob("books/dune/pages/*"), topic());
        let linger = Duration::from_secs(60);

        tokio::time::advance(linger / 2).await;
        routes.retain_recent(Instant::now(), linger, 10);
        assert_eq!(routes.topics().count(), 2, "who comes back soon finds its topic");

        tokio::time::advance(linger).await;
        routes.retain_recent(Instant::now(), linger, 10);
        assert_eq!(routes.topics().count(), 1);
        assert_eq!(routes.nodes.len(), 3, "the root, `books` and its star");
        assert!(routes.get(&glob("books/*")).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn of_too_many_topics_that_nobody_watches_the_longest_alone_go() {
        let mut routes = Routes::default();
        for n in 0..10 {
            routes.insert(&Glob::parse(&format!("n/{n}")).unwrap(), topic());
            tokio::time::advance(Duration::from_millis(1)).await;
        }

        routes.retain_recent(Instant::now(), Duration::from_secs(60), 3);

        let left =
            (0..10).filter(|n| routes.get(&Glob::parse(&format!("n/{n}")).unwrap()).is_some());
        assert_eq!(left.collect::<Vec<_>>(), [7, 8, 9]);
    }
}
