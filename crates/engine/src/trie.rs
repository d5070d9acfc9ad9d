//! Globs by their segments: which of many match, without looking at all of them.

use std::collections::HashSet;

use foldhash::{HashMap, HashMapExt as _};
use monoxide_protocol::{Glob, Key};

/// A trie in which a star is a segment like any other. Nodes refer to each other by number, so
/// that a key of ten thousand segments makes nothing recursive, not even the end of it.
#[derive(Debug)]
pub(crate) struct Trie<T> {
    nodes: HashMap<u64, Node<T>>,
    next: u64,
}

#[derive(Debug)]
struct Node<T> {
    children: HashMap<Box<str>, u64>,
    value: Option<T>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { children: HashMap::new(), value: None }
    }
}

const ROOT: u64 = 0;

impl<T> Default for Trie<T> {
    fn default() -> Self {
        Self { nodes: HashMap::from_iter([(ROOT, Node::default())]), next: ROOT + 1 }
    }
}

impl<T> Trie<T> {
    /// The value under `glob`, made when it is not there.
    pub(crate) fn entry(&mut self, glob: &Glob, new: impl FnOnce() -> T) -> &mut T {
        let mut at = ROOT;
        for segment in glob.segments() {
            let node = self.nodes.entry(at).or_default();
            at = *node.children.entry(segment.into()).or_insert(self.next);
            if at == self.next {
                self.next += 1;
            }
        }
        self.nodes.entry(at).or_default().value.get_or_insert_with(new)
    }

    pub(crate) fn get(&self, glob: &Glob) -> Option<&T> {
        let at = glob.segments().try_fold(ROOT, |at, segment| self.child(at, segment));
        self.nodes.get(&at?)?.value.as_ref()
    }

    /// The values whose globs match `key`.
    pub(crate) fn matching(&self, key: &Key) -> impl Iterator<Item = &T> {
        self.covering(&key.clone().into())
    }

    /// The values whose globs name every key that `glob` names.
    pub(crate) fn covering(&self, glob: &Glob) -> impl Iterator<Item = &T> + use<'_, T> {
        let mut level = vec![ROOT];
        for segment in glob.segments() {
            let named = (segment != "*").then_some(segment);
            let below = |&at: &u64| {
                let named = named.and_then(|segment| self.child(at, segment));
                [named, self.child(at, "*")]
            };
            level = level.iter().flat_map(below).flatten().collect();
        }
        level.into_iter().filter_map(|at| self.nodes.get(&at)?.value.as_ref())
    }

    /// Calls `found` with the values whose globs name every key that `glob` names, and allocates
    /// nothing. It is as recursive as the longest glob in the trie that leads along `glob`.
    pub(crate) fn each_covering<'a>(&'a self, glob: &Glob, found: &mut impl FnMut(&'a T)) {
        self.descend(ROOT, glob.segments(), found);
    }

    fn descend<'a, 'g>(
        &'a self,
        at: u64,
        mut segments: impl Iterator<Item = &'g str> + Clone,
        found: &mut impl FnMut(&'a T),
    ) {
        let Some(node) = self.nodes.get(&at) else { return };
        let Some(segment) = segments.next() else {
            return node.value.iter().for_each(found);
        };
        if segment != "*"
            && let Some(&named) = node.children.get(segment)
        {
            self.descend(named, segments.clone(), found);
        }
        if let Some(&star) = node.children.get("*") {
            self.descend(star, segments, found);
        }
    }

    /// The values whose globs name a key that `glob` names too.
    pub(crate) fn overlapping(&self, glob: &Glob) -> impl Iterator<Item = &T> + use<'_, T> {
        let mut level = vec![ROOT];
        for segment in glob.segments() {
            let mut below = Vec::new();
            for node in level.iter().filter_map(|at| self.nodes.get(at)) {
                match segment {
                    "*" => below.extend(node.children.values().copied()),
                    name => {
                        below.extend([name, "*"].iter().filter_map(|&it| node.children.get(it)))
                    }
                }
            }
            level = below;
        }
        level.into_iter().filter_map(|at| self.nodes.get(&at)?.value.as_ref())
    }

    /// The values of lists of which `glob` names every object.
    pub(crate) fn lists_covered_by(&self, glob: &Glob) -> impl Iterator<Item = &T> + use<'_, T> {
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
        lists.filter_map(|(at, _)| self.nodes.get(&at)?.value.as_ref())
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.nodes.values().filter_map(|node| node.value.as_ref())
    }

    /// Lets go of the values that `keep` does not want, and of the nodes that lead to none.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        for node in self.nodes.values_mut() {
            node.value.take_if(|value| !keep(value));
        }
        // A child always has a higher number than its parent, so children come first here.
        let mut numbers: Vec<u64> = self.nodes.keys().copied().collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        let mut empty = HashSet::new();
        for at in numbers {
            let Some(node) = self.nodes.get_mut(&at) else { continue };
            node.children.retain(|_, child| !empty.contains(child));
            if at != ROOT && node.children.is_empty() && node.value.is_none() {
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
    use proptest::prelude::*;

    use super::*;

    fn overlap(one: &Glob, other: &Glob) -> bool {
        let mut pairs = one.segments().zip(other.segments());
        one.segments().count() == other.segments().count()
            && pairs.all(|(one, other)| one == other || one == "*" || other == "*")
    }

    proptest! {
        /// The trie finds what looking at every glob finds.
        #[test]
        fn every_glob_that_matches_is_found_and_no_other(
            globs in prop::collection::btree_set("[ab*](/[ab*]){0,3}", 0..20),
            key in "[ab](/[ab]){0,3}",
            other in "[ab*](/[ab*]){0,3}",
        ) {
            let globs: Vec<Glob> = globs.iter().map(|text| Glob::parse(text).unwrap()).collect();
            let (key, other) = (Key::parse(&key).unwrap(), Glob::parse(&other).unwrap());
            let mut trie = Trie::default();
            for glob in &globs {
                trie.entry(glob, || glob.clone());
            }
            let expect = |wanted: &dyn Fn(&Glob) -> bool| -> Vec<&Glob> {
                globs.iter().filter(|glob| wanted(glob)).collect()
            };
            let sorted = |mut found: Vec<&Glob>| {
                found.sort();
                found.into_iter().cloned().collect::<Vec<_>>()
            };
            let found = sorted(trie.matching(&key).collect());
            prop_assert_eq!(found, sorted(expect(&|glob| glob.matches(&key))));
            let found = sorted(trie.covering(&other).collect());
            prop_assert_eq!(found, sorted(expect(&|glob| glob.covers(&other))));
            let mut found = Vec::new();
            trie.each_covering(&other, &mut |glob| found.push(glob));
            prop_assert_eq!(sorted(found), sorted(expect(&|glob| glob.covers(&other))));
            let found = sorted(trie.overlapping(&other).collect());
            prop_assert_eq!(found, sorted(expect(&|glob| overlap(glob, &other))));
            let found = sorted(trie.lists_covered_by(&other).collect());
            prop_assert_eq!(found, sorted(expect(&|glob| glob.is_list() && other.covers(glob))));
        }

        #[test]
        fn what_is_let_go_leaves_no_node(
            globs in prop::collection::btree_set("[ab*](/[ab*]){0,3}", 1..20),
            nth in any::<prop::sample::Index>(),
        ) {
            let globs: Vec<Glob> = globs.iter().map(|text| Glob::parse(text).unwrap()).collect();
            let kept = nth.get(&globs);
            let mut trie = Trie::default();
            for glob in &globs {
                trie.entry(glob, || glob.clone());
            }
            trie.retain(|glob| glob == kept);
            prop_assert_eq!(trie.values().collect::<Vec<_>>(), [kept]);
            prop_assert_eq!(trie.nodes.len(), 1 + kept.segments().count());
        }
    }
}
