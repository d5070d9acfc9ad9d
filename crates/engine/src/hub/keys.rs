//! Which lists and single keys exist: the document `/_keys`, kept from what is published.

use std::collections::BTreeSet;

use monoxide_protocol::{Glob, Key, Keys, Listed, Object, Version, Watched};

use crate::event::{Commit, Event};

/// How many objects each list has.
#[derive(Debug)]
pub(crate) struct KeyIndex {
    document: Document,
    /// Entries that changed since subscribers were told.
    untold: BTreeSet<Glob>,
    /// The last commit that was counted from the start.
    counted: Version,
}

/// The index as a document.
#[derive(Debug, Clone)]
pub(super) struct Document {
    created: Version,
    updated: Version,
    keys: Keys,
}

impl KeyIndex {
    /// The index of an empty store.
    pub(super) fn new(version: Version) -> Self {
        let document = Document { created: version, updated: version, keys: Keys::new() };
        Self { document, untold: BTreeSet::new(), counted: version }
    }

    /// The index of a store that has these keys, as far as they are public.
    pub(crate) fn of<'a>(
        version: Version,
        keys: impl Iterator<Item = &'a Key>,
        is_public: impl Fn(&Key) -> bool,
    ) -> Self {
        let mut index = Self::new(version);
        let mut counted: Option<(Glob, i64)> = None;
        // Keys of one list come one after the other, mostly, and are counted in one step.
        for key in keys.filter(|key| is_public(key)) {
            match &mut counted {
                Some((entry, count)) if entry.matches(key) && entry.is_list() => *count += 1,
                _ => {
                    if let Some((entry, count)) = counted.replace((entry(key), 1)) {
                        index.document.count(&entry, count);
                    }
                }
            }
        }
        if let Some((entry, count)) = counted {
            index.document.count(&entry, count);
        }
        index
    }

    pub(super) fn version(&self) -> Version {
        self.document.updated
    }

    pub(super) fn document(&self) -> &Document {
        &self.document
    }

    /// The document as JSON.
    pub(crate) fn to_json(&self) -> String {
        let mut out = String::with_capacity(self.document.encoded_len());
        self.document.encode(&mut out);
        out
    }

    /// Takes a commit in, as far as keys are public, and says whether there is something that
    /// subscribers are to be told.
    pub(crate) fn take(&mut self, commit: &Commit, is_public: impl Fn(&Key) -> bool) -> bool {
        let is_seen = |object: &Object| is_public(&object.key);
        self.take_if(commit, |event| match (&event.old, &event.new) {
            (Some(_), Some(_)) => 0,
            (old, new) => change(old.as_deref(), new.as_deref(), is_seen),
        })
    }

    /// Takes a commit in, as far as objects are seen, and says whether there is something that
    /// subscribers are to be told.
    pub(super) fn take_seen(&mut self, commit: &Commit, is_seen: impl Fn(&Object) -> bool) -> bool {
        self.take_if(commit, |event| change(event.old.as_deref(), event.new.as_deref(), &is_seen))
    }

    fn take_if(&mut self, commit: &Commit, change: impl Fn(&Event) -> i64) -> bool {
        let events: &[Event] = if commit.version > self.counted { &commit.events } else { &[] };
        for event in events {
            let change = change(event);
            if change == 0 {
                continue;
            }
            let entry = entry(&event.key);
            self.document.count(&entry, change);
            self.document.updated = commit.version;
            self.untold.insert(entry);
        }
        !self.untold.is_empty()
    }

    /// Forgets what subscribers were not told: there are none.
    pub(super) fn forget_untold(&mut self) {
        self.untold.clear();
    }

    /// Brings `document` up to date, and gives the RFC 6902 operations that do so.
    pub(super) fn bring_up(&mut self, document: &mut Document) -> Option<String> {
        let mut operations = Vec::new();
        for glob in std::mem::take(&mut self.untold) {
            let (before, now) = (document.keys.get(&glob), self.document.keys.get(&glob));
            let path = format!("/data/{}", glob.as_str().replace('/', "~1"));
            operations.extend(match (before, now) {
                (None, Some(Listed { count })) => {
                    Some(format!(r#"{{"op":"add","path":"{path}","value":{{"count":{count}}}}}"#))
                }
                (Some(_), None) => Some(format!(r#"{{"op":"remove","path":"{path}"}}"#)),
                (Some(before), Some(now)) if before != now => {
                    let count = now.count;
                    Some(format!(r#"{{"op":"replace","path":"{path}/count","value":{count}}}"#))
                }
                _ => None,
            });
            match now {
                Some(&now) => _ = document.keys.insert(glob, now),
                None => _ = document.keys.remove(&glob),
            }
        }
        document.updated = self.document.updated;
        if operations.is_empty() {
            return None;
        }
        let updated = document.updated.number();
        operations.insert(0, format!(r#"{{"op":"replace","path":"/updated","value":{updated}}}"#));
        Some(format!("[{}]", operations.join(",")))
    }
}

impl Document {
    fn count(&mut self, entry: &Glob, change: i64) {
        let listed = self.keys.entry(entry.clone()).or_insert(Listed { count: 0 });
        listed.count = listed.count.saturating_add_signed(change);
        if listed.count == 0 {
            self.keys.remove(entry);
        }
    }

    /// About how many bytes [`encode`](Self::encode) writes.
    pub(super) fn encoded_len(&self) -> usize {
        128 + self.keys.keys().map(|glob| glob.as_str().len() + 24).sum::<usize>()
    }

    pub(super) fn encode(&self, out: &mut String) {
        let (created, updated, name) =
            (self.created.number(), self.updated.number(), Watched::Keys);
        out.push_str(&format!(
            r#"{{"created":{created},"updated":{updated},"index":"{name}","path":"{name}","data":{{"#
        ));
        for (nth, (glob, Listed { count })) in self.keys.iter().enumerate() {
            let comma = if nth == 0 { "" } else { "," };
            out.push_str(&format!(r#"{comma}"{glob}":{{"count":{count}}}"#));
        }
        out.push_str("}}");
    }
}

/// How many more objects are seen after a change than before it.
fn change(old: Option<&Object>, new: Option<&Object>, is_seen: impl Fn(&Object) -> bool) -> i64 {
    i64::from(new.is_some_and(&is_seen)) - i64::from(old.is_some_and(&is_seen))
}

/// The entry that counts `key`: its list, or itself when it stands alone.
fn entry(key: &Key) -> Glob {
    key.list().unwrap_or_else(|| key.clone().into())
}
