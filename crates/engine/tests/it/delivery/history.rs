//! What has happened, by the engine's own log, and what whoever follows has to have seen of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use monoxide_engine::Event;
use monoxide_protocol::{Glob, Key, Object, Version};
use serde_json::Value;

use super::{
    script::{Done, Saw},
    world,
};
use crate::glob;

/// All commits in their order.
#[derive(Debug, Default)]
pub(super) struct History {
    commits: BTreeMap<Version, Commit>,
    /// What is there after all of them.
    objects: BTreeMap<Key, Arc<Object>>,
}

#[derive(Debug, Default)]
struct Commit {
    events: Vec<Event>,
    cleared: Option<&'static str>,
}

/// A document that whoever watches had, and how it came about.
#[derive(Debug)]
struct Sight {
    /// The commit that it is from; zero for what was there before any.
    commit: Version,
    document: Value,
    /// It may be told as a whole also to those who had the one before.
    is_whole: bool,
}

/// What the engine was set to, as far as it says who is told what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// How many messages are kept, when that is all that bounds them.
    pub(super) window: Option<usize>,
    /// Whether topics that nobody watches are kept.
    pub(super) topics_stay: bool,
    pub(super) no_patch: bool,
}

impl History {
    /// Puts together what the hook for events and the writers were told.
    #[track_caller]
    pub(super) fn of(events: &[Event], done: &[(Version, Done)]) -> Self {
        assert!(events.is_sorted_by_key(|event| event.version), "the hook is told in order");
        let mut history = Self::default();
        for event in events {
            history.commits.entry(event.version).or_default().events.push(event.clone());
        }
        let mut versions = BTreeSet::new();
        for (version, done) in done {
            assert!(versions.insert(version), "two commits have one version");
            if let Done::DeleteAll(cleared) = done {
                history.commits.entry(*version).or_default().cleared = Some(cleared);
            }
            history.check_done(*version, done);
        }
        history.objects = history.replay(|_, _| {});
        history
    }

    /// What was answered is in the log.
    #[track_caller]
    fn check_done(&self, version: Version, done: &Done) {
        let events = self.commits.get(&version).map_or(&[][..], |commit| &commit.events);
        let new = |key: &Key| events.iter().find(|event| event.key == *key).map(|it| &it.new);
        // A limit may be such that what is written is gone at once.
        let may_be_gone = |key: &Key| key.as_str().starts_with("aged/");
        match done {
            Done::Set(key, data) => match new(key) {
                Some(Some(object)) => assert_eq!(object.data.to_value(), *data, "{key}"),
                _ => assert!(may_be_gone(key), "{key} was written"),
            },
            Done::Patch(key) => {
                assert!(matches!(new(key), Some(Some(_))) || may_be_gone(key), "{key} was patched");
            }
            Done::Delete(key) => assert!(matches!(new(key), Some(None)), "{key} was deleted"),
            Done::DeleteAll(cleared) => {
                let gone = |event: &Event| event.new.is_none() && glob(cleared).matches(&event.key);
                assert!(events.iter().all(gone), "{cleared} was deleted");
            }
        }
    }

    /// Goes through the commits, with what is there after each.
    #[track_caller]
    fn replay(
        &self,
        mut each: impl FnMut(&Commit, &BTreeMap<Key, Arc<Object>>),
    ) -> BTreeMap<Key, Arc<Object>> {
        let limits: Vec<_> = world::LIMITS.iter().map(|(at, most)| (glob(at), *most)).collect();
        let mut objects = BTreeMap::new();
        for commit in self.commits.values() {
            for Event { key, old, new, .. } in &commit.events {
                let before = match new {
                    Some(new) => objects.insert(key.clone(), Arc::clone(new)),
                    None => objects.remove(key),
                };
                assert_eq!(before, *old, "the log leaves nothing out");
            }
            let named = |glob: &Glob| objects.keys().filter(|key| glob.matches(key)).count();
            assert_eq!(commit.cleared.map_or(0, |at| named(&glob(at))), 0, "nothing is left of it");
            for (path, most) in &limits {
                assert!(named(path) <= *most, "there is never more in `{path}`");
            }
            each(commit, &objects);
        }
        objects
    }

    /// What is there in the end.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values()
    }

    /// The documents of `watched` for `name`: one for each message that there is to tell.
    fn sights(&self, name: &str, watched: &str, terms: Terms) -> Vec<Sight> {
        let watched_glob = glob(watched);
        let document =
            |objects: &BTreeMap<_, _>| world::document(name, &watched_glob, objects.values());
        let nothing = document(&BTreeMap::new());
        let first = Sight { commit: Version::new(0), document: nothing.clone(), is_whole: true };
        let mut sights = vec![first];
        let mut versions = self.commits.keys().copied();
        self.replay(|commit, objects| {
            let version = versions.next().unwrap();
            let (before, now) = (&sights.last().unwrap().document, document(objects));
            let covers = |cleared| watched_glob.is_list() && glob(cleared).covers(&watched_glob);
            // A list that was all deleted is told so, also when it was empty.
            let is_cleared = commit.cleared.is_some_and(covers);
            let is_made = !watched_glob.is_list() && *before == nothing;
            let is_whole = is_cleared || is_made || terms.no_patch || world::is_whole(watched);
            if is_cleared || *before != now {
                sights.push(Sight { commit: version, document: now, is_whole });
            }
        });
        sights
    }

    /// Panics when a follower missed something, was told it twice, in another order, or otherwise
    /// than it happened, or was sent a snapshot without need.
    #[track_caller]
    pub(super) fn check(&self, watched: &str, saw: &[Saw], terms: Terms) {
        let mut follower = Follower::new(self, watched, terms);
        for one in saw {
            match one {
                Saw::Joined { name, resumed } => follower.join(name, *resumed),
                Saw::Told { is_snapshot, version, document } => {
                    follower.hear(*is_snapshot, *version, document);
                }
            }
        }
        let last = follower.sights.len() - 1;
        let is_at_the_end = follower.at.contains(&last) && !follower.is_new();
        assert!(is_at_the_end, "{} of {last}", follower.place());
    }
}

/// Where a follower may be. What is seen may be the same after several commits, and a personal
/// view does not say which it is: so there may be several places.
struct Follower<'a> {
    history: &'a History,
    watched: &'a str,
    is_personal: bool,
    terms: Terms,
    /// Who it is, and what there is to see for it.
    name: &'static str,
    sights: Vec<Sight>,
    /// Who it was when it was last told something, and where it was then.
    told: &'static str,
    at: Vec<usize>,
    version: Version,
    /// It has been told nothing since it joined.
    has_joined: bool,
    /// It came back with a version.
    has_resumed: bool,
}

impl<'a> Follower<'a> {
    fn new(history: &'a History, watched: &'a str, terms: Terms) -> Self {
        let (sights, at, version) = (Vec::new(), Vec::new(), Version::new(0));
        let (name, told, has_joined, has_resumed) = ("", "nobody yet", false, false);
        let is_personal = world::is_personal(watched);
        Self {
            history,
            watched,
            is_personal,
            terms,
            name,
            sights,
            told,
            at,
            version,
            has_joined,
            has_resumed,
        }
    }

    fn join(&mut self, name: &'static str, resumed: bool) {
        if self.sights.is_empty() || self.name != name {
            self.sights = self.history.sights(name, self.watched, self.terms);
            self.name = name;
        }
        (self.has_joined, self.has_resumed) = (true, resumed);
    }

    /// Its copy says nothing about what it is to be told: it is empty, or somebody else's.
    fn is_new(&self) -> bool {
        self.at.is_empty() || (self.is_personal && self.told != self.name)
    }

    fn hear(&mut self, is_snapshot: bool, version: Version, document: &Value) {
        let place = self.place();
        let needs_snapshot = self.is_new() || (self.has_joined && !self.has_resumed);
        assert!(is_snapshot || !needs_snapshot, "{place}: a patch, and no snapshot before it");
        assert!(is_snapshot || !self.terms.no_patch, "{place}: a patch where none is wanted");
        let may_be_told_again = self.has_joined && is_snapshot && version == self.version;
        let is_later = self.is_new() || version > self.version || may_be_told_again;
        assert!(is_later, "{place}: {version} after {}", self.version);
        let may_be_at = |to: usize| {
            self.is_of(is_snapshot, version, to)
                && self.sights[to].document == *document
                && (self.is_new() || self.at.iter().any(|&from| self.may_go(from, to, is_snapshot)))
        };
        let at: Vec<_> = (0..self.sights.len()).filter(|&to| may_be_at(to)).collect();
        assert!(!at.is_empty(), "{place}: {version} (snapshot: {is_snapshot}) has {document}");
        (self.at, self.version, self.told) = (at, version, self.name);
        self.has_joined = false;
    }

    /// Whether a message with this version may be about this sight.
    fn is_of(&self, is_snapshot: bool, version: Version, to: usize) -> bool {
        let commit = self.sights[to].commit;
        if self.is_personal {
            return commit < version;
        }
        let next = self.sights.get(to + 1);
        let is_newest = next.is_none_or(|next| next.commit > version);
        commit == version || (is_snapshot && commit < version && is_newest)
    }

    /// Whether one message may lead from one sight to another.
    fn may_go(&self, from: usize, to: usize, is_snapshot: bool) -> bool {
        if to == from + 1 && (!is_snapshot || self.sights[to].is_whole) {
            return true;
        }
        let window = self.terms.window.unwrap_or(0);
        let fell_out = to > from + window;
        if !self.has_joined {
            return is_snapshot && fell_out;
        }
        // Who comes back gets what it missed, as long as that may all be kept.
        let is_kept = self.terms.topics_stay && self.sights.len() - 1 <= from + window;
        is_snapshot && to >= from && !(self.has_resumed && is_kept)
    }

    fn place(&self) -> String {
        format!("`{}` of `{}` at {:?}", self.watched, self.name, self.at)
    }
}
