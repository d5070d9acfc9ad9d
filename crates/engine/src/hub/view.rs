//! What a set of identities sees.

use std::sync::Arc;

use monoxide_protocol::{Glob, Key, Object};

use crate::{filter::Rules, identity::Identity};

/// The filters that reads pass, and for whom. Where no filter looks at reads, everyone has one
/// view, and so one topic.
#[derive(Debug, Clone)]
pub(super) struct View {
    rules: Arc<Rules>,
    identity: Identity,
}

impl View {
    pub(super) fn new(rules: &Arc<Rules>, identity: Identity) -> Self {
        let identity = if rules.filters_reads() { identity } else { Identity::anonymous() };
        Self { rules: Arc::clone(rules), identity }
    }

    /// What is seen of a key that is watched alone.
    pub(super) fn object(&self, key: &Key, object: Option<&Arc<Object>>) -> Option<Arc<Object>> {
        self.rules.object(&self.identity, key, object).ok().flatten()
    }

    /// What is seen of an object in a list.
    pub(super) fn item(&self, object: &Arc<Object>) -> Option<Arc<Object>> {
        self.rules.item(&self.identity, object)
    }

    /// What is seen of a whole list. What the filter refuses is not seen.
    pub(super) fn list(&self, glob: &Glob, objects: Vec<Arc<Object>>) -> Vec<Arc<Object>> {
        self.rules.list(&self.identity, glob, objects).unwrap_or_default()
    }

    /// Whether a filter decides from the whole list.
    pub(super) fn is_whole(&self, glob: &Glob) -> bool {
        self.rules.filters_whole(glob)
    }

    /// Whether the list has the oldest first.
    pub(super) fn is_oldest_first(&self, glob: &Glob) -> bool {
        self.rules.is_oldest_first(glob)
    }
}

impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}
