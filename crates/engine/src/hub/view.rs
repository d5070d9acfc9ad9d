//! What a set of identities sees.

use std::sync::Arc;

use monoxide_protocol::{Glob, Key, Object};

use crate::{
    access::Access,
    filter::Caller,
    rules::{Inputs, Operation},
};

/// The rules and filters that reads pass, and for whom. Those who are alike in all that these look
/// at see the same in one view, and so in one topic.
#[derive(Debug, Clone)]
pub(super) struct View {
    access: Arc<Access>,
    /// What of whoever looks decides what is seen.
    inputs: Inputs,
    /// Whoever looks, without the rest.
    caller: Caller,
}

impl View {
    /// What `caller` sees of what `glob` names, or of the keys there are.
    pub(super) fn new(access: &Arc<Access>, glob: Option<&Glob>, caller: &Caller) -> Self {
        let inputs = access.inputs(glob, caller);
        let identity = caller.identity.reduced_to(inputs);
        // Where no rules are, the program is nobody special.
        let is_program = caller.is_program && access.rules().is_some();
        let caller = Caller { identity, is_program };
        Self { access: Arc::clone(access), inputs, caller }
    }

    /// The view of the same people under other rules, if it is still one: it may be that those who
    /// shared it see different things from now on.
    pub(super) fn under(&self, access: &Arc<Access>, glob: &Glob) -> Option<Self> {
        let was_there = self.access.rules().is_some();
        let inputs = access.inputs(Some(glob), &self.caller);
        (was_there == access.rules().is_some() && inputs == self.inputs)
            .then(|| Self { access: Arc::clone(access), ..self.clone() })
    }

    /// Whether messages need versions of their own: others may see something else.
    pub(super) fn is_personal(&self) -> bool {
        self.inputs != Inputs::default() || self.access.had_rules()
    }

    /// Whether rules decide what is seen.
    pub(super) fn is_ruled(&self) -> bool {
        self.access.is_ruled(&self.caller)
    }

    /// Whether rules or filters are asked what is seen.
    pub(super) fn is_selective(&self) -> bool {
        self.inputs != Inputs::default() || self.is_ruled()
    }

    /// What is seen of a key that is watched alone.
    pub(super) fn object(&self, key: &Key, object: Option<&Arc<Object>>) -> Option<Arc<Object>> {
        if !self.is_selective() {
            return object.cloned();
        }
        self.access.object(&self.caller, Operation::Watch, key, object).ok().flatten()
    }

    /// What is seen of an object in a list.
    pub(super) fn item(&self, object: &Arc<Object>) -> Option<Arc<Object>> {
        if !self.is_selective() {
            return Some(Arc::clone(object));
        }
        self.access.item(&self.caller, Operation::WatchItem, object)
    }

    /// What is seen of a whole list. What the filter refuses is not seen.
    pub(super) fn list(&self, glob: &Glob, objects: Vec<Arc<Object>>) -> Vec<Arc<Object>> {
        if !self.is_selective() {
            return objects;
        }
        let seen = self.access.list(&self.caller, Operation::WatchItem, glob, objects);
        seen.unwrap_or_default()
    }

    /// Whether it is told that an object is there.
    pub(super) fn lists(&self, object: &Object) -> bool {
        self.access.is_listed(&self.caller, Operation::WatchItem, object)
    }

    /// Whether a filter decides from the whole list.
    pub(super) fn is_whole(&self, glob: &Glob) -> bool {
        self.access.filters().filters_whole(glob)
    }

    /// Whether the list has the oldest first.
    pub(super) fn is_oldest_first(&self, glob: &Glob) -> bool {
        self.access.filters().is_oldest_first(glob)
    }
}

/// Whether the same people look, under the same rules.
impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        self.caller == other.caller
    }
}
