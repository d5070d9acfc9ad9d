//! What a set of identities sees.

use std::sync::Arc;

use monoxide_protocol::{Glob, Key, Object};

use crate::{filter::Rules, identity::Identity};

/// The filters that reads pass, and for whom. What no filter looks at, everyone sees in one view,
/// and so in one topic.
#[derive(Debug, Clone)]
pub(super) struct View {
    rules: Arc<Rules>,
    /// Whose view it is, when what is seen may depend on that.
    identity: Option<Identity>,
}

impl View {
    pub(super) fn new(rules: &Arc<Rules>, glob: &Glob, identity: Identity) -> Self {
        let identity = rules.filters_reads_of(glob).then_some(identity);
        Self { rules: Arc::clone(rules), identity }
    }

    /// Whether what is seen may depend on who looks.
    pub(super) fn is_personal(&self) -> bool {
        self.identity.is_some()
    }

    /// What is seen of a key that is watched alone.
    pub(super) fn object(&self, key: &Key, object: Option<&Arc<Object>>) -> Option<Arc<Object>> {
        let Some(identity) = &self.identity else { return object.cloned() };
        self.rules.object(identity, key, object).ok().flatten()
    }

    /// What is seen of an object in a list.
    pub(super) fn item(&self, object: &Arc<Object>) -> Option<Arc<Object>> {
        let Some(identity) = &self.identity else { return Some(Arc::clone(object)) };
        self.rules.item(identity, object)
    }

    /// What is seen of a whole list. What the filter refuses is not seen.
    pub(super) fn list(&self, glob: &Glob, objects: Vec<Arc<Object>>) -> Vec<Arc<Object>> {
        let Some(identity) = &self.identity else { return objects };
        self.rules.list(identity, glob, objects).unwrap_or_default()
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
