//! What happened, and under which version.

use std::sync::Arc;

use monoxide_protocol::{Glob, Key, Object, Version};

/// One or more changes under one version: all of them or none.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) version: Version,
    pub(crate) events: Vec<Event>,
    /// The glob of a deletion by glob. Lists that it covers are told `[]` and not each removal,
    /// also when they were empty already.
    pub(crate) cleared: Option<Glob>,
}

/// One change of one key. At least one of `old` and `new` is there.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) key: Key,
    /// What was there before.
    pub(crate) old: Option<Arc<Object>>,
    /// What is there now.
    pub(crate) new: Option<Arc<Object>>,
}
